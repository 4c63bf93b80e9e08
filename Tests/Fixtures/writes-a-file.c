/* Its `create` tries to write a file and to reach the network. If it cannot write the file, it fails and reports both. */
#include "minimal.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int write_a_byte(void) {
    char path[] = "/tmp/martlet-fixture-XXXXXX";
    int file = mkstemp(path);
    unlink(path);
    errno = 0;
    ssize_t ignored = write(file, "x", 1);
    (void)ignored;
    int error = errno;
    close(file);
    return error;
}

/* 192.0.2.1 is an address for documentation only, which nobody has. */
static int reach_the_network(void) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(0xC0000201)};
    int any = socket(AF_INET, SOCK_DGRAM, 0);
    errno = 0;
    connect(any, (struct sockaddr *)&address, sizeof address);
    int error = errno;
    close(any);
    return error;
}

static martlet_result create(const martlet_plugin *descriptor, const martlet_host *given,
                             martlet_instance *instance, const martlet_value *options, void **state) {
    minimal_create(descriptor, given, instance, options, state);
    int file = write_a_byte(), network = reach_the_network();
    if (file == 0) return MARTLET_OK;
    char text[128];
    int length = snprintf(text, sizeof text, "file: %s, network: %s", strerror(file), strerror(network));
    host->refuse(instance, (martlet_text){NULL, 0}, (martlet_text){text, (size_t)length});
    return MARTLET_ERROR_UNSUPPORTED;
}

ENTRY {
    plugin.create = create;
    return &plugin;
}
