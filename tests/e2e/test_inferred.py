"""Folders whose columns nobody declared."""
import json

import pytest


@pytest.fixture(name="landing")
def fixture_landing(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_text("id,name,price,at\n1,x,1.5,2024-01-02\n2,y,2,2024-01-03\n")
    return folder


def ingest(weir, landing, tmp_path, *more, check=True):
    return weir("ingest", landing, "--into", f"delta.`{tmp_path}/out`", "--checkpoint", tmp_path / "ck", "--option", "header=true", *more, check=check)


def test_ingest_keeps_what_it_found(weir, landing, tmp_path):
    first = ingest(weir, landing, tmp_path)
    assert "id INT,name STRING,price DOUBLE,at DATE" in first.err.replace(", ", ","), first.err
    kept = (tmp_path / "ck" / "_schemas" / "0").read_text()
    assert kept.startswith("v1\n")
    assert [(f["name"], f["type"]) for f in json.loads(kept[3:])["fields"]] == [("id", "integer"), ("name", "string"), ("price", "double"), ("at", "date")]
    assert len(kept.splitlines()) == 7
    (landing / "b.csv").write_text("id,name,price,at\nthree,z,3,2024-01-04\n4,w,4,2024-01-05\n")
    second = ingest(weir, landing, tmp_path)
    assert "columns found" not in second.err and "1 row did not fit" in second.err, second.err
    rows = weir("sql", "-o", "csv", "-c", f"SELECT id, name FROM delta.`{tmp_path}/out` ORDER BY name").out.split()
    assert sorted(rows) == sorted(["id,name", "1,x", "2,y", "4,w", ",z"])
    assert sorted(p.name for p in (tmp_path / "ck" / "_schemas").iterdir() if not p.name.startswith(".")) == ["0"]


def test_ingest_without_a_line(weir, tmp_path):
    (tmp_path / "in").mkdir()
    told = ingest(weir, tmp_path / "in", tmp_path, check=False)
    assert told.code != 0 and "UNABLE_TO_INFER_SCHEMA" in told.err and str(tmp_path / "in") in told.err
    assert not (tmp_path / "ck" / "_schemas").exists()


def test_ingest_refuses_a_damaged_log(weir, landing, tmp_path):
    ingest(weir, landing, tmp_path)
    (tmp_path / "ck" / "_schemas" / "0").write_text("v1\n{")
    told = ingest(weir, landing, tmp_path, check=False)
    assert "SCHEMA_LOG_CORRUPT" in told.err and "_schemas/0" in told.err
    assert ingest(weir, landing, tmp_path, "--schema", "id INT, name STRING, price DOUBLE, at DATE").code == 0


def test_read_files_and_tables(weir, landing):
    weir("external-locations", "create", "landing", landing)
    assert weir("sql", "-o", "csv", "-c", f"SELECT id || '' AS n FROM read_files('{landing}', format => 'csv', header => true, schemaHints => 'id STRING') ORDER BY 1").out.split() == ["n", "1", "2"]
    assert weir("sql", "-o", "csv", "-c", f"SELECT sum(price) AS s, max(at) AS m FROM read_files('{landing}', format => 'csv', header => true)").out.split() == ["s,m", "3.5,2024-01-03"]
    weir("sql", "-c", f"CREATE TABLE t USING csv OPTIONS (header 'true', inferSchema 'true') LOCATION '{landing}'")
    assert weir("sql", "-o", "csv", "-c", "SELECT id + 1 AS n FROM t ORDER BY id").out.split() == ["n", "2", "3"]
    assert weir("sql", "-o", "csv", "-c", f"SELECT _c1 FROM csv.`{landing}/a.csv`").out.split() == ["_c1", "name", "x", "y"]
