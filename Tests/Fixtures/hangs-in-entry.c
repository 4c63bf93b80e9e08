/* Its entry function never returns. */
#include "minimal.h"
#include <unistd.h>

ENTRY {
    while (1) pause();
}
