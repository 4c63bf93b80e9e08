/* The mover plugin's state of an instance and a session, and a saved session. Only mover.c includes this file. */
#ifndef MOVER_H
#define MOVER_H

#include <martlet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef VERSION
#define VERSION "1.0.0"
#endif
#ifndef SCHEMA
#define SCHEMA "mover.session"
#endif
#ifndef STATE_VERSION
#define STATE_VERSION 1
#endif
#ifndef OLDEST
#define OLDEST 1
#endif
#ifndef NEWEST
#define NEWEST STATE_VERSION
#endif
#ifndef REFUSES
#define REFUSES 0
#endif
#ifdef NO_STATE
#define HAS_STATE 0
#else
#define HAS_STATE 1
#endif

#define TEXT(literal) {literal, sizeof(literal) - 1}

struct mover {
    const martlet_host *host;
    martlet_instance *instance;
    char gate[256];
    martlet_metric opened, restored, moved, closed, released;
};

struct session {
    uint32_t lines, moves;
    uint32_t working; /* jobs that have not returned */
    int busy, stays;
    size_t load_length;
    uint8_t *load;
};

/* Followed by the load. */
struct saved {
    uint32_t lines, moves, stays;
    uint64_t load_length;
};

#endif
