/*
 * Keeps values in the database "main". Each line gets one line when the database has answered:
 *
 *     put K V     "put K"                 both K and its twin "K'" have the value V now, or neither
 *     get K       "get K V V'", "get K"   what both have; nothing: there is none
 *     add K N     "add K"                 N was added to both, in a transaction that reads them first; undone if that is above 1,000;
 *                                     below 0: the transaction never ends
 *     sql         "rows N" or "error CLASS: TEXT" of the statement that the option "sql" names
 *
 * With "!" before a line, the call may take 100 ms.
 */
#include "minimal.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct keeps {
    const martlet_databases *databases;
    martlet_instance *instance;
    martlet_database main;
    martlet_statement put, get, one, sql;
};

struct question {
    const struct keeps *keeps;
    char name[8], key[64];
    int64_t amount;
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
    martlet_database main = keeps->main = databases->open(instance, text_option(options, 0));
    static const martlet_text steps[] = {
        TEXT("CREATE TABLE pairs (name VARCHAR(80) PRIMARY KEY, value VARCHAR(80) NOT NULL CHECK (value <> 'bad'))")};
    martlet_result result = main < 0 ? main : databases->migrate(instance, main, (martlet_text)TEXT("keeps"), steps, 1);
    if (result < 0) {
        free(keeps);
        return result;
    }
    keeps->put = databases->prepare(instance, main, (martlet_text)TEXT("REPLACE INTO pairs VALUES (?, ?)"));
    keeps->one = databases->prepare(
        instance, main,
        databases->dialect(instance, main) == MARTLET_DIALECT_MARIADB
            ? (martlet_text)TEXT("SELECT CAST(value AS SIGNED) FROM pairs WHERE name = ? FOR UPDATE")
            : (martlet_text)TEXT("SELECT CAST(value AS INTEGER) FROM pairs WHERE name = ?"));
    keeps->get = databases->prepare(
        instance, main,
        (martlet_text)TEXT("SELECT a.value, b.value FROM pairs a, pairs b WHERE a.name = ? AND b.name = ?"));
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
        for (size_t r = 0; r < answer->rows_count; r++) {
            const martlet_rows *rows = &answer->rows[r];
            for (size_t i = 0; i < rows->row_count * rows->column_count; i++)
                say(connection, " %.*s", (int)rows->values[i].text.length, rows->values[i].text.data);
        }
        say(connection, "\n");
    }
    free(question);
}

static martlet_sql_value text_value(const char *text) {
    return (martlet_sql_value){.kind = MARTLET_SQL_TEXT, .text = {text, strlen(text)}};
}

/* Adds to both values of a pair. */
static martlet_result add(martlet_transaction *transaction, void *context) {
    const struct question *question = context;
    const struct keeps *keeps = question->keeps;
    while (question->amount < 0) usleep(1000);
    for (int i = 0; i < 2; i++) {
        char name[70], number[24];
        snprintf(name, sizeof name, "%s%s", question->key, i ? "'" : "");
        martlet_sql_value values[] = {text_value(name), {.kind = MARTLET_SQL_TEXT}};
        const martlet_answer *answer =
            keeps->databases->run(transaction, &(martlet_command){keeps->one, 1, values});
        /* An error comes back to `answered`. */
        if (answer->error) return MARTLET_OK;
        int64_t sum = question->amount + (answer->rows[0].row_count ? answer->rows[0].values[0].integer : 0);
        if (sum > 1000 && i) return MARTLET_ERROR_ARGUMENT;
        snprintf(number, sizeof number, "%lld", (long long)sum);
        values[1].text = (martlet_text){number, strlen(number)};
        keeps->databases->run(transaction, &(martlet_command){keeps->put, 2, values});
    }
    return MARTLET_OK;
}

static void handle(const struct keeps *keeps, martlet_connection *connection, const char *line) {
    struct question *question = calloc(1, sizeof *question);
    char value[256] = "", twin[70];
    martlet_database_call call = {.size = sizeof call, .connection = host->id(connection), .answered = answered,
                                  .context = question};
    if (*line == '!') {
        call.timeout_milliseconds = 100;
        line++;
    }
    question->keeps = keeps;
    sscanf(line, "%7s %63s %255s", question->name, question->key, value);
    snprintf(twin, sizeof twin, "%s'", question->key);
    martlet_sql_value one[] = {text_value(question->key), text_value(value)}, two[] = {text_value(twin), text_value(value)};
    martlet_command put[] = {{keeps->put, 2, one}, {keeps->put, 2, two}};
    martlet_sql_value both[] = {one[0], two[0]};
    martlet_command get = {keeps->get, 2, both}, sql = {keeps->sql, 0, NULL};
    int puts = question->name[0] == 'p', gets = question->name[0] == 'g';
    if (gets) call.flags = MARTLET_EXECUTE_QUERY;
    question->amount = atoll(value);
    martlet_result result =
        question->name[0] == 'a'
            ? keeps->databases->transact(keeps->instance, &call, keeps->main, add)
            : keeps->databases->execute(keeps->instance, &call, puts ? put : gets ? &get : &sql, puts ? 2 : 1);
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
