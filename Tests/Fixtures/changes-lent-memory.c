/* Lends the same buffer for every answer and overwrites it before the host has released it. */
#include "minimal.h"

static char answer[4096];

static void release(void *context) { (void)context; }

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    (void)env, (void)session;
    memset(answer, data[0], sizeof answer);
    martlet_result result = host->write_shared(connection, answer, sizeof answer, release, NULL);
    *consumed = result == MARTLET_FULL ? 1 : length;
    return MARTLET_OK;
}

ENTRY {
    plugin.received = received;
    return &plugin;
}
