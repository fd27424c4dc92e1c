"""`weir generate events`: the same bytes for the same seed, whatever the files; the shape of the data; files that appear whole."""
import collections
import csv
import datetime as dt
import hashlib
import re
import signal
import time
import uuid

import pytest

HEADER = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session"


def files(folder):
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def body(folder):
    """The rows of all files in order of name, without headers."""
    return "".join(path.read_text().split("\n", 1)[1] for path in files(folder))


def generate(weir, folder, *more, **options):
    return weir("generate", "events", *more, folder, **options)


@pytest.mark.parametrize("count", [2, 7, 500])
def test_files_do_not_change_the_rows(weir, tmp_path, count):
    generate(weir, "one", "--rows", 1003, "--seed", 3)
    generate(weir, "many", "--rows", 1003, "--seed", 3, "--files", count)
    assert len(files(tmp_path / "many")) == count
    assert all(path.read_text().startswith(HEADER + "\n") for path in files(tmp_path / "many"))
    assert body(tmp_path / "many") == body(tmp_path / "one")
    assert body(tmp_path / "one").count("\n") == 1003


def test_more_rows_go_on_and_other_seeds_differ(weir, tmp_path):
    generate(weir, "short", "--rows", 100)
    generate(weir, "long", "--rows", 1000)
    generate(weir, "other", "--rows", 100, "--seed", 2)
    assert body(tmp_path / "long").startswith(body(tmp_path / "short"))
    assert body(tmp_path / "other") != body(tmp_path / "short")


def test_first_goes_on_in_the_same_folder(weir, tmp_path):
    generate(weir, "whole", "--rows", 900)
    generate(weir, "parts", "--rows", 500, "--files", 3)
    told = weir.fails("generate", "events", "--rows", 500, "--files", 3, "parts", condition="FILE_ALREADY_EXISTS", code=4)
    assert "--first 500" in told.err
    generate(weir, "parts", "--rows", 400, "--files", 2, "--first", 500)
    assert body(tmp_path / "parts") == body(tmp_path / "whole")
    told = weir.fails("generate", "events", "--rows", 10, "parts", condition="FILE_ALREADY_EXISTS")
    assert "--first 900" in told.err  # behind the newest file, not behind what was asked for


def test_the_bytes_are_the_same_on_every_machine(weir, tmp_path):
    """Benchmarks compare runs by these rows: who changes the sequence changes every number that was recorded."""
    generate(weir, "in", "--rows", 20_000)
    digest = hashlib.sha256(files(tmp_path / "in")[0].read_bytes()).hexdigest()
    assert digest == "6e805efe213d8552a4af8c6e443f53a952995244228e887d87d96f3ef37379ab"


def test_names(weir, tmp_path):
    generate(weir, "in", "--rows", 10, "--files", 2, "--seed", 7, "--first", 5, "--prefix", "clicks")
    assert [path.name for path in files(tmp_path / "in")] == ["clicks-7-000000000005.csv", "clicks-7-000000000010.csv"]


def test_the_shape(weir, tmp_path):
    generate(weir, "in", "--rows", 200_000)
    path = files(tmp_path / "in")[0]
    rows = list(csv.DictReader(path.open()))
    assert len(rows) == 200_000
    kinds = collections.Counter(row["event_type"] for row in rows)
    assert set(kinds) == {"view", "cart", "purchase"}
    for kind, share in {"view": 0.9607, "cart": 0.0218, "purchase": 0.0175}.items():
        assert abs(kinds[kind] / 200_000 - share) < 0.003
    assert 125 < path.stat().st_size / 200_000 < 140
    times = [row["event_time"] for row in rows]
    assert times == sorted(times) and times[0].startswith("2019-10-01 00:00:0") and times[0].endswith(" UTC")
    lasted = dt.datetime.strptime(times[-1], "%Y-%m-%d %H:%M:%S UTC") - dt.datetime(2019, 10, 1)
    assert abs(lasted.total_seconds() / (200_000 / 15.85) - 1) < 0.03
    assert abs(sum(row["category_code"] == "" for row in rows) / 200_000 - 1 / 3) < 0.12
    assert 0.05 < sum(row["brand"] == "" for row in rows) / 200_000 < 0.25
    assert collections.Counter(row["brand"] for row in rows if row["brand"]).most_common(1)[0][0] == "samsung"
    sessions = {row["user_session"] for row in rows}
    assert abs(len(sessions) / (0.22 * 200_000 + 40_000 * (1 - 0.78 ** 5)) - 1) < 0.15


def test_each_value_is_what_its_column_says(weir, tmp_path):
    generate(weir, "in", "--rows", 20_000)
    products, users = {}, {}
    for row in csv.DictReader(files(tmp_path / "in")[0].open()):
        assert uuid.UUID(row["user_session"]).version == 4
        assert re.fullmatch(r"\d+\.\d\d", row["price"]) and 0 <= float(row["price"]) <= 2574.07
        assert 1_000_000 <= int(row["product_id"]) < 60_000_000
        assert 2_053_013_552_000_000_000 <= int(row["category_id"]) < 2_053_613_552_000_000_000
        assert int(row["user_id"]) >= 500_000_000 and (int(row["user_id"]) - 500_000_000) % 21 == 0
        assert re.fullmatch(r"|[a-z]{3,10}", row["brand"])
        assert re.fullmatch(r"|[a-z_]+(\.[a-z_]+){1,2}", row["category_code"])
        what = tuple(row[name] for name in ("category_id", "category_code", "brand", "price"))
        assert products.setdefault(row["product_id"], what) == what
        assert users.setdefault(row["user_session"], row["user_id"]) == row["user_id"]


def test_a_volume(lakehouse):
    lakehouse("volumes", "create", "workspace", "default", "landing", "MANAGED")
    generate(lakehouse, "/Volumes/workspace/default/landing/a/b", "--rows", 10)
    listed = lakehouse("fs", "ls", "/Volumes/workspace/default/landing/a/b", "-o", "json").json()
    assert [row["name"] for row in listed] == ["events-1-000000000000.csv"]


def test_what_is_missing_is_named_with_its_command(lakehouse):
    lakehouse("schemas", "create", "shop", "workspace")
    told = lakehouse.fails("generate", "events", "/Volumes/workspace/shop/landing/in", condition="VOLUME_NOT_FOUND", code=3)
    assert "weir volumes create workspace shop landing MANAGED" in told.err
    told = lakehouse.fails("generate", "events", "/Volumes/workspace/nope/landing/in", condition="SCHEMA_NOT_FOUND", code=3)
    assert "weir schemas create nope workspace" in told.err
    lakehouse.fails("generate", "events", "/Volumes/workspace/shop", condition="VOLUME_PATH_INCOMPLETE")


def test_a_volume_needs_a_lakehouse(weir, tmp_path):
    weir.fails("generate", "events", "/Volumes/workspace/shop/landing/in", condition="LAKEHOUSE_NOT_FOUND", code=3)
    assert not (tmp_path / "lakehouse").exists()


@pytest.mark.parametrize("options", [
    ("--rows", "many"), ("--rows", 0), ("--files", 0), ("--rows", 3, "--files", 4), ("--rows", -1), ("--prefix", "_x"),
    ("--prefix", ".x"), ("--prefix", "a/b"), ("--prefix", ""), ("--files", 2_000_000, "--rows", 5_000_000), ("--nope",),
])
def test_wrong_options(weir, tmp_path, options):
    weir.fails("generate", "events", *options, "in", condition="USAGE", code=2)
    assert not (tmp_path / "in").exists()


def test_a_summary(weir, tmp_path):
    told = generate(weir, "in", "--rows", 30, "--files", 4, "--first", 7, "-o", "json").json()
    size = sum(path.stat().st_size for path in files(tmp_path / "in"))
    assert told == [{"folder": str(tmp_path / "in"), "files": 4, "rows": 30, "bytes": size, "first_row": 7, "next_row": 37, "seed": 1}]


def test_a_rate_lets_files_appear_one_by_one_and_ctrl_c_leaves_whole_ones(weir, tmp_path):
    generate(weir, "whole", "--rows", 10_000, "--files", 100)
    process = weir.start("generate", "events", "--rows", 10_000, "--files", 100, "--rate", 1000, "in")  # a file each 100 ms
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not ((tmp_path / "in").exists() and len(files(tmp_path / "in")) >= 3):
        time.sleep(0.02)
    assert 3 <= len(files(tmp_path / "in")) < 100
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130, told
    done = files(tmp_path / "in")
    assert 3 <= len(done) < 100
    assert [path.name for path in (tmp_path / "in").iterdir() if path.name.startswith(".")] == []
    for path in done:
        assert path.read_text() == (tmp_path / "whole" / path.name).read_text()
    assert f"--first {100 * len(done)}" in told


def test_a_folder_that_cannot_be_made(weir, tmp_path):
    (tmp_path / "file").write_text("")
    assert weir.fails("generate", "events", "file/in").code in (1, 3, 4)
    assert weir.fails("generate", "events", "file").code in (1, 4)
