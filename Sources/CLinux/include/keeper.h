/*
 * Keepers: two processes that share the descriptor table of a host (clone(2), CLONE_FILES) and nothing else. They sleep. When the host has
 * died, its sockets are still open in that table, and a keeper passes them to the successor.
 *
 * They speak over a SOCK_SEQPACKET socket, whose one end is in the table and whose other end the server has. They live as long as that
 * other end is open somewhere.
 */
#ifndef MARTLET_KEEPER_H
#define MARTLET_KEEPER_H

#include <stdint.h>
#include <sys/types.h>

/* unix(7): the kernel passes at most 253 descriptors with a message. */
#define LINUX_KEEPER_BATCH 253

#define LINUX_KEEPER_HELLO 1u /* of a keeper that has just begun: the kernel tells its process id (SCM_CREDENTIALS) */
#define LINUX_KEEPER_TAKE 2u  /* to a keeper: the numbers of descriptors */
#define LINUX_KEEPER_GIVEN 3u /* the answer: the same numbers, those that are not open as -1, with descriptors for the others */

struct linux_keeper_message {
    uint32_t kind;
    uint32_t count;
    int32_t numbers[LINUX_KEEPER_BATCH];
};

/*
 * Starts the two keepers of the calling process, which must have only one thread. They are children of its parent, in sessions of their
 * own, with all signals blocked. When one dies, the other one starts a new one. Returns 0; -1 with errno.
 */
int linux_start_keepers(int socket);

/* Asks for descriptors: at most LINUX_KEEPER_BATCH numbers. Does not wait. Returns 0; -1 with errno. */
int linux_ask_keeper(int socket, const int32_t *numbers, uint32_t count);

/*
 * Receives a message of a keeper without waiting. `descriptors` has room for LINUX_KEEPER_BATCH: one for each number that is not -1, in
 * their order, closed on exec. `sender` gets its process id, 0 if the socket does not have SO_PASSCRED. Returns 1; 0 when there is no
 * message; -1 with errno when there will be none (EPIPE: the other end is closed) or it was invalid (EBADMSG: nothing was received).
 */
int linux_receive_from_keeper(int socket, struct linux_keeper_message *message, int *descriptors, pid_t *sender);

/* setsockopt(2), SO_PASSCRED: from now on the sender of each message is known. */
int linux_learn_senders(int socket);

#endif
