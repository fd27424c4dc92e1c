"""kill -9 of the real process at random moments of a medallion run, files arriving meanwhile: each row of each file once, nothing that was
reported is lost, and no table is ever wrong between two runs; rows that a table sets aside are in its quarantine by the same batch. WEIR_SEED repeats a campaign's moments."""
import json
import os
import random
import threading
import time

import pytest

from harness import readers as peers
from harness import render
from harness import weir as harness

BRONZE = """CREATE OR REFRESH STREAMING TABLE workspace.shop.bronze AS
SELECT id, name, v, _metadata.file_name AS f
FROM STREAM read_files('{landing}', format => 'csv', header => true, schema => 'id BIGINT, name STRING, v DOUBLE', maxFilesPerTrigger => 3);
"""
SILVER = """CREATE OR REFRESH STREAMING TABLE workspace.shop.silver (
  CONSTRAINT no_seventh EXPECT (id % 7 <> 0) ON VIOLATION QUARANTINE
) AS SELECT id, upper(name) AS name, v * 2 AS twice, f FROM STREAM workspace.shop.bronze;
"""
GOLD = """CREATE OR REFRESH MATERIALIZED VIEW workspace.shop.gold AS
SELECT f, count(*) AS n, sum(twice) AS total FROM workspace.shop.silver GROUP BY f;
"""
SPEC = """name: "crash"
storage: "file://{storage}"
database: shop
libraries:
  - glob:
      include: transformations/**
"""


class Feeder(threading.Thread):
    """Files that appear by rename, now and then, until stop(); `rows` is what they hold."""

    def __init__(self, landing, seed):
        super().__init__(daemon=True)
        self.landing, self.random, self.rows = landing, random.Random(seed), []
        self.files, self.over = 0, threading.Event()

    def drop(self):
        first, count = len(self.rows), self.random.choice((0, 1, 20, 300))
        name = f"part-{self.files:05}.csv"
        rows = [{"id": i, "name": f"n{i % 13}", "v": i / 4, "f": name} for i in range(first, first + count)]
        hidden = self.landing / f".{name}"
        hidden.write_text("id,name,v\n" + "".join(f"{row['id']},{row['name']},{row['v']}\n" for row in rows))
        hidden.rename(self.landing / name)
        self.rows += rows
        self.files += 1

    def run(self):
        while not self.over.wait(self.random.uniform(0.02, 0.4)):
            self.drop()

    def stop(self):
        self.over.set()
        self.join()


@pytest.fixture
def project(lakehouse, tmp_path):
    folder, landing = tmp_path / "project", tmp_path / "landing"
    (folder / "transformations").mkdir(parents=True)
    landing.mkdir()
    (folder / "spark-pipeline.yml").write_text(SPEC.format(storage=tmp_path / "storage"))
    for name, text in (("bronze", BRONZE), ("silver", SILVER), ("gold", GOLD)):
        (folder / "transformations" / f"{name}.sql").write_text(text.format(landing=landing))
    weir = lakehouse.at(cwd=folder)
    weir("external-locations", "create", "landing", landing)
    weir("sql", "-c", "CREATE SCHEMA IF NOT EXISTS workspace.shop")
    return weir, landing


def collect(process, reported):
    """The progress lines that came out before the end, whole ones only."""
    for line in process.stdout:
        if line.endswith("\n"):
            batch = json.loads(line)
            if batch["numInputRows"] > 0:
                reported[(batch["id"], batch["batchId"])] = batch["numInputRows"]


def run_until_killed(weir, words, seconds, reported):
    """Runs, again when it ended by itself, and kills it after `seconds`. Returns whether it lived till then."""
    until = time.monotonic() + seconds
    while True:
        process = weir.start("run", "--progress", "json", *words)
        reader = threading.Thread(target=collect, args=(process, reported))
        errors = []
        complainer = threading.Thread(target=lambda pipe=process.stderr: errors.append(pipe.read()))
        reader.start()
        complainer.start()
        try:
            process.wait(max(0.0, until - time.monotonic()))
            killed = False
        except Exception:
            process.kill()
            process.wait()
            killed = True
        reader.join()
        complainer.join()
        assert killed or process.returncode == 0, f"a run ended with {process.returncode}: {errors[0]}"
        if killed or time.monotonic() >= until:
            return killed


def table_folder(weir, name):
    return weir.sql(f"DESCRIBE DETAIL workspace.shop.{name}")[0]["location"].removeprefix("file://").removeprefix("file:")


def committed(folder):
    """{query: newest batch} by the table's txn actions; the log must be without gaps."""
    newest, versions = {}, []
    for path in sorted(p for p in os.listdir(f"{folder}/_delta_log") if p.endswith(".json") and p[:20].isdigit()):
        versions.append(int(path[:20]))
        with open(f"{folder}/_delta_log/{path}", encoding="utf-8") as lines:
            for line in lines:
                txn = json.loads(line).get("txn")
                if txn:
                    assert txn["version"] > newest.get(txn["appId"], -1), f"{folder} version {path}: batch {txn['version']} twice"
                    newest[txn["appId"]] = txn["version"]
    assert versions == list(range(len(versions)))
    return newest


def check_between(weir, reported, before):
    """What holds after every kill: no row twice, none that was there is gone, every reported batch is in its table."""
    now, batches = {}, {}
    for table in ("bronze", "silver", "silver__quarantine"):
        try:
            rows = weir.sql(f"SELECT count(*) AS n, count(DISTINCT id) AS ids FROM workspace.shop.{table}")[0]
        except harness.WeirFailed as failed:
            assert "TABLE_OR_VIEW_NOT_FOUND" in failed.result.err, str(failed)
            rows = {"n": 0, "ids": 0}
        assert rows["n"] == rows["ids"], f"{table}: {rows['n'] - rows['ids']} rows twice"
        assert rows["n"] >= before.get(table, 0), f"{table}: rows are gone"
        now[table] = rows["n"]
        if rows["n"] or reported:
            done = committed(table_folder(weir, table))
            batches.update(done if table != "silver__quarantine" else {})
    for query, batch in reported:
        assert batches.get(query, -1) >= batch, f"batch {batch} of {query} was reported and is not in its table"
    return now


def check_end(weir, feeder):
    upper = [{"id": row["id"], "name": row["name"].upper(), "twice": row["v"] * 2, "f": row["f"]} for row in feeder.rows]
    silver, seventh = [row for row in upper if row["id"] % 7], [row for row in upper if row["id"] % 7 == 0]
    gold = {}
    for row in silver:
        n, total = gold.get(row["f"], (0, 0.0))
        gold[row["f"]] = (n + 1, total + row["twice"])
    expected = {"bronze": feeder.rows, "silver": silver, "gold": [{"f": f, "n": n, "total": total} for f, (n, total) in gold.items()]}
    source = peers.open_readers()
    try:
        for table, rows in expected.items():
            told = render.difference(weir.sql(f"SELECT * FROM workspace.shop.{table}"), rows, 1e-9)
            assert told is None, f"{table}: {told}"
            told = render.difference(source.read("deltalake", table_folder(weir, table)), rows, 1e-9)
            assert told is None, f"{table} by delta-rs: {told}"
        aside = source.read("deltalake", table_folder(weir, "silver__quarantine"))
        batches = [row.pop("_batch_id") for row in aside]
        assert all(row.pop("_failed_expectations") == ["no_seventh"] for row in aside)
        told = render.difference(render.in_order(aside), render.in_order(seventh), 1e-9)
        assert told is None, f"the quarantine by delta-rs: {told}"
        done, waiting = committed(table_folder(weir, "silver")), committed(table_folder(weir, "silver__quarantine"))
        assert all(batch <= done[query] for query, batch in waiting.items()) and max(batches, default=-1) <= max(done.values())
    finally:
        source.close()


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_at_random_moments(project):
    weir, landing = project
    seed = int(os.environ.get("WEIR_SEED") or random.SystemRandom().randrange(1 << 31))
    print(f"WEIR_SEED={seed}")
    moments, feeder = random.Random(seed), Feeder(landing, seed)
    reported, counts, kills, wanted = {}, {}, 0, harness.rounds(30, 200)
    feeder.drop()
    feeder.start()
    try:
        while kills < wanted:
            words = moments.choice(([], ["--continuous"], ["--continuous"], ["--every", "100ms"]))
            if run_until_killed(weir, words, moments.choice((0.01, 0.1, 0.4, 1.0)) * moments.uniform(0.3, 1.7), reported):
                kills += 1
                counts = check_between(weir, reported, counts)
    finally:
        feeder.stop()
    assert reported, "no batch was ever reported: the kills came too early to prove anything"
    weir("run")
    check_between(weir, reported, counts)
    check_end(weir, feeder)
    assert "nothing new" in weir("run").err
    check_end(weir, feeder)


@pytest.mark.timeout(600)
def test_killed_while_a_table_is_built_anew(project):
    """--full-refresh replaces its table: a kill leaves the old rows or the new ones, and the next run ends whole."""
    weir, landing = project
    seed = int(os.environ.get("WEIR_SEED") or random.SystemRandom().randrange(1 << 31))
    print(f"WEIR_SEED={seed}")
    moments, feeder = random.Random(seed), Feeder(landing, seed)
    for _ in range(12):
        feeder.drop()
    weir("run")
    check_end(weir, feeder)
    for _ in range(harness.rounds(4, 40)):
        run_until_killed(weir, ["--full-refresh-all"], moments.uniform(0.02, 0.5), {})
        feeder.drop()
        weir("run")
        check_end(weir, feeder)
