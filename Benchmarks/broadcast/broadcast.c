// The least that a broadcast costs, and the load for `broadcast.sh`.
//
//   broadcast serve                    a server: a line "+" makes its peer a member, and any other line is sent to each member,
//                                      one send(2) for each. One thread, level-triggered epoll. Prints "ready PORT".
//   broadcast load PORT PID MEMBERS ROUNDS DEPTH SIZE
//                                      connects MEMBERS peers, and then in each round sends DEPTH lines of SIZE bytes at once, until
//                                      every member has got them all. Prints the CPU time of the process PID in nanoseconds for
//                                      each delivery.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 4096, SCRATCH_BYTES = 1 << 18 };

static char scratch[SCRATCH_BYTES];

static void fail(const char *doing) {
    fprintf(stderr, "broadcast: %s: %s\n", doing, strerror(errno));
    exit(1);
}

static void watch(int epoll, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
}

static void no_delay(int fd) { setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)); }

static void serve(void) {
    static int members[MOST];
    int count = 0, epoll = epoll_create1(0), listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 4096) != 0) fail("listen");
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("ready %d\n", ntohs(address.sin_port));
    fflush(stdout);
    watch(epoll, listener);
    struct epoll_event events[256];
    for (;;) {
        int ready = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                no_delay(fd);
                watch(epoll, fd);
                continue;
            }
            ssize_t got = recv(fd, scratch, sizeof scratch, 0);
            if (got <= 0) {
                for (int member = 0; member < count; member++)
                    if (members[member] == fd) members[member--] = members[--count];
                close(fd);
                continue;
            }
            char *line = scratch, *newline;
            while ((newline = memchr(line, '\n', (size_t)(scratch + got - line))) != NULL) {
                size_t size = (size_t)(newline + 1 - line);
                if (line[0] == '+') {
                    members[count++] = fd;
                    send(fd, "+\n", 2, MSG_NOSIGNAL);
                } else {
                    for (int member = 0; member < count; member++)
                        if (send(members[member], line, size, MSG_NOSIGNAL) != (ssize_t)size) fail("send");
                }
                line = newline + 1;
            }
        }
    }
}

// The CPU time of all threads of a process, in nanoseconds (proc_pid_schedstat).
static unsigned long long cpu_of(int pid) {
    char path[300];
    unsigned long long sum = 0;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *folder = opendir(path);
    if (folder == NULL) fail(path);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        unsigned long long time = 0;
        snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", pid, entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
        if (file == NULL) continue;
        if (fscanf(file, "%llu", &time) == 1) sum += time;
        fclose(file);
    }
    closedir(folder);
    return sum;
}

static int connected(int port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    no_delay(fd);
    return fd;
}

static void load(int port, int pid, int members, int rounds, int depth, size_t size) {
    int epoll = epoll_create1(0), sender = connected(port);
    for (int i = 0; i < members; i++) {
        int fd = connected(port);
        if (send(fd, "+\n", 2, 0) != 2 || recv(fd, scratch, 2, MSG_WAITALL) != 2) fail("join");
        watch(epoll, fd);
    }
    char *lines = malloc(size * (size_t)depth);
    memset(lines, 'x', size * (size_t)depth);
    for (int i = 0; i < depth; i++) lines[size * (size_t)(i + 1) - 1] = '\n';
    struct epoll_event events[256];
    unsigned long long began = 0;
    for (int round = -rounds / 10; round < rounds; round++) {
        if (round == 0) began = cpu_of(pid);
        if (send(sender, lines, size * (size_t)depth, 0) < 0) fail("send");
        size_t left = size * (size_t)depth * (size_t)members;
        while (left > 0) {
            int ready = epoll_wait(epoll, events, 256, 10000);
            if (ready <= 0) fail("wait for the members");
            for (int i = 0; i < ready; i++) {
                ssize_t got = recv(events[i].data.fd, scratch, sizeof scratch, 0);
                if (got <= 0) fail("receive");
                left -= (size_t)got;
            }
        }
    }
    double deliveries = (double)rounds * depth * members;
    printf("%.0f\n", (double)(cpu_of(pid) - began) / deliveries);
}

int main(int count, char **words) {
    if (count == 2 && strcmp(words[1], "serve") == 0) serve();
    if (count != 8 || strcmp(words[1], "load") != 0) {
        fprintf(stderr, "usage: broadcast serve | broadcast load PORT PID MEMBERS ROUNDS DEPTH SIZE\n");
        return 64;
    }
    load(atoi(words[2]), atoi(words[3]), atoi(words[4]), atoi(words[5]), atoi(words[6]), strtoul(words[7], NULL, 10));
}
