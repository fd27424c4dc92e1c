"""The binary under test, as tests drive it."""
import dataclasses
import json
import os
import pathlib
import signal
import subprocess

from harness import render

SOURCE = pathlib.Path(__file__).resolve().parents[2]


def binary_path():
    return pathlib.Path(os.environ.get("WEIR_BINARY") or SOURCE / "build" / "weir")


def program_path(name):
    """A test program of the same build (tests/unit/<room>/test_x.c is <room>_test_x); not there is a failure, no skip."""
    path = binary_path().parent / "tests" / name
    assert path.exists(), f"no {path}: build the target {name}"
    return path


def shared_path():
    """The folder of reference data that lies beside the checkout, or None."""
    folder = pathlib.Path(os.environ.get("WEIR_SHARED") or SOURCE.parent / "shared")
    return folder if folder.is_dir() else None


def soaking():
    """Whether this is `make soak`: campaigns run at full length."""
    return os.environ.get("WEIR_SOAK", "") not in ("", "0")


def rounds(test, soak):
    """How many rounds a campaign has: `test` in make test, `soak` in make soak."""
    return soak if soaking() else test


@dataclasses.dataclass
class Result:
    """What a run of the binary left behind."""

    args: list
    code: int
    out: str
    err: str

    def rows(self):
        """The rows of `-o ndjson`, sorted."""
        return render.ndjson(self.out)

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"weir {' '.join(self.args)}\nexit code {self.code}\n--- stdout\n{self.out[-4000:]}\n--- stderr\n{self.err[-4000:]}"


class WeirFailed(AssertionError):
    def __init__(self, result):
        super().__init__(str(result))
        self.result = result


class Weir:
    """weir(args...) runs the binary and fails the test unless it exits with 0. No shell, no network, no user's settings."""

    def __init__(self, cwd, root=None, env=None):
        self.binary = binary_path()
        self.cwd = pathlib.Path(cwd)
        self.root = pathlib.Path(root) if root else None
        self.env = {name: value for name, value in os.environ.items() if name != "WEIR_ROOT"}
        self.env.setdefault("ASAN_OPTIONS", "detect_leaks=1:abort_on_error=0:exitcode=99")
        self.env.setdefault("LANG", "C.UTF-8")
        if self.root:
            self.env["WEIR_ROOT"] = str(self.root)
        self.env.update(env or {})
        self.running = []

    def at(self, cwd=None, root=None, env=None):
        """The same binary from another folder, on another root, with more environment."""
        other = Weir(cwd or self.cwd, root or self.root, env)
        other.running = self.running
        return other

    def __call__(self, *args, check=True, code=0, stdin=None, timeout=120, env=None):
        words = [str(arg) for arg in args]
        try:
            done = subprocess.run([str(self.binary), *words], cwd=self.cwd, env={**self.env, **(env or {})}, input=stdin,
                                  stdin=None if stdin is not None else subprocess.DEVNULL, capture_output=True,
                                  timeout=timeout, encoding="utf-8", errors="surrogateescape")
        except subprocess.TimeoutExpired as late:
            told = [(part or b"").decode(errors="replace") if isinstance(part, bytes) else part or ""
                    for part in (late.stdout, late.stderr)]
            raise WeirFailed(Result(words, -signal.SIGKILL, told[0], f"{told[1]}\n(killed after {timeout} s)")) from late
        result = Result(words, done.returncode, done.stdout, done.stderr)
        if check and result.code != code:
            raise WeirFailed(result)
        return result

    def fails(self, *args, condition=None, code=None, **more):
        """Runs what must fail; `condition` is the CODE its message begins with. Dying by a signal is no clear error."""
        result = self(*args, check=False, **more)
        if result.code <= 0 or result.code == 99 or (code is not None and result.code != code):
            raise WeirFailed(result)
        if condition is not None and condition not in result.err:
            raise WeirFailed(result)
        return result

    def sql(self, text, *more, **options):
        """The rows of one statement, rendered and sorted."""
        return self("sql", *more, "-o", "ndjson", "-c", text, **options).rows()

    def rows_in_order(self, text, *more, **options):
        """The rows of one statement as they came."""
        out = self("sql", *more, "-o", "ndjson", "-c", text, **options).out
        return [json.loads(line) for line in out.split("\n") if line.strip()]  # a STRING may hold U+2028

    def start(self, *args, env=None, stdout=subprocess.PIPE, stderr=subprocess.PIPE):
        """A run that goes on (weir run --continuous); killed when the test ends."""
        process = subprocess.Popen([str(self.binary), *map(str, args)], cwd=self.cwd, env={**self.env, **(env or {})},
                                   stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
                                   encoding="utf-8", errors="surrogateescape")
        self.running.append(process)
        return process

    def stop_all(self):
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.communicate()
        self.running.clear()
