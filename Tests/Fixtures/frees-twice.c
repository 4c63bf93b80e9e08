/* Frees memory twice, which AddressSanitizer must report. */
#include "minimal.h"
#include <stdlib.h>

__attribute__((constructor)) static void free_twice(void) {
    void *volatile memory = malloc(100);
    free(memory);
    free(memory);
}

ENTRY { return &plugin; }
