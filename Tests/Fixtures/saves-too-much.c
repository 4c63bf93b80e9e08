/* Asks for more room each time that it gets what it asked for. */
#include "movable.h"

static int64_t save(void *session, martlet_connection *connection, uint8_t *buffer, size_t capacity) {
    (void)session, (void)connection, (void)buffer;
    return (int64_t)capacity + 1;
}

ENTRY {
    movable.save = save;
    offer_session_state();
    return &plugin;
}
