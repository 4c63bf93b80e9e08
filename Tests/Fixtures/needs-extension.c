/* Requires an extension that no host has. */
#include "minimal.h"

static const martlet_text needed[] = {TEXT("martlet.time-travel/1")};

ENTRY {
    plugin.required_extensions = needed;
    plugin.required_extension_count = 1;
    return &plugin;
}
