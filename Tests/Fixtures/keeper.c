/*
 * Counts the lines of each session in the host's memory. Answers a line with its number and VERSION. With -DLAYOUT the
 * sessions are plain, have that layout, and move without `save`. With -DPOINTS they hold a pointer nevertheless: 1 into
 * the heap, 2 to the stack, 3 into the image.
 */
#include "minimal.h"
#include <stdio.h>
#include <stdlib.h>

#ifndef VERSION
#define VERSION "1"
#endif

struct session {
    uint32_t lines, was_dirty;
    const void *pointer;
    uint8_t rest[232];
};

static martlet_result opened(const martlet_env *env, martlet_connection *connection, const martlet_opening *opening,
                             void **given) {
    (void)env, (void)connection, (void)opening;
    static const struct session clean;
    struct session *session = *given;
    session->was_dirty = memcmp(session, &clean, sizeof clean) != 0;
    memset(session->rest, 0xAA, sizeof session->rest);
    session->pointer = NULL;
    return MARTLET_OK;
}

static martlet_result received(const martlet_env *env, void *given, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    (void)env;
    struct session *session = given;
    const uint8_t *newline;
    while ((newline = memchr(data + *consumed, '\n', length - *consumed)) != NULL) {
        char line[64];
        int count = snprintf(line, sizeof line, "%u%s for " VERSION "\n", ++session->lines,
                             session->was_dirty ? " in used memory" : "");
        host->write(connection, line, (size_t)count);
        *consumed = (size_t)(newline + 1 - data);
    }
#if POINTS == 1
    static void *kept;
    if (kept == NULL) kept = malloc(16);
    session->pointer = kept;
#elif POINTS == 2
    session->pointer = __builtin_frame_address(0);
#elif POINTS == 3
    session->pointer = &plugin;
#endif
    return MARTLET_OK;
}

ENTRY {
    plugin.name = (martlet_text)TEXT("keeper");
    plugin.version = (martlet_text)TEXT(VERSION);
    plugin.session_size = sizeof(struct session);
#ifdef LAYOUT
    plugin.flags = MARTLET_PLUGIN_PLAIN_SESSIONS;
    plugin.session_layout = (martlet_text)TEXT(LAYOUT);
#endif
    plugin.opened = opened;
    plugin.received = received;
    plugin.closed = NULL;
    return &plugin;
}
