"""One streaming query, run by Spark and weir in turns, with crash windows between: each row once, and either goes on where the other stopped."""
import json
import shutil

import pytest

from harness import spark as sparks
from harness import weir as harness

SCHEMA = "id BIGINT, name STRING, v DOUBLE"


class Query:
    """A folder, a table, a checkpoint, and two engines that may run them."""

    def __init__(self, folder, session):
        self.folder, self.session, self.weir = folder, session, harness.Weir(folder)
        self.source, self.table, self.checkpoint = folder / "in", folder / "table", folder / "ck"
        self.source.mkdir()
        self.next_id = 0

    def arrive(self, name, rows=3):
        text = "id,name,v\n" + "".join(f"{self.next_id + i},n{i},{i}.5\n" for i in range(rows))
        hidden = self.source / f".{name}"
        hidden.write_text(text)
        hidden.rename(self.source / name)
        self.next_id += rows

    def by_spark(self, **options):
        sparks.forget(self.session)
        return sparks.stream_csv(self.session, str(self.source), str(self.table), str(self.checkpoint), SCHEMA, reader_options={"header": "true", **options})

    def by_weir(self, **options):
        words = [word for name, value in {"header": "true", **options}.items() for word in ("--option", f"{name}={value}")]
        return self.weir("ingest", self.source, "--into", f"delta.`{self.table}`", "--checkpoint", self.checkpoint, "--schema", SCHEMA, *words)

    def ids(self):
        sparks.forget(self.session)
        return sorted(row["id"] for row in sparks.read(self.session, str(self.table)))

    def check(self):
        assert self.ids() == list(range(self.next_id))

    def newest(self, kind):
        return max(int(path.name) for path in (self.checkpoint / kind).iterdir() if path.name.isdigit())

    def lose_commit(self):
        """Crash window c: the rows are in the table, commits/N is not."""
        newest = self.newest("commits")
        for name in (str(newest), f".{newest}.crc"):
            (self.checkpoint / "commits" / name).unlink(missing_ok=True)

    def lose_rows(self):
        """Crash window b: offsets/N is there, the Delta commit is not (it is the newest version, so it can be taken back)."""
        self.lose_commit()
        log = self.table / "_delta_log"
        newest = max(int(path.stem) for path in log.glob("*.json"))
        assert any("txn" in json.loads(line) for line in (log / f"{newest:020}.json").read_text().splitlines())
        for path in (*log.glob(f"{newest:020}.*"), *log.glob(f".{newest:020}.*")):
            path.unlink()


@pytest.fixture
def query(spark, tmp_path, weir_binary):
    return Query(tmp_path, spark)


def test_turns(query):
    query.arrive("a b.csv")
    query.by_spark()
    query.arrive("b%20.csv")
    query.by_weir()
    query.check()
    query.arrive("c#日本.csv")
    query.by_spark()
    query.check()
    query.arrive("d.csv")
    query.arrive("e.csv")
    query.by_weir(maxFilesPerTrigger="1")
    query.check()
    assert query.by_spark() is not None and "nothing new" in query.by_weir().err
    query.check()


def test_weir_begins(query):
    query.arrive("a.csv")
    query.by_weir()
    query.arrive("b.csv")
    query.by_spark()
    query.check()


@pytest.mark.parametrize("first", ["spark", "weir"])
def test_crash_windows(query, first):
    one, other = (query.by_spark, query.by_weir) if first == "spark" else (query.by_weir, query.by_spark)
    query.arrive("a.csv")
    one()
    query.arrive("b.csv")
    one()
    query.lose_commit()
    other()
    query.check()
    query.arrive("c.csv")
    other()
    query.lose_rows()
    query.arrive("d.csv")
    one()
    query.check()
    query.lose_commit()
    query.arrive("e.csv")
    other()
    query.check()


def test_compaction_by_turns(query):
    """Twenty-two batches: two compactions of the file log, one by each engine, and nothing is read twice."""
    for batch in range(22):
        query.arrive(f"f{batch:02}.csv", rows=1)
        (query.by_spark if batch in (0, 9, 12, 21) else query.by_weir)()
    query.check()
    logs = {path.name for path in (query.checkpoint / "sources" / "0").iterdir() if not path.name.startswith(".")}
    assert {"9.compact", "19.compact"} <= logs and "9" not in logs and "19" not in logs


def test_delta_source_by_turns(query):
    """Bronze to silver: the offsets inside a Delta table are the same for both."""
    silver, checkpoint = query.folder / "silver", query.folder / "silver-ck"

    def weir_hop():
        query.weir("ingest", query.table, "--format", "delta", "--into", f"delta.`{silver}`", "--checkpoint", checkpoint)

    def spark_hop():
        sparks.forget(query.session)
        stream = query.session.readStream.format("delta").load(str(query.table))
        stream.writeStream.format("delta").option("checkpointLocation", str(checkpoint)).trigger(availableNow=True).start(str(silver)).awaitTermination()

    for turn, hop in enumerate((spark_hop, weir_hop, spark_hop, weir_hop, spark_hop)):
        query.arrive(f"t{turn}.csv")
        query.by_weir()
        hop()
    query.table = silver
    query.check()


def test_spark_reads_what_weir_wrote(query, readers):
    query.arrive("a.csv", rows=50)
    query.by_weir()
    rows = readers.agree(query.table)
    assert len(rows) == 50
    shutil.rmtree(query.folder / "in")
