/* The functions of the host for event loops and groups. The line that names a function calls it. Only every-function.c includes this
 * file. */
#ifndef EVERY_FUNCTION_LOOPS_H
#define EVERY_FUNCTION_LOOPS_H

#include "every-function.h"

/* --------------------------------------------------------------------------------------------------------- loops -- */

/* Something to say to a connection later. */
struct note {
    struct instance *instance;
    martlet_connection_id id;
    size_t length;
    char line[];
};

static struct note *make_note(const struct call *call) {
    struct note *note = malloc(sizeof *note + call->length + 1);
    note->instance = call->env->state;
    note->id = call->env->host->id(call->connection);
    note->length = call->length + 1;
    memcpy(note->line, call->rest, call->length);
    note->line[call->length] = '\n';
    return note;
}

static void say(const martlet_env *env, const struct note *note) {
    const martlet_loops *loops = note->instance->loops;
    martlet_connection *connection = loops->connection(env, note->id);
    if (connection != NULL) env->host->write(connection, note->line, note->length);
}

/* "connection ID": tells another connection of this loop. */
static void call_connection(const struct call *call) {
    const martlet_loops *loops = ((struct instance *)call->env->state)->loops;
    martlet_connection *other = loops->connection(call->env, number(call));
    ANSWER("connection %s", other == NULL ? "is not here" : "is here");
    if (other != NULL) answer(call->env, other, "hello from %llu",
                              (unsigned long long)call->env->host->id(call->connection));
}

static void say_and_free(const martlet_env *env, void *context, martlet_connection *connection, void *session) {
    (void)connection, (void)session;
    if (env->state != NULL) say(env, context);
    free(context);
}

/* "post_loop TEXT": the text comes back from a delivery to this loop. */
static void call_post_loop(const struct call *call) {
    const martlet_loops *loops = ((struct instance *)call->env->state)->loops;
    struct note *note = make_note(call);
    if (loops->post(call->env->instance, call->env->loop, say_and_free, note) != MARTLET_OK) free(note);
}

static void tick(const martlet_env *env, void *context) { say(env, context); }

static void end_of_timer(void *context) {
    struct note *note = context;
    note->instance->host->metric_add(note->instance->instance, note->instance->released, 1);
    free(note);
}

/* "start_timer TEXT": the text comes every 20 milliseconds. */
static void call_start_timer(const struct call *call) {
    const martlet_loops *loops = ((struct instance *)call->env->state)->loops;
    struct note *note = make_note(call);
    martlet_result result = loops->start_timer(call->env->instance, call->env->loop, 20, 20, tick, end_of_timer, note,
                                               &call->session->timer);
    if (result != MARTLET_OK) free(note);
    ANSWER("start_timer %d", result);
}

static void call_cancel_timer(const struct call *call) {
    const martlet_loops *loops = ((struct instance *)call->env->state)->loops;
    ANSWER("cancel_timer %d", loops->cancel_timer(call->env->instance, call->session->timer));
}

/* -------------------------------------------------------------------------------------------------------- groups -- */

static void call_join(const struct call *call) {
    const martlet_groups *groups = ((struct instance *)call->env->state)->groups;
    martlet_text group = {call->rest, call->length};
    martlet_membership membership = {.size = sizeof membership, .policy = MARTLET_BACKLOG_CLOSE, .backlog = 65536};
    ANSWER("join %d", groups->join(call->connection, group, &membership));
}

static void call_leave(const struct call *call) {
    const martlet_groups *groups = ((struct instance *)call->env->state)->groups;
    martlet_text group = {call->rest, call->length};
    ANSWER("leave %d", groups->leave(call->connection, group));
}

/* "send GROUP": the name of the group goes to all members but this one. */
static void call_send(const struct call *call) {
    const martlet_groups *groups = ((struct instance *)call->env->state)->groups;
    martlet_text group = {call->rest, call->length};
    struct note *note = make_note(call);
    ANSWER("send %d", groups->send(call->env->instance, group, note->line, note->length, note->id));
    free(note);
}

static void call_count(const struct call *call) {
    const martlet_groups *groups = ((struct instance *)call->env->state)->groups;
    martlet_text group = {call->rest, call->length};
    ANSWER("count %llu", (unsigned long long)groups->count(call->env->instance, group));
}

/* --------------------------------------------------------------------------------------------------- checkpoints -- */

/* "state": how the bytes pass. */
static void call_state(const struct call *call) {
    const martlet_transport *transport = ((struct instance *)call->env->state)->transport;
    ANSWER("state %u", (unsigned)transport->state(call->connection));
}

/* "text NUMBER": a fact, and where there may be several, all of them. */
static void call_text(const struct call *call) {
    const martlet_transport *transport = ((struct instance *)call->env->state)->transport;
    char found[1024] = "";
    martlet_result result = MARTLET_OK;
    for (size_t index = 0; index < 4; index++) {
        martlet_text text;
        result = transport->text(call->connection, (martlet_transport_fact)number(call), index, &text);
        if (result != MARTLET_OK || text.length == 0) break;
        size_t used = strlen(found);
        snprintf(found + used, sizeof found - used, " %.*s", (int)text.length, text.data);
    }
    ANSWER("text %d%s", result, found);
}

static void call_checkpoint(const struct call *call) {
    const martlet_checkpoints *checkpoints = ((struct instance *)call->env->state)->checkpoints;
    ANSWER("checkpoint %d", checkpoints->checkpoint(call->connection));
}

/* ------------------------------------------------------------------------------------------------ instance state -- */

static void call_lines(const struct call *call) {
    struct instance *own = call->env->state;
    ANSWER("lines %u", atomic_load(&own->lines));
}

#endif
