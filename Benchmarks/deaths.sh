#!/bin/sh
# What do clients notice when the host of a server dies, or is renewed? Does that again and again while many connections are open.
#
#     Benchmarks/deaths.sh [idle|load|renew]      # needs `make plugins`, cc, and 2 descriptors for each connection (ulimit -n)
#
#   idle                  kills the host, and asks all connections at once (default)
#   load                  kills the host under load
#   renew                 martlet processes renew, under load
#   CONNECTIONS, DEATHS   how many (10000, 100)
#   RATE                  messages a second, with load (10000)
#   DISPATCH              of the listener: loops or workers (loops)
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
port=${PORT:-18403} connections=${CONNECTIONS:-10000} deaths=${DEATHS:-100} rate=${RATE:-10000} dispatch=${DISPATCH:-loops}
martlet=${MARTLET:-$root/.build/release/martlet}

folder=$(mktemp -d)
umask 022
mkdir "$folder/plugins.d"
for program in client load; do cc -O2 -Wall -Wextra -o "$folder/$program" "$root/Benchmarks/deaths/$program.c"; done
install -m 755 "${PLUGINS:-$root/plugins.d}/echo.so" "$folder/plugins.d/echo.so"
printf 'plugin = "echo.so"\nlisten = "127.0.0.1:%s"\ndispatch = "%s"\n[limits]\ncrash_limit = 0\n' "$port" "$dispatch" >"$folder/plugins.d/echo.toml"
printf 'runtime_directory = "run"\nstate_directory = "state"\nmax_connections = %s\n' $((connections + 1000)) >"$folder/martlet.toml"
"$martlet" serve "$folder/plugins.d" >"$folder/log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null; rm -rf "$folder"' EXIT
until grep -q ' serves ' "$folder/log"; do
    kill -0 "$server" 2>/dev/null || { cat "$folder/log" >&2 && exit 1; }
    sleep 0.1
done
case ${1:-idle} in
idle) "$folder/client" "$port" "$server" "$connections" "$deaths" ;;
load) "$folder/load" "$port" "$server" "$connections" "$rate" "$deaths" ;;
renew)
    "$folder/load" "$port" "$server" "$connections" "$rate" "$deaths" \
        "$martlet" processes renew --config "$folder/martlet.toml" >"$folder/out" || { cat "$folder/out" >&2 && exit 1; }
    grep -v '^ ' "$folder/out" | grep -v ' renewed: '
    grep ' renewed: ' "$folder/out" | tail -1
    ;;
*) echo "expected idle, load or renew, found \"$1\"" >&2 && exit 64 ;;
esac
grep -e 'connections go on' -e 'a fresh host runs' "$folder/log" | tail -1
"$martlet" processes --config "$folder/martlet.toml"
