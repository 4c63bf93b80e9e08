/*
 * martlet_simulation.h - a Martlet for tests of plugins, version 1.0
 *
 * The simulation is the server's own engine with a clock that stands still until the test moves it, and with peers
 * that the test plays. There are no sockets, no threads and no waiting: what a call causes has happened when it
 * returns, and the same calls always have the same effect. It also watches the plugin more closely than a server can,
 * and reports every rule of martlet.h that the plugin breaks.
 *
 * The library `libmartlet_simulation.so` exports one symbol, `martlet_simulation_entry`. Link it, or open it with
 * dlopen(3). A test in C:
 *
 *     const martlet_simulation *simulation = martlet_simulation_entry(MARTLET_SIMULATION_VERSION);
 *     martlet_simulation_settings settings = {.size = sizeof settings, .listener = text("[options]\nmax_line = 64")};
 *     martlet_simulation_error error = {.size = sizeof error};
 *     martlet_simulated_host *host =
 *         simulation->create(martlet_plugin_entry(MARTLET_ABI_VERSION), &settings, &error);
 *     martlet_simulated_peer *peer = simulation->connect(host, NULL);
 *     simulation->send(peer, "hello\n", 6, 1);                  // byte by byte
 *     martlet_bytes answer = simulation->take_output(peer);     // "1 5\n"
 *     simulation->shut_down(host);
 *     assert(simulation->problem_count(host) == 0);             // the plugin kept all rules
 *     simulation->release(host);
 *
 * Growth. As in martlet.h: structs start with their size and grow at their end. The caller sets `size` in each struct
 * that it passes. A member that is beyond that size, or 0, has the value that its comment names.
 *
 * Threads. Hosts that are related (`next_generation`, `beside`) must be used by one thread at a time. Other hosts may
 * be used by other threads at the same time. No function may be called from inside a call into the plugin.
 *
 * Texts. A text, and any other memory that a function returns, is valid until the same thread calls another function
 * of the table. It has no terminating NUL.
 *
 * Errors. No mistake of the plugin or of the test ends the process, as long as the plugin itself does not crash. A
 * function that can fail fills in a martlet_simulation_error. A handle that was released, or that belongs to no host,
 * is undefined behaviour, as everywhere in C.
 */
#ifndef MARTLET_SIMULATION_H
#define MARTLET_SIMULATION_H

#include "martlet.h"

MARTLET_BEGIN

/* The version that this header describes: the major version in the upper 16 bits, the minor version in the lower 16. */
#define MARTLET_SIMULATION_VERSION ((uint32_t)0x10000)

/* One instance of a plugin on one listener, with its event loops. */
typedef struct martlet_simulated_host martlet_simulated_host;

/* One connection, seen from the peer's end. Valid, even after the connection has ended, until the last of the related
 * hosts is released. */
typedef struct martlet_simulated_peer martlet_simulated_peer;

/* ---------------------------------------------------------------------------------------------------- errors -- */

/* What kind of error it is.
 *
 * Unknown values: only the message says what happened. */
typedef uint32_t martlet_simulation_failure;
#define MARTLET_SIMULATION_ARGUMENT ((martlet_simulation_failure)1)   /* the test passed something impossible */
#define MARTLET_SIMULATION_DESCRIPTOR ((martlet_simulation_failure)2) /* a server would refuse the descriptor */
#define MARTLET_SIMULATION_OPTIONS ((martlet_simulation_failure)3)    /* the listener's file is wrong */
#define MARTLET_SIMULATION_CREATE ((martlet_simulation_failure)4)     /* `create` refused */
#define MARTLET_SIMULATION_LOOP_START ((martlet_simulation_failure)5) /* `loop_start` refused */
#define MARTLET_SIMULATION_OPERATION ((martlet_simulation_failure)6)  /* an operation was not called, or has failed */

/* One thing that is wrong. The struct cannot grow, because errors have arrays of it. */
typedef struct martlet_simulation_fault {
    martlet_text path;    /* "options.routes[1].root"; from `refuse` as the plugin wrote it; may be empty */
    martlet_text message; /* what was expected and what was found */
    uint32_t line;        /* in the listener's file, from 1; 0: unknown */
    uint32_t column;
} martlet_simulation_fault;

/* Why a function failed. */
typedef struct martlet_simulation_error {
    /* -- since 1.0 -- */
    uint32_t size;                      /* set by the caller */
    martlet_simulation_failure failure; /* 0: no error */
    martlet_result result;              /* what `create` or `loop_start` returned */
    uint32_t loop;                      /* on which loop `loop_start` refused */
    martlet_text message;               /* as the server prints it: one line for each fault */
    const martlet_simulation_fault *MARTLET_NULLABLE faults;
    size_t fault_count;
} martlet_simulation_error;

/* -------------------------------------------------------------------------------------------------- settings -- */

/* How a host is made. All members may be 0. */
typedef struct martlet_simulation_settings {
    /* -- since 1.0 -- */
    uint32_t size;
    uint32_t loops; /* event loops, up to 64; 0: 1 */

    /* The listener's file, such as plugins.d/x.toml: the tables `options`, `limits` and `access`, `dispatch`, and
     * `users`, whose database is empty.
     * `plugin` and `listen` may be left out. It is checked as the server checks it, and errors have the same words,
     * line and column. All time-outs and log_rate are off unless the file sets them, and workers_share is 100; other
     * defaults are those of the server. */
    martlet_text listener;
    /* The path of that file, for messages. Relative paths in it are relative to its folder. Empty: "simulated.toml"
     * in the working directory. */
    martlet_text file;
    martlet_text name; /* of the listener; empty: "simulated" */

    /* Replace the limits of the file, and may be smaller than a file allows. 0: as in the file. */
    uint64_t output_high_water; /* bytes */
    uint64_t output_low_water;  /* bytes; used only together with output_high_water */
    uint64_t maximum_input;     /* bytes */
    /* Work that may wait for a worker before `submit` returns BUSY. 0: 1024. Ignored with `beside`. */
    uint64_t work_queue;

    /* Another listener's host: this one shares its event loops, clock and workers, so that connections can be handed
     * over between the two. `loops` is then ignored. */
    martlet_simulated_host *MARTLET_NULLABLE beside;

    /* Called before each call into the plugin, with its name: "received", "a release function". Must not call the
     * simulation. */
    void (*MARTLET_NULLABLE on_call)(void *MARTLET_NULLABLE context, martlet_text call);
    void *MARTLET_NULLABLE context;
} martlet_simulation_settings;

/* How a peer connects. All members may be 0. */
typedef struct martlet_simulation_arrival {
    /* -- since 1.0 -- */
    uint32_t size;
    uint32_t loop;          /* the event loop that accepts it, from 0 */
    uint32_t does_not_read; /* 1: output waits until `read` or `set_reads_at_once` */
    uint32_t reserved;      /* 0 */
    const martlet_address *MARTLET_NULLABLE peer;  /* NULL: 127.0.0.1, port 10000 + the number of the connection */
    const martlet_address *MARTLET_NULLABLE local; /* NULL: 127.0.0.1, port 9999 */
    martlet_text endpoint;                         /* empty: "127.0.0.1:9999" */
} martlet_simulation_arrival;

/* --------------------------------------------------------------------------------------------- what one sees -- */

/* How a connection ended.
 *
 * Unknown values: it has ended. */
typedef uint32_t martlet_simulated_end;
#define MARTLET_SIMULATED_OPEN ((martlet_simulated_end)0)
#define MARTLET_SIMULATED_REFUSED ((martlet_simulated_end)1)     /* by `opened`, or by a limit of the host */
#define MARTLET_SIMULATED_CLOSED ((martlet_simulated_end)2)      /* normally: the peer can read all output */
#define MARTLET_SIMULATED_RESET ((martlet_simulated_end)3)       /* output that the peer had not read is lost */
#define MARTLET_SIMULATED_HANDED_OVER ((martlet_simulated_end)4) /* to a listener that is not simulated */

/* What became of a session that was to move to another generation.
 *
 * Unknown values: treat as STAYS. */
typedef uint32_t martlet_simulated_move;
#define MARTLET_SIMULATED_MOVED ((martlet_simulated_move)1)
#define MARTLET_SIMULATED_LATER ((martlet_simulated_move)2) /* it is busy: it moves after a later callback */
#define MARTLET_SIMULATED_STAYS ((martlet_simulated_move)3) /* with its generation, until it closes */

/* The state of a connection. */
typedef struct martlet_simulated_state {
    /* -- since 1.0 -- */
    uint32_t size;                /* set by the caller */
    martlet_simulated_end end;
    uint32_t is_open;             /* 1: the session exists */
    martlet_close_reason reason;  /* what `closed` got; 0: it was not called */
    martlet_connection_id id;     /* as the host function `id` tells it */
    uint64_t number;              /* from 1, in the order of `connect` on the host and its relatives */
    uint64_t waiting_output;      /* bytes that the plugin wrote and the peer has not read */
    uint64_t unconsumed_input;    /* bytes that were sent and the plugin has not consumed, presented or not */
    uint64_t wanted_input;        /* of the last `want`, while the host waits for it */
    uint64_t presentations;       /* calls of `received` */
    uint64_t timer;               /* nanoseconds until `timer` is called; UINT64_MAX: none is set */
    uint32_t is_paused;           /* 1: the plugin called `pause` */
    uint32_t expects_input;       /* 1: the plugin called `expect_input` with 1 */
    uint32_t loop;
    uint32_t reserved;            /* 0 */
    /* The generation that has the session, or had it last. NULL: it was released. */
    martlet_simulated_host *MARTLET_NULLABLE host;
    martlet_text handed_over_to;  /* the listener to which it was handed over last; empty: it was not */
} martlet_simulated_state;

/* A line that the plugin logged. */
typedef struct martlet_simulated_log {
    /* -- since 1.0 -- */
    uint32_t size; /* set by the caller */
    martlet_log_level level;
    martlet_text message;
} martlet_simulated_log;

/* A request that the plugin reported with `request_done`. */
typedef struct martlet_simulated_request {
    /* -- since 1.0 -- */
    uint32_t size;       /* set by the caller */
    uint32_t is_failed;  /* 1: it has the flag, or the status 500, 502, 503 or 504 */
    uint64_t connection; /* martlet_simulated_state.number */
    const martlet_request *request;
} martlet_simulated_request;

/* ---------------------------------------------------------------------------------------------- the functions -- */

/* The simulation: one constant table for the life of the process. */
typedef struct martlet_simulation {
    /* -- since 1.0 -- */
    uint32_t size;
    uint32_t version;
    martlet_text server; /* the version of the server whose engine it is, such as "0.1.0" */

    /* -- since 1.0: hosts -- */

    /* Makes an instance of a plugin: checks the descriptor and the listener's file, calls `create`, then `loop_start`
     * on each loop. The clock starts at 1,000,000,000,000 ns, which is 1,700,000,000 s since 1970. NULL: `error` says
     * why. */
    martlet_simulated_host *MARTLET_NULLABLE (*MARTLET_NONNULL create)(
        const martlet_plugin *plugin, const martlet_simulation_settings *MARTLET_NULLABLE settings,
        martlet_simulation_error *MARTLET_NULLABLE error);

    /* Makes the next instance on the same listener, as a reload does, with the loops, clock, workers, metrics, log
     * level, limits and `on_call` of `previous`. Sessions stay where they are until `swap` or `migrate`; connections
     * are made on the host that is passed to `connect`.
     *
     * plugin: the same version, or another one.
     * listener: the listener's file, as in the settings; the limits of the settings apply again. */
    martlet_simulated_host *MARTLET_NULLABLE (*MARTLET_NONNULL next_generation)(
        martlet_simulated_host *previous, const martlet_plugin *plugin, martlet_text listener,
        martlet_simulation_error *MARTLET_NULLABLE error);

    /* Ends the connections of the host with MARTLET_CLOSED_SHUTDOWN, runs the work that is left, then calls
     * `loop_stop` and `destroy`. If another generation still sends output that this one has lent, they are called
     * when it is returned. A second call does nothing. */
    void (*shut_down)(martlet_simulated_host *host);

    /* Shuts the host down and frees it. The memory of its peers is freed with the last of its relatives. */
    void (*release)(martlet_simulated_host *host);

    /* The number of the instance on its listener, from 1. */
    uint32_t (*generation)(martlet_simulated_host *host);

    /* -- since 1.0: what happens by itself on a server -- */

    /* Moves the clock on. Timers and time-outs come due in their order, each at its own time. */
    void (*advance)(martlet_simulated_host *host, uint64_t nanoseconds);

    /* Nanoseconds since the first of the related hosts was made. */
    uint64_t (*elapsed)(martlet_simulated_host *host);

    /* Work and deliveries that wait for `run_work`. */
    size_t (*waiting_work)(martlet_simulated_host *host);

    /* Runs what the plugin has submitted and posted, in order, together with what is added meanwhile, at most `limit`
     * items. Returns how many it ran. With `dispatch = "workers"` callbacks do not wait for this call: every function
     * runs them to their end before it returns. */
    size_t (*run_work)(martlet_simulated_host *host, size_t limit);

    /* Asks every session of the host to finish: `draining`. */
    void (*drain)(martlet_simulated_host *host);

    /* Moves every session of `from` to another generation of its listener, as a reload with `on_reload = "migrate"`
     * does. Sets *moves, if `moves` is not NULL, to what became of each session, in the order of their numbers. Returns
     * how many sessions there were. All stay if the hosts are not generations of one listener. */
    size_t (*swap)(martlet_simulated_host *from, martlet_simulated_host *to,
                   const martlet_simulated_move *MARTLET_NULLABLE *MARTLET_NULLABLE moves);

    /* Calls an operation, as `martlet call` does, with arguments as a person would write them. Sets *results to the
     * texts of its results, as `martlet call` prints them: one, or one for each loop. Returns how many; below 0: see
     * `error`. */
    int64_t (*call)(martlet_simulated_host *host, martlet_text operation,
                    const martlet_text *MARTLET_NULLABLE arguments, size_t argument_count,
                    const martlet_text *MARTLET_NULLABLE *MARTLET_NONNULL results,
                    martlet_simulation_error *MARTLET_NULLABLE error);

    /* -- since 1.0: what the plugin told the host -- */

    /* Rules of martlet.h that the plugin has broken, such as "connection 1: consumed 2 of 1 bytes". After `shut_down`
     * also what it did not return: "1 release functions were not called". */
    size_t (*problem_count)(martlet_simulated_host *host);
    martlet_text (*problem)(martlet_simulated_host *host, size_t index); /* empty: there is none with this index */

    /* The lowest level of the lines that are kept; initially TRACE. */
    void (*set_log_level)(martlet_simulated_host *host, martlet_log_level level);
    size_t (*log_count)(martlet_simulated_host *host);
    /* Returns OK, or ARGUMENT: there is none with this index. */
    martlet_result (*log)(martlet_simulated_host *host, size_t index, martlet_simulated_log *line);

    size_t (*request_count)(martlet_simulated_host *host);
    /* Returns OK, or ARGUMENT: there is none with this index. */
    martlet_result (*request)(martlet_simulated_host *host, size_t index, martlet_simulated_request *request);

    /* The metrics of all generations, under the names that /metrics shows, such as "hits_total". A series has its
     * labels in its name: hits_total{route="/a"}. A histogram consists of took_seconds_bucket{le="0.5"} for each bound,
     * took_seconds_sum, which is in the unit of `observe`, and took_seconds_count. Returns OK, or ARGUMENT: there is
     * none with this name or index. */
    martlet_result (*metric)(martlet_simulated_host *host, martlet_text name, int64_t *value);
    size_t (*metric_count)(martlet_simulated_host *host);
    martlet_result (*metric_at)(martlet_simulated_host *host, size_t index, martlet_text *name, int64_t *value);

    /* -- since 1.0: peers -- */

    /* A peer connects: `opened`. NULL: there is no such loop, or the host was shut down. */
    martlet_simulated_peer *MARTLET_NULLABLE (*MARTLET_NONNULL connect)(
        martlet_simulated_host *host, const martlet_simulation_arrival *MARTLET_NULLABLE arrival);

    /* The peer sends bytes, in pieces of `piece` bytes; 0: in one piece. Before the next piece arrives, the host has
     * done all that the last one caused. Does nothing after the end of the connection, or after finish_sending. */
    void (*send)(martlet_simulated_peer *peer, const void *MARTLET_NULLABLE data, size_t length, size_t piece);

    /* The peer sends no more, but still reads: `peer_closed`, once all input has been presented. */
    void (*finish_sending)(martlet_simulated_peer *peer);

    /* The peer closes its socket: it sends and reads no more. Output that waits for it, and output that is written
     * from now on, resets the connection. */
    void (*hang_up)(martlet_simulated_peer *peer);

    /* The connection breaks, as with ECONNRESET. */
    void (*reset)(martlet_simulated_peer *peer);

    /* The peer reads up to `limit` bytes of the output that waits. */
    void (*read)(martlet_simulated_peer *peer, uint64_t limit);

    /* 1: the peer reads whatever is written at once. 0: output waits until `read`. */
    void (*set_reads_at_once)(martlet_simulated_peer *peer, uint32_t reads);

    /* At most so many more bytes are read, by `read` or at once; what is beyond waits for ever. */
    void (*set_read_budget)(martlet_simulated_peer *peer, uint64_t bytes);

    /* What the peer has read and the test has not taken yet. `take_output` takes it. */
    martlet_bytes (*output)(martlet_simulated_peer *peer);
    martlet_bytes (*take_output)(martlet_simulated_peer *peer);

    /* The host ends the connection, for example with MARTLET_CLOSED_IDLE_TIMEOUT: without a reset if a server would
     * end it for that reason without one. */
    void (*cut)(martlet_simulated_peer *peer, martlet_close_reason reason);

    /* Moves one session, as `swap` does. */
    martlet_simulated_move (*migrate)(martlet_simulated_peer *peer, martlet_simulated_host *to);

    /* Returns OK, or ARGUMENT: `size` is not set. */
    martlet_result (*state)(martlet_simulated_peer *peer, martlet_simulated_state *state);

    /* -- since 1.0: users -- */

    /* Adds a user to the database that the key `users` of the listener's file names; the same name again replaces it.
     * Returns OK, or ARGUMENT: the file has no such key, or the user makes no sense. */
    martlet_result (*set_user)(martlet_simulated_host *host, const martlet_user *user, martlet_text password);
} martlet_simulation;

/* The one symbol of the library. `version` is MARTLET_SIMULATION_VERSION of the caller. NULL: the major versions
 * differ. */
typedef const martlet_simulation *MARTLET_NULLABLE (*martlet_simulation_get)(uint32_t version);
#define MARTLET_SIMULATION_SYMBOL "martlet_simulation_entry"
#ifndef __swift__
__attribute__((visibility("default")))
const martlet_simulation *MARTLET_NULLABLE martlet_simulation_entry(uint32_t version);
#endif

MARTLET_END

#endif
