/* Ends the process with its first peer. */
#include "minimal.h"
#include <stdlib.h>

static martlet_result opened(void *state, void *loop_state, martlet_connection *connection, void **session) {
    (void)state, (void)loop_state, (void)connection, (void)session;
    exit(0);
}

ENTRY {
    plugin.opened = opened;
    return &plugin;
}
