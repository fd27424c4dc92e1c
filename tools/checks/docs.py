#!/usr/bin/env python3
"""Pages that list things are printed by the binary from the tables in its code, and are fresh.

    docs.py            compare docs/ with what the binary prints
    docs.py --write    write docs/ anew

The binary is build/weir, or WEIR_BINARY."""
import os
import pathlib
import subprocess
import sys

import source

PAGES = {"CLI.md": "cli", "OPTIONS.md": "options", "ERRORS.md": "errors"}


def printed(binary, name):
    done = subprocess.run([binary, "docs", name], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise SystemExit(f"`{binary} docs {name}` fails: {done.stderr.strip()}")
    return done.stdout


def main():
    binary = pathlib.Path(os.environ.get("WEIR_BINARY") or source.ROOT / "build" / "weir")
    if not binary.exists():
        raise SystemExit(f"no {binary} to ask: run make")
    problems = []
    for page, name in PAGES.items():
        text, path = printed(binary, name), source.ROOT / "docs" / page
        if "--write" in sys.argv[1:]:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            problems.append(f"docs/{page} is not what the code says: run `make docs`")
    source.report(problems, f"{', '.join(PAGES)}")


if __name__ == "__main__":
    main()
