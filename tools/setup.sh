#!/usr/bin/env bash
# setup.sh LEVEL... - find what weir needs and install what is missing.
#
#   build   compiler, CMake, Ninja, the libraries that weir links, DuckDB's static archives
#   test    build + cmocka, the Python environments of the peers and of Spark, a JDK, the Delta jars
#   bench   build + the Python environment of the benchmarks
#   clang   build + clang (make check-clang, make fuzz)
#   arm64   build + Debian's cross compiler and the arm64 libraries (make check-arm64)
#
# Packages come from apt by name (as root or by sudo); all else goes to ${WEIR_CACHE:-$HOME/.cache/weir}. What is there is
# left alone, so a second run does nothing and needs no network. What the build needs is an error when it cannot be
# had; what only tests need is a warning, and those tests are skipped by name.
set -euo pipefail

tools=$(cd "$(dirname "$0")" && pwd)
cache=${WEIR_CACHE:-$HOME/.cache/weir}
duckdb_module=github.com/duckdb/duckdb-go-bindings/lib
duckdb_version=v0.10506.0
duckdb_sum_amd64='h1:yy2TUU+YWxiBiOQryYseUl0AcUzoFFYRmmrCGijUxiU='
duckdb_sum_arm64='h1:HWUiLpeaZwUFg08Rs2eSpPbbaw3yEB2t96r+5NEbAgs='
python_least='3, 10'

did=0      # things done in this run
lacking=() # what tests will miss

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: error: %s\n' "$*" >&2; exit 1; }
lack() { lacking+=("$1"); printf 'setup: warning: %s; %s\n' "$1" "$2" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

# --- Debian packages ---

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        sudo "$@"
    else
        return 1
    fi
}

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# install_packages NAME...: those that are missing, in one go. Fails when it cannot; says what to run by hand.
install_packages() {
    local missing=() name
    if ! have dpkg-query || ! have apt-get; then
        return 0 # not Debian: the commands are checked one by one, the libraries by CMake
    fi
    for name in "$@"; do
        is_installed "$name" || missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing Debian packages: ${missing[*]}"
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -y)
    if ! as_root true; then
        printf 'setup: missing Debian packages and neither root nor sudo to install them; run as root:\n    apt-get install %s\n' "${missing[*]}" >&2
        return 1
    fi
    as_root "${apt[@]}" install --no-install-recommends "${missing[@]}" >/dev/null 2>&1 ||
        { as_root "${apt[@]}" update && as_root "${apt[@]}" install --no-install-recommends "${missing[@]}" >/dev/null; } ||
        return 1
    did=1
}

# packages_for COMMAND PACKAGE...: the packages, unless the command is there already.
packages_for() {
    local command=$1
    shift
    have "$command" || printf '%s\n' "$@"
}

python_can_make_environments() {
    python3 -c "import sys, venv, ensurepip; sys.exit(sys.version_info < ($python_least))" 2>/dev/null
}

packages_for_python() {
    python_can_make_environments || printf '%s\n' python3 python3-venv
}

# --- what the build needs ---

fetch_duckdb() { # ARCH SUM
    local module=$duckdb_module/linux-$1
    local folder=$cache/gomod/$module@$duckdb_version
    local stamp=$cache/gomod/weir-duckdb-$1-$duckdb_version.sum
    local scratch answer sum door
    if [ -f "$folder/duckdb.h" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$2" ]; then
        return 0
    fi
    have go || die "no 'go' to fetch DuckDB's libraries with; install golang-go, or name a folder that holds duckdb.h and libduckdb in DUCKDB_DIR"
    scratch=$(mktemp -d)
    # What is in the cache is taken from there; the network only after that. The sum is ours to check, not a server's.
    for door in off ''; do
        [ -n "$door" ] || say "fetching DuckDB's static libraries ($module $duckdb_version, about 70 MB)"
        answer=$(cd "$scratch" && env ${door:+GOPROXY=$door} GO111MODULE=on GOMODCACHE="$cache/gomod" GOPATH="$scratch/go" \
            GOFLAGS='-mod=mod -modcacherw' GOSUMDB=off GOTOOLCHAIN=local \
            go mod download -json "$module@$duckdb_version" 2>"$scratch/errors") && break
    done
    sum=$(printf '%s\n' "$answer" | sed -n 's/^[[:space:]]*"Sum": "\(.*\)",\{0,1\}$/\1/p')
    if [ -z "$sum" ]; then
        printf '%s\n' "$answer" >&2
        cat "$scratch/errors" >&2
        rm -rf "$scratch"
        die "DuckDB's libraries cannot be fetched (see above); check the network or GOPROXY, or name a folder that holds duckdb.h and libduckdb in DUCKDB_DIR"
    fi
    rm -rf "$scratch"
    [ "$sum" = "$2" ] || die "DuckDB's libraries for $1 have the sum $sum and not the pinned $2; remove $cache/gomod and run again"
    [ -f "$folder/duckdb.h" ] || die "$folder holds no duckdb.h; remove $cache/gomod and run again"
    printf '%s\n' "$sum" >"$stamp"
    did=1
}

setup_build() {
    # shellcheck disable=SC2046 # one word a package
    install_packages $(packages_for gcc gcc libc6-dev) $(packages_for g++ g++) $(packages_for cmake cmake) \
        $(packages_for ninja ninja-build) \
        libzstd-dev libsnappy-dev liblz4-dev libbz2-dev liblzma-dev zlib1g-dev libsqlite3-dev libyaml-dev libedit-dev libncurses-dev libbsd-dev libmd-dev ||
        die "the build needs these packages"
    for command in gcc g++ cmake ninja; do
        have "$command" || die "no '$command' here; install it with your system's package manager (the list of libraries is in tools/setup.sh)"
    done
    if [ -n "${DUCKDB_DIR:-}" ]; then
        [ -f "$DUCKDB_DIR/duckdb.h" ] || die "DUCKDB_DIR=$DUCKDB_DIR holds no duckdb.h"
        return 0
    fi
    case $(uname -m) in
    x86_64) host_arch=amd64 host_sum=$duckdb_sum_amd64 ;;
    aarch64 | arm64) host_arch=arm64 host_sum=$duckdb_sum_arm64 ;;
    *) die "no DuckDB libraries are pinned for $(uname -m); name a folder that holds duckdb.h and libduckdb in DUCKDB_DIR" ;;
    esac
    if [ ! -f "$cache/gomod/weir-duckdb-$host_arch-$duckdb_version.sum" ]; then
        # shellcheck disable=SC2046
        install_packages $(packages_for go golang-go ca-certificates) || die "DuckDB's libraries are fetched with 'go'"
    fi
    fetch_duckdb "$host_arch" "$host_sum"
}

# --- what tests and benchmarks need ---

# python_env NAME: a virtual environment of exactly tools/requirements/NAME.txt. Its stamp is the sum of that list.
python_env() {
    local folder=$cache/$1 list=$tools/requirements/$1.txt want log
    want=$(sha256sum <"$list")
    if [ "$(cat "$folder/weir-stamp" 2>/dev/null)" = "$want" ] && "$folder/bin/python" -c '' 2>/dev/null; then
        return 0
    fi
    if ! python_can_make_environments; then
        lack "no Python environment '$1'" "it needs python3 ($python_least or newer) with venv: install python3 and python3-venv"
        return 0
    fi
    say "Python environment '$1': $(grep -cv '^#' "$list") pinned packages"
    log=$cache/$1.log
    if ! "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
        rm -rf "$folder"
        python3 -m venv "$folder" >"$log" 2>&1 || { lack "no Python environment '$1'" "see $log"; return 0; }
    fi
    if "$folder/bin/python" -m pip install -q --disable-pip-version-check -r "$list" >>"$log" 2>&1; then
        printf '%s\n' "$want" >"$folder/weir-stamp"
        did=1
    else
        tail -n 3 "$log" >&2
        lack "the Python environment '$1' is not complete" "see $log"
    fi
}

jars_are_right() {
    [ -d "$cache/jars" ] && (cd "$cache/jars" && sha256sum --status -c "$tools/delta-jars.sha256" 2>/dev/null)
}

delta_jars() {
    local scratch log=$cache/jars.log
    if jars_are_right; then
        return 0
    fi
    if ! have mvn; then
        lack "no Delta jars for Spark" "they are fetched with Maven: install maven"
        return 0
    fi
    say "fetching the Delta jars for Spark (13 MB)"
    scratch=$(mktemp -d)
    mkdir -p "$cache/jars"
    if mvn -q -B -f "$tools/delta-jars.pom.xml" -Dmaven.repo.local="$scratch/repository" dependency:copy-dependencies \
        -DoutputDirectory="$cache/jars" >"$log" 2>&1 && jars_are_right; then
        did=1
    else
        tail -n 5 "$log" >&2
        lack "no Delta jars for Spark" "see $log"
    fi
    rm -rf "$scratch"
}

setup_test() {
    setup_build
    # shellcheck disable=SC2046
    install_packages libcmocka-dev $(packages_for_python) $(packages_for java default-jdk-headless) $(packages_for mvn maven) ||
        lack "some Debian packages that tests need are missing" "the tests that need them will be skipped"
    python_env peers
    python_env spark
    have java || lack "no Java" "the Spark tests will be skipped: install default-jdk-headless"
    delta_jars
}

setup_bench() {
    setup_build
    # shellcheck disable=SC2046
    install_packages $(packages_for_python) || lack "no python3-venv" "benchmarks will have no peers to compare with"
    python_env bench
}

setup_clang() {
    setup_build
    # shellcheck disable=SC2046
    install_packages libcmocka-dev $(packages_for clang clang) || die "the clang build needs clang"
    have clang || die "no 'clang' here; install it with your system's package manager"
}

# The arm64 libraries, unpacked beside each other: the system keeps its own architecture.
arm64_libraries() {
    local root=$cache/arm64-root scratch apt
    local packages=(libzstd-dev libsnappy-dev liblz4-dev libbz2-dev liblzma-dev zlib1g-dev libsqlite3-dev libyaml-dev libedit-dev libedit2 libtinfo6 \
        libncurses-dev libbsd0 libbsd-dev libmd0 libmd-dev libcmocka-dev libcmocka0)
    if [ "$(cat "$root/weir-stamp" 2>/dev/null)" = "${packages[*]}" ]; then
        return 0
    fi
    have apt-get || die "the arm64 libraries are Debian packages, and there is no apt-get here"
    say "fetching the arm64 libraries (Debian packages, unpacked into $root)"
    scratch=$(mktemp -d)
    mkdir -p "$scratch/lists/partial" "$scratch/cache/archives/partial" "$scratch/packages"
    apt=(apt-get -qq -o "Dir::State::Lists=$scratch/lists" -o "Dir::Cache=$scratch/cache" -o APT::Architecture=arm64
        -o APT::Architectures=arm64 -o APT::Sandbox::User=root)
    "${apt[@]}" update >/dev/null && (cd "$scratch/packages" && "${apt[@]}" download "${packages[@]}") || {
        rm -rf "$scratch"
        die "the arm64 libraries cannot be fetched; check the network"
    }
    rm -rf "$root"
    for package in "$scratch"/packages/*.deb; do
        dpkg-deb -x "$package" "$root"
    done
    rm -rf "$scratch"
    printf '%s\n' "${packages[*]}" >"$root/weir-stamp"
    did=1
}

setup_arm64() {
    setup_build
    # shellcheck disable=SC2046
    install_packages libcmocka-dev $(packages_for aarch64-linux-gnu-gcc crossbuild-essential-arm64) \
        $(packages_for go golang-go) || die "the arm64 check needs Debian's cross compiler"
    fetch_duckdb arm64 "$duckdb_sum_arm64"
    arm64_libraries
}

[ $# -gt 0 ] || set -- build
for level in "$@"; do
    case $level in
    build | test | bench | clang | arm64) ;;
    *) die "unknown level '$level'; levels are build, test, bench, clang, arm64" ;;
    esac
done
umask 022
mkdir -p "$cache" || die "cannot create $cache; set WEIR_CACHE to a folder that can be written"
if have flock; then # two runs at once would trip over each other's half-made environments
    exec 9>"$cache/setup.lock"
    flock -n 9 || { say "waiting for another set-up to end"; flock 9; }
fi
for level in "$@"; do
    "setup_$level"
done
if [ ${#lacking[@]} -gt 0 ]; then
    say "done; tests that need what is missing will be skipped"
elif [ "$did" = 1 ]; then
    say "done ($*)"
fi
