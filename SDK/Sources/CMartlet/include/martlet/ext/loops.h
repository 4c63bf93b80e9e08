/*
 * martlet/ext/loops.h - host extension "martlet.loops/1". Include martlet.h.
 */
#ifndef MARTLET_EXT_LOOPS_H
#define MARTLET_EXT_LOOPS_H

#include "../host.h"

MARTLET_BEGIN

#define MARTLET_LOOPS "martlet.loops/1"

/* Identifies a timer of an instance. Never reused in the life of the instance. 0 means no timer. */
typedef uint64_t martlet_timer;

/* The most timers that an instance can have at a time. */
#define MARTLET_TIMER_LIMIT 1024

/* A timer of an instance has expired. `env` is that of the loop on which the timer was started; on a worker its `loop`
 * is MARTLET_NO_LOOP and its `loop_state` is NULL. Calls of one timer never overlap. None comes before `loop_start` of
 * its loop, or while the state of the instance moves: it comes later. [loop] [worker] */
typedef void (*martlet_tick)(const martlet_env *env, void *MARTLET_NULLABLE context);

/* What an instance can do on its event loops without being called for a connection. */
typedef struct martlet_loops {
    /* -- since 1.0 -- */
    uint32_t size;
    uint32_t reserved; /* 0 */

    /* Returns another connection of this instance on the loop of `env`, so that the running callback, delivery or tick
     * can write to it. Valid until that call returns, and only for `write`, `write_shared`, `send_file`, `close`,
     * `abort` and what `closed` may call. The output is sent at the end of the loop's turn, under the limits of that
     * connection. NULL: the connection is closed or closing, belongs to another loop, listener or generation, or the
     * callbacks of this instance run on workers. [loop] */
    martlet_connection *MARTLET_NULLABLE (*MARTLET_NONNULL connection)(const martlet_env *env,
                                                                      martlet_connection_id id);

    /* Runs `delivery(…, context, NULL, NULL)` on a loop, from 0. Returns OK, BUSY (that loop has no room for another
     * delivery), STOPPING, ARGUMENT (no such loop). Unless it returns OK, `delivery` is not called. [any] */
    martlet_result (*post)(martlet_instance *instance, uint32_t loop, martlet_delivery delivery,
                           void *MARTLET_NULLABLE context);

    /* Calls `tick(env, context)` on a loop (on a worker for MARTLET_NO_LOOP) after `delay` milliseconds, and if
     * `period` is not 0, every `period` milliseconds after that. Periods that pass while a tick is late are left out.
     * The timer ends after its only tick, with `cancel_timer`, or with the instance, before `loop_stop`. Then the host
     * calls `release(context)` once, on a loop; no tick follows. `release` may be NULL. Sets *timer. Returns OK, BUSY
     * (MARTLET_TIMER_LIMIT), STOPPING, ARGUMENT (no such loop). Unless it returns OK, `release` is not called. [any] */
    martlet_result (*start_timer)(martlet_instance *instance, uint32_t loop, uint64_t delay, uint64_t period,
                                  martlet_tick tick, martlet_release MARTLET_NULLABLE release,
                                  void *MARTLET_NULLABLE context, martlet_timer *timer);

    /* Ends a timer. A tick that has begun finishes. Returns OK, ARGUMENT (the timer has ended, or never was). [any] */
    martlet_result (*cancel_timer)(martlet_instance *instance, martlet_timer timer);
} martlet_loops;

MARTLET_END

#endif
