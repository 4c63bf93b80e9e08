#!/usr/bin/env bash
# Coverage-guided fuzzing with libFuzzer and AddressSanitizer. `make test` replays the corpora in Fuzzing/corpus.
#
#   FUZZ_SECONDS   seconds for each target (10)
#   FUZZ_SEED      seed of the fuzzer; printed (random)
#   FUZZ_TARGETS   names, separated by spaces (all)
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${FUZZ_SECONDS:-10}
seed=${FUZZ_SEED:-$((RANDOM * 32768 + RANDOM + 1))}
targets=${FUZZ_TARGETS:-http-head http-chunks http-fields binary proxy resp store-piece scram configuration}
scratch=.build/fuzz
# libFuzzer reports crashes; the Swift runtime's own report would take minutes. Memory that Swift never frees looks like leaks.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0

swift build -c release --scratch-path $scratch --target FuzzTargets --sanitize=address \
    -Xswiftc -sanitize=fuzzer -Xcc -fsanitize=fuzzer-no-link -Xcxx -fsanitize=fuzzer-no-link
clang -c -g -Wall -Wextra -Werror Fuzzing/driver.c -o $scratch/driver.o
mapfile -t objects < <(find $scratch/release/ -name '*.o')
swiftc -sanitize=fuzzer,address -parse-as-library "${objects[@]}" $scratch/driver.o -lstdc++ -lcrypto -o $scratch/martlet-fuzz 2>$scratch/link.log ||
    { cat $scratch/link.log >&2 && exit 1; }

echo "seed $seed"
failed=0
for target in $targets; do
    corpus=Fuzzing/corpus/$target work=$scratch/corpus/$target
    mkdir -p "$corpus" "$work"
    log=$scratch/$target.log
    echo "$target: $seconds s"
    if MARTLET_FUZZ_TARGET=$target timeout -s KILL $((seconds + 60)) $scratch/martlet-fuzz -seed="$seed" \
        -max_total_time="$seconds" -max_len=2048 -timeout=10 -artifact_prefix="$scratch/$target-" "$work" "$corpus" \
        >"$log" 2>&1; then
        awk '/DONE/ { line = $0 } /^Done/ { print "  " $0 } END { print "  " line }' "$log"
    else
        failed=1
        grep -E 'Fatal error|ERROR|SUMMARY|Test unit written' "$log" | sed 's/^/  /' || tail -5 "$log"
        echo "  replay: SWIFT_BACKTRACE=enable=no MARTLET_FUZZ_TARGET=$target $scratch/martlet-fuzz FILE"
    fi
done
exit $failed
