/* Calls a function that no library defines. */
#include "minimal.h"

extern void function_that_nobody_has(void);

static void call(void *state) {
    (void)state;
    function_that_nobody_has();
}

ENTRY {
    plugin.destroy = call;
    return &plugin;
}
