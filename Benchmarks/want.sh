#!/bin/sh
# Compares the cost of a frame of 1 MiB that arrives in segments of 1,460 bytes with one that arrives whole, if the plugin calls
# want(connection, n): CPU time of the server in user space, medians of three rounds.
#
#     Benchmarks/want.sh                # needs `swift build -c release`, taskset and cc, and two cores
#
# The server runs on core 0, the sender on core 1. The sender waits 5 us between two segments. Before a whole frame it waits as long as the
# segments of one frame take together, because a server that has slept is slower. Fails if a frame was presented more than once (not
# counting its head), or if it costs more than 1.2 x in segments.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
martlet=${MARTLET:-$root/.build/release/martlet}
port=${PORT:-18311}
frames=${FRAMES:-4000}
for tool in taskset cc; do
    command -v "$tool" >/dev/null || { echo "want: missing: $tool" >&2 && exit 1; }
done

folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; wait 2>/dev/null; rm -rf "$folder"' EXIT
umask 022
mkdir "$folder/plugins.d"
cc -std=c17 -O2 -Wall -Wextra -Werror -shared -fPIC -fvisibility=hidden -I"$root/SDK/Sources/CMartlet/include" \
    -o "$folder/plugins.d/frames.so" "$root/Benchmarks/want/frames.c"
cc -std=gnu17 -O2 -Wall -Wextra -Werror -o "$folder/sender" "$root/Benchmarks/want/sender.c"
printf 'plugin = "frames.so"\nlisten = "127.0.0.1:%s"\n[limits]\nmax_input = "2MiB"\n' "$port" >"$folder/plugins.d/frames.toml"
printf 'runtime_directory = "run"\nstate_directory = "state"\nloops = 1\ncpu_affinity = [0]\nlog_level = "warning"\n' \
    >"$folder/martlet.toml"
"$martlet" serve "$folder/plugins.d" &
server=$!
until "$martlet" status --config "$folder/martlet.toml" >/dev/null 2>&1; do
    kill -0 "$server" || exit 1
    sleep 0.1
done

# The process that runs the plugins.
host=$(cat "/proc/$server/task/"*/children | awk '{ print $1; exit }')

# CPU time of the host in user space, in milliseconds: proc_pid_stat(5).
user() {
    awk -v hertz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print $12 * 1000 / hertz }' "/proc/$host/stat"
}

# cost SEGMENT MICROSECONDS: sets `cost` to the CPU time of all frames in milliseconds
cost() {
    before=$(user)
    calls=$(taskset -c 1 "$folder/sender" "$port" "$frames" "$@") ||
        { echo "want: a frame was presented in ${calls:-?} calls, expected at most 2" >&2 && exit 1; }
    cost=$(awk -v before="$before" -v after="$(user)" 'BEGIN { print after - before }')
}

median() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }

whole= parts=
for _ in 1 2 3; do
    cost 0 5
    whole="$whole $cost"
    cost 1460 5
    parts="$parts $cost"
done
# shellcheck disable=SC2086 # split into three words
awk -v whole="$(median $whole)" -v parts="$(median $parts)" -v frames="$frames" 'BEGIN {
    printf "a frame of 1 MiB: %.0f us of user CPU whole, %.0f us in segments of 1,460 bytes: %.2f x\n",
        whole * 1000 / frames, parts * 1000 / frames, parts / whole
    exit parts > 1.2 * whole
}'
