/*
 * A plugin that has every callback and calls every function of the host, written from the header alone. Each line of a
 * peer names a function to call: see `table` below. A test checks that no function is missing.
 */
#include "every-function.h"
#include "every-function-calls.h"
#include "every-function-loops.h"
#include "every-function-services.h"

static const struct {
    const char *word;
    void (*function)(const struct call *call);
} table[] = {
    {"reserve", call_reserve}, {"write", call_write}, {"write_shared", call_write_shared},
    {"send_file", call_send_file}, {"full", call_full}, {"want", call_want}, {"pause", call_pause},
    {"expect_input", call_expect_input}, {"close", call_close}, {"abort", call_abort}, {"fail", call_fail},
    {"hand_over", call_hand_over}, {"start_tls", call_start_tls}, {"address", call_peer_and_local}, {"id", call_id},
    {"clocks", call_clocks}, {"request_done", call_request_done}, {"submit", call_submit}, {"post", call_post},
    {"log", call_log}, {"log_enabled", call_log_enabled}, {"metric_set", call_metric_set}, {"info", call_info},
    {"connection", call_connection}, {"post_loop", call_post_loop}, {"start_timer", call_start_timer},
    {"cancel_timer", call_cancel_timer}, {"join", call_join}, {"leave", call_leave}, {"send", call_send},
    {"count", call_count}, {"checkpoint", call_checkpoint}, {"state", call_state}, {"text", call_text}, {"lines", call_lines},
    {"series", call_series}, {"observe", call_observe},
};

/* ------------------------------------------------------------------------------------------------------ instance -- */

/* Returns 0 if an option is invalid, after giving the reason with `refuse`. */
static int take_options(struct instance *own, const martlet_value *options) {
    for (size_t i = 0; i < options->item_count; i++) {
        const martlet_value *option = options->items[i];
        if (option->type != MARTLET_TYPE_PATH) continue;
        if (option->text.length >= sizeof own->file) {
            martlet_text why = TEXT("expected less than 256 bytes");
            own->host->refuse(own->instance, option->key, why);
            return 0;
        }
        memcpy(own->file, option->text.data, option->text.length);
    }
    return 1;
}

static martlet_metric metric(struct instance *own, martlet_metric_kind kind, const char *name) {
    martlet_text text = {name, strlen(name)}, help = TEXT("How often");
    return own->host->metric_register(own->instance, kind, text, help);
}

static martlet_metric declare(struct instance *own, martlet_metric_kind kind, const char *name, const char *label,
                              const uint64_t *bounds, size_t bound_count) {
    martlet_text text = {label, label ? strlen(label) : 0};
    const martlet_metric_description description = {
        .size = sizeof description, .kind = kind, .name = {name, strlen(name)}, .help = TEXT("What peers \\ say"),
        .labels = &text, .label_count = label != NULL, .bounds = bounds, .bound_count = bound_count, .divisor = 1000};
    return own->metrics->declare(own->instance, &description);
}

static martlet_result create(const martlet_plugin *descriptor, const martlet_host *host, martlet_instance *instance,
                             const martlet_value *options, void **state) {
    (void)descriptor;
    static const uint64_t bounds[] = {1, 1000, 2500};
    martlet_text known = TEXT(MARTLET_HOST_INFO), unknown = TEXT("example.nobody/1");
    martlet_text loops = TEXT(MARTLET_LOOPS), groups = TEXT(MARTLET_GROUPS), metrics = TEXT(MARTLET_METRICS);
    martlet_text checkpoints = TEXT(MARTLET_CHECKPOINTS), transport = TEXT(MARTLET_TRANSPORT);
    struct instance *own = calloc(1, sizeof *own);
    own->host = host;
    own->instance = instance;
    own->info = host->extension(instance, known);
    own->loops = host->extension(instance, loops);
    own->groups = host->extension(instance, groups);
    own->checkpoints = host->extension(instance, checkpoints);
    own->transport = host->extension(instance, transport);
    own->metrics = host->extension(instance, metrics);
    if (!take_options(own, options) || own->info == NULL || own->metrics == NULL ||
        host->extension(instance, unknown) != NULL) {
        free(own);
        return MARTLET_ERROR_ARGUMENT;
    }
    own->started = metric(own, MARTLET_METRIC_COUNTER, "loops_started_total");
    own->stopped = metric(own, MARTLET_METRIC_COUNTER, "loops_stopped_total");
    own->destroyed = metric(own, MARTLET_METRIC_COUNTER, "destroyed_total");
    own->released = metric(own, MARTLET_METRIC_COUNTER, "released_total");
    own->moved = metric(own, MARTLET_METRIC_COUNTER, "moved_total");
    own->restored = metric(own, MARTLET_METRIC_COUNTER, "restored_total");
    own->gauge = metric(own, MARTLET_METRIC_GAUGE, "set_by_a_peer");
    own->words = declare(own, MARTLET_METRIC_COUNTER, "words_total", "word", NULL, 0);
    own->sizes = declare(own, MARTLET_METRIC_HISTOGRAM, "sizes", NULL, bounds, sizeof bounds / sizeof *bounds);
    *state = own;
    return MARTLET_OK;
}

static void destroy(void *state) {
    struct instance *own = state;
    own->host->metric_add(own->instance, own->destroyed, 1);
    free(own);
}

static martlet_result loop_start(const martlet_env *env, void **loop_state) {
    struct instance *own = env->state;
    *loop_state = calloc(1, sizeof(struct loop));
    env->host->metric_add(env->instance, own->started, 1);
    return MARTLET_OK;
}

static void loop_stop(const martlet_env *env) {
    struct instance *own = env->state;
    env->host->metric_add(env->instance, own->stopped, 1);
    free(env->loop_state);
}

/* ------------------------------------------------------------------------------------------------------- session -- */

static martlet_result opened(const martlet_env *env, martlet_connection *connection, const martlet_opening *opening,
                             void **given) {
    (void)env, (void)connection;
    struct session *session = calloc(1, sizeof *session);
    session->origin = opening->origin;
    snprintf(session->endpoint, sizeof session->endpoint, "%.*s", (int)opening->endpoint.length,
             opening->endpoint.data);
    *given = session;
    return MARTLET_OK;
}

static void answer_line(struct call *call, const char *line, size_t length) {
    const char *space = memchr(line, ' ', length);
    size_t word = space ? (size_t)(space - line) : length;
    call->rest = space ? space + 1 : line + length;
    call->length = (size_t)(line + length - call->rest);
    ((struct loop *)call->env->loop_state)->lines++;
    atomic_fetch_add(&((struct instance *)call->env->state)->lines, 1);
    call->session->lines++;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strlen(table[i].word) == word && memcmp(table[i].word, line, word) == 0) return table[i].function(call);
    ANSWER("line %u of version " VERSION, call->session->lines);
}

static martlet_result received(const martlet_env *env, void *given, martlet_connection *connection, const uint8_t *data,
                               size_t length, size_t *consumed) {
    struct session *session = given;
    struct call call = {env, session, connection, NULL, 0};
    const uint8_t *end;
    session->rest_is_for_later = 0;
    session->result = MARTLET_OK;
    if (session->paused) answer(env, connection, "received although it is paused");
    if (session->wanted > 0) {
        answer(env, connection, "wanted %zu, found %zu", session->wanted, length);
        session->wanted = 0;
        *consumed = length;
        return MARTLET_OK;
    }
    while (!session->rest_is_for_later && (end = memchr(data + *consumed, '\n', length - *consumed)) != NULL) {
        const char *line = (const char *)data + *consumed;
        *consumed = (size_t)(end - data) + 1;
        answer_line(&call, line, (size_t)((const char *)end - line));
    }
    return session->result;
}

static void writable(const martlet_env *env, void *given, martlet_connection *connection) {
    struct session *session = given;
    if (session->waits) answer(env, connection, "\nwritable again");
    session->waits = 0;
}

static void timer(const martlet_env *env, void *given, martlet_connection *connection) {
    struct session *session = given;
    session->paused = 0;
    answer(env, connection, "timer fired");
    env->host->resume(connection);
}

static void peer_closed(const martlet_env *env, void *session, martlet_connection *connection) {
    (void)session;
    answer(env, connection, "you have closed");
    env->host->close(connection);
}

static void draining(const martlet_env *env, void *session, martlet_connection *connection) {
    (void)session;
    answer(env, connection, "draining");
    env->host->close(connection);
}

static void closed(const martlet_env *env, void *session, martlet_connection *connection, martlet_close_reason reason) {
    (void)connection;
    tell_log(env, MARTLET_LOG_INFO, "closed for reason %u.", reason);
    free(session);
}

#include "every-function-extensions.h"

/* Without these two the plugin cannot run. */
static const martlet_text required[] = {TEXT(MARTLET_LOOPS), TEXT(MARTLET_GROUPS)};

static const martlet_option options[] = {
    {.size = sizeof(martlet_option), .type = MARTLET_TYPE_PATH, .key = TEXT("file"), .help = TEXT("The file to send"),
     .default_value = TEXT("\"file.txt\"")},
};

static const martlet_plugin plugin = {
    .size = sizeof(martlet_plugin), .abi = MARTLET_ABI_VERSION, .name = TEXT("every-function"),
    .version = TEXT(VERSION), .summary = TEXT("Uses each function once"), .threads = MARTLET_THREADS_LOOPS,
    .flags = MARTLET_PLUGIN_ON_CRASH_ADOPT,
    .options = options, .option_count = 1,
    .extensions = extensions, .extension_count = sizeof extensions / sizeof *extensions,
    .required_extensions = required, .required_extension_count = sizeof required / sizeof *required,
    .create = create, .destroy = destroy, .loop_start = loop_start, .loop_stop = loop_stop, .opened = opened,
    .received = received, .writable = writable, .timer = timer, .peer_closed = peer_closed, .draining = draining,
    .closed = closed,
};

__attribute__((visibility("default"))) const martlet_plugin *martlet_plugin_entry(martlet_abi host_abi) {
    return host_abi >> 16 == MARTLET_ABI_MAJOR ? &plugin : NULL;
}
