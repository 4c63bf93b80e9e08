//! Counts lines. Each line that a peer sends is answered with its number and its length.
//!
//! What is not consumed stays with the host, which presents it again together with what follows: there is no buffer here. A panic
//! must not leave a callback; the release build aborts on one.

pub mod martlet;

use martlet::{Connection, Host, Text, Value};
use std::ffi::c_void;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};

/// One for each listener and generation. Its sessions run on several threads: what they share must bear it.
struct Instance {
    host: &'static Host,
    handle: *mut martlet::Instance,
    /// Bytes.
    max_line: usize,
    greeting: Vec<u8>,
    lines_total: i32,
    lines: AtomicU64,
}

/// One for each peer. Its callbacks come one after the other.
struct Session {
    instance: *const Instance,
    lines: u64,
}

impl Instance {
    fn write(&self, connection: *mut Connection, bytes: &[u8]) -> martlet::Result {
        unsafe { (self.host.write)(connection, bytes.as_ptr().cast(), bytes.len()) }
    }

    fn close(&self, connection: *mut Connection) {
        unsafe { (self.host.close)(connection) };
    }
}

impl Session {
    /// Returns how many bytes are consumed.
    fn receive(&mut self, connection: *mut Connection, input: &[u8]) -> usize {
        let instance = unsafe { &*self.instance };
        let mut consumed = 0;
        while consumed < input.len() {
            let rest = &input[consumed..];
            let end = rest.iter().position(|&byte| byte == b'\n');
            let length = end.unwrap_or(rest.len());
            // One more for the CR.
            if length > instance.max_line + 1 {
                instance.write(connection, b"error: line too long\n");
                instance.close(connection);
                return input.len();
            }
            if end.is_none() {
                break;
            }
            consumed += length + 1;
            // FULL, or closing: the rest is presented again, or never needed.
            if self.take(instance, connection, &rest[..length]) != martlet::OK {
                break;
            }
        }
        consumed
    }

    /// Other than OK: to stop, because the peer does not read (FULL), or because the connection ends.
    fn take(&mut self, instance: &Instance, connection: *mut Connection, line: &[u8]) -> martlet::Result {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line == b"quit" {
            answer(instance, connection, format_args!("bye {}\n", self.lines));
            instance.close(connection);
            return martlet::ERROR_CLOSED;
        }
        self.lines += 1;
        instance.lines.fetch_add(1, Ordering::Relaxed);
        unsafe { (instance.host.metric_add)(instance.handle, instance.lines_total, 1) };
        answer(instance, connection, format_args!("{} {}\n", self.lines, line.len()))
    }
}

/// Without an allocation.
fn answer(instance: &Instance, connection: *mut Connection, text: std::fmt::Arguments) -> martlet::Result {
    let mut buffer = [0u8; 64];
    let mut rest = &mut buffer[..];
    if rest.write_fmt(text).is_err() {
        return martlet::ERROR_MEMORY;
    }
    let length = 64 - rest.len();
    instance.write(connection, &buffer[..length])
}

// ------------------------------------------------------------------------------------------------------ instance

unsafe extern "C" fn create(
    host: *const Host,
    handle: *mut martlet::Instance,
    options: *const Value,
    state: *mut *mut c_void,
) -> martlet::Result {
    // The host lives as long as the process, and has checked the options and filled in the defaults.
    let (host, options): (&'static Host, &Value) = unsafe { (&*host, &*options) };
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
    let lines_total = unsafe {
        let (name, help) = (Text::new("lines_total"), Text::new("Lines that peers have sent."));
        (host.metric_register)(handle, martlet::METRIC_COUNTER, name, help)
    };
    let instance = Instance { host, handle, max_line, greeting, lines_total, lines: AtomicU64::new(0) };
    unsafe { *state = Box::into_raw(Box::new(instance)).cast() };
    martlet::OK
}

unsafe extern "C" fn destroy(state: *mut c_void) {
    drop(unsafe { Box::from_raw(state.cast::<Instance>()) });
}

// ------------------------------------------------------------------------------------------------------- session

unsafe fn give(state: *mut c_void, lines: u64, session: *mut *mut c_void) {
    let made = Session { instance: state.cast(), lines };
    unsafe { *session = Box::into_raw(Box::new(made)).cast() };
}

unsafe extern "C" fn opened(
    state: *mut c_void,
    _loop_state: *mut c_void,
    connection: *mut Connection,
    session: *mut *mut c_void,
) -> martlet::Result {
    let instance = unsafe { &*state.cast::<Instance>() };
    unsafe { give(state, 0, session) };
    if !instance.greeting.is_empty() {
        instance.write(connection, &instance.greeting);
    }
    martlet::OK
}

unsafe extern "C" fn received(
    session: *mut c_void,
    connection: *mut Connection,
    data: *const u8,
    length: usize,
) -> i64 {
    let input = unsafe { std::slice::from_raw_parts(data, length) };
    unsafe { (*session.cast::<Session>()).receive(connection, input) as i64 }
}

unsafe extern "C" fn closed(session: *mut c_void, _connection: *mut Connection, _reason: u32) {
    drop(unsafe { Box::from_raw(session.cast::<Session>()) });
}

// ------------------------------------------------------------------------------------ state that survives a swap

unsafe extern "C" fn save(session: *mut c_void, _: *mut Connection, buffer: *mut u8, capacity: usize) -> i64 {
    let lines = unsafe { (*session.cast::<Session>()).lines.to_le_bytes() };
    if capacity >= lines.len() {
        unsafe { std::ptr::copy_nonoverlapping(lines.as_ptr(), buffer, lines.len()) };
    }
    lines.len() as i64
}

unsafe extern "C" fn restore(
    state: *mut c_void,
    _loop_state: *mut c_void,
    _connection: *mut Connection,
    version: u32,
    data: *const u8,
    length: usize,
    session: *mut *mut c_void,
) -> martlet::Result {
    if version != 1 || length != 8 {
        return martlet::ERROR_ARGUMENT;
    }
    let mut lines = [0u8; 8];
    unsafe {
        std::ptr::copy_nonoverlapping(data, lines.as_mut_ptr(), 8);
        give(state, u64::from_le_bytes(lines), session);
    }
    martlet::OK
}

unsafe extern "C" fn moved(session: *mut c_void, _connection: *mut Connection) {
    drop(unsafe { Box::from_raw(session.cast::<Session>()) });
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
};

// ---------------------------------------------------------------------------------------------------- operations

unsafe extern "C" fn lines(state: *mut c_void, _loop_state: *mut c_void) -> u64 {
    unsafe { (*state.cast::<Instance>()).lines.load(Ordering::Relaxed) }
}

static OPERATION_LIST: martlet::Shared<[martlet::Operation; 1]> = martlet::Shared([martlet::Operation {
    size: martlet::size_of::<martlet::Operation>(),
    place: martlet::ON_CONTROL,
    name: Text::new("lines"),
    signature: Text::new("u64()"),
    help: Text::new("Lines since the last swap"),
    function: lines as *const c_void,
}]);

static OPERATIONS: martlet::Shared<martlet::Operations> = martlet::Shared(martlet::Operations {
    size: martlet::size_of::<martlet::Operations>(),
    reserved: 0,
    operations: OPERATION_LIST.0.as_ptr(),
    operation_count: 1,
    release: None,
});

// ---------------------------------------------------------------------------------------------------- descriptor

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

static OPTIONS: martlet::Shared<[martlet::OptionSchema; 2]> = martlet::Shared([
    option(martlet::TYPE_SIZE, "max_line", "Longest line.", "\"4KiB\"", 16, 65536),
    // A minimum above the maximum: no range.
    option(martlet::TYPE_TEXT, "greeting", "A line to begin with; none when it is empty.", "\"\"", 1, 0),
]);

static EXTENSIONS: martlet::Shared<[martlet::Extension; 2]> = martlet::Shared([
    martlet::Extension {
        size: martlet::size_of::<martlet::Extension>(),
        reserved: 0,
        id: Text::new(martlet::SESSION_STATE),
        functions: &STATE as *const martlet::SessionState as *const c_void,
    },
    martlet::Extension {
        size: martlet::size_of::<martlet::Extension>(),
        reserved: 0,
        id: Text::new(martlet::OPERATIONS),
        functions: &OPERATIONS as *const martlet::Shared<martlet::Operations> as *const c_void,
    },
]);

static PLUGIN: martlet::Shared<martlet::Plugin> = martlet::Shared(martlet::Plugin {
    size: martlet::size_of::<martlet::Plugin>(),
    abi_major: martlet::ABI_MAJOR,
    abi_minor: martlet::ABI_MINOR,
    name: Text::new("line-count"),
    version: Text::new(env!("CARGO_PKG_VERSION")),
    summary: Text::new("Counts lines"),
    example: Text::new("printf 'one\\ntwo\\nquit\\n' | nc {host} {port}"),
    threads: martlet::THREADS_BOTH,
    flags: 0,
    options: OPTIONS.0.as_ptr(),
    option_count: 2,
    extensions: EXTENSIONS.0.as_ptr(),
    extension_count: 2,
    required_extensions: std::ptr::null(),
    required_extension_count: 0,
    create: Some(create),
    destroy: Some(destroy),
    loop_start: None,
    loop_stop: None,
    opened: Some(opened),
    received: Some(received),
    writable: None,
    timer: None,
    peer_closed: None,
    draining: None,
    closed: Some(closed),
});

#[no_mangle]
pub extern "C" fn martlet_plugin_entry() -> *const martlet::Plugin {
    &PLUGIN.0
}
