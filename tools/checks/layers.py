#!/usr/bin/env python3
"""Includes only point down: a room includes itself and the rooms that CMakeLists.txt puts below it.

What is private (*_internal.h) stays in its room, and a library from outside has one room that knows it."""
import re

import source

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]+)"|<([^>\n]+)>)', re.M)

# Headers from outside, and the only room that may include them.
OUTSIDE = {
    "duckdb.h": "sql",
    "sqlite3.h": "catalog",
    "yaml.h": "pipeline",
    "zstd.h": "codec",
    "snappy-c.h": "codec",
    "lz4.h": "codec",
    "lz4hc.h": "codec",
    "lz4frame.h": "codec",
    "zlib.h": "codec",
    "bzlib.h": "codec",
    "lzma.h": "codec",
    "brotli/decode.h": "codec",
    "histedit.h": "cli",
    "editline/readline.h": "cli",
    "readline/readline.h": None,  # GPL
}


def problems_of(path, rooms):
    room = path.relative_to(source.ROOT / "src").parts[0]
    # Comments go; the names in quotes are what is looked for, so strings stay.
    text = source.blank(path.read_text(errors="replace"), strings=False)
    for match in INCLUDE.finditer(text):
        quoted, angled = match.groups()
        where = f"{source.relative(path)}:{source.line_of(text, match.start())}"
        if angled is not None:
            owner = OUTSIDE.get(angled, room)
            if owner != room:
                yield f"{where}: <{angled}> belongs to {'src/' + owner if owner else 'no room'}"
            continue
        other = quoted.split("/")[0]
        if quoted.startswith("weir/"):
            continue
        if other not in rooms or "/" not in quoted:
            yield f'{where}: "{quoted}" is not written as room/file.h'
        elif other not in rooms[room]:
            yield f"{where}: {room} includes {quoted}, and {other} is not below it"
        elif other != room and quoted.endswith("_internal.h"):
            yield f"{where}: {quoted} is private to {other}"


def main():
    rooms = source.rooms()
    files = source.c_files(".c", ".h", ".def")
    problems = [
        f"src/{name} is no room of CMakeLists.txt"
        for name in sorted({p.relative_to(source.ROOT / "src").parts[0] for p in files} - set(rooms))
    ]
    known = [p for p in files if p.relative_to(source.ROOT / "src").parts[0] in rooms]
    for path in known:
        problems += problems_of(path, rooms)
    source.report(problems, f"includes of {len(known)} files point down")


if __name__ == "__main__":
    main()
