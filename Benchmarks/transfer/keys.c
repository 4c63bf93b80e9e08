// Clients of the binary protocol (docs/binary-protocol.md) for `swap.sh`.
//
//   keys fill PORT COUNT     puts COUNT keys with values of 100 bytes, many at a time
//   keys check PORT COUNT    gets them, and fails if one is missing or has another value
//   keys count PORT NAME     puts 1, 2, 3 … under a key of its own, one at a time, and gets each back, until standard input ends. Fails if
//                            an answer is wrong. Prints how many, and the longest time for one in milliseconds.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <nmmintrin.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HELLO = 0x01, PING = 0x02, GET = 0x20, PUT = 0x21, RESPONSE = 0x0100, HEADER = 24, VALUE = 100, BATCH = 1000 };

static int fd;
static uint8_t out[BATCH * 160 + 64], in[1 << 20];
static size_t out_count, in_count, in_start;

static void fail(const char *what) {
    fprintf(stderr, "keys: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint32_t crc(uint32_t sum, const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) sum = _mm_crc32_u8(sum, bytes[i]);
    return sum;
}

static void add(uint8_t opcode, uint16_t flags, uint32_t id, const void *payload, uint32_t length) {
    uint8_t *frame = out + out_count;
    memcpy(frame, "\xBD\x4D\x42\x0A\x01", 5);
    frame[5] = opcode;
    memcpy(frame + 6, &flags, 2);
    memcpy(frame + 8, &id, 4);
    memcpy(frame + 12, &length, 4);
    uint32_t head = crc(0xFFFFFFFF, frame, 16), header_check = ~head, frame_check = ~crc(head, payload, length);
    memcpy(frame + 16, &header_check, 4);
    memcpy(frame + 20, &frame_check, 4);
    memcpy(frame + HEADER, payload, length);
    out_count += HEADER + length;
}

static void flush(void) {
    for (size_t sent = 0; sent < out_count;) {
        ssize_t count = send(fd, out + sent, out_count - sent, MSG_NOSIGNAL);
        if (count <= 0) fail("send");
        sent += (size_t)count;
    }
    out_count = 0;
}

// The next frame that answers a request. Heartbeats are answered here.
static uint8_t *next(uint32_t *length) {
    for (;;) {
        uint8_t *frame = in + in_start;
        size_t left = in_count - in_start;
        if (left >= HEADER) {
            memcpy(length, frame + 12, 4);
            if (left >= HEADER + *length) {
                in_start += HEADER + *length;
                if (frame[5] != PING) return frame;
                add(PING, 1, 0, frame + HEADER, *length);
                flush();
                continue;
            }
        }
        memmove(in, frame, left);
        in_start = 0;
        in_count = left;
        ssize_t count = recv(fd, in + in_count, sizeof in - in_count, 0);
        if (count <= 0) fail("the connection has ended");
        in_count += (size_t)count;
    }
}

static void connect_to(int port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    uint32_t length;
    add(HELLO, 0, 1, "\x01\x01\x04\x00\x00\x10\x10\x00keys", 12);
    flush();
    next(&length);
}

static size_t key_of(uint32_t number, uint8_t *key) { return (size_t)sprintf((char *)key, "key:%010u", number); }

static void value_of(uint32_t number, uint8_t *value) {
    for (uint32_t i = 0; i < VALUE; i += 4) memcpy(value + i, &(uint32_t){number * 2654435761u + i}, 4);
}

static void put(uint32_t id, const uint8_t *key, size_t key_length, const void *value, size_t length) {
    uint8_t payload[256] = {(uint8_t)key_length};
    memcpy(payload + 4, key, key_length);
    memcpy(payload + 4 + key_length, value, length);
    add(PUT, 0, id, payload, (uint32_t)(4 + key_length + length));
}

static void all(uint32_t count, int checks) {
    uint8_t key[32], value[VALUE];
    uint32_t length;
    for (uint32_t first = 0; first < count; first += BATCH) {
        uint32_t size = count - first < BATCH ? count - first : BATCH;
        for (uint32_t i = 0; i < size; i++) {
            size_t key_length = key_of(first + i, key);
            value_of(first + i, value);
            if (checks) add(GET, 0, i + 1, key, (uint32_t)key_length);
            else put(i + 1, key, key_length, value, VALUE);
        }
        flush();
        for (uint32_t i = 0; i < size; i++) {
            uint8_t *answer = next(&length);
            uint32_t id;
            memcpy(&id, answer + 8, 4);
            value_of(first + id - 1, value);
            int is_right = checks ? answer[5] == GET && length == 4 + VALUE && answer[HEADER] == 1 &&
                                        memcmp(answer + HEADER + 4, value, VALUE) == 0
                                  : answer[5] == PUT;
            if (!is_right) {
                fprintf(stderr, "keys: key %u is missing or wrong (opcode %02x, %u bytes)\n", first + id - 1, answer[5], length);
                exit(1);
            }
        }
    }
}

static double milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void count_up(const char *name) {
    uint64_t number = 0;
    double longest = 0;
    uint32_t length;
    for (struct pollfd input = {.fd = 0, .events = POLLIN}; poll(&input, 1, 0) == 0; number++) {
        double began = milliseconds();
        put(1, (const uint8_t *)name, strlen(name), &(uint64_t){number + 1}, 8);
        flush();
        uint8_t *answer = next(&length);
        if (answer[5] != PUT || answer[HEADER] != (number == 0)) fail("a key was lost");
        add(GET, 0, 2, name, (uint32_t)strlen(name));
        flush();
        answer = next(&length);
        uint64_t found = 0;
        if (answer[5] == GET && length == 12) memcpy(&found, answer + HEADER + 4, 8);
        if (found != number + 1) fail("a change was lost");
        double took = milliseconds() - began;
        if (took > longest) longest = took;
    }
    printf("%llu %.1f\n", (unsigned long long)number, longest);
}

int main(int count, char **words) {
    if (count != 4) {
        fprintf(stderr, "usage: keys fill|check PORT COUNT | keys count PORT NAME\n");
        return 64;
    }
    connect_to(atoi(words[2]));
    if (strcmp(words[1], "count") == 0) count_up(words[3]);
    else all((uint32_t)atoi(words[3]), strcmp(words[1], "check") == 0);
}
