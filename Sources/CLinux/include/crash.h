/*
 * Reports of crashes: a signal handler writes what it can find into memory that another process has mapped too, and lets the process
 * die as it would have died without it. The other process makes a report of it.
 */
#ifndef MARTLET_CRASH_H
#define MARTLET_CRASH_H

#include <stdint.h>

enum { LINUX_CRASH_ADDRESSES = 64 };

struct linux_crash {
    /* 0: nothing. 1: a thread is writing. 2: complete. Atomic. */
    uint32_t state;
    int32_t signal;
    /* si_code: signal(7). */
    int32_t code;
    uint32_t address_count;
    /* What the thread was running: the word that linux_watch_thread got. 0: nothing. */
    uint64_t callback;
    /* pthread_getname_np(3) */
    char thread[16];
    /* Why the process has ended itself: linux_end_process. Empty: it has not. */
    char reason[64];
    /* Where the thread was: the instruction itself, then return addresses. */
    uint64_t addresses[LINUX_CRASH_ADDRESSES];
};

/*
 * From now on signals that end this process because of an error are written to `crash`: SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT,
 * SIGTRAP, SIGSYS. No core is written (RLIMIT_CORE). Call this before there are other threads.
 */
void linux_report_crashes(struct linux_crash *crash);

/*
 * The calling thread publishes what it runs in the word at `callback`, which stays as long as the thread; NULL: nowhere. Where crashes are
 * reported, it also gets a stack for signal handlers, so that an overflow of its own stack is reported: sigaltstack(2).
 */
void linux_watch_thread(const void *callback);

/* gettid(2) */
int linux_thread_number(void);

/* The calling thread is about to end. */
void linux_unwatch_thread(void);

/*
 * Ends this process for a reason, which the record keeps: with SIGABRT in one of its threads (gettid(2)), so that the record has its
 * backtrace, or else, with 0, with SIGKILL. Returns where crashes are not reported.
 */
void linux_end_process(const char *reason, int thread);

/* An object that the dynamic loader has mapped: dl_iterate_phdr(3). */
struct linux_object {
    char path[256];
    /* Where address 0 of the object is, and the range of its code and data. */
    uint64_t base, start, end;
};

/* Lists the mapped objects, at most `limit`. Returns how many there are. */
int linux_list_objects(struct linux_object *objects, int limit);

#endif
