/*
 * martlet/ext/database.h - host extension "martlet.database/1". Include martlet.h.
 */
#ifndef MARTLET_EXT_DATABASE_H
#define MARTLET_EXT_DATABASE_H

#include "../host.h"

MARTLET_BEGIN

#define MARTLET_DATABASE "martlet.database/1"

/* The most commands of one transaction. */
#define MARTLET_COMMAND_LIMIT ((size_t)1024)

/* A database that an instance has opened, or a statement of it. Below 0: a martlet_result. */
typedef int32_t martlet_database;
typedef int32_t martlet_statement;

/* Rows that are still to come: of a statement that `select` has begun. 0: none. */
typedef uint64_t martlet_cursor;

/* Whose SQL a database speaks.
 *
 * Unknown values: a database that this header does not know. */
typedef uint32_t martlet_sql_dialect;
#define MARTLET_DIALECT_SQLITE ((martlet_sql_dialect)1)
#define MARTLET_DIALECT_MARIADB ((martlet_sql_dialect)2)

/* What a value of SQL is.
 *
 * Unknown values: execute returns MARTLET_ERROR_ARGUMENT; in a result: treat it as NULL. */
typedef uint32_t martlet_sql_kind;
#define MARTLET_SQL_NULL ((martlet_sql_kind)0)
#define MARTLET_SQL_INTEGER ((martlet_sql_kind)1)
#define MARTLET_SQL_REAL ((martlet_sql_kind)2)
#define MARTLET_SQL_TEXT ((martlet_sql_kind)3)  /* UTF-8 */
#define MARTLET_SQL_BYTES ((martlet_sql_kind)4) /* anything, in `text` */

/* A value of SQL. It never grows. */
typedef struct martlet_sql_value {
    martlet_sql_kind kind;
    uint32_t reserved; /* 0 */
    int64_t integer;
    double real;
    martlet_text text; /* of TEXT and BYTES */
} martlet_sql_value;

/* A statement with its parameters, in the order of their question marks. It never grows. */
typedef struct martlet_command {
    martlet_statement statement;
    uint32_t value_count;
    const martlet_sql_value *MARTLET_NULLABLE values;
} martlet_command;

/* What a statement has returned. It never grows. */
typedef struct martlet_rows {
    uint64_t changes; /* rows inserted, changed or deleted */
    /* Of the last row that was inserted, or what the statement has given to last_insert_id(); 0: none. */
    int64_t last_id;
    size_t row_count;
    size_t column_count; /* 0: the statement returns no rows */
    const martlet_text *MARTLET_NULLABLE columns;     /* their names */
    const martlet_sql_value *MARTLET_NULLABLE values; /* row by row */
} martlet_rows;

/* Why a database has not done what it was asked for.
 *
 * Unknown values: as OTHER. */
typedef uint32_t martlet_database_error;
#define MARTLET_DATABASE_OK ((martlet_database_error)0)
#define MARTLET_DATABASE_BUSY ((martlet_database_error)1)       /* no connection was free in time; not begun */
#define MARTLET_DATABASE_AWAY ((martlet_database_error)2)       /* it cannot be reached; if the connection was lost, it
                                                                   may have been done */
#define MARTLET_DATABASE_CONSTRAINT ((martlet_database_error)3) /* unique, not null, foreign key, check */
#define MARTLET_DATABASE_SYNTAX ((martlet_database_error)4)     /* the statement is wrong, or names what is not there */
#define MARTLET_DATABASE_CONFLICT ((martlet_database_error)5)   /* another transaction was first, several times */
#define MARTLET_DATABASE_READ_ONLY ((martlet_database_error)6)  /* also: a query that writes */
#define MARTLET_DATABASE_FULL ((martlet_database_error)7)       /* no space is left */
#define MARTLET_DATABASE_TIMEOUT ((martlet_database_error)8)    /* statement_timeout, cursor_timeout, or of the call */
#define MARTLET_DATABASE_DENIED ((martlet_database_error)9)     /* ATTACH, SET, COMMIT and so on are the host's */
#define MARTLET_DATABASE_DAMAGED ((martlet_database_error)10)   /* the file makes no sense */
#define MARTLET_DATABASE_PARAMETER ((martlet_database_error)11) /* the number of parameters, or their size */
#define MARTLET_DATABASE_TOO_LARGE ((martlet_database_error)12) /* a result, or a row of a cursor: max_result */
#define MARTLET_DATABASE_STOPPING ((martlet_database_error)13)  /* the host is ending */
#define MARTLET_DATABASE_OTHER ((martlet_database_error)14)
#define MARTLET_DATABASE_UNDONE ((martlet_database_error)15)    /* the function of transact has returned `code` */

/* The outcome of execute, transact, select or next, or of one statement inside transact. Valid until the function
 * returns that gets it. */
typedef struct martlet_answer {
    /* -- since 1.0 -- */
    uint32_t size;
    martlet_database_error error; /* OK: every command was done, and is durable; else: none was, but see AWAY */
    int32_t code;                 /* the database's own number of the error */
    uint32_t reserved;            /* 0 */
    martlet_text message;         /* of the error */
    const martlet_rows *MARTLET_NULLABLE rows; /* of each command; of transact: none */
    size_t rows_count;
    martlet_cursor cursor; /* of select and next: 0: these were the last rows */
} martlet_answer;

/* Runs on the loop of a connection, exactly once, as a martlet_delivery does: if the connection is gone, or the id was
 * 0, `connection` and `session` are NULL. It may write output like any callback. [loop] */
typedef void (*martlet_answered)(const martlet_env *env, void *MARTLET_NULLABLE context,
                                 martlet_connection *MARTLET_NULLABLE connection, void *MARTLET_NULLABLE session,
                                 const martlet_answer *answer);

/* A transaction that is open, in the function that transact has called. */
typedef struct martlet_transaction martlet_transaction;

/* Runs on a thread of the database with an open transaction, which is committed if it returns OK, and else undone. It
 * runs again from the beginning if another transaction was faster, so what it has noted in `context` must not count
 * then. Others wait for it meanwhile, with SQLite all who write: it must not wait for anything but the database. The
 * host's hang_timeout applies. It may use the functions of the host that any thread may call. [database] */
typedef martlet_result (*martlet_transact)(martlet_transaction *transaction, void *MARTLET_NULLABLE context);

/* Flags of a call. Unknown bits: the function returns MARTLET_ERROR_ARGUMENT. */
#define MARTLET_EXECUTE_QUERY ((uint32_t)1) /* only reads: does not wait for those who write */

/* Who gets the answer, and when at the latest. */
typedef struct martlet_database_call {
    /* -- since 1.0 -- */
    uint32_t size;
    uint32_t flags;                   /* MARTLET_EXECUTE_... */
    martlet_connection_id connection; /* whose loop gets the answer; 0: of none */
    uint32_t timeout_milliseconds;    /* from now until it must be done, else BUSY or TIMEOUT; 0: acquire_timeout and
                                         statement_timeout of the database. Nothing is interrupted that commits */
    uint32_t reserved;                /* 0 */
    martlet_answered MARTLET_NULLABLE answered; /* gets the outcome */
    void *MARTLET_NULLABLE context;
} martlet_database_call;

/* The databases of the host: the tables [databases.NAME] of martlet.toml. The host keeps the connections, and a reload
 * of a plugin opens none. */
typedef struct martlet_databases {
    /* -- since 1.0 -- */
    uint32_t size;
    uint32_t reserved; /* 0 */

    /* Opens a database by its name in martlet.toml. Inside `create` only. Returns the database, or CLOSED (not inside
     * `create`), ARGUMENT (there is none of this name; the refusal says so). It may be away at first. [control] */
    martlet_database (*open)(martlet_instance *instance, martlet_text name);

    /* Declares a statement: one of SQL, with question marks for its parameters. The host prepares it on each connection
     * when it first runs there. Inside `create` only. Returns the statement, or CLOSED, ARGUMENT (no such database).
     * [control] */
    martlet_statement (*prepare)(martlet_instance *instance, martlet_database database, martlet_text sql);

    /* Brings the tables of a plugin up to date. `steps` are statements that each change the schema from one version to
     * the next, the first one from an empty database. The host runs those that have not been run yet, all in one
     * transaction, and remembers how many that were, under `schema`. Waits for it. Inside `create` only. Returns OK, or
     * CLOSED, ARGUMENT (no such database, or an empty name), UNSUPPORTED (the database is newer than these steps),
     * BUSY (a step failed, or the database is away); the refusal says which and why. [control] */
    martlet_result (*migrate)(martlet_instance *instance, martlet_database database, martlet_text schema,
                              const martlet_text *steps, size_t count);

    /* Runs 1 up to MARTLET_COMMAND_LIMIT commands of one database in one transaction: all of them or none. The host
     * copies the call and the parameters. Returns OK, ARGUMENT (the call, the commands, their statements or values, or
     * no such loop), BUSY (that loop has no room for another answer), STOPPING. Unless it returns OK, `answered` is not
     * called. The instance is not destroyed before it was. [any] */
    martlet_result (*execute)(martlet_instance *instance, const martlet_database_call *call,
                              const martlet_command *commands, size_t count);

    /* Opens a transaction and calls a function with it, on a thread of the database. Returns as execute does. [any] */
    martlet_result (*transact)(martlet_instance *instance, const martlet_database_call *call,
                               martlet_database database, martlet_transact function);

    /* Runs a statement of the same database in a transaction, and waits for its result. The answer is valid until the
     * next `run`, or until the function returns. After CONSTRAINT the transaction goes on without what the
     * statement would have done. After any other error nothing can be committed any more: further statements get the
     * same error, and so does `answered`. Inside a martlet_transact only. [database] */
    const martlet_answer *MARTLET_NONNULL (*MARTLET_NONNULL run)(martlet_transaction *transaction,
                                                                 const martlet_command *command);

    /* Whose SQL a database speaks; 0: there is no such database. [any] */
    martlet_sql_dialect (*dialect)(martlet_instance *instance, martlet_database database);

    /* Runs a command that only reads, and gives out its rows in batches, at the pace of the plugin: `answered` gets the
     * first ones, and if there are more, a cursor for `next`. A batch ends with the row with which its values have
     * `batch_bytes`; 0: 64 KiB; at most max_result.
     *
     * An open cursor keeps a connection of the pool, and SQLite cannot shorten its log meanwhile. It ends with its last
     * rows, with an error, with `close`, with `connection` (of id 0: with the instance), when nobody calls `next` for
     * cursor_timeout, and after max_lifetime. Cursors get all connections of a pool but one: a select beyond that waits
     * for the end of another cursor, and fails with BUSY after acquire_timeout. Returns as execute does. [any] */
    martlet_result (*select)(martlet_instance *instance, const martlet_database_call *call,
                             const martlet_command *command, uint32_t batch_bytes);

    /* Asks for the next rows. The call names the same connection as in `select`; the instance may be another one of its
     * listener, to which the session has moved. timeout_milliseconds limits this batch. After an error there is no
     * cursor any more. Returns OK, ARGUMENT (the call, another connection, or the last `next` is not answered yet),
     * CLOSED (there is no such cursor any more, or it is in another host), BUSY (as execute), STOPPING. [any] */
    martlet_result (*next)(martlet_instance *instance, const martlet_database_call *call, martlet_cursor cursor);

    /* Ends a cursor early. If an answer is on its way, it has the last rows. Returns OK, CLOSED (there is no such
     * cursor any more). [any] */
    martlet_result (*close)(martlet_instance *instance, martlet_cursor cursor);
} martlet_databases;

MARTLET_END

#endif
