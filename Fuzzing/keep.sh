#!/usr/bin/env bash
# Adds inputs that the last `make fuzz` found to the corpora of the repository, if they add coverage.
set -euo pipefail
cd "$(dirname "$0")/.."
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0
for work in .build/fuzz/corpus/*; do
    target=$(basename "$work")
    MARTLET_FUZZ_TARGET=$target .build/fuzz/martlet-fuzz -merge=1 -max_len=2048 "Fuzzing/corpus/$target" "$work" 2>&1 | grep MERGE-OUTER | tail -1
done
