/* Tries every kind of output after its own close, and counts the calls that the host accepts. */
#include "minimal.h"
#include <unistd.h>

static martlet_instance *own;
static martlet_metric taken, released;

static martlet_result create(const martlet_plugin *descriptor, const martlet_host *given,
                             martlet_instance *instance, const martlet_value *options, void **state) {
    own = instance;
    minimal_create(descriptor, given, instance, options, state);
    taken = host->metric_register(instance, MARTLET_METRIC_COUNTER, (martlet_text)TEXT("taken_total"),
                                  (martlet_text)TEXT("Calls accepted after close"));
    released = host->metric_register(instance, MARTLET_METRIC_COUNTER, (martlet_text)TEXT("released_total"),
                                     (martlet_text)TEXT("Loans that were released"));
    return MARTLET_OK;
}

static void release(void *context) {
    (void)context;
    host->metric_add(own, released, 1);
}

static void write_anyway(martlet_connection *connection) {
    int accepted = host->write(connection, "late", 4) != MARTLET_ERROR_CLOSED;
    accepted += host->reserve(connection, 4) != NULL;
    accepted += host->commit(connection, 4) != MARTLET_ERROR_CLOSED;
    accepted += host->write_shared(connection, "late", 4, release, NULL) != MARTLET_ERROR_CLOSED;
    accepted += host->send_file(connection, STDIN_FILENO, 0, 4, release, NULL) != MARTLET_ERROR_CLOSED;
    accepted += host->set_timer(connection, 1) != MARTLET_ERROR_CLOSED;
    accepted += host->pause(connection) != MARTLET_ERROR_CLOSED;
    accepted += host->close(connection) != MARTLET_ERROR_CLOSED;
    host->metric_add(own, taken, accepted);
}

static martlet_result received(const martlet_env *env, void *session, martlet_connection *connection,
                               const uint8_t *data, size_t length, size_t *consumed) {
    (void)env, (void)session, (void)data;
    host->write(connection, "last", 4);
    host->close(connection);
    write_anyway(connection);
    *consumed = length;
    return MARTLET_OK;
}

static void closed(const martlet_env *env, void *session, martlet_connection *connection, martlet_close_reason reason) {
    (void)env, (void)session, (void)reason;
    write_anyway(connection);
}

ENTRY {
    plugin.create = create;
    plugin.received = received;
    plugin.closed = closed;
    return &plugin;
}
