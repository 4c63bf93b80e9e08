/* Its `create` fails without a reason. */
#include "minimal.h"

static martlet_result fail(const martlet_plugin *descriptor, const martlet_host *given,
                           martlet_instance *instance, const martlet_value *options, void **state) {
    (void)descriptor, (void)given, (void)instance, (void)options, (void)state;
    return MARTLET_ERROR_UNSUPPORTED;
}

ENTRY {
    plugin.create = fail;
    return &plugin;
}
