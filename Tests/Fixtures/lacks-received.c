/* Opens sessions but lacks the function `received`. */
#include "minimal.h"

ENTRY {
    plugin.received = NULL;
    return &plugin;
}
