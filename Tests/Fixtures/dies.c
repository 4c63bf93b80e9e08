/*
 * Ends its process in the way that `HOW` says, in the callback that `WHEN` says. In `received` it does so when a line asks for it:
 * "die HOW". Other lines are echoed.
 */
#include "die.h"
#include "line.h"
#include "minimal.h"
#include <pthread.h>
#include <sys/socket.h>

#ifndef WHEN
#define WHEN "received"
#endif
#ifndef HOW
#define HOW "segv"
#endif

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
                sleep(30);
                _exit(0);
            }
            if (child > 0) children++;
        }
        return write_line(host, connection, "forked %d", children);
    }
    if (strcmp(line, "bomb") == 0 && fork() == 0)
        for (;;)
            if (fork() < 0) usleep(1000);
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
