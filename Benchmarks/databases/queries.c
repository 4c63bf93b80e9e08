// A plugin for `databases.sh`: asks the database for rows of sysbench's table by their numbers, on behalf of one connection. A line
// "FLIGHT SECONDS" keeps so many queries under way for so long: whenever one is answered, the next one is sent. The answer is
// "RATE MEDIAN P99 FAILED", as of `requests`: latencies in microseconds, from `execute` until the loop has called back.
#include <martlet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"

#define TEXT(literal) {literal, sizeof(literal) - 1}

enum { LATENCIES = 10000000, ROWS = 10000, FLIGHT = 1024 };

static const martlet_databases *databases;
static martlet_statement find;

/* All of it belongs to the one loop. */
static struct run {
    martlet_connection_id connection;
    uint64_t began, end;
    uint64_t sent[FLIGHT];
    uint32_t *latencies;
    size_t done, failed, flying;
} run;

static martlet_result create(const martlet_plugin *descriptor, const martlet_host *host, martlet_instance *instance,
                             const martlet_value *options, void **state) {
    (void)descriptor, (void)options, (void)state;
    databases = host->extension(instance, (martlet_text)TEXT(MARTLET_DATABASE));
    if (databases == NULL) return MARTLET_ERROR_UNSUPPORTED;
    martlet_database database = databases->open(instance, (martlet_text)TEXT("main"));
    if (database < 0) return MARTLET_ERROR_ARGUMENT;
    find = databases->prepare(instance, database, (martlet_text)TEXT("SELECT c FROM sbtest.sbtest1 WHERE id = ?"));
    return find < 0 ? MARTLET_ERROR_ARGUMENT : MARTLET_OK;
}

static void destroy(void *state) { (void)state; }

static void answered(const martlet_env *env, void *context, martlet_connection *connection, void *session,
                     const martlet_answer *answer);

static void ask(const martlet_env *env, size_t number) {
    martlet_sql_value row = {.kind = MARTLET_SQL_INTEGER, .integer = 1 + (int64_t)(next_random() % ROWS)};
    martlet_command command = {.statement = find, .value_count = 1, .values = &row};
    martlet_database_call call = {.size = sizeof call, .flags = MARTLET_EXECUTE_QUERY, .connection = run.connection,
                                  .answered = answered, .context = &run.sent[number]};
    run.sent[number] = now();
    if (databases->execute(env->instance, &call, &command, 1) == MARTLET_OK) run.flying++; else run.failed++;
}

static void report(const martlet_env *env, martlet_connection *connection, uint64_t time) {
    qsort(run.latencies, run.done, sizeof *run.latencies, compare);
    char text[128];
    int length = snprintf(text, sizeof text, "%.0f %u %u %zu\n", (double)run.done * 1e9 / (double)(time - run.began),
                          run.done ? run.latencies[run.done / 2] : 0, run.done ? run.latencies[run.done * 99 / 100] : 0, run.failed);
    env->host->write(connection, text, (size_t)length);
}

static void answered(const martlet_env *env, void *context, martlet_connection *connection, void *session,
                     const martlet_answer *answer) {
    (void)session;
    uint64_t *sent = context, time = now();
    run.flying--;
    if (answer->error != MARTLET_DATABASE_OK || answer->rows[0].row_count != 1) run.failed++;
    if (run.done < LATENCIES) run.latencies[run.done++] = (uint32_t)((time - *sent) / 1000);
    if (connection == NULL) return;
    if (time < run.end) ask(env, (size_t)(sent - run.sent));
    else if (run.flying == 0) report(env, connection, time);
}

static martlet_result opened(const martlet_env *env, martlet_connection *connection, const martlet_opening *opening,
                             void **session) {
    (void)env, (void)connection, (void)opening, (void)session;
    return MARTLET_OK;
}

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    (void)session;
    const uint8_t *newline = memchr(data, '\n', length);
    if (newline == NULL) return MARTLET_OK;
    *consumed = (size_t)(newline + 1 - data);
    char line[64] = {0};
    unsigned flight;
    double seconds;
    if (*consumed >= sizeof line || run.flying > 0) return MARTLET_ERROR_PEER;
    memcpy(line, data, *consumed);
    if (sscanf(line, "%u %lf", &flight, &seconds) != 2 || flight < 1 || flight > FLIGHT) return MARTLET_ERROR_PEER;
    if (run.latencies == NULL && (run.latencies = malloc(LATENCIES * sizeof *run.latencies)) == NULL)
        return MARTLET_ERROR_MEMORY;
    run.connection = env->host->id(connection);
    run.began = now();
    run.end = run.began + (uint64_t)(seconds * 1e9);
    run.done = run.failed = 0;
    for (size_t number = 0; number < flight; number++) ask(env, number);
    return MARTLET_OK;
}

static void closed(const martlet_env *env, void *session, martlet_connection *connection, martlet_close_reason reason) {
    (void)env, (void)session, (void)connection, (void)reason;
}

static const martlet_plugin plugin = {
    .size = sizeof(martlet_plugin),
    .abi = MARTLET_ABI_VERSION,
    .name = TEXT("queries"),
    .version = TEXT("1.0.0"),
    .summary = TEXT("Point queries"),
    .threads = MARTLET_THREADS_BOTH,
    .create = create,
    .destroy = destroy,
    .opened = opened,
    .received = received,
    .closed = closed,
};

__attribute__((visibility("default"))) const martlet_plugin *martlet_plugin_entry(martlet_abi host_abi) {
    (void)host_abi;
    return &plugin;
}
