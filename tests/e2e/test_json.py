"""Folders of JSON: read by SQL, taken into Delta tables, nested columns and all."""
import gzip
import json
import time

import pytest

EVENTS = [
    '{"id":1,"user":{"name":"ada","tags":["a","b"]},"at":"2024-01-02T03:04:05Z","price":9.99}',
    '{"id":2,"user":{"name":"bob","tags":[]},"extra":true}',
    '{"id":"three"}',
    'no json',
    '[{"id":4},{"id":5,"user":{"name":null}}]',
]
SCHEMA = "id INT, user STRUCT<name: STRING, tags: ARRAY<STRING>>, at TIMESTAMP, price DECIMAL(10,2), _corrupt_record STRING"


@pytest.fixture
def landing(weir, tmp_path):
    folder = tmp_path / "landing"
    folder.mkdir()
    (folder / "a.json").write_text("\n".join(EVENTS) + "\n")
    old = time.time() - 600
    import os
    os.utime(folder / "a.json", (old, old))
    weir("external-locations", "create", "landing", folder)
    return folder


def rows(weir, sql):
    return [json.loads(line) for line in weir("sql", "-o", "ndjson", "-c", sql).out.splitlines()]


def test_read_files(weir, landing):
    found = rows(weir, f"SELECT * FROM read_files('{landing}', format => 'json', schema => '{SCHEMA}')")
    assert found == [
        {"id": 1, "user": {"name": "ada", "tags": ["a", "b"]}, "at": "2024-01-02T03:04:05.000000Z", "price": "9.99", "_corrupt_record": None},
        {"id": 2, "user": {"name": "bob", "tags": []}, "at": None, "price": None, "_corrupt_record": None},
        {"id": None, "user": None, "at": None, "price": None, "_corrupt_record": '{"id":"three"}'},
        {"id": None, "user": None, "at": None, "price": None, "_corrupt_record": "no json"},
        {"id": 4, "user": None, "at": None, "price": None, "_corrupt_record": None},
        {"id": 5, "user": {"name": None, "tags": None}, "at": None, "price": None, "_corrupt_record": None},
    ]
    assert rows(weir, f"SELECT user.name AS name, get(user.tags, 1) AS second FROM read_files('{landing}', format => 'json', schema => '{SCHEMA}') WHERE user.tags IS NOT NULL") == [
        {"name": "ada", "second": "b"}, {"name": "bob", "second": None}]


def test_inferred(weir, landing):
    weir("sql", "-c", f"CREATE TABLE events USING json LOCATION '{landing}'")
    columns = {row["col_name"]: row["data_type"] for row in rows(weir, "DESCRIBE TABLE events")}
    assert columns == {"_corrupt_record": "string", "at": "string", "extra": "boolean", "id": "string", "price": "double", "user": "struct<name:string,tags:array<string>>"}
    assert rows(weir, f"SELECT count(*) AS n FROM json.`{landing}`") == [{"n": 6}]
    assert rows(weir, "SELECT id FROM events WHERE extra") == [{"id": "2"}]
    names = rows(weir, f"SELECT * FROM read_files('{landing}', format => 'json', inferColumnTypes => 'false') WHERE id = '2'")
    assert names[0]["user"] == '{"name":"bob","tags":[]}' and names[0]["extra"] == "true"


@pytest.mark.parametrize("mode", ["PERMISSIVE", "DROPMALFORMED"])
def test_ingest(weir, landing, tmp_path, mode):
    """Once each, nested, whether the rows go straight into Parquet or are dropped on the way."""
    (landing / "b.json.gz").write_bytes(gzip.compress(b'{"id":6,"user":{"tags":["x"]}}\n'))
    weir("ingest", landing, "--into", "bronze", "--format", "json", "--schema", SCHEMA, "--option", f"mode={mode}")
    weir("ingest", landing, "--into", "bronze", "--format", "json", "--schema", SCHEMA, "--option", f"mode={mode}")
    found = rows(weir, "SELECT id, user.tags AS tags, _corrupt_record AS bad FROM bronze ORDER BY id NULLS LAST, bad")
    good = [{"id": 1, "tags": ["a", "b"], "bad": None}, {"id": 2, "tags": [], "bad": None}, {"id": 4, "tags": None, "bad": None}, {"id": 5, "tags": None, "bad": None}, {"id": 6, "tags": ["x"], "bad": None}]
    bad = [{"id": None, "tags": None, "bad": "no json"}, {"id": None, "tags": None, "bad": '{"id":"three"}'}]
    assert found == good + (bad if mode == "PERMISSIVE" else [])


def test_ingest_without_schema(weir, landing):
    weir("ingest", landing, "--into", "bronze", "--format", "json")
    assert rows(weir, "SELECT id, user.name AS name FROM bronze WHERE user IS NOT NULL ORDER BY id") == [{"id": "1", "name": "ada"}, {"id": "2", "name": "bob"}, {"id": "5", "name": None}]


def test_messages(weir, landing):
    failed = weir.fails("sql", "-c", f"SELECT * FROM read_files('{landing}', format => 'json', schema => '{SCHEMA}', mode => 'FAILFAST')", condition="MALFORMED_RECORD")
    assert "a.json, line 3: column `id`: \"three\" is no int" in failed.err
    (landing / "a.json").write_text('{"id":1}\n{"id":2,"x":[1,}\n')
    failed = weir.fails("sql", "-c", f"SELECT * FROM read_files('{landing}', format => 'json', schema => 'id INT', mode => 'FAILFAST')", condition="MALFORMED_RECORD")
    assert "a.json, line 2: byte 16: something that is no value" in failed.err
    failed = weir.fails("sql", "-c", f"SELECT * FROM read_files('{landing}', format => 'json', schema => 'm MAP<INT, STRING>')", condition="JSON_MAP_KEY_TYPE")
    assert "MAP<STRING, ..>" in failed.err
    weir.fails("sql", "-c", f"SELECT * FROM read_files('{landing}', format => 'json', schema => 'a INT', header => 'true')", condition="OPTION_UNKNOWN")
    weir.fails("sql", "-c", f"SELECT * FROM read_files('{landing}', format => 'json', schema => 'a INT', encoding => 'UTF-16')", condition="OPTION_INVALID")


def test_repeated_keys(weir, landing):
    """A MAP has what the object had; a query sees each key once, with the last value."""
    (landing / "a.json").write_text('{"m":{"a":1,"b":2,"a":3}}\n')
    assert rows(weir, f"SELECT m['a'] AS a, m['b'] AS b, size(map_keys(m)) AS n FROM read_files('{landing}', format => 'json', schema => 'm MAP<STRING, INT>')") == [{"a": 3, "b": 2, "n": 2}]
