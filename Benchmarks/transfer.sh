#!/bin/sh
# How long does it take to move a store to another generation? Saves and restores a million keys with values of 100 bytes, beside a
# program in C++ that rebuilds its unordered_map, in turns.
#
#     Benchmarks/transfer.sh             # needs swiftc and g++
#     KEYS=10000000 ROUNDS=3 Benchmarks/transfer.sh
#
# Prints the medians of the CPU time, and exits with status 3 if the store takes more than twice the time of the program in C++.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
keys=${KEYS:-1000000}
rounds=${ROUNDS:-5}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
g++ -O2 -o "$folder/map" "$root/Benchmarks/transfer/map.cpp"
# Without the files that need MartletKit.
find "$root/Plugins/KeyValueStore" -name '*.swift' ! -path '*/Plugin/*' -exec swiftc -O -wmo -parse-as-library -swift-version 6 -package-name martlet \
    -module-name Transfer -o "$folder/store" "$root/Benchmarks/transfer/transfer.swift" {} +

round=0
while [ "$round" -lt "$rounds" ]; do
    "$folder/map" "$keys" >>"$folder/map.times"
    "$folder/store" "$keys" >>"$folder/store.times"
    round=$((round + 1))
done

median() { sort -n "$1" | awk '{ times[NR] = $1 } END { print times[int((NR + 1) / 2)] }'; }
map=$(median "$folder/map.times")
store=$(median "$folder/store.times")
awk -v keys="$keys" -v map="$map" -v store="$store" 'BEGIN {
    printf "%d keys: save and restore %.0f ms, std::unordered_map %.0f ms: %.2f x\n", keys, store, map, store / map
    exit store > 2 * map ? 3 : 0
}'
