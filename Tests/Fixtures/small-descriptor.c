/* Its descriptor ends before functions that version 1.0 has. */
#include "minimal.h"

ENTRY {
    plugin.size = offsetof(martlet_plugin, opened);
    return &plugin;
}
