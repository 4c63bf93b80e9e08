/* Dies of SIGSEGV while it is loaded. */
#include "minimal.h"

__attribute__((constructor)) static void crash(void) { *(volatile int *)8 = 1; }

ENTRY { return &plugin; }
