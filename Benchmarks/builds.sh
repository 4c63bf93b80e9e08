#!/usr/bin/env bash
# Compares two builds of Martlet: server CPU time per request, in pairs that take turns. Prints progress on standard error and a Markdown
# table on standard output. Exits with status 3 if this build costs more than 1.05 x the other one.
#
#     OTHER=other/.build/release/martlet OTHER_PLUGINS=other/plugins.d Benchmarks/builds.sh      # needs `make plugins`, wrk and taskset
#
# A row is the median of the ratios of the pairs: HTTP keep-alive, HTTP with 16 requests in flight, and echo.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(dirname "$HERE")
THIS=${MARTLET:-$ROOT/.build/release/martlet}
THIS_PLUGINS=${MARTLET_PLUGINS:-$ROOT/plugins.d}
OTHER=${OTHER:?set OTHER to the martlet of another build, and OTHER_PLUGINS to its plugins}
OTHER_PLUGINS=${OTHER_PLUGINS:-$(dirname "$OTHER")}
LOAD=$THIS
PAIRS=${PAIRS:-9}
SECONDS_PER_RUN=${SECONDS_PER_RUN:-3}
CONNECTIONS=${CONNECTIONS:-64}
MESSAGE_BYTES=${MESSAGE_BYTES:-64}
SERVER_CPU=${SERVER_CPU:-0}
LOAD_CPU=${LOAD_CPU:-1}

die() {
    printf 'builds: %s\n' "$@" >&2
    exit 1
}

# shellcheck source=lib/servers.sh
source "$HERE/lib/servers.sh"
# shellcheck source=lib/measure.sh
source "$HERE/lib/measure.sh"

for tool in wrk taskset awk; do command -v "$tool" >/dev/null || die "missing: $tool"; done
for program in "$THIS" "$OTHER"; do [[ -x $program ]] || die "no martlet at $program"; done

begin_work
MARTLET=$THIS MARTLET_PLUGINS=$THIS_PLUGINS start_martlet this
MARTLET=$OTHER MARTLET_PLUGINS=$OTHER_PLUGINS start_martlet other

measure() { # build pair
    measure_http http "$1" "$2" 1
    measure_http http-16 "$1" "$2" 16
    measure_echo echo "$1" "$2" 1 "${PORT[$1-echo]}"
}

for ((pair = 1; pair <= PAIRS; pair++)); do
    # Each is first in turn.
    order=(this other)
    if ((pair % 2 == 0)); then order=(other this); fi
    for build in "${order[@]}"; do measure "$build" "$pair"; done
done

awk -F '\t' '
    { cpu[$1, $2, $3] = $5 / $4; if (!($1 in seen)) { seen[$1]; cases[++count] = $1 }; if ($3 > pairs) pairs = $3 }
    function median(values, n,    i, j, swap) {
        for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++) if (values[j] < values[i]) {
            swap = values[i]; values[i] = values[j]; values[j] = swap
        }
        return n % 2 ? values[(n + 1) / 2] : (values[n / 2] + values[n / 2 + 1]) / 2
    }
    END {
        print "| server CPU per request, median of " pairs " pairs | this build, µs | other build, µs | ratio | at most | |"
        print "|---|--:|--:|--:|--:|---|"
        for (c = 1; c <= count; c++) {
            for (i = 1; i <= pairs; i++) {
                mine[i] = cpu[cases[c], "this", i]
                theirs[i] = cpu[cases[c], "other", i]
                ratios[i] = mine[i] / theirs[i]
            }
            ratio = median(ratios, pairs)
            printf "| %s | %.2f | %.2f | %.3f | 1.05 | %s |\n", cases[c], median(mine, pairs), median(theirs, pairs), ratio,
                ratio <= 1.05 ? "met" : "missed"
            if (ratio > 1.05) missed = 1
        }
        exit missed ? 3 : 0
    }' "$WORK/runs.tsv"
