/*
 * Ends its process in the way that `HOW` says, in the callback that `WHEN` says. In `received` it does so when a line asks for it:
 * "die HOW". Other lines are echoed.
 */
#include "line.h"
#include "minimal.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef WHEN
#define WHEN "received"
#endif
#ifndef HOW
#define HOW "segv"
#endif

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

static void *die_there(void *how) {
    die_here(how);
    return NULL;
}

static void work(void *context) { die_here(context); }

static void in(const char *callback) {
    if (strcmp(callback, WHEN) == 0) die_here(HOW);
}

static martlet_result opened(const martlet_env *env, martlet_connection *connection, const martlet_opening *opening,
                             void **session) {
    (void)env, (void)opening, (void)session;
    in("opened");
    if (strcmp(WHEN, "timer") == 0) host->set_timer(connection, 1);
    return MARTLET_OK;
}

static void answer(const martlet_env *env, martlet_connection *connection, const char *line) {
    static char how[16];
    if (sscanf(line, "die %15s", how) == 1) return die_here(how);
    if (sscanf(line, "thread %15s", how) == 1) {
        pthread_t thread;
        pthread_create(&thread, NULL, die_there, how);
        pthread_join(thread, NULL);
    }
    if (strcmp(line, "close-previous") == 0) {
        /* The last peer but one: the sockets with the two highest numbers are those of peers. */
        int found = 0;
        for (int i = 1023; i > 2 && found < 2; i--) {
            struct sockaddr_storage peer;
            socklen_t size = sizeof peer;
            if (getpeername(i, (struct sockaddr *)&peer, &size) == 0 && peer.ss_family == AF_INET && ++found == 2) close(i);
        }
    }
    int count;
    if (sscanf(line, "fork %d", &count) == 1) {
        int children = 0;
        for (int i = 0; i < count; i++) {
            pid_t child = fork();
            if (child == 0) {
                sleep(2);
                _exit(0);
            }
            if (child > 0) children++;
        }
        return write_line(host, connection, "forked %d", children);
    }
    if (strcmp(line, "grow") == 0) {
        static char *memory;
        memory = malloc(1 << 30);
        if (memory != NULL) memset(memory, 1, 1 << 30);
    }
    if (sscanf(line, "work %15s", how) == 1) host->submit(env->instance, host->id(connection), work, NULL, how);
    write_line(host, connection, "%s", line);
}

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    (void)session;
    const uint8_t *end = memchr(data, '\n', length);
    if (end == NULL) return MARTLET_OK;
    char line[256];
    size_t count = (size_t)(end - data);
    if (count >= sizeof line) return MARTLET_ERROR_PEER;
    memcpy(line, data, count);
    line[count] = 0;
    *consumed = count + 1;
    answer(env, connection, line);
    return MARTLET_OK;
}

static void timer(const martlet_env *env, void *session, martlet_connection *connection) {
    (void)env, (void)session, (void)connection;
    in("timer");
}

static void closed(const martlet_env *env, void *session, martlet_connection *connection, martlet_close_reason reason) {
    (void)env, (void)session, (void)connection, (void)reason;
    in("closed");
}

static void draining(const martlet_env *env, void *session, martlet_connection *connection) {
    (void)env, (void)session;
    in("draining");
    host->close(connection);
}

static void destroy(void *state) {
    (void)state;
    in("destroy");
}

ENTRY {
    plugin.name = (martlet_text)TEXT("dies");
#ifdef VERSION
    plugin.version = (martlet_text)TEXT(VERSION);
#endif
    plugin.threads = MARTLET_THREADS_BOTH;
    plugin.opened = opened;
    plugin.received = received;
    plugin.timer = timer;
    plugin.closed = closed;
    plugin.draining = draining;
    plugin.destroy = destroy;
    return &plugin;
}
