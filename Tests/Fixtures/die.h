/*
 * Ends the process in the way that a word says.
 */
#ifndef DIE_H
#define DIE_H

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Not inlined and not a tail call, so that backtraces name it. */
__attribute__((noinline)) static int overflow(volatile char *above) {
    volatile char here[4096];
    here[0] = above[0];
    if (here[0] == 77) return 0;
    return overflow(here) + here[1];
}

__attribute__((noinline)) static void die_here(const char *how) {
    if (strcmp(how, "segv") == 0) *(volatile int *)8 = 1;
    if (strcmp(how, "abort") == 0) abort();
    if (strcmp(how, "trap") == 0) __builtin_trap();
    if (strcmp(how, "exit") == 0) exit(3);
    if (strcmp(how, "exit0") == 0) exit(0);
    if (strcmp(how, "_exit") == 0) _exit(4);
    if (strcmp(how, "kill") == 0) kill(getpid(), SIGKILL);
    if (strcmp(how, "hang") == 0)
        for (;;) pause();
    if (strcmp(how, "overflow") == 0) {
        volatile char start[1] = {0};
        overflow(start);
    }
    if (strcmp(how, "heap") == 0) {
        char *volatile memory = malloc(64);
        memset(memory - 16, 0x41, 96);
        free(memory);
        free(memory);
    }
    if (strcmp(how, "close") == 0)
        for (int i = 3; i < 1024; i++) close(i);
    __asm__ volatile("" ::: "memory");
}

#endif
