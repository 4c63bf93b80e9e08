/* Built for an ABI that is not there yet. */
#include "minimal.h"

ENTRY {
    plugin.abi = 2 * 65536;
    return &plugin;
}
