/* Its name is a path. */
#include "minimal.h"

ENTRY {
    plugin.name = (martlet_text)TEXT("../shout");
    return &plugin;
}
