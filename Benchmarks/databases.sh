#!/usr/bin/env bash
# What a database costs behind the server, in one run on one machine:
#   puts     durable puts over the binary protocol on 64 connections, one at a time on each, with the keys in SQLite, beside a loop in C that
#            commits batches of 64 puts into a file with the same table and settings, and one that commits each put
#   gets     point queries over the binary protocol with the keys in MariaDB, beside sysbench with as many connections to the same server
#
#     make plugins && Benchmarks/databases.sh         # needs cc, libsqlite3-dev, mariadb-server and sysbench
#     ROUNDS=9 SECONDS_PER_RUN=5 Benchmarks/databases.sh
#
# Prints the medians, and exits with status 3 if a target is missed: puts at least 0.85 x the loop and a p99 of at most three of its
# transactions, gets at least 0.9 x sysbench.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(dirname "$HERE")

MARTLET=${MARTLET:-$ROOT/.build/release/martlet}
MARTLET_PLUGINS=${MARTLET_PLUGINS:-$ROOT/plugins.d}
ROUNDS=${ROUNDS:-5}
SECONDS_PER_RUN=${SECONDS_PER_RUN:-5}
CONNECTIONS=${CONNECTIONS:-64}
SESSIONS=${SESSIONS:-8}

die() {
    printf 'databases: %s\n' "$@" >&2
    exit 1
}

# shellcheck source=lib/servers.sh
source "$HERE/lib/servers.sh"

check_needs() {
    local tool
    for tool in cc mariadbd mariadb-install-db mariadb sysbench awk; do
        command -v "$tool" >/dev/null ||
            die "missing: $tool" "on Debian: apt-get install build-essential libsqlite3-dev mariadb-server sysbench"
    done
    [[ -x $MARTLET ]] || die "no martlet at $MARTLET: make plugins, or set MARTLET"
}

build() {
    cc -O2 -msse4.2 -o "$WORK/requests" "$HERE/databases/requests.c"
    cc -O2 -o "$WORK/loop" "$HERE/databases/loop.c" -lsqlite3
}

start_store() { # name url
    local folder="$WORK/$1"
    mkdir -p "$folder/plugins.d"
    mkdir -m 0700 "$folder/run"
    cp "$(plugin_file binary Binary)" "$folder/plugins.d/binary.so"
    chmod 755 "$folder/plugins.d/binary.so"
    PORT[$1]=$(free_port)
    printf 'plugin = "binary.so"\nlisten = "127.0.0.1:%s"\n[options]\nstore = "main"\n[limits]\nmax_input = "2MiB"\n' "${PORT[$1]}" \
        >"$folder/plugins.d/binary.toml"
    printf 'loops = 1\nruntime_directory = "%s/run"\nstate_directory = "%s/state"\n[databases.main]\nurl = "%s"\nmin = %d\nmax = %d\n' \
        "$folder" "$folder" "$2" "$SESSIONS" "$SESSIONS" >"$folder/martlet.toml"
    "$MARTLET" serve "$folder/plugins.d" --config "$folder/martlet.toml" >"$WORK/$1.log" 2>&1 &
    PID[$1]=$!
    until_listening "$1" "${PORT[$1]}"
}

start_mariadb() {
    local folder="$WORK/mariadb" user
    user=$(id -un)
    mariadb-install-db --no-defaults --user="$user" --datadir="$folder" --skip-test-db --auth-root-authentication-method=normal \
        >"$WORK/install.log" 2>&1 || die "mariadb-install-db:" "$(cat "$WORK/install.log")"
    mariadbd --no-defaults --user="$user" --datadir="$folder" --socket="$WORK/db.sock" --skip-networking --performance-schema=OFF \
        >"$WORK/mariadb.log" 2>&1 &
    PID[mariadb]=$!
    until_true 30 "MariaDB" mariadb --no-defaults -S "$WORK/db.sock" -u root -e 'CREATE DATABASE shop; CREATE DATABASE sbtest' 2>"$WORK/wait.log"
}

# Adds a line to $WORK/runs.tsv: what who rate median p99
record() { # what who rate median p99
    local IFS=$'\t'
    echo "$*" | tee -a "$WORK/runs.tsv" >&2
}

load() { # what who put|get port
    local rate median p99 failed
    read -r rate median p99 failed < <("$WORK/requests" "$3" "$4" "$CONNECTIONS" "$SECONDS_PER_RUN") || die "the load on $2 gave no result"
    [[ $failed == 0 ]] || die "$failed requests to $2 have failed"
    record "$1" "$2" "$rate" "$median" "$p99"
}

loop() { # who batch
    rm -f "$WORK/loop.db"*
    # shellcheck disable=SC2046
    record puts "$1" $("$WORK/loop" "$WORK/loop.db" "$2" "$SECONDS_PER_RUN")
}

sysbench_queries() {
    sysbench oltp_point_select --mysql-socket="$WORK/db.sock" --mysql-user=root --tables=1 --table-size=10000 --threads="$SESSIONS" \
        --time="$SECONDS_PER_RUN" --histogram=off --percentile=99 "$@"
}

point_selects() {
    local report
    report=$(sysbench_queries run) || die "sysbench:" "$report"
    record gets sysbench "$(awk '/queries:/ { sub(/^\(/, "", $3); print int($3) }' <<<"$report")" - \
        "$(awk '/99th percentile/ { print int($3 * 1000) }' <<<"$report")"
}

report() {
    awk -F '\t' '
        function median(list, n, values, i, j, t) {
            n = split(list, values, " ")
            for (i = 2; i <= n; i++) for (j = i; j > 1 && values[j - 1] + 0 > values[j] + 0; j--) {
                t = values[j]; values[j] = values[j - 1]; values[j - 1] = t
            }
            return n % 2 ? values[(n + 1) / 2] : (values[n / 2] + values[n / 2 + 1]) / 2
        }
        { rate[$1, $2] = rate[$1, $2] " " $3; p99[$1, $2] = p99[$1, $2] " " $5; half[$1, $2] = half[$1, $2] " " $4 }
        function line(what, who, of) {
            printf "| %s | %s | %d/s | %d µs | %s |\n", what, who, median(rate[what, who]), median(p99[what, who]),
                of == "" ? "" : sprintf("%.2f", median(rate[what, who]) / median(rate[what, of]))
        }
        END {
            print "| | | rate | p99 | ratio |"
            print "|---|---|--:|--:|--:|"
            line("puts", "loop-1", ""); line("puts", "loop-64", ""); line("puts", "martlet", "loop-64")
            line("gets", "sysbench", ""); line("gets", "martlet", "sysbench")
            missed = median(rate["puts", "martlet"]) < 0.85 * median(rate["puts", "loop-64"]) \
                || median(p99["puts", "martlet"]) > 3 * median(half["puts", "loop-64"]) \
                || median(rate["gets", "martlet"]) < 0.9 * median(rate["gets", "sysbench"])
            exit missed ? 3 : 0
        }' "$WORK/runs.tsv"
}

check_needs
begin_work
build
start_mariadb
sysbench_queries prepare >"$WORK/prepare.log" 2>&1 || die "sysbench prepare:" "$(cat "$WORK/prepare.log")"
start_store sqlite "sqlite:$WORK/store.db"
start_store shop "mariadb://root@/shop?socket=$WORK/db.sock"
"$WORK/requests" fill "${PORT[shop]}" "$CONNECTIONS" 60 >"$WORK/fill.log"
for ((round = 1; round <= ROUNDS; round++)); do
    loop loop-1 1
    loop loop-64 64
    load puts martlet put "${PORT[sqlite]}"
    point_selects
    load gets martlet get "${PORT[shop]}"
done
report
