/* Its entry function waits for ever. */
#include "minimal.h"
#include <unistd.h>

ENTRY {
    while (1) pause();
}
