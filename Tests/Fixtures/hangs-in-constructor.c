/* Never finishes loading, and keeps the processor busy meanwhile. */
#include "minimal.h"

__attribute__((constructor)) static void spin(void) {
    for (volatile int i = 0;; i++) {}
}

ENTRY { return &plugin; }
