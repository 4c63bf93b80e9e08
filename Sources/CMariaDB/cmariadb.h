/*
 * MariaDB Connector/C for Swift. https://mariadb.com/kb/en/mariadb-connector-c/
 */
#ifndef CMARIADB_H
#define CMARIADB_H

#include <mariadb/mysql.h>

/* MySQL's own library, which has the same functions, does not define it. */
#if !defined(MARIADB_PACKAGE_VERSION_ID) || MARIADB_PACKAGE_VERSION_ID < 30300
#error "expected the headers of MariaDB Connector/C 3.3 or later (Debian: libmariadb-dev)"
#endif

#include <mariadb/errmsg.h>
#include <mariadb/mysqld_error.h>

#endif
