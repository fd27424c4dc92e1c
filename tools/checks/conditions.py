#!/usr/bin/env python3
"""The names of errors: what code can fail with is listed in src/<room>/conditions.def, and what is listed is used.

A room uses its own conditions and those of the rooms below it. A name stands in one list only."""
import re

import source

ENTRY = re.compile(r'WEIR_CONDITION\(\s*([\w.]+)\s*,\s*"((?:\\.|[^"\\])*)"\s*,\s*"((?:\\.|[^"\\])*)"\s*\)')
FAIL = re.compile(r"\bweir_fail(?:_at)?\s*\(")
# A helper that fails for its caller: the error, then at most four plain arguments, then the name.
BY_HELPER = re.compile(r'\berr,\s*(?:[\w.&>\-\[\]]+,\s*){0,4}"([A-Z][A-Z0-9]*(?:[_.][A-Z0-9]+)+)"\s*[,)]')
LITERAL = re.compile(r'\s*"([^"\\]*)"\s*$')
NAME = re.compile(r"[A-Z][A-Z0-9]*([_.][A-Z0-9]+)*$")
PATTERN = re.compile(r'"((?:[A-Z0-9_]|%s)*%s(?:[A-Z0-9_]|%s)*)"')  # "%s_NOT_FOUND": a name that is put together


def listed():
    """[(room, name, meaning, what to do, where)] of every conditions.def, lowest room first."""
    entries = []
    for room in source.rooms():
        path = source.ROOT / "src" / room / "conditions.def"
        if path.exists():
            text = path.read_text()
            code = source.blank(text, strings=False)
            for match in ENTRY.finditer(code):
                where = f"{source.relative(path)}:{source.line_of(code, match.start())}"
                entries.append((room, *match.groups(), where))
    return entries


def arguments(code, start):
    """The arguments of a call, `start` just behind its parenthesis; strings are skipped over."""
    depth, begin, found, at = 0, start, [], start
    while at < len(code):
        char = code[at]
        if char in "\"'":
            token = source.TOKEN.match(code, at)
            at = token.end() if token else at + 1
            continue
        if char in "([{":
            depth += 1
        elif char in ")]}":
            if depth == 0:
                return found + [code[begin:at]]
            depth -= 1
        elif char == "," and depth == 0:
            found.append(code[begin:at])
            begin = at + 1
        at += 1
    return found


def names_that_fail(code):
    """(name, offset) of each condition that stands by name in a call; names from tables are covered by `words`."""
    for match in FAIL.finditer(code):
        args = arguments(code, match.end())
        literal = LITERAL.match(args[2]) if len(args) > 2 else None
        if literal:
            yield literal.group(1), code.index(f'"{literal.group(1)}"', match.end())
    for match in BY_HELPER.finditer(code):
        yield match.group(1), match.start(1) - 1


def main():
    rooms, entries, problems = source.rooms(), listed(), []
    home = {}
    for room, name, meaning, todo, where in entries:
        if name in home:
            problems.append(f"{where}: {name} is listed in src/{home[name]} too; a name has one meaning")
        home.setdefault(name, room)
        if not NAME.match(name) or not meaning.strip() or not todo.strip() or len(name) > 95:
            problems.append(f"{where}: {name} needs an upper-case name under 96 characters, a meaning and what to do")
    for path in source.ROOT.glob("src/*/conditions.def"):
        room = path.parent.name
        entries_here = sum(1 for entry in entries if entry[0] == room)
        code = source.blank(path.read_text())
        if code.count("WEIR_CONDITION") != entries_here:
            problems.append(f"{source.relative(path)}: a line is not WEIR_CONDITION(NAME, \"meaning\", \"what to do\")")
    words, patterns, used = set(), set(), 0
    for path in source.c_files():
        room = path.relative_to(source.ROOT / "src").parts[0]
        code = source.blank(path.read_text(errors="replace"), strings=False)
        patterns.update(text.replace("%s", "[A-Z0-9_]+") for text in PATTERN.findall(code) if text != "%s")
        words.update(re.findall(r'"([A-Z][A-Z0-9_.]*)"', code), re.findall(r"\b[A-Z][A-Z0-9_]+\b", source.blank(code)))
        for name, offset in sorted(set(names_that_fail(code)), key=lambda found: found[1]):
            used += 1
            where = f"{source.relative(path)}:{source.line_of(code, offset)}"
            if name not in home:
                name = name.split(".")[0]  # CLASS.DETAIL, as Spark has them: the class is listed
            if name not in home:
                problems.append(f"{where}: {name} is in no conditions.def")
            elif home[name] not in rooms.get(room, {room}):
                problems.append(f"{where}: {name} belongs to src/{home[name]}, which is not below src/{room}")
    for room, name, _, _, where in entries:
        details = any(word.startswith(name + ".") for word in words)
        if name not in words and not details and not any(re.fullmatch(pattern, name) for pattern in patterns):
            problems.append(f"{where}: {name} is used nowhere")
    source.report(problems, f"{len(entries)} conditions, {used} places that fail with one by name")


if __name__ == "__main__":
    main()
