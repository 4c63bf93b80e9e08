/*
 * SQLite 3 for Swift. https://www.sqlite.org/c3ref/intro.html
 */
#ifndef CSQLITE_H
#define CSQLITE_H

#include <sqlite3.h>

/* Functions with variable arguments, which Swift does not import. */
static inline int sqlite_set_flag(sqlite3 *database, int option, int value) {
    return sqlite3_db_config(database, option, value, (int *)0);
}

/* With the macro SQLITE_TRANSIENT: SQLite copies. Empty text and bytes may come as a null pointer, which would be NULL. */
static inline int sqlite_bind_text(sqlite3_stmt *statement, int index, const void *text, sqlite3_uint64 length) {
    return sqlite3_bind_text64(statement, index, text ? (const char *)text : "", length, SQLITE_TRANSIENT, SQLITE_UTF8);
}
static inline int sqlite_bind_bytes(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 length) {
    return sqlite3_bind_blob64(statement, index, bytes ? bytes : "", length, SQLITE_TRANSIENT);
}

#endif
