/*
 * Keeps values in the database "main". Each line gets one line when the database has answered:
 *
 *     put K V     "put K"                 both K and its twin "K'" have the value V now, or neither
 *     get K       "get K V V'", "get K"   what both have; nothing: there is none
 *     sql         "rows N" or "error CLASS: TEXT" of the statement that the option "sql" names
 */
#include "minimal.h"
#include <stdio.h>
#include <stdlib.h>

struct keeps {
    const martlet_databases *databases;
    martlet_instance *instance;
    martlet_statement put, get, sql;
};

struct question {
    char name[8], key[64];
};

static martlet_text text_option(const martlet_value *options, size_t index) { return options->items[index]->text; }

static martlet_result create(const martlet_plugin *descriptor, const martlet_host *given, martlet_instance *instance,
                             const martlet_value *options, void **state) {
    minimal_create(descriptor, given, instance, options, state);
    struct keeps *keeps = calloc(1, sizeof *keeps);
    keeps->instance = instance;
    keeps->databases = host->extension(instance, (martlet_text)TEXT(MARTLET_DATABASE));
    if (!keeps->databases) return MARTLET_ERROR_UNSUPPORTED;
    const martlet_databases *databases = keeps->databases;
    martlet_database main = databases->open(instance, text_option(options, 0));
    static const martlet_text steps[] = {
        TEXT("CREATE TABLE pairs (name TEXT PRIMARY KEY, value TEXT NOT NULL CHECK (value <> 'bad')) WITHOUT ROWID")};
    martlet_result result = main < 0 ? main : databases->migrate(instance, main, (martlet_text)TEXT("keeps"), steps, 1);
    if (result < 0) {
        free(keeps);
        return result;
    }
    keeps->put = databases->prepare(
        instance, main,
        (martlet_text)TEXT("INSERT INTO pairs VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"));
    keeps->get = databases->prepare(
        instance, main,
        (martlet_text)TEXT("SELECT a.value, b.value FROM pairs a JOIN pairs b ON b.name = a.name || '''' WHERE a.name = ?"));
    keeps->sql = databases->prepare(instance, main, text_option(options, 1));
    *state = keeps;
    return MARTLET_OK;
}

static void destroy(void *state) { free(state); }

static void say(martlet_connection *connection, const char *format, ...) __attribute__((format(printf, 2, 3)));
#include <stdarg.h>
static void say(martlet_connection *connection, const char *format, ...) {
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    int count = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    host->write(connection, line, (size_t)count < sizeof line ? (size_t)count : sizeof line - 1);
}

static void answered(const martlet_env *env, void *context, martlet_connection *connection, void *session,
                     const martlet_answer *answer) {
    (void)env, (void)session;
    struct question *question = context;
    if (!connection) {
        /* The peer is gone. */
    } else if (answer->error) {
        say(connection, "error %u: %.*s\n", answer->error, (int)answer->message.length, answer->message.data);
    } else if (question->name[0] == 's') {
        say(connection, "rows %zu\n", answer->rows[0].row_count);
    } else {
        say(connection, "%s %s", question->name, question->key);
        const martlet_rows *rows = &answer->rows[0];
        for (size_t i = 0; i < rows->row_count * rows->column_count; i++)
            say(connection, " %.*s", (int)rows->values[i].text.length, rows->values[i].text.data);
        say(connection, "\n");
    }
    free(question);
}

static martlet_sql_value text_value(const char *text) {
    return (martlet_sql_value){.kind = MARTLET_SQL_TEXT, .text = {text, strlen(text)}};
}

static void handle(const struct keeps *keeps, martlet_connection *connection, const char *line) {
    struct question *question = calloc(1, sizeof *question);
    char value[256] = "", twin[70];
    sscanf(line, "%7s %63s %255s", question->name, question->key, value);
    snprintf(twin, sizeof twin, "%s'", question->key);
    martlet_sql_value one[] = {text_value(question->key), text_value(value)}, two[] = {text_value(twin), text_value(value)};
    martlet_command put[] = {{keeps->put, 2, one}, {keeps->put, 2, two}};
    martlet_command get = {keeps->get, 1, one}, sql = {keeps->sql, 0, NULL};
    int puts = question->name[0] == 'p', gets = question->name[0] == 'g';
    martlet_result result = keeps->databases->execute(
        keeps->instance, host->id(connection), puts ? put : gets ? &get : &sql, puts ? 2 : 1,
        gets ? MARTLET_EXECUTE_QUERY : 0, answered, question);
    if (result < 0) {
        say(connection, "refused %d\n", result);
        free(question);
    }
}

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    (void)session;
    const uint8_t *start = data, *end;
    while ((end = memchr(start, '\n', length - (size_t)(start - data)))) {
        char line[400];
        size_t count = (size_t)(end - start) < sizeof line - 1 ? (size_t)(end - start) : sizeof line - 1;
        memcpy(line, start, count);
        line[count] = 0;
        handle(env->state, connection, line);
        start = end + 1;
    }
    *consumed = (size_t)(start - data);
    return MARTLET_OK;
}

#define OPTION(called, standard)                                                                                       \
    {.size = sizeof(martlet_option), .type = MARTLET_TYPE_TEXT, .key = TEXT(called), .help = TEXT("As above"),         \
     .default_value = TEXT(standard), .minimum = 1, .maximum = 0}
static const martlet_option options[] = {OPTION("database", "\"main\""), OPTION("sql", "\"SELECT 1\"")};

ENTRY {
    plugin.name = (martlet_text)TEXT("keeps");
    plugin.options = options;
    plugin.option_count = 2;
    plugin.create = create;
    plugin.destroy = destroy;
    plugin.received = received;
    return &plugin;
}
