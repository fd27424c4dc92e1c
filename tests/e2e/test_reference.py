"""weir against the reference reader of tests/harness/reference.py, on files that nobody wrote by hand; and the reference against what Spark answered."""
import collections
import json
import math
import random

import pytest

from harness.weir import rounds, shared_path
from harness import reference

TEXT = shared_path() and shared_path() / "conformance" / "text"


def same(ours, theirs):
    """`...` is a value that is not claimed."""
    return ours.keys() == theirs.keys() and all(theirs[name] is ... or equal(ours[name], theirs[name]) for name in theirs)


def equal(a, b):
    if isinstance(b, float):
        if isinstance(a, str):
            a = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}.get(a)
        return isinstance(a, (int, float)) and (a == b or (math.isnan(a) and math.isnan(b)))
    if isinstance(b, list) and isinstance(a, list):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(b, dict) and isinstance(a, dict):
        return same(a, b)
    return type(a) is type(b) and a == b


def recorded_cases():
    for path in sorted(TEXT.glob("*/*/case.json")) if TEXT else []:
        case = json.loads(path.read_text())
        files = sorted(path.parent.glob("input.*"))
        if len(files) == 1 and files[0].suffix in (".csv", ".json") and case["schema"] and not {"select", "streaming", "quirk", "files"} & set(case):
            yield path.parent, case, files[0].read_bytes()


@pytest.mark.skipif(not TEXT or not TEXT.is_dir(), reason="the recorded answers of Spark are not there")
def test_reference_is_right():
    """Every recorded case that the reference claims to know, it knows."""
    known, unknown, wrong = collections.Counter(), collections.Counter(), []
    for folder, case, data in recorded_cases():
        error = (folder / "expected-error.txt").exists()
        try:
            if case["format"] == "json":
                if case["options"]:
                    raise reference.Unknown("options")
                rows = reference.read_ndjson(data, case["schema"])
            else:
                rows = reference.read_csv(data, case["schema"], case["options"])
            failed = False
        except reference.Failed:
            rows, failed = [], True
        except (reference.Unknown, UnicodeDecodeError):
            unknown[folder.parent.name] += 1
            continue
        known[folder.parent.name] += 1
        want = [] if error else [json.loads(line) for line in (folder / "expected.ndjson").read_text().splitlines()]
        if failed != error or len(rows) != len(want) or not all(map(same, want, rows)):
            differing = next(((t, o) for t, o in zip(want, rows) if not same(t, o)), (f"{len(want)} rows, error {error}", f"{len(rows)} rows, error {failed}"))
            wrong.append(f"{folder.parent.name}/{folder.name}: Spark {differing[0]}, the reference {differing[1]}")
    assert not wrong, f"{len(wrong)} wrong:\n" + "\n".join(wrong)
    assert sum(known.values()) > 90 and known["csv-quote"] > 5 and known["json-lines"] > 5, (known, unknown)


# --- files that nobody wrote by hand ---

CELLS = ["1", "-7", "12345678901", "abc", "", "", "3.25", "2024-01-02", "2024-1-2", "NA", "x y", "true", "FALSE", "caf\u00e9", "9999999999999999999999", "1e3", " 5", "-", "NaN", "2147483648", "\U0001f600"]
NOISE = ['"', '"', '""', "\\", "\\\\", '\\"', "'", "#", " ", "\t", "\r", "\n", ",", "|", "||", ";", "^", "\f", "NA", "\u00a7", "x"]
SCHEMAS = ["a STRING, b STRING, c STRING, _corrupt_record STRING", "a INT, b STRING, c DOUBLE, _corrupt_record STRING", "a BIGINT, b DATE, _corrupt_record STRING, c BOOLEAN", "a STRING, _corrupt_record STRING"]


def one_in(draw, count, value):
    return value if draw.randrange(count) == 0 else None


def csv_case(draw):
    """Options, a schema, and what makes texts for them."""
    sep = draw.choice([",", ",", ",", "|", "\t", ";", "||", ", ", "\u00a7"])
    given = {"sep": sep, "quote": one_in(draw, 5, "'"), "escape": draw.choice([None, None, '"', "^"]), "header": one_in(draw, 3, "true"), "comment": one_in(draw, 4, "#"), "nullValue": one_in(draw, 3, "NA"),
             "emptyValue": one_in(draw, 6, "EMPTY"), "mode": one_in(draw, 4, "DROPMALFORMED"), "lineSep": draw.choice([None] * 6 + ["\n", ";", "||"]), "ignoreLeadingWhiteSpace": one_in(draw, 5, "true"),
             "ignoreTrailingWhiteSpace": one_in(draw, 5, "true")}
    if given["lineSep"] and given["lineSep"] in sep:
        given["lineSep"] = None
    return {name: value for name, value in given.items() if value is not None}, draw.choice(SCHEMAS)


def csv_text(draw, options):
    rate, quoted = draw.choice([0, 0, 0.05, 0.2]), draw.choice([0, 0.1, 0.5])
    end, quote = options.get("lineSep") or draw.choice(["\n", "\n", "\r\n", "\r"]), options.get("quote", '"')
    lines = []
    for _ in range(draw.randrange(12)):
        cells = []
        for _ in range(3 if draw.random() > 0.1 else draw.randrange(1, 6)):
            cell = draw.choice(CELLS)
            cells.append(quote + cell + quote if draw.random() < quoted else cell)
        line = options["sep"].join(cells)
        while draw.random() < rate:
            at = draw.randrange(len(line) + 1)
            line = line[:at] + draw.choice(NOISE) + line[at + draw.randrange(2):]
        lines.append(line)
    return (end.join(lines) + draw.choice([end, ""])).encode()


def in_sql(value):
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def weir_rows(weir, folder, form, schema, options):
    """{file name: its rows in order}."""
    given = "".join(f", {name} => {in_sql(value)}" for name, value in options.items())
    found = collections.defaultdict(list)
    for row in weir.rows_in_order(f"SELECT *, _metadata.file_name AS of_file FROM read_files('{folder}', format => '{form}', schema => '{schema}'{given})"):
        found[row.pop("of_file")].append(row)
    return found


def compare(weir, folder, form, schema, options, texts, read):
    """Both read the files; what differs, as text."""
    folder.mkdir()
    weir("external-locations", "create", folder.name, folder)
    expected = {}
    for number, text in enumerate(texts):
        try:
            expected[f"{number:03}.txt"] = read(text)
        except (reference.Unknown, UnicodeDecodeError):
            continue
        (folder / f"{number:03}.txt").write_bytes(text)
    if not expected:
        return 0, []
    found, wrong = weir_rows(weir, folder, form, schema, options), []
    for name, rows in expected.items():
        ours = found.get(name, [])
        if len(ours) != len(rows) or not all(map(same, ours, rows)):
            differing = next(((o, t) for o, t in zip(ours, rows) if not same(o, t)), (f"{len(ours)} rows", f"{len(rows)} rows"))
            wrong.append(f"{schema} {options} {(folder / name).read_bytes()!r}:\n  weir      {differing[0]}\n  reference {differing[1]}")
    return sum(map(len, expected.values())), wrong


SEED = 20240102


def campaign(tmp_path, count, one):
    rows, wrong = 0, []
    for number in range(count):
        more, bad = one(random.Random(f"{SEED} {number}"), tmp_path / f"r{number}")
        rows += more
        wrong += bad
    assert not wrong, f"{len(wrong)} files differ, the first:\n" + "\n".join(wrong[:3])
    assert rows > count * 20, rows


@pytest.mark.soak
@pytest.mark.timeout(3000)
def test_csv(weir, tmp_path):
    def one(draw, folder):
        options, schema = csv_case(draw)
        return compare(weir, folder, "csv", schema, options, [csv_text(draw, options) for _ in range(60)], lambda text: reference.read_csv(text, schema, options))

    campaign(tmp_path, rounds(60, 3000), one)


# --- JSON ---

JSON_SCHEMAS = ["a BIGINT, b STRING, c DOUBLE, _corrupt_record STRING", "a INT, s STRUCT<x: BIGINT, y: ARRAY<STRING>>, m MAP<STRING, DOUBLE>, _corrupt_record STRING", "l ARRAY<ARRAY<INT>>, b BOOLEAN, _corrupt_record STRING, a STRING"]


def json_any(draw, depth=0):
    kind = draw.randrange(9 if depth < 3 else 6)
    if kind == 6:
        return {draw.choice("abcdlmsxy"): json_any(draw, depth + 1) for _ in range(draw.randrange(3))}
    if kind >= 7:
        return [json_any(draw, depth + 1) for _ in range(draw.randrange(3))]
    return draw.choice([None, True, False, 0, 1, -5, 2**31, 2**40, 2**70, 1.5, -0.0, 1e300, "", "x", "caf\u00e9", "\U0001f600", "a\"b\\c\n", "1", "2024-01-02"])


def json_of(draw, kind):
    """Mostly a value of the type."""
    if draw.random() < 0.06:
        return json_any(draw)
    if isinstance(kind, tuple):
        many = range(draw.randrange(4))
        return [json_of(draw, kind[1]) for _ in many] if kind[0] == "ARRAY" else {f"k{i}": json_of(draw, kind[1]) for i in many} if kind[0] == "MAP" else json_record(draw, kind[1])
    return {"STRING": draw.choice(["", "x", "caf\u00e9", "\u2028", "tab\t", "\U0001f600"]), "BOOLEAN": draw.random() < 0.5, "DOUBLE": draw.choice([0, 1.5, -2e10, 1e-7, 123456789]), "INT": draw.randrange(-9, 9),
            "BIGINT": draw.choice([0, 7, -2**63, 2**63 - 1])}[kind]


def json_record(draw, fields):
    return {name: json_of(draw, kind) for name, kind in fields if draw.random() < 0.85 and name != "_corrupt_record"}


def json_text(draw, schema):
    lines = []
    for _ in range(draw.randrange(12)):
        line = json.dumps(json_record(draw, schema), ensure_ascii=draw.random() < 0.5, separators=draw.choice([(",", ":"), (", ", ": ")]))
        while draw.random() < 0.15:
            at = draw.randrange(len(line) + 1)
            line = line[:at] + draw.choice(['"', "{", "}", "[", "]", ",", ":", "\\", "0", "-", ".", "e", "tru", " ", "x", "\t", "\u00e9", ""]) + line[at + draw.randrange(3):]
        lines.append(line)
    end = draw.choice(["\n", "\n", "\r\n"])
    return (end.join(lines) + draw.choice([end, ""])).encode()


@pytest.mark.soak
@pytest.mark.timeout(3000)
def test_ndjson(weir, tmp_path):
    def one(draw, folder):
        schema = draw.choice(JSON_SCHEMAS)
        kinds = reference.json_columns(schema)
        return compare(weir, folder, "json", schema, {}, [json_text(draw, kinds) for _ in range(60)], lambda text: reference.read_ndjson(text, schema))

    campaign(tmp_path, rounds(30, 1500), one)
