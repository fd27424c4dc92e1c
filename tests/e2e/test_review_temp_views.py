"""Temporary views over streams: read with STREAM, one over the other, in streaming tables; and names that WITH does not mean."""
import pytest


@pytest.fixture
def project(lakehouse):
    folder = lakehouse.root.parent / "project"
    (folder / "transformations").mkdir(parents=True)
    (folder / "in").mkdir()
    (folder / "spark-pipeline.yml").write_text(
        f"name: p\nstorage: file://{folder}/st\ncatalog: workspace\ndatabase: default\nlibraries:\n  - glob:\n      include: transformations/**\n"
    )
    (folder / "in" / "a.csv").write_text("id,name\n1,a\n2,b\n3,c\n")
    lakehouse("external-locations", "create", "here", str(folder))
    return folder


def pipeline(project, text):
    source = f"STREAM read_files('{project}/in', format => 'csv', header => true, schema => 'id BIGINT, name STRING')"
    (project / "transformations" / "a.sql").write_text(text.replace("$SOURCE", source))


@pytest.mark.parametrize("stream", ["STREAM", ""])
def test_a_streaming_table_reads_chained_temporary_views(lakehouse, project, stream):
    pipeline(project, f"""CREATE TEMPORARY VIEW v1 AS SELECT *, id * 10 AS ten FROM $SOURCE;
CREATE TEMPORARY VIEW v2 AS SELECT ten, name FROM {stream} v1 WHERE id > 1;
CREATE STREAMING TABLE st AS SELECT * FROM {stream} V2;
CREATE TEMPORARY VIEW v3 AS SELECT count(*) AS n FROM st;
CREATE TEMPORARY VIEW v4 AS SELECT n + 1 AS n FROM v3;
CREATE MATERIALIZED VIEW mv AS SELECT * FROM v4;""")
    spec = ["--spec", str(project / "spark-pipeline.yml")]
    lakehouse("run", *spec)
    (project / "in" / "b.csv").write_text("id,name\n7,z\n")
    lakehouse("run", *spec)
    rows = lakehouse("sql", "-c", "SELECT ten, name FROM st ORDER BY ten", "-o", "json").json()
    assert rows == [{"ten": 20, "name": "b"}, {"ten": 30, "name": "c"}, {"ten": 70, "name": "z"}]
    assert lakehouse("sql", "-c", "SELECT n FROM mv", "-o", "json").json() == [{"n": 4}]


def test_streaming_from_a_temporary_view_of_a_batch_is_refused(lakehouse, project):
    pipeline(project, """CREATE MATERIALIZED VIEW b AS SELECT 1 AS x;
CREATE TEMPORARY VIEW v AS SELECT x FROM b;
CREATE STREAMING TABLE st AS SELECT * FROM STREAM v;""")
    lakehouse.fails("run", "--spec", str(project / "spark-pipeline.yml"), condition="INVALID_FLOW_QUERY_TYPE.BATCH_RELATION_FOR_STREAMING_TABLE")


def test_another_version_of_a_name_of_with_is_a_table(lakehouse, project):
    pipeline(project, "CREATE MATERIALIZED VIEW a AS WITH v AS (SELECT 1 AS x) SELECT * FROM v VERSION AS OF 0;")
    lakehouse.fails("run", "--spec", str(project / "spark-pipeline.yml"), condition="TABLE_OR_VIEW_NOT_FOUND", code=3)
