/* Built for a later major version of the ABI. */
#include "minimal.h"

ENTRY {
    plugin.abi = 2 * 65536;
    return &plugin;
}
