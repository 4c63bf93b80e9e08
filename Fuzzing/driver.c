/* Passes the inputs of libFuzzer to the target that MARTLET_FUZZ_TARGET names. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void martlet_fuzz(int32_t target, const uint8_t *bytes, intptr_t count);
int32_t martlet_fuzz_target(const char *name);

static int32_t target;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    const char *name = getenv("MARTLET_FUZZ_TARGET");
    target = name == NULL ? -1 : martlet_fuzz_target(name);
    if (target >= 0) return 0;
    fprintf(stderr, "MARTLET_FUZZ_TARGET: expected the name of a target, found \"%s\"\n", name == NULL ? "" : name);
    exit(2);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    martlet_fuzz(target, bytes, (intptr_t)count);
    return 0;
}
