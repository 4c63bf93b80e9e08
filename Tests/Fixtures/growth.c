/*
 * A plugin that uses every struct of the ABI that can grow, and reports what it finds. With -DGROWN it is built against
 * headers in which each of them has one more member (scripts/grow-header). It then sets this member to JUNK in the
 * structs that it fills in. growth-extensions.h has its session state and its operations.
 */
#include "growth.h"
#include "growth-extensions.h"

#define OPTION(kind, name, ...)                                                                                        \
    {.size = sizeof(martlet_option), .type = kind, .key = TEXT(name), .help = TEXT("Help of " name), .minimum = 1,     \
     GROWN_MEMBER __VA_ARGS__}

static const martlet_option limits[] = {
    OPTION(MARTLET_TYPE_INTEGER, "low", .maximum = 100),
    OPTION(MARTLET_TYPE_INTEGER, "high", .maximum = 100, .default_value = TEXT("77")),
};
static const martlet_option route[] = {
    OPTION(MARTLET_TYPE_TEXT, "path", .required = 1),
    OPTION(MARTLET_TYPE_INTEGER, "weight", .maximum = 9),
};
static const martlet_option options[] = {
    OPTION(MARTLET_TYPE_TEXT, "name", .default_value = TEXT("\"nobody\"")),
    OPTION(MARTLET_TYPE_TABLE, "limits", .children = limits, .child_count = 2),
    OPTION(MARTLET_TYPE_LIST, "routes", .element = MARTLET_TYPE_TABLE, .children = route, .child_count = 2),
};

/* ------------------------------------------------------------------------------------------------------ instance -- */

/* Prints the members in the order of the file, and checks that every value has the size of the first. */
static void tell_value(struct growth *growth, const martlet_value *value) {
    growth->sizes_differ |= value->size != growth->value_size;
    if (value->key.length > 0) print(&growth->options, "%.*s=", (int)value->key.length, value->key.data);
    if (value->type == MARTLET_TYPE_TEXT) print(&growth->options, "%.*s", (int)value->text.length, value->text.data);
    if (value->type == MARTLET_TYPE_INTEGER) print(&growth->options, "%lld", (long long)value->integer);
    if (value->type != MARTLET_TYPE_TABLE && value->type != MARTLET_TYPE_LIST) return;
    print(&growth->options, value->type == MARTLET_TYPE_TABLE ? "{" : "[");
    for (size_t i = 0; i < value->item_count; i++) {
        if (i > 0) print(&growth->options, " ");
        tell_value(growth, value->items[i]);
    }
    print(&growth->options, value->type == MARTLET_TYPE_TABLE ? "}" : "]");
}

/* Registers a histogram with a label, so that all members of the description are read. */
static void declare(struct growth *growth, const martlet_host *host, martlet_instance *instance) {
    static const uint64_t bounds[] = {1, 10};
    static const martlet_text labels[] = {TEXT("which")}, values[] = {TEXT("first")};
    const martlet_metric_description description = {
        .size = sizeof description, .kind = MARTLET_METRIC_HISTOGRAM, .name = TEXT("sizes"), .help = TEXT("Sizes"),
        .labels = labels, .label_count = 1, .bounds = bounds, .bound_count = 2, .divisor = 2, GROWN_MEMBER
    };
    growth->metrics = host->extension(instance, (martlet_text)TEXT(MARTLET_METRICS));
    growth->sizes = growth->metrics->declare(instance, &description);
    growth->sizes = growth->metrics->series(instance, growth->sizes, values, 1);
    growth->metrics->observe(instance, growth->sizes, 7);
}

static martlet_result create(const martlet_plugin *descriptor, const martlet_host *host, martlet_instance *instance,
                             const martlet_value *values, void **state) {
    martlet_text id = TEXT(MARTLET_HOST_INFO);
    struct growth *growth = calloc(1, sizeof *growth);
    if (descriptor->size != sizeof(martlet_plugin)) return MARTLET_ERROR_ARGUMENT;
    growth->info = host->extension(instance, id);
    growth->value_size = values->size;
    growth->later_values = HAS_GROWN(martlet_value, values);
    tell_value(growth, values);
    declare(growth, host, instance);
    *state = growth;
    return MARTLET_OK;
}

static void destroy(void *state) { free(state); }

/* ------------------------------------------------------------------------------------------------------- session -- */

/* '<', '=' or '>': the host's struct is smaller than this plugin's, as large, or larger. */
static char against(size_t theirs, size_t own) { return theirs < own ? '<' : theirs > own ? '>' : '='; }

static martlet_result opened(const martlet_env *env, martlet_connection *connection, const martlet_opening *opening,
                             void **given) {
    (void)env, (void)connection;
    struct session *session = calloc(1, sizeof *session);
    session->later = HAS_GROWN(martlet_opening, opening) + HAS_GROWN(martlet_address, opening->peer) +
                     HAS_GROWN(martlet_address, opening->local);
    print(&session->opening, "opening%c peer%c local%c", against(opening->size, sizeof *opening),
          against(opening->peer->size, sizeof *opening->peer), against(opening->local->size, sizeof *opening->local));
    session->peer_port = opening->peer->port;
    session->local_port = opening->local->port;
    snprintf(session->endpoint, sizeof session->endpoint, "%.*s", (int)opening->endpoint.length,
             opening->endpoint.data);
    *given = session;
    return MARTLET_OK;
}

static void tell_sizes(const martlet_env *env, struct session *session, struct text *answer) {
    struct growth *growth = env->state;
    uint32_t abi = env->host->abi;
    int later = growth->later_values + session->later + HAS_GROWN(martlet_env, env) +
                HAS_GROWN(martlet_host, env->host) + HAS_GROWN(martlet_host_info, growth->info) +
                HAS_GROWN(martlet_metrics, growth->metrics);
    print(answer, "abi %u.%u on %u.%u: host%c env%c info%c metrics%c value%c %s later %d", MARTLET_ABI_MAJOR,
          MARTLET_ABI_MINOR, abi >> 16, abi & 0xFFFF, against(env->host->size, sizeof *env->host), against(env->size, sizeof *env),
          against(growth->info->size, sizeof *growth->info),
          against(growth->metrics->size, sizeof *growth->metrics),
          growth->sizes_differ ? '!' : against(growth->value_size, sizeof(martlet_value)), session->opening.bytes,
          later);
}

/* Reports what the host fills in, what it sets to 0, and whether it overwrites the memory behind the struct. */
static void tell_address(const martlet_env *env, martlet_connection *connection, const char *which,
                         martlet_result (*fill)(martlet_connection *, martlet_address *), uint16_t port,
                         struct text *answer) {
    (void)env;
    struct {
        martlet_address address;
        uint64_t behind;
    } space;
    memset(&space, 0xA5, sizeof space);
    space.address.size = sizeof space.address;
    martlet_result result = fill(connection, &space.address);
    uint8_t *ip = space.address.address;
    uint64_t rest = 0;
#ifdef GROWN
    rest = space.address.grown;
#endif
    print(answer, "%s %d: %u %u.%u.%u.%u port %s size %s rest %d behind %s", which, result, space.address.family, ip[0],
          ip[1], ip[2], ip[3], space.address.port == port ? "same" : "another",
          space.address.size == sizeof space.address ? "own" : "another", rest != 0,
          space.behind == 0xA5A5A5A5A5A5A5A5 ? "untouched" : "overwritten");
    space.address.size = offsetof(martlet_address, reserved2);
    print(answer, " small %d", fill(connection, &space.address));
}

static void tell_requests(const martlet_env *env, martlet_connection *connection, struct text *answer) {
    martlet_request good = {.size = sizeof good, .status = 200, .method = TEXT("GOOD"), GROWN_MEMBER};
    martlet_request failed = {.size = sizeof failed, .flags = MARTLET_REQUEST_FAILED, .method = TEXT("BAD"),
                              GROWN_MEMBER};
    martlet_request small = {.size = offsetof(martlet_request, target), .status = 200};
    print(answer, "%d %d %d", env->host->request_done(connection, &good),
          env->host->request_done(connection, &failed), env->host->request_done(connection, &small));
}

static void answer_line(const martlet_env *env, struct session *session, martlet_connection *connection,
                        const char *line, size_t length) {
    struct growth *growth = env->state;
    struct text answer = {0};
    if (IS(line, length, "sizes")) tell_sizes(env, session, &answer);
    else if (IS(line, length, "options")) print(&answer, "%s", growth->options.bytes);
    else if (IS(line, length, "endpoint")) print(&answer, "%s", session->endpoint);
    else if (IS(line, length, "peer"))
        tell_address(env, connection, "peer", env->host->peer, session->peer_port, &answer);
    else if (IS(line, length, "local"))
        tell_address(env, connection, "local", env->host->local, session->local_port, &answer);
    else if (IS(line, length, "requests")) tell_requests(env, connection, &answer);
    else
        print(&answer, "line %u, version " VERSION ", generation %u", session->lines,
              growth->info->generation(env->instance));
    print(&answer, "\n");
    env->host->write(connection, answer.bytes, answer.length);
}

static martlet_result received(const martlet_env *env, void *given, martlet_connection *connection, const uint8_t *data,
                               size_t length, size_t *consumed) {
    struct session *session = given;
    const uint8_t *end;
    while ((end = memchr(data + *consumed, '\n', length - *consumed)) != NULL) {
        session->lines++;
        answer_line(env, session, connection, (const char *)data + *consumed, (size_t)(end - data) - *consumed);
        *consumed = (size_t)(end - data) + 1;
    }
    return MARTLET_OK;
}

static void closed(const martlet_env *env, void *session, martlet_connection *connection, martlet_close_reason reason) {
    (void)env, (void)connection, (void)reason;
    free(session);
}

static const martlet_text needed[] = {TEXT(MARTLET_HOST_INFO)};

static const martlet_plugin plugin = {
    .size = sizeof(martlet_plugin), .abi = MARTLET_ABI_VERSION, .name = TEXT("growth"), .version = TEXT(VERSION),
    .summary = TEXT("Uses every struct that can grow"), .threads = MARTLET_THREADS_LOOPS,
    .options = options, .option_count = sizeof options / sizeof *options,
    .extensions = extensions, .extension_count = sizeof extensions / sizeof *extensions,
    .required_extensions = needed, .required_extension_count = 1,
    .create = create, .destroy = destroy, .opened = opened, .received = received, .closed = closed, GROWN_MEMBER
};

__attribute__((visibility("default"))) const martlet_plugin *martlet_plugin_entry(martlet_abi host_abi) {
    (void)host_abi;
    return &plugin;
}
