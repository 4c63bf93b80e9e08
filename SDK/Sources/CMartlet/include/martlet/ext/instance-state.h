/*
 * martlet/ext/instance-state.h - plugin extension "martlet.instance-state/1". Include martlet.h.
 */
#ifndef MARTLET_EXT_INSTANCE_STATE_H
#define MARTLET_EXT_INSTANCE_STATE_H

#include "../plugin.h"

MARTLET_BEGIN

#define MARTLET_INSTANCE_STATE "martlet.instance-state/1"

/* Flags of the state. Unknown bits are ignored. */

/* The instance can go on serving its sessions after its state has moved, with what it has kept. The state of its
 * successor no longer changes with it. Only such a plugin can leave sessions behind: on_reload = "pin" or "drain", and
 * a rollout to a share of the connections. */
#define MARTLET_STATE_STAYS_USABLE ((uint32_t)1)

/* Takes a piece of the state: `length` bytes, 1 to MARTLET_STATE_PIECE_LIMIT, which may change when it has returned.
 * Returns OK. Any other result: the state does not move; `save` must return it. [control] */
typedef martlet_result (*martlet_state_put)(void *context, const void *data, size_t length);

/* The largest piece, in bytes. */
#define MARTLET_STATE_PIECE_LIMIT ((size_t)1 << 20)

/* Moves what all sessions of an instance share to the next generation of the plugin. It works in both directions: an
 * older generation restores what a newer one saved, if schema and version fit. The other instance may be in another
 * process, so what is saved must have no pointers and no descriptors.
 *
 * At a swap the callbacks of this listener stand still: sessions are parked between two callbacks, work and deliveries
 * have ended, no tick and no operation runs. Then the host calls `save` of the old instance and, for each piece,
 * `restore` of the new one, which has been created and started. Then the sessions move, and go on. A plugin that moves
 * its state should therefore also have "martlet.session-state/1" or plain sessions: a session that cannot move is
 * closed, unless the state stays usable. If anything fails, or takes longer than `state_timeout`, the new instance is
 * destroyed, and the old one goes on: `save` must not change it. */
typedef struct martlet_instance_state {
    /* -- since 1.0 -- */
    uint32_t size;
    uint32_t version;    /* of what `save` writes */
    uint32_t oldest;     /* the versions that `restore` accepts: oldest … newest */
    uint32_t newest;
    martlet_text schema; /* the name of the format, such as "counter.state"; must be the same on both sides */
    uint32_t flags;      /* MARTLET_STATE_… */
    uint32_t reserved;   /* 0 */

    /* Writes the state in pieces: calls `put(put_context, data, length)` for each, on this thread. Any result but OK:
     * the state does not move, and the swap is refused. [control] */
    martlet_result (*save)(const martlet_env *env, martlet_state_put put, void *put_context);

    /* Takes one piece, as `save` wrote it, in the same order. After the last piece it is called once more with `length`
     * 0. Any result but OK: the swap is refused. [control] */
    martlet_result (*restore)(const martlet_env *env, uint32_t version, const uint8_t *MARTLET_NULLABLE data,
                              size_t length);

    /* The state has moved: release it. Deliveries, and with MARTLET_STATE_STAYS_USABLE sessions, may still follow.
     * Optional. [control] */
    void (*MARTLET_NULLABLE moved)(const martlet_env *env);
} martlet_instance_state;

MARTLET_END

#endif
