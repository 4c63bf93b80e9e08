#define _GNU_SOURCE
#include "file_access.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A file is found first and opened afterwards. O_PATH finds a file without opening it. To open a FIFO would unblock a
 * writer whose text nobody reads, and to open a device may do anything. The caller decides whether the kernel follows a
 * symbolic link at the end of the path. */
static const int finding = O_PATH | O_CLOEXEC;

/* O_NONBLOCK: a file with a lease (fcntl(2), F_SETLEASE) must not block an event loop. */
static const int reading = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

static int32_t open_regular(int found)
{
    struct stat status;
    if (fstat(found, &status) < 0)
        return -errno;
    if (S_ISLNK(status.st_mode))
        return -ELOOP;
    if (S_ISDIR(status.st_mode))
        return -EISDIR;
    if (!S_ISREG(status.st_mode))
        return -ENXIO;
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", found);
    int descriptor = open(path, reading);
    if (descriptor >= 0)
        return descriptor;
    /* The found file exists, even if its name has changed. So ENOENT means that /proc is missing: not a mistake of the
     * peer. */
    return errno == ENOENT ? -EIO : -errno;
}

/* Opens the file that was found, if it is a regular file. It is the same file even if its name changes meanwhile. */
static int32_t open_found(int found)
{
    int32_t result = open_regular(found);
    close(found);
    return result;
}

int32_t file_access_open_folder(const char *path)
{
    int descriptor = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return descriptor >= 0 ? descriptor : -errno;
}

int32_t file_access_open(int32_t folder, const char *path)
{
    struct open_how how = {.flags = (unsigned)finding, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    /* EAGAIN: something was renamed meanwhile, and the kernel could not verify the path. Retry. */
    for (int attempt = 0; attempt < 4; attempt++) {
        long descriptor = syscall(SYS_openat2, folder, path, &how, sizeof how);
        if (descriptor >= 0)
            return open_found((int)descriptor);
        if (errno != EAGAIN && errno != EINTR)
            break;
    }
    if (errno == ENOSYS || errno == EPERM)
        return file_access_open_by_component(folder, path);
    return -errno;
}

/* Returns the length of the first component of `path`, or a negative errno if the component is not allowed. */
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
        int how = finding | O_NOFOLLOW | (is_last ? 0 : O_DIRECTORY);
        int next = length < 0 ? length : openat(current, name, how);
        int problem = length < 0 ? -length : errno;
        if (current != folder)
            close(current);
        if (next < 0)
            return -problem;
        if (is_last)
            return open_found(next);
        current = next;
        path += length + 1;
    }
}
