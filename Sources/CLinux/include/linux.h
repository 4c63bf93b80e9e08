/*
 * What Swift cannot import from libc: GNU functions, and macros that the importer does not understand.
 * No _GNU_SOURCE here: it would clash with Swift's own import of libc.
 */
#ifndef MARTLET_LINUX_H
#define MARTLET_LINUX_H

#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/*
 * The time of the calling thread, in nanoseconds, instead of CLOCK_MONOTONIC: a simulation sets it while it drives an engine. 0: the
 * thread has the real clock.
 */
extern _Thread_local uint64_t linux_simulated_time;
static inline uint64_t linux_get_simulated_time(void) { return linux_simulated_time; }
static inline void linux_set_simulated_time(uint64_t nanoseconds) { linux_simulated_time = nanoseconds; }

/* accept4(2) with SOCK_NONBLOCK | SOCK_CLOEXEC. */
int linux_accept(int listening, struct sockaddr *address, socklen_t *length);

/*
 * recv(2) and send(2). In a process with several threads, those of glibc mark the thread as cancellable around each call, with two
 * atomic operations (pthreads(7), cancellation points). No thread here is ever cancelled.
 */
static inline ssize_t linux_recv(int socket, void *buffer, size_t count, int flags) {
    return syscall(SYS_recvfrom, socket, buffer, count, flags, NULL, NULL);
}
static inline ssize_t linux_send(int socket, const void *buffer, size_t count, int flags) {
    return syscall(SYS_sendto, socket, buffer, count, flags, NULL, 0);
}

/* sem_clockwait(3) on CLOCK_MONOTONIC: waits until `end`, in nanoseconds, or until a signal comes. */
void linux_wait_semaphore(sem_t *semaphore, uint64_t end);

/* pipe2(2) with O_CLOEXEC. */
int linux_pipe(int ends[2]);

/* sched_setaffinity(2) of the calling thread to one processor. */
int linux_pin_thread(int processor);

/* Whether the calling thread may run on a processor: sched_getaffinity(2). */
int linux_may_use_processor(int processor);

/* Processors that this process may run on: sched_getaffinity(2). */
int linux_processor_count(void);

/* pthread_setname_np(3) of the calling thread; at most 15 bytes. */
void linux_name_thread(const char *name);

/*
 * SCHED_BATCH, sched(7), for the calling thread: when it wakes, it takes a free processor or waits for one, but does not interrupt
 * another thread.
 */
void linux_run_as_batch(void);

/* SO_PEERCRED of a Unix socket: the peer's user and process. -1 with errno. */
int linux_peer_credentials(int socket, uid_t *user, pid_t *process);

/* signalfd(2) that is closed on exec and does not block; -1 with errno. */
int linux_signal_descriptor(const sigset_t *signals);

/*
 * setgroups(2), setgid(2), setuid(2) of the whole process. The process must have only one thread. -1 with errno.
 */
int linux_become(uid_t user, gid_t group, const gid_t *groups, size_t count);

/* setrlimit(2) with RLIMIT_NPROC: processes and threads of the user. */
int linux_limit_processes(uint64_t count);

/* Whether the kernel gives this process another thread: 0 at RLIMIT_NPROC, and when there is no memory. */
int linux_can_start_thread(void);

/* prctl(PR_SET_NO_NEW_PRIVS): from now on no program that this process starts has more rights than it. */
int linux_keep_privileges_down(void);

/* prctl(PR_SET_PDEATHSIG): the calling process gets this signal when its parent's thread dies. */
int linux_die_with_parent(int signal);

/*
 * unshare(2): moves the calling process into a new network namespace, which has only a loopback interface, and that is up.
 * Without the privilege for it, also into a new user namespace with the same user and group ids: then *limited is 1, and
 * RLIMIT_NPROC counts only the processes of this namespace. The process must have only one thread. Returns 0, or -1 with errno
 * and nothing changed.
 */
int linux_leave_network(int *limited);

/*
 * Detect what RLIMIT_FSIZE of 0 and an empty network namespace deny to this process: call linux_watch_file_size once, then ask
 * whether a write was refused (SIGXFSZ), and whether anything tried to reach the network (the counters in /proc/net/snmp).
 */
void linux_watch_file_size(void);
int linux_file_size_was_reached(void);
int linux_network_was_tried(void);

/* renameat2(2). Unless it replaces, fails with EEXIST if `to` is there; on file systems that do not know this, it is looked for first. Returns
 * 0, or -1 with errno. */
int linux_rename(const char *from, const char *to, int replaces);

/* memfd_create(2) with MFD_CLOEXEC and MFD_ALLOW_SEALING: a file in memory; -1 with errno. */
int linux_memory_file(const char *name);

/* Resident bytes of the calling process, from /proc/self/statm; 0 on failure. */
uint64_t linux_resident_bytes(void);

/* The memory of an image that dlopen(3) opened by this path, from /proc/self/pagemap: resident bytes, and how many of them are
 * private copies. Returns 0 when no such image is mapped. Both numbers are 0 when the kernel does not report them. */
int linux_image_memory(const char *path, uint64_t *resident, uint64_t *own);

/* mkostemp(3) with O_CLOEXEC. */
int linux_mkostemp(char *template_);

/* Whether the file system of a path is mounted noexec: statvfs(3). */
int linux_is_noexec(const char *path);

/* The number of open descriptors of a process; -1 when the kernel does not report it directly (before Linux 6.2). */
int linux_open_descriptors(pid_t process);

/* prlimit(2): how many descriptors a process may have; 0 on failure. */
uint64_t linux_descriptor_limit(pid_t process);

/*
 * membarrier(2) for this process: when linux_process_barrier returns, each of its running threads has passed a full memory
 * barrier. Register first; the result is not 0 where the kernel has no membarrier.
 */
int linux_register_process_barrier(void);
void linux_process_barrier(void);

/*
 * All threads allocate from one heap: mallopt(3), M_ARENA_MAX. For a process without a hot path: a heap for each thread costs it memory.
 * Call this before there are other threads.
 */
void linux_use_one_heap(void);

/*
 * Returns memory to the kernel: the free memory of the heap, malloc_trim(3), and the mapped pages of code and constants, which
 * stay in the page cache. The first use of such a page maps it again: madvise(2), MADV_DONTNEED.
 */
void linux_release_memory(void);

/* Whether an address is in the code of a loaded object: dl_iterate_phdr(3). */
int linux_is_code(const void *address);

/* pidfd_open(2), closed on exec; -1 with errno. */
int linux_process_descriptor(pid_t process);

/* Whether a child has ended or is none: waitid(2), which leaves it to be reaped. */
int linux_child_has_ended(pid_t child);

/* Decode the status of wait4(2): macros that Swift does not import. */
int linux_exited(int status);
int linux_exit_code(int status);
int linux_term_signal(int status);

/* F_ADD_SEALS: the size of a file in memory can no longer change; with `content` not 0, nor can its content. */
int linux_seal(int file, int content);

/* Whether a file is sealed like that. 0 also for a file that cannot be sealed. */
int linux_is_sealed(int file, int content);

/* sendmsg(2) with descriptors, at most 253 (unix(7), SCM_RIGHTS), without waiting and without SIGPIPE. */
ssize_t linux_send_descriptors(int socket, const void *bytes, size_t length, const int *descriptors, int count);

/*
 * recvmsg(2) without waiting; the descriptors are close-on-exec. count: the room for descriptors before, their number after. -1 with
 * EMSGSIZE when bytes or descriptors did not fit; then none is open.
 */
ssize_t linux_receive_descriptors(int socket, void *bytes, size_t capacity, int *descriptors, int *count);

#endif
