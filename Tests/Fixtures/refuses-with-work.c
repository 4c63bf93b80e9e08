/* Its `create` submits a job and then fails. The job waits for a file, and its completion runs after that. */
#include "minimal.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char file[256];
/* Memory of the image, which the job and its completion read. */
static volatile int witness = 7;

static void work(void *context) {
    (void)context;
    while (access(file, F_OK) != 0) usleep(2000);
    if (witness != 7) abort();
}

static void done(const martlet_env *env, void *context, martlet_connection *connection, void *session) {
    (void)env, (void)context, (void)connection, (void)session;
    char name[300];
    snprintf(name, sizeof name, "%s-done", file);
    if (witness == 7) fclose(fopen(name, "w"));
}

static martlet_result create(const martlet_plugin *descriptor, const martlet_host *given,
                             martlet_instance *instance, const martlet_value *options, void **state) {
    minimal_create(descriptor, given, instance, options, state);
    snprintf(file, sizeof file, "%.*s", (int)options->items[0]->text.length, options->items[0]->text.data);
    given->submit(instance, 0, work, done, NULL);
    return MARTLET_ERROR_ARGUMENT;
}

static const martlet_option option = {.size = sizeof option, .type = MARTLET_TYPE_PATH, .key = TEXT("file"),
                                      .help = TEXT("The job waits for it"), .default_value = TEXT("\"gate\""),
                                      .minimum = 1, .maximum = 0};

ENTRY {
    plugin.flags = MARTLET_PLUGIN_UNLOADABLE;
    plugin.options = &option;
    plugin.option_count = 1;
    plugin.create = create;
    return &plugin;
}
