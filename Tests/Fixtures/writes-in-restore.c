/* Writes to its peer in `restore`, which the rules forbid. */
#include "movable.h"

static martlet_result restore(const martlet_env *env, martlet_connection *connection, uint32_t version,
                              const uint8_t *data, size_t length, void **session) {
    host->write(connection, "hello", 5);
    return movable_restore(env, connection, version, data, length, session);
}

ENTRY {
    movable.restore = restore;
    offer_session_state();
    return &plugin;
}
