/* The session state and the operations of the growth plugin. Only growth.c includes this file. */
#ifndef GROWTH_EXTENSIONS_H
#define GROWTH_EXTENSIONS_H

#include "growth.h"
#include <stdatomic.h>

static martlet_result save(const martlet_env *env, void *session, martlet_connection *connection, uint8_t *buffer,
                           size_t capacity, size_t *length) {
    (void)env, (void)connection;
    *length = sizeof(struct session);
    if (*length <= capacity) memcpy(buffer, session, *length);
    return MARTLET_OK;
}

static martlet_result restore(const martlet_env *env, martlet_connection *connection, uint32_t version,
                              const uint8_t *data, size_t length, void **given) {
    (void)env, (void)connection;
    if (version != 1 || length != sizeof(struct session)) return MARTLET_ERROR_UNSUPPORTED;
    struct session *session = malloc(sizeof *session);
    memcpy(session, data, length);
    *given = session;
    return MARTLET_OK;
}

static void moved(const martlet_env *env, void *session, martlet_connection *connection) {
    (void)env, (void)connection;
    free(session);
}

static const martlet_session_state session_state = {
    .size = sizeof session_state, .version = 1, .oldest = 1, .newest = 1, .schema = TEXT("growth.session"),
    .save = save, .restore = restore, .moved = moved, GROWN_MEMBER
};

static atomic_int lent;

static int64_t add(const martlet_env *env, int64_t one, int64_t two) {
    (void)env;
    return one + two;
}

static const char *options_text(const martlet_env *env) {
    const struct growth *growth = env->state;
    char *copy = malloc(growth->options.length + 1);
    memcpy(copy, growth->options.bytes, growth->options.length + 1);
    atomic_fetch_add(&lent, 1);
    return copy;
}

static int32_t lent_results(const martlet_env *env) {
    (void)env;
    return atomic_load(&lent);
}

static void release(const martlet_env *env, const void *data) {
    (void)env;
    atomic_fetch_sub(&lent, 1);
    free((void *)data);
}

#define OPERATION(text, where, types, given)                                                                           \
    {.size = sizeof(martlet_operation), .place = where, .name = TEXT(text), .signature = TEXT(types),                  \
     .help = TEXT("Help of " text), .function = (void (*)(void))given, GROWN_MEMBER}

static const martlet_operation list[] = {
    OPERATION("add", MARTLET_ON_CONTROL, "i64(i64 one, i64 two)", add),
    OPERATION("options", MARTLET_ON_WORKER, "cstr()", options_text),
    OPERATION("lent", MARTLET_ON_CONTROL, "i32()", lent_results),
};
static const martlet_operations operations = {
    .size = sizeof operations, .operations = list, .operation_count = sizeof list / sizeof *list, .release = release,
    GROWN_MEMBER
};

/* An extension that the host does not know. It comes first, so that the host finds the others only with the right stride. */
static const struct {
    uint32_t size;
} own = {4};

#define EXTENSION(text, table)                                                                                         \
    {.size = sizeof(martlet_extension), .id = TEXT(text), .functions = &table, GROWN_MEMBER}
static const martlet_extension extensions[] = {
    EXTENSION("example.own/1", own),
    EXTENSION(MARTLET_SESSION_STATE, session_state),
    EXTENSION(MARTLET_OPERATIONS, operations),
};

#endif
