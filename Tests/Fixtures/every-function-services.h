/* The functions of the host for an instance. The line that names a function calls it. Only every-function.c includes this file. */
#ifndef EVERY_FUNCTION_SERVICES_H
#define EVERY_FUNCTION_SERVICES_H

#include "every-function.h"
#include <ctype.h>

/* ---------------------------------------------------------------------------------------------------------- work -- */

struct job {
    size_t length;
    char line[];
};

static void shout(void *context) {
    struct job *job = context;
    for (size_t i = 0; i < job->length; i++) job->line[i] = (char)toupper((unsigned char)job->line[i]);
}

static void deliver(const martlet_env *env, void *context, martlet_connection *connection, void *session) {
    struct job *job = context;
    if (session != NULL) env->host->write(connection, job->line, job->length);
    free(job);
}

static struct job *make_job(const struct call *call) {
    struct job *job = malloc(sizeof *job + call->length + 1);
    job->length = call->length + 1;
    memcpy(job->line, call->rest, call->length);
    job->line[call->length] = '\n';
    return job;
}

static void call_submit(const struct call *call) {
    struct job *job = make_job(call);
    martlet_connection_id id = call->env->host->id(call->connection);
    if (call->env->host->submit(call->env->instance, id, shout, deliver, job) != MARTLET_OK) free(job);
}

static void call_post(const struct call *call) {
    struct job *job = make_job(call);
    martlet_connection_id id = call->env->host->id(call->connection);
    if (call->env->host->post(call->env->instance, id, deliver, job) != MARTLET_OK) free(job);
}

/* ----------------------------------------------------------------------------------------------------- telemetry -- */

static void call_log(const struct call *call) {
    tell_log(call->env, MARTLET_LOG_WARNING, "a peer said %.*s", (int)call->length, call->rest);
    ANSWER("logged");
}

static void call_log_enabled(const struct call *call) {
    const martlet_host *host = call->env->host;
    martlet_instance *instance = call->env->instance;
    ANSWER("trace %d debug %d info %d warning %d error %d", host->log_enabled(instance, MARTLET_LOG_TRACE),
           host->log_enabled(instance, MARTLET_LOG_DEBUG), host->log_enabled(instance, MARTLET_LOG_INFO),
           host->log_enabled(instance, MARTLET_LOG_WARNING), host->log_enabled(instance, MARTLET_LOG_ERROR));
}

static void call_metric_set(const struct call *call) {
    struct instance *instance = call->env->state;
    ANSWER("metric_set %d",
           call->env->host->metric_set(call->env->instance, instance->gauge, (int64_t)number(call)));
}

/* Counts the word that a peer chose. */
static void call_series(const struct call *call) {
    struct instance *instance = call->env->state;
    martlet_text word = {call->rest, call->length};
    martlet_metric series = instance->metrics->series(call->env->instance, instance->words, &word, 1);
    ANSWER("series %s, metric_add %d", series > 0 ? "found" : "not found",
           call->env->host->metric_add(call->env->instance, series, 1));
}

static void call_observe(const struct call *call) {
    struct instance *instance = call->env->state;
    ANSWER("observe %d", instance->metrics->observe(call->env->instance, instance->sizes, number(call)));
}

static void call_info(const struct call *call) {
    struct instance *instance = call->env->state;
    struct loop *loop = call->env->loop_state;
    const martlet_host_info *info = instance->info;
    martlet_text name = info->listener(call->env->instance);
    ANSWER("listener %.*s generation %u loops %u workers %u: loop %u, %s lines, origin %u at %s", (int)name.length,
           name.data, info->generation(call->env->instance), info->loop_count(call->env->instance),
           info->worker_count(call->env->instance), call->env->loop, loop->lines > 0 ? "some" : "no",
           call->session->origin, call->session->endpoint);
}

#endif
