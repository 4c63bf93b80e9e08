/* Commits more than it reserved. */
#include "minimal.h"

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    (void)env, (void)session;
    if (host->reserve(connection, 16) != NULL) host->commit(connection, asked_to_misbehave(data, length) ? 17 : 16);
    *consumed = length;
    return MARTLET_OK;
}

ENTRY {
    plugin.received = received;
    return &plugin;
}
