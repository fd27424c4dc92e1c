"""Streaming tables over read_files without a schema: the columns are found once, and columns that come with new files come into the table."""
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
    flow(project, ", schemaEvolutionMode => 'none'")
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


def test_columns_come(lakehouse, project):
    """Top level and nested; the commit that brings the rows brings the columns."""
    spec = ["--spec", str(project / "spark-pipeline.yml")]
    flow(project, select="*, _metadata.file_name AS file")
    (project / "in" / "a.json").write_text('{"id":1,"user":{"name":"ada"},"l":[{"x":1}]}\n')
    lakehouse("run", *spec)
    (project / "in" / "b.json").write_text('{"id":2,"user":{"name":"bob","age":7},"new":true,"l":[{"x":2,"y":"k"}]}\nbroken\n')
    told = lakehouse("run", *spec)
    assert "new fields in the files: l.y, new, user.age" in told.out + told.err
    (project / "in" / "c.json").write_text('{"id":3}\n')
    lakehouse("run", *spec)
    assert rows(lakehouse, "id, l, user, file, new") == [
        {"id": None, "l": None, "user": None, "file": "b.json", "new": None},
        {"id": 1, "l": [{"x": 1, "y": None}], "user": {"name": "ada", "age": None}, "file": "a.json", "new": None},
        {"id": 2, "l": [{"x": 2, "y": "k"}], "user": {"name": "bob", "age": 7}, "file": "b.json", "new": True},
        {"id": 3, "l": None, "user": None, "file": "c.json", "new": None}]
    history = [row["operation"] for row in map(json.loads, lakehouse("sql", "-o", "ndjson", "-c", "DESCRIBE HISTORY st").out.splitlines())]
    assert history == ["STREAMING UPDATE", "STREAMING UPDATE", "STREAMING UPDATE", "CREATE TABLE"], history


def test_new_columns_may_stop(lakehouse, project):
    spec = ["--spec", str(project / "spark-pipeline.yml")]
    flow(project, ", onNewColumns => 'stop'")
    (project / "in" / "a.json").write_text('{"id":1}\n')
    lakehouse("run", *spec)
    (project / "in" / "b.json").write_text('{"id":2,"new":5}\n')
    failed = lakehouse.fails("run", *spec, condition="UNKNOWN_FIELD_EXCEPTION")
    assert "new" in failed.err and rows(lakehouse) == [{"id": 1}]
    lakehouse("run", *spec)
    assert rows(lakehouse) == [{"id": 1, "new": None}, {"id": 2, "new": 5}]


def test_new_columns_may_fail(lakehouse, project):
    spec = ["--spec", str(project / "spark-pipeline.yml")]
    flow(project, ", schemaEvolutionMode => 'failOnNewColumns'")
    (project / "in" / "a.json").write_text('{"id":1}\n')
    lakehouse("run", *spec)
    (project / "in" / "b.json").write_text('{"id":2,"new":5}\n')
    for _ in range(2):
        lakehouse.fails("run", *spec, condition="UNKNOWN_FIELD_EXCEPTION")
    (project / "in" / "b.json").write_text('{"id":2}\n')
    lakehouse("run", *spec)
    assert rows(lakehouse) == [{"id": 1}, {"id": 2}]
    flow(project, ", schemaEvolutionMode => 'addNewColumns', schema => 'id BIGINT'")
    lakehouse.fails("run", *spec, condition="EVOLUTION_WITH_SCHEMA")


def test_columns_of_csv_go_by_name(lakehouse, project):
    """Another order, a column less, a column more; types of all files together."""
    spec = ["--spec", str(project / "spark-pipeline.yml")]
    (project / "transformations" / "a.sql").write_text(
        f"CREATE STREAMING TABLE st AS SELECT * FROM STREAM read_files('{project}/in', format => 'csv', header => true);")
    (project / "in" / "a.csv").write_text("id,name\n1,ada\n")
    (project / "in" / "b.csv").write_text("name,ID\nbob,20000000000\n")
    lakehouse("run", *spec)
    assert rows(lakehouse) == [{"id": 1, "name": "ada"}, {"id": 20000000000, "name": "bob"}]
    (project / "in" / "c.csv").write_text("price,name,id\n1.5,eve,3\n")
    (project / "in" / "d.csv").write_text('id,price\n4,2\n5,"3"\n6\n7,1,2\n')
    lakehouse("run", *spec)
    assert rows(lakehouse) == [
        {"id": 1, "name": "ada", "price": None}, {"id": 3, "name": "eve", "price": 1.5}, {"id": 4, "name": None, "price": 2.0}, {"id": 5, "name": None, "price": 3.0},
        {"id": 6, "name": None, "price": None}, {"id": 7, "name": None, "price": 1.0}, {"id": 20000000000, "name": "bob", "price": None}]


def test_ingest_takes_new_columns(weir, tmp_path):
    source, table = tmp_path / "in", tmp_path / "t"
    source.mkdir()
    words = ("ingest", source, "--into", f"delta.`{table}`", "--checkpoint", tmp_path / "ck", "--option", "header=true")
    (source / "a.csv").write_text("id,v\n1,2\n")
    weir(*words)
    (source / "b.csv").write_text("v,more,id\n4,x,3\n")
    told = weir(*words)
    assert "new fields in the files: more" in told.err
    found = [json.loads(line) for line in weir("sql", "-o", "ndjson", "-c", f"SELECT * FROM delta.`{table}` ORDER BY id").out.splitlines()]
    assert found == [{"id": 1, "v": 2, "more": None}, {"id": 3, "v": 4, "more": "x"}]
    assert sorted(path.name for path in (tmp_path / "ck" / "_schemas").iterdir()) == ["0", "1"]
