/*
 * martlet/abi.h - the version of the plugin ABI, its basic types and results. Include martlet.h.
 */
#ifndef MARTLET_ABI_H
#define MARTLET_ABI_H

#include <stddef.h>
#include <stdint.h>

/* A pointer that is marked MARTLET_NULLABLE may be NULL. Every other pointer in these headers is never NULL;
 * MARTLET_NONNULL repeats this where it could be overlooked. Clang checks both. */
#if defined(__clang__) && !defined(__swift__)
#define MARTLET_NULLABLE _Nullable
#define MARTLET_NONNULL _Nonnull
#define MARTLET_NONNULL_BEGIN                                                                                          \
    _Pragma("clang diagnostic push") _Pragma("clang diagnostic ignored \"-Wnullability-extension\"")                  \
        _Pragma("clang assume_nonnull begin")
#define MARTLET_NONNULL_END _Pragma("clang assume_nonnull end") _Pragma("clang diagnostic pop")
#else
#define MARTLET_NULLABLE
#define MARTLET_NONNULL
#define MARTLET_NONNULL_BEGIN
#define MARTLET_NONNULL_END
#endif

#ifdef __cplusplus
#define MARTLET_BEGIN extern "C" { MARTLET_NONNULL_BEGIN
#define MARTLET_END MARTLET_NONNULL_END }
#else
#define MARTLET_BEGIN MARTLET_NONNULL_BEGIN
#define MARTLET_END MARTLET_NONNULL_END
#endif

/* The version that these headers describe. */
#define MARTLET_ABI_MAJOR 1
#define MARTLET_ABI_MINOR 0

/* A version in one number: the major version in the upper 16 bits, the minor version in the lower 16. */
typedef uint32_t martlet_abi;
#define MARTLET_ABI_VERSION ((martlet_abi)(MARTLET_ABI_MAJOR * 65536 + MARTLET_ABI_MINOR))

/* Whether a struct from the other side is large enough to contain a member that was added after version 1.0:
 *
 *     if (MARTLET_HAS(martlet_host, host, some_new_function)) host->some_new_function(connection);
 */
#define MARTLET_HAS(type, pointer, member)                                                                            \
    ((pointer)->size >= offsetof(type, member) + sizeof(((const type *)0)->member))

MARTLET_BEGIN

/* UTF-8 text without a terminating NUL. {NULL, 0} is the empty text. */
typedef struct martlet_text {
    const char *MARTLET_NULLABLE data;
    size_t length; /* bytes */
} martlet_text;

/* The host's state for one peer socket. Valid from the start of `opened` to the end of `closed`, on [loop] only. */
typedef struct martlet_connection martlet_connection;

/* The host's side of one instance. Valid from the start of `create` to the end of `destroy`, on [any]. */
typedef struct martlet_instance martlet_instance;

/* Identifies a connection. An id is never reused for another peer. 0 means no connection. The bits have no meaning for
 * a plugin. */
typedef uint64_t martlet_connection_id;

/* The result of a function: 0 or above is success, below 0 is failure. A host function that fails has changed nothing.
 *
 * Unknown values: check only the sign. */
typedef int32_t martlet_result;
#define MARTLET_OK ((martlet_result)0)
/* The output was accepted, and the queued output of this connection has now reached its high-water mark. Stop
 * producing: return from `received` with the bytes consumed so far. Once there is room again, the host calls `writable`
 * and presents the rest again. */
#define MARTLET_FULL ((martlet_result)1)
#define MARTLET_ERROR_CLOSED ((martlet_result)-1)      /* the connection is closing and accepts no more output */
#define MARTLET_ERROR_ARGUMENT ((martlet_result)-2)    /* an argument is out of range */
#define MARTLET_ERROR_MEMORY ((martlet_result)-3)      /* out of memory, or the connection's limit is exceeded */
#define MARTLET_ERROR_BUSY ((martlet_result)-4)        /* a bounded queue is full: retry later, or answer "busy" */
#define MARTLET_ERROR_STOPPING ((martlet_result)-5)    /* the host is stopping and accepts nothing new */
#define MARTLET_ERROR_UNSUPPORTED ((martlet_result)-6) /* this host cannot do it */
#define MARTLET_ERROR_PEER ((martlet_result)-7)        /* the peer misbehaved; the plugin did not fail */

/* Why a connection ended: the argument of `closed`.
 *
 * Unknown values: the connection ended for a reason that a later version adds. */
typedef uint32_t martlet_close_reason;
#define MARTLET_CLOSED_BY_PLUGIN ((martlet_close_reason)1)        /* close, or abort with MARTLET_OK */
#define MARTLET_CLOSED_BY_PEER ((martlet_close_reason)2)          /* the peer closed normally */
#define MARTLET_CLOSED_RESET ((martlet_close_reason)3)            /* ECONNRESET, EPIPE and other socket errors */
#define MARTLET_CLOSED_IDLE_TIMEOUT ((martlet_close_reason)4)     /* limits.idle_timeout */
#define MARTLET_CLOSED_WRITE_TIMEOUT ((martlet_close_reason)5)    /* limits.write_timeout */
#define MARTLET_CLOSED_INPUT_LIMIT ((martlet_close_reason)6)      /* limits.max_input */
#define MARTLET_CLOSED_FAULT ((martlet_close_reason)7)            /* the plugin broke a rule of these headers */
#define MARTLET_CLOSED_SHUTDOWN ((martlet_close_reason)8)         /* the host closed it in a drain, or at its end */
#define MARTLET_CLOSED_NO_MEMORY ((martlet_close_reason)9)        /* no memory for a buffer */
#define MARTLET_CLOSED_HANDSHAKE ((martlet_close_reason)10)       /* before `opened`: no plugin sees it */
#define MARTLET_CLOSED_FIRST_BYTE ((martlet_close_reason)11)      /* limits.first_byte_timeout */
#define MARTLET_CLOSED_REQUEST_TIMEOUT ((martlet_close_reason)12) /* limits.request_timeout */
#define MARTLET_CLOSED_LIFETIME ((martlet_close_reason)13)        /* limits.lifetime */
#define MARTLET_CLOSED_REQUEST_RATE ((martlet_close_reason)14)    /* limits.request_rate, with on_limit = "refuse" */
#define MARTLET_CLOSED_PEER_ERROR ((martlet_close_reason)15)      /* the plugin reported MARTLET_ERROR_PEER */
#define MARTLET_CLOSED_FAILED ((martlet_close_reason)16)          /* the plugin reported another error: it failed */
#define MARTLET_CLOSED_HANDED_OVER ((martlet_close_reason)17)     /* hand_over: the peer stays connected */
#define MARTLET_CLOSED_BACKLOG ((martlet_close_reason)18)         /* a member of a group with MARTLET_BACKLOG_CLOSE */

MARTLET_END

#endif
