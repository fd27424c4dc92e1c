"""CSV and NDJSON against DuckDB's readers, on files where Spark's rules and DuckDB's agree: quotes doubled within quotes, whole rows, values of their types."""
import json
import random

import duckdb
import pytest

from harness.weir import rounds

TEXTS = ["", "a", "x y", "a,b", 'say "hi"', "line\nbreak", "caf\u00e9", "\U0001f600", "a|b", "'", "1", "NULL", "a;b", "\u65e5\u672c", "back\\slash", "trailing ", " leading", "#", "tab\there"]
SQL = {"STRING": "VARCHAR", "BIGINT": "BIGINT", "DOUBLE": "DOUBLE", "BOOLEAN": "BOOLEAN", "DATE": "DATE", "INT": "INTEGER"}
COLUMNS = ["a STRING, b BIGINT, c STRING, d DOUBLE", "a BOOLEAN, b DATE, c STRING", "a STRING", "a INT, b STRING, c STRING, d STRING, e BIGINT"]


def value(draw, kind):
    if draw.random() < 0.15:
        return None
    return {"STRING": lambda: draw.choice(TEXTS), "BIGINT": lambda: draw.choice([0, -1, 2**63 - 1, -2**63, draw.randrange(10**6)]), "INT": lambda: draw.choice([0, -2**31, 2**31 - 1, draw.randrange(1000)]),
            "DOUBLE": lambda: draw.choice([0.0, 1.5, -2e10, 1e-7, 1e300, draw.random()]), "BOOLEAN": lambda: draw.random() < 0.5, "DATE": lambda: f"{draw.randrange(1900, 2100)}-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}"}[kind]()


def fields(schema):
    return [part.split() for part in schema.split(", ")]


def cell(draw, item, sep):
    if item is None:
        return ""
    text = str(item).lower() if isinstance(item, bool) else repr(item) if isinstance(item, float) else str(item)
    if draw.random() < 0.3 or any(c in text for c in (sep, '"', "\n", "#")) or text != text.strip():
        return '"' + text.replace('"', '""') + '"'
    return text


def of_weir(weir, file, form, schema, options):
    given = "".join(f", {name} => '{value}'" for name, value in options.items())
    return weir.rows_in_order(f"SELECT * FROM read_files('{file}', format => '{form}', schema => '{schema}'{given})")


def of_duckdb(query):
    with duckdb.connect() as connection:
        result = connection.execute(query)
        names = [column[0] for column in result.description]
        return [{name: item.isoformat() if hasattr(item, "isoformat") else item for name, item in zip(names, row)} for row in result.fetchall()]


def differing(schema, ours, theirs, file):
    if ours == theirs:
        return []
    pair = next(((o, t) for o, t in zip(ours, theirs) if o != t), (f"{len(ours)} rows", f"{len(theirs)} rows"))
    return [f"{schema} {file.read_bytes()!r}\n  weir   {pair[0]}\n  DuckDB {pair[1]}"]


@pytest.mark.soak
@pytest.mark.timeout(3000)
def test_csv(weir, tmp_path):
    weir("external-locations", "create", "landing", tmp_path)
    wrong, count = [], 0
    for number in range(rounds(40, 2000)):
        draw = random.Random(f"csv {number}")
        schema, sep, end, header = draw.choice(COLUMNS), draw.choice([",", "|", ";", "\t"]), draw.choice(["\n", "\n", "\r\n"]), draw.random() < 0.5
        rows = [[value(draw, kind) for _, kind in fields(schema)] for _ in range(draw.randrange(1, 40))]
        lines = [sep.join(cell(draw, item, sep) for item in row) for row in rows]
        lines = [line for line in lines if line.strip() and not ("\n" in line and end == "\r\n")]  # Spark's first line end says which one the file has; a blank line is a row of one column to DuckDB
        lines = ([sep.join(name for name, _ in fields(schema))] if header else []) + lines
        file = tmp_path / f"{number}.csv"
        file.write_bytes((end.join(lines) + draw.choice(["", end])).encode())
        ours = of_weir(weir, file, "csv", schema, {"sep": sep.replace("\t", "\\t").replace("\\", "\\\\"), "header": str(header).lower(), "escape": '"', "multiLine": "true"})
        columns = ", ".join(f"'{name}': '{SQL[kind]}'" for name, kind in fields(schema))
        quoting = f"""quote='"', escape='"', new_line='{repr(end)[1:-1]}'"""
        theirs = of_duckdb(f"SELECT * FROM read_csv('{file}', delim='{sep}', header={header}, {quoting}, nullstr='', auto_detect=false, columns={{{columns}}})")
        count += len(theirs)
        wrong += differing(schema, ours, theirs, file)
    assert not wrong, f"{len(wrong)} files differ, the first:\n" + "\n".join(wrong[:3])
    assert count > 300


NESTED = ["a STRING, b BIGINT, c DOUBLE, d BOOLEAN", "a ARRAY<BIGINT>, s STRUCT<x: STRING, y: ARRAY<STRING>>", "s STRUCT<t: STRUCT<u: BIGINT>, v: STRING>, a STRING"]
DUCKDB_NESTED = ["{'a': 'VARCHAR', 'b': 'BIGINT', 'c': 'DOUBLE', 'd': 'BOOLEAN'}", "{'a': 'BIGINT[]', 's': 'STRUCT(x VARCHAR, y VARCHAR[])'}", "{'s': 'STRUCT(t STRUCT(u BIGINT), v VARCHAR)', 'a': 'VARCHAR'}"]


def record(draw, which):
    def text():
        return value(draw, "STRING")
    one = [lambda: {"a": text(), "b": value(draw, "BIGINT"), "c": value(draw, "DOUBLE"), "d": value(draw, "BOOLEAN")},
           lambda: {"a": draw.choice([None, [], [1, 2], [value(draw, "BIGINT")]]), "s": draw.choice([None, {"x": text(), "y": [text(), text()]}, {"x": text(), "y": None}])},
           lambda: {"s": draw.choice([None, {"t": {"u": value(draw, "BIGINT")}, "v": text()}, {"t": None, "v": text()}]), "a": text()}][which]()
    pairs = [pair for pair in one.items() if draw.random() > 0.1]
    draw.shuffle(pairs)
    return dict(pairs) | ({"other": [1, {"z": text()}]} if draw.random() < 0.2 else {})


@pytest.mark.soak
@pytest.mark.timeout(3000)
def test_ndjson(weir, tmp_path):
    weir("external-locations", "create", "landing", tmp_path)
    wrong, count = [], 0
    for number in range(rounds(40, 2000)):
        draw = random.Random(f"json {number}")
        which, end = draw.randrange(3), draw.choice(["\n", "\r\n"])
        lines = [json.dumps(record(draw, which), ensure_ascii=draw.random() < 0.5, separators=draw.choice([(",", ":"), (", ", " : ")])) for _ in range(draw.randrange(1, 40))]
        file = tmp_path / f"{number}.json"
        file.write_bytes((end.join(lines) + draw.choice(["", end])).encode())
        ours = of_weir(weir, file, "json", NESTED[which], {})
        theirs = of_duckdb(f"SELECT * FROM read_json('{file}', format='newline_delimited', auto_detect=false, columns={DUCKDB_NESTED[which]})")
        count += len(theirs)
        wrong += differing(NESTED[which], ours, theirs, file)
    assert not wrong, f"{len(wrong)} files differ, the first:\n" + "\n".join(wrong[:3])
    assert count > 300
