"""What a kill may leave while --full-refresh marks its checkpoints: a folder without its mark is none, one with it is finished first."""
import json

import pytest


@pytest.fixture
def project(lakehouse):
    folder = lakehouse.root.parent / "project"
    (folder / "transformations").mkdir(parents=True)
    (folder / "in").mkdir()
    (folder / "spark-pipeline.yml").write_text(f"name: p\nstorage: file://{folder}/st\nlibraries:\n  - glob:\n      include: transformations/**\n")
    (folder / "transformations" / "a.sql").write_text(
        f"CREATE STREAMING TABLE b AS SELECT * FROM STREAM read_files('{folder}/in', format => 'csv', schema => 'id INT');\nCREATE STREAMING TABLE s AS SELECT id * 2 AS two FROM STREAM b;")
    (folder / "in" / "a.csv").write_text("1\n2\n")
    lakehouse("external-locations", "create", "here", str(folder))
    return folder


def counts(lakehouse):
    return [json.loads(lakehouse("sql", "-o", "ndjson", "-c", f"SELECT count(*) AS n FROM {table}").out)["n"] for table in ("b", "s")]


@pytest.mark.parametrize("left", [[], ["_weir"], ["_weir", "_weir/.anew.0.tmp"]])
@pytest.mark.parametrize("table", ["b", "s"])
def test_a_folder_without_its_mark(lakehouse, project, table, left):
    run = ("run", "--spec", str(project / "spark-pipeline.yml"))
    lakehouse(*run)
    folder = project / "st" / "_checkpoints" / "workspace" / "default" / table / table / "1"
    folder.mkdir()
    for name in left:
        (folder / name).write_text("{}") if name.endswith(".tmp") else (folder / name).mkdir()
    lakehouse(*run)
    assert counts(lakehouse) == [2, 2]
    (project / "in" / "b.csv").write_text("3\n")
    lakehouse(*run)
    assert counts(lakehouse) == [3, 3]
    lakehouse(*run, "--full-refresh-all")
    assert counts(lakehouse) == [3, 3]


@pytest.mark.parametrize("marks", [["anew"], ["anew", "begun"]])
def test_a_folder_with_its_mark(lakehouse, project, marks):
    run = ("run", "--spec", str(project / "spark-pipeline.yml"))
    lakehouse(*run)
    for table in ("s", "b"):
        folder = project / "st" / "_checkpoints" / "workspace" / "default" / table / table / "1" / "_weir"
        folder.mkdir(parents=True)
        for mark in marks:
            (folder / mark).write_text("{}\n")
    lakehouse(*run)
    assert counts(lakehouse) == [2, 2]
    assert not (folder / "anew").exists() and (folder / "begun").exists()
    lakehouse(*run)
    assert counts(lakehouse) == [2, 2]
