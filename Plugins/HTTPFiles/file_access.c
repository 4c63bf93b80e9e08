#define _GNU_SOURCE
#include "file_access.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* O_NONBLOCK: a FIFO without a writer must not hold up an event loop. It does nothing to a regular file. */
static const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

int32_t file_access_open_folder(const char *path)
{
    int descriptor = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return descriptor >= 0 ? descriptor : -errno;
}

int32_t file_access_open(int32_t folder, const char *path)
{
    struct open_how how = {.flags = (unsigned)flags, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    /* EAGAIN: something was renamed meanwhile and the kernel could not be sure. It asks for another try. */
    for (int attempt = 0; attempt < 4; attempt++) {
        long descriptor = syscall(SYS_openat2, folder, path, &how, sizeof how);
        if (descriptor >= 0)
            return (int32_t)descriptor;
        if (errno != EAGAIN && errno != EINTR)
            break;
    }
    if (errno == ENOSYS || errno == EPERM)
        return file_access_open_by_component(folder, path);
    return -errno;
}

/* The length of the first component of `path`, or a negative errno when it may not be one. */
static int component(const char *path, char name[256])
{
    size_t length = strcspn(path, "/");
    if (length == 0 || (length == 2 && path[0] == '.' && path[1] == '.'))
        return -EXDEV;
    if (length > 255)
        return -ENAMETOOLONG;
    memcpy(name, path, length);
    name[length] = 0;
    return (int)length;
}

int32_t file_access_open_by_component(int32_t folder, const char *path)
{
    char name[256];
    int current = folder;
    for (;;) {
        int length = component(path, name);
        int is_last = length >= 0 && path[length] == 0;
        int how = is_last ? flags | O_NOFOLLOW : O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        int next = length < 0 ? length : openat(current, name, how);
        int problem = length < 0 ? -length : errno;
        if (current != folder)
            close(current);
        if (next < 0)
            return -problem;
        if (is_last)
            return next;
        current = next;
        path += length + 1;
    }
}
