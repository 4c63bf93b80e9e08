/* Refuses every connection. */
#include "minimal.h"

static martlet_result opened(const martlet_env *env, martlet_connection *connection, const martlet_opening *opening,
                             void **session) {
    (void)env, (void)opening, (void)session;
    host->write(connection, "no", 2);
    return MARTLET_ERROR_UNSUPPORTED;
}

ENTRY {
    plugin.opened = opened;
    return &plugin;
}
