/* Its `save` asks for more room each time it gets the room that it asked for. */
#include "movable.h"

static martlet_result save(const martlet_env *env, void *session, martlet_connection *connection,
                           uint8_t *buffer, size_t capacity, size_t *length) {
    (void)env, (void)session, (void)connection, (void)buffer;
    *length = capacity + 1;
    return MARTLET_OK;
}

ENTRY {
    movable.save = save;
    offer_session_state();
    return &plugin;
}
