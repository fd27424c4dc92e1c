"""`weir ingest` in its ways: triggers, limits, folders of every shape, compressed files, several sources, a Delta table as a source."""
import gzip
import json
import subprocess

import pytest

from harness import readers as peers
from harness import render

SCHEMA = "id BIGINT, name STRING"


@pytest.fixture
def ingest(weir):
    def run(*sources, schema=SCHEMA, into="table", checkpoint="ck", more=(), fails=None):
        words = ["ingest", *sources, "--into", f"delta.`{weir.cwd / into}`", "--checkpoint", weir.cwd / checkpoint, *(["--schema", schema] if schema else []), *more]
        return weir.fails(*words, condition=fails) if fails else weir(*words)

    return run


def put(path, first, rows=2, pack=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    data = "".join(f"{first + i},n\n" for i in range(rows)).encode()
    path.write_bytes(pack(data) if pack else data)


def ids(weir, table="table"):
    return sorted(row["id"] for row in weir.sql(f"SELECT id FROM delta.`{weir.cwd / table}`"))


def test_once_takes_one_batch(weir, ingest):
    for i in range(3):
        put(weir.cwd / f"in/{i}.csv", 2 * i)
    ingest("in", more=["--trigger", "once", "--option", "maxFilesPerTrigger=1"])
    # Spark's Once ignores maxFilesPerTrigger: everything in one batch
    assert ids(weir) == list(range(6))
    assert sorted(p.name for p in (weir.cwd / "ck/offsets").iterdir() if p.name.isdigit()) == ["0"]


@pytest.mark.parametrize("limit, batches", [("1", 5), ("2", 3), ("5", 1), ("100", 1)])
def test_max_files(weir, ingest, limit, batches):
    for i in range(5):
        put(weir.cwd / f"in/{i}.csv", 2 * i)
    out = ingest("in", more=["--option", f"maxFilesPerTrigger={limit}", "--progress", "json"]).out
    assert [json.loads(line)["batchId"] for line in out.splitlines() if json.loads(line)["numInputRows"]] == list(range(batches))
    assert ids(weir) == list(range(10))


def test_partition_folders(weir, ingest):
    put(weir.cwd / "in/c=1/d=x/a.csv", 0)
    put(weir.cwd / "in/c=2/d=y%20z/a.csv", 2)
    put(weir.cwd / "in/c=__HIVE_DEFAULT_PARTITION__/d=w/a.csv", 4)
    ingest("in", schema=SCHEMA + ", c INT, d STRING")
    rows = weir.sql(f"SELECT DISTINCT c, d FROM delta.`{weir.cwd / 'table'}`")
    assert rows == render.in_order([{"c": 1, "d": "x"}, {"c": 2, "d": "y z"}, {"c": None, "d": "w"}])


def test_glob_roots_and_hidden_files(weir, ingest):
    put(weir.cwd / "in/2024/a.csv", 0)
    put(weir.cwd / "in/2025/a.csv", 2)
    put(weir.cwd / "in/other/a.csv", 100)
    put(weir.cwd / "in/2025/_b.csv", 100)
    put(weir.cwd / "in/2025/.c.csv", 100)
    ingest(str(weir.cwd / "in/20*"))
    assert ids(weir) == [0, 1, 2, 3]
    put(weir.cwd / "in/2026/a.csv", 4)
    ingest(str(weir.cwd / "in/20*"))
    assert ids(weir) == list(range(6))


def test_compressed(weir, ingest):
    put(weir.cwd / "in/a.csv.gz", 0, 1000, gzip.compress)
    put(weir.cwd / "in/b.csv.gz", 1000, 1000, lambda data: gzip.compress(data[:500]) + gzip.compress(data[500:]))
    put(weir.cwd / "in/d.csv", 2000, 1000)
    try:
        put(weir.cwd / "in/e.csv.zst", 3000, 1000, lambda data: subprocess.run(["zstd", "-c"], input=data, capture_output=True, check=True).stdout)
        count = 4000
    except (FileNotFoundError, subprocess.CalledProcessError):
        (weir.cwd / "in/e.csv.zst").unlink(missing_ok=True)
        count = 3000
    ingest("in")
    assert ids(weir) == list(range(count))


@pytest.mark.parametrize("codec", ["snappy", "zstd"])
def test_partitioned_tables_in_other_hands(weir, ingest, codec):
    lines = [(1, "a b"), (2, "ü/=%"), (3, None), (4, "a b"), (5, "x:y")]
    (weir.cwd / "in").mkdir()
    (weir.cwd / "in/a.csv").write_text("".join(f"{i},{name or ''}\n" for i, name in lines))
    ingest("in", more=["--partition-by", "name", "--codec", codec])
    source = peers.open_readers()
    try:
        for engine in peers.ENGINES:
            assert source.read(engine, weir.cwd / "table") == render.in_order([{"id": i, "name": name} for i, name in lines]), engine
    finally:
        source.close()


def test_several_sources(weir, ingest):
    put(weir.cwd / "a/x.csv", 0)
    put(weir.cwd / "b/x.csv", 2)
    ingest("a", "b")
    put(weir.cwd / "b/y.csv", 4)
    ingest("a", "b")
    assert ids(weir) == list(range(6))
    assert sorted(p.name for p in (weir.cwd / "ck/sources").iterdir()) == ["0", "1"]


@pytest.mark.parametrize("change", ["overwrite", "delete"])
def test_changes_upstream(weir, ingest, change):
    import pyarrow as pa
    from deltalake import DeltaTable, write_deltalake

    put(weir.cwd / "in/a.csv", 0)
    ingest("in")
    hop = dict(schema=None, into="silver", checkpoint="ck2")
    ingest(weir.cwd / "table", more=["--format", "delta"], **hop)
    table = str(weir.cwd / "table")
    if change == "overwrite":
        write_deltalake(table, pa.table({"id": pa.array([50], pa.int64()), "name": ["n"]}), mode="overwrite")
    else:
        DeltaTable(table).delete("id = 0")
    put(weir.cwd / "in/b.csv", 2)
    ingest("in")
    failed = ingest(weir.cwd / "table", more=["--format", "delta"], fails="DELTA_SOURCE_", **hop)
    assert "skipChangeCommits" in failed.err
    assert ids(weir, "silver") == [0, 1]
    ingest(weir.cwd / "table", more=["--format", "delta", "--option", "skipChangeCommits=true"], **hop)
    assert ids(weir, "silver") == [0, 1, 2, 3]
