/*
 * The functions that the lines of switchboard.c call.
 */
#ifndef SWITCHBOARD_H
#define SWITCHBOARD_H

#include "line.h"
#include "minimal.h"
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct session {
    martlet_origin origin;
    martlet_address peer, local;
    char endpoint[128];
};

#define NO_RESULT ((martlet_result)99)

#define answer(connection, ...) write_line(host, connection, __VA_ARGS__)

__attribute__((format(printf, 2, 3))) static void note(const martlet_env *env, const char *format, ...) {
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    host->log(env->instance, MARTLET_LOG_INFO, (martlet_text){line, (size_t)length});
}

static const char *text_of(const martlet_address *address, char *text, size_t size) {
    char digits[INET6_ADDRSTRLEN] = "";
    if (address->family == MARTLET_FAMILY_UNIX) return "unix";
    inet_ntop(address->family == MARTLET_FAMILY_IPV4 ? AF_INET : AF_INET6, address->address, digits, sizeof digits);
    snprintf(text, size, address->family == MARTLET_FAMILY_IPV4 ? "%s:%u" : "[%s]:%u", digits, address->port);
    return text;
}

/* Reports the addresses that `opened` got. `peer` and `local` must return the same ones. */
static void say_where(const struct session *session, martlet_connection *connection) {
    martlet_address peer = {.size = sizeof peer}, local = {.size = sizeof local};
    char one[64], two[64];
    host->peer(connection, &peer);
    host->local(connection, &local);
    if (memcmp(&peer, &session->peer, sizeof peer) != 0 || memcmp(&local, &session->local, sizeof local) != 0)
        answer(connection, "opened got other addresses");
    else
        answer(connection, "origin %u endpoint %s peer %s local %s", session->origin, session->endpoint,
               text_of(&peer, one, sizeof one), text_of(&local, two, sizeof two));
}

/* The reserved memory stays valid while the plugin calls functions that write nothing. */
static void reserve_and_ask(martlet_connection *connection) {
    static const char line[] = "what was reserved has stayed\n";
    size_t length = sizeof line - 1, half = length / 2;
    uint8_t *out = host->reserve(connection, length);
    if (out == NULL) return;
    memcpy(out, line, half);
    martlet_address address = {.size = sizeof address};
    martlet_request done = {.size = sizeof done, .status = 200, .method = TEXT("RESERVE")};
    host->peer(connection, &address);
    host->local(connection, &address);
    host->set_timer(connection, 60000);
    host->set_timer(connection, 0);
    host->want(connection, 1000);
    host->want(connection, 0);
    host->pause(connection);
    host->resume(connection);
    host->expect_input(connection, 1);
    host->expect_input(connection, 0);
    host->request_done(connection, &done);
    if (host->id(connection) == 0 || host->monotonic_time(connection) == 0 || host->wall_clock(connection) == 0) return;
    memcpy(out + half, line + half, length - half);
    host->commit(connection, length);
}

static void fill(martlet_connection *connection, size_t length) {
    uint8_t *bytes = malloc(length);
    memset(bytes, '.', length);
    bytes[length - 1] = '\n';
    host->write(connection, bytes, length);
    free(bytes);
}

static void say_what_is_refused(const martlet_env *env, martlet_connection *connection, martlet_text listener) {
    uint8_t *out = host->reserve(connection, 1);
    note(env, "after hand_over: reserve %s, write %d, close %d, want %d, pause %d, set_timer %d, hand_over %d",
         out == NULL ? "NULL" : "memory", host->write(connection, "x", 1), host->close(connection),
         host->want(connection, 10), host->pause(connection), host->set_timer(connection, 10),
         host->hand_over(connection, listener));
}

#endif
