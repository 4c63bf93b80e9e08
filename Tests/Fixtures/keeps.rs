//! Keeps numbers in the database "main", through `database.rs`, and its tests in the simulation. The tests of
//! `martlet new` run it in a new project called word-count. Each line gets one when the database has answered:
//!
//!     put K N      "put K"
//!     get K        "get K N", "get K": there is none
//!     add K N      "add K SUM", in a transaction that reads K first; undone if that is above 1,000
//!     pair K N     puts K twice in one transaction, the second time with a value that is not allowed
//!     values       one value of each kind
//!     many         more commands than a transaction may have
//!     again K      runs a statement that breaks a rule, then one that does not, in one transaction
//!     rows N       reads the numbers from 1 to N in batches of two rows: "rows N 1 2, 3 4, 5"
//!     part N       the same, but only the first batch, and closes: "part N 1 2 closed"
//!     panic        panics in a transaction

mod simulation;

use simulation::{Host, Peer, Settings};
use std::ffi::c_void;
use std::ptr::null;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use word_count::database::{
    Arrival, Batch, Call, Cursor, Database, Dialect, Error, ErrorKind, Results, Rows, Statement, Transaction, Value,
};
use word_count::martlet::{self, Connection, Env, Opening, Plugin, Text};

/// Values that closures have captured and that were made and dropped, on this thread: each test has its own.
struct Captured;

thread_local! {
    static MADE: AtomicUsize = const { AtomicUsize::new(0) };
    static DROPPED: AtomicUsize = const { AtomicUsize::new(0) };
}

impl Captured {
    fn new() -> Captured {
        MADE.with(|count| count.fetch_add(1, Ordering::Relaxed));
        Captured
    }

    fn counts() -> (usize, usize) {
        (MADE.with(|count| count.load(Ordering::Relaxed)), DROPPED.with(|count| count.load(Ordering::Relaxed)))
    }
}

impl Drop for Captured {
    fn drop(&mut self) {
        DROPPED.with(|count| count.fetch_add(1, Ordering::Relaxed));
    }
}

#[derive(Clone, Copy)]
struct Statements {
    put: Statement,
    get: Statement,
    values: Statement,
    count: Statement,
}

struct Keeps {
    main: Database,
    statements: Statements,
}

impl Keeps {
    unsafe fn open(host: &martlet::Host, instance: *mut martlet::Instance) -> Result<Keeps, martlet::Result> {
        let main = unsafe { Database::open(host, instance, "main")? };
        assert_eq!(main.dialect(), Dialect::Sqlite);
        main.migrate("keeps", &["CREATE TABLE numbers (name TEXT PRIMARY KEY, number INTEGER CHECK (number <> 13))"])?;
        let statements = Statements {
            put: main.prepare("REPLACE INTO numbers VALUES (?, ?)")?,
            get: main.prepare("SELECT number FROM numbers WHERE name = ?")?,
            values: main.prepare("SELECT ?, ?, ?, ?, ?, CAST(x'ff41' AS TEXT)")?,
            count: main.prepare(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n LIMIT CAST(? AS INTEGER)",
            )?,
        };
        Ok(Keeps { main, statements })
    }

    fn take(&self, env: &Env, connection: *mut Connection, line: &str) -> Result<(), martlet::Result> {
        let words: Vec<&str> = line.split(' ').collect();
        let (name, key) = (words[0].to_string(), words.get(1).copied().unwrap_or("").to_string());
        let number = words.get(2).and_then(|word| word.parse::<i64>().ok()).unwrap_or(0);
        let call = Call::of(unsafe { (env.host.id)(connection) }).timeout(Duration::from_secs(5));
        let Statements { put, get, values, count } = self.statements;
        let (head, captured) = (format!("{name} {key}"), Captured::new());
        let say = move |arrival: &Arrival, text: Result<String, Error>| {
            let _captured = &captured;
            answer(arrival, &text.map_or_else(|error| error.to_string(), |text| format!("{head}{text}")));
        };
        match name.as_str() {
            "put" => self.main.execute(call, &[put.with([(&key).into(), number.into()])], described(say)),
            "get" => self.main.execute(call.query(), &[get.with([(&key).into()])], described(say)),
            "pair" => {
                let commands = [put.with([(&key).into(), number.into()]), put.with([(&key).into(), 13.into()])];
                self.main.execute(call, &commands, described(say))
            }
            "values" => {
                let given = [None::<i64>.into(), i64::MIN.into(), 0.5.into(), "é\0".into(), (&[0u8, 255][..]).into()];
                self.main.execute(call.query(), &[values.with(given)], described(say))
            }
            "many" => {
                let commands: Vec<_> = (0..=martlet::COMMAND_LIMIT).map(|_| get.with(["k".into()])).collect();
                self.main.execute(call, &commands, described(say))
            }
            "add" => {
                let function = move |transaction: &mut Transaction| add(transaction, put, get, &key, number);
                let said = Captured::new();
                self.main.transact(call, function, move |arrival, sum| {
                    let _said = said;
                    say(arrival, sum.map(|sum| format!(" {sum}")))
                })
            }
            "again" => {
                let function = move |transaction: &mut Transaction| {
                    let refused = transaction.run(&put.with([(&key).into(), 13.into()])).err();
                    transaction.run(&put.with([(&key).into(), 14.into()]))?;
                    Ok(refused.map(|error| error.kind))
                };
                self.main.transact(call, function, move |arrival, kind| say(arrival, kind.map(|kind| format!(" {kind:?}"))))
            }
            "rows" | "part" => {
                let reading = Reading { main: self.main, call, is_part: name == "part", text: String::new() };
                let said = move |arrival: &Arrival, text| say(arrival, text);
                // Two integers of nine bytes, with their kinds.
                self.main.select(call, &count.with([(&key).into()]), 18, reading.then(said))
            }
            "panic" => {
                let function = |_: &mut Transaction| -> Result<(), Error> { panic!("on purpose") };
                self.main.transact(call, function, |_, _| unreachable!())
            }
            _ => Err(martlet::ERROR_PEER),
        }
    }
}

fn add(
    transaction: &mut Transaction,
    put: Statement,
    get: Statement,
    key: &str,
    number: i64,
) -> Result<i64, Error> {
    let old = transaction.run(&get.with([key.into()]))?.get(0).and_then(|row| row.integer(0)).unwrap_or(0);
    let sum = old + number;
    // Once for each kind of ending: it has changed something when it finds out.
    let changes = transaction.run(&put.with([key.into(), sum.into()]))?.changes();
    assert_eq!(changes, 1);
    if sum > 1_000 { Err(Error::undone(format!("{sum} is too much"))) } else { Ok(sum) }
}

/// A result that is read batch by batch.
struct Reading {
    main: Database,
    call: Call,
    is_part: bool,
    text: String,
}

impl Reading {
    fn then(
        mut self,
        say: impl FnOnce(&Arrival, Result<String, Error>) + Send + 'static,
    ) -> impl FnOnce(&Arrival, Result<Batch, Error>) + Send + 'static {
        move |arrival, batch| {
            let Batch { rows, cursor } = match batch {
                Ok(batch) => batch,
                Err(error) => return say(arrival, Err(error)),
            };
            self.text += &describe_rows(rows);
            match cursor {
                None => say(arrival, Ok(self.text)),
                Some(cursor) if self.is_part => {
                    assert!(self.main.close(cursor).is_ok());
                    // It is there no more.
                    assert_eq!(self.main.close(cursor), Err(martlet::ERROR_CLOSED));
                    assert_eq!(self.main.next(self.call, cursor, |_, _| unreachable!()), Err(martlet::ERROR_CLOSED));
                    say(arrival, Ok(self.text + " closed"))
                }
                Some(cursor) => {
                    self.text += ",";
                    self.next(cursor, say)
                }
            }
        }
    }

    fn next(self, cursor: Cursor, say: impl FnOnce(&Arrival, Result<String, Error>) + Send + 'static) {
        let (main, call) = (self.main, self.call);
        let then: Box<dyn FnOnce(&Arrival, Result<Batch, Error>) + Send> = Box::new(self.then(say));
        assert!(main.next(call, cursor, then).is_ok());
    }
}

fn described(
    say: impl FnOnce(&Arrival, Result<String, Error>) + Send + 'static,
) -> impl FnOnce(&Arrival, Result<Results, Error>) + Send + 'static {
    move |arrival, results| say(arrival, results.map(|results| describe(&results)))
}

fn describe(results: &Results) -> String {
    describe_rows(results.of(0))
}

fn describe_rows(rows: Rows) -> String {
    let mut text = String::new();
    for row in rows.iter() {
        for column in 0..rows.columns().count() {
            text += &match row.value(column) {
                Value::Null => " null".to_string(),
                Value::Integer(number) => format!(" {number}"),
                Value::Real(number) => format!(" real {number}"),
                Value::Text(text) => format!(" {text:?}"),
                Value::Bytes(bytes) => format!(" {bytes:?}"),
            };
        }
    }
    text
}

fn answer(arrival: &Arrival, line: &str) {
    if !arrival.connection.is_null() {
        let line = format!("{line}\n");
        unsafe { (arrival.env.host.write)(arrival.connection, line.as_ptr().cast(), line.len()) };
    }
}

unsafe extern "C" fn create(
    _descriptor: &'static Plugin,
    host: &'static martlet::Host,
    instance: *mut martlet::Instance,
    _options: &martlet::Value,
    state: &mut *mut c_void,
) -> martlet::Result {
    match unsafe { Keeps::open(host, instance) } {
        Ok(keeps) => *state = Box::into_raw(Box::new(keeps)).cast(),
        Err(result) => return result,
    }
    martlet::OK
}

unsafe extern "C" fn destroy(state: *mut c_void) {
    drop(unsafe { Box::from_raw(state.cast::<Keeps>()) });
}

unsafe extern "C" fn opened(_: &Env, _: *mut Connection, _: &Opening, _: &mut *mut c_void) -> martlet::Result {
    martlet::OK
}

unsafe extern "C" fn received(
    env: &Env,
    _session: *mut c_void,
    connection: *mut Connection,
    data: *const u8,
    length: usize,
    consumed: &mut usize,
) -> martlet::Result {
    let keeps = unsafe { env.state::<Keeps>() };
    let input = unsafe { std::slice::from_raw_parts(data, length) };
    *consumed = length;
    for line in std::str::from_utf8(input).unwrap_or("").lines() {
        if let Err(result) = keeps.take(env, connection, line) {
            answer(&Arrival { env, connection, session: std::ptr::null_mut() }, &format!("refused {result}"));
        }
    }
    martlet::OK
}

static REQUIRED: [Text; 1] = [Text::new(martlet::DATABASE)];

static PLUGIN: Plugin = Plugin {
    size: martlet::size_of::<Plugin>(),
    abi: martlet::ABI_VERSION,
    name: Text::new("keeps"),
    version: Text::new("1.0.0"),
    summary: Text::new("Keeps numbers in a database"),
    example: Text::EMPTY,
    threads: martlet::THREADS_LOOPS,
    flags: martlet::PLUGIN_PLAIN_SESSIONS,
    options: null(),
    option_count: 0,
    extensions: null(),
    extension_count: 0,
    required_extensions: REQUIRED.as_ptr(),
    required_extension_count: REQUIRED.len(),
    session_size: 8,
    session_align: 8,
    session_layout: Text::new("keeps.session/1"),
    create,
    destroy,
    loop_start: None,
    loop_stop: None,
    opened: Some(opened),
    received: Some(received),
    writable: None,
    timer: None,
    peer_closed: None,
    draining: None,
    closed: None,
};

// ---------------------------------------------------------------------------------------------------------- tests

fn ask(host: &Host, peer: &Peer, line: &str) -> String {
    peer.send(format!("{line}\n").as_bytes(), 0);
    host.run_work();
    peer.output()
}

#[test]
fn what_was_put_is_found() {
    let host = Host::start(&PLUGIN, &Settings::new("")).unwrap();
    let peer = host.connect();
    assert_eq!(ask(&host, &peer, "get a"), "get a\n");
    assert_eq!(ask(&host, &peer, "put a 7"), "put a\n");
    assert_eq!(ask(&host, &peer, "put a 8"), "put a\n");
    assert_eq!(ask(&host, &peer, "get a"), "get a 8\n");
}

#[test]
fn values_of_all_kinds_come_back() {
    let host = Host::start(&PLUGIN, &Settings::new("")).unwrap();
    let peer = host.connect();
    let expected = "values  null -9223372036854775808 real 0.5 \"é\\0\" [0, 255] [255, 65]\n";
    assert_eq!(ask(&host, &peer, "values"), expected);
}

#[test]
fn rows_come_in_batches() {
    let host = Host::start(&PLUGIN, &Settings::new("")).unwrap();
    let peer = host.connect();
    let before = Captured::counts();
    assert_eq!(ask(&host, &peer, "rows 5"), "rows 5 1 2, 3 4, 5\n");
    assert_eq!(ask(&host, &peer, "rows 2"), "rows 2 1 2\n");
    assert_eq!(ask(&host, &peer, "rows 0"), "rows 0\n");
    assert_eq!(ask(&host, &peer, "part 5"), "part 5 1 2 closed\n");
    let (made, dropped) = Captured::counts();
    assert_eq!((made - before.0, dropped - before.1), (4, 4));
}

#[test]
fn a_transaction_is_done_whole_or_not_at_all() {
    let host = Host::start(&PLUGIN, &Settings::new("")).unwrap();
    let peer = host.connect();
    assert_eq!(ask(&host, &peer, "add a 40"), "add a 40\n");
    assert_eq!(ask(&host, &peer, "add a 2"), "add a 42\n");
    assert_eq!(ask(&host, &peer, "add a 999"), "Undone 0: 1041 is too much\n");
    assert_eq!(ask(&host, &peer, "get a"), "get a 42\n");
    // The same with commands: 275 is SQLITE_CONSTRAINT_CHECK.
    assert_eq!(ask(&host, &peer, "pair a 7"), "Constraint 275: CHECK constraint failed: number <> 13\n");
    assert_eq!(ask(&host, &peer, "get a"), "get a 42\n");
}

#[test]
fn errors_of_a_function_reach_the_answer() {
    let host = Host::start(&PLUGIN, &Settings::new("")).unwrap();
    let peer = host.connect();
    // `?` ends the function with the error of the statement.
    assert_eq!(ask(&host, &peer, "add a 13"), "Constraint 275: CHECK constraint failed: number <> 13\n");
    // After a broken rule the transaction may go on.
    assert_eq!(ask(&host, &peer, "again a"), "again a Some(Constraint)\n");
    assert_eq!(ask(&host, &peer, "get a"), "get a 14\n");
}

/// The clock of the simulation stands still, so no time-out passes in it.
#[test]
fn a_timeout_has_whole_milliseconds() {
    let timeout = |time| Call::of(7).timeout(time);
    assert!(format!("{:?}", timeout(Duration::from_micros(1_999_999))).contains("milliseconds: 1999"));
    // 0 would be that of the database.
    assert_eq!(timeout(Duration::from_nanos(1)), timeout(Duration::from_millis(1)));
    assert_ne!(timeout(Duration::ZERO), Call::of(7));
    assert_eq!(timeout(Duration::MAX), timeout(Duration::from_millis(u32::MAX.into())));
    assert_ne!(Call::of(7).query(), Call::of(7));
}

#[test]
fn closures_are_dropped_exactly_once() {
    let host = Host::start(&PLUGIN, &Settings::new("")).unwrap();
    let peer = host.connect();
    for (line, captured) in [("put a 1", 1), ("get a", 1), ("add a 2", 2), ("add a 999", 2), ("pair a 1", 1)] {
        let before = Captured::counts();
        ask(&host, &peer, line);
        let (made, dropped) = Captured::counts();
        assert_eq!((made - before.0, dropped - before.1), (captured, captured), "{line}");
    }
    // The host does not take the call.
    let before = Captured::counts();
    assert_eq!(ask(&host, &peer, "many"), format!("refused {}\n", martlet::ERROR_ARGUMENT));
    assert_eq!(Captured::counts(), (before.0 + 1, before.1 + 1));
    // The connection is gone when the answer comes.
    peer.send(b"put b 1\nadd b 1\n", 0);
    peer.reset();
    host.run_work();
    // The host ends before.
    host.connect().send(b"put c 1\nadd c 1\n", 0);
    drop(host);
    let (made, dropped) = Captured::counts();
    assert_eq!(made, dropped);
    assert_eq!(made, before.0 + 1 + 3 + 3);
}

/// It must not unwind into the host, and so ends the process, as in every callback.
#[test]
fn a_panic_in_a_transaction_ends_the_process() {
    use std::os::unix::process::ExitStatusExt;
    const NAME: &str = "a_panic_in_a_transaction_ends_the_process";
    if std::env::var_os("KEEPS_PANICS").is_some() {
        let host = Host::start(&PLUGIN, &Settings::new("")).unwrap();
        ask(&host, &host.connect(), "panic");
        return;
    }
    let mut this = std::process::Command::new(std::env::current_exe().unwrap());
    // Swift's own handler of the signal might end it with another one.
    this.args([NAME, "--exact", "--nocapture"]).env("KEEPS_PANICS", "1").env("SWIFT_BACKTRACE", "enable=no");
    let run = this.output().unwrap();
    let errors = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.signal(), Some(6 /* SIGABRT */), "{errors}");
    assert!(errors.contains("on purpose") && errors.contains("cannot unwind"), "{errors}");
}

#[test]
fn values_say_what_they_are() {
    assert_eq!(Value::from(Some(7)), Value::Integer(7));
    assert_eq!(Value::from(None::<&str>), Value::Null);
    assert_eq!((Value::from(true).integer(), Value::from(2u32).real()), (Some(1), Some(2.0)));
    let text = String::from("text");
    assert_eq!((Value::from(&text).text(), Value::from(&text).bytes()), (Some("text"), Some(&b"text"[..])));
    assert_eq!((Value::from(1.5).integer(), Value::from(1.5).text(), Value::Null.bytes()), (None, None, None));
    assert!(Value::Null.is_null() && !Value::from(0).is_null());
    let error = Error { kind: ErrorKind::Away, code: 2002, message: "gone".to_string() };
    assert_eq!(error.to_string(), "Away 2002: gone");
}
