// A plugin for `broadcast.sh`: a line "+" joins a group, and any other line goes to all members of it.
#include <martlet.h>
#include <string.h>

#define TEXT(literal) {literal, sizeof(literal) - 1}

static const martlet_groups *groups;

static martlet_result create(const martlet_plugin *descriptor, const martlet_host *host, martlet_instance *instance,
                             const martlet_value *options, void **state) {
    (void)descriptor, (void)options, (void)state;
    groups = host->extension(instance, (martlet_text)TEXT(MARTLET_GROUPS));
    return groups != NULL ? MARTLET_OK : MARTLET_ERROR_UNSUPPORTED;
}

static void destroy(void *state) { (void)state; }

static martlet_result opened(const martlet_env *env, martlet_connection *connection, const martlet_opening *opening,
                             void **session) {
    (void)env, (void)connection, (void)opening, (void)session;
    return MARTLET_OK;
}

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    (void)session;
    const uint8_t *line = data, *end = data + length, *newline;
    const martlet_text room = TEXT("room");
    while ((newline = memchr(line, '\n', (size_t)(end - line))) != NULL) {
        if (line[0] == '+') {
            groups->join(connection, room, NULL);
            env->host->write(connection, "+\n", 2);
        } else {
            groups->send(env->instance, room, line, (size_t)(newline + 1 - line), 0);
        }
        line = newline + 1;
    }
    *consumed = (size_t)(line - data);
    return MARTLET_OK;
}

static void closed(const martlet_env *env, void *session, martlet_connection *connection, martlet_close_reason reason) {
    (void)env, (void)session, (void)connection, (void)reason;
}

static const martlet_plugin plugin = {
    .size = sizeof(martlet_plugin),
    .abi = MARTLET_ABI_VERSION,
    .name = TEXT("room"),
    .version = TEXT("1.0.0"),
    .summary = TEXT("Sends lines to everybody"),
    .threads = MARTLET_THREADS_BOTH,
    .create = create,
    .destroy = destroy,
    .opened = opened,
    .received = received,
    .closed = closed,
};

__attribute__((visibility("default"))) const martlet_plugin *martlet_plugin_entry(martlet_abi host_abi) {
    (void)host_abi;
    return &plugin;
}
