"""The portable project, unchanged, over the three October samples dropped one after another: every table equals what Spark made of it, after each run."""
import gzip
import json
import shutil

import pytest

from harness import render

SAMPLES = ["2019-Oct.sidat1k.csv", "2019-Oct.lab2bd.csv", "2019-Oct.team11.csv"]


@pytest.fixture
def project(lakehouse, shared, tmp_path):
    """The project's files as they stand, but for the storage, which must be a folder of the test's own."""
    source = shared / "example-pipeline"
    if not source.is_dir():
        pytest.skip("shared data not there: example-pipeline")
    folder = tmp_path / "project"
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("expected"))
    spec = folder / "spark-pipeline.yml"
    spec.chmod(0o644)
    text = spec.read_text().replace("file:///tmp/ecommerce/pipeline-storage", f"file://{tmp_path}/storage")
    spec.write_text(text)
    (folder / "landing").mkdir()
    weir = lakehouse.at(cwd=folder)
    weir("external-locations", "create", "landing", str(folder))
    weir("sql", "--var", f"landing={folder}/landing", "setup.sql")
    return weir, folder, source / "expected"


def expected_rows(folder, run, table):
    plain = folder / f"run{run}" / f"{table}.ndjson"
    packed = plain.with_suffix(".ndjson.gz")
    text = plain.read_text() if plain.exists() else gzip.decompress(packed.read_bytes()).decode()
    return [json.loads(line) for line in text.splitlines()]


def drop(shared, folder, name):
    hidden = folder / "landing" / f".{name}"
    shutil.copyfile(shared / "data" / "events" / name, hidden)
    hidden.rename(folder / "landing" / name)


def check_all(weir, expected, run):
    columns = json.loads((expected / "columns.json").read_text())
    for table, types in columns.items():
        rows = weir.sql(f"SELECT * FROM {table}")
        told = render.difference(rows, sorted(expected_rows(expected, run, table), key=json.dumps), 1e-9)
        assert told is None, f"run {run}, {table}: {told}"
        described = weir.rows_in_order(f"DESCRIBE TABLE {table}")
        names = {row["col_name"]: row["data_type"] for row in described if row["col_name"] in types}
        assert names == types, f"run {run}, {table}"


@pytest.mark.timeout(240)
def test_three_runs(project, shared):
    weir, folder, expected = project
    for run, name in enumerate(SAMPLES, start=1):
        drop(shared, folder, name)
        weir("run")
        check_all(weir, expected, run)
    again = weir("run")
    assert "nothing new" in again.err
    check_all(weir, expected, 3)
    weir("run", "--full-refresh-all")
    check_all(weir, expected, 3)


def test_dry_run_writes_nothing(project):
    weir, folder, _ = project
    before = sorted(str(path) for path in folder.parent.rglob("*"))
    nodes = weir("dry-run", "-o", "json").json()
    assert [node["name"] for node in nodes][0].startswith("workspace.bronze.")
    assert len(nodes) == 21
    after = sorted(str(path) for path in folder.parent.rglob("*"))
    assert [path for path in after if path not in before and "catalog.db" not in path] == []


def test_one_file_at_a_time_gives_whole_counts(project, shared):
    """Silver and Gold stand for one version of Bronze each: counts of a reader never go back."""
    weir, folder, _ = project
    drop(shared, folder, SAMPLES[0])
    weir("run")
    first = weir.rows_in_order("SELECT count(*) AS n FROM bronze.events")[0]["n"]
    drop(shared, folder, SAMPLES[1])
    weir("run")
    second = weir.rows_in_order("SELECT count(*) AS n FROM bronze.events")[0]["n"]
    assert (first, second) == (1000, 6019)
