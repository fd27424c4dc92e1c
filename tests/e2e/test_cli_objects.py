"""Catalogs, schemas, tables, volumes and external locations from the command line, with Unity Catalog's field names."""
import pathlib

import pytest


def names(weir, *command):
    return [row["name"] for row in weir(*command, "-o", "json").json()]


def get(weir, *command):
    rows = weir(*command, "-o", "json").json()
    assert len(rows) == 1
    return rows[0]


def test_a_new_lakehouse(lakehouse):
    lakehouse.fails("catalogs", "list", condition="LAKEHOUSE_NOT_FOUND", code=3)
    lakehouse("catalogs", "create", "sales", "--comment", "what is sold")
    assert names(lakehouse, "catalogs", "list") == ["sales", "workspace"]
    one = get(lakehouse, "catalogs", "get", "SALES")
    assert one["name"] == "sales" and one["comment"] == "what is sold" and one["created_at"] > 1_600_000_000_000
    assert names(lakehouse, "catalogs", "list", "--like", "s*") == ["sales"]
    lakehouse.fails("catalogs", "create", "sales", condition="CATALOG_ALREADY_EXISTS", code=4)
    lakehouse("catalogs", "delete", "sales", "--force")
    assert names(lakehouse, "catalogs", "list") == ["workspace"]
    lakehouse.fails("catalogs", "get", "sales", condition="CATALOG_NOT_FOUND", code=3)


def test_schemas(lakehouse):
    lakehouse("schemas", "create", "shop", "workspace")
    assert names(lakehouse, "schemas", "list", "workspace") == ["default", "shop"]
    one = get(lakehouse, "schemas", "get", "workspace.shop")
    assert (one["catalog_name"], one["full_name"]) == ("workspace", "workspace.shop")
    lakehouse.fails("schemas", "list", "nope", condition="CATALOG_NOT_FOUND", code=3)
    lakehouse("volumes", "create", "workspace", "shop", "landing", "MANAGED")
    told = lakehouse.fails("schemas", "delete", "workspace.shop", condition="SCHEMA_NOT_EMPTY")
    assert "--force" in told.err
    folder = pathlib.Path(get(lakehouse, "volumes", "get", "workspace.shop.landing")["storage_location"])
    assert folder.is_dir()
    lakehouse("schemas", "delete", "workspace.shop", "--force")
    assert not folder.exists()
    assert names(lakehouse, "schemas", "list", "workspace") == ["default"]


def test_tables(lakehouse):
    lakehouse("tables", "create", "workspace.default.orders", "--columns", "id BIGINT NOT NULL, price DECIMAL(10,2) COMMENT 'euro', tags ARRAY<STRING>",
              "--comment", "what was ordered")
    one = get(lakehouse, "tables", "get", "workspace.default.orders")
    assert (one["table_type"], one["data_source_format"], one["comment"]) == ("MANAGED", "DELTA", "what was ordered")
    columns = [(c["name"], c["type_text"], c["type_name"], c["position"], c["nullable"], c["comment"]) for c in one["columns"]]
    assert columns == [("id", "bigint", "LONG", 0, False, None), ("price", "decimal(10,2)", "DECIMAL", 1, True, "euro"),
                       ("tags", "array<string>", "ARRAY", 2, True, None)]
    assert [(c["type_precision"], c["type_scale"]) for c in one["columns"]][1] == (10, 2)
    lakehouse("sql", "-c", "INSERT INTO orders VALUES (1, 2.50, array('a'))")
    assert lakehouse.sql("SELECT id, price FROM workspace.default.orders") == [{"id": 1, "price": "2.50"}]
    folder = pathlib.Path(one["storage_location"])
    assert (folder / "_delta_log").is_dir()
    assert names(lakehouse, "tables", "list", "workspace", "default") == ["orders"]
    lakehouse.fails("tables", "create", "workspace.default.orders", "--columns", "id INT", condition="ALREADY_EXISTS", code=4)
    lakehouse("tables", "delete", "workspace.default.orders")
    assert not folder.exists()
    lakehouse.fails("tables", "get", "workspace.default.orders", condition="TABLE_NOT_FOUND", code=3)


def test_partition_columns_are_marked(lakehouse):
    lakehouse("sql", "-c", "CREATE TABLE parts (a INT, b STRING, c STRING) PARTITIONED BY (c, b)")
    columns = get(lakehouse, "tables", "get", "workspace.default.parts")["columns"]
    assert {c["name"]: c.get("partition_index") for c in columns} == {"a": None, "b": 1, "c": 0}


def test_an_external_table_keeps_its_folder(lakehouse, tmp_path):
    place = tmp_path / "lake" / "orders"
    place.parent.mkdir()
    lakehouse.fails("tables", "create", "workspace.default.orders", "--columns", "id INT", "--storage-location", place, condition="PATH_NOT_REGISTERED", code=5)
    lakehouse("external-locations", "create", "lake", place.parent)
    lakehouse("tables", "create", "workspace.default.orders", "--columns", "id INT", "--storage-location", place)
    one = get(lakehouse, "tables", "get", "workspace.default.orders")
    assert (one["table_type"], one["storage_location"]) == ("EXTERNAL", str(place))
    lakehouse("tables", "delete", "workspace.default.orders")
    assert (place / "_delta_log").is_dir()


def test_volumes(lakehouse, tmp_path):
    lakehouse("volumes", "create", "workspace", "default", "in", "managed", "--comment", "files")
    one = get(lakehouse, "volumes", "get", "workspace.default.in")
    assert (one["volume_type"], one["full_name"], one["comment"]) == ("MANAGED", "workspace.default.in", "files")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.csv").write_text("x\n")
    lakehouse.fails("volumes", "create", "workspace", "default", "out", "EXTERNAL", "--storage-location", outside, condition="PATH_NOT_REGISTERED", code=5)
    lakehouse("external-locations", "create", "outside", tmp_path / "outside")
    lakehouse("volumes", "create", "workspace", "default", "out", "EXTERNAL", "--storage-location", outside)
    assert names(lakehouse, "volumes", "list", "workspace", "default") == ["in", "out"]
    assert lakehouse("fs", "cat", "/Volumes/workspace/default/out/a.csv").out == "x\n"
    lakehouse("volumes", "delete", "workspace.default.out")
    assert (outside / "a.csv").exists()
    lakehouse("volumes", "delete", "workspace.default.in")
    assert not pathlib.Path(one["storage_location"]).exists()


def test_external_locations(lakehouse, tmp_path):
    (tmp_path / "landing").mkdir()
    lakehouse("external-locations", "create", "landing", "landing")  # from the working folder, as "$PWD/landing"
    assert get(lakehouse, "external-locations", "get", "landing")["url"] == str(tmp_path / "landing")
    lakehouse("volumes", "create", "workspace", "default", "v", "EXTERNAL", "--storage-location", "landing/v")
    told = lakehouse.fails("external-locations", "delete", "landing", condition="EXTERNAL_LOCATION_IN_USE")
    assert "--force" in told.err
    lakehouse("volumes", "delete", "workspace.default.v")
    lakehouse("external-locations", "delete", "landing")
    assert names(lakehouse, "external-locations", "list") == []
    assert (tmp_path / "landing").is_dir()


def test_other_formats(lakehouse):
    lakehouse("schemas", "create", "shop", "workspace", "--comment", "a, b")
    assert lakehouse("schemas", "list", "workspace", "-o", "csv").out.splitlines()[0].startswith("name,catalog_name,full_name")
    assert '"a, b"' in lakehouse("schemas", "list", "workspace", "-o", "csv").out
    assert sorted(row["name"] for row in lakehouse("schemas", "list", "workspace", "-o", "ndjson").rows()) == ["default", "shop"]
    assert "workspace.shop" in lakehouse("schemas", "list", "workspace").out
    assert "workspace.shop" in lakehouse("schemas", "get", "workspace.shop").out
    lakehouse("tables", "create", "workspace.shop.orders", "--columns", "id BIGINT")
    assert "bigint" in lakehouse("tables", "get", "workspace.shop.orders").out


@pytest.mark.parametrize("command", [
    ("catalogs", "create"), ("catalogs", "get", "a.b"), ("catalogs", "list", "x"), ("schemas", "get", "shop"), ("schemas", "create", "shop"),
    ("tables", "get", "orders"), ("tables", "list", "workspace"), ("tables", "create", "workspace.default.t"), ("volumes", "create", "a", "b", "c", "SHARED"),
    ("volumes", "create", "a", "b", "c", "EXTERNAL"), ("volumes", "create", "a", "b", "c", "MANAGED", "--storage-location", "/x"),
    ("schemas", "create", "s", "workspace", "--columns", "a INT"), ("catalogs", "create", "c", "--storage-location", "/x"), ("catalogs",), ("catalogs", "rename", "a"),
])
def test_wrong_command_lines(lakehouse, command):
    lakehouse("catalogs", "create", "sales")
    lakehouse.fails(*command, condition="USAGE", code=2)


def test_wrong_columns_leave_nothing(lakehouse):
    lakehouse("catalogs", "create", "sales")
    lakehouse.fails("tables", "create", "workspace.default.t", "--columns", "id NOTATYPE")
    assert names(lakehouse, "tables", "list", "workspace", "default") == []


def test_names_that_cannot_be(lakehouse):
    for name in ("a b", "a/b", "x" * 256, ""):
        assert lakehouse.fails("catalogs", "create", name).code in (1, 2)
    lakehouse.fails("schemas", "create", "information_schema", "workspace", condition="NAME_RESERVED")
