/*
 * martlet/ext/groups.h - host extension "martlet.groups/1". Include martlet.h.
 */
#ifndef MARTLET_EXT_GROUPS_H
#define MARTLET_EXT_GROUPS_H

#include "../host.h"

MARTLET_BEGIN

#define MARTLET_GROUPS "martlet.groups/1"

/* The longest name of a group, in bytes. */
#define MARTLET_GROUP_NAME_LIMIT 255

/* The most groups that a connection can be in. */
#define MARTLET_GROUP_LIMIT 4096

/* What happens to a member that does not read what is sent to its group.
 *
 * Unknown values: join returns MARTLET_ERROR_ARGUMENT. */
typedef uint32_t martlet_backlog_policy;
#define MARTLET_BACKLOG_SKIP ((martlet_backlog_policy)0)  /* it misses the message */
#define MARTLET_BACKLOG_CLOSE ((martlet_backlog_policy)1) /* it is closed with MARTLET_CLOSED_BACKLOG */

/* How a connection is in a group. */
typedef struct martlet_membership {
    /* -- since 1.0 -- */
    uint32_t size;
    martlet_backlog_policy policy;
    /* The most bytes of output that may wait for the member when a message is added, that message included. 0, or more
     * than limits.output_high_water: that limit. */
    size_t backlog;
} martlet_membership;

/* Named groups of connections, and messages to all of their members. A group belongs to a listener: connections of all
 * its loops and generations can be in it, and stay in it when their session moves to another generation. A connection
 * leaves its groups when its session ends or it is handed over. A group exists as long as it has members. */
typedef struct martlet_groups {
    /* -- since 1.0 -- */
    uint32_t size;
    uint32_t reserved; /* 0 */

    /* Adds a connection to a group. If it is a member already, its membership changes. `membership` may be NULL: SKIP,
     * with limits.output_high_water as the backlog. Messages that are sent after this call reach it, and none that
     * were sent before. Returns OK, CLOSED, ARGUMENT (the name is empty or longer than MARTLET_GROUP_NAME_LIMIT, or an
     * unknown policy), BUSY (MARTLET_GROUP_LIMIT, or the connection is with a worker and its loop has no room for a
     * message). [loop], inside a callback of that connection */
    martlet_result (*join)(martlet_connection *connection, martlet_text group,
                           const martlet_membership *MARTLET_NULLABLE membership);

    /* Removes a connection from a group. Returns OK (also if it was not a member), CLOSED, ARGUMENT, BUSY, as `join`.
     * [loop], inside a callback of that connection */
    martlet_result (*leave)(martlet_connection *connection, martlet_text group);

    /* Sends bytes to all members of a group but `except` (0: to all). The bytes are copied once, whatever the number of
     * members. Each loop adds them to the output of its members in its next turn, whole or not at all. Messages of one
     * thread reach each member in the order in which they were sent. Returns OK (also if the group has no members),
     * BUSY (a loop has no room for another message: nothing is sent), ARGUMENT (the name, or more than
     * limits.output_high_water bytes), MEMORY, STOPPING. [any] */
    martlet_result (*send)(martlet_instance *instance, martlet_text group, const void *MARTLET_NULLABLE data,
                           size_t length, martlet_connection_id except);

    /* The number of members of a group. [any] */
    uint64_t (*count)(martlet_instance *instance, martlet_text group);
} martlet_groups;

MARTLET_END

#endif
