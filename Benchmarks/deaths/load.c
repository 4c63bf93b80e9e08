/*
 * Loads a server evenly, and disturbs it again and again.
 *
 *     load PORT SERVER CONNECTIONS RATE TIMES [COMMAND...]
 *
 * RATE messages a second go to all connections in turn. Each must come back from the echo, and its wait is measured. TIMES times the host is
 * killed, or the command is run. Prints the connections that were lost, and the longest wait of any message: at rest, and each time.
 */
#include "common.h"

struct peer {
    int socket;
    uint32_t sent, answered;
    double since;
};

static struct peer *peers;
static int connections, port, events, next;
static long answers, lost;
/* Of the messages that were sent since it was reset. */
static double longest, counted_from;

static void connect_peer(int number) {
    peers[number] = (struct peer){.socket = open_connection(port)};
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};
    epoll_ctl(events, EPOLL_CTL_ADD, peers[number].socket, &event);
}

static void note(double since, double time) {
    if (since >= counted_from && time - since > longest) longest = time - since;
}

static void lose(int number) {
    close(peers[number].socket);
    lost++;
    connect_peer(number);
}

static void take(int number) {
    struct peer *peer = &peers[number];
    uint32_t answer = 0;
    ssize_t length = recv(peer->socket, &answer, sizeof answer, MSG_DONTWAIT);
    if (length < 0 && errno == EAGAIN) return;
    if (length != sizeof answer || answer != peer->sent) {
        if (length > 0) fprintf(stderr, "load: connection %d: expected %u, found %u\n", number, peer->sent, answer);
        return lose(number);
    }
    peer->answered = answer;
    answers++;
    note(peer->since, now());
}

/* The next connection that waits for no answer. A slow one is left out, and noticed by its wait. */
static void ask(double time) {
    for (int i = 0; i < connections; i++) {
        int number = next;
        struct peer *peer = &peers[number];
        next = (next + 1) % connections;
        if (peer->sent != peer->answered) continue;
        peer->sent++;
        peer->since = time;
        if (send(peer->socket, &peer->sent, sizeof peer->sent, MSG_NOSIGNAL | MSG_DONTWAIT) != sizeof peer->sent)
            lose(number);
        return;
    }
}

/* Keeps up the rate until then. */
static void run(double rate, double end) {
    double due = now();
    for (double time; (time = now()) < end;) {
        for (; due <= time; due += 1e3 / rate) ask(time);
        struct epoll_event batch[512];
        int found = epoll_wait(events, batch, 512, 1);
        for (int i = 0; i < found; i++) take(batch[i].data.u32);
    }
    /* What is still waiting counts as it is. */
    for (int i = 0; i < connections; i++)
        if (peers[i].sent != peers[i].answered) note(peers[i].since, now());
}

static pid_t disturb(pid_t server, char **command) {
    if (command[0] == NULL) {
        pid_t host = host_of(server);
        if (host == 0 || kill(host, SIGKILL) != 0) exit(1);
        return 0;
    }
    pid_t child = fork();
    if (child == 0) {
        execvp(command[0], command);
        _exit(127);
    }
    return child;
}

int main(int count, char **words) {
    if (count < 6) return 64;
    port = atoi(words[1]), connections = atoi(words[3]);
    pid_t server = atoi(words[2]);
    double rate = atof(words[4]);
    int times = atoi(words[5]);
    raise_limit();
    events = epoll_create1(0);
    peers = calloc(connections, sizeof *peers);
    for (int i = 0; i < connections; i++) connect_peer(i);
    run(rate, now() + 2e3);
    counted_from = now(), longest = 0;
    run(rate, now() + 10e3);
    printf("at rest, %d connections, %.0f messages a second: longest wait %.1f ms\n", connections, rate, longest);
    fflush(stdout);
    double *waits = calloc(times, sizeof *waits);
    long most = 0, before = answers;
    for (int i = 0; i < times; i++) {
        long lost_before = lost;
        counted_from = now(), longest = 0;
        pid_t child = disturb(server, words + 6);
        run(rate, now() + 1.5e3);
        if (child > 0) {
            int status = 0;
            waitpid(child, &status, 0);
            if (status != 0) return fprintf(stderr, "load: the command has failed\n"), 1;
        }
        waits[i] = longest;
        if (lost - lost_before > most) most = lost - lost_before;
    }
    qsort(waits, times, sizeof *waits, compare);
    printf("%d times: %ld connections lost, at most %ld at a time; longest wait %.1f ms (median), %.1f ms (worst); %ld answers\n",
           times, lost, most, waits[times / 2], waits[times - 1], answers - before);
    return 0;
}
