/* Stops taking input and never goes on. */
#include "minimal.h"

static int64_t received(void *session, martlet_connection *connection, const uint8_t *data, size_t length) {
    (void)session, (void)data;
    host->write(connection, "paused", 6);
    host->pause(connection);
    return (int64_t)length;
}

ENTRY {
    plugin.received = received;
    return &plugin;
}
