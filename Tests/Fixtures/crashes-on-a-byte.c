/* Reads from an invalid address when a peer sends the byte 0x80. */
#include "minimal.h"

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    (void)env, (void)session, (void)connection;
    if (memchr(data, 0x80, length) != NULL) return *(volatile int *)8;
    *consumed = length;
    return MARTLET_OK;
}

ENTRY {
    plugin.received = received;
    return &plugin;
}
