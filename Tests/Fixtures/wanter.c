/*
 * A message is a line with a length, and so many bytes. The line is consumed as soon as it is there; the bytes are
 * wanted whole, and answered with how many there were and how many calls of `received` they took. "want 7" answers what
 * `want` says to it, "back 7" wants so much and takes it back; any other line comes back as it came. Sessions are plain:
 * they move to every other VERSION.
 */
#include "minimal.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef VERSION
#define VERSION "1"
#endif

struct session {
    uint32_t body, calls;
};

__attribute__((format(printf, 2, 3))) static void answer(martlet_connection *connection, const char *format, ...) {
    char line[128];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    line[length++] = '\n';
    host->write(connection, line, (size_t)length);
}

static size_t take_body(struct session *session, martlet_connection *connection, size_t length) {
    size_t count = length < session->body ? length : session->body;
    answer(connection, "%zu of %u in %u for " VERSION, count, session->body, session->calls);
    session->body = session->calls = 0;
    return count;
}

static void take_line(struct session *session, martlet_connection *connection, const char *text) {
    size_t number = strtoul(text, NULL, 10);
    if (strncmp(text, "want ", 5) == 0) {
        answer(connection, "%d", host->want(connection, strtoul(text + 5, NULL, 10)));
        host->want(connection, 0);
    } else if (strncmp(text, "back ", 5) == 0) {
        host->want(connection, strtoul(text + 5, NULL, 10));
        answer(connection, "%d", host->want(connection, 0));
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
    (void)env;
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
        take_line(session, connection, text);
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
