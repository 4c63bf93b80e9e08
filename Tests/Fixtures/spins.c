/* Echoes input. If it begins with "spin", each digit after that keeps the thread busy for so many tenths of a second. */
#include "minimal.h"
#include <string.h>
#include <time.h>

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 10 + (uint64_t)time.tv_nsec / 100000000;
}

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    (void)env, (void)session;
    for (size_t i = 4; i < length && memcmp(data, "spin", 4) == 0; i++) {
        if (data[i] < '0' || data[i] > '9') continue;
        for (uint64_t end = now() + (uint64_t)(data[i] - '0'); now() < end;) {}
    }
    host->write(connection, data, length);
    *consumed = length;
    return MARTLET_OK;
}

ENTRY {
    plugin.name = (martlet_text)TEXT("spinner");
    plugin.threads = MARTLET_THREADS_BOTH;
    plugin.received = received;
    return &plugin;
}
