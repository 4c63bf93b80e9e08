/* Takes what was saved for a pointer to its session. */
#include "movable.h"

static martlet_result restore(void *state, void *loop_state, martlet_connection *connection, uint32_t version,
                              const uint8_t *data, size_t length, void **session) {
    (void)state, (void)loop_state, (void)connection, (void)version;
    uintptr_t address = 0;
    memcpy(&address, data, length < sizeof address ? length : sizeof address);
    *session = (void *)address;
    return MARTLET_OK;
}

static int64_t received(void *session, martlet_connection *connection, const uint8_t *data, size_t length) {
    (void)connection, (void)data;
    if (session != NULL) *(volatile char *)session = 1;
    return (int64_t)length;
}

ENTRY {
    movable.restore = restore;
    plugin.received = received;
    offer_session_state();
    return &plugin;
}
