/*
 * Sends frames of 1 MiB, whole or in segments, and checks the answers.
 *
 *     sender PORT FRAMES SEGMENT MICROSECONDS
 *
 * SEGMENT is the size of a segment, 0 for whole frames. MICROSECONDS is the pause after a segment; before a whole frame the sender waits
 * that long for each 1,460 bytes of it.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PAYLOAD = 1 << 20 };
static uint8_t frame[4 + PAYLOAD];

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void transmit(int peer, const uint8_t *data, size_t length) {
    while (length > 0) {
        ssize_t sent = send(peer, data, length, MSG_NOSIGNAL);
        if (sent < 0) fail("send");
        data += sent, length -= (size_t)sent;
    }
}

/* Waits without sleeping, because a sleep takes at least 50 us. */
static void pass(long nanoseconds) {
    struct timespec from, now;
    clock_gettime(CLOCK_MONOTONIC, &from);
    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - from.tv_sec) * 1000000000 + now.tv_nsec - from.tv_nsec < nanoseconds);
}

int main(int count, char **words) {
    if (count != 5) return fputs("usage: sender PORT FRAMES SEGMENT MICROSECONDS\n", stderr), 64;
    int frames = atoi(words[2]), one = 1;
    size_t segment = (size_t)atoi(words[3]);
    long pause = atol(words[4]) * 1000;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(words[1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int peer = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(peer, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    uint32_t size = PAYLOAD, most = 0;
    memcpy(frame, &size, 4);
    for (int i = 0; i < frames; i++) {
        for (size_t at = 0; segment > 0 && at < sizeof frame; at += segment) {
            transmit(peer, frame + at, sizeof frame - at < segment ? sizeof frame - at : segment);
            pass(pause);
        }
        if (segment == 0) {
            // Sends as many frames a second in both cases: a server that has slept is slower.
            pass(pause * (long)(sizeof frame / 1460));
            transmit(peer, frame, sizeof frame);
        }
        uint32_t calls = 0;
        if (recv(peer, &calls, 4, MSG_WAITALL) != 4) fail("recv");
        if (calls > most) most = calls;
    }
    printf("%u\n", most);
    return most <= 2 ? 0 : 1;
}
