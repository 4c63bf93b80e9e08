#define _GNU_SOURCE
#include "include/linux.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <link.h>
#include <linux/membarrier.h>
#include <malloc.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

_Thread_local uint64_t linux_simulated_time;

int linux_accept(int listening, struct sockaddr *address, socklen_t *length) {
    return accept4(listening, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int linux_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int linux_pin_thread(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    return sched_setaffinity(0, sizeof set, &set);
}

int linux_may_use_processor(int processor) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 && CPU_ISSET(processor, &set);
}

int linux_processor_count(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? count : 1;
}

void linux_run_as_batch(void) {
    struct sched_param none = {0};
    pthread_setschedparam(pthread_self(), SCHED_BATCH, &none);
}

void linux_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int linux_peer_credentials(int socket, uid_t *user, pid_t *process) {
    struct ucred credentials;
    socklen_t length = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return -1;
    *user = credentials.uid;
    *process = credentials.pid;
    return 0;
}

int linux_signal_descriptor(const sigset_t *signals) { return signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK); }

int linux_die_with_parent(int signal) { return prctl(PR_SET_PDEATHSIG, signal); }

static void write_text(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    ssize_t ignored = write(file, text, strlen(text));
    (void)ignored;
    close(file);
}

/* Maps the ids to the same numbers inside the user namespace, so that getuid(2) and getgid(2) return what they did before. */
static void map_identity(uid_t user, gid_t group) {
    char line[64];
    write_text("/proc/self/setgroups", "deny");
    snprintf(line, sizeof line, "%u %u 1", user, user);
    write_text("/proc/self/uid_map", line);
    snprintf(line, sizeof line, "%u %u 1", group, group);
    write_text("/proc/self/gid_map", line);
}

static void raise_loopback(void) {
    int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (any < 0) return;
    struct ifreq request = {.ifr_name = "lo"};
    if (ioctl(any, SIOCGIFFLAGS, &request) == 0) {
        request.ifr_flags |= IFF_UP;
        ioctl(any, SIOCSIFFLAGS, &request);
    }
    close(any);
}

int linux_leave_network(int *limited) {
    uid_t user = geteuid();
    gid_t group = getegid();
    *limited = 0;
    if (unshare(CLONE_NEWNET) != 0) {
        if (errno != EPERM || unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return -1;
        map_identity(user, group);
        *limited = 1;
    }
    raise_loopback();
    return 0;
}

int linux_rename(const char *from, const char *to, int replaces) {
    struct stat status;
    if (replaces) return rename(from, to);
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return -1;
    if (lstat(to, &status) == 0) {
        errno = EEXIST;
        return -1;
    }
    return rename(from, to);
}

static volatile sig_atomic_t file_size_signals;

static void note_file_size(int signal) {
    (void)signal;
    file_size_signals = 1;
}

void linux_watch_file_size(void) {
    struct sigaction action = {.sa_handler = note_file_size, .sa_flags = SA_RESTART};
    sigaction(SIGXFSZ, &action, NULL);
}

int linux_file_size_was_reached(void) { return file_size_signals != 0; }

/* The sum of the named counters of a table such as "Udp": a line of names, then a line of values (proc(5)). */
static long counters(const char *table, const char *names) {
    FILE *file = fopen("/proc/self/net/snmp", "re");
    char heads[4096], values[4096];
    long sum = 0;
    if (!file) return 0;
    while (fgets(heads, sizeof heads, file) && fgets(values, sizeof values, file)) {
        char *head_rest, *value_rest;
        char *head = strtok_r(heads, " \n", &head_rest), *value = strtok_r(values, " \n", &value_rest);
        if (!head || strcmp(head, table) != 0) continue;
        while (head && value) {
            if (strstr(names, head)) sum += strtol(value, NULL, 10);
            head = strtok_r(NULL, " \n", &head_rest);
            value = strtok_r(NULL, " \n", &value_rest);
        }
    }
    fclose(file);
    return sum;
}

/* One counter of snmp6, where each line is a name and a value. */
static long counter6(const char *name) {
    FILE *file = fopen("/proc/self/net/snmp6", "re");
    char line[256], found[128];
    long value, sum = 0;
    if (!file) return 0;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "%127s %ld", found, &value) == 2 && strcmp(found, name) == 0) sum += value;
    fclose(file);
    return sum;
}

/* The kernel itself sends over IPv6 (neighbour discovery), so for IPv6 only UDP datagrams and packets without a route count. */
int linux_network_was_tried(void) {
    return counters("Ip:", "OutNoRoutes") + counters("Tcp:", "ActiveOpens") + counters("Udp:", "OutDatagrams")
           + counter6("Ip6OutNoRoutes") + counter6("Udp6OutDatagrams") > 0;
}

int linux_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING); }

uint64_t linux_resident_bytes(void) {
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long total = 0, resident = 0;
    if (!file) return 0;
    int fields = fscanf(file, "%lu %lu", &total, &resident);
    fclose(file);
    return fields == 2 ? (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

struct mapped_image {
    const char *path;
    struct dl_phdr_info info;
};

static int has_path(struct dl_phdr_info *image, size_t size, void *sought) {
    struct mapped_image *mapped = sought;
    (void)size;
    if (!image->dlpi_name || strcmp(image->dlpi_name, mapped->path) != 0) return 0;
    mapped->info = *image;
    return 1;
}

/* proc_pid_pagemap(5): eight bytes for a page. */
static const uint64_t page_is_present = 1ull << 63, page_is_of_a_file = 1ull << 61;

/* Calls visit with the address and the entry of each page from first to end. */
static void each_page(int pagemap, uintptr_t first, uintptr_t end, void (*visit)(uintptr_t, uint64_t, void *), void *context) {
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uint64_t entries[512];
    for (first /= page, end = (end + page - 1) / page; first < end;) {
        size_t wanted = end - first < 512 ? end - first : 512;
        ssize_t count = pread(pagemap, entries, wanted * sizeof *entries, (off_t)(first * sizeof *entries));
        if (count < (ssize_t)sizeof *entries) return;
        for (size_t i = 0; i < (size_t)count / sizeof *entries; i++, first++) visit(first * page, entries[i], context);
    }
}

struct image_memory {
    uint64_t *resident, *own;
};

static void add_page(uintptr_t address, uint64_t entry, void *context) {
    struct image_memory *memory = context;
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    (void)address;
    if (!(entry & page_is_present)) return;
    *memory->resident += page;
    if (!(entry & page_is_of_a_file)) *memory->own += page;
}

/* Unlike smaps, the pagemap is read for the pages of one image alone, so the cost does not grow with the number of images. */
int linux_image_memory(const char *path, uint64_t *resident, uint64_t *own) {
    struct mapped_image mapped = {.path = path};
    struct image_memory memory = {.resident = resident, .own = own};
    *resident = *own = 0;
    if (!dl_iterate_phdr(has_path, &mapped)) return 0;
    int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (pagemap < 0) return 1;
    for (int i = 0; i < mapped.info.dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &mapped.info.dlpi_phdr[i];
        uintptr_t start = mapped.info.dlpi_addr + part->p_vaddr;
        if (part->p_type == PT_LOAD) each_page(pagemap, start, start + part->p_memsz, add_page, &memory);
    }
    close(pagemap);
    return 1;
}

/* Pages of the file that follow each other. */
struct page_run {
    uintptr_t start, end;
};

static void release_run(struct page_run *run) {
    if (run->end > run->start) madvise((void *)run->start, run->end - run->start, MADV_DONTNEED);
    run->start = run->end = 0;
}

/* Text relocations and the breakpoints of a debugger make a page differ from the file. Such a page stays. */
static void add_to_run(uintptr_t address, uint64_t entry, void *context) {
    struct page_run *run = context;
    const uint64_t wanted = page_is_present | page_is_of_a_file;
    if ((entry & wanted) != wanted) return release_run(run);
    if (run->end != address) {
        release_run(run);
        run->start = address;
    }
    run->end = address + (uintptr_t)sysconf(_SC_PAGESIZE);
}

static int release_code(struct dl_phdr_info *image, size_t size, void *pagemap) {
    (void)size;
    for (int i = 0; i < image->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &image->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || part->p_flags & PF_W) continue;
        uintptr_t start = image->dlpi_addr + part->p_vaddr;
        struct page_run run = {0};
        each_page(*(int *)pagemap, start, start + part->p_memsz, add_to_run, &run);
        release_run(&run);
    }
    return 0;
}

void linux_use_one_heap(void) { mallopt(M_ARENA_MAX, 1); }

void linux_release_memory(void) {
    malloc_trim(0);
    int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (pagemap < 0) return;
    dl_iterate_phdr(release_code, &pagemap);
    close(pagemap);
}

int linux_mkostemp(char *template) { return mkostemp(template, O_CLOEXEC); }

int linux_is_noexec(const char *path) {
    struct statvfs status;
    return statvfs(path, &status) == 0 && (status.f_flag & ST_NOEXEC) != 0;
}

uint64_t linux_descriptor_limit(pid_t process) {
    struct rlimit limit;
    return prlimit(process, RLIMIT_NOFILE, NULL, &limit) == 0 ? limit.rlim_cur : 0;
}

int linux_open_descriptors(pid_t process) {
    struct stat status;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd", (int)process);
    /* Since Linux 6.2 the size of the folder is the number of descriptors (proc(5)). */
    return stat(path, &status) == 0 && status.st_size > 0 ? (int)status.st_size : -1;
}

int linux_register_process_barrier(void) {
    return (int)syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
}

void linux_process_barrier(void) { syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0); }

static int holds_code(struct dl_phdr_info *image, size_t size, void *address) {
    (void)size;
    for (int i = 0; i < image->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &image->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
        if ((uintptr_t)address - (image->dlpi_addr + part->p_vaddr) < part->p_memsz) return 1;
    }
    return 0;
}

int linux_is_code(const void *address) { return dl_iterate_phdr(holds_code, (void *)address); }

int linux_become(uid_t user, gid_t group, const gid_t *groups, size_t count) {
    return setgroups(count, groups) == 0 && setgid(group) == 0 && setuid(user) == 0 ? 0 : -1;
}

int linux_limit_processes(uint64_t count) {
    struct rlimit limit = {count, count};
    return setrlimit(RLIMIT_NPROC, &limit);
}

static void *do_nothing(void *argument) { return argument; }

int linux_can_start_thread(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, do_nothing, NULL) != 0) return 0;
    pthread_join(thread, NULL);
    return 1;
}

int linux_keep_privileges_down(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }

int linux_process_descriptor(pid_t process) { return (int)syscall(SYS_pidfd_open, process, 0); }

int linux_child_has_ended(pid_t child) {
    siginfo_t found = {.si_pid = 0};
    return waitid(P_PID, (id_t)child, &found, WEXITED | WNOHANG | WNOWAIT) != 0 || found.si_pid != 0;
}

int linux_exited(int status) { return WIFEXITED(status); }
int linux_exit_code(int status) { return WEXITSTATUS(status); }
int linux_term_signal(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }

static int seals_of(int content) { return F_SEAL_SHRINK | F_SEAL_GROW | (content ? F_SEAL_WRITE : 0); }

int linux_seal(int file, int content) { return fcntl(file, F_ADD_SEALS, seals_of(content) | F_SEAL_SEAL); }

int linux_is_sealed(int file, int content) {
    int seals = fcntl(file, F_GET_SEALS);
    return seals >= 0 && (seals & seals_of(content)) == seals_of(content);
}

/* Room for the descriptors of one message. */
union descriptor_room {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int) * 253)];
};

ssize_t linux_send_descriptors(int socket, const void *bytes, size_t length, const int *descriptors, int count) {
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    union descriptor_room room;
    if (count < 0 || count > 253) {
        errno = EINVAL;
        return -1;
    }
    if (count > 0) {
        size_t size = sizeof(int) * (size_t)count;
        memset(&room, 0, sizeof room);
        message.msg_control = room.bytes;
        message.msg_controllen = CMSG_SPACE(size);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        *header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(size)};
        memcpy(CMSG_DATA(header), descriptors, size);
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

ssize_t linux_receive_descriptors(int socket, void *bytes, size_t capacity, int *descriptors, int *count) {
    struct iovec part = {.iov_base = bytes, .iov_len = capacity};
    union descriptor_room room;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof room.bytes};
    int limit = *count;
    *count = 0;
    ssize_t received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (received < 0) return received;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t passed = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < passed; i++) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof descriptor);
            if (*count < limit) descriptors[(*count)++] = descriptor;
            else close(descriptor);
        }
    }
    if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        while (*count > 0) close(descriptors[--*count]);
        errno = EMSGSIZE;
        return -1;
    }
    return received;
}

void linux_wait_semaphore(sem_t *semaphore, uint64_t end) {
    struct timespec time = {.tv_sec = (time_t)(end / 1000000000u), .tv_nsec = (long)(end % 1000000000u)};
    sem_clockwait(semaphore, CLOCK_MONOTONIC, &time);
}
