/* Commits more than it reserved. */
#include "minimal.h"

static int64_t received(void *session, martlet_connection *connection, const uint8_t *data, size_t length) {
    (void)session;
    if (host->reserve(connection, 16) != NULL) host->commit(connection, asked_to_misbehave(data, length) ? 17 : 16);
    return (int64_t)length;
}

ENTRY {
    plugin.received = received;
    return &plugin;
}
