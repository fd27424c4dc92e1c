"""Makes read_*.parquet and, beside each, the rows that a reader must give (.ndjson, as weir prints values). Needs pyarrow; run in this folder.

Each file is one way of writing: encodings, page versions, codecs, nesting, old timestamps, unsigned integers, checksums.
"""
import base64
import datetime as dt
import decimal
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq

D = decimal.Decimal
rng = random.Random(7)
N = 300


def some(make, nulls=0.15):
    return [None if rng.random() < nulls else make(i) for i in range(N)]


FLAT = pa.table({
    "b": pa.array(some(lambda i: i % 3 == 0), pa.bool_()),
    "i8": pa.array(some(lambda i: i % 256 - 128), pa.int8()),
    "i16": pa.array(some(lambda i: i * 200 - 30000), pa.int16()),
    "i32": pa.array(some(lambda i: i * i * 20011 - 2**31 + 5), pa.int32()),
    "i64": pa.array(some(lambda i: (-1) ** i * (2**63 - 1 - i * 10**15)), pa.int64()),
    "f": pa.array(some(lambda i: [0.5, -0.0, float("nan"), float("inf"), 1e-40, i * 1.25][i % 6]), pa.float32()),
    "d": pa.array(some(lambda i: [0.1, -0.0, float("nan"), float("-inf"), 5e-324, i / 3][i % 6]), pa.float64()),
    "s": pa.array(some(lambda i: ["", "ä€😀", "plain", "x" * (i % 50), "prefix-%05d" % (i // 3)][i % 5]), pa.string()),
    "y": pa.array(some(lambda i: bytes([i % 256, 0, 255]) * (i % 4)), pa.binary()),
    "dt": pa.array(some(lambda i: dt.date(1, 1, 1) + dt.timedelta(days=i * 11000)), pa.date32()),
    "ts": pa.array(some(lambda i: dt.datetime(1900, 1, 1) + dt.timedelta(days=i * 200, microseconds=i)), pa.timestamp("us", tz="UTC")),
    "ntz": pa.array(some(lambda i: dt.datetime(2024, 1, 1) + dt.timedelta(hours=i, microseconds=999999)), pa.timestamp("us")),
    "d9": pa.array(some(lambda i: D(i * 7919 - 999999) / 100), pa.decimal128(9, 2)),
    "d18": pa.array(some(lambda i: D(-1) ** i * D(10**17 - i)), pa.decimal128(18, 0)),
    "d38": pa.array(some(lambda i: (D(-1) ** i * (D(10) ** 27 - i)).scaleb(-10)), pa.decimal128(38, 10)),
    "must": pa.array(range(N), pa.int32()),
}, schema=None)
FLAT = FLAT.cast(pa.schema([f.with_nullable(f.name != "must") for f in FLAT.schema]))

STRUCT = pa.struct([("x", pa.int32()), ("y", pa.string()), ("z", pa.struct([("w", pa.float64())]))])
NESTED = pa.table({
    "l": pa.array(some(lambda i: [None if k % 3 == 2 else k * i for k in range(i % 5)]), pa.list_(pa.int64())),
    "ll": pa.array(some(lambda i: [None if k % 4 == 3 else ["t%d" % j for j in range(k)] for k in range(i % 6)]), pa.list_(pa.list_(pa.string()))),
    "st": pa.array(some(lambda i: {"x": i, "y": None if i % 2 else "y%d" % i, "z": None if i % 3 == 0 else {"w": None if i % 5 == 0 else i / 4}}), STRUCT),
    "m": pa.array(some(lambda i: [("k%d" % k, None if k == 1 else k) for k in range(i % 4)]), pa.map_(pa.string(), pa.int32())),
    "ls": pa.array(some(lambda i: [None if k == 2 else {"x": k, "y": "q", "z": {"w": 1.5}} for k in range(i % 4)]), pa.list_(STRUCT)),
    "ml": pa.array(some(lambda i: [(k, [None, k]) for k in range(i % 3)]), pa.map_(pa.int32(), pa.list_(pa.int32()))),
})

UNSIGNED = pa.table({
    "u8": pa.array([0, 200, 255, None], pa.uint8()), "u16": pa.array([0, 40000, 65535, None], pa.uint16()),
    "u32": pa.array([0, 3 * 10**9, 2**32 - 1, None], pa.uint32()), "u64": pa.array([0, 10**19, 2**64 - 1, None], pa.uint64()),
    "ms": pa.array([dt.datetime(1960, 1, 1), None, dt.datetime(2024, 5, 6, 7, 8, 9, 123000), dt.datetime(1970, 1, 1)], pa.timestamp("ms", tz="UTC")),
    "ns": pa.array([-1, None, 1_700_000_000_123_456_789, 999], pa.timestamp("ns", tz="UTC")),
})


def render(value, kind):
    if value is None:
        return None
    if pa.types.is_timestamp(kind):
        if kind.unit == "ns":
            us = value.value // 1000 if hasattr(value, "value") else None
            value = dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=us)
        return value.strftime("%Y-%m-%dT%H:%M:%S.%f") .rjust(26, "0") + ("Z" if kind.tz else "")
    if pa.types.is_date(kind):
        return value.isoformat()
    if pa.types.is_decimal(kind):
        return format(value, "f")
    if pa.types.is_binary(kind):
        return base64.b64encode(value).decode()
    if pa.types.is_list(kind):
        return [render(v, kind.value_type) for v in value]
    if pa.types.is_map(kind):
        return [[render(k, kind.key_type), render(v, kind.item_type)] for k, v in value]
    if pa.types.is_struct(kind):
        return {f.name: render(value[f.name], f.type) for f in kind}
    if pa.types.is_uint64(kind):
        return str(value)
    if pa.types.is_floating(kind) and (value != value or value in (float("inf"), float("-inf"))):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return value


def save(name, table, **options):
    pq.write_table(table, f"read_{name}.parquet", **options)
    with open(f"read_{name}.ndjson", "w") as out:
        for i in range(table.num_rows):
            row = {}
            for column in table.column_names:
                cell = table[column][i]
                row[column] = render(cell if pa.types.is_timestamp(cell.type) and cell.type.unit == "ns" and cell.is_valid else cell.as_py(), cell.type)
            out.write(json.dumps(row) + "\n")


save("plain", FLAT, use_dictionary=False, compression="none", data_page_version="1.0")
save("dictionary", FLAT, use_dictionary=True, compression="snappy", data_page_version="1.0", row_group_size=100, data_page_size=64)
save("dictionary_v2", FLAT, use_dictionary=True, compression="zstd", data_page_version="2.0", data_page_size=64)
save("delta", FLAT.select(["i32", "i64", "s", "y", "must"]), use_dictionary=False, compression="gzip", data_page_version="2.0",
     column_encoding={"i32": "DELTA_BINARY_PACKED", "i64": "DELTA_BINARY_PACKED", "s": "DELTA_BYTE_ARRAY", "y": "DELTA_LENGTH_BYTE_ARRAY", "must": "DELTA_BINARY_PACKED"})
save("split", FLAT.select(["f", "d", "i32", "i64", "d38", "b"]), use_dictionary=False, compression="lz4",
     column_encoding={"f": "BYTE_STREAM_SPLIT", "d": "BYTE_STREAM_SPLIT", "i32": "BYTE_STREAM_SPLIT", "i64": "BYTE_STREAM_SPLIT", "d38": "BYTE_STREAM_SPLIT", "b": "RLE"})
save("nested", NESTED, compression="zstd", row_group_size=120, data_page_size=32)
save("nested_v2", NESTED, compression="snappy", data_page_version="2.0", data_page_size=32, use_compliant_nested_type=False)
save("int96", FLAT.select(["ts", "must"]), use_deprecated_int96_timestamps=True, compression="snappy")
save("unsigned", UNSIGNED, version="2.6", compression="none")
save("checksum", FLAT.select(["i32", "s"]), write_page_checksum=True, compression="snappy")
save("small_decimals", FLAT.select(["d9", "d18", "d38"]), store_decimal_as_integer=True, compression="snappy")
save("empty", FLAT.slice(0, 0))
pq.write_table(FLAT.select(["s"]), "refused_brotli.parquet", compression="brotli")
pq.write_table(pa.table({"t": pa.array([dt.time(1, 2, 3)], pa.time64("us"))}), "refused_time.parquet")
