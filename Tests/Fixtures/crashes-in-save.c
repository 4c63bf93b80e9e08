/* Crashes in `save`. */
#include "movable.h"

static martlet_result save(const martlet_env *env, void *session, martlet_connection *connection,
                           uint8_t *buffer, size_t capacity, size_t *length) {
    (void)env, (void)connection, (void)buffer, (void)capacity, (void)length;
    return *(volatile martlet_result *)session;
}

ENTRY {
    movable.save = save;
    offer_session_state();
    return &plugin;
}
