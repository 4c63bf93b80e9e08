/* Keeps its connections open when the host tells it to finish. */
#include "minimal.h"

static void draining(const martlet_env *env, void *session, martlet_connection *connection) {
    (void)env, (void)session;
    host->write(connection, "no", 2);
}

ENTRY {
    plugin.draining = draining;
    return &plugin;
}
