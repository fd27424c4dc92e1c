"""What `weir ingest` writes, the peers read: the same rows, at every version."""
import pytest

SCHEMA = ("event_time TIMESTAMP, event_type STRING, product_id BIGINT, category_id BIGINT, category_code STRING, "
          "brand STRING, price DOUBLE, user_id BIGINT, user_session STRING")
EVENTS = ["--format", "csv", "--schema", SCHEMA, "--option", "header=true", "--option", "timestampFormat=yyyy-MM-dd HH:mm:ss z"]

EVERY_TYPE = ("b BOOLEAN, i8 TINYINT, i16 SMALLINT, i32 INT, i64 BIGINT, f FLOAT, d DOUBLE, m9 DECIMAL(9,2), m18 DECIMAL(18,4), "
              "m38 DECIMAL(38,10), s STRING, bin BINARY, day DATE, ts TIMESTAMP")
EVERY_VALUE = [
    ("true,-128,-32768,-2147483648,-9223372036854775808,0.1,0.1,1234567.89,-1.5,1234567890123456789012345678.0123456789,"
     "naïve \"x\",abc,1582-10-15,1969-12-31T23:59:59.999999Z",
     {"b": True, "i8": -128, "i16": -32768, "i32": -2**31, "i64": -2**63, "f": 0.1, "d": 0.1, "m9": "1234567.89", "m18": "-1.5000",
      "m38": "1234567890123456789012345678.0123456789", "s": "naïve \"x\"", "bin": "YWJj", "day": "1582-10-15",
      "ts": "1969-12-31T23:59:59.999999Z"}),
    ("false,127,32767,2147483647,9223372036854775807,NaN,-Infinity,0,0,-1,x,,9999-12-31,2024-02-29T00:00:00Z",
     {"b": False, "i8": 127, "i16": 32767, "i32": 2**31 - 1, "i64": 2**63 - 1, "f": "NaN", "d": "-Infinity", "m9": "0.00",
      "m18": "0.0000", "m38": "-1.0000000000", "s": "x", "bin": None, "day": "9999-12-31", "ts": "2024-02-29T00:00:00.000000Z"}),
    (",,,,,,,,,,,,,", dict.fromkeys(["b", "i8", "i16", "i32", "i64", "f", "d", "m9", "m18", "m38", "s", "bin", "day", "ts"])),
]


def ingest(weir, source, table, *options):
    return weir("ingest", source, "--into", f"delta.`{table}`", "--checkpoint", weir.cwd / "checkpoint", *options)


@pytest.mark.parametrize("codec", ["snappy", "zstd", "gzip", "none"])
def test_every_type(weir, readers, codec):
    (weir.cwd / "in").mkdir()
    (weir.cwd / "in" / "a.csv").write_text("".join(line + "\n" for line, _ in EVERY_VALUE))
    table = weir.cwd / "out"
    ingest(weir, "in", table, "--schema", EVERY_TYPE, "--codec", codec)
    readers.agree(table, weir.sql(f"SELECT * FROM delta.`{table}`"))
    rows = readers.read("deltalake", table)
    assert len(rows) == len(EVERY_VALUE) and all(row in rows for _, row in EVERY_VALUE)


def test_every_version(weir, readers):
    table, before = weir.cwd / "out", 0
    for first in (0, 100, 200):
        weir("generate", "events", "--rows", 100, "--files", 2, "--first", first, "in")
        ingest(weir, "in", table, *EVENTS)
        rows = readers.agree(table)
        assert len(rows) == before + 100
        before = len(rows)
    versions = len(list((table / "_delta_log").glob("*.json")))
    counts = [len(readers.agree(table, version=version)) for version in range(versions)]
    assert counts == sorted(counts) and counts[-1] == 300


def test_a_second_run_finds_nothing_new(weir, readers):
    weir("generate", "events", "--rows", 50, "in")
    ingest(weir, "in", weir.cwd / "out", *EVENTS)
    before = sorted(path.name for path in (weir.cwd / "out" / "_delta_log").iterdir())
    ingest(weir, "in", weir.cwd / "out", *EVENTS)
    assert sorted(path.name for path in (weir.cwd / "out" / "_delta_log").iterdir()) == before
    assert len(readers.agree(weir.cwd / "out")) == 50


def test_partitions(weir, readers):
    (weir.cwd / "in").mkdir()
    (weir.cwd / "in" / "a.csv").write_text("1,a b\n2,ü/=%\n3,\n4,a b\n")
    table = weir.cwd / "out"
    ingest(weir, "in", table, "--schema", "id INT, p STRING", "--partition-by", "p")
    readers.agree(table, [{"id": 1, "p": "a b"}, {"id": 2, "p": "ü/=%"}, {"id": 3, "p": None}, {"id": 4, "p": "a b"}])
