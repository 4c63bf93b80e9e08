/* Opens sessions, and lacks the function that takes their input. */
#include "minimal.h"

ENTRY {
    plugin.received = NULL;
    return &plugin;
}
