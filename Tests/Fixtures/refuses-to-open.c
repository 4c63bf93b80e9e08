/* Wants no peer. */
#include "minimal.h"

static martlet_result opened(void *state, void *loop_state, martlet_connection *connection, void **session) {
    (void)state, (void)loop_state, (void)session;
    host->write(connection, "no", 2);
    return MARTLET_ERROR_UNSUPPORTED;
}

ENTRY {
    plugin.opened = opened;
    return &plugin;
}
