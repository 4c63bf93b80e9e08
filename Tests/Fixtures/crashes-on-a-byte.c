/* Reads from nowhere when a peer sends the byte 0x80. */
#include "minimal.h"

static int64_t received(void *session, martlet_connection *connection, const uint8_t *data, size_t length) {
    (void)session, (void)connection;
    if (memchr(data, 0x80, length) != NULL) return *(volatile int *)8;
    return (int64_t)length;
}

ENTRY {
    plugin.received = received;
    return &plugin;
}
