/* A plugin and its tests in the simulation, as an author in C writes them: `simulation LIBRARY TEST`. The first byte of each
 * message says what the plugin does, including what it must not do. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <martlet_simulation.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const martlet_simulation *simulation;
static const martlet_host *server;
static int failures;

#define TEXT(literal) ((martlet_text){literal, sizeof literal - 1})

static void check_at(int line, int is_right, const char *text) {
    if (is_right) return;
    fprintf(stderr, "simulation.c:%d: failed: %s\n", line, text);
    failures++;
}

#define CHECK(condition) check_at(__LINE__, condition, #condition)

/* ---------------------------------------------------------------------------------------------------- the plugin -- */

typedef struct session {
    martlet_instance *instance;
    uint32_t count; /* bytes that were echoed */
    int mode;       /* how it behaves in save */
} session;

typedef struct instance {
    martlet_instance *handle;
    martlet_connection *kept; /* against the rules */
    int released;
} instance;

static char lent[] = "lent";

static martlet_result create(const martlet_plugin *descriptor, const martlet_host *host, martlet_instance *handle,
                             const martlet_value *options, void **state) {
    (void)descriptor;
    server = host;
    const martlet_value *mode = options->items[0];
    if (mode->integer == 1) host->refuse(handle, TEXT("mode"), TEXT("is 1"));
    if (mode->integer == 2) {
        host->refuse(handle, TEXT("mode"), TEXT("is 2"));
        return MARTLET_ERROR_ARGUMENT;
    }
    instance *made = calloc(1, sizeof *made);
    made->handle = handle;
    host->metric_register(handle, MARTLET_METRIC_COUNTER, TEXT("bytes_total"), TEXT("Bytes"));
    *state = made;
    return MARTLET_OK;
}

static void destroy(void *state) { free(state); }

static martlet_result opened(const martlet_env *env, martlet_connection *connection, const martlet_opening *opening,
                             void **made) {
    (void)connection;
    (void)opening;
    session *fresh = calloc(1, sizeof *fresh);
    fresh->instance = env->instance;
    *made = fresh;
    return MARTLET_OK;
}

static void release(void *context) { ((instance *)context)->released++; }
static void close_file(void *context) { close((int)(intptr_t)context); }
static void work(void *context) { (void)context; }

static void delivered(const martlet_env *env, void *context, martlet_connection *connection, void *own) {
    (void)context;
    (void)own;
    if (connection) env->host->write(connection, "d", 1);
}

static void out_of_turn(const martlet_env *env, void *context, martlet_connection *connection, void *own) {
    (void)connection;
    (void)own;
    env->host->pause(context);
}

typedef struct sender {
    const martlet_env *env;
    martlet_connection_id connection;
} sender;

static void *send_from_a_thread(void *context) {
    sender *from = context;
    from->env->host->submit(from->env->instance, from->connection, work, delivered, NULL);
    from->env->host->post(from->env->instance, from->connection, delivered, NULL);
    return NULL;
}

static martlet_result received(const martlet_env *env, void *own, martlet_connection *connection, const uint8_t *data,
                               size_t length, size_t *consumed) {
    const martlet_host *host = env->host;
    instance *state = env->state;
    session *me = own;
    *consumed = length;
    switch (data[0]) {
    case 'C': host->reserve(connection, 4), host->commit(connection, 5); break;
    case 'F': host->reserve(connection, 4)[4] = 0, host->commit(connection, 4); break;
    case 'G': host->metric_register(env->instance, MARTLET_METRIC_GAUGE, TEXT("late"), TEXT("")); break;
    case 'H': host->hand_over(connection, TEXT("other")); break;
    case 'I': ((uint8_t *)data)[0] = 'i'; break;
    case 'L': host->write_shared(connection, lent, 4, release, state); break;
    case 'M': host->write_shared(connection, lent, 4, NULL, NULL), lent[0] ^= 1; break;
    case 'N': host->metric_add(env->instance, 99, 1); break;
    case 'O': *consumed = 0, host->pause(connection), host->resume(connection); break;
    case 'P': host->post(env->instance, host->id(connection), delivered, NULL); break;
    case 'Q': host->post(env->instance, 0, out_of_turn, connection); break;
    case 'S': me->mode = 'S'; break;
    case 'B': me->mode = 'B'; break;
    case 'K': me->mode = 'K'; break;
    case 'R': me->mode = 'R'; break;
    case 'T': host->set_timer(connection, 1500); break;
    case 'W': host->submit(env->instance, host->id(connection), work, delivered, NULL); break;
    case 'X': *consumed = length + 1; break;
    case 'Z': {
        sender from = {env, host->id(connection)};
        pthread_t thread;
        pthread_create(&thread, NULL, send_from_a_thread, &from);
        pthread_join(thread, NULL);
        break;
    }
    case 'c': host->close(connection), host->write(connection, "x", 1); break;
    case 's': {
        int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        host->send_file(connection, file, (uint64_t)lseek(file, 0, SEEK_END), 1, close_file, (void *)(intptr_t)file);
        break;
    }
    default:
        me->count += (uint32_t)length;
        host->metric_add(env->instance, 0, (int64_t)length);
        host->write(connection, data, length);
    }
    return MARTLET_OK;
}

static void timer(const martlet_env *env, void *own, martlet_connection *connection) {
    (void)own;
    env->host->write(connection, "t", 1);
}

static void closed(const martlet_env *env, void *own, martlet_connection *connection, martlet_close_reason reason) {
    (void)reason;
    if (((session *)own)->mode == 'R') {
        martlet_request request = {.size = sizeof request, .status = 200};
        for (int i = 0; i < 3; i++) env->host->request_done(connection, &request);
    }
    free(own);
}

static martlet_result save(const martlet_env *env, void *own, martlet_connection *connection, uint8_t *buffer,
                           size_t capacity, size_t *length) {
    session *me = own;
    if (me->mode == 'S') env->host->write(connection, "x", 1);
    if (me->mode == 'B') buffer[capacity] = 0;
    if (me->mode == 'K') env->host->write_shared(connection, lent, 4, release, env->state);
    memcpy(buffer, &me->count, *length = sizeof me->count);
    return MARTLET_OK;
}

static martlet_result restore(const martlet_env *env, martlet_connection *connection, uint32_t version,
                              const uint8_t *data, size_t length, void **made) {
    (void)connection;
    (void)version;
    session *fresh = calloc(1, sizeof *fresh);
    fresh->instance = env->instance;
    memcpy(&fresh->count, data, length);
    *made = fresh;
    return MARTLET_OK;
}

static void moved(const martlet_env *env, void *own, martlet_connection *connection) {
    (void)env;
    (void)connection;
    free(own);
}

static const martlet_plugin *plugin(void) {
    static martlet_option option;
    static martlet_session_state state;
    static martlet_extension extension;
    static martlet_plugin made;
    option = (martlet_option){.size = sizeof option, .type = MARTLET_TYPE_INTEGER, .key = TEXT("mode"),
                              .default_value = TEXT("0"), .minimum = 0, .maximum = 9};
    state = (martlet_session_state){.size = sizeof state, .version = 1, .oldest = 1, .newest = 1,
                                    .schema = TEXT("tested"), .save = save, .restore = restore, .moved = moved};
    extension = (martlet_extension){.size = sizeof extension, .id = TEXT(MARTLET_SESSION_STATE), .functions = &state};
    made = (martlet_plugin){.size = sizeof made, .abi = MARTLET_ABI_VERSION, .name = TEXT("tested"),
                            .version = TEXT("1"), .threads = MARTLET_THREADS_BOTH, .options = &option,
                            .option_count = 1, .extensions = &extension, .extension_count = 1, .create = create,
                            .destroy = destroy, .opened = opened, .received = received, .timer = timer,
                            .closed = closed};
    return &made;
}

/* ----------------------------------------------------------------------------------------------------- helpers -- */

static martlet_simulated_host *start(martlet_simulation_settings *settings) {
    martlet_simulation_settings none = {.size = sizeof none};
    martlet_simulation_error error = {.size = sizeof error};
    martlet_simulated_host *host = simulation->create(plugin(), settings ? settings : &none, &error);
    if (!host) fprintf(stderr, "%.*s\n", (int)error.message.length, error.message.data), exit(1);
    return host;
}

static void send(martlet_simulated_peer *peer, const char *text) { simulation->send(peer, text, strlen(text), 0); }

static int gives(martlet_simulated_peer *peer, const char *expected) {
    martlet_bytes found = simulation->take_output(peer);
    if (found.length == strlen(expected) && memcmp(found.data, expected, found.length) == 0) return 1;
    fprintf(stderr, "expected \"%s\", found \"%.*s\"\n", expected, (int)found.length, (const char *)found.data);
    return 0;
}

static martlet_simulated_state look(martlet_simulated_peer *peer) {
    martlet_simulated_state state = {.size = sizeof state};
    CHECK(simulation->state(peer, &state) == MARTLET_OK);
    return state;
}

static int is(martlet_text text, const char *expected) {
    if (text.length == strlen(expected) && memcmp(text.data, expected, text.length) == 0) return 1;
    fprintf(stderr, "expected \"%s\", found \"%.*s\"\n", expected, (int)text.length, text.data);
    return 0;
}

static int has_problem(martlet_simulated_host *host, const char *expected) {
    if (simulation->problem_count(host) != 1) {
        fprintf(stderr, "%zu problems, expected \"%s\"\n", simulation->problem_count(host), expected);
        return 0;
    }
    return is(simulation->problem(host, 0), expected);
}

static void stop(martlet_simulated_host *host) {
    simulation->shut_down(host);
    CHECK(simulation->problem_count(host) == 0);
    for (size_t i = 0; i < simulation->problem_count(host); i++) is(simulation->problem(host, i), "no problem");
    simulation->release(host);
}

/* ------------------------------------------------------------------------------------------------------- tests -- */

static void reports_each_broken_rule(void) {
    static const struct { const char *input, *problem; } rules[] = {
        {"X", "connection 1: consumed 2 of 1 bytes"},
        {"C", "connection 1: committed 5 bytes of 4 reserved"},
        {"F", "connection 1: wrote behind the memory that it reserved"},
        {"G", "metric_register outside create"},
        {"I", "connection 1: wrote into its input"},
        {"M", "connection 1: memory lent with write_shared changed before its release"},
        {"N", "a metric update that its kind does not allow, or of no metric: 99"},
        {"O", "connection 1: goes on for ever without consuming its input"},
        {"Q", "connection 1: pause outside a callback of the connection"},
        {"c", "connection 1: wrote to a connection that it had closed"},
        {"s", "connection 1: a file sent with send_file is shorter than was said"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        martlet_simulated_host *host = start(NULL);
        send(simulation->connect(host, NULL), rules[i].input);
        simulation->shut_down(host);
        CHECK(has_problem(host, rules[i].problem));
        simulation->release(host);
    }
    static const char *moves[][2] = {{"S", "connection 1: write inside save or restore"},
                                     {"B", "connection 1: save wrote behind its buffer of 64 bytes"}};
    for (size_t i = 0; i < 2; i++) {
        martlet_simulated_host *old = start(NULL);
        martlet_simulated_peer *peer = simulation->connect(old, NULL);
        martlet_simulated_host *next = simulation->next_generation(old, plugin(), TEXT(""), NULL);
        send(peer, moves[i][0]);
        simulation->migrate(peer, next);
        simulation->shut_down(old);
        CHECK(has_problem(old, moves[i][1]));
        simulation->release(next);
        simulation->release(old);
    }
    martlet_simulation_settings settings = {.size = sizeof settings, .listener = TEXT("options.mode = 1")};
    martlet_simulated_host *host = start(&settings);
    CHECK(has_problem(host, "create called refuse and returned OK"));
    simulation->release(host);
}

static void reports_errors_as_the_server_does(void) {
    martlet_simulation_error error = {.size = sizeof error};
    martlet_simulation_settings settings = {.size = sizeof settings, .file = TEXT("plugins.d/x.toml"),
                                            .listener = TEXT("[options]\n\nmode = 10")};
    CHECK(!simulation->create(plugin(), &settings, &error));
    CHECK(error.failure == MARTLET_SIMULATION_OPTIONS && error.fault_count == 1);
    CHECK(error.faults[0].line == 3 && error.faults[0].column == 1 && is(error.faults[0].path, "options.mode"));
    CHECK(is(error.message, "plugins.d/x.toml:3:1: options.mode: expected an integer from 0 to 9, found the integer 10"));
    settings.listener = TEXT("[options]\nmode = 2");
    CHECK(!simulation->create(plugin(), &settings, &error));
    CHECK(error.failure == MARTLET_SIMULATION_CREATE && error.result == MARTLET_ERROR_ARGUMENT);
    CHECK(is(error.message, "options.mode: is 2") && is(error.faults[0].path, "mode"));
    settings.listener = TEXT("[limits]\nidle_timeot = \"1s\"");
    CHECK(!simulation->create(plugin(), &settings, &error) && error.faults[0].line == 2);
    settings.listener = TEXT("");
    settings.loops = 65;
    CHECK(!simulation->create(plugin(), &settings, &error) && error.failure == MARTLET_SIMULATION_ARGUMENT);
    martlet_plugin foreign = *plugin();
    foreign.abi = 2 << 16;
    CHECK(!simulation->create(&foreign, NULL, &error) && error.failure == MARTLET_SIMULATION_DESCRIPTOR);
    CHECK(!simulation->create(&foreign, NULL, NULL));
}

static void keeps_the_time(void) {
    martlet_simulation_settings settings = {.size = sizeof settings,
                                            .listener = TEXT("limits.idle_timeout = \"10s\"")};
    martlet_simulated_host *host = start(&settings);
    martlet_simulated_peer *peer = simulation->connect(host, NULL);
    send(peer, "T");
    CHECK(look(peer).timer == 1500000000);
    simulation->advance(host, 1499999999);
    CHECK(gives(peer, ""));
    simulation->advance(host, 1);
    CHECK(gives(peer, "t") && look(peer).timer == UINT64_MAX);
    CHECK(simulation->elapsed(host) == 1500000000);
    simulation->advance(host, 9900000000);
    CHECK(look(peer).is_open);
    simulation->advance(host, 200000000);
    CHECK(look(peer).end == MARTLET_SIMULATED_CLOSED && look(peer).reason == MARTLET_CLOSED_IDLE_TIMEOUT);
    stop(host);
}

static void counts_bytes_exactly(void) {
    martlet_simulation_settings settings = {.size = sizeof settings, .output_high_water = 8, .output_low_water = 4};
    martlet_simulated_host *host = start(&settings);
    martlet_simulation_arrival arrival = {.size = sizeof arrival, .does_not_read = 1};
    martlet_simulated_peer *peer = simulation->connect(host, &arrival);
    simulation->send(peer, "eeeeeeeeeeee", 12, 3);
    CHECK(look(peer).waiting_output == 9 && look(peer).unconsumed_input == 3 && look(peer).presentations == 3);
    simulation->read(peer, 4);
    CHECK(look(peer).waiting_output == 5 && look(peer).unconsumed_input == 3);
    simulation->read(peer, 1);
    CHECK(look(peer).waiting_output == 7 && look(peer).unconsumed_input == 0 && gives(peer, "eeeee"));
    int64_t total = 0;
    CHECK(simulation->metric(host, TEXT("bytes_total"), &total) == MARTLET_OK && total == 12);
    CHECK(simulation->metric(host, TEXT("none"), &total) == MARTLET_ERROR_ARGUMENT);
    stop(host);
}

static void runs_work_in_order(void) {
    martlet_simulation_settings settings = {.size = sizeof settings, .work_queue = 2};
    martlet_simulated_host *host = start(&settings);
    martlet_simulated_peer *peer = simulation->connect(host, NULL);
    simulation->send(peer, "WWWP", 4, 1);
    CHECK(simulation->waiting_work(host) == 3 && gives(peer, ""));
    CHECK(simulation->run_work(host, 1) == 1 && gives(peer, "d"));
    CHECK(simulation->run_work(host, 100) == 2 && gives(peer, "dd"));
    send(peer, "Z");
    CHECK(simulation->waiting_work(host) == 2 && gives(peer, ""));
    CHECK(simulation->run_work(host, 100) == 2 && gives(peer, "dd"));
    send(peer, "P");
    simulation->reset(peer);
    CHECK(simulation->run_work(host, 100) == 1);
    stop(host);
}

static void calls_workers_as_it_calls_loops(void) {
    martlet_simulation_settings settings = {.size = sizeof settings, .listener = TEXT("dispatch = \"workers\"")};
    martlet_simulated_host *host = start(&settings);
    martlet_simulated_peer *peer = simulation->connect(host, NULL);
    simulation->send(peer, "hello", 5, 1);
    CHECK(gives(peer, "hello") && look(peer).presentations == 5);
    send(peer, "W");
    simulation->run_work(host, 1);
    CHECK(gives(peer, "d"));
    simulation->finish_sending(peer);
    CHECK(look(peer).end == MARTLET_SIMULATED_CLOSED && look(peer).reason == MARTLET_CLOSED_BY_PEER);
    stop(host);
}

static void keeps_what_a_moved_session_has_lent(void) {
    martlet_simulated_host *old = start(NULL);
    martlet_simulation_arrival arrival = {.size = sizeof arrival, .does_not_read = 1};
    martlet_simulated_peer *peer = simulation->connect(old, &arrival);
    send(peer, "a");
    send(peer, "L");
    martlet_simulated_host *next = simulation->next_generation(old, plugin(), TEXT(""), NULL);
    CHECK(simulation->generation(next) == 2);
    const martlet_simulated_move *moves = NULL;
    CHECK(simulation->swap(old, next, &moves) == 1 && moves[0] == MARTLET_SIMULATED_MOVED);
    CHECK(look(peer).host == next && look(peer).is_open);
    simulation->shut_down(old);
    CHECK(simulation->problem_count(old) == 0 && look(peer).is_open);
    simulation->read(peer, 100);
    CHECK(gives(peer, "alent"));
    send(peer, "P");
    simulation->set_reads_at_once(peer, 1);
    simulation->run_work(next, 1);
    CHECK(gives(peer, "d"));
    stop(old);
    stop(next);
}

/* Requests may be reported in `closed`: there is nothing left that a rate could hold up. */
static void counts_requests_in_closed(void) {
    static const char *files[] = {"limits.request_rate = 1", "limits.request_rate = 1\nlimits.on_limit = \"refuse\""};
    for (size_t i = 0; i < 2; i++) {
        martlet_simulation_settings settings = {.size = sizeof settings, .listener = {files[i], strlen(files[i])}};
        martlet_simulated_host *host = start(&settings);
        martlet_simulated_peer *peer = simulation->connect(host, NULL);
        send(peer, "R");
        simulation->cut(peer, MARTLET_CLOSED_IDLE_TIMEOUT);
        CHECK(look(peer).reason == MARTLET_CLOSED_IDLE_TIMEOUT && !look(peer).is_open);
        CHECK(simulation->request_count(host) == 3);
        simulation->advance(host, 10000000000);
        stop(host);
    }
}

/* What `save` lends is refused, and returned at once: nothing keeps the old generation. */
static void returns_what_save_has_lent(void) {
    martlet_simulated_host *old = start(NULL);
    martlet_simulated_peer *peer = simulation->connect(old, NULL);
    send(peer, "K");
    martlet_simulated_host *next = simulation->next_generation(old, plugin(), TEXT(""), NULL);
    simulation->migrate(peer, next);
    simulation->shut_down(old);
    CHECK(has_problem(old, "connection 1: write_shared inside save or restore"));
    CHECK(simulation->problem_count(old) == 1);
    simulation->release(next);
    simulation->release(old);
}

static void hands_over_to_another_listener(void) {
    martlet_simulated_host *host = start(NULL);
    martlet_simulated_peer *gone = simulation->connect(host, NULL);
    send(gone, "H");
    CHECK(look(gone).end == MARTLET_SIMULATED_HANDED_OVER && is(look(gone).handed_over_to, "other"));
    martlet_simulation_settings settings = {.size = sizeof settings, .name = TEXT("other"), .beside = host};
    martlet_simulated_host *other = start(&settings);
    martlet_simulated_peer *peer = simulation->connect(host, NULL);
    send(peer, "H");
    CHECK(look(peer).is_open && look(peer).host == other);
    send(peer, "there");
    CHECK(gives(peer, "there"));
    stop(host);
    stop(other);
}

typedef struct trace {
    char text[4096];
    size_t length;
} trace;

static void note(void *context, martlet_text call) {
    trace *trace = context;
    trace->length += (size_t)snprintf(trace->text + trace->length, sizeof trace->text - trace->length, "%.*s,",
                                      (int)call.length, call.data);
}

static void play(trace *trace) {
    martlet_simulation_settings settings = {.size = sizeof settings, .loops = 3, .on_call = note, .context = trace};
    martlet_simulated_host *host = start(&settings);
    martlet_simulated_peer *peers[9];
    for (uint32_t i = 0; i < 9; i++) {
        martlet_simulation_arrival arrival = {.size = sizeof arrival, .loop = i % 3};
        peers[i] = simulation->connect(host, &arrival);
        simulation->send(peers[i], "TWPLe", 5, 1 + i % 2);
    }
    simulation->advance(host, 1000000000);
    for (int i = 0; i < 9; i += 2) simulation->reset(peers[i]);
    simulation->run_work(host, 1000);
    simulation->advance(host, 1000000000);
    stop(host);
}

static void does_the_same_twice(void) {
    static trace first, second;
    play(&first);
    play(&second);
    CHECK(first.length > 300 && strcmp(first.text, second.text) == 0);
}

static void *run_alone(void *result) {
    for (int i = 0; i < 20; i++) {
        martlet_simulated_host *host = start(NULL);
        martlet_simulated_peer *peer = simulation->connect(host, NULL);
        for (int tick = 0; tick < 20; tick++) {
            simulation->send(peer, "eeT", 3, 1);
            simulation->advance(host, 1500000000);
            if (!gives(peer, "eet")) *(int *)result = 1;
        }
        if (simulation->elapsed(host) != 30000000000) *(int *)result = 1;
        simulation->shut_down(host);
        if (simulation->problem_count(host) != 0) *(int *)result = 1;
        simulation->release(host);
    }
    return NULL;
}

static void has_a_clock_for_each_thread(void) {
    pthread_t threads[4];
    int results[4] = {0};
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, run_alone, &results[i]);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < 4; i++) CHECK(results[i] == 0);
}

int main(int count, char **arguments) {
    static const struct { const char *name; void (*function)(void); } tests[] = {
        {"reports_each_broken_rule", reports_each_broken_rule},
        {"reports_errors_as_the_server_does", reports_errors_as_the_server_does},
        {"keeps_the_time", keeps_the_time},
        {"counts_bytes_exactly", counts_bytes_exactly},
        {"runs_work_in_order", runs_work_in_order},
        {"calls_workers_as_it_calls_loops", calls_workers_as_it_calls_loops},
        {"keeps_what_a_moved_session_has_lent", keeps_what_a_moved_session_has_lent},
        {"hands_over_to_another_listener", hands_over_to_another_listener},
        {"counts_requests_in_closed", counts_requests_in_closed},
        {"returns_what_save_has_lent", returns_what_save_has_lent},
        {"does_the_same_twice", does_the_same_twice},
        {"has_a_clock_for_each_thread", has_a_clock_for_each_thread},
    };
    if (count != 3) return 2;
    void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) return fprintf(stderr, "%s\n", dlerror()), 2;
    martlet_simulation_get get;
    *(void **)&get = dlsym(library, MARTLET_SIMULATION_SYMBOL);
    if (get(2 << 16)) return 2;
    simulation = get(MARTLET_SIMULATION_VERSION);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        if (strcmp(arguments[2], tests[i].name) != 0) continue;
        tests[i].function();
        return failures != 0;
    }
    return 2;
}
