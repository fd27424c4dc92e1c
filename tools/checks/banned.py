#!/usr/bin/env python3
"""Calls that have one home, and calls that have none.

Memory belongs to base (where allocation never returns NULL and is counted), durable calls to os (where they can
be made to fail), and some calls of the C library to nobody. A line that must differ says why in a comment
that begins with `banned-ok:`."""
import re

import source

NOWHERE = (
    "strcpy strcat sprintf vsprintf strtok atoi atol atoll atof gets alloca setenv putenv unsetenv system popen "
    "tmpnam tempnam mktemp tmpfile localtime gmtime asctime ctime rand srand random drand48 setlocale"
).split()
ONLY_BASE = "malloc calloc realloc reallocarray free strdup strndup asprintf vasprintf getline posix_memalign aligned_alloc".split()
ONLY_OS = (
    "open open64 openat creat write pwrite pwrite64 writev pwritev rename renameat renameat2 link linkat symlink "
    "unlink unlinkat remove mkdir mkdirat rmdir ftruncate truncate fallocate fsync fdatasync sync_file_range "
    "fopen fdopen freopen opendir scandir readdir mkstemp mkostemp mkdtemp inotify_init1 inotify_add_watch "
    "flock chmod utimensat sendfile copy_file_range mmap"
).split()
BASE_AND_OS = "time clock_gettime gettimeofday getrandom".split()

HOMES = {name: set() for name in NOWHERE}
HOMES |= {name: {"base"} for name in ONLY_BASE}
HOMES |= {name: {"os"} for name in ONLY_OS}
HOMES |= {name: {"base", "os"} for name in BASE_AND_OS}

# A call: the bare name before a parenthesis, not a member (fs->open) and not the tail of a longer name.
CALL = re.compile(r"(?<![\w.>])(" + "|".join(sorted(HOMES)) + r")\s*\(")
# base embeds the time zones and reads /etc/localtime and /dev/urandom before there is an os to ask.
ALSO = {("base", "open"), ("base", "fopen"), ("base", "write"), ("base", "mmap")}


def problems_of(path):
    room = path.relative_to(source.ROOT / "src").parts[0]
    text = path.read_text(errors="replace")
    lines = text.splitlines()
    code = source.blank(text)
    for match in CALL.finditer(code):
        name = match.group(1)
        line = source.line_of(code, match.start())
        if room in HOMES[name] or (room, name) in ALSO or "banned-ok:" in lines[line - 1]:
            continue
        before = code[: match.start()].rstrip()
        if before.endswith("->"):
            continue
        homes = " or ".join(f"src/{home}" for home in sorted(HOMES[name])) or "nowhere"
        yield f"{source.relative(path)}:{line}: {name}() is called {homes} only"


def main():
    files = source.c_files()
    problems = [problem for path in files for problem in problems_of(path)]
    source.report(problems, f"{len(HOMES)} calls stay in their homes, {len(files)} files")


if __name__ == "__main__":
    main()
