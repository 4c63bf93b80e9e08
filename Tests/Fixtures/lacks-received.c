/* Lacks a function that is required. */
#include "minimal.h"

ENTRY {
    plugin.received = NULL;
    return &plugin;
}
