"""The test runner counts what happened, also when a program dies, hangs or tests nothing."""
import importlib.util
import pathlib

import pytest

PATH = pathlib.Path(__file__).resolve().parents[2] / "tools" / "run_tests.py"
spec = importlib.util.spec_from_file_location("run_tests", PATH)
run_tests = importlib.util.module_from_spec(spec)
spec.loader.exec_module(run_tests)

HEAD = "[==========] Running 2 test(s).\n[ RUN      ] one\n"
ONE = HEAD + "[       OK ] one\n[ RUN      ] two\n"


@pytest.mark.parametrize("code, text, counts", [
    (0, ONE + "[       OK ] two\n[  PASSED  ] 2 test(s).\n", (2, 0, 0)),
    (1, ONE + "1 != 2\n[   LINE   ] --- x.c:3\n[  FAILED  ] two\n[  PASSED  ] 1 test(s).\n[  FAILED  ] 1 test(s), listed below:\n"
     "[  FAILED  ] two\n\n 1 FAILED TEST(S)\n", (1, 1, 0)),
    (0, ONE + "[  SKIPPED ] two\n[  PASSED  ] 1 test(s).\n[  SKIPPED ] 1 test(s), listed below:\n[  SKIPPED ] two\n", (1, 0, 1)),
    (0, ONE + "skipped: shared data not there\n[       OK ] two\n[  PASSED  ] 2 test(s).\n", (1, 0, 1)),
    (-11, ONE, (1, 1, 0)),
    (None, ONE, (1, 1, 0)),
    (1, ONE + "[       OK ] two\n[  PASSED  ] 2 test(s).\n==1==ERROR: LeakSanitizer\n", (2, 1, 0)),
    (0, "", (0, 1, 0)),
    (127, "cannot run\n", (0, 1, 0)),
])
def test_cases_are_counted(code, text, counts):
    outcome = run_tests.count_cases("room/test_x", code, text, "ended")
    assert (outcome.passed, outcome.failed, outcome.skipped) == counts
    assert len(outcome.failures) == outcome.failed


def test_the_closing_line():
    assert run_tests.Outcome(3, 0).line() == "3 passed, 0 failed"
    assert run_tests.Outcome(3, 1, 2).line() == "3 passed, 1 failed, 2 skipped"
