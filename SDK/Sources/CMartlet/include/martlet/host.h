/*
 * martlet/host.h - what the host gives a plugin. Include martlet.h.
 */
#ifndef MARTLET_HOST_H
#define MARTLET_HOST_H

#include "abi.h"

MARTLET_BEGIN

typedef struct martlet_host martlet_host;

/* ------------------------------------------------------------------------------------------------------ env -- */

/* The `loop` of a call that belongs to no event loop. */
#define MARTLET_NO_LOOP ((uint32_t)0xFFFFFFFF)

/* Where a callback runs: an instance on an event loop. The same pointer in every call for that instance on that loop,
 * from the start of `loop_start` to the end of `loop_stop`, and constant once `loop_start` has returned. */
typedef struct martlet_env {
    /* -- since 1.0 -- */
    uint32_t size;
    uint32_t loop; /* from 0; MARTLET_NO_LOOP in an operation that runs elsewhere */
    const martlet_host *host;
    martlet_instance *instance;
    void *MARTLET_NULLABLE state;      /* set by `create` */
    void *MARTLET_NULLABLE loop_state; /* set by `loop_start` on this loop; NULL without a loop */
} martlet_env;

/* ------------------------------------------------------------------------------------------------ addresses -- */

/* The family of an address.
 *
 * Unknown values: the plugin cannot print or compare the address. */
typedef uint32_t martlet_family;
#define MARTLET_FAMILY_UNIX ((martlet_family)1) /* no address and no port */
#define MARTLET_FAMILY_IPV4 ((martlet_family)4)
#define MARTLET_FAMILY_IPV6 ((martlet_family)6)

/* One end of a connection. An IPv4 peer of a dual-stack listener has the family IPv4. */
typedef struct martlet_address {
    /* -- since 1.0 -- */
    uint32_t size;
    martlet_family family;
    uint8_t address[16]; /* network byte order; IPv4 in the first four bytes */
    uint16_t port;       /* host byte order */
    uint16_t reserved;   /* 0 */
    uint32_t reserved2;  /* 0 */
} martlet_address;

/* How a connection came to a plugin.
 *
 * Unknown values: treat the connection as accepted. */
typedef uint32_t martlet_origin;
#define MARTLET_ORIGIN_ACCEPTED ((martlet_origin)1)    /* a peer connected to the listener */
#define MARTLET_ORIGIN_CONNECTED ((martlet_origin)2)   /* the host connected to the peer; no host of 1.0 does so */
#define MARTLET_ORIGIN_HANDED_OVER ((martlet_origin)3) /* another plugin called hand_over */
#define MARTLET_ORIGIN_ADOPTED ((martlet_origin)4)     /* adopted from a dead process; no host of 1.0 does so */

/* Describes a new connection to `opened`. Valid until `opened` returns. */
typedef struct martlet_opening {
    /* -- since 1.0 -- */
    uint32_t size;
    martlet_origin origin;
    const martlet_address *peer;  /* of a proxied connection: the client that the PROXY header names */
    const martlet_address *local; /* of a proxied connection: the address that the client connected to */
    /* Where it was accepted: the name of the [[listen]] table, or without a name the address as written in the
     * listener's file. A connection that was handed over keeps it. */
    martlet_text endpoint;
} martlet_opening;

/* ------------------------------------------------------------------------------------------------- requests -- */

/* Flags of a request. Unknown bits are ignored. */
#define MARTLET_REQUEST_FAILED ((uint32_t)1) /* the plugin failed to serve the request */

/* Describes one request that the plugin has answered.
 *
 * A request counts as failed if it has the flag MARTLET_REQUEST_FAILED or the status 500, 502, 503 or 504. Too many
 * failed requests abort a trial (`abort_on.error_rate`). Do not flag mistakes of the peer, such as a malformed or
 * unsupported request: otherwise any peer could abort a trial. */
typedef struct martlet_request {
    /* -- since 1.0 -- */
    uint32_t size;
    uint32_t flags;      /* MARTLET_REQUEST_… */
    uint32_t status;     /* as the protocol defines it: 200, an error code */
    uint32_t reserved;   /* 0 */
    uint64_t bytes;      /* of the answer, including its head */
    uint64_t started;    /* monotonic nanoseconds; 0: when the bytes of this callback arrived */
    martlet_text method; /* method or opcode */
    martlet_text target; /* path, key; may be empty */
} martlet_request;

/* ---------------------------------------------------------------------------- functions that are passed around -- */

/* The host calls it when it no longer needs the memory or file: it is sent, or the connection is gone. The instance
 * that lent it lives until then, even if its session has moved to another generation. [loop] */
typedef void (*martlet_release)(void *MARTLET_NULLABLE context);

/* Runs on a worker. [worker] */
typedef void (*martlet_work)(void *MARTLET_NULLABLE context);

/* Runs on the loop of a connection, exactly once. If the connection is gone, or the id was 0, `connection` and
 * `session` are NULL. `env` and `session` always belong to the instance that passed the function: a session that has
 * moved to another generation comes back for the call (`save` there, `restore` here) and then returns there. If it
 * cannot, because the versions of its state do not fit in that direction, `connection` and `session` are NULL. The
 * function may write output like any callback. If the instance has not started on that loop yet, or was refused,
 * `state` and `loop_state` of `env` are NULL. [loop] */
typedef void (*martlet_delivery)(const martlet_env *env, void *MARTLET_NULLABLE context,
                                 martlet_connection *MARTLET_NULLABLE connection, void *MARTLET_NULLABLE session);

/* ------------------------------------------------------------------------------------------------ telemetry -- */

/* The level of a log line.
 *
 * Unknown values: a level above ERROR counts as ERROR. */
typedef uint32_t martlet_log_level;
#define MARTLET_LOG_TRACE ((martlet_log_level)0)
#define MARTLET_LOG_DEBUG ((martlet_log_level)1)
#define MARTLET_LOG_INFO ((martlet_log_level)2)
#define MARTLET_LOG_WARNING ((martlet_log_level)3)
#define MARTLET_LOG_ERROR ((martlet_log_level)4)

/* The kind of a metric.
 *
 * Unknown values: metric_register returns MARTLET_ERROR_UNSUPPORTED. */
typedef uint32_t martlet_metric_kind;
#define MARTLET_METRIC_COUNTER ((martlet_metric_kind)1) /* only grows */
#define MARTLET_METRIC_GAUGE ((martlet_metric_kind)2)
#define MARTLET_METRIC_HISTOGRAM ((martlet_metric_kind)3) /* of "martlet.metrics/1"; unknown to metric_register */

/* A registered metric of one instance, or a series of one ("martlet.metrics/1"). Below 0: a martlet_result. */
typedef int32_t martlet_metric;

/* ------------------------------------------------------------------------------------------------- the host -- */

/* The functions of the host: one constant table for the life of the process. It has every function of version 1.0. */
struct martlet_host {
    /* -- since 1.0 -- */
    uint32_t size;
    martlet_abi abi;
    martlet_text version; /* of the host, such as "0.1.0" */

    /* -- since 1.0: output of a connection: [loop], inside a callback of that connection; CLOSED in `closed` -- */

    /* Returns at least `length` bytes to write output into. They stay valid until one of these five functions is called
     * again for this connection, or until the callback ends; other calls do not affect them. Nothing is sent before
     * `commit`. NULL: the connection is closing, there is no memory, or the connection's limit is exceeded. */
    uint8_t *MARTLET_NULLABLE (*MARTLET_NONNULL reserve)(martlet_connection *connection, size_t length);

    /* Adds the first `length` bytes of the last `reserve` to the output. To commit more than was reserved, or without a
     * `reserve`, is a fault: the connection is aborted. Returns OK, FULL, CLOSED, ARGUMENT. */
    martlet_result (*commit)(martlet_connection *connection, size_t length);

    /* Copies bytes to the output. `data` may be NULL when `length` is 0. Returns OK, FULL, CLOSED, ARGUMENT, MEMORY. */
    martlet_result (*write)(martlet_connection *connection, const void *MARTLET_NULLABLE data, size_t length);

    /* Sends bytes without copying them. They must not change until the host calls `release(context)`. It does so
     * exactly once, after this function has returned, whatever the result. `release` may be NULL for constant memory
     * of the image, which stays mapped until the bytes are sent. Returns OK, FULL, CLOSED, ARGUMENT, MEMORY. */
    martlet_result (*write_shared)(martlet_connection *connection, const void *MARTLET_NULLABLE data, size_t length,
                                   martlet_release MARTLET_NULLABLE release, void *MARTLET_NULLABLE context);

    /* Sends `length` bytes of an open regular file from `offset` (sendfile(2)). The file must stay open until the host
     * calls `release(context)`; the host neither closes it nor moves its position. If the file turns out to be shorter,
     * the host aborts the connection (MARTLET_CLOSED_RESET). If the process dies and another one adopts the connection,
     * the file belongs to that host: it sends the rest and closes the file, and `release` is not called. Returns OK,
     * FULL, CLOSED, ARGUMENT, MEMORY. */
    martlet_result (*send_file)(martlet_connection *connection, int32_t file, uint64_t offset, uint64_t length,
                                martlet_release MARTLET_NULLABLE release, void *MARTLET_NULLABLE context);

    /* -- since 1.0: input of a connection: [loop], inside a callback of that connection -- */

    /* Delays the next `received` until `length` bytes are available, or until the input ends. So a large message is
     * presented once, and not once for each segment. `length` counts from the first byte that is not consumed when the
     * callback ends. Bytes that have arrived by then count, with one exception: after a `received` that consumes
     * nothing and wants no more than it was given, the next `received` runs when more bytes arrive. Applies to the next
     * `received` only, in whichever generation it runs. 0 cancels it. Returns OK, CLOSED, ARGUMENT (`length` is above
     * limits.max_input: the host never keeps that many bytes). */
    martlet_result (*want)(martlet_connection *connection, size_t length);

    /* Stops presenting input. The kernel's buffer fills, and the peer has to wait. Returns OK, CLOSED. */
    martlet_result (*pause)(martlet_connection *connection);

    /* Presents input again, the unconsumed bytes first. Returns OK, CLOSED. */
    martlet_result (*resume)(martlet_connection *connection);

    /* 1: the peer owes the rest of a message although all bytes of it that have arrived are consumed, such as a body
     * that is consumed in pieces. limits.request_timeout runs from the first 1 until the plugin passes 0. (While input
     * is left unconsumed, it runs without this call.) Returns OK, CLOSED. */
    martlet_result (*expect_input)(martlet_connection *connection, uint32_t expected);

    /* -- since 1.0: end of a connection: [loop], inside a callback of that connection -- */

    /* Sends the queued output, then closes. No `received` follows. Later output is refused (CLOSED) and counts as a
     * fault. Returns OK, CLOSED. */
    martlet_result (*close)(martlet_connection *connection);

    /* Closes at the end of the callback, with a reset, and drops the queued output. `why` says who is to blame:
     * MARTLET_OK or above for nobody, MARTLET_ERROR_PEER for the peer, any other error for the plugin, as if
     * `received` had returned it. May be called after `close` and `hand_over`. Returns OK, CLOSED. */
    martlet_result (*abort)(martlet_connection *connection, martlet_result why);

    /* Gives the connection to the plugin of another listener, by the listener's name, at the end of the callback.
     * This session gets `closed` with MARTLET_CLOSED_HANDED_OVER; its timer, `pause` and `want` are cancelled. Then
     * the other plugin gets `opened`, and the input that this one has not consumed. The queued output is sent first.
     * From then on the connection counts as one of the other listener, under its limits. Until the callback ends,
     * functions that write or change the connection return CLOSED, except `abort`. Returns OK, CLOSED, ARGUMENT (no
     * other listener has this name), BUSY (the listener has no room for another connection). */
    martlet_result (*hand_over)(martlet_connection *connection, martlet_text listener);

    /* Reserved for TLS that starts within a connection (STARTTLS). Returns UNSUPPORTED. */
    martlet_result (*start_tls)(martlet_connection *connection);

    /* -- since 1.0: about a connection: [loop], inside a callback of that connection -- */

    /* Calls `timer` once after this many milliseconds. Each connection has one timer: another call replaces it, and 0
     * cancels it. Returns OK, CLOSED. */
    martlet_result (*set_timer)(martlet_connection *connection, uint64_t milliseconds);

    /* Fills in the address of the peer. The caller sets `size`; the host fills in the members that both sides know and
     * sets the rest to 0. May be called in `closed`. Returns OK, ARGUMENT. */
    martlet_result (*peer)(martlet_connection *connection, martlet_address *address);

    /* Fills in the address that the peer connected to, as `peer` does. May be called in `closed`. */
    martlet_result (*local)(martlet_connection *connection, martlet_address *address);

    /* Returns the id of this connection for `post` and `submit`. May be called in `closed`. */
    martlet_connection_id (*id)(martlet_connection *connection);

    /* Returns CLOCK_MONOTONIC in nanoseconds, as of the current event. Makes no system call. May be called in
     * `closed`. */
    uint64_t (*monotonic_time)(martlet_connection *connection);

    /* Returns the seconds since 1970, as of the current event. Makes no system call. May be called in `closed`. */
    int64_t (*wall_clock)(martlet_connection *connection);

    /* Counts one answered request. The host computes request rates and error rates from it. May be called in `closed`.
     * Returns OK, ARGUMENT. */
    martlet_result (*request_done)(martlet_connection *connection, const martlet_request *request);

    /* -- since 1.0: work: [any] -- */

    /* Runs `work(context)` on a worker, then `done(…, context, …)` on the loop of `connection` (on any loop if that is
     * 0). Returns OK, BUSY (the queue of the workers is full, this listener has used up its share of it, or that loop
     * has no room for another completion), STOPPING, ARGUMENT (no such loop). Unless it returns OK, neither is called.
     * The instance is not destroyed before both have run, and if `create` refuses, the image is not unmapped before. */
    martlet_result (*submit)(martlet_instance *instance, martlet_connection_id connection, martlet_work work,
                             martlet_delivery MARTLET_NULLABLE done, void *MARTLET_NULLABLE context);

    /* Runs `delivery(…, context, …)` on the loop of `connection`. Returns OK, BUSY (that loop has no room for another
     * delivery), STOPPING, ARGUMENT (no such loop). Unless it returns OK, `delivery` is not called. */
    martlet_result (*post)(martlet_instance *instance, martlet_connection_id connection, martlet_delivery delivery,
                           void *MARTLET_NULLABLE context);

    /* -- since 1.0: telemetry: [any] -- */

    /* Returns 1 if lines of this level are kept. Otherwise the plugin need not format the line. A level above ERROR
     * counts as ERROR. */
    int32_t (*log_enabled)(martlet_instance *instance, martlet_log_level level);

    /* Writes a line to the host's log, with listener, plugin and generation. Never waits: the host drops and counts
     * lines above limits.log_rate, and lines that do not fit into a full log. */
    void (*log)(martlet_instance *instance, martlet_log_level level, martlet_text message);

    /* Registers a metric under the plugin's name, such as "cache_hits_total". The same name gives the same metric,
     * also across generations. Inside `create` only. Returns the metric, or CLOSED (not inside `create`), ARGUMENT (a
     * bad name, a name in use for the other kind, or too many metrics), UNSUPPORTED (unknown kind). [control] */
    martlet_metric (*metric_register)(martlet_instance *instance, martlet_metric_kind kind, martlet_text name,
                                      martlet_text help);

    /* Adds to a metric; a negative amount only to a gauge. Returns OK, ARGUMENT. */
    martlet_result (*metric_add)(martlet_instance *instance, martlet_metric metric, int64_t amount);

    /* Sets a gauge. Returns OK, ARGUMENT. */
    martlet_result (*metric_set)(martlet_instance *instance, martlet_metric metric, int64_t value);

    /* -- since 1.0: about an instance -- */

    /* Inside `create`: reports a problem of the options. `path` names the option ("routes[1].root"; empty: no option in
     * particular). May be called for each problem; then `create` returns an error. Inside an operation, on any of its
     * threads: reports that the call has failed, and why; `path` may name the argument. Elsewhere it does nothing.
     * [control] [loop] [worker] */
    void (*refuse)(martlet_instance *instance, martlet_text path, martlet_text message);

    /* Returns the struct of host functions that has this id. The struct starts with its uint32_t size and is valid for
     * the life of the process. NULL: this host does not have the extension. [any] */
    const void *MARTLET_NULLABLE (*MARTLET_NONNULL extension)(martlet_instance *instance, martlet_text id);
};

MARTLET_END

#endif
