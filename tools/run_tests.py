#!/usr/bin/env python3
"""Builds, runs every test, shows what failed, and ends with one line: `N passed, N failed[, N skipped]`.

    run_tests.py                                   what `make test` runs
    run_tests.py --suites unit --only parquet      the unit tests whose name holds "parquet"
    run_tests.py --suites e2e --only ingest        the end-to-end tests whose name holds "ingest"

Suites: checks (of the source tree), unit (cmocka), e2e, crash, peers (delta-rs, DuckDB, Polars), spark. A test is a
cmocka case, a pytest test or a check. Logs and JUnit files stay in <build>/logs."""
import argparse
import concurrent.futures
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

SOURCE = pathlib.Path(__file__).resolve().parents[1]
CACHE = pathlib.Path(os.environ.get("WEIR_CACHE") or pathlib.Path.home() / ".cache" / "weir")
CHECKS = ("layers", "banned", "conditions", "sizes", "docs")
PYTEST = {  # suite: (folder, Python environment)
    "e2e": ("e2e", "peers"),
    "crash": ("crash", "peers"),
    "peers": ("interop/peers", "peers"),
    "spark": ("interop/spark", "spark"),
}
SUITES = ("checks", "unit", *PYTEST)
CAMPAIGN = re.compile(r"soak|crash|fault|power|kill|campaign")  # unit tests that `make soak` runs
SHOWN_LINES = 80
PYTEST_SECONDS = 1500  # one suite


@dataclasses.dataclass
class Outcome:
    """What a suite or a program came to."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list = dataclasses.field(default_factory=list)  # (name, text)
    reasons: list = dataclasses.field(default_factory=list)  # of skips

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.failures += other.failures
        self.reasons += other.reasons

    def line(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def failed(name, text):
    return Outcome(failed=1, failures=[(name, text)])


def skipped(reason):
    return Outcome(skipped=1, reasons=[reason])


class Run:
    """The settings of one run: where things are and what its children see."""

    def __init__(self, options, scratch):
        self.options = options
        self.build = options.build.resolve()
        self.logs = self.build / "logs"
        self.scratch = scratch
        self.children = set()
        self.env = dict(os.environ, TMPDIR=str(scratch), WEIR_BINARY=str(self.build / "weir"), WEIR_CACHE=str(CACHE),
                        LANG="C.UTF-8", LC_ALL="C.UTF-8", PYTHONDONTWRITEBYTECODE="1")
        self.env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
        self.env.setdefault("LSAN_OPTIONS", f"suppressions={SOURCE}/tools/lsan.supp:print_suppressions=0")
        self.env.setdefault("TSAN_OPTIONS", f"suppressions={SOURCE}/tools/tsan.supp:second_deadlock_stack=1")
        self.patience = 20 if options.soak else options.patience
        if options.soak:
            self.env["WEIR_SOAK"] = "1"

    def end_at_once(self, *_):
        """Ctrl-C or a kill: nothing that was started stays behind (each child leads a session of its own)."""
        for child in list(self.children):
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        shutil.rmtree(self.scratch, ignore_errors=True)
        os._exit(130)

    def log(self, suite, name):
        path = self.logs / suite / f"{name.replace('/', '.')}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def call(self, command, log, seconds, cwd=None):
        """Runs a command with its output in a log. Returns (exit code or None when it ran out of time, text)."""
        with open(log, "wb") as out:
            child = subprocess.Popen(command, cwd=cwd or self.build, env=self.env, stdin=subprocess.DEVNULL, stdout=out,
                                     stderr=subprocess.STDOUT, start_new_session=True)
            self.children.add(child)
            try:
                code = child.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                self.children.discard(child)
                if child.poll() is None:
                    os.killpg(child.pid, signal.SIGKILL)
                    child.wait()
        return code, log.read_text(errors="replace")


def tail(text, lines=SHOWN_LINES):
    kept = text.rstrip().splitlines()
    return "\n".join((["..."] if len(kept) > lines else []) + kept[-lines:])


def how_it_ended(code, seconds):
    if code is None:
        return f"killed after {seconds:.0f} s"
    if code < 0:
        return f"died of signal {signal.Signals(-code).name}"
    return f"exit code {code}"


# --- build ---

def build(run):
    """Configures and builds; None when all is well, else what the compiler said."""
    configure = ["cmake", "-S", str(SOURCE), "-B", str(run.build), "-G", "Ninja", f"-DWEIR_CACHE={CACHE}", *run.options.cmake]
    for step, command in (("configure", configure), ("ninja", ["ninja", "-k", "20", "-C", str(run.build)])):
        code, text = run.call(command, run.log("build", step), 7200, cwd=SOURCE)
        if code != 0:
            parts = re.split(r"(?m)^(?=FAILED: |\[\d+/\d+\] )", text)  # ninja: what failed, between its steps
            errors = [part for part in parts if part.startswith("FAILED: ")]
            return tail("\n".join(errors) or text, 120)
    return None


# --- checks ---

def run_checks(run):
    total = Outcome()
    for check in CHECKS:
        name = f"checks/{check}"
        if run.options.only not in name:
            continue
        code, text = run.call([sys.executable, str(SOURCE / "tools" / "checks" / f"{check}.py")], run.log("checks", check), 120)
        total.add(Outcome(passed=1) if code == 0 else failed(name, tail(text)))
    return total


# --- unit tests ---

CASE = re.compile(r"^\[ +(?P<mark>RUN|OK|FAILED|SKIPPED|ERROR) +\] (?P<name>[A-Za-z_]\S*)$")


def count_cases(name, code, text, ended):
    """The cases of one cmocka program from its output: each RUN and what came of it."""
    total, case, seen = Outcome(), None, []

    def settle(mark):
        nonlocal case
        said = "\n".join(seen)
        why = re.search(r"(?m)^.*skipped: .*(not there|on this machine).*$", said)
        if mark == "OK" and not why:
            total.passed += 1
        elif mark in ("OK", "SKIPPED"):
            total.add(skipped(why.group().strip() if why else f"{name} {case}"))
        else:
            total.add(failed(f"{name} {case}", tail(said)))
        case = None

    for line in text.splitlines():
        match = CASE.match(line)
        mark = match and match.group("mark")
        if mark == "RUN":
            case, seen = match.group("name"), []
        elif mark and case is not None:
            settle(mark)
        else:
            seen.append(line)
    if case is not None:  # it never came to an end
        seen.append(ended)
        settle("FAILED")
    if code != 0 and total.failed == 0:
        total.add(failed(name, f"{tail(text)}\n{ended}"))
    if total == Outcome():
        total.add(failed(name, f"no test ran: {tail(text)}"))
    return total


def run_unit(run):
    listing = subprocess.run(["ctest", "--show-only=json-v1"], cwd=run.build, capture_output=True, text=True, check=True)
    tests = [test for test in json.loads(listing.stdout)["tests"] if run.options.only in test["name"]]
    if run.options.soak:
        tests = [test for test in tests if CAMPAIGN.search(test["name"])]

    def one(test):
        name = test["name"]
        seconds = run.patience * next((p["value"] for p in test["properties"] if p["name"] == "TIMEOUT"), 300)
        begin = time.monotonic()
        if "command" not in test:
            return name, failed(name, "the program is not built"), 0
        code, text = run.call(test["command"], run.log("unit", name), seconds)
        return name, count_cases(name, code, text, how_it_ended(code, seconds)), time.monotonic() - begin

    total = Outcome()
    with concurrent.futures.ThreadPoolExecutor(run.options.jobs) as pool:
        for name, outcome, seconds in pool.map(one, tests):
            total.add(outcome)
            if seconds > 30:
                say(f"  unit {name}: {seconds:.0f} s")
    return total


# --- Python tests ---

def missing_for(environment):
    """Why a Python environment cannot be used, or None."""
    stamp = CACHE / environment / "weir-stamp"
    wanted = hashlib.sha256((SOURCE / "tools" / "requirements" / f"{environment}.txt").read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text().split()[:1] != [wanted]:
        return f"the Python environment '{environment}' is not there (tools/setup.sh test)"
    if environment == "spark" and not shutil.which("java"):
        return "no Java for Spark (default-jdk-headless)"
    if environment == "spark" and not list(CACHE.glob("jars/delta-spark*.jar")):
        return "the Delta jars are not there (tools/setup.sh test)"
    return None


def run_pytest(run, suite):
    folder, environment = PYTEST[suite]
    path = SOURCE / "tests" / folder
    if not list(path.rglob("test_*.py")):
        return Outcome()
    missing = missing_for(environment)
    if missing:
        return skipped(f"suite {suite}: {missing}")
    report = run.logs / f"{suite}.xml"
    report.unlink(missing_ok=True)
    command = [str(CACHE / environment / "bin" / "python"), "-m", "pytest", "-c", str(SOURCE / "tests" / "pytest.ini"), str(path),
               f"--junitxml={report}", f"--basetemp={run.scratch / suite}", "--durations=10"]
    command += ["-k", run.options.only] if run.options.only else []
    command += ["-m", "soak"] if run.options.soak else []
    code, text = run.call(command, run.log("pytest", suite), PYTEST_SECONDS * run.patience, cwd=SOURCE)
    if code == 5 and (run.options.only or run.options.soak):
        return Outcome()  # nothing of that name here
    if not report.exists():
        return failed(f"suite {suite}", f"{tail(text)}\n{how_it_ended(code, PYTEST_SECONDS * run.patience)}")
    total = Outcome()
    for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
        name = f"{suite}: {case.get('classname', '')}::{case.get('name')}"
        bad = [part for part in case if part.tag in ("failure", "error")]
        skip = case.find("skipped")
        if bad:
            total.add(failed(name, tail("\n".join(part.text or part.get("message") or "" for part in bad))))
        elif skip is not None:
            total.add(skipped(skip.get("message") or name))
        else:
            total.passed += 1
    if code not in (0, 1) and total.failed == 0:
        total.add(failed(f"suite {suite}", f"{tail(text)}\n{how_it_ended(code, 0)}"))
    return total


# --- the run ---

def say(text):
    print(text, flush=True)


def timed(name, work, *args):
    begin = time.monotonic()
    outcome = work(*args)
    say(f"{name}: {outcome.line()} ({time.monotonic() - begin:.0f} s)")
    for test, text in outcome.failures:
        indented = "\n".join("    " + line for line in text.splitlines())
        say(f"\n  FAILED {test}\n{indented}\n")
    return outcome


def run_all(run):
    suites = run.options.suites
    total = Outcome()
    if "checks" in suites and not run.options.soak:
        total.add(timed("checks", run_checks, run))
    if "unit" in suites:
        total.add(timed("unit", run_unit, run))
    # Spark keeps one core busy by itself: the other suites run beside it, one after the other.
    beside = [suite for suite in suites if suite in PYTEST and suite != "spark"]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        lanes = [pool.submit(lambda: [timed(suite, run_pytest, run, suite) for suite in beside])]
        if "spark" in suites:
            lanes.append(pool.submit(lambda: [timed("spark", run_pytest, run, "spark")]))
        for lane in lanes:
            for outcome in lane.result():
                total.add(outcome)
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=SOURCE / "build", help="build folder (build)")
    parser.add_argument("--cmake", action="append", default=[], help="an argument for CMake, e.g. --cmake=-DWEIR_ASAN=ON")
    parser.add_argument("--suites", default=",".join(SUITES), help=f"some of {','.join(SUITES)}")
    parser.add_argument("--only", default="", help="tests whose name holds this text")
    parser.add_argument("--jobs", type=int, default=2, help="unit tests at the same time (2)")
    parser.add_argument("--patience", type=float, default=1, help="factor on all time limits (sanitizers: more)")
    parser.add_argument("--soak", action="store_true", help="the campaigns at full length and nothing else")
    parser.add_argument("--no-build", action="store_true", help="take the build folder as it is")
    options = parser.parse_args()
    options.suites = options.suites.split(",")
    unknown = set(options.suites) - set(SUITES)
    if unknown:
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="weir-tests-"))
    try:
        run = Run(options, scratch)
        signal.signal(signal.SIGINT, run.end_at_once)
        signal.signal(signal.SIGTERM, run.end_at_once)
        shutil.rmtree(run.logs, ignore_errors=True)
        run.logs.mkdir(parents=True)
        broken = None if options.no_build else timed_build(run)
        total = failed("build", broken) if broken else run_all(run)
        if broken:
            say(broken)
        for reason in sorted(set(total.reasons)):
            say(f"skipped {total.reasons.count(reason)}: {reason}")
        if total.failures:
            say("failed: " + "; ".join(name for name, _ in total.failures[:50]))
            say(f"logs: {run.logs}")
        (run.logs / "result").write_text(total.line() + "\n")
        say(total.line())
        sys.exit(1 if total.failed or not total.passed else 0)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def timed_build(run):
    begin = time.monotonic()
    broken = build(run)
    say(f"build: {'failed' if broken else 'ok'} ({time.monotonic() - begin:.0f} s)")
    return broken


if __name__ == "__main__":
    main()
