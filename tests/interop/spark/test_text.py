"""Text as Spark reads it, asked of Spark itself: random files in every encoding, and random columns whose types nobody gave."""
import json
import random

import pytest

CHARACTERS = "a" * 12 + "1,,,\"\\ \t" + "\u00e9\u00df\u0416\u65e5\u0a0d\u0d0a\U0001f600\ufffe\ufeff"
ENCODINGS = ["UTF-8", "US-ASCII", "ISO-8859-1", "UTF-16", "UTF-16BE", "UTF-16LE", "UTF-32"]
PYTHON = {"UTF-16": "utf-16-be", "UTF-32": "utf-32-be", "US-ASCII": "latin-1"}
CELLS = ["1", "7", "-3", "+5", "007", "2147483648", "9223372036854775808", "99999999999999999999999999999999999999", "1.5", ".5", "5.", "1e3", "1.5e1", "10e-1", "NaN", "Inf", "-Inf",
         "1d", "0x1p3", "2024-01-02", "2024-1-2", "2024-01", "2024-02-30", "2024-01-02 03:04:05", "2024-01-02T03:04:05Z", "10:00", "true", "FALSE", "t", "", "", "\"\"", "NA", " 1", "x"]


def text(draw, encoding):
    lines = ["".join(draw.choice(CHARACTERS) for _ in range(draw.randrange(9))) for _ in range(12)]
    data = draw.choice(["\n", "\r\n", "\n\n"]).join(lines).encode(PYTHON.get(encoding, encoding), errors="replace")
    if draw.random() < 0.4:  # and damaged
        at = draw.randrange(len(data) + 1)
        data = data[:at] + bytes(draw.randrange(256) for _ in range(draw.randrange(1, 4))) + data[at:]
    if encoding == "UTF-16" and draw.random() < 0.5:
        data = (b"\xff\xfe" if draw.random() < 0.5 else b"\xfe\xff") + data
    return data


# With UTF-16 and lineSep Spark finds no line end at all; weir refuses the two together.
@pytest.mark.parametrize(("encoding", "line_sep"), [(e, s) for e in ENCODINGS for s in (None, "\n") if (e, s) != ("UTF-16", "\n")])
def test_encodings(spark, weir, tmp_path, encoding, line_sep):
    draw = random.Random(f"{encoding} {line_sep}")
    weir("external-locations", "create", "landing", tmp_path)
    options = {"encoding": encoding, "columnNameOfCorruptRecord": "bad"} | ({"lineSep": line_sep} if line_sep else {})
    given = "".join(f", {name} => '{value}'" for name, value in options.items())
    schema = "a STRING, b STRING, bad STRING"
    wrong = []
    for number in range(25):
        file = tmp_path / f"{number}.csv"
        file.write_bytes(text(draw, encoding))
        theirs = [row.asDict() for row in spark.read.schema(schema).options(**options).csv(str(file)).collect()]
        ours = weir("sql", "-o", "ndjson", "-c", f"SELECT * FROM read_files('{file}', format => 'csv', schema => '{schema}'{given})").out
        ours = [json.loads(line) for line in ours.splitlines()]
        if ours != theirs:
            wrong.append((file.read_bytes(), theirs, ours))
    assert not wrong, f"{len(wrong)} of 25, the first: {wrong[0][0]!r}\n  Spark {wrong[0][1]}\n  weir  {wrong[0][2]}"


def test_inference(spark, weir, tmp_path):
    draw = random.Random(4)
    weir("external-locations", "create", "landing", tmp_path)
    wrong = []
    for number in range(40):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        columns = [draw.sample(CELLS, draw.randrange(1, 4)) for _ in range(8)]
        rows = [",".join(draw.choice(cells) for cells in columns) for _ in range(4)]
        (folder / "rows.csv").write_text("a,b,a,c,,d,e,f\n" + "\n".join(rows) + "\n")
        options = {"header": "true", "inferSchema": "true"} | draw.choice([{}, {"nullValue": "NA"}, {"preferDate": "false"}, {"dateFormat": "yyyy-M-d"}, {"timestampFormat": "yyyy-MM-dd HH:mm:ss"}, {"multiLine": "true"}])
        theirs = [(field.name, field.dataType.simpleString()) for field in spark.read.options(**options).csv(str(folder)).schema]
        given = ", ".join(f"{name} '{value}'" for name, value in options.items())
        weir("sql", "-c", f"CREATE TABLE t{number} USING csv OPTIONS ({given}) LOCATION '{folder}'")
        ours = [(row["col_name"], row["data_type"]) for row in map(json.loads, weir("sql", "-o", "ndjson", "-c", f"DESCRIBE TABLE t{number}").out.splitlines())]
        if ours != theirs:
            wrong.append((options, rows, [(t, o) for t, o in zip(theirs, ours) if t != o] or (theirs, ours)))
    assert not wrong, f"{len(wrong)} of 40 (Spark, weir):\n" + "\n".join(map(str, wrong[:5]))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("escape", ["\\", '"'])
def test_multi_line(spark, weir, tmp_path, escape, end):
    draw = random.Random(f"{escape} {end}")
    weir("external-locations", "create", "landing", tmp_path)
    options = {"multiLine": "true", "escape": escape, "columnNameOfCorruptRecord": "bad"}
    given = "".join(f", {name} => '{value}'" for name, value in {**options, "escape": escape.replace(chr(92), chr(92) * 2)}.items())
    wrong = []
    for number in range(60):
        pieces = ["a", "b c", ",", ",", ",", '"', '"', '""', end, end, " ", "\\", "1", "\u00e9", "#", '"x' + end + 'y"', "\t"]
        file = tmp_path / f"{number}.csv"
        file.write_bytes((draw.choice(["a", "1,2"]) + end + "".join(draw.choice(pieces) for _ in range(40))).encode())
        theirs = [row.asDict() for row in spark.read.schema("a STRING, b STRING, c STRING, bad STRING").options(**options).csv(str(file)).collect()]
        ours = weir("sql", "-o", "ndjson", "-c", f"SELECT * FROM read_files('{file}', format => 'csv', schema => 'a STRING, b STRING, c STRING, bad STRING'{given})").out
        ours = [json.loads(line) for line in ours.splitlines()]
        if ours != theirs:
            wrong.append((file.read_bytes(), theirs, ours))
    assert not wrong, f"{len(wrong)} of 60, the first: {wrong[0][0]!r}\n  Spark {wrong[0][1]}\n  weir  {wrong[0][2]}"


def test_zone_names(spark, weir, tmp_path):
    """Every name and id of a time zone that Java has, in three letter cases, as the letter z of a pattern reads it."""
    weir("external-locations", "create", "landing", tmp_path)
    java = spark._jvm.java
    names = {name for row in java.text.DateFormatSymbols.getInstance(java.util.Locale.US).getZoneStrings() for name in list(row)[2::2] if name}
    names |= {name for name in java.time.ZoneId.getAvailableZoneIds() if not name.startswith("SystemV/")}  # weir knows tzdata's zones
    names |= {"AGT", "BET", "CNT", "CTT", "IET", "MIT", "NET", "PLT", "PNT", "PRT", "VST", "XYZ"}
    texts = [f"2024-07-02 {spelled}" for name in sorted(names) for spelled in (name, name.lower(), name.upper())]
    file = tmp_path / "zones.csv"
    file.write_text("".join(f"{text}\n" for text in texts))
    options = {"timestampFormat": "yyyy-MM-dd z", "enableDateTimeParsingFallback": "false", "columnNameOfCorruptRecord": "bad"}
    given = "".join(f", {name} => '{value}'" for name, value in options.items())
    theirs = [(row.a, row.bad) for row in spark.read.schema("a TIMESTAMP, bad STRING").options(**options).csv(str(file)).selectExpr("cast(a AS STRING) a", "bad").collect()]
    rows = weir("sql", "-o", "ndjson", "-c", f"SELECT cast(a AS STRING) a, bad FROM read_files('{file}', format => 'csv', schema => 'a TIMESTAMP, bad STRING'{given})").out
    ours = [(row["a"], row["bad"]) for row in map(json.loads, rows.splitlines())]
    assert len(ours) == len(theirs) == len(texts)
    wrong = [(text, t, o) for text, t, o in zip(texts, theirs, ours) if t != o]
    assert not wrong, f"{len(wrong)} of {len(texts)} (text, Spark, weir): {wrong[:20]}"


def test_odd_dates(spark, weir, tmp_path):
    """Years of every length with signs and zeros, short months and days, as each of the three types; strictly too."""
    weir("external-locations", "create", "landing", tmp_path)
    years = ["2024", "02024", "0024", "24", "12024", "012024", "1220224", "01220224", "001220224", "99999999", "5881580", "5881581", "5877642", "0000", "00000"]
    rests = ["-01-02", "-1-2", "-13-01", "-02-30", "", "-01", "-01-02 03:04:05", "-01-02T", "-01-02 "]
    texts = [sign + year + rest for sign in ("", "+", "-") for year in years for rest in rests]
    file = tmp_path / "dates.csv"
    file.write_text("".join(f"{text}\n" for text in texts))
    for kind in ("DATE", "TIMESTAMP", "TIMESTAMP_NTZ"):
        for fallback in ("true", "false"):
            options = {"enableDateTimeParsingFallback": fallback, "columnNameOfCorruptRecord": "bad"}
            theirs = [row.bad is None for row in spark.read.schema(f"a {kind}, bad STRING").options(**options).csv(str(file)).select("a", "bad").selectExpr("cast(a AS STRING) a", "bad").collect()]
            rows = weir("sql", "-o", "ndjson", "-c", f"SELECT a, bad FROM read_files('{file}', format => 'csv', schema => 'a {kind}, bad STRING', columnNameOfCorruptRecord => 'bad', enableDateTimeParsingFallback => '{fallback}')").out
            ours = [row["bad"] is None for row in map(json.loads, rows.splitlines())]
            wrong = [(text, t, o) for text, t, o in zip(texts, theirs, ours) if t != o]
            assert len(ours) == len(texts) and not wrong, f"{kind}, fallback {fallback}: {len(wrong)} (text, Spark takes it, weir takes it): {wrong[:10]}"
