/* Logs as many lines as its peer asks for with "talk N", numbered across all peers, and echoes each line of input. */
#include "minimal.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static atomic_long next;

static void talk(martlet_instance *instance, long lines) {
    for (long i = 0; i < lines; i++) {
        char text[64];
        int length = snprintf(text, sizeof text, "talk line %ld.", atomic_fetch_add(&next, 1));
        host->log(instance, MARTLET_LOG_INFO, (martlet_text){text, (size_t)length});
    }
}

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    (void)session;
    const uint8_t *newline = memchr(data, '\n', length);
    if (newline == NULL) return MARTLET_OK;
    if (length > 5 && memcmp(data, "talk ", 5) == 0) talk(env->instance, strtol((const char *)data + 5, NULL, 10));
    *consumed = (size_t)(newline + 1 - data);
    host->write(connection, data, *consumed);
    return MARTLET_OK;
}

ENTRY {
    plugin.name = (martlet_text)TEXT("talker");
    plugin.received = received;
    return &plugin;
}
