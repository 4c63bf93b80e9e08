/* Answers every input with 200 MB, even when the host returns FULL. */
#include "minimal.h"

static const char block[64 << 10];
static martlet_metric refused;

static martlet_result create(const martlet_plugin *descriptor, const martlet_host *given,
                             martlet_instance *instance, const martlet_value *options, void **state) {
    minimal_create(descriptor, given, instance, options, state);
    refused = host->metric_register(instance, MARTLET_METRIC_COUNTER, (martlet_text)TEXT("refused_total"),
                                    (martlet_text)TEXT("Writes that were answered with MEMORY"));
    return MARTLET_OK;
}

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    (void)session, (void)data;
    for (size_t written = 0; written < 200u << 20; written += sizeof block)
        if (host->write(connection, block, sizeof block) == MARTLET_ERROR_MEMORY)
            host->metric_add(env->instance, refused, 1);
    *consumed = length;
    return MARTLET_OK;
}

ENTRY {
    plugin.create = create;
    plugin.received = received;
    return &plugin;
}
