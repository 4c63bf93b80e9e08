/* A plugin for something else than streams: it has no session. */
#include "minimal.h"

ENTRY {
    plugin.opened = NULL;
    plugin.received = NULL;
    plugin.closed = NULL;
    return &plugin;
}
