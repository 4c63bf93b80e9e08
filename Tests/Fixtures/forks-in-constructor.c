/* Leaves a process behind that stays. Otherwise a good plugin. The child is named so that a test can find it. */
#include "minimal.h"
#include <sys/prctl.h>
#include <unistd.h>

__attribute__((constructor)) static void leave_a_child(void) {
    if (fork() != 0) return;
    prctl(PR_SET_NAME, CHILD_NAME);
    while (1) pause();
}

ENTRY { return &plugin; }
