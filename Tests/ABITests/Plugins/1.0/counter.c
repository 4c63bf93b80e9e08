/*
 * A plugin as it was written for ABI 1.0: it is compiled against the header of that time and must load for ever.
 *
 * Each line is a number, which is added to the session's sum and answered with it. "later" is answered by the timer.
 */
#include <martlet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef VERSION
#define VERSION "1.0.0"
#endif
#define TEXT(literal) {literal, sizeof(literal) - 1}

struct instance {
    const martlet_host *host;
    martlet_instance *handle;
    const martlet_host_info *info;
    int64_t start;
    martlet_metric numbers;
};

struct session {
    struct instance *instance;
    int64_t sum;
};

static const martlet_option options[] = {{
    .size = sizeof(martlet_option),
    .type = MARTLET_TYPE_INTEGER,
    .key = TEXT("start"),
    .help = TEXT("The first sum."),
    .default_value = TEXT("0"),
    .minimum = -1000,
    .maximum = 1000,
}};

static martlet_result create(const martlet_host *host, martlet_instance *handle, const martlet_value *given, void **state) {
    if (given->item_count != 1) return MARTLET_ERROR_ARGUMENT;
    struct instance *instance = calloc(1, sizeof *instance);
    if (instance == NULL) return MARTLET_ERROR_MEMORY;
    instance->host = host;
    instance->handle = handle;
    instance->info = host->extension(handle, (martlet_text)TEXT(MARTLET_HOST_INFO));
    instance->start = given->items[0].integer;
    instance->numbers = host->metric_register(handle, MARTLET_METRIC_COUNTER, (martlet_text)TEXT("numbers_total"),
                                              (martlet_text)TEXT("Numbers added."));
    *state = instance;
    return MARTLET_OK;
}

static void destroy(void *state) { free(state); }

static martlet_result make(struct instance *instance, int64_t sum, void **session) {
    struct session *made = malloc(sizeof *made);
    if (made == NULL) return MARTLET_ERROR_MEMORY;
    *made = (struct session){instance, sum};
    *session = made;
    return MARTLET_OK;
}

static martlet_result opened(void *state, void *loop_state, martlet_connection *connection, void **session) {
    (void)loop_state, (void)connection;
    return make(state, ((struct instance *)state)->start, session);
}

static void answer(struct session *session, martlet_connection *connection, const char *word) {
    const struct instance *instance = session->instance;
    char *text = (char *)instance->host->reserve(connection, 64);
    if (text == NULL) return;
    int length = snprintf(text, 64, "%s%lld (generation %u)\n", word, (long long)session->sum,
                          instance->info ? instance->info->generation(instance->handle) : 0);
    instance->host->commit(connection, (size_t)length);
}

static int64_t received(void *given, martlet_connection *connection, const uint8_t *data, size_t length) {
    struct session *session = given;
    const struct instance *instance = session->instance;
    size_t consumed = 0;
    const uint8_t *end;
    while ((end = memchr(data + consumed, '\n', length - consumed)) != NULL) {
        char line[24] = "";
        size_t count = (size_t)(end - data) - consumed;
        memcpy(line, data + consumed, count < sizeof line ? count : sizeof line - 1);
        consumed += count + 1;
        if (strcmp(line, "later") == 0) {
            instance->host->set_timer(connection, 10);
            continue;
        }
        session->sum = (int64_t)((uint64_t)session->sum + (uint64_t)strtoll(line, NULL, 10));
        instance->host->metric_add(instance->handle, instance->numbers, 1);
        answer(session, connection, "");
    }
    return (int64_t)consumed;
}

static void timer(void *session, martlet_connection *connection) { answer(session, connection, "later "); }

static void closed(void *session, martlet_connection *connection, martlet_close_reason reason) {
    (void)connection, (void)reason;
    free(session);
}

static int64_t save(void *session, martlet_connection *connection, uint8_t *buffer, size_t capacity) {
    (void)connection;
    if (capacity >= sizeof(int64_t)) memcpy(buffer, &((struct session *)session)->sum, sizeof(int64_t));
    return sizeof(int64_t);
}

static martlet_result restore(void *state, void *loop_state, martlet_connection *connection, uint32_t version,
                              const uint8_t *data, size_t length, void **session) {
    (void)loop_state, (void)connection;
    int64_t sum;
    if (version != 1 || length != sizeof sum) return MARTLET_ERROR_ARGUMENT;
    memcpy(&sum, data, sizeof sum);
    return make(state, sum, session);
}

static void moved(void *session, martlet_connection *connection) {
    (void)connection;
    free(session);
}

static const martlet_session_state session_state = {
    sizeof session_state, 1, 1, 1, TEXT("counter.session"), save, restore, moved};

static const martlet_extension extensions[] = {
    {sizeof(martlet_extension), 0, TEXT(MARTLET_SESSION_STATE), &session_state}};

static const martlet_plugin plugin = {
    .size = sizeof plugin,
    .abi_major = MARTLET_ABI_MAJOR,
    .abi_minor = MARTLET_ABI_MINOR,
    .name = TEXT("counter"),
    .version = TEXT(VERSION),
    .summary = TEXT("Adds numbers"),
    .threads = MARTLET_THREADS_LOOPS,
    .options = options,
    .option_count = 1,
    .extensions = extensions,
    .extension_count = 1,
    .create = create,
    .destroy = destroy,
    .opened = opened,
    .received = received,
    .timer = timer,
    .closed = closed,
};

__attribute__((visibility("default"))) const martlet_plugin *martlet_plugin_entry(void);
const martlet_plugin *martlet_plugin_entry(void) { return &plugin; }
