/* The session state, the instance state and the operations of the every-function plugin. Only every-function.c includes this file. */
#ifndef EVERY_FUNCTION_EXTENSIONS_H
#define EVERY_FUNCTION_EXTENSIONS_H

#include "every-function.h"

static martlet_result save(const martlet_env *env, void *session, martlet_connection *connection, uint8_t *buffer,
                           size_t capacity, size_t *length) {
    (void)env, (void)connection;
    *length = sizeof(struct session);
    if (*length <= capacity) memcpy(buffer, session, *length);
    return MARTLET_OK;
}

static martlet_result restore(const martlet_env *env, martlet_connection *connection, uint32_t version,
                              const uint8_t *data, size_t length, void **given) {
    (void)connection;
    struct instance *own = env->state;
    if (version != 1 || length != sizeof(struct session)) return MARTLET_ERROR_UNSUPPORTED;
    *given = malloc(length);
    memcpy(*given, data, length);
    env->host->metric_add(env->instance, own->restored, 1);
    return MARTLET_OK;
}

static void moved(const martlet_env *env, void *session, martlet_connection *connection) {
    (void)connection;
    struct instance *own = env->state;
    env->host->metric_add(env->instance, own->moved, 1);
    free(session);
}

static const martlet_session_state session_state = {
    .size = sizeof session_state, .version = 1, .oldest = 1, .newest = 1, .schema = TEXT("every-function.session"),
    .save = save, .restore = restore, .moved = moved, .flags = MARTLET_SESSION_CHECKPOINT,
};

static martlet_result save_lines(const martlet_env *env, martlet_state_put put, void *put_context) {
    struct instance *own = env->state;
    uint32_t lines = atomic_load(&own->lines);
    return put(put_context, &lines, sizeof lines);
}

/* Takes one piece; the call with `length` 0 is the end. */
static martlet_result restore_lines(const martlet_env *env, uint32_t version, const uint8_t *data, size_t length) {
    struct instance *own = env->state;
    uint32_t lines;
    if (length == 0) return MARTLET_OK;
    if (version != 1 || length != sizeof lines) return MARTLET_ERROR_UNSUPPORTED;
    memcpy(&lines, data, sizeof lines);
    atomic_store(&own->lines, lines);
    return MARTLET_OK;
}

static void lines_moved(const martlet_env *env) { tell_log(env, MARTLET_LOG_INFO, "the lines have moved"); }

static const martlet_instance_state instance_state = {
    .size = sizeof instance_state, .version = 1, .oldest = 1, .newest = 1, .schema = TEXT("every-function.lines"),
    .flags = MARTLET_STATE_STAYS_USABLE, .save = save_lines, .restore = restore_lines, .moved = lines_moved,
};

/* Returns "Hello, NAME". Refuses an empty name. */
static const char *greet(const martlet_env *env, const char *name) {
    size_t size = strlen(name) + sizeof "Hello, ";
    char *greeting = malloc(size);
    snprintf(greeting, size, "Hello, %s", name);
    if (*name == 0) {
        martlet_text argument = TEXT("name"), why = TEXT("expected a name");
        env->host->refuse(env->instance, argument, why);
    }
    return greeting;
}

/* Frees a result of `greet` and counts it. */
static void release(const martlet_env *env, const void *data) {
    struct instance *own = env->state;
    env->host->metric_add(env->instance, own->released, 1);
    free((void *)data);
}

static const martlet_operation list[] = {
    {.size = sizeof(martlet_operation), .place = MARTLET_ON_CONTROL, .name = TEXT("greet"),
     .signature = TEXT("cstr(cstr name)"), .help = TEXT("Greets"), .function = (void (*)(void))greet},
};
static const martlet_operations operations = {
    .size = sizeof operations, .operations = list, .operation_count = 1, .release = release};

static const martlet_extension extensions[] = {
    {.size = sizeof(martlet_extension), .id = TEXT(MARTLET_SESSION_STATE), .functions = &session_state},
    {.size = sizeof(martlet_extension), .id = TEXT(MARTLET_INSTANCE_STATE), .functions = &instance_state},
    {.size = sizeof(martlet_extension), .id = TEXT(MARTLET_OPERATIONS), .functions = &operations},
};

#endif
