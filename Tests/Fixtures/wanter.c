/*
 * A message is a line with a length, followed by so many bytes. The plugin consumes the line at once and wants the bytes
 * whole. It answers with their number and the number of `received` calls that they took. "want 7" answers with the result
 * of `want`, "back 7" wants 7 bytes and cancels that, and "change 100 7 5" wants 7 bytes and, 100 milliseconds later, 5
 * instead. It echoes any other line. Sessions are plain, so they move to every other VERSION.
 */
#include "line.h"
#include "minimal.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef VERSION
#define VERSION "1"
#endif

struct session {
    uint32_t body, calls;
};

#define answer(connection, ...) write_line(host, connection, __VA_ARGS__)

static size_t take_body(struct session *session, martlet_connection *connection, size_t length) {
    size_t count = length < session->body ? length : session->body;
    answer(connection, "%zu of %u in %u for " VERSION, count, session->body, session->calls);
    session->body = session->calls = 0;
    return count;
}

static void wait(void *context) { usleep((useconds_t)((uintptr_t)context >> 32) * 1000); }

static void change(const martlet_env *env, void *context, martlet_connection *connection, void *session) {
    (void)env, (void)session;
    if (connection == NULL) return;
    uint32_t later = (uint32_t)(uintptr_t)context;
    answer(connection, "now %u", later);
    host->want(connection, later);
}

static void take_line(const martlet_env *env, struct session *session, martlet_connection *connection,
                      const char *text) {
    size_t number = strtoul(text, NULL, 10);
    unsigned milliseconds, now, later;
    if (strncmp(text, "want ", 5) == 0) {
        answer(connection, "%d", host->want(connection, strtoul(text + 5, NULL, 10)));
        host->want(connection, 0);
    } else if (strncmp(text, "back ", 5) == 0) {
        host->want(connection, strtoul(text + 5, NULL, 10));
        answer(connection, "%d", host->want(connection, 0));
    } else if (sscanf(text, "change %u %u %u", &milliseconds, &now, &later) == 3) {
        if (host->want(connection, now) == MARTLET_OK) session->body = now;
        void *context = (void *)((uintptr_t)milliseconds << 32 | later);
        host->submit(env->instance, host->id(connection), wait, change, context);
    } else if (number == 0) {
        answer(connection, "%s", text);
    } else {
        martlet_result result = host->want(connection, number);
        if (result == MARTLET_OK) session->body = (uint32_t)number;
        else answer(connection, "%d", result);
    }
}

static martlet_result received(const martlet_env *env, void *given, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    struct session *session = given;
    if (session->body > 0) {
        session->calls++;
        *consumed = take_body(session, connection, length);
    }
    const uint8_t *newline;
    while (session->body == 0 && (newline = memchr(data + *consumed, '\n', length - *consumed)) != NULL) {
        char text[64];
        size_t count = (size_t)(newline - data) - *consumed;
        snprintf(text, sizeof text, "%.*s", (int)count, (const char *)data + *consumed);
        *consumed += count + 1;
        take_line(env, session, connection, text);
    }
    return MARTLET_OK;
}

ENTRY {
    plugin.name = (martlet_text)TEXT("wanter");
    plugin.version = (martlet_text)TEXT(VERSION);
    plugin.threads = MARTLET_THREADS_BOTH;
    plugin.flags = MARTLET_PLUGIN_PLAIN_SESSIONS;
    plugin.session_size = sizeof(struct session);
    plugin.session_layout = (martlet_text)TEXT("wanter.session/1");
    plugin.received = received;
    plugin.closed = NULL;
    return &plugin;
}
