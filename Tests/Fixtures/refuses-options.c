/* Refuses the value of one of its options. */
#include "minimal.h"

static const martlet_option options[] = {{.size = sizeof(martlet_option),
                                          .type = MARTLET_TYPE_TEXT,
                                          .key = TEXT("colour"),
                                          .help = TEXT("A colour"),
                                          .default_value = TEXT("\"red\""),
                                          .minimum = 1,
                                          .maximum = 0}};

static martlet_result refuse(const martlet_plugin *descriptor, const martlet_host *given,
                             martlet_instance *instance, const martlet_value *values, void **state) {
    (void)descriptor, (void)values, (void)state;
    given->refuse(instance, (martlet_text)TEXT("colour"), (martlet_text)TEXT("there is no such colour"));
    return MARTLET_ERROR_ARGUMENT;
}

ENTRY {
    plugin.options = options;
    plugin.option_count = 1;
    plugin.create = refuse;
    return &plugin;
}
