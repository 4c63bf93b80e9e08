/*
 * Operations of every type and place. The plugin counts the results that it has lent, and each loop counts its calls of
 * `asked`.
 */
#include "minimal.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_int lent, held;

static bool negate(const martlet_env *env, bool value) {
    (void)env;
    return !value;
}

static int32_t add32(const martlet_env *env, int32_t one, int32_t two) {
    (void)env;
    return (int32_t)((uint32_t)one + (uint32_t)two);
}

static uint32_t addu32(const martlet_env *env, uint32_t one, uint32_t two) {
    (void)env;
    return one + two;
}

static int64_t add64(const martlet_env *env, int64_t one, int64_t two) {
    (void)env;
    return (int64_t)((uint64_t)one + (uint64_t)two);
}

static uint64_t addu64(const martlet_env *env, uint64_t one, uint64_t two) {
    (void)env;
    return one + two;
}

static double divide(const martlet_env *env, double one, double two) {
    (void)env;
    return one / two;
}

static const char *join(const martlet_env *env, const char *one, const char *two) {
    (void)env;
    size_t size = strlen(one) + strlen(two) + 1;
    char *text = malloc(size);
    snprintf(text, size, "%s%s", one, two);
    atomic_fetch_add(&lent, 1);
    return text;
}

static martlet_bytes reverse(const martlet_env *env, martlet_bytes bytes) {
    (void)env;
    uint8_t *copy = malloc(bytes.length + 1);
    for (size_t i = 0; i < bytes.length; i++) copy[i] = bytes.data[bytes.length - 1 - i];
    atomic_fetch_add(&lent, 1);
    return (martlet_bytes){copy, bytes.length};
}

static const char *mixed(const martlet_env *env, bool a, int32_t b, double c, martlet_bytes d, uint64_t e,
                         const char *f, uint32_t g, int64_t h) {
    (void)env;
    char *text = malloc(256);
    snprintf(text, 256, "%d %d %g %zu:%.*s %llu %s %u %lld", a, b, c, d.length, (int)d.length, (const char *)d.data,
             (unsigned long long)e, f, g, (long long)h);
    atomic_fetch_add(&lent, 1);
    return text;
}

static void nothing(const martlet_env *env) { (void)env; }

static const char *null_text(const martlet_env *env) {
    (void)env;
    return NULL;
}

static int32_t lent_results(const martlet_env *env) {
    (void)env;
    return atomic_load(&lent);
}

static uint32_t asked(const martlet_env *env) {
    return ++*(uint32_t *)env->loop_state;
}

static const char *thread(const martlet_env *env) {
    (void)env;
    char *name = calloc(1, 64);
    FILE *file = fopen("/proc/thread-self/comm", "r");
    if (file && fgets(name, 64, file)) name[strcspn(name, "\n")] = 0;
    if (file) fclose(file);
    atomic_fetch_add(&lent, 1);
    return name;
}

static int64_t fail(const martlet_env *env, const char *why) {
    martlet_text none = {NULL, 0}, reason = {why, strlen(why)};
    host->refuse(env->instance, none, reason);
    return 7;
}

/* Runs until a peer sends "let go". An operation could not end it, since the host calls only one at a time. */
static void hold(const martlet_env *env) {
    (void)env;
    atomic_store(&held, 1);
    while (atomic_load(&held)) usleep(1000);
}

static void release(const martlet_env *env, const void *data) {
    (void)env;
    atomic_fetch_sub(&lent, 1);
    free((void *)data);
}

#define OPERATION(name_, place_, signature_, function_)                                                                \
    {sizeof(martlet_operation), place_, TEXT(name_), TEXT(signature_), TEXT("Help of " name_),                         \
     (void (*)(void))function_}

static const martlet_operation list[] = {
    OPERATION("negate", MARTLET_ON_CONTROL, "bool(bool)", negate),
    OPERATION("add32", MARTLET_ON_CONTROL, "i32(i32 one, i32 two)", add32),
    OPERATION("addu32", MARTLET_ON_CONTROL, "u32(u32,u32)", addu32),
    OPERATION("add64", MARTLET_ON_CONTROL, "i64(i64,i64)", add64),
    OPERATION("addu64", MARTLET_ON_WORKER, "u64(u64,u64)", addu64),
    OPERATION("divide", MARTLET_ON_CONTROL, "f64(f64,f64)", divide),
    OPERATION("join", MARTLET_ON_CONTROL, "cstr(cstr,cstr)", join),
    OPERATION("reverse", MARTLET_ON_WORKER, "bytes(bytes)", reverse),
    OPERATION("mixed", MARTLET_ON_CONTROL, "cstr(bool,i32,f64,bytes,u64,cstr,u32,i64)", mixed),
    OPERATION("nothing", MARTLET_ON_CONTROL, "void()", nothing),
    OPERATION("null_text", MARTLET_ON_CONTROL, "cstr()", null_text),
    OPERATION("lent", MARTLET_ON_CONTROL, "i32()", lent_results),
    OPERATION("asked", MARTLET_ON_LOOPS, "u32()", asked),
    OPERATION("control_thread", MARTLET_ON_CONTROL, "cstr()", thread),
    OPERATION("loop_thread", MARTLET_ON_LOOPS, "cstr()", thread),
    OPERATION("worker_thread", MARTLET_ON_WORKER, "cstr()", thread),
    OPERATION("fail", MARTLET_ON_LOOPS, "i64(cstr why)", fail),
    OPERATION("hold", MARTLET_ON_WORKER, "void()", hold),
};

static const martlet_operations operations = {
    .size = sizeof operations, .operations = list, .operation_count = sizeof list / sizeof *list, .release = release};

static const martlet_extension offered = {
    .size = sizeof offered, .id = TEXT(MARTLET_OPERATIONS), .functions = &operations};

static martlet_result loop_start(const martlet_env *env, void **loop_state) {
    (void)env;
    *loop_state = calloc(1, sizeof(uint32_t));
    return MARTLET_OK;
}

static void loop_stop(const martlet_env *env) { free(env->loop_state); }

/* Answers "held?" with yes or no; "let go" ends `hold`. */
static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    (void)env, (void)session;
    if (length >= 5 && memcmp(data, "held?", 5) == 0) {
        host->write(connection, atomic_load(&held) ? "yes\n" : "no\n", atomic_load(&held) ? 4 : 3);
    } else if (length >= 6 && memcmp(data, "let go", 6) == 0) {
        atomic_store(&held, 0);
    }
    *consumed = length;
    return MARTLET_OK;
}

ENTRY {
    plugin.loop_start = loop_start;
    plugin.loop_stop = loop_stop;
    plugin.received = received;
    plugin.extensions = &offered;
    plugin.extension_count = 1;
    return &plugin;
}
