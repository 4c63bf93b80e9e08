/*
 * martlet/plugin.h - what a plugin gives the host. Include martlet.h.
 */
#ifndef MARTLET_PLUGIN_H
#define MARTLET_PLUGIN_H

#include "host.h"
#include "options.h"

MARTLET_BEGIN

/* A struct of functions of the plugin, by id. The host ignores ids that it does not know. */
typedef struct martlet_extension {
    /* -- since 1.0 -- */
    uint32_t size;     /* of this struct; also the distance from one to the next in an array */
    uint32_t reserved; /* 0 */
    martlet_text id;
    const void *functions; /* starts with its own uint32_t size */
} martlet_extension;

/* Where the callbacks of a plugin can run.
 *
 * Unknown values: the plugin is refused. */
typedef uint32_t martlet_threads;
#define MARTLET_THREADS_LOOPS ((martlet_threads)1)   /* callbacks never block: run them on event loops */
#define MARTLET_THREADS_WORKERS ((martlet_threads)2) /* callbacks may block: `dispatch = "workers"` is needed */
#define MARTLET_THREADS_BOTH ((martlet_threads)3)    /* either: they never block, and share nothing without a lock */

/* Flags of a plugin. Unknown bits are ignored. */

/* The image keeps nothing in the process once its instances are destroyed, and may be unmapped. Never set it for Swift:
 * its runtime keeps pointers into every image. */
#define MARTLET_PLUGIN_UNLOADABLE ((uint32_t)1)

/* Sessions lie in the host's memory (`session_size`) and hold no pointers. Between two callbacks the host may copy
 * one to another place. It does so when the session moves to a generation with the same `session_size`,
 * `session_align` and `session_layout`: no `save`, `restore` or `moved` is called. Whoever changes what a session
 * stores changes the layout's name: nothing else tells the two apart. `session_size` and `session_layout` are then
 * required. The probe refuses a session in which it finds a pointer. */
#define MARTLET_PLUGIN_PLAIN_SESSIONS ((uint32_t)2)

/* The largest session_size, in bytes. */
#define MARTLET_SESSION_SIZE_LIMIT ((size_t)65536)

/* The largest session_align, in bytes. */
#define MARTLET_SESSION_ALIGN_LIMIT ((size_t)64)

/* What a plugin is and can do. Constant, and readable without creating anything. */
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
    const martlet_text *MARTLET_NULLABLE required_extensions; /* of the host: what it cannot run without */
    size_t required_extension_count;

    /* Bytes of a session, up to MARTLET_SESSION_SIZE_LIMIT: the host makes them, all 0, before `opened` or `restore`,
     * and takes them back after `closed` or `moved`. 0: the plugin makes its sessions itself. */
    size_t session_size;
    size_t session_align;        /* a power of two, up to MARTLET_SESSION_ALIGN_LIMIT; 0: 16 */
    martlet_text session_layout; /* the author's name for the layout of a plain session, such as "echo.session/2" */

    /* -- since 1.0: instance -- */

    /* Makes an instance from its options. `descriptor` is this one. Sets *state, which is NULL before and which every
     * `env` of the instance holds. Other than OK: refused (see `refuse`), and `destroy` is not called. May run while
     * other instances of this image work. Required. [control] */
    martlet_result (*create)(const struct martlet_plugin *descriptor, const martlet_host *host,
                             martlet_instance *instance, const martlet_value *options,
                             void *MARTLET_NULLABLE *MARTLET_NONNULL state);

    /* The last call for this instance: no session, delivery, work, lent output or loop state of it is left. Required.
     * [control] */
    void (*destroy)(void *MARTLET_NULLABLE state);

    /* Makes what this instance wants to keep per event loop, without locks. Sets *loop_state, which is NULL before.
     * Called on each loop before its first session there. Other than OK: refused, `loop_stop` is not called on this
     * loop, and `destroy` follows. Optional. [loop] */
    martlet_result (*MARTLET_NULLABLE loop_start)(const martlet_env *env,
                                                  void *MARTLET_NULLABLE *MARTLET_NONNULL loop_state);

    /* After the last session, delivery, work and loan of the instance on all loops. Optional. [loop] */
    void (*MARTLET_NULLABLE loop_stop)(const martlet_env *env);

    /* -- since 1.0: session: all [loop] -- */

    /* A peer is connected. Sets *session, which is NULL before and which the other callbacks get; with `session_size`
     * it is set already, and stays. Other than OK: the connection is closed, and `closed` is not called. Required for
     * streams. */
    martlet_result (*MARTLET_NULLABLE opened)(const martlet_env *env, martlet_connection *connection,
                                              const martlet_opening *opening,
                                              void *MARTLET_NULLABLE *MARTLET_NONNULL session);

    /* Bytes from the peer: all that is not consumed yet, contiguous, valid until the callback returns. Sets
     * *consumed, which is 0 before the call, to how many of them are consumed; the rest is presented again together
     * with what follows. FULL is as good as OK. An error aborts the connection, whatever was consumed:
     * MARTLET_ERROR_PEER says that the peer misbehaved, any other error that the plugin failed, which counts as a
     * failed request. More than `length` consumed is a fault, and aborts it too. Required for streams. */
    martlet_result (*MARTLET_NULLABLE received)(const martlet_env *env, void *MARTLET_NULLABLE session,
                                                martlet_connection *connection, const uint8_t *data, size_t length,
                                                size_t *consumed);

    /* Output went below the low-water mark after it had been above the high-water mark. Optional. */
    void (*MARTLET_NULLABLE writable)(const martlet_env *env, void *MARTLET_NULLABLE session,
                                      martlet_connection *connection);

    /* The timer of set_timer. Optional. */
    void (*MARTLET_NULLABLE timer)(const martlet_env *env, void *MARTLET_NULLABLE session,
                                   martlet_connection *connection);

    /* The peer sends no more (it may still read); what was not consumed by now never will be. The plugin calls `close`
     * when it has answered. Optional: without it the host sends what is written and closes. */
    void (*MARTLET_NULLABLE peer_closed)(const martlet_env *env, void *MARTLET_NULLABLE session,
                                         martlet_connection *connection);

    /* Finish what is begun, start nothing new, `close` when done. Optional: without it the host sends what is written
     * and closes once nothing of the input is left unconsumed. */
    void (*MARTLET_NULLABLE draining)(const martlet_env *env, void *MARTLET_NULLABLE session,
                                      martlet_connection *connection);

    /* The last call for this session: release it. The peer cannot be written to any more. Required for streams,
     * unless `session_size` is set. */
    void (*MARTLET_NULLABLE closed)(const martlet_env *env, void *MARTLET_NULLABLE session,
                                    martlet_connection *connection, martlet_close_reason reason);
} martlet_plugin;

/* The one symbol that a plugin exports. `host_abi` is the version that the host speaks. Called in a child process
 * first, then in the server. It must do nothing but return the descriptor, which lives as long as the image. NULL:
 * the plugin cannot work with this host. [control] */
typedef const martlet_plugin *MARTLET_NULLABLE (*martlet_entry)(martlet_abi host_abi);
#define MARTLET_ENTRY_SYMBOL "martlet_plugin_entry"
#ifndef __swift__
__attribute__((visibility("default")))
const martlet_plugin *MARTLET_NULLABLE martlet_plugin_entry(martlet_abi host_abi);
#endif

MARTLET_END

#endif
