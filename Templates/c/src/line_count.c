/*
 * Counts lines. Each line that a peer sends is answered with its number and its length.
 *
 * What is not consumed stays with the host, which presents it again together with what follows: there is no buffer here.
 */
#include "martlet.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION "1.0.0"
#define TEXT(literal) {literal, sizeof(literal) - 1}

/* One for each listener and generation. Its sessions run on several threads: what they share must bear it. */
struct instance {
    const martlet_host *host;
    martlet_instance *handle;
    size_t max_line; /* bytes */
    char *greeting;
    size_t greeting_length;
    martlet_metric lines_total;
    atomic_uint_least64_t lines;
};

/* One for each peer. Its callbacks come one after the other. */
struct session {
    struct instance *instance;
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
        .help = TEXT("A line to begin with; none when it is empty."),
        .default_value = TEXT("\"\""),
        .minimum = 1, /* no range */
    },
};

/* The host has checked the options and filled in the defaults. */
static const martlet_value *option(const martlet_value *table, const char *key) {
    for (size_t i = 0; i < table->item_count; i++) {
        const martlet_value *value = (const martlet_value *)((const char *)table->items + i * table->items->size);
        if (value->key.length == strlen(key) && memcmp(value->key.data, key, value->key.length) == 0) return value;
    }
    return NULL;
}

static void destroy(void *state) {
    struct instance *instance = state;
    free(instance->greeting);
    free(instance);
}

static martlet_result create(const martlet_host *host, martlet_instance *handle, const martlet_value *given,
                             void **state) {
    const martlet_value *max_line = option(given, "max_line"), *greeting = option(given, "greeting");
    if (max_line == NULL || greeting == NULL) return MARTLET_ERROR_ARGUMENT;
    if (memchr(greeting->text.data ? greeting->text.data : "", '\n', greeting->text.length)) {
        host->refuse(handle, (martlet_text)TEXT("greeting"), (martlet_text)TEXT("must be one line"));
        return MARTLET_ERROR_ARGUMENT;
    }
    struct instance *instance = calloc(1, sizeof *instance);
    if (instance == NULL) return MARTLET_ERROR_MEMORY;
    instance->host = host;
    instance->handle = handle;
    instance->max_line = (size_t)max_line->integer;
    instance->greeting_length = greeting->text.length;
    instance->greeting = malloc(greeting->text.length + 1);
    if (instance->greeting == NULL) {
        destroy(instance);
        return MARTLET_ERROR_MEMORY;
    }
    if (greeting->text.length > 0) memcpy(instance->greeting, greeting->text.data, greeting->text.length);
    instance->lines_total = host->metric_register(handle, MARTLET_METRIC_COUNTER, (martlet_text)TEXT("lines_total"),
                                                  (martlet_text)TEXT("Lines that peers have sent."));
    *state = instance;
    return MARTLET_OK;
}

/* -------------------------------------------------------------------------------------------------- session -- */

static struct session *make_session(struct instance *instance, uint64_t lines) {
    struct session *session = malloc(sizeof *session);
    if (session != NULL) *session = (struct session){.instance = instance, .lines = lines};
    return session;
}

static martlet_result opened(void *state, void *loop_state, martlet_connection *connection, void **session) {
    (void)loop_state;
    struct instance *instance = state;
    *session = make_session(instance, 0);
    if (*session == NULL) return MARTLET_ERROR_MEMORY;
    if (instance->greeting_length > 0) {
        instance->host->write(connection, instance->greeting, instance->greeting_length);
        instance->host->write(connection, "\n", 1);
    }
    return MARTLET_OK;
}

static martlet_result say(const martlet_host *host, martlet_connection *connection, const char *format, uint64_t one,
                          uint64_t two) {
    char text[64];
    int length = snprintf(text, sizeof text, format, one, two);
    return host->write(connection, text, (size_t)length);
}

/* Other than OK: to stop, because the peer does not read (FULL), or because the connection ends. */
static martlet_result take(struct session *session, martlet_connection *connection, const char *line, size_t length) {
    struct instance *instance = session->instance;
    const martlet_host *host = instance->host;
    if (length > 0 && line[length - 1] == '\r') length--;
    if (length == 4 && memcmp(line, "quit", 4) == 0) {
        say(host, connection, "bye %" PRIu64 "\n", session->lines, 0);
        host->close(connection);
        return MARTLET_ERROR_CLOSED;
    }
    session->lines++;
    atomic_fetch_add_explicit(&instance->lines, 1, memory_order_relaxed);
    host->metric_add(instance->handle, instance->lines_total, 1);
    return say(host, connection, "%" PRIu64 " %" PRIu64 "\n", session->lines, length);
}

static int64_t received(void *given, martlet_connection *connection, const uint8_t *data, size_t length) {
    struct session *session = given;
    const martlet_host *host = session->instance->host;
    size_t consumed = 0;
    while (consumed < length) {
        const char *line = (const char *)data + consumed;
        const char *end = memchr(line, '\n', length - consumed);
        size_t count = end ? (size_t)(end - line) : length - consumed;
        /* One more for the CR. */
        if (count > session->instance->max_line + 1) {
            host->write(connection, "error: line too long\n", 21);
            host->close(connection);
            return (int64_t)length;
        }
        if (end == NULL) break;
        consumed += count + 1;
        /* FULL, or closing: the rest is presented again, or never needed. */
        if (take(session, connection, line, count) != MARTLET_OK) break;
    }
    return (int64_t)consumed;
}

static void closed(void *session, martlet_connection *connection, martlet_close_reason reason) {
    (void)connection, (void)reason;
    free(session);
}

/* ----------------------------------------------------------------------------- state that survives a swap -- */

static int64_t save(void *given, martlet_connection *connection, uint8_t *buffer, size_t capacity) {
    (void)connection;
    struct session *session = given;
    if (capacity >= 8) {
        for (int i = 0; i < 8; i++) buffer[i] = (uint8_t)(session->lines >> (8 * i));
    }
    return 8;
}

static martlet_result restore(void *state, void *loop_state, martlet_connection *connection, uint32_t version,
                              const uint8_t *data, size_t length, void **session) {
    (void)loop_state, (void)connection;
    if (version != 1 || length != 8) return MARTLET_ERROR_ARGUMENT;
    uint64_t lines = 0;
    for (int i = 0; i < 8; i++) lines |= (uint64_t)data[i] << (8 * i);
    *session = make_session(state, lines);
    return *session ? MARTLET_OK : MARTLET_ERROR_MEMORY;
}

static void moved(void *session, martlet_connection *connection) {
    (void)connection;
    free(session);
}

/* ----------------------------------------------------------------------------------------------- operations -- */

static uint64_t lines(void *state, void *loop_state) {
    (void)loop_state;
    return atomic_load(&((struct instance *)state)->lines);
}

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
    .abi_major = MARTLET_ABI_MAJOR,
    .abi_minor = MARTLET_ABI_MINOR,
    .name = TEXT("line-count"),
    .version = TEXT(VERSION),
    .summary = TEXT("Counts lines"),
    .example = TEXT("printf 'one\\ntwo\\nquit\\n' | nc {host} {port}"),
    .threads = MARTLET_THREADS_BOTH,
    .flags = MARTLET_PLUGIN_UNLOADABLE,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .extensions = extensions,
    .extension_count = sizeof extensions / sizeof *extensions,
    .create = create,
    .destroy = destroy,
    .opened = opened,
    .received = received,
    .closed = closed,
};

__attribute__((visibility("default"))) const martlet_plugin *martlet_plugin_entry(void);

const martlet_plugin *martlet_plugin_entry(void) { return &plugin; }
