/* Resumes its input in every `received`, so that it is presented again, but never consumes any. */
#include "minimal.h"

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    (void)env, (void)session, (void)data, (void)length, (void)consumed;
    host->pause(connection);
    host->resume(connection);
    return MARTLET_OK;
}

ENTRY {
    plugin.received = received;
    return &plugin;
}
