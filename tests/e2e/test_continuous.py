"""Runs that stay: a file renamed in becomes visible, Ctrl-C ends after the batch, a second one at once; both are safe."""
import json
import signal
import threading
import time

import pytest

SCHEMA = "id BIGINT, name STRING"


class Stream:
    def __init__(self, weir):
        self.weir, self.source, self.table, self.checkpoint = weir, weir.cwd / "in", weir.cwd / "table", weir.cwd / "ck"
        self.source.mkdir()
        self.next = 0

    def drop(self, name, rows=3):
        hidden = self.source / f".{name}"
        hidden.write_text("".join(f"{self.next + i},n\n" for i in range(rows)))
        self.next += rows
        hidden.rename(self.source / name)

    def words(self, *more):
        return ("ingest", self.source, "--into", f"delta.`{self.table}`", "--schema", SCHEMA, "--checkpoint", self.checkpoint, *more)

    def start(self, *more):
        return self.weir.start(*self.words("--progress", "json", *more))

    def ids(self):
        return sorted(row["id"] for row in self.weir.sql(f"SELECT id FROM delta.`{self.table}`"))

    def check(self):
        assert self.ids() == list(range(self.next))


@pytest.fixture
def stream(weir):
    return Stream(weir)


def batch_of(process, seconds=20):
    """The next batch with rows."""
    found = []

    def look():
        for line in process.stdout:
            batch = json.loads(line)
            if batch["numInputRows"]:
                found.append(batch)
                return

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(seconds)
    assert found, "no batch came"
    return found[0]


@pytest.mark.parametrize("trigger", ["continuous", "200ms", "1s"])
def test_a_file_that_appears_is_taken(stream, trigger):
    stream.drop("a.csv")
    process = stream.start("--trigger", trigger)
    assert batch_of(process)["numInputRows"] == 3
    began = time.monotonic()
    stream.drop("b.csv", rows=5)
    assert batch_of(process)["numInputRows"] == 5
    assert time.monotonic() - began < 5
    stream.check()
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0, process.stderr.read()
    stream.check()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stops_while_idle(stream, number):
    stream.drop("a.csv")
    process = stream.start("--trigger", "continuous")
    batch_of(process)
    process.send_signal(number)
    assert process.wait(5) == 0, process.stderr.read()


def test_stops_after_the_batch_at_hand(stream):
    for i in range(60):
        stream.drop(f"{i:02}.csv", rows=2000)
    process = stream.start("--option", "maxFilesPerTrigger=1")
    batch_of(process)
    process.send_signal(signal.SIGINT)
    out, told = process.communicate(timeout=20)
    assert process.returncode == 0, told
    assert 0 < len(stream.ids()) < stream.next and len(stream.ids()) % 2000 == 0
    stream.weir(*stream.words())
    stream.check()


def test_a_second_interrupt_ends_at_once(stream):
    stream.drop("big.csv", rows=2_000_000)
    process = stream.start("--threads", "1")
    time.sleep(0.4)
    process.send_signal(signal.SIGINT)
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    process.communicate(timeout=20)
    assert time.monotonic() - began < 2
    stream.weir(*stream.words())
    rows = stream.weir.sql(f"SELECT count(*) AS n, count(DISTINCT id) AS ids FROM delta.`{stream.table}`")
    assert rows == [{"n": stream.next, "ids": stream.next}]


@pytest.mark.parametrize("trigger", ["available-now", "continuous"])
def test_a_file_that_is_being_written(stream, trigger):
    """Not taken while somebody has it open for writing; taken whole afterwards."""
    stream.drop("a.csv")
    with open(stream.source / "open.csv", "w") as file:
        file.write("3,n\n4,")
        file.flush()
        process = stream.start("--trigger", trigger)
        batch_of(process)
        time.sleep(1.5)
        assert stream.ids() == [0, 1, 2]
        file.write("n\n5,n\n")
    stream.next = 6
    if trigger == "continuous":
        assert batch_of(process)["numInputRows"] == 3
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    else:
        assert process.wait(10) == 0
        stream.weir(*stream.words())
    stream.check()
