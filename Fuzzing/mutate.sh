#!/usr/bin/env bash
# Damages valid configuration files, parses each with toml++, and checks that every value is at the place that the tree reports. The build
# is optimised and has no sanitizer, to reach numbers of files that coverage-guided fuzzing does not reach.
#
#   MUTATE_COUNT     number of files (1,000,000)
#   MUTATE_SEED      seed; printed (random)
#   MUTATE_WORKERS   number of processes (one per processor)
set -euo pipefail
cd "$(dirname "$0")/.."

count=${MUTATE_COUNT:-1000000}
seed=${MUTATE_SEED:-$((RANDOM * 32768 + RANDOM + 1))}
workers=${MUTATE_WORKERS:-$(nproc)}
scratch=.build/mutate
export SWIFT_BACKTRACE=enable=no

swift build -c release --scratch-path $scratch --target ConfigurationFuzzing
clang -c -O2 -Wall -Wextra -Werror Fuzzing/mutate.c -o $scratch/mutate.o
mapfile -t objects < <(find $scratch/release/{CLinux,CTOML,ChildProcess,Configuration,ConfigurationFuzzing}.build/ -name '*.o')
swiftc -parse-as-library "${objects[@]}" $scratch/mutate.o -lstdc++ -o $scratch/martlet-mutate 2>$scratch/link.log ||
    { cat $scratch/link.log >&2 && exit 1; }

echo "seed $seed, $count files; to print one of them: $scratch/martlet-mutate NUMBER $seed"
mkdir -p $scratch/files
exec $scratch/martlet-mutate "$count" "$seed" "$workers" $scratch/files
