#!/usr/bin/env bash
# What TLS costs Martlet, beside nginx with the same OpenSSL, certificate (P-256) and file. The servers take turns in one run, on one core.
#
#     make plugins && Benchmarks/tls.sh              # needs nginx, wrk, openssl, taskset
#     ROUNDS=15 Benchmarks/tls.sh
#     SAME_SUITE=1 Benchmarks/tls.sh                 # nginx prefers AES-128 too; by default it follows OpenSSL's clients, which prefer AES-256
#
# Prints a Markdown table of medians on standard output, and exits with status 3 if Martlet misses a target:
#   full, resumed   server CPU time per handshake, with `martlet bench handshakes`: at most 1.02 x nginx's
#   keep-alive      server CPU time per request, with wrk and 64 connections: at most 0.95 x
#   bulk            bytes per second of bodies of 1 MB, with wrk and 8 connections: at least 1.0 x
#   idle            memory per connection that has made one request: at most 1.1 x
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(dirname "$HERE")

MARTLET=${MARTLET:-$ROOT/.build/release/martlet}
MARTLET_PLUGINS=${MARTLET_PLUGINS:-$(dirname "$MARTLET")}
LOAD=${LOAD:-$MARTLET}
ROUNDS=${ROUNDS:-9}
SECONDS_PER_RUN=${SECONDS_PER_RUN:-2}
SAME_SUITE=${SAME_SUITE:-0}
CONNECTIONS=64
IDLE_CONNECTIONS=${IDLE_CONNECTIONS:-10000}
SERVER_CPU=${SERVER_CPU:-0}
LOAD_CPU=${LOAD_CPU:-1}
# Rows to measure.
CASES=${CASES:-full resumed keep-alive bulk idle}

die() {
    printf 'tls: %s\n' "$@" >&2
    exit 1
}

# shellcheck source=lib/servers.sh
source "$HERE/lib/servers.sh"
# shellcheck source=lib/measure.sh
source "$HERE/lib/measure.sh"

check_needs() {
    local tool
    for tool in nginx wrk openssl taskset awk; do
        command -v "$tool" >/dev/null || die "missing: $tool" "on Debian: apt-get install nginx-light wrk openssl util-linux gawk"
    done
    [[ -x $MARTLET ]] || die "no martlet at $MARTLET: swift build -c release, or set MARTLET"
    ulimit -n "$(ulimit -Hn)"
    (($(ulimit -n) >= IDLE_CONNECTIONS + 600)) ||
        die "at most $(ulimit -n) open files: set IDLE_CONNECTIONS to $(($(ulimit -n) - 600)) or less"
}

make_files() {
    mkdir "$WORK/files"
    printf 'Hello, world!' >"$WORK/files/hello"
    head -c 1000000 /dev/urandom >"$WORK/files/body"
    chmod -R a+rX "$WORK"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=bench \
        -addext subjectAltName=IP:127.0.0.1 -keyout "$WORK/key.pem" -out "$WORK/certificate.pem" 2>/dev/null
    chmod 600 "$WORK/key.pem"
}

start_nginx_tls() { # name
    local folder="$WORK/$1" suites=''
    if ((SAME_SUITE)); then
        suites='ssl_prefer_server_ciphers on; ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384;'
    fi
    mkdir -p "$folder"
    PORT[$1]=$(free_port)
    cat >"$folder/nginx.conf" <<CONF
user root;
daemon off;
worker_processes 1;
worker_rlimit_nofile $(ulimit -n);
pid $folder/nginx.pid;
error_log $folder/error.log;
events { worker_connections $((IDLE_CONNECTIONS + 512)); }
http {
    access_log off;
    server_tokens off;
    sendfile on;
    keepalive_requests 1000000000;
    keepalive_timeout 3600s;
    client_body_temp_path $folder;
    proxy_temp_path $folder;
    fastcgi_temp_path $folder;
    uwsgi_temp_path $folder;
    scgi_temp_path $folder;
    ssl_certificate $WORK/certificate.pem;
    ssl_certificate_key $WORK/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_tickets on;
    $suites
    server {
        listen 127.0.0.1:${PORT[$1]} ssl backlog=4096;
        default_type text/plain;
        location = / { return 200 "Hello, world!"; }
        location /files/ { alias $WORK/files/; }
    }
}
CONF
    taskset -c "$SERVER_CPU" nginx -p "$folder" -c "$folder/nginx.conf" -e "$folder/error.log" >"$WORK/$1.log" 2>&1 &
    PID[$1]=$!
    until_listening "$1" "${PORT[$1]}"
}

start_martlet_tls() { # name
    local folder="$WORK/$1" plugin
    plugin=$(plugin_file http HTTP)
    mkdir -p "$folder/plugins.d"
    mkdir -m 0700 "$folder/run"
    cp "$plugin" "$folder/plugins.d/http.so"
    PORT[$1]=$(free_port)
    cat >"$folder/plugins.d/http.toml" <<CONF
plugin = "http.so"
listen = "127.0.0.1:${PORT[$1]}"

[tls]
certificate = "$WORK/certificate.pem"
key = "$WORK/key.pem"

[[options.routes]]
path = "/"
text = "Hello, world!"

[[options.routes]]
path = "/files/"
root = "$WORK/files"
CONF
    printf 'loops = 1\nruntime_directory = "%s/run"\nstate_directory = "%s/state"\n' "$folder" "$folder" >"$folder/martlet.toml"
    taskset -c "$SERVER_CPU" "$MARTLET" serve "$folder/plugins.d" --config "$folder/martlet.toml" >"$WORK/$1.log" 2>&1 &
    PID[$1]=$!
    until_listening "$1" "${PORT[$1]}"
}

# Adds "case server figure" to the results: microseconds of CPU each, bytes per second, or bytes each.
result() { printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$WORK/results.tsv" && printf '  %-12s %-8s %12.2f\n' "$1" "$2" "$3" >&2; }

measure_handshakes() { # server case [option]
    local before after report count
    before=$(cpu_microseconds "${PID[$1]}")
    report=$("$LOAD" bench handshakes --address "127.0.0.1:${PORT[$1]}" --tls --ca "$WORK/certificate.pem" ${3:+"$3"} \
        --seconds "$SECONDS_PER_RUN" --cpu "$LOAD_CPU" --json) || die "handshakes with $1 failed"
    after=$(cpu_microseconds "${PID[$1]}")
    count=$(number handshakes "$report")
    if [[ $2 == resumed ]]; then (($(number resumed "$report") >= count - 1)) || die "$1 did not resume:" "$report"; fi
    result "$2" "$1" "$(awk -v cpu=$((after - before)) -v n="$count" 'BEGIN { print cpu / n }')"
}

run_wrk() { # server path connections; sets REQUESTS, MICROSECONDS and CPU
    local before after line errors
    before=$(cpu_microseconds "${PID[$1]}")
    line=$(taskset -c "$LOAD_CPU" wrk -t 1 -c "$3" -d "${SECONDS_PER_RUN}s" -s "$HERE/wrk/load.lua" \
        "https://127.0.0.1:${PORT[$1]}$2" -- 1 | grep '^RESULT') || die "wrk against $1 gave no result"
    after=$(cpu_microseconds "${PID[$1]}")
    read -r _ REQUESTS MICROSECONDS errors _ <<<"$line"
    ((errors == 0 && REQUESTS > 0)) || die "wrk against $1: $REQUESTS requests, $errors errors"
    CPU=$((after - before))
}

measure() { # case server
    case $1 in
    full) measure_handshakes "$2" full ;;
    resumed) measure_handshakes "$2" resumed --resume ;;
    keep-alive)
        run_wrk "$2" / "$CONNECTIONS"
        result keep-alive "$2" "$(awk -v cpu="$CPU" -v n="$REQUESTS" 'BEGIN { print cpu / n }')"
        ;;
    bulk)
        run_wrk "$2" /files/body 8
        result bulk "$2" "$(awk -v n="$REQUESTS" -v us="$MICROSECONDS" 'BEGIN { print n / us * 1000000 }')"
        result bulk-cpu "$2" "$(awk -v cpu="$CPU" -v n="$REQUESTS" 'BEGIN { print cpu / n }')"
        ;;
    esac
}

# Starts a new server and makes one request first, so that memory of the first use does not count as memory of connections.
measure_idle_of() { # server
    local name="$1-idle" held="$WORK/$1-held" hold before after client
    "start_$1_tls" "$name"
    "$LOAD" bench idle --address "127.0.0.1:${PORT[$name]}" --tls --ca "$WORK/certificate.pem" --connections 1 --http \
        </dev/null >"$held" || die "no answer from $1"
    before=$(own_bytes "${PID[$name]}")
    mkfifo "$held.fifo"
    taskset -c "$LOAD_CPU" "$LOAD" bench idle --address "127.0.0.1:${PORT[$name]}" --tls --ca "$WORK/certificate.pem" \
        --connections "$IDLE_CONNECTIONS" --http <"$held.fifo" >"$held" 2>"$held.err" &
    client=$!
    PID["idle load"]=$client
    exec {hold}>"$held.fifo"
    until_true 120 "$IDLE_CONNECTIONS connections to $1" holds_or_ended "$held" "$client"
    grep -q "^holding $IDLE_CONNECTIONS\$" "$held" || die "$1 did not take the connections:" "$(cat "$held.err")"
    after=$(own_bytes "${PID[$name]}")
    exec {hold}>&-
    wait "$client" || die "the idle connections to $1:" "$(cat "$held.err")"
    unset 'PID[idle load]'
    stop_server "$name"
    result idle "$1" $(((after - before) / IDLE_CONNECTIONS))
}

report() {
    awk -F '\t' '
        function median(values, count,   i, j, kept) {
            for (i = 2; i <= count; i++)
                for (j = i; j > 1 && values[j] + 0 < values[j - 1] + 0; j--) { kept = values[j]; values[j] = values[j - 1]; values[j - 1] = kept }
            return count % 2 ? values[(count + 1) / 2] : (values[count / 2] + values[count / 2 + 1]) / 2
        }
        function row(name, title, unit, limit, least,   i, own, other, ratio, n) {
            n = count[name, "martlet"]
            if (!n) return
            for (i = 1; i <= n; i++) {
                own[i] = figure[name, "martlet", i]; other[i] = figure[name, "nginx", i]; ratio[i] = own[i] / other[i]
            }
            printf "| %s | %.1f | %.1f | %.3f | %s %s |\n", title " (" unit ")", median(own, n), median(other, n), median(ratio, n), \
                least ? "at least" : "at most", limit
            if (least ? median(ratio, n) < limit : median(ratio, n) > limit) missed = 1
        }
        { figure[$1, $2, ++count[$1, $2]] = $3 }
        END {
            print "| | Martlet | nginx | ratio | target |\n|---|--:|--:|--:|--:|"
            row("full", "full handshake", "µs of CPU", 1.02)
            row("resumed", "resumed handshake", "µs of CPU", 1.02)
            row("keep-alive", "request, 64 connections", "µs of CPU", 0.95)
            row("bulk", "bodies of 1 MB", "per second", 1.0, 1)
            row("bulk-cpu", "a body of 1 MB", "µs of CPU", 1.0)
            row("idle", "idle connection", "bytes", 1.1)
            exit missed ? 3 : 0
        }' "$WORK/results.tsv"
}

check_needs
begin_work
make_files
start_nginx_tls nginx
start_martlet_tls martlet
for ((round = 1; round <= ROUNDS; round++)); do
    echo "round $round" >&2
    for case in ${CASES//idle/}; do
        for server in nginx martlet; do measure "$case" "$server"; done
    done
done
if [[ $CASES == *idle* ]]; then
    for server in nginx martlet; do measure_idle_of "$server"; done
fi
report
