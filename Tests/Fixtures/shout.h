/* The state of the shout plugin, shared by its two files. */
#ifndef SHOUT_H
#define SHOUT_H

#include <martlet.h>

#ifndef VERSION
#define VERSION "1.0.0"
#endif

#define TEXT(literal) {literal, sizeof(literal) - 1}
#define IS(line, length, word) ((length) == sizeof(word) - 1 && memcmp(line, word, length) == 0)

struct shout {
    const martlet_host *host;
    martlet_instance *instance;
    const martlet_host_info *info;
    char prefix[64];
    size_t prefix_length;
    char file[256];
    uint64_t idle_milliseconds;
    martlet_metric lines, sessions, released, stopped;
};

/* One for each event loop, so it needs no lock and no atomics. */
struct loop {
    uint64_t lines;
};

struct session {
    uint32_t working; /* lines on workers */
    int peer_finished, paused, ended;
};

/* A line on its way to a worker and back. */
struct job {
    size_t length;
    char line[];
};

#endif
