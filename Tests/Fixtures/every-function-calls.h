/* The functions of the host for a connection. The line that names a function calls it. Only every-function.c includes this file. */
#ifndef EVERY_FUNCTION_CALLS_H
#define EVERY_FUNCTION_CALLS_H

#include "every-function.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* -------------------------------------------------------------------------------------------------------- output -- */

static void call_reserve(const struct call *call) {
    uint8_t *room = call->env->host->reserve(call->connection, call->length + 1);
    if (room == NULL) return;
    memcpy(room, call->rest, call->length);
    room[call->length] = '\n';
    call->env->host->commit(call->connection, call->length + 1);
}

static void call_write(const struct call *call) {
    call->env->host->write(call->connection, call->rest, call->length);
    call->env->host->write(call->connection, "\n", 1);
}

struct loan {
    struct instance *instance;
    int file; /* -1: none */
    char bytes[];
};

static void take_back(void *context) {
    struct loan *loan = context;
    if (loan->file >= 0) close(loan->file);
    loan->instance->host->metric_add(loan->instance->instance, loan->instance->released, 1);
    free(loan);
}

static struct loan *lend(const struct call *call, int file) {
    struct loan *loan = malloc(sizeof *loan + call->length + 1);
    loan->instance = call->env->state;
    loan->file = file;
    memcpy(loan->bytes, call->rest, call->length);
    loan->bytes[call->length] = '\n';
    return loan;
}

static void call_write_shared(const struct call *call) {
    struct loan *loan = lend(call, -1);
    call->env->host->write_shared(call->connection, loan->bytes, call->length + 1, take_back, loan);
}

static void call_send_file(const struct call *call) {
    struct instance *instance = call->env->state;
    struct stat status;
    int file = open(instance->file, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) != 0) return;
    call->env->host->send_file(call->connection, file, 0, (uint64_t)status.st_size, take_back, lend(call, file));
}

/* Writes until the output is full. The host calls `writable` once the peer reads. */
static void call_full(const struct call *call) {
    static const char block[4096] = {0};
    while (call->env->host->write(call->connection, block, sizeof block) == MARTLET_OK) continue;
    call->session->waits = 1;
    call->session->rest_is_for_later = 1;
}

/* --------------------------------------------------------------------------------------------------------- input -- */

static void call_want(const struct call *call) {
    call->session->wanted = number(call);
    call->session->rest_is_for_later = 1;
    ANSWER("want %d", call->env->host->want(call->connection, call->session->wanted));
}

/* The timer resumes the input. */
static void call_pause(const struct call *call) {
    call->session->paused = 1;
    call->session->rest_is_for_later = 1;
    call->env->host->pause(call->connection);
    call->env->host->set_timer(call->connection, 50);
}

static void call_expect_input(const struct call *call) {
    ANSWER("expect_input %d", call->env->host->expect_input(call->connection, (uint32_t)number(call)));
}

/* ----------------------------------------------------------------------------------------------------------- end -- */

static void call_close(const struct call *call) {
    ANSWER("bye");
    call->env->host->close(call->connection);
    call->session->rest_is_for_later = 1;
}

static void call_abort(const struct call *call) {
    call->env->host->abort(call->connection, says(call, "peer")   ? MARTLET_ERROR_PEER
                                             : says(call, "self") ? MARTLET_ERROR_MEMORY
                                                                  : MARTLET_OK);
    call->session->rest_is_for_later = 1;
}

static void call_fail(const struct call *call) {
    call->session->result = says(call, "peer") ? MARTLET_ERROR_PEER : MARTLET_ERROR_UNSUPPORTED;
    call->session->rest_is_for_later = 1;
}

static void call_hand_over(const struct call *call) {
    martlet_text listener = {call->rest, call->length};
    martlet_result result = call->env->host->hand_over(call->connection, listener);
    if (result != MARTLET_OK) ANSWER("hand_over %d", result);
    else call->session->rest_is_for_later = 1;
}

static void call_start_tls(const struct call *call) {
    ANSWER("start_tls %d", call->env->host->start_tls(call->connection));
}

/* ------------------------------------------------------------------------------------------- about the connection -- */

static void call_peer_and_local(const struct call *call) {
    martlet_address peer = {.size = sizeof peer}, local = {.size = sizeof local};
    call->env->host->peer(call->connection, &peer);
    call->env->host->local(call->connection, &local);
    ANSWER("%u.%u.%u.%u:%u at %u.%u.%u.%u:%u", peer.address[0], peer.address[1], peer.address[2], peer.address[3],
           peer.port, local.address[0], local.address[1], local.address[2], local.address[3], local.port);
}

static void call_id(const struct call *call) {
    ANSWER("%llu", (unsigned long long)call->env->host->id(call->connection));
}

static void call_clocks(const struct call *call) {
    ANSWER("%llu %lld", (unsigned long long)call->env->host->monotonic_time(call->connection),
           (long long)call->env->host->wall_clock(call->connection));
}

static void call_request_done(const struct call *call) {
    martlet_request request = {.size = sizeof request, .status = (uint32_t)number(call), .bytes = 5,
                               .method = TEXT("LINE"), .target = TEXT("request_done")};
    ANSWER("request_done %d", call->env->host->request_done(call->connection, &request));
}

#endif
