"""The folders of the shared suite that Spark read as streams: which files a stream takes, under which names, with which columns."""
import json
import os
import pathlib
import shutil

import pytest

from harness.weir import shared_path

ROOT = (shared_path() or pathlib.Path("/nonexistent")) / "conformance" / "text" / "streaming"
# Spark refuses a stream without a schema; weir finds it. A file that goes while a batch runs is in test_bad_input.py.
ELSEWHERE = {"no_schema", "deleted_before_its_batch", "deleted_while_read", "deleted_while_read_ignored"}
CASES = sorted(path.name for path in ROOT.iterdir()) if ROOT.is_dir() else []


def lay_out(case, folder, mtimes):
    shutil.copytree(ROOT / case / "input", folder)
    for name, seconds in mtimes.items():
        if (folder / name).exists():
            os.utime(folder / name, ns=(int(seconds * 1000) * 1_000_000,) * 2)


def rows(lakehouse, columns):
    printed = lakehouse("sql", "-o", "ndjson", "-c", f"SELECT {columns} FROM streamed").out
    return [json.loads(line) for line in printed.splitlines()]


@pytest.mark.skipif(not CASES, reason="shared data not there")
@pytest.mark.parametrize("case", CASES)
def test_case(lakehouse, tmp_path, case):
    told = json.loads((ROOT / case / "case.json").read_text())
    if told.get("quirk") or case in ELSEWHERE:
        pytest.skip("an accident of Spark" if told.get("quirk") else "not asked here")
    folder = tmp_path / "input"
    lay_out(case, folder, told["streaming"]["mtimes"])
    lakehouse("external-locations", "create", "cases", tmp_path)
    options = "".join(f", {name} => '{value}'" for name, value in ({"recursiveFileLookup": "false"} | told["options"]).items())
    project = tmp_path / "project"
    (project / "transformations").mkdir(parents=True)
    (project / "spark-pipeline.yml").write_text("name: cases\nlibraries:\n  - glob:\n      include: transformations/**\n")
    path = str(tmp_path / told["streaming"]["path"]).replace("'", "\\'")
    (project / "transformations" / "flow.sql").write_text(
        f"CREATE STREAMING TABLE streamed AS SELECT {told.get('select', '*')} FROM STREAM read_files('{path}', format => '{told['format']}', schema => '{told['schema']}'{options});\n")
    spec = ["--spec", str(project / "spark-pipeline.yml")]
    if (ROOT / case / "expected-error.txt").exists():
        failed = lakehouse.fails("run", *spec)
        assert ": " in failed.err, failed.err
        return
    lakehouse("run", *spec)
    if case == "grown_and_old":
        first = told["streaming"]["mtimes"]["a.csv"]
        with open(folder / "a.csv", "a") as file:
            file.write("9,grown\n")
        (folder / "b.csv").write_text("2,y\n")
        (folder / "old.csv").write_text("3,too old\n")
        for name, at in (("a.csv", first + 500), ("b.csv", first + 600), ("old.csv", first - 8 * 86400)):
            os.utime(folder / name, (at, at))
        lakehouse("run", *spec)
    expected = [json.loads(line.replace("<ROOT>", str(folder))) for line in (ROOT / case / "expected.ndjson").read_text().splitlines()]
    found = rows(lakehouse, "*")
    key = lambda row: json.dumps(row, sort_keys=True)
    assert sorted(found, key=key) == sorted(expected, key=key)
    if expected:
        assert list(found[0]) == list(expected[0])
