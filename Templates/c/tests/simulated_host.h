/*
 * A host for tests of plugins: no sockets, no threads, a clock that stands still until the test moves it.
 *
 *     simulated_host *host = simulated_host_start(martlet_plugin_entry(MARTLET_ABI_VERSION), options, 2);
 *     simulated_peer *peer = simulated_host_connect(host);
 *     simulated_peer_send(peer, "hello\n", 6, 1);            // byte by byte
 *     assert(strcmp(simulated_peer_output(peer), "1 5\n") == 0);
 *     assert(simulated_host_stop(host) == 0);                // the plugin kept all rules
 *
 * One event loop, on the thread of the test. Work that the plugin submits runs in simulated_host_advance. Memory is
 * spoilt when the plugin may no longer use it, and allocated to the byte: -fsanitize=address sees who reaches too far.
 * To be included by one source file. C11 or C++17.
 */
#ifndef SIMULATED_HOST_H
#define SIMULATED_HOST_H

#include "martlet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIMULATED_METRICS 64
#define SIMULATED_JOBS 256
#define SIMULATED_OVERRUN ((size_t)16 << 20)    /* bytes of output that are taken above the high-water mark */
#define SIMULATED_SAVED_LIMIT ((size_t)1 << 20) /* bytes of a saved session */

typedef struct simulated_host simulated_host;
typedef struct simulated_peer simulated_peer;

struct simulated_bytes {
    uint8_t *data;
    size_t length;
};

/* What the plugin lent with write_shared or send_file. */
struct simulated_loan {
    struct simulated_loan *next;
    martlet_instance *lender;
    martlet_release release;
    void *context;
    const void *data; /* NULL: a file, or nothing that was sent */
    uint8_t *copy;    /* what `data` held */
    size_t length;
};

struct simulated_job {
    martlet_instance *instance; /* NULL: done */
    martlet_connection_id connection;
    martlet_work work;
    martlet_delivery done;
    void *context;
};

/* What a connection is in the middle of: which host functions may be called. */
typedef enum simulated_moment {
    SIMULATED_IDLE,
    SIMULATED_CALLBACK,
    SIMULATED_LAST,   /* closed, moved */
    SIMULATED_MOVING, /* save, restore */
} simulated_moment;

/* What the plugin or the peer has asked for. It happens at the end of the callback. */
typedef enum simulated_ending {
    SIMULATED_GOES_ON,
    SIMULATED_CLOSING,
    SIMULATED_HANDING_OVER,
    SIMULATED_ABORTING,
} simulated_ending;

/* The peer and the host's side of it. */
struct martlet_connection {
    simulated_host *host;
    simulated_peer *next;
    martlet_instance *instance; /* whose session it is */
    void *session;
    martlet_connection_id id;
    martlet_address peer, local;
    simulated_moment moment;

    struct simulated_bytes input; /* not consumed yet */
    size_t wanted;                /* `want`; 0: nothing */
    int is_paused, expects_input;
    int is_fresh;                 /* some input is to be presented */
    int is_finished;              /* the peer sends no more */
    int is_rest_shown;            /* all that came has been presented, and no more will come */
    int is_finish_told;           /* peer_closed */
    int calls;                    /* of `received` */

    struct simulated_bytes output;   /* with what the test has taken */
    struct simulated_bytes reserved; /* `reserve` */
    struct simulated_loan *loans;    /* not given back yet */
    size_t taken;                    /* of the output, by simulated_peer_output */
    size_t sent;                     /* of the output, by callbacks that are over */
    int is_full;                     /* a write returned FULL */

    int is_open;
    simulated_ending ending;
    martlet_close_reason reason; /* of the end */
    char handed_to[128];         /* the listener of hand_over */
    int is_draining;
    int is_leaving; /* the session said BUSY, and moves after a later callback */
    uint64_t timer; /* 0: none */
};

struct simulated_peer {
    struct martlet_connection connection;
};

/* One generation. */
struct martlet_instance {
    simulated_host *host;
    martlet_instance *next; /* older */
    martlet_plugin plugin;  /* as this host knows it */
    martlet_env env;
    uint32_t generation;
    int is_creating, is_refused;
};

struct simulated_host {
    const martlet_plugin *plugin; /* of the newest generation */
    martlet_instance *instance;   /* the newest generation; older ones live as long as something of them does */
    simulated_peer *peers;
    martlet_connection_id last_id;
    uint64_t now;             /* nanoseconds */
    size_t high_water;        /* bytes of output above which writes return FULL */
    size_t max_input;         /* bytes that may stay unconsumed */
    martlet_opening opening;  /* what `opened` is told of the next peers; their addresses stand in the two below */
    martlet_address peer, local;
    int problems; /* rules that the plugin broke; each is printed */
    int is_in_callback, is_stopping;
    uint64_t requests;        /* request_done */
    uint64_t failed_requests; /* those of them that failed, and sessions that did */
    char refusal[512];        /* the last `refuse`, "path: message" */
    char log[4096];           /* all lines */
    struct {
        char name[64];
        int64_t value;
        martlet_metric_kind kind;
    } metrics[SIMULATED_METRICS];
    int metric_count;
    struct simulated_job jobs[SIMULATED_JOBS];
    int job_count;
};

static inline void simulated_problem(simulated_host *host, const char *text) {
    fprintf(stderr, "the plugin broke a rule: %s\n", text);
    host->problems++;
}

static inline martlet_text simulated_view(const char *text) {
    martlet_text view = {text, strlen(text)};
    return view;
}

static inline int simulated_is(martlet_text text, martlet_text other) {
    return text.length == other.length && (text.length == 0 || memcmp(text.data, other.data, text.length) == 0);
}

static inline void *simulated_allocate(size_t length) {
    void *memory = malloc(length > 0 ? length : 1);
    if (memory == NULL) abort();
    return memory;
}

/* Whoever kept a pointer reads nonsense. */
static inline void simulated_spoil(void *memory, size_t length) {
    if (memory != NULL) memset(memory, 0xDD, length);
    free(memory);
}

static inline int simulated_append(struct simulated_bytes *bytes, const void *data, size_t length) {
    uint8_t *grown = (uint8_t *)realloc(bytes->data, bytes->length + length + 1);
    if (grown == NULL) return 0;
    if (length > 0) memcpy(grown + bytes->length, data, length);
    bytes->data = grown;
    bytes->length += length;
    bytes->data[bytes->length] = 0;
    return 1;
}

/* Copies a struct of the plugin. Members that its author's compiler did not know are 0. */
static inline void simulated_copy(void *known, size_t known_size, const void *given) {
    uint32_t size;
    memcpy(&size, given, sizeof size);
    memset(known, 0, known_size);
    memcpy(known, given, size < known_size ? size : known_size);
}

/* ------------------------------------------------------------------------------------------- host: the output -- */

/* Whether a function that changes the connection is taken now. */
static inline int simulated_takes(martlet_connection *connection) {
    if (connection->moment == SIMULATED_IDLE) simulated_problem(connection->host, "called outside a callback");
    if (connection->moment == SIMULATED_MOVING) simulated_problem(connection->host, "called in save or restore");
    return connection->moment == SIMULATED_CALLBACK && connection->ending == SIMULATED_GOES_ON;
}

static inline int simulated_takes_output(martlet_connection *connection) {
    if (connection->moment == SIMULATED_CALLBACK && connection->ending == SIMULATED_CLOSING)
        simulated_problem(connection->host, "output after close");
    return simulated_takes(connection);
}

static inline size_t simulated_waiting(const martlet_connection *connection) {
    return connection->output.length - connection->taken;
}

static inline int simulated_has_room(const martlet_connection *connection, size_t length) {
    size_t waiting = simulated_waiting(connection), limit = connection->host->high_water + SIMULATED_OVERRUN;
    return waiting <= limit && length <= limit - waiting;
}

static inline void simulated_drop_reserved(martlet_connection *connection) {
    simulated_spoil(connection->reserved.data, connection->reserved.length);
    connection->reserved.data = NULL;
    connection->reserved.length = 0;
}

static inline martlet_result simulated_add(martlet_connection *connection, const void *data, size_t length) {
    if (data == NULL && length > 0) return MARTLET_ERROR_ARGUMENT;
    if (!simulated_has_room(connection, length)) return MARTLET_ERROR_MEMORY;
    if (!simulated_append(&connection->output, data, length)) return MARTLET_ERROR_MEMORY;
    if (simulated_waiting(connection) <= connection->host->high_water) return MARTLET_OK;
    connection->is_full = 1;
    return MARTLET_FULL;
}

static inline uint8_t *simulated_reserve(martlet_connection *connection, size_t length) {
    simulated_drop_reserved(connection);
    if (!simulated_takes_output(connection) || !simulated_has_room(connection, length)) return NULL;
    connection->reserved.data = (uint8_t *)simulated_allocate(length);
    connection->reserved.length = length;
    return connection->reserved.data;
}

static inline martlet_result simulated_commit(martlet_connection *connection, size_t length) {
    martlet_result result = MARTLET_ERROR_CLOSED;
    if (simulated_takes_output(connection)) {
        if (length <= connection->reserved.length) {
            result = simulated_add(connection, connection->reserved.data, length);
        } else {
            simulated_problem(connection->host, "committed more than it reserved");
            connection->ending = SIMULATED_ABORTING;
            connection->reason = MARTLET_CLOSED_FAULT;
            result = MARTLET_ERROR_ARGUMENT;
        }
    }
    simulated_drop_reserved(connection);
    return result;
}

static inline martlet_result simulated_write(martlet_connection *connection, const void *data, size_t length) {
    /* First: nobody may write from there. */
    simulated_drop_reserved(connection);
    return simulated_takes_output(connection) ? simulated_add(connection, data, length) : MARTLET_ERROR_CLOSED;
}

/* The release is called after the callback, whatever became of the output. */
static inline struct simulated_loan *simulated_lend(martlet_connection *connection, martlet_release release,
                                                    void *context) {
    struct simulated_loan *loan = (struct simulated_loan *)calloc(1, sizeof *loan), **end = &connection->loans;
    if (loan == NULL) abort();
    loan->lender = connection->instance;
    loan->release = release;
    loan->context = context;
    while (*end != NULL) end = &(*end)->next;
    return *end = loan;
}

static inline martlet_result simulated_write_shared(martlet_connection *connection, const void *data, size_t length,
                                                    martlet_release release, void *context) {
    struct simulated_loan *loan = simulated_lend(connection, release, context);
    martlet_result result = simulated_write(connection, data, length);
    if (result < 0 || length == 0) return result;
    loan->data = data;
    loan->length = length;
    loan->copy = (uint8_t *)simulated_allocate(length);
    memcpy(loan->copy, data, length);
    return result;
}

static inline martlet_result simulated_send_file(martlet_connection *connection, int32_t file, uint64_t offset,
                                                 uint64_t length, martlet_release release, void *context) {
    char path[32];
    simulated_lend(connection, release, context);
    simulated_drop_reserved(connection);
    if (!simulated_takes_output(connection)) return MARTLET_ERROR_CLOSED;
    if (file < 0 || offset > INT64_MAX || length > INT64_MAX - offset) return MARTLET_ERROR_ARGUMENT;
    if (!simulated_has_room(connection, length)) return MARTLET_ERROR_MEMORY;
    /* Opened anew, because the position of the plugin's own must not move. */
    snprintf(path, sizeof path, "/proc/self/fd/%d", (int)file);
    FILE *opened = fopen(path, "rb");
    if (opened == NULL) return MARTLET_ERROR_ARGUMENT;
    uint8_t *data = (uint8_t *)simulated_allocate(length);
    size_t count = fseek(opened, (long)offset, SEEK_SET) == 0 ? fread(data, 1, length, opened) : 0;
    fclose(opened);
    martlet_result result = MARTLET_OK;
    if (count == length) {
        result = simulated_add(connection, data, length);
    } else {
        connection->ending = SIMULATED_ABORTING; /* the file is shorter */
        connection->reason = MARTLET_CLOSED_RESET;
    }
    free(data);
    return result;
}

/* ---------------------------------------------------------------------------------- host: input and the end -- */

static inline martlet_result simulated_want(martlet_connection *connection, size_t length) {
    if (!simulated_takes(connection)) return MARTLET_ERROR_CLOSED;
    if (length > connection->host->max_input) return MARTLET_ERROR_ARGUMENT;
    connection->wanted = length;
    return MARTLET_OK;
}

static inline martlet_result simulated_pause(martlet_connection *connection) {
    if (!simulated_takes(connection)) return MARTLET_ERROR_CLOSED;
    connection->is_paused = 1;
    return MARTLET_OK;
}

static inline martlet_result simulated_resume(martlet_connection *connection) {
    if (!simulated_takes(connection)) return MARTLET_ERROR_CLOSED;
    if (connection->is_paused) connection->is_fresh = 1;
    connection->is_paused = 0;
    return MARTLET_OK;
}

static inline martlet_result simulated_expect_input(martlet_connection *connection, uint32_t expected) {
    if (!simulated_takes(connection)) return MARTLET_ERROR_CLOSED;
    connection->expects_input = expected != 0;
    return MARTLET_OK;
}

static inline martlet_result simulated_close(martlet_connection *connection) {
    if (!simulated_takes(connection)) return MARTLET_ERROR_CLOSED;
    connection->ending = SIMULATED_CLOSING;
    connection->reason = MARTLET_CLOSED_BY_PLUGIN;
    return MARTLET_OK;
}

/* The plugin gives the connection up. Behind its own `close` it stays closed by the plugin. */
static inline void simulated_give_up(martlet_connection *connection, martlet_result why) {
    if (connection->ending != SIMULATED_CLOSING) {
        connection->reason = why == MARTLET_ERROR_PEER ? MARTLET_CLOSED_PEER_ERROR
                             : why < 0                 ? MARTLET_CLOSED_FAILED
                                                       : MARTLET_CLOSED_BY_PLUGIN;
        if (connection->reason == MARTLET_CLOSED_FAILED) connection->host->failed_requests++;
    }
    connection->ending = SIMULATED_ABORTING;
}

static inline martlet_result simulated_abort(martlet_connection *connection, martlet_result why) {
    /* Taken behind `close` and hand_over too. */
    if (!simulated_takes(connection) &&
        (connection->moment != SIMULATED_CALLBACK || connection->ending == SIMULATED_ABORTING))
        return MARTLET_ERROR_CLOSED;
    simulated_give_up(connection, why);
    return MARTLET_OK;
}

static inline martlet_result simulated_hand_over(martlet_connection *connection, martlet_text listener) {
    if (!simulated_takes(connection)) return MARTLET_ERROR_CLOSED;
    /* Every other name is one of a listener. */
    if (listener.length == 0 || listener.length >= sizeof connection->handed_to) return MARTLET_ERROR_ARGUMENT;
    memcpy(connection->handed_to, listener.data, listener.length);
    connection->handed_to[listener.length] = 0;
    connection->ending = SIMULATED_HANDING_OVER;
    connection->reason = MARTLET_CLOSED_HANDED_OVER;
    return MARTLET_OK;
}

static inline martlet_result simulated_start_tls(martlet_connection *connection) {
    simulated_takes(connection);
    return MARTLET_ERROR_UNSUPPORTED;
}

/* ------------------------------------------------------------------------------- host: about a connection -- */

/* Of a function that may be called in `closed`. */
static inline void simulated_asks(martlet_connection *connection) {
    if (connection->moment == SIMULATED_IDLE) simulated_problem(connection->host, "called outside a callback");
}

static inline martlet_result simulated_set_timer(martlet_connection *connection, uint64_t milliseconds) {
    const uint64_t longest = (uint64_t)1 << 40;
    if (!simulated_takes(connection)) return MARTLET_ERROR_CLOSED;
    if (milliseconds > longest) milliseconds = longest;
    connection->timer = milliseconds == 0 ? 0 : connection->host->now + milliseconds * 1000000;
    return MARTLET_OK;
}

static inline martlet_result simulated_fill(martlet_connection *connection, const martlet_address *from,
                                            martlet_address *address) {
    uint32_t size = address->size;
    simulated_asks(connection);
    if (!MARTLET_HAS(martlet_address, address, reserved2)) return MARTLET_ERROR_ARGUMENT;
    memset((void *)address, 0, size);
    memcpy((void *)address, from, size < sizeof *from ? size : sizeof *from);
    address->size = size;
    return MARTLET_OK;
}

static inline martlet_result simulated_peer_address(martlet_connection *connection, martlet_address *address) {
    return simulated_fill(connection, &connection->peer, address);
}

static inline martlet_result simulated_local_address(martlet_connection *connection, martlet_address *address) {
    return simulated_fill(connection, &connection->local, address);
}

static inline martlet_connection_id simulated_id(martlet_connection *connection) {
    simulated_asks(connection);
    return connection->id;
}

static inline uint64_t simulated_time(martlet_connection *connection) {
    simulated_asks(connection);
    return connection->host->now;
}

static inline int64_t simulated_wall_clock(martlet_connection *connection) {
    simulated_asks(connection);
    return 1700000000 + (int64_t)(connection->host->now / 1000000000);
}

static inline martlet_result simulated_request_done(martlet_connection *connection, const martlet_request *given) {
    martlet_request request;
    simulated_asks(connection);
    if (!MARTLET_HAS(martlet_request, given, target)) return MARTLET_ERROR_ARGUMENT;
    simulated_copy(&request, sizeof request, given);
    connection->host->requests++;
    if ((request.flags & MARTLET_REQUEST_FAILED) != 0 || request.status == 500 ||
        (request.status >= 502 && request.status <= 504))
        connection->host->failed_requests++;
    return MARTLET_OK;
}

/* ------------------------------------------------------------------------------------ host: of an instance -- */

static inline martlet_result simulated_submit(martlet_instance *instance, martlet_connection_id connection,
                                              martlet_work work, martlet_delivery done, void *context) {
    simulated_host *host = instance->host;
    if (host->is_stopping) return MARTLET_ERROR_STOPPING;
    if (connection > host->last_id) return MARTLET_ERROR_ARGUMENT;
    if (host->job_count == SIMULATED_JOBS) return MARTLET_ERROR_BUSY;
    struct simulated_job job = {instance, connection, work, done, context};
    host->jobs[host->job_count++] = job;
    return MARTLET_OK;
}

static inline martlet_result simulated_post(martlet_instance *instance, martlet_connection_id connection,
                                            martlet_delivery delivery, void *context) {
    return simulated_submit(instance, connection, NULL, delivery, context);
}

static inline int32_t simulated_log_enabled(martlet_instance *instance, martlet_log_level level) {
    (void)instance, (void)level;
    return 1;
}

static inline void simulated_log(martlet_instance *instance, martlet_log_level level, martlet_text message) {
    (void)level;
    char *log = instance->host->log;
    size_t used = strlen(log);
    snprintf(log + used, sizeof instance->host->log - used, "%.*s\n", (int)message.length,
             message.length > 0 ? message.data : "");
}

static inline martlet_metric simulated_metric_register(martlet_instance *instance, martlet_metric_kind kind,
                                                       martlet_text name, martlet_text help) {
    (void)help;
    simulated_host *host = instance->host;
    if (!instance->is_creating) {
        simulated_problem(host, "metric_register outside create");
        return MARTLET_ERROR_CLOSED;
    }
    if (kind != MARTLET_METRIC_COUNTER && kind != MARTLET_METRIC_GAUGE) return MARTLET_ERROR_UNSUPPORTED;
    for (int i = 0; i < host->metric_count; i++) {
        if (!simulated_is(name, simulated_view(host->metrics[i].name))) continue;
        return host->metrics[i].kind == kind ? i : MARTLET_ERROR_ARGUMENT;
    }
    if (name.length == 0 || name.length >= sizeof host->metrics->name) return MARTLET_ERROR_ARGUMENT;
    if (host->metric_count == SIMULATED_METRICS) return MARTLET_ERROR_ARGUMENT;
    memcpy(host->metrics[host->metric_count].name, name.data, name.length);
    host->metrics[host->metric_count].kind = kind;
    return host->metric_count++;
}

static inline martlet_result simulated_metric_add(martlet_instance *instance, martlet_metric metric, int64_t amount) {
    if (metric < 0 || metric >= instance->host->metric_count) return MARTLET_ERROR_ARGUMENT;
    if (instance->host->metrics[metric].kind == MARTLET_METRIC_COUNTER && amount < 0) return MARTLET_ERROR_ARGUMENT;
    instance->host->metrics[metric].value += amount;
    return MARTLET_OK;
}

static inline martlet_result simulated_metric_set(martlet_instance *instance, martlet_metric metric, int64_t value) {
    if (metric < 0 || metric >= instance->host->metric_count) return MARTLET_ERROR_ARGUMENT;
    if (instance->host->metrics[metric].kind != MARTLET_METRIC_GAUGE) return MARTLET_ERROR_ARGUMENT;
    instance->host->metrics[metric].value = value;
    return MARTLET_OK;
}

/* Tests call operations themselves: what is no callback may be one. */
static inline void simulated_refuse(martlet_instance *instance, martlet_text path, martlet_text message) {
    if (instance->host->is_in_callback) return;
    snprintf(instance->host->refusal, sizeof instance->host->refusal, "%.*s%s%.*s", (int)path.length,
             path.length > 0 ? path.data : "", path.length > 0 ? ": " : "", (int)message.length,
             message.length > 0 ? message.data : "");
}

static inline uint32_t simulated_one(martlet_instance *instance) {
    (void)instance;
    return 1;
}

static inline uint32_t simulated_generation(martlet_instance *instance) { return instance->generation; }

static inline martlet_text simulated_listener(martlet_instance *instance) {
    (void)instance;
    return simulated_view("simulated");
}

static inline const void *simulated_extension(martlet_instance *instance, martlet_text id) {
    static martlet_host_info info;
    (void)instance;
    if (!simulated_is(id, simulated_view(MARTLET_HOST_INFO))) return NULL;
    info.size = sizeof info;
    info.loop_count = simulated_one;
    info.worker_count = simulated_one;
    info.generation = simulated_generation;
    info.listener = simulated_listener;
    return &info;
}

static inline const martlet_host *simulated_functions(void) {
    static martlet_host table;
    table.size = sizeof table;
    table.abi = MARTLET_ABI_VERSION;
    table.version = simulated_view("simulated");
    table.reserve = simulated_reserve;
    table.commit = simulated_commit;
    table.write = simulated_write;
    table.write_shared = simulated_write_shared;
    table.send_file = simulated_send_file;
    table.want = simulated_want;
    table.pause = simulated_pause;
    table.resume = simulated_resume;
    table.expect_input = simulated_expect_input;
    table.close = simulated_close;
    table.abort = simulated_abort;
    table.hand_over = simulated_hand_over;
    table.start_tls = simulated_start_tls;
    table.set_timer = simulated_set_timer;
    table.peer = simulated_peer_address;
    table.local = simulated_local_address;
    table.id = simulated_id;
    table.monotonic_time = simulated_time;
    table.wall_clock = simulated_wall_clock;
    table.request_done = simulated_request_done;
    table.submit = simulated_submit;
    table.post = simulated_post;
    table.log_enabled = simulated_log_enabled;
    table.log = simulated_log;
    table.metric_register = simulated_metric_register;
    table.metric_add = simulated_metric_add;
    table.metric_set = simulated_metric_set;
    table.refuse = simulated_refuse;
    table.extension = simulated_extension;
    return &table;
}

/* -------------------------------------------------------------------------------------------------- options -- */

static inline martlet_value simulated_option(const char *key, martlet_type type, int64_t integer, const char *text) {
    martlet_value value;
    memset(&value, 0, sizeof value);
    value.size = sizeof value;
    value.type = type;
    value.integer = integer;
    if (text != NULL) value.text = simulated_view(text);
    if (key != NULL) value.key = simulated_view(key);
    return value;
}

static inline martlet_value simulated_text(const char *key, const char *text) {
    return simulated_option(key, MARTLET_TYPE_TEXT, 0, text);
}

/* Booleans, integers, sizes in bytes, durations in nanoseconds. */
static inline martlet_value simulated_integer(const char *key, martlet_type type, int64_t value) {
    return simulated_option(key, type, value, NULL);
}

/* Lists and tables. Their items have to last as long as they do. */
static inline martlet_value simulated_items(const char *key, martlet_type type, const martlet_value *const *items,
                                            size_t count) {
    martlet_value value = simulated_option(key, type, 0, NULL);
    value.items = items;
    value.item_count = count;
    return value;
}

/* --------------------------------------------------------------------------------------- what the plugin offers -- */

/* The functions of one of the plugin's extensions; NULL: it has none. */
static inline const void *simulated_plugin_extension(const martlet_plugin *plugin, const char *id) {
    for (size_t i = 0; i < plugin->extension_count; i++) {
        const martlet_extension *entry =
            (const martlet_extension *)((const char *)plugin->extensions + i * plugin->extensions->size);
        if (simulated_is(entry->id, simulated_view(id))) return entry->functions;
    }
    return NULL;
}

/* How sessions move; 0: they do not. */
static inline int simulated_session_state(const martlet_instance *instance, martlet_session_state *functions) {
    const void *given = simulated_plugin_extension(&instance->plugin, MARTLET_SESSION_STATE);
    if (given == NULL) return 0;
    simulated_copy(functions, sizeof *functions, given);
    return 1;
}

/* The function of an operation, to be cast to its own type; NULL: there is none. Sets *env to what it gets. */
static inline void (*simulated_operation(const simulated_host *host, const char *name, martlet_env *env))(void) {
    const void *given = simulated_plugin_extension(&host->instance->plugin, MARTLET_OPERATIONS);
    martlet_operations table;
    if (given == NULL) return NULL;
    simulated_copy(&table, sizeof table, given);
    for (size_t i = 0; i < table.operation_count; i++) {
        const martlet_operation *entry =
            (const martlet_operation *)((const char *)table.operations + i * table.operations->size);
        if (!simulated_is(entry->name, simulated_view(name))) continue;
        *env = host->instance->env;
        if (entry->place != MARTLET_ON_LOOPS) {
            env->loop = MARTLET_NO_LOOP;
            env->loop_state = NULL;
        }
        return entry->function;
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------------------- sessions -- */

/* The session in the host's memory, all 0; NULL: the plugin makes its own. */
static inline void *simulated_make_session(const martlet_instance *instance) {
    size_t size = instance->plugin.session_size, align = instance->plugin.session_align;
    if (size == 0) return NULL;
    /* malloc aligns to 16. Larger ones need a multiple of their alignment. */
    void *session =
        align <= 16 ? simulated_allocate(size) : aligned_alloc(align, (size + align - 1) / align * align);
    if (session == NULL) abort();
    return memset(session, 0, size);
}

static inline void simulated_give_back_session(const martlet_instance *instance, void *session) {
    if (instance->plugin.session_size > 0) simulated_spoil(session, instance->plugin.session_size);
}

/* Before each callback of a session. */
static inline void simulated_begin(martlet_connection *connection) {
    connection->moment = SIMULATED_CALLBACK;
    connection->host->is_in_callback = 1;
    if ((connection->instance->plugin.flags & MARTLET_PLUGIN_PLAIN_SESSIONS) == 0) return;
    /* The host may copy a plain session between two callbacks. This one always does. */
    void *copy = simulated_make_session(connection->instance);
    memcpy(copy, connection->session, connection->instance->plugin.session_size);
    simulated_give_back_session(connection->instance, connection->session);
    connection->session = copy;
}

/* After each callback; what it asked for has not happened yet. */
static inline void simulated_finish(martlet_connection *connection) {
    connection->moment = SIMULATED_IDLE;
    connection->host->is_in_callback = 0;
    simulated_drop_reserved(connection);
}

/* Whether a session can move between the two as it lies. */
static inline int simulated_is_same_layout(const martlet_plugin *one, const martlet_plugin *other) {
    return (one->flags & other->flags & MARTLET_PLUGIN_PLAIN_SESSIONS) != 0 &&
           one->session_size == other->session_size && one->session_align == other->session_align &&
           simulated_is(one->session_layout, other->session_layout);
}

/* Saves a session. Returns what `save` did; then `saved` is to be freed. */
static inline martlet_result simulated_save(martlet_connection *connection, const martlet_session_state *functions,
                                            struct simulated_bytes *saved) {
    /* So small that they are asked again, and show that they count right. */
    size_t capacity = 1;
    for (int i = 0; i < 2; i++) {
        saved->data = (uint8_t *)simulated_allocate(capacity);
        saved->length = 0;
        martlet_result result = functions->save(&connection->instance->env, connection->session, connection,
                                                saved->data, capacity, &saved->length);
        if (result >= 0 && saved->length <= capacity) return MARTLET_OK;
        free(saved->data);
        saved->data = NULL;
        if (result < 0) return result;
        capacity = saved->length;
        if (capacity > SIMULATED_SAVED_LIMIT) return MARTLET_ERROR_MEMORY;
    }
    simulated_problem(connection->host, "save needs more than it asked for");
    return MARTLET_ERROR_ARGUMENT;
}

/* Moves a session through save and restore. Returns the result of `save`, or of `restore`. */
static inline martlet_result simulated_transfer(martlet_connection *connection, martlet_instance *target) {
    martlet_instance *source = connection->instance;
    martlet_session_state from, to;
    struct simulated_bytes saved = {NULL, 0};
    if (!simulated_session_state(source, &from) || !simulated_session_state(target, &to) ||
        !simulated_is(from.schema, to.schema) || from.version < to.oldest || from.version > to.newest)
        return MARTLET_ERROR_UNSUPPORTED;
    connection->moment = SIMULATED_MOVING;
    martlet_result result = simulated_save(connection, &from, &saved);
    if (result == MARTLET_OK) {
        void *made = simulated_make_session(target), *session = made;
        result = to.restore(&target->env, connection, from.version, saved.data, saved.length, &session);
        free(saved.data);
        if (result == MARTLET_OK) {
            if (made != NULL && session != made) simulated_problem(connection->host, "restore replaced its session");
            connection->moment = SIMULATED_LAST;
            from.moved(&source->env, connection->session, connection);
            simulated_give_back_session(source, connection->session);
            connection->session = made != NULL ? made : session;
            connection->instance = target;
        } else {
            simulated_give_back_session(target, made);
        }
    }
    connection->moment = SIMULATED_IDLE;
    return result;
}

/* Moves a session to another generation; 0: it stays. */
static inline int simulated_move(martlet_connection *connection, martlet_instance *target) {
    if (simulated_is_same_layout(&connection->instance->plugin, &target->plugin)) {
        void *session = simulated_make_session(target);
        memcpy(session, connection->session, target->plugin.session_size);
        simulated_give_back_session(connection->instance, connection->session);
        connection->session = session;
        connection->instance = target;
        return 1;
    }
    martlet_result result = simulated_transfer(connection, target);
    connection->is_leaving = result == MARTLET_ERROR_BUSY && target == connection->host->instance;
    return result == MARTLET_OK;
}

/* Whether something of a generation is left: a session, a loan, or work. */
static inline int simulated_is_needed(const martlet_instance *instance) {
    for (simulated_peer *peer = instance->host->peers; peer != NULL; peer = peer->connection.next) {
        if (peer->connection.is_open && peer->connection.instance == instance) return 1;
        for (struct simulated_loan *loan = peer->connection.loans; loan != NULL; loan = loan->next)
            if (loan->lender == instance) return 1;
    }
    for (int i = 0; i < instance->host->job_count; i++)
        if (instance->host->jobs[i].instance == instance) return 1;
    return 0;
}

/* Destroys the older generations of which nothing is left. */
static inline void simulated_retire(simulated_host *host) {
    martlet_instance **link = &host->instance->next;
    while (*link != NULL) {
        martlet_instance *instance = *link;
        if (simulated_is_needed(instance)) {
            link = &instance->next;
            continue;
        }
        *link = instance->next;
        if (instance->plugin.loop_stop != NULL) instance->plugin.loop_stop(&instance->env);
        instance->plugin.destroy(instance->env.state);
        free(instance);
    }
}

/* --------------------------------------------------------------------------------------------------- turns -- */

static inline void simulated_give_back_loans(martlet_connection *connection) {
    while (connection->loans != NULL) {
        struct simulated_loan *loan = connection->loans;
        if (loan->data != NULL && memcmp(loan->data, loan->copy, loan->length) != 0)
            simulated_problem(connection->host, "changed memory that it had lent");
        if (loan->release != NULL) loan->release(loan->context);
        /* Only now: the lender lives until the release is over. */
        connection->loans = loan->next;
        free(loan->copy);
        free(loan);
    }
}

static inline void simulated_end(martlet_connection *connection) {
    martlet_instance *instance = connection->instance;
    connection->moment = SIMULATED_LAST;
    connection->host->is_in_callback = 1;
    instance->plugin.closed(&instance->env, connection->session, connection, connection->reason);
    simulated_finish(connection);
    simulated_give_back_session(instance, connection->session);
    connection->session = NULL;
    connection->is_open = 0;
    connection->timer = 0;
}

/* After a callback: what it asked for happens now. */
static inline void simulated_settle(martlet_connection *connection) {
    simulated_host *host = connection->host;
    simulated_finish(connection);
    if (connection->is_draining && connection->ending == SIMULATED_GOES_ON && connection->input.length == 0) {
        connection->ending = SIMULATED_CLOSING;
        connection->reason = MARTLET_CLOSED_SHUTDOWN;
    }
    /* What earlier callbacks wrote is with the peer. */
    if (connection->ending == SIMULATED_ABORTING) connection->output.length = connection->sent;
    connection->sent = connection->output.length;
    if (connection->is_open) {
        int waits = connection->ending == SIMULATED_CLOSING && connection->is_full;
        if (connection->ending != SIMULATED_GOES_ON && !waits) simulated_end(connection);
        else if (connection->is_leaving && !waits) simulated_move(connection, host->instance);
    }
    if (!connection->is_open || !connection->is_full) simulated_give_back_loans(connection);
    simulated_retire(host);
}

static inline void simulated_cut(martlet_connection *connection, martlet_close_reason reason) {
    if (!connection->is_open) return;
    connection->ending = SIMULATED_ABORTING;
    connection->reason = reason;
    simulated_settle(connection);
}

/* Presents all input that is not consumed. */
static inline void simulated_present(martlet_connection *connection) {
    /* A copy of just the size, so that a checker of memory sees who reads too far. */
    size_t length = connection->input.length, consumed = 0;
    uint8_t *copy = (uint8_t *)simulated_allocate(length);
    memcpy(copy, connection->input.data, length);
    connection->calls++;
    connection->wanted = 0;
    connection->is_fresh = 0;
    connection->is_rest_shown = connection->is_finished;
    simulated_begin(connection);
    martlet_result result = connection->instance->plugin.received(&connection->instance->env, connection->session,
                                                                  connection, copy, length, &consumed);
    if (memcmp(copy, connection->input.data, length) != 0) simulated_problem(connection->host, "wrote into its input");
    simulated_spoil(copy, length);
    if (result < 0) {
        if (connection->ending != SIMULATED_ABORTING) simulated_give_up(connection, result);
    } else if (consumed > length) {
        simulated_problem(connection->host, "consumed more than there was");
        connection->ending = SIMULATED_ABORTING;
        connection->reason = MARTLET_CLOSED_FAULT;
    } else {
        memmove(connection->input.data, connection->input.data + consumed, length - consumed);
        connection->input.length = length - consumed;
        if (connection->input.length > connection->host->max_input && connection->ending == SIMULATED_GOES_ON &&
            !connection->is_full && !connection->is_paused) {
            connection->ending = SIMULATED_ABORTING;
            connection->reason = MARTLET_CLOSED_INPUT_LIMIT;
        }
    }
    simulated_settle(connection);
}

static inline int simulated_has_input(const martlet_connection *connection) {
    if (connection->input.length == 0) return 0;
    /* What did not suffice before is all there will be. */
    if (connection->is_finished) return connection->is_fresh || (connection->wanted > 0 && !connection->is_rest_shown);
    return connection->is_fresh && connection->input.length >= connection->wanted;
}

static inline void simulated_tell_finish(martlet_connection *connection) {
    connection->is_finish_told = 1;
    connection->input.length = 0;
    if (connection->instance->plugin.peer_closed != NULL) {
        simulated_begin(connection);
        connection->instance->plugin.peer_closed(&connection->instance->env, connection->session, connection);
    } else {
        connection->ending = SIMULATED_CLOSING;
        connection->reason = MARTLET_CLOSED_BY_PEER;
    }
    simulated_settle(connection);
}

/* Goes on until nothing is left to do, or the plugin has to wait. */
static inline void simulated_go_on(martlet_connection *connection) {
    int idle = 0;
    while (connection->is_open && connection->ending == SIMULATED_GOES_ON && !connection->is_full &&
           !connection->is_paused) {
        size_t before = connection->input.length;
        if (simulated_has_input(connection)) simulated_present(connection);
        else if (connection->is_finished && !connection->is_finish_told) simulated_tell_finish(connection);
        else return;
        idle = connection->input.length == before ? idle + 1 : 0;
        if (idle < 10000) continue;
        simulated_problem(connection->host, "goes on for ever without consuming its input");
        simulated_cut(connection, MARTLET_CLOSED_FAULT);
    }
}

/* A session that has moved comes back for the call. One that is closing is as good as gone. */
static inline void simulated_deliver(simulated_host *host, const struct simulated_job *job) {
    simulated_peer *peer = host->peers;
    while (peer != NULL && (peer->connection.id != job->connection || !peer->connection.is_open)) {
        peer = peer->connection.next;
    }
    martlet_connection *connection = peer != NULL ? &peer->connection : NULL;
    martlet_instance *home = connection != NULL ? connection->instance : NULL;
    int was_leaving = connection != NULL && connection->is_leaving;
    if (connection == NULL || connection->ending != SIMULATED_GOES_ON || job->instance->is_refused ||
        (home != job->instance && !simulated_move(connection, job->instance))) {
        host->is_in_callback = 1;
        job->done(&job->instance->env, job->context, NULL, NULL);
        host->is_in_callback = 0;
        return;
    }
    simulated_begin(connection);
    job->done(&job->instance->env, job->context, connection, connection->session);
    simulated_finish(connection);
    if (home != job->instance && connection->ending == SIMULATED_GOES_ON && simulated_move(connection, home))
        connection->is_leaving = was_leaving;
    simulated_settle(connection);
    simulated_go_on(connection);
}

/* With what is submitted meanwhile. */
static inline void simulated_run_jobs(simulated_host *host) {
    for (int i = 0; i < host->job_count; i++) {
        struct simulated_job job = host->jobs[i];
        if (job.work != NULL) job.work(job.context);
        if (job.done != NULL) simulated_deliver(host, &job);
        host->jobs[i].instance = NULL;
    }
    host->job_count = 0;
    if (host->instance != NULL) simulated_retire(host);
}

/* ------------------------------------------------------------------------------------------------ instances -- */

/* Why no host takes this descriptor; NULL: it is right. */
static inline const char *simulated_flaw(const martlet_plugin *plugin) {
    if (plugin == NULL) return "the entry returned NULL";
    if (!MARTLET_HAS(martlet_plugin, plugin, closed)) return "the descriptor is smaller than in version 1.0";
    if (plugin->abi >> 16 != MARTLET_ABI_MAJOR) return "another major version of the ABI";
    if (plugin->opened == NULL || plugin->received == NULL || plugin->closed == NULL)
        return "opened, received and closed are required";
    for (size_t i = 0; i < plugin->required_extension_count; i++) {
        if (simulated_extension(NULL, plugin->required_extensions[i]) == NULL)
            return "it needs an extension that this host lacks";
    }
    size_t align = plugin->session_align;
    if (plugin->session_size > MARTLET_SESSION_SIZE_LIMIT) return "session_size is too large";
    if (align > MARTLET_SESSION_ALIGN_LIMIT || (align & (align - 1)) != 0) return "session_align is wrong";
    if ((plugin->flags & MARTLET_PLUGIN_PLAIN_SESSIONS) != 0 &&
        (plugin->session_size == 0 || plugin->session_layout.length == 0))
        return "plain sessions need a session_size and a session_layout";
    return NULL;
}

/* Makes an instance, which takes the place of the one that there is. 0: refused. */
static inline int simulated_create(simulated_host *host, const martlet_plugin *plugin, const martlet_value *options,
                                   size_t count) {
    const char *flaw = simulated_flaw(plugin);
    snprintf(host->refusal, sizeof host->refusal, "%s", flaw != NULL ? flaw : "");
    if (flaw != NULL) return 0;
    martlet_instance *instance = (martlet_instance *)calloc(1, sizeof *instance);
    const martlet_value **items = (const martlet_value **)simulated_allocate(count * sizeof *items);
    if (instance == NULL) abort();
    for (size_t i = 0; i < count; i++) items[i] = &options[i];
    martlet_value root = simulated_items(NULL, MARTLET_TYPE_TABLE, items, count);
    instance->host = host;
    instance->next = host->instance;
    instance->generation = host->instance != NULL ? host->instance->generation + 1 : 1;
    simulated_copy(&instance->plugin, sizeof instance->plugin, plugin);
    if (instance->plugin.session_align == 0) instance->plugin.session_align = 16;
    instance->env.size = sizeof instance->env;
    instance->env.host = simulated_functions();
    instance->env.instance = instance;
    instance->is_creating = 1;
    void *state = NULL;
    martlet_result result = plugin->create(plugin, instance->env.host, instance, &root, &state);
    instance->is_creating = 0;
    simulated_spoil((void *)items, count * sizeof *items);
    int is_made = result == MARTLET_OK;
    if (is_made) {
        instance->env.state = state;
        if (host->refusal[0] != 0) simulated_problem(host, "create called refuse and returned OK");
        void *loop_state = NULL;
        if (plugin->loop_start != NULL) result = plugin->loop_start(&instance->env, &loop_state);
        if (result == MARTLET_OK) {
            instance->env.loop_state = loop_state;
            host->plugin = plugin;
            host->instance = instance;
            return 1;
        }
    }
    /* Work that it submitted runs all the same. */
    instance->is_refused = 1;
    instance->env.state = NULL;
    instance->env.loop_state = NULL;
    simulated_run_jobs(host);
    if (is_made) plugin->destroy(state);
    free(instance);
    return 0;
}

/* ------------------------------------------------------------------------------------- what the test can do -- */

/* A host with an instance that has these options: no defaults are filled in. NULL: refused, and why is printed. */
static inline simulated_host *simulated_host_start(const martlet_plugin *plugin, const martlet_value *options,
                                                   size_t count) {
    simulated_host *host = (simulated_host *)calloc(1, sizeof *host);
    if (host == NULL) abort();
    host->now = 1000000000000;
    host->high_water = 64 << 10;
    host->max_input = 32 << 20;
    host->peer.size = host->local.size = sizeof host->peer;
    host->peer.family = host->local.family = MARTLET_FAMILY_IPV4;
    host->peer.address[0] = 192, host->peer.address[2] = 2, host->peer.address[3] = 1; /* RFC 5737 */
    memcpy(host->local.address, host->peer.address, sizeof host->local.address);
    host->local.address[3] = 2;
    host->peer.port = 40000;
    host->local.port = 7300;
    host->opening.size = sizeof host->opening;
    host->opening.origin = MARTLET_ORIGIN_ACCEPTED;
    host->opening.endpoint = simulated_view("simulated");
    if (simulated_create(host, plugin, options, count)) return host;
    printf("refused: %s\n", host->refusal);
    free(host);
    return NULL;
}

static inline simulated_peer *simulated_host_connect(simulated_host *host) {
    simulated_peer *peer = (simulated_peer *)calloc(1, sizeof *peer);
    martlet_opening *opening = (martlet_opening *)simulated_allocate(sizeof *opening);
    martlet_address *addresses = (martlet_address *)simulated_allocate(2 * sizeof *addresses);
    if (peer == NULL) abort();
    martlet_connection *connection = &peer->connection;
    connection->host = host;
    connection->id = ++host->last_id;
    connection->next = host->peers;
    connection->instance = host->instance;
    connection->peer = addresses[0] = host->peer;
    connection->local = addresses[1] = host->local;
    connection->is_open = 1;
    host->peers = peer;
    *opening = host->opening;
    opening->peer = &addresses[0];
    opening->local = &addresses[1];
    void *made = simulated_make_session(host->instance), *session = made;
    connection->moment = SIMULATED_CALLBACK;
    host->is_in_callback = 1;
    martlet_result result = host->instance->plugin.opened(&host->instance->env, connection, opening, &session);
    simulated_spoil(opening, sizeof *opening);
    simulated_spoil(addresses, 2 * sizeof *addresses);
    if (made != NULL && session != made) simulated_problem(host, "opened replaced its session");
    connection->session = made != NULL ? made : session;
    if (result != MARTLET_OK) {
        connection->ending = SIMULATED_ABORTING;
        connection->reason = result == MARTLET_ERROR_PEER ? MARTLET_CLOSED_PEER_ERROR : MARTLET_CLOSED_FAILED;
        simulated_give_back_session(host->instance, made);
        connection->is_open = 0;
    }
    simulated_settle(connection);
    return peer;
}

/* Sends bytes in pieces of so many; 0: at once. */
static inline void simulated_peer_send(simulated_peer *peer, const void *data, size_t length, size_t piece) {
    martlet_connection *connection = &peer->connection;
    for (size_t sent = 0; sent < length && connection->is_open;) {
        size_t count = piece == 0 || piece > length - sent ? length - sent : piece;
        if (!simulated_append(&connection->input, (const uint8_t *)data + sent, count)) abort();
        sent += count;
        connection->is_fresh = 1;
        simulated_go_on(connection);
    }
}

/* What came since the last call, as text. Valid until the next call of anything. The peer has read it then. */
static inline const char *simulated_peer_output(simulated_peer *peer) {
    static char *text;
    martlet_connection *connection = &peer->connection;
    size_t count = simulated_waiting(connection);
    free(text);
    text = (char *)simulated_allocate(count + 1);
    if (count > 0) memcpy(text, connection->output.data + connection->taken, count);
    text[count] = 0;
    connection->taken = connection->output.length;
    if (connection->is_full) {
        connection->is_full = 0;
        connection->is_fresh = 1;
        if (connection->is_open && connection->ending == SIMULATED_GOES_ON &&
            connection->instance->plugin.writable != NULL) {
            simulated_begin(connection);
            connection->instance->plugin.writable(&connection->instance->env, connection->session, connection);
        }
        simulated_settle(connection);
        simulated_go_on(connection);
    }
    return text;
}

/* The peer sends no more, but reads on. */
static inline void simulated_peer_finish(simulated_peer *peer) {
    peer->connection.is_finished = 1;
    simulated_go_on(&peer->connection);
}

/* The connection breaks. */
static inline void simulated_peer_reset(simulated_peer *peer) {
    simulated_cut(&peer->connection, MARTLET_CLOSED_RESET);
}

/* 0: the session is gone, for peer->connection.reason. */
static inline int simulated_peer_is_open(const simulated_peer *peer) { return peer->connection.is_open; }

/* Tells every session to finish. */
static inline void simulated_host_drain(simulated_host *host) {
    for (simulated_peer *peer = host->peers; peer != NULL; peer = peer->connection.next) {
        martlet_connection *connection = &peer->connection;
        if (!connection->is_open || connection->ending != SIMULATED_GOES_ON) continue;
        if (connection->instance->plugin.draining != NULL) {
            simulated_begin(connection);
            connection->instance->plugin.draining(&connection->instance->env, connection->session, connection);
        } else {
            connection->is_draining = 1;
        }
        simulated_settle(connection);
        simulated_go_on(connection);
    }
}

/* Runs submitted work, and moves the clock. Timers that come due are called in their order, each at its own time. */
static inline void simulated_host_advance(simulated_host *host, uint64_t milliseconds) {
    uint64_t end = host->now + milliseconds * 1000000;
    for (;;) {
        martlet_connection *next = NULL;
        simulated_run_jobs(host);
        for (simulated_peer *peer = host->peers; peer != NULL; peer = peer->connection.next) {
            martlet_connection *connection = &peer->connection;
            if (!connection->is_open || connection->timer == 0 || connection->timer > end) continue;
            if (next == NULL || connection->timer < next->timer) next = connection;
        }
        if (next == NULL) break;
        if (next->timer > host->now) host->now = next->timer;
        next->timer = 0;
        if (next->ending != SIMULATED_GOES_ON || next->instance->plugin.timer == NULL) continue;
        simulated_begin(next);
        next->instance->plugin.timer(&next->instance->env, next->session, next);
        simulated_settle(next);
        simulated_go_on(next);
    }
    host->now = end;
}

static inline int64_t simulated_host_metric(const simulated_host *host, const char *name) {
    for (int i = 0; i < host->metric_count; i++) {
        if (strcmp(host->metrics[i].name, name) == 0) return host->metrics[i].value;
    }
    return -1;
}

/* A swap: a new instance, of this plugin or a newer one, to which the sessions move. Returns how many of them stayed
 * with an older instance, or -1: refused. */
static inline int simulated_host_swap(simulated_host *host, const martlet_plugin *plugin, const martlet_value *options,
                                      size_t count) {
    int stayed = 0;
    if (!simulated_create(host, plugin, options, count)) return -1;
    for (simulated_peer *peer = host->peers; peer != NULL; peer = peer->connection.next) {
        martlet_connection *connection = &peer->connection;
        if (!connection->is_open) continue;
        if (connection->ending != SIMULATED_GOES_ON || !simulated_move(connection, host->instance)) stayed++;
    }
    simulated_retire(host);
    return stayed;
}

/* Ends everything. Returns how many rules were broken. */
static inline int simulated_host_stop(simulated_host *host) {
    host->is_stopping = 1;
    for (simulated_peer *peer = host->peers; peer != NULL; peer = peer->connection.next) {
        simulated_cut(&peer->connection, MARTLET_CLOSED_SHUTDOWN);
    }
    simulated_run_jobs(host);
    martlet_instance *instance = host->instance;
    if (instance->plugin.loop_stop != NULL) instance->plugin.loop_stop(&instance->env);
    instance->plugin.destroy(instance->env.state);
    free(instance);
    while (host->peers != NULL) {
        simulated_peer *peer = host->peers;
        host->peers = peer->connection.next;
        free(peer->connection.input.data);
        free(peer->connection.output.data);
        free(peer);
    }
    int problems = host->problems;
    free(host);
    return problems;
}

#endif
