#!/usr/bin/env bash
# Measures what happens to clients while the code behind an address changes: replaced, rolled back, and on trial, by Martlet, nginx and
# HAProxy in one run. Prints progress on standard error and a Markdown table on standard output.
#
#     Benchmarks/changes.sh             # needs `make plugins`, nginx, haproxy, nc, taskset and two cores
#
# 64 keep-alive connections send one request at a time while the server changes every 200 ms:
#
#   replace   Martlet swaps the plugin (SIGHUP); nginx (SIGHUP) and HAProxy (SIGUSR2) load another configuration
#   rollback  every second change returns to the version before: martlet rollback; the others load their previous configuration
#   trial     the new version gets half of the new connections for 100 ms, then takes over; the others load a configuration that
#             splits the requests in halves, then one that does not
#
# nginx and HAProxy answer from their configuration; their workers of before finish as they are set up to: HAProxy closes idle connections
# after their next answer (option idle-close-on-response). Martlet is asked on its control socket: the start of a command would take longer
# than what it asks for.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(dirname "$HERE")
MARTLET=${MARTLET:-$ROOT/.build/release/martlet}
MARTLET_PLUGINS=${MARTLET_PLUGINS:-$ROOT/plugins.d}
LOAD=$MARTLET
ROUNDS=${ROUNDS:-3}
SECONDS_PER_RUN=${SECONDS_PER_RUN:-3}
CONNECTIONS=${CONNECTIONS:-64}
IDLE_CONNECTIONS=${CONNECTIONS}
RELOAD_SECONDS=${RELOAD_SECONDS:-0.2}
SERVER_CPU=${SERVER_CPU:-0}
LOAD_CPU=${LOAD_CPU:-1}

die() {
    printf 'changes: %s\n' "$@" >&2
    exit 1
}

# shellcheck source=lib/servers.sh
source "$HERE/lib/servers.sh"
# shellcheck source=lib/measure.sh
source "$HERE/lib/measure.sh"

for tool in nginx haproxy nc taskset awk; do
    command -v "$tool" >/dev/null || die "missing: $tool" "on Debian: apt-get install nginx-light haproxy netcat-openbsd util-linux gawk"
done
[[ -x $MARTLET ]] || die "no martlet at $MARTLET: make plugins, or set MARTLET"

begin_work

# Both configurations of a server that answers from its configuration: plain, and split in halves.
write_nginx() { # name
    local folder="$WORK/$1"
    cp "$folder/nginx.conf" "$folder/plain.conf"
    awk '/^http \{/ { print; print "    split_clients \"$request_id\" $half { 50% \"Hello, world!\"; * \"Hello, World!\"; }"; next }
         { sub(/return 200 "Hello, world!"/, "return 200 $half"); print }' "$folder/plain.conf" >"$folder/split.conf"
    nginx -t -q -p "$folder" -c "$folder/split.conf" || die "nginx refuses its configuration"
}

start_haproxy() { # name
    local name=$1 folder="$WORK/$1" rule='http-request return status 200 content-type text/plain string'
    mkdir -p "$folder"
    PORT[$name]=$(free_port)
    cat >"$folder/plain.conf" <<CONF
global
    nbthread 1
    maxconn 4096
    stats socket $folder/control.sock level admin expose-fd listeners
defaults
    mode http
    timeout client 3600s
    timeout http-keep-alive 3600s
    timeout connect 5s
    timeout server 5s
    option idle-close-on-response
frontend http
    bind 127.0.0.1:${PORT[$name]} backlog 4096
CONF
    cp "$folder/plain.conf" "$folder/split.conf"
    echo "    $rule 'Hello, world!'" >>"$folder/plain.conf"
    { echo "    $rule 'Hello, World!' if { rand(100) lt 50 }" && echo "    $rule 'Hello, world!'"; } >>"$folder/split.conf"
    cp "$folder/plain.conf" "$folder/haproxy.conf"
    taskset -c "$SERVER_CPU" haproxy -W -db -f "$folder/haproxy.conf" >"$WORK/$name.log" 2>&1 &
    PID[$name]=$!
    until_listening "$name" "${PORT[$name]}"
}

# Gives a server the configuration of a change.
configure() { # server kind number
    local name=plain
    if [[ $2 == trial ]] && (($3 % 2 == 1)); then name=split; fi
    cp "$WORK/$1/$name.conf" "$WORK/$1/$1.conf"
}

change_nginx() { # kind number
    configure nginx "$@"
    kill -HUP "${PID[nginx]}"
}

change_haproxy() { # kind number
    configure haproxy "$@"
    kill -USR2 "${PID[haproxy]}"
}

# What `martlet rollback` and `martlet plugins forgive` send.
ask_martlet() { # question
    printf '%s\n' "$1" | nc -U -N "$WORK/martlet/run/control.sock" >/dev/null
}

change_martlet() { # kind number
    local folder="$WORK/martlet"
    if [[ $1 == rollback ]]; then
        # Over the rounds, of which each may have an odd number of changes.
        IS_NEW=$((1 - IS_NEW))
        if ((IS_NEW == 0)); then
            ask_martlet '{"request":"rollback","listener":"http"}'
            return
        fi
        # The version that was rolled back is held back: without this a reload would leave the listener alone.
        ask_martlet "{\"request\":\"forgive\",\"hash\":\"$NEW_HASH\"}"
        kill -HUP "${PID[martlet]}"
        return
    fi
    reload_martlet martlet
}

changes_of_nginx() { reloads_of_nginx nginx; }
changes_of_haproxy() { grep -c 'Loading success' "$WORK/haproxy.log" || true; }
# Swaps, rollbacks, and trials that begin.
changes_of_martlet() { grep -cE ' (swapped|rolled back|trial): ' "$WORK/martlet.log" || true; }
has_changed() { (($("changes_of_$1") >= $2)); } # server number

prepare_martlet() { # kind
    local folder="$WORK/martlet"
    cp "$folder/http-0.so" "$folder/plugins.d/http.so"
    HTTP_FILE=0
    IS_NEW=0
    sed -i '/^\[rollout\]/,$d' "$folder/plugins.d/http.toml"
    if [[ $1 == trial ]]; then
        printf '[rollout]\npercent = 50\nhold = "100ms"\nmin_connections = 0\n' >>"$folder/plugins.d/http.toml"
    fi
    "$MARTLET" reload --config "$folder/martlet.toml" >/dev/null || die "martlet refuses the configuration for $1"
    if [[ $1 == rollback ]]; then swap_http_file martlet; fi
}

measure_changes() { # kind server
    local kind=$1 name=$2 report="$WORK/report.json" before values
    before=$("changes_of_$name")
    load_during_changes "$name" "$report" "change_$name" "$kind"
    until_true 5 "$CHANGES changes of $name, $kind" has_changed "$name" $((before + CHANGES))
    values=$(values_of "$report" requests durationSeconds maxMicroseconds resets closes lostRequests)
    printf '%s\t%s\t%s\t%s\n' "$kind" "$name" "$CHANGES" "$values" >>"$WORK/changes.tsv"
    tail -n 1 "$WORK/changes.tsv" | awk -F '\t' '{ printf "  %-8s %-8s %d changes, %.0f/s, worst %.1f ms, %d connections ended, %d requests lost\n",
        $1, $2, $3, $4 / $5, $6 / 1000, $7 + $8, $9 }' >&2
}

start_nginx nginx
write_nginx nginx
start_haproxy haproxy
start_martlet martlet
prepare_reloads martlet
NEW_HASH=$(sha256sum "$WORK/martlet/http-1.so" | cut -c1-64)
for server in nginx haproxy martlet; do answer_bytes "$server" >/dev/null; done
for kind in replace rollback trial; do
    prepare_martlet "$kind"
    for ((round = 1; round <= ROUNDS; round++)); do
        for server in nginx haproxy martlet; do measure_changes "$kind" "$server"; done
    done
done

awk -F '\t' '
    { key = $1 SUBSEP $2; changes[key] += $3; ended[key] += $7 + $8; lost[key] += $9; if ($6 > worst[key]) worst[key] = $6 }
    function cell(kind, server) {
        return sprintf("%d; %d; %.0f ms", ended[kind, server], lost[kind, server], worst[kind, server] / 1000)
    }
    END {
        print "| connections ended; requests lost; worst latency | changes of each | Martlet | nginx | HAProxy |"
        print "|---|--:|--:|--:|--:|"
        split("replace rollback trial", kinds, " ")
        split("replaced by a new version,rolled back to the version before,on trial beside the version before", names, ",")
        for (i = 1; i <= 3; i++)
            printf "| %s | %d | %s | %s | %s |\n", names[i], changes[kinds[i], "martlet"], cell(kinds[i], "martlet"),
                cell(kinds[i], "nginx"), cell(kinds[i], "haproxy")
    }' "$WORK/changes.tsv"
