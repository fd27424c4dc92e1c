"""Rows of any engine, written down alike.

Every reader hands over an Arrow table; here its values become JSON values: integers and truth values as they are;
FLOAT and DOUBLE the shortest number that reads back, "NaN", "Infinity", "-Infinity"; DECIMAL text with all digits of
its scale; DATE 2024-01-02; TIMESTAMP 2024-01-02T03:04:05.000000Z, without Z when it has no zone; BINARY base64; STRUCT
an object, ARRAY an array, MAP an array of [key, value]. Years below 0 have a minus, above 9999 a plus. Bytes that are
not UTF-8 are \\udc80..\\udcff (surrogateescape)."""
import base64
import json
import math
import struct

import pyarrow as pa

MICROS = {"s": 1_000_000, "ms": 1_000, "us": 1}


def date_text(days):
    """Days since 1970-01-01 as a proleptic Gregorian date; Python's own stops at the years 1 and 9999."""
    shifted = days + 719_468
    era, day_of_era = divmod(shifted, 146_097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_index = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month_index + 2) // 5 + 1
    month = month_index + 3 if month_index < 10 else month_index - 9
    year = year_of_era + era * 400 + (1 if month <= 2 else 0)
    sign = "-" if year < 0 else "+" if year > 9999 else ""
    return f"{sign}{abs(year):04d}-{month:02d}-{day:02d}"


def timestamp_text(micros, zoned):
    seconds, micro = divmod(micros, 1_000_000)
    days, second = divmod(seconds, 86_400)
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.{micro:06d}"
    return f"{date_text(days)}T{clock}{'Z' if zoned else ''}"


def double_value(value, single=False):
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if single:
        for digits in range(1, 10):
            text = f"{value:.{digits}g}"
            if struct.pack("<f", float(text)) == struct.pack("<f", value):
                return float(text)
    return value


def micros_of(value, unit):
    return value // 1000 if unit == "ns" else value * MICROS[unit]


def text_of(raw):
    return bytes(raw).decode("utf-8", "surrogateescape")


def one(scalar):
    """One Arrow scalar as a JSON value."""
    kind = scalar.type
    if isinstance(scalar, pa.ExtensionScalar):
        return one(scalar.value)
    if not scalar.is_valid:
        return None
    if pa.types.is_dictionary(kind):
        return one(scalar.dictionary[scalar.index.as_py()])
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return scalar.as_py()
    if pa.types.is_floating(kind):
        return double_value(scalar.as_py(), single=pa.types.is_float32(kind))
    if pa.types.is_decimal(kind):
        return f"{scalar.as_py():.{kind.scale}f}"
    if pa.types.is_timestamp(kind):
        return timestamp_text(micros_of(scalar.cast(pa.int64()).as_py(), kind.unit), kind.tz is not None)
    if pa.types.is_date32(kind):
        return date_text(scalar.cast(pa.int32()).as_py())
    if pa.types.is_date64(kind):
        return date_text(scalar.cast(pa.int64()).as_py() // 86_400_000)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return text_of(scalar.as_buffer())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind) \
            or pa.types.is_fixed_size_binary(kind):
        return base64.b64encode(bytes(scalar.as_buffer())).decode()
    if pa.types.is_map(kind):
        return [[one(pair["key"]), one(pair["value"])] for pair in scalar.values]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        item = kind.value_type
        if pa.types.is_struct(item) and [field.name for field in item] == ["key", "value"]:
            return [[one(pair["key"]), one(pair["value"])] for pair in scalar.values]  # Polars has no MAP
        return [one(value) for value in scalar.values]
    if pa.types.is_struct(kind):
        return {field.name: one(scalar[index]) for index, field in enumerate(kind)}
    if pa.types.is_null(kind):
        return None
    raise TypeError(f"no rendering for {kind}")


def key_of(row):
    return json.dumps(row, sort_keys=True, ensure_ascii=True)


def in_order(rows):
    """Rows as a multiset: sorted by their text, so that two engines' answers compare with ==."""
    return sorted(rows, key=key_of)


def rows_of(table):
    """The rows of an Arrow table, sorted, each {column: JSON value}."""
    names = table.column_names
    columns = [[one(value) for value in table.column(index)] for index in range(table.num_columns)]
    return in_order([dict(zip(names, values)) for values in zip(*columns)]) if names else []


def ndjson(text):
    """The rows of NDJSON text (a golden file, `weir sql -o ndjson`), sorted."""
    return in_order([json.loads(line) for line in text.splitlines() if line.strip()])


def equal(left, right, relative=0.0):
    """Whether two rendered values are the same; doubles to `relative`."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, float) and isinstance(right, (int, float)) or isinstance(right, float) and isinstance(left, int):
        return left == right or abs(left - right) <= relative * max(abs(left), abs(right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[name], right[name], relative) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(equal(a, b, relative) for a, b in zip(left, right))
    return type(left) is type(right) and left == right


def same_rows(actual, expected, relative=0.0):
    """Multisets of rows are equal, doubles to `relative`; rows are matched by what is not a double."""
    if len(actual) != len(expected):
        return False

    def blurred(row):
        # Rows that differ in a double only must meet their like: to six digits first, then in order of value.
        coarse = json.dumps(row, sort_keys=True, default=str) if not relative else json.dumps(
            {name: value for name, value in row.items() if not isinstance(value, float)}, sort_keys=True)
        doubles = [value for _, value in sorted(row.items()) if isinstance(value, float)]
        return (coarse, doubles)

    return all(equal(a, b, relative) for a, b in zip(sorted(actual, key=blurred), sorted(expected, key=blurred)))


def difference(actual, expected, relative=0.0, most=5):
    """None when the rows are the same, else a text that shows the first rows that differ."""
    if same_rows(actual, expected, relative):
        return None
    have = {}
    for row in actual:
        have[key_of(row)] = have.get(key_of(row), 0) + 1
    missing = []
    for row in expected:
        if have.get(key_of(row), 0) > 0:
            have[key_of(row)] -= 1
        else:
            missing.append(key_of(row))
    extra = [text for text, count in have.items() for _ in range(count)]
    lines = [f"{len(actual)} rows, expected {len(expected)}; {len(missing)} missing, {len(extra)} unexpected"]
    lines += [f"  missing    {text[:400]}" for text in missing[:most]]
    lines += [f"  unexpected {text[:400]}" for text in extra[:most]]
    return "\n".join(lines)
