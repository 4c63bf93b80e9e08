/* Tests of the plugin against a simulated host. Prints each failed check; the exit status is 1 if any failed. */
#include "simulated_host.h"

static int failures;

static void check(int line, int is_right, const char *text) {
    if (is_right) return;
    fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, line, text);
    failures++;
}

#define CHECK(condition) check(__LINE__, condition, #condition)

static int gives(simulated_peer *peer, const char *expected) {
    const char *found = simulated_peer_output(peer);
    if (strcmp(found, expected) == 0) return 1;
    fprintf(stderr, "expected \"%s\", found \"%s\"\n", expected, found);
    return 0;
}

static void send_text(simulated_peer *peer, const char *text, size_t piece) {
    simulated_peer_send(peer, text, strlen(text), piece);
}

static simulated_host *start(int64_t max_line, const char *greeting) {
    martlet_value options[] = {
        simulated_integer("max_line", MARTLET_TYPE_SIZE, max_line),
        simulated_text("greeting", greeting),
    };
    return simulated_host_start(martlet_plugin_entry(MARTLET_ABI_VERSION), options, 2);
}

static void counts_lines(size_t piece) {
    simulated_host *host = start(64, "welcome");
    simulated_peer *peer = simulated_host_connect(host);
    CHECK(gives(peer, "welcome\n"));
    send_text(peer, "hello\r\n\nabc\nquit\nnever seen\n", piece);
    CHECK(gives(peer, "1 5\n2 0\n3 3\nbye 3\n"));
    CHECK(!simulated_peer_is_open(peer));
    CHECK(simulated_host_metric(host, "lines_total") == 3);
    CHECK(simulated_host_stop(host) == 0);
}

static void a_line_longer_than_the_maximum_ends_the_connection(void) {
    simulated_host *host = start(16, "");
    simulated_peer *peer = simulated_host_connect(host);
    send_text(peer, "0123456789abcdef\r\n", 0);
    CHECK(gives(peer, "1 16\n"));
    send_text(peer, "0123456789abcdefgh", 1);
    CHECK(gives(peer, "error: line too long\n"));
    CHECK(!simulated_peer_is_open(peer));
    CHECK(simulated_host_stop(host) == 0);
}

static void a_peer_that_does_not_read_causes_backpressure(void) {
    simulated_host *host = start(64, "");
    simulated_peer *peer = simulated_host_connect(host);
    host->high_water = 8;
    for (int i = 0; i < 100; i++) send_text(peer, "x\n", 0);
    CHECK(peer->connection.calls < 10);
    size_t answered = 0;
    for (const char *text = simulated_peer_output(peer); *text != 0; text = simulated_peer_output(peer)) {
        for (; *text != 0; text++) answered += *text == '\n';
    }
    CHECK(answered == 100);
    CHECK(simulated_host_stop(host) == 0);
}

/* With the same layout the host copies sessions; with another layout they move through save and restore. */
static void counts_survive_a_swap(const char *layout) {
    martlet_plugin newer = *martlet_plugin_entry(MARTLET_ABI_VERSION);
    martlet_value options[] = {
        simulated_integer("max_line", MARTLET_TYPE_SIZE, 64),
        simulated_text("greeting", "new"),
    };
    newer.session_layout = simulated_view(layout);
    simulated_host *host = start(64, "");
    simulated_peer *peer = simulated_host_connect(host);
    send_text(peer, "a\nb\nhalf", 0);
    CHECK(gives(peer, "1 1\n2 1\n"));
    CHECK(simulated_host_swap(host, &newer, options, 2) == 0);
    send_text(peer, " a line\n", 0);
    CHECK(gives(peer, "3 11\n"));
    CHECK(gives(simulated_host_connect(host), "new\n"));
    CHECK(simulated_host_stop(host) == 0);
}

static void the_operation_returns_the_count(void) {
    simulated_host *host = start(64, "");
    martlet_env env;
    uint64_t (*lines)(const martlet_env *) =
        (uint64_t (*)(const martlet_env *))simulated_operation(host, "lines", &env);
    send_text(simulated_host_connect(host), "a\nb\n", 0);
    send_text(simulated_host_connect(host), "c\n", 0);
    CHECK(lines != NULL && lines(&env) == 3);
    CHECK(simulated_host_stop(host) == 0);
}

static void a_greeting_of_two_lines_is_refused(void) { CHECK(start(64, "one\ntwo") == NULL); }

static void a_reset_connection_leaks_nothing(void) {
    simulated_host *host = start(64, "");
    simulated_peer *peer = simulated_host_connect(host);
    send_text(peer, "half a li", 0);
    simulated_peer_reset(peer);
    CHECK(simulated_host_stop(host) == 0);
}

int main(void) {
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
