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
#include <sys/types.h>

/* accept4(2) with SOCK_NONBLOCK | SOCK_CLOEXEC. */
int linux_accept(int listening, struct sockaddr *address, socklen_t *length);

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

/* SO_PEERCRED of a Unix socket: the peer's user and process. -1 with errno. */
int linux_peer_credentials(int socket, uid_t *user, pid_t *process);

/* signalfd(2) that is closed on exec and does not block; -1 with errno. */
int linux_signal_descriptor(const sigset_t *signals);

/* prctl(PR_SET_PDEATHSIG): the calling process gets this signal when its parent's thread dies. */
int linux_die_with_parent(int signal);

/*
 * unshare(2): a network namespace of its own for the calling process, with nothing but a loopback interface, which is up.
 * As another user than root in a user namespace of its own, in which it stays who it is: then *limited is 1, and
 * RLIMIT_NPROC counts the processes of this namespace alone. Only one thread may run. 0, or -1 with errno and all as it was.
 */
int linux_leave_network(int *limited);

/*
 * What the limit RLIMIT_FSIZE of 0 and an empty network namespace keep from this process: call linux_watch_file_size once, then
 * ask whether a write was refused (SIGXFSZ), and whether anything wanted to reach the network (the counters in /proc/net/snmp).
 */
void linux_watch_file_size(void);
int linux_file_size_was_reached(void);
int linux_network_was_tried(void);

/* memfd_create(2) with MFD_CLOEXEC: a file in memory; -1 with errno. */
int linux_memory_file(const char *name);

/* Resident bytes of the calling process, from /proc/self/statm; 0 on failure. */
uint64_t linux_resident_bytes(void);

/* What an image that dlopen(3) opened by this path holds of memory, from /proc/self/pagemap: resident bytes, and those of them that
 * are copies of its own. 0 when no such image is mapped. Both are 0 where the kernel does not tell. */
int linux_image_memory(const char *path, uint64_t *resident, uint64_t *own);

/* mkostemp(3) with O_CLOEXEC. */
int linux_mkostemp(char *template_);

/* Whether the file system of a path is mounted noexec: statvfs(3). */
int linux_is_noexec(const char *path);

/* sem_clockwait(3) on CLOCK_MONOTONIC: 1 when the semaphore was taken, 0 when the time, in nanoseconds, is over. */
int linux_wait_semaphore(sem_t *semaphore, uint64_t deadline);

/* Open descriptors of this process; -1 when the kernel does not tell at once (before Linux 6.2). */
int linux_open_descriptors(void);

/*
 * membarrier(2) for this process: each of its threads that runs has gone through a full memory barrier when
 * linux_process_barrier returns. Register first; not 0 where the kernel does not offer it.
 */
int linux_register_process_barrier(void);
void linux_process_barrier(void);

/*
 * Gives back memory that is easily had again: free memory of the heap, malloc_trim(3), and the mapped pages of code and constants.
 * Those stay in the page cache, and the first use of one maps it again: madvise(2), MADV_DONTNEED.
 */
void linux_release_memory(void);

/* Whether an address lies in the code of a loaded object: dl_iterate_phdr(3). */
int linux_is_code(const void *address);

/* wait4(2) results taken apart: macros that Swift does not import. */
int linux_exited(int status);
int linux_exit_code(int status);
int linux_term_signal(int status);

#endif
