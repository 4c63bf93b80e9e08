// The floor: the least that a server on epoll can do for a request. No parsing, no timers, no limits, no logging.
// The difference between Martlet and this server is the cost of hosting plugins, parsing and protection.
//
//   floor http PORT    sends a fixed 200 for each blank line; reads nothing else
//   floor echo PORT    sends back its input
//
// One thread, edge-triggered epoll, each socket registered once, one recv and one send per wake-up.
// Prints "ready PORT" when it listens; with PORT 0 the kernel chooses. SIGTERM ends it.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SCRATCH_BYTES = 65536, EVENTS_PER_TURN = 256, COPIES = 256 };

// The header fields that Martlet's HTTP plugin sends, with a date that never changes.
#define ANSWER                                   \
    "HTTP/1.1 200 OK\r\n"                        \
    "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"    \
    "Content-Type: text/plain\r\n"               \
    "Content-Length: 13\r\n"                     \
    "\r\n"                                       \
    "Hello, world!"
enum { ANSWER_BYTES = sizeof(ANSWER) - 1 };

struct connection {
    int fd;
    unsigned matched;   // how many bytes of "\r\n\r\n" the input ends with
    bool peer_finished; // recv returned 0; close when nothing is pending
    size_t pending;     // bytes that the kernel has not taken; while there are any, nothing is received
    size_t position;    // echo: offset of the pending bytes in `copy`; http: offset within the answer
    char *copy;         // echo: the bytes that the kernel did not take; NULL until that first happens
};

static bool echo;
static char scratch[SCRATCH_BYTES];
static char answers[COPIES * ANSWER_BYTES];

static void fail(const char *doing) {
    fprintf(stderr, "floor: %s: %s\n", doing, strerror(errno));
    exit(1);
}

static size_t requests_ended(struct connection *c, const char *bytes, size_t count) {
    size_t ended = 0;
    unsigned matched = c->matched;
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == "\r\n\r\n"[matched]) {
            if (++matched == 4) ended++, matched = 0;
        } else {
            matched = bytes[i] == '\r';
        }
    }
    c->matched = matched;
    return ended;
}

// Sends from `bytes` (echo) or from the ring of answers (http). Returns false if the connection is gone.
static bool flush(struct connection *c, const char *bytes) {
    while (c->pending > 0) {
        size_t count = c->pending;
        if (!echo && count > sizeof answers - c->position) count = sizeof answers - c->position;
        ssize_t sent = send(c->fd, bytes + c->position, count, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return errno == EAGAIN;
        c->pending -= sent;
        c->position += sent;
        if (!echo) c->position %= ANSWER_BYTES;
    }
    if (echo) c->position = 0;
    return true;
}

// Saves the bytes that the kernel did not take from the next recv into the scratch buffer.
static void keep_pending_echo(struct connection *c) {
    if (!c->copy && !(c->copy = malloc(SCRATCH_BYTES))) fail("malloc");
    memcpy(c->copy, scratch + c->position, c->pending);
    c->position = 0;
}

// Returns false if the connection is finished and must be closed.
static bool serve(struct connection *c, uint32_t events) {
    if (c->pending > 0 && !flush(c, echo ? c->copy : answers)) return false;
    while (c->pending == 0 && !c->peer_finished) {
        ssize_t count = recv(c->fd, scratch, sizeof scratch, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return errno == EAGAIN;
        if (count == 0) {
            c->peer_finished = true;
            break;
        }
        c->pending = echo ? (size_t)count : requests_ended(c, scratch, count) * ANSWER_BYTES;
        if (!flush(c, echo ? scratch : answers)) return false;
        if (echo && c->pending > 0) keep_pending_echo(c);
        // A short recv has emptied the socket, so wait for the next edge, unless the peer has already closed.
        if ((size_t)count < sizeof scratch && c->pending == 0 && !(events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))) break;
    }
    return !(c->peer_finished && c->pending == 0);
}

static void accept_all(int epoll, int listener) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && errno == EAGAIN) return;
        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
        if (fd < 0) fail("accept4");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        struct connection *c = calloc(1, sizeof *c);
        if (!c) fail("calloc");
        c->fd = fd;
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
    }
}

static int listen_on(uint16_t port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(fd, (struct sockaddr *)&address, length) < 0) fail("bind");
    if (listen(fd, 4096) < 0) fail("listen");
    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0) fail("getsockname");
    printf("ready %d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

int main(int argc, char **argv) {
    if (argc != 3 || (strcmp(argv[1], "http") && strcmp(argv[1], "echo"))) {
        fprintf(stderr, "usage: floor http|echo PORT\n");
        return 2;
    }
    echo = strcmp(argv[1], "echo") == 0;
    for (int i = 0; i < COPIES; i++) memcpy(answers + i * ANSWER_BYTES, ANSWER, ANSWER_BYTES);

    int listener = listen_on((uint16_t)atoi(argv[2]));
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) fail("epoll_create1");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}; // NULL: the listener
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) < 0) fail("epoll_ctl");

    for (;;) {
        struct epoll_event events[EVENTS_PER_TURN];
        int count = epoll_wait(epoll, events, EVENTS_PER_TURN, -1);
        if (count < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < count; i++) {
            struct connection *c = events[i].data.ptr;
            if (!c) {
                accept_all(epoll, listener);
            } else if (!serve(c, events[i].events)) {
                close(c->fd); // also removes it from the epoll set
                free(c->copy);
                free(c);
            }
        }
    }
}
