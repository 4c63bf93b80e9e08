/*
 * martlet/ext/session-state.h - plugin extension "martlet.session-state/1". Include martlet.h.
 */
#ifndef MARTLET_EXT_SESSION_STATE_H
#define MARTLET_EXT_SESSION_STATE_H

#include "../plugin.h"

MARTLET_BEGIN

#define MARTLET_SESSION_STATE "martlet.session-state/1"

/* Sessions that move to another generation of the plugin while their peers stay connected. Unconsumed input, output
 * that waits, the timer and the limits stay with the host; only what the plugin itself knows of the connection is
 * saved. It works in both directions: an older generation restores what a newer one saved, as long as schema and
 * version fit. The three functions may ask about the connection (`peer`, `local`, `id` and the clocks) and call
 * nothing else for it. */
typedef struct martlet_session_state {
    /* -- since 1.0 -- */
    uint32_t size;
    uint32_t version;    /* of what `save` writes */
    uint32_t oldest;     /* the versions that `restore` takes: oldest … newest */
    uint32_t newest;
    martlet_text schema; /* the name of the format, such as "echo.session"; both sides must agree */

    /* Writes the state of a session into `buffer` and sets *length, which is 0 before, to its bytes. OK with more
     * than `capacity` says that it needs so many and has written nothing that counts: it is asked again with as much.
     * MARTLET_ERROR_BUSY: not now (work is out, a response is half made): asked again after the next callback. Any
     * other error: this session cannot move. Leaves the session as it was: it continues here when the other side does
     * not take it. [loop] */
    martlet_result (*save)(const martlet_env *env, void *MARTLET_NULLABLE session, martlet_connection *connection,
                           uint8_t *buffer, size_t capacity, size_t *length);

    /* Makes a session from what `save` of another generation wrote, as `opened` would, and sets *session, which is
     * NULL before; with `session_size` it is set already, and stays. Other than OK: the session stays where it was.
     * Writes nothing and closes nothing. [loop] */
    martlet_result (*restore)(const martlet_env *env, martlet_connection *connection, uint32_t version,
                              const uint8_t *data, size_t length, void *MARTLET_NULLABLE *MARTLET_NONNULL session);

    /* The session continues in another generation: release it as in `closed`, but the connection lives. It may come
     * back for a delivery of this instance, through `restore`. Output that it has lent stays lent. Required, unless
     * `session_size` is set. [loop] */
    void (*MARTLET_NULLABLE moved)(const martlet_env *env, void *MARTLET_NULLABLE session,
                                   martlet_connection *connection);
} martlet_session_state;

MARTLET_END

#endif
