"""The example project: every statement parses, every SELECT gives the golden rows with the golden types."""
import gzip
import json
import re

import dialect_pipe
import pytest

DUCK = {"timestamp": "TIMESTAMP", "string": "VARCHAR", "bigint": "BIGINT", "double": "DOUBLE", "date": "DATE", "int": "INTEGER", "boolean": "BOOLEAN"}


@pytest.fixture(scope="module")
def project(shared):
    return shared / "example-pipeline"


@pytest.fixture(scope="module")
def columns(project):
    return json.loads((project / "expected" / "columns.json").read_text())


def golden(project, run, table):
    plain = project / "expected" / run / f"{table}.ndjson"
    text = plain.read_text() if plain.exists() else gzip.decompress((plain.parent / f"{table}.ndjson.gz").read_bytes()).decode()
    return [json.loads(line) for line in text.splitlines()]


def translated(project, columns):
    tables = {table: ", ".join(f"{name} {kind}" for name, kind in fields.items()) for table, fields in columns.items()}
    tables["raw.events_csv"] = tables["bronze.events"].replace(", source_file string", "") + ", _corrupt_record STRING"
    scripts = [(project / "transformations" / f"{name}.sql").read_text() for name in ("bronze", "silver", "gold")]
    for script in dialect_pipe.translate(scripts, tables):
        for statement in script:
            assert "error" not in statement, statement
            yield re.search(r"(?:STREAMING TABLE|MATERIALIZED VIEW) (\S+)", statement["text"]).group(1), statement


def test_setup_parses(project):
    statements = dialect_pipe.translate([(project / "setup.sql").read_text()])[0]
    assert len(statements) == 5 and all("error" not in statement for statement in statements)


def test_types_are_those_of_the_project(project, columns):
    seen = {name: statement["columns"] for name, statement in translated(project, columns)}
    assert seen == {table: [list(field) for field in fields.items()] for table, fields in columns.items()}


def order(row):
    return json.dumps([round(value, 4) if isinstance(value, float) else value for value in row])


@pytest.mark.parametrize("run", ["run1", "run2", "run3"])
def test_rows_are_the_golden_ones(project, columns, tmp_path, run):
    connection = dialect_pipe.connect()
    for table, fields in columns.items():
        rows = tmp_path / "rows.ndjson"
        rows.write_text("".join(json.dumps(row) + "\n" for row in golden(project, run, table)))
        kinds = ", ".join(f"'{name}': '{DUCK[kind]}'" for name, kind in fields.items())
        connection.execute(f"""CREATE TABLE "{table}" AS SELECT * FROM read_json('{rows}', format='newline_delimited', columns={{{kinds}}})""")
    compared = 0
    for name, statement in translated(project, columns):
        if name.startswith("bronze."):
            continue  # read from files
        rows, _ = dialect_pipe.answer(connection, statement)
        wanted = [[row[field] for field in columns[name]] for row in golden(project, run, name)]
        assert dialect_pipe.same(sorted(rows, key=order), sorted(wanted, key=order), 1e-9), name
        compared += 1
    assert compared == 19
