/* Its `received` never returns unless the input has a newline. */
#include "minimal.h"
#include <unistd.h>

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    (void)env, (void)session, (void)connection;
    while (memchr(data, '\n', length) == NULL) pause();
    *consumed = length;
    return MARTLET_OK;
}

ENTRY {
    plugin.received = received;
    return &plugin;
}
