"""`weir sql` on a terminal: Ctrl-C drops a line or stops a statement, never the session."""
import fcntl
import os
import pty
import re
import select
import subprocess
import termios
import time

import pytest


class Terminal:
    """A process whose terminal is ours."""

    def __init__(self, words, env, folder):
        self.master, slave = pty.openpty()
        self.seen = ""

        def own_terminal():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave, env=env, cwd=folder, preexec_fn=own_terminal)
        os.close(slave)

    def type(self, text):
        os.write(self.master, text.encode())

    def expect(self, pattern, seconds=60):
        """Waits for the pattern in what came since the last match."""
        end = time.monotonic() + seconds
        while not (match := re.search(pattern, self.seen)):
            ready, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
            assert ready, f"no {pattern!r} in {self.seen!r}"
            try:
                self.seen += os.read(self.master, 65536).decode(errors="replace")
            except OSError:
                raise AssertionError(f"the session ended: {self.seen!r}") from None
        self.seen = self.seen[match.end():]

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)


@pytest.fixture(name="terminal")
def fixture_terminal(weir, tmp_path):
    terminal = Terminal([str(weir.binary), "sql"], {**weir.env, "TERM": "xterm", "HOME": str(tmp_path)}, tmp_path)
    yield terminal
    terminal.close()


def test_interrupt_drops_the_line(terminal):
    terminal.expect("weir> ")
    terminal.type("SELECT 1 +\n")
    terminal.expect("   -> ")
    terminal.type("nonsense")
    terminal.expect("nonsense")
    terminal.type("\x03")
    terminal.expect("weir> ")
    terminal.type("SELECT 40 + 2 AS answer;\n")
    terminal.expect("42")
    terminal.expect("weir> ")
    terminal.type("exit;\n")
    assert terminal.process.wait(60) == 0


def test_interrupt_stops_the_statement(terminal):
    terminal.expect("weir> ")
    terminal.type("SELECT sum(a.id * b.id) FROM range(10000000) a CROSS JOIN range(10000000) b;\n")
    terminal.expect("CROSS JOIN.*\n")
    time.sleep(1)
    terminal.type("\x03")
    terminal.expect("STATEMENT_STOPPED")
    terminal.expect("weir> ")
    terminal.type("SELECT 40 + 2 AS answer;\n")
    terminal.expect("42")
