/*
 * Writes lines to peers, for fixtures with a line protocol.
 */
#ifndef LINE_H
#define LINE_H

#include <martlet.h>
#include <stdarg.h>
#include <stdio.h>

/* Appends a newline, and truncates text that is too long for a line. */
__attribute__((format(printf, 3, 4))) static void write_line(const martlet_host *host, martlet_connection *connection,
                                                             const char *format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (length > (int)sizeof line - 2) length = sizeof line - 2;
    line[length] = '\n';
    host->write(connection, line, (size_t)length + 1);
}

#endif
