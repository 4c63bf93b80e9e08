/* Its entry function returns NULL. */
#include "minimal.h"

ENTRY { return NULL; }
