/* Dies of SIGABRT in its entry function. */
#include "minimal.h"
#include <stdlib.h>

ENTRY { abort(); }
