/*
 * martlet/host.h - what the host gives a plugin. Include martlet.h.
 */
#ifndef MARTLET_HOST_H
#define MARTLET_HOST_H

#include "abi.h"

MARTLET_BEGIN

typedef struct martlet_host martlet_host;

/* ------------------------------------------------------------------------------------------------------ env -- */

/* The loop of a call that belongs to no event loop. */
#define MARTLET_NO_LOOP ((uint32_t)0xFFFFFFFF)

/* Where a callback runs: an instance on an event loop. The same pointer in every call for that instance on that loop,
 * from the start of `loop_start` to the end of `loop_stop`, and constant once `loop_start` has returned. */
typedef struct martlet_env {
    /* -- since 1.0 -- */
    uint32_t size;
    uint32_t loop; /* from 0; MARTLET_NO_LOOP in an operation that runs elsewhere */
    const martlet_host *host;
    martlet_instance *instance;
    void *MARTLET_NULLABLE state;      /* what `create` made */
    void *MARTLET_NULLABLE loop_state; /* what `loop_start` made on this loop; NULL where there is no loop */
} martlet_env;

/* ------------------------------------------------------------------------------------------------ addresses -- */

/* The family of an address.
 *
 * Unknown values: an address that the plugin cannot print or compare. */
typedef uint32_t martlet_family;
#define MARTLET_FAMILY_UNIX ((martlet_family)1) /* without address and port */
#define MARTLET_FAMILY_IPV4 ((martlet_family)4)
#define MARTLET_FAMILY_IPV6 ((martlet_family)6)

/* One end of a connection. An IPv4 peer of a dual-stack listener is given as IPv4. */
typedef struct martlet_address {
    /* -- since 1.0 -- */
    uint32_t size;
    martlet_family family;
    uint8_t address[16]; /* network byte order; IPv4 in the first four */
    uint16_t port;       /* host byte order */
    uint16_t reserved;   /* 0 */
    uint32_t reserved2;  /* 0 */
} martlet_address;

/* How a connection came to a plugin.
 *
 * Unknown values: treat the connection as accepted. */
typedef uint32_t martlet_origin;
#define MARTLET_ORIGIN_ACCEPTED ((martlet_origin)1)    /* a peer connected to the listener */
#define MARTLET_ORIGIN_CONNECTED ((martlet_origin)2)   /* the host connected to the peer; no host of 1.0 does */
#define MARTLET_ORIGIN_HANDED_OVER ((martlet_origin)3) /* another plugin gave it away: hand_over */
#define MARTLET_ORIGIN_ADOPTED ((martlet_origin)4)     /* from a process that died; no host of 1.0 does */

/* What `opened` is told. Valid until `opened` returns. */
typedef struct martlet_opening {
    /* -- since 1.0 -- */
    uint32_t size;
    martlet_origin origin;
    const martlet_address *peer;  /* of a proxied connection: the client, as the PROXY header says */
    const martlet_address *local; /* of a proxied connection: what the client connected to */
    /* By which it was accepted: the name of the [[listen]] table, else the address as the listener's file has it. A
     * connection that was handed over keeps it. */
    martlet_text endpoint;
} martlet_opening;

/* ------------------------------------------------------------------------------------------------- requests -- */

/* Unknown bits are ignored. */
#define MARTLET_REQUEST_FAILED ((uint32_t)1) /* the plugin failed at it */

/* What a plugin tells of one request that it answered.
 *
 * A request counts as failed with the flag MARTLET_REQUEST_FAILED, or with the status 500, 502, 503 or 504. Enough of
 * them end a trial (`abort_on.error_rate`). Do not flag what the peer got wrong, such as a malformed or unsupported
 * request: any peer could end a trial with it. */
typedef struct martlet_request {
    /* -- since 1.0 -- */
    uint32_t size;
    uint32_t flags;      /* MARTLET_REQUEST_… */
    uint32_t status;     /* the protocol's own: 200, an error code */
    uint32_t reserved;   /* 0 */
    uint64_t bytes;      /* of the answer, with its head */
    uint64_t started;    /* monotonic nanoseconds; 0: when the bytes of this callback arrived */
    martlet_text method; /* or opcode */
    martlet_text target; /* path, key; may be empty */
} martlet_request;

/* ---------------------------------------------------------------------------- functions that are passed around -- */

/* Called once the host no longer needs the memory or file: it is sent, or the connection is gone. The instance that
 * lent it lives until then, also when its session has moved to another generation. [loop] */
typedef void (*martlet_release)(void *MARTLET_NULLABLE context);

/* Runs on a worker. [worker] */
typedef void (*martlet_work)(void *MARTLET_NULLABLE context);

/* Runs on the loop of a connection, exactly once. `connection` is NULL when the connection is gone (or none was
 * named); then `session` is NULL too. `env` and `session` are always those of the instance that the function belongs
 * to: a session that has moved to another generation comes back for the call (`save` there, `restore` here) and then
 * returns there. When it cannot, because the versions of its state do not fit in that direction, `connection` is
 * NULL. Output may be written as in any callback. Before the instance has started on that loop, or when it was
 * refused, `state` and `loop_state` of `env` are NULL. [loop] */
typedef void (*martlet_delivery)(const martlet_env *env, void *MARTLET_NULLABLE context,
                                 martlet_connection *MARTLET_NULLABLE connection, void *MARTLET_NULLABLE session);

/* ------------------------------------------------------------------------------------------------ telemetry -- */

/* The level of a line in the log.
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

/* A registered metric of one instance. Below 0: a martlet_result. */
typedef int32_t martlet_metric;

/* ------------------------------------------------------------------------------------------------- the host -- */

/* The functions of the host. One constant table for the life of the process. Every function that version 1.0 has is
 * there. */
struct martlet_host {
    /* -- since 1.0 -- */
    uint32_t size;
    martlet_abi abi;
    martlet_text version; /* of the host, such as "0.1.0" */

    /* -- since 1.0: output of a connection: [loop], inside a callback of that connection; CLOSED in `closed` -- */

    /* At least `length` bytes to write an answer into. They stay valid until the next of these five functions is
     * called for this connection, or until the callback ends, whatever else is called. NULL: the connection is
     * closing, or there is no memory. Nothing is sent before `commit`. */
    uint8_t *MARTLET_NULLABLE (*MARTLET_NONNULL reserve)(martlet_connection *connection, size_t length);

    /* Takes the first `length` bytes of the last `reserve`. More than was reserved, also without a `reserve`, is a
     * fault: the connection is aborted. Returns OK, FULL, CLOSED, ARGUMENT. */
    martlet_result (*commit)(martlet_connection *connection, size_t length);

    /* Copies bytes to the output. `data` may be NULL when `length` is 0. Returns OK, FULL, CLOSED, ARGUMENT, MEMORY. */
    martlet_result (*write)(martlet_connection *connection, const void *MARTLET_NULLABLE data, size_t length);

    /* Sends bytes without copying them. They must not change until `release(context)` is called, which happens
     * exactly once, after this function has returned, whatever it returned. `release` may be NULL for constant memory
     * of the image, which stays mapped until the bytes are sent. Returns OK, FULL, CLOSED, ARGUMENT, MEMORY. */
    martlet_result (*write_shared)(martlet_connection *connection, const void *MARTLET_NULLABLE data, size_t length,
                                   martlet_release MARTLET_NULLABLE release, void *MARTLET_NULLABLE context);

    /* Sends `length` bytes of an open regular file from `offset` (sendfile(2)). The file must stay open until
     * `release(context)`; the host neither closes it nor moves its position. A file that turns out shorter aborts the
     * connection (MARTLET_CLOSED_RESET). When the process dies and another one adopts the connection, the file is the
     * host's: it sends the rest and closes it, and nobody calls `release`. Returns OK, FULL, CLOSED, ARGUMENT,
     * MEMORY. */
    martlet_result (*send_file)(martlet_connection *connection, int32_t file, uint64_t offset, uint64_t length,
                                martlet_release MARTLET_NULLABLE release, void *MARTLET_NULLABLE context);

    /* -- since 1.0: input of a connection: [loop], inside a callback of that connection -- */

    /* Calls the next `received` when `length` bytes are there, or when the input ends, and not before: so a large
     * message is presented once, and not once for each segment. `length` counts from the first byte that is not
     * consumed when the callback ends. Bytes that are there by then count, with one exception: a `received` that
     * consumes nothing and wants no more than it was given is called again when more comes. Holds for the next
     * `received` alone, in whatever generation; 0 takes it back. ARGUMENT: more than limits.max_input, so they can
     * never be there. Returns OK, CLOSED, ARGUMENT. */
    martlet_result (*want)(martlet_connection *connection, size_t length);

    /* Stops presenting input. The kernel's buffer fills and the peer has to wait. Returns OK, CLOSED. */
    martlet_result (*pause)(martlet_connection *connection);

    /* Presents input again; what was left unconsumed first. Returns OK, CLOSED. */
    martlet_result (*resume)(martlet_connection *connection);

    /* 1: the peer owes the rest of a message although all that came of it is consumed, as with a body that is
     * consumed in pieces. limits.request_timeout runs from the first 1 until 0 is said, as it does by itself while
     * input is left unconsumed. Returns OK, CLOSED. */
    martlet_result (*expect_input)(martlet_connection *connection, uint32_t expected);

    /* -- since 1.0: end of a connection: [loop], inside a callback of that connection -- */

    /* Sends what is written, then closes. No `received` follows. Output after it is refused (CLOSED) and counts as a
     * fault. */
    martlet_result (*close)(martlet_connection *connection);

    /* Closes at the end of the callback, with a reset; output that waits is dropped. `why` says who is to blame:
     * MARTLET_OK or above for nobody, MARTLET_ERROR_PEER for the peer, any other error for the plugin, as if
     * `received` had returned it. Also after `close` and `hand_over`. Returns OK, CLOSED. */
    martlet_result (*abort)(martlet_connection *connection, martlet_result why);

    /* Gives the connection to the plugin of another listener, by the listener's name, at the end of the callback.
     * This session gets `closed` with MARTLET_CLOSED_HANDED_OVER, and its timer, `pause` and `want` end with it. Then
     * the other plugin gets `opened`, and the input that this one has not consumed. Output that waits is sent first.
     * From here on the connection counts as one of the other listener, under its limits. Until the callback ends,
     * functions that write or change the connection return CLOSED, except for `abort`. ARGUMENT: no other listener
     * has this name; BUSY: it has no room for one more connection. Returns OK, CLOSED, ARGUMENT, BUSY. */
    martlet_result (*hand_over)(martlet_connection *connection, martlet_text listener);

    /* Reserved for TLS that begins inside of a connection (STARTTLS). Returns UNSUPPORTED. */
    martlet_result (*start_tls)(martlet_connection *connection);

    /* -- since 1.0: about a connection: [loop], inside a callback of that connection -- */

    /* Calls `timer` once after so many milliseconds. Each connection has one timer: a new one replaces it, 0 cancels
     * it. Returns OK, CLOSED. */
    martlet_result (*set_timer)(martlet_connection *connection, uint64_t milliseconds);

    /* Fills in who the peer is. The caller sets `size`; the host fills in what both sides know and sets the rest to
     * 0. May be called in `closed`. Returns OK, ARGUMENT. */
    martlet_result (*peer)(martlet_connection *connection, martlet_address *address);

    /* Fills in the address that the peer connected to, as `peer` does. May be called in `closed`. */
    martlet_result (*local)(martlet_connection *connection, martlet_address *address);

    /* The name of this connection for `post` and `submit`. May be called in `closed`. */
    martlet_connection_id (*id)(martlet_connection *connection);

    /* CLOCK_MONOTONIC in nanoseconds when the current event was taken up: costs no system call. May be called in
     * `closed`. */
    uint64_t (*monotonic_time)(martlet_connection *connection);

    /* Seconds since 1970, as of the current event: costs no system call. May be called in `closed`. */
    int64_t (*wall_clock)(martlet_connection *connection);

    /* Counts one answered request: rates and error rates come from it. May be called in `closed`. Returns OK,
     * ARGUMENT. */
    martlet_result (*request_done)(martlet_connection *connection, const martlet_request *request);

    /* -- since 1.0: work: [any] -- */

    /* Runs `work(context)` on a worker, then `done(…, context, …)` on the loop of `connection` (on any loop when that
     * is 0). Returns OK, BUSY (the queue of the workers is full, or this listener has used up its share of it, or no
     * more completions can wait for that loop), STOPPING, ARGUMENT (no such loop); unless OK nothing will be called.
     * The instance is not destroyed before both have run, nor unmapped when `create` refused. */
    martlet_result (*submit)(martlet_instance *instance, martlet_connection_id connection, martlet_work work,
                             martlet_delivery MARTLET_NULLABLE done, void *MARTLET_NULLABLE context);

    /* Runs `delivery(…, context, …)` on the loop of `connection`. Returns OK, BUSY (no more deliveries can wait for
     * that loop), STOPPING, ARGUMENT (no such loop); unless OK nothing will be called. */
    martlet_result (*post)(martlet_instance *instance, martlet_connection_id connection, martlet_delivery delivery,
                           void *MARTLET_NULLABLE context);

    /* -- since 1.0: telemetry: [any] -- */

    /* 1 when lines of this level are kept, so that others need not be put together. A level above ERROR counts as
     * ERROR. */
    int32_t (*log_enabled)(martlet_instance *instance, martlet_log_level level);

    /* Writes a line to the host's log, with listener, plugin and generation. Never waits: lines above
     * limits.log_rate, and those for which a full log has no room, are counted instead. */
    void (*log)(martlet_instance *instance, martlet_log_level level, martlet_text message);

    /* Registers a metric under the plugin's name, such as "cache_hits_total". The same name gives the same metric,
     * also across generations. Inside `create` only. Returns the metric, or CLOSED (not inside `create`), ARGUMENT (a
     * bad name, a name of the other kind, or too many), UNSUPPORTED (the kind). [control] */
    martlet_metric (*metric_register)(martlet_instance *instance, martlet_metric_kind kind, martlet_text name,
                                      martlet_text help);

    /* Adds to a metric; a counter takes no negative amounts. Returns OK, ARGUMENT. */
    martlet_result (*metric_add)(martlet_instance *instance, martlet_metric metric, int64_t amount);

    /* Sets a gauge. Returns OK, ARGUMENT. */
    martlet_result (*metric_set)(martlet_instance *instance, martlet_metric metric, int64_t value);

    /* -- since 1.0: about an instance -- */

    /* Inside `create`: says why these options will not do. `path` names the option ("routes[1].root"; empty: none in
     * particular). May be called for each problem; then `create` returns an error. Inside an operation, wherever
     * it runs: the call has failed, and why; `path` may name the argument. Elsewhere it does nothing. [control]
     * [loop] [worker] */
    void (*refuse)(martlet_instance *instance, martlet_text path, martlet_text message);

    /* A struct of host functions by its id, which starts with its uint32_t size. NULL: this host has none. Valid for
     * the life of the process. [any] */
    const void *MARTLET_NULLABLE (*MARTLET_NONNULL extension)(martlet_instance *instance, martlet_text id);
};

MARTLET_END

#endif
