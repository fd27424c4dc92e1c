#!/usr/bin/env bash
# demo.sh [FOLDER] - a tour of weir in a minute: a project, a volume with events, two runs. FOLDER is made anew (build/demo).
set -euo pipefail

source=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-$source/build/demo}
input=/Volumes/workspace/ecommerce/stream_volume/input
PATH=${WEIR_BINARY:+$(dirname "$WEIR_BINARY"):}$source/build:$PATH
unset WEIR_ROOT

head_line() { printf '\n\033[1m%s\033[0m\n' "$*"; }
show() { # a command as a user would type it, and what it says
    printf '\033[2m$'
    printf ' %q' "$@" | sed 's/\\ / /g'
    printf '\033[0m\n'
    "$@"
}
[ -t 1 ] || head_line() { printf '\n== %s\n' "$*"; }
[ -t 1 ] || show() { printf '$ %s\n' "$*"; "$@"; }

if [ -e "$folder" ] && [ ! -e "$folder/spark-pipeline.yml" ]; then
    printf 'demo: %s is there and is no demo; name another folder\n' "$folder" >&2
    exit 1
fi
rm -rf "$folder"
mkdir -p "$(dirname "$folder")"

head_line 'A project that runs'
weir init "$folder" >/dev/null
cd "$folder"
printf '%s\n' transformations/*.sql

head_line 'Events arrive in a volume'
show weir generate events --rows 100000 --files 20 "$input"

head_line 'Bronze -> Silver -> Gold'
show weir run

head_line 'Two more files arrive, and only they are read'
show weir generate events --rows 10000 --files 2 --first 100000 "$input"
show weir run

head_line 'Nothing new: nothing is done'
show weir run

head_line 'Silver: who spent most'
show weir sql -c 'SELECT * FROM workspace.ecommerce.user_features ORDER BY total_spent DESC LIMIT 5'

head_line 'Gold: brands by revenue'
show weir sql -c 'SELECT * FROM workspace.ecommerce.brand_revenue ORDER BY revenue DESC LIMIT 5'
show weir sql -c 'SELECT * FROM workspace.ecommerce.buyers ORDER BY kind'

head_line 'Bronze: every version is still there'
show weir history workspace.ecommerce.events_delta

head_line 'Three things to try next'
cat <<END
    cd $folder && export PATH=$source/build:\$PATH

1. Stay, and take files as they land:
       weir run --continuous &
       weir generate events --rows 1000 --first 110000 $input
2. Ask about the past:
       weir sql -c 'SELECT count(*) FROM workspace.ecommerce.events_delta VERSION AS OF 1'
3. Look at what became of each file, or read the same tables with Spark, DuckDB, Polars or delta-rs:
       weir files workspace.ecommerce.events_delta
       ls lakehouse/tables/workspace/ecommerce
END
