#!/bin/sh
# What a frame of 1 MiB costs that comes in segments of 1,460 bytes, against one that comes whole, when the plugin says
# want(connection, n): instructions of the server in user space, counted by callgrind.
#
#     Benchmarks/want.sh                # needs `swift build -c release`, valgrind and cc
#
# The difference between a long and a short run is what the frames cost, without the start. Fails when a frame was presented more
# than once (but for its head), or costs more than 1.2 x in segments.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
martlet=${MARTLET:-$root/.build/release/martlet}
port=${PORT:-18311}
for tool in valgrind cc; do
    command -v "$tool" >/dev/null || { echo "want: needs $tool" >&2 && exit 1; }
done

folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; wait 2>/dev/null; rm -rf "$folder"' EXIT
umask 022
mkdir "$folder/plugins.d"
cc -std=c17 -O2 -Wall -Wextra -Werror -shared -fPIC -fvisibility=hidden -I"$root/Sources/CMartlet/include" \
    -o "$folder/plugins.d/frames.so" "$root/Benchmarks/want/frames.c"
cc -std=gnu17 -O2 -Wall -Wextra -Werror -o "$folder/sender" "$root/Benchmarks/want/sender.c"
printf 'plugin = "frames.so"\nlisten = "127.0.0.1:%s"\n' "$port" >"$folder/plugins.d/frames.toml"
printf 'runtime_directory = "run"\nstate_directory = "state"\nloops = 1\nlog_level = "warning"\n' >"$folder/martlet.toml"

# instructions FRAMES SEGMENT MICROSECONDS: sets `count`
instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$martlet" serve "$folder/plugins.d" 2>"$folder/log" &
    server=$!
    until "$martlet" status --config "$folder/martlet.toml" >/dev/null 2>&1; do sleep 0.2; done
    calls=$("$folder/sender" "$port" "$@") || { echo "want: presented in $calls calls" >&2 && exit 1; }
    kill "$server"
    wait "$server" || true
    server=
    count=$(awk '/Collected/ { print $NF }' "$folder/log")
}

# cost SEGMENT MICROSECONDS: sets `cost` to the instructions of a frame
cost() {
    instructions 4 "$@"
    short=$count
    instructions 36 "$@"
    cost=$(((count - short) / 32))
}

cost 0 0
whole=$cost
cost 1460 200
awk -v whole="$whole" -v parts="$cost" 'BEGIN {
    printf "a frame of 1 MiB: %d instructions whole, %d in segments of 1,460 bytes: %.2f x\n", whole, parts, parts / whole
    exit parts > 1.2 * whole
}'
