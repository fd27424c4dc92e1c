"""What the checks share: the rooms and their order, C text without comments and strings, and how a check reports."""
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(os.environ.get("WEIR_CHECK_ROOT") or pathlib.Path(__file__).resolve().parents[2])


def rooms():
    """{room: the rooms it may include, itself among them}, read from CMakeLists.txt, lowest floor first."""
    below = {}
    text = (ROOT / "CMakeLists.txt").read_text()
    for line in text.splitlines():
        room = re.match(r"weir_room\((\w+)((?:\s+\w+)*)\s*\)", line)
        program = re.match(r"weir_program\(\w+\s+(\w+)((?:\s+\w+)*)\s*\)", line)
        if room or program:
            name, stands_on = (room or program).groups()
            below[name] = {name}.union(*(below[other] for other in stands_on.split()))
    return below


def c_files(*suffixes):
    """Every C file below src/, in a fixed order."""
    wanted = suffixes or (".c", ".h")
    return sorted(path for path in (ROOT / "src").rglob("*") if path.suffix in wanted)


TOKEN = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*)|(?P<string>"(?:\\.|[^"\\\n])*")|(?P<char>'(?:\\.|[^'\\\n])*')""", re.S
)


def blank(text, strings=True):
    """C text with comments (and strings) turned to spaces; offsets and lines stay what they were."""

    def replace(match):
        if match.lastgroup == "comment" or strings:
            return re.sub(r"[^\n]", " ", match.group())
        return match.group()

    return TOKEN.sub(replace, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def relative(path):
    return path.relative_to(ROOT)


def report(problems, checked):
    """Prints what is wrong, or what was looked at; the exit code says which."""
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems" if problems else f"ok: {checked}")
    sys.exit(1 if problems else 0)
