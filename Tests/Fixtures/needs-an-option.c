/* Does nothing wrong, once it is told a colour. */
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
