#!/bin/sh
# What does a crash cost the peers of other plugins, and how soon is the plugin back? Prints a Markdown table on standard output. Exits with
# status 3 if Martlet misses a target.
#
#     Benchmarks/crashes.sh             # needs `make plugins`, cc and python3
#     CRASHES=100 Benchmarks/crashes.sh
#
#   back     milliseconds from the moment in which a peer sees its connection end until a new peer has an answer;
#            a plugin that crashes again within a second waits for its next host, for up to a second
#   others   the latency of one echo peer in another host, without crashes and while a host crashes four times a second
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
martlet=${MARTLET:-$root/.build/release/martlet}
plugins=${PLUGINS:-$root/plugins.d}
crashes=${CRASHES:-40}

folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; wait 2>/dev/null; rm -rf "$folder"' EXIT
umask 022
mkdir "$folder/plugins.d"
cc -std=c17 -O1 -shared -fPIC -fvisibility=hidden -D_DEFAULT_SOURCE -I"$root/SDK/Sources/CMartlet/include" \
    -o "$folder/plugins.d/dies.so" "$root/Tests/Fixtures/dies.c"
cp "$plugins/echo.so" "$folder/plugins.d/"
printf 'plugin = "echo.so"\nlisten = "127.0.0.1:0"\n' >"$folder/plugins.d/echo.toml"
printf 'plugin = "dies.so"\nlisten = "127.0.0.1:0"\nexercise = false\nisolation = "process"\n[limits]\ncrash_limit = 0\n' \
    >"$folder/plugins.d/dies.toml"
printf 'runtime_directory = "run"\nstate_directory = "state"\nloops = 1\nlog_level = "critical"\n' >"$folder/martlet.toml"
"$martlet" serve "$folder/plugins.d" >/dev/null &
server=$!
until "$martlet" status --config "$folder/martlet.toml" >/dev/null 2>&1; do
    kill -0 "$server" || exit 1
    sleep 0.1
done
"$martlet" status --json --config "$folder/martlet.toml" >"$folder/status.json"

python3 - "$folder/status.json" "$crashes" <<'PYTHON'
import json, socket, sys, threading, time

listeners = {entry["name"]: entry["addresses"][0] for entry in json.load(open(sys.argv[1]))["listeners"]}
crashes = int(sys.argv[2])


def connect(name):
    host, port = listeners[name].rsplit(":", 1)
    peer = socket.create_connection((host, int(port)), timeout=30)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return peer


def ask(peer, text):
    peer.sendall(text)
    answer = b""
    while len(answer) < len(text):
        piece = peer.recv(65536)
        if not piece:
            raise EOFError
        answer += piece
    return answer


def crash():
    """Ends the host. Returns the milliseconds until a new peer has an answer."""
    peer = connect("dies")
    peer.sendall(b"die segv\n")
    try:
        while peer.recv(65536):
            pass
    except ConnectionError:
        pass
    end = time.perf_counter()
    if ask(connect("dies"), b"here\n") != b"here\n":
        sys.exit("crashes: not what was sent")
    return (time.perf_counter() - end) * 1000


class Steady(threading.Thread):
    """A peer of the other host that asks again and again."""

    def __init__(self):
        super().__init__()
        self.latencies, self.isOver = [], False

    def run(self):
        peer = connect("echo")
        while not self.isOver:
            start = time.perf_counter()
            if ask(peer, b"steady") != b"steady":
                sys.exit("crashes: the other host has answered wrongly")
            self.latencies.append((time.perf_counter() - start) * 1e6)
            time.sleep(0.0005)


def latencies(body):
    steady = Steady()
    steady.start()
    body()
    steady.isOver = True
    steady.join()
    values = sorted(steady.latencies)
    return values[len(values) // 2], values[len(values) * 99 // 100]


def calm():
    time.sleep(crashes * 0.25)


storm = []


def stormy():
    for _ in range(crashes):
        began = time.perf_counter()
        storm.append(crash())
        time.sleep(max(0.25 - (time.perf_counter() - began), 0))


# A host that has ended within a second of its start is followed by another one after a delay: these have lived for longer.
single = []
for _ in range(11):
    time.sleep(1.2)
    single.append(crash())
single.sort()
calm_median, calm_p99 = latencies(calm)
storm_median, storm_p99 = latencies(stormy)
storm.sort()
worst = single[-1]
print("| | measured | at most |")
print("|---|--:|--:|")
print(f"| first new answer after a crash: median, worst of {len(single)}, ms | {single[len(single) // 2]:.0f}, {worst:.0f} | 100 |")
print(f"| the same in {crashes} crashes, four a second, ms | {storm[len(storm) // 2]:.0f}, {storm[-1]:.0f} | |")
print(f"| other host, median, µs: calm, crashes | {calm_median:.0f}, {storm_median:.0f} | |")
print(f"| other host, p99, µs: calm, crashes | {calm_p99:.0f}, {storm_p99:.0f} | |")
sys.exit(0 if worst <= 100 else 3)
PYTHON
