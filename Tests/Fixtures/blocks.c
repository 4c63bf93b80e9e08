/*
 * A line protocol whose callbacks may block, so they need worker threads. It answers each line with its number on the
 * connection; "sleep N" takes N milliseconds. A callback answers OVERLAP if another one of its connection is running.
 */
#define _GNU_SOURCE
#include "minimal.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct session {
    uint64_t lines;
    atomic_int inside;
};

static void answer(struct session *session, martlet_connection *connection, const char *text) {
    char line[256], thread[16] = "";
    pthread_getname_np(pthread_self(), thread, sizeof thread);
    int length = snprintf(line, sizeof line, "%llu %s %.6s\n", (unsigned long long)session->lines, text, thread);
    host->write(connection, line, (size_t)length);
}

static int enter(struct session *session, martlet_connection *connection) {
    if (atomic_exchange(&session->inside, 1) == 0) return 1;
    host->write(connection, "OVERLAP\n", 8);
    return 0;
}

static void leave(struct session *session) { atomic_store(&session->inside, 0); }

static martlet_result opened(const martlet_env *env, martlet_connection *connection, const martlet_opening *opening,
                             void **given) {
    (void)env, (void)opening;
    struct session *session = calloc(1, sizeof *session);
    *given = session;
    answer(session, connection, "hello");
    return MARTLET_OK;
}

static void posted(const martlet_env *env, void *context, martlet_connection *connection, void *given) {
    (void)env, (void)context;
    if (connection == NULL) return;
    if (!enter(given, connection)) return;
    answer(given, connection, "posted");
    leave(given);
}

static void take(const martlet_env *env, struct session *session, martlet_connection *connection, const char *line) {
    session->lines++;
    unsigned milliseconds;
    if (sscanf(line, "sleep %u", &milliseconds) == 1) usleep(milliseconds * 1000);
    if (strcmp(line, "post") == 0) host->post(env->instance, host->id(connection), posted, NULL);
    if (strcmp(line, "timer") == 0) host->set_timer(connection, 1);
    if (strcmp(line, "done") == 0) {
        martlet_request done = {.size = sizeof done, .status = 200, .method = TEXT("LINE")};
        host->request_done(connection, &done);
    }
    answer(session, connection, line);
    if (strcmp(line, "quit") == 0) host->close(connection);
}

static martlet_result received(const martlet_env *env, void *given, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    struct session *session = given;
    if (!enter(session, connection)) return MARTLET_ERROR_BUSY;
    const uint8_t *end;
    while ((end = memchr(data + *consumed, '\n', length - *consumed)) != NULL) {
        char line[128];
        size_t count = (size_t)(end - data) - *consumed;
        if (count >= sizeof line) break;
        memcpy(line, data + *consumed, count);
        line[count] = 0;
        *consumed += count + 1;
        take(env, session, connection, line);
    }
    leave(session);
    return MARTLET_OK;
}

static void timer(const martlet_env *env, void *given, martlet_connection *connection) {
    (void)env;
    if (!enter(given, connection)) return;
    answer(given, connection, "fired");
    leave(given);
}

static void peer_closed(const martlet_env *env, void *given, martlet_connection *connection) {
    (void)env;
    if (!enter(given, connection)) return;
    answer(given, connection, "end");
    leave(given);
    host->close(connection);
}

static void draining(const martlet_env *env, void *given, martlet_connection *connection) {
    (void)env;
    answer(given, connection, "draining");
    host->close(connection);
}

static void closed(const martlet_env *env, void *given, martlet_connection *connection, martlet_close_reason reason) {
    (void)env, (void)connection, (void)reason;
    usleep(1000);
    free(given);
}

static martlet_result save(const martlet_env *env, void *given, martlet_connection *connection,
                           uint8_t *buffer, size_t capacity, size_t *length) {
    (void)env, (void)connection;
    struct session *session = given;
    if (capacity >= sizeof session->lines) memcpy(buffer, &session->lines, sizeof session->lines);
    *length = sizeof session->lines;
    return MARTLET_OK;
}

static martlet_result restore(const martlet_env *env, martlet_connection *connection, uint32_t version,
                              const uint8_t *data, size_t length, void **given) {
    (void)env, (void)connection, (void)version;
    if (length != sizeof(uint64_t)) return MARTLET_ERROR_ARGUMENT;
    struct session *session = calloc(1, sizeof *session);
    memcpy(&session->lines, data, length);
    *given = session;
    return MARTLET_OK;
}

static void moved(const martlet_env *env, void *given, martlet_connection *connection) {
    (void)env, (void)connection;
    free(given);
}

static const martlet_session_state state = {
    .size = sizeof state, .version = 1, .oldest = 1, .newest = 1, .schema = TEXT("blocks.session"),
    .save = save, .restore = restore, .moved = moved,
};
static const martlet_extension extensions[] = {
    {.size = sizeof(martlet_extension), .id = TEXT(MARTLET_SESSION_STATE), .functions = &state}};

ENTRY {
    plugin.name = (martlet_text)TEXT("blocks");
    plugin.threads = MARTLET_THREADS_WORKERS;
    plugin.extensions = extensions;
    plugin.extension_count = 1;
    plugin.opened = opened;
    plugin.received = received;
    plugin.timer = timer;
    plugin.peer_closed = peer_closed;
    plugin.draining = draining;
    plugin.closed = closed;
    return &plugin;
}
