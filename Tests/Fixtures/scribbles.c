/*
 * Overwrites what the host keeps for its successor. The line "SEED COUNT" writes COUNT random words to random places of the arena that are in
 * use, and ends the process. It uses the connection's handle only to find the arena.
 */
#define _GNU_SOURCE
#include "line.h"
#include "minimal.h"
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096
/* What the test needs of the arena lies in its first part. */
#define PART (64ul << 20)

static uint64_t state;

/* splitmix64 */
static uint64_t draw(void) {
    uint64_t z = (state += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

static char *arena(void) {
    char line[512];
    unsigned long start = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
        if (strstr(line, "martlet-arena") != NULL && sscanf(line, "%lx", &start) == 1) break;
    if (maps != NULL) fclose(maps);
    return (char *)start;
}

static void scribble(unsigned long count) {
    static unsigned char resident[PART / PAGE];
    static char *pages[PART / PAGE];
    char *start = arena();
    size_t found = 0;
    if (start == NULL || mincore(start, PART, resident) != 0) return;
    /* Without the first page: if its header is damaged, nothing else is read. */
    for (size_t i = 1; i < PART / PAGE; i++)
        if (resident[i] & 1) pages[found++] = start + i * PAGE;
    for (; found > 0 && count > 0; count--) {
        uint64_t *word = (uint64_t *)(pages[draw() % found] + draw() % (PAGE / 8) * 8);
        uint64_t other = *(uint64_t *)(pages[draw() % found] + draw() % (PAGE / 8) * 8);
        /* Anything, a little more or less, or what is somewhere else. */
        switch (draw() % 4) {
        case 0: *word = draw(); break;
        case 1: *word += draw() % 256 - 128; break;
        case 2: *word ^= 1ull << draw() % 64; break;
        default: *word = other;
        }
    }
    kill(getpid(), SIGKILL);
}

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    (void)env, (void)session;
    char line[64] = "";
    unsigned long long seed;
    unsigned long count;
    memcpy(line, data, length < sizeof line - 1 ? length : sizeof line - 1);
    *consumed = length;
    if (sscanf(line, "%llu %lu", &seed, &count) == 2) {
        state = seed;
        scribble(count);
    }
    write_line(host, connection, "%s", "expected: SEED COUNT");
    return MARTLET_OK;
}

ENTRY {
    plugin.received = received;
    return &plugin;
}
