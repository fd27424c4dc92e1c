"""Batch and stream write one table at once, readers count meanwhile: only whole commits are seen, no count goes back, no row is lost."""
import json
import pathlib
import threading

import pytest

from harness import render
from harness import weir as harness

SCHEMA = "id BIGINT, who STRING"
BATCH_ROWS = 7    # of each INSERT
FILE_ROWS = 10    # of each file; one file a batch


def versions(table):
    return sorted(int(path.stem) for path in (table / "_delta_log").glob("*.json"))


def rows_of_commits(table):
    """{count of rows that some version had}"""
    counts, rows = {0}, 0
    for version in versions(table):
        for line in (table / "_delta_log" / f"{version:020}.json").read_text().splitlines():
            add = json.loads(line).get("add")
            if add:
                rows += json.loads(add["stats"])["numRecords"]
        counts.add(rows)
    return counts


class Counter(threading.Thread):
    """Counts until told to stop; what it saw, and what went wrong."""

    def __init__(self, count):
        super().__init__(daemon=True)
        self.count, self.seen, self.over, self.error = count, [], threading.Event(), None

    def run(self):
        try:
            while not self.over.is_set():
                self.seen.append(self.count())
        except BaseException as error:
            self.error = error

    def stop(self):
        self.over.set()
        self.join()
        if self.error:
            raise self.error


def drop(folder, number):
    hidden = folder / f".{number:04}.csv"
    hidden.write_text("".join(f"{number * FILE_ROWS + i},stream\n" for i in range(FILE_ROWS)))
    hidden.rename(folder / f"{number:04}.csv")


@pytest.mark.timeout(240)
def test_both_write_and_readers_count(lakehouse, tmp_path):
    weir, source = lakehouse, tmp_path / "in"
    source.mkdir()
    weir("external-locations", "create", "landing", source)
    weir("sql", "-c", f"CREATE TABLE workspace.default.t ({SCHEMA})")
    table = table_of(weir)
    files, inserts = harness.rounds(40, 400), harness.rounds(8, 80)
    stream = weir.start("ingest", source, "--into", "workspace.default.t", "--schema", SCHEMA, "--checkpoint", tmp_path / "ck",
                        "--option", "maxFilesPerTrigger=1", "--trigger", "continuous", "--progress", "json")
    counters = [Counter(lambda: weir.sql("SELECT count(*) AS n FROM workspace.default.t")[0]["n"]), Counter(peer_count(table))]
    failures = []

    def insert(writer):
        try:
            for round_ in range(inserts):
                first = (writer * inserts + round_) * BATCH_ROWS
                values = ", ".join(f"({-1 - first - i}, 'batch')" for i in range(BATCH_ROWS))
                weir("sql", "-c", f"INSERT INTO workspace.default.t VALUES {values}")
        except BaseException as error:
            failures.append(error)

    writers = [threading.Thread(target=insert, args=(writer,)) for writer in range(2)]
    for thread in (*counters, *writers):
        thread.start()
    for number in range(files):
        drop(source, number)
    for thread in writers:
        thread.join()
    for _ in range(files):
        batch = json.loads(stream.stdout.readline())
        assert batch["numInputRows"] == FILE_ROWS
    for counter in counters:
        counter.stop()
    stream.send_signal(2)
    assert stream.wait(30) == 0, stream.stderr.read()
    assert failures == []
    whole = rows_of_commits(table)
    for counter in counters:
        assert len(counter.seen) > 3 and counter.seen == sorted(counter.seen), "a count went back"
        assert set(counter.seen) <= whole, "a reader saw a part of a commit"
    numbers = versions(table)
    assert numbers == list(range(len(numbers))) and len(numbers) == 1 + files + 2 * inserts
    rows = weir.sql("SELECT * FROM workspace.default.t")
    expected = [{"id": i, "who": "stream"} for i in range(files * FILE_ROWS)] + [{"id": -1 - i, "who": "batch"} for i in range(2 * inserts * BATCH_ROWS)]
    assert render.difference(rows, expected) is None


def table_of(weir):
    location = weir.sql("DESCRIBE DETAIL workspace.default.t")[0]["location"]
    return pathlib.Path(location.removeprefix("file://").removeprefix("file:"))


def peer_count(table):
    """delta-rs as a reader: it lists the log by itself."""
    from deltalake import DeltaTable

    def count():
        return DeltaTable(str(table)).to_pyarrow_dataset().count_rows()

    return count


def test_two_streams_into_one_table(weir, tmp_path):
    """Two queries with checkpoints of their own append side by side."""
    table = tmp_path / "out"
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        drop(tmp_path / name, 0)

    def words(name):
        return ("ingest", tmp_path / name, "--into", f"delta.`{table}`", "--schema", SCHEMA, "--checkpoint", tmp_path / f"ck-{name}", "--option", "maxFilesPerTrigger=1")

    weir(*words("a"))
    for name in ("a", "b"):
        for number in range(1, 8):
            drop(tmp_path / name, number)
    queries = [weir.start(*words(name)) for name in ("a", "b")]
    for query in queries:
        _, told = query.communicate(timeout=60)
        assert query.returncode == 0, told
    numbers = versions(table)
    assert numbers == list(range(len(numbers))) and len(numbers) in (16, 17)
    rows = [row["id"] for row in weir.sql(f"SELECT id FROM delta.`{table}`")]
    assert sorted(rows) == sorted(2 * list(range(8 * FILE_ROWS)))
