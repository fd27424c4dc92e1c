#!/usr/bin/env python3
"""coverage.py BUILD - lines of each room that ran, from what a --coverage build left behind (gcov)."""
import collections
import json
import pathlib
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[1]


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    ran = collections.defaultdict(lambda: collections.defaultdict(int))  # file: {line: count}
    for data in sorted(build.rglob("*.gcda")):
        done = subprocess.run(["gcov", "--json-format", "--stdout", str(data)], cwd=build, capture_output=True, check=True)
        for text in done.stdout.splitlines():
            for file in json.loads(text)["files"]:
                path = pathlib.Path(build, file["file"]).resolve()
                if SOURCE / "src" in path.parents:
                    for line in file["lines"]:
                        ran[path.relative_to(SOURCE / "src")][line["line_number"]] += line["count"]
    rooms = collections.defaultdict(lambda: [0, 0])
    for path, lines in sorted(ran.items()):
        hit = sum(1 for count in lines.values() if count)
        rooms[path.parts[0]][0] += hit
        rooms[path.parts[0]][1] += len(lines)
        print(f"{100 * hit / len(lines):6.1f} %  {hit:6d} of {len(lines):6d}  src/{path}")
    print()
    for room, (hit, lines) in rooms.items():
        print(f"{100 * hit / lines:6.1f} %  {hit:6d} of {lines:6d}  {room}")


if __name__ == "__main__":
    main()
