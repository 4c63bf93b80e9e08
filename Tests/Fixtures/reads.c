/*
 * Reads the rows of the statement in its option "sql" from the database "main", in batches. Each line gets one line:
 *
 *     open N      "rows R more" or "rows R end": begins to read, in batches of N bytes
 *     next        the same: the next batch; "error CLASS: TEXT"; "refused RESULT"
 *     close       "closed RESULT"
 *     cursor      "cursor C", which is 0 when there is none
 *     take C      "took C": uses the cursor of another session
 *     loose N     as "open", but the cursor belongs to no connection, and the answer is the next "cursor"
 *
 * After "stream N" the rows come as lines, and then "end R": the next batch is asked for when the peer has taken the last.
 * With -DSTAYS its sessions stay when they are asked to finish.
 */
#include "minimal.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct reads {
    const martlet_databases *databases;
    martlet_instance *instance;
    martlet_statement sql;
    _Atomic uint64_t loose;
};

struct session {
    martlet_cursor cursor;
    uint64_t count;
    uint32_t streams, waits_for_room;
};

static martlet_result create(const martlet_plugin *descriptor, const martlet_host *given, martlet_instance *instance,
                             const martlet_value *options, void **state) {
    minimal_create(descriptor, given, instance, options, state);
    struct reads *reads = calloc(1, sizeof *reads);
    const martlet_databases *databases = host->extension(instance, (martlet_text)TEXT(MARTLET_DATABASE));
    martlet_database main = databases ? databases->open(instance, (martlet_text)TEXT("main")) : MARTLET_ERROR_UNSUPPORTED;
    if (main < 0 || !MARTLET_HAS(martlet_databases, databases, close)) {
        free(reads);
        return main < 0 ? main : MARTLET_ERROR_UNSUPPORTED;
    }
    *reads = (struct reads){.databases = databases, .instance = instance};
    reads->sql = databases->prepare(instance, main, options->items[0]->text);
    *state = reads;
    return MARTLET_OK;
}

static void destroy(void *state) { free(state); }

static martlet_result say(martlet_connection *connection, const char *format, ...) __attribute__((format(printf, 2, 3)));
static martlet_result say(martlet_connection *connection, const char *format, ...) {
    char line[400];
    va_list arguments;
    va_start(arguments, format);
    int count = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    return host->write(connection, line, (size_t)count < sizeof line ? (size_t)count : sizeof line - 1);
}

static martlet_result ask(const struct reads *reads, martlet_connection *connection, martlet_cursor cursor);

/* Writes rows as lines. Returns whether there is room for more. */
static int stream(martlet_connection *connection, const martlet_rows *rows) {
    int has_room = 1;
    for (size_t row = 0; row < rows->row_count; row++)
        for (size_t column = 0; column < rows->column_count; column++) {
            const martlet_sql_value *value = &rows->values[row * rows->column_count + column];
            if (value->kind == MARTLET_SQL_INTEGER)
                say(connection, "%" PRId64, value->integer);
            else
                host->write(connection, value->text.data, value->text.length);
            has_room = host->write(connection, column + 1 < rows->column_count ? " " : "\n", 1) == MARTLET_OK;
        }
    return has_room;
}

static void answered(const martlet_env *env, void *context, martlet_connection *connection, void *given,
                     const martlet_answer *answer) {
    (void)context;
    struct session *session = given;
    struct reads *reads = env->state;
    if (!connection) {
        /* The peer is gone, or there was none. */
        reads->loose = answer->cursor;
        return;
    }
    session->cursor = answer->cursor;
    if (answer->error) {
        session->streams = 0;
        say(connection, "error %u: %.*s\n", answer->error, (int)answer->message.length, answer->message.data);
        return;
    }
    const martlet_rows *rows = &answer->rows[0];
    session->count += rows->row_count;
    if (!session->streams) {
        say(connection, "rows %zu %s\n", rows->row_count, answer->cursor ? "more" : "end");
        return;
    }
    int has_room = stream(connection, rows);
    if (!answer->cursor) {
        session->streams = 0;
        say(connection, "end %" PRIu64 "\n", session->count);
    } else if (has_room) {
        ask(reads, connection, answer->cursor);
    } else {
        session->waits_for_room = 1;
    }
}

static void writable(const martlet_env *env, void *given, martlet_connection *connection) {
    struct session *session = given;
    if (!session->waits_for_room) return;
    session->waits_for_room = 0;
    ask(env->state, connection, session->cursor);
}

#ifdef STAYS
static void draining(const martlet_env *env, void *session, martlet_connection *connection) {
    (void)env, (void)session, (void)connection;
}
#endif

static martlet_database_call call(martlet_connection *connection) {
    return (martlet_database_call){.size = sizeof(martlet_database_call), .answered = answered,
                                   .connection = connection ? host->id(connection) : 0};
}

static martlet_result ask(const struct reads *reads, martlet_connection *connection, martlet_cursor cursor) {
    martlet_database_call next = call(connection);
    return reads->databases->next(reads->instance, &next, cursor);
}

static martlet_result handle(struct reads *reads, struct session *session, martlet_connection *connection,
                             const char *line) {
    const martlet_databases *databases = reads->databases;
    char name[8] = "";
    uint64_t number = 0;
    sscanf(line, "%7s %" SCNu64, name, &number);
    martlet_database_call select = call(strcmp(name, "loose") ? connection : NULL);
    martlet_command command = {reads->sql, 0, NULL};
    if (!strcmp(name, "next")) return ask(reads, connection, session->cursor);
    if (!strcmp(name, "close")) {
        martlet_result result = databases->close(reads->instance, session->cursor);
        say(connection, "closed %d\n", result);
    } else if (!strcmp(name, "cursor")) {
        say(connection, "cursor %" PRIu64 "\n", reads->loose ? reads->loose : session->cursor);
    } else if (!strcmp(name, "take")) {
        session->cursor = number;
        say(connection, "took %" PRIu64 "\n", number);
    } else if (!strcmp(name, "open") || !strcmp(name, "loose") || !strcmp(name, "stream")) {
        session->count = 0;
        session->streams = name[0] == 's';
        return databases->select(reads->instance, &select, &command, (uint32_t)number);
    }
    return MARTLET_OK;
}

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    const uint8_t *start = data, *end;
    while ((end = memchr(start, '\n', length - (size_t)(start - data)))) {
        char line[64];
        snprintf(line, sizeof line, "%.*s", (int)(end - start), (const char *)start);
        martlet_result result = handle(env->state, session, connection, line);
        if (result < 0) say(connection, "refused %d\n", result);
        start = end + 1;
    }
    *consumed = (size_t)(start - data);
    return MARTLET_OK;
}

static const martlet_option options[] = {
    {.size = sizeof(martlet_option), .type = MARTLET_TYPE_TEXT, .key = TEXT("sql"), .help = TEXT("As above"),
     .default_value = TEXT("\"SELECT 1\""), .minimum = 1, .maximum = 0}};

ENTRY {
    plugin.name = (martlet_text)TEXT("reads");
    plugin.options = options;
    plugin.option_count = 1;
    plugin.flags = MARTLET_PLUGIN_PLAIN_SESSIONS;
    plugin.session_size = sizeof(struct session);
    plugin.session_layout = (martlet_text)TEXT("reads.session/1");
    plugin.create = create;
    plugin.destroy = destroy;
    plugin.received = received;
    plugin.writable = writable;
    plugin.closed = NULL;
#ifdef STAYS
    plugin.draining = draining;
#endif
    return &plugin;
}
