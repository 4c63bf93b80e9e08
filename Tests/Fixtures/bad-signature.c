/* An operation whose signature has an unknown type. */
#include "operations.h"

ENTRY {
    operation.signature = (martlet_text)TEXT("i64(float)");
    return with_operations();
}
