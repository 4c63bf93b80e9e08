#define _GNU_SOURCE
#include "include/crash.h"

#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};

static struct linux_crash *report;

/* Enough for the handler, the unwinder and a Swift plugin's own handlers. */
static const size_t stack_size = 128 << 10;

static _Thread_local const volatile uint64_t *running;
static _Thread_local void *handler_stack;

/* Reads memory that may not be mapped: process_vm_readv(2) of this process. */
static int read_word(uint64_t address, uint64_t *word) {
    struct iovec to = {.iov_base = word, .iov_len = sizeof *word};
    struct iovec from = {.iov_base = (void *)(uintptr_t)address, .iov_len = sizeof *word};
    return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)sizeof *word;
}

/* Follows the frame pointers, which Swift code has and much C code. */
static uint32_t follow_frames(uint64_t instruction, uint64_t frame, uint64_t *addresses) {
    uint32_t count = 0;
    addresses[count++] = instruction;
    while (count < LINUX_CRASH_ADDRESSES) {
        uint64_t next, back;
        if (frame == 0 || frame % sizeof frame != 0) break;
        if (!read_word(frame, &next) || !read_word(frame + sizeof frame, &back) || back == 0) break;
        addresses[count++] = back;
        /* Stacks grow downwards, so a caller's frame is above. */
        if (next <= frame) break;
        frame = next;
    }
    return count;
}

struct unwound {
    uint64_t start;
    uint64_t addresses[LINUX_CRASH_ADDRESSES];
    uint32_t count;
};

/* Skips the frames of the handler. */
static _Unwind_Reason_Code add_frame(struct _Unwind_Context *context, void *argument) {
    struct unwound *unwound = argument;
    uint64_t address = _Unwind_GetIP(context);
    if (unwound->count == 0 && address != unwound->start) return _URC_NO_REASON;
    unwound->addresses[unwound->count++] = address;
    return unwound->count < LINUX_CRASH_ADDRESSES ? _URC_NO_REASON : _URC_END_OF_STACK;
}

/* The unwinder knows frames without frame pointers, but it may crash or wait for a lock: then what is written already must do. */
static void unwind(uint64_t instruction) {
    sigset_t alarm_only;
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    signal(SIGALRM, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &alarm_only, NULL);
    alarm(1);
    struct unwound unwound = {.start = instruction};
    _Unwind_Backtrace(add_frame, &unwound);
    alarm(0);
    if (unwound.count <= report->address_count) return;
    memcpy(report->addresses, unwound.addresses, unwound.count * sizeof unwound.addresses[0]);
    report->address_count = unwound.count;
}

static void on_crash(int number, siginfo_t *information, void *context) {
    uint32_t nothing = 0;
    if (!__atomic_compare_exchange_n(&report->state, &nothing, 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        /* Another thread reports, and then the process ends. */
        for (;;) pause();
    }
    const ucontext_t *registers = context;
#if defined(__x86_64__)
    uint64_t instruction = (uint64_t)registers->uc_mcontext.gregs[REG_RIP];
    uint64_t frame = (uint64_t)registers->uc_mcontext.gregs[REG_RBP];
#else
    uint64_t instruction = registers->uc_mcontext.pc;
    uint64_t frame = registers->uc_mcontext.regs[29];
#endif
    report->signal = number;
    report->code = information->si_code;
    report->callback = running ? *running : 0;
    prctl(PR_GET_NAME, report->thread);
    report->address_count = follow_frames(instruction, frame, report->addresses);
    __atomic_store_n(&report->state, 2, __ATOMIC_RELEASE);
    /* From here on a second error in this thread ends the process by this signal. */
    signal(number, SIG_DFL);
    unwind(instruction);
    syscall(SYS_tgkill, getpid(), (int)syscall(SYS_gettid), number);
}

void linux_report_crashes(struct linux_crash *crash) {
    report = crash;
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof crash_signals / sizeof crash_signals[0]; i++)
        sigaction(crash_signals[i], &action, NULL);
}

void linux_watch_thread(const void *callback) {
    running = callback;
    stack_t present;
    if (report == NULL || handler_stack != NULL) return;
    if (sigaltstack(NULL, &present) != 0 || !(present.ss_flags & SS_DISABLE)) return;
    void *memory = mmap(NULL, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) return;
    stack_t stack = {.ss_sp = memory, .ss_size = stack_size};
    if (sigaltstack(&stack, NULL) == 0) handler_stack = memory;
    else munmap(memory, stack_size);
}

int linux_thread_number(void) { return (int)syscall(SYS_gettid); }

void linux_unwatch_thread(void) {
    running = NULL;
    if (handler_stack == NULL) return;
    stack_t none = {.ss_flags = SS_DISABLE};
    sigaltstack(&none, NULL);
    munmap(handler_stack, stack_size);
    handler_stack = NULL;
}

void linux_end_process(const char *reason, int thread) {
    if (report == NULL) return;
    strncpy(report->reason, reason, sizeof report->reason - 1);
    if (thread != 0) {
        syscall(SYS_tgkill, getpid(), thread, SIGABRT);
        /* A plugin may have blocked the signal. */
        for (int i = 0; i < 200; i++) usleep(10000);
    }
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

struct listing {
    struct linux_object *objects;
    int limit, count;
};

static int add_object(struct dl_phdr_info *object, size_t size, void *argument) {
    (void)size;
    struct listing *listing = argument;
    if (listing->count < listing->limit) {
        struct linux_object *entry = &listing->objects[listing->count];
        *entry = (struct linux_object){.base = object->dlpi_addr, .start = UINT64_MAX};
        strncpy(entry->path, object->dlpi_name, sizeof entry->path - 1);
        for (int i = 0; i < object->dlpi_phnum; i++) {
            const ElfW(Phdr) *part = &object->dlpi_phdr[i];
            if (part->p_type != PT_LOAD) continue;
            uint64_t start = object->dlpi_addr + part->p_vaddr;
            if (start < entry->start) entry->start = start;
            if (start + part->p_memsz > entry->end) entry->end = start + part->p_memsz;
        }
    }
    listing->count++;
    return 0;
}

int linux_list_objects(struct linux_object *objects, int limit) {
    struct listing listing = {objects, limit, 0};
    dl_iterate_phdr(add_object, &listing);
    return listing.count;
}
