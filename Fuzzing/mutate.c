/*
 * Runs the configuration target on mutated files, in worker processes. If toml++ ends a worker (SIGABRT: an assertion where it may not
 * throw), the worker is replaced. It is a failure if a worker ends in another way, if a file takes ten seconds, or if memory grows.
 *
 *     mutate COUNT SEED WORKERS FOLDER     runs the files 0 to COUNT - 1; writes files that end a worker to FOLDER
 *     mutate NUMBER SEED                   writes one file to standard output
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

intptr_t martlet_mutate(uint64_t seed, uint64_t number, uint8_t *copy, intptr_t capacity);

enum { max_workers = 64, seconds_per_file = 10, leaked = 3 };
/* Resident kibibytes that a worker may gain after its first files. */
static const long growth_limit = 16 << 10;

struct worker {
    pid_t process;
    volatile uint64_t number;
    uint64_t seen;
    time_t since;
};

static struct worker *workers;
static uint64_t count, seed, worker_count;
static const char *folder;

static void write_file(uint64_t number, FILE *file) {
    static uint8_t bytes[1 << 16];
    intptr_t size = martlet_mutate(seed, number, bytes, sizeof bytes);
    fwrite(bytes, 1, (size_t)size < sizeof bytes ? (size_t)size : sizeof bytes, file);
}

static long resident(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file != NULL && fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
    if (file != NULL) fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) >> 10);
}

static void work(struct worker *worker, uint64_t from) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    long before = 0;
    uint64_t done = 0;
    for (uint64_t number = from; number < count; number += worker_count) {
        worker->number = number;
        martlet_mutate(seed, number, NULL, 0);
        if (++done == 20000) before = resident();
        if (done % 20000 == 0 && resident() - before > growth_limit) _exit(leaked);
    }
    worker->number = UINT64_MAX;
    _exit(0);
}

static void start(struct worker *worker, uint64_t from) {
    worker->number = from;
    worker->seen = from;
    worker->since = time(NULL);
    fflush(NULL);
    /* The child shares the memory of `workers`. */
    pid_t process = fork();
    if (process == 0) work(worker, from);
    if (process < 0) {
        perror("fork");
        exit(1);
    }
    worker->process = process;
}

static void keep(uint64_t number) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%" PRIu64 "-%" PRIu64, folder, seed, number);
    FILE *file = fopen(path, "w");
    if (file == NULL) return;
    write_file(number, file);
    fclose(file);
}

/* Prints the progress every minute. Each worker has done its files below its number. */
static void tell_progress(void) {
    static time_t last;
    if (last == 0) last = time(NULL);
    if (time(NULL) - last < 60) return;
    last = time(NULL);
    uint64_t done = count;
    for (uint64_t index = 0; index < worker_count; index++) {
        if (workers[index].number < done) done = workers[index].number;
    }
    printf("%" PRIu64 " files\n", done);
}

/* Returns the exit status. */
static int supervise(void) {
    uint64_t ended_by_parser = 0, left = worker_count;
    for (uint64_t index = 0; index < worker_count; index++) start(&workers[index], index);
    while (left > 0) {
        usleep(20000);
        tell_progress();
        for (struct worker *worker = workers; worker < workers + worker_count; worker++) {
            if (worker->process == 0) continue;
            int status = 0;
            uint64_t number = worker->number;
            if (waitpid(worker->process, &status, WNOHANG) == worker->process) {
                number = worker->number;
                if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
                    worker->process = 0;
                    left--;
                } else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) {
                    ended_by_parser++;
                    keep(number);
                    start(worker, number + worker_count);
                } else {
                    keep(number);
                    printf("file %" PRIu64 ": %s %d\n", number, WIFSIGNALED(status) ? "signal" : "status",
                           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
                    return 1;
                }
            } else if (number != worker->seen) {
                worker->seen = number;
                worker->since = time(NULL);
            } else if (time(NULL) - worker->since > seconds_per_file) {
                keep(number);
                printf("file %" PRIu64 ": took longer than %d s\n", number, seconds_per_file);
                kill(worker->process, SIGKILL);
                return 1;
            }
        }
    }
    printf("%" PRIu64 " files, %" PRIu64 " aborted the parser\n", count, ended_by_parser);
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 3 && argc != 5) return 64;
    count = strtoull(argv[1], NULL, 10);
    seed = strtoull(argv[2], NULL, 10);
    if (argc == 3) {
        write_file(count, stdout);
        return 0;
    }
    worker_count = strtoull(argv[3], NULL, 10);
    folder = argv[4];
    if (worker_count < 1 || worker_count > max_workers) return 64;
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    workers = mmap(NULL, max_workers * sizeof *workers, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (workers == MAP_FAILED) return 1;
    return supervise();
}
