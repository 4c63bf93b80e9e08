/* The every-function plugin's state of an instance, an event loop and a session. Only every-function.c includes this file. */
#ifndef EVERY_FUNCTION_H
#define EVERY_FUNCTION_H

#include <martlet.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef VERSION
#define VERSION "1.0.0"
#endif

#define TEXT(literal) {literal, sizeof(literal) - 1}

struct instance {
    const martlet_host *host;
    martlet_instance *instance;
    const martlet_host_info *info;
    const martlet_loops *loops;
    const martlet_groups *groups;
    const martlet_checkpoints *checkpoints;
    const martlet_transport *transport;
    const martlet_metrics *metrics;
    char file[256]; /* that send_file sends */
    atomic_uint lines; /* since the first generation: it is the instance state */
    martlet_metric started, stopped, destroyed, released, moved, restored, gauge;
    martlet_metric words, sizes; /* with a label; a histogram */
};

/* One for each event loop. */
struct loop {
    uint32_t lines;
};

struct session {
    uint32_t lines;
    uint32_t origin;
    char endpoint[64];
    size_t wanted;         /* bytes that the next `received` must present */
    martlet_timer timer;   /* that start_timer started last */
    int paused;            /* no `received` may come until the timer has fired */
    int waits;             /* for `writable` */
    int rest_is_for_later; /* this `received` must consume no more lines */
    martlet_result result; /* of this `received` */
};

/* A line of a peer: the name of a function and, in `rest`, the text after it. */
struct call {
    const martlet_env *env;
    struct session *session;
    martlet_connection *connection;
    const char *rest;
    size_t length;
};

static int says(const struct call *call, const char *text) {
    return call->length == strlen(text) && memcmp(call->rest, text, call->length) == 0;
}

static uint64_t number(const struct call *call) {
    char text[24] = {0};
    memcpy(text, call->rest, call->length < sizeof text ? call->length : sizeof text - 1);
    return strtoull(text, NULL, 10);
}

/* Writes a line to the peer. */
__attribute__((format(printf, 3, 4))) static void answer(const martlet_env *env, martlet_connection *connection,
                                                         const char *format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (length > (int)sizeof line - 2) length = sizeof line - 2;
    line[length] = '\n';
    env->host->write(connection, line, (size_t)length + 1);
}

#define ANSWER(...) answer(call->env, call->connection, __VA_ARGS__)

/* Writes a line to the log. */
__attribute__((format(printf, 3, 4))) static void tell_log(const martlet_env *env, martlet_log_level level,
                                                           const char *format, ...) {
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    env->host->log(env->instance, level, (martlet_text){line, (size_t)length});
}

#endif
