#!/usr/bin/env bash
# Measures Martlet, the floor (a C server that parses nothing) and nginx in one run. See README.md in this folder.
# Prints progress on standard error and Markdown tables on standard output, and writes the raw numbers to $RESULTS.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(dirname "$HERE")

MARTLET=${MARTLET:-$ROOT/.build/release/martlet}
MARTLET_PLUGINS=${MARTLET_PLUGINS:-$(dirname "$MARTLET")}
LOAD=${LOAD:-$MARTLET}
RESULTS=${RESULTS:-$ROOT/.build/bench.json}
ROUNDS=${ROUNDS:-5}
SECONDS_PER_RUN=${SECONDS_PER_RUN:-3}
CONNECTIONS=${CONNECTIONS:-64}
MESSAGE_BYTES=${MESSAGE_BYTES:-64}
IDLE_CONNECTIONS=${IDLE_CONNECTIONS:-10000}
RELOAD_SECONDS=${RELOAD_SECONDS:-0.2}
SERVER_CPU=${SERVER_CPU:-0}
LOAD_CPU=${LOAD_CPU:-1}
DEPTHS=(1 16)

usage() {
    cat <<USAGE
usage: Benchmarks/run.sh [--check] [--without-martlet]

  --check            exit with status 3 if Martlet misses a target
  --without-martlet  measure only the floor and nginx

Settings, from the environment (current values):
  MARTLET            the martlet binary ($MARTLET)
  MARTLET_PLUGINS    folder with http.so and echo.so, or libHTTPPlugin.so and libEchoPlugin.so ($MARTLET_PLUGINS)
  LOAD               the program that offers "bench echo", "bench http" and "bench idle" ($LOAD)
  RESULTS            file for the raw numbers, as JSON ($RESULTS)
  ROUNDS             rounds; every server is measured once in each ($ROUNDS)
  SECONDS_PER_RUN    seconds of load per measurement, a whole number ($SECONDS_PER_RUN)
  CONNECTIONS        connections of the HTTP and echo loads ($CONNECTIONS)
  MESSAGE_BYTES      size of an echo message ($MESSAGE_BYTES)
  IDLE_CONNECTIONS   connections held for the memory measurement and beside the HTTP load ($IDLE_CONNECTIONS)
  RELOAD_SECONDS     time from one reload to the next, while a load runs ($RELOAD_SECONDS)
  SERVER_CPU         the core of all servers ($SERVER_CPU)
  LOAD_CPU           the core of all loads ($LOAD_CPU)
USAGE
}

die() {
    printf 'bench: %s\n' "$@" >&2
    exit 1
}

# shellcheck source=lib/servers.sh
source "$HERE/lib/servers.sh"
# shellcheck source=lib/measure.sh
source "$HERE/lib/measure.sh"

check=0 with_martlet=1
for argument in "$@"; do
    case $argument in
    --check) check=1 ;;
    --without-martlet) with_martlet=0 ;;
    --help | -h) usage && exit ;;
    *) usage >&2 && exit 2 ;;
    esac
done

check_needs() {
    local tool missing=()
    for tool in wrk nginx taskset cc awk; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    ((${#missing[@]} == 0)) ||
        die "missing: ${missing[*]}" "on Debian: apt-get install wrk nginx-light util-linux gcc libc6-dev gawk"
    if ((SERVER_CPU == LOAD_CPU)) || ! taskset -c "$SERVER_CPU" true || ! taskset -c "$LOAD_CPU" true; then
        die "server and load need a core each, not CPU $SERVER_CPU and $LOAD_CPU: set SERVER_CPU and LOAD_CPU"
    fi
    ulimit -n "$(ulimit -Hn)"
    (($(ulimit -n) >= IDLE_CONNECTIONS + 600)) ||
        die "at most $(ulimit -n) open files: set IDLE_CONNECTIONS to $(($(ulimit -n) - 600)) or less"
    if ((with_martlet)); then
        [[ -x $MARTLET ]] ||
            die "no martlet at $MARTLET: swift build -c release, or set MARTLET, or use --without-martlet"
    elif ((check)); then
        die "--check and --without-martlet exclude each other: only Martlet has targets"
    fi
    with_load=1
    if [[ ! -x $LOAD ]]; then
        with_load=0
        echo "bench: no program $LOAD: skipping the echo, idle and reload measurements (set LOAD to another program)" >&2
    fi
}

# On a busy machine the figures are noise.
warn_if_busy() {
    awk '$1 > 0.5 { print "bench: the machine is busy (load average " $1 "): ratios may be off by 15 %, rates by more" }' \
        /proc/loadavg >&2
}

start_servers() {
    cc -O2 -o "$WORK/floor" "$HERE/floor/floor.c"
    start_floor floor-http http
    start_floor floor-echo echo
    start_nginx nginx
    HTTP_SERVERS=(floor-http nginx)
    ECHO_SERVERS=()
    if ((with_load)); then ECHO_SERVERS+=(floor-echo); fi
    if ((with_martlet)); then
        start_martlet martlet
        HTTP_SERVERS+=(martlet)
        ECHO_SERVERS+=(martlet)
    fi
    local server bytes
    for server in "${HTTP_SERVERS[@]}"; do
        bytes=$(answer_bytes "$server")
        printf '%s\t%d\n' "${server%-http}" "$bytes" >>"$WORK/answers.tsv"
    done
}

measure_rounds() {
    local round depth server port
    for ((round = 1; round <= ROUNDS; round++)); do
        for depth in "${DEPTHS[@]}"; do
            for server in "${HTTP_SERVERS[@]}"; do measure_http "http-$depth" "$server" "$round" "$depth"; done
        done
        for depth in "${DEPTHS[@]}"; do
            for server in "${ECHO_SERVERS[@]}"; do
                port=${PORT[$server-echo]:-${PORT[$server]}}
                measure_echo "echo-$depth" "$server" "$round" "$depth" "$port"
            done
        done
    done
}

# Measured in turn, like all others, but last, because a reload replaces nginx's worker processes.
measure_reloads() {
    local round mode server servers=(nginx)
    if ((with_martlet)); then
        servers+=(martlet)
        prepare_reloads martlet
    fi
    for ((round = 1; round <= ROUNDS; round++)); do
        for mode in none reload; do
            for server in "${servers[@]}"; do measure_reloads_of "$mode" "$server" "$round"; done
        done
    done
}

report() {
    mkdir -p "$(dirname "$RESULTS")"
    local files=("$WORK/runs.tsv" "$WORK/answers.tsv")
    local file
    for file in "$WORK/idle.tsv" "$WORK/reloads.tsv"; do
        if [[ -f $file ]]; then files+=("$file"); fi
    done
    awk -v check="$check" -v period="$RELOAD_SECONDS" -v json="$RESULTS" -v date="$(date -u +%FT%TZ)" -v kernel="$(uname -sr)" \
        -v processor="$(awk -F ': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)" \
        -f "$HERE/lib/report.awk" "${files[@]}"
}

check_needs
warn_if_busy
begin_work

start_servers
runs=$((ROUNDS * ${#DEPTHS[@]} * (${#HTTP_SERVERS[@]} + ${#ECHO_SERVERS[@]})))
# Four measurements per server: alone, beside the idle connections, without and with reloads.
if ((with_load)); then runs=$((runs + ROUNDS * 4 * (1 + with_martlet))); fi
echo "bench: $runs runs of $SECONDS_PER_RUN s; servers on CPU $SERVER_CPU, loads on CPU $LOAD_CPU" >&2
measure_rounds
if ((with_load)); then
    measure_idle nginx
    if ((with_martlet)); then measure_idle martlet; fi
    measure_reloads
fi
report
