/*
 * The files of `martlet new`: those in Templates/, built into the program.
 */
#ifndef TEMPLATES_H
#define TEMPLATES_H

#include <stddef.h>

typedef struct template_file {
    const char *language; /* "swift", "c", "cpp" or "rust"; "": all languages */
    const char *path;     /* in the new folder */
    const unsigned char *data;
    size_t length; /* bytes */
} template_file;

size_t template_count(void);
const template_file *template_at(size_t index);

#endif
