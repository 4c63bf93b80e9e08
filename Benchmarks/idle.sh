#!/usr/bin/env bash
# Measures an idle server with three listeners, and how soon it serves after its start: Martlet, and nginx with one worker beside it. Prints
# a Markdown table on standard output. Exits with status 3 if Martlet misses a target.
#
#     Benchmarks/idle.sh                # needs `make plugins`, nginx and python3
#
#   PSS       proportional resident memory of the process tree, private the part of it that no other process maps: proc_pid_smaps_rollup.
#             Other Swift programs share the runtime and make both smaller: the script says when it finds one
#   wake-ups  voluntary context switches of all threads in 10 s
#   serving   milliseconds from exec until all three ports accept, median of 15 starts on a warm page cache; before, the plugins were served
#             once, so the probe's verdicts are on the disk
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(dirname "$HERE")
MARTLET=${MARTLET:-$ROOT/.build/release/martlet}
MARTLET_PLUGINS=${MARTLET_PLUGINS:-$ROOT/plugins.d}
STARTS=${STARTS:-15}
SERVER_CPU=${SERVER_CPU:-0-1}
IDLE_CONNECTIONS=512

die() {
    printf 'idle: %s\n' "$@" >&2
    exit 1
}

# shellcheck source=lib/servers.sh
source "$HERE/lib/servers.sh"
for tool in nginx python3 awk; do command -v "$tool" >/dev/null || die "missing: $tool"; done
[[ -x $MARTLET ]] || die "no martlet at $MARTLET: make plugins, or set MARTLET"

begin_work
others=$(grep -l libswiftCore /proc/[0-9]*/maps 2>/dev/null | wc -l) || true
((others == 0)) || echo "idle: $others other processes share the Swift runtime: PSS is too small" >&2

folder="$WORK/three"
mkdir -p "$folder/plugins.d"
for name in http echo binary; do
    PORT[$name]=$(free_port)
    cp "$MARTLET_PLUGINS/$name.so" "$folder/plugins.d/"
    printf 'plugin = "%s.so"\nlisten = "127.0.0.1:%s"\n' "$name" "${PORT[$name]}" >"$folder/plugins.d/$name.toml"
done
printf 'runtime_directory = "run"\nstate_directory = "state"\nloops = 2\nworkers = 1\n' >"$folder/martlet.toml"

# Prints the milliseconds of each start, from the posix_spawn(3) that executes the server until the last port accepts.
cat >"$WORK/start.py" <<'PY'
import os, signal, socket, sys, time
starts, ports, command = int(sys.argv[1]), [int(port) for port in sys.argv[2].split(",")], sys.argv[3:]
quiet = [(os.POSIX_SPAWN_OPEN, number, "/dev/null", os.O_WRONLY, 0) for number in (1, 2)]
for _ in range(starts):
    begin = time.perf_counter()
    process = os.posix_spawn(command[0], command, os.environ, file_actions=quiet)
    left = list(ports)
    while left:
        with socket.socket() as peer:
            if peer.connect_ex(("127.0.0.1", left[0])) == 0:
                left.pop(0)
            else:
                time.sleep(0.0005)
    print((time.perf_counter() - begin) * 1000, flush=True)
    os.kill(process, signal.SIGTERM)
    os.waitpid(process, 0)
PY
serve=("$MARTLET" serve "$folder/plugins.d" --config "$folder/martlet.toml")
python3 "$WORK/start.py" $((STARTS + 1)) "${PORT[http]},${PORT[echo]},${PORT[binary]}" "${serve[@]}" >"$WORK/starts"
first=$(head -n 1 "$WORK/starts")
start=$(tail -n +2 "$WORK/starts" | sort -n | sed -n "$((STARTS / 2 + 1))p")

"${serve[@]}" >"$WORK/martlet.log" 2>&1 &
PID[martlet]=$!
until_listening martlet "${PORT[http]}"
start_nginx nginx
exec 3<>"/dev/tcp/127.0.0.1/${PORT[nginx]}"
exec 3>&-
sleep 3

sleeps() { # name
    local process
    for process in $(process_tree "${PID[$1]}"); do cat "/proc/$process/task/"*/status; done |
        awk '/^voluntary_ctxt_switches/ { sum += $2 } END { print sum }'
}
# Sets memory to "PSS private" in kilobytes.
memory() { # name
    local process
    for process in $(process_tree "${PID[$1]}"); do cat "/proc/$process/smaps_rollup"; done |
        awk '/^Pss:/ { pss += $2 } /^Private_/ { own += $2 } END { print pss, own }'
}
before_martlet=$(sleeps martlet) before_nginx=$(sleeps nginx)
sleep 10
wake_martlet=$(($(sleeps martlet) - before_martlet)) wake_nginx=$(($(sleeps nginx) - before_nginx))
threads=0; for process in $(process_tree "${PID[martlet]}"); do threads=$((threads + $(ls "/proc/$process/task" | wc -l))); done
read -r pss own < <(memory martlet)
alone=$(awk '/^Pss:/ { print $2 }' "/proc/${PID[martlet]}/smaps_rollup")
read -r nginx_pss nginx_own < <(memory nginx)
stripped="$WORK/stripped"
strip -o "$stripped" "$MARTLET"
size=$(stat -c %s "$stripped")

awk -v pss="$pss" -v own="$own" -v npss="$nginx_pss" -v nown="$nginx_own" -v wake="$wake_martlet" -v nwake="$wake_nginx" \
    -v threads="$threads" -v alone="$alone" -v first="$first" -v start="$start" -v size="$size" '
    function row(name, value, nginx, limit, isMet) {
        printf "| %s | %s | %s | %s | %s |\n", name, value, nginx, limit, isMet ? "met" : "missed"
        if (!isMet) missed = 1
    }
    BEGIN {
        print "| idle, three listeners | Martlet | nginx | at most | |"
        print "|---|--:|--:|--:|---|"
        row("PSS, MB", sprintf("%.1f", pss / 1024), sprintf("%.1f", npss / 1024), 10, pss <= 10240)
        printf "| private memory, MB | %.1f | %.1f | – | |\n", own / 1024, nown / 1024
        row("of it the server, which runs no plugin, MB", sprintf("%.1f", alone / 1024), "–", 6, alone <= 6144)
        row("threads of both processes beside two loops and a worker", threads - 3, "–", 8, threads <= 11)
        row("wake-ups a second", sprintf("%.1f", wake / 10), sprintf("%.1f", nwake / 10), 1, wake <= 10)
        row("serving after exec, ms", sprintf("%.0f", start), "–", 40, start <= 40)
        printf "| the same for plugins that have to be probed, ms | %.0f | – | – | |\n", first
        row("stripped program, MiB", sprintf("%.2f", size / 1048576), "–", 4, size <= 4194304)
        exit missed ? 3 : 0
    }'
