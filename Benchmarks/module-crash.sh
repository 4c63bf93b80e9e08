#!/bin/sh
# What do clients notice when a plugin crashes, here and in other servers that load code? Prints a Markdown table on standard output.
#
#     Benchmarks/module-crash.sh    # needs `make plugins`, cc, python3, nginx, libnginx-mod-http-perl, haproxy and redis-server
#
#   Martlet        HTTP, and a plugin in C that reads from an invalid address, in the same host
#   Martlet RESP   the same with a store, whose peers cannot go on without what was in memory
#   nginx          two workers, and a Perl handler that sends SIGSEGV to its worker
#   HAProxy        two threads, and a Lua service that loads a C module which reads from an invalid address
#   Redis          a module with a command that does
#
# The same client opens CONNECTIONS (1000) connections to each, asks once on all of them, lets the plugin crash through one more, waits until
# that one ends, and asks again on all. HAProxy and Redis end then; they are started again after 100 ms, as systemd does (RestartSec).
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
export MARTLET="${MARTLET:-$root/.build/release/martlet}" PLUGINS="${PLUGINS:-$root/plugins.d}" CONNECTIONS="${CONNECTIONS:-1000}"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
umask 022
chmod 755 "$folder"
cd "$folder"
ulimit -n "$(ulimit -Hn)"

cc -std=c17 -O1 -shared -fPIC -fvisibility=hidden -D_DEFAULT_SOURCE -I"$root/SDK/Sources/CMartlet/include" \
    -o crash.so "$root/Tests/Fixtures/crashes-on-a-byte.c"
printf 'int luaopen_invalid(void *state) { (void)state; return *(volatile int *)8; }\n' |
    cc -shared -fPIC -x c -o invalid.so -
printf 'core.register_service("crash", "http", function(applet) require("invalid") end)\n' >crash.lua
# The part of redismodule.h that a module with one command needs.
cc -shared -fPIC -x c -o module.so - <<'C'
static int (*get)(const char *, void *);
static int invalid(void *context, void **words, int count) {
    (void)context, (void)words, (void)count;
    return *(volatile int *)8;
}
int RedisModule_OnLoad(void *context, void **words, int count) {
    int (*create)(void *, const char *, void *, const char *, int, int, int);
    void (*set)(void *, const char *, int, int);
    (void)words, (void)count;
    get = (int (*)(const char *, void *))((void **)context)[0];
    if (get("RedisModule_SetModuleAttribs", &set) != 0 || get("RedisModule_CreateCommand", &create) != 0) return 1;
    set(context, "crash", 1, 1);
    return create(context, "crash.now", invalid, "", 0, 0, 0);
}
C

exec python3 - "$folder" <<'PYTHON'
import os, selectors, signal, socket, subprocess, sys, threading, time

folder, count = sys.argv[1], int(os.environ["CONNECTIONS"])
martlet, plugins = os.environ["MARTLET"], os.environ["PLUGINS"]
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
CRASH = b"GET /crash HTTP/1.1\r\nHost: localhost\r\n\r\n"


def write(name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    return path


def connect(port):
    peer = socket.create_connection(("127.0.0.1", port), timeout=30)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return peer


def answer(peer, question):
    """One answer that arrives at once. Empty: the connection has ended."""
    try:
        peer.sendall(question)
        return peer.recv(65536)
    except OSError:
        return b""


class Server:
    """A program that is started again when it ends."""

    def __init__(self, *words):
        self.words, self.isOver = words, False
        self.process = self.start()
        threading.Thread(target=self.watch, daemon=True).start()

    def start(self):
        return subprocess.Popen(self.words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    def watch(self):
        while True:
            self.process.wait()
            if self.isOver:
                return
            time.sleep(0.1)
            self.process = self.start()

    def end(self):
        self.isOver = True
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def wait(port, question):
    """Until a new connection has an answer."""
    while True:
        try:
            with connect(port) as peer:
                if answer(peer, question):
                    return
        except OSError:
            pass
        time.sleep(0.002)


def measure(name, server, port, question, crash, crash_port=None):
    wait(port, question)
    peers = [connect(port) for _ in range(count)]
    expected = [len(answer(peer, question)) for peer in peers]
    if not all(expected):
        sys.exit(f"{name}: a connection has no answer before the crash")
    last = connect(crash_port or port)
    answer(last, crash)
    began = time.perf_counter()
    wait(port, question)
    again = (time.perf_counter() - began) * 1000
    lost = sum(1 for peer in peers if not answer(peer, question))
    for peer in peers:
        peer.close()
    server.end()
    return lost, again


def run_martlet(plugin, question):
    base = os.path.join(folder, plugin)
    os.makedirs(f"{base}/plugins.d")
    for source, copy in ((f"{plugins}/{plugin}.so", f"{plugin}.so"), (f"{folder}/crash.so", "crash.so")):
        subprocess.run(["install", "-m", "755", source, f"{base}/plugins.d/{copy}"], check=True)
    write(f"{plugin}/plugins.d/{plugin}.toml", f'plugin = "{plugin}.so"\nlisten = "127.0.0.1:18411"\n')
    write(f"{plugin}/plugins.d/crash.toml", 'plugin = "crash.so"\nlisten = "127.0.0.1:18412"\nexercise = false\n')
    config = write(f"{plugin}/martlet.toml", 'runtime_directory = "run"\nstate_directory = "state"\nloops = 2\norphan_timeout = "0s"\n')
    server = Server(martlet, "serve", f"{base}/plugins.d", "--config", config)
    return measure(f"Martlet {plugin}", server, 18411, question, b"\x80", 18412)


def run_nginx():
    path = write("nginx/nginx.conf", """
load_module /usr/lib/nginx/modules/ngx_http_perl_module.so;
daemon off; worker_processes 2; pid nginx.pid; error_log stderr crit;
events { worker_connections 4096; }
http {
    access_log off; keepalive_requests 1000000;
    server {
        listen 127.0.0.1:18413 backlog=4096 reuseport;
        location / { return 200 "Hello, world!"; }
        location /crash { perl 'sub { kill "SEGV", $$; return 200; }'; }
    }
}
""")
    return measure("nginx", Server("nginx", "-p", f"{folder}/nginx", "-c", path), 18413, GET, CRASH)


def run_haproxy():
    path = write("haproxy.cfg", f"""
global
    nbthread 2
    maxconn 4096
    lua-prepend-path {folder}/?.so cpath
    lua-load {folder}/crash.lua
defaults
    mode http
    timeout client 1m
    timeout server 1m
    timeout connect 1s
frontend web
    bind 127.0.0.1:18414
    http-request use-service lua.crash if {{ path /crash }}
    http-request return status 200 content-type text/plain string "Hello, world!"
""")
    return measure("HAProxy", Server("haproxy", "-W", "-f", path), 18414, GET, CRASH)


def run_redis():
    words = ["redis-server", "--port", "18415", "--save", "", "--maxclients", "4096", "--loadmodule", f"{folder}/module.so"]
    return measure("Redis", Server(*words), 18415, b"PING\r\n", b"CRASH.NOW\r\n")


rows = [
    ("Martlet, HTTP", *run_martlet("http", GET)),
    ("nginx, a Perl module", *run_nginx()),
    ("HAProxy, a Lua module", *run_haproxy()),
    ("Martlet, RESP", *run_martlet("resp", b"PING\r\n")),
    ("Redis, a module", *run_redis()),
]
print(f"| | connections closed, of {count} others | a new one is answered after |")
print("|---|--:|--:|")
for name, lost, again in rows:
    print(f"| {name} | {lost} | {again:.0f} ms |")
PYTHON
