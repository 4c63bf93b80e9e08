#!/usr/bin/env bash
# What a database costs behind the server, in one run on one machine:
#   puts     durable puts over the binary protocol on 64 connections, one at a time on each, with the keys in SQLite, beside a loop in C that
#            commits batches of 64 puts into a file with the same table and settings, and one that commits each put. All begin each round
#            with an empty file. Once over TCP, and once over a Unix socket, as all who ask MariaDB here
#   queries  point queries of a plugin, which runs them through `martlet.database/1` with 64 under way, beside sysbench: the same table and
#            statement, and as many connections to the same server
#   gets     the same as clients see it: gets over the binary protocol on 64 connections, with the keys in MariaDB
#   pool     what a pool adds to a job, without any database: see databases/pool.swift
#   away     a query while MariaDB is stopped: from the call until the plugin has the error
#
#     make plugins && Benchmarks/databases.sh         # needs cc, swiftc, libsqlite3-dev, mariadb-server and sysbench
#     ROUNDS=9 SECONDS_PER_RUN=5 Benchmarks/databases.sh
#     SESSIONS=2 Benchmarks/databases.sh              # connections to MariaDB, of both sides
#     PINNED=1 Benchmarks/databases.sh                # MariaDB on processor 1, and all that ask it on processor 0
#
# Prints the medians, and exits with status 3 if a target is missed: puts at least 0.85 x the loop and a p99 of at most three of its
# transactions, queries at least 0.9 x sysbench, less than 1 µs for a free connection, less than 50 µs for the error.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(dirname "$HERE")

MARTLET=${MARTLET:-$ROOT/.build/release/martlet}
MARTLET_PLUGINS=${MARTLET_PLUGINS:-$ROOT/plugins.d}
ROUNDS=${ROUNDS:-5}
SECONDS_PER_RUN=${SECONDS_PER_RUN:-5}
CONNECTIONS=${CONNECTIONS:-64}
SESSIONS=${SESSIONS:-8}
PINNED=${PINNED:-0}

die() {
    printf 'databases: %s\n' "$@" >&2
    exit 1
}

# shellcheck source=lib/servers.sh
source "$HERE/lib/servers.sh"

check_needs() {
    local tool
    for tool in cc swiftc mariadbd mariadb-install-db mariadb sysbench awk; do
        command -v "$tool" >/dev/null ||
            die "missing: $tool" "swiftc comes with Swift; on Debian: apt-get install build-essential libsqlite3-dev mariadb-server sysbench"
    done
    [[ -x $MARTLET ]] || die "no martlet at $MARTLET: make plugins, or set MARTLET"
}

build() {
    cc -O2 -msse4.2 -o "$WORK/requests" "$HERE/databases/requests.c"
    cc -O2 -o "$WORK/loop" "$HERE/databases/loop.c" -lsqlite3
    cc -O2 -shared -fPIC -I "$ROOT/SDK/Sources/CMartlet/include" -o "$WORK/queries.so" "$HERE/databases/queries.c"
    chmod 755 "$WORK/queries.so"
    build_pool
}

# The rooms that the pool needs, without the rest of the server.
build_pool() {
    local room modules="$WORK/modules"
    local flags=(-O -wmo -parse-as-library -swift-version 6 -package-name martlet -I "$modules" -I "$modules/CLinux")
    mkdir -p "$modules/CLinux"
    printf 'module CLinux { umbrella "%s" export * }\n' "$ROOT/Sources/CLinux/include" >"$modules/CLinux/module.modulemap"
    cc -O2 -c -o "$modules/CLinux.o" "$ROOT/Sources/CLinux/linux.c"
    for room in Threads SQL DatabasePools; do
        swiftc "${flags[@]}" -module-name "$room" -emit-module -emit-module-path "$modules/$room.swiftmodule" -c -o "$modules/$room.o" \
            "$ROOT/Sources/$room"/*.swift
    done
    swiftc "${flags[@]}" -module-name PoolBenchmark -o "$WORK/pool" "$HERE/databases/pool.swift" "$modules"/*.o
}

# Runs a command on a processor if they are to be kept apart.
on_processor() { # number command...
    local number=$1
    shift
    if [[ $PINNED == 0 ]]; then exec "$@"; else exec taskset -c "$number" "$@"; fi
}

start_store() { # name url
    local folder="$WORK/$1"
    rm -rf "$folder"
    mkdir -p "$folder/plugins.d"
    mkdir -m 0700 "$folder/run"
    cp "$(plugin_file binary Binary)" "$folder/plugins.d/binary.so"
    chmod 755 "$folder/plugins.d/binary.so"
    PORT[$1]=$(free_port)
    printf 'plugin = "binary.so"\nlisten = ["127.0.0.1:%s", "unix:%s/socket"]\n[options]\nstore = "main"\n[limits]\nmax_input = "2MiB"\n' "${PORT[$1]}" "$folder" \
        >"$folder/plugins.d/binary.toml"
    if [[ $1 == shop ]]; then
        cp "$WORK/queries.so" "$folder/plugins.d/"
        PORT[queries]=$(free_port)
        printf 'plugin = "queries.so"\nlisten = "127.0.0.1:%s"\n' "${PORT[queries]}" >"$folder/plugins.d/queries.toml"
    fi
    printf 'loops = 1\nruntime_directory = "%s/run"\nstate_directory = "%s/state"\n[databases.main]\nurl = "%s"\nmin = %d\nmax = %d\n' \
        "$folder" "$folder" "$2" "$SESSIONS" "$SESSIONS" >"$folder/martlet.toml"
    on_processor 0 "$MARTLET" serve "$folder/plugins.d" --config "$folder/martlet.toml" >"$WORK/$1.log" 2>&1 &
    PID[$1]=$!
    until_listening "$1" "${PORT[$1]}"
}

start_mariadb() {
    local folder="$WORK/mariadb" user
    user=$(id -un)
    mariadb-install-db --no-defaults --user="$user" --datadir="$folder" --skip-test-db --auth-root-authentication-method=normal \
        >"$WORK/install.log" 2>&1 || die "mariadb-install-db:" "$(cat "$WORK/install.log")"
    on_processor 1 mariadbd --no-defaults --user="$user" --datadir="$folder" --socket="$WORK/db.sock" --skip-networking --performance-schema=OFF \
        >"$WORK/mariadb.log" 2>&1 &
    PID[mariadb]=$!
    until_true 30 "MariaDB" mariadb --no-defaults -S "$WORK/db.sock" -u root -e 'CREATE DATABASE shop; CREATE DATABASE sbtest' 2>"$WORK/wait.log"
}

# Adds a line to $WORK/runs.tsv: what who rate median p99
record() { # what who rate median p99
    local IFS=$'\t'
    echo "$*" | tee -a "$WORK/runs.tsv" >&2
}

load() { # what who put|get port|path
    local rate median p99 failed
    read -r rate median p99 failed < <(on_processor 0 "$WORK/requests" "$3" "$4" "$CONNECTIONS" "$SECONDS_PER_RUN") || die "the load on $2 gave no result"
    [[ $failed == 0 ]] || die "$failed requests to $2 have failed"
    record "$1" "$2" "$rate" "$median" "$p99"
}

puts() { # martlet|unix
    rm -f "$WORK/store.db"*
    start_store sqlite "sqlite:$WORK/store.db"
    if [[ $1 == unix ]]; then load puts unix put "$WORK/sqlite/socket"; else load puts martlet put "${PORT[sqlite]}"; fi
    stop_server sqlite
}

loop() { # who batch
    rm -f "$WORK/loop.db"*
    # shellcheck disable=SC2046
    record puts "$1" $("$WORK/loop" "$WORK/loop.db" "$2" "$SECONDS_PER_RUN")
}

# The plugin's own figures.
queries() { # flight seconds
    exec 3<>"/dev/tcp/127.0.0.1/${PORT[queries]}"
    echo "$1 $2" >&3
    head -n 1 <&3
    exec 3>&-
}

plugin_queries() {
    local rate median p99 failed
    read -r rate median p99 failed < <(queries "$CONNECTIONS" "$SECONDS_PER_RUN") || die "the plugin gave no result"
    [[ $failed == 0 ]] || die "$failed queries of the plugin have failed"
    record queries martlet "$rate" "$median" "$p99"
}

# Every query must fail now.
away() {
    local rate median p99 failed
    stop_server mariadb
    until_true 30 "MariaDB to be away" is_away
    read -r rate median p99 failed < <(queries 1 1) || die "the plugin gave no result"
    [[ $failed -gt 0 ]] || die "no query has failed without MariaDB"
    record away martlet "$rate" "$median" "$p99"
}

is_away() { [[ $("$MARTLET" databases --config "$WORK/shop/martlet.toml" 2>/dev/null) == *away* ]]; }

sysbench_queries() {
    (on_processor 0 sysbench oltp_point_select --mysql-socket="$WORK/db.sock" --mysql-user=root --tables=1 --table-size=10000 --rand-type=uniform --threads="$SESSIONS" \
        --time="$SECONDS_PER_RUN" --histogram=off --percentile=99 "$@")
}

point_selects() {
    local report
    report=$(sysbench_queries run) || die "sysbench:" "$report"
    record queries sysbench "$(awk '/queries:/ { sub(/^\(/, "", $3); print int($3) }' <<<"$report")" - \
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
            line("puts", "loop-1", ""); line("puts", "loop-64", ""); line("puts", "martlet", "loop-64"); line("puts", "unix", "loop-64")
            line("queries", "sysbench", ""); line("queries", "martlet", "sysbench")
            rate["gets", "sysbench"] = rate["queries", "sysbench"]
            line("gets", "martlet", "sysbench"); line("gets", "unix", "sysbench")
            job = half["pool", "job"] / 1000
            print ""
            printf "A job that gets a free connection and gives it back: %.2f µs of the pool; waking its thread: %.1f µs; the call: %.1f µs.\n",
                job, half["pool", "begin"] / 1000, half["pool", "submit"] / 1000
            printf "While the database is away: %.2f µs of the pool, %d µs until a plugin has the error (p99 %d µs).\n",
                half["pool", "away"] / 1000, half["away", "martlet"], p99["away", "martlet"]
            missed = median(rate["puts", "martlet"]) < 0.85 * median(rate["puts", "loop-64"]) \
                || median(p99["puts", "martlet"]) > 3 * median(half["puts", "loop-64"]) \
                || median(rate["queries", "martlet"]) < 0.9 * median(rate["queries", "sysbench"]) \
                || job >= 1 || half["away", "martlet"] >= 50
            exit missed ? 3 : 0
        }' "$WORK/runs.tsv"
}

check_needs
begin_work
build
start_mariadb
sysbench_queries prepare >"$WORK/prepare.log" 2>&1 || die "sysbench prepare:" "$(cat "$WORK/prepare.log")"
start_store shop "mariadb://root@/shop?socket=$WORK/db.sock"
"$WORK/requests" fill "${PORT[shop]}" "$CONNECTIONS" 60 >"$WORK/fill.log"
for ((round = 1; round <= ROUNDS; round++)); do
    loop loop-1 1
    loop loop-64 64
    puts martlet
    puts unix
    point_selects
    plugin_queries
    load gets martlet get "${PORT[shop]}"
    load gets unix get "$WORK/shop/socket"
done
while read -r what nanoseconds; do record pool "$what" - "$nanoseconds" -; done < <("$WORK/pool")
away
report
