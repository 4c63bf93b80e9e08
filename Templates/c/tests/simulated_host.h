/*
 * A host for tests of plugins: no sockets, no threads, a clock that stands still until the test moves it.
 *
 *     simulated_host *host = simulated_host_start(martlet_plugin_entry(), options, 2);
 *     simulated_peer *peer = simulated_host_connect(host);
 *     simulated_peer_send(peer, "hello\n", 6, 1);            // byte by byte
 *     assert(strcmp(simulated_peer_output(peer), "1 5\n") == 0);
 *     assert(simulated_host_stop(host) == 0);                // the plugin kept all rules
 *
 * One event loop, on the thread of the test. Work that the plugin submits runs in simulated_host_advance. To be included by one
 * source file. C11 or C++17.
 */
#ifndef SIMULATED_HOST_H
#define SIMULATED_HOST_H

#include "martlet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIMULATED_METRICS 64
#define SIMULATED_JOBS 256

/* Of the plugin under test. */
#ifdef __cplusplus
extern "C"
#endif
const martlet_plugin *martlet_plugin_entry(void);

typedef struct simulated_host simulated_host;
typedef struct simulated_peer simulated_peer;

struct simulated_bytes {
    uint8_t *data;
    size_t length;
};

struct simulated_job {
    martlet_connection_id connection;
    martlet_work work;
    martlet_delivery done;
    void *context;
};

/* The peer and the host's side of it. */
struct martlet_connection {
    simulated_host *host;
    simulated_peer *next;
    void *session;
    martlet_connection_id id;
    struct simulated_bytes input;  /* not consumed yet */
    struct simulated_bytes output; /* not taken by the test yet */
    struct simulated_bytes reserved;
    size_t taken; /* of the output, by simulated_peer_output */
    int is_open, is_closing, is_paused, is_full, ends, calls;
    martlet_close_reason reason;
    uint64_t timer; /* 0: none */
};

struct simulated_peer {
    struct martlet_connection connection;
};

struct martlet_instance {
    simulated_host *host;
};

struct simulated_host {
    const martlet_plugin *plugin;
    struct martlet_instance *instance;
    void *state, *loop_state;
    simulated_peer *peers;
    martlet_connection_id last_id;
    uint64_t now;      /* nanoseconds */
    size_t high_water; /* bytes of output above which writes return FULL */
    int problems;      /* rules that the plugin broke; each is printed */
    uint64_t requests; /* request_done */
    char refusal[512]; /* the last `refuse`, "path: message" */
    char log[4096];    /* all lines */
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

static inline int simulated_append(struct simulated_bytes *bytes, const void *data, size_t length) {
    uint8_t *grown = (uint8_t *)realloc(bytes->data, bytes->length + length + 1);
    if (grown == NULL) return 0;
    if (length > 0) memcpy(grown + bytes->length, data, length);
    bytes->data = grown;
    bytes->length += length;
    bytes->data[bytes->length] = 0;
    return 1;
}

/* ------------------------------------------------------------------------------------------- host functions -- */

static inline martlet_result simulated_write(martlet_connection *connection, const void *data, size_t length) {
    if (!connection->is_open || connection->is_closing) {
        if (connection->is_closing) simulated_problem(connection->host, "output after close");
        return MARTLET_ERROR_CLOSED;
    }
    if (!simulated_append(&connection->output, data, length)) return MARTLET_ERROR_MEMORY;
    if (connection->output.length - connection->taken <= connection->host->high_water) return MARTLET_OK;
    connection->is_full = 1;
    return MARTLET_FULL;
}

static inline uint8_t *simulated_reserve(martlet_connection *connection, size_t length) {
    if (!connection->is_open || connection->is_closing) return NULL;
    free(connection->reserved.data);
    connection->reserved.data = (uint8_t *)malloc(length + 1);
    connection->reserved.length = length;
    return connection->reserved.data;
}

static inline martlet_result simulated_commit(martlet_connection *connection, size_t length) {
    if (length > connection->reserved.length) {
        simulated_problem(connection->host, "committed more than was reserved");
        return MARTLET_ERROR_ARGUMENT;
    }
    martlet_result result = simulated_write(connection, connection->reserved.data, length);
    free(connection->reserved.data);
    connection->reserved.data = NULL;
    connection->reserved.length = 0;
    return result;
}

static inline martlet_result simulated_write_shared(martlet_connection *connection, const void *data, size_t length,
                                                    martlet_release release, void *context) {
    martlet_result result = simulated_write(connection, data, length);
    if (release != NULL) release(context);
    return result;
}

static inline martlet_result simulated_send_file(martlet_connection *connection, int32_t file, uint64_t offset,
                                                 uint64_t length, martlet_release release, void *context) {
    (void)connection, (void)file, (void)offset, (void)length;
    if (release != NULL) release(context);
    return MARTLET_ERROR_UNSUPPORTED;
}

static inline martlet_result simulated_close(martlet_connection *connection) {
    connection->is_closing = 1;
    return MARTLET_OK;
}

static inline martlet_result simulated_pause(martlet_connection *connection) {
    connection->is_paused = 1;
    return MARTLET_OK;
}

static inline martlet_result simulated_resume(martlet_connection *connection) {
    connection->is_paused = 0;
    return MARTLET_OK;
}

static inline martlet_result simulated_set_timer(martlet_connection *connection, uint64_t milliseconds) {
    connection->timer = milliseconds == 0 ? 0 : connection->host->now + milliseconds * 1000000;
    return MARTLET_OK;
}

static inline martlet_result simulated_peer_address(martlet_connection *connection, martlet_peer *peer) {
    (void)connection;
    uint32_t size = peer->size;
    memset(peer, 0, size < sizeof *peer ? size : sizeof *peer);
    peer->size = size;
    peer->family = MARTLET_FAMILY_IPV4;
    peer->address[0] = 192, peer->address[1] = 0, peer->address[2] = 2, peer->address[3] = 1; /* RFC 5737 */
    peer->port = 40000;
    return MARTLET_OK;
}

static inline martlet_connection_id simulated_id(martlet_connection *connection) { return connection->id; }
static inline uint64_t simulated_time(martlet_connection *connection) { return connection->host->now; }

static inline int64_t simulated_wall_clock(martlet_connection *connection) {
    return 1700000000 + (int64_t)(connection->host->now / 1000000000);
}

static inline martlet_result simulated_request_done(martlet_connection *connection, const martlet_request *request) {
    (void)request;
    connection->host->requests++;
    return MARTLET_OK;
}

static inline martlet_result simulated_submit(martlet_instance *instance, martlet_connection_id connection,
                                              martlet_work work, martlet_delivery done, void *context) {
    simulated_host *host = instance->host;
    if (host->job_count == SIMULATED_JOBS) return MARTLET_ERROR_BUSY;
    struct simulated_job job = {connection, work, done, context};
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
    snprintf(log + used, sizeof instance->host->log - used, "%.*s\n", (int)message.length, message.data);
}

static inline martlet_metric simulated_metric_register(martlet_instance *instance, martlet_metric_kind kind,
                                                       martlet_text name, martlet_text help) {
    (void)help;
    simulated_host *host = instance->host;
    for (int i = 0; i < host->metric_count; i++) {
        if (strlen(host->metrics[i].name) == name.length && !memcmp(host->metrics[i].name, name.data, name.length))
            return i;
    }
    if (host->metric_count == SIMULATED_METRICS) return MARTLET_ERROR_MEMORY;
    snprintf(host->metrics[host->metric_count].name, 64, "%.*s", (int)name.length, name.data);
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
    instance->host->metrics[metric].value = value;
    return MARTLET_OK;
}

static inline void simulated_refuse(martlet_instance *instance, martlet_text path, martlet_text message) {
    snprintf(instance->host->refusal, sizeof instance->host->refusal, "%.*s%s%.*s", (int)path.length,
             path.length > 0 ? path.data : "", path.length > 0 ? ": " : "", (int)message.length, message.data);
}

static inline const void *simulated_extension(martlet_instance *instance, martlet_text id) {
    (void)instance, (void)id;
    return NULL;
}

static inline martlet_result simulated_expect_input(martlet_connection *connection, uint32_t expected) {
    (void)connection, (void)expected;
    return MARTLET_OK;
}

static inline const martlet_host *simulated_functions(void) {
    static martlet_host table;
    table.size = sizeof table;
    table.abi_major = MARTLET_ABI_MAJOR;
    table.abi_minor = MARTLET_ABI_MINOR;
    table.version.data = "simulated";
    table.version.length = 9;
    table.reserve = simulated_reserve;
    table.commit = simulated_commit;
    table.write = simulated_write;
    table.write_shared = simulated_write_shared;
    table.send_file = simulated_send_file;
    table.close = simulated_close;
    table.abort = simulated_close;
    table.pause = simulated_pause;
    table.resume = simulated_resume;
    table.set_timer = simulated_set_timer;
    table.peer = simulated_peer_address;
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
    table.expect_input = simulated_expect_input;
    return &table;
}

/* -------------------------------------------------------------------------------------------------- options -- */

static inline martlet_value simulated_option(const char *key, martlet_type type, int64_t integer, const char *text) {
    martlet_value value;
    memset(&value, 0, sizeof value);
    value.size = sizeof value;
    value.type = type;
    value.integer = integer;
    value.text.data = text;
    value.text.length = text ? strlen(text) : 0;
    value.key.data = key;
    value.key.length = strlen(key);
    return value;
}

static inline martlet_value simulated_text(const char *key, const char *text) {
    return simulated_option(key, MARTLET_TYPE_TEXT, 0, text);
}

/* Booleans, integers, sizes in bytes, durations in nanoseconds. */
static inline martlet_value simulated_integer(const char *key, martlet_type type, int64_t value) {
    return simulated_option(key, type, value, NULL);
}

/* ------------------------------------------------------------------------------------- what the test can do -- */

static inline void simulated_destroy(simulated_host *host) {
    if (host->plugin->loop_stop != NULL) host->plugin->loop_stop(host->state, 0, host->loop_state);
    host->plugin->destroy(host->state);
    free(host->instance);
}

/* Makes an instance, which takes the place of the one that there is. 0: refused. */
static inline int simulated_create(simulated_host *host, const martlet_value *options, size_t count) {
    martlet_instance *instance = (martlet_instance *)calloc(1, sizeof *instance);
    void *state = NULL, *loop_state = NULL;
    martlet_value root;
    if (instance == NULL) abort();
    instance->host = host;
    memset(&root, 0, sizeof root);
    root.size = sizeof root;
    root.type = MARTLET_TYPE_TABLE;
    root.items = options;
    root.item_count = count;
    if (host->plugin->create(simulated_functions(), instance, &root, &state) != MARTLET_OK) {
        free(instance);
        return 0;
    }
    if (host->plugin->loop_start != NULL && host->plugin->loop_start(state, 0, &loop_state) != MARTLET_OK) {
        host->plugin->destroy(state);
        free(instance);
        return 0;
    }
    host->instance = instance;
    host->state = state;
    host->loop_state = loop_state;
    return 1;
}

/* A host with an instance that has these options: no defaults are filled in. NULL: refused, and why is printed. */
static inline simulated_host *simulated_host_start(const martlet_plugin *plugin, const martlet_value *options,
                                                   size_t count) {
    simulated_host *host = (simulated_host *)calloc(1, sizeof *host);
    if (host == NULL) abort();
    host->plugin = plugin;
    host->now = 1000000000000;
    host->high_water = 64 << 10;
    if (simulated_create(host, options, count)) return host;
    printf("refused: %s\n", host->refusal);
    free(host);
    return NULL;
}

static inline void simulated_end(simulated_peer *peer, martlet_close_reason reason) {
    martlet_connection *connection = &peer->connection;
    if (!connection->is_open) return;
    connection->is_open = 0;
    connection->reason = reason;
    connection->host->plugin->closed(connection->session, connection, reason);
}

/* After a callback: what it asked for happens now. */
static inline void simulated_settle(simulated_peer *peer) {
    if (peer->connection.is_closing) simulated_end(peer, MARTLET_CLOSED_BY_PLUGIN);
}

/* Presents the input for as long as the plugin consumes some of it. */
static inline void simulated_present(simulated_peer *peer) {
    martlet_connection *connection = &peer->connection;
    while (connection->is_open && !connection->is_paused && !connection->is_full && connection->input.length > 0) {
        /* A copy of just the size, so that a checker of memory sees who reads too far. */
        size_t length = connection->input.length;
        uint8_t *copy = (uint8_t *)malloc(length);
        if (copy == NULL) abort();
        memcpy(copy, connection->input.data, length);
        connection->calls++;
        int64_t consumed = connection->host->plugin->received(connection->session, connection, copy, length);
        free(copy);
        if (consumed < 0 || (uint64_t)consumed > length) {
            if (consumed > 0) simulated_problem(connection->host, "consumed more than there was");
            simulated_end(peer, MARTLET_CLOSED_BY_PLUGIN);
            return;
        }
        memmove(connection->input.data, connection->input.data + consumed, length - (size_t)consumed);
        connection->input.length = length - (size_t)consumed;
        simulated_settle(peer);
        if (consumed == 0) break;
    }
}

static inline simulated_peer *simulated_host_connect(simulated_host *host) {
    simulated_peer *peer = (simulated_peer *)calloc(1, sizeof *peer);
    if (peer == NULL) abort();
    peer->connection.host = host;
    peer->connection.id = ++host->last_id;
    peer->connection.next = host->peers;
    peer->connection.is_open = 1;
    host->peers = peer;
    if (host->plugin->opened(host->state, host->loop_state, &peer->connection, &peer->connection.session) != MARTLET_OK)
        peer->connection.is_open = 0;
    else
        simulated_settle(peer);
    return peer;
}

/* Sends bytes in pieces of so many; 0: at once. */
static inline void simulated_peer_send(simulated_peer *peer, const void *data, size_t length, size_t piece) {
    for (size_t sent = 0; sent < length;) {
        size_t count = piece == 0 || piece > length - sent ? length - sent : piece;
        if (!simulated_append(&peer->connection.input, (const uint8_t *)data + sent, count)) abort();
        sent += count;
        simulated_present(peer);
    }
}

/* What came since the last call, as text. Valid until the next call of anything. The peer has read it then. */
static inline const char *simulated_peer_output(simulated_peer *peer) {
    static char *text;
    martlet_connection *connection = &peer->connection;
    size_t count = connection->output.length - connection->taken;
    free(text);
    text = (char *)malloc(count + 1);
    if (text == NULL) abort();
    if (count > 0) memcpy(text, connection->output.data + connection->taken, count);
    text[count] = 0;
    connection->taken = connection->output.length;
    if (connection->is_full) {
        connection->is_full = 0;
        if (connection->is_open && connection->host->plugin->writable != NULL) {
            connection->host->plugin->writable(connection->session, connection);
            simulated_settle(peer);
        }
        simulated_present(peer);
    }
    return text;
}

/* The peer sends no more, but reads on. */
static inline void simulated_peer_finish(simulated_peer *peer) {
    martlet_connection *connection = &peer->connection;
    if (!connection->is_open) return;
    if (connection->host->plugin->peer_closed == NULL) {
        simulated_end(peer, MARTLET_CLOSED_BY_PEER);
        return;
    }
    connection->host->plugin->peer_closed(connection->session, connection);
    simulated_settle(peer);
}

/* The connection breaks. */
static inline void simulated_peer_reset(simulated_peer *peer) { simulated_end(peer, MARTLET_CLOSED_RESET); }

static inline int simulated_peer_is_open(const simulated_peer *peer) { return peer->connection.is_open; }

/* Runs submitted work, moves the clock, and calls the timers that are due. */
static inline void simulated_host_advance(simulated_host *host, uint64_t milliseconds) {
    for (int i = 0; i < host->job_count; i++) {
        struct simulated_job job = host->jobs[i];
        if (job.work != NULL) job.work(job.context);
        if (job.done == NULL) continue;
        simulated_peer *peer = host->peers;
        while (peer != NULL && (peer->connection.id != job.connection || !peer->connection.is_open))
            peer = peer->connection.next;
        job.done(job.context, peer ? &peer->connection : NULL, peer ? peer->connection.session : NULL);
        if (peer != NULL) simulated_settle(peer);
    }
    host->job_count = 0;
    host->now += milliseconds * 1000000;
    for (simulated_peer *peer = host->peers; peer != NULL; peer = peer->connection.next) {
        if (!peer->connection.is_open || peer->connection.timer == 0 || peer->connection.timer > host->now) continue;
        peer->connection.timer = 0;
        if (host->plugin->timer != NULL) host->plugin->timer(peer->connection.session, &peer->connection);
        simulated_settle(peer);
    }
}

static inline int64_t simulated_host_metric(const simulated_host *host, const char *name) {
    for (int i = 0; i < host->metric_count; i++) {
        if (strcmp(host->metrics[i].name, name) == 0) return host->metrics[i].value;
    }
    return -1;
}

/* The functions of one of the plugin's extensions; NULL: it has none. */
static inline const void *simulated_plugin_extension(const martlet_plugin *plugin, const char *id) {
    for (size_t i = 0; i < plugin->extension_count; i++) {
        const martlet_extension *entry =
            (const martlet_extension *)((const char *)plugin->extensions + i * plugin->extensions->size);
        if (entry->id.length == strlen(id) && memcmp(entry->id.data, id, entry->id.length) == 0) return entry->functions;
    }
    return NULL;
}

/* The function of an operation, to be cast to its own type. */
static inline void (*simulated_operation(const martlet_plugin *plugin, const char *name))(void) {
    const martlet_operations *table = (const martlet_operations *)simulated_plugin_extension(plugin, MARTLET_OPERATIONS);
    for (size_t i = 0; table != NULL && i < table->operation_count; i++) {
        const martlet_operation *entry =
            (const martlet_operation *)((const char *)table->operations + i * table->operations->size);
        if (entry->name.length == strlen(name) && memcmp(entry->name.data, name, entry->name.length) == 0)
            return entry->function;
    }
    return NULL;
}

/* A swap: a new instance, to which the sessions of the old one move. Returns how many did not, or -1: refused. */
static inline int simulated_host_swap(simulated_host *host, const martlet_value *options, size_t count) {
    const martlet_session_state *functions =
        (const martlet_session_state *)simulated_plugin_extension(host->plugin, MARTLET_SESSION_STATE);
    simulated_host old = *host;
    int stayed = 0;
    if (!simulated_create(host, options, count)) return -1;
    for (simulated_peer *peer = host->peers; peer != NULL; peer = peer->connection.next) {
        martlet_connection *connection = &peer->connection;
        uint8_t saved[4096];
        void *session = NULL;
        if (!connection->is_open) continue;
        int64_t length = functions ? functions->save(connection->session, connection, saved, sizeof saved) : -1;
        if (length < 0 || (size_t)length > sizeof saved ||
            functions->restore(host->state, host->loop_state, connection, functions->version, saved, (size_t)length,
                               &session) != MARTLET_OK) {
            stayed++;
            simulated_end(peer, MARTLET_CLOSED_SHUTDOWN);
            continue;
        }
        functions->moved(connection->session, connection);
        connection->session = session;
    }
    simulated_destroy(&old);
    return stayed;
}

/* Ends everything. Returns how many rules were broken. */
static inline int simulated_host_stop(simulated_host *host) {
    for (simulated_peer *peer = host->peers; peer != NULL; peer = peer->connection.next)
        simulated_end(peer, MARTLET_CLOSED_SHUTDOWN);
    simulated_host_advance(host, 0);
    simulated_destroy(host);
    while (host->peers != NULL) {
        simulated_peer *peer = host->peers;
        host->peers = peer->connection.next;
        free(peer->connection.input.data);
        free(peer->connection.output.data);
        free(peer->connection.reserved.data);
        free(peer);
    }
    int problems = host->problems;
    free(host);
    return problems;
}

#endif
