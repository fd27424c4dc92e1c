"""Streaming tables over read_files without a schema: the columns are found once, and hold until the table is built anew."""
import json

import pytest


@pytest.fixture
def project(lakehouse):
    folder = lakehouse.root.parent / "project"
    (folder / "transformations").mkdir(parents=True)
    (folder / "in").mkdir()
    (folder / "spark-pipeline.yml").write_text(f"name: p\nstorage: file://{folder}/st\nlibraries:\n  - glob:\n      include: transformations/**\n")
    lakehouse("external-locations", "create", "here", str(folder))
    return folder


def flow(project, more="", select="*"):
    (project / "transformations" / "a.sql").write_text(f"CREATE STREAMING TABLE st AS SELECT {select} FROM STREAM read_files('{project}/in', format => 'json'{more});")


def rows(lakehouse, columns="*"):
    return [json.loads(line) for line in lakehouse("sql", "-o", "ndjson", "-c", f"SELECT {columns} FROM st ORDER BY id").out.splitlines()]


def test_columns_are_found_once(lakehouse, project):
    spec = ["--spec", str(project / "spark-pipeline.yml")]
    flow(project)
    (project / "in" / "a.json").write_text('{"id":1,"user":{"name":"ada"}}\n')
    lakehouse("dry-run", *spec)
    assert not (project / "st").exists() or not list((project / "st").rglob("_schemas"))
    told = lakehouse("run", *spec)
    assert "columns found in the files" in told.out + told.err and "id BIGINT,user STRUCT<name: STRING>" in told.out + told.err
    (project / "in" / "b.json").write_text('{"id":2,"user":{"name":"bob","age":7},"new":true}\n')
    lakehouse("run", *spec)
    assert rows(lakehouse) == [{"id": 1, "user": {"name": "ada"}}, {"id": 2, "user": {"name": "bob"}}]
    lakehouse("run", *spec, "--full-refresh", "st")
    assert rows(lakehouse) == [{"id": 1, "new": None, "user": {"age": None, "name": "ada"}}, {"id": 2, "new": True, "user": {"age": 7, "name": "bob"}}]
    kept = sorted(str(path.relative_to(project / "st")) for path in (project / "st").rglob("_schemas/*"))
    assert kept == ["_checkpoints/workspace/default/st/st/0/_schemas/0", "_checkpoints/workspace/default/st/st/1/_schemas/0"]


def test_hints_and_location(lakehouse, project):
    spec = ["--spec", str(project / "spark-pipeline.yml")]
    (project / "in" / "a.json").write_text('{"id":1,"at":"2024-01-02T03:04:05Z","price":"1.50"}\n')
    flow(project, f", schemaHints => 'at TIMESTAMP, price DECIMAL(10,2)', schemaLocation => '{project}/columns'", "*, _metadata.file_name AS file")
    lakehouse("run", *spec)
    assert rows(lakehouse) == [{"at": "2024-01-02T03:04:05.000000Z", "id": 1, "price": "1.50", "file": "a.json"}]
    assert '"name":"price","type":"decimal(10,2)"' in (project / "columns" / "_schemas" / "0").read_text()


def test_nothing_to_find(lakehouse, project):
    flow(project)
    failed = lakehouse.fails("run", "--spec", str(project / "spark-pipeline.yml"), condition="UNABLE_TO_INFER_SCHEMA")
    assert "a.sql" in failed.err
