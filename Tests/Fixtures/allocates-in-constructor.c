/* Takes memory until there is none. */
#include "minimal.h"
#include <stdlib.h>
#include <string.h>

static char *volatile last;

__attribute__((constructor)) static void hoard(void) {
    while (1) {
        last = malloc(16 << 20);
        memset(last, 1, 16 << 20);
    }
}

ENTRY { return &plugin; }
