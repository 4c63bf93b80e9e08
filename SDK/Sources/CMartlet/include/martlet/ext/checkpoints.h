/*
 * martlet/ext/checkpoints.h - host extension "martlet.checkpoints/1". Include martlet.h.
 */
#ifndef MARTLET_EXT_CHECKPOINTS_H
#define MARTLET_EXT_CHECKPOINTS_H

#include "../host.h"

MARTLET_BEGIN

#define MARTLET_CHECKPOINTS "martlet.checkpoints/1"

/* For plugins with MARTLET_SESSION_CHECKPOINT: see "martlet.session-state/1". */
typedef struct martlet_checkpoints {
    /* -- since 1.0 -- */
    uint32_t size;
    uint32_t reserved; /* 0 */

    /* The session has changed: the host keeps a new checkpoint of it at the end of the callback, before the output is
     * sent. Inside a callback of the connection. Returns OK, CLOSED. [loop] */
    martlet_result (*checkpoint)(martlet_connection *connection);
} martlet_checkpoints;

MARTLET_END

#endif
