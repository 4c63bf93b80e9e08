/*
 * martlet/plugin.h - what a plugin gives the host. Include martlet.h.
 */
#ifndef MARTLET_PLUGIN_H
#define MARTLET_PLUGIN_H

#include "host.h"
#include "options.h"

MARTLET_BEGIN

/* A struct of plugin functions under an id. The host ignores ids that it does not know. */
typedef struct martlet_extension {
    /* -- since 1.0 -- */
    uint32_t size;     /* of this struct; also the stride of an array of them */
    uint32_t reserved; /* 0 */
    martlet_text id;
    const void *functions; /* starts with its own uint32_t size */
} martlet_extension;

/* Where the callbacks of a plugin can run.
 *
 * Unknown values: the plugin is refused. */
typedef uint32_t martlet_threads;
#define MARTLET_THREADS_LOOPS ((martlet_threads)1)   /* callbacks never block: run them on event loops */
#define MARTLET_THREADS_WORKERS ((martlet_threads)2) /* callbacks may block: requires `dispatch = "workers"` */
#define MARTLET_THREADS_BOTH ((martlet_threads)3)    /* either: callbacks never block, and lock what they share */

/* Flags of a plugin. Unknown bits are ignored. */

/* Once its instances are destroyed, the image leaves nothing behind in the process, and the host may unmap it. Never
 * set this flag for a plugin in Swift: the Swift runtime keeps pointers into every image. */
#define MARTLET_PLUGIN_UNLOADABLE ((uint32_t)1)

/* Sessions are in the host's memory (`session_size`) and contain no pointers. The host may copy a session to another
 * place between two callbacks. It does so when the session moves to a generation with the same `session_size`,
 * `session_align` and `session_layout`, and then calls no `save`, `restore` or `moved`. When you change what a session
 * stores, change the name of the layout: nothing else tells the two layouts apart. This flag requires `session_size`
 * and `session_layout`. The probe refuses a session in which it finds a pointer. */
#define MARTLET_PLUGIN_PLAIN_SESSIONS ((uint32_t)2)

/* What becomes of the connections when the process that runs the plugin dies. A successor of the process creates the
 * instance anew, without what it kept in memory. Without either flag the connections go on, unless the plugin has
 * "martlet.instance-state/1": then they are closed.
 *
 * The sessions of connections that go on must be plain, or checkpoints ("martlet.session-state/1"); others are closed.
 * So is a connection whose callback was running. */
#define MARTLET_PLUGIN_ON_CRASH_ADOPT ((uint32_t)4) /* they go on, although the state of the instance is lost */
#define MARTLET_PLUGIN_ON_CRASH_CLOSE ((uint32_t)8) /* they are closed, because peers rely on what is lost */

/* The largest session_size, in bytes. */
#define MARTLET_SESSION_SIZE_LIMIT ((size_t)65536)

/* The largest session_align, in bytes. */
#define MARTLET_SESSION_ALIGN_LIMIT ((size_t)64)

/* Describes what a plugin is and can do. Constant, and readable without creating an instance. */
typedef struct martlet_plugin {
    /* -- since 1.0 -- */
    uint32_t size;
    martlet_abi abi;    /* MARTLET_ABI_VERSION */
    martlet_text name;  /* letters, digits, '-', '_' */
    martlet_text version;
    martlet_text summary; /* one line */
    martlet_text example; /* a shell command to try it with; {host} and {port} stand for the address; may be empty */
    martlet_threads threads;
    uint32_t flags; /* MARTLET_PLUGIN_… */
    const martlet_option *MARTLET_NULLABLE options;
    size_t option_count;
    const martlet_extension *MARTLET_NULLABLE extensions; /* what the plugin offers */
    size_t extension_count;
    const martlet_text *MARTLET_NULLABLE required_extensions; /* of the host: the plugin cannot run without them */
    size_t required_extension_count;

    /* The size of a session in bytes, up to MARTLET_SESSION_SIZE_LIMIT. The host allocates the session before `opened`
     * or `restore`, with all bytes 0, and frees it after `closed` or `moved`. 0: the plugin allocates its sessions. */
    size_t session_size;
    size_t session_align;        /* a power of two, up to MARTLET_SESSION_ALIGN_LIMIT; 0: 16 */
    martlet_text session_layout; /* the author's name for the layout of a plain session, such as "echo.session/2" */

    /* -- since 1.0: instance -- */

    /* Creates an instance from its options. `descriptor` points to this struct. Sets *state, which is NULL before the
     * call; every `env` of the instance contains it. Any result but OK refuses the instance (see `refuse`), and
     * `destroy` is not called. May run while other instances of this image are in use. Required. [control] */
    martlet_result (*create)(const struct martlet_plugin *descriptor, const martlet_host *host,
                             martlet_instance *instance, const martlet_value *options,
                             void *MARTLET_NULLABLE *MARTLET_NONNULL state);

    /* The last call for this instance. No session, delivery, work, lent output or loop state of it is left. Required.
     * [control] */
    void (*destroy)(void *MARTLET_NULLABLE state);

    /* Creates the state that this instance keeps for each event loop and uses without locks. Sets *loop_state, which is
     * NULL before the call. Called on each loop before the first session there. Any result but OK refuses the instance:
     * `loop_stop` is not called on this loop, and `destroy` follows. Optional. [loop] */
    martlet_result (*MARTLET_NULLABLE loop_start)(const martlet_env *env,
                                                  void *MARTLET_NULLABLE *MARTLET_NONNULL loop_state);

    /* Called after the last session, delivery, work and loan of the instance on all loops. Optional. [loop] */
    void (*MARTLET_NULLABLE loop_stop)(const martlet_env *env);

    /* -- since 1.0: session: all [loop] -- */

    /* A peer has connected. Sets *session, which is NULL before the call; the other callbacks get it. With
     * `session_size` the host has already set it, and the plugin cannot change it. After any result but OK the host
     * closes the connection, and does not call `closed`. Required for streams. */
    martlet_result (*MARTLET_NULLABLE opened)(const martlet_env *env, martlet_connection *connection,
                                              const martlet_opening *opening,
                                              void *MARTLET_NULLABLE *MARTLET_NONNULL session);

    /* Bytes have arrived from the peer. `data` is all input that is not consumed yet, contiguous, valid until the
     * callback returns. Sets *consumed, which is 0 before the call, to the number of bytes consumed; the rest is
     * presented again together with the bytes that follow. FULL means the same as OK. An error aborts the connection,
     * whatever was consumed: MARTLET_ERROR_PEER reports that the peer misbehaved; any other error reports that the
     * plugin failed, and counts as a failed request. To consume more than `length` is a fault, and also aborts the
     * connection. Required for streams. */
    martlet_result (*MARTLET_NULLABLE received)(const martlet_env *env, void *MARTLET_NULLABLE session,
                                                martlet_connection *connection, const uint8_t *data, size_t length,
                                                size_t *consumed);

    /* The queued output has fallen to the low-water mark, after it had reached the high-water mark. Optional. */
    void (*MARTLET_NULLABLE writable)(const martlet_env *env, void *MARTLET_NULLABLE session,
                                      martlet_connection *connection);

    /* The timer of `set_timer` has expired. Optional. */
    void (*MARTLET_NULLABLE timer)(const martlet_env *env, void *MARTLET_NULLABLE session,
                                   martlet_connection *connection);

    /* The peer has half-closed: it sends nothing more, but may still read. The host has dropped the input that was not
     * consumed. The plugin calls `close` when it has answered. Optional: without it the host sends the queued output
     * and closes. */
    void (*MARTLET_NULLABLE peer_closed)(const martlet_env *env, void *MARTLET_NULLABLE session,
                                         martlet_connection *connection);

    /* The connection is to drain: finish what has begun, start nothing new, and `close` when done. Optional: without it
     * the host closes once all input is consumed and the queued output is sent. */
    void (*MARTLET_NULLABLE draining)(const martlet_env *env, void *MARTLET_NULLABLE session,
                                      martlet_connection *connection);

    /* The last call for this session: release it. No output is possible any more. Required for streams, unless
     * `session_size` is set. */
    void (*MARTLET_NULLABLE closed)(const martlet_env *env, void *MARTLET_NULLABLE session,
                                    martlet_connection *connection, martlet_close_reason reason);
} martlet_plugin;

/* The one symbol that a plugin exports. `host_abi` is the host's version. The host calls it in a child process first,
 * then in the server. It must only return the descriptor, which lives as long as the image. NULL: the plugin cannot
 * work with this host. [control] */
typedef const martlet_plugin *MARTLET_NULLABLE (*martlet_entry)(martlet_abi host_abi);
#define MARTLET_ENTRY_SYMBOL "martlet_plugin_entry"
#ifndef __swift__
__attribute__((visibility("default")))
const martlet_plugin *MARTLET_NULLABLE martlet_plugin_entry(martlet_abi host_abi);
#endif

MARTLET_END

#endif
