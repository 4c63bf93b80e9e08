#!/bin/sh
# How many instructions does a request cost the server? Runs its host under callgrind and sends a short and a long series of requests on one
# connection, one at a time.
#
#     Benchmarks/instructions.sh        # needs `make plugins`, valgrind, python3 and cc
#     MARTLET=other/martlet PLUGINS=other/plugins.d Benchmarks/instructions.sh       # measures another build
#
# The difference in instructions between the two runs, divided by the difference in requests, is the cost of a request, without the kernel's part.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
martlet=${MARTLET:-$root/.build/release/martlet}
plugins=${PLUGINS:-$root/plugins.d}
port=${PORT:-18303}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
umask 022
mkdir "$folder/plugins.d"
# valgrind cannot read all of Swift's debug information.
strip -o "$folder/martlet" "$martlet"
for name in echo http; do
    strip -g -o "$folder/plugins.d/$name.so" "$plugins/$name.so"
    chmod 755 "$folder/plugins.d/$name.so"
    printf 'plugin = "%s.so"\n' $name >"$folder/plugins.d/$name.toml"
done
echo "listen = \"127.0.0.1:$((port + 1))\"" >>"$folder/plugins.d/echo.toml"
printf 'listen = "127.0.0.1:%s"\n[options]\nroutes = [{ path = "/", text = "Hello" }]\n' "$port" >>"$folder/plugins.d/http.toml"
printf 'runtime_directory = "run"\nstate_directory = "state"\nloops = 1\nworkers = 1\n' >"$folder/martlet.toml"

# The host is started under valgrind. There /proc/self/exe is valgrind, so its children are started by their path.
cat >"$folder/spawn.c" <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <spawn.h>
#include <unistd.h>
#include <stdlib.h>
#include <string.h>
typedef int spawn(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const[], char *const[]);
int posix_spawn(pid_t *child, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
                char *const arguments[], char *const environment[]) {
    if (strcmp(path, "/proc/self/exe") == 0) path = getenv("PROGRAM");
    if (arguments[1] && strcmp(arguments[1], "host") == 0) {
        setenv("LD_PRELOAD", getenv("ALONE"), 1);
        environment = environ;
        char *const words[] = {"valgrind", "--tool=callgrind", getenv("OUTPUT"), getenv("PROGRAM"), "host", NULL};
        return ((int (*)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const[],
                         char *const[]))dlsym(RTLD_NEXT, "posix_spawnp"))(child, "valgrind", actions, attributes, words, environment);
    }
    return ((spawn *)dlsym(RTLD_NEXT, "posix_spawn"))(child, path, actions, attributes, arguments, environment);
}
C
cc -O2 -shared -fPIC -o "$folder/spawn.so" "$folder/spawn.c"

# valgrind knows no processes that share descriptors, so this host has no keepers. Nor has it address space for a large arena.
cat >"$folder/alone.c" <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sys/syscall.h>
long syscall(long number, long a, long b, long c, long d, long e, long f) {
    static long (*next)(long, ...);
    if (!next) next = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    if (number != SYS_clone) return next(number, a, b, c, d, e, f);
    errno = EPERM;
    return -1;
}
C
cc -O2 -fno-builtin -shared -fPIC -o "$folder/alone.so" "$folder/alone.c"
ulimit -v 64000000

# send PORT TEXT COUNT
send() {
    python3 - "$1" "$2" "$3" <<'PYTHON'
import socket, sys

port, text, count = int(sys.argv[1]), sys.argv[2].encode().decode("unicode_escape").encode(), int(sys.argv[3])
peer = socket.create_connection(("127.0.0.1", port))
peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
for _ in range(count):
    peer.sendall(text)
    if not peer.recv(65536):
        sys.exit("the server closed the connection")
PYTHON
}

# run PORT TEXT COUNT: prints the instructions of the whole run
run() {
    : >"$folder/log"
    ALONE="$folder/alone.so" PROGRAM="$folder/martlet" OUTPUT="--callgrind-out-file=$folder/out" LD_PRELOAD="$folder/spawn.so" \
        "$folder/martlet" serve "$folder/plugins.d" >"$folder/log" 2>&1 &
    server=$!
    trap 'kill $server 2>/dev/null || true' EXIT
    until grep -q ' serves ' "$folder/log"; do
        kill -0 "$server" 2>/dev/null || { cat "$folder/log" >&2 && exit 1; }
        sleep 0.2
    done
    send "$1" "$2" "$3"
    kill "$server"
    wait "$server" || true
    awk '/^(summary|totals):/ { print $2; exit }' "$folder/out"
}

# cost NAME PORT TEXT
cost() {
    short=$(run "$2" "$3" 2000)
    # Starts differ by a million instructions.
    long=$(run "$2" "$3" 102000)
    echo "$1: $(((long - short) / 100000)) instructions per request"
}

cost HTTP "$port" 'GET / HTTP/1.1\r\nHost: martlet\r\n\r\n'
cost echo "$((port + 1))" 'a message of this size'
