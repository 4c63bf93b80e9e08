/*
 * Puts or gets values over the binary protocol (docs/binary-protocol.md), one at a time on each of many connections, and prints requests
 * per second and the latencies in microseconds: "RATE MEDIAN P99 FAILED". "fill" puts each of the keys that "get" asks for, once.
 *
 *     requests put|get|fill PORT|PATH CONNECTIONS SECONDS
 *
 * It does not push the server off its processor when an answer comes (SCHED_BATCH), because a client on another machine would not either.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <nmmintrin.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <netinet/tcp.h>

#include "measure.h"

enum { HEADER = 24, KEY = 16, VALUE = 100, PUT = HEADER + 4 + KEY + VALUE, LATENCIES = 10000000, KEYS = 10000 };

static enum { PUTS, GETS, FILLS } mode;
static uint64_t filled;

static uint32_t checksum(uint32_t sum, const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) sum = _mm_crc32_u8(sum, bytes[i]);
    return sum;
}

static void store32(uint8_t *at, uint32_t value) { memcpy(at, &value, 4); }

/* Fills in the header of a frame whose payload is there. */
static void seal(uint8_t *frame, uint8_t opcode, uint32_t id, uint32_t length) {
    const uint8_t magic[] = {0xBD, 0x4D, 0x42, 0x0A, 1, opcode, 0, 0};
    memcpy(frame, magic, 8);
    store32(frame + 8, id);
    store32(frame + 12, length);
    uint32_t sum = checksum(0xFFFFFFFF, frame, 16);
    store32(frame + 16, ~sum);
    store32(frame + 20, ~checksum(sum, frame + HEADER, length));
}

struct connection {
    int socket;
    uint64_t began;
    uint8_t input[4096];
    size_t count;
};

static void ask(struct connection *connection) {
    uint8_t frame[PUT] = {0};
    uint64_t number = next_random();
    size_t length = PUT;
    if (mode == GETS) {
        number %= KEYS;
        memcpy(frame + HEADER, &number, 8);
        length = HEADER + KEY;
        seal(frame, 0x20, 1, KEY);
    } else {
        if (mode == FILLS) number = filled++;
        frame[HEADER] = KEY;
        memcpy(frame + HEADER + 4, &number, 8);
        memset(frame + HEADER + 4 + KEY, 7, VALUE);
        seal(frame, 0x21, 1, PUT - HEADER);
    }
    connection->began = now();
    if (send(connection->socket, frame, length, MSG_NOSIGNAL) != (ssize_t)length) perror("send"), exit(1);
}

/* To a port of this machine, or to a Unix socket. */
static int connected(const char *where) {
    struct sockaddr_in port = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(where))};
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    int is_path = *where == '/', one = 1, made = socket(is_path ? AF_UNIX : AF_INET, SOCK_STREAM, 0);
    port.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    strncpy(path.sun_path, where, sizeof path.sun_path - 1);
    if (!is_path) setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(made, is_path ? (struct sockaddr *)&path : (struct sockaddr *)&port, is_path ? sizeof path : sizeof port))
        perror("connect"), exit(1);
    return made;
}

int main(int count, char **arguments) {
    struct sched_param batch = {0};
    sched_setscheduler(0, SCHED_BATCH, &batch);
    if (count != 5) return fprintf(stderr, "usage: requests put|get|fill PORT|PATH CONNECTIONS SECONDS\n"), 2;
    mode = *arguments[1] == 'p' ? PUTS : *arguments[1] == 'g' ? GETS : FILLS;
    arguments++;
    int connections = atoi(arguments[2]), events = epoll_create1(0);
    struct connection *all = calloc((size_t)connections, sizeof *all);
    uint32_t *latencies = malloc(LATENCIES * sizeof *latencies);
    uint64_t done = 0, failed = 0;
    for (int i = 0; i < connections; i++) {
        all[i].socket = connected(arguments[1]);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};
        epoll_ctl(events, EPOLL_CTL_ADD, all[i].socket, &event);
        uint8_t hello[HEADER + 8] = {0};
        hello[HEADER] = hello[HEADER + 1] = 1;
        store32(hello + HEADER + 4, 4096);
        seal(hello, 1, 1, 8);
        send(all[i].socket, hello, sizeof hello, MSG_NOSIGNAL);
    }
    uint64_t start = now(), end = start + (uint64_t)(atof(arguments[3]) * 1e9), time = start;
    while (time < end && !(mode == FILLS && filled > KEYS)) {
        struct epoll_event ready[256];
        int number = epoll_wait(events, ready, 256, 1000);
        for (int i = 0; i < number; i++) {
            struct connection *connection = ready[i].data.ptr;
            ssize_t got = recv(connection->socket, connection->input + connection->count,
                               sizeof connection->input - connection->count, 0);
            if (got <= 0) return fprintf(stderr, "the server has closed a connection\n"), 1;
            connection->count += (size_t)got;
            size_t at = 0;
            uint32_t length;
            while (connection->count - at >= HEADER && (memcpy(&length, connection->input + at + 12, 4),
                                                        connection->count - at >= HEADER + length)) {
                uint8_t opcode = connection->input[at + 5];
                at += HEADER + length;
                if (opcode == 0x21 || opcode == 0x20 || opcode == 4) {
                    /* A get whose answer says that there is no such key has failed too. */
                    failed += opcode == 4 || (opcode == 0x20 && length == 4);
                    if (done < LATENCIES) latencies[done++] = (uint32_t)((now() - connection->began) / 1000);
                }
                if (opcode != 2) ask(connection);
            }
            memmove(connection->input, connection->input + at, connection->count -= at);
        }
        time = now();
    }
    qsort(latencies, done, sizeof *latencies, compare);
    printf("%.0f %u %u %llu\n", (double)done * 1e9 / (double)(time - start), done ? latencies[done / 2] : 0,
           done ? latencies[done * 99 / 100] : 0, (unsigned long long)failed);
}
