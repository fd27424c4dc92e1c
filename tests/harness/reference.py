"""Spark's reading of CSV and NDJSON, written to be obviously right rather than fast: the referee of tests that make up their own input.

It knows one file in UTF-8, lines that are records (no multiLine), the default unescapedQuoteHandling, and types STRING, INT, BIGINT, DOUBLE, BOOLEAN, DATE. What it is asked
beyond that is Unknown. That it is right is shown where the recorded answers of Spark are replayed (tests/e2e/test_reference.py)."""
import datetime
import json
import re


class Unknown(Exception):
    """An option, a type or a text that the reference does not claim to know."""


class Failed(Exception):
    """mode=FAILFAST, and this line is malformed."""


# --- types ---

def whole(low, high):
    def read(text):
        if not re.fullmatch(r"[+-]?[0-9]+", text):
            raise Unknown(text) if any(ord(c) > 127 for c in text) else ValueError(text)  # digits of other scripts are digits
        value = int(text)
        if not low <= value <= high:
            raise ValueError(text)
        return value
    return read


def real(text):
    """As Java: blanks round it, and d or f behind; NaN and Inf by the names of the options' defaults."""
    names = {"NaN": float("nan"), "Inf": float("inf"), "-Inf": float("-inf")}
    if text in names:
        return names[text]
    bare = text.strip("".join(map(chr, range(33))))
    if re.fullmatch(r"[+-]?(NaN|Infinity|0[xX].*)", bare):
        raise Unknown(text)
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[dDfF]?", bare):
        raise ValueError(text)
    return float(bare.rstrip("dDfF"))


def truth(text):
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def day(text):
    """Year, month and day, the last two of which may be short or missing; what stands behind a blank or a T is not looked at."""
    if any(ord(c) < 32 or ord(c) > 126 for c in text) or "GMT" in text:
        raise Unknown(text)
    match = re.fullmatch(r" *([+-]?)([0-9]{4,7})(?:-([0-9]{1,2})(?:-([0-9]{1,2})([ T].*)?)?)? *", text)
    if not match and re.match(r" *[+-][0-9]{8}", text):
        raise Unknown(text)  # zeros before a signed year
    if not match:
        raise ValueError(text)
    sign, year, month, date, _ = match.groups()
    if sign == "-" or int(year) == 0 or int(year) > 9999:
        raise Unknown(text)
    return datetime.date(int(year), int(month or 1), int(date or 1)).isoformat()


TYPES = {"STRING": str, "INT": whole(-2**31, 2**31 - 1), "BIGINT": whole(-2**63, 2**63 - 1), "DOUBLE": real, "BOOLEAN": truth, "DATE": day}


def columns(ddl):
    """[(name, type)] of a plain list of columns."""
    found = [tuple(part.split()) for part in ddl.split(",")]
    if any(len(pair) != 2 or pair[1] not in TYPES for pair in found):
        raise Unknown(ddl)
    return found


# --- lines ---

def text_of(data):
    return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="strict")


def split_lines(text, line_sep):
    lines = text.split(line_sep) if line_sep else re.split("\r\n|\r|\n", text)
    return lines[:-1] if lines[-1] == "" else lines


def is_blank(line):
    return all(c <= " " for c in line)


# --- CSV: one line into cells ---

class Cells:
    """The cells of one line: texts, with None for what was not quoted and is empty, and EMPTY for what was quoted and is empty."""

    EMPTY = object()

    def __init__(self, line, options):
        self.line, self.at, self.cells = line, 0, []
        self.sep, self.quote, self.escape = options["sep"], options["quote"], options["escape"]
        self.escape_escape = None if self.quote == self.escape else self.escape
        self.trim_left, self.trim_right = options["ignoreLeadingWhiteSpace"], options["ignoreTrailingWhiteSpace"]
        while True:
            if self.trim_left:
                while not self.ended() and self.line[self.at] <= " " and not self.at_sep():
                    self.at += 1
            if not self.ended() and self.line[self.at] == self.quote:
                self.cells.append(self.quoted())
            else:
                self.cells.append(self.up_to_sep() or None)
                if self.ended() and len(self.sep) > 1 and (self.line.endswith(self.quote) or self.line.endswith(self.sep)):
                    raise Unknown("what univocity makes of the end of such a line")  # accidents of separators of several characters
            if self.ended():
                return
            self.at += len(self.sep)

    def ended(self):
        return self.at >= len(self.line)

    def at_sep(self):
        return self.line.startswith(self.sep, self.at)

    def up_to_sep(self):
        begin = self.at
        while not self.ended() and not self.at_sep():
            self.at += 1
        text = self.line[begin:self.at]
        return text.rstrip("".join(map(chr, range(33)))) if self.trim_right else text

    def quoted(self):
        """Behind the opening quote. A quote ends the cell where a separator, a blank or the end is behind it; in other places the cell was no quoted one: it is the text up to the
        separator with its quotes (what was escaped until there stays without its escapes)."""
        self.at += 1
        out = ""
        while not self.ended():
            c = self.line[self.at]
            following = self.line[self.at + 1] if self.at + 1 < len(self.line) else ""
            if c == self.escape and c != self.quote:
                if following == self.quote or (following == self.escape and self.escape_escape):
                    out += following
                    self.at += 2
                    continue
                if following == "":
                    raise Unknown("a line that ends with an escape")
                out += c
                self.at += 1
            elif c != self.quote:
                out += c
                self.at += 1
            elif self.escape == self.quote and following == self.quote:
                out += self.quote
                self.at += 2
            elif following == self.quote:
                out += c  # of several quotes the last one counts
                self.at += 1
            elif following == self.escape:
                raise Unknown("an escape behind the closing quote")
            else:
                return self.behind_quote(out)
        return self.quote if out == "" else out  # never closed

    def behind_quote(self, out):
        self.at += 1
        begin = self.at
        while not self.ended() and not self.at_sep() and self.line[self.at] <= " ":
            self.at += 1
        if self.ended() or self.at_sep():
            return out if out else Cells.EMPTY
        if len(self.sep) > 1:
            raise Unknown("quotes within a cell, under a separator of several characters")
        blanks, second = self.line[begin:self.at], self.line[self.at + 1:self.at + 2]
        text = self.quote + out + self.quote + blanks + self.up_to_sep()
        return text + self.quote if blanks and second == self.quote and self.ended() else text  # an accident that is Spark's too: "a" b"c is "a" b"c"


# --- CSV: a file into rows ---

CSV_DEFAULTS = {"sep": ",", "quote": '"', "escape": "\\", "header": False, "comment": "", "nullValue": "", "emptyValue": "", "mode": "PERMISSIVE", "lineSep": "",
                "ignoreLeadingWhiteSpace": False, "ignoreTrailingWhiteSpace": False, "columnNameOfCorruptRecord": "_corrupt_record"}


def csv_options(given):
    if set(given) - set(CSV_DEFAULTS):
        raise Unknown(sorted(set(given) - set(CSV_DEFAULTS)))
    options = dict(CSV_DEFAULTS)
    for name, value in given.items():
        options[name] = value.lower() == "true" if isinstance(CSV_DEFAULTS[name], bool) else value
    if len(options["quote"]) != 1 or len(options["escape"]) != 1 or not options["sep"] or "\\" in options["sep"] or len(options["comment"]) > 1 or ("lineSep" in given and len(options["lineSep"]) not in (1, 2)) or options["mode"] not in ("PERMISSIVE", "DROPMALFORMED", "FAILFAST"):
        raise Unknown(options)
    return options


def read_csv(data, ddl, given):
    """The rows of a file, a dict each. Failed under FAILFAST."""
    options, schema = csv_options(given), columns(ddl)
    corrupt = options["columnNameOfCorruptRecord"]
    if dict(schema).get(corrupt, "STRING") != "STRING":
        raise Unknown(ddl)
    if "\0" in (text := text_of(data)):
        raise Unknown("NUL")
    rows, header_due = [], options["header"]
    for line in split_lines(text, options["lineSep"]):
        comment = options["comment"]
        if header_due:
            bare = line.lstrip("".join(map(chr, range(33))))
            if bare and not (comment and bare.startswith(comment)):
                header_due = False
            continue
        if is_blank(line) or (comment and line.startswith(comment)):
            continue
        row, bad = csv_row(line, schema, options, corrupt)
        if bad and options["mode"] == "FAILFAST":
            raise Failed(line)
        if bad and options["mode"] == "DROPMALFORMED":
            continue
        rows.append({name: (line if bad else None) if name == corrupt else row.get(name) for name, _ in schema})
    return rows


def csv_row(line, schema, options, corrupt):
    cells = Cells(line, options).cells
    fields = [pair for pair in schema if pair[0] != corrupt]
    row, bad = {}, len(cells) != len(fields)
    for (name, kind), cell in zip(fields, cells):
        if cell is Cells.EMPTY:
            cell = options["emptyValue"]
        if cell is None or cell == options["nullValue"]:
            continue
        try:
            row[name] = TYPES[kind](cell)
        except ValueError:
            bad = True
    return row, bad


# --- NDJSON ---

def json_columns(ddl):
    """[(name, type)], a type being a name, ("ARRAY", type), ("MAP", type) or ("STRUCT", [(name, type)])."""
    tokens = re.findall(r"\w+|[<>,:]", ddl)
    if "".join(tokens) != re.sub(r"\s", "", ddl) or "NOT" in tokens:
        raise Unknown(ddl)

    def kind():
        word = tokens.pop(0)
        if word in TYPES:
            return word
        if word not in ("ARRAY", "MAP", "STRUCT") or tokens.pop(0) != "<":
            raise Unknown(ddl)
        if word == "MAP" and (tokens.pop(0), tokens.pop(0)) != ("STRING", ","):
            raise Unknown(ddl)
        inner = fields() if word == "STRUCT" else kind()
        if tokens.pop(0) != ">":
            raise Unknown(ddl)
        return word, inner

    def fields():
        found = []
        while True:
            name = tokens.pop(0)
            if tokens[0] == ":":
                tokens.pop(0)
            found.append((name, kind()))
            if not tokens or tokens[0] != ",":
                return found
            tokens.pop(0)
    return fields()


class Raw(str):
    """A number as it is written."""


def parse_json(line):
    """The value, objects as lists of pairs, numbers as Raw; ValueError where it is no JSON. What Spark reads beyond the standard is Unknown."""
    def constant(name):
        raise Unknown(name)
    if "'" in re.sub(r'"(\\.|[^"\\])*"', "", line):
        raise Unknown("single quotes")
    if "\\'" in line or re.search(r"\\u[dD][89a-fA-F]", line):
        raise Unknown("escapes")
    decoder = json.JSONDecoder(object_pairs_hook=lambda pairs: ("object", pairs), parse_int=Raw, parse_float=Raw, parse_constant=constant, strict=True)
    text = line.strip(" \t")
    value, end = decoder.raw_decode(text)
    if text[end:].strip(" \t"):
        raise Unknown("text behind a record")
    return value


def json_value(value, kind):
    """The value as the type; ValueError where it is none."""
    if value is None:
        return None
    if isinstance(kind, tuple):
        if kind[0] == "ARRAY" and isinstance(value, list):
            return [json_value(item, kind[1]) for item in value]
        if kind[0] == "STRUCT" and isinstance(value, tuple):
            return json_row(value[1], kind[1])
        if kind[0] == "MAP" and isinstance(value, tuple):
            if len({name for name, _ in value[1]}) != len(value[1]):
                raise Unknown("a key twice")
            return [[name, json_value(item, kind[1])] for name, item in value[1]]
        raise ValueError(value)
    if kind == "STRING" and isinstance(value, (bool, list, tuple)):
        raise Unknown("nested text as a string")
    if kind == "STRING":
        return str(value)
    if kind == "BOOLEAN" and isinstance(value, bool):
        return value
    if kind in ("INT", "BIGINT") and isinstance(value, Raw):
        return TYPES[kind](value)
    if kind == "DOUBLE" and isinstance(value, Raw):
        return float(value)
    if isinstance(value, str) and not isinstance(value, Raw) and kind in ("DOUBLE", "DATE"):
        raise Unknown(value)
    raise ValueError(value)


def json_row(pairs, schema):
    kinds = dict(schema)
    names = [name for name, _ in pairs if name in kinds]
    if len(set(names)) != len(names):
        raise Unknown("a field twice")
    row = dict.fromkeys(kinds)
    for name, value in pairs:
        if name in kinds:
            row[name] = json_value(value, kinds[name])
    return row


def read_ndjson(data, ddl):
    """The rows in mode PERMISSIVE with _corrupt_record. Of a damaged record only the raw line is claimed: its other columns are `...`."""
    schema = json_columns(ddl)
    fields = [pair for pair in schema if pair[0] != "_corrupt_record"]
    has_corrupt, rows = len(fields) < len(schema), []
    for line in split_lines(text_of(data), ""):
        if is_blank(line):
            if line.strip(" \t"):
                raise Unknown("controls between records")
            continue
        if "\0" in line:
            raise Unknown("NUL")
        try:
            value = parse_json(line)
            if not isinstance(value, tuple):
                raise Unknown("a record that is no object")
            row, bad = json_row(value[1], fields), None
        except (ValueError, RecursionError):
            row, bad = dict.fromkeys((name for name, _ in fields), ...), line
        rows.append(row | {"_corrupt_record": bad} if has_corrupt else row)
    return rows
