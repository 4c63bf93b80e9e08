/* Allocates memory until none is left. */
#include "minimal.h"
#include <stdlib.h>

static char *volatile last;

__attribute__((constructor)) static void hoard(void) {
    while (1) {
        last = malloc(16 << 20);
        *last = 1;
    }
}

ENTRY { return &plugin; }
