/* Waits for ever for the rest of a line. */
#include "minimal.h"
#include <unistd.h>

static int64_t received(void *session, martlet_connection *connection, const uint8_t *data, size_t length) {
    (void)session, (void)connection;
    while (memchr(data, '\n', length) == NULL) pause();
    return (int64_t)length;
}

ENTRY {
    plugin.received = received;
    return &plugin;
}
