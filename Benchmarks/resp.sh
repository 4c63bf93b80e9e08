#!/usr/bin/env bash
# What a GET and a SET cost the RESP plugin in CPU time, beside redis-server: one at a time, and 16 deep. The servers take turns in
# one run, with redis-benchmark as the load.
#
#     make plugins && Benchmarks/resp.sh         # needs redis-server, redis-benchmark and taskset
#     ROUNDS=9 REQUESTS=500000 Benchmarks/resp.sh
#
# Prints the median of each server, and exits with status 3 if Martlet misses a target: at most 1.00 x redis-server's CPU time per
# request one at a time, and 0.85 x 16 deep. Both serve with one loop.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(dirname "$HERE")

MARTLET=${MARTLET:-$ROOT/.build/release/martlet}
MARTLET_PLUGINS=${MARTLET_PLUGINS:-$ROOT/plugins.d}
ROUNDS=${ROUNDS:-5}
REQUESTS=${REQUESTS:-200000}
CONNECTIONS=${CONNECTIONS:-50}
KEYS=${KEYS:-100000}
SERVER_CPU=${SERVER_CPU:-0}
LOAD_CPU=${LOAD_CPU:-1}

die() {
    printf 'resp: %s\n' "$@" >&2
    exit 1
}

# shellcheck source=lib/servers.sh
source "$HERE/lib/servers.sh"
# shellcheck source=lib/measure.sh
source "$HERE/lib/measure.sh"

check_needs() {
    local tool
    for tool in redis-server redis-benchmark taskset awk; do
        command -v "$tool" >/dev/null || die "missing: $tool" "on Debian: apt-get install redis-server redis-tools util-linux"
    done
    [[ -x $MARTLET ]] || die "no martlet at $MARTLET: make plugins, or set MARTLET"
}

start_redis() { # name
    PORT[$1]=$(free_port)
    taskset -c "$SERVER_CPU" redis-server --port "${PORT[$1]}" --bind 127.0.0.1 --save '' --appendonly no --dir "$WORK" \
        >"$WORK/$1.log" 2>&1 &
    PID[$1]=$!
    until_listening "$1" "${PORT[$1]}"
}

start_resp() { # name
    local folder="$WORK/$1" plugin
    plugin=$(plugin_file resp RESP)
    mkdir -p "$folder/plugins.d"
    mkdir -m 0700 "$folder/run"
    cp "$plugin" "$folder/plugins.d/resp.so"
    chmod 755 "$folder/plugins.d/resp.so"
    PORT[$1]=$(free_port)
    printf 'plugin = "resp.so"\nlisten = "127.0.0.1:%s"\nexercise = false\n[options]\nmax_store_bytes = "1GiB"\n' "${PORT[$1]}" \
        >"$folder/plugins.d/resp.toml"
    printf 'loops = 1\nruntime_directory = "%s/run"\nstate_directory = "%s/state"\n' "$folder" "$folder" >"$folder/martlet.toml"
    taskset -c "$SERVER_CPU" "$MARTLET" serve "$folder/plugins.d" --config "$folder/martlet.toml" >"$WORK/$1.log" 2>&1 &
    PID[$1]=$!
    until_listening "$1" "${PORT[$1]}"
}

# Adds a line to $WORK/cpu.tsv: test depth server microseconds-per-request
measure() { # test depth server requests
    local before after log="$WORK/load.log"
    before=$(cpu_nanoseconds "${PID[$3]}")
    taskset -c "$LOAD_CPU" redis-benchmark -h 127.0.0.1 -p "${PORT[$3]}" -t "$1" -c "$CONNECTIONS" -P "$2" -n "$4" -r "$KEYS" \
        -q >"$log" 2>&1 || die "redis-benchmark against $3 failed:" "$(cat "$log")"
    after=$(cpu_nanoseconds "${PID[$3]}")
    awk -v test="$1" -v depth="$2" -v server="$3" -v ns="$((after - before))" -v n="$4" \
        'BEGIN { printf "%s\t%d\t%s\t%.4f\n", test, depth, server, ns / n / 1000 }' | tee -a "$WORK/cpu.tsv" >&2
}

# CPU time of all processes of a server, exact to the nanosecond: the ticks of /proc/PID/stat are too coarse.
cpu_nanoseconds() { # pid
    local process
    for process in $(process_tree "$1"); do cat "/proc/$process/task/"*/schedstat; done | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
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
        { runs[$1, $2, $3] = runs[$1, $2, $3] " " $4 }
        END {
            print "| | redis-server | Martlet | ratio | target |"
            print "|---|--:|--:|--:|--:|"
            split("get set", tests, " ")
            for (d = 1; d <= 16; d += 15) for (t = 1; t <= 2; t++) {
                redis = median(runs[tests[t], d, "redis"]); martlet = median(runs[tests[t], d, "resp"])
                target = d == 1 ? 1.0 : 0.85
                ratio = martlet / redis
                if (ratio > target) missed = 1
                printf "| %s, %d deep | %.2f µs | %.2f µs | %.2f | %.2f |\n", toupper(tests[t]), d, redis, martlet, ratio, target
            }
            exit missed ? 3 : 0
        }' "$WORK/cpu.tsv"
}

check_needs
begin_work
start_redis redis
start_resp resp
for server in redis resp; do measure set 16 "$server" "$REQUESTS"; done 2>/dev/null
rm "$WORK/cpu.tsv"
for ((round = 1; round <= ROUNDS; round++)); do
    for depth in 1 16; do
        for test in set get; do
            for server in redis resp; do measure "$test" "$depth" "$server" $((depth == 1 ? REQUESTS : REQUESTS * 4)); done
        done
    done
done
report
