"""Names as long as Unity Catalog allows, longer than a folder's name may be."""
import pytest


@pytest.mark.parametrize("name", ["x" * 255, "Y" * 247])
def test_table(weir, name):
    weir("sql", "-c", f"CREATE TABLE `{name}` (id INT); INSERT INTO `{name}` VALUES (7)")
    assert weir("sql", "-o", "csv", "-c", f"SELECT id FROM `{name}`").out.split() == ["id", "7"]
