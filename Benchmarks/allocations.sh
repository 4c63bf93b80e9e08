#!/bin/sh
# Does a request allocate? Counts the host's calls of malloc(3) and similar functions in a short and in a long run of the same load.
#
#     Benchmarks/allocations.sh         # needs `make plugins`, wrk and cc
#     CONNECTIONS=1 Benchmarks/allocations.sh        # also opens new connections, which may allocate
#
# The difference in allocations between the two runs, divided by the difference in requests, is the cost of a request: 0, except for
# buffers that grow once.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
martlet=${MARTLET:-$root/.build/release/martlet}

folder=$(mktemp -d)
trap 'kill $server 2>/dev/null; wait 2>/dev/null; rm -rf "$folder"' EXIT
cat >"$folder/count.c" <<'C'
// Counts in a file, which remains however the process ends.
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
static atomic_ulong unseen, *count = &unseen;
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t), *__libc_memalign(size_t, size_t);
void *malloc(size_t size) { return ++*count, __libc_malloc(size); }
void *calloc(size_t number, size_t size) { return ++*count, __libc_calloc(number, size); }
void *realloc(void *memory, size_t size) { return ++*count, __libc_realloc(memory, size); }
int posix_memalign(void **memory, size_t alignment, size_t size) {
    ++*count;
    *memory = __libc_memalign(alignment, size);
    return *memory ? 0 : 12;
}
__attribute__((constructor)) static void begin(void) {
    // Only the host counts: not the server, which starts it, nor the children that probe plugins.
    char words[256] = "";
    int line = open("/proc/self/cmdline", O_RDONLY);
    if (line < 0 || read(line, words, sizeof words - 1) <= 0) return;
    close(line);
    if (strcmp(words + strlen(words) + 1, "serve") == 0) return;
    unsetenv("LD_PRELOAD");
    if (strcmp(words + strlen(words) + 1, "host") != 0) return;
    int file = open(getenv("COUNT"), O_RDWR);
    count = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
}
C
cc -O2 -w -shared -fPIC -o "$folder/count.so" "$folder/count.c"
mkdir -m 755 "$folder/plugins.d"
umask 022
for name in echo http; do
    install -m 755 "$root/plugins.d/$name.so" "$folder/plugins.d/$name.so"
    printf 'plugin = "%s.so"\n' $name >"$folder/plugins.d/$name.toml"
done
echo "listen = \"unix:$folder/echo\"" >>"$folder/plugins.d/echo.toml"
printf 'listen = "127.0.0.1:%s"\n[options]\nroutes = [{ path = "/", text = "Hello" }]\n' "${PORT:-18302}" >>"$folder/plugins.d/http.toml"
printf 'runtime_directory = "run"\nstate_directory = "state"\nloops = 1\n' >"$folder/martlet.toml"

for seconds in 1 4; do
    head -c 8 /dev/zero >"$folder/count"
    COUNT="$folder/count" LD_PRELOAD="$folder/count.so" "$martlet" serve "$folder/plugins.d" >/dev/null 2>"$folder/log" &
    server=$!
    until "$martlet" status --config "$folder/martlet.toml" >/dev/null 2>&1; do sleep 0.1; done
    requests=$(wrk -t1 -c64 -d${seconds}s "http://127.0.0.1:${PORT:-18302}/" | awk '/requests in/ { print $1 }')
    messages=$("$martlet" bench echo --address "unix:$folder/echo" --seconds $seconds | awk '$1 == "messages" { print $2 }')
    connections=
    if [ "${CONNECTIONS:-}" ]; then
        connections=", $(wrk -t1 -c16 -d${seconds}s -H 'Connection: close' "http://127.0.0.1:${PORT:-18302}/" |
            awk '/requests in/ { print $1 }') new connections"
    fi
    kill "$server"
    wait "$server" || true
    echo "$requests HTTP requests, $messages echo messages$connections: $(od -An -tu8 "$folder/count" | tr -d ' ') allocations"
done
