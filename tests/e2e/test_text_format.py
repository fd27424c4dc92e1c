"""The format text: a line a row, or a file."""
import json


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
