/*
 * Sessions that send each other messages. The first line that a peer gets is its number, and "NUMBER text" sends a text
 * to the peer with that number. The sessions move, so sender and receiver may belong to different generations.
 */
#include "minimal.h"
#include <stdio.h>
#include <stdlib.h>

#ifndef STATE_VERSION
#define STATE_VERSION 1
#endif
#ifndef NEWEST
#define NEWEST STATE_VERSION
#endif

struct relay {
    const martlet_host *host;
    martlet_instance *instance;
    martlet_metric lost;
};

struct session {
    struct relay *relay;
};

struct message {
    struct relay *relay;
    size_t length;
    char text[];
};

static martlet_result create(const martlet_plugin *descriptor, const martlet_host *given, martlet_instance *instance,
                             const martlet_value *options, void **state) {
    (void)descriptor, (void)options;
    struct relay *relay = calloc(1, sizeof *relay);
    *relay = (struct relay){given, instance,
                            given->metric_register(instance, MARTLET_METRIC_COUNTER, (martlet_text)TEXT("lost_total"),
                                                   (martlet_text)TEXT("Counts"))};
    *state = relay;
    return MARTLET_OK;
}

static void destroy(void *state) { free(state); }

static martlet_result opened(const martlet_env *env, martlet_connection *connection, const martlet_opening *opening,
                             void **given) {
    (void)opening;
    struct session *session = malloc(sizeof *session);
    session->relay = env->state;
    *given = session;
    char line[32];
    int length = snprintf(line, sizeof line, "%llu\n", (unsigned long long)env->host->id(connection));
    env->host->write(connection, line, (size_t)length);
    return MARTLET_OK;
}

static void arrive(const martlet_env *env, void *context, martlet_connection *connection, void *given) {
    struct message *message = context;
    struct session *session = given;
    /* A session or an env of another generation has another relay. */
    if (session == NULL || session->relay != message->relay || env->state != message->relay)
        message->relay->host->metric_add(message->relay->instance, message->relay->lost, 1);
    else
        env->host->write(connection, message->text, message->length);
    free(message);
}

static martlet_result received(const martlet_env *env, void *given, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    (void)connection;
    struct session *session = given;
    const char *line = (const char *)data, *end = line + length, *newline;
    while ((newline = memchr(line, '\n', (size_t)(end - line))) != NULL) {
        char *text;
        unsigned long long id = strtoull(line, &text, 10);
        /* strtoull(3) skips line ends too. */
        if (text > newline) text = (char *)newline;
        size_t count = (size_t)(newline + 1 - text);
        struct message *message = malloc(sizeof *message + count);
        message->relay = session->relay;
        message->length = count;
        memcpy(message->text, text, count);
        if (env->host->post(env->instance, id, arrive, message) != MARTLET_OK) {
            free(message);
            break;
        }
        line = newline + 1;
    }
    *consumed = (size_t)(line - (const char *)data);
    return MARTLET_OK;
}

static void closed(const martlet_env *env, void *given, martlet_connection *connection, martlet_close_reason reason) {
    (void)env, (void)connection, (void)reason;
    free(given);
}

static martlet_result save(const martlet_env *env, void *given, martlet_connection *connection, uint8_t *buffer,
                           size_t capacity, size_t *length) {
    (void)env, (void)given, (void)connection;
    if (capacity >= 1) buffer[0] = 'r';
    *length = 1;
    return MARTLET_OK;
}

static martlet_result restore(const martlet_env *env, martlet_connection *connection, uint32_t version,
                              const uint8_t *data, size_t length, void **given) {
    (void)connection, (void)version, (void)data, (void)length;
    struct session *session = malloc(sizeof *session);
    session->relay = env->state;
    *given = session;
    return MARTLET_OK;
}

static void moved(const martlet_env *env, void *given, martlet_connection *connection) {
    (void)env, (void)connection;
    free(given);
}

static const martlet_session_state state = {
    .size = sizeof state, .version = STATE_VERSION, .oldest = 1, .newest = NEWEST, .schema = TEXT("relay.session"),
    .save = save, .restore = restore, .moved = moved,
};
static const martlet_extension extensions[] = {
    {.size = sizeof(martlet_extension), .id = TEXT(MARTLET_SESSION_STATE), .functions = &state}};

ENTRY {
    plugin.name = (martlet_text)TEXT("relay");
    plugin.version = (martlet_text)TEXT(VERSION);
    plugin.flags = MARTLET_PLUGIN_UNLOADABLE;
    plugin.extensions = extensions;
    plugin.extension_count = 1;
    plugin.create = create;
    plugin.destroy = destroy;
    plugin.opened = opened;
    plugin.received = received;
    plugin.closed = closed;
    return &plugin;
}
