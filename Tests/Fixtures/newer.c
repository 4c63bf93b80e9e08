/*
 * A plugin built for a later minor version. Its structs are longer. It has members, constants and an extension that this
 * host does not know, and it asks for a host extension that does not exist. It tells each peer what it found.
 */
#include "minimal.h"

struct longer_option {
    martlet_option known;
    void *unknown[3];
};

struct longer_extension {
    martlet_extension known;
    uint64_t unknown;
};

struct longer_address {
    martlet_address known;
    uint64_t unknown;
};

struct longer_request {
    martlet_request known;
    uint64_t unknown;
};

/* The host ignores these values, uses the nearest known one, or returns UNSUPPORTED: see each type in martlet.h. */
#define LATER_FLAG ((uint32_t)1 << 31)
#define LATER_LEVEL ((martlet_log_level)9)
#define LATER_KIND ((martlet_metric_kind)77)
#define LATER_SUCCESS ((martlet_result)55)

static const struct longer_option options[] = {
    {{.size = sizeof(struct longer_option), .type = MARTLET_TYPE_INTEGER, .key = TEXT("one"),
      .default_value = TEXT("1"), .minimum = 1},
     {(void *)1, (void *)2, (void *)3}},
    {{.size = sizeof(struct longer_option), .type = MARTLET_TYPE_INTEGER, .key = TEXT("two"),
      .default_value = TEXT("2"), .minimum = 1},
     {(void *)1, (void *)2, (void *)3}},
};

static const struct {
    uint32_t size;
} unknown_functions = {4};

static const struct longer_extension extensions[] = {
    {{sizeof(struct longer_extension), 0, TEXT("martlet.from-the-future/3"), &unknown_functions}, 7},
    {{sizeof(struct longer_extension), 0, TEXT("example.own/1"), &unknown_functions}, 7},
};

static struct {
    martlet_plugin known;
    void (*unknown[8])(void);
} longer;

static int has_future, has_kind, sum;

static martlet_result create(const martlet_plugin *descriptor, const martlet_host *given, martlet_instance *instance,
                             const martlet_value *options_given, void **state) {
    martlet_text id = TEXT("martlet.from-the-future/3"), name = TEXT("later_total");
    has_future = given->extension(instance, id) != NULL;
    has_kind = given->metric_register(instance, LATER_KIND, name, name) != MARTLET_ERROR_UNSUPPORTED;
    for (size_t i = 0; i < options_given->item_count; i++) sum += (int)options_given->items[i]->integer;
    return minimal_create(descriptor, given, instance, options_given, state);
}

/* The host fills in the members of an address that it knows, and sets the rest to 0. */
static int takes_longer_structs(martlet_connection *connection) {
    struct longer_address peer = {.known.size = sizeof peer, .unknown = 1};
    struct longer_request done = {
        {.size = sizeof done, .flags = LATER_FLAG, .status = 200, .method = TEXT("LINE")}, .unknown = 1};
    return host->peer(connection, &peer.known) == MARTLET_OK && peer.known.family != 0 && peer.unknown == 0 &&
           host->request_done(connection, &done.known) == MARTLET_OK;
}

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    (void)session, (void)data;
    host->log(env->instance, LATER_LEVEL, (martlet_text)TEXT("a level of the future"));
    if (has_future || has_kind) host->write(connection, "the future is here\n", 19);
    else if (sum != 3) host->write(connection, "options are wrong!\n", 19);
    else if (!takes_longer_structs(connection)) host->write(connection, "structs are wrong!\n", 19);
    else host->write(connection, "without the future\n", 19);
    *consumed = length;
    return LATER_SUCCESS;
}

static void crash(void) { __builtin_trap(); }

ENTRY {
    longer.known = plugin;
    longer.known.size = sizeof longer;
    longer.known.abi = MARTLET_ABI_VERSION + 1;
    longer.known.flags = LATER_FLAG;
    longer.known.options = &options[0].known;
    longer.known.option_count = 2;
    longer.known.extensions = &extensions[0].known;
    longer.known.extension_count = 2;
    longer.known.create = create;
    longer.known.received = received;
    for (int i = 0; i < 8; i++) longer.unknown[i] = crash;
    return &longer.known;
}
