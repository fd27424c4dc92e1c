"""A run that stays hears of each file from the system and lists the folder only now and then: whatever way a file comes, it is taken once."""
import os
import random
import shutil
import signal
import time

import pytest


class Landing:
    def __init__(self, weir, *options):
        self.weir, self.source, self.table = weir, weir.cwd / "in", weir.cwd / "table"
        self.source.mkdir()
        self.options = options
        self.next = 0

    def lines(self, rows=2):
        self.next += rows
        return "".join(f"{i}\n" for i in range(self.next - rows, self.next))

    def start(self):
        (self.source / "first.csv").write_text(self.lines())
        process = self.weir.start("ingest", self.source, "--into", f"delta.`{self.table}`", "--schema", "id BIGINT", "--checkpoint", self.weir.cwd / "ck", "--trigger", "continuous", *self.options)
        self.wait()
        return process

    def ids(self):
        return sorted(row["id"] for row in self.weir.sql(f"SELECT id FROM delta.`{self.table}`"))

    def wait(self, seconds=8):
        """Sooner than the next listing of the folder would show it."""
        end = time.monotonic() + seconds
        found = []
        while time.monotonic() < end:
            if (self.table / "_delta_log").exists() and (found := self.ids()) == list(range(self.next)):
                return
            time.sleep(0.05)
        assert found == list(range(self.next))

    def stop(self, process):
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0, process.stderr.read()
        assert self.ids() == list(range(self.next))


def test_every_way_that_a_file_comes(weir):
    landing = Landing(weir)
    process = landing.start()
    away = weir.cwd / "away"
    away.write_text(landing.lines())
    away.rename(landing.source / "renamed.csv")
    landing.wait()
    away.write_text(landing.lines())
    os.link(away, landing.source / "linked.csv")
    landing.wait()
    shutil.copyfile(away, away.with_name("other"))
    os.symlink(away.with_name("other"), landing.source / "link.csv")  # its rows once more
    end = time.monotonic() + 8
    while len(landing.ids()) != landing.next + 2 and time.monotonic() < end:
        time.sleep(0.05)
    assert len(landing.ids()) == landing.next + 2
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0


def test_slow_writers(weir):
    landing = Landing(weir)
    process = landing.start()
    with open(landing.source / "slow.csv", "w") as slow:
        slow.write(landing.lines())
        slow.flush()
        time.sleep(0.3)
        (landing.source / "quick.csv").write_text("1000000\n")
        time.sleep(0.3)
        assert landing.ids()[-1] == 1000000 and len(landing.ids()) == 3, "what is still being written is not read"
        slow.write(landing.lines())
    (landing.source / "_hidden.csv").write_text("7\n")
    end = time.monotonic() + 8
    while len(landing.ids()) < 7 and time.monotonic() < end:
        time.sleep(0.05)
    assert landing.ids() == [*range(6), 1000000]
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0


def test_folders_that_come_later(weir):
    landing = Landing(weir, "--option", "recursiveFileLookup=true")
    process = landing.start()
    (landing.source / "a" / "b").mkdir(parents=True)
    (landing.source / "a" / "b" / "deep.csv").write_text(landing.lines())
    landing.wait()
    (landing.source / "a" / "b" / "next.csv").write_text(landing.lines())
    landing.wait()
    tree = weir.cwd / "tree"
    tree.mkdir()
    for i in range(5):
        (tree / f"{i}.csv").write_text(landing.lines())
    tree.rename(landing.source / "moved")
    landing.wait()
    landing.stop(process)


@pytest.mark.parametrize("limit", [(), ("--option", "maxFilesPerTrigger=3")])
def test_crowds(weir, limit):
    """More at once than is looked at one by one, in bursts, within limits."""
    landing = Landing(weir, *limit)
    process = landing.start()
    rng = random.Random(7)
    for burst in range(12):
        for i in range(rng.randrange(1, 30) if limit else rng.choice([1, 5, 200, 6000])):
            path = landing.source / f".{burst}-{i}"
            path.write_text(landing.lines(1))
            path.rename(landing.source / f"{burst}-{i}.csv")
        time.sleep(rng.random() / 20)
    landing.wait(60)
    (landing.source / "last.csv").write_text(landing.lines())
    landing.wait()
    landing.stop(process)


def test_a_folder_that_goes_and_comes_back(weir):
    landing = Landing(weir)
    process = landing.start()
    away = weir.cwd / "away"
    landing.source.rename(away)
    (away / "while_away.csv").write_text(landing.lines())
    away.rename(landing.source)
    landing.wait(15)
    (landing.source / "after.csv").write_text(landing.lines())
    landing.wait(15)
    landing.stop(process)
