"""What holds for every command: help, exit codes, the shape of errors, output that cannot be written."""
import re
import signal
import subprocess
import time

import pytest

INPUT = "/Volumes/workspace/ecommerce/stream_volume/input"


def commands(weir):
    listed = weir("--help").out
    return [line[2:30].strip() for line in listed.splitlines() if re.match(r"  [a-z]", line)]


def test_every_command_has_help_with_an_example(weir):
    found = commands(weir)
    assert {"init", "run", "dry-run", "ingest", "sql", "files", "status", "history", "generate events", "fs cp", "volumes create"} <= set(found)
    for command in found:
        told = weir(*command.split(), "--help").out
        assert told.startswith(f"usage: weir {command}")
        example = told.split("example:\n")[1]
        assert all(line.startswith("  weir ") for line in example.splitlines()) and command in example
        assert weir(*command.split(), "-h").out == told


@pytest.mark.parametrize("args, code", [
    ((), 2), (("nope",), 2), (("fs",), 2), (("sql", "--nope"), 2), (("sql", "-o", "xml", "-c", "SELECT 1"), 2), (("run", "--continuous=yes"), 2),
    (("history",), 2), (("history", "a", "b"), 2), (("sql", "-c"), 2), (("sql", "-c", "SELECT 1", "-c", "SELECT 2"), 2),
    (("tables", "get", "workspace.default.t"), 3), (("run",), 3), (("sql", "nope.sql"), 3), (("sql", "-c", "SELECT * FROM nope"), 3), (("sql", "-c", "SELEC"), 1),
])
def test_exit_codes_and_the_shape_of_errors(weir, args, code):
    told = weir(*args, check=False)
    assert told.code == code, told
    if args:
        assert re.match(r"[A-Z][A-Z0-9_.]+: \S", told.err.splitlines()[-1]), told
        assert told.out == ""


def test_options_may_stand_anywhere(weir, tmp_path):
    one = weir("sql", "-c", "SELECT 1 AS a", "-o", "json").out
    assert weir("sql", "--output=json", "--command=SELECT 1 AS a").out == one == '[{"a":1}]\n'
    assert weir("--version").out.startswith("weir ")
    weir("schemas", "create", "--comment", "-x-", "s", "workspace", "--root", "here")
    assert (tmp_path / "here" / "catalog.db").exists()


def test_formats(weir):
    sql = "SELECT * FROM VALUES (1, 'a,\"b', NULL), (2, 'ü', 1.5D) AS t(n, s, d) ORDER BY n"
    assert weir("sql", "-o", "json", "-c", sql).json() == [{"n": 1, "s": 'a,"b', "d": None}, {"n": 2, "s": "ü", "d": 1.5}]
    assert weir("sql", "-o", "ndjson", "-c", sql).out == '{"n":1,"s":"a,\\"b","d":null}\n{"n":2,"s":"ü","d":1.5}\n'
    assert weir("sql", "-o", "csv", "-c", sql).out == 'n,s,d\n1,"a,""b",\n2,ü,1.5\n'
    table = weir("sql", "-c", sql).out.splitlines()
    assert len({len(line) for line in table[:-1]}) == 1 and table[-1] == "2 rows"
    empty = "SELECT 1 AS a WHERE false"
    assert weir("sql", "-o", "json", "-c", empty).json() == [] and weir("sql", "-o", "ndjson", "-c", empty).out == ""


def test_a_table_for_people_cuts_what_is_long(weir):
    told = weir("sql", "-c", f"SELECT '{'x' * 500}' AS a, '/{'d/' * 200}file.csv' AS b").out
    assert max(len(line) for line in told.splitlines()) < 140
    assert "…" in told and "/file.csv │" in told


@pytest.mark.parametrize("output", ["table", "json", "ndjson", "csv"])
def test_output_that_cannot_be_written_is_an_error(weir, output):
    with open("/dev/full", "w") as full:
        done = subprocess.run([weir.binary, "sql", "-o", output, "-c", "SELECT id FROM range(100000)"], cwd=weir.cwd, env=weir.env, stdout=full,
                              stderr=subprocess.PIPE, encoding="utf-8", timeout=60, check=False)
    assert done.returncode == 1 and "OUTPUT_FAILED" in done.stderr


def test_a_reader_that_leaves_early(weir):
    done = subprocess.run(["sh", "-c", f"'{weir.binary}' sql -o ndjson -c 'SELECT id FROM range(3000000)' | head -n 1"], cwd=weir.cwd, env=weir.env,
                          capture_output=True, encoding="utf-8", timeout=60, check=True)
    assert done.stdout == '{"id":0}\n' and done.stderr == ""


def test_scripts(weir, tmp_path):
    (tmp_path / "a.sql").write_text("CREATE SCHEMA s;\n-- a comment; with a semicolon\nCREATE TABLE s.t AS SELECT '${word}' AS w;\nSELECT w FROM s.t;\n")
    assert weir("sql", "--var", "word=it's", "-o", "csv", "a.sql", check=False).code != 0
    weir("sql", "-c", "DROP SCHEMA IF EXISTS s CASCADE")
    assert weir("sql", "--var", "word=one", "-o", "csv", "a.sql").out == "w\none\n"
    assert weir("sql", "-o", "csv", stdin="SELECT 1 AS a; SELECT 2 AS b").out == "a\n1\nb\n2\n"
    (tmp_path / "bad.sql").write_text("SELECT 1;\n\nSELECT\n  nope FROM s.t;\n")
    assert re.search(r"bad\.sql:4:3", weir.fails("sql", "bad.sql").err)


def test_a_run_that_stays_takes_files_as_they_land(weir, tmp_path):
    weir("init", "shop")
    shop = weir.at(tmp_path / "shop")
    process = shop.start("run", "--continuous")
    shop("generate", "events", "--rows", 1000, "--files", 2, INPUT)
    wanted = "SELECT count(*) AS n FROM workspace.ecommerce.events_delta"

    def rows():
        told = shop("sql", "-o", "json", "-c", wanted, check=False)
        return told.json()[0]["n"] if told.code == 0 else 0

    def wait_for(n):
        deadline = time.monotonic() + 60
        while rows() != n and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.1)
        return rows()

    assert wait_for(1000) == 1000
    shop("generate", "events", "--rows", 500, "--first", 1000, INPUT)
    assert wait_for(1500) == 1500
    told = shop.fails("run", code=4)
    assert str(process.pid) in told.err
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode in (0, 130), said
    assert "nothing new" in shop("run").err and rows() == 1500


def test_csv_tells_null_from_empty(weir):
    assert weir("sql", "-o", "csv", "-c", "SELECT NULL AS a, '' AS b, 'x' AS c").out.splitlines() == ["a,b,c", ',"",x']
