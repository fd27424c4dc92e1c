"""The pages that list commands, options and errors are what the binary prints."""
import pathlib

import pytest

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("page", ["cli", "options", "errors"])
def test_page(weir, page):
    printed = weir("docs", page).out
    assert printed.startswith("# ") and printed.count("\n") > 20
    assert (DOCS / f"{page.upper()}.md").read_text() == printed, "run `make docs`"


def test_no_other_page(weir):
    weir.fails("docs", "everything", condition="USAGE", code=2)
