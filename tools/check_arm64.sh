#!/usr/bin/env bash
# check_arm64.sh - compile every C file, tests included, for arm64 with Debian's cross compiler; nothing is linked.
#
# The headers of the libraries are the host's: they are the same on every architecture, and only those that weir names
# are shown to the cross compiler, so that no other header of the host slips in. duckdb.h is the arm64 module's own.
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/arm64
headers=$PWD/$build/host-headers
mkdir -p "$headers"
rm -f "$headers"/*
for name in zstd.h zstd_errors.h snappy-c.h lz4.h lz4hc.h lz4frame.h zlib.h zconf.h sqlite3.h yaml.h histedit.h cmocka.h; do
    for folder in /usr/include "/usr/include/$(uname -m)-linux-gnu"; do
        [ ! -f "$folder/$name" ] || ln -sf "$folder/$name" "$headers/$name"
    done
done
cmake -S . -B "$build" -G Ninja -DCMAKE_TOOLCHAIN_FILE="$PWD/cmake/arm64.cmake" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_FLAGS="-isystem $headers" ${WEIR_CACHE:+-DWEIR_CACHE="$WEIR_CACHE"} >build/configure.log 2>&1 ||
    { cat build/configure.log; exit 1; }
ninja -C "$build" -t targets all | sed -n 's/^\(.*\.c\.o\): .*/\1/p' >"$build/objects"
xargs ninja -C "$build" <"$build/objects"
printf 'arm64: %s files compiled\n' "$(wc -l <"$build/objects")"
