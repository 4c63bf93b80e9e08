#!/usr/bin/env bash
# Swaps the RESP plugin many times under load, and fails if anything is lost or done twice. redis-benchmark keeps 50 connections busy, and a
# client in Python counts with INCR on one connection for the whole time: each answer must be the one before plus 1.
#
#     Benchmarks/resp-swaps.sh          # needs `make plugins`, redis-benchmark, jq and Python's redis; SWAPS=1000
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(dirname "$HERE")
MARTLET=${MARTLET:-$ROOT/.build/release/martlet}
MARTLET_PLUGINS=${MARTLET_PLUGINS:-$ROOT/plugins.d}
SWAPS=${SWAPS:-1000}
PYTHON=${PYTHON:-/usr/bin/python3}

[[ -x $MARTLET ]] || { echo "resp-swaps: no martlet at $MARTLET: make plugins, or set MARTLET" >&2 && exit 1; }
"$PYTHON" -c 'import redis' || { echo "resp-swaps: $PYTHON has no module redis (Debian: python3-redis)" >&2 && exit 1; }
work=$(mktemp -d)
chmod 755 "$work"
trap 'kill ${server:-} ${load:-} ${client:-} 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT
mkdir -m 755 "$work/plugins.d"
install -m 755 "$MARTLET_PLUGINS/resp.so" "$work/plugins.d/resp.so"
printf 'plugin = "resp.so"\nlisten = "127.0.0.1:0"\n' >"$work/plugins.d/resp.toml"
printf 'runtime_directory = "run"\nstate_directory = "state"\nloops = 2\nlog_level = "warning"\n' >"$work/martlet.toml"
"$MARTLET" serve "$work/plugins.d" --config "$work/martlet.toml" >/dev/null &
server=$!
until port=$("$MARTLET" status --json --config "$work/martlet.toml" 2>/dev/null | jq -er '.listeners[0].addresses[0]' | sed 's/.*://'); do
    kill -0 "$server" || exit 1
    sleep 0.1
done

cat >"$work/client.py" <<'PY'
import os, signal, sys, redis

stopped = []
signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
peer = redis.Redis(port=int(sys.argv[1]), retry_on_timeout=False, socket_timeout=30)
begun, count = peer.client_id(), 0
while not stopped:
    count += 1
    found = peer.incr("counter")
    if found != count:
        sys.exit(f"resp-swaps: INCR returned {found}, expected {count}")
    if count % 100 == 0 and int(peer.get("counter")) != count:
        sys.exit("resp-swaps: GET does not return what INCR did")
if peer.client_id() != begun:
    sys.exit("resp-swaps: the client had to connect again")
print(count)
PY
"$PYTHON" "$work/client.py" "$port" >"$work/count" &
client=$!
# It takes what the others leave of the processors. Otherwise a swap on a small machine would wait for a second.
nice -n 10 redis-benchmark -p "$port" -c 50 -n 1000000000 -t set,get,incr -r 10000 -q >"$work/load" 2>&1 &
load=$!

for ((swap = 1; swap <= SWAPS; swap++)); do
    # Two contents take turns, so the probe tries each of them only once.
    cp "$MARTLET_PLUGINS/resp.so" "$work/plugins.d/.new"
    printf '%s' "$((swap % 2))" >>"$work/plugins.d/.new"
    mv "$work/plugins.d/.new" "$work/plugins.d/resp.so"
    "$MARTLET" reload --json --config "$work/martlet.toml" >"$work/receipt"
    jq -e '.entries[0].outcome == "swapped"' "$work/receipt" >/dev/null || { cat "$work/receipt" >&2 && exit 1; }
    jq '[.entries[0].state.pauseMilliseconds, .entries[0].state.closed, .entries[0].moves.pinned] | @tsv' -r "$work/receipt" >>"$work/swaps"
    kill -0 "$client" 2>/dev/null || { echo "resp-swaps: the client has ended after $swap swaps" >&2 && exit 1; }
    kill -0 "$load" 2>/dev/null || { echo "resp-swaps: redis-benchmark has ended after $swap swaps" >&2 && cat "$work/load" >&2 && exit 1; }
    ((swap % 100 != 0)) || echo "resp-swaps: $swap swaps" >&2
done
kill "$client"
wait "$client"
! grep -ai "error" "$work/load" || exit 1
awk -v count="$(cat "$work/count")" '{ closed += $2 + $3; if ($1 > most) most = $1; sum += $1 } END {
    printf "%d swaps, %d sessions lost, pause %.1f ms on average, %.1f ms at most; %d INCR in order, none lost, none repeated\n",
        NR, closed, sum / NR, most, count
    exit closed > 0
}' "$work/swaps"
