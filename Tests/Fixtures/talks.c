/* Logs as many lines as its peer asks for with "talk N", numbered over all peers, and answers each line. */
#include "minimal.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static martlet_instance *instance;
static atomic_long next;

static martlet_result create(const martlet_host *given, martlet_instance *own, const martlet_value *options,
                             void **state) {
    instance = own;
    return minimal_create(given, own, options, state);
}

static void talk(long lines) {
    for (long i = 0; i < lines; i++) {
        char text[64];
        int length = snprintf(text, sizeof text, "talk line %ld.", atomic_fetch_add(&next, 1));
        host->log(instance, MARTLET_LOG_INFO, (martlet_text){text, (size_t)length});
    }
}

static int64_t received(void *session, martlet_connection *connection, const uint8_t *data, size_t length) {
    (void)session;
    const uint8_t *newline = memchr(data, '\n', length);
    if (newline == NULL) return 0;
    if (length > 5 && memcmp(data, "talk ", 5) == 0) talk(strtol((const char *)data + 5, NULL, 10));
    host->write(connection, data, (size_t)(newline + 1 - data));
    return newline + 1 - data;
}

ENTRY {
    plugin.name = (martlet_text)TEXT("talker");
    plugin.create = create;
    plugin.received = received;
    return &plugin;
}
