/* Its `create` never returns. */
#include "minimal.h"
#include <unistd.h>

static martlet_result create(const martlet_plugin *descriptor, const martlet_host *given,
                             martlet_instance *instance, const martlet_value *options, void **state) {
    minimal_create(descriptor, given, instance, options, state);
    while (1) pause();
    return MARTLET_OK;
}

ENTRY {
    plugin.create = create;
    return &plugin;
}
