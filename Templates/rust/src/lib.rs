//! Counts lines. The plugin answers each line of a peer with its number and its length.
//!
//! The host keeps unconsumed input and presents it again together with the bytes that follow, so the plugin needs no
//! buffer. A panic must not leave a callback; the release build aborts on one.

pub mod database;
pub mod martlet;

use martlet::{Abi, CloseReason, Connection, Env, Host, Opening, Plugin, Text, Value};
use std::ffi::c_void;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};

/// One for each listener and generation. Its sessions run on several threads, so everything that they share must be
/// thread-safe.
struct Instance {
    /// Bytes.
    max_line: usize,
    greeting: Vec<u8>,
    lines_total: martlet::Metric,
    /// `None`: this host does not have them.
    metrics: Option<&'static martlet::Metrics>,
    line_bytes: martlet::Metric,
    lines: AtomicU64,
}

/// One for each peer, in the host's memory. Its callbacks run one after the other.
struct Session {
    lines: u64,
}

/// The context of one callback.
struct Peer<'a> {
    env: &'a Env,
    instance: &'a Instance,
    connection: *mut Connection,
}

impl Peer<'_> {
    /// Valid during one callback.
    unsafe fn new(env: &Env, connection: *mut Connection) -> Peer<'_> {
        Peer { env, instance: unsafe { env.state() }, connection }
    }

    fn write(&self, bytes: &[u8]) -> martlet::Result {
        unsafe { (self.env.host.write)(self.connection, bytes.as_ptr().cast(), bytes.len()) }
    }

    /// Allocates nothing.
    fn answer(&self, text: std::fmt::Arguments) -> martlet::Result {
        let mut buffer = [0u8; 64];
        let mut rest = &mut buffer[..];
        if rest.write_fmt(text).is_err() {
            return martlet::ERROR_MEMORY;
        }
        let length = 64 - rest.len();
        self.write(&buffer[..length])
    }

    fn close(&self) {
        unsafe { (self.env.host.close)(self.connection) };
    }

    fn count_line(&self, length: usize) {
        self.instance.lines.fetch_add(1, Ordering::Relaxed);
        unsafe { (self.env.host.metric_add)(self.env.instance, self.instance.lines_total, 1) };
        if let Some(metrics) = self.instance.metrics {
            unsafe { (metrics.observe)(self.env.instance, self.instance.line_bytes, length as u64) };
        }
    }
}

impl Session {
    /// Returns how many bytes are consumed.
    fn receive(&mut self, peer: &Peer, input: &[u8]) -> usize {
        let mut consumed = 0;
        while consumed < input.len() {
            let rest = &input[consumed..];
            let end = rest.iter().position(|&byte| byte == b'\n');
            let length = end.unwrap_or(rest.len());
            // One more byte for the CR.
            if length > peer.instance.max_line + 1 {
                peer.write(b"error: line too long\n");
                peer.close();
                return input.len();
            }
            if end.is_none() {
                break;
            }
            consumed += length + 1;
            // After FULL the host presents the rest again; after `close` the rest does not matter.
            if self.take(peer, &rest[..length]) != martlet::OK {
                break;
            }
        }
        consumed
    }

    /// Any result but OK means stop: the peer does not read (FULL), or the connection is closing.
    fn take(&mut self, peer: &Peer, line: &[u8]) -> martlet::Result {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line == b"quit" {
            peer.answer(format_args!("bye {}\n", self.lines));
            peer.close();
            return martlet::ERROR_CLOSED;
        }
        self.lines += 1;
        peer.count_line(line.len());
        peer.answer(format_args!("{} {}\n", self.lines, line.len()))
    }
}

// ------------------------------------------------------------------------------------------------------- instance

/// Registers a histogram of bytes, if the host has this extension.
unsafe fn histogram(
    host: &'static Host,
    handle: *mut martlet::Instance,
    name: &'static str,
    help: &'static str,
) -> (Option<&'static martlet::Metrics>, martlet::Metric) {
    const BOUNDS: [u64; 4] = [16, 64, 256, 1024];
    // The extension lives as long as the process.
    let functions = unsafe {
        let found = (host.extension)(handle, Text::new(martlet::METRICS));
        found.cast::<martlet::Metrics>().as_ref()
    };
    let Some(metrics) = functions else { return (None, martlet::ERROR_UNSUPPORTED) };
    let description = martlet::MetricDescription {
        size: martlet::size_of::<martlet::MetricDescription>(),
        kind: martlet::METRIC_HISTOGRAM,
        name: Text::new(name),
        help: Text::new(help),
        labels: std::ptr::null(),
        label_count: 0,
        bounds: BOUNDS.as_ptr(),
        bound_count: BOUNDS.len(),
        divisor: 1,
    };
    (functions, unsafe { (metrics.declare)(handle, &description) })
}

unsafe extern "C" fn create(
    _descriptor: &'static Plugin,
    host: &'static Host,
    handle: *mut martlet::Instance,
    options: &Value,
    state: &mut *mut c_void,
) -> martlet::Result {
    // The host has checked the options and filled in the defaults.
    let (max_line, greeting) = match unsafe { (options.member("max_line"), options.member("greeting")) } {
        (Some(max_line), Some(greeting)) => (max_line.integer as usize, unsafe { greeting.text.bytes() }),
        _ => return martlet::ERROR_ARGUMENT,
    };
    if greeting.contains(&b'\n') {
        unsafe { (host.refuse)(handle, Text::new("greeting"), Text::new("must be one line")) };
        return martlet::ERROR_ARGUMENT;
    }
    let mut greeting = greeting.to_vec();
    if !greeting.is_empty() {
        greeting.push(b'\n');
    }
    // A host that refuses a metric logs why and returns an error, which `metric_add` and `observe` ignore.
    let lines_total = unsafe {
        let (name, help) = (Text::new("lines_total"), Text::new("Lines that peers have sent."));
        (host.metric_register)(handle, martlet::METRIC_COUNTER, name, help)
    };
    let (metrics, line_bytes) = unsafe { histogram(host, handle, "line_bytes", "Lengths of lines.") };
    let instance = Instance { max_line, greeting, lines_total, metrics, line_bytes, lines: AtomicU64::new(0) };
    *state = Box::into_raw(Box::new(instance)).cast();
    martlet::OK
}

unsafe extern "C" fn destroy(state: *mut c_void) {
    drop(unsafe { Box::from_raw(state.cast::<Instance>()) });
}

// -------------------------------------------------------------------------------------------------------- session

// The host allocates and frees the memory. The plugin creates the value in it and drops it, so a session may own
// things.

unsafe extern "C" fn opened(
    env: &Env,
    connection: *mut Connection,
    _opening: &Opening,
    session: &mut *mut c_void,
) -> martlet::Result {
    let peer = unsafe { Peer::new(env, connection) };
    unsafe { session.cast::<Session>().write(Session { lines: 0 }) };
    if !peer.instance.greeting.is_empty() {
        peer.write(&peer.instance.greeting);
    }
    martlet::OK
}

unsafe extern "C" fn received(
    env: &Env,
    session: *mut c_void,
    connection: *mut Connection,
    data: *const u8,
    length: usize,
    consumed: &mut usize,
) -> martlet::Result {
    let peer = unsafe { Peer::new(env, connection) };
    let session = unsafe { &mut *session.cast::<Session>() };
    *consumed = session.receive(&peer, unsafe { std::slice::from_raw_parts(data, length) });
    martlet::OK
}

unsafe extern "C" fn closed(_env: &Env, session: *mut c_void, _connection: *mut Connection, _reason: CloseReason) {
    unsafe { session.cast::<Session>().drop_in_place() };
}

// ------------------------------------------------------------------------------------- state that survives a swap

unsafe extern "C" fn save(
    _env: &Env,
    session: *mut c_void,
    _connection: *mut Connection,
    buffer: *mut u8,
    capacity: usize,
    length: &mut usize,
) -> martlet::Result {
    let lines = unsafe { (*session.cast::<Session>()).lines.to_le_bytes() };
    *length = lines.len();
    // Otherwise the host calls again, with a buffer of this length.
    if capacity >= lines.len() {
        unsafe { buffer.copy_from_nonoverlapping(lines.as_ptr(), lines.len()) };
    }
    martlet::OK
}

unsafe extern "C" fn restore(
    _env: &Env,
    _connection: *mut Connection,
    version: u32,
    data: *const u8,
    length: usize,
    session: &mut *mut c_void,
) -> martlet::Result {
    let saved = unsafe { std::slice::from_raw_parts(data, length) };
    match (version, <[u8; 8]>::try_from(saved)) {
        (1, Ok(lines)) => {
            let made = Session { lines: u64::from_le_bytes(lines) };
            unsafe { session.cast::<Session>().write(made) };
            martlet::OK
        }
        _ => martlet::ERROR_ARGUMENT,
    }
}

unsafe extern "C" fn moved(_env: &Env, session: *mut c_void, _connection: *mut Connection) {
    unsafe { session.cast::<Session>().drop_in_place() };
}

static STATE: martlet::SessionState = martlet::SessionState {
    size: martlet::size_of::<martlet::SessionState>(),
    version: 1,
    oldest: 1,
    newest: 1,
    schema: Text::new("line-count.session"),
    save,
    restore,
    moved,
    // If the process dies, its successor goes on with the lines of each peer.
    flags: martlet::SESSION_CHECKPOINT_ALWAYS,
    reserved: 0,
};

// ----------------------------------------------------------------------------------------------------- operations

unsafe extern "C" fn lines(env: &Env) -> u64 {
    unsafe { env.state::<Instance>() }.lines.load(Ordering::Relaxed)
}

static OPERATION_LIST: [martlet::Operation; 1] = [martlet::Operation {
    size: martlet::size_of::<martlet::Operation>(),
    place: martlet::ON_CONTROL,
    name: Text::new("lines"),
    signature: Text::new("u64()"),
    help: Text::new("Lines since the last swap"),
    // The host calls it with the types of the signature.
    function: unsafe { std::mem::transmute::<unsafe extern "C" fn(&Env) -> u64, martlet::Function>(lines) },
}];

static OPERATIONS: martlet::Operations = martlet::Operations {
    size: martlet::size_of::<martlet::Operations>(),
    reserved: 0,
    operations: OPERATION_LIST.as_ptr(),
    operation_count: OPERATION_LIST.len(),
    release: None,
};

// ----------------------------------------------------------------------------------------------------- descriptor

const fn option(
    kind: martlet::Type,
    key: &'static str,
    help: &'static str,
    default_value: &'static str,
    minimum: i64,
    maximum: i64,
) -> martlet::OptionSchema {
    martlet::OptionSchema {
        size: martlet::size_of::<martlet::OptionSchema>(),
        kind,
        key: Text::new(key),
        help: Text::new(help),
        default_value: Text::new(default_value),
        required: 0,
        element: 0,
        minimum,
        maximum,
        children: std::ptr::null(),
        child_count: 0,
        choices: std::ptr::null(),
        choice_count: 0,
    }
}

static OPTIONS: [martlet::OptionSchema; 2] = [
    option(martlet::TYPE_SIZE, "max_line", "Longest line.", "\"4KiB\"", 16, 65536),
    // A minimum above the maximum: no range.
    option(martlet::TYPE_TEXT, "greeting", "The first line for each peer; empty: no greeting.", "\"\"", 1, 0),
];

static EXTENSIONS: [martlet::Extension; 2] = [
    martlet::Extension {
        size: martlet::size_of::<martlet::Extension>(),
        reserved: 0,
        id: Text::new(martlet::SESSION_STATE),
        functions: std::ptr::addr_of!(STATE).cast(),
    },
    martlet::Extension {
        size: martlet::size_of::<martlet::Extension>(),
        reserved: 0,
        id: Text::new(martlet::OPERATIONS),
        functions: std::ptr::addr_of!(OPERATIONS).cast(),
    },
];

static PLUGIN: Plugin = Plugin {
    size: martlet::size_of::<Plugin>(),
    abi: martlet::ABI_VERSION,
    name: Text::new("line-count"),
    version: Text::new(env!("CARGO_PKG_VERSION")),
    summary: Text::new("Counts lines"),
    example: Text::new("printf 'one\\ntwo\\nquit\\n' | nc {host} {port}"),
    threads: martlet::THREADS_BOTH,
    flags: 0,
    options: OPTIONS.as_ptr(),
    option_count: OPTIONS.len(),
    extensions: EXTENSIONS.as_ptr(),
    extension_count: EXTENSIONS.len(),
    required_extensions: std::ptr::null(),
    required_extension_count: 0,
    session_size: std::mem::size_of::<Session>(),
    session_align: std::mem::align_of::<Session>(),
    session_layout: Text::EMPTY,
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
    closed: Some(closed),
};

/// The one symbol that the library exports. A host of another major version refuses the descriptor.
#[no_mangle]
pub extern "C" fn martlet_plugin_entry(_host_abi: Abi) -> *const Plugin {
    &PLUGIN
}
