/* Uses the saved bytes as a pointer to its session. */
#include "movable.h"

static martlet_result restore(const martlet_env *env, martlet_connection *connection, uint32_t version,
                              const uint8_t *data, size_t length, void **session) {
    (void)env, (void)connection, (void)version;
    uintptr_t address = 0;
    memcpy(&address, data, length < sizeof address ? length : sizeof address);
    *session = (void *)address;
    return MARTLET_OK;
}

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    (void)env, (void)connection, (void)data;
    if (session != NULL) *(volatile char *)session = 1;
    *consumed = length;
    return MARTLET_OK;
}

ENTRY {
    movable.restore = restore;
    plugin.received = received;
    offer_session_state();
    return &plugin;
}
