#!/bin/sh
# What do clients notice when the host of a server dies? Kills the host of an echo server again and again while many connections are open.
#
#     Benchmarks/deaths.sh        # needs `make plugins`, cc, and 2 descriptors for each connection (ulimit -n)
#
#   CONNECTIONS, DEATHS   how many (10000, 100)
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
port=${PORT:-18403} connections=${CONNECTIONS:-10000} deaths=${DEATHS:-100}

folder=$(mktemp -d)
umask 022
mkdir "$folder/plugins.d"
cc -O2 -Wall -Wextra -o "$folder/client" "$root/Benchmarks/deaths/client.c"
install -m 755 "${PLUGINS:-$root/plugins.d}/echo.so" "$folder/plugins.d/echo.so"
printf 'plugin = "echo.so"\nlisten = "127.0.0.1:%s"\n[limits]\ncrash_limit = 0\n' "$port" >"$folder/plugins.d/echo.toml"
printf 'runtime_directory = "run"\nstate_directory = "state"\nmax_connections = %s\n' $((connections + 1000)) >"$folder/martlet.toml"
"${MARTLET:-$root/.build/release/martlet}" serve "$folder/plugins.d" >"$folder/log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null; rm -rf "$folder"' EXIT
until grep -q ' serves ' "$folder/log"; do
    kill -0 "$server" 2>/dev/null || { cat "$folder/log" >&2 && exit 1; }
    sleep 0.1
done
"$folder/client" "$port" "$server" "$connections" "$deaths"
grep 'connections go on' "$folder/log" | tail -1
"${MARTLET:-$root/.build/release/martlet}" processes --config "$folder/martlet.toml"
