/* A plugin that does not handle streams: it has no sessions. */
#include "minimal.h"

ENTRY {
    plugin.opened = NULL;
    plugin.received = NULL;
    plugin.closed = NULL;
    return &plugin;
}
