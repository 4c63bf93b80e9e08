#include "cmariadb.h"

#include <dlfcn.h>
#include <stdio.h>

/* Each function: its name, what it returns, its parameters and its arguments. */
#define FUNCTIONS(F)                                                                                                   \
    F(mysql_server_init, int, (int count, char **arguments, char **groups), (count, arguments, groups))                \
    F(mysql_init, MYSQL *, (MYSQL * mysql), (mysql))                                                                   \
    F(mysql_options, int, (MYSQL * mysql, enum mysql_option option, const void *value), (mysql, option, value))        \
    F(mysql_real_connect, MYSQL *,                                                                                     \
      (MYSQL * mysql, const char *host, const char *user, const char *password, const char *db, unsigned int port,     \
       const char *socket, unsigned long flags),                                                                       \
      (mysql, host, user, password, db, port, socket, flags))                                                          \
    F(mysql_close, void, (MYSQL * mysql), (mysql))                                                                     \
    F(mysql_errno, unsigned int, (MYSQL * mysql), (mysql))                                                             \
    F(mysql_error, const char *, (MYSQL * mysql), (mysql))                                                             \
    F(mysql_get_ssl_cipher, const char *, (MYSQL * mysql), (mysql))                                                    \
    F(mysql_get_socket, my_socket, (MYSQL * mysql), (mysql))                                                           \
    F(mysql_ping, int, (MYSQL * mysql), (mysql))                                                                       \
    F(mysql_reset_connection, int, (MYSQL * mysql), (mysql))                                                           \
    F(mysql_real_query, int, (MYSQL * mysql, const char *text, unsigned long length), (mysql, text, length))           \
    F(mysql_store_result, MYSQL_RES *, (MYSQL * mysql), (mysql))                                                       \
    F(mysql_fetch_row, MYSQL_ROW, (MYSQL_RES * result), (result))                                                      \
    F(mysql_free_result, void, (MYSQL_RES * result), (result))                                                         \
    F(mysql_stmt_init, MYSQL_STMT *, (MYSQL * mysql), (mysql))                                                         \
    F(mysql_stmt_close, my_bool, (MYSQL_STMT * statement), (statement))                                                \
    F(mysql_stmt_prepare, int, (MYSQL_STMT * statement, const char *text, unsigned long length),                       \
      (statement, text, length))                                                                                       \
    F(mysql_stmt_attr_set, my_bool, (MYSQL_STMT * statement, enum enum_stmt_attr_type attribute, const void *value),   \
      (statement, attribute, value))                                                                                   \
    F(mysql_stmt_execute, int, (MYSQL_STMT * statement), (statement))                                                  \
    F(mysql_stmt_param_count, unsigned long, (MYSQL_STMT * statement), (statement))                                    \
    F(mysql_stmt_field_count, unsigned int, (MYSQL_STMT * statement), (statement))                                     \
    F(mysql_stmt_bind_param, my_bool, (MYSQL_STMT * statement, MYSQL_BIND * bindings), (statement, bindings))          \
    F(mysql_stmt_bind_result, my_bool, (MYSQL_STMT * statement, MYSQL_BIND * bindings), (statement, bindings))         \
    F(mysql_stmt_fetch, int, (MYSQL_STMT * statement), (statement))                                                    \
    F(mysql_stmt_fetch_column, int,                                                                                    \
      (MYSQL_STMT * statement, MYSQL_BIND * binding, unsigned int column, unsigned long offset),                       \
      (statement, binding, column, offset))                                                                            \
    F(mysql_stmt_free_result, my_bool, (MYSQL_STMT * statement), (statement))                                          \
    F(mysql_stmt_affected_rows, unsigned long long, (MYSQL_STMT * statement), (statement))                             \
    F(mysql_stmt_insert_id, unsigned long long, (MYSQL_STMT * statement), (statement))                                 \
    F(mysql_stmt_errno, unsigned int, (MYSQL_STMT * statement), (statement))                                           \
    F(mysql_stmt_error, const char *, (MYSQL_STMT * statement), (statement))

#define POINTER(name, type, parameters, arguments) static __typeof__(&name) name##_pointer;
FUNCTIONS(POINTER)

#define FORWARD(name, type, parameters, arguments)                                                                     \
    type STDCALL name parameters { return name##_pointer arguments; }
FUNCTIONS(FORWARD)

const char *cmariadb_open(const char *name) {
    static char problem[512];
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!library) {
        snprintf(problem, sizeof problem, "%s", dlerror());
        return problem;
    }
#define FIND(name, type, parameters, arguments)                                                                        \
    name##_pointer = (__typeof__(&name))dlsym(library, #name);                                                         \
    if (!name##_pointer) {                                                                                             \
        snprintf(problem, sizeof problem, "the library has no function %s", #name);                                    \
        return problem;                                                                                                \
    }
    FUNCTIONS(FIND)
    return NULL;
}
