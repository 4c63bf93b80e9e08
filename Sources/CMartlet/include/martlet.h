/*
 * martlet.h - the plugin ABI of Martlet, version 1.1
 *
 * A plugin is a shared library that exports exactly one symbol, `martlet_plugin_entry`, which returns a constant
 * descriptor. This header is all that a plugin and the host share: no type, allocation, exception or closure of any
 * language crosses it, only C functions, fixed-width integers, pointers with lengths, and UTF-8 text.
 *
 * Growth. Every struct starts with its size in bytes as its author's compiler saw it, and only ever gets new members at
 * its end. A reader looks at no member that lies past that size. The major version must match; a newer minor version is
 * fine on either side. A function pointer that is NULL, or lies past the size, is a feature that is off. What is larger
 * than a function is an extension, a struct of functions found by a string id such as "martlet.session-state/1".
 *
 * Threads. Each function says where it runs or from where it may be called:
 *   [control]  a thread for what belongs to no connection: create, destroy. May block for a moment; one that does not
 *              return within `plugin_timeout` is refused, or left alone
 *   [loop]     the event loop that owns the connection; must not block. Under `dispatch = "workers"` a worker that has
 *              the connection for this one callback; may block. loop_start, loop_stop, save, restore and moved always
 *              run on the loop
 *   [worker]   a thread of the worker pool; may block
 *   [any]      any thread, also the plugin's own
 * Callbacks of one connection never overlap, and keep their order. Callbacks of one instance for different connections run
 * at the same time on different loops or workers.
 *
 * Ownership. A pointer passed to a function is valid until that function returns, unless its comment says otherwise.
 * Whoever keeps something longer copies it.
 *
 * No re-entry. No host function calls back into the plugin before it returns. Writes and closes take effect at the end
 * of the callback that made them, in the order in which they were made.
 */
#ifndef MARTLET_H
#define MARTLET_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MARTLET_ABI_MAJOR 1
#define MARTLET_ABI_MINOR 1

/* ------------------------------------------------------------------------------------------------ basic types -- */

/* UTF-8 text, not terminated. {NULL, 0} is the empty text. */
typedef struct martlet_text {
    const char *data;
    size_t length; /* bytes */
} martlet_text;

/* The host's state for one peer socket: valid from the start of `opened` to the end of `closed`, on [loop] only. */
typedef struct martlet_connection martlet_connection;

/* The host's side of one instance: valid from the start of `create` to the end of `destroy`, on [any]. */
typedef struct martlet_instance martlet_instance;

/* Names a connection for ever: {generation, slot}. Never reused for another peer. 0 names none. */
typedef uint64_t martlet_connection_id;

/* What host functions return: 0 or above is success, below 0 is a failure that changed nothing. */
typedef int32_t martlet_result;
#define MARTLET_OK ((martlet_result)0)
/* Accepted, and the output that waits for this peer is now above its high-water mark. Produce no more: return from
 * `received` with what is consumed so far. The rest is presented again, and `writable` is called, once there is room. */
#define MARTLET_FULL ((martlet_result)1)
#define MARTLET_ERROR_CLOSED ((martlet_result)-1)      /* the connection is closing: no more output is taken */
#define MARTLET_ERROR_ARGUMENT ((martlet_result)-2)    /* an argument is out of its range */
#define MARTLET_ERROR_MEMORY ((martlet_result)-3)      /* no memory, or past the limit of the connection */
#define MARTLET_ERROR_BUSY ((martlet_result)-4)        /* the bounded queue is full: try later or answer "busy" */
#define MARTLET_ERROR_STOPPING ((martlet_result)-5)    /* the host is stopping: nothing new is taken */
#define MARTLET_ERROR_UNSUPPORTED ((martlet_result)-6) /* this host cannot do it */

/* Why a connection ended: the argument of `closed`. */
typedef uint32_t martlet_close_reason;
#define MARTLET_CLOSED_BY_PLUGIN ((martlet_close_reason)1)       /* close() or abort() */
#define MARTLET_CLOSED_BY_PEER ((martlet_close_reason)2)         /* the peer closed, in order */
#define MARTLET_CLOSED_RESET ((martlet_close_reason)3)           /* ECONNRESET, EPIPE and other socket errors */
#define MARTLET_CLOSED_IDLE_TIMEOUT ((martlet_close_reason)4)    /* limits.idle_timeout */
#define MARTLET_CLOSED_WRITE_TIMEOUT ((martlet_close_reason)5)   /* limits.write_timeout */
#define MARTLET_CLOSED_INPUT_LIMIT ((martlet_close_reason)6)     /* limits.max_input */
#define MARTLET_CLOSED_FAULT ((martlet_close_reason)7)           /* the plugin broke a rule of this header */
#define MARTLET_CLOSED_SHUTDOWN ((martlet_close_reason)8)        /* cut at the end of a drain */
#define MARTLET_CLOSED_NO_MEMORY ((martlet_close_reason)9)       /* a buffer could not be had */
#define MARTLET_CLOSED_HANDSHAKE ((martlet_close_reason)10)      /* before `opened`: no plugin sees it */
#define MARTLET_CLOSED_FIRST_BYTE ((martlet_close_reason)11)     /* limits.first_byte_timeout */
#define MARTLET_CLOSED_REQUEST_TIMEOUT ((martlet_close_reason)12) /* limits.request_timeout */
#define MARTLET_CLOSED_LIFETIME ((martlet_close_reason)13)       /* limits.lifetime */
#define MARTLET_CLOSED_REQUEST_RATE ((martlet_close_reason)14)   /* limits.request_rate, with on_limit = "refuse" */

/* --------------------------------------------------------------------------------------------------- options -- */

typedef uint32_t martlet_type;
#define MARTLET_TYPE_BOOLEAN ((martlet_type)1)
#define MARTLET_TYPE_INTEGER ((martlet_type)2)
#define MARTLET_TYPE_NUMBER ((martlet_type)3)
#define MARTLET_TYPE_TEXT ((martlet_type)4)
#define MARTLET_TYPE_DURATION ((martlet_type)5) /* written "30s"; `integer` holds nanoseconds */
#define MARTLET_TYPE_SIZE ((martlet_type)6)     /* written "64KiB"; `integer` holds bytes */
#define MARTLET_TYPE_PATH ((martlet_type)7)     /* relative to the listener's file; `text` holds the absolute path */
#define MARTLET_TYPE_LIST ((martlet_type)8)     /* of `element` */
#define MARTLET_TYPE_TABLE ((martlet_type)9)    /* of `children` */

/* One option that a plugin understands. The host checks a listener's [options] against these before `create`. */
typedef struct martlet_option {
    uint32_t size; /* of this struct; also the stride of an array of them */
    martlet_type type;
    martlet_text key;
    martlet_text help;          /* one line */
    martlet_text default_value; /* as it would be written in TOML; empty: none */
    uint32_t required;          /* 1: there must be one in the file */
    martlet_type element;       /* of a list */
    int64_t minimum;            /* of an integer, size or duration; minimum > maximum: no range */
    int64_t maximum;
    const struct martlet_option *children; /* of a table, and of the tables in a list */
    size_t child_count;
    const martlet_text *choices; /* of a text; none: any */
    size_t choice_count;
} martlet_option;

/* A value of the options tree: the root is a table. Valid until `create` returns. Defaults are filled in. */
typedef struct martlet_value {
    uint32_t size; /* of this struct; also the stride of an array of them */
    martlet_type type;
    int64_t integer; /* boolean (0, 1), integer, duration (nanoseconds), size (bytes) */
    double number;
    martlet_text text;                 /* text, path */
    const struct martlet_value *items; /* list, table: the members in the order of the file */
    size_t item_count;
    martlet_text key; /* of a member of a table */
    uint32_t line;    /* where the value stands in the listener's file, from 1; 0: it is a default */
    uint32_t column;
} martlet_value;

/* ---------------------------------------------------------------------------------------------- host services -- */

typedef uint32_t martlet_log_level;
#define MARTLET_LOG_TRACE ((martlet_log_level)0)
#define MARTLET_LOG_DEBUG ((martlet_log_level)1)
#define MARTLET_LOG_INFO ((martlet_log_level)2)
#define MARTLET_LOG_WARNING ((martlet_log_level)3)
#define MARTLET_LOG_ERROR ((martlet_log_level)4)

typedef uint32_t martlet_metric_kind;
#define MARTLET_METRIC_COUNTER ((martlet_metric_kind)1) /* only grows */
#define MARTLET_METRIC_GAUGE ((martlet_metric_kind)2)

/* A registered metric of one instance. Below 0: a martlet_result. */
typedef int32_t martlet_metric;

typedef uint32_t martlet_family;
#define MARTLET_FAMILY_UNIX ((martlet_family)1)
#define MARTLET_FAMILY_IPV4 ((martlet_family)4)
#define MARTLET_FAMILY_IPV6 ((martlet_family)6)

/* The peer of a connection. An IPv4 peer of a dual-stack listener is given as IPv4. */
typedef struct martlet_peer {
    uint32_t size; /* set by the caller: sizeof(martlet_peer) */
    martlet_family family;
    uint8_t address[16]; /* network byte order; IPv4 in the first four */
    uint16_t port;
    uint16_t reserved;
    uint32_t reserved2;
} martlet_peer;

#define MARTLET_REQUEST_FAILED ((uint32_t)1) /* the plugin failed at it */

/* What a plugin tells of one request that it answered.
 *
 * A request counts as failed with the flag MARTLET_REQUEST_FAILED, or with the status 500, 502, 503 or 504; enough of them
 * end a trial (`abort_on.error_rate`). Do not flag what the peer got wrong, such as a malformed or unsupported request:
 * any peer could end a trial with it. */
typedef struct martlet_request {
    uint32_t size;
    uint32_t flags;      /* MARTLET_REQUEST_… */
    uint32_t status;     /* the protocol's own: 200, an error code */
    uint32_t reserved;
    uint64_t bytes;      /* of the answer, with its head */
    uint64_t started;    /* monotonic nanoseconds; 0: when the bytes of this callback arrived */
    martlet_text method; /* or opcode */
    martlet_text target; /* path, key; may be empty */
} martlet_request;

/* Called once the host needs the memory or the file no longer: sent, or the connection is gone. The instance that lent them
 * lives until then, also when its session has moved to another generation. [loop] */
typedef void (*martlet_release)(void *context);

/* Runs on a worker. [worker] */
typedef void (*martlet_work)(void *context);

/* Runs on the loop of a connection, exactly once. `connection` and `session` are NULL when the connection is gone (or
 * none was named). `session` is always one of the instance that the function belongs to: a session that has moved to another
 * generation comes back for the call (`save` there, `restore` here) and then goes on there. Where it cannot, because the
 * versions of its state do not fit in that direction, both are NULL. Output may be written as in any callback. [loop] */
typedef void (*martlet_delivery)(void *context, martlet_connection *connection, void *session);

/* The functions of the host. One constant table for the life of the process. */
typedef struct martlet_host {
    uint32_t size;
    uint16_t abi_major;
    uint16_t abi_minor;
    martlet_text version; /* of the host, such as "0.1.0" */

    /* -- output of a connection: [loop], inside a callback of that connection; in `closed` they return CLOSED -- */

    /* At least `length` bytes to write an answer into, valid until the next host call on this connection or the end of
     * the callback. NULL: closing, or no memory. Nothing is sent before `commit`. */
    uint8_t *(*reserve)(martlet_connection *connection, size_t length);

    /* Takes the first `length` bytes of the last `reserve`. More than was reserved is a fault: the connection is
     * aborted. Returns OK, FULL, CLOSED. */
    martlet_result (*commit)(martlet_connection *connection, size_t length);

    /* Copies bytes to the output. Returns OK, FULL, CLOSED, MEMORY. */
    martlet_result (*write)(martlet_connection *connection, const void *data, size_t length);

    /* Sends bytes without copying them. They must not change until `release(context)` is called, which happens exactly
     * once, after this function has returned, whatever it returned. `release` may be NULL for constant memory of the image,
     * which stays mapped until the bytes are sent. */
    martlet_result (*write_shared)(martlet_connection *connection, const void *data, size_t length,
                                   martlet_release release, void *context);

    /* Sends `length` bytes of an open regular file from `offset` (sendfile(2)). The file must stay open until
     * `release(context)`; the host neither closes it nor moves its position. A file that turns out shorter aborts the
     * connection. */
    martlet_result (*send_file)(martlet_connection *connection, int32_t file, uint64_t offset, uint64_t length,
                                martlet_release release, void *context);

    /* -- state of a connection: [loop], inside a callback of that connection -- */

    /* Sends what is written, then closes. No `received` follows. Output after it is refused (CLOSED) and counts as a fault. */
    martlet_result (*close)(martlet_connection *connection);

    /* Closes at the end of the callback, with a reset; output that waits is dropped. */
    martlet_result (*abort)(martlet_connection *connection);

    /* Stops presenting input. The kernel's buffer fills and the peer has to wait. */
    martlet_result (*pause)(martlet_connection *connection);

    /* Presents input again; what was left unconsumed first. */
    martlet_result (*resume)(martlet_connection *connection);

    /* Calls `timer` once after so many milliseconds. One timer a connection: a new one replaces it, 0 cancels it. */
    martlet_result (*set_timer)(martlet_connection *connection, uint64_t milliseconds);

    /* Fills in who the peer is. May be called in `closed`. */
    martlet_result (*peer)(martlet_connection *connection, martlet_peer *peer);

    /* The name of this connection for `post` and `submit`. May be called in `closed`. */
    martlet_connection_id (*id)(martlet_connection *connection);

    /* CLOCK_MONOTONIC in nanoseconds when the current event was taken up: costs no system call. */
    uint64_t (*monotonic_time)(martlet_connection *connection);

    /* Seconds since 1970, as of the current event: costs no system call. */
    int64_t (*wall_clock)(martlet_connection *connection);

    /* Counts one answered request: rate, latency, error rate and access log come from it. May be called in `closed`. */
    martlet_result (*request_done)(martlet_connection *connection, const martlet_request *request);

    /* -- work: [any] -- */

    /* Runs `work(context)` on a worker, then `done(context, …)` on the loop of `connection` (on any loop when that is
     * 0). `done` may be NULL. Returns OK, BUSY (the queue of the workers is full, or this listener has its share of it, or no
     * more completions can wait for that loop), STOPPING, ARGUMENT (no such loop); unless OK nothing will be called. The
     * instance is not destroyed before both have run, nor unmapped when `create` refused. */
    martlet_result (*submit)(martlet_instance *instance, martlet_connection_id connection, martlet_work work,
                             martlet_delivery done, void *context);

    /* Runs `delivery(context, …)` on the loop of `connection`. Returns OK, BUSY (no more deliveries can wait for that loop),
     * STOPPING, ARGUMENT (no such loop); unless OK nothing will be called. */
    martlet_result (*post)(martlet_instance *instance, martlet_connection_id connection, martlet_delivery delivery,
                           void *context);

    /* -- telemetry: [any] -- */

    /* 1 when messages of this level are kept, so that others need not be put together. */
    int32_t (*log_enabled)(martlet_instance *instance, martlet_log_level level);

    /* Writes a line to the host's log, with listener, plugin and generation. Never waits: lines above limits.log_rate, and
     * those for which a full log has no room, are counted instead. */
    void (*log)(martlet_instance *instance, martlet_log_level level, martlet_text message);

    /* Registers a metric under the plugin's name, such as "cache_hits_total". The same name gives the same metric, also
     * across generations. [control], inside `create` only. */
    martlet_metric (*metric_register)(martlet_instance *instance, martlet_metric_kind kind, martlet_text name,
                                      martlet_text help);

    /* Adds to a metric; a counter takes no negative amounts. */
    martlet_result (*metric_add)(martlet_instance *instance, martlet_metric metric, int64_t amount);

    /* Sets a gauge. */
    martlet_result (*metric_set)(martlet_instance *instance, martlet_metric metric, int64_t value);

    /* -- life of an instance: [control] -- */

    /* Inside `create`: says why these options will not do. `path` names the option ("routes[1].root"; empty: none in
     * particular). May be called for each problem; then `create` returns other than OK. Inside an operation, wherever it
     * runs: the call has failed, and why; `path` may name the argument. Elsewhere it does nothing. */
    void (*refuse)(martlet_instance *instance, martlet_text path, martlet_text message);

    /* A struct of host functions by its id, or NULL. Valid for the life of the process. [any] */
    const void *(*extension)(martlet_instance *instance, martlet_text id);

    /* -- state of a connection, continued: [loop], inside a callback of that connection -- */

    /* 1: the peer owes the rest of a message although all that came of it is consumed, as with a body that is consumed in
     * pieces. Until 0 is said limits.request_timeout runs, as it does by itself while input is left unconsumed. */
    martlet_result (*expect_input)(martlet_connection *connection, uint32_t expected);
} martlet_host;

/* Host extension "martlet.host-info/1": what an instance may want to know about where it runs. */
#define MARTLET_HOST_INFO "martlet.host-info/1"
typedef struct martlet_host_info {
    uint32_t size;
    uint32_t reserved;
    uint32_t (*loop_count)(martlet_instance *instance);   /* [any] */
    uint32_t (*worker_count)(martlet_instance *instance); /* [any] */
    uint32_t (*generation)(martlet_instance *instance);   /* number of this instance on its listener, from 1 [any] */
    martlet_text (*listener)(martlet_instance *instance); /* its name; valid until `destroy` ends [any] */
} martlet_host_info;

/* -------------------------------------------------------------------------------------------------- descriptor -- */

/* A struct of functions of the plugin, by id. */
typedef struct martlet_extension {
    uint32_t size; /* of this struct; also the stride of an array of them */
    uint32_t reserved;
    martlet_text id;
    const void *functions; /* starts with its own uint32_t size */
} martlet_extension;

typedef uint32_t martlet_threads;
#define MARTLET_THREADS_LOOPS ((martlet_threads)1)   /* callbacks never block: run them on event loops */
#define MARTLET_THREADS_WORKERS ((martlet_threads)2) /* callbacks may block: `dispatch = "workers"` is needed */
#define MARTLET_THREADS_BOTH ((martlet_threads)3)    /* either: they never block, and share nothing without a lock */

/* The image keeps nothing in the process once its instances are destroyed, and may be unmapped. Never set it for Swift:
 * its runtime keeps pointers into every image. */
#define MARTLET_PLUGIN_UNLOADABLE ((uint32_t)1)

/* What a plugin is and can do. Constant, and readable without creating anything. */
typedef struct martlet_plugin {
    uint32_t size;
    uint16_t abi_major; /* MARTLET_ABI_MAJOR */
    uint16_t abi_minor; /* MARTLET_ABI_MINOR */
    martlet_text name;  /* letters, digits, '-', '_' */
    martlet_text version;
    martlet_text summary; /* one line */
    martlet_text example; /* a shell command to try it with; {host} and {port} stand for the address; may be empty */
    martlet_threads threads;
    uint32_t flags; /* MARTLET_PLUGIN_… */
    const martlet_option *options;
    size_t option_count;
    const martlet_extension *extensions; /* what the plugin offers */
    size_t extension_count;
    const martlet_text *required_extensions; /* what it cannot run without, by the id of the host's extension */
    size_t required_extension_count;

    /* -- instance -- */

    /* Makes an instance from its options. Sets *state, which all else gets. Other than OK: refused (see `refuse`), and
     * `destroy` is not called. May run while other instances of this image work. Required. [control] */
    martlet_result (*create)(const martlet_host *host, martlet_instance *instance, const martlet_value *options,
                             void **state);

    /* The last call for this instance: no session, delivery, work, lent output or loop state of it is left. Required.
     * [control] */
    void (*destroy)(void *state);

    /* Makes what this instance wants to keep per event loop, without locks. Called on each loop before its first
     * session there; other than OK refuses the instance. Optional. [loop] */
    martlet_result (*loop_start)(void *state, uint32_t loop, void **loop_state);

    /* After the last session, delivery, work and loan of the instance on all loops. Optional. [loop] */
    void (*loop_stop)(void *state, uint32_t loop, void *loop_state);

    /* -- session: all [loop] -- */

    /* A peer is connected. Sets *session, which the other callbacks get. Other than OK: the connection is closed, and
     * `closed` is not called. Required. */
    martlet_result (*opened)(void *state, void *loop_state, martlet_connection *connection, void **session);

    /* Bytes from the peer: all that is not consumed yet, contiguous, valid until the callback returns. Returns how many
     * of them are consumed; the rest is presented again together with what follows. Below 0: the connection is aborted.
     * More than `length`: a fault, the connection is aborted. Required. */
    int64_t (*received)(void *session, martlet_connection *connection, const uint8_t *data, size_t length);

    /* Output went below the low-water mark after it had been above the high-water mark. Optional. */
    void (*writable)(void *session, martlet_connection *connection);

    /* The timer of set_timer. Optional. */
    void (*timer)(void *session, martlet_connection *connection);

    /* The peer sends no more (it may still read); what was not consumed by now never will be. The plugin calls `close`
     * when it has answered. Optional: without it the host sends what is written and closes. */
    void (*peer_closed)(void *session, martlet_connection *connection);

    /* Finish what is begun, start nothing new, `close` when done. Optional: without it the host sends what is written
     * and closes once nothing of the input is left unconsumed. */
    void (*draining)(void *session, martlet_connection *connection);

    /* The last call for this session: release it. The peer cannot be written to any more. Required. */
    void (*closed)(void *session, martlet_connection *connection, martlet_close_reason reason);
} martlet_plugin;

/* Plugin extension "martlet.session-state/1": sessions that move to another generation of the plugin while their peers stay
 * connected. Unconsumed input, output that waits, the timer and the limits stay with the host; only what the plugin itself
 * knows of the connection is saved. It works in both directions: an older generation restores what a newer one saved, as
 * long as schema and version fit. */
#define MARTLET_SESSION_STATE "martlet.session-state/1"
typedef struct martlet_session_state {
    uint32_t size;
    uint32_t version;    /* of what `save` writes */
    uint32_t oldest;     /* the versions that `restore` takes: oldest … newest */
    uint32_t newest;
    martlet_text schema; /* the name of the format, such as "echo.session"; both sides must agree */

    /* Writes the state of a session into `buffer`. Returns the number of bytes; more than `capacity` means that it needs
     * so many and has written nothing that counts. MARTLET_ERROR_BUSY: not now (work is out, a response is half made): asked
     * again after the next callback. Any other number below 0: this session cannot move. Leaves the session as it was:
     * it goes on here when the other side does not take it. [loop] */
    int64_t (*save)(void *session, martlet_connection *connection, uint8_t *buffer, size_t capacity);

    /* Makes a session from what `save` of another generation wrote, as `opened` would, and sets *session. Other than OK:
     * the session stays where it was. Writes nothing and closes nothing. [loop] */
    martlet_result (*restore)(void *state, void *loop_state, martlet_connection *connection, uint32_t version,
                              const uint8_t *data, size_t length, void **session);

    /* The session goes on in another generation: release it as in `closed`, but the connection lives. It may come back for a
     * delivery of this instance, through `restore`. Output that it has lent stays lent. [loop] */
    void (*moved)(void *session, martlet_connection *connection);
} martlet_session_state;

/* Plugin extension "martlet.operations/1": functions that an operator calls by hand: `martlet call LISTENER NAME ARGUMENT...`.
 *
 * A signature is `result(argument, ...)`, of at most 8 arguments, such as "i64(cstr,u32)". Each argument may have a name for
 * its help: "void(cstr route, cstr text)". The C function has two parameters before those: the state that `create` made, and
 * the loop state (NULL except on loops). So "i64(cstr,u32)" is
 *     int64_t function(void *state, void *loop_state, const char *, uint32_t);
 *
 *     in a signature    in C
 *     void              void, as a result only
 *     bool              bool of <stdbool.h>
 *     i32 u32 i64 u64   int32_t, uint32_t, int64_t, uint64_t
 *     f64               double
 *     cstr              const char *: UTF-8, terminated, never NULL as an argument
 *     bytes             martlet_bytes, by value
 *
 * Arguments are valid until the function returns. An operation that fails calls the host's `refuse`; its result is then not
 * looked at, but still released. Calls of one instance never overlap one another; callbacks and work go on beside them. */
#define MARTLET_OPERATIONS "martlet.operations/1"

typedef struct martlet_bytes {
    const uint8_t *data; /* may be NULL when there are none */
    size_t length;
} martlet_bytes;

/* Where an operation runs. */
typedef uint32_t martlet_place;
#define MARTLET_ON_CONTROL ((martlet_place)1) /* once; reloads wait for it. [control] */
#define MARTLET_ON_LOOPS ((martlet_place)2)   /* on each event loop, one after the other, with its loop state. [loop] */
#define MARTLET_ON_WORKER ((martlet_place)3)  /* once; may take its time. [worker] */

/* One operation. */
typedef struct martlet_operation {
    uint32_t size; /* of this struct; also the stride of an array of them */
    martlet_place place;
    martlet_text name; /* letters, digits, '-', '_' */
    martlet_text signature;
    martlet_text help;      /* one line */
    void (*function)(void); /* is called as its signature says */
} martlet_operation;

typedef struct martlet_operations {
    uint32_t size;
    uint32_t reserved;
    const martlet_operation *operations;
    size_t operation_count;

    /* Gets back what a `cstr` or `bytes` result points to, once the host has copied it, where the operation ran. Not for
     * NULL. Optional: without it results belong to the plugin, which keeps them until its next operation. [control] [loop]
     * [worker] */
    void (*release)(void *state, const void *data);
} martlet_operations;

/* The one symbol that a plugin exports. Called in a child process first, then in the server. It must do nothing but
 * return the descriptor, which lives as long as the image. [control] */
typedef const martlet_plugin *(*martlet_entry)(void);
#define MARTLET_ENTRY_SYMBOL "martlet_plugin_entry"

#ifdef __cplusplus
}
#endif

#endif
