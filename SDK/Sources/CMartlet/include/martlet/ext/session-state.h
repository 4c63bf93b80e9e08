/*
 * martlet/ext/session-state.h - plugin extension "martlet.session-state/1". Include martlet.h.
 */
#ifndef MARTLET_EXT_SESSION_STATE_H
#define MARTLET_EXT_SESSION_STATE_H

#include "../plugin.h"

MARTLET_BEGIN

#define MARTLET_SESSION_STATE "martlet.session-state/1"

/* Flags of the state. Unknown bits are ignored. */

/* The host keeps a checkpoint of each session: what `save` writes after `opened` and `restore`, and after each callback
 * in which the plugin has asked for it ("martlet.checkpoints/1"), before the output of that callback is sent. If the
 * process dies, its successor restores the session from its last checkpoint. A session for which `save` returns an
 * error has none. */
#define MARTLET_SESSION_CHECKPOINT ((uint32_t)1)

/* The host keeps a checkpoint after every callback. */
#define MARTLET_SESSION_CHECKPOINT_ALWAYS ((uint32_t)2)

/* Moves sessions to another generation of the plugin while their peers stay connected. Unconsumed input, queued
 * output, the timer and the limits stay with the host; `save` writes only what the plugin itself knows about the
 * connection. This works in both directions: an older generation restores what a newer one saved, if schema and
 * version fit. The other generation may be in another process, so what is saved must have no pointers and no
 * descriptors. For the connection the three functions may call only `peer`, `local`, `id` and the clocks. */
typedef struct martlet_session_state {
    /* -- since 1.0 -- */
    uint32_t size;
    uint32_t version;    /* of what `save` writes */
    uint32_t oldest;     /* the versions that `restore` accepts: oldest … newest */
    uint32_t newest;
    martlet_text schema; /* the name of the format, such as "echo.session"; must be the same on both sides */

    /* Writes the state of a session into `buffer` and sets *length, which is 0 before the call, to its size in bytes.
     * If `capacity` is too small, it returns OK with the size that it needs, more than `capacity`, in *length: the host
     * ignores what was written and calls again with a buffer of at least that size. A session with more than 1 MiB of
     * state cannot move. MARTLET_ERROR_BUSY: the session cannot move now, because work is pending or a response is
     * incomplete; the host calls again after the next callback. Any other error: this session cannot move. Must not
     * change the session: it continues here if the other generation does not accept it. [loop] */
    martlet_result (*save)(const martlet_env *env, void *MARTLET_NULLABLE session, martlet_connection *connection,
                           uint8_t *buffer, size_t capacity, size_t *length);

    /* Creates a session, as `opened` does, from what `save` of another generation wrote. Sets *session, which is NULL
     * before the call; with `session_size` the host has already set it, and the plugin cannot change it. After any
     * result but OK the session stays where it was. Must not write or close. [loop] */
    martlet_result (*restore)(const martlet_env *env, martlet_connection *connection, uint32_t version,
                              const uint8_t *data, size_t length, void *MARTLET_NULLABLE *MARTLET_NONNULL session);

    /* The session continues in another generation: release it as in `closed`, although the connection stays open. The
     * session may come back through `restore` for a delivery of this instance. Output that it has lent stays lent.
     * Required, unless `session_size` is set. [loop] */
    void (*MARTLET_NULLABLE moved)(const martlet_env *env, void *MARTLET_NULLABLE session,
                                   martlet_connection *connection);

    uint32_t flags;    /* MARTLET_SESSION_CHECKPOINT… */
    uint32_t reserved; /* 0 */
} martlet_session_state;

MARTLET_END

#endif
