#!/usr/bin/env python3
"""The numbers of weir beside a peer's, in the same run on the same machine.

    make bench                                  all of it, 10 million events
    make bench BENCH='--rows 1000000 ingest'    one part, smaller
    make bench BENCH='--record'                 and write docs/BENCHMARKS.md

Parts:
    ingest    CSV files into a Bronze Delta table with fsync, beside DuckDB's COPY (read_csv) TO parquet (snappy, no
              fsync, order not kept) on two threads: seconds, seconds of CPU, rows and bytes a second, peak memory. weir's
              seconds are the whole process from start to exit; DuckDB's the statement alone, without Python's start
    start     from the start of the process to the first commit of a 1,000-row file
    json      the same events as NDJSON (a fifth of them), beside DuckDB's read_json
    small     50,000 files of two rows, beside Spark's stream into Delta (once; its query alone, without the JVM's start)
    restart   a query over 1,000,000 known files: started again with 1,000 new ones; idle; a file that comes (minutes; needs inodes)
    wide      thousands of columns and rows of megabytes at n, 2n, 4n, beside DuckDB's COPY
    latency   a file is renamed into the folder of a running pipeline (continuous): until Bronze, Silver and Gold show it

Each figure is the median of --repeat runs; the engines take turns, so that both see the same machine. Inputs are read
once before, so that neither pays for a cold disk. The load average is printed with each part: on a machine that does
other work, the ratio within a run says more than the seconds."""
import argparse
import json
import os
import pathlib
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import time

import scale

SOURCE = pathlib.Path(__file__).resolve().parents[1]
BUILD = SOURCE / "build"
CACHE = pathlib.Path(os.environ.get("WEIR_CACHE") or pathlib.Path.home() / ".cache" / "weir")
SCHEMA = ("event_time TIMESTAMP, event_type STRING, product_id BIGINT, category_id BIGINT, category_code STRING, "
          "brand STRING, price DOUBLE, user_id BIGINT, user_session STRING")
FORMAT = ["--format", "csv", "--schema", SCHEMA, "--option", "header=true", "--option", "timestampFormat=yyyy-MM-dd HH:mm:ss z"]
DUCKDB_COPY = """
import duckdb, sys, time
folder, target = sys.argv[1:]
con = duckdb.connect(config={"threads": 2, "preserve_insertion_order": False})
columns = {"event_time": "TIMESTAMP", "event_type": "VARCHAR", "product_id": "BIGINT", "category_id": "BIGINT",
           "category_code": "VARCHAR", "brand": "VARCHAR", "price": "DOUBLE", "user_id": "BIGINT", "user_session": "VARCHAR"}
begin, cpu = time.perf_counter(), time.process_time()
con.execute(f'''COPY (SELECT * FROM read_csv('{folder}/*.csv', header=true, auto_detect=false, delim=',', quote='"', escape='"',
    columns={columns}, timestampformat='%Y-%m-%d %H:%M:%S UTC')) TO '{target}' (FORMAT parquet, COMPRESSION snappy)''')
print(duckdb.__version__, time.process_time() - cpu, time.perf_counter() - begin)
"""
SPARK_LATENCY = {"bronze": 1.5, "silver": 3.2}  # seconds; Spark 4.1 with Delta 4.3, the same files, recorded once
SPARK_START = 10.0


def say(text):
    print(text, flush=True)


def measured(command, **more):
    """Runs a command; (seconds, seconds of CPU, peak memory in bytes, output), the latter two by the kernel's own count."""
    begin = time.perf_counter()
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)
    out = process.stdout.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}\nexit code {process.returncode}\n{out[-3000:]}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, out


def load():
    """How busy the machine was in the last minute; above its cores, others were waiting."""
    return f"{os.getloadavg()[0]:.1f}"


def events(weir, rows, files):
    """A folder of generated events, made once."""
    folder = CACHE / "bench-data" / f"events-{rows}-{files}"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "csv").mkdir(parents=True)
        say(f"generating {rows:,} events in {files} files")
        measured([weir, "generate", "events", "--rows", rows, "--files", files, folder / "csv"])
        (folder / "done").touch()
    return folder / "csv"


def warm(folder):
    """Into the page cache; the bytes."""
    total = 0
    for path in sorted(folder.iterdir()):
        with open(path, "rb") as file:
            while chunk := file.read(1 << 22):
                total += len(chunk)
    return total


def ingest_command(weir, source, work):
    return [weir, "ingest", source, "--into", f"delta.`{work}/out`", *FORMAT, "--checkpoint", work / "checkpoint", "--trigger", "available-now"]


def fresh(work):
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    return work


def bench_ingest(options, work):
    folder = events(options.weir, options.rows, options.files)
    size = warm(folder)
    weir, duck, cpu, duck_cpu, memory, duck_memory = [], [], [], [], [], []
    for _ in range(options.repeat):
        seconds, busy, peak, _ = measured(ingest_command(options.weir, folder, fresh(work / "ingest")))
        weir.append(seconds)
        cpu.append(busy)
        memory.append(peak)
        _, _, peak, out = measured([sys.executable, "-c", DUCKDB_COPY, folder, fresh(work / "duckdb") / "out.parquet"])
        version, busy, seconds = out.split()[-3:]
        duck.append(float(seconds))
        duck_cpu.append(float(busy))
        duck_memory.append(peak)
        say(f"  weir {weir[-1]:.2f} s (CPU {cpu[-1]:.2f} s), DuckDB {duck[-1]:.2f} s (CPU {duck_cpu[-1]:.2f} s); load {load()}")
    mine, peer = statistics.median(weir), statistics.median(duck)
    busy, peer_busy = statistics.median(cpu), statistics.median(duck_cpu)
    rounds = ", ".join(f"{other / own:.2f}" for own, other in zip(weir, duck))
    return [
        (f"Bronze: {options.rows:,} events, {size / 1e9:.2f} GB CSV, {options.files} files", f"{mine:.2f} s",
         f"DuckDB {version} COPY {peer:.2f} s", f"{peer / mine:.2f} x as fast (rounds: {rounds})"),
        ("Bronze, CPU", f"{busy:.2f} s", f"{peer_busy:.2f} s", f"{peer_busy / busy:.2f} x less"),
        ("Bronze, rate", f"{options.rows / mine / 1e6:.2f} million rows/s, {size / mine / 1e6:.0f} MB/s",
         f"{options.rows / peer / 1e6:.2f} million rows/s, {size / peer / 1e6:.0f} MB/s", ""),
        ("Bronze, peak memory", f"{max(memory) / 2**20:.0f} MB", f"{max(duck_memory) / 2**20:.0f} MB", "limit 512 MB"),
    ]


def bench_start(options, work):
    folder = events(options.weir, 1000, 1)
    warm(folder)
    seconds = []
    for _ in range(max(10, options.repeat)):
        here = fresh(work / "start")
        commit = here / "out" / "_delta_log" / f"{0:020d}.json"
        begin = time.perf_counter()
        process = subprocess.Popen([str(word) for word in ingest_command(options.weir, folder, here)], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE)
        rows_commit = here / "out" / "_delta_log" / f"{1:020d}.json"
        # Version 0 may be the empty table: the rows are there when a commit names a data file.
        while process.poll() is None and not any(path.exists() and b'"add"' in path.read_bytes() for path in (commit, rows_commit)):
            time.sleep(0.0005)
        seconds.append(time.perf_counter() - begin)
        if process.wait() != 0:
            raise SystemExit(process.stderr.read().decode(errors="replace"))
    return [("start to first commit, 1,000 rows", f"{statistics.median(seconds) * 1000:.0f} ms", f"Spark {SPARK_START:.0f} s (recorded)",
             "limit 150 ms")]


class Table:
    """The log of one Delta table: which version comes next."""

    def __init__(self, folder):
        self.name = f"{folder.parent.name}.{folder.name.rsplit('-', 1)[0]}"
        self.log = folder / "_delta_log"
        self.next = 0
        self.catch_up()

    def catch_up(self):
        moved = False
        while os.path.exists(self.log / f"{self.next:020d}.json"):
            self.next += 1
            moved = True
        return moved


def project(options, work):
    """The example project in a folder of its own; (folder, landing, environment)."""
    example = pathlib.Path(os.environ.get("WEIR_SHARED") or SOURCE.parent / "shared") / "example-pipeline"
    if not example.is_dir():
        return None
    here = fresh(work / "latency")
    folder, landing = here / "project", here / "landing"
    shutil.copytree(example, folder, ignore=shutil.ignore_patterns("expected"), copy_function=shutil.copyfile)
    landing.mkdir()
    spec = folder / "spark-pipeline.yml"
    lines = [f"storage: file://{here}/storage" if line.startswith("storage:") else line for line in spec.read_text().splitlines()]
    spec.write_text("\n".join(lines) + "\n")
    env = dict(os.environ, WEIR_ROOT=str(here / "lakehouse"))
    measured([options.weir, "external-locations", "create", "landing", landing], cwd=folder, env=env)
    measured([options.weir, "sql", "--var", f"landing={landing}", "setup.sql"], cwd=folder, env=env)
    return folder, landing, env


def wait_for(tables, seconds, process):
    """{table: when it had a new version}."""
    seen, end = {}, time.perf_counter() + seconds
    while len(seen) < len(tables) and time.perf_counter() < end and process.poll() is None:
        for table in tables:
            if table not in seen and table.catch_up():
                seen[table] = time.perf_counter()
        time.sleep(0.001)
    return seen


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def bench_latency(options, work):
    made = project(options, work)
    if made is None:
        say("latency: the example project is not there (WEIR_SHARED)")
        return []
    folder, landing, env = made
    source = sorted(events(options.weir, 1000 * (options.drops + 3), options.drops + 3).iterdir())
    log = open(work / "latency" / "run.log", "wb")
    process = subprocess.Popen([str(options.weir), "run", "--continuous"], cwd=folder, env=env, stdout=log, stderr=log)
    layers = ("bronze", "silver", "gold")
    took = {layer: [] for layer in layers}
    try:
        tables = []
        for index, path in enumerate(source):
            staged = work / "latency" / path.name
            shutil.copyfile(path, staged)
            begin = time.perf_counter()
            os.rename(staged, landing / path.name)
            if index < 3:  # the first ones create and warm
                time.sleep(5 if index else 15)
                roots = sorted((pathlib.Path(env["WEIR_ROOT"]) / "tables").glob("*/*/*-*"))
                tables = [Table(root) for root in roots if root.parent.name in layers and "rejected" not in root.name]
                continue
            seen = wait_for(tables, 60, process)
            if len(seen) < len(tables):
                raise SystemExit(f"no new version of {[t.name for t in tables if t not in seen]}; see {log.name}")
            for layer in layers:
                took[layer].append(max(when for table, when in seen.items() if table.name.startswith(layer + ".")) - begin)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
        log.close()
    rows = []
    for layer in layers:
        peer = f"Spark {SPARK_LATENCY[layer]} s (recorded)" if layer in SPARK_LATENCY else "-"
        rows.append((f"file renamed in -> all of {layer.capitalize()} ({len(took[layer])} files of 1,000 rows)",
                     f"p50 {percentile(took[layer], 0.5) * 1000:.0f} ms, p99 {percentile(took[layer], 0.99) * 1000:.0f} ms", peer, ""))
    return rows


def scaled(part):
    return lambda options, work: part(sys.modules[__name__], options, work)


PARTS = {"ingest": bench_ingest, "json": scaled(scale.ndjson), "start": bench_start, "small": scaled(scale.small_files), "restart": scaled(scale.restart),
         "wide": scaled(scale.wide), "latency": bench_latency}


def machine():
    try:
        model = next(line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {len(os.sched_getaffinity(0))} cores, {memory:.0f} GB, Linux {platform.release()}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help=f"some of {', '.join(PARTS)}; all by default")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--files", type=int, default=20)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--drops", type=int, default=30, help="files for the latency part")
    parser.add_argument("--weir", type=pathlib.Path, default=BUILD / "weir")
    parser.add_argument("--work", type=pathlib.Path, default=BUILD / "bench", help="where tables are written: name a real disk")
    parser.add_argument("--record", action="store_true", help="write docs/BENCHMARKS.md")
    options = parser.parse_args()
    for part in options.parts:
        if part not in PARTS:
            parser.error(f"no such part: {part}")
    options.weir = options.weir.resolve()
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    rows, loads = [], []
    for part in options.parts or PARTS:
        say(f"{part}: (load {load()})")
        loads.append(float(load()))
        found = PARTS[part](options, work)
        for row in found:
            say("  " + " | ".join(cell for cell in row if cell))
        rows += found
        loads.append(float(load()))
    (work / "results.json").write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1) + "\n")
    if options.record:
        words = " ".join(word for word in sys.argv[1:] if word != "--record")
        table = ["| what | weir | peer | |", "| --- | --- | --- | --- |"] + [f"| {' | '.join(row)} |" for row in rows]
        (SOURCE / "docs" / "BENCHMARKS.md").write_text(
            "# Measured\n\n" f"`make bench{f' BENCH={chr(39)}{words}{chr(39)}' if words else ''}` on {machine()}, {time.strftime('%Y-%m-%d')}. "
            f"Median of the runs, load average {min(loads)} to {max(loads)}; what is measured: the head of bench/run.py.\n\n" + "\n".join(table) + "\n")


if __name__ == "__main__":
    main()
