#define _GNU_SOURCE
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Only system calls: the process was copied from one that may have had a sanitizer's threads. */
#define KEEPER __attribute__((no_sanitize("address", "thread", "undefined")))

struct keeper {
    int socket;
    /* Of the socket: a plugin may close its number, and the kernel may give it to something else. */
    dev_t device;
    ino_t inode;
    pid_t partner;
    int partner_descriptor; /* pidfd_open(2) */
};

static ssize_t send_message(
    int socket, const struct linux_keeper_message *message, const int32_t *descriptors, uint32_t count) {
    size_t length = sizeof *message - sizeof message->numbers + message->count * sizeof message->numbers[0];
    struct iovec part = {.iov_base = (void *)message, .iov_len = length};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int32_t) * LINUX_KEEPER_BATCH)];
    } room;
    if (count > 0) {
        size_t size = sizeof(int32_t) * count;
        header.msg_control = room.bytes;
        header.msg_controllen = CMSG_SPACE(size);
        room.header.cmsg_level = SOL_SOCKET;
        room.header.cmsg_type = SCM_RIGHTS;
        room.header.cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(&room.header), descriptors, size);
    }
    return syscall(SYS_sendmsg, socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
}

KEEPER static long wait_for(struct pollfd *descriptors, unsigned count, int milliseconds) {
    struct timespec limit = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L};
    return syscall(SYS_ppoll, descriptors, count, milliseconds < 0 ? NULL : &limit, NULL, 0);
}

/* The number still stands for our end of the socket. */
KEEPER static int has_socket(const struct keeper *keeper) {
    struct stat found;
    return fstat(keeper->socket, &found) == 0 && found.st_dev == keeper->device && found.st_ino == keeper->inode;
}

/* Sends the descriptors that are open. */
KEEPER static void give(const struct keeper *keeper, struct linux_keeper_message *message) {
    int32_t open[LINUX_KEEPER_BATCH];
    message->kind = LINUX_KEEPER_GIVEN;
    for (int checks = 0, attempts = 0; attempts < 1000; attempts++) {
        uint32_t count = 0;
        for (uint32_t i = 0; i < message->count; i++) {
            if (checks && syscall(SYS_fcntl, message->numbers[i], F_GETFD) < 0) message->numbers[i] = -1;
            if (message->numbers[i] >= 0) open[count++] = message->numbers[i];
        }
        if (send_message(keeper->socket, message, open, count) >= 0) return;
        /* Most are open, so nobody has looked yet. */
        if (errno == EBADF) {
            if (checks) return;
            checks = 1;
        } else if (errno == EAGAIN || errno == ETOOMANYREFS || errno == ENOBUFS || errno == ENOMEM) {
            /* The receiver has to take something first. */
            struct pollfd room = {.fd = keeper->socket, .events = errno == EAGAIN ? POLLOUT : 0};
            wait_for(&room, 1, 10);
        } else if (errno != EINTR) return;
    }
}

/* 0: the socket is at its end. */
KEEPER static int answer(const struct keeper *keeper) {
    struct linux_keeper_message message;
    struct iovec part = {.iov_base = &message, .iov_len = sizeof message};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t length = syscall(SYS_recvmsg, keeper->socket, &header, MSG_DONTWAIT);
    if (length < 0) return errno == EAGAIN || errno == EINTR;
    if (length == 0) return 0;
    size_t head = sizeof message - sizeof message.numbers;
    if ((size_t)length < head || message.kind != LINUX_KEEPER_TAKE || message.count > LINUX_KEEPER_BATCH ||
        (size_t)length != head + message.count * sizeof message.numbers[0])
        return 1;
    give(keeper, &message);
    return 1;
}

KEEPER static void watch(struct keeper *keeper, pid_t partner) {
    keeper->partner = partner;
    keeper->partner_descriptor = partner > 0 ? (int)syscall(SYS_pidfd_open, partner, 0) : -1;
}

static pid_t start(struct keeper keeper, pid_t partner);

/* The descriptor of the partner says something: 1: it has died. */
KEEPER static int has_lost_partner(struct keeper *keeper) {
    if (syscall(SYS_pidfd_send_signal, keeper->partner_descriptor, 0, NULL, 0) < 0 && errno == EBADF) {
        /* A plugin has closed it. */
        watch(keeper, keeper->partner);
        return keeper->partner_descriptor < 0;
    }
    syscall(SYS_close, keeper->partner_descriptor);
    return 1;
}

KEEPER static void keep(struct keeper keeper) {
    struct linux_keeper_message hello = {.kind = LINUX_KEEPER_HELLO};
    send_message(keeper.socket, &hello, NULL, 0);
    for (;;) {
        if (keeper.partner_descriptor < 0) watch(&keeper, start(keeper, (pid_t)syscall(SYS_getpid)));
        if (!has_socket(&keeper)) return;
        /* Without a partner: tries again after a while. */
        struct pollfd events[2] = {
            {.fd = keeper.socket, .events = POLLIN}, {.fd = keeper.partner_descriptor, .events = POLLIN}};
        wait_for(events, 2, keeper.partner_descriptor < 0 ? 1000 : -1);
        if (!has_socket(&keeper)) return;
        if (events[0].revents != 0 && !answer(&keeper)) return;
        if (events[1].revents != 0 && has_lost_partner(&keeper)) keeper.partner_descriptor = -1;
    }
}

/* Returns the process id of a new keeper; -1. */
KEEPER static pid_t start(struct keeper keeper, pid_t partner) {
    pid_t child = (pid_t)syscall(SYS_clone, CLONE_FILES | CLONE_PARENT, 0, 0, 0, 0);
    if (child != 0) return child;
    syscall(SYS_setsid);
    uint64_t all = ~(uint64_t)0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof all);
    syscall(SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0);
    syscall(SYS_prctl, PR_SET_NAME, "martlet-keeper", 0, 0, 0);
    watch(&keeper, partner);
    keep(keeper);
    syscall(SYS_exit_group, 0);
    __builtin_unreachable();
}

int linux_start_keepers(int socket) {
    struct stat found;
    if (fstat(socket, &found) != 0) return -1;
    struct keeper keeper = {.socket = socket, .device = found.st_dev, .inode = found.st_ino};
    /* The first one starts the second. */
    return start(keeper, 0) < 0 ? -1 : 0;
}

int linux_ask_keeper(int socket, const int32_t *numbers, uint32_t count) {
    struct linux_keeper_message message = {.kind = LINUX_KEEPER_TAKE, .count = count};
    if (count > LINUX_KEEPER_BATCH) {
        errno = EINVAL;
        return -1;
    }
    memcpy(message.numbers, numbers, count * sizeof *numbers);
    return send_message(socket, &message, NULL, 0) < 0 ? -1 : 0;
}

int linux_receive_from_keeper(int socket, struct linux_keeper_message *message, int *descriptors, pid_t *sender) {
    struct iovec part = {.iov_base = message, .iov_len = sizeof *message};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int) * LINUX_KEEPER_BATCH) + CMSG_SPACE(sizeof(struct ucred))];
    } room;
    struct msghdr header = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof room.bytes};
    *sender = 0;
    ssize_t length = recvmsg(socket, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (length < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
    if (length == 0) {
        errno = EPIPE;
        return -1;
    }
    uint32_t passed = 0;
    for (struct cmsghdr *found = CMSG_FIRSTHDR(&header); found; found = CMSG_NXTHDR(&header, found)) {
        if (found->cmsg_level != SOL_SOCKET) continue;
        if (found->cmsg_type == SCM_CREDENTIALS) {
            struct ucred credentials;
            memcpy(&credentials, CMSG_DATA(found), sizeof credentials);
            *sender = credentials.pid;
        } else if (found->cmsg_type == SCM_RIGHTS && passed == 0) {
            passed = (uint32_t)((found->cmsg_len - CMSG_LEN(0)) / sizeof(int));
            if (passed > LINUX_KEEPER_BATCH) passed = LINUX_KEEPER_BATCH;
            memcpy(descriptors, CMSG_DATA(found), passed * sizeof(int));
        }
    }
    size_t head = sizeof *message - sizeof message->numbers;
    uint32_t expected = 0;
    int valid = (size_t)length >= head && message->count <= LINUX_KEEPER_BATCH &&
                (size_t)length == head + message->count * sizeof message->numbers[0];
    for (uint32_t i = 0; valid && i < message->count; i++) expected += message->numbers[i] >= 0;
    if (valid && expected == passed && !(header.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) return 1;
    for (uint32_t i = 0; i < passed; i++) close(descriptors[i]);
    errno = EBADMSG;
    return -1;
}

int linux_learn_senders(int socket) {
    int on = 1;
    return setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
}
