/* The lines of the shout plugin that begin with '?' or '!'. Each calls a host function. Only shout.c includes this file. */
#include "shout.h"
#include <ctype.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITE(...) write_line(env, connection, __VA_ARGS__)

__attribute__((format(printf, 3, 4))) static void write_line(const martlet_env *env, martlet_connection *connection,
                                                             const char *format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    env->host->write(connection, line, (size_t)length);
}

static void count_release(void *context) {
    struct shout *shout = context;
    shout->host->metric_add(shout->instance, shout->released, 1);
}

struct lent_file {
    struct shout *shout;
    int descriptor;
};

static void close_file(void *context) {
    struct lent_file *lent = context;
    close(lent->descriptor);
    count_release(lent->shout);
    free(lent);
}

static void send_the_file(const martlet_env *env, martlet_connection *connection) {
    struct shout *shout = env->state;
    struct lent_file *lent = malloc(sizeof *lent);
    struct stat status;
    *lent = (struct lent_file){shout, open(shout->file, O_RDONLY | O_CLOEXEC)};
    fstat(lent->descriptor, &status);
    env->host->send_file(connection, lent->descriptor, 0, (uint64_t)status.st_size, close_file, lent);
}

static void posted(const martlet_env *env, void *context, martlet_connection *connection, void *session) {
    (void)context;
    if (session != NULL) WRITE("posted\n");
}

static void upper_job(void *context) {
    struct job *job = context;
    for (size_t i = 0; i < job->length; i++) job->line[i] = (char)toupper((unsigned char)job->line[i]);
}

static void answer_job(const martlet_env *env, void *context, martlet_connection *connection, void *given) {
    struct job *job = context;
    struct session *session = given;
    if (session != NULL) {
        env->host->write(connection, job->line, job->length);
        if (--session->working == 0 && session->peer_finished) env->host->close(connection);
    }
    free(job);
}

static void on_worker(const martlet_env *env, struct session *session, martlet_connection *connection, const char *line,
                      size_t length) {
    struct job *job = malloc(sizeof *job + length + 1);
    job->length = length + 1;
    memcpy(job->line, line, length);
    job->line[length] = '\n';
    martlet_connection_id id = env->host->id(connection);
    if (env->host->submit(env->instance, id, upper_job, answer_job, job) == MARTLET_OK) {
        session->working++;
    } else {
        free(job);
        WRITE("busy\n");
    }
}

static void tell_peer(const martlet_env *env, martlet_connection *connection) {
    martlet_address peer = {.size = sizeof peer};
    env->host->peer(connection, &peer);
    WRITE("family %u first %u port %u\n", peer.family, peer.address[0], peer.port);
}

static void tell_info(const martlet_env *env, martlet_connection *connection) {
    const martlet_host_info *info = ((struct shout *)env->state)->info;
    martlet_text name = info->listener(env->instance);
    WRITE("listener %.*s generation %u loops %u workers %u loop %u host %.*s\n", (int)name.length, name.data,
          info->generation(env->instance), info->loop_count(env->instance), info->worker_count(env->instance),
          env->loop, (int)env->host->version.length, env->host->version.data);
}

static void pause_a_while(const martlet_env *env, struct session *session, martlet_connection *connection) {
    session->paused = 1;
    env->host->pause(connection);
    env->host->set_timer(connection, 30);
}

static int command(const martlet_env *env, struct session *session, martlet_connection *connection, const char *word,
                   size_t length) {
    static const char shared[] = "lent and given back\n";
    const martlet_host *host = env->host;
    struct loop *loop = env->loop_state;
    if (IS(word, length, "?version")) WRITE("%s\n", VERSION);
    else if (IS(word, length, "?info")) tell_info(env, connection);
    else if (IS(word, length, "?peer")) tell_peer(env, connection);
    else if (IS(word, length, "?lines")) WRITE("%llu\n", (unsigned long long)loop->lines);
    else if (IS(word, length, "?monotonic")) WRITE("%llu\n", (unsigned long long)host->monotonic_time(connection));
    else if (IS(word, length, "?clock")) WRITE("%lld\n", (long long)host->wall_clock(connection));
    else if (IS(word, length, "?shared"))
        host->write_shared(connection, shared, sizeof shared - 1, count_release, env->state);
    else if (IS(word, length, "?file")) send_the_file(env, connection);
    else if (IS(word, length, "?post")) host->post(env->instance, host->id(connection), posted, NULL);
    else if (IS(word, length, "?pause")) pause_a_while(env, session, connection);
    else if (IS(word, length, "?log")) host->log(env->instance, MARTLET_LOG_WARNING, (martlet_text)TEXT("shouted"));
    else if (IS(word, length, "?bye")) session->ended = host->close(connection) == MARTLET_OK;
    else if (IS(word, length, "?drop")) session->ended = host->abort(connection, MARTLET_OK) == MARTLET_OK;
    else return 0;
    return 1;
}
