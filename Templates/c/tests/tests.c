/* Tests of the plugin in Martlet's simulation. Prints each failed check; the exit status is 1 if any failed. */
#include "martlet_simulation.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ----------------------------------------------------------------------------------------------------- helpers -- */

static const martlet_simulation *simulation;
static int failures;

static void check(int line, int is_right, const char *text) {
    if (is_right) return;
    fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, line, text);
    failures++;
}

#define CHECK(condition) check(__LINE__, condition, #condition)

/* `make test` sets MARTLET_SIMULATION to the path of the library. */
static void open_simulation(void) {
    const char *path = getenv("MARTLET_SIMULATION");
    if (path == NULL) path = "libmartlet_simulation.so";
    void *library = dlopen(path, RTLD_NOW);
    void *symbol = library != NULL ? dlsym(library, MARTLET_SIMULATION_SYMBOL) : NULL;
    if (symbol == NULL) {
        fprintf(stderr, "%s\nSet MARTLET_SIMULATION to the path that `martlet simulation` prints.\n", dlerror());
        exit(1);
    }
    martlet_simulation_get entry;
    memcpy(&entry, &symbol, sizeof entry);
    simulation = entry(MARTLET_SIMULATION_VERSION);
    if (simulation != NULL) return;
    fprintf(stderr, "%s has another major version than martlet_simulation.h\n", path);
    exit(1);
}

static martlet_text text(const char *characters) {
    martlet_text text = {characters, strlen(characters)};
    return text;
}

static int is(const void *found, size_t length, const char *expected) {
    if (length == strlen(expected) && (length == 0 || memcmp(found, expected, length) == 0)) return 1;
    fprintf(stderr, "expected \"%s\", found \"%.*s\"\n", expected, (int)length, (const char *)found);
    return 0;
}

/* `listener` is the text of the listener's file. `high_water` replaces its limit; 0: does not. */
static martlet_simulated_host *start(const char *listener, uint64_t high_water) {
    martlet_simulation_settings settings;
    martlet_simulation_error error;
    memset(&settings, 0, sizeof settings);
    memset(&error, 0, sizeof error);
    settings.size = sizeof settings;
    settings.listener = text(listener);
    settings.output_high_water = high_water;
    error.size = sizeof error;
    martlet_simulated_host *host =
        simulation->create(martlet_plugin_entry(MARTLET_ABI_VERSION), &settings, &error);
    if (host == NULL) printf("refused: %.*s\n", (int)error.message.length, error.message.data);
    return host;
}

/* Shuts the host down. Returns how many rules the plugin broke, and prints them. */
static size_t stop(martlet_simulated_host *host) {
    simulation->shut_down(host);
    size_t count = simulation->problem_count(host);
    for (size_t i = 0; i < count; i++) {
        martlet_text problem = simulation->problem(host, i);
        fprintf(stderr, "the plugin broke a rule: %.*s\n", (int)problem.length, problem.data);
    }
    simulation->release(host);
    return count;
}

static martlet_simulated_peer *connect(martlet_simulated_host *host) { return simulation->connect(host, NULL); }

static void send_text(martlet_simulated_peer *peer, const char *text, size_t piece) {
    simulation->send(peer, text, strlen(text), piece);
}

static int gives(martlet_simulated_peer *peer, const char *expected) {
    martlet_bytes output = simulation->take_output(peer);
    return is(output.data, output.length, expected);
}

static martlet_simulated_state state(martlet_simulated_peer *peer) {
    martlet_simulated_state state;
    state.size = sizeof state;
    simulation->state(peer, &state);
    return state;
}

/* ------------------------------------------------------------------------------------------------------- tests -- */

static void counts_lines(size_t piece) {
    martlet_simulated_host *host = start("[options]\nmax_line = 64\ngreeting = 'welcome'", 0);
    martlet_simulated_peer *peer = connect(host);
    CHECK(gives(peer, "welcome\n"));
    send_text(peer, "hello\r\n\nabc\nquit\nnever seen\n", piece);
    CHECK(gives(peer, "1 5\n2 0\n3 3\nbye 3\n"));
    CHECK(!state(peer).is_open);
    int64_t lines = 0;
    CHECK(simulation->metric(host, text("lines_total"), &lines) == MARTLET_OK && lines == 3);
    CHECK(simulation->metric(host, text("line_bytes_bucket{le=\"16\"}"), &lines) == MARTLET_OK && lines == 3);
    CHECK(simulation->metric(host, text("line_bytes_sum"), &lines) == MARTLET_OK && lines == 8);
    CHECK(stop(host) == 0);
}

static void a_line_longer_than_the_maximum_ends_the_connection(void) {
    martlet_simulated_host *host = start("[options]\nmax_line = 16", 0);
    martlet_simulated_peer *peer = connect(host);
    send_text(peer, "0123456789abcdef\r\n", 0);
    CHECK(gives(peer, "1 16\n"));
    send_text(peer, "0123456789abcdefgh", 1);
    CHECK(gives(peer, "error: line too long\n"));
    CHECK(!state(peer).is_open);
    CHECK(stop(host) == 0);
}

static void a_peer_that_does_not_read_causes_backpressure(void) {
    martlet_simulated_host *host = start("", 8);
    martlet_simulated_peer *peer = connect(host);
    simulation->set_reads_at_once(peer, 0);
    for (int i = 0; i < 100; i++) send_text(peer, "x\n", 0);
    CHECK(state(peer).presentations < 10);
    simulation->set_reads_at_once(peer, 1);
    martlet_bytes output = simulation->take_output(peer);
    size_t answered = 0;
    for (size_t i = 0; i < output.length; i++) answered += output.data[i] == '\n';
    CHECK(answered == 100);
    CHECK(stop(host) == 0);
}

/* With the same layout the host copies sessions; with another layout they move through save and restore. */
static void counts_survive_a_swap(const char *layout) {
    martlet_plugin newer = *martlet_plugin_entry(MARTLET_ABI_VERSION);
    newer.session_layout = text(layout);
    martlet_simulated_host *host = start("", 0);
    martlet_simulated_peer *peer = connect(host);
    send_text(peer, "a\nb\nhalf", 0);
    CHECK(gives(peer, "1 1\n2 1\n"));
    martlet_simulated_host *next =
        simulation->next_generation(host, &newer, text("[options]\ngreeting = 'new'"), NULL);
    const martlet_simulated_move *moves = NULL;
    CHECK(simulation->swap(host, next, &moves) == 1 && moves[0] == MARTLET_SIMULATED_MOVED);
    send_text(peer, " a line\n", 0);
    CHECK(gives(peer, "3 11\n"));
    CHECK(gives(connect(next), "new\n"));
    CHECK(stop(host) == 0);
    CHECK(stop(next) == 0);
}

static void the_operation_returns_the_count(void) {
    martlet_simulated_host *host = start("", 0);
    send_text(connect(host), "a\nb\n", 0);
    send_text(connect(host), "c\n", 0);
    const martlet_text *results = NULL;
    CHECK(simulation->call(host, text("lines"), NULL, 0, &results, NULL) == 1);
    CHECK(results != NULL && is(results->data, results->length, "3"));
    CHECK(stop(host) == 0);
}

static void a_greeting_of_two_lines_is_refused(void) {
    CHECK(start("[options]\ngreeting = \"one\\ntwo\"", 0) == NULL);
}

static void a_reset_connection_leaks_nothing(void) {
    martlet_simulated_host *host = start("", 0);
    martlet_simulated_peer *peer = connect(host);
    send_text(peer, "half a li", 0);
    simulation->reset(peer);
    CHECK(stop(host) == 0);
}

int main(void) {
    open_simulation();
    for (size_t piece = 0; piece < 8; piece++) counts_lines(piece);
    a_line_longer_than_the_maximum_ends_the_connection();
    a_peer_that_does_not_read_causes_backpressure();
    counts_survive_a_swap("line-count.session/1");
    counts_survive_a_swap("line-count.session/2");
    the_operation_returns_the_count();
    a_greeting_of_two_lines_is_refused();
    a_reset_connection_leaks_nothing();
    printf(failures == 0 ? "all tests passed\n" : "%d checks failed\n", failures);
    return failures == 0 ? 0 : 1;
}
