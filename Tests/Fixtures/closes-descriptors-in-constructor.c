/* Acts like a daemon: closes all inherited descriptors, including the probe's pipe, and does not return. */
#define _GNU_SOURCE
#include "minimal.h"
#include <unistd.h>

__attribute__((constructor)) static void start(void) {
    closefrom(3);
    for (;;) pause();
}

ENTRY { return &plugin; }
