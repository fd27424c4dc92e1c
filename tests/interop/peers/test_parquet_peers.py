"""Parquet files of weir in the hands of others: pyarrow, DuckDB and Polars read random tables of every type; statistics, page index and
checksums are held against the rows."""
import base64
import datetime as dt
import decimal
import json
import math
import os
import struct
import subprocess
import zlib

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from harness import thrift
from harness import weir

CASES = 84 if weir.soaking() else 21


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    program = weir.program_path("parquet_test_write_random")
    folder = tmp_path_factory.mktemp("parquet")
    subprocess.run([program, "--write", folder, str(CASES), os.environ.get("WEIR_SEED", "1")], check=True)
    return folder


def case(cases, n):
    path = cases / f"case-{n:03}.parquet"
    schema = json.loads((cases / f"case-{n:03}.schema").read_text())
    rows = [json.loads(line) for line in (cases / f"case-{n:03}.json").read_text().splitlines()]
    return path, schema["fields"], rows


# --- values as weir prints them ---

def show_float(value, single):
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def show(value, kind):
    """A value as Python has it, as in the .json files."""
    if value is None:
        return None
    if isinstance(kind, dict):
        if kind["type"] == "struct":
            return {f["name"]: show(value[f["name"]], f["type"]) for f in kind["fields"]}
        if kind["type"] == "array":
            return [show(v, kind["elementType"]) for v in value]
        pairs = [(p["key"], p["value"]) if isinstance(p, dict) else p for p in (value.items() if isinstance(value, dict) else value)]
        return [[show(k, kind["keyType"]), show(v, kind["valueType"])] for k, v in pairs]
    if kind in ("float", "double"):
        return show_float(value, kind == "float")
    if kind.startswith("decimal"):
        return format(value, "f")
    if kind == "binary":
        return base64.b64encode(value).decode()
    if kind == "date":
        return value.isoformat()
    if kind in ("timestamp", "timestamp_ntz"):
        if value.tzinfo:
            value = value.astimezone(dt.timezone.utc).replace(tzinfo=None)
        return value.isoformat(timespec="microseconds") + ("Z" if kind == "timestamp" else "")
    return value


def floats_as_read(value, kind):
    """A float of the .json file was printed with the digits of 32 bits."""
    if value is None:
        return None
    if isinstance(kind, dict):
        if kind["type"] == "struct":
            return {f["name"]: floats_as_read(value[f["name"]], f["type"]) for f in kind["fields"]}
        if kind["type"] == "array":
            return [floats_as_read(v, kind["elementType"]) for v in value]
        return [[floats_as_read(k, kind["keyType"]), floats_as_read(v, kind["valueType"])] for k, v in value]
    if kind == "float" and not isinstance(value, str):
        return struct.unpack("<f", struct.pack("<f", value))[0]
    return value


def check_rows(table, fields, rows):
    assert table.num_rows == len(rows)
    for i, field in enumerate(fields):
        got = [show(v, field["type"]) for v in table.column(i).to_pylist()]
        want = [floats_as_read(row[i], field["type"]) for row in rows]
        for at, (a, b) in enumerate(zip(got, want)):
            assert a == b and repr(a) == repr(b), f"row {at} of {field['name']} ({field['type']}): {a!r} is not {b!r}"


@pytest.mark.parametrize("n", range(CASES))
def test_pyarrow(cases, n):
    path, fields, rows = case(cases, n)
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        check_rows(file.read(), fields, rows)
        assert file.metadata.metadata == {b"made by": b"a test", b"empty": b""}
        assert file.metadata.created_by.startswith("weir version ")
        for group in range(file.num_row_groups):
            assert file.metadata.row_group(group).num_rows > 0


@pytest.mark.parametrize("n", range(CASES))
def test_duckdb(cases, n):
    path, fields, rows = case(cases, n)
    with duckdb.connect() as db:
        db.execute("SET TimeZone='UTC'")
        columns = ", ".join(f'"{f["name"]}"' for f in fields)
        check_rows(db.execute(f"SELECT {columns} FROM read_parquet(?)", [str(path)]).to_arrow_table(), fields, rows)
        # Answers from statistics alone.
        for i, field in enumerate(fields):
            if field["type"] in ("integer", "long", "date", "string"):
                least, most = db.execute(f'SELECT min("{field["name"]}"), max("{field["name"]}") FROM read_parquet(?)', [str(path)]).fetchone()
                values = [row[i] for row in rows if row[i] is not None]
                assert show(least, field["type"]) == (min(values, key=order_key) if values else None)
                assert show(most, field["type"]) == (max(values, key=order_key) if values else None)


def order_key(value):
    return value.encode() if isinstance(value, str) else value


@pytest.mark.parametrize("n", range(CASES))
def test_polars(cases, n):
    path, fields, rows = case(cases, n)
    table = polars.read_parquet(path).to_arrow()
    check_rows(table, fields, rows)


# --- what stands beside the rows ---

def bytes_to_value(raw, element):
    kind, converted = element[1], element.get(6)
    if kind == 0:
        return bool(raw[0])
    if kind in (1, 2):
        return int.from_bytes(raw, "little", signed=True)
    if kind == 4:
        return struct.unpack("<f", raw)[0]
    if kind == 5:
        return struct.unpack("<d", raw)[0]
    if kind == 7:
        return int.from_bytes(raw, "big", signed=True)
    assert kind == 6 and converted in (0, None)
    return raw


def json_to_value(value, kind):
    """As bytes_to_value gives them."""
    if kind in ("float", "double"):
        return float(value.replace("Infinity", "inf")) if isinstance(value, str) else floats_as_read(value, kind)
    if kind == "string":
        return value.encode("utf-8", "surrogateescape")
    if kind == "binary":
        return base64.b64decode(value)
    if kind == "date":
        return (dt.date.fromisoformat(value) - dt.date(1970, 1, 1)).days
    if kind in ("timestamp", "timestamp_ntz"):
        moment = dt.datetime.fromisoformat(value.rstrip("Z")) - dt.datetime(1970, 1, 1)
        return (moment.days * 86400 + moment.seconds) * 1_000_000 + moment.microseconds
    if isinstance(kind, str) and kind.startswith("decimal"):
        sign, digits, _ = decimal.Decimal(value).as_tuple()
        return int("".join(map(str, digits))) * (-1 if sign else 1)
    return value


def check_bounds(least, most, values, element):
    """Bounds that hold, of values without NULLs and NaN."""
    low, high = bytes_to_value(least, element), bytes_to_value(most, element)
    assert all(low <= v <= high for v in values)
    return low, high


def pages_of(data, chunk, meta):
    """(offset, header, size with header) of each data page; checks the CRC of every page."""
    at = meta.get(11, meta[9])
    end = at + meta[7]
    pages = []
    while at < end:
        reader = thrift.Reader(data, at)
        header = reader.struct()
        body = data[reader.at:reader.at + header[3]]
        assert zlib.crc32(body) == header[4] & 0xFFFFFFFF
        size = reader.at - at + header[3]
        if header[1] == 0:
            pages.append((at, header, size))
        at += size
    assert at == end
    return pages


def check_chunk(data, chunk, element, field, values):
    meta = chunk[3]
    stats = meta[12]
    nulls = sum(v is None for v in values)
    assert stats[3] == nulls and meta[5] == len(values)
    known = [json_to_value(v, field["type"]) for v in values if v is not None]
    nans = [v for v in known if v != v]
    real = [v for v in known if v == v]
    if 4 in stats:
        assert stats[4] == len({repr(v) for v in known})
    if real and not nans:
        low, high = check_bounds(stats[6], stats[5], real, element)
        for exact, bound in ((stats[8], low), (stats[7], high)):
            assert not exact or bound in real
    else:
        assert 5 not in stats and 6 not in stats
    pages = pages_of(data, chunk, meta)
    offset_index = thrift.Reader(data, chunk[4]).struct()
    locations = offset_index[1]
    assert [(p[1], p[2]) for p in locations] == [(at, size) for at, _, size in pages]
    firsts = [p[3] for p in locations] + [len(values)]
    assert firsts[0] == 0
    assert [header[5][1] for _, header, _ in pages] == [b - a for a, b in zip(firsts, firsts[1:])]
    if nans:
        assert 6 not in chunk
        return
    index = thrift.Reader(data, chunk[6]).struct()
    lows, highs = [], []
    for p, (first, last) in enumerate(zip(firsts, firsts[1:])):
        page = values[first:last]
        assert index[5][p] == sum(v is None for v in page)
        assert index[1][p] == (index[5][p] == len(page))
        if not index[1][p]:
            real = [json_to_value(v, field["type"]) for v in page if v is not None]
            low, high = check_bounds(index[2][p], index[3][p], real, element)
            lows.append(low)
            highs.append(high)
    up = lows == sorted(lows) and highs == sorted(highs)
    down = lows[::-1] == sorted(lows) and highs[::-1] == sorted(highs)
    assert index[4] == (1 if up else 2 if down else 0)


@pytest.mark.parametrize("n", range(CASES))
def test_statistics_page_index_and_checksums(cases, n):
    path, fields, rows = case(cases, n)
    data = path.read_bytes()
    footer = thrift.Reader(data, len(data) - 8 - int.from_bytes(data[-8:-4], "little")).struct()
    leaves = [e for e in footer[2] if 1 in e]
    assert len(footer[7]) == len(leaves)
    first = 0
    for group in footer[4]:
        part = rows[first:first + group[3]]
        first += group[3]
        assert group[6] == sum(c[3][7] for c in group[1]) and group[2] == sum(c[3][6] for c in group[1])
        for chunk, element in zip(group[1], leaves):
            if len(chunk[3][3]) == 1:
                at = next(i for i, f in enumerate(fields) if f["name"].encode() == chunk[3][3][0])
                check_chunk(data, chunk, element, fields[at], [row[at] for row in part])
            else:
                pages_of(data, chunk, chunk[3])
    assert first == len(rows)
