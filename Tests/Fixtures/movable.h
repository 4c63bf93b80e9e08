/*
 * A plugin that does nothing wrong and whose sessions move: their saved state is four bytes. Each misbehaving fixture
 * includes it and changes one thing in its ENTRY.
 */
#ifndef MOVABLE_H
#define MOVABLE_H

#include "minimal.h"

static martlet_result movable_save(const martlet_env *env, void *session, martlet_connection *connection,
                                   uint8_t *buffer, size_t capacity, size_t *length) {
    (void)env, (void)session, (void)connection;
    if (capacity >= 4) memcpy(buffer, "here", 4);
    *length = 4;
    return MARTLET_OK;
}

static martlet_result movable_restore(const martlet_env *env, martlet_connection *connection, uint32_t version,
                                      const uint8_t *data, size_t length, void **session) {
    (void)env, (void)connection, (void)version, (void)session;
    return length == 4 && memcmp(data, "here", 4) == 0 ? MARTLET_OK : MARTLET_ERROR_ARGUMENT;
}

static void movable_moved(const martlet_env *env, void *session, martlet_connection *connection) {
    (void)env, (void)session, (void)connection;
}

static martlet_session_state movable = {
    .size = sizeof(martlet_session_state),
    .version = 1,
    .oldest = 1,
    .newest = 1,
    .schema = TEXT("movable.session"),
    .save = movable_save,
    .restore = movable_restore,
    .moved = movable_moved,
};

static const martlet_extension movable_extensions[] = {
    {.size = sizeof(martlet_extension), .id = TEXT(MARTLET_SESSION_STATE), .functions = &movable}};

/* Call this before you return the descriptor. */
static void offer_session_state(void) {
    plugin.extensions = movable_extensions;
    plugin.extension_count = 1;
}

#endif
