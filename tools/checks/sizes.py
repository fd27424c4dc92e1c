#!/usr/bin/env python3
"""A file shows one idea (at most 1200 lines), and a room opens with a README that names its files."""
import source

LINES_MAX = 1200


def main():
    files, problems = source.c_files(), []
    for path in files:
        lines = path.read_text(errors="replace").count("\n")
        if lines > LINES_MAX:
            problems.append(f"{source.relative(path)}: {lines} lines, more than {LINES_MAX}: split it by role")
    for room in sorted({path.parent for path in files if path.suffix == ".c"}):
        readme = room / "README.md"
        if not readme.exists():
            problems.append(f"{source.relative(room)}: no README.md (its job, its promises, its files in reading order)")
    source.report(problems, f"{len(files)} files")


if __name__ == "__main__":
    main()
