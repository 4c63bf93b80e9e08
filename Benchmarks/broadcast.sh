#!/usr/bin/env bash
# Measures messages to a group of 1,000 members: the server's CPU time for each delivery, as a multiple of that of a C loop that sends the
# same bytes to each of them. Prints a Markdown table. Exits with status 3 if Martlet misses a target.
#
#     Benchmarks/broadcast.sh           # needs a release build of martlet, a C compiler and two cores
#
# The servers run on core 0 (Martlet with two loops on both), the load on core 1. They take turns. Each figure is the
# median of ROUNDS; a ratio is the median of the ratios of each turn.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(dirname "$HERE")
MARTLET=${MARTLET:-$ROOT/.build/release/martlet}
MEMBERS=${MEMBERS:-1000}
BROADCASTS=${BROADCASTS:-320}
ROUNDS=${ROUNDS:-9}
SIZE=${SIZE:-100}

[[ -x $MARTLET ]] || { echo "broadcast: no martlet at $MARTLET: make plugins, or set MARTLET" >&2 && exit 1; }
work=$(mktemp -d)
chmod 755 "$work"
trap 'kill ${servers[@]:-} 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT
servers=()
ulimit -n 8192
cc=$(command -v cc || command -v clang)
"$cc" -O2 -Wall -Wextra -o "$work/broadcast" "$HERE/broadcast/broadcast.c"
"$cc" -O2 -Wall -Wextra -shared -fPIC -I "$ROOT/SDK/Sources/CMartlet/include" -o "$work/room.so" "$HERE/broadcast/room.c"
chmod 755 "$work/room.so"

# serve NAME LOOPS PROCESSORS: starts Martlet and sets its port and process.
declare -A port pid
serve() {
    local folder="$work/$1"
    mkdir -p "$folder/plugins.d"
    cp "$work/room.so" "$folder/plugins.d/"
    printf 'plugin = "room.so"\nlisten = "127.0.0.1:0"\n' >"$folder/plugins.d/room.toml"
    printf 'runtime_directory = "run"\nstate_directory = "state"\nloops = %s\nlog_level = "warning"\n' "$2" >"$folder/martlet.toml"
    taskset -c "$3" "$MARTLET" serve "$folder/plugins.d" --config "$folder/martlet.toml" &
    pid[$1]=$!
    servers+=("$!")
    until address=$("$MARTLET" status --json --config "$folder/martlet.toml" 2>/dev/null | jq -er '.listeners[0].addresses[0]'); do
        kill -0 "${pid[$1]}" || exit 1
        sleep 0.1
    done
    port[$1]=${address##*:}
    # The process that runs the plugins.
    pid[$1]=$(cat "/proc/${pid[$1]}/task/"*/children | awk '{ print $1; exit }')
}
serve one 1 0
serve two 2 0-1
coproc floor { exec taskset -c 0 "$work/broadcast" serve; }
read -r _ port[floor] <&"${floor[0]}"
pid[floor]=$floor_PID
servers+=("$floor_PID")

# measure NAME DEPTH: prints nanoseconds of CPU for each delivery.
measure() {
    taskset -c 1 "$work/broadcast" load "${port[$1]}" "${pid[$1]}" "$MEMBERS" $((BROADCASTS / $2)) "$2" "$SIZE"
}

median() { sort -n | sed -n "$(((ROUNDS + 1) / 2))p"; }

missed=0
echo "| server | broadcasts at once | CPU per delivery, ns | x the C loop | target |"
echo "|---|---|---|---|---|"
for depth in 1 16; do
    for name in floor one two; do : >"$work/$name.$depth"; done
    for ((round = 0; round < ROUNDS; round++)); do
        for name in floor one two; do measure "$name" "$depth" >>"$work/$name.$depth"; done
    done
    base=$(median <"$work/floor.$depth")
    echo "| C loop | $depth | $base | 1.00 | |"
    for name in one two; do
        value=$(median <"$work/$name.$depth")
        target=$([[ $name == one ]] && echo 1.10 || echo 1.25)
        ratio=$(paste "$work/$name.$depth" "$work/floor.$depth" | awk '{ printf "%.2f\n", $1 / $2 }' | median)
        echo "| Martlet, $name loop$([[ $name == two ]] && echo s) | $depth | $value | $ratio | $target |"
        awk -v r="$ratio" -v t="$target" 'BEGIN { exit !(r > t) }' && missed=1
    done
done
exit $((missed * 3))
