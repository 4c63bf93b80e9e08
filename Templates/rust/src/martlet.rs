//! The plugin ABI of Martlet, version 1.0: all of `include/martlet.h`. The comments there say what each function does,
//! where it runs, what it returns and who owns what.
//!
//! If the header promises a pointer that is never NULL and valid for the whole call, a callback gets a reference. A
//! function that may be NULL is an `Option`. Structs grow at their end: each starts with its size, and is never smaller
//! than here. If you add a member of a later version, check `size` first, and read the member through a raw pointer.

#![allow(dead_code)]

use std::ffi::c_void;
use std::marker::{PhantomData, PhantomPinned};

// ----------------------------------------------------------------------------------------------------------- abi.h

pub const ABI_MAJOR: u32 = 1;
pub const ABI_MINOR: u32 = 0;

/// The major version in the upper 16 bits, the minor version in the lower 16.
pub type Abi = u32;
pub const ABI_VERSION: Abi = ABI_MAJOR * 65536 + ABI_MINOR;

/// UTF-8 without a terminating NUL.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Text {
    pub data: *const u8,
    pub length: usize,
}

impl Text {
    pub const EMPTY: Text = Text { data: std::ptr::null(), length: 0 };

    /// For a descriptor, which lives as long as the image.
    pub const fn new(text: &'static str) -> Text {
        Text { data: text.as_ptr(), length: text.len() }
    }

    /// For the arguments of one call.
    pub const fn of(text: &str) -> Text {
        Text { data: text.as_ptr(), length: text.len() }
    }

    /// # Safety
    /// The text lives at least as long as `'a`.
    pub unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.length == 0 {
            return &[];
        }
        unsafe { std::slice::from_raw_parts(self.data, self.length) }
    }
}

/// The host's state for one peer.
#[repr(C)]
pub struct Connection {
    _data: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

/// The host's side of one instance.
#[repr(C)]
pub struct Instance {
    _data: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

/// Never reused for another peer. 0 means no connection.
pub type ConnectionId = u64;

/// 0 or above is success, below 0 is failure.
pub type Result = i32;
pub const OK: Result = 0;
/// The output was accepted, but the peer does not read: stop producing, and return.
pub const FULL: Result = 1;
pub const ERROR_CLOSED: Result = -1;
pub const ERROR_ARGUMENT: Result = -2;
pub const ERROR_MEMORY: Result = -3;
pub const ERROR_BUSY: Result = -4;
pub const ERROR_STOPPING: Result = -5;
pub const ERROR_UNSUPPORTED: Result = -6;
/// The peer misbehaved; the plugin did not fail.
pub const ERROR_PEER: Result = -7;

pub type CloseReason = u32;
pub const CLOSED_BY_PLUGIN: CloseReason = 1;
pub const CLOSED_BY_PEER: CloseReason = 2;
pub const CLOSED_RESET: CloseReason = 3;
pub const CLOSED_IDLE_TIMEOUT: CloseReason = 4;
pub const CLOSED_WRITE_TIMEOUT: CloseReason = 5;
pub const CLOSED_INPUT_LIMIT: CloseReason = 6;
pub const CLOSED_FAULT: CloseReason = 7;
pub const CLOSED_SHUTDOWN: CloseReason = 8;
pub const CLOSED_NO_MEMORY: CloseReason = 9;
pub const CLOSED_HANDSHAKE: CloseReason = 10;
pub const CLOSED_FIRST_BYTE: CloseReason = 11;
pub const CLOSED_REQUEST_TIMEOUT: CloseReason = 12;
pub const CLOSED_LIFETIME: CloseReason = 13;
pub const CLOSED_REQUEST_RATE: CloseReason = 14;
/// The plugin reported ERROR_PEER.
pub const CLOSED_PEER_ERROR: CloseReason = 15;
/// The plugin reported another error.
pub const CLOSED_FAILED: CloseReason = 16;
pub const CLOSED_HANDED_OVER: CloseReason = 17;
/// A member of a group with BACKLOG_CLOSE did not read.
pub const CLOSED_BACKLOG: CloseReason = 18;

// ------------------------------------------------------------------------------------------------------- options.h

pub type Type = u32;
pub const TYPE_BOOLEAN: Type = 1;
pub const TYPE_INTEGER: Type = 2;
pub const TYPE_NUMBER: Type = 3;
pub const TYPE_TEXT: Type = 4;
/// Nanoseconds.
pub const TYPE_DURATION: Type = 5;
/// Bytes.
pub const TYPE_SIZE: Type = 6;
/// Absolute.
pub const TYPE_PATH: Type = 7;
pub const TYPE_LIST: Type = 8;
pub const TYPE_TABLE: Type = 9;

/// `martlet_option`.
#[repr(C)]
pub struct OptionSchema {
    pub size: u32,
    pub kind: Type,
    pub key: Text,
    pub help: Text,
    pub default_value: Text,
    pub required: u32,
    pub element: Type,
    pub minimum: i64,
    pub maximum: i64,
    pub children: *const OptionSchema,
    pub child_count: usize,
    pub choices: *const Text,
    pub choice_count: usize,
}

#[repr(C)]
pub struct Value {
    pub size: u32,
    pub kind: Type,
    pub integer: i64,
    pub number: f64,
    pub text: Text,
    pub items: *const *const Value,
    pub item_count: usize,
    pub key: Text,
    pub line: u32,
    pub column: u32,
}

impl Value {
    /// The items of a list or a table.
    ///
    /// # Safety
    /// `self` is the table that `create` got, or a value in it, and `create` has not returned.
    pub unsafe fn items(&self) -> impl Iterator<Item = &Value> {
        (0..self.item_count).map(|index| unsafe { &**self.items.add(index) })
    }

    /// The member of a table.
    ///
    /// # Safety
    /// As for `items`.
    pub unsafe fn member(&self, key: &str) -> Option<&Value> {
        unsafe { self.items().find(|value| value.key.bytes() == key.as_bytes()) }
    }
}

// ---------------------------------------------------------------------------------------------------------- host.h

/// The `loop_index` of a call that belongs to no event loop.
pub const NO_LOOP: u32 = 0xFFFF_FFFF;

/// Where a callback runs: an instance on an event loop.
#[repr(C)]
pub struct Env {
    pub size: u32,
    pub loop_index: u32,
    pub host: &'static Host,
    pub instance: *mut Instance,
    pub state: *mut c_void,
    pub loop_state: *mut c_void,
}

impl Env {
    /// The state that `create` set. Several threads use it at the same time.
    ///
    /// # Safety
    /// The state is a `T`.
    pub unsafe fn state<T: Send + Sync>(&self) -> &T {
        unsafe { &*self.state.cast() }
    }
}

pub type Family = u32;
pub const FAMILY_UNIX: Family = 1;
pub const FAMILY_IPV4: Family = 4;
pub const FAMILY_IPV6: Family = 6;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Address {
    pub size: u32,
    pub family: Family,
    /// IPv4 in the first four bytes.
    pub address: [u8; 16],
    pub port: u16,
    pub reserved: u16,
    pub reserved2: u32,
}

impl Address {
    /// For the host to fill in.
    pub const EMPTY: Address =
        Address { size: size_of::<Address>(), family: 0, address: [0; 16], port: 0, reserved: 0, reserved2: 0 };
}

pub type Origin = u32;
pub const ORIGIN_ACCEPTED: Origin = 1;
pub const ORIGIN_CONNECTED: Origin = 2;
pub const ORIGIN_HANDED_OVER: Origin = 3;
pub const ORIGIN_ADOPTED: Origin = 4;

#[repr(C)]
pub struct Opening {
    pub size: u32,
    pub origin: Origin,
    pub peer: *const Address,
    pub local: *const Address,
    pub endpoint: Text,
}

pub const REQUEST_FAILED: u32 = 1;

#[repr(C)]
pub struct Request {
    pub size: u32,
    pub flags: u32,
    pub status: u32,
    pub reserved: u32,
    pub bytes: u64,
    pub started: u64,
    pub method: Text,
    pub target: Text,
}

pub type Release = unsafe extern "C" fn(context: *mut c_void);
pub type Work = unsafe extern "C" fn(context: *mut c_void);
/// The connection and the session may be NULL.
pub type Delivery =
    unsafe extern "C" fn(env: &Env, context: *mut c_void, connection: *mut Connection, session: *mut c_void);

pub type LogLevel = u32;
pub const LOG_TRACE: LogLevel = 0;
pub const LOG_DEBUG: LogLevel = 1;
pub const LOG_INFO: LogLevel = 2;
pub const LOG_WARNING: LogLevel = 3;
pub const LOG_ERROR: LogLevel = 4;

pub type MetricKind = u32;
pub const METRIC_COUNTER: MetricKind = 1;
pub const METRIC_GAUGE: MetricKind = 2;
/// Of `Metrics`.
pub const METRIC_HISTOGRAM: MetricKind = 3;

/// Below 0: a `Result`.
pub type Metric = i32;

#[repr(C)]
pub struct Host {
    pub size: u32,
    pub abi: Abi,
    pub version: Text,

    // Output.
    pub reserve: unsafe extern "C" fn(*mut Connection, length: usize) -> *mut u8,
    pub commit: unsafe extern "C" fn(*mut Connection, length: usize) -> Result,
    pub write: unsafe extern "C" fn(*mut Connection, data: *const c_void, length: usize) -> Result,
    pub write_shared: unsafe extern "C" fn(
        *mut Connection,
        data: *const c_void,
        length: usize,
        release: Option<Release>,
        context: *mut c_void,
    ) -> Result,
    pub send_file: unsafe extern "C" fn(
        *mut Connection,
        file: i32,
        offset: u64,
        length: u64,
        release: Option<Release>,
        context: *mut c_void,
    ) -> Result,

    // Input.
    pub want: unsafe extern "C" fn(*mut Connection, length: usize) -> Result,
    pub pause: unsafe extern "C" fn(*mut Connection) -> Result,
    pub resume: unsafe extern "C" fn(*mut Connection) -> Result,
    pub expect_input: unsafe extern "C" fn(*mut Connection, expected: u32) -> Result,

    // End of a connection.
    pub close: unsafe extern "C" fn(*mut Connection) -> Result,
    pub abort: unsafe extern "C" fn(*mut Connection, why: Result) -> Result,
    pub hand_over: unsafe extern "C" fn(*mut Connection, listener: Text) -> Result,
    pub start_tls: unsafe extern "C" fn(*mut Connection) -> Result,

    // About a connection.
    pub set_timer: unsafe extern "C" fn(*mut Connection, milliseconds: u64) -> Result,
    pub peer: unsafe extern "C" fn(*mut Connection, *mut Address) -> Result,
    pub local: unsafe extern "C" fn(*mut Connection, *mut Address) -> Result,
    pub id: unsafe extern "C" fn(*mut Connection) -> ConnectionId,
    pub monotonic_time: unsafe extern "C" fn(*mut Connection) -> u64,
    pub wall_clock: unsafe extern "C" fn(*mut Connection) -> i64,
    pub request_done: unsafe extern "C" fn(*mut Connection, *const Request) -> Result,

    // Work.
    pub submit: unsafe extern "C" fn(*mut Instance, ConnectionId, Work, done: Option<Delivery>, *mut c_void) -> Result,
    pub post: unsafe extern "C" fn(*mut Instance, ConnectionId, Delivery, *mut c_void) -> Result,

    // Telemetry.
    pub log_enabled: unsafe extern "C" fn(*mut Instance, LogLevel) -> i32,
    pub log: unsafe extern "C" fn(*mut Instance, LogLevel, message: Text),
    pub metric_register: unsafe extern "C" fn(*mut Instance, MetricKind, name: Text, help: Text) -> Metric,
    pub metric_add: unsafe extern "C" fn(*mut Instance, Metric, amount: i64) -> Result,
    pub metric_set: unsafe extern "C" fn(*mut Instance, Metric, value: i64) -> Result,

    // About an instance.
    pub refuse: unsafe extern "C" fn(*mut Instance, path: Text, message: Text),
    pub extension: unsafe extern "C" fn(*mut Instance, id: Text) -> *const c_void,
}

// -------------------------------------------------------------------------------------------------------- plugin.h

#[repr(C)]
pub struct Extension {
    pub size: u32,
    pub reserved: u32,
    pub id: Text,
    pub functions: *const c_void,
}

pub type Threads = u32;
pub const THREADS_LOOPS: Threads = 1;
pub const THREADS_WORKERS: Threads = 2;
pub const THREADS_BOTH: Threads = 3;

pub const PLUGIN_UNLOADABLE: u32 = 1;
pub const PLUGIN_PLAIN_SESSIONS: u32 = 2;
pub const PLUGIN_ON_CRASH_ADOPT: u32 = 4;
pub const PLUGIN_ON_CRASH_CLOSE: u32 = 8;

pub const SESSION_SIZE_LIMIT: usize = 65536;
pub const SESSION_ALIGN_LIMIT: usize = 64;

pub type Create = unsafe extern "C" fn(
    descriptor: &'static Plugin,
    host: &'static Host,
    instance: *mut Instance,
    options: &Value,
    state: &mut *mut c_void,
) -> Result;
pub type Destroy = unsafe extern "C" fn(state: *mut c_void);
pub type LoopStart = unsafe extern "C" fn(env: &Env, loop_state: &mut *mut c_void) -> Result;
pub type LoopStop = unsafe extern "C" fn(env: &Env);
pub type Opened = unsafe extern "C" fn(
    env: &Env,
    connection: *mut Connection,
    opening: &Opening,
    session: &mut *mut c_void,
) -> Result;
pub type Received = unsafe extern "C" fn(
    env: &Env,
    session: *mut c_void,
    connection: *mut Connection,
    data: *const u8,
    length: usize,
    consumed: &mut usize,
) -> Result;
pub type Signal = unsafe extern "C" fn(env: &Env, session: *mut c_void, connection: *mut Connection);
pub type Closed =
    unsafe extern "C" fn(env: &Env, session: *mut c_void, connection: *mut Connection, reason: CloseReason);

#[repr(C)]
pub struct Plugin {
    pub size: u32,
    pub abi: Abi,
    pub name: Text,
    pub version: Text,
    pub summary: Text,
    pub example: Text,
    pub threads: Threads,
    pub flags: u32,
    pub options: *const OptionSchema,
    pub option_count: usize,
    pub extensions: *const Extension,
    pub extension_count: usize,
    pub required_extensions: *const Text,
    pub required_extension_count: usize,
    pub session_size: usize,
    pub session_align: usize,
    pub session_layout: Text,
    pub create: Create,
    pub destroy: Destroy,
    pub loop_start: Option<LoopStart>,
    pub loop_stop: Option<LoopStop>,
    // Streams need `opened`, `received` and `closed`.
    pub opened: Option<Opened>,
    pub received: Option<Received>,
    pub writable: Option<Signal>,
    pub timer: Option<Signal>,
    pub peer_closed: Option<Signal>,
    pub draining: Option<Signal>,
    pub closed: Option<Closed>,
}

/// The one function that a plugin exports.
pub const ENTRY_SYMBOL: &str = "martlet_plugin_entry";
pub type Entry = unsafe extern "C" fn(host_abi: Abi) -> *const Plugin;

// ------------------------------------------------------------------------------------------------ ext/host-info.h

pub const HOST_INFO: &str = "martlet.host-info/1";

#[repr(C)]
pub struct HostInfo {
    pub size: u32,
    pub reserved: u32,
    pub loop_count: unsafe extern "C" fn(*mut Instance) -> u32,
    pub worker_count: unsafe extern "C" fn(*mut Instance) -> u32,
    pub generation: unsafe extern "C" fn(*mut Instance) -> u32,
    pub listener: unsafe extern "C" fn(*mut Instance) -> Text,
}

// ---------------------------------------------------------------------------------------------------- ext/loops.h

pub const LOOPS: &str = "martlet.loops/1";

/// 0 means no timer.
pub type Timer = u64;

/// The most timers of an instance at a time.
pub const TIMER_LIMIT: usize = 1024;

pub type Tick = unsafe extern "C" fn(env: &Env, context: *mut c_void);

#[repr(C)]
pub struct Loops {
    pub size: u32,
    pub reserved: u32,
    /// May return NULL.
    pub connection: unsafe extern "C" fn(env: &Env, ConnectionId) -> *mut Connection,
    pub post: unsafe extern "C" fn(*mut Instance, loop_index: u32, Delivery, *mut c_void) -> Result,
    pub start_timer: unsafe extern "C" fn(
        *mut Instance,
        loop_index: u32,
        delay_milliseconds: u64,
        period_milliseconds: u64,
        Tick,
        Option<Release>,
        *mut c_void,
        timer: &mut Timer,
    ) -> Result,
    pub cancel_timer: unsafe extern "C" fn(*mut Instance, Timer) -> Result,
}

// ------------------------------------------------------------------------------------------------ ext/transport.h

pub const TRANSPORT: &str = "martlet.transport/1";

pub const TRANSPORT_ENCRYPTED: u32 = 1;
pub const TRANSPORT_RESUMED: u32 = 2;
pub const TRANSPORT_VERIFIED: u32 = 4;

pub const TRANSPORT_VERSION: u32 = 0;
pub const TRANSPORT_CIPHER: u32 = 1;
pub const TRANSPORT_PROTOCOL: u32 = 2;
pub const TRANSPORT_SERVER_NAME: u32 = 3;
pub const TRANSPORT_SUBJECT: u32 = 4;
pub const TRANSPORT_ISSUER: u32 = 5;
pub const TRANSPORT_FINGERPRINT: u32 = 6;
pub const TRANSPORT_HOST: u32 = 7;
pub const TRANSPORT_EMAIL: u32 = 8;
pub const TRANSPORT_URI: u32 = 9;
pub const TRANSPORT_PRINCIPAL: u32 = 10;

/// What encrypts a connection, and the certificate of its peer.
#[repr(C)]
pub struct Transport {
    pub size: u32,
    pub reserved: u32,
    pub state: unsafe extern "C" fn(*mut Connection) -> u32,
    pub text: unsafe extern "C" fn(*mut Connection, fact: u32, index: usize, text: &mut Text) -> Result,
}

// --------------------------------------------------------------------------------------------------- ext/groups.h

pub const GROUPS: &str = "martlet.groups/1";

/// Bytes.
pub const GROUP_NAME_LIMIT: usize = 255;
/// The most groups of a connection.
pub const GROUP_LIMIT: usize = 4096;

pub type BacklogPolicy = u32;
/// A member that does not read misses the message.
pub const BACKLOG_SKIP: BacklogPolicy = 0;
/// It is closed with CLOSED_BACKLOG.
pub const BACKLOG_CLOSE: BacklogPolicy = 1;

#[repr(C)]
pub struct Membership {
    pub size: u32,
    pub policy: BacklogPolicy,
    /// Bytes; 0: `limits.output_high_water`.
    pub backlog: usize,
}

#[repr(C)]
pub struct Groups {
    pub size: u32,
    pub reserved: u32,
    /// The membership may be NULL.
    pub join: unsafe extern "C" fn(*mut Connection, group: Text, *const Membership) -> Result,
    pub leave: unsafe extern "C" fn(*mut Connection, group: Text) -> Result,
    pub send: unsafe extern "C" fn(
        *mut Instance,
        group: Text,
        data: *const c_void,
        length: usize,
        except: ConnectionId,
    ) -> Result,
    pub count: unsafe extern "C" fn(*mut Instance, group: Text) -> u64,
}

// -------------------------------------------------------------------------------------------------- ext/metrics.h

pub const METRICS: &str = "martlet.metrics/1";

pub const METRIC_LABEL_LIMIT: usize = 8;
pub const METRIC_BOUND_LIMIT: usize = 64;
pub const METRIC_VALUE_LIMIT: usize = 256;

#[repr(C)]
pub struct MetricDescription {
    pub size: u32,
    pub kind: MetricKind,
    pub name: Text,
    pub help: Text,
    pub labels: *const Text,
    pub label_count: usize,
    pub bounds: *const u64,
    pub bound_count: usize,
    pub divisor: u64,
}

#[repr(C)]
pub struct Metrics {
    pub size: u32,
    pub reserved: u32,
    pub declare: unsafe extern "C" fn(*mut Instance, &MetricDescription) -> Metric,
    pub series: unsafe extern "C" fn(*mut Instance, Metric, values: *const Text, value_count: usize) -> Metric,
    pub observe: unsafe extern "C" fn(*mut Instance, Metric, value: u64) -> Result,
}

// ------------------------------------------------------------------------------------------------- ext/database.h

pub const DATABASE: &str = "martlet.database/1";

/// The most commands of one transaction.
pub const COMMAND_LIMIT: usize = 1024;

/// Below 0: a `Result`.
pub type Database = i32;
/// Below 0: a `Result`.
pub type Statement = i32;

pub type SqlDialect = u32;
pub const DIALECT_SQLITE: SqlDialect = 1;
pub const DIALECT_MARIADB: SqlDialect = 2;

pub type SqlKind = u32;
pub const SQL_NULL: SqlKind = 0;
pub const SQL_INTEGER: SqlKind = 1;
pub const SQL_REAL: SqlKind = 2;
/// UTF-8.
pub const SQL_TEXT: SqlKind = 3;
/// Anything, in `text`.
pub const SQL_BYTES: SqlKind = 4;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SqlValue {
    pub kind: SqlKind,
    pub reserved: u32,
    pub integer: i64,
    pub real: f64,
    pub text: Text,
}

#[repr(C)]
pub struct Command {
    pub statement: Statement,
    pub value_count: u32,
    pub values: *const SqlValue,
}

#[repr(C)]
pub struct Rows {
    pub changes: u64,
    pub last_id: i64,
    pub row_count: usize,
    pub column_count: usize,
    pub columns: *const Text,
    pub values: *const SqlValue,
}

pub type DatabaseError = u32;
pub const DATABASE_OK: DatabaseError = 0;
pub const DATABASE_BUSY: DatabaseError = 1;
pub const DATABASE_AWAY: DatabaseError = 2;
pub const DATABASE_CONSTRAINT: DatabaseError = 3;
pub const DATABASE_SYNTAX: DatabaseError = 4;
pub const DATABASE_CONFLICT: DatabaseError = 5;
pub const DATABASE_READ_ONLY: DatabaseError = 6;
pub const DATABASE_FULL: DatabaseError = 7;
pub const DATABASE_TIMEOUT: DatabaseError = 8;
pub const DATABASE_DENIED: DatabaseError = 9;
pub const DATABASE_DAMAGED: DatabaseError = 10;
pub const DATABASE_PARAMETER: DatabaseError = 11;
pub const DATABASE_TOO_LARGE: DatabaseError = 12;
pub const DATABASE_STOPPING: DatabaseError = 13;
pub const DATABASE_OTHER: DatabaseError = 14;
pub const DATABASE_UNDONE: DatabaseError = 15;

/// Valid until the function returns that gets it.
#[repr(C)]
pub struct Answer {
    pub size: u32,
    pub error: DatabaseError,
    pub code: i32,
    pub reserved: u32,
    pub message: Text,
    pub rows: *const Rows,
    pub rows_count: usize,
    pub cursor: Cursor,
}

/// Rows that are still to come. 0: none.
pub type Cursor = u64;

/// The connection and the session may be NULL.
pub type Answered = unsafe extern "C" fn(
    env: &Env,
    context: *mut c_void,
    connection: *mut Connection,
    session: *mut c_void,
    answer: &Answer,
);

/// An open transaction.
#[repr(C)]
pub struct Transaction {
    _data: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

/// Runs again from the beginning if another transaction was faster.
pub type Transact = unsafe extern "C" fn(transaction: *mut Transaction, context: *mut c_void) -> Result;

pub const EXECUTE_QUERY: u32 = 1;

#[repr(C)]
pub struct DatabaseCall {
    pub size: u32,
    pub flags: u32,
    pub connection: ConnectionId,
    pub timeout_milliseconds: u32,
    pub reserved: u32,
    pub answered: Option<Answered>,
    pub context: *mut c_void,
}

/// `database.rs` calls these with types.
#[repr(C)]
pub struct Databases {
    pub size: u32,
    pub reserved: u32,
    pub open: unsafe extern "C" fn(*mut Instance, name: Text) -> Database,
    pub prepare: unsafe extern "C" fn(*mut Instance, Database, sql: Text) -> Statement,
    pub migrate:
        unsafe extern "C" fn(*mut Instance, Database, schema: Text, steps: *const Text, count: usize) -> Result,
    pub execute:
        unsafe extern "C" fn(*mut Instance, *const DatabaseCall, commands: *const Command, count: usize) -> Result,
    pub transact: unsafe extern "C" fn(*mut Instance, *const DatabaseCall, Database, Transact) -> Result,
    /// Never NULL.
    pub run: unsafe extern "C" fn(*mut Transaction, *const Command) -> *const Answer,
    pub dialect: unsafe extern "C" fn(*mut Instance, Database) -> SqlDialect,
    pub select:
        unsafe extern "C" fn(*mut Instance, *const DatabaseCall, *const Command, batch_bytes: u32) -> Result,
    pub next: unsafe extern "C" fn(*mut Instance, *const DatabaseCall, Cursor) -> Result,
    pub close: unsafe extern "C" fn(*mut Instance, Cursor) -> Result,
}

// ----------------------------------------------------------------------------------------------- ext/operations.h

pub const OPERATIONS: &str = "martlet.operations/1";

/// An argument or result of an operation.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Bytes {
    pub data: *const u8,
    pub length: usize,
}

pub type Place = u32;
pub const ON_CONTROL: Place = 1;
pub const ON_LOOPS: Place = 2;
pub const ON_WORKER: Place = 3;

/// A placeholder for the function type that the signature of the operation describes.
pub type Function = unsafe extern "C" fn();

#[repr(C)]
pub struct Operation {
    pub size: u32,
    pub place: Place,
    pub name: Text,
    pub signature: Text,
    pub help: Text,
    pub function: Function,
}

#[repr(C)]
pub struct Operations {
    pub size: u32,
    pub reserved: u32,
    pub operations: *const Operation,
    pub operation_count: usize,
    pub release: Option<unsafe extern "C" fn(env: &Env, data: *const c_void)>,
}

// -------------------------------------------------------------------------------------------- ext/session-state.h

pub const SESSION_STATE: &str = "martlet.session-state/1";

pub type Save = unsafe extern "C" fn(
    env: &Env,
    session: *mut c_void,
    connection: *mut Connection,
    buffer: *mut u8,
    capacity: usize,
    length: &mut usize,
) -> Result;
pub type Restore = unsafe extern "C" fn(
    env: &Env,
    connection: *mut Connection,
    version: u32,
    data: *const u8,
    length: usize,
    session: &mut *mut c_void,
) -> Result;

#[repr(C)]
pub struct SessionState {
    pub size: u32,
    pub version: u32,
    pub oldest: u32,
    pub newest: u32,
    pub schema: Text,
    pub save: Save,
    pub restore: Restore,
    pub moved: Signal,
    pub flags: u32,
    pub reserved: u32,
}

/// The host keeps a checkpoint of each session, when the plugin asks for it.
pub const SESSION_CHECKPOINT: u32 = 1;

/// The host keeps a checkpoint of each session after every callback.
pub const SESSION_CHECKPOINT_ALWAYS: u32 = 2;

// ------------------------------------------------------------------------------------------- ext/instance-state.h

pub const INSTANCE_STATE: &str = "martlet.instance-state/1";

/// The instance can go on serving its sessions after its state has moved.
pub const STATE_STAYS_USABLE: u32 = 1;

/// The largest piece, in bytes.
pub const STATE_PIECE_LIMIT: usize = 1 << 20;

pub type StatePut = unsafe extern "C" fn(context: *mut c_void, data: *const c_void, length: usize) -> Result;
pub type SaveState = unsafe extern "C" fn(env: &Env, put: StatePut, put_context: *mut c_void) -> Result;
/// After the last piece: with NULL and 0.
pub type RestoreState = unsafe extern "C" fn(env: &Env, version: u32, data: *const u8, length: usize) -> Result;

#[repr(C)]
pub struct InstanceState {
    pub size: u32,
    pub version: u32,
    pub oldest: u32,
    pub newest: u32,
    pub schema: Text,
    pub flags: u32,
    pub reserved: u32,
    pub save: SaveState,
    pub restore: RestoreState,
    pub moved: Option<unsafe extern "C" fn(env: &Env)>,
}

// ---------------------------------------------------------------------------------------------------------- Rust

impl Host {
    /// The functions of an extension of the host, such as `host.find::<Groups>(instance, GROUPS)`. None: the host does
    /// not have it. A plugin that cannot run without it names it in `required_extensions`.
    ///
    /// # Safety
    /// `T` is the struct that belongs to the id, and `instance` is that of `create` or of an `env`.
    pub unsafe fn find<T>(&self, instance: *mut Instance, id: &str) -> Option<&'static T> {
        unsafe { (self.extension)(instance, Text::of(id)).cast::<T>().as_ref() }
    }
}

// Constant tables: nothing writes to them, or to the memory that they point to.
unsafe impl Sync for OptionSchema {}
unsafe impl Sync for Host {}
unsafe impl Sync for Extension {}
unsafe impl Sync for Plugin {}
unsafe impl Sync for HostInfo {}
unsafe impl Sync for Operation {}
unsafe impl Sync for Operations {}
unsafe impl Sync for SessionState {}
unsafe impl Sync for InstanceState {}
unsafe impl Sync for Text {}

/// The value for the `size` members.
pub const fn size_of<T>() -> u32 {
    std::mem::size_of::<T>() as u32
}

// The sizes that a C compiler computes from martlet.h: a mistake in this file does not compile.
#[cfg(target_pointer_width = "64")]
const _: () = {
    assert!(size_of::<Text>() == 16);
    assert!(size_of::<OptionSchema>() == 112);
    assert!(size_of::<Value>() == 80);
    assert!(size_of::<Env>() == 40);
    assert!(size_of::<Address>() == 32);
    assert!(size_of::<Opening>() == 40);
    assert!(size_of::<Request>() == 64);
    assert!(size_of::<Host>() == 256);
    assert!(size_of::<Extension>() == 32);
    assert!(size_of::<Plugin>() == 248);
    assert!(size_of::<HostInfo>() == 40);
    assert!(size_of::<Loops>() == 40);
    assert!(size_of::<Transport>() == 24);
    assert!(size_of::<Groups>() == 40);
    assert!(size_of::<Membership>() == 16);
    assert!(size_of::<InstanceState>() == 64);
    assert!(size_of::<SqlValue>() == 40);
    assert!(size_of::<Command>() == 16);
    assert!(size_of::<Rows>() == 48);
    assert!(size_of::<Answer>() == 56);
    assert!(size_of::<DatabaseCall>() == 40);
    assert!(size_of::<Databases>() == 88);
    assert!(size_of::<Bytes>() == 16);
    assert!(size_of::<Operation>() == 64);
    assert!(size_of::<Operations>() == 32);
    assert!(size_of::<SessionState>() == 64);
};
