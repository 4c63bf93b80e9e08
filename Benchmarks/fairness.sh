#!/bin/sh
# Measures two echo listeners on one event loop: the latency of a peer of one while the other is flooded.
#
#     Benchmarks/fairness.sh            # needs `make plugins`, jq, chrt and two cores
#
# The server runs on core 0, all clients on core 1. The flooding client runs only when no other client needs that core (SCHED_IDLE,
# sched(7)), so the result shows the server, and not how two clients share a core. Prints the p99 in microseconds of three rounds each.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
martlet=${MARTLET:-$root/.build/release/martlet}
seconds=${SECONDS_PER_RUN:-2}
for tool in jq chrt; do
    command -v "$tool" >/dev/null || { echo "fairness: missing: $tool" >&2 && exit 1; }
done

folder=$(mktemp -d)
trap 'kill $server 2>/dev/null; wait 2>/dev/null; rm -rf "$folder"' EXIT
mkdir -m 755 "$folder/plugins.d"
install -m 755 "$root/plugins.d/echo.so" "$folder/plugins.d/echo.so"
umask 022
for name in victim flooded; do
    printf 'plugin = "echo.so"\nlisten = "unix:%s/%s"\n' "$folder" "$name" >"$folder/plugins.d/$name.toml"
done
printf 'runtime_directory = "run"\nstate_directory = "state"\nloops = 1\ncpu_affinity = [0]\nlog_level = "warning"\n' >"$folder/martlet.toml"
"$martlet" serve "$folder/plugins.d" &
server=$!
until [ -S "$folder/flooded" ] && [ -S "$folder/victim" ]; do sleep 0.1; done

victim() {
    "$martlet" bench echo --address "unix:$folder/victim" --connections 1 --seconds "$seconds" --cpu 1 --json |
        jq .latency.p99Microseconds
}

printf '%-36s %10s %10s %10s\n' "p99 of one peer, us" 1 2 3
printf '%-36s %10s %10s %10s\n' "quiet" "$(victim)" "$(victim)" "$(victim)"
for flood in "1 65536 1" "1 65536 16" "16 64 16" "64 1024 4"; do
    # shellcheck disable=SC2086 # split into three words
    set -- $flood
    what="$1 x $2 bytes, $3 deep"
    results=""
    for _ in 1 2 3; do
        chrt --idle 0 "$martlet" bench echo --address "unix:$folder/flooded" --connections "$1" --size "$2" --depth "$3" \
            --seconds "$((seconds + 1))" --cpu 1 >/dev/null &
        flooder=$!
        sleep 0.5
        results="$results $(victim)"
        wait "$flooder"
    done
    # shellcheck disable=SC2086
    printf '%-36s %10s %10s %10s\n' "beside $what" $results
done
