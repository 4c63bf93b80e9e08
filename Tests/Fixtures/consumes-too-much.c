/* Consumes more than it was given. */
#include "minimal.h"

static int64_t received(void *session, martlet_connection *connection, const uint8_t *data, size_t length) {
    (void)session, (void)connection, (void)data;
    return (int64_t)length + 1;
}

ENTRY {
    plugin.received = received;
    return &plugin;
}
