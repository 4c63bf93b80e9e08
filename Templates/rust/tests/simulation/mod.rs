//! Martlet's simulation, version 1.0: a `Host` and a `Peer` for tests, then the C API that they use. The comments of
//! `include/martlet_simulation.h` say what each function does.

#![allow(dead_code)]

use line_count::martlet::{self, Address, Bytes, CloseReason, LogLevel, Plugin, Request, Text};
use std::ffi::{c_char, c_int, c_void, CStr, CString};
use std::marker::PhantomData;
use std::ptr::{null, null_mut};
use std::sync::OnceLock;

// ---------------------------------------------------------------------------------------------------------- hosts

/// An instance of a plugin. When it is dropped, it shuts down, and panics if the plugin has broken a rule.
pub struct Host {
    raw: RawHost,
}

impl Host {
    pub fn start(plugin: *const Plugin, settings: &Settings) -> Result<Host, Vec<String>> {
        let mut error = unsafe { empty() };
        let raw = unsafe { (simulation().create)(plugin, settings, &mut error) };
        Host::made(raw, &error)
    }

    /// The next generation, as a reload makes it. Sessions stay in this one until `swap`.
    pub fn next_generation(&self, plugin: *const Plugin, listener: &str) -> Result<Host, Vec<String>> {
        let mut error = unsafe { empty() };
        let raw = unsafe { (simulation().next_generation)(self.raw, plugin, Text::of(listener), &mut error) };
        Host::made(raw, &error)
    }

    fn made(raw: RawHost, error: &Error) -> Result<Host, Vec<String>> {
        if raw.is_null() { Err(unsafe { error.reasons() }) } else { Ok(Host { raw }) }
    }

    /// Moves every session to another generation. Returns what became of each.
    pub fn swap(&self, to: &Host) -> Vec<Move> {
        let mut moves: *const Move = null();
        let count = unsafe { (simulation().swap)(self.raw, to.raw, &mut moves) };
        if count == 0 { Vec::new() } else { unsafe { std::slice::from_raw_parts(moves, count) }.to_vec() }
    }

    pub fn connect(&self) -> Peer<'_> {
        let raw = unsafe { (simulation().connect)(self.raw, null()) };
        assert!(!raw.is_null(), "the host was shut down");
        Peer { raw, host: PhantomData }
    }

    /// Calls an operation. Returns its result, or that of each loop.
    pub fn call(&self, operation: &str, arguments: &[&str]) -> Result<Vec<String>, Vec<String>> {
        let arguments: Vec<Text> = arguments.iter().map(|argument| Text::of(argument)).collect();
        let (mut results, mut error) = (null(), unsafe { empty::<Error>() });
        let (name, list, count) = (Text::of(operation), arguments.as_ptr(), arguments.len());
        let count = unsafe { (simulation().call)(self.raw, name, list, count, &mut results, &mut error) };
        if count < 0 {
            return Err(unsafe { error.reasons() });
        }
        Ok((0..count as usize).map(|index| unsafe { string(*results.add(index)) }).collect())
    }

    /// Moves the clock on.
    pub fn advance(&self, nanoseconds: u64) {
        unsafe { (simulation().advance)(self.raw, nanoseconds) };
    }

    /// Runs what the plugin has submitted and posted. Returns how many items.
    pub fn run_work(&self) -> usize {
        unsafe { (simulation().run_work)(self.raw, usize::MAX) }
    }

    pub fn metric(&self, name: &str) -> Option<i64> {
        let mut value = 0;
        let result = unsafe { (simulation().metric)(self.raw, Text::of(name), &mut value) };
        (result == martlet::OK).then_some(value)
    }

    /// The rules that the plugin has broken.
    pub fn problems(&self) -> Vec<String> {
        let count = unsafe { (simulation().problem_count)(self.raw) };
        (0..count).map(|index| unsafe { string((simulation().problem)(self.raw, index)) }).collect()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        unsafe { (simulation().shut_down)(self.raw) };
        let problems = self.problems();
        unsafe { (simulation().release)(self.raw) };
        if !std::thread::panicking() {
            assert!(problems.is_empty(), "the plugin broke rules: {problems:#?}");
        }
    }
}

// ---------------------------------------------------------------------------------------------------------- peers

/// A connection, seen from the peer's end.
#[derive(Clone, Copy)]
pub struct Peer<'host> {
    raw: RawPeer,
    host: PhantomData<&'host Host>,
}

impl Peer<'_> {
    /// Sends bytes in pieces of `piece` bytes; 0: in one piece.
    pub fn send(&self, bytes: &[u8], piece: usize) {
        unsafe { (simulation().send)(self.raw, bytes.as_ptr().cast(), bytes.len(), piece) };
    }

    /// The peer sends no more, but still reads.
    pub fn finish_sending(&self) {
        unsafe { (simulation().finish_sending)(self.raw) };
    }

    /// The connection breaks.
    pub fn reset(&self) {
        unsafe { (simulation().reset)(self.raw) };
    }

    /// Whether the peer reads whatever is written at once, as it does at first.
    pub fn set_reads_at_once(&self, reads: bool) {
        unsafe { (simulation().set_reads_at_once)(self.raw, reads.into()) };
    }

    /// What the peer has read since the last call.
    pub fn output(&self) -> String {
        let output = unsafe { (simulation().take_output)(self.raw) };
        unsafe { string(Text { data: output.data, length: output.length }) }
    }

    pub fn state(&self) -> State {
        let mut state = unsafe { empty() };
        unsafe { (simulation().state)(self.raw, &mut state) };
        state
    }
}

unsafe fn string(text: Text) -> String {
    String::from_utf8_lossy(unsafe { text.bytes() }).into_owned()
}

/// A struct of the C API, which starts with its size. All other members are 0, which must be a value of each.
unsafe fn empty<T>() -> T {
    let mut made: T = unsafe { std::mem::zeroed() };
    unsafe { std::ptr::addr_of_mut!(made).cast::<u32>().write(martlet::size_of::<T>()) };
    made
}

// ---------------------------------------------------------------------------------------------------- the library

extern "C" {
    fn dlopen(path: *const c_char, mode: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, symbol: *const c_char) -> *mut c_void;
    fn dlerror() -> *const c_char;
}

fn simulation() -> &'static Simulation {
    static LIBRARY: OnceLock<&Simulation> = OnceLock::new();
    const SYMBOL: &[u8] = b"martlet_simulation_entry\0";
    LIBRARY.get_or_init(|| unsafe {
        let path = std::env::var("MARTLET_SIMULATION").unwrap_or("libmartlet_simulation.so".to_string());
        let name = CString::new(path.as_str()).expect("a path without NUL");
        let library = dlopen(name.as_ptr(), 2 /* RTLD_NOW */);
        let entry = if library.is_null() { null_mut() } else { dlsym(library, SYMBOL.as_ptr().cast()) };
        if entry.is_null() {
            let problem = CStr::from_ptr(dlerror()).to_string_lossy();
            panic!("{problem}\nSet MARTLET_SIMULATION to the path that `martlet simulation` prints.");
        }
        let entry: unsafe extern "C" fn(u32) -> *const Simulation = std::mem::transmute(entry);
        entry(VERSION).as_ref().unwrap_or_else(|| panic!("{path} has another major version than this file"))
    })
}

// ---------------------------------------------------------------------------------------------------------- C API

pub const VERSION: u32 = 0x10000;

pub type RawHost = *mut c_void;
pub type RawPeer = *mut c_void;

#[repr(C)]
pub struct Fault {
    pub path: Text,
    pub message: Text,
    pub line: u32,
    pub column: u32,
}

#[repr(C)]
pub struct Error {
    pub size: u32,
    pub failure: u32,
    pub result: martlet::Result,
    pub loop_index: u32,
    pub message: Text,
    pub faults: *const Fault,
    pub fault_count: usize,
}

impl Error {
    /// "path: message" of each fault, or the message. Valid until the next call of the simulation.
    unsafe fn reasons(&self) -> Vec<String> {
        let faults = (0..self.fault_count).map(|index| unsafe { &*self.faults.add(index) });
        let reasons: Vec<_> =
            faults.map(|fault| unsafe { format!("{}: {}", string(fault.path), string(fault.message)) }).collect();
        if reasons.is_empty() { vec![unsafe { string(self.message) }] } else { reasons }
    }
}

#[repr(C)]
pub struct Settings {
    pub size: u32,
    pub loops: u32,
    pub listener: Text,
    pub file: Text,
    pub name: Text,
    pub output_high_water: u64,
    pub output_low_water: u64,
    pub maximum_input: u64,
    pub work_queue: u64,
    pub beside: RawHost,
    pub on_call: Option<unsafe extern "C" fn(context: *mut c_void, call: Text)>,
    pub context: *mut c_void,
}

impl Settings {
    /// With the text of the listener's file.
    pub fn new(listener: &'static str) -> Settings {
        Settings { listener: Text::new(listener), ..unsafe { empty() } }
    }
}

#[repr(C)]
pub struct Arrival {
    pub size: u32,
    pub loop_index: u32,
    pub does_not_read: u32,
    pub reserved: u32,
    pub peer: *const Address,
    pub local: *const Address,
    pub endpoint: Text,
}

pub type End = u32;
pub const OPEN: End = 0;
pub const REFUSED: End = 1;
pub const CLOSED: End = 2;
pub const RESET: End = 3;
pub const HANDED_OVER: End = 4;

pub type Move = u32;
pub const MOVED: Move = 1;
pub const LATER: Move = 2;
pub const STAYS: Move = 3;

#[repr(C)]
pub struct State {
    pub size: u32,
    pub end: End,
    pub is_open: u32,
    pub reason: CloseReason,
    pub id: martlet::ConnectionId,
    pub number: u64,
    pub waiting_output: u64,
    pub unconsumed_input: u64,
    pub wanted_input: u64,
    pub presentations: u64,
    pub timer: u64,
    pub is_paused: u32,
    pub expects_input: u32,
    pub loop_index: u32,
    pub reserved: u32,
    pub host: RawHost,
    pub handed_over_to: Text,
}

#[repr(C)]
pub struct Log {
    pub size: u32,
    pub level: LogLevel,
    pub message: Text,
}

#[repr(C)]
pub struct ReportedRequest {
    pub size: u32,
    pub is_failed: u32,
    pub connection: u64,
    pub request: *const Request,
}

#[repr(C)]
pub struct Simulation {
    pub size: u32,
    pub version: u32,
    pub server: Text,

    // Hosts.
    pub create: unsafe extern "C" fn(*const Plugin, *const Settings, *mut Error) -> RawHost,
    pub next_generation: unsafe extern "C" fn(RawHost, *const Plugin, listener: Text, *mut Error) -> RawHost,
    pub shut_down: unsafe extern "C" fn(RawHost),
    pub release: unsafe extern "C" fn(RawHost),
    pub generation: unsafe extern "C" fn(RawHost) -> u32,

    // What happens by itself on a server.
    pub advance: unsafe extern "C" fn(RawHost, nanoseconds: u64),
    pub elapsed: unsafe extern "C" fn(RawHost) -> u64,
    pub waiting_work: unsafe extern "C" fn(RawHost) -> usize,
    pub run_work: unsafe extern "C" fn(RawHost, limit: usize) -> usize,
    pub drain: unsafe extern "C" fn(RawHost),
    pub swap: unsafe extern "C" fn(RawHost, to: RawHost, *mut *const Move) -> usize,
    pub call: unsafe extern "C" fn(RawHost, Text, *const Text, usize, results: *mut *const Text, *mut Error) -> i64,

    // What the plugin told the host.
    pub problem_count: unsafe extern "C" fn(RawHost) -> usize,
    pub problem: unsafe extern "C" fn(RawHost, index: usize) -> Text,
    pub set_log_level: unsafe extern "C" fn(RawHost, LogLevel),
    pub log_count: unsafe extern "C" fn(RawHost) -> usize,
    pub log: unsafe extern "C" fn(RawHost, index: usize, *mut Log) -> martlet::Result,
    pub request_count: unsafe extern "C" fn(RawHost) -> usize,
    pub request: unsafe extern "C" fn(RawHost, index: usize, *mut ReportedRequest) -> martlet::Result,
    pub metric: unsafe extern "C" fn(RawHost, name: Text, *mut i64) -> martlet::Result,
    pub metric_count: unsafe extern "C" fn(RawHost) -> usize,
    pub metric_at: unsafe extern "C" fn(RawHost, index: usize, *mut Text, *mut i64) -> martlet::Result,

    // Peers.
    pub connect: unsafe extern "C" fn(RawHost, *const Arrival) -> RawPeer,
    pub send: unsafe extern "C" fn(RawPeer, *const c_void, length: usize, piece: usize),
    pub finish_sending: unsafe extern "C" fn(RawPeer),
    pub hang_up: unsafe extern "C" fn(RawPeer),
    pub reset: unsafe extern "C" fn(RawPeer),
    pub read: unsafe extern "C" fn(RawPeer, limit: u64),
    pub set_reads_at_once: unsafe extern "C" fn(RawPeer, u32),
    pub set_read_budget: unsafe extern "C" fn(RawPeer, bytes: u64),
    pub output: unsafe extern "C" fn(RawPeer) -> Bytes,
    pub take_output: unsafe extern "C" fn(RawPeer) -> Bytes,
    pub cut: unsafe extern "C" fn(RawPeer, CloseReason),
    pub migrate: unsafe extern "C" fn(RawPeer, to: RawHost) -> Move,
    pub state: unsafe extern "C" fn(RawPeer, *mut State) -> martlet::Result,
}

// It is constant.
unsafe impl Sync for Simulation {}

// As a C compiler computes it from martlet_simulation.h.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(martlet::size_of::<Simulation>() == 304);
