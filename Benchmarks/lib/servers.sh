# shellcheck shell=bash
# Starts and stops the measured servers. Sourced by the scripts of this folder.
# Each start_* function sets PID[name] and PORT[name]; a server is one process tree, pinned to $SERVER_CPU.

# PID lists every process tree that cleanup must stop: the servers, and loads that run in the background.
declare -A PID=() PORT=()

# Makes the folder $WORK. At the end of the script the folder is removed and all servers are stopped.
begin_work() {
    # The server refuses files that the group can write.
    umask 022
    WORK=$(mktemp -d "${TMPDIR:-/tmp}/martlet-bench.XXXXXX")
    trap cleanup EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

cleanup() {
    local status=$? name
    trap - EXIT INT TERM HUP
    for name in "${!PID[@]}"; do stop_server "$name"; done
    rm -rf "$WORK"
    exit "$status"
}

start_floor() { # name mode
    local name=$1 mode=$2 log="$WORK/$1.log"
    taskset -c "$SERVER_CPU" "$WORK/floor" "$mode" 0 >"$log" 2>&1 &
    PID[$name]=$!
    until_true 5 "the floor to listen" grep -qs '^ready ' "$log"
    PORT[$name]=$(awk '/^ready/ { print $2 }' "$log")
}

start_nginx() { # name
    local name=$1 folder="$WORK/$1"
    mkdir -p "$folder"
    PORT[$name]=$(free_port)
    cat >"$folder/nginx.conf" <<CONF
user root;
daemon off;
worker_processes 1;
worker_rlimit_nofile $(ulimit -n);
pid $folder/nginx.pid;
error_log $folder/error.log notice;
events { worker_connections $((IDLE_CONNECTIONS + 512)); }
http {
    access_log off;
    server_tokens off;
    keepalive_requests 1000000000;
    keepalive_timeout 3600s;
    client_body_temp_path $folder;
    proxy_temp_path $folder;
    fastcgi_temp_path $folder;
    uwsgi_temp_path $folder;
    scgi_temp_path $folder;
    server {
        listen 127.0.0.1:${PORT[$name]} backlog=4096;
        default_type text/plain;
        location / { return 200 "Hello, world!"; }
    }
}
CONF
    taskset -c "$SERVER_CPU" nginx -p "$folder" -c "$folder/nginx.conf" -e "$folder/error.log" >"$WORK/$name.log" 2>&1 &
    PID[$name]=$!
    until_listening "$name" "${PORT[$name]}"
}

# One process serves both protocols. Its ports are PORT[name] for HTTP and PORT[name-echo].
start_martlet() { # name
    local name=$1 folder="$WORK/$1"
    local http echo
    http=$(plugin_file http HTTP)
    echo=$(plugin_file echo Echo)
    mkdir -p "$folder/plugins.d" "$folder/run"
    chmod 0700 "$folder/run"
    cp "$http" "$folder/plugins.d/http.so"
    cp "$echo" "$folder/plugins.d/echo.so"
    PORT[$name]=$(free_port)
    PORT[$name-echo]=$(free_port)
    cat >"$folder/plugins.d/http.toml" <<CONF
plugin = "http.so"
listen = "127.0.0.1:${PORT[$name]}"

[[options.routes]]
path = "/"
text = "Hello, world!"
CONF
    cat >"$folder/plugins.d/echo.toml" <<CONF
plugin = "echo.so"
listen = "127.0.0.1:${PORT[$name-echo]}"
CONF
    cat >"$folder/martlet.toml" <<CONF
loops = 1
runtime_directory = "$folder/run"
state_directory = "$folder/state"
CONF
    taskset -c "$SERVER_CPU" "$MARTLET" serve "$folder/plugins.d" --config "$folder/martlet.toml" \
        >"$WORK/$name.log" 2>&1 &
    PID[$name]=$!
    until_listening "$name" "${PORT[$name]}"
    until_listening "$name" "${PORT[$name-echo]}"
}

# Every reload swaps the HTTP plugin: two files that differ in their last byte take turns.
prepare_reloads() { # name
    local folder="$WORK/$1"
    cp "$folder/plugins.d/http.so" "$folder/http-0.so"
    cp "$folder/plugins.d/http.so" "$folder/http-1.so"
    printf 'x' >>"$folder/http-1.so"
    HTTP_FILE=0
    # The server tries new content in a child process first. Reload both files here, so that no measured reload does that.
    local attempt
    for attempt in 1 2; do
        swap_http_file "$1"
        "$MARTLET" reload --config "$folder/martlet.toml" >"$WORK/$1-reload.log" 2>&1 ||
            die "martlet refused swap $attempt of the HTTP plugin:" "$(cat "$WORK/$1-reload.log")"
    done
}

swap_http_file() { # name
    local folder="$WORK/$1"
    HTTP_FILE=$((1 - HTTP_FILE))
    cp "$folder/http-$HTTP_FILE.so" "$folder/plugins.d/http.so.new"
    mv "$folder/plugins.d/http.so.new" "$folder/plugins.d/http.so"
}

reload_martlet() { # name
    swap_http_file "$1"
    kill -HUP "${PID[$1]}"
}

reload_nginx() { kill -HUP "${PID[$1]}"; } # name

# Counts only swaps.
reloads_of_martlet() { grep -c ' swapped: http ' "$WORK/$1.log" || true; } # name

reloads_of_nginx() { grep -cE '#[0-9]+: reconfiguring$' "$WORK/$1/error.log" || true; } # name

# A plugin as `make` installs it (http.so) or as SwiftPM builds it (libHTTPPlugin.so).
plugin_file() { # name Name
    local candidate
    for candidate in "$MARTLET_PLUGINS/$1.so" "$MARTLET_PLUGINS/lib$2Plugin.so"; do
        if [[ -f $candidate ]]; then
            echo "$candidate"
            return
        fi
    done
    die "no $1.so or lib$2Plugin.so in $MARTLET_PLUGINS: build the plugins, or set MARTLET_PLUGINS to their folder"
}

stop_server() { # name
    local processes
    [[ -n ${PID[$1]:-} ]] || return 0
    mapfile -t processes < <(process_tree "${PID[$1]}")
    unset "PID[$1]"
    stop_processes "${processes[@]}"
}

# Asks the first process to end, waits up to two seconds, then kills all that are left.
stop_processes() { # pid…
    local attempt
    kill -TERM "$1" 2>/dev/null || true
    for attempt in {1..40}; do
        kill -0 "$1" 2>/dev/null || break
        sleep 0.05
    done
    kill -KILL "$@" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

process_tree() { # pid
    local child children
    echo "$1"
    read -r -d '' -a children < <(cat "/proc/$1/task/"*/children 2>/dev/null) || true
    for child in "${children[@]}"; do process_tree "$child"; done
}

# A port below the kernel's range of local ports, so that no outgoing connection takes it before the server does.
free_port() {
    local port attempt
    for attempt in {1..100}; do
        port=$((20000 + RANDOM % 10000))
        if ! is_listening "$port"; then
            echo "$port"
            return
        fi
    done
    die "no free port between 20000 and 29999 in $attempt attempts"
}

is_listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; } # port

until_listening() { # name port
    local attempt
    for attempt in {1..200}; do
        if is_listening "$2"; then return; fi
        kill -0 "${PID[$1]}" 2>/dev/null || die "$1 ended instead of listening on port $2:" "$(tail -n 20 "$WORK/$1.log")"
        sleep 0.05
    done
    die "$1 does not listen on port $2 after $((attempt / 20)) seconds:" "$(tail -n 20 "$WORK/$1.log")"
}

until_true() { # seconds what command…
    local limit=$1 what=$2 attempt
    shift 2
    for ((attempt = 0; attempt < limit * 20; attempt++)); do
        if "$@"; then return; fi
        sleep 0.05
    done
    die "waited $limit seconds for $what"
}
