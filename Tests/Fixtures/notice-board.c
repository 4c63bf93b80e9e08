/*
 * A notice board in C: instance state, groups and timers, from the headers alone.
 *
 *     watch             this connection gets each notice, and "# N notices" in each period
 *     pin TEXT          adds a notice, and answers "pinned N"
 *     tell ID TEXT      writes to another connection of this loop, or posts to it
 *     id                answers with the id of this connection
 *
 * The notices survive a swap. A session stores nothing, so it moves as it lies.
 */
#include <martlet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef VERSION
#define VERSION "1.0.0"
#endif
#ifndef PERIOD
#define PERIOD 1000 /* milliseconds */
#endif

#define TEXT(literal) {literal, sizeof(literal) - 1}

static const martlet_text watchers = TEXT("watchers");

struct notice {
    struct notice *next;
    size_t length;
    char text[];
};

/* All loops use it. */
struct board {
    const martlet_host *host;
    martlet_instance *instance;
    const martlet_loops *loops;
    const martlet_groups *groups;
    pthread_mutex_t lock;
    struct notice *first, **end;
    uint32_t count;
};

/* With the lock held. */
static int add(struct board *board, const char *text, size_t length) {
    struct notice *notice = malloc(sizeof *notice + length);
    if (notice == NULL) return 0;
    notice->next = NULL;
    notice->length = length;
    memcpy(notice->text, text, length);
    *board->end = notice;
    board->end = &notice->next;
    board->count++;
    return 1;
}

/* ------------------------------------------------------------------------------------------------------ instance -- */

/* [loop] */
static void tick(const martlet_env *env, void *context) {
    struct board *board = context;
    char line[32];
    pthread_mutex_lock(&board->lock);
    int length = snprintf(line, sizeof line, "# %u notices\n", board->count);
    pthread_mutex_unlock(&board->lock);
    board->groups->send(env->instance, watchers, line, (size_t)length, 0);
}

static void destroy(void *state) {
    struct board *board = state;
    for (struct notice *notice = board->first; notice != NULL;) {
        struct notice *next = notice->next;
        free(notice);
        notice = next;
    }
    pthread_mutex_destroy(&board->lock);
    free(board);
}

static martlet_result create(const martlet_plugin *descriptor, const martlet_host *host, martlet_instance *instance,
                             const martlet_value *options, void **state) {
    (void)descriptor, (void)options;
    martlet_text loops = TEXT(MARTLET_LOOPS), groups = TEXT(MARTLET_GROUPS);
    struct board *board = calloc(1, sizeof *board);
    martlet_timer timer;
    if (board == NULL) return MARTLET_ERROR_MEMORY;
    board->host = host;
    board->instance = instance;
    /* Never NULL: the descriptor requires both. */
    board->loops = host->extension(instance, loops);
    board->groups = host->extension(instance, groups);
    board->end = &board->first;
    pthread_mutex_init(&board->lock, NULL);
    *state = board;
    /* The timer ends with the instance. */
    martlet_result result = board->loops->start_timer(instance, 0, PERIOD, PERIOD, tick, NULL, board, &timer);
    if (result != MARTLET_OK) destroy(board);
    return result;
}

/* ------------------------------------------------------------------------------------------------ instance state -- */

/* One piece for each notice. */
static martlet_result save(const martlet_env *env, martlet_state_put put, void *put_context) {
    struct board *board = env->state;
    for (struct notice *notice = board->first; notice != NULL; notice = notice->next) {
        martlet_result result = put(put_context, notice->text, notice->length);
        if (result != MARTLET_OK) return result;
    }
    return MARTLET_OK;
}

static martlet_result restore(const martlet_env *env, uint32_t version, const uint8_t *data, size_t length) {
    struct board *board = env->state;
    if (version != 1) return MARTLET_ERROR_UNSUPPORTED;
    if (length == 0) return MARTLET_OK; /* that was the last piece */
    return add(board, (const char *)data, length) ? MARTLET_OK : MARTLET_ERROR_MEMORY;
}

static const martlet_instance_state instance_state = {
    .size = sizeof instance_state, .version = 1, .oldest = 1, .newest = 1, .schema = TEXT("notice-board.notices"),
    .save = save, .restore = restore,
};

static const martlet_extension extensions[] = {
    {.size = sizeof(martlet_extension), .id = TEXT(MARTLET_INSTANCE_STATE), .functions = &instance_state},
};

/* ------------------------------------------------------------------------------------------------------- session -- */

static martlet_result opened(const martlet_env *env, martlet_connection *connection, const martlet_opening *opening,
                             void **session) {
    (void)env, (void)connection, (void)opening, (void)session;
    return MARTLET_OK;
}

/* Under the lock: a peer that joins at the same time gets the notice once, either here or from the group. */
static void watch(const martlet_env *env, martlet_connection *connection) {
    struct board *board = env->state;
    martlet_membership membership = {.size = sizeof membership, .policy = MARTLET_BACKLOG_CLOSE, .backlog = 65536};
    pthread_mutex_lock(&board->lock);
    if (board->groups->join(connection, watchers, &membership) == MARTLET_OK)
        for (struct notice *notice = board->first; notice != NULL; notice = notice->next)
            env->host->write(connection, notice->text, notice->length);
    pthread_mutex_unlock(&board->lock);
}

/* `line` ends with a newline, which belongs to the notice. */
static void pin(const martlet_env *env, martlet_connection *connection, const char *line, size_t length) {
    struct board *board = env->state;
    char answer[32];
    pthread_mutex_lock(&board->lock);
    if (add(board, line, length))
        board->groups->send(env->instance, watchers, line, length, env->host->id(connection));
    int count = snprintf(answer, sizeof answer, "pinned %u\n", board->count);
    pthread_mutex_unlock(&board->lock);
    env->host->write(connection, answer, (size_t)count);
}

struct note {
    size_t length;
    char text[];
};

static void deliver(const martlet_env *env, void *context, martlet_connection *connection, void *session) {
    struct note *note = context;
    (void)session;
    if (connection != NULL) env->host->write(connection, note->text, note->length);
    free(note);
}

static void tell(const martlet_env *env, const char *line, size_t length) {
    const struct board *board = env->state;
    char *text;
    martlet_connection_id id = strtoull(line, &text, 10);
    if (text < line + length && *text == ' ') text++;
    length -= (size_t)(text - line);
    martlet_connection *other = board->loops->connection(env, id);
    if (other != NULL) {
        env->host->write(other, text, length);
        return;
    }
    struct note *note = malloc(sizeof *note + length);
    if (note == NULL) return;
    note->length = length;
    memcpy(note->text, text, length);
    if (env->host->post(env->instance, id, deliver, note) != MARTLET_OK) free(note);
}

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    (void)session;
    const char *line = (const char *)data, *end;
    while ((end = memchr(line, '\n', length - *consumed)) != NULL) {
        size_t size = (size_t)(end - line) + 1;
        if (size > 4 && memcmp(line, "pin ", 4) == 0) pin(env, connection, line + 4, size - 4);
        else if (size > 5 && memcmp(line, "tell ", 5) == 0) tell(env, line + 5, size - 5);
        else if (size == 6 && memcmp(line, "watch\n", 6) == 0) watch(env, connection);
        else if (size == 3 && memcmp(line, "id\n", 3) == 0) {
            char answer[32];
            int count = snprintf(answer, sizeof answer, "%llu\n", (unsigned long long)env->host->id(connection));
            env->host->write(connection, answer, (size_t)count);
        } else return MARTLET_ERROR_PEER;
        line += size;
        *consumed += size;
    }
    return *consumed == 0 && length > 1024 ? MARTLET_ERROR_PEER : MARTLET_OK;
}

static const martlet_text required[] = {TEXT(MARTLET_LOOPS), TEXT(MARTLET_GROUPS)};

static const martlet_plugin plugin = {
    .size = sizeof plugin, .abi = MARTLET_ABI_VERSION, .name = TEXT("notice-board"), .version = TEXT(VERSION),
    .summary = TEXT("Notices for everybody who watches"), .threads = MARTLET_THREADS_LOOPS,
    .flags = MARTLET_PLUGIN_UNLOADABLE | MARTLET_PLUGIN_PLAIN_SESSIONS,
    .extensions = extensions, .extension_count = sizeof extensions / sizeof *extensions,
    .required_extensions = required, .required_extension_count = sizeof required / sizeof *required,
    .session_size = 8, .session_layout = TEXT("notice-board.session/1"),
    .create = create, .destroy = destroy, .opened = opened, .received = received,
};

__attribute__((visibility("default"))) const martlet_plugin *martlet_plugin_entry(martlet_abi host_abi) {
    return host_abi >> 16 == MARTLET_ABI_MAJOR ? &plugin : NULL;
}
