/* Answers from one buffer, which it uses again before the host has given it back. */
#include "minimal.h"

static char answer[4096];

static void release(void *context) { (void)context; }

static int64_t received(void *session, martlet_connection *connection, const uint8_t *data, size_t length) {
    (void)session;
    memset(answer, data[0], sizeof answer);
    return host->write_shared(connection, answer, sizeof answer, release, NULL) == MARTLET_FULL ? 1 : (int64_t)length;
}

ENTRY {
    plugin.received = received;
    return &plugin;
}
