# Medians, ratios and targets from runs.tsv, idle.tsv and answers.tsv: a Markdown table on standard output, everything
# with the raw runs in the JSON file `json`. Exit status 3 when a target is missed and `check` is 1.
# A ratio is the median of the ratios of each round, whose runs follow each other: slow drift of the machine cancels.

BEGIN { FS = "\t" }

FILENAME ~ /runs\.tsv$/ {
    runs[++run_count] = $0
    key = $1 SUBSEP $2
    if (!(key in rounds)) order[++row_count] = key
    rounds[key] = $3
    rate[key, $3] = $4 / $6
    cpu[key, $3] = $5 / $4
}
FILENAME ~ /idle\.tsv$/ { idle_order[++idle_count] = $1; idle[$1] = ($3 - $2) / $4; held = $4 }
FILENAME ~ /answers\.tsv$/ { answer_order[++answer_count] = $1; answer[$1] = $2 }

END {
    print_table()
    if (idle_count) print_idle()
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
    for (i = 1; i <= rounds[key]; i++) values[i] = what == "rate" ? rate[key, i] : cpu[key, i]
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
    printf "| resident memory with %d idle connections | bytes per connection |\n|---|--:|\n", held
    for (i = 1; i <= idle_count; i++) printf "| %s | %.0f |\n", idle_order[i], idle[idle_order[i]]
    print ""
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
    print ""
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
            "\"seconds\": %s, \"p50Microseconds\": %s, \"p99Microseconds\": %s}", (i == 1 ? "" : ","), \
            part[1], part[2], part[3], part[4], part[5], part[6], part[7], part[8] > json
    }
    printf "\n  ],\n  \"idleBytesPerConnection\": {" > json
    for (i = 1; i <= idle_count; i++)
        printf "%s\"%s\": %.1f", (i == 1 ? "" : ", "), idle_order[i], idle[idle_order[i]] > json
    printf "},\n  \"answerBytes\": {" > json
    for (i = 1; i <= answer_count; i++)
        printf "%s\"%s\": %d", (i == 1 ? "" : ", "), answer_order[i], answer[answer_order[i]] > json
    printf "},\n  \"targets\": [" > json
    for (i = 1; i <= target_count; i++) printf "%s\n    %s", (i == 1 ? "" : ","), targets[i] > json
    printf "%s]\n}\n", (target_count ? "\n  " : "") > json
}
