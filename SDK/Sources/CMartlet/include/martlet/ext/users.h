/*
 * martlet/ext/users.h - host extension "martlet.users/1". Include martlet.h.
 */
#ifndef MARTLET_EXT_USERS_H
#define MARTLET_EXT_USERS_H

#include "../host.h"

MARTLET_BEGIN

#define MARTLET_USERS "martlet.users/1"

/* The most bytes of a message of a mechanism. */
#define MARTLET_AUTHENTICATION_LIMIT ((size_t)2048)

/* The longest name of a principal, in bytes. */
#define MARTLET_PRINCIPAL_LIMIT ((size_t)255)

/* How a client shows who it is.
 *
 * Unknown values: authenticate returns MARTLET_ERROR_ARGUMENT. */
typedef uint32_t martlet_mechanism;
#define MARTLET_MECHANISM_SCRAM ((martlet_mechanism)1) /* SCRAM-SHA-256 (RFC 7677), without channel binding */
#define MARTLET_MECHANISM_PLAIN ((martlet_mechanism)2) /* RFC 4616: NUL, name, NUL, and the password or the token */
#define MARTLET_MECHANISM_TOKEN ((martlet_mechanism)3) /* the token alone */

/* What has come of a message.
 *
 * Unknown values: as DENIED. */
typedef uint32_t martlet_authentication;
#define MARTLET_AUTHENTICATION_DONE ((martlet_authentication)0)      /* `user` is the client */
#define MARTLET_AUTHENTICATION_CONTINUE ((martlet_authentication)1)  /* send `data`; the client has one more message */
#define MARTLET_AUTHENTICATION_DENIED ((martlet_authentication)2)    /* nobody has this name and this secret */
#define MARTLET_AUTHENTICATION_LIMITED ((martlet_authentication)3)   /* too many failures: later, maybe */
#define MARTLET_AUTHENTICATION_AWAY ((martlet_authentication)4)      /* the users cannot be looked up now */
#define MARTLET_AUTHENTICATION_MALFORMED ((martlet_authentication)5) /* it is no message of this mechanism */

/* What a user may do: bits of martlet_user.rights.
 *
 * Unknown bits: deny what the plugin cannot decide. */
#define MARTLET_USER_READ_ONLY ((uint32_t)1) /* it must not change anything */

/* Who a client is. */
typedef struct martlet_user {
    /* -- since 1.0 -- */
    uint32_t size;
    uint32_t rights; /* MARTLET_USER_… */
    martlet_text name;
    size_t prefix_count; /* 0: it may use all keys */
    const martlet_text *MARTLET_NULLABLE prefixes; /* the keys that it may use begin with one of them */
} martlet_user;

/* The answer to a message. Valid until the function returns that gets it. */
typedef struct martlet_authentication_answer {
    /* -- since 1.0 -- */
    uint32_t size;
    martlet_authentication outcome;
    martlet_text data;                          /* for the client, with CONTINUE and DONE; may be empty with DONE */
    const martlet_user *MARTLET_NULLABLE user;  /* with DONE */
} martlet_authentication_answer;

/* Runs on the loop of the connection, exactly once, as a martlet_delivery does: if the connection is gone,
 * `connection` and `session` are NULL. It may write output like any callback. [loop] */
typedef void (*martlet_authenticated)(const martlet_env *env, void *MARTLET_NULLABLE context,
                                      martlet_connection *MARTLET_NULLABLE connection, void *MARTLET_NULLABLE session,
                                      const martlet_authentication_answer *answer);

/* The users that may use a listener: the key `users` of its file names the database that has them. The host checks
 * secrets and slows down those who guess. What a user may do, the plugin enforces. */
typedef struct martlet_users {
    /* -- since 1.0 -- */
    uint32_t size;
    uint32_t reserved; /* 0 */

    /* 1: the listener has users, so the plugin serves nobody before it knows who it is. 0: it has none. [any] */
    uint32_t (*required)(martlet_instance *instance);

    /* Takes a message of a client. With DONE the client is the principal of the connection, as by set_principal. A
     * client that sends the first message of SCRAM gets CONTINUE, and must send its second one within 30 s. Returns OK,
     * UNSUPPORTED (the listener has no users), ARGUMENT (an unknown mechanism, or more than
     * MARTLET_AUTHENTICATION_LIMIT bytes), BUSY (too many wait), CLOSED, STOPPING. Unless it returns OK, `function` is
     * not called. The instance is not destroyed before it was. [loop], inside a callback of that connection */
    martlet_result (*authenticate)(martlet_connection *connection, martlet_mechanism mechanism, martlet_text message,
                                   martlet_authenticated function, void *MARTLET_NULLABLE context);

    /* Says who the peer is, for `martlet connections` and for a plugin's own kind of authentication. It stays when the
     * session moves to another generation; call it again in `restore`, because a connection that another process takes
     * over has lost it. An empty name: nobody. Returns OK, ARGUMENT (longer than MARTLET_PRINCIPAL_LIMIT, not UTF-8, or
     * with control characters), CLOSED. [loop], inside a callback of that connection, or inside its restore */
    martlet_result (*set_principal)(martlet_connection *connection, martlet_text name);
} martlet_users;

MARTLET_END

#endif
