"""Many files, wide rows, long lines: the parts of run.py that show how cost grows. Each returns rows for the table (what, weir, peer, note)."""
import os
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import time

KNOWN = 1_000_000
SMALL = 50_000

# Spark's seconds are those of the query alone, from start() to its end, without the start of the JVM and of the session.
SPARK_FILES = """
import os, pathlib, sys, time
sys.path.insert(0, sys.argv[1])
from harness import spark as own
source, work = sys.argv[2:]
own.SETTINGS["spark.driver.memory"] = "5g"
session = own.start(work)
begin = time.perf_counter()
stream = session.readStream.schema("id BIGINT, name STRING, amount DOUBLE").option("header", True).csv(source)
query = stream.writeStream.format("delta").option("checkpointLocation", work + "/checkpoint").trigger(availableNow=True).start(work + "/out")
query.awaitTermination()
seconds = time.perf_counter() - begin
status = pathlib.Path(f"/proc/{session._jvm.java.lang.ProcessHandle.current().pid()}/status").read_text()
peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) * 1024
print(session.version, session.read.format("delta").load(work + "/out").count(), peak, seconds)
"""
DUCKDB_JSON = """
import duckdb, sys, time
folder, target = sys.argv[1:]
con = duckdb.connect(config={"threads": 2, "preserve_insertion_order": False})
columns = {"event_time": "VARCHAR", "event_type": "VARCHAR", "product_id": "BIGINT", "category_id": "BIGINT",
           "category_code": "VARCHAR", "brand": "VARCHAR", "price": "DOUBLE", "user_id": "BIGINT", "user_session": "VARCHAR"}
begin, cpu = time.perf_counter(), time.process_time()
con.execute(f'''COPY (SELECT strptime(event_time, '%Y-%m-%d %H:%M:%S UTC') AS event_time, * EXCLUDE (event_time) FROM read_json('{folder}/*.json', format='newline_delimited',
    columns={columns})) TO '{target}' (FORMAT parquet, COMPRESSION snappy)''')
print(duckdb.__version__, time.process_time() - cpu, time.perf_counter() - begin)
"""
DUCKDB_WIDE = """
import duckdb, sys, time
source, target = sys.argv[1:]
con = duckdb.connect(config={"threads": 2, "preserve_insertion_order": False})
begin = time.perf_counter()
con.execute(f"COPY (SELECT * FROM read_csv('{source}/*.csv', header=true, all_varchar=true, max_line_size=100000000)) TO '{target}' (FORMAT parquet, COMPRESSION snappy)")
print(time.perf_counter() - begin)
"""


def once(tools, name, make):
    """A folder that is made once and kept."""
    folder = tools.CACHE / "bench-data" / name
    if not (folder / "done").exists():
        tools.say(f"making {name}")
        make(tools.fresh(folder))
        (folder / "done").touch()
    return folder


def write_files(folder, count, text):
    for index in range(count):
        handle = os.open(folder / f"f{index:07d}.csv", os.O_WRONLY | os.O_CREAT, 0o644)
        os.write(handle, text(index))
        os.close(handle)


def ingest(options, source, work, schema, *more):
    """Without a schema the columns are those of the header, all STRING."""
    columns = ["--schema", schema] if schema else ["--option", "inferSchema=false"]
    return [options.weir, "ingest", source, "--into", f"delta.`{work}/out`", *columns, "--checkpoint", work / "checkpoint", *more]


def small_files(tools, options, work):
    def make(folder):
        (folder / "csv").mkdir()
        write_files(folder / "csv", SMALL, lambda i: b"id,name,amount\n%d,a%d,%d.5\n%d,b%d,%d.25\n" % (2 * i, i, i, 2 * i + 1, i, i))

    source = once(tools, f"small-{SMALL}", make) / "csv"
    tools.warm(source)
    seconds, cpu, memory = [], [], []
    for _ in range(options.repeat):
        took, busy, peak, _ = tools.measured(ingest(options, source, tools.fresh(work / "small"), "id BIGINT, name STRING, amount DOUBLE", "--option", "header=true"))
        seconds.append(took)
        cpu.append(busy)
        memory.append(peak)
    mine = statistics.median(seconds)
    rows = [f"{SMALL:,} files of 2 rows, first run", f"{mine:.2f} s (CPU {statistics.median(cpu):.2f} s), {max(memory) / 2**20:.0f} MB"]
    python = tools.CACHE / "spark" / "bin" / "python"
    if not python.exists():
        return [(*rows, "no Spark there (make test brings it)", "")]
    _, _, _, out = tools.measured([python, "-c", SPARK_FILES, tools.SOURCE / "tests", source, tools.fresh(work / "spark")])
    version, count, peak, peer = out.split()[-4:]
    if int(count) != 2 * SMALL:
        raise SystemExit(f"Spark wrote {count} rows")
    return [(*rows, f"Spark {version} {float(peer):.1f} s, {int(peak) / 2**20:.0f} MB (once)", f"{float(peer) / mine:.0f} x as fast, 1/{int(peak) / max(memory):.0f} of the memory")]


def known_files(tools, options, work):
    """A folder of a million files that a query has taken; (folder, words of the query)."""
    here = tools.fresh(work / "known")
    (here / "in").mkdir()
    write_files(here / "in", KNOWN, lambda i: b"%d,a%d\n" % (i, i))
    command = ingest(options, here / "in", here, "id BIGINT, name STRING")
    took, _, peak, _ = tools.measured(command)
    return here, command, ("first run over them", f"{took:.1f} s, {peak / 2**20:.0f} MB")


def processor_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle(tools, options, here, command):
    """A run that stays: its processor time while nothing comes, and how soon it commits what does."""
    process = subprocess.Popen([str(word) for word in (*command, "--trigger", "continuous")], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    table = tools.Table(here / "out")
    took = []
    try:
        busy, before = -1.0, 0.0
        while busy != before and process.poll() is None:  # until it has opened everything
            before = processor_seconds(process)
            time.sleep(2)
            busy = processor_seconds(process)
        time.sleep(10)
        idle_seconds = processor_seconds(process) - busy
        for index in range(options.drops):
            hidden = here / "in" / ".next"
            hidden.write_bytes(b"1,x\n")
            begin = time.perf_counter()
            hidden.rename(here / "in" / f"drop{index}.csv")
            while not table.catch_up() and time.perf_counter() - begin < 60:
                time.sleep(0.0002)
            took.append(time.perf_counter() - begin)
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
    return [(f"idle for 10 s, {KNOWN:,} known files", f"CPU {idle_seconds:.2f} s", "-", ""),
            ("there: a file renamed in -> committed", f"p50 {tools.percentile(took, 0.5) * 1000:.0f} ms, p90 {tools.percentile(took, 0.9) * 1000:.0f} ms", "-",
             "every tenth batch joins the file log, as Spark's does")]


def restart(tools, options, work):
    here, command, first = known_files(tools, options, work)
    seconds, memory = [], []
    for turn in range(options.repeat):
        for index in range(1000):
            (here / "in" / f"new{turn}-{index}.csv").write_bytes(b"1,x\n")
        took, _, peak, _ = tools.measured(command)
        seconds.append(took)
        memory.append(peak)
    return [(f"{KNOWN:,} files of 1 row, {first[0]}", first[1], "-", ""),
            (f"restart over {KNOWN:,} known files, 1,000 new", f"{statistics.median(seconds):.2f} s, {max(memory) / 2**20:.0f} MB", "-", "limits 3 s, 200 MB"), *idle(tools, options, here, command)]


def to_json(source, target):
    """The events' CSV, line by line as JSON; NULL cells are left out."""
    names, quoted = None, ()
    with open(source) as rows, open(target, "w") as out:
        for line in rows:
            cells = line.rstrip("\n").split(",")
            if names is None:
                names, quoted = cells, {"event_time", "event_type", "category_code", "brand", "user_session"}
                continue
            out.write("{" + ",".join(f'"{name}":' + (f'"{cell}"' if name in quoted else cell) for name, cell in zip(names, cells) if cell) + "}\n")


def ndjson(tools, options, work):
    rows = max(1000, options.rows // 5)

    def make(folder):
        (folder / "json").mkdir()
        for path in sorted(tools.events(options.weir, rows, 8).iterdir()):
            to_json(path, folder / "json" / f"{path.stem}.json")

    source = once(tools, f"json-{rows}", make) / "json"
    size = tools.warm(source)
    weir, duck, cpu, duck_cpu, memory = [], [], [], [], []
    for _ in range(options.repeat):
        took, busy, peak, _ = tools.measured(ingest(options, source, tools.fresh(work / "json"), tools.SCHEMA, "--format", "json", "--option", "timestampFormat=yyyy-MM-dd HH:mm:ss z"))
        weir.append(took)
        cpu.append(busy)
        memory.append(peak)
        _, _, _, out = tools.measured([sys.executable, "-c", DUCKDB_JSON, source, tools.fresh(work / "duckdb") / "out.parquet"])
        version, busy, took = out.split()[-3:]
        duck.append(float(took))
        duck_cpu.append(float(busy))
        tools.say(f"  weir {weir[-1]:.2f} s (CPU {cpu[-1]:.2f} s), DuckDB {duck[-1]:.2f} s (CPU {duck_cpu[-1]:.2f} s); load {tools.load()}")
    mine, peer = statistics.median(weir), statistics.median(duck)
    return [(f"Bronze: {rows:,} events, {size / 1e9:.2f} GB NDJSON, 8 files", f"{mine:.2f} s, {max(memory) / 2**20:.0f} MB", f"DuckDB {version} COPY {peer:.2f} s",
             f"{peer / mine:.2f} x as fast; CPU {statistics.median(duck_cpu) / statistics.median(cpu):.2f} x less")]


def wide(tools, options, work):
    """Time at n, 2n, 4n: of columns at equal bytes, of rows, of the length of a row."""
    rng = random.Random(1)
    found = []

    def run(label, shapes):
        took, peaks, peers = [], [], []
        for columns, lines, cell in shapes:
            here = tools.fresh(work / "wide")
            (here / "in").mkdir()
            with open(here / "in" / "a.csv", "w") as out:
                out.write(",".join(f"c{i}" for i in range(columns)) + "\n")
                for _ in range(lines):
                    out.write(",".join(f"{rng.randrange(10 ** 6):0{cell}d}" for _ in range(columns)) + "\n")
            tools.warm(here / "in")
            seconds, _, peak, _ = tools.measured(ingest(options, here / "in", here, None, "--option", "header=true"))
            took.append(seconds)
            peaks.append(peak)
            _, _, _, out = tools.measured([sys.executable, "-c", DUCKDB_WIDE, here / "in", here / "out.parquet"])
            peers.append(float(out.split()[-1]))
        found.append((label, "; ".join(f"{seconds:.2f} s" for seconds in took) + f"; {max(peaks) / 2**20:.0f} MB", "DuckDB COPY " + "; ".join(f"{seconds:.2f} s" for seconds in peers), "at n, 2n, 4n"))

    run("1,000 columns, 5,000 rows and twice and four times as many", [(1000, n, 6) for n in (5000, 10000, 20000)])
    run("5,000 columns and twice and four times as many, 5 million cells", [(n, 5_000_000 // n, 6) for n in (5000, 10000, 20000)])
    run("rows of 2.5 MB, 5 MB, 10 MB, 100 MB in all", [(10, 100_000_000 // n, n // 10) for n in (2_500_000, 5_000_000, 10_000_000)])
    return found
