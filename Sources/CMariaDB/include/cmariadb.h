/*
 * MariaDB Connector/C for Swift. https://mariadb.com/kb/en/mariadb-connector-c/
 *
 * The library is opened when the first pool of MariaDB needs it, so that a server without one has neither its memory nor its start time.
 * Until cmariadb_open has succeeded, its functions must not be called.
 */
#ifndef CMARIADB_H
#define CMARIADB_H

/* The functions are those of cmariadb.c: another library that uses Connector/C must not find them. */
#pragma GCC visibility push(hidden)

#include <mariadb/mysql.h>

/* MySQL's own library, which has the same functions, does not define it. */
#if !defined(MARIADB_PACKAGE_VERSION_ID) || MARIADB_PACKAGE_VERSION_ID < 30300
#error "expected the headers of MariaDB Connector/C 3.3 or later (Debian: libmariadb-dev)"
#endif

#include <mariadb/errmsg.h>
#include <mariadb/mysqld_error.h>

/* Opens the library. Returns NULL, or why it cannot be opened. Not on two threads at once. */
const char *_Nullable cmariadb_open(const char *_Nonnull name);

#pragma GCC visibility pop

#endif
