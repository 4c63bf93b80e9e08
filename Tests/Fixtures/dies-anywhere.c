/*
 * Ends its process in any callback. The option `order` names a file that says where and how: "timer segv". The callback removes the file
 * before it dies, so that an order is carried out once. A line that is the name of a callback, such as "timer" or "tick on a
 * worker", makes the host call it. All lines are echoed.
 *
 * -DSTATELESS: the instance has no state that moves.
 */
#include "die.h"
#include "line.h"
#include "minimal.h"
#include <fcntl.h>

static char order[256]; /* a path */
static const martlet_loops *loops;

static void in(const char *callback) {
    char text[64];
    int file = open(order, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    text[length > 0 ? length : 0] = 0;
    char *space = strrchr(text, ' ');
    if (space == NULL) return;
    *space = 0;
    if (strcmp(text, callback) == 0 && unlink(order) == 0) die_here(space + 1);
}

/* ------------------------------------------------------------------------------------------------------ instance -- */

static martlet_result create(const martlet_plugin *descriptor, const martlet_host *given, martlet_instance *instance,
                             const martlet_value *options, void **state) {
    (void)descriptor, (void)state;
    host = given;
    loops = host->extension(instance, (martlet_text)TEXT(MARTLET_LOOPS));
    for (size_t i = 0; i < options->item_count; i++)
        if (options->items[i]->text.length < sizeof order)
            memcpy(order, options->items[i]->text.data, options->items[i]->text.length);
    in("create");
    return MARTLET_OK;
}

static void destroy(void *state) {
    (void)state;
    in("destroy");
}

static martlet_result loop_start(const martlet_env *env, void **loop_state) {
    (void)env, (void)loop_state;
    in("loop_start");
    return MARTLET_OK;
}

static void loop_stop(const martlet_env *env) {
    (void)env;
    in("loop_stop");
}

/* --------------------------------------------------------------------------------------------- what lines ask for -- */

static void deliver(const martlet_env *env, void *context, martlet_connection *connection, void *session) {
    (void)env, (void)context, (void)connection, (void)session;
    in("delivery");
}

/* Waits for its order, so that the loop is in no callback any more: a report of `exit` names one thread in a callback. */
static void work(void *context) {
    (void)context;
    for (int i = 0; i < 10000; i++) {
        in("work");
        usleep(1000);
    }
}

static void release(void *context) {
    (void)context;
    in("release");
}

static void tick(const martlet_env *env, void *context) {
    (void)env, (void)context;
    in("tick");
}

/* The host calls `writable` once the peer reads. */
static void fill(martlet_connection *connection) {
    static const char block[4096];
    while (host->write(connection, block, sizeof block) == MARTLET_OK) continue;
}

static void answer(const martlet_env *env, martlet_connection *connection, const char *line) {
    martlet_timer timer;
    martlet_connection_id id = host->id(connection);
    write_line(host, connection, "%s", line);
    if (strcmp(line, "timer") == 0) host->set_timer(connection, 1);
    if (strcmp(line, "delivery") == 0) host->post(env->instance, id, deliver, NULL);
    if (strcmp(line, "work") == 0) host->submit(env->instance, id, work, NULL, NULL);
    if (strcmp(line, "release") == 0) host->write_shared(connection, "lent\n", 5, release, NULL);
    if (strcmp(line, "tick") == 0) loops->start_timer(env->instance, env->loop, 1, 0, tick, NULL, NULL, &timer);
    if (strcmp(line, "tick on a worker") == 0)
        loops->start_timer(env->instance, MARTLET_NO_LOOP, 1, 0, tick, NULL, NULL, &timer);
    if (strcmp(line, "writable") == 0) fill(connection);
}

/* ------------------------------------------------------------------------------------------------------- session -- */

static martlet_result opened(const martlet_env *env, martlet_connection *connection, const martlet_opening *opening,
                             void **session) {
    (void)env, (void)connection, (void)opening, (void)session;
    in("opened");
    return MARTLET_OK;
}

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    (void)session;
    in("received");
    char line[64];
    const uint8_t *end = memchr(data, '\n', length);
    if (end == NULL) return MARTLET_OK;
    size_t count = (size_t)(end - data);
    if (count >= sizeof line) return MARTLET_ERROR_PEER;
    memcpy(line, data, count);
    line[count] = 0;
    *consumed = count + 1;
    answer(env, connection, line);
    return MARTLET_OK;
}

static void writable(const martlet_env *env, void *session, martlet_connection *connection) {
    (void)env, (void)session, (void)connection;
    in("writable");
}

static void timer(const martlet_env *env, void *session, martlet_connection *connection) {
    (void)env, (void)session, (void)connection;
    in("timer");
}

static void peer_closed(const martlet_env *env, void *session, martlet_connection *connection) {
    (void)env, (void)session;
    in("peer_closed");
    host->close(connection);
}

static void draining(const martlet_env *env, void *session, martlet_connection *connection) {
    (void)env, (void)session;
    in("draining");
    host->close(connection);
}

static void closed(const martlet_env *env, void *session, martlet_connection *connection, martlet_close_reason reason) {
    (void)env, (void)session, (void)connection, (void)reason;
    in("closed");
}

/* ---------------------------------------------------------------------------------------------------- extensions -- */

static martlet_result save(const martlet_env *env, void *session, martlet_connection *connection, uint8_t *buffer,
                           size_t capacity, size_t *length) {
    (void)env, (void)session, (void)connection;
    in("save");
    if (capacity >= 4) memcpy(buffer, "here", 4);
    *length = 4;
    return MARTLET_OK;
}

static martlet_result restore(const martlet_env *env, martlet_connection *connection, uint32_t version,
                              const uint8_t *data, size_t length, void **session) {
    (void)env, (void)connection, (void)version, (void)data, (void)length, (void)session;
    in("restore");
    return MARTLET_OK;
}

static void moved(const martlet_env *env, void *session, martlet_connection *connection) {
    (void)env, (void)session, (void)connection;
    in("moved");
}

static const martlet_session_state session_state = {
    .size = sizeof session_state, .version = 1, .oldest = 1, .newest = 1, .schema = TEXT("dies.session"),
    .save = save, .restore = restore, .moved = moved,
};

static martlet_result save_state(const martlet_env *env, martlet_state_put put, void *put_context) {
    (void)env;
    in("save of the instance");
    return put(put_context, "here", 4);
}

static martlet_result restore_state(const martlet_env *env, uint32_t version, const uint8_t *data, size_t length) {
    (void)env, (void)version, (void)data, (void)length;
    in("restore of the instance");
    return MARTLET_OK;
}

static void state_moved(const martlet_env *env) {
    (void)env;
    in("moved of the instance");
}

static const martlet_instance_state instance_state = {
    .size = sizeof instance_state, .version = 1, .oldest = 1, .newest = 1, .schema = TEXT("dies.state"),
    .flags = MARTLET_STATE_STAYS_USABLE, .save = save_state, .restore = restore_state, .moved = state_moved,
};

static void operate(const martlet_env *env) {
    (void)env;
    in("operation");
}

#define OPERATION(its_name, its_place)                                                                                 \
    {.size = sizeof(martlet_operation), .place = its_place, .name = TEXT(its_name), .signature = TEXT("void()"),       \
     .help = TEXT("Does nothing"), .function = (void (*)(void))operate}

static const martlet_operation list[] = {
    OPERATION("control", MARTLET_ON_CONTROL), OPERATION("loops", MARTLET_ON_LOOPS),
    OPERATION("worker", MARTLET_ON_WORKER)};

static const martlet_operations operations = {
    .size = sizeof operations, .operations = list, .operation_count = sizeof list / sizeof *list};

static const martlet_extension extensions[] = {
    {.size = sizeof(martlet_extension), .id = TEXT(MARTLET_SESSION_STATE), .functions = &session_state},
    {.size = sizeof(martlet_extension), .id = TEXT(MARTLET_OPERATIONS), .functions = &operations},
#ifndef STATELESS
    {.size = sizeof(martlet_extension), .id = TEXT(MARTLET_INSTANCE_STATE), .functions = &instance_state},
#endif
};

static const martlet_option options[] = {
    {.size = sizeof(martlet_option), .type = MARTLET_TYPE_PATH, .key = TEXT("order"), .minimum = 1, .maximum = 0,
     .help = TEXT("The file that says where and how to die")}};

ENTRY {
    (void)instance_state;
    plugin.name = (martlet_text)TEXT("dies-anywhere");
    plugin.threads = MARTLET_THREADS_BOTH;
    plugin.options = options;
    plugin.option_count = 1;
    plugin.extensions = extensions;
    plugin.extension_count = sizeof extensions / sizeof *extensions;
    plugin.create = create;
    plugin.destroy = destroy;
    plugin.loop_start = loop_start;
    plugin.loop_stop = loop_stop;
    plugin.opened = opened;
    plugin.received = received;
    plugin.writable = writable;
    plugin.timer = timer;
    plugin.peer_closed = peer_closed;
    plugin.draining = draining;
    plugin.closed = closed;
    return &plugin;
}
