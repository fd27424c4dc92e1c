"""Fixtures of all Python tests. How to run them: `make test`, or one suite with the environment's own pytest:

    ~/.cache/weir/peers/bin/python -m pytest -c tests/pytest.ini tests/e2e -k ingest
    ~/.cache/weir/spark/bin/python -m pytest -c tests/pytest.ini tests/interop/spark
"""
import os
import signal
import sys

import pytest

from harness import weir as harness

SECONDS = 300


class TestTooLong(Exception):
    pass


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    """No test hangs the run: after its time it fails where it stands."""
    marker = item.get_closest_marker("timeout")
    seconds = int(marker.args[0]) if marker else SECONDS * (20 if harness.soaking() else 1)

    def too_long(*_):
        raise TestTooLong(f"{item.nodeid} ran longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(seconds)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


_ended_with = None


def pytest_sessionfinish(exitstatus):
    global _ended_with
    _ended_with = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure():
    """The reports are written: the process ends here. The threads that the peers' libraries keep can hang an ordinary exit."""
    if _ended_with is not None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_ended_with)


@pytest.fixture(scope="session")
def weir_binary():
    path = harness.binary_path()
    if not path.exists():
        pytest.fail(f"no binary at {path}: run make, or name one in WEIR_BINARY")
    return path


@pytest.fixture
def weir(weir_binary, tmp_path):
    """The binary, run in the test's own folder without a lakehouse: plain folders, delta.`path`."""
    runner = harness.Weir(tmp_path)
    yield runner
    runner.stop_all()


@pytest.fixture
def lakehouse(weir_binary, tmp_path):
    """The binary on a lakehouse of the test's own (`lakehouse.root`)."""
    runner = harness.Weir(tmp_path, root=tmp_path / "lakehouse")
    yield runner
    runner.stop_all()


@pytest.fixture(scope="session")
def shared():
    """The reference data that lies beside the checkout."""
    folder = harness.shared_path()
    if folder is None:
        pytest.skip("shared data not there (WEIR_SHARED, or ../shared beside the checkout)")
    return folder
