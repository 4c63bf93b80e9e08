/*
 * Reads frames: a length of four bytes, little-endian, and that many bytes. Answers each with four bytes: the number of calls of
 * `received` that it took.
 */
#include "martlet.h"

#include <string.h>

#define TEXT(literal) {literal, sizeof(literal) - 1}

struct session {
    uint32_t calls;
};

static martlet_result create(const martlet_plugin *descriptor, const martlet_host *host, martlet_instance *instance,
                             const martlet_value *options, void **state) {
    (void)descriptor, (void)host, (void)instance, (void)options, (void)state;
    return MARTLET_OK;
}

static void destroy(void *state) { (void)state; }

static martlet_result opened(const martlet_env *env, martlet_connection *connection, const martlet_opening *opening,
                             void **session) {
    (void)opening, (void)session;
    return env->host->want(connection, 4);
}

static martlet_result received(const martlet_env *env, void *given, martlet_connection *connection, const uint8_t *data,
                               size_t length, size_t *consumed) {
    struct session *session = given;
    session->calls++;
    uint32_t size = 0;
    while (length - *consumed >= 4) {
        memcpy(&size, data + *consumed, 4);
        if (length - *consumed - 4 < size) return env->host->want(connection, 4 + (size_t)size);
        *consumed += 4 + (size_t)size;
        env->host->write(connection, &session->calls, 4);
        session->calls = 0;
    }
    return env->host->want(connection, 4);
}

static const martlet_plugin plugin = {
    .size = sizeof plugin,
    .abi = MARTLET_ABI_VERSION,
    .name = TEXT("frames"),
    .version = TEXT("1.0.0"),
    .summary = TEXT("Counts how often a frame is presented"),
    .threads = MARTLET_THREADS_LOOPS,
    .session_size = sizeof(struct session),
    .create = create,
    .destroy = destroy,
    .opened = opened,
    .received = received,
};

const martlet_plugin *martlet_plugin_entry(martlet_abi host_abi) {
    (void)host_abi;
    return &plugin;
}
