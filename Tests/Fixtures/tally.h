/*
 * The state of tally.c, and what its defines change.
 */
#ifndef TALLY_H
#define TALLY_H

#include <martlet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT(literal) {literal, sizeof(literal) - 1}

#ifndef VERSION
#define VERSION "1"
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
#ifndef SCHEMA
#define SCHEMA "tally.state"
#endif
#ifndef USABLE
#define USABLE 0
#endif
#ifndef SAVE
#define SAVE MARTLET_OK
#endif
#ifndef RESTORE
#define RESTORE MARTLET_OK
#endif
#ifndef PIECES
#define PIECES 1
#endif
#ifndef PIECE
#define PIECE sizeof(uint64_t)
#endif
#ifndef SLOW
#define SLOW 0
#endif
#ifndef HANGS
#define HANGS 0
#endif
#ifndef STUCK
#define STUCK 0
#endif

struct tally {
    const martlet_host *host;
    martlet_instance *instance;
    const martlet_groups *groups;
    const martlet_loops *loops;
    martlet_metric released, moved;
    _Atomic uint64_t count; /* the state */
    uint64_t restored;      /* until the last piece has come */
    _Atomic int moving;     /* save or restore runs */
    char gate[256];
};

struct session {
    unsigned lines;
    int busy;
};

#endif
