"""Bad input, bad disks, bad checkpoints: a clear error with its CODE or the stated rule; no crash, no hang, and nothing is lost: once mended, the next
run is whole."""
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import tempfile
import time

import pytest

SCHEMA = "id BIGINT, name STRING, v DOUBLE"


class Query:
    """A folder, a table, a checkpoint."""

    def __init__(self, weir):
        self.weir, self.folder = weir, weir.cwd
        self.source, self.table, self.checkpoint = self.folder / "in", self.folder / "table", self.folder / "ck"
        self.source.mkdir()
        self.rows = []

    def write(self, name, data, source=None):
        source = source or self.source
        hidden = source / f".{name}"
        hidden.write_bytes(data if isinstance(data, bytes) else data.encode())
        hidden.rename(source / name)

    def arrive(self, name, rows=3):
        new = [{"id": len(self.rows) + i, "name": f"n{i}", "v": i + 0.5} for i in range(rows)]
        self.write(name, "id,name,v\n" + "".join(f"{row['id']},{row['name']},{row['v']}\n" for row in new))
        self.rows += new

    def words(self, *more, source=None, table=None, schema=SCHEMA, header="true", checkpoint=None):
        return ("ingest", source or self.source, "--into", f"delta.`{table or self.table}`", "--checkpoint", checkpoint or self.checkpoint, "--schema", schema,
                "--option", f"header={header}", *more)

    def run(self, *more, **options):
        return self.weir(*self.words(*more, **options))

    def fails(self, condition, *more, timeout=60, **options):
        """Refused, and neither table nor checkpoint has changed; the text begins with its CODE."""
        failed = self.weir.fails(*self.words(*more, **options), condition=condition, timeout=timeout)
        assert re.search(r"(?m)^[A-Z][A-Z_.]+: ", failed.err), failed.err
        return failed

    def read(self):
        return self.weir.sql(f"SELECT * FROM delta.`{self.table}`")

    def check(self):
        assert sorted(self.read(), key=lambda row: row["id"]) == self.rows

    def newest(self, kind):
        return max(int(path.name) for path in (self.checkpoint / kind).iterdir() if path.name.isdigit())

    def lose_commit(self):
        (self.checkpoint / "commits" / str(self.newest("commits"))).unlink()

    def lose_rows(self):
        """The newest batch is planned, not done."""
        self.lose_commit()
        log = self.table / "_delta_log"
        newest = max(int(path.stem) for path in log.glob("*.json"))
        for path in (*log.glob(f"{newest:020}.*"), *log.glob(f".{newest:020}.*")):
            path.unlink()

    def state(self):
        """Everything on disk but weir's own lock: {path: bytes}."""
        return {path: path.read_bytes() for folder in (self.table, self.checkpoint) for path in folder.rglob("*") if path.is_file() and path.name != "lock"}


@pytest.fixture
def query(weir):
    return Query(weir)


# --- what is in the files ---

WRONG = "1,a,1.5\nx,b,2.5\n3,c\n4,d,4.5,more\n5,e,5.5\n"


def test_permissive_keeps_every_line(query):
    query.write("a.csv", WRONG)
    query.run(header="false", schema=SCHEMA + ", _corrupt_record STRING")
    rows = {row["_corrupt_record"] or row["id"]: row for row in query.read()}
    assert set(rows) == {1, "x,b,2.5", "3,c", "4,d,4.5,more", 5}
    assert rows["x,b,2.5"]["id"] is None and rows["x,b,2.5"]["name"] == "b" and rows["3,c"]["id"] == 3 and rows["3,c"]["v"] is None


def test_dropmalformed_drops_them(query):
    query.write("a.csv", WRONG)
    query.run("--option", "mode=DROPMALFORMED", header="false")
    assert [row["id"] for row in query.read()] == [1, 5]


def test_failfast_names_the_line_and_takes_nothing(query):
    query.arrive("a.csv")
    query.run("--option", "mode=FAILFAST")
    query.write("b.csv", "id,name,v\n7,a,1\nseven,b,2\n")
    failed = query.fails("MALFORMED_RECORD", "--option", "mode=FAILFAST")
    assert "b.csv" in failed.err and "seven" in failed.err
    query.check()
    query.write("b.csv", "id,name,v\n")  # mended: the plan stands, the file is another one by now
    query.arrive("c.csv")
    query.run("--option", "mode=FAILFAST")
    query.check()


def test_last_line_cut_short(query):
    query.write("a.csv", b'1,a,1.5\n2,"b')
    query.run(header="false")
    rows = {row["id"]: row for row in query.read()}
    assert set(rows) == {1, 2} and rows[2]["v"] is None


@pytest.mark.parametrize("junk", [bytes(range(256)) * 400, b"\0" * 100_000, b"\xff\xfe" + "1,a\n".encode("utf-16-le") * 100, b'"' * 5001, b"\r" * 1000, b"\n\n\n", b""],
                         ids=["all bytes", "zeros", "utf-16", "quotes", "returns", "empty lines", "nothing"])
def test_binary_junk(query, junk):
    """Some rows or none, of bytes as they are; good files beside it are whole."""
    query.arrive("good.csv")
    query.write("junk.csv", junk)
    query.run()
    good = {json.dumps(row) for row in query.rows}
    assert good <= {json.dumps(row) for row in query.read()}
    assert "nothing new" in query.run().err


@pytest.mark.parametrize("name, data", [("a.csv.gz", b"\x1f\x8b\x08\x00junk that is no deflate"), ("a.csv.gz", b"no gzip at all"), ("a.csv.zst", b"\x28\xb5\x2f\xfdxxxx")])
def test_damaged_compression(query, name, data):
    query.arrive("good.csv")
    query.write(name, data)
    failed = query.weir.fails(*query.words(), timeout=60)
    assert name in failed.err and re.search(r"(?m)^[A-Z][A-Z_.]+: ", failed.err)


def test_truncated_gzip_is_not_half_taken(query):
    import gzip

    data = gzip.compress("".join(f"{i},n,{i}\n" for i in range(50_000)).encode())
    query.write("a.csv.gz", data[:-20])
    failed = query.weir.fails(*query.words(header="false"), timeout=60)
    assert "a.csv.gz" in failed.err
    assert not list(query.table.glob("_delta_log/*.json")) or query.read() == []


@pytest.mark.slow
def test_hundred_megabytes_in_one_field(query):
    """A limit that is said, in bounded memory; and mode PERMISSIVE does not hide it."""
    hidden = query.source / ".big.csv"
    with open(hidden, "wb") as file:
        file.write(b"1,")
        for _ in range(100):
            file.write(b"x" * (1 << 20))
        file.write(b",2\n")
    hidden.rename(query.source / "big.csv")
    process = subprocess.Popen([str(query.weir.binary), *map(str, query.words(header="false"))], env=query.weir.env, cwd=query.folder, stderr=subprocess.PIPE, text=True)
    told = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode > 0, told
    assert re.search(r"ROW_TOO_BIG|CELL_TOO_LONG", told) and "big.csv" in told, told
    if not re.search("[at]san", str(query.weir.binary)):  # shadow memory counts too
        assert usage.ru_maxrss < 512 * 1024, f"{usage.ru_maxrss} KiB"


# --- what is not there, or may not be read ---

def test_missing_folder(query):
    failed = query.fails("PATH_NOT_FOUND", source=query.folder / "nowhere")
    assert "nowhere" in failed.err
    assert not query.table.exists()


@pytest.mark.parametrize("option, condition", [("headr=true", "headr"), ("maxFilesPerTrigger=0", "maxFilesPerTrigger"), ("maxFilesPerTrigger=many", "maxFilesPerTrigger"),
                                               ("sep=", "sep"), ("noequals", "noequals"), ("timestampFormat=qqqqq", "qqqqq")])
def test_bad_options(query, option, condition):
    query.arrive("a.csv")
    failed = query.weir.fails(*query.words("--option", option))
    assert condition in failed.err
    query.run()
    query.check()


def test_unknown_mode_is_permissive_and_said(query):
    """Spark's rule."""
    query.arrive("a.csv")
    assert "SOMETIMES" in query.run("--option", "mode=SOMETIMES").err
    query.check()


@pytest.mark.parametrize("schema", ["", "id", "id WHAT", "id BIGINT,", "id BIGINT name STRING", "id BIGINT, id BIGINT", "id DECIMAL(40,2)", "id BIGINT)", "a ARRAY<INT>"])
def test_bad_schemas(query, schema):
    query.arrive("a.csv")
    failed = query.weir.fails(*query.words(schema=schema))
    assert re.search(r"(?m)^[A-Z][A-Z_.]+: ", failed.err), failed.err
    query.run()
    query.check()


@pytest.mark.parametrize("words", [["--trigger", "sometimes"], ["--codec", "lzma"], ["--format", "xls"], ["--threads", "x"], ["--partition-by", "nowhere"], ["--progress", "xml"], ["--nonsense"]])
def test_bad_words(query, words):
    query.arrive("a.csv")
    failed = query.weir.fails(*query.words(*words))
    assert words[-1] in failed.err
    query.run()
    query.check()


def drop_privileges(query, words):
    """As another user: root may read everything."""
    if os.geteuid() != 0:
        return query.weir(*words, check=False)
    if not shutil.which("setpriv"):
        pytest.skip("root, and no setpriv")
    scratch = pathlib.Path(tempfile.gettempdir())
    for parent in (query.folder, *query.folder.parents):
        if scratch in (parent, *parent.parents) and parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o055)
    probe = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "test", "-x", str(query.weir.binary)]
    if subprocess.run(probe, check=False).returncode:
        pytest.skip("the binary may not be run by another user")
    done = subprocess.run([*probe[:4], str(query.weir.binary), *map(str, words)], capture_output=True, text=True, timeout=60, env={**query.weir.env, "HOME": "/tmp"}, cwd="/", check=False)
    return type("Done", (), {"code": done.returncode, "err": done.stderr})


def test_folder_without_permission(query):
    query.arrive("a.csv")
    place = query.folder / "theirs"
    place.mkdir(mode=0o777)
    place.chmod(0o777)
    words = query.words(table=place / "t", checkpoint=place / "ck")
    query.source.chmod(0)
    done = drop_privileges(query, words)
    query.source.chmod(0o755)
    assert done.code > 0 and str(query.source) in done.err and "ermission" in done.err, done.err
    assert not list(place.rglob("*.parquet"))
    (query.source / "a.csv").chmod(0o644)
    done = drop_privileges(query, words)
    assert done.code == 0, done.err


# --- files that go between listing and reading ---

def planned_then_deleted(query):
    query.arrive("a.csv")
    query.run()
    query.arrive("b.csv")
    query.arrive("c.csv")
    query.run()
    query.lose_rows()
    text = (query.source / "b.csv").read_bytes()
    (query.source / "b.csv").unlink()
    return text


def test_planned_file_is_gone(query):
    text = planned_then_deleted(query)
    before = query.state()
    failed = query.fails("FILE_VANISHED")
    assert "b.csv" in failed.err and "ignoreMissingFiles" in failed.err
    assert {path: data for path, data in query.state().items() if path in before} == before
    query.write("b.csv", text)
    query.run()
    query.check()


def test_planned_file_is_gone_and_may_be(query):
    planned_then_deleted(query)
    query.run("--option", "ignoreMissingFiles=true")
    query.rows = query.rows[:3] + query.rows[6:]
    query.check()
    assert "nothing new" in query.run().err


# --- the disk ---

def test_full_disk(query):
    """ENOSPC in the middle: an error that says so; room made, the next run is whole."""
    disk = query.folder / "disk"
    disk.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True, check=False).returncode:
        pytest.skip("no mount of a small disk here")
    try:
        query.table, query.checkpoint = disk / "table", disk / "ck"
        query.arrive("a.csv")
        query.run()
        filler = disk / "filler"
        descriptor = os.open(filler, os.O_WRONLY | os.O_CREAT)
        try:
            while os.write(descriptor, b"x" * 4096):
                pass
        except OSError:
            os.close(descriptor)
        query.arrive("b.csv", rows=2000)
        failed = query.weir.fails(*query.words(), timeout=60)
        assert "No space left" in failed.err or "ENOSPC" in failed.err, failed.err
        query.rows, all_rows = query.rows[:3], query.rows
        query.check()
        filler.unlink()
        query.rows = all_rows
        query.run()
        query.check()
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


# --- a damaged checkpoint ---

def prepared(query):
    for name in ("a.csv", "b.csv", "c.csv"):
        query.arrive(name)
        query.run()
    query.arrive("d.csv")
    return query


DAMAGES = {"empty": lambda data: b"", "cut": lambda data: data[:len(data) // 2], "junk": lambda data: b"\x00\xffjunk" + data[6:]}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["metadata", "offsets/2", "commits/2", "sources/0/0", "sources/0/2"])
def test_damaged_checkpoint_file(query, name, damage):
    """Named, nothing changed; restored, the next run is whole. commits/N has nothing that is needed but its name."""
    prepared(query)
    path = query.checkpoint / name
    good = path.read_bytes()
    path.write_bytes(DAMAGES[damage](good))
    before = query.state()
    done = query.weir(*query.words(), check=False)
    if done.code == 0:
        query.check()
        return
    assert done.code > 0 and name.split("/")[-1] in done.err and str(query.checkpoint) in done.err, done
    assert re.search(r"(?m)^CHECKPOINT_[A-Z_]+: ", done.err), done.err
    assert query.state() == before
    path.write_bytes(good)
    query.run()
    query.check()


@pytest.mark.parametrize("name, condition", [("metadata", "CHECKPOINT_METADATA_LOST"), ("sources/0/1", "CHECKPOINT_FILE_LOG_GAP"), ("sources/0/2", None), ("sources", None), ("offsets", "CHECKPOINT_OFFSETS_LOST"),
                                             ("offsets/2", None), ("commits", None), ("commits/2", None)])
def test_lost_checkpoint_file(query, name, condition):
    """Refused, or gone on with rightly: never a row twice, never one lost."""
    prepared(query)
    path, aside = query.checkpoint / name, query.folder / "aside"
    shutil.move(path, aside)
    before = query.state()
    done = query.weir(*query.words(), check=False)
    if condition or done.code != 0:
        assert done.code > 0 and (condition or "CHECKPOINT_") in done.err, done
        assert query.state() == before
        if path.is_dir():
            path.rmdir()
        shutil.move(aside, path)
        query.run()
    query.check()


def test_checkpoint_of_another_number_of_sources(query):
    query.arrive("a.csv")
    query.run()
    other = query.folder / "other"
    other.mkdir()
    failed = query.weir.fails("ingest", query.source, other, *query.words()[2:], condition="CHECKPOINT_SOURCE_COUNT")
    assert str(query.checkpoint) in failed.err
    query.run()
    query.check()


def test_root_respelled_through_a_link(query):
    query.arrive("a.csv")
    query.run()
    link = query.folder / "link"
    link.symlink_to(query.source)
    before = query.state()
    failed = query.fails("CHECKPOINT_ROOT_RESPELLED", source=link)
    assert str(query.source) in failed.err
    assert query.state() == before
    query.arrive("b.csv")
    query.run()
    query.check()


def test_table_replaced_lost_or_set_back(query):
    query.arrive("a.csv")
    query.run()
    query.arrive("b.csv")
    query.run()
    query.arrive("c.csv")
    kept = query.folder / "kept"
    shutil.move(query.table, kept)
    failed = query.fails("SINK_LOST")
    assert str(query.table) in failed.err
    query.weir(*query.words(checkpoint=query.folder / "ck2"))
    query.fails("SINK_CHANGED")
    shutil.rmtree(query.table)
    shutil.copytree(kept, query.table)
    log = query.table / "_delta_log"
    max(log.glob("*.json")).unlink()
    query.fails("SINK_BEHIND_CHECKPOINT")
    shutil.rmtree(query.table)
    shutil.move(kept, query.table)
    query.run()
    query.check()


def test_second_run_is_refused_at_once(query):
    query.arrive("a.csv")
    first = query.weir.start(*query.words("--trigger", "continuous", "--progress", "json"))
    assert first.stdout.readline()
    began = time.monotonic()
    failed = query.fails("CHECKPOINT_IN_USE")
    assert time.monotonic() - began < 5 and str(first.pid) in failed.err
    first.kill()
    first.wait()
    query.arrive("b.csv")
    query.run()
    query.check()


# --- a damaged table ---

def test_torn_newest_commit(query):
    prepared(query)
    newest = max((query.table / "_delta_log").glob("*.json"))
    good = newest.read_bytes()
    for data, condition in ((good[:-30], "DELTA_LOG_CORRUPT"), (b"", "DELTA_COMMIT_EMPTY"), (b"\xff\x00", "DELTA_LOG_CORRUPT")):
        newest.write_bytes(data)
        before = query.state()
        failed = query.fails(condition)
        assert newest.name in failed.err
        assert newest.name in query.weir.fails("sql", "-c", f"SELECT count(*) FROM delta.`{query.table}`", condition=condition).err
        assert {path: data for path, data in query.state().items() if path in before} == before
    newest.write_bytes(good)
    query.run()
    query.check()


def test_missing_version(query):
    prepared(query)
    path = query.table / "_delta_log" / f"{1:020}.json"
    good = path.read_bytes()
    path.unlink()
    failed = query.fails("DELTA_LOG_GAP")
    assert path.name in failed.err or "version 1" in failed.err
    path.write_bytes(good)
    query.run()
    query.check()


def test_missing_version_under_a_new_checkpoint(query):
    """A log with a gap is a damaged table for a new stream too, not a place to make one."""
    prepared(query)
    log = query.table / "_delta_log"
    for version in (0, 1):
        path = log / f"{version:020}.json"
        good = path.read_bytes()
        path.unlink()
        before = sorted(entry.name for entry in log.iterdir())
        query.fails("DELTA_LOG", checkpoint=f"{query.checkpoint}-new")
        assert sorted(entry.name for entry in log.iterdir()) == before
        path.write_bytes(good)
    query.run()
    query.check()


def test_missing_and_damaged_data_file(query):
    prepared(query)
    path = sorted(query.table.glob("*.parquet"))[0]
    good = path.read_bytes()
    for data in (None, good[:len(good) // 2], b"junk" * 10):
        path.unlink(missing_ok=True)
        if data is not None:
            path.write_bytes(data)
        failed = query.weir.fails("sql", "-c", f"SELECT * FROM delta.`{query.table}`", timeout=60)
        assert path.name in failed.err and re.search(r"(?m)^[A-Z][A-Z_.]+: ", failed.err), failed.err
    path.write_bytes(good)
    query.run()
    query.check()


def test_limits_of_the_process(query):
    """Too few open files is an error, not a crash."""
    for number in range(40):
        query.arrive(f"{number:02}.csv", rows=1)
    done = subprocess.run([str(query.weir.binary), *map(str, query.words())], env=query.weir.env, cwd=query.folder, capture_output=True, text=True, timeout=60, check=False,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8)))
    assert done.returncode >= 0 and done.returncode != 99, done.stderr
    query.run()
    query.check()
