/* Releases its session twice. */
#include "minimal.h"
#include <stdlib.h>

static void closed(void *session, martlet_connection *connection, martlet_close_reason reason) {
    (void)session, (void)connection;
    if (reason == MARTLET_CLOSED_RESET) abort();
}

ENTRY {
    plugin.closed = closed;
    return &plugin;
}
