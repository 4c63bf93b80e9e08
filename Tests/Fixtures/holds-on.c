/* Keeps its connections when it is told to finish. */
#include "minimal.h"

static void draining(void *session, martlet_connection *connection) {
    (void)session;
    host->write(connection, "no", 2);
}

ENTRY {
    plugin.draining = draining;
    return &plugin;
}
