/*
 * Opens files below a folder, and nowhere else. In C because Swift imports neither syscall(2) nor openat2(2).
 */
#ifndef FILE_ACCESS_H
#define FILE_ACCESS_H

#include <stdint.h>

/* Opens a directory, to open files below it and not to read it: O_PATH needs only search permission. Follows symbolic
 * links. Returns a descriptor, or a negative errno. */
int32_t file_access_open_folder(const char *path);

/* Opens `path` below the open directory `folder` for reading, if it is a regular file. It never opens anything else,
 * because that has side effects: it would unblock a writer that waits at a FIFO. Needs /proc (-EIO without).
 *
 * No symbolic link, `..` or mount of /proc leads out of the folder: openat2(2) with RESOLVE_BENEATH and
 * RESOLVE_NO_MAGICLINKS. Links that stay inside are followed.
 *
 * Returns a descriptor, or a negative errno: -EXDEV for a link that leads out, -EISDIR for a directory, -ENXIO for a
 * FIFO, a socket or a device. */
int32_t file_access_open(int32_t folder, const char *path);

/* The same for a kernel before 5.6 or a sandbox without openat2: one openat(2) for each component. It follows no
 * symbolic link at all (-ELOOP) and refuses a path with a `..` or an empty component (-EXDEV). */
int32_t file_access_open_by_component(int32_t folder, const char *path);

#endif
