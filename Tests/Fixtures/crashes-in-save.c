/* Dies when a session is to move. */
#include "movable.h"

static int64_t save(void *session, martlet_connection *connection, uint8_t *buffer, size_t capacity) {
    (void)connection, (void)buffer, (void)capacity;
    return *(volatile int *)session;
}

ENTRY {
    movable.save = save;
    offer_session_state();
    return &plugin;
}
