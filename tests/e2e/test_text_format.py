"""The format text: a line a row, or a file."""
import json
import os


def rows(weir, sql):
    return [json.loads(line) for line in weir("sql", "-o", "ndjson", "-c", sql).out.splitlines()]


def test_lines_and_files(weir, tmp_path):
    folder = tmp_path / "in"
    (folder / "day=1").mkdir(parents=True)
    (folder / "day=1" / "a.txt").write_bytes(b"a\r\n\r\n b,c \n\xc3\xa9\nlast\rx")
    weir("external-locations", "create", "here", tmp_path)
    found = rows(weir, f"SELECT value, day FROM read_files('{folder}', format => 'text')")
    assert found == [{"value": value, "day": 1} for value in ["a", "", " b,c ", "é", "last", "x"]]
    assert rows(weir, f"SELECT value, _metadata.file_name AS name FROM text.`{folder}` WHERE value LIKE '%c%'") == [{"value": " b,c ", "name": "a.txt"}]
    assert [row["x"] for row in rows(weir, f"SELECT x FROM read_files('{folder}', format => 'text', schema => 'x STRING', lineSep => ',')")] == ["a\r\n\r\n b", "c \né\nlast\rx"]
    assert rows(weir, f"SELECT length(value) AS n FROM read_files('{folder}', format => 'text', wholetext => true)") == [{"n": 19}]
    weir("sql", "-c", f"CREATE TABLE logs USING text LOCATION '{folder}'")
    assert rows(weir, "SELECT count(*) AS n FROM logs") == [{"n": 6}]
    weir("ingest", folder, "--into", "bronze", "--format", "text", "--schema", "value STRING")
    assert rows(weir, "SELECT count(*) AS n, max(day) AS day FROM bronze") == [{"n": 6, "day": 1}]
    weir.fails("sql", "-c", f"SELECT * FROM read_files('{folder}', format => 'text', schema => 'a INT')", condition="TEXT_COLUMNS")
    weir.fails("sql", "-c", f"SELECT * FROM read_files('{folder}', format => 'text', header => true)", condition="OPTION_UNKNOWN")


def test_files_by_their_time(weir):
    """modifiedAfter and modifiedBefore: strictly between, in the read's zone; batch reads only."""
    folder = weir.cwd / "timed"
    folder.mkdir()
    for hour in range(4):
        (folder / f"{hour}.txt").write_text(f"{hour}\n")
        os.utime(folder / f"{hour}.txt", (1767268800 + 3600 * hour, 1767268800 + 3600 * hour))  # 2026-01-01 12:00 UTC and later
    weir("external-locations", "create", "timed", folder)

    def values(options):
        return [row["value"] for row in weir.sql(f"SELECT value FROM read_files('{folder}', format => 'text', {options}) ORDER BY value")]

    assert values("modifiedAfter => '2026-01-01T12:00:00'") == ["1", "2", "3"]
    assert values("modifiedBefore => '2026-01-01 14:00:00'") == ["0", "1"]
    assert values("modifiedAfter => '2026-01-01T12:00:00', modifiedBefore => '2026-01-01T14:00:01'") == ["1", "2"]
    assert values("modifiedAfter => '2026-01-01T13:30:00+01:00'") == ["1", "2", "3"]
    assert values("modifiedAfter => '2027'") == []
    failed = weir.fails("sql", "-c", f"SELECT * FROM read_files('{folder}', format => 'text', modifiedAfter => 'noon')", condition="FILE_OPTION_INVALID")
    assert "2026-01-31T12:00:00" in str(failed)
    failed = weir.fails("ingest", folder, "--into", f"delta.`{weir.cwd}/t`", "--format", "text", "--checkpoint", weir.cwd / "ck", "--option", "modifiedAfter=2026-01-01", condition="FILE_OPTION_UNSUPPORTED")
    assert "modifiedAfter" in str(failed)
