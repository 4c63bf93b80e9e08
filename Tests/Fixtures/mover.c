/*
 * A line protocol whose sessions move: martlet.session-state/1, and every way in which a move can fail. It echoes lines,
 * but some words have a function instead, see `take_line`. Defines: VERSION, SCHEMA, STATE_VERSION, OLDEST, NEWEST,
 * NO_STATE (lacks the extension), REFUSES (restores nothing), FAILS (every line is a failed request). These two apply to
 * lines of one letter, see `is_short`: SLOW (takes so many milliseconds), FAULTS (breaks a rule).
 */
#include "line.h"
#include "mover.h"

static const martlet_option options[] = {
    {.size = sizeof(martlet_option), .type = MARTLET_TYPE_PATH, .key = TEXT("gate"), .minimum = 1, .maximum = 0,
     .help = TEXT("Jobs wait until this file exists"), .default_value = TEXT("\"gate\"")}};

static martlet_result create(const martlet_plugin *descriptor, const martlet_host *host, martlet_instance *instance,
                             const martlet_value *values, void **state) {
    (void)descriptor;
    struct mover *mover = calloc(1, sizeof *mover);
    mover->host = host;
    mover->instance = instance;
    for (size_t i = 0; i < values->item_count; i++)
        if (values->items[i]->text.length < sizeof mover->gate)
            memcpy(mover->gate, values->items[i]->text.data, values->items[i]->text.length);
#define METRIC(kind, name) host->metric_register(instance, kind, (martlet_text)TEXT(name), (martlet_text)TEXT("Counts"))
    mover->opened = METRIC(MARTLET_METRIC_COUNTER, "opened_total");
    mover->restored = METRIC(MARTLET_METRIC_COUNTER, "restored_total");
    mover->moved = METRIC(MARTLET_METRIC_COUNTER, "moved_total");
    mover->closed = METRIC(MARTLET_METRIC_COUNTER, "closed_total");
    mover->released = METRIC(MARTLET_METRIC_COUNTER, "released_total");
    *state = mover;
    return MARTLET_OK;
}

static void destroy(void *state) { free(state); }

static void release(struct session *session) {
    free(session->load);
    free(session);
}

static martlet_result opened(const martlet_env *env, martlet_connection *connection, const martlet_opening *opening,
                             void **session) {
    (void)connection, (void)opening;
    struct mover *mover = env->state;
    *session = calloc(1, sizeof(struct session));
    env->host->metric_add(env->instance, mover->opened, 1);
    return MARTLET_OK;
}

/* -------------------------------------------------------------------------------------------------------- words -- */

#define WRITE(...) write_line(env->host, connection, __VA_ARGS__)

/* `load 70000`: gives the session's state so many bytes more. */
static void take_load(struct session *session, size_t length) {
    session->load_length = length;
    session->load = realloc(session->load, length + 1);
    for (size_t i = 0; i < length; i++) session->load[i] = (uint8_t)(i * 31 + (i >> 8));
}

static unsigned long long sum_of_load(const struct session *session) {
    unsigned long long sum = 0;
    for (size_t i = 0; i < session->load_length; i++) sum = sum * 33 + session->load[i];
    return sum;
}

/* `fill 9000000`: writes so many bytes at once, more than the peer's socket holds. */
static void fill(const martlet_env *env, martlet_connection *connection, size_t length) {
    uint8_t *bytes = malloc(length);
    for (size_t i = 0; i < length; i++) bytes[i] = (uint8_t)(i % 251);
    env->host->write(connection, bytes, length);
    free(bytes);
}

static void wait_at_gate(void *context) {
    struct mover *mover = context;
    while (access(mover->gate, F_OK) != 0) usleep(2000);
}

static void come_back(const martlet_env *env, void *context, martlet_connection *connection, void *given) {
    (void)context;
    struct session *session = given;
    if (session == NULL) return;
    if (session->working > 0) session->working--;
    WRITE("worked by " VERSION);
}

static void on_worker(const martlet_env *env, struct session *session, martlet_connection *connection) {
    session->working++;
    env->host->submit(env->instance, env->host->id(connection), wait_at_gate, come_back, env->state);
}

/* `after`: like `work`, but the session can move while the job runs. */
static void after_the_move(const martlet_env *env, struct session *session, martlet_connection *connection) {
    on_worker(env, session, connection);
    session->working--;
}

struct lent {
    struct mover *mover;
    uint8_t bytes[];
};

/* Needs the image and the instance, whenever the host calls it. */
static void give_back(void *context) {
    struct lent *lent = context;
    lent->mover->host->metric_add(lent->mover->instance, lent->mover->released, 1);
    free(lent);
}

/* `lend 9000000`: like `fill`, but the host does not copy the bytes. */
static void lend(const martlet_env *env, martlet_connection *connection, size_t length) {
    struct lent *lent = malloc(sizeof *lent + length);
    lent->mover = env->state;
    for (size_t i = 0; i < length; i++) lent->bytes[i] = (uint8_t)(i % 251);
    env->host->write_shared(connection, lent->bytes, length, give_back, lent);
}

/* `constant`: lends memory of the image itself, which needs no release. */
static const uint8_t constant[4 << 20] = {1, 2, 3};

/* `posts 100`: posts so many times at once. Answers how many the host accepted, and how many it refused with BUSY. */
static void count_post(const martlet_env *env, void *context, martlet_connection *connection, void *session) {
    (void)env, (void)context, (void)connection, (void)session;
}

static void post_many(const martlet_env *env, martlet_connection *connection, unsigned long long count) {
    unsigned taken = 0, busy = 0;
    for (unsigned long long i = 0; i < count; i++) {
        martlet_result result = env->host->post(env->instance, env->host->id(connection), count_post, NULL);
        if (result == MARTLET_OK) taken++;
        if (result == MARTLET_ERROR_BUSY) busy++;
    }
    WRITE("taken %u busy %u", taken, busy);
}

static void take_line(const martlet_env *env, struct session *session, martlet_connection *connection, const char *line,
                      size_t length) {
    char word[64] = "";
    unsigned long long number = 0;
    char text[256] = "";
    memcpy(text, line, length < sizeof text ? length : sizeof text - 1);
    sscanf(text, "%63s %llu", word, &number);
    session->lines++;
    if (strcmp(word, "version") == 0) WRITE(VERSION);
    else if (strcmp(word, "history") == 0) WRITE("lines %u moves %u load %llu", session->lines, session->moves,
                                                 sum_of_load(session));
    else if (strcmp(word, "load") == 0) take_load(session, number), WRITE("%llu", sum_of_load(session));
    else if (strcmp(word, "busy") == 0) session->busy = 1, WRITE("busy");
    else if (strcmp(word, "ready") == 0) session->busy = 0, WRITE("ready");
    else if (strcmp(word, "stay") == 0) session->stays = 1, WRITE("staying");
    else if (strcmp(word, "timer") == 0) env->host->set_timer(connection, number), WRITE("set");
    else if (strcmp(word, "fill") == 0) fill(env, connection, number);
    else if (strcmp(word, "work") == 0) on_worker(env, session, connection);
    else if (strcmp(word, "after") == 0) after_the_move(env, session, connection);
    else if (strcmp(word, "lend") == 0) lend(env, connection, number);
    else if (strcmp(word, "constant") == 0)
        env->host->write_shared(connection, constant, sizeof constant, NULL, NULL);
    else if (strcmp(word, "posts") == 0) post_many(env, connection, number);
    else WRITE("%s", text);
}

/* Whether the input has only lines of one letter, a to d or x. The probe's random input does not look like that. */
__attribute__((unused)) static int is_short(const uint8_t *data, size_t length) {
    for (size_t i = 0; i < length; i += 2)
        if (i + 1 >= length || data[i + 1] != '\n' || memchr("abcdx", data[i], 5) == NULL) return 0;
    return 1;
}

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    const char *line = (const char *)data, *end = line + length, *newline;
    while ((newline = memchr(line, '\n', (size_t)(end - line))) != NULL) {
        take_line(env, session, connection, line, (size_t)(newline - line));
        martlet_request done = {.size = sizeof done, .status = 200, .bytes = 1, .method = TEXT("LINE")};
#ifdef FAILS
        done.flags = MARTLET_REQUEST_FAILED;
#endif
#ifdef SLOW
        if (is_short(data, length)) usleep(SLOW * 1000);
#endif
#ifdef FAULTS
        if (is_short(data, length)) {
            *consumed = length + 1;
            return MARTLET_OK;
        }
#endif
        env->host->request_done(connection, &done);
        line = newline + 1;
    }
    *consumed = (size_t)(line - (const char *)data);
    return MARTLET_OK;
}

/* --------------------------------------------------------------------------------------------- other callbacks -- */

static void timer(const martlet_env *env, void *session, martlet_connection *connection) {
    (void)session;
    WRITE("tick of " VERSION);
}

static void draining(const martlet_env *env, void *given, martlet_connection *connection) {
    struct session *session = given;
    WRITE("goodbye");
    if (!session->stays) env->host->close(connection);
}

static void closed(const martlet_env *env, void *session, martlet_connection *connection, martlet_close_reason reason) {
    (void)connection, (void)reason;
    struct mover *mover = env->state;
    env->host->metric_add(env->instance, mover->closed, 1);
    release(session);
}

/* -------------------------------------------------------------------------------------------------------- moves -- */

static martlet_result save(const martlet_env *env, void *given, martlet_connection *connection, uint8_t *buffer,
                           size_t capacity, size_t *length) {
    (void)env, (void)connection;
    struct session *session = given;
    struct saved saved = {session->lines, session->moves, session->stays, session->load_length};
    if (session->busy || session->working > 0) return MARTLET_ERROR_BUSY;
    *length = sizeof saved + session->load_length;
    if (*length <= capacity) {
        memcpy(buffer, &saved, sizeof saved);
        memcpy(buffer + sizeof saved, session->load, session->load_length);
    }
    return MARTLET_OK;
}

static martlet_result restore(const martlet_env *env, martlet_connection *connection, uint32_t version,
                              const uint8_t *data, size_t length, void **given) {
    (void)connection;
    struct mover *mover = env->state;
    struct saved saved;
    if (REFUSES || version < OLDEST || version > NEWEST || length < sizeof saved) return MARTLET_ERROR_UNSUPPORTED;
    memcpy(&saved, data, sizeof saved);
    struct session *session = calloc(1, sizeof *session);
    *session = (struct session){.lines = saved.lines, .moves = saved.moves + 1, .stays = saved.stays,
                                .load_length = saved.load_length, .load = malloc(saved.load_length + 1)};
    memcpy(session->load, data + sizeof saved, saved.load_length);
    env->host->metric_add(env->instance, mover->restored, 1);
    *given = session;
    return MARTLET_OK;
}

static void moved(const martlet_env *env, void *session, martlet_connection *connection) {
    (void)connection;
    struct mover *mover = env->state;
    env->host->metric_add(env->instance, mover->moved, 1);
    release(session);
}

static const martlet_session_state session_state = {
    .size = sizeof session_state, .version = STATE_VERSION, .oldest = OLDEST, .newest = NEWEST,
    .schema = TEXT(SCHEMA), .save = save, .restore = restore, .moved = moved,
};
static const martlet_extension extensions[] = {
    {.size = sizeof(martlet_extension), .id = TEXT(MARTLET_SESSION_STATE), .functions = &session_state}};

static const martlet_plugin plugin = {
    .size = sizeof(martlet_plugin),
    .abi = MARTLET_ABI_VERSION,
    .name = TEXT("mover"),
    .version = TEXT(VERSION),
    .summary = TEXT("Sends lines back; its sessions move"),
    .threads = MARTLET_THREADS_LOOPS,
    .flags = MARTLET_PLUGIN_UNLOADABLE,
    .options = options,
    .option_count = 1,
    .extensions = extensions,
    .extension_count = HAS_STATE,
    .create = create,
    .destroy = destroy,
    .opened = opened,
    .received = received,
    .timer = timer,
    .draining = draining,
    .closed = closed,
};

__attribute__((visibility("default"))) const martlet_plugin *martlet_plugin_entry(martlet_abi host_abi) {
    (void)host_abi;
    return &plugin;
}
