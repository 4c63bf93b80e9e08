/*
 * martlet/ext/operations.h - plugin extension "martlet.operations/1". Include martlet.h.
 */
#ifndef MARTLET_EXT_OPERATIONS_H
#define MARTLET_EXT_OPERATIONS_H

#include "../plugin.h"

MARTLET_BEGIN

#define MARTLET_OPERATIONS "martlet.operations/1"

/* Bytes as an argument or result. The struct cannot grow, because it is passed by value. */
typedef struct martlet_bytes {
    const uint8_t *MARTLET_NULLABLE data; /* may be NULL when `length` is 0 */
    size_t length;
} martlet_bytes;

/* Where an operation runs.
 *
 * Unknown values: the plugin is refused. */
typedef uint32_t martlet_place;
#define MARTLET_ON_CONTROL ((martlet_place)1) /* once; reloads wait for it. [control] */
#define MARTLET_ON_LOOPS ((martlet_place)2)   /* on each event loop, one after the other, with its loop state. [loop] */
#define MARTLET_ON_WORKER ((martlet_place)3)  /* once; may block. [worker] */

/* One function that an operator calls by hand: `martlet call LISTENER NAME ARGUMENT...`.
 *
 * A signature is `result(argument, ...)` with at most 8 arguments, such as "i64(cstr,u32)". Each argument may have a
 * name for the help: "void(cstr route, cstr text)". The first parameter of the C function is the `env`; the arguments
 * follow. So "i64(cstr,u32)" is
 *     int64_t function(const martlet_env *env, const char *, uint32_t);
 *
 *     in a signature    in C
 *     void              void, as a result only
 *     bool              bool of <stdbool.h>
 *     i32 u32 i64 u64   int32_t, uint32_t, int64_t, uint64_t
 *     f64               double
 *     cstr              const char *: UTF-8, terminated, never NULL as an argument
 *     bytes             martlet_bytes, by value
 *
 * Arguments are valid until the function returns. An operation that fails calls the host's `refuse`; the host then
 * ignores its result, but still releases it. Operations of one instance never overlap each other; callbacks and work
 * continue at the same time. */
typedef struct martlet_operation {
    /* -- since 1.0 -- */
    uint32_t size; /* of this struct; also the stride of an array of them */
    martlet_place place;
    martlet_text name; /* letters, digits, '-', '_' */
    martlet_text signature;
    martlet_text help; /* one line */

    /* The C function that `signature` describes, cast to this type. [control] [loop] [worker] */
    void (*function)(void);
} martlet_operation;

/* The operations of a plugin. */
typedef struct martlet_operations {
    /* -- since 1.0 -- */
    uint32_t size;
    uint32_t reserved; /* 0 */
    const martlet_operation *MARTLET_NULLABLE operations;
    size_t operation_count;

    /* Frees the memory of a `cstr` or `bytes` result after the host has copied it. Runs on the thread of the operation.
     * Not called for NULL. Optional: without it results belong to the plugin, which keeps them until its next
     * operation. [control] [loop] [worker] */
    void (*MARTLET_NULLABLE release)(const martlet_env *env, const void *data);
} martlet_operations;

MARTLET_END

#endif
