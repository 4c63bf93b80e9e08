/* Exits the process that loads it. */
#include "minimal.h"
#include <stdlib.h>

__attribute__((constructor)) static void leave(void) { exit(7); }

ENTRY { return &plugin; }
