/* An operation whose function is data. */
#include "operations.h"

ENTRY {
    operation.function = (void (*)(void))(uintptr_t)&operation;
    return with_operations();
}
