"""`weir init`: what it prints works as printed, and what it made is left alone."""
import shlex

import pytest

BRONZE, SILVER = "workspace.ecommerce.events_delta", "workspace.ecommerce.user_features"
INPUT = "/Volumes/workspace/ecommerce/stream_volume/input"


def count(weir, table):
    return weir.sql(f"SELECT count(*) AS n FROM {table}")[0]["n"]


@pytest.mark.parametrize("name", ["shop", "a shop's own", "Läden \"1\""])
def test_the_printed_steps_work(weir, tmp_path, name):
    told = weir("init", name).out
    steps = [shlex.split(line) for line in told.splitlines() if line.startswith("  ")]
    assert steps[0] == ["cd", name] and [step[1] for step in steps[1:]] == ["generate", "run", "sql"]
    inside = weir.at(tmp_path / name)
    rows = None
    for step in steps[1:]:
        assert step[0] == "weir"
        rows = inside(*step[1:]).out
    assert "10 rows" in rows
    assert count(inside, BRONZE) == 100_000
    assert inside.sql(f"SELECT sum(total_events) AS n, count(DISTINCT user_id) = count(*) AS once FROM {SILVER}") == [{"n": 100_000, "once": True}]


def test_new_files_only(weir, tmp_path):
    weir("init", "shop")
    shop = weir.at(tmp_path / "shop")
    assert "nothing" in shop("run").err or count(shop, BRONZE) == 0
    shop("generate", "events", "--rows", 1000, "--files", 4, INPUT)
    assert "4 files, 1,000 rows in" in shop("run").err
    assert "nothing new" in shop("run").err
    shop("generate", "events", "--rows", 500, "--files", 2, "--first", 1000, INPUT)
    assert "2 files, 500 rows in" in shop("run").err
    assert count(shop, BRONZE) == 1500
    taken = shop("files", BRONZE, "-o", "ndjson").rows()
    assert len(taken) == 6 and {row["state"] for row in taken} == {"taken"} and sum(row["rows"] for row in taken) == 1500
    assert all(row["path"].startswith(INPUT + "/events-1-") for row in taken)
    gold = shop.sql("SELECT sum(orders) AS n FROM workspace.ecommerce.brand_revenue")[0]["n"]
    assert gold == shop.sql(f"SELECT count(*) AS n FROM {BRONZE} WHERE event_type = 'purchase'")[0]["n"]
    assert shop.sql("SELECT sum(views + carts + purchases) AS n FROM workspace.ecommerce.category_funnel")[0]["n"] == 1500


def test_the_lakehouse_is_found_from_below(weir, tmp_path):
    weir("init", "shop")
    below = weir.at(tmp_path / "shop" / "transformations")
    below("generate", "events", "--rows", 10, INPUT)
    below("run")
    assert count(below, BRONZE) == 10
    assert not (tmp_path / "shop" / "transformations" / "lakehouse").exists()
    beside = weir("run", "--spec", "shop/spark-pipeline.yml")
    assert "nothing new" in beside.err and not (tmp_path / "lakehouse").exists()


def test_a_root_that_is_given_is_used(lakehouse, tmp_path):
    lakehouse("init", "shop")
    assert not (tmp_path / "shop" / "lakehouse").exists()
    names = [row["name"] for row in lakehouse("volumes", "list", "workspace", "ecommerce", "-o", "json").json()]
    assert names == ["stream_volume"]


def test_a_graph(weir, tmp_path):
    weir("init", "shop")
    told = weir.at(tmp_path / "shop")("dry-run", "-o", "json").json()
    names = [str(row).split("workspace.ecommerce.")[1].split("'")[0] for row in told]
    assert names.index("events_delta") < names.index("user_features") < names.index("buyers")


def test_nothing_is_replaced(weir, tmp_path):
    weir("init", "shop")
    sql = tmp_path / "shop" / "transformations" / "gold.sql"
    sql.write_text("-- mine\n")
    weir.fails("init", "shop", condition="FILE_ALREADY_EXISTS", code=4)
    (tmp_path / "shop" / "spark-pipeline.yml").unlink()
    weir.fails("init", "shop", condition="FILE_ALREADY_EXISTS", code=4)
    assert sql.read_text() == "-- mine\n"
    (tmp_path / "file").write_text("x")
    weir.fails("init", "file", condition="FILE_ALREADY_EXISTS", code=4)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    weir("init", "full")
    assert (tmp_path / "full" / "notes.txt").read_text() == "mine"


def test_two_projects_do_not_meet(weir, tmp_path):
    weir("init", "one")
    weir("init", "two")
    weir.at(tmp_path / "one")("generate", "events", "--rows", 10, INPUT)
    assert weir.at(tmp_path / "two")("fs", "ls", INPUT, "-o", "json").json() == []
