/* Forks a child that does not exit, and is a good plugin otherwise. A test finds the child by its name. */
#include "minimal.h"
#include <sys/prctl.h>
#include <unistd.h>

__attribute__((constructor)) static void leave_a_child(void) {
    if (fork() != 0) return;
    prctl(PR_SET_NAME, CHILD_NAME);
    while (1) pause();
}

ENTRY { return &plugin; }
