"""The checks of the source tree see what they are there to see."""
import os
import pathlib
import subprocess
import sys

import pytest

CHECKS = pathlib.Path(__file__).resolve().parents[2] / "tools" / "checks"
ROOMS = "weir_room(base)\nweir_room(os base)\nweir_room(store os)\nweir_room(codec base)\nweir_program(weir cli store codec)\n"


@pytest.fixture
def tree(tmp_path):
    """check(name, {path: text}) -> (exit code, output) on a tree of those files."""

    def check(name, files):
        for path, text in {"CMakeLists.txt": ROOMS, **files}.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        done = subprocess.run([sys.executable, str(CHECKS / f"{name}.py")], capture_output=True, text=True, check=False,
                              env={**os.environ, "WEIR_CHECK_ROOT": str(tmp_path), "WEIR_BINARY": str(tmp_path / "none")})
        return done.returncode, done.stdout + done.stderr

    return check


@pytest.mark.parametrize("path, include, fine", [
    ("src/store/a.c", '#include "os/fs.h"', True),
    ("src/store/a.c", '#include "base/mem.h"', True),
    ("src/os/a.c", '#include "store/store.h"', False),
    ("src/base/a.h", '  #  include "os/fs.h"', False),
    ("src/store/a.c", '#include "codec/codec.h"', False),
    ("src/store/a.c", '/* #include "codec/codec.h" */', True),
    ("src/store/a.c", '#include "os/os_internal.h"', False),
    ("src/store/a.c", '#include "store.h"', False),
    ("src/store/a.c", "#include <duckdb.h>", False),
    ("src/codec/a.c", "#include <zstd.h>", True),
    ("src/attic/a.c", "", False),
])
def test_layers(tree, path, include, fine):
    code, told = tree("layers", {path: include + "\n"})
    assert (code == 0) == fine, told


@pytest.mark.parametrize("path, line, fine", [
    ("src/store/a.c", "p = malloc(8);", False),
    ("src/base/a.c", "p = malloc(8);", True),
    ("src/store/a.c", "rename (a, b);", False),
    ("src/os/a.c", "rename(a, b);", True),
    ("src/os/a.c", "strcpy(a, b);", False),
    ("src/store/a.c", "fs->open(fs, path);", True),
    ("src/store/a.c", "weir_open(path); /* open(path) */", True),
    ("src/store/a.c", 'say("call open(2)");', True),
    ("src/store/a.c", "free(line); /* banned-ok: the library allocated it */", True),
])
def test_banned_calls(tree, path, line, fine):
    code, told = tree("banned", {path: line + "\n"})
    assert (code == 0) == fine, told


USED = 'return weir_fail(err, WEIR_IO, "STORE_GONE", "%s (it, is) gone", name);\n'
LISTED = 'WEIR_CONDITION(STORE_GONE, "It is gone.", "Look elsewhere.")\n'


@pytest.mark.parametrize("files, fine", [
    ({"src/store/a.c": USED, "src/store/conditions.def": LISTED}, True),
    ({"src/store/a.c": USED}, False),
    ({"src/store/conditions.def": LISTED}, False),
    ({"src/store/a.c": USED, "src/os/conditions.def": LISTED}, True),
    ({"src/os/a.c": USED, "src/store/conditions.def": LISTED}, False),
    ({"src/store/a.c": USED, "src/store/conditions.def": LISTED, "src/os/conditions.def": LISTED}, False),
    ({"src/store/a.c": USED, "src/store/conditions.def": LISTED.replace("It is gone.", "")}, False),
    ({"src/store/a.c": USED, "src/store/conditions.def": LISTED + "WEIR_CONDITION(broken)\n"}, False),
    ({"src/store/a.c": USED + 'refuse(err, where, "STORE_LOST", x);', "src/store/conditions.def": LISTED}, False),
])
def test_conditions(tree, files, fine):
    code, told = tree("conditions", files)
    assert (code == 0) == fine, told


def test_sizes(tree):
    assert tree("sizes", {"src/os/a.c": "\n" * 1200, "src/os/README.md": "# os\n"})[0] == 0
    assert tree("sizes", {"src/os/a.c": "\n" * 1201})[0] == 1
    assert tree("sizes", {"src/os/a.c": "\n", "src/store/a.c": "\n"})[0] == 1


def test_docs_are_fresh(tree, tmp_path):
    binary = tmp_path / "none"
    binary.write_text('#!/bin/sh\necho "page $2"\n')
    binary.chmod(0o755)
    fresh = {"docs/CLI.md": "page cli\n", "docs/OPTIONS.md": "page options\n", "docs/ERRORS.md": "page errors\n"}
    assert tree("docs", fresh)[0] == 0
    code, told = tree("docs", {**fresh, "docs/OPTIONS.md": "page\n"})
    assert code == 1 and "OPTIONS.md" in told and "CLI.md is" not in told
