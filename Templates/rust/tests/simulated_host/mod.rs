//! A host for tests of plugins: no sockets, no threads, a clock that stands still until the test moves it.
//!
//! One event loop, on the thread of the test. What a plugin is not allowed to do is a panic, which ends the test.

#![allow(dead_code)]

use line_count::martlet::{self, Address, CloseReason, Connection, Env, Host, Opening, Plugin, Text, Value};
use std::alloc::Layout;
use std::ffi::c_void;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::FileExt;
use std::ptr::null_mut;
use std::sync::{Arc, Mutex, MutexGuard};

pub enum Setting {
    Integer(martlet::Type, i64),
    Text(&'static str),
}

/// What a plugin told with `request_done`.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    pub method: String,
    pub target: String,
    pub status: u32,
    pub bytes: u64,
    pub is_failed: bool,
}

pub struct SimulatedHost {
    generation: Generation,
    peers: Vec<*mut Peer>,
    /// Bytes that a peer has not read, above which writes return FULL. Of peers that connect from now on.
    pub high_water: usize,
    /// Bytes that a plugin may leave unconsumed. Of peers that connect from now on.
    pub max_input: usize,
    now: u64,
}

/// Number of a peer on its host.
#[derive(Clone, Copy)]
pub struct PeerNumber(usize);

impl SimulatedHost {
    /// An instance, with all its options: no defaults are filled in. The reasons when it is refused.
    pub fn start(plugin: *const Plugin, settings: &[(&'static str, Setting)]) -> Result<SimulatedHost, Vec<String>> {
        let generation = Generation::start(plugin, settings, None)?;
        Ok(SimulatedHost { generation, peers: vec![], high_water: 64 << 10, max_input: 1 << 20, now: 1_000_000_000 })
    }

    pub fn connect(&mut self) -> PeerNumber {
        let plugin = self.generation.plugin;
        let session = Session::new(plugin);
        let mut pointer = session.pointer;
        let id = self.peers.len() as u64 + 1;
        self.peers.push(Box::into_raw(Box::new(Peer::new(id, session, self.high_water, self.max_input, self.now))));
        let number = PeerNumber(self.peers.len() - 1);
        let (peer, local) = (address([192, 0, 2, 1], 40_000), address([192, 0, 2, 80], 7_300));
        let opening = Opening {
            size: martlet::size_of::<Opening>(),
            origin: martlet::ORIGIN_ACCEPTED,
            peer: &peer,
            local: &local,
            endpoint: Text::new("simulated"),
        };
        let opened = plugin.opened.expect("a stream needs opened");
        let result = self.callback(number, Moment::Callback, |env, _, connection| unsafe {
            opened(env, connection, &opening, &mut pointer)
        });
        let peer = self.peer(number);
        if result != martlet::OK {
            // Without `closed`.
            peer.is_open = false;
            peer.output.clear();
            peer.session.release();
            peer.give_back_all();
            return number;
        }
        peer.session.set(pointer);
        self.proceed(number);
        number
    }

    /// Sends bytes in pieces of so many; 0: at once.
    pub fn send(&mut self, number: PeerNumber, bytes: &[u8], piece: usize) {
        let piece = if piece == 0 { bytes.len().max(1) } else { piece };
        for part in bytes.chunks(piece) {
            let peer = self.peer(number);
            assert!(!peer.has_finished, "the peer has said that it sends no more");
            if peer.is_open {
                peer.input.extend_from_slice(part);
                peer.is_fresh = true;
                self.proceed(number);
            }
        }
    }

    /// The peer sends no more, and still reads.
    pub fn finish(&mut self, number: PeerNumber) {
        let peer = self.peer(number);
        peer.has_finished = true;
        // What `want` has held back is presented: no more will come.
        peer.wanted = 0;
        self.proceed(number);
    }

    /// What came since the last call. The peer has read it then.
    pub fn output(&mut self, number: PeerNumber) -> String {
        let peer = self.peer(number);
        let taken = std::mem::take(&mut peer.output);
        peer.give_back_all();
        if std::mem::take(&mut peer.is_full) {
            peer.is_fresh = true;
            self.signal(number, self.generation.plugin.writable);
        }
        self.check(number);
        self.proceed(number);
        String::from_utf8_lossy(&taken).into_owned()
    }

    pub fn is_open(&mut self, number: PeerNumber) -> bool {
        self.peer(number).is_open
    }

    /// What `closed` was told.
    pub fn close_reason(&mut self, number: PeerNumber) -> Option<CloseReason> {
        self.peer(number).reason
    }

    /// The name of the listener that the connection went to, and the input that goes with it.
    pub fn handed_over(&mut self, number: PeerNumber) -> Option<(String, Vec<u8>)> {
        let peer = self.peer(number);
        let listener = peer.listener.clone().filter(|_| peer.reason == Some(martlet::CLOSED_HANDED_OVER))?;
        Some((listener, peer.input.clone()))
    }

    /// How often `received` was called.
    pub fn calls(&mut self, number: PeerNumber) -> usize {
        self.peer(number).calls
    }

    /// Whether the plugin waits for the rest of a message.
    pub fn expects_input(&mut self, number: PeerNumber) -> bool {
        self.peer(number).expects_input
    }

    /// What the plugin has told of the requests of a peer.
    pub fn requests(&mut self, number: PeerNumber) -> Vec<Answered> {
        self.peer(number).requests.clone()
    }

    /// The connection breaks.
    pub fn reset(&mut self, number: PeerNumber) {
        self.end(number, martlet::CLOSED_RESET);
    }

    /// The host is about to stop, or to close the listener.
    pub fn drain(&mut self) {
        for number in (0..self.peers.len()).map(PeerNumber) {
            self.peer(number).is_draining = self.generation.plugin.draining.is_none();
            self.signal(number, self.generation.plugin.draining);
            self.proceed(number);
        }
    }

    /// Runs submitted work, moves the clock, and calls the timers that are due.
    pub fn advance(&mut self, milliseconds: u64) {
        self.run_jobs();
        self.now += milliseconds * 1_000_000;
        for number in (0..self.peers.len()).map(PeerNumber) {
            let now = self.now;
            let peer = self.peer(number);
            peer.now = now;
            if peer.timer.is_some_and(|due| due <= now) {
                peer.timer = None;
                self.signal(number, self.generation.plugin.timer);
                self.proceed(number);
            }
        }
    }

    pub fn metric(&self, name: &str) -> Option<i64> {
        let records = self.generation.records();
        let metrics = records.metrics.lock().unwrap();
        metrics.iter().find(|metric| metric.name == name).map(|metric| metric.value)
    }

    /// The lines that the plugin has logged.
    pub fn log(&self) -> Vec<String> {
        self.generation.records().log.clone()
    }

    /// Calls an operation: `call` gets its function, which it casts to its type, and the `env` to call it with. The
    /// reasons when the plugin says that it has failed.
    pub fn call<R>(&self, name: &str, call: impl FnOnce(martlet::Function, &Env) -> R) -> Result<R, Vec<String>> {
        let table = self.generation.extension(martlet::OPERATIONS).expect("the plugin has no operations");
        let table = unsafe { &*table.cast::<martlet::Operations>() };
        let list = unsafe { std::slice::from_raw_parts(table.operations, table.operation_count) };
        let found = list.iter().find(|operation| unsafe { operation.name.bytes() } == name.as_bytes());
        let operation = found.expect("the plugin has no such operation");
        let elsewhere = self.generation.env(martlet::NO_LOOP, null_mut());
        let env = if operation.place == martlet::ON_LOOPS { unsafe { &*self.generation.env } } else { &elsewhere };
        self.generation.records().phase = Phase::Operation;
        let result = call(operation.function, env);
        let mut records = self.generation.records();
        records.phase = Phase::Running;
        let refusals = std::mem::take(&mut records.refusals);
        if refusals.is_empty() { Ok(result) } else { Err(refusals) }
    }

    /// A swap: a new instance, to which the sessions of the old one move. Returns how many did not: those are closed.
    pub fn swap(&mut self, settings: &[(&'static str, Setting)]) -> Result<usize, Vec<String>> {
        self.swap_to(self.generation.plugin, settings)
    }

    /// A swap to another build of the plugin.
    pub fn swap_to(
        &mut self,
        plugin: *const Plugin,
        settings: &[(&'static str, Setting)],
    ) -> Result<usize, Vec<String>> {
        let next = Generation::start(plugin, settings, Some(&self.generation))?;
        // Work that is out comes back first.
        self.run_jobs();
        let mut stayed = 0;
        for number in (0..self.peers.len()).map(PeerNumber) {
            if self.peer(number).is_open && !self.move_session(number, &next) {
                stayed += 1;
                self.end(number, martlet::CLOSED_SHUTDOWN);
            }
            self.peer(number).give_back_all();
        }
        self.run_jobs();
        std::mem::replace(&mut self.generation, next).stop();
        Ok(stayed)
    }

    /// Whether the session lives in the next generation now.
    fn move_session(&mut self, number: PeerNumber, next: &Generation) -> bool {
        let (old, new) = (self.generation.plugin, next.plugin);
        let mut session = Session::new(new);
        if is_plain(old, new) {
            let peer = self.peer(number);
            let from = peer.session.pointer.cast::<u8>();
            unsafe { session.pointer.cast::<u8>().copy_from_nonoverlapping(from, old.session_size) };
            std::mem::replace(&mut peer.session, session).release();
            return true;
        }
        let functions = (self.generation.session_state(), next.session_state());
        let (Some(source), Some(target)) = functions else { return session.release() };
        let schemas = unsafe { (source.schema.bytes(), target.schema.bytes()) };
        if schemas.0 != schemas.1 || !(target.oldest..=target.newest).contains(&source.version) {
            return session.release();
        }
        let Some(saved) = self.save(number, source) else { return session.release() };
        let (mut pointer, env) = (session.pointer, next.env);
        let result = self.callback(number, Moment::Moving, |_, _, connection| unsafe {
            (target.restore)(&*env, connection, source.version, saved.as_ptr(), saved.len(), &mut pointer)
        });
        if result != martlet::OK {
            return session.release();
        }
        session.set(pointer);
        self.callback(number, Moment::Closed, |env, session, connection| unsafe {
            (source.moved)(env, session, connection)
        });
        std::mem::replace(&mut self.peer(number).session, session).release();
        true
    }

    /// The state of a session; none when it cannot move, or not now.
    fn save(&mut self, number: PeerNumber, functions: &martlet::SessionState) -> Option<Vec<u8>> {
        // So small that most sessions ask for more.
        let mut capacity = 4;
        loop {
            let mut buffer = Fenced::new(capacity);
            let mut length = 0;
            let result = self.callback(number, Moment::Moving, |env, session, connection| unsafe {
                (functions.save)(env, session, connection, buffer.pointer(), capacity, &mut length)
            });
            assert!(buffer.is_intact(), "save wrote behind its buffer");
            if result < martlet::OK {
                return None;
            }
            if length <= capacity {
                return Some(buffer.bytes()[..length].to_vec());
            }
            assert!(capacity == 4, "save asked for {capacity} bytes, and then for {length}");
            capacity = length;
        }
    }

    fn peer(&mut self, number: PeerNumber) -> &mut Peer {
        unsafe { &mut *self.peers[number.0] }
    }

    /// One call into the plugin.
    fn callback<R>(
        &mut self,
        number: PeerNumber,
        moment: Moment,
        call: impl FnOnce(&Env, *mut c_void, *mut Connection) -> R,
    ) -> R {
        let connection = self.peers[number.0].cast();
        let session = self.peer(number).session.pointer;
        self.peer(number).moment = moment;
        let result = call(unsafe { &*self.generation.env }, session, connection);
        let peer = self.peer(number);
        peer.moment = Moment::Idle;
        peer.drop_reservation();
        peer.give_back_unsent();
        self.check(number);
        result
    }

    /// A callback that not every plugin has.
    fn signal(&mut self, number: PeerNumber, function: Option<martlet::Signal>) {
        if let (true, Some(function)) = (self.peer(number).is_open, function) {
            self.callback(number, Moment::Callback, |env, session, connection| unsafe {
                function(env, session, connection)
            });
        }
    }

    /// Ends the test when the plugin has broken a rule.
    fn check(&mut self, number: PeerNumber) {
        let mut broken = std::mem::take(&mut self.peer(number).violations);
        broken.append(&mut self.generation.records().violations);
        if !broken.is_empty() && !std::thread::panicking() {
            panic!("the plugin is wrong: {}", broken.join("; "));
        }
    }

    /// Puts into effect what the last callback asked for, and goes on for as long as there is something to present.
    fn proceed(&mut self, number: PeerNumber) {
        let mut idle = 0;
        loop {
            let peer = self.peer(number);
            if let Some(reason) = peer.ending {
                return self.end(number, reason);
            }
            if peer.is_draining && peer.input.is_empty() {
                return self.end(number, martlet::CLOSED_SHUTDOWN);
            }
            if !peer.is_open || peer.is_full || peer.is_paused {
                return;
            }
            if peer.is_due() {
                let consumed = self.present(number);
                idle = if consumed == 0 { idle + 1 } else { 0 };
                assert!(idle < 10_000, "the plugin goes on for ever without consuming its input");
            } else if peer.has_finished && !peer.knows_end {
                peer.knows_end = true;
                peer.input.clear();
                match self.generation.plugin.peer_closed {
                    None => self.peer(number).ending = Some(martlet::CLOSED_BY_PEER),
                    function => self.signal(number, function),
                }
            } else {
                return;
            }
        }
    }

    fn present(&mut self, number: PeerNumber) -> usize {
        let received = self.generation.plugin.received.expect("a stream needs received");
        let peer = self.peer(number);
        peer.calls += 1;
        peer.is_fresh = false;
        peer.wanted = 0;
        // A copy, so that whoever keeps the pointer has nothing.
        let (input, mut consumed) = (peer.input.clone(), 0);
        let result = self.callback(number, Moment::Callback, |env, session, connection| unsafe {
            received(env, session, connection, input.as_ptr(), input.len(), &mut consumed)
        });
        let peer = self.peer(number);
        if result < martlet::OK {
            peer.cut(result);
            return 0;
        }
        assert!(consumed <= input.len(), "consumed {consumed} of {} bytes", input.len());
        peer.input.drain(..consumed);
        if peer.ending.is_none() && !peer.is_full && !peer.is_paused && peer.input.len() > peer.max_input {
            peer.ending = Some(martlet::CLOSED_INPUT_LIMIT);
        }
        consumed
    }

    fn end(&mut self, number: PeerNumber, reason: CloseReason) {
        let peer = self.peer(number);
        if !std::mem::replace(&mut peer.is_open, false) {
            return;
        }
        peer.reason = Some(reason);
        if peer.is_aborted {
            peer.output.clear();
        }
        let closed = self.generation.plugin.closed.expect("a stream needs closed");
        self.callback(number, Moment::Closed, |env, session, connection| unsafe {
            closed(env, session, connection, reason)
        });
        self.peer(number).session.release();
        self.peer(number).give_back_all();
        self.check(number);
    }

    /// Work and deliveries, until none is left.
    fn run_jobs(&mut self) {
        for _ in 0..10_000 {
            let jobs = std::mem::take(&mut self.generation.records().jobs);
            if jobs.is_empty() {
                return;
            }
            for job in jobs {
                if let Some(work) = job.work {
                    unsafe { work(job.context) };
                }
                if let Some(done) = job.done {
                    self.deliver(job.connection, done, job.context);
                }
            }
        }
        panic!("the plugin submits work or posts for ever");
    }

    fn deliver(&mut self, id: martlet::ConnectionId, delivery: martlet::Delivery, context: *mut c_void) {
        let mut numbers = (0..self.peers.len()).map(PeerNumber);
        match numbers.find(|&number| self.peer(number).id == id && self.peer(number).is_open) {
            Some(number) => {
                self.callback(number, Moment::Callback, |env, session, connection| unsafe {
                    delivery(env, context, connection, session)
                });
                self.proceed(number);
            }
            None => unsafe { delivery(&*self.generation.env, context, null_mut(), null_mut()) },
        }
    }
}

impl Drop for SimulatedHost {
    fn drop(&mut self) {
        self.generation.records().is_stopping = true;
        for number in (0..self.peers.len()).map(PeerNumber) {
            self.end(number, martlet::CLOSED_SHUTDOWN);
            self.check(number);
        }
        self.run_jobs();
        self.generation.stop();
        for &peer in &self.peers {
            drop(unsafe { Box::from_raw(peer) });
        }
    }
}

/// Whether sessions move from one to the other as they lie.
fn is_plain(old: &Plugin, new: &Plugin) -> bool {
    let layouts = unsafe { (old.session_layout.bytes(), new.session_layout.bytes()) };
    let sizes = (old.session_size, new.session_size);
    let aligns = (old.session_align, new.session_align);
    let is_same = sizes.0 == sizes.1 && aligns.0 == aligns.1 && layouts.0 == layouts.1;
    is_same && old.flags & new.flags & martlet::PLUGIN_PLAIN_SESSIONS != 0
}

fn address(ipv4: [u8; 4], port: u16) -> Address {
    let mut filled = Address { family: martlet::FAMILY_IPV4, port, ..Address::EMPTY };
    filled.address[..4].copy_from_slice(&ipv4);
    filled
}

// ------------------------------------------------------------------------------------------------------ instance

/// When `refuse` and `metric_register` mean something.
#[derive(Clone, Copy, PartialEq)]
enum Phase {
    Creating,
    Running,
    Operation,
}

struct Metric {
    name: String,
    kind: martlet::MetricKind,
    value: i64,
}

/// What `submit` or `post` took.
struct Job {
    connection: martlet::ConnectionId,
    work: Option<martlet::Work>,
    done: Option<martlet::Delivery>,
    context: *mut c_void,
}

struct Records {
    phase: Phase,
    generation: u32,
    is_stopping: bool,
    /// Of all generations.
    metrics: Arc<Mutex<Vec<Metric>>>,
    refusals: Vec<String>,
    log: Vec<String>,
    jobs: Vec<Job>,
    violations: Vec<String>,
}

/// What `*mut martlet::Instance` points to. A plugin may call from threads of its own.
type Handle = Mutex<Records>;

/// One instance on its event loop.
struct Generation {
    plugin: &'static Plugin,
    handle: *mut Handle,
    env: *mut Env,
}

impl Generation {
    fn start(
        plugin: *const Plugin,
        settings: &[(&'static str, Setting)],
        previous: Option<&Generation>,
    ) -> Result<Generation, Vec<String>> {
        let plugin = unsafe { plugin.as_ref() }.expect("the plugin cannot work with this host");
        check_descriptor(plugin);
        let items: Vec<Value> = settings
            .iter()
            .map(|(key, setting)| match setting {
                Setting::Integer(kind, integer) => value(key, *kind, *integer, ""),
                Setting::Text(text) => value(key, martlet::TYPE_TEXT, 0, text),
            })
            .collect();
        let pointers: Vec<*const Value> = items.iter().map(|item| item as *const Value).collect();
        let mut root = value("", martlet::TYPE_TABLE, 0, "");
        root.items = pointers.as_ptr();
        root.item_count = pointers.len();
        let handle = Box::into_raw(Box::new(Mutex::new(Records {
            phase: Phase::Creating,
            generation: previous.map_or(1, |previous| previous.records().generation + 1),
            is_stopping: false,
            metrics: previous.map_or_else(Default::default, |previous| previous.records().metrics.clone()),
            refusals: vec![],
            log: vec![],
            jobs: vec![],
            violations: vec![],
        })));
        let mut state = null_mut();
        let result = unsafe { (plugin.create)(plugin, &HOST, handle.cast(), &root, &mut state) };
        let env = Box::new(make_env(handle, state, 0, null_mut()));
        let made = Generation { plugin, handle, env: Box::into_raw(env) };
        made.records().phase = Phase::Running;
        let refusals = std::mem::take(&mut made.records().refusals);
        if result != martlet::OK {
            made.free();
            return Err(refusals);
        }
        assert!(refusals.is_empty(), "create called refuse and returned OK: {refusals:?}");
        if let Some(loop_start) = plugin.loop_start {
            let mut loop_state = null_mut();
            if unsafe { loop_start(&*made.env, &mut loop_state) } != martlet::OK {
                unsafe { (plugin.destroy)(state) };
                made.free();
                return Err(vec!["loop_start".to_string()]);
            }
            unsafe { (*made.env).loop_state = loop_state };
        }
        Ok(made)
    }

    fn stop(&self) {
        unsafe {
            let state = (*self.env).state;
            if let Some(loop_stop) = self.plugin.loop_stop {
                loop_stop(&*self.env);
            }
            (self.plugin.destroy)(state);
        }
        self.free();
    }

    fn free(&self) {
        unsafe {
            drop(Box::from_raw(self.env));
            drop(Box::from_raw(self.handle));
        }
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        unsafe { (*self.handle).lock().unwrap() }
    }

    /// One more `env`, for what runs elsewhere.
    fn env(&self, loop_index: u32, loop_state: *mut c_void) -> Env {
        make_env(self.handle, unsafe { (*self.env).state }, loop_index, loop_state)
    }

    fn extension(&self, id: &str) -> Option<*const c_void> {
        if self.plugin.extension_count == 0 {
            return None;
        }
        let list = unsafe { std::slice::from_raw_parts(self.plugin.extensions, self.plugin.extension_count) };
        list.iter().find(|entry| unsafe { entry.id.bytes() } == id.as_bytes()).map(|entry| entry.functions)
    }

    fn session_state(&self) -> Option<&'static martlet::SessionState> {
        self.extension(martlet::SESSION_STATE).map(|functions| unsafe { &*functions.cast() })
    }
}

fn make_env(handle: *mut Handle, state: *mut c_void, loop_index: u32, loop_state: *mut c_void) -> Env {
    Env { size: martlet::size_of::<Env>(), loop_index, host: &HOST, instance: handle.cast(), state, loop_state }
}

/// What a host refuses before it creates anything.
fn check_descriptor(plugin: &Plugin) {
    assert!(plugin.size >= martlet::size_of::<Plugin>(), "the descriptor is too small");
    assert_eq!(plugin.abi >> 16, martlet::ABI_MAJOR, "another major version of the ABI");
    assert!(plugin.session_size <= martlet::SESSION_SIZE_LIMIT, "session_size");
    let align = plugin.session_align;
    assert!(align == 0 || align.is_power_of_two() && align <= martlet::SESSION_ALIGN_LIMIT, "session_align");
    let is_described = plugin.session_size > 0 && align > 0 && plugin.session_layout.length > 0;
    assert!(plugin.flags & martlet::PLUGIN_PLAIN_SESSIONS == 0 || is_described, "plain sessions without a layout");
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

// ---------------------------------------------------------------------------------------------------- connection

/// A session, in memory of the host when the plugin asks for it.
struct Session {
    pointer: *mut c_void,
    memory: Option<Layout>,
}

impl Session {
    fn new(plugin: &Plugin) -> Session {
        if plugin.session_size == 0 {
            return Session { pointer: null_mut(), memory: None };
        }
        let align = if plugin.session_align == 0 { 16 } else { plugin.session_align };
        let layout = Layout::from_size_align(plugin.session_size, align).unwrap();
        Session { pointer: unsafe { std::alloc::alloc_zeroed(layout) }.cast(), memory: Some(layout) }
    }

    /// What `opened` or `restore` has left.
    fn set(&mut self, pointer: *mut c_void) {
        assert!(self.memory.is_none() || pointer == self.pointer, "*session was set already, and stays");
        self.pointer = pointer;
    }

    /// Takes the memory back. Returns false: the session has not moved.
    fn release(&mut self) -> bool {
        if let Some(layout) = self.memory.take() {
            unsafe { std::alloc::dealloc(self.pointer.cast(), layout) };
        }
        self.pointer = null_mut();
        false
    }
}

/// Memory for a plugin to write to, with a fence behind it.
struct Fenced(Vec<u8>);

impl Fenced {
    const FENCE: [u8; 16] = [0xA5; 16];

    fn new(length: usize) -> Fenced {
        let mut bytes = vec![0; length];
        bytes.extend_from_slice(&Fenced::FENCE);
        Fenced(bytes)
    }

    fn pointer(&mut self) -> *mut u8 {
        self.0.as_mut_ptr()
    }

    fn bytes(&self) -> &[u8] {
        &self.0[..self.0.len() - Fenced::FENCE.len()]
    }

    fn is_intact(&self) -> bool {
        self.0.ends_with(&Fenced::FENCE)
    }
}

/// What a plugin has lent.
struct Loan {
    /// Memory, and what it has to hold until the end; not of a file.
    memory: Option<(*const u8, Vec<u8>)>,
    release: Option<martlet::Release>,
    context: *mut c_void,
}

/// What a plugin may do with a connection.
#[derive(Clone, Copy, PartialEq)]
enum Moment {
    /// Nothing: it is not called.
    Idle,
    Callback,
    /// Ask, and no more: `closed` and `moved`.
    Closed,
    /// Ask, and no more: `save` and `restore`.
    Moving,
}

/// What `*mut martlet::Connection` points to.
struct Peer {
    id: martlet::ConnectionId,
    session: Session,
    moment: Moment,
    input: Vec<u8>,
    output: Vec<u8>,
    reserved: Option<Fenced>,
    /// Until the output is read.
    loans: Vec<Loan>,
    /// Until the callback ends: nothing was sent of them.
    unsent: Vec<Loan>,
    high_water: usize,
    max_input: usize,
    now: u64,
    timer: Option<u64>,
    /// Set when the connection is to end, after the callback.
    ending: Option<CloseReason>,
    reason: Option<CloseReason>,
    listener: Option<String>,
    requests: Vec<Answered>,
    violations: Vec<String>,
    /// Of `want`: fewer bytes are held back.
    wanted: usize,
    /// There is a reason to present the input, once more or for the first time.
    is_fresh: bool,
    is_open: bool,
    is_aborted: bool,
    is_full: bool,
    is_paused: bool,
    is_draining: bool,
    expects_input: bool,
    has_finished: bool,
    knows_end: bool,
    calls: usize,
}

impl Peer {
    fn new(id: martlet::ConnectionId, session: Session, high_water: usize, max_input: usize, now: u64) -> Peer {
        Peer {
            id,
            session,
            moment: Moment::Idle,
            input: vec![],
            output: vec![],
            reserved: None,
            loans: vec![],
            unsent: vec![],
            high_water,
            max_input,
            now,
            timer: None,
            ending: None,
            reason: None,
            listener: None,
            requests: vec![],
            violations: vec![],
            wanted: 0,
            is_fresh: false,
            is_open: true,
            is_aborted: false,
            is_full: false,
            is_paused: false,
            is_draining: false,
            expects_input: false,
            has_finished: false,
            knows_end: false,
            calls: 0,
        }
    }

    /// Whether `received` is to be called.
    fn is_due(&self) -> bool {
        self.is_fresh && !self.input.is_empty() && self.input.len() >= self.wanted
    }

    fn violation(&mut self, text: &str) {
        self.violations.push(text.to_string());
    }

    /// Whether a call is taken that changes the connection.
    fn takes(&mut self, function: &str) -> bool {
        match self.moment {
            Moment::Idle => self.violation(&format!("{function} outside a callback of the connection")),
            Moment::Moving => self.violation(&format!("{function} inside save or restore")),
            Moment::Callback | Moment::Closed => {}
        }
        self.moment == Moment::Callback && self.ending.is_none()
    }

    fn takes_output(&mut self, function: &str) -> bool {
        self.drop_reservation();
        if self.moment == Moment::Callback && self.ending == Some(martlet::CLOSED_BY_PLUGIN) && !self.is_aborted {
            self.violation(&format!("{function} after close"));
        }
        self.takes(function)
    }

    /// A question, which may be asked in `closed` too.
    fn answers(&mut self, function: &str) {
        if self.moment == Moment::Idle {
            self.violation(&format!("{function} outside a callback of the connection"));
        }
    }

    /// Takes away what was reserved.
    fn drop_reservation(&mut self) -> Option<Fenced> {
        let reserved = self.reserved.take()?;
        if !reserved.is_intact() {
            self.violation("wrote behind what it reserved");
        }
        Some(reserved)
    }

    fn append(&mut self, bytes: &[u8]) -> martlet::Result {
        self.output.extend_from_slice(bytes);
        self.is_full = self.output.len() > self.high_water;
        if self.is_full { martlet::FULL } else { martlet::OK }
    }

    /// Ends the connection with a reset.
    fn cut(&mut self, why: martlet::Result) {
        self.is_aborted = true;
        self.ending = Some(match why {
            martlet::ERROR_PEER => martlet::CLOSED_PEER_ERROR,
            why if why < martlet::OK => martlet::CLOSED_FAILED,
            _ => martlet::CLOSED_BY_PLUGIN,
        });
    }

    fn give_back_all(&mut self) {
        self.unsent.append(&mut self.loans);
        self.give_back_unsent();
    }

    fn give_back_unsent(&mut self) {
        for loan in std::mem::take(&mut self.unsent) {
            if let Some((memory, copy)) = &loan.memory {
                if unsafe { std::slice::from_raw_parts(*memory, copy.len()) } != &copy[..] {
                    self.violation("memory that it lent has changed before its release");
                }
            }
            if let Some(release) = loan.release {
                unsafe { release(loan.context) };
            }
        }
    }
}

// ------------------------------------------------------------------------------------------------ host functions

unsafe fn peer<'a>(connection: *mut Connection) -> &'a mut Peer {
    unsafe { &mut *connection.cast::<Peer>() }
}

unsafe fn records<'a>(instance: *mut martlet::Instance) -> MutexGuard<'a, Records> {
    unsafe { (*instance.cast::<Handle>()).lock().unwrap() }
}

unsafe fn string(text: Text) -> String {
    String::from_utf8_lossy(unsafe { text.bytes() }).into_owned()
}

unsafe extern "C" fn reserve(connection: *mut Connection, length: usize) -> *mut u8 {
    let peer = unsafe { peer(connection) };
    if !peer.takes_output("reserve") {
        return null_mut();
    }
    peer.reserved.insert(Fenced::new(length)).pointer()
}

unsafe extern "C" fn commit(connection: *mut Connection, length: usize) -> martlet::Result {
    let peer = unsafe { peer(connection) };
    let reserved = peer.drop_reservation();
    if !peer.takes_output("commit") {
        return martlet::ERROR_CLOSED;
    }
    match reserved.as_ref().and_then(|reserved| reserved.bytes().get(..length)) {
        Some(bytes) => peer.append(bytes),
        None => {
            peer.violation("committed more than it reserved");
            martlet::ERROR_ARGUMENT
        }
    }
}

unsafe extern "C" fn write(connection: *mut Connection, data: *const c_void, length: usize) -> martlet::Result {
    let peer = unsafe { peer(connection) };
    if !peer.takes_output("write") {
        return martlet::ERROR_CLOSED;
    }
    peer.append(unsafe { slice(data, length) })
}

unsafe fn slice<'a>(data: *const c_void, length: usize) -> &'a [u8] {
    if length == 0 {
        return &[];
    }
    unsafe { std::slice::from_raw_parts(data.cast(), length) }
}

unsafe extern "C" fn write_shared(
    connection: *mut Connection,
    data: *const c_void,
    length: usize,
    release: Option<martlet::Release>,
    context: *mut c_void,
) -> martlet::Result {
    let peer = unsafe { peer(connection) };
    let mut loan = Loan { memory: None, release, context };
    if !peer.takes_output("write_shared") {
        peer.unsent.push(loan);
        return martlet::ERROR_CLOSED;
    }
    if data.is_null() && length > 0 {
        peer.unsent.push(loan);
        return martlet::ERROR_ARGUMENT;
    }
    let bytes = unsafe { slice(data, length) };
    loan.memory = (length > 0).then(|| (data.cast(), bytes.to_vec()));
    peer.loans.push(loan);
    peer.append(bytes)
}

unsafe extern "C" fn send_file(
    connection: *mut Connection,
    file: i32,
    offset: u64,
    length: u64,
    release: Option<martlet::Release>,
    context: *mut c_void,
) -> martlet::Result {
    let peer = unsafe { peer(connection) };
    let loan = Loan { memory: None, release, context };
    if !peer.takes_output("send_file") {
        peer.unsent.push(loan);
        return martlet::ERROR_CLOSED;
    }
    // A second descriptor, so that the plugin's own stays open.
    let file = if file < 0 { None } else { unsafe { BorrowedFd::borrow_raw(file) }.try_clone_to_owned().ok() };
    let file = file.map(std::fs::File::from);
    let size = file.as_ref().and_then(|file| file.metadata().ok()).filter(|found| found.is_file()).map(|it| it.len());
    let (Some(file), Some(size), Some(end)) = (file, size, offset.checked_add(length)) else {
        peer.unsent.push(loan);
        return martlet::ERROR_ARGUMENT;
    };
    peer.loans.push(loan);
    let mut bytes = vec![0; if end <= size { length as usize } else { 0 }];
    if end > size || file.read_exact_at(&mut bytes, offset).is_err() {
        // Found out when it is sent.
        peer.is_aborted = true;
        peer.ending = Some(martlet::CLOSED_RESET);
        return martlet::OK;
    }
    peer.append(&bytes)
}

unsafe extern "C" fn want(connection: *mut Connection, length: usize) -> martlet::Result {
    let peer = unsafe { peer(connection) };
    if !peer.takes("want") {
        return martlet::ERROR_CLOSED;
    }
    if length > peer.max_input {
        return martlet::ERROR_ARGUMENT;
    }
    // Nothing more will come.
    peer.wanted = if peer.has_finished { 0 } else { length };
    martlet::OK
}

unsafe extern "C" fn pause(connection: *mut Connection) -> martlet::Result {
    let peer = unsafe { peer(connection) };
    if !peer.takes("pause") {
        return martlet::ERROR_CLOSED;
    }
    peer.is_paused = true;
    martlet::OK
}

unsafe extern "C" fn resume(connection: *mut Connection) -> martlet::Result {
    let peer = unsafe { peer(connection) };
    if !peer.takes("resume") {
        return martlet::ERROR_CLOSED;
    }
    peer.is_fresh |= std::mem::take(&mut peer.is_paused);
    martlet::OK
}

unsafe extern "C" fn expect_input(connection: *mut Connection, expected: u32) -> martlet::Result {
    let peer = unsafe { peer(connection) };
    if !peer.takes("expect_input") {
        return martlet::ERROR_CLOSED;
    }
    peer.expects_input = expected != 0;
    martlet::OK
}

unsafe extern "C" fn close(connection: *mut Connection) -> martlet::Result {
    let peer = unsafe { peer(connection) };
    if !peer.takes("close") {
        return martlet::ERROR_CLOSED;
    }
    peer.ending = Some(martlet::CLOSED_BY_PLUGIN);
    martlet::OK
}

unsafe extern "C" fn abort(connection: *mut Connection, why: martlet::Result) -> martlet::Result {
    let peer = unsafe { peer(connection) };
    // Also after `close`, whose output it drops.
    let is_taken = peer.takes("abort") || peer.moment == Moment::Callback && !peer.is_aborted;
    if !is_taken {
        return martlet::ERROR_CLOSED;
    }
    peer.cut(why);
    martlet::OK
}

unsafe extern "C" fn hand_over(connection: *mut Connection, listener: Text) -> martlet::Result {
    let peer = unsafe { peer(connection) };
    if !peer.takes("hand_over") {
        return martlet::ERROR_CLOSED;
    }
    if listener.length == 0 {
        return martlet::ERROR_ARGUMENT;
    }
    peer.listener = Some(unsafe { string(listener) });
    peer.ending = Some(martlet::CLOSED_HANDED_OVER);
    martlet::OK
}

unsafe extern "C" fn start_tls(connection: *mut Connection) -> martlet::Result {
    unsafe { peer(connection) }.takes("start_tls");
    martlet::ERROR_UNSUPPORTED
}

unsafe extern "C" fn set_timer(connection: *mut Connection, milliseconds: u64) -> martlet::Result {
    let peer = unsafe { peer(connection) };
    if !peer.takes("set_timer") {
        return martlet::ERROR_CLOSED;
    }
    let nanoseconds = milliseconds.saturating_mul(1_000_000);
    peer.timer = (milliseconds > 0).then(|| peer.now.saturating_add(nanoseconds));
    martlet::OK
}

unsafe extern "C" fn peer_address(connection: *mut Connection, filled: *mut Address) -> martlet::Result {
    unsafe { peer(connection) }.answers("peer");
    unsafe { fill(filled, address([192, 0, 2, 1], 40_000)) }
}

unsafe extern "C" fn local_address(connection: *mut Connection, filled: *mut Address) -> martlet::Result {
    unsafe { peer(connection) }.answers("local");
    unsafe { fill(filled, address([192, 0, 2, 80], 7_300)) }
}

/// What the plugin knows beyond this version is 0.
unsafe fn fill(filled: *mut Address, address: Address) -> martlet::Result {
    let (size, known) = (unsafe { (*filled).size }, std::mem::size_of::<Address>());
    if (size as usize) < known {
        return martlet::ERROR_ARGUMENT;
    }
    unsafe {
        filled.write(Address { size, ..address });
        filled.cast::<u8>().add(known).write_bytes(0, size as usize - known);
    }
    martlet::OK
}

unsafe extern "C" fn id(connection: *mut Connection) -> martlet::ConnectionId {
    let peer = unsafe { peer(connection) };
    peer.answers("id");
    peer.id
}

unsafe extern "C" fn monotonic_time(connection: *mut Connection) -> u64 {
    let peer = unsafe { peer(connection) };
    peer.answers("monotonic_time");
    peer.now
}

unsafe extern "C" fn wall_clock(connection: *mut Connection) -> i64 {
    let peer = unsafe { peer(connection) };
    peer.answers("wall_clock");
    1_700_000_000 + (peer.now / 1_000_000_000) as i64
}

unsafe extern "C" fn request_done(connection: *mut Connection, request: *const martlet::Request) -> martlet::Result {
    let (peer, request) = unsafe { (peer(connection), &*request) };
    peer.answers("request_done");
    if request.size < martlet::size_of::<martlet::Request>() {
        return martlet::ERROR_ARGUMENT;
    }
    let (method, target) = unsafe { (string(request.method), string(request.target)) };
    let is_failed = request.flags & martlet::REQUEST_FAILED != 0 || matches!(request.status, 500 | 502..=504);
    peer.requests.push(Answered { method, target, status: request.status, bytes: request.bytes, is_failed });
    martlet::OK
}

unsafe extern "C" fn submit(
    instance: *mut martlet::Instance,
    connection: martlet::ConnectionId,
    work: martlet::Work,
    done: Option<martlet::Delivery>,
    context: *mut c_void,
) -> martlet::Result {
    unsafe { records(instance) }.take(Job { connection, work: Some(work), done, context })
}

unsafe extern "C" fn post(
    instance: *mut martlet::Instance,
    connection: martlet::ConnectionId,
    delivery: martlet::Delivery,
    context: *mut c_void,
) -> martlet::Result {
    unsafe { records(instance) }.take(Job { connection, work: None, done: Some(delivery), context })
}

impl Records {
    fn take(&mut self, job: Job) -> martlet::Result {
        if self.is_stopping {
            return martlet::ERROR_STOPPING;
        }
        if self.jobs.len() == 1024 {
            return martlet::ERROR_BUSY;
        }
        self.jobs.push(job);
        martlet::OK
    }

    fn change(&mut self, metric: martlet::Metric, change: impl FnOnce(&mut Metric) -> bool) -> martlet::Result {
        let mut metrics = self.metrics.lock().unwrap();
        let found = usize::try_from(metric).ok().and_then(|index| metrics.get_mut(index));
        if found.is_some_and(change) { martlet::OK } else { martlet::ERROR_ARGUMENT }
    }
}

unsafe extern "C" fn log_enabled(_: *mut martlet::Instance, _: martlet::LogLevel) -> i32 {
    1
}

unsafe extern "C" fn log(instance: *mut martlet::Instance, _: martlet::LogLevel, message: Text) {
    let message = unsafe { string(message) };
    unsafe { records(instance) }.log.push(message);
}

unsafe extern "C" fn metric_register(
    instance: *mut martlet::Instance,
    kind: martlet::MetricKind,
    name: Text,
    _: Text,
) -> martlet::Metric {
    let (name, records) = unsafe { (string(name), records(instance)) };
    if records.phase != Phase::Creating {
        return martlet::ERROR_CLOSED;
    }
    if kind != martlet::METRIC_COUNTER && kind != martlet::METRIC_GAUGE {
        return martlet::ERROR_UNSUPPORTED;
    }
    let mut metrics = records.metrics.lock().unwrap();
    match metrics.iter().position(|metric| metric.name == name) {
        Some(index) if metrics[index].kind == kind => index as martlet::Metric,
        Some(_) => martlet::ERROR_ARGUMENT,
        None if name.is_empty() => martlet::ERROR_ARGUMENT,
        None => {
            metrics.push(Metric { name, kind, value: 0 });
            metrics.len() as martlet::Metric - 1
        }
    }
}

unsafe extern "C" fn metric_add(
    instance: *mut martlet::Instance,
    metric: martlet::Metric,
    amount: i64,
) -> martlet::Result {
    unsafe { records(instance) }.change(metric, |metric| {
        let is_right = amount >= 0 || metric.kind == martlet::METRIC_GAUGE;
        metric.value += if is_right { amount } else { 0 };
        is_right
    })
}

unsafe extern "C" fn metric_set(
    instance: *mut martlet::Instance,
    metric: martlet::Metric,
    value: i64,
) -> martlet::Result {
    unsafe { records(instance) }.change(metric, |metric| {
        let is_right = metric.kind == martlet::METRIC_GAUGE;
        metric.value = if is_right { value } else { metric.value };
        is_right
    })
}

unsafe extern "C" fn refuse(instance: *mut martlet::Instance, path: Text, message: Text) {
    let reason = unsafe { format!("{}: {}", string(path), string(message)) };
    let mut records = unsafe { records(instance) };
    if records.phase != Phase::Running {
        records.refusals.push(reason);
    }
}

unsafe extern "C" fn extension(_: *mut martlet::Instance, id: Text) -> *const c_void {
    if unsafe { id.bytes() } == martlet::HOST_INFO.as_bytes() {
        return std::ptr::addr_of!(HOST_INFO).cast();
    }
    std::ptr::null()
}

unsafe extern "C" fn one(_: *mut martlet::Instance) -> u32 {
    1
}

unsafe extern "C" fn generation(instance: *mut martlet::Instance) -> u32 {
    unsafe { records(instance) }.generation
}

unsafe extern "C" fn listener(_: *mut martlet::Instance) -> Text {
    Text::new("simulated")
}

static HOST_INFO: martlet::HostInfo = martlet::HostInfo {
    size: martlet::size_of::<martlet::HostInfo>(),
    reserved: 0,
    loop_count: one,
    worker_count: one,
    generation,
    listener,
};

static HOST: Host = Host {
    size: martlet::size_of::<Host>(),
    abi: martlet::ABI_VERSION,
    version: Text::new("simulated"),
    reserve,
    commit,
    write,
    write_shared,
    send_file,
    want,
    pause,
    resume,
    expect_input,
    close,
    abort,
    hand_over,
    start_tls,
    set_timer,
    peer: peer_address,
    local: local_address,
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
};
