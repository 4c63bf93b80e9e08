/*
 * A line protocol in plain C: it returns every line in capital letters. It shows that the ABI is plain C, and uses most
 * functions of the host. shout-commands.h has the lines that begin with '?' or '!'.
 */
#include "shout-commands.h"

/* An extension that only this plugin knows. The host does not use it, but must list it. */
struct loudness {
    uint32_t size;
    uint32_t (*decibels)(void);
};
static uint32_t decibels(void) { return 110; }
static const struct loudness loudness = {sizeof loudness, decibels};
static const martlet_extension extensions[] = {
    {.size = sizeof(martlet_extension), .id = TEXT("shout.loudness/1"), .functions = &loudness}};
static const martlet_text needed[] = {TEXT(MARTLET_HOST_INFO)};

#define OPTION(kind, name, text, standard)                                                                             \
    {.size = sizeof(martlet_option), .type = kind, .key = TEXT(name), .help = TEXT(text),                              \
     .default_value = TEXT(standard), .minimum = 1, .maximum = 0}
static const martlet_option options[] = {
    OPTION(MARTLET_TYPE_TEXT, "prefix", "Precedes every answer", "\"\""),
    OPTION(MARTLET_TYPE_DURATION, "idle", "Closes a session that is idle for so long; 0s: never", "\"0s\""),
    OPTION(MARTLET_TYPE_PATH, "file", "The file that ?file sends", "\"shout.txt\""),
};

/* ------------------------------------------------------------------------------------------------------ instance -- */

static void take_option(struct shout *shout, const martlet_value *option) {
    if (IS(option->key.data, option->key.length, "prefix")) {
        shout->prefix_length = option->text.length;
        memcpy(shout->prefix, option->text.data, option->text.length);
    } else if (IS(option->key.data, option->key.length, "idle")) {
        shout->idle_milliseconds = (uint64_t)option->integer / 1000000;
    } else if (IS(option->key.data, option->key.length, "file") && option->text.length < sizeof shout->file) {
        memcpy(shout->file, option->text.data, option->text.length);
    }
}

static int accepts(const martlet_host *host, martlet_instance *instance, const martlet_value *values) {
    for (size_t i = 0; i < values->item_count; i++) {
        const martlet_value *value = values->items[i];
        if (!IS(value->key.data, value->key.length, "prefix")) continue;
        if (value->text.length < sizeof((struct shout *)0)->prefix) continue;
        host->refuse(instance, value->key, (martlet_text)TEXT("expected less than 64 bytes"));
        return 0;
    }
    return 1;
}

static martlet_result create(const martlet_plugin *descriptor, const martlet_host *host, martlet_instance *instance,
                             const martlet_value *values, void **state) {
    (void)descriptor;
    if (!accepts(host, instance, values)) return MARTLET_ERROR_ARGUMENT;
    struct shout *shout = calloc(1, sizeof *shout);
    if (shout == NULL) return MARTLET_ERROR_MEMORY;
    shout->host = host;
    shout->instance = instance;
    shout->info = host->extension(instance, (martlet_text)TEXT(MARTLET_HOST_INFO));
    for (size_t i = 0; i < values->item_count; i++) take_option(shout, values->items[i]);
#define METRIC(kind, name, help)                                                                                       \
    host->metric_register(instance, kind, (martlet_text)TEXT(name), (martlet_text)TEXT(help))
    shout->lines = METRIC(MARTLET_METRIC_COUNTER, "lines_total", "Lines answered");
    shout->sessions = METRIC(MARTLET_METRIC_GAUGE, "sessions", "Open sessions");
    shout->released = METRIC(MARTLET_METRIC_COUNTER, "released_total", "Loans that were released");
    shout->stopped = METRIC(MARTLET_METRIC_GAUGE, "stopped_loops", "loop_stop calls since the last start");
    host->metric_set(instance, shout->stopped, 0);
    *state = shout;
    return MARTLET_OK;
}

static void destroy(void *state) { free(state); }

static martlet_result loop_start(const martlet_env *env, void **loop_state) {
    (void)env;
    *loop_state = calloc(1, sizeof(struct loop));
    return MARTLET_OK;
}

static void loop_stop(const martlet_env *env) {
    struct shout *shout = env->state;
    env->host->metric_add(env->instance, shout->stopped, 1);
    free(env->loop_state);
}

/* ------------------------------------------------------------------------------------------------------- session -- */

static void restart_timer(const martlet_env *env, martlet_connection *connection) {
    struct shout *shout = env->state;
    if (shout->idle_milliseconds > 0) env->host->set_timer(connection, shout->idle_milliseconds);
}

static martlet_result opened(const martlet_env *env, martlet_connection *connection, const martlet_opening *opening,
                             void **session) {
    (void)opening;
    struct shout *shout = env->state;
    *session = calloc(1, sizeof(struct session));
    env->host->metric_add(env->instance, shout->sessions, 1);
    restart_timer(env, connection);
    return MARTLET_OK;
}

/* Writes the answer directly into the host's output buffer. */
static int shout_line(const martlet_env *env, martlet_connection *connection, const char *line, size_t length) {
    struct shout *shout = env->state;
    size_t total = shout->prefix_length + length + 1;
    uint8_t *out = env->host->reserve(connection, total);
    if (out == NULL) return 0;
    memcpy(out, shout->prefix, shout->prefix_length);
    for (size_t i = 0; i < length; i++) out[shout->prefix_length + i] = (uint8_t)toupper((unsigned char)line[i]);
    out[total - 1] = '\n';
    env->host->commit(connection, total);
    martlet_request done = {.size = sizeof done, .status = 200, .bytes = total, .method = TEXT("SHOUT")};
    env->host->request_done(connection, &done);
    return 1;
}

static martlet_result received(const martlet_env *env, void *given, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    struct shout *shout = env->state;
    struct loop *loop = env->loop_state;
    struct session *session = given;
    const char *line = (const char *)data, *end = line + length, *newline;
    restart_timer(env, connection);
    while (!session->paused && !session->ended && (newline = memchr(line, '\n', (size_t)(end - line))) != NULL) {
        size_t count = (size_t)(newline - line);
        if (count > 0 && line[0] == '!') on_worker(env, session, connection, line + 1, count - 1);
        else if (!command(env, session, connection, line, count) && !shout_line(env, connection, line, count)) break;
        loop->lines++;
        env->host->metric_add(env->instance, shout->lines, 1);
        line = newline + 1;
    }
    *consumed = (size_t)(line - (const char *)data);
    return MARTLET_OK;
}

static void timer(const martlet_env *env, void *given, martlet_connection *connection) {
    struct session *session = given;
    if (!session->paused) {
        env->host->close(connection);
        return;
    }
    session->paused = 0;
    WRITE("resumed\n");
    env->host->resume(connection);
    restart_timer(env, connection);
}

static void writable(const martlet_env *env, void *session, martlet_connection *connection) {
    (void)env, (void)session, (void)connection;
}

static void peer_closed(const martlet_env *env, void *given, martlet_connection *connection) {
    struct session *session = given;
    session->peer_finished = 1;
    if (session->working == 0) env->host->close(connection);
}

static void draining(const martlet_env *env, void *session, martlet_connection *connection) {
    (void)session;
    WRITE("GOODBYE\n");
    env->host->close(connection);
}

static void closed(const martlet_env *env, void *session, martlet_connection *connection, martlet_close_reason reason) {
    struct shout *shout = env->state;
    char text[64];
    int length = snprintf(text, sizeof text, "closed because of %u, id %s", reason,
                          env->host->id(connection) != 0 ? "known" : "unknown");
    if (env->host->log_enabled(env->instance, MARTLET_LOG_DEBUG))
        env->host->log(env->instance, MARTLET_LOG_DEBUG, (martlet_text){text, (size_t)length});
    env->host->metric_add(env->instance, shout->sessions, -1);
    free(session);
}

static const martlet_plugin plugin = {
    .size = sizeof(martlet_plugin),
    .abi = MARTLET_ABI_VERSION,
    .name = TEXT("shout"),
    .version = TEXT(VERSION),
    .summary = TEXT("Answers every line in capital letters"),
    .example = TEXT("echo hi | nc -q1 {host} {port}"),
    .threads = MARTLET_THREADS_LOOPS,
    .flags = MARTLET_PLUGIN_UNLOADABLE,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .extensions = extensions,
    .extension_count = 1,
    .required_extensions = needed,
    .required_extension_count = 1,
    .create = create,
    .destroy = destroy,
    .loop_start = loop_start,
    .loop_stop = loop_stop,
    .opened = opened,
    .received = received,
    .writable = writable,
    .timer = timer,
    .peer_closed = peer_closed,
    .draining = draining,
    .closed = closed,
};

__attribute__((visibility("default"))) const martlet_plugin *martlet_plugin_entry(martlet_abi host_abi) {
    (void)host_abi;
    return &plugin;
}
