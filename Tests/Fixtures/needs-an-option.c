/* Does nothing wrong, but requires the option `colour`. */
#include "minimal.h"

static const martlet_option options[] = {{.size = sizeof(martlet_option),
                                          .type = MARTLET_TYPE_TEXT,
                                          .key = TEXT("colour"),
                                          .help = TEXT("A colour"),
                                          .required = 1,
                                          .minimum = 1,
                                          .maximum = 0}};

ENTRY {
    plugin.options = options;
    plugin.option_count = 1;
    return &plugin;
}
