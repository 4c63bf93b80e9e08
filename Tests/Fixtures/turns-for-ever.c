/* Asks for its input again and again, and never takes any. */
#include "minimal.h"

static int64_t received(void *session, martlet_connection *connection, const uint8_t *data, size_t length) {
    (void)session, (void)data, (void)length;
    host->pause(connection);
    host->resume(connection);
    return 0;
}

ENTRY {
    plugin.received = received;
    return &plugin;
}
