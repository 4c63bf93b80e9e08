/* Starts on the first event loop but not on the second. */
#include "minimal.h"

static martlet_result start(const martlet_env *env, void **loop_state) {
    (void)loop_state;
    return env->loop == 0 ? MARTLET_OK : MARTLET_ERROR_MEMORY;
}

ENTRY {
    plugin.loop_start = start;
    return &plugin;
}
