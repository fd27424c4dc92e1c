"""rescuedDataColumn: what did not fit is kept as JSON, with the file, and spoils nothing."""
import json

import pytest


@pytest.fixture
def landing(weir, tmp_path):
    folder = tmp_path / "landing"
    folder.mkdir()
    weir("external-locations", "create", "landing", tmp_path)
    return folder


def rows(weir, sql):
    return [json.loads(line) for line in weir("sql", "-o", "ndjson", "-c", sql).out.splitlines()]


def rescued(row):
    return json.loads(row["_rescued_data"]) if row["_rescued_data"] else None


@pytest.mark.parametrize("mode", ["PERMISSIVE", "DROPMALFORMED", "FAILFAST"])
@pytest.mark.parametrize("select", ["*", "d, _rescued_data"])
def test_json(weir, landing, mode, select):
    (landing / "a.json").write_text('{"id":1,"d":"2024-01-02"}\n{"id":"x","d":{"y":[1]},"more":{"k":[1,2]}}\n{"id":3,"s":{"a":"no","b":"k"},"ID":4}\n[{"id":5},{"id":"q"}]\n')
    found = rows(weir, f"SELECT {select} FROM read_files('{landing}', format => 'json', schema => 'id INT, d DATE, s STRUCT<a: INT, b: STRING>', rescuedDataColumn => '_rescued_data', mode => '{mode}')")
    where = f"file://{landing}/a.json".replace("file:///", "file:/")
    told = [rescued(row) for row in found]
    for one in told:
        assert one is None or one.pop("_file_path") in (where, where.replace("file:/", "file:///"))
    assert told == [None, {"more": {"k": [1, 2]}, "d": {"y": [1]}, "id": "x"}, {"ID": 4, "s": {"a": "no", "b": "k"}}, None, {"id": "q"}]
    if select == "*":
        assert [(row["id"], row["d"], row["s"]) for row in found] == [(1, "2024-01-02", None), (None, None, None), (3, None, {"a": None, "b": "k"}), (5, None, None), (None, None, None)]


@pytest.mark.parametrize("quoted", [False, True])
def test_csv(weir, landing, quoted):
    """By the fast way and, with a quote about, by the slow one."""
    mark = '"a"' if quoted else "a"
    (landing / "a.csv").write_text(f"name,id,extra\n{mark},1,\nb,x,e\nc,3,f,more\nd\n")
    read = f"read_files('{landing}', format => 'csv', header => true, columnsByName => true, schema => 'id INT, name STRING, _corrupt_record STRING', rescuedDataColumn => '_rescued_data')"
    found = rows(weir, f"SELECT * FROM {read}")
    for row in found:
        kept = rescued(row)
        row["_rescued_data"] = {key: value for key, value in kept.items() if key != "_file_path"} if kept else None
    assert found == [
        {"id": 1, "name": "a", "_corrupt_record": None, "_rescued_data": None},
        {"id": None, "name": "b", "_corrupt_record": None, "_rescued_data": {"id": "x", "extra": "e"}},
        {"id": 3, "name": "c", "_corrupt_record": None, "_rescued_data": {"extra": "f", "_c3": "more"}},
        {"id": None, "name": "d", "_corrupt_record": "d", "_rescued_data": None}]


def test_stream(weir, landing, tmp_path):
    words = ("ingest", landing, "--into", f"delta.`{tmp_path}/t`", "--checkpoint", tmp_path / "ck", "--format", "json", "--option", "schemaEvolutionMode=rescue")
    (landing / "a.json").write_text('{"id":1}\n')
    weir(*words)
    (landing / "b.json").write_text('{"id":2,"new":true}\n{"id":"x"}\n')
    told = weir(*words)
    assert "2 rows did not fit" in told.err
    found = rows(weir, f"SELECT id, _rescued_data FROM delta.`{tmp_path}/t` ORDER BY id NULLS LAST")
    assert [(row["id"], sorted(rescued(row) or {})) for row in found] == [(1, []), (2, ["_file_path", "new"]), (None, ["_file_path", "id"])]
