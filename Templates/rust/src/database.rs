//! The databases of the host, which are the tables `[databases.NAME]` of `martlet.toml`, with types.
//!
//! `create` opens a database and declares statements. Later any thread executes them: the answer comes to a closure,
//! on the loop of a connection. Nothing here waits, except a function that `transact` runs on a thread of the database.
//!
//! Each closure is dropped exactly once, whether it was called or not. As in every callback, a panic must not leave a
//! closure: it ends the process.

#![allow(dead_code)]

use crate::martlet::{self, Connection, ConnectionId, Env, Host, Instance, Text};
use std::ffi::c_void;
use std::marker::PhantomData;
use std::time::Duration;

// --------------------------------------------------------------------------------------------------------- values

/// A parameter, or a value of a row. It borrows its text and bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'a str),
    /// Also text that is not UTF-8.
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    pub fn is_null(self) -> bool {
        self == Value::Null
    }

    /// `None`: it is something else. So for the next ones.
    pub fn integer(self) -> Option<i64> {
        if let Value::Integer(number) = self { Some(number) } else { None }
    }

    /// Also of an integer.
    pub fn real(self) -> Option<f64> {
        match self {
            Value::Real(number) => Some(number),
            Value::Integer(number) => Some(number as f64),
            _ => None,
        }
    }

    pub fn text(self) -> Option<&'a str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    /// Also of a text.
    pub fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Value::Bytes(bytes) => Some(bytes),
            Value::Text(text) => Some(text.as_bytes()),
            _ => None,
        }
    }

    fn raw(self) -> martlet::SqlValue {
        let (mut kind, mut integer, mut real, mut bytes) = (martlet::SQL_NULL, 0, 0.0, &[][..]);
        match self {
            Value::Null => {}
            Value::Integer(number) => (kind, integer) = (martlet::SQL_INTEGER, number),
            Value::Real(number) => (kind, real) = (martlet::SQL_REAL, number),
            Value::Text(text) => (kind, bytes) = (martlet::SQL_TEXT, text.as_bytes()),
            Value::Bytes(own) => (kind, bytes) = (martlet::SQL_BYTES, own),
        }
        let text = Text { data: bytes.as_ptr(), length: bytes.len() };
        martlet::SqlValue { kind, reserved: 0, integer, real, text }
    }

    /// # Safety
    /// The value lives at least as long as `'a`.
    unsafe fn of(raw: &martlet::SqlValue) -> Value<'a> {
        let bytes = || unsafe { raw.text.bytes() };
        match raw.kind {
            martlet::SQL_INTEGER => Value::Integer(raw.integer),
            martlet::SQL_REAL => Value::Real(raw.real),
            martlet::SQL_TEXT => std::str::from_utf8(bytes()).map_or_else(|_| Value::Bytes(bytes()), Value::Text),
            martlet::SQL_BYTES => Value::Bytes(bytes()),
            _ => Value::Null,
        }
    }
}

macro_rules! from {
    ($($from:ty, $value:ident => $made:expr;)*) => {
        $(impl<'a> From<$from> for Value<'a> {
            fn from($value: $from) -> Value<'a> {
                $made
            }
        })*
    };
}

from! {
    i64, number => Value::Integer(number);
    i32, number => Value::Integer(number.into());
    u32, number => Value::Integer(number.into());
    bool, is => Value::Integer(is.into());
    f64, number => Value::Real(number);
    &'a str, text => Value::Text(text);
    &'a String, text => Value::Text(text);
    &'a [u8], bytes => Value::Bytes(bytes);
    &'a Vec<u8>, bytes => Value::Bytes(bytes);
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Value<'a> {
        value.map_or(Value::Null, Into::into)
    }
}

// --------------------------------------------------------------------------------------------------------- errors

/// The comments of `martlet_database_error` say when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    Busy,
    Away,
    Constraint,
    Syntax,
    Conflict,
    ReadOnly,
    Full,
    Timeout,
    Denied,
    Damaged,
    Parameter,
    TooLarge,
    Stopping,
    Other,
    /// The function of a transaction has asked for it.
    Undone,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub kind: ErrorKind,
    /// The database's own number.
    pub code: i32,
    pub message: String,
}

impl Error {
    /// For the function of a transaction, which undoes it by returning an error.
    pub fn undone(message: impl Into<String>) -> Error {
        Error { kind: ErrorKind::Undone, code: 0, message: message.into() }
    }

    fn check(answer: &martlet::Answer) -> Result<(), Error> {
        use ErrorKind::*;
        const KINDS: [ErrorKind; 15] = [
            Busy, Away, Constraint, Syntax, Conflict, ReadOnly, Full, Timeout, Denied, Damaged, Parameter, TooLarge,
            Stopping, Other, Undone,
        ];
        if answer.error == martlet::DATABASE_OK {
            return Ok(());
        }
        let kind = KINDS.get(answer.error as usize - 1).copied().unwrap_or(Other);
        let message = String::from_utf8_lossy(unsafe { answer.message.bytes() }).into_owned();
        Err(Error { kind, code: answer.code, message })
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{:?} {}: {}", self.kind, self.code, self.message)
    }
}

impl std::error::Error for Error {}

// ----------------------------------------------------------------------------------------------------------- rows

/// What a statement has returned.
#[derive(Clone, Copy)]
pub struct Rows<'a>(&'a martlet::Rows);

impl<'a> Rows<'a> {
    pub fn len(self) -> usize {
        self.0.row_count
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Rows inserted, changed or deleted.
    pub fn changes(self) -> u64 {
        self.0.changes
    }

    /// Of the last row that was inserted, or what the statement has given to `last_insert_id(…)`; 0: none.
    pub fn last_id(self) -> i64 {
        self.0.last_id
    }

    /// The names of the columns. None: the statement returns no rows.
    pub fn columns(self) -> impl Iterator<Item = std::borrow::Cow<'a, str>> {
        let names = self.0;
        (0..names.column_count).map(|index| String::from_utf8_lossy(unsafe { (*names.columns.add(index)).bytes() }))
    }

    pub fn get(self, row: usize) -> Option<Row<'a>> {
        (row < self.len()).then(|| {
            let (width, values) = (self.0.column_count, self.0.values);
            Row(unsafe { std::slice::from_raw_parts(values.add(row * width), width) })
        })
    }

    pub fn iter(self) -> impl Iterator<Item = Row<'a>> {
        (0..self.len()).filter_map(move |row| self.get(row))
    }
}

#[derive(Clone, Copy)]
pub struct Row<'a>(&'a [martlet::SqlValue]);

impl<'a> Row<'a> {
    /// NULL where there is no such column.
    pub fn value(self, column: usize) -> Value<'a> {
        self.0.get(column).map_or(Value::Null, |value| unsafe { Value::of(value) })
    }

    /// `None`: NULL, something else, or no such column. So for the next ones.
    pub fn integer(self, column: usize) -> Option<i64> {
        self.value(column).integer()
    }

    pub fn real(self, column: usize) -> Option<f64> {
        self.value(column).real()
    }

    pub fn text(self, column: usize) -> Option<&'a str> {
        self.value(column).text()
    }

    pub fn bytes(self, column: usize) -> Option<&'a [u8]> {
        self.value(column).bytes()
    }
}

// ---------------------------------------------------------------------------------------------------------- calls

/// A statement that `create` has declared.
#[derive(Clone, Copy, Debug)]
pub struct Statement(martlet::Statement);

impl Statement {
    /// The values of its question marks, in their order.
    pub fn with<'a>(self, values: impl IntoIterator<Item = Value<'a>>) -> Command<'a> {
        let values = values.into_iter().map(Value::raw).collect();
        Command { statement: self.0, values, lifetime: PhantomData }
    }

    pub fn without_values(self) -> Command<'static> {
        self.with([])
    }
}

/// A statement with its values.
pub struct Command<'a> {
    statement: martlet::Statement,
    values: Vec<martlet::SqlValue>,
    lifetime: PhantomData<&'a [u8]>,
}

impl Command<'_> {
    fn raw(&self) -> martlet::Command {
        let (values, value_count) = (self.values.as_ptr(), self.values.len() as u32);
        martlet::Command { statement: self.statement, value_count, values }
    }
}

/// Whose loop gets the answer, and when at the latest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Call {
    connection: ConnectionId,
    milliseconds: u32,
    flags: u32,
}

impl Call {
    /// The answer belongs to no connection.
    pub fn new() -> Call {
        Call::default()
    }

    pub fn of(connection: ConnectionId) -> Call {
        Call { connection, ..Call::default() }
    }

    /// In whole milliseconds, at least one. Without it: `acquire_timeout` and `statement_timeout` of the database.
    pub fn timeout(self, timeout: Duration) -> Call {
        Call { milliseconds: timeout.as_millis().clamp(1, u32::MAX.into()) as u32, ..self }
    }

    /// It only reads, and does not wait for those who write.
    pub fn query(self) -> Call {
        Call { flags: self.flags | martlet::EXECUTE_QUERY, ..self }
    }

    fn raw(self, answered: martlet::Answered, context: *mut c_void) -> martlet::DatabaseCall {
        martlet::DatabaseCall {
            size: martlet::size_of::<martlet::DatabaseCall>(),
            flags: self.flags,
            connection: self.connection,
            timeout_milliseconds: self.milliseconds,
            reserved: 0,
            answered: Some(answered),
            context,
        }
    }
}

/// Where an answer arrives.
pub struct Arrival<'a> {
    pub env: &'a Env,
    /// NULL: the call was for none, or it is gone. So for the session.
    pub connection: *mut Connection,
    pub session: *mut c_void,
}

/// What the commands of a call have returned, in their order.
pub struct Results<'a>(&'a [martlet::Rows]);

impl<'a> Results<'a> {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Panics if there was no such command.
    pub fn of(&self, command: usize) -> Rows<'a> {
        Rows(&self.0[command])
    }
}

/// Rows that are still to come. A session may keep it, also for another version of the plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(pub martlet::Cursor);

/// Some of the rows of a statement.
pub struct Batch<'a> {
    pub rows: Rows<'a>,
    /// For `Database::next`. `None`: these were the last rows.
    pub cursor: Option<Cursor>,
}

// ------------------------------------------------------------------------------------------------------ databases

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    MariaDb,
    Unknown,
}

/// A database that an instance has opened.
#[derive(Clone, Copy)]
pub struct Database {
    functions: &'static martlet::Databases,
    instance: *mut Instance,
    handle: martlet::Database,
}

// Any thread may call the functions that are not for `create` only.
unsafe impl Send for Database {}
unsafe impl Sync for Database {}

impl Database {
    /// Inside `create` only, which may return the error: the host knows the reason.
    ///
    /// # Safety
    /// `host` and `instance` are those of `create`. The database is not used after `destroy`.
    pub unsafe fn open(host: &Host, instance: *mut Instance, name: &str) -> Result<Database, martlet::Result> {
        let Some(functions) = (unsafe { host.find::<martlet::Databases>(instance, martlet::DATABASE) }) else {
            return Err(martlet::ERROR_UNSUPPORTED);
        };
        let handle = checked(unsafe { (functions.open)(instance, Text::of(name)) })?;
        Ok(Database { functions, instance, handle })
    }

    /// Declares a statement. Inside `create` only.
    pub fn prepare(&self, sql: &str) -> Result<Statement, martlet::Result> {
        checked(unsafe { (self.functions.prepare)(self.instance, self.handle, Text::of(sql)) }).map(Statement)
    }

    /// Runs the steps that have not been run yet, and waits. Inside `create` only.
    pub fn migrate(&self, schema: &str, steps: &[&str]) -> Result<(), martlet::Result> {
        let steps: Vec<Text> = steps.iter().map(|step| Text::of(step)).collect();
        let (list, count) = (steps.as_ptr(), steps.len());
        let result =
            unsafe { (self.functions.migrate)(self.instance, self.handle, Text::of(schema), list, count) };
        checked(result).map(|_| ())
    }

    pub fn dialect(&self) -> Dialect {
        match unsafe { (self.functions.dialect)(self.instance, self.handle) } {
            martlet::DIALECT_SQLITE => Dialect::Sqlite,
            martlet::DIALECT_MARIADB => Dialect::MariaDb,
            _ => Dialect::Unknown,
        }
    }

    /// Runs commands in one transaction: all of them or none. The closure gets the outcome, on the loop of the
    /// connection. An error here: nothing was begun, and the closure is not called.
    pub fn execute<A>(&self, call: Call, commands: &[Command], answered: A) -> Result<(), martlet::Result>
    where
        A: FnOnce(&Arrival, Result<Results, Error>) + Send + 'static,
    {
        let commands: Vec<martlet::Command> = commands.iter().map(Command::raw).collect();
        let context = Box::into_raw(Box::new(answered));
        let call = call.raw(deliver::<A>, context.cast());
        let (list, count) = (commands.as_ptr(), commands.len());
        let result = unsafe { (self.functions.execute)(self.instance, &call, list, count) };
        unsafe { settle(result, context) }
    }

    /// Runs a function in a transaction, on a thread of the database. It runs again from the beginning if another
    /// transaction was faster. If it returns an error, nothing was done. Others wait for it, so it must not wait for
    /// anything but the database. The closure gets what it has returned last, or why it was not committed.
    pub fn transact<T, F, A>(&self, call: Call, function: F, answered: A) -> Result<(), martlet::Result>
    where
        T: Send + 'static,
        F: FnMut(&mut Transaction) -> Result<T, Error> + Send + 'static,
        A: FnOnce(&Arrival, Result<T, Error>) + Send + 'static,
    {
        let work = Work::<T, F, A> { functions: self.functions, function, outcome: None, answered };
        let context = Box::into_raw(Box::new(work));
        let call = call.raw(deliver_work::<T, F, A>, context.cast());
        let result = unsafe { (self.functions.transact)(self.instance, &call, self.handle, transact::<T, F, A>) };
        unsafe { settle(result, context) }
    }

    /// Runs a statement that only reads, and gives out its rows in batches, at the pace of the plugin: the closure gets
    /// the first one, and if there are more rows, a cursor for `next`. A batch ends with the row with which its values
    /// have `batch_bytes`; 0: 64 KiB. The comment of `select` in `martlet/ext/database.h` says what ends a cursor.
    pub fn select<A>(&self, call: Call, command: &Command, batch_bytes: u32, answered: A) -> Result<(), martlet::Result>
    where
        A: FnOnce(&Arrival, Result<Batch, Error>) + Send + 'static,
    {
        let context = Box::into_raw(Box::new(answered));
        let call = call.raw(deliver_batch::<A>, context.cast());
        let result = unsafe { (self.functions.select)(self.instance, &call, &command.raw(), batch_bytes) };
        unsafe { settle(result, context) }
    }

    /// Asks for the next batch, one at a time, for the connection of `select`. After an error there is no cursor any
    /// more.
    pub fn next<A>(&self, call: Call, cursor: Cursor, answered: A) -> Result<(), martlet::Result>
    where
        A: FnOnce(&Arrival, Result<Batch, Error>) + Send + 'static,
    {
        let context = Box::into_raw(Box::new(answered));
        let call = call.raw(deliver_batch::<A>, context.cast());
        let result = unsafe { (self.functions.next)(self.instance, &call, cursor.0) };
        unsafe { settle(result, context) }
    }

    /// Ends a cursor early. An error: there is no such cursor any more.
    pub fn close(&self, cursor: Cursor) -> Result<(), martlet::Result> {
        checked(unsafe { (self.functions.close)(self.instance, cursor.0) }).map(|_| ())
    }
}

fn checked(result: martlet::Result) -> Result<i32, martlet::Result> {
    if result < 0 { Err(result) } else { Ok(result) }
}

/// Unless the host has taken the call, nobody else frees its context.
unsafe fn settle<T>(result: martlet::Result, context: *mut T) -> Result<(), martlet::Result> {
    if result == martlet::OK {
        return Ok(());
    }
    drop(unsafe { Box::from_raw(context) });
    Err(result)
}

unsafe extern "C" fn deliver<A: FnOnce(&Arrival, Result<Results, Error>)>(
    env: &Env,
    context: *mut c_void,
    connection: *mut Connection,
    session: *mut c_void,
    answer: &martlet::Answer,
) {
    let answered = unsafe { Box::from_raw(context.cast::<A>()) };
    let results = Error::check(answer).map(|()| match answer.rows_count {
        0 => Results(&[]),
        count => Results(unsafe { std::slice::from_raw_parts(answer.rows, count) }),
    });
    answered(&Arrival { env, connection, session }, results);
}

unsafe extern "C" fn deliver_batch<A: FnOnce(&Arrival, Result<Batch, Error>)>(
    env: &Env,
    context: *mut c_void,
    connection: *mut Connection,
    session: *mut c_void,
    answer: &martlet::Answer,
) {
    let answered = unsafe { Box::from_raw(context.cast::<A>()) };
    let batch = Error::check(answer).map(|()| Batch {
        rows: Rows(unsafe { &*answer.rows }),
        cursor: (answer.cursor != 0).then_some(Cursor(answer.cursor)),
    });
    answered(&Arrival { env, connection, session }, batch);
}

// --------------------------------------------------------------------------------------------------- transactions

/// A transaction that is open.
pub struct Transaction {
    functions: &'static martlet::Databases,
    raw: *mut martlet::Transaction,
}

impl Transaction {
    /// Runs a statement, and waits. After `Constraint` the transaction goes on without what the statement would have
    /// done. After any other error nothing can be committed any more.
    pub fn run(&mut self, command: &Command) -> Result<Rows<'_>, Error> {
        // Valid until the next statement, which needs `self` again.
        let answer = unsafe { &*(self.functions.run)(self.raw, &command.raw()) };
        Error::check(answer)?;
        Ok(Rows(unsafe { &*answer.rows }))
    }
}

struct Work<T, F, A> {
    functions: &'static martlet::Databases,
    function: F,
    /// Of the last run. `None`: it has not run.
    outcome: Option<Result<T, Error>>,
    answered: A,
}

unsafe extern "C" fn transact<T, F: FnMut(&mut Transaction) -> Result<T, Error>, A>(
    raw: *mut martlet::Transaction,
    context: *mut c_void,
) -> martlet::Result {
    let work = unsafe { &mut *context.cast::<Work<T, F, A>>() };
    let outcome = (work.function)(&mut Transaction { functions: work.functions, raw });
    let is_done = outcome.is_ok();
    work.outcome = Some(outcome);
    if is_done { martlet::OK } else { martlet::ERROR_ARGUMENT }
}

unsafe extern "C" fn deliver_work<T, F, A: FnOnce(&Arrival, Result<T, Error>)>(
    env: &Env,
    context: *mut c_void,
    connection: *mut Connection,
    session: *mut c_void,
    answer: &martlet::Answer,
) {
    let Work { outcome, answered, .. } = *unsafe { Box::from_raw(context.cast::<Work<T, F, A>>()) };
    let result = match (Error::check(answer), outcome) {
        (Ok(()), Some(outcome)) => outcome,
        // The function knows more than the host.
        (Err(Error { kind: ErrorKind::Undone, .. }), Some(Err(own))) => Err(own),
        (Err(error), _) => Err(error),
        (Ok(()), None) => Err(Error { kind: ErrorKind::Other, code: 0, message: "it has not run".to_string() }),
    };
    answered(&Arrival { env, connection, session }, result);
}
