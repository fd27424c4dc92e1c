"""CREATE OR REPLACE TABLE, INSERT from the table itself, and what the errors of writing say."""
import json

import pytest


def rows(weir, sql):
    return [json.loads(line) for line in weir("sql", "-o", "ndjson", "-c", sql).out.splitlines()]


def test_replace(weir):
    weir("sql", "-c", "CREATE TABLE t (a INT, b STRING) TBLPROPERTIES ('x.y' = '1') COMMENT 'old'; INSERT INTO t VALUES (1, 'x')")
    weir("sql", "-c", "CREATE OR REPLACE TABLE t (c DOUBLE, p INT) PARTITIONED BY (p)")
    assert rows(weir, "SELECT * FROM t") == []
    weir("sql", "-c", "INSERT INTO t VALUES (1.5, 2)")
    weir("sql", "-c", "CREATE OR REPLACE TABLE t AS SELECT c + 1 AS z FROM t")
    assert rows(weir, "SELECT * FROM t") == [{"z": 2.5}]
    assert rows(weir, "SELECT * FROM t VERSION AS OF 1") == [{"a": 1, "b": "x"}]
    history = [row["operation"] for row in rows(weir, "DESCRIBE HISTORY t")]
    assert history == ["CREATE OR REPLACE TABLE AS SELECT", "WRITE", "CREATE OR REPLACE TABLE", "WRITE", "CREATE TABLE"]
    weir("sql", "-c", "CREATE OR REPLACE TABLE fresh AS SELECT 1 AS a; CREATE OR REPLACE TABLE fresh (b INT)")
    assert rows(weir, "DESCRIBE fresh") == [{"col_name": "b", "data_type": "int", "comment": None}]


def test_what_is_not_replaced(weir, tmp_path):
    weir("external-locations", "create", "here", tmp_path)
    (tmp_path / "in").mkdir()
    weir("sql", "-c", f"CREATE TABLE raw (a INT) USING csv LOCATION '{tmp_path}/in'")
    weir.fails("sql", "-c", "CREATE OR REPLACE TABLE raw AS SELECT 1 AS a", condition="REPLACE_TEXT_TABLE")
    weir("sql", "-c", "CREATE TABLE t (a INT)")
    weir.fails("sql", "-c", f"CREATE OR REPLACE TABLE t (a INT) LOCATION '{tmp_path}/t'", condition="REPLACE_LOCATION")
    weir.fails("sql", "-c", "CREATE OR REPLACE TABLE IF NOT EXISTS t (a INT)")
    weir.fails("sql", "-c", "CREATE OR REPLACE TABLE t AS SELECT CAST('x' AS INT) AS a", condition="CAST_INVALID_INPUT")
    assert rows(weir, "DESCRIBE t")[0]["col_name"] == "a"


@pytest.mark.parametrize(("query", "blind"), [("SELECT * FROM t", False), ("SELECT max(a) + 1 FROM t", False), ("VALUES (5)", True), ("SELECT * FROM u", True)])
def test_insert_that_reads_its_table_is_no_blind_append(weir, query, blind):
    weir("sql", "-c", "CREATE TABLE t (a INT); CREATE TABLE u (a INT); INSERT INTO t VALUES (1); INSERT INTO u VALUES (2)")
    weir("sql", "-c", f"INSERT INTO t {query}")
    assert rows(weir, "DESCRIBE HISTORY t")[0]["isBlindAppend"] is blind


def test_messages(weir):
    weir("sql", "-c", "CREATE TABLE t (a TINYINT)")
    for values in ("VALUES (300)", "SELECT id FROM range(299, 301)"):
        failed = weir.fails("sql", "-c", f"INSERT INTO t {values}", condition="CAST_OVERFLOW_IN_TABLE_INSERT")
        assert '"tinyint" type column or variable `a`' in failed.err
    assert rows(weir, "SELECT * FROM t") == []
    for sql in ("SELECT a FROM nope", "SELECT FROM", "SELECT java_method('a')", "CREATE TABLE x USING orc AS SELECT 1 AS a"):
        failed = weir.fails("sql", "-c", sql)
        assert ": 1:" in failed.err and "column " not in failed.err.split(":", 3)[3], failed.err
