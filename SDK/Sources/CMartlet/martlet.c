/* The ABI assumes a 64-bit address space, where `size_t` is a fixed-width integer like all others. */
#include "martlet-for-swift.h"

_Static_assert(sizeof(size_t) == 8, "Martlet runs on 64-bit Linux");
_Static_assert(sizeof(void *) == 8, "Martlet runs on 64-bit Linux");
