/*
 * Puts values into a file of SQLite in a loop, in transactions of a fixed number, with the table, the statement and the settings of the
 * binary plugin's store. Prints "RATE MEDIAN P99": puts per second, and the latencies of a transaction in microseconds.
 *
 *     loop FILE BATCH SECONDS
 */
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"

static sqlite3 *database;

static void check(int code, int expected) {
    if (code != expected) fprintf(stderr, "%s\n", sqlite3_errmsg(database)), exit(1);
}

static sqlite3_stmt *prepare(const char *text) {
    sqlite3_stmt *statement;
    check(sqlite3_prepare_v2(database, text, -1, &statement, NULL), SQLITE_OK);
    return statement;
}

static void step(sqlite3_stmt *statement) {
    check(sqlite3_step(statement), SQLITE_DONE);
    sqlite3_reset(statement);
}

int main(int count, char **arguments) {
    if (count != 4) return fprintf(stderr, "usage: loop FILE BATCH SECONDS\n"), 2;
    int batch = atoi(arguments[2]);
    check(sqlite3_open_v2(arguments[1], &database,
                          SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL), SQLITE_OK);
    check(sqlite3_exec(database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 16000;"
                       "CREATE TABLE t (k BLOB PRIMARY KEY, v BLOB NOT NULL, version BIGINT NOT NULL, deadline BIGINT NOT NULL) "
                       "WITHOUT ROWID; CREATE INDEX t_deadline ON t (deadline) WHERE deadline > 0", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_stmt *begin = prepare("BEGIN IMMEDIATE"), *commit = prepare("COMMIT");
    sqlite3_stmt *put = prepare(
        "INSERT INTO t (k, v, version, deadline) VALUES (?, ?, ?, 0) ON CONFLICT (k) DO UPDATE SET v = excluded.v, "
        "version = max(t.version, excluded.version) + 1, deadline = excluded.deadline");
    char value[100];
    memset(value, 7, sizeof value);
    static uint32_t latencies[10000000];
    size_t transactions = 0;
    uint64_t start = now(), end = start + (uint64_t)(atof(arguments[3]) * 1e9), time = start;
    while (time < end && transactions < 10000000) {
        step(begin);
        for (int i = 0; i < batch; i++) {
            uint64_t key[2] = {next_random(), 0};
            sqlite3_bind_blob(put, 1, key, 16, SQLITE_STATIC);
            sqlite3_bind_blob(put, 2, value, sizeof value, SQLITE_STATIC);
            sqlite3_bind_int64(put, 3, (int64_t)(time / 1000));
            step(put);
        }
        step(commit);
        uint64_t then = now();
        latencies[transactions++] = (uint32_t)((then - time) / 1000);
        time = then;
    }
    qsort(latencies, transactions, sizeof *latencies, compare);
    printf("%.0f %u %u\n", (double)transactions * batch * 1e9 / (double)(time - start), latencies[transactions / 2],
           latencies[transactions * 99 / 100]);
}
