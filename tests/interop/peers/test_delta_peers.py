"""Delta tables of weir in the hands of others: delta-rs, DuckDB and Polars read the same rows; log, statistics and checkpoints hold what they
should."""
import json
import shutil
import subprocess
import urllib.parse

import deltalake
import duckdb
import pytest
from harness import render
from harness import weir

TABLES = ["every_type", "nulls_and_nan", "many_commits", "partitioned", "partition_null", "nested", "overwritten", "ntz"]


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    program = weir.program_path("delta_test_writer")
    folder = tmp_path_factory.mktemp("delta")
    subprocess.run([program, "--write", folder], check=True)
    return folder


@pytest.mark.parametrize("name", TABLES)
def test_others_read_the_same_rows(readers, tables, name):
    expected = render.ndjson((tables / f"{name}.ndjson").read_text())
    assert len(expected) > 0
    readers.agree(tables / name, expected)


def test_others_read_old_versions(readers, tables):
    rows = render.ndjson((tables / "many_commits.ndjson").read_text())
    for version in (0, 9, 10, 11, 22):
        assert len(readers.agree(tables / "many_commits", version=version)) == 2 * (version + 1)
    assert len(rows) == 46


def test_others_append_and_weir_s_log_goes_on(tables, tmp_path):
    """delta-rs appends on top of weir's checkpoint: it understood log and checkpoint, protocol and schema."""
    path = tmp_path / "many_commits"
    shutil.copytree(tables / "many_commits", path)
    table = deltalake.DeltaTable(path)
    assert table.version() == 22
    deltalake.write_deltalake(path, table.to_pyarrow_table(), mode="append")
    assert deltalake.DeltaTable(path).to_pyarrow_table().num_rows == 92


def adds(path):
    for commit in sorted((path / "_delta_log").glob("*.json")):
        for line in commit.read_text().splitlines():
            action = json.loads(line)
            if "add" in action:
                yield action["add"]


@pytest.mark.parametrize("name", ["every_type", "nulls_and_nan", "many_commits", "nested", "partitioned"])
def test_statistics_are_bounds(tables, name):
    """Counts are right, and no value lies outside of what its file's statistics say."""
    con = duckdb.connect()
    con.execute("SET TimeZone='UTC'")
    for add in adds(tables / name):
        stats = json.loads(add["stats"])
        path = tables / name / urllib.parse.unquote(add["path"])
        file = f"read_parquet('{path}', hive_partitioning=false)"
        assert con.sql(f"SELECT count(*) FROM {file}").fetchone()[0] == stats["numRecords"]
        assert path.stat().st_size == add["size"]
        kinds = {row[0]: row[1] for row in con.sql(f"DESCRIBE SELECT * FROM {file}").fetchall()}
        for column, nulls in stats["nullCount"].items():
            if not isinstance(nulls, dict):
                assert con.sql(f'SELECT count(*) FROM {file} WHERE "{column}" IS NULL').fetchone()[0] == nulls
        for bounds, operator in (("minValues", "<"), ("maxValues", ">")):
            for column, bound in stats[bounds].items():
                if isinstance(bound, dict):
                    continue
                slack = " + INTERVAL 1 MILLISECOND" if operator == ">" and "TIMESTAMP" in kinds[column] else ""
                outside = con.execute(f'SELECT count(*) FROM {file} WHERE "{column}" {operator} (CAST(? AS {kinds[column]}){slack})', [str(bound)]).fetchone()[0]
                assert outside == 0, (name, column, bounds, bound)


def test_checkpoints_hold_the_state(tables):
    path = tables / "many_commits" / "_delta_log"
    hint = json.loads((path / "_last_checkpoint").read_text())
    assert hint["version"] == 20 and hint["numOfAddFiles"] == 21
    con = duckdb.connect()
    rows = con.sql(f"SELECT * FROM read_parquet('{path}/00000000000000000020.checkpoint.parquet')").fetchall()
    assert len(rows) == hint["size"] == 23
    kinds = dict(row[:2] for row in con.sql(f"DESCRIBE SELECT * FROM read_parquet('{path}/00000000000000000020.checkpoint.parquet')").fetchall())
    assert list(kinds) == ["txn", "add", "remove", "metaData", "protocol", "domainMetadata"]
    one = con.sql(f"""SELECT count(*) FILTER (add IS NOT NULL), count(*) FILTER (metaData IS NOT NULL), count(*) FILTER (protocol IS NOT NULL),
                      count(DISTINCT add.path), bool_or(add.dataChange) FROM read_parquet('{path}/00000000000000000020.checkpoint.parquet')""").fetchone()
    assert one == (21, 1, 1, 21, False)
