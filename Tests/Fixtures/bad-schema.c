/* The default of its option is outside the option's range. */
#include "minimal.h"

static const martlet_option options[] = {{.size = sizeof(martlet_option),
                                          .type = MARTLET_TYPE_INTEGER,
                                          .key = TEXT("depth"),
                                          .help = TEXT("How deep"),
                                          .default_value = TEXT("100"),
                                          .minimum = 1,
                                          .maximum = 10}};

ENTRY {
    plugin.options = options;
    plugin.option_count = 1;
    return &plugin;
}
