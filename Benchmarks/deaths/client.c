/*
 * Kills the host of a server again and again while many connections are open.
 *
 *     client PORT SERVER CONNECTIONS DEATHS
 *
 * Each time, every connection sends a number and must get it back from the echo of the next host. Prints the connections that were lost, and
 * how long it took until the last one had its answer.
 */
#include "common.h"

int main(int count, char **words) {
    if (count != 5) return 64;
    int port = atoi(words[1]), connections = atoi(words[3]), deaths = atoi(words[4]);
    pid_t server = atoi(words[2]);
    raise_limit();
    int *peers = calloc(connections, sizeof *peers), lost = 0, events = epoll_create1(0);
    double *times = calloc(deaths, sizeof *times);
    for (int i = 0; i < connections; i++) {
        peers[i] = open_connection(port);
        struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u32 = i};
        epoll_ctl(events, EPOLL_CTL_ADD, peers[i], &event);
    }
    /* Death 0 is none: it shows that all are served, and what that costs. */
    for (int death = 0; death <= deaths; death++) {
        pid_t host = host_of(server);
        int waiting = 0;
        double began = now();
        if (death > 0 && (host == 0 || kill(host, SIGKILL) != 0)) return 1;
        for (int i = 0; i < connections; i++)
            waiting += peers[i] >= 0 && send(peers[i], &death, sizeof death, MSG_NOSIGNAL) == sizeof death;
        while (waiting > 0) {
            struct epoll_event batch[512];
            int found = epoll_wait(events, batch, 512, 10000);
            if (found <= 0) break;
            for (int j = 0; j < found; j++) {
                int i = batch[j].data.u32, answer = -1;
                ssize_t length = recv(peers[i], &answer, sizeof answer, MSG_DONTWAIT);
                if (length < 0 && errno == EAGAIN) continue;
                waiting--;
                if (length == sizeof answer && answer == death) continue;
                close(peers[i]);
                peers[i] = -1;
            }
        }
        double taken = now() - began;
        if (death == 0) printf("quiet: %d connections answered after %.1f ms\n", connections, taken);
        else times[death - 1] = taken;
        for (int i = 0; i < connections; i++) {
            if (peers[i] >= 0) continue;
            lost++;
            peers[i] = open_connection(port);
            struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u32 = i};
            epoll_ctl(events, EPOLL_CTL_ADD, peers[i], &event);
        }
        /* A host that dies within a second makes the next one wait. */
        struct timespec rest = {.tv_sec = 1, .tv_nsec = 200000000};
        nanosleep(&rest, NULL);
    }
    qsort(times, deaths, sizeof *times, compare);
    printf("%d deaths: %d of %d connections lost; all answered after %.1f ms (median), %.1f ms (worst)\n", deaths,
           lost, connections, times[deaths / 2], times[deaths - 1]);
    return 0;
}
