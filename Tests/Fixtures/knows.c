/*
 * Knows its clients. Each line gets one line:
 *
 *     plain NAME SECRET   "you are NAME", with " read" if it only reads, and the prefixes of its keys
 *     token SECRET        the same
 *     scram MESSAGE       the message that the client answers
 *     call NAME           "called NAME": the plugin says itself who the client is
 *     other MESSAGE       a mechanism that nobody knows
 *     who                 "you are NAME" or "nobody"
 *
 * or "denied", "limited", "away", "malformed", "error NUMBER".
 */
#include "minimal.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const martlet_users *users;

struct client {
    char name[160];
};

static void say(martlet_connection *connection, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(martlet_connection *connection, const char *format, ...) {
    char line[2300];
    va_list arguments;
    va_start(arguments, format);
    int count = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    host->write(connection, line, (size_t)count < sizeof line ? (size_t)count : sizeof line - 1);
}

static martlet_result create(const martlet_plugin *descriptor, const martlet_host *given, martlet_instance *instance,
                             const martlet_value *options, void **state) {
    minimal_create(descriptor, given, instance, options, state);
    users = host->extension(instance, (martlet_text)TEXT(MARTLET_USERS));
    if (!users || users->required(NULL) != 0) return MARTLET_ERROR_UNSUPPORTED;
    // A plugin that does not ask is refused where there are users.
    users->required(instance);
    return MARTLET_OK;
}

static void authenticated(const martlet_env *env, void *context, martlet_connection *connection, void *session,
                          const martlet_authentication_answer *answer) {
    (void)env, (void)context;
    if (!connection) return;
    switch (answer->outcome) {
    case MARTLET_AUTHENTICATION_DONE: {
        const martlet_user *user = answer->user;
        snprintf(((struct client *)session)->name, 160, "%.*s", (int)user->name.length, user->name.data);
        char prefixes[512] = "";
        for (size_t index = 0; index < user->prefix_count; index++) {
            size_t used = strlen(prefixes);
            snprintf(prefixes + used, sizeof prefixes - used, " %.*s", (int)user->prefixes[index].length,
                     user->prefixes[index].data);
        }
        say(connection, "you are %s%s%s\n", ((struct client *)session)->name,
            user->rights & MARTLET_USER_READ_ONLY ? " read" : "", prefixes);
        break;
    }
    case MARTLET_AUTHENTICATION_CONTINUE:
        say(connection, "%.*s\n", (int)answer->data.length, answer->data.data);
        break;
    case MARTLET_AUTHENTICATION_LIMITED: say(connection, "limited\n"); break;
    case MARTLET_AUTHENTICATION_AWAY: say(connection, "away\n"); break;
    case MARTLET_AUTHENTICATION_MALFORMED: say(connection, "malformed\n"); break;
    default: say(connection, "denied\n");
    }
}

static martlet_result opened(const martlet_env *env, martlet_connection *connection, const martlet_opening *opening,
                             void **session) {
    (void)env, (void)connection, (void)opening;
    return (*session = calloc(1, sizeof(struct client))) ? MARTLET_OK : MARTLET_ERROR_MEMORY;
}

static void answer(martlet_connection *connection, struct client *client, char *line, size_t length) {
    martlet_result result = MARTLET_OK;
    if (!strncmp(line, "plain ", 6)) {
        char message[1024] = "", name[160] = "", secret[160] = "";
        sscanf(line + 6, "%159s %159s", name, secret);
        size_t count = (size_t)snprintf(message, sizeof message, "%c%s%c%s", 0, name, 0, secret);
        result = users->authenticate(connection, MARTLET_MECHANISM_PLAIN, (martlet_text){message, count}, authenticated,
                                     NULL);
    } else if (!strncmp(line, "token ", 6)) {
        result = users->authenticate(connection, MARTLET_MECHANISM_TOKEN, (martlet_text){line + 6, length - 6},
                                     authenticated, NULL);
    } else if (!strncmp(line, "scram ", 6)) {
        result = users->authenticate(connection, MARTLET_MECHANISM_SCRAM, (martlet_text){line + 6, length - 6},
                                     authenticated, NULL);
    } else if (!strncmp(line, "other ", 6)) {
        result = users->authenticate(connection, 99, (martlet_text){line + 6, length - 6}, authenticated, NULL);
    } else if (!strncmp(line, "call ", 5)) {
        result = users->set_principal(connection, (martlet_text){line + 5, length - 5});
        if (result == MARTLET_OK) say(connection, "called %s\n", line + 5);
    } else {
        say(connection, client->name[0] ? "you are %s\n" : "nobody\n", client->name);
    }
    if (result != MARTLET_OK) say(connection, "error %d\n", result);
}

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    (void)env;
    const uint8_t *start = data, *end;
    while ((end = memchr(start, '\n', length - (size_t)(start - data)))) {
        char line[4096];
        size_t count = (size_t)(end - start) < sizeof line - 1 ? (size_t)(end - start) : sizeof line - 1;
        memcpy(line, start, count);
        line[count] = 0;
        answer(connection, session, line, count);
        start = end + 1;
    }
    *consumed = (size_t)(start - data);
    return MARTLET_OK;
}

static void closed(const martlet_env *env, void *session, martlet_connection *connection, martlet_close_reason reason) {
    (void)env, (void)connection, (void)reason;
    free(session);
}

ENTRY {
    plugin.name = (martlet_text)TEXT("knows");
    plugin.create = create;
    plugin.opened = opened;
    plugin.received = received;
    plugin.closed = closed;
    return &plugin;
}
