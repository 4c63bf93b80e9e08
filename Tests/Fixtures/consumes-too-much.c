/* Consumes more than it was given. */
#include "minimal.h"

static int64_t received(void *session, martlet_connection *connection, const uint8_t *data, size_t length) {
    (void)session, (void)connection;
    return (int64_t)length + asked_to_misbehave(data, length);
}

ENTRY {
    plugin.received = received;
    return &plugin;
}
