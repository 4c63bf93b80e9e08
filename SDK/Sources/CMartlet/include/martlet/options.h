/*
 * martlet/options.h - the options that a plugin understands, and their values. Include martlet.h.
 */
#ifndef MARTLET_OPTIONS_H
#define MARTLET_OPTIONS_H

#include "abi.h"

MARTLET_BEGIN

/* The type of an option.
 *
 * Unknown values: a host refuses a plugin that declares an option of an unknown type, and names the option. A plugin
 * gets values only of the types that it declared. */
typedef uint32_t martlet_type;
#define MARTLET_TYPE_BOOLEAN ((martlet_type)1)
#define MARTLET_TYPE_INTEGER ((martlet_type)2)
#define MARTLET_TYPE_NUMBER ((martlet_type)3)
#define MARTLET_TYPE_TEXT ((martlet_type)4)
#define MARTLET_TYPE_DURATION ((martlet_type)5) /* written "30s"; `integer` holds nanoseconds */
#define MARTLET_TYPE_SIZE ((martlet_type)6)     /* written "64KiB"; `integer` holds bytes */
#define MARTLET_TYPE_PATH ((martlet_type)7)     /* relative to the listener's file; `text` holds the absolute path */
#define MARTLET_TYPE_LIST ((martlet_type)8)     /* of `element` */
#define MARTLET_TYPE_TABLE ((martlet_type)9)    /* of `children` */

/* One option that a plugin understands. The host checks a listener's [options] against these before `create`. */
typedef struct martlet_option {
    /* -- since 1.0 -- */
    uint32_t size; /* of this struct; also the stride of an array of them */
    martlet_type type;
    martlet_text key;
    martlet_text help;          /* one line */
    martlet_text default_value; /* as written in TOML; empty: no default */
    uint32_t required;          /* 1: the file must set it */
    martlet_type element;       /* of a list */
    int64_t minimum;            /* of an integer, size or duration; minimum > maximum: no range */
    int64_t maximum;
    const struct martlet_option *MARTLET_NULLABLE children; /* of a table, and of the tables in a list */
    size_t child_count;
    const martlet_text *MARTLET_NULLABLE choices; /* of a text; without choices any text will do */
    size_t choice_count;
} martlet_option;

/* A value of the options tree. The root is a table. Valid until `create` returns. Defaults are filled in. */
typedef struct martlet_value {
    /* -- since 1.0 -- */
    uint32_t size; /* of this struct */
    martlet_type type;
    int64_t integer; /* boolean (0, 1), integer, duration (nanoseconds), size (bytes) */
    double number;
    martlet_text text; /* text, path */
    /* Of a list or table, in the order of the file: pointers to `item_count` values. */
    const struct martlet_value *MARTLET_NONNULL const *MARTLET_NULLABLE items;
    size_t item_count;
    martlet_text key; /* of a member of a table */
    uint32_t line;    /* position in the listener's file, from 1; 0: the value is a default */
    uint32_t column;
} martlet_value;

MARTLET_END

#endif
