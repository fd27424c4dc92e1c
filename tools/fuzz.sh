#!/usr/bin/env bash
# fuzz.sh SECONDS [NAME] - run every fuzz program (tests/fuzz/<room>/fuzz_*.c), or those whose name holds NAME.
#
# A program starts from tests/fuzz/<room>/corpus/<its name>/ where that is there; what it finds interesting stays in
# build/fuzz/corpus, what makes it fail in build/fuzz/crashes. Ends with the number that failed.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-30} name=${2:-}
build=build/fuzz
mkdir -p build
CC=clang CXX=clang++ cmake -S . -B "$build" -G Ninja -DWEIR_FUZZ=ON -DWEIR_TESTS=ON -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_C_FLAGS=-O1 ${WEIR_CACHE:+-DWEIR_CACHE="$WEIR_CACHE"} >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }

passed=0 failed=0
for source in tests/fuzz/*/fuzz_*.c; do
    [ -f "$source" ] || continue
    room=$(basename "$(dirname "$source")") base=$(basename "$source" .c)
    target=${room}_$base
    [[ $target == *"$name"* ]] || continue
    ninja -C "$build" "$target" >"build/fuzz/$target.build.log" 2>&1 || { tail -n 30 "build/fuzz/$target.build.log"; failed=$((failed + 1)); continue; }
    mkdir -p "$build/corpus/$target" "$build/crashes"
    seeds=tests/fuzz/$room/corpus/$base
    log=$build/$target.log
    if "$(find "$build" -name "$target" -type f -perm -u+x | head -n 1)" "$build/corpus/$target" ${seeds:+$([ -d "$seeds" ] && echo "$seeds")} \
        -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -artifact_prefix="$build/crashes/$target-" \
        -print_final_stats=1 >"$log" 2>&1; then
        passed=$((passed + 1))
        printf 'fuzz %s: ok, %s runs\n' "$target" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
    else
        failed=$((failed + 1))
        printf 'fuzz %s: FAILED\n' "$target"
        tail -n 40 "$log"
    fi
done
printf 'fuzz: %s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
