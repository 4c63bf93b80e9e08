/*
 * Counts lines. The plugin answers each line of a peer with its number and its length.
 *
 * The host keeps unconsumed input and presents it again together with the bytes that follow, so the plugin needs no
 * buffer.
 */
#include "martlet.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION "1.0.0"
#define TEXT(literal) {literal, sizeof(literal) - 1}

/* One for each listener and generation. Its sessions run on several threads, so everything that they share must be
 * thread-safe. */
struct instance {
    size_t max_line; /* bytes */
    char *greeting;  /* with its LF */
    size_t greeting_length;
    martlet_metric lines_total;
    const martlet_metrics *metrics; /* NULL: this host does not have them */
    martlet_metric line_bytes;
    atomic_uint_least64_t lines;
};

/* One for each peer, in the host's memory, initially all 0. Its callbacks run one after the other. It is plain: the host
 * may copy it, so it contains no pointers. When you change it, change `session_layout` too. */
struct session {
    uint64_t lines;
};

/* ------------------------------------------------------------------------------------------------- instance -- */

static const martlet_option options[] = {
    {
        .size = sizeof(martlet_option),
        .type = MARTLET_TYPE_SIZE,
        .key = TEXT("max_line"),
        .help = TEXT("Longest line."),
        .default_value = TEXT("\"4KiB\""),
        .minimum = 16,
        .maximum = 65536,
    },
    {
        .size = sizeof(martlet_option),
        .type = MARTLET_TYPE_TEXT,
        .key = TEXT("greeting"),
        .help = TEXT("The first line for each peer; empty: no greeting."),
        .default_value = TEXT("\"\""),
        .minimum = 1, /* no range */
    },
};

/* The host has checked the options and filled in the defaults. */
static const martlet_value *option(const martlet_value *table, const char *key) {
    for (size_t i = 0; i < table->item_count; i++) {
        const martlet_value *value = table->items[i];
        if (value->key.length == strlen(key) && memcmp(value->key.data, key, value->key.length) == 0) return value;
    }
    return NULL;
}

/* A host that refuses a metric logs why and returns an error, which `metric_add` and `observe` ignore. */
static void register_metrics(struct instance *instance, const martlet_host *host, martlet_instance *handle) {
    static const uint64_t bounds[] = {16, 64, 256, 1024};
    instance->lines_total = host->metric_register(handle, MARTLET_METRIC_COUNTER, (martlet_text)TEXT("lines_total"),
                                                  (martlet_text)TEXT("Lines that peers have sent."));
    instance->metrics = host->extension(handle, (martlet_text)TEXT(MARTLET_METRICS));
    if (instance->metrics == NULL) return;
    const martlet_metric_description description = {
        .size = sizeof description,
        .kind = MARTLET_METRIC_HISTOGRAM,
        .name = TEXT("line_bytes"),
        .help = TEXT("Lengths of lines."),
        .bounds = bounds,
        .bound_count = sizeof bounds / sizeof *bounds,
    };
    instance->line_bytes = instance->metrics->declare(handle, &description);
}

static void destroy(void *state) {
    struct instance *instance = state;
    free(instance->greeting);
    free(instance);
}

static martlet_result create(const martlet_plugin *descriptor, const martlet_host *host, martlet_instance *handle,
                             const martlet_value *given, void **state) {
    (void)descriptor;
    const martlet_value *max_line = option(given, "max_line"), *greeting = option(given, "greeting");
    if (max_line == NULL || greeting == NULL) return MARTLET_ERROR_ARGUMENT;
    size_t length = greeting->text.length;
    if (length > 0 && memchr(greeting->text.data, '\n', length)) {
        host->refuse(handle, (martlet_text)TEXT("greeting"), (martlet_text)TEXT("must be one line"));
        return MARTLET_ERROR_ARGUMENT;
    }
    struct instance *instance = calloc(1, sizeof *instance);
    if (instance == NULL) return MARTLET_ERROR_MEMORY;
    instance->max_line = (size_t)max_line->integer;
    if (length > 0) {
        instance->greeting = malloc(length + 1);
        if (instance->greeting == NULL) {
            destroy(instance);
            return MARTLET_ERROR_MEMORY;
        }
        memcpy(instance->greeting, greeting->text.data, length);
        instance->greeting[length] = '\n';
        instance->greeting_length = length + 1;
    }
    register_metrics(instance, host, handle);
    *state = instance;
    return MARTLET_OK;
}

/* -------------------------------------------------------------------------------------------------- session -- */

static martlet_result opened(const martlet_env *env, martlet_connection *connection, const martlet_opening *opening,
                             void **session) {
    (void)opening, (void)session;
    const struct instance *instance = env->state;
    if (instance->greeting_length > 0) env->host->write(connection, instance->greeting, instance->greeting_length);
    return MARTLET_OK;
}

static martlet_result say(const martlet_env *env, martlet_connection *connection, const char *format, uint64_t one,
                          uint64_t two) {
    char text[64];
    int length = snprintf(text, sizeof text, format, one, two);
    return env->host->write(connection, text, (size_t)length);
}

/* Any result but OK means stop: the peer does not read (FULL), or the connection is closing. */
static martlet_result take(const martlet_env *env, struct session *session, martlet_connection *connection,
                           const char *line, size_t length) {
    struct instance *instance = env->state;
    if (length > 0 && line[length - 1] == '\r') length--;
    if (length == 4 && memcmp(line, "quit", 4) == 0) {
        say(env, connection, "bye %" PRIu64 "\n", session->lines, 0);
        env->host->close(connection);
        return MARTLET_ERROR_CLOSED;
    }
    session->lines++;
    atomic_fetch_add_explicit(&instance->lines, 1, memory_order_relaxed);
    env->host->metric_add(env->instance, instance->lines_total, 1);
    if (instance->metrics != NULL) instance->metrics->observe(env->instance, instance->line_bytes, length);
    return say(env, connection, "%" PRIu64 " %" PRIu64 "\n", session->lines, length);
}

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    const struct instance *instance = env->state;
    while (*consumed < length) {
        const char *line = (const char *)data + *consumed;
        const char *end = memchr(line, '\n', length - *consumed);
        size_t count = end ? (size_t)(end - line) : length - *consumed;
        /* One more byte for the CR. */
        if (count > instance->max_line + 1) {
            /* Not MARTLET_ERROR_PEER: it would drop the answer. */
            env->host->write(connection, "error: line too long\n", 21);
            env->host->close(connection);
            *consumed = length;
            break;
        }
        if (end == NULL) break;
        *consumed += count + 1;
        /* After FULL the host presents the rest again; after `close` the rest does not matter. */
        if (take(env, session, connection, line, count) != MARTLET_OK) break;
    }
    return MARTLET_OK;
}

/* Nothing to do: the host frees the session. */
static void closed(const martlet_env *env, void *session, martlet_connection *connection, martlet_close_reason reason) {
    (void)env, (void)session, (void)connection, (void)reason;
}

/* ----------------------------------------------------------------------------- state that survives a swap -- */

/* If `session_layout` is the same in both generations, the host copies the memory of the session. If it differs, the
 * old generation saves the session and the new one restores it. */
static martlet_result save(const martlet_env *env, void *given, martlet_connection *connection, uint8_t *buffer,
                           size_t capacity, size_t *length) {
    (void)env, (void)connection;
    const struct session *session = given;
    *length = 8;
    if (capacity < 8) return MARTLET_OK; /* the host calls again with enough room */
    for (int i = 0; i < 8; i++) buffer[i] = (uint8_t)(session->lines >> (8 * i));
    return MARTLET_OK;
}

static martlet_result restore(const martlet_env *env, martlet_connection *connection, uint32_t version,
                              const uint8_t *data, size_t length, void **made) {
    (void)env, (void)connection;
    struct session *session = *made;
    if (version != 1 || length != 8) return MARTLET_ERROR_ARGUMENT;
    for (int i = 0; i < 8; i++) session->lines |= (uint64_t)data[i] << (8 * i);
    return MARTLET_OK;
}

static void moved(const martlet_env *env, void *session, martlet_connection *connection) {
    (void)env, (void)session, (void)connection;
}

/* ----------------------------------------------------------------------------------------------- operations -- */

static uint64_t lines(const martlet_env *env) { return atomic_load(&((struct instance *)env->state)->lines); }

/* ----------------------------------------------------------------------------------------------- descriptor -- */

static const martlet_session_state session_state = {
    .size = sizeof session_state,
    .version = 1,
    .oldest = 1,
    .newest = 1,
    .schema = TEXT("line-count.session"),
    .save = save,
    .restore = restore,
    .moved = moved,
    /* If the process dies, its successor goes on with the lines of each peer. */
    .flags = MARTLET_SESSION_CHECKPOINT_ALWAYS,
};

static const martlet_operation operation_list[] = {{
    .size = sizeof(martlet_operation),
    .place = MARTLET_ON_CONTROL,
    .name = TEXT("lines"),
    .signature = TEXT("u64()"),
    .help = TEXT("Lines since the last swap"),
    .function = (void (*)(void))lines,
}};

static const martlet_operations operations = {
    .size = sizeof operations, .operations = operation_list, .operation_count = 1};

static const martlet_extension extensions[] = {
    {.size = sizeof(martlet_extension), .id = TEXT(MARTLET_SESSION_STATE), .functions = &session_state},
    {.size = sizeof(martlet_extension), .id = TEXT(MARTLET_OPERATIONS), .functions = &operations},
};

static const martlet_plugin plugin = {
    .size = sizeof plugin,
    .abi = MARTLET_ABI_VERSION,
    .name = TEXT("line-count"),
    .version = TEXT(VERSION),
    .summary = TEXT("Counts lines"),
    .example = TEXT("printf 'one\\ntwo\\nquit\\n' | nc {host} {port}"),
    .threads = MARTLET_THREADS_BOTH,
    .flags = MARTLET_PLUGIN_UNLOADABLE | MARTLET_PLUGIN_PLAIN_SESSIONS,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .extensions = extensions,
    .extension_count = sizeof extensions / sizeof *extensions,
    .session_size = sizeof(struct session),
    .session_align = _Alignof(struct session),
    .session_layout = TEXT("line-count.session/1"),
    .create = create,
    .destroy = destroy,
    .opened = opened,
    .received = received,
    .closed = closed,
};

const martlet_plugin *martlet_plugin_entry(martlet_abi host_abi) {
    (void)host_abi; /* any host of this major version will do */
    return &plugin;
}
