"""JSON as Spark reads it, asked of Spark itself: random records, whole and damaged, under random options; and columns whose types nobody gave."""
import gzip
import json
import random

import pytest

NAMES = ["a", "b", "c", "s", "l", "m", "x", "y", "A", "zz", "", "b\\u0061", "\\u00e9"]
STRINGS = ["", "k", "12", "-7", "1.5", "1,234.5", "NaN", "Infinity", "-INF", "true", "2024-01-02", "2024-01-02 03:04:05", "2024-01-02T03:04:05.123Z", "10", "YWJj", "YWJjZA==", "YWJjZA", " x ",
           "\\u0041\\n\\\"\\/", "\\ud83d\\ude00", "\\ud800", "\\udc00x", "é😀", "it's", "\\q", "\\u12"]
NUMBERS = ["0", "-0", "1", "127", "128", "255", "256", "-129", "2147483648", "9223372036854775807", "9223372036854775808", "1.0", "1.50", "-0.0", "1e3", "1E-3", "1e400", "0.1", "123456789012345678901234567890",
           "01", "+1", ".5", "1.", "1e", "-", "NaN", "-Infinity", "+INF", "Infinity", "0x1", "1_0"]
WORDS = ["true", "false", "null", "tru", "nulll", "None", "True"]
DAMAGE = ["{", "}", "[", "]", ",", ":", "\"", "'", "\\", " ", "\t", "x", "1", "-", ".", "e", "/", "/*", "*/", "//", "#", "n", "\u00e9", "\x01", "null", "\\u00"]
SCHEMA = ("a INT, b STRING, c DOUBLE, s STRUCT<x: INT, y: STRING, z: ARRAY<INT>>, l ARRAY<INT>, m MAP<STRING, DOUBLE>, ls ARRAY<STRUCT<x: INT, y: STRING>>, ll ARRAY<ARRAY<STRING>>, "
          "ms MAP<STRING, STRUCT<x: INT>>, d DECIMAL(10,2), t BOOLEAN, n BYTE, g BIGINT, f FLOAT, w BINARY, _corrupt_record STRING")
FIELDS = ["a", "b", "c", "s", "l", "m", "ls", "ll", "ms", "d", "t", "n", "g", "f", "w", "zz"]
OPTIONS = [{}, {}, {"allowComments": "true"}, {"allowUnquotedFieldNames": "true", "allowNumericLeadingZeros": "true"}, {"allowSingleQuotes": "false"}, {"allowNonNumericNumbers": "false"},
           {"allowBackslashEscapingAnyCharacter": "true", "allowUnquotedControlChars": "true"}, {"encoding": "UTF-8"}, {"maxNestingDepth": "3"}, {"maxNumLen": "4"}, {"maxStringLen": "9"}]


def quoted(draw, text):
    return f"'{text}'" if draw.random() < 0.05 else f'"{text}"'


def blanks(draw):
    return draw.choice(["", "", "", " ", "\t"])


def value(draw, depth):
    kind = draw.random()
    if kind < 0.3 or depth == 0:
        return draw.choice(NUMBERS if draw.random() < 0.2 else NUMBERS[:18])
    if kind < 0.55:
        return quoted(draw, draw.choice(STRINGS if draw.random() < 0.3 else STRINGS[:18]))
    if kind < 0.65:
        return draw.choice(WORDS if draw.random() < 0.2 else WORDS[:3])
    if kind < 0.82:
        return "[" + ",".join(blanks(draw) + value(draw, depth - 1) + blanks(draw) for _ in range(draw.randrange(4))) + "]"
    return record(draw, depth - 1, NAMES)


FITTING = {"a": ["1", "-5", "null", "7"], "b": ['"k"', "1.50", '{"u" : 1}', "[1 ,2]"], "c": ["1.5", "1", '"NaN"'], "s": ['{"x":1,"y":"q","z":[1,2]}', '{"x":"no","y":"q"}', "{}", '{"z":[1,"x"]}'],
           "l": ["[1,2]", "[]", "[1,null]", '[1,"x",2]'], "m": ['{"u":1.5,"v":2}', "{}", '{"u":1,"u":2}', '{"u":"x","v":1}'], "ls": ['[{"x":1},{"y":"q"}]', '[{"x":"no","y":"q"},{"x":2}]', "[{}]"],
           "ll": ['[["p"],[]]', "[[1],null]", '[["p"],5,[6]]'], "ms": ['{"u":{"x":1}}', '{"u":{"x":"no"},"v":{"x":2}}', '{"u":5,"v":{"x":1}}'], "d": ["1.005", '"1,234.5"', "12345678901"], "t": ["true", "false"],
           "n": ["1", "200"], "g": ["5", "9223372036854775807"], "f": ["0.1", "16777217"], "w": ['"YWJj"', '"YWJjZA"', '"Y\\u0057Jj"', '"Y!"'], "zz": ["1", '{"q":[{}]}']}


def record(draw, depth, names=None):
    fields = []
    for _ in range(draw.randrange(5)):
        name = draw.choice(names or FIELDS)
        inside = draw.choice(FITTING[name]) if not names and draw.random() < 0.75 else value(draw, depth)
        fields.append(f"{blanks(draw)}{quoted(draw, name)}{blanks(draw)}:{blanks(draw)}{inside}{blanks(draw)}")
    return "{" + ",".join(fields) + "}"


def damaged(draw, line):
    for _ in range(draw.randrange(1, 3)):
        at = draw.randrange(len(line) + 1)
        cut = draw.randrange(3) if draw.random() < 0.5 else 0
        line = line[:at] + (draw.choice(DAMAGE) if draw.random() < 0.7 else "") + line[at + cut:]
    return line.replace("\n", "").replace("\r", "")


def line(draw):
    text = record(draw, 3)
    if draw.random() < 0.08:
        text = "[" + ",".join(record(draw, 2) for _ in range(draw.randrange(4))) + "]"
    return damaged(draw, text) if draw.random() < 0.4 else text


def plain(found):
    """A value of Spark's as weir prints it."""
    if hasattr(found, "asDict"):
        return {name: plain(one) for name, one in found.asDict().items()}
    if isinstance(found, dict):
        return [[plain(key), plain(one)] for key, one in found.items()]
    if isinstance(found, list):
        return [plain(one) for one in found]
    if isinstance(found, float):
        return "NaN" if found != found else "Infinity" if found == float("inf") else "-Infinity" if found == float("-inf") else found
    return found


def as_seen(rows):
    """Keys of a map once each, the last value (Python's dict has no more); doubles as text."""
    def maps(found, name=None):
        if isinstance(found, dict):
            return {key: maps(one, key) for key, one in found.items()}
        if isinstance(found, list) and name in ("m", "ms"):
            return sorted({key: json.dumps(maps(one)) for key, one in found}.items())
        if isinstance(found, list):
            return [maps(one) for one in found]
        return found
    return [maps(row) for row in rows]


COLUMNS = "a, b, c, s, l, m, ls, ll, ms, CAST(d AS STRING) AS d, t, n, g, CAST(f AS DOUBLE) AS f, hex(w) AS w, _corrupt_record"


@pytest.mark.parametrize("seed", range(6))
def test_records(spark, weir, tmp_path, seed):
    draw = random.Random(f"json {seed}")
    weir("external-locations", "create", "landing", tmp_path)
    wrong, total = [], 0
    for number in range(len(OPTIONS)):
        options = OPTIONS[number]
        file = tmp_path / f"{number}.json"
        lines = [line(draw) for _ in range(60)]
        file.write_bytes("\n".join(lines).encode("utf-8", "replace") + b"\n")
        theirs = spark.read.schema(SCHEMA).options(**options).json(str(file)).selectExpr(*COLUMNS.split(", ")).collect()
        theirs = as_seen([plain(row) for row in theirs])
        given = "".join(f", {name} => '{given}'" for name, given in options.items())
        ours = weir("sql", "-o", "ndjson", "-c", f"SELECT {COLUMNS} FROM read_files('{file}', format => 'json', schema => '{SCHEMA}'{given})").out
        ours = as_seen([json.loads(one) for one in ours.splitlines()])
        total += len(theirs)
        if len(ours) != len(theirs):
            wrong.append((options, f"{len(ours)} rows, Spark {len(theirs)}", next(((a, b) for a, b in zip(ours, theirs) if a != b), None)))
        wrong += [(options, our, their) for our, their in zip(ours, theirs) if our != their and len(ours) == len(theirs)]
    shown = "\n".join(f"  {options}\n    weir  {our}\n    Spark {their}" for options, our, their in wrong[:8])
    assert not wrong, f"{len(wrong)} of {total} rows differ, the first:\n{shown}"


DOCUMENTS = [{}, {"encoding": "UTF-8"}, {"encoding": "UTF-16"}, {"encoding": "UTF-16LE"}]


@pytest.mark.parametrize("compressed", [False, True])
def test_documents(spark, weir, tmp_path, compressed):
    """multiLine: a document a file; in a compressed one values into STRING are written anew."""
    draw = random.Random(f"documents {compressed}")
    weir("external-locations", "create", "landing", tmp_path)
    wrong = []
    for number in range(60):
        options = draw.choice(DOCUMENTS) | {"multiLine": "true"}
        encoding = options.get("encoding") or draw.choice(["UTF-8", "UTF-8", "UTF-16LE", "UTF-16BE"])
        text = line(draw).replace(",", ",\n", 2)
        data = text.encode({"UTF-16": "utf-16-be"}.get(encoding, encoding), "replace")
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / ("d.json.gz" if compressed else "d.json")).write_bytes(gzip.compress(data) if compressed else data)
        theirs = spark.read.schema(SCHEMA).options(**options).json(str(folder)).selectExpr(*COLUMNS.split(", ")[:-1], "_corrupt_record IS NULL AS good").collect()
        theirs = as_seen([plain(row) for row in theirs])
        given = "".join(f", {name} => '{given}'" for name, given in options.items())
        ours = weir("sql", "-o", "ndjson", "-c", f"SELECT {COLUMNS.rsplit(', ', 1)[0]}, _corrupt_record IS NULL AS good FROM read_files('{folder}', format => 'json', schema => '{SCHEMA}'{given})").out
        ours = as_seen([json.loads(one) for one in ours.splitlines()])
        if ours != theirs:
            wrong.append((options, data, ours, theirs))
    shown = "\n".join(f"  {options} {data!r}\n    weir  {our}\n    Spark {their}" for options, data, our, their in wrong[:6])
    assert not wrong, f"{len(wrong)} of 60 differ, the first:\n{shown}"


def inside_strings(text):
    """Places in strings: what a decoder made of bytes elsewhere, Jackson reads past in its own way."""
    places, quote = [], None
    for at, char in enumerate(text.decode("latin-1")):
        if quote and at and text[at - 1:at] != b"\\":
            places.append(at)
        quote = (None if char == quote else quote) if quote else char if char in "\"'" else None
    return places


def test_bytes(spark, weir, tmp_path):
    """Broken UTF-8: which of it Jackson takes, and what of the record is lost."""
    draw = random.Random("bytes")
    weir("external-locations", "create", "landing", tmp_path)
    wrong = []
    for number, options in enumerate([{}, {"encoding": "UTF-8"}, {"encoding": "US-ASCII", "lineSep": "\n"}, {"encoding": "ISO-8859-1", "lineSep": "\n"}]):
        lines = []
        for _ in range(300):
            one = bytearray(record(draw, 2).encode())
            for _ in range(draw.randrange(1, 4)):
                places = inside_strings(bytes(one)) if options else range(len(one) + 1)
                if not places:
                    continue
                at = draw.choice(places)
                one[at:at] = draw.choice([b"\xc3", b"\xc3\xa9", b"\xfe", b"\x80", b"\xe2\x82", b"\xe2\x82\xac", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf0\x9f\x98\x80", b"\xf4\x90\x80\x80", b"\xf8", b"\xf0\x80\x80\xaf"])
            lines.append(bytes(one))
        file = tmp_path / f"{number}.json"
        file.write_bytes(b"\n".join(lines) + b"\n")
        columns = COLUMNS.split(", ")[:-1] + ["_corrupt_record IS NULL AS good"]
        theirs = as_seen([plain(row) for row in spark.read.schema(SCHEMA).options(**options).json(str(file)).selectExpr(*columns).collect()])
        given = "".join(f", {name} => '{given}'" for name, given in options.items()).replace("\n", "\\n")
        ours = weir("sql", "-o", "ndjson", "-c", f"SELECT {', '.join(columns)} FROM read_files('{file}', format => 'json', schema => '{SCHEMA}'{given})").out
        ours = as_seen([json.loads(one) for one in ours.splitlines()])
        assert len(ours) == len(theirs)
        wrong += [(options, raw, our, their) for raw, our, their in zip(lines, ours, theirs) if our != their]
    shown = "\n".join(f"  {options} {raw!r}\n    weir  {our}\n    Spark {their}" for options, raw, our, their in wrong[:6])
    assert not wrong, f"{len(wrong)} differ, the first:\n{shown}"


def test_inference(spark, weir, tmp_path):
    draw = random.Random("inference")
    weir("external-locations", "create", "landing", tmp_path)
    wrong = []
    for number in range(60):
        folder = tmp_path / str(number)
        folder.mkdir()
        lines = [draw.choice([lambda: record(draw, 2), lambda: line(draw) if draw.random() < 0.3 else record(draw, 3)])() for _ in range(draw.randrange(1, 5))]
        (folder / "rows.json").write_text("\n".join(lines) + "\n", encoding="utf-8", errors="replace")
        options = draw.choice([{}, {}, {"prefersDecimal": "true"}, {"primitivesAsString": "true"}, {"dropFieldIfAllNull": "true"}, {"inferTimestamp": "true"}, {"mode": "DROPMALFORMED"}, {"multiLine": "true"}])
        try:
            theirs = [(field.name, field.dataType.simpleString()) for field in spark.read.options(**options).json(str(folder)).schema]
        except Exception as failed:
            theirs = str(failed).splitlines()[0][:90]
        given = ", ".join(f"{name} '{value}'" for name, value in options.items())
        made = weir("sql", "-c", f"CREATE TABLE t{number} USING json {f'OPTIONS ({given})' if given else ''} LOCATION '{folder}'", check=False)
        if made.code != 0:
            ours = made.err.splitlines()[0]
            # Without any column, or with the corrupt one alone, Spark makes a table that cannot be queried.
            if isinstance(theirs, str) or not [name for name, _ in theirs if name != "_corrupt_record"] or len({name.lower() for name, _ in theirs}) < len(theirs):
                continue
        else:
            ours = [(row["col_name"], row["data_type"]) for row in map(json.loads, weir("sql", "-o", "ndjson", "-c", f"DESCRIBE TABLE t{number}").out.splitlines())]
        if ours != theirs:
            wrong.append((options, lines, ours, theirs))
    shown = "\n".join(f"  {options} {lines}\n    weir  {our}\n    Spark {their}" for options, lines, our, their in wrong[:6])
    assert not wrong, f"{len(wrong)} of 60 differ, the first:\n{shown}"
