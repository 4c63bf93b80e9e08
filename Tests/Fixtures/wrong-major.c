/* Built for an ABI that is not there yet. */
#include "minimal.h"

ENTRY {
    plugin.abi_major = 9;
    plugin.abi_minor = 4;
    return &plugin;
}
