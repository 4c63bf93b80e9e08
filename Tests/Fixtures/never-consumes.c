/* Waits for more, whatever it has got. */
#include "minimal.h"

static int64_t received(void *session, martlet_connection *connection, const uint8_t *data, size_t length) {
    (void)session, (void)connection, (void)data, (void)length;
    return 0;
}

ENTRY {
    plugin.received = received;
    return &plugin;
}
