#!/usr/bin/env bash
# Measures swaps of a plugin with much state: the binary plugin with 1,000,000 keys of 100 bytes, under load. Prints a Markdown table. Exits
# with status 3 if Martlet misses a target, and with 1 if a key, a change or a connection is lost.
#
#     Benchmarks/swap.sh                # needs `make plugins`, g++, jq and two cores
#
#   pause   how long the callbacks of the listener stood still, as the receipt says: median of SWAPS swaps. Beside it the time in which a
#           program in C++ rebuilds an unordered_map of the same keys
#   p99     of one peer of another listener on the same loops, in microseconds: without swaps, and with one after the other
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(dirname "$HERE")
MARTLET=${MARTLET:-$ROOT/.build/release/martlet}
MARTLET_PLUGINS=${MARTLET_PLUGINS:-$ROOT/plugins.d}
KEYS=${KEYS:-1000000}
SWAPS=${SWAPS:-9}
CLIENTS=${CLIENTS:-4}

[[ -x $MARTLET ]] || { echo "swap: no martlet at $MARTLET: make plugins, or set MARTLET" >&2 && exit 1; }
work=$(mktemp -d)
chmod 755 "$work"
server=
trap 'kill ${server:-} 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT
cc=$(command -v cc || command -v clang)
"$cc" -O2 -msse4.2 -Wall -Wextra -o "$work/keys" "$HERE/transfer/keys.c"
g++ -O2 -o "$work/map" "$HERE/transfer/map.cpp"

mkdir -m 755 "$work/plugins.d"
install -m 755 "$MARTLET_PLUGINS/binary.so" "$MARTLET_PLUGINS/echo.so" "$work/plugins.d/"
cat >"$work/plugins.d/binary.toml" <<TOML
plugin = "binary.so"
listen = "127.0.0.1:0"
[limits]
max_input = "2MiB"
[options]
max_store_bytes = "1GiB"
TOML
printf 'plugin = "echo.so"\nlisten = "127.0.0.1:0"\n' >"$work/plugins.d/echo.toml"
printf 'runtime_directory = "run"\nstate_directory = "state"\nloops = 2\nlog_level = "warning"\n' >"$work/martlet.toml"
"$MARTLET" serve "$work/plugins.d" --config "$work/martlet.toml" >/dev/null &
server=$!
port() {
    "$MARTLET" status --json --config "$work/martlet.toml" 2>/dev/null |
        jq -er ".listeners[] | select(.name == \"$1\").addresses[0]" | sed 's/.*://'
}
until binary=$(port binary) && echo=$(port echo); do sleep 0.1; done

"$work/keys" fill "$binary" "$KEYS"
mkfifo "$work/go"
exec 9<>"$work/go"
for ((client = 0; client < CLIENTS; client++)); do
    "$work/keys" count "$binary" "client $client" <"$work/go" >"$work/client.$client" &
    clients[client]=$!
done

p99() {
    "$MARTLET" bench echo --address "127.0.0.1:$echo" --connections 1 --seconds "$1" --json | jq .latency.p99Microseconds
}
quiet=$(p99 3)
(
    for ((swap = 1; swap <= SWAPS; swap++)); do
        cp "$MARTLET_PLUGINS/binary.so" "$work/plugins.d/.new" && printf '%*s' "$swap" '' >>"$work/plugins.d/.new"
        mv "$work/plugins.d/.new" "$work/plugins.d/binary.so"
        "$MARTLET" reload --json --config "$work/martlet.toml" | jq -e '.entries[] | select(.listener == "binary")' >"$work/swap.$swap"
    done
) &
swapping=$!
busy=$(p99 $((SWAPS > 6 ? SWAPS : 6)))
wait "$swapping"
echo >&9
lost=0
for ((client = 0; client < CLIENTS; client++)); do wait "${clients[client]}" || lost=1; done
"$work/keys" check "$binary" "$KEYS" || lost=1
for ((round = 0; round < 5; round++)); do "$work/map" "$KEYS"; done | sort -n | sed -n 3p >"$work/map.time"

jq -s 'map(select(.outcome == "swapped")) | length' "$work"/swap.* | grep -qx "$SWAPS" || { echo "swap: a swap was refused" >&2 && lost=1; }
pause=$(jq -s 'map(.state.pauseMilliseconds) | sort | .[length / 2 | floor]' "$work"/swap.*)
bytes=$(jq -s '.[0].state.bytes' "$work"/swap.*)
map=$(cat "$work/map.time")
changes=$(cat "$work"/client.* | awk '{ sum += $1 } END { print sum }')
longest=$(cat "$work"/client.* | awk '$2 > most { most = $2 } END { print most }')
awk -v keys="$KEYS" -v swaps="$SWAPS" -v bytes="$bytes" -v pause="$pause" -v map="$map" -v quiet="$quiet" -v busy="$busy" \
    -v changes="$changes" -v longest="$longest" -v lost="$lost" 'BEGIN {
    print "| | measured | compared with | x | target |"
    print "|---|---|---|---|---|"
    printf "| pause of a swap with %d keys (%d bytes) | %.0f ms | unordered_map: %.0f ms | %.2f | 2 |\n", keys, bytes, pause, map, pause / map
    printf "| p99 of another listener during %d swaps | %.0f us | without: %.0f us | %.2f | 3 |\n", swaps, busy, quiet, busy / quiet
    printf "| lost keys, changes, connections | %s | %d changes, the longest took %.0f ms | | 0 |\n", lost ? "some" : "none", changes, longest
    exit lost ? 1 : pause > 2 * map || busy > 3 * quiet ? 3 : 0
}'
