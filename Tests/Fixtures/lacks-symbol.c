/* A valid library that is not a plugin. */
__attribute__((visibility("default"))) int answer(void) { return 42; }
