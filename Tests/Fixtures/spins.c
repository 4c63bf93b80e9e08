/* Echoes; each digit of input that begins with "spin" keeps the thread busy for so many tenths of a second first. */
#include "minimal.h"
#include <string.h>
#include <time.h>

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 10 + (uint64_t)time.tv_nsec / 100000000;
}

static int64_t received(void *session, martlet_connection *connection, const uint8_t *data, size_t length) {
    (void)session;
    for (size_t i = 4; i < length && memcmp(data, "spin", 4) == 0; i++) {
        if (data[i] < '0' || data[i] > '9') continue;
        for (uint64_t end = now() + (uint64_t)(data[i] - '0'); now() < end;) {}
    }
    host->write(connection, data, length);
    return (int64_t)length;
}

ENTRY {
    plugin.name = (martlet_text)TEXT("spinner");
    plugin.threads = MARTLET_THREADS_BOTH;
    plugin.received = received;
    return &plugin;
}
