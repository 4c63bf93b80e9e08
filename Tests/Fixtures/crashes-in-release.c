/* Its release function writes through a NULL pointer. */
#include "minimal.h"

static void release(void *context) { *(volatile char *)context = 0; }

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    (void)env, (void)session, (void)data;
    host->write_shared(connection, "lent", 4, release, NULL);
    *consumed = length;
    return MARTLET_OK;
}

ENTRY {
    plugin.received = received;
    return &plugin;
}
