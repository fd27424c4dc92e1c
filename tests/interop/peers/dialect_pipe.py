"""The translator at the end of a pipe (tests/interop/dialect_translate.c), a DuckDB to run its text, and values as Spark's recorded answers write them."""
import datetime
import decimal
import json
import math
import pathlib
import subprocess
import tempfile

import duckdb

from harness import weir as harness

RELATIVE = 1e-12  # two libraries may differ in the last bit of exp() and its kin


def tool():
    return str(harness.program_path("dialect_translate"))


def translate(scripts, tables=None):
    """For each script a list of what its statements became: {"sql", "columns"} or {"error", "code", "line", "column", "message"}."""
    with tempfile.TemporaryDirectory() as folder:
        named = pathlib.Path(folder) / "tables.json"
        named.write_text(json.dumps(tables or {}))
        lines = "".join(json.dumps(script) + "\n" for script in scripts)
        run = subprocess.run([tool(), str(named)], input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def connect():
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(subprocess.run([tool(), "--prelude"], capture_output=True, text=True, check=True).stdout)
    return connection


def render(value, zoned=True):
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        return value if not math.isinf(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%f") + ("Z" if zoned else "")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return {"hex": bytes(value).hex()}
    if isinstance(value, list):
        return [render(item, zoned) for item in value]
    if isinstance(value, dict):
        return {str(key): render(item, zoned) for key, item in value.items()}
    return value


def same(got, want, relative=RELATIVE):
    if isinstance(got, float) and isinstance(want, (int, float)) and not isinstance(want, bool):
        return got == want or abs(got - want) <= relative * max(abs(got), abs(want))
    if isinstance(got, list) and isinstance(want, list):
        return len(got) == len(want) and all(same(g, w, relative) for g, w in zip(got, want))
    if isinstance(got, dict) and isinstance(want, dict):
        return list(got) == list(want) and all(same(got[key], want[key], relative) for key in got)
    return got == want and isinstance(got, bool) == isinstance(want, bool)


def answer(connection, statement):
    """(rows, types) of a translated statement."""
    types = [type_name for _, type_name in statement["columns"]]
    rows = connection.execute(statement["sql"]).fetchall()
    return [[render(value, types[i] != "timestamp_ntz") for i, value in enumerate(row)] for row in rows], types
