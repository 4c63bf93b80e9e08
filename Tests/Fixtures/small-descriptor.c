/* Its descriptor ends before the functions that are required. */
#include "minimal.h"

ENTRY {
    plugin.size = offsetof(martlet_plugin, opened);
    return &plugin;
}
