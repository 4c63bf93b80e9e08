/*
 * A line protocol whose plugin keeps a number that all sessions share: martlet.instance-state/1, and every way in which its
 * move can fail. Its sessions also use groups, timers of the instance and other connections of their loop. Some words have
 * a function, see `take_line`. Defines: VERSION; STATE_VERSION, OLDEST, NEWEST, SCHEMA of the state; NO_STATE (lacks the
 * extension); USABLE (the state stays usable); NO_SESSIONS (its sessions cannot move); SAVE and RESTORE (what these return),
 * PIECES (how many save writes), PIECE (their size), SLOW (save takes so many milliseconds for each piece), HANGS (save
 * waits for the gate), STUCK (restore waits for the gate).
 */
#include "line.h"
#include "tally.h"

static martlet_result create(const martlet_plugin *descriptor, const martlet_host *host, martlet_instance *instance,
                             const martlet_value *values, void **state) {
    (void)descriptor;
    struct tally *tally = calloc(1, sizeof *tally);
    tally->host = host;
    tally->instance = instance;
    for (size_t i = 0; i < values->item_count; i++)
        if (values->items[i]->text.length < sizeof tally->gate)
            memcpy(tally->gate, values->items[i]->text.data, values->items[i]->text.length);
    tally->groups = host->extension(instance, (martlet_text)TEXT(MARTLET_GROUPS));
    tally->loops = host->extension(instance, (martlet_text)TEXT(MARTLET_LOOPS));
    martlet_text help = TEXT("Counts");
    tally->released = host->metric_register(instance, MARTLET_METRIC_COUNTER, (martlet_text)TEXT("released_total"), help);
    tally->moved = host->metric_register(instance, MARTLET_METRIC_COUNTER, (martlet_text)TEXT("states_moved_total"), help);
    *state = tally;
    return MARTLET_OK;
}

/* The host must not destroy an instance while a function of it runs. */
static void destroy(void *state) {
    struct tally *tally = state;
    if (tally->moving) abort();
    free(tally);
}

static martlet_result opened(const martlet_env *env, martlet_connection *connection, const martlet_opening *opening,
                             void **session) {
    (void)env, (void)connection, (void)opening;
    *session = calloc(1, sizeof(struct session));
    return MARTLET_OK;
}

/* -------------------------------------------------------------------------------------------------------- words -- */

#define WRITE(...) write_line(env->host, connection, __VA_ARGS__)

static martlet_text text_of(const char *text) { return (martlet_text){text, strlen(text)}; }

static void wait_at_gate(void *context) {
    struct tally *tally = context;
    tally->host->log(tally->instance, MARTLET_LOG_INFO, text_of("waits at the gate"));
    while (access(tally->gate, F_OK) != 0) usleep(2000);
}

static void come_back(const martlet_env *env, void *context, martlet_connection *connection, void *session) {
    (void)context;
    struct tally *tally = env->state;
    if (session != NULL) WRITE("worked by " VERSION " at %llu", (unsigned long long)++tally->count);
}

/* A member of the group "ticks" sees each tick. */
static void tick(const martlet_env *env, void *context) {
    (void)context;
    struct tally *tally = env->state;
    char line[64];
    int length = snprintf(line, sizeof line, "tick on %d\n", env->loop == MARTLET_NO_LOOP ? -1 : (int)env->loop);
    tally->groups->send(env->instance, text_of("ticks"), line, (size_t)length, 0);
}

static void count_release(void *context) {
    struct tally *tally = context;
    tally->host->metric_add(tally->instance, tally->released, 1);
}

static void greet(const martlet_env *env, void *context, martlet_connection *connection, void *session) {
    struct tally *tally = env->state;
    martlet_connection *peer = tally->loops->connection(env, (martlet_connection_id)(uintptr_t)context);
    if (peer != NULL) write_line(env->host, peer, "posted to loop %u%s", env->loop, connection || session ? "!" : "");
}

/* `to 12345 text`: writes to another connection of the loop, and closes it for the text `bye`. */
static void write_to(const martlet_env *env, martlet_connection *connection, unsigned long long id, const char *text) {
    struct tally *tally = env->state;
    martlet_connection *peer = tally->loops->connection(env, id);
    if (peer == NULL) {
        WRITE("nobody");
        return;
    }
    write_line(env->host, peer, "%s", text);
    if (strcmp(text, "bye") == 0) env->host->close(peer);
    if (strcmp(text, "reset") == 0) env->host->abort(peer, MARTLET_OK);
    if (strcmp(text, "pause") == 0) WRITE("pause %d", env->host->pause(peer));
    WRITE("written");
}

/* `fill 12345 9000000`: writes so many bytes to another connection; `lend` lends them. */
static const uint8_t constant[4 << 20] = {1, 2, 3};

static void fill(const martlet_env *env, martlet_connection *connection, unsigned long long id, size_t length) {
    struct tally *tally = env->state;
    martlet_connection *peer = tally->loops->connection(env, id);
    if (peer == NULL) return;
    WRITE("%d", env->host->write_shared(peer, constant, length < sizeof constant ? length : sizeof constant, NULL, NULL));
}

/* `start LOOP DELAY PERIOD`: a timer on a loop, or on a worker for -1. */
static void start(const martlet_env *env, martlet_connection *connection, const char *rest) {
    struct tally *tally = env->state;
    long loop = 0;
    unsigned long long delay = 0, period = 0;
    sscanf(rest, "%ld %llu %llu", &loop, &delay, &period);
    martlet_timer timer = 0;
    martlet_result result = tally->loops->start_timer(env->instance, loop < 0 ? MARTLET_NO_LOOP : (uint32_t)loop, delay,
                                                      period, tick, count_release, tally, &timer);
    WRITE("timer %d %llu", result, (unsigned long long)timer);
}

static void take_line(const martlet_env *env, struct session *session, martlet_connection *connection, const char *line,
                      size_t length) {
    struct tally *tally = env->state;
    char text[512] = "", word[64] = "", rest[448] = "";
    unsigned long long number = 0;
    memcpy(text, line, length < sizeof text ? length : sizeof text - 1);
    sscanf(text, "%63s %447[^\n]", word, rest);
    sscanf(rest, "%llu", &number);
    const char *after = strchr(rest, ' ');
    after = after ? after + 1 : "";
    session->lines++;
    if (strcmp(word, "count") == 0) WRITE("%llu", (unsigned long long)++tally->count);
    else if (strcmp(word, "version") == 0) WRITE(VERSION " on %u", env->loop);
    else if (strcmp(word, "lines") == 0) WRITE("%u", session->lines);
    else if (strcmp(word, "id") == 0) WRITE("%llu", (unsigned long long)env->host->id(connection));
    else if (strcmp(word, "busy") == 0) session->busy = 1, WRITE("busy");
    else if (strcmp(word, "ready") == 0) session->busy = 0, WRITE("ready");
    else if (strcmp(word, "work") == 0)
        env->host->submit(env->instance, env->host->id(connection), wait_at_gate, come_back, tally);
    else if (strcmp(word, "join") == 0 || strcmp(word, "strict") == 0) {
        martlet_membership how = {.size = sizeof how, .backlog = 64 << 10,
                                  .policy = word[0] == 's' ? MARTLET_BACKLOG_CLOSE : MARTLET_BACKLOG_SKIP};
        WRITE("join %d", tally->groups->join(connection, text_of(rest), &how));
    } else if (strcmp(word, "leave") == 0) WRITE("leave %d", tally->groups->leave(connection, text_of(rest)));
    else if (strcmp(word, "members") == 0)
        WRITE("%llu", (unsigned long long)tally->groups->count(env->instance, text_of(rest)));
    else if (strcmp(word, "send") == 0 || strcmp(word, "others") == 0) {
        martlet_connection_id except = word[0] == 'o' ? env->host->id(connection) : 0;
        char group[64] = "", message[512];
        sscanf(rest, "%63s", group);
        int size = snprintf(message, sizeof message, "%s\n", after);
        WRITE("send %d", tally->groups->send(env->instance, text_of(group), message, (size_t)size, except));
    } else if (strcmp(word, "flood") == 0) {
        char group[64] = "";
        sscanf(rest, "%63s", group);
        WRITE("send %d", tally->groups->send(env->instance, text_of(group), constant, strtoul(after, NULL, 10), 0));
    } else if (strcmp(word, "to") == 0) write_to(env, connection, number, after);
    else if (strcmp(word, "fill") == 0) fill(env, connection, number, strtoul(after, NULL, 10));
    else if (strcmp(word, "post") == 0)
        WRITE("post %d", tally->loops->post(env->instance, (uint32_t)number, greet,
                                            (void *)(uintptr_t)env->host->id(connection)));
    else if (strcmp(word, "start") == 0) start(env, connection, rest);
    else if (strcmp(word, "cancel") == 0) WRITE("cancel %d", tally->loops->cancel_timer(env->instance, number));
    else WRITE("%s", text);
}

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    const char *line = (const char *)data, *end = line + length, *newline;
    while ((newline = memchr(line, '\n', (size_t)(end - line))) != NULL) {
        take_line(env, session, connection, line, (size_t)(newline - line));
        line = newline + 1;
    }
    *consumed = (size_t)(line - (const char *)data);
    return MARTLET_OK;
}

static void closed(const martlet_env *env, void *session, martlet_connection *connection, martlet_close_reason reason) {
    (void)connection;
    struct tally *tally = env->state;
    char line[32];
    int length = snprintf(line, sizeof line, "closed %u\n", reason);
    tally->groups->send(env->instance, text_of("closings"), line, (size_t)length, 0);
    free(session);
}

/* --------------------------------------------------------------------------------------------- state of sessions -- */

static martlet_result save_session(const martlet_env *env, void *given, martlet_connection *connection, uint8_t *buffer,
                                   size_t capacity, size_t *length) {
    (void)env, (void)connection;
    struct session *session = given;
    if (session->busy) return MARTLET_ERROR_BUSY;
    *length = sizeof *session;
    if (*length <= capacity) memcpy(buffer, session, sizeof *session);
    return MARTLET_OK;
}

static martlet_result restore_session(const martlet_env *env, martlet_connection *connection, uint32_t version,
                                      const uint8_t *data, size_t length, void **session) {
    (void)env, (void)connection, (void)version;
    if (length != sizeof(struct session)) return MARTLET_ERROR_UNSUPPORTED;
    *session = malloc(length);
    memcpy(*session, data, length);
    return MARTLET_OK;
}

static void session_moved(const martlet_env *env, void *session, martlet_connection *connection) {
    (void)env, (void)connection;
    free(session);
}

/* ------------------------------------------------------------------------------------------ state of the instance -- */

static martlet_result save_pieces(struct tally *tally, martlet_state_put put, void *put_context) {
    if (HANGS) wait_at_gate(tally);
    if (SAVE != MARTLET_OK) return SAVE;
    uint8_t *piece = calloc(1, PIECE > sizeof tally->count ? PIECE : sizeof tally->count);
    uint64_t count = tally->count;
    memcpy(piece, &count, sizeof count);
    martlet_result result = MARTLET_OK;
    for (int i = 0; i < PIECES && result == MARTLET_OK; i++) {
        usleep(SLOW * 1000);
        result = put(put_context, piece, PIECE);
    }
    free(piece);
    return result;
}

static martlet_result save(const martlet_env *env, martlet_state_put put, void *put_context) {
    struct tally *tally = env->state;
    tally->moving = 1;
    martlet_result result = save_pieces(tally, put, put_context);
    tally->moving = 0;
    return result;
}

static martlet_result restore_piece(struct tally *tally, uint32_t version, const uint8_t *data, size_t length) {
    if (STUCK) wait_at_gate(tally);
    if (RESTORE != MARTLET_OK) return RESTORE;
    if (version < OLDEST || version > NEWEST) return MARTLET_ERROR_UNSUPPORTED;
    if (length >= sizeof tally->count) memcpy(&tally->restored, data, sizeof tally->restored);
    if (length == 0) tally->count = tally->restored;
    return MARTLET_OK;
}

static martlet_result restore(const martlet_env *env, uint32_t version, const uint8_t *data, size_t length) {
    struct tally *tally = env->state;
    tally->moving = 1;
    martlet_result result = restore_piece(tally, version, data, length);
    tally->moving = 0;
    return result;
}

static void moved(const martlet_env *env) {
    struct tally *tally = env->state;
    tally->host->metric_add(tally->instance, tally->moved, 1);
    tally->count = 1000000;
}

static const martlet_instance_state state = {
    .size = sizeof state, .version = STATE_VERSION, .oldest = OLDEST, .newest = NEWEST, .schema = TEXT(SCHEMA),
    .flags = USABLE, .save = save, .restore = restore, .moved = moved,
};
static const martlet_session_state session_state = {
    .size = sizeof session_state, .version = 1, .oldest = 1, .newest = 1, .schema = TEXT("tally.session"),
    .save = save_session, .restore = restore_session, .moved = session_moved,
};
static const martlet_extension extensions[] = {
#ifndef NO_SESSIONS
    {.size = sizeof(martlet_extension), .id = TEXT(MARTLET_SESSION_STATE), .functions = &session_state},
#endif
#ifndef NO_STATE
    {.size = sizeof(martlet_extension), .id = TEXT(MARTLET_INSTANCE_STATE), .functions = &state},
#endif
};

static const martlet_option options[] = {
    {.size = sizeof(martlet_option), .type = MARTLET_TYPE_PATH, .key = TEXT("gate"), .minimum = 1, .maximum = 0,
     .help = TEXT("Jobs wait until this file exists"), .default_value = TEXT("\"gate\"")}};

static const martlet_plugin plugin = {
    .size = sizeof(martlet_plugin),
    .abi = MARTLET_ABI_VERSION,
    .name = TEXT("tally"),
    .version = TEXT(VERSION),
    .summary = TEXT("Counts for all of its peers together"),
    .threads = MARTLET_THREADS_BOTH,
    .flags = MARTLET_PLUGIN_UNLOADABLE,
    .options = options,
    .option_count = 1,
    .extensions = extensions,
    .extension_count = sizeof extensions / sizeof extensions[0],
    .create = create,
    .destroy = destroy,
    .opened = opened,
    .received = received,
    .closed = closed,
};

__attribute__((visibility("default"))) const martlet_plugin *martlet_plugin_entry(martlet_abi host_abi) {
    (void)host_abi, (void)state, (void)session_state;
    return &plugin;
}
