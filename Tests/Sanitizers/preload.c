/* scripts/sanitize loads this library into every instrumented process before all others (LD_PRELOAD). In a process without a
* sanitizer, such as a shell that a test starts, each function only calls the one that it replaces. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

void __asan_init(void) __attribute__((weak));
void __tsan_acquire(void *address) __attribute__((weak));
void __tsan_release(void *address) __attribute__((weak));

/* The probe's child limits its address space, but a sanitizer reserves terabytes of it. Under any limit of `probe_memory`, the
* child's next mmap(2) would fail. */
int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit) {
    if (resource == RLIMIT_AS && (__asan_init || __tsan_acquire)) return 0;
    int (*next)(__rlimit_resource_t, const struct rlimit *) =
        (int (*)(__rlimit_resource_t, const struct rlimit *))dlsym(RTLD_NEXT, "setrlimit");
    return next(resource, limit);
}

/* The uncontended path of Synchronization.Mutex is inlined and so instrumented. The contended path hands the lock over inside
* libswiftSynchronization and the kernel, where ThreadSanitizer sees nothing, so it would report a race for all data that a
* contended mutex protects. A suppression could only name the functions that take the lock, which are our own. Instead, these
* functions report the acquire and the release to ThreadSanitizer. */
#define SWIFT __attribute__((swiftcall))
#define MUTEX __attribute__((swift_context)) void *mutex
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

/* A program that opens the simulation with RTLD_LOCAL, as tests of plugins in Rust do, has the library outside the scope of RTLD_NEXT. */
static void *replaced(const char *name) {
    void *function = dlsym(RTLD_NEXT, name);
    void *library = function ? NULL : dlopen("libswiftSynchronization.so", RTLD_LAZY | RTLD_NOLOAD);
    return library ? dlsym(library, name) : function;
}

SWIFT void lock_slow(uint32_t thread, MUTEX) __asm__(LOCK_SLOW);
SWIFT void unlock_slow(MUTEX) __asm__(UNLOCK_SLOW);

SWIFT void lock_slow(uint32_t thread, MUTEX) {
    SWIFT void (*next)(uint32_t, MUTEX) = (SWIFT void (*)(uint32_t, MUTEX))replaced(LOCK_SLOW);
    next(thread, mutex);
    if (__tsan_acquire) __tsan_acquire(mutex);
}

SWIFT void unlock_slow(MUTEX) {
    SWIFT void (*next)(MUTEX) = (SWIFT void (*)(MUTEX))replaced(UNLOCK_SLOW);
    if (__tsan_release) __tsan_release(mutex);
    next(mutex);
}
