/* Exits the process when its first peer connects. */
#include "minimal.h"
#include <stdlib.h>

static martlet_result opened(const martlet_env *env, martlet_connection *connection, const martlet_opening *opening,
                             void **session) {
    (void)env, (void)opening, (void)connection, (void)session;
    exit(0);
}

ENTRY {
    plugin.opened = opened;
    return &plugin;
}
