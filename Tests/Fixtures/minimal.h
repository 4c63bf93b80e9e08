/*
 * A plugin that does nothing wrong: it consumes and drops all input. Each misbehaving fixture includes it and changes one
 * thing in its ENTRY.
 */
#ifndef MINIMAL_H
#define MINIMAL_H

#include <martlet.h>
#include <string.h>

#define TEXT(literal) {literal, sizeof(literal) - 1}
#define UNUSED __attribute__((unused))

static const martlet_host *host UNUSED;

/*
 * Whether to break a rule. Normally the plugin does so only when the peer asks for it, so that the probe does not notice
 * and the running host has to cope. With -DALWAYS it always does, so that the probe notices.
 */
UNUSED static int asked_to_misbehave(const uint8_t *data, size_t length) {
#ifdef ALWAYS
    return (void)data, length > 0;
#else
    return length >= 9 && memcmp(data, "misbehave", 9) == 0;
#endif
}

static martlet_result minimal_create(const martlet_plugin *descriptor, const martlet_host *given,
                                     martlet_instance *instance, const martlet_value *options, void **state) {
    (void)descriptor, (void)instance, (void)options, (void)state;
    host = given;
    return MARTLET_OK;
}

static void minimal_destroy(void *state) { (void)state; }

static martlet_result minimal_opened(const martlet_env *env, martlet_connection *connection,
                                     const martlet_opening *opening, void **session) {
    (void)env, (void)connection, (void)opening, (void)session;
    return MARTLET_OK;
}

static martlet_result minimal_received(const martlet_env *env, void *session, martlet_connection *connection,
                                       const uint8_t *data, size_t length, size_t *consumed) {
    (void)env, (void)session, (void)connection, (void)data;
    *consumed = length;
    return MARTLET_OK;
}

static void minimal_closed(const martlet_env *env, void *session, martlet_connection *connection,
                           martlet_close_reason reason) {
    (void)env, (void)session, (void)connection, (void)reason;
}

static martlet_plugin plugin UNUSED = {
    .size = sizeof(martlet_plugin),
    .abi = MARTLET_ABI_VERSION,
    .name = TEXT("minimal"),
    .version = TEXT("1.0.0"),
    .summary = TEXT("Drops all input"),
    .threads = MARTLET_THREADS_LOOPS,
    .create = minimal_create,
    .destroy = minimal_destroy,
    .opened = minimal_opened,
    .received = minimal_received,
    .closed = minimal_closed,
};

#define ENTRY                                                                                                          \
    __attribute__((visibility("default"))) const martlet_plugin *martlet_plugin_entry(martlet_abi host_abi UNUSED)

#endif
