/* Starts on the first event loop and not on the second. */
#include "minimal.h"

static martlet_result start(void *state, uint32_t loop, void **loop_state) {
    (void)state, (void)loop_state;
    return loop == 0 ? MARTLET_OK : MARTLET_ERROR_MEMORY;
}

ENTRY {
    plugin.loop_start = start;
    return &plugin;
}
