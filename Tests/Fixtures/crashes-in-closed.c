/* Aborts in `closed` when the peer has reset the connection. */
#include "minimal.h"
#include <stdlib.h>

static void closed(const martlet_env *env, void *session, martlet_connection *connection, martlet_close_reason reason) {
    (void)env, (void)session, (void)connection;
    if (reason == MARTLET_CLOSED_RESET) abort();
}

ENTRY {
    plugin.closed = closed;
    return &plugin;
}
