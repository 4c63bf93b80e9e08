//! A host for tests of plugins: no sockets, no threads, a clock that stands still until the test moves it.
//!
//! One event loop, on the thread of the test. What a plugin is not allowed to do is a panic, which ends the test.

#![allow(dead_code)]

use line_count::martlet::{self, Connection, Host, Plugin, Text, Value};
use std::ffi::c_void;

pub enum Setting {
    Integer(martlet::Type, i64),
    Text(&'static str),
}

/// What `*mut martlet::Instance` points to.
struct Handle {
    metrics: Vec<(String, i64)>,
    refusals: Vec<String>,
    log: Vec<String>,
    jobs: Vec<(u64, martlet::Work, martlet::Delivery, *mut c_void)>,
}

/// What `*mut martlet::Connection` points to.
struct Peer {
    id: u64,
    session: *mut c_void,
    input: Vec<u8>,
    output: Vec<u8>,
    reserved: Vec<u8>,
    high_water: usize,
    now: u64,
    timer: Option<u64>,
    is_open: bool,
    is_closing: bool,
    is_full: bool,
    is_paused: bool,
    calls: usize,
}

pub struct SimulatedHost {
    plugin: &'static Plugin,
    handle: *mut Handle,
    state: *mut c_void,
    loop_state: *mut c_void,
    peers: Vec<*mut Peer>,
    pub high_water: usize,
    now: u64,
}

/// Number of a peer on its host.
#[derive(Clone, Copy)]
pub struct PeerNumber(usize);

impl SimulatedHost {
    /// An instance, with all its options: no defaults are filled in. The reasons when it is refused.
    pub fn start(plugin: *const Plugin, settings: &[(&'static str, Setting)]) -> Result<SimulatedHost, Vec<String>> {
        let plugin = unsafe { &*plugin };
        let (handle, state, loop_state) = create(plugin, settings)?;
        Ok(SimulatedHost { plugin, handle, state, loop_state, peers: vec![], high_water: 64 << 10, now: 1_000_000_000 })
    }

    pub fn connect(&mut self) -> PeerNumber {
        let peer = Box::into_raw(Box::new(Peer {
            id: self.peers.len() as u64 + 1,
            session: std::ptr::null_mut(),
            input: vec![],
            output: vec![],
            reserved: vec![],
            high_water: self.high_water,
            now: self.now,
            timer: None,
            is_open: true,
            is_closing: false,
            is_full: false,
            is_paused: false,
            calls: 0,
        }));
        self.peers.push(peer);
        let opened = self.plugin.opened.unwrap();
        let mut session = std::ptr::null_mut();
        let result = unsafe { opened(self.state, self.loop_state, peer.cast(), &mut session) };
        unsafe {
            (*peer).session = session;
            (*peer).is_open = result == martlet::OK;
        }
        let number = PeerNumber(self.peers.len() - 1);
        self.settle(number);
        number
    }

    /// Sends bytes in pieces of so many; 0: at once.
    pub fn send(&mut self, peer: PeerNumber, bytes: &[u8], piece: usize) {
        let piece = if piece == 0 { bytes.len().max(1) } else { piece };
        for part in bytes.chunks(piece) {
            self.peer(peer).input.extend_from_slice(part);
            self.present(peer);
        }
    }

    /// What came since the last call. The peer has read it then.
    pub fn output(&mut self, number: PeerNumber) -> String {
        let taken = std::mem::take(&mut self.peer(number).output);
        if std::mem::take(&mut self.peer(number).is_full) {
            if let (true, Some(writable)) = (self.peer(number).is_open, self.plugin.writable) {
                let (session, connection) = (self.peer(number).session, self.connection(number));
                unsafe { writable(session, connection) };
                self.settle(number);
            }
            self.present(number);
        }
        String::from_utf8_lossy(&taken).into_owned()
    }

    pub fn is_open(&mut self, number: PeerNumber) -> bool {
        self.peer(number).is_open
    }

    /// How often `received` was called.
    pub fn calls(&mut self, number: PeerNumber) -> usize {
        self.peer(number).calls
    }

    /// The connection breaks.
    pub fn reset(&mut self, number: PeerNumber) {
        self.end(number, 3);
    }

    /// Runs submitted work, moves the clock, and calls the timers that are due.
    pub fn advance(&mut self, milliseconds: u64) {
        let jobs = unsafe { std::mem::take(&mut (*self.handle).jobs) };
        for (id, work, done, context) in jobs {
            if let Some(work) = work {
                unsafe { work(context) };
            }
            let Some(done) = done else { continue };
            let found = (0..self.peers.len()).map(PeerNumber).find(|&n| self.peer(n).id == id && self.peer(n).is_open);
            match found {
                Some(number) => {
                    let (session, connection) = (self.peer(number).session, self.connection(number));
                    unsafe { done(context, connection, session) };
                    self.settle(number);
                }
                None => unsafe { done(context, std::ptr::null_mut(), std::ptr::null_mut()) },
            }
        }
        self.now += milliseconds * 1_000_000;
        for number in (0..self.peers.len()).map(PeerNumber) {
            let now = self.now;
            let peer = self.peer(number);
            peer.now = now;
            if !peer.is_open || peer.timer.map_or(true, |due| due > now) {
                continue;
            }
            peer.timer = None;
            if let Some(timer) = self.plugin.timer {
                let (session, connection) = (self.peer(number).session, self.connection(number));
                unsafe { timer(session, connection) };
                self.settle(number);
            }
        }
    }

    pub fn metric(&self, name: &str) -> Option<i64> {
        unsafe { (*self.handle).metrics.iter().find(|metric| metric.0 == name).map(|metric| metric.1) }
    }

    /// The function of an operation and the state to call it with.
    pub fn operation(&self, name: &str) -> Option<(*const c_void, *mut c_void)> {
        let table = self.extension(martlet::OPERATIONS)?.cast::<martlet::Operations>();
        let list = unsafe { std::slice::from_raw_parts((*table).operations, (*table).operation_count) };
        let found = list.iter().find(|operation| unsafe { operation.name.bytes() } == name.as_bytes())?;
        Some((found.function, self.state))
    }

    /// A swap: a new instance, to which the sessions of the old one move. Returns how many did not.
    pub fn swap(&mut self, settings: &[(&'static str, Setting)]) -> Result<usize, Vec<String>> {
        let (handle, state, loop_state) = create(self.plugin, settings)?;
        let functions = self.extension(martlet::SESSION_STATE).map(|found| found.cast::<martlet::SessionState>());
        let mut stayed = 0;
        for number in (0..self.peers.len()).map(PeerNumber) {
            if !self.peer(number).is_open {
                continue;
            }
            let (session, connection) = (self.peer(number).session, self.connection(number));
            let moved = functions.and_then(|functions| unsafe {
                let mut buffer = vec![0u8; 4096];
                let length = ((*functions).save)(session, connection, buffer.as_mut_ptr(), buffer.len());
                // Just as long as it is.
                let saved = buffer.get(..usize::try_from(length).ok()?)?.to_vec();
                let mut made = std::ptr::null_mut();
                let version = (*functions).version;
                let restore = (*functions).restore;
                let result =
                    restore(state, loop_state, connection, version, saved.as_ptr(), saved.len(), &mut made);
                (result == martlet::OK).then(|| {
                    ((*functions).moved)(session, connection);
                    made
                })
            });
            match moved {
                Some(session) => self.peer(number).session = session,
                None => {
                    stayed += 1;
                    self.end(number, 8);
                }
            }
        }
        self.destroy();
        (self.handle, self.state, self.loop_state) = (handle, state, loop_state);
        Ok(stayed)
    }

    fn extension(&self, id: &str) -> Option<*const c_void> {
        let list = unsafe { std::slice::from_raw_parts(self.plugin.extensions, self.plugin.extension_count) };
        list.iter().find(|entry| unsafe { entry.id.bytes() } == id.as_bytes()).map(|entry| entry.functions)
    }

    fn peer(&mut self, number: PeerNumber) -> &mut Peer {
        unsafe { &mut *self.peers[number.0] }
    }

    fn connection(&self, number: PeerNumber) -> *mut Connection {
        self.peers[number.0].cast()
    }

    /// Presents the input for as long as the plugin consumes some of it.
    fn present(&mut self, number: PeerNumber) {
        let received = self.plugin.received.unwrap();
        loop {
            let connection = self.connection(number);
            let peer = self.peer(number);
            if !peer.is_open || peer.is_paused || peer.is_full || peer.input.is_empty() {
                return;
            }
            peer.calls += 1;
            let (session, input) = (peer.session, peer.input.clone());
            let consumed = unsafe { received(session, connection, input.as_ptr(), input.len()) };
            if consumed < 0 {
                return self.end(number, 1);
            }
            assert!(consumed as usize <= input.len(), "consumed more than there was");
            self.peer(number).input.drain(..consumed as usize);
            self.settle(number);
            if consumed == 0 {
                return;
            }
        }
    }

    fn settle(&mut self, number: PeerNumber) {
        if self.peer(number).is_closing {
            self.end(number, 1);
        }
    }

    fn end(&mut self, number: PeerNumber, reason: u32) {
        if !std::mem::replace(&mut self.peer(number).is_open, false) {
            return;
        }
        let (session, connection) = (self.peer(number).session, self.connection(number));
        unsafe { self.plugin.closed.unwrap()(session, connection, reason) };
    }

    fn destroy(&mut self) {
        unsafe {
            if let Some(loop_stop) = self.plugin.loop_stop {
                loop_stop(self.state, 0, self.loop_state);
            }
            self.plugin.destroy.unwrap()(self.state);
            drop(Box::from_raw(self.handle));
        }
    }
}

impl Drop for SimulatedHost {
    fn drop(&mut self) {
        for number in (0..self.peers.len()).map(PeerNumber) {
            self.end(number, 8);
        }
        self.advance(0);
        self.destroy();
        for &peer in &self.peers {
            drop(unsafe { Box::from_raw(peer) });
        }
    }
}

fn create(
    plugin: &Plugin,
    settings: &[(&'static str, Setting)],
) -> Result<(*mut Handle, *mut c_void, *mut c_void), Vec<String>> {
    let items: Vec<Value> = settings
        .iter()
        .map(|(key, setting)| match setting {
            Setting::Integer(kind, integer) => value(key, *kind, *integer, ""),
            Setting::Text(text) => value(key, martlet::TYPE_TEXT, 0, text),
        })
        .collect();
    let mut root = value("", martlet::TYPE_TABLE, 0, "");
    root.items = items.as_ptr();
    root.item_count = items.len();
    let handle = Box::into_raw(Box::new(Handle { metrics: vec![], refusals: vec![], log: vec![], jobs: vec![] }));
    let (mut state, mut loop_state) = (std::ptr::null_mut(), std::ptr::null_mut());
    unsafe {
        if plugin.create.unwrap()(&HOST, handle.cast(), &root, &mut state) != martlet::OK {
            return Err(Box::from_raw(handle).refusals);
        }
        if let Some(loop_start) = plugin.loop_start {
            assert_eq!(loop_start(state, 0, &mut loop_state), martlet::OK);
        }
    }
    Ok((handle, state, loop_state))
}

fn value(key: &'static str, kind: martlet::Type, integer: i64, text: &'static str) -> Value {
    Value {
        size: martlet::size_of::<Value>(),
        kind,
        integer,
        number: 0.0,
        text: Text::new(text),
        items: std::ptr::null(),
        item_count: 0,
        key: Text::new(key),
        line: 1,
        column: 1,
    }
}

// ------------------------------------------------------------------------------------------------ host functions

unsafe fn peer<'a>(connection: *mut Connection) -> &'a mut Peer {
    unsafe { &mut *connection.cast::<Peer>() }
}

unsafe fn handle<'a>(instance: *mut martlet::Instance) -> &'a mut Handle {
    unsafe { &mut *instance.cast::<Handle>() }
}

unsafe fn string(text: Text) -> String {
    String::from_utf8_lossy(unsafe { text.bytes() }).into_owned()
}

unsafe extern "C" fn write(connection: *mut Connection, data: *const c_void, length: usize) -> martlet::Result {
    let peer = unsafe { peer(connection) };
    assert!(!peer.is_closing, "output after close");
    peer.output.extend_from_slice(unsafe { std::slice::from_raw_parts(data.cast(), length) });
    peer.is_full = peer.output.len() > peer.high_water;
    if peer.is_full { martlet::FULL } else { martlet::OK }
}

unsafe extern "C" fn reserve(connection: *mut Connection, length: usize) -> *mut u8 {
    let peer = unsafe { peer(connection) };
    peer.reserved = vec![0; length];
    peer.reserved.as_mut_ptr()
}

unsafe extern "C" fn commit(connection: *mut Connection, length: usize) -> martlet::Result {
    let reserved = std::mem::take(&mut unsafe { peer(connection) }.reserved);
    unsafe { write(connection, reserved[..length].as_ptr().cast(), length) }
}

unsafe extern "C" fn write_shared(
    connection: *mut Connection,
    data: *const c_void,
    length: usize,
    release: martlet::Release,
    context: *mut c_void,
) -> martlet::Result {
    let result = unsafe { write(connection, data, length) };
    if let Some(release) = release {
        unsafe { release(context) };
    }
    result
}

unsafe extern "C" fn send_file(
    _: *mut Connection,
    _: i32,
    _: u64,
    _: u64,
    release: martlet::Release,
    context: *mut c_void,
) -> martlet::Result {
    if let Some(release) = release {
        unsafe { release(context) };
    }
    martlet::ERROR_UNSUPPORTED
}

unsafe extern "C" fn close(connection: *mut Connection) -> martlet::Result {
    unsafe { peer(connection) }.is_closing = true;
    martlet::OK
}

unsafe extern "C" fn pause(connection: *mut Connection) -> martlet::Result {
    unsafe { peer(connection) }.is_paused = true;
    martlet::OK
}

unsafe extern "C" fn resume(connection: *mut Connection) -> martlet::Result {
    unsafe { peer(connection) }.is_paused = false;
    martlet::OK
}

unsafe extern "C" fn set_timer(connection: *mut Connection, milliseconds: u64) -> martlet::Result {
    let peer = unsafe { peer(connection) };
    peer.timer = (milliseconds > 0).then(|| peer.now + milliseconds * 1_000_000);
    martlet::OK
}

unsafe extern "C" fn address(_: *mut Connection, _: *mut c_void) -> martlet::Result {
    martlet::ERROR_UNSUPPORTED
}

unsafe extern "C" fn id(connection: *mut Connection) -> u64 {
    unsafe { peer(connection) }.id
}

unsafe extern "C" fn monotonic_time(connection: *mut Connection) -> u64 {
    unsafe { peer(connection) }.now
}

unsafe extern "C" fn wall_clock(connection: *mut Connection) -> i64 {
    1_700_000_000 + (unsafe { peer(connection) }.now / 1_000_000_000) as i64
}

unsafe extern "C" fn request_done(_: *mut Connection, _: *const c_void) -> martlet::Result {
    martlet::OK
}

unsafe extern "C" fn submit(
    instance: *mut martlet::Instance,
    connection: u64,
    work: martlet::Work,
    done: martlet::Delivery,
    context: *mut c_void,
) -> martlet::Result {
    unsafe { handle(instance) }.jobs.push((connection, work, done, context));
    martlet::OK
}

unsafe extern "C" fn post(
    instance: *mut martlet::Instance,
    connection: u64,
    delivery: martlet::Delivery,
    context: *mut c_void,
) -> martlet::Result {
    unsafe { submit(instance, connection, None, delivery, context) }
}

unsafe extern "C" fn log_enabled(_: *mut martlet::Instance, _: u32) -> i32 {
    1
}

unsafe extern "C" fn log(instance: *mut martlet::Instance, _: u32, message: Text) {
    let message = unsafe { string(message) };
    unsafe { handle(instance) }.log.push(message);
}

unsafe extern "C" fn metric_register(instance: *mut martlet::Instance, _: u32, name: Text, _: Text) -> i32 {
    let (name, metrics) = unsafe { (string(name), &mut handle(instance).metrics) };
    metrics.push((name, 0));
    metrics.len() as i32 - 1
}

unsafe extern "C" fn metric_add(instance: *mut martlet::Instance, metric: i32, amount: i64) -> martlet::Result {
    unsafe { handle(instance) }.metrics[metric as usize].1 += amount;
    martlet::OK
}

unsafe extern "C" fn metric_set(instance: *mut martlet::Instance, metric: i32, value: i64) -> martlet::Result {
    unsafe { handle(instance) }.metrics[metric as usize].1 = value;
    martlet::OK
}

unsafe extern "C" fn refuse(instance: *mut martlet::Instance, path: Text, message: Text) {
    let reason = unsafe { format!("{}: {}", string(path), string(message)) };
    unsafe { handle(instance) }.refusals.push(reason);
}

unsafe extern "C" fn extension(_: *mut martlet::Instance, _: Text) -> *const c_void {
    std::ptr::null()
}

unsafe extern "C" fn expect_input(_: *mut Connection, _: u32) -> martlet::Result {
    martlet::OK
}

static HOST: Host = Host {
    size: martlet::size_of::<Host>(),
    abi_major: martlet::ABI_MAJOR,
    abi_minor: martlet::ABI_MINOR,
    version: Text::new("simulated"),
    reserve,
    commit,
    write,
    write_shared,
    send_file,
    close,
    abort: close,
    pause,
    resume,
    set_timer,
    peer: address,
    id,
    monotonic_time,
    wall_clock,
    request_done,
    submit,
    post,
    log_enabled,
    log,
    metric_register,
    metric_add,
    metric_set,
    refuse,
    extension,
    expect_input: Some(expect_input),
};
