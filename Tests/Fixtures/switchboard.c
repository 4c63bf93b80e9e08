/*
 * Lines that make the plugin hand its connection over ("to NAME"), give it up ("peer", "fail", "abort NUMBER"), or report
 * its addresses ("where"). `take_line` has some more, and echoes all others. The reason passed to `closed` is logged. The
 * option "forward" names a listener to which the plugin hands over each connection as soon as it is opened.
 */
#include "switchboard.h"

struct switchboard {
    const martlet_host_info *info;
    char forward[64];
};

static martlet_result create(const martlet_plugin *descriptor, const martlet_host *given, martlet_instance *instance,
                             const martlet_value *options, void **state) {
    minimal_create(descriptor, given, instance, options, state);
    struct switchboard *board = calloc(1, sizeof *board);
    board->info = given->extension(instance, (martlet_text)TEXT(MARTLET_HOST_INFO));
    const martlet_text *forward = &options->items[0]->text;
    snprintf(board->forward, sizeof board->forward, "%.*s", (int)forward->length, forward->data);
    *state = board;
    return MARTLET_OK;
}

static void destroy(void *state) { free(state); }

static martlet_result opened(const martlet_env *env, martlet_connection *connection, const martlet_opening *opening,
                             void **given) {
    struct switchboard *board = env->state;
    struct session *session = calloc(1, sizeof *session);
    session->origin = opening->origin;
    session->peer = *opening->peer;
    session->local = *opening->local;
    snprintf(session->endpoint, sizeof session->endpoint, "%.*s", (int)opening->endpoint.length,
             opening->endpoint.data);
    if (session->origin == MARTLET_ORIGIN_HANDED_OVER) {
        martlet_text name = board->info->listener(env->instance);
        answer(connection, "this is %.*s", (int)name.length, name.data);
    }
    if (board->forward[0] != 0)
        host->hand_over(connection, (martlet_text){board->forward, strlen(board->forward)});
    *given = session;
    return MARTLET_OK;
}

/* Returns the result for `received` to return, or NO_RESULT to continue. */
static martlet_result take_line(const martlet_env *env, struct session *session, martlet_connection *connection,
                                const char *line) {
    char word[16] = "", name[64] = "";
    sscanf(line, "%15s %63s", word, name);
    martlet_text listener = {name, strlen(name)};
    long number = strtol(name, NULL, 10);
    if (strcmp(word, "where") == 0) say_where(session, connection);
    else if (strcmp(word, "reserve") == 0) reserve_and_ask(connection);
    else if (strcmp(word, "fill") == 0 && number > 0) fill(connection, (size_t)number);
    else if (strcmp(word, "timer") == 0) host->set_timer(connection, (uint64_t)number);
    else if (strcmp(word, "want") == 0) host->want(connection, (size_t)number);
    else if (strcmp(word, "pause") == 0) host->pause(connection);
    else if (strcmp(word, "peer") == 0) return MARTLET_ERROR_PEER;
    else if (strcmp(word, "fail") == 0) return MARTLET_ERROR_MEMORY;
    else if (strcmp(word, "abort") == 0) {
        host->abort(connection, (martlet_result)number);
        return MARTLET_OK;
    } else if (strcmp(word, "to") == 0 || strcmp(word, "quiet") == 0 || strcmp(word, "never") == 0) {
        martlet_result result = host->hand_over(connection, listener);
        if (result != MARTLET_OK) {
            answer(connection, "hand_over: %d", result);
            return NO_RESULT;
        }
        if (word[0] == 'q') say_what_is_refused(env, connection, listener);
        if (word[0] == 'n') note(env, "abort: %d", host->abort(connection, MARTLET_OK));
        return MARTLET_OK;
    } else answer(connection, "%s", line);
    return NO_RESULT;
}

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    const uint8_t *newline;
    while ((newline = memchr(data + *consumed, '\n', length - *consumed)) != NULL) {
        char line[256];
        size_t count = (size_t)(newline - data) - *consumed;
        snprintf(line, sizeof line, "%.*s", (int)count, (const char *)data + *consumed);
        *consumed += count + 1;
        martlet_result result = take_line(env, session, connection, line);
        if (result != NO_RESULT) return result;
    }
    return MARTLET_OK;
}

static void timer(const martlet_env *env, void *session, martlet_connection *connection) {
    (void)env, (void)session;
    answer(connection, "tick");
}

static void closed(const martlet_env *env, void *session, martlet_connection *connection,
                   martlet_close_reason reason) {
    struct switchboard *board = env->state;
    martlet_text name = board->info->listener(env->instance);
    martlet_address peer = {.size = sizeof peer};
    host->peer(connection, &peer);
    note(env, "%.*s: closed because of %u.", (int)name.length, name.data, reason);
    free(session);
}

static const martlet_option options[] = {
    {.size = sizeof(martlet_option), .type = MARTLET_TYPE_TEXT, .key = TEXT("forward"), .minimum = 1, .maximum = 0,
     .help = TEXT("The listener that gets each connection"), .default_value = TEXT("\"\"")}};

ENTRY {
    plugin.name = (martlet_text)TEXT("switchboard");
#ifdef VERSION
    plugin.version = (martlet_text)TEXT(VERSION);
#endif
    plugin.threads = MARTLET_THREADS_BOTH;
    plugin.options = options;
    plugin.option_count = 1;
    plugin.create = create;
    plugin.destroy = destroy;
    plugin.opened = opened;
    plugin.received = received;
    plugin.timer = timer;
    plugin.closed = closed;
    return &plugin;
}
