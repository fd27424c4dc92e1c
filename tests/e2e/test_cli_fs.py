"""`weir fs`: files in volumes, and nothing outside of what is registered."""
import os
import pathlib
import subprocess

import pytest

V = "/Volumes/workspace/default/files"


@pytest.fixture
def lake(lakehouse):
    lakehouse("volumes", "create", "workspace", "default", "files", "MANAGED")
    return lakehouse


def place(lake, volume="files"):
    return pathlib.Path(lake("volumes", "get", f"workspace.default.{volume}", "-o", "json").json()[0]["storage_location"])


def listed(lake, path, *more):
    return {row["name"]: row for row in lake("fs", "ls", path, *more, "-o", "json").json()}


def tree(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_in_and_out(lake, tmp_path):
    blob = bytes(range(256)) * 40_000  # more than one chunk of 4 MB
    (tmp_path / "a.bin").write_bytes(blob)
    assert "1 file, 10.2 MB" in lake("fs", "cp", "a.bin", f"{V}/in/").err
    assert "1 file" in lake("fs", "cp", "a.bin", f"{V}/in/b.bin").err
    assert (place(lake) / "in" / "a.bin").read_bytes() == blob == (place(lake) / "in" / "b.bin").read_bytes()
    lake("fs", "cp", f"{V}/in/b.bin", "back.bin")
    assert (tmp_path / "back.bin").read_bytes() == blob
    out = subprocess.run([lake.binary, "fs", "cat", f"{V}/in/a.bin"], cwd=lake.cwd, env=lake.env, capture_output=True, check=True).stdout
    assert out == blob
    rows = listed(lake, f"{V}/in")
    assert list(rows) == ["a.bin", "b.bin"] and rows["a.bin"]["size"] == len(blob) and rows["a.bin"]["is_directory"] is False
    assert rows["a.bin"]["last_modified"].endswith("Z")
    assert list(listed(lake, V)) == ["in"] and listed(lake, V)["in"]["is_directory"] is True
    assert list(listed(lake, V, "-r")) == ["in", "in/a.bin", "in/b.bin"]
    assert list(listed(lake, f"{V}/in/b.bin")) == ["b.bin"]


def test_nothing_is_replaced_unasked(lake, tmp_path):
    (tmp_path / "a").write_text("old")
    lake("fs", "cp", "a", V + "/a")
    (tmp_path / "a").write_text("new")
    lake.fails("fs", "cp", "a", V + "/a", condition="FILE_ALREADY_EXISTS", code=4)
    lake.fails("fs", "cp", "a", V, condition="FILE_ALREADY_EXISTS", code=4)
    assert lake("fs", "cat", V + "/a").out == "old"
    lake("fs", "cp", "--overwrite", "a", V + "/a")
    assert lake("fs", "cat", V + "/a").out == "new"
    lake("fs", "mkdir", V + "/folder")
    lake.fails("fs", "cp", "--overwrite", V + "/a", V + "/folder/../folder/a/../../folder/b/../../nope/../a/")
    assert sorted(tree(place(lake))) == ["a"]  # no temporary file is left either


def test_folders(lake, tmp_path):
    for path in ("src/a.txt", "src/deep/er/b.txt", "src/deep/c.txt"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    os.symlink("/etc/passwd", tmp_path / "src" / "link")
    lake.fails("fs", "cp", "src", V + "/copy", condition="PATH_IS_FOLDER")
    told = lake("fs", "cp", "-r", "src", V + "/copy").err
    assert "3 files" in told and "symbolic link" in told
    expected = {"a.txt": b"src/a.txt", "deep/er/b.txt": b"src/deep/er/b.txt", "deep/c.txt": b"src/deep/c.txt"}
    assert tree(place(lake) / "copy") == expected
    lake("fs", "cp", "-r", V + "/copy", V + "/again")
    lake("fs", "cp", "-r", V + "/again", "out")
    assert tree(tmp_path / "out") == expected
    lake.fails("fs", "cp", "-r", V + "/copy", V + "/copy/deep/inside", condition="COPY_INTO_ITSELF")
    lake.fails("fs", "rm", V + "/copy", condition="PATH_IS_FOLDER")
    lake("fs", "rm", "-r", V + "/copy")
    lake("fs", "rm", V + "/again/a.txt")
    assert list(listed(lake, V)) == ["again"] and list(listed(lake, V + "/again")) == ["deep"]


def test_names_of_the_catalog_are_folders(lake):
    assert list(listed(lake, "/Volumes")) == ["workspace"]
    assert list(listed(lake, "/Volumes/workspace/")) == ["default"]
    assert list(listed(lake, "/Volumes/workspace/default")) == ["files"]
    lake.fails("fs", "ls", "/Volumes/nope", condition="CATALOG_NOT_FOUND", code=3)
    lake.fails("fs", "ls", "/Volumes/workspace/nope", condition="SCHEMA_NOT_FOUND", code=3)


@pytest.mark.parametrize("command", [
    ("ls", "{V}/nope"), ("cat", "{V}/nope"), ("rm", "{V}/nope"), ("rm", "-r", "{V}/nope"), ("cp", "{V}/nope", "{V}/x"), ("cp", "nope", "{V}/x"),
])
def test_what_is_not_there(lake, command):
    lake.fails("fs", *(word.format(V=V) for word in command), condition="PATH_NOT_FOUND", code=3)


def test_a_volume_that_is_not_there_names_its_command(lake):
    told = lake.fails("fs", "mkdir", "/Volumes/workspace/default/other/x", condition="VOLUME_NOT_FOUND", code=3)
    assert "weir volumes create workspace default other MANAGED" in told.err


@pytest.mark.parametrize("path", ["{V}/../../x", "{V}/a/../../x", "/etc/passwd", "{root}/catalog.db", "{root}/volumes", "."])
@pytest.mark.parametrize("verb", ["ls", "cat", "rm", "mkdir"])
def test_nothing_outside(lake, path, verb):
    text = path.format(V=V, root=lake.root)
    assert lake.fails("fs", verb, text, code=5).err.startswith(("PATH_NOT_REGISTERED", "PATH_LEAVES_VOLUME"))
    assert (lake.root / "catalog.db").exists()


def test_links_do_not_lead_out(lake, tmp_path):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("s3cret")
    os.symlink(secret, place(lake) / "door")
    for command in (("cat", f"{V}/door/key"), ("ls", f"{V}/door"), ("cp", f"{V}/door/key", "stolen"), ("rm", f"{V}/door/key"), ("mkdir", f"{V}/door/new")):
        lake.fails("fs", *command, condition="PATH_LEAVES_VOLUME", code=5)
    (tmp_path / "in" / "door").mkdir(parents=True)
    (tmp_path / "in" / "door" / "planted").write_text("x")
    lake.fails("fs", "cp", "-r", "in", V, condition="PATH_LEAVES_VOLUME", code=5)
    assert tree(secret) == {"key": b"s3cret"} and not (tmp_path / "stolen").exists()


def test_one_side_of_a_copy_may_be_anywhere(lake, tmp_path):
    (tmp_path / "a").write_text("x")
    told = lake.fails("fs", "cp", "a", "b", condition="PATH_NOT_REGISTERED", code=5)
    assert "/Volumes/" in told.err
    lake("fs", "cp", tmp_path / "a", V + "/a")
    lake("fs", "cp", V + "/a", tmp_path / "new" / "b")
    assert (tmp_path / "new" / "b").read_text() == "x"
    lake.fails("fs", "cp", V + "/a", lake.root / "catalog.db", "--overwrite", condition="PATH_NOT_REGISTERED", code=5)
    lake.fails("fs", "cp", lake.root / "catalog.db", V + "/stolen", condition="PATH_NOT_REGISTERED", code=5)


def test_tables_are_left_to_sql(lake, tmp_path):
    lake("tables", "create", "workspace.default.t", "--columns", "id INT")
    lake("sql", "-c", "INSERT INTO t VALUES (1)")
    folder = lake("tables", "get", "workspace.default.t", "-o", "json").json()[0]["storage_location"]
    (tmp_path / "a").write_text("x")
    for command in (("rm", "-r", folder), ("rm", "-r", folder + "/_delta_log"), ("cp", "a", folder + "/a"), ("mkdir", folder + "/x")):
        lake.fails("fs", *command, condition="PATH_OF_TABLE", code=5)
    assert "_delta_log" in listed(lake, folder)
    lake("fs", "cp", "-r", folder, "copy")
    assert lake.at(tmp_path / "copy").sql(f"SELECT id FROM workspace.default.t") == [{"id": 1}]
    assert (tmp_path / "copy" / "_delta_log" / f"{0:020}.json").exists()


def test_what_holds_objects_stays(lake, tmp_path):
    lake.fails("fs", "rm", "-r", V, condition="PATH_HOLDS_OBJECT", code=5)
    (tmp_path / "land" / "sub").mkdir(parents=True)
    lake("external-locations", "create", "land", tmp_path / "land")
    lake("tables", "create", "workspace.default.ext", "--columns", "id INT", "--storage-location", tmp_path / "land" / "sub" / "t")
    lake.fails("fs", "rm", "-r", tmp_path / "land" / "sub", condition="PATH_HOLDS_OBJECT", code=5)
    lake.fails("fs", "rm", "-r", tmp_path / "land", condition="PATH_HOLDS_OBJECT", code=5)
    lake("tables", "delete", "workspace.default.ext")
    lake("fs", "rm", "-r", tmp_path / "land" / "sub")


def test_mkdir(lake):
    lake("fs", "mkdir", V + "/a/b/c")
    lake("fs", "mkdir", V + "/a/b/c")
    assert list(listed(lake, V, "-r")) == ["a", "a/b", "a/b/c"]
    (place(lake) / "f").write_text("")
    lake.fails("fs", "mkdir", V + "/f", condition="FILE_ALREADY_EXISTS", code=4)


def test_names_with_strange_letters(lake, tmp_path):
    for name in ("a b%20.csv", "käse.csv", "x=1,y.csv", "q'uote\".csv"):
        (tmp_path / name).write_text(name)
        lake("fs", "cp", name, V + "/")
        assert lake("fs", "cat", f"{V}/{name}").out == name
    assert len(listed(lake, V)) == 4
