/* Pauses its input and never resumes it. */
#include "minimal.h"

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    (void)env, (void)session, (void)data;
    host->write(connection, "paused", 6);
    host->pause(connection);
    *consumed = length;
    return MARTLET_OK;
}

ENTRY {
    plugin.received = received;
    return &plugin;
}
