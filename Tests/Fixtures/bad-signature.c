/* An operation with a type that the grammar does not have. */
#include "operations.h"

ENTRY {
    operation.signature = (martlet_text)TEXT("i64(float)");
    return with_operations();
}
