/* Consumes more than it was given. */
#include "minimal.h"

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    (void)env, (void)session, (void)connection;
    *consumed = length + (size_t)asked_to_misbehave(data, length);
    return MARTLET_OK;
}

ENTRY {
    plugin.received = received;
    return &plugin;
}
