# Computes medians, ratios and targets from runs.tsv, idle.tsv, reloads.tsv and answers.tsv. Prints Markdown tables on standard output, and
# writes everything and the raw runs to the JSON file `json`. Exits with 3 if a target is missed and `check` is 1.
# A ratio is the median of the ratios of each round. The runs of a round follow each other, so slow drift of the machine cancels.

BEGIN { FS = "\t" }

FILENAME ~ /runs\.tsv$/ {
    runs[++run_count] = $0
    key = $1 SUBSEP $2
    if (!(key in rounds)) order[++row_count] = key
    rounds[key] = $3
    rate[key, $3] = $4 / $6
    cpu[key, $3] = $5 / $4
    mean[key, $3] = $9
}
FILENAME ~ /idle\.tsv$/ { idle_order[++idle_count] = $1; idle[$1] = ($3 - $2) / $4; held = $4; resident[$1] = $5 / 1e6 }
FILENAME ~ /reloads\.tsv$/ {
    reload_lines[++reload_count] = $0
    key = $1 SUBSEP $2
    if (!(key in reload_rounds)) reload_order[++reload_rows] = key
    reload_rounds[key] = $3
    reload_rate[key, $3] = $4 / $5
    p999[key, $3] = $6
    worst[key, $3] = $7
    if ($7 > worst_of_all[key]) worst_of_all[key] = $7
    resets[key] += $8
    closes[key] += $9
    lost[key] += $10
    reloads[key] += $11
}
FILENAME ~ /answers\.tsv$/ { answer_order[++answer_count] = $1; answer[$1] = $2 }

END {
    print_table()
    if (idle_count) print_idle()
    if (idle_count) print_beside()
    if (reload_count) print_reloads()
    print_answers()
    missed = has("http-1", "martlet") ? print_targets() : 0
    write_json()
    if (check && missed) exit 3
}

function has(c, server) { return (c, server) in rounds }

function median(values, n,    i, j, swap) {
    for (i = 2; i <= n; i++)
        for (j = i; j > 1 && values[j - 1] > values[j]; j--) {
            swap = values[j]; values[j] = values[j - 1]; values[j - 1] = swap
        }
    return n % 2 ? values[(n + 1) / 2] : (values[n / 2] + values[n / 2 + 1]) / 2
}

function median_of(what, key,    i, values) {
    for (i = 1; i <= rounds[key]; i++) values[i] = what == "rate" ? rate[key, i] : what == "cpu" ? cpu[key, i] : mean[key, i]
    return median(values, rounds[key])
}

function ratio(what, c, server, other,    i, values, a, b) {
    a = c SUBSEP server; b = c SUBSEP other
    for (i = 1; i <= rounds[a]; i++)
        values[i] = what == "rate" ? rate[a, i] / rate[b, i] : cpu[a, i] / cpu[b, i]
    return median(values, rounds[a])
}

function cell(what, c, server, other) {
    return server != other && has(c, other) ? sprintf("%.2f", ratio(what, c, server, other)) : "–"
}

function print_table(    i, part) {
    print "| load | server | per second | CPU µs each | CPU ÷ floor | CPU ÷ nginx | rate ÷ floor | rate ÷ nginx |"
    print "|---|---|--:|--:|--:|--:|--:|--:|"
    for (i = 1; i <= row_count; i++) {
        split(order[i], part, SUBSEP)
        if (part[1] == "alone" || part[1] == "beside") continue
        printf "| %s | %s | %.0f | %.2f | %s | %s | %s | %s |\n", name_of(part[1]), \
            part[2], median_of("rate", order[i]), median_of("cpu", order[i]), \
            cell("cpu", part[1], part[2], "floor"), cell("cpu", part[1], part[2], "nginx"), \
            cell("rate", part[1], part[2], "floor"), cell("rate", part[1], part[2], "nginx")
    }
    print ""
}

function name_of(c,    part) {
    split(c, part, "-")
    return (part[1] == "http" ? "HTTP" : "echo") ", " (part[2] == 1 ? "one at a time" : part[2] " pipelined")
}

function print_idle(    i) {
    printf "| memory with %d idle connections | bytes per connection |\n|---|--:|\n", held
    for (i = 1; i <= idle_count; i++) printf "| %s | %.0f |\n", idle_order[i], idle[idle_order[i]]
    print ""
}

function print_beside(    i, server, key) {
    printf "| HTTP, one at a time, beside %d idle connections | per second | mean latency µs | resident MB | ", held
    print "CPU µs each | CPU ÷ without them |"
    print "|---|--:|--:|--:|--:|--:|"
    for (i = 1; i <= idle_count; i++) {
        server = idle_order[i]
        key = "beside" SUBSEP server
        printf "| %s | %.0f | %.0f | %.1f | %.2f | %.2f |\n", server, median_of("rate", key), median_of("mean", key), \
            resident[server], median_of("cpu", key), cpu_beside(server)
    }
    print ""
}

# CPU per request beside the idle connections, divided by the CPU per request without them.
function cpu_beside(server,    i, values) {
    for (i = 1; i <= rounds["beside", server]; i++) values[i] = cpu["beside", server, i] / cpu["alone", server, i]
    return median(values, rounds["beside", server])
}

function print_reloads(    i, key, part) {
    print "| HTTP, one at a time, and reloads | server | per second | p99.9 µs | worst µs | worst of all rounds µs | " \
        "connections reset | closed | requests lost |"
    print "|---|---|--:|--:|--:|--:|--:|--:|--:|"
    for (i = 1; i <= reload_rows; i++) {
        key = reload_order[i]
        split(key, part, SUBSEP)
        printf "| %s | %s | %.0f | %.0f | %.0f | %.0f | %d | %d | %d |\n", \
            (part[1] == "none" ? "none" : reloads[key] ", one every " period * 1000 " ms"), part[2], \
            reload_median(reload_rate, key), reload_median(p999, key), reload_median(worst, key), worst_of_all[key], \
            resets[key], closes[key], lost[key]
    }
    print ""
}

function reload_median(figures, key,    i, values) {
    for (i = 1; i <= reload_rounds[key]; i++) values[i] = figures[key, i]
    return median(values, reload_rounds[key])
}

# Counts runs with and without reloads: Martlet has no reason to close a connection of this load in either.
function cut(server) {
    return resets["reload", server] + closes["reload", server] + resets["none", server] + closes["none", server]
}

function worst_ratio(server, other,    i, values, a, b) {
    a = "reload" SUBSEP server; b = "reload" SUBSEP other
    for (i = 1; i <= reload_rounds[a]; i++) values[i] = worst[a, i] / worst[b, i]
    return median(values, reload_rounds[a])
}

function print_answers(    i) {
    printf "Bytes of the HTTP answer:"
    for (i = 1; i <= answer_count; i++) printf "%s %s %d", (i == 1 ? "" : ","), answer_order[i], answer[answer_order[i]]
    print ".\n"
}

function print_targets(    missed) {
    print "| target | limit | measured | |"
    print "|---|--:|--:|---|"
    missed += target("plain HTTP: CPU ÷ floor", "≤", 1.15, ratio("cpu", "http-1", "martlet", "floor"))
    missed += target("plain HTTP: CPU ÷ nginx", "<", 1, ratio("cpu", "http-1", "martlet", "nginx"))
    missed += target("pipelined HTTP: rate ÷ nginx", "≥", 5, ratio("rate", "http-16", "martlet", "nginx"))
    missed += target("echo, one at a time: CPU ÷ floor", "≤", 1.15, ratio("cpu", "echo-1", "martlet", "floor"))
    missed += target("idle connection: bytes", "≤", 600, idle["martlet"])
    if (has("beside", "martlet")) missed += print_beside_targets()
    if (("reload", "martlet") in reload_rounds) missed += print_reload_targets()
    print ""
    return missed
}

function print_beside_targets(    key, missed) {
    key = "beside" SUBSEP "martlet"
    missed += target("beside " held " idle: requests/s", "≥", 100000, median_of("rate", key))
    missed += target("beside " held " idle: mean latency, ms", "<", 1, median_of("mean", key) / 1000)
    missed += target("beside " held " idle: resident MB", "<", 40, resident["martlet"])
    missed += target("beside " held " idle: CPU ÷ without them", "≤", 1.2, cpu_beside("martlet"))
    return missed
}

function print_reload_targets(    missed) {
    missed += target("reloads: connections reset or closed", "≤", 0, cut("martlet"))
    missed += target("reloads: worst latency ÷ nginx", "<", 1, worst_ratio("martlet", "nginx"))
    return missed
}

function target(what, relation, limit, measured,    met) {
    met = relation == "≤" ? measured <= limit : relation == "<" ? measured < limit : measured >= limit
    printf "| %s | %s %s | %s | %s |\n", what, relation, limit, sprintf(limit < 10 ? "%.2f" : "%.0f", measured), \
        (met ? "met" : "MISSED")
    targets[++target_count] = sprintf("{\"target\": \"%s\", \"limit\": \"%s %s\", \"measured\": %.3f, \"met\": %s}", \
        what, relation, limit, measured, (met ? "true" : "false"))
    return !met
}

function write_json(    i, part) {
    printf "{\n  \"date\": \"%s\",\n  \"kernel\": \"%s\",\n  \"processor\": \"%s\",\n", date, kernel, processor > json
    printf "  \"medians\": [" > json
    for (i = 1; i <= row_count; i++) {
        split(order[i], part, SUBSEP)
        printf "%s\n    {\"case\": \"%s\", \"server\": \"%s\", \"perSecond\": %.1f, \"cpuMicroseconds\": %.4f}", \
            (i == 1 ? "" : ","), part[1], part[2], median_of("rate", order[i]), median_of("cpu", order[i]) > json
    }
    printf "\n  ],\n  \"runs\": [" > json
    for (i = 1; i <= run_count; i++) {
        split(runs[i], part, "\t")
        printf "%s\n    {\"case\": \"%s\", \"server\": \"%s\", \"round\": %d, \"requests\": %d, \"cpuMicroseconds\": %d, " \
            "\"seconds\": %s, \"p50Microseconds\": %s, \"p99Microseconds\": %s, \"meanMicroseconds\": %s}", (i == 1 ? "" : ","), \
            part[1], part[2], part[3], part[4], part[5], part[6], part[7], part[8], part[9] > json
    }
    printf "\n  ],\n  \"idleBytesPerConnection\": {" > json
    for (i = 1; i <= idle_count; i++)
        printf "%s\"%s\": %.1f", (i == 1 ? "" : ", "), idle_order[i], idle[idle_order[i]] > json
    printf "},\n  \"residentMegabytesBesideIdle\": {" > json
    for (i = 1; i <= idle_count; i++)
        printf "%s\"%s\": %.2f", (i == 1 ? "" : ", "), idle_order[i], resident[idle_order[i]] > json
    printf "},\n  \"reloads\": [" > json
    for (i = 1; i <= reload_count; i++) {
        split(reload_lines[i], part, "\t")
        printf "%s\n    {\"mode\": \"%s\", \"server\": \"%s\", \"round\": %d, \"requests\": %d, \"seconds\": %s, " \
            "\"p999Microseconds\": %s, \"maxMicroseconds\": %s, \"resets\": %d, \"closes\": %d, \"lostRequests\": %d, " \
            "\"reloads\": %d}", (i == 1 ? "" : ","), part[1], part[2], part[3], part[4], part[5], part[6], part[7], \
            part[8], part[9], part[10], part[11] > json
    }
    printf "%s],\n  \"answerBytes\": {" , (reload_count ? "\n  " : "") > json
    for (i = 1; i <= answer_count; i++)
        printf "%s\"%s\": %d", (i == 1 ? "" : ", "), answer_order[i], answer[answer_order[i]] > json
    printf "},\n  \"targets\": [" > json
    for (i = 1; i <= target_count; i++) printf "%s\n    %s", (i == 1 ? "" : ","), targets[i] > json
    printf "%s]\n}\n", (target_count ? "\n  " : "") > json
}
