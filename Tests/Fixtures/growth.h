/* The growth plugin's state of an instance and a session. Only growth.c includes this file. */
#ifndef GROWTH_H
#define GROWTH_H

#include <martlet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef VERSION
#define VERSION "1.0.0"
#endif

#define TEXT(literal) {literal, sizeof(literal) - 1}
#define IS(line, length, word) ((length) == sizeof(word) - 1 && memcmp(line, word, length) == 0)

/* A value that would make a host fail if it read the new member without knowing it. */
#define JUNK 0xDEADBEEFDEADBEEF
#ifdef GROWN
#define GROWN_MEMBER .grown = JUNK,
#define HAS_GROWN(type, pointer) (int)MARTLET_HAS(type, pointer, grown)
#else
#define GROWN_MEMBER
#define HAS_GROWN(type, pointer) 0
#endif

struct text {
    size_t length;
    char bytes[512];
};

__attribute__((format(printf, 2, 3))) static void print(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    size_t room = sizeof text->bytes - text->length;
    int length = vsnprintf(text->bytes + text->length, room, format, arguments);
    va_end(arguments);
    text->length += (size_t)length < room ? (size_t)length : room - 1;
}

struct growth {
    const martlet_host_info *info;
    const martlet_metrics *metrics;
    martlet_metric sizes;
    struct text options;
    uint32_t value_size;
    int sizes_differ; /* of the values */
    int later_values; /* whether the values have the grown member */
};

struct session {
    uint32_t lines;
    uint16_t peer_port, local_port;
    int later; /* number of structs of the opening with the grown member */
    char endpoint[64];
    struct text opening;
};

#endif
