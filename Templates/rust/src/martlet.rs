//! The plugin ABI of Martlet, version 1.1: `martlet.h`, whose comments say what each function does, where it runs and who owns
//! what. Every struct starts with its size and only ever gets new members at its end.

#![allow(dead_code)]

use std::ffi::c_void;
use std::marker::{PhantomData, PhantomPinned};

pub const ABI_MAJOR: u16 = 1;
pub const ABI_MINOR: u16 = 1;

pub type Result = i32;
pub const OK: Result = 0;
/// Accepted, but the peer does not read: stop, and return what is consumed.
pub const FULL: Result = 1;
pub const ERROR_CLOSED: Result = -1;
pub const ERROR_ARGUMENT: Result = -2;
pub const ERROR_MEMORY: Result = -3;
pub const ERROR_BUSY: Result = -4;
pub const ERROR_STOPPING: Result = -5;
pub const ERROR_UNSUPPORTED: Result = -6;

pub type Type = u32;
pub const TYPE_BOOLEAN: Type = 1;
pub const TYPE_INTEGER: Type = 2;
pub const TYPE_NUMBER: Type = 3;
pub const TYPE_TEXT: Type = 4;
pub const TYPE_DURATION: Type = 5;
pub const TYPE_SIZE: Type = 6;
pub const TYPE_PATH: Type = 7;
pub const TYPE_LIST: Type = 8;
pub const TYPE_TABLE: Type = 9;

pub const METRIC_COUNTER: u32 = 1;
pub const METRIC_GAUGE: u32 = 2;

pub const THREADS_LOOPS: u32 = 1;
pub const THREADS_WORKERS: u32 = 2;
pub const THREADS_BOTH: u32 = 3;

pub const ON_CONTROL: u32 = 1;
pub const ON_LOOPS: u32 = 2;
pub const ON_WORKER: u32 = 3;

pub const SESSION_STATE: &str = "martlet.session-state/1";
pub const OPERATIONS: &str = "martlet.operations/1";

/// UTF-8, not terminated.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Text {
    pub data: *const u8,
    pub length: usize,
}

impl Text {
    pub const fn new(text: &'static str) -> Text {
        Text { data: text.as_ptr(), length: text.len() }
    }

    /// # Safety
    /// The host keeps the text for as long as `'a`: see `martlet.h`.
    pub unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.length == 0 {
            return &[];
        }
        unsafe { std::slice::from_raw_parts(self.data, self.length) }
    }
}

/// The host's state for one peer: for this callback only.
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
    pub items: *const Value,
    pub item_count: usize,
    pub key: Text,
    pub line: u32,
    pub column: u32,
}

impl Value {
    /// The member of a table.
    ///
    /// # Safety
    /// `self` is the table that `create` got, or one in it, and `create` has not returned.
    pub unsafe fn member(&self, key: &str) -> Option<&Value> {
        (0..self.item_count)
            .map(|index| unsafe {
                let stride = (*self.items).size as usize;
                &*(self.items as *const u8).add(index * stride).cast::<Value>()
            })
            .find(|value| unsafe { value.key.bytes() } == key.as_bytes())
    }
}

pub type Release = Option<unsafe extern "C" fn(*mut c_void)>;
pub type Work = Option<unsafe extern "C" fn(*mut c_void)>;
pub type Delivery = Option<unsafe extern "C" fn(*mut c_void, *mut Connection, *mut c_void)>;

#[repr(C)]
pub struct Host {
    pub size: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub version: Text,
    pub reserve: unsafe extern "C" fn(*mut Connection, usize) -> *mut u8,
    pub commit: unsafe extern "C" fn(*mut Connection, usize) -> Result,
    pub write: unsafe extern "C" fn(*mut Connection, *const c_void, usize) -> Result,
    pub write_shared: unsafe extern "C" fn(*mut Connection, *const c_void, usize, Release, *mut c_void) -> Result,
    pub send_file: unsafe extern "C" fn(*mut Connection, i32, u64, u64, Release, *mut c_void) -> Result,
    pub close: unsafe extern "C" fn(*mut Connection) -> Result,
    pub abort: unsafe extern "C" fn(*mut Connection) -> Result,
    pub pause: unsafe extern "C" fn(*mut Connection) -> Result,
    pub resume: unsafe extern "C" fn(*mut Connection) -> Result,
    pub set_timer: unsafe extern "C" fn(*mut Connection, u64) -> Result,
    pub peer: unsafe extern "C" fn(*mut Connection, *mut c_void) -> Result,
    pub id: unsafe extern "C" fn(*mut Connection) -> u64,
    pub monotonic_time: unsafe extern "C" fn(*mut Connection) -> u64,
    pub wall_clock: unsafe extern "C" fn(*mut Connection) -> i64,
    pub request_done: unsafe extern "C" fn(*mut Connection, *const c_void) -> Result,
    pub submit: unsafe extern "C" fn(*mut Instance, u64, Work, Delivery, *mut c_void) -> Result,
    pub post: unsafe extern "C" fn(*mut Instance, u64, Delivery, *mut c_void) -> Result,
    pub log_enabled: unsafe extern "C" fn(*mut Instance, u32) -> i32,
    pub log: unsafe extern "C" fn(*mut Instance, u32, Text),
    pub metric_register: unsafe extern "C" fn(*mut Instance, u32, Text, Text) -> i32,
    pub metric_add: unsafe extern "C" fn(*mut Instance, i32, i64) -> Result,
    pub metric_set: unsafe extern "C" fn(*mut Instance, i32, i64) -> Result,
    pub refuse: unsafe extern "C" fn(*mut Instance, Text, Text),
    pub extension: unsafe extern "C" fn(*mut Instance, Text) -> *const c_void,
    // Since 1.1: look at `size` before this one is called.
    pub expect_input: Option<unsafe extern "C" fn(*mut Connection, u32) -> Result>,
}

#[repr(C)]
pub struct Extension {
    pub size: u32,
    pub reserved: u32,
    pub id: Text,
    pub functions: *const c_void,
}

pub type Create =
    unsafe extern "C" fn(*const Host, *mut Instance, *const Value, *mut *mut c_void) -> Result;
pub type Opened =
    unsafe extern "C" fn(*mut c_void, *mut c_void, *mut Connection, *mut *mut c_void) -> Result;
pub type Signal = unsafe extern "C" fn(*mut c_void, *mut Connection);

#[repr(C)]
pub struct Plugin {
    pub size: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub name: Text,
    pub version: Text,
    pub summary: Text,
    pub example: Text,
    pub threads: u32,
    pub flags: u32,
    pub options: *const OptionSchema,
    pub option_count: usize,
    pub extensions: *const Extension,
    pub extension_count: usize,
    pub required_extensions: *const Text,
    pub required_extension_count: usize,
    pub create: Option<Create>,
    pub destroy: Option<unsafe extern "C" fn(*mut c_void)>,
    pub loop_start: Option<unsafe extern "C" fn(*mut c_void, u32, *mut *mut c_void) -> Result>,
    pub loop_stop: Option<unsafe extern "C" fn(*mut c_void, u32, *mut c_void)>,
    pub opened: Option<Opened>,
    pub received: Option<unsafe extern "C" fn(*mut c_void, *mut Connection, *const u8, usize) -> i64>,
    pub writable: Option<Signal>,
    pub timer: Option<Signal>,
    pub peer_closed: Option<Signal>,
    pub draining: Option<Signal>,
    pub closed: Option<unsafe extern "C" fn(*mut c_void, *mut Connection, u32)>,
}

pub type Restore = unsafe extern "C" fn(
    *mut c_void,
    *mut c_void,
    *mut Connection,
    u32,
    *const u8,
    usize,
    *mut *mut c_void,
) -> Result;

#[repr(C)]
pub struct SessionState {
    pub size: u32,
    pub version: u32,
    pub oldest: u32,
    pub newest: u32,
    pub schema: Text,
    pub save: unsafe extern "C" fn(*mut c_void, *mut Connection, *mut u8, usize) -> i64,
    pub restore: Restore,
    pub moved: Signal,
}

#[repr(C)]
pub struct Operation {
    pub size: u32,
    pub place: u32,
    pub name: Text,
    pub signature: Text,
    pub help: Text,
    pub function: *const c_void,
}

#[repr(C)]
pub struct Operations {
    pub size: u32,
    pub reserved: u32,
    pub operations: *const Operation,
    pub operation_count: usize,
    pub release: Option<unsafe extern "C" fn(*mut c_void, *const c_void)>,
}

/// For constants that hold pointers, which Rust does not share between threads by itself.
#[repr(transparent)]
pub struct Shared<T>(pub T);
unsafe impl<T> Sync for Shared<T> {}

// Constant tables: nobody writes to what they point to.
unsafe impl Sync for Host {}
unsafe impl Sync for SessionState {}

pub const fn size_of<T>() -> u32 {
    std::mem::size_of::<T>() as u32
}
