/*
 * Puts or gets values over the binary protocol (docs/binary-protocol.md), one at a time on each of many connections, and prints requests
 * per second and the latencies in microseconds: "RATE MEDIAN P99 FAILED". "fill" puts each of the keys that "get" asks for, once.
 *
 *     requests put|get|fill PORT CONNECTIONS SECONDS
 */
#include <arpa/inet.h>
#include <nmmintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
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

int main(int count, char **arguments) {
    if (count != 5) return fprintf(stderr, "usage: requests put|get|fill PORT CONNECTIONS SECONDS\n"), 2;
    mode = *arguments[1] == 'p' ? PUTS : *arguments[1] == 'g' ? GETS : FILLS;
    arguments++;
    int connections = atoi(arguments[2]), events = epoll_create1(0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct connection *all = calloc((size_t)connections, sizeof *all);
    uint32_t *latencies = malloc(LATENCIES * sizeof *latencies);
    uint64_t done = 0, failed = 0;
    for (int i = 0; i < connections; i++) {
        int one = 1;
        all[i].socket = socket(AF_INET, SOCK_STREAM, 0);
        setsockopt(all[i].socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (connect(all[i].socket, (struct sockaddr *)&address, sizeof address)) return perror("connect"), 1;
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
