"""Checkpoints that Spark left at every crash window: weir goes on from each, and the table holds each row once."""
import json
import subprocess
import sys

import pytest

from harness import weir as harness


def cases():
    folder = harness.shared_path()
    base = folder / "conformance" / "checkpoint" if folder else None
    return sorted(path.parent.name for path in base.glob("*/expect.json")) if base and base.is_dir() else []


def ingest_words(case, folder, expect):
    """The query as `weir ingest` takes it: the sources in order, their options, the table, the checkpoint."""
    words = ["ingest", *(str(folder / source["path"]) for source in expect["sources"])]
    first = expect["sources"][0]
    words += ["--into", f"delta.`{folder}/table`", "--checkpoint", str(folder / "checkpoint"), "--format", first["format"]]
    if first["schema"]:
        words += ["--schema", first["schema"]]
    options = {name: value.replace("@", str(folder)) for name, value in first["options"].items()}
    if case == "clean-archive":
        options = {name: value for name, value in options.items() if "archive" not in name.lower()} | {"cleanSource": "off"}
    for name, value in options.items():
        words += ["--option", f"{name}={value}"]
    return words


def names(folder):
    return sorted((path.name for path in folder.iterdir() if not path.name.startswith(".")), key=lambda name: int(name.split(".")[0])) if folder.is_dir() else []


def ids(weir, folder):
    return sorted(row["id"] for row in weir.sql(f"SELECT id FROM delta.`{folder}/table`"))


def newest_txn(folder, query):
    found = None
    for path in sorted((folder / "table" / "_delta_log").glob("*.json")):
        for line in path.read_text().splitlines():
            txn = json.loads(line).get("txn")
            if txn and txn["appId"] == query:
                found = txn["version"]
    return found


@pytest.mark.parametrize("case", cases() or [pytest.param("none", marks=pytest.mark.skip(reason="shared data not there"))])
def test_goes_on(case, weir, shared, tmp_path):
    base = shared / "conformance" / "checkpoint"
    folder = tmp_path / "case"
    subprocess.run([sys.executable, base / "relocate.py", base / case, folder, "--next"], check=True, capture_output=True)
    expect = json.loads((base / case / "expect.json").read_text())
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    words = ingest_words(case, folder, expect)
    if expect["refuse"]:
        failed = weir.fails(*words, condition="CHECKPOINT_STATEFUL")
        assert "state" in failed.err
        assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
        return
    weir(*words)
    assert ids(weir, folder) == sorted(expect["ids_after"])
    after, checkpoint = expect["spark_after"], folder / "checkpoint"
    assert set(after["offsets"]) <= set(names(checkpoint / "offsets")) or names(checkpoint / "offsets")[-1] == after["offsets"][-1]
    assert names(checkpoint / "commits")[-1] == after["commits"][-1]
    for source, files in after["sources"].items():
        ours = names(checkpoint / "sources" / source)
        if case not in ("crash-a", "batch-0-planned-a"):
            assert ours[-1:] == files[-1:], f"sources/{source}"
    if expect["rerun_batch"] is not None:
        path = checkpoint / "offsets" / str(expect["rerun_batch"])
        assert path.read_bytes() == before[path], "the plan of a batch that is run again stays as it was"
    assert newest_txn(folder, expect["query_id"]) == int(names(checkpoint / "commits")[-1])
    again = weir(*words)
    assert "nothing new" in again.err
    assert ids(weir, folder) == sorted(expect["ids_after"])


def test_archiving_is_refused_by_name(weir, shared, tmp_path):
    base = shared / "conformance" / "checkpoint"
    folder = tmp_path / "case"
    subprocess.run([sys.executable, base / "relocate.py", base / "clean-archive", folder, "--next"], check=True, capture_output=True)
    expect = json.loads((base / "clean-archive" / "expect.json").read_text())
    words = ingest_words("plain", folder, expect)
    failed = weir.fails(*words)
    assert "cleanSource" in failed.err
