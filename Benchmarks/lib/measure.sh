# shellcheck shell=bash
# Each measure_* function takes one measurement. Sourced by run.sh after servers.sh. Every run adds a line to $WORK/runs.tsv:
#   case server round requests cpu_microseconds seconds p50_microseconds p99_microseconds mean_microseconds

TICKS_PER_SECOND=$(getconf CLK_TCK)

# CPU time of all processes of a server since their start, in microseconds: user and system, all threads.
cpu_microseconds() { # pid
    local process
    for process in $(process_tree "$1"); do
        cat "/proc/$process/stat"
    done | awk -v hz="$TICKS_PER_SECOND" '
        { sub(/^.*\) /, ""); ticks += $12 + $13 }  # fields 14 and 15, after the name, which may contain spaces
        END { printf "%d\n", ticks * 1000000 / hz }'
}

# Resident bytes of all processes of a server. Shared pages count twice, but a difference cancels that.
resident_bytes() { # pid
    local process
    for process in $(process_tree "$1"); do
        cat "/proc/$process/smaps_rollup"
    done | awk '/^Rss:/ { kilobytes += $2 } END { printf "%d\n", kilobytes * 1024 }'
}

# The part of them that is no file's, and what lies in files in memory, as the connections do: what connections cost. Martlet unmaps code
# that it does not need, and maps it again.
own_bytes() { # pid
    local process
    for process in $(process_tree "$1"); do
        cat "/proc/$process/smaps_rollup"
    done | awk '/^(Anonymous|Pss_Shmem):/ { kilobytes += $2 } END { printf "%d\n", kilobytes * 1024 }'
}

measure_http() { # case server round depth
    local name=$2 depth=$4 before after line requests microseconds errors p50 p99 mean
    before=$(cpu_microseconds "${PID[$name]}")
    line=$(taskset -c "$LOAD_CPU" wrk -t 1 -c "$CONNECTIONS" -d "${SECONDS_PER_RUN}s" \
        -s "$HERE/wrk/load.lua" "http://127.0.0.1:${PORT[$name]}/" -- "$depth" | grep '^RESULT') ||
        die "wrk against $name gave no result"
    after=$(cpu_microseconds "${PID[$name]}")
    read -r _ requests microseconds errors p50 p99 mean <<<"$line"
    ((errors == 0 && requests > 0)) || die "wrk against $name: $requests requests, $errors errors"
    record "$1" "${name%-*}" "$3" "$requests" $((after - before)) \
        "$(awk -v us="$microseconds" 'BEGIN { printf "%.6f", us / 1000000 }')" "$p50" "$p99" "$mean"
}

measure_echo() { # case server round depth port
    local name=$2 before after report key messages seconds p50 p99 mean
    before=$(cpu_microseconds "${PID[$name]}")
    report=$("$LOAD" bench echo --address "127.0.0.1:$5" --connections "$CONNECTIONS" --size "$MESSAGE_BYTES" \
        --depth "$4" --seconds "$SECONDS_PER_RUN" --cpu "$LOAD_CPU" --json) ||
        die "the echo load against $name failed:" "$report"
    after=$(cpu_microseconds "${PID[$name]}")
    for key in mismatches truncations resets timeouts errors; do
        [[ $(number "$key" "$report") == 0 ]] || die "the echo load against $name lost or altered bytes:" "$report"
    done
    messages=$(number messages "$report")
    seconds=$(number durationSeconds "$report")
    p50=$(number p50Microseconds "$report")
    p99=$(number p99Microseconds "$report")
    mean=$(number meanMicroseconds "$report")
    record "$1" "${name%-*}" "$3" "$messages" $((after - before)) "$seconds" "$p50" "$p99" "$mean"
}

# The value of a key that occurs once in a JSON text.
number() { # key json
    grep -oE "\"$1\" *: *[-+0-9.eE]+" <<<"$2" | sed 's/.*: *//' || die "no \"$1\" in the load's report:" "$2"
}

record() { # case server round requests cpu seconds p50 p99 mean
    local IFS=$'\t'
    echo "$*" >>"$WORK/runs.tsv"
    awk -v load="$1" -v server="$2" -v round="$3" -v n="$4" -v cpu="$5" -v s="$6" 'BEGIN {
        printf "  round %d  %-8s %-8s %10.0f/s %7.2f µs of server CPU each\n", round, load, server, n / s, cpu / n }' >&2
}

# Starts a new server and sends it one request first, so that memory of the first use does not count as memory of connections.
measure_idle() { # server
    local name="$1-idle" held="$WORK/$1-held" hold before after client
    "start_$1" "$name"
    "$LOAD" bench idle --address "127.0.0.1:${PORT[$name]}" --connections 1 --http >"$held" ||
        die "no answer from $1"
    before=$(own_bytes "${PID[$name]}")

    mkfifo "$held.fifo"
    taskset -c "$LOAD_CPU" "$LOAD" bench idle --address "127.0.0.1:${PORT[$name]}" \
        --connections "$IDLE_CONNECTIONS" --http <"$held.fifo" >"$held" 2>"$held.err" &
    client=$!
    PID["idle load"]=$client
    exec {hold}>"$held.fifo"
    until_true 60 "$IDLE_CONNECTIONS connections to $1" holds_or_ended "$held" "$client"
    grep -q "^holding $IDLE_CONNECTIONS\$" "$held" ||
        die "$1 did not take $IDLE_CONNECTIONS connections:" "$(cat "$held.err")"
    after=$(own_bytes "${PID[$name]}")
    measure_beside_idle "$1"
    exec {hold}>&-
    wait "$client" || die "the idle connections to $1:" "$(cat "$held.err")"
    unset 'PID[idle load]'
    stop_server "$name"

    printf '%s\t%d\t%d\t%d\t%d\n' "$1" "$before" "$after" "$IDLE_CONNECTIONS" "$BESIDE_IDLE_BYTES" >>"$WORK/idle.tsv"
    echo "  idle     $1: $(((after - before) / IDLE_CONNECTIONS)) bytes per connection" >&2
}

# Runs the plain HTTP load in turn on the server that holds the idle connections and on the one that holds none.
# Sets BESIDE_IDLE_BYTES to the resident memory of the former afterwards.
measure_beside_idle() { # server
    local round
    for ((round = 1; round <= ROUNDS; round++)); do
        measure_http alone "$1" "$round" 1
        measure_http beside "$1-idle" "$round" 1
    done
    BESIDE_IDLE_BYTES=$(resident_bytes "${PID[$1-idle]}")
}

# Runs the HTTP load while the server reloads every $RELOAD_SECONDS or (mode "none") does not reload, which shows the effect of the
# machine alone on the worst latency. Adds a line to $WORK/reloads.tsv:
#   mode server round requests seconds p999_microseconds max_microseconds resets closes lost reloads
# Puts the HTTP load on a server and writes its report to a file. Meanwhile calls the command, if there is one, with the number of the
# change, every $RELOAD_SECONDS. Sets CHANGES to their number.
load_during_changes() { # server report [command…]
    local name=$1 report=$2 client start period
    shift 2
    CHANGES=0
    period=$(awk -v s="$RELOAD_SECONDS" 'BEGIN { printf "%d", s * 1000000 }')
    "$LOAD" bench http --address "127.0.0.1:${PORT[$name]}" --connections "$CONNECTIONS" \
        --seconds "$SECONDS_PER_RUN" --cpu "$LOAD_CPU" --json >"$report" &
    client=$!
    PID["reload load"]=$client
    start=${EPOCHREALTIME/./}
    while (($# > 0)) && sleep_until $((start + (CHANGES + 1) * period)) && kill -0 "$client" 2>/dev/null; do
        CHANGES=$((CHANGES + 1))
        "$@" "$CHANGES"
    done
    wait "$client" || die "the HTTP load against $name failed:" "$(cat "$report")"
    unset 'PID[reload load]'
}

# Prints the values of keys of a report, separated by tabs.
values_of() { # report key…
    local IFS=$'\t' key text values=()
    text=$(cat "$1")
    shift
    for key in "$@"; do values+=("$(number "$key" "$text")"); done
    echo "${values[*]}"
}

measure_reloads_of() { # mode server round
    local mode=$1 name=$2 report="$WORK/$2-reload.json" before command=() values
    before=$("reloads_of_$name" "$name")
    if [[ $mode == reload ]]; then command=("reload_$name" "$name"); fi
    load_during_changes "$name" "$report" "${command[@]}"
    # If a signal arrived during a reload, there would be one reload less.
    until_true 5 "$CHANGES reloads of $name" has_reloaded "$name" $((before + CHANGES))
    values=$(values_of "$report" requests durationSeconds p999Microseconds maxMicroseconds resets closes lostRequests)
    printf '%s\t%s\t%s\t%s\t%s\n' "$mode" "$name" "$3" "$values" "$CHANGES" >>"$WORK/reloads.tsv"
    tail -n 1 "$WORK/reloads.tsv" | awk -F '\t' '{
        printf "  round %d  %-8s %-8s %10.0f/s, %d reloads, p99.9 %.0f µs, worst %.0f µs, %d reset, %d closed\n", \
            $3, $1 == "none" ? "calm" : $1, $2, $4 / $5, $11, $6, $7, $8, $9 }' >&2
}

# Sleeps until an absolute time, so the duration of a reload does not delay the next.
sleep_until() { # microseconds since 1970
    local left=$(($1 - ${EPOCHREALTIME/./}))
    ((left <= 0)) || sleep "$(printf '%d.%06d' $((left / 1000000)) $((left % 1000000)))"
}

has_reloaded() { (($("reloads_of_$1" "$1") == $2)); } # name reloads

holds_or_ended() { grep -qs '^holding' "$1" || ! kill -0 "$2" 2>/dev/null; } # file pid

# Prints the length of the whole answer to one request; dies if it is not the answer that all servers must give.
answer_bytes() { # name
    local LC_ALL=C line status='' body='' total=0 socket
    exec {socket}<>"/dev/tcp/127.0.0.1/${PORT[$1]}"
    printf 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n' >&"$socket"
    while IFS= read -r -t 5 line <&"$socket"; do
        total=$((total + ${#line} + 1))
        status=${status:-$line}
        [[ $line == $'\r' ]] && break
    done
    IFS= read -r -N 13 -t 5 body <&"$socket" || true
    exec {socket}>&-
    [[ $status == 'HTTP/1.1 200'* && $body == 'Hello, world!' ]] ||
        die "$1 answered \"${status%$'\r'}\" and \"$body\", not 200 and \"Hello, world!\""
    echo $((total + ${#body}))
}
