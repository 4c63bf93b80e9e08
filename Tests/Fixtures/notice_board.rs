//! A notice board in Rust: instance state, groups, a timer and output to another connection, through `martlet.rs`, and
//! its tests in the simulation. The tests of `martlet new` run it in a new project called word-count.
//!
//!     watch          this connection gets each notice, and "# N notices" every ten seconds
//!     pin TEXT       adds a notice
//!     tell ID TEXT   writes to another connection of this loop

mod simulation;

use simulation::{Host, Peer, Settings};
use std::ffi::c_void;
use std::ptr::{null, null_mut};
use std::sync::Mutex;
use word_count::martlet::{self, Connection, Env, Groups, Loops, Membership, Opening, Plugin, Text, Value};

const WATCHERS: Text = Text::new("watchers");

struct Board {
    loops: &'static Loops,
    groups: &'static Groups,
    notices: Mutex<Vec<Vec<u8>>>,
}

impl Board {
    fn tell_watchers(&self, env: &Env, line: &[u8], except: martlet::ConnectionId) -> martlet::Result {
        unsafe { (self.groups.send)(env.instance, WATCHERS, line.as_ptr().cast(), line.len(), except) }
    }

    /// Under the lock: a peer that joins at the same time gets the notice once, here or from the group.
    fn watch(&self, env: &Env, connection: *mut Connection) -> martlet::Result {
        let size = martlet::size_of::<Membership>();
        let membership = Membership { size, policy: martlet::BACKLOG_CLOSE, backlog: 65536 };
        let notices = self.notices.lock().unwrap();
        let result = unsafe { (self.groups.join)(connection, WATCHERS, &membership) };
        for notice in notices.iter() {
            unsafe { (env.host.write)(connection, notice.as_ptr().cast(), notice.len()) };
        }
        result
    }

    fn pin(&self, env: &Env, connection: *mut Connection, line: &[u8]) -> martlet::Result {
        let mut notices = self.notices.lock().unwrap();
        notices.push(line.to_vec());
        self.tell_watchers(env, line, unsafe { (env.host.id)(connection) })
    }

    fn tell(&self, env: &Env, line: &[u8]) -> martlet::Result {
        let end = line.iter().position(|&byte| byte == b' ').unwrap_or(0);
        let id = std::str::from_utf8(&line[..end]).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
        let other = unsafe { (self.loops.connection)(env, id) };
        if other.is_null() {
            return martlet::ERROR_CLOSED;
        }
        let text = &line[end + 1..];
        unsafe { (env.host.write)(other, text.as_ptr().cast(), text.len()) }
    }
}

unsafe extern "C" fn tick(env: &Env, _context: *mut c_void) {
    let board = unsafe { env.state::<Board>() };
    let line = format!("# {} notices\n", board.notices.lock().unwrap().len());
    board.tell_watchers(env, line.as_bytes(), 0);
}

unsafe extern "C" fn create(
    _descriptor: &'static Plugin,
    host: &'static martlet::Host,
    instance: *mut martlet::Instance,
    _options: &Value,
    state: &mut *mut c_void,
) -> martlet::Result {
    let (loops, groups) = unsafe {
        match (host.find::<Loops>(instance, martlet::LOOPS), host.find::<Groups>(instance, martlet::GROUPS)) {
            (Some(loops), Some(groups)) => (loops, groups),
            _ => return martlet::ERROR_UNSUPPORTED,
        }
    };
    *state = Box::into_raw(Box::new(Board { loops, groups, notices: Mutex::new(Vec::new()) })).cast();
    // It ends with the instance.
    let mut timer = 0;
    unsafe { (loops.start_timer)(instance, 0, 10_000, 10_000, tick, None, null_mut(), &mut timer) }
}

unsafe extern "C" fn destroy(state: *mut c_void) {
    drop(unsafe { Box::from_raw(state.cast::<Board>()) });
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
    let board = unsafe { env.state::<Board>() };
    let input = unsafe { std::slice::from_raw_parts(data, length) };
    for line in input.split_inclusive(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\n")) {
        *consumed += line.len();
        let result = match line {
            b"watch\n" => board.watch(env, connection),
            [b'p', b'i', b'n', b' ', notice @ ..] => board.pin(env, connection, notice),
            [b't', b'e', b'l', b'l', b' ', rest @ ..] => board.tell(env, rest),
            _ => return martlet::ERROR_PEER,
        };
        if result < martlet::OK {
            let answer = format!("error {result}\n");
            unsafe { (env.host.write)(connection, answer.as_ptr().cast(), answer.len()) };
        }
    }
    martlet::OK
}

// ------------------------------------------------------------------------------------------------- instance state

/// A piece for each notice.
unsafe extern "C" fn save(env: &Env, put: martlet::StatePut, put_context: *mut c_void) -> martlet::Result {
    for notice in unsafe { env.state::<Board>() }.notices.lock().unwrap().iter() {
        let result = unsafe { put(put_context, notice.as_ptr().cast(), notice.len()) };
        if result != martlet::OK {
            return result;
        }
    }
    martlet::OK
}

unsafe extern "C" fn restore(env: &Env, version: u32, data: *const u8, length: usize) -> martlet::Result {
    if version != 1 {
        return martlet::ERROR_UNSUPPORTED;
    }
    if length > 0 {
        let piece = unsafe { std::slice::from_raw_parts(data, length) }.to_vec();
        unsafe { env.state::<Board>() }.notices.lock().unwrap().push(piece);
    }
    martlet::OK
}

static STATE: martlet::InstanceState = martlet::InstanceState {
    size: martlet::size_of::<martlet::InstanceState>(),
    version: 1,
    oldest: 1,
    newest: 1,
    schema: Text::new("notice-board.notices"),
    flags: 0,
    reserved: 0,
    save,
    restore,
    moved: None,
};

// ----------------------------------------------------------------------------------------------------- descriptor

static EXTENSIONS: [martlet::Extension; 1] = [martlet::Extension {
    size: martlet::size_of::<martlet::Extension>(),
    reserved: 0,
    id: Text::new(martlet::INSTANCE_STATE),
    functions: std::ptr::addr_of!(STATE).cast(),
}];

static REQUIRED: [Text; 2] = [Text::new(martlet::LOOPS), Text::new(martlet::GROUPS)];

static PLUGIN: Plugin = Plugin {
    size: martlet::size_of::<Plugin>(),
    abi: martlet::ABI_VERSION,
    name: Text::new("notice-board"),
    version: Text::new("1.0.0"),
    summary: Text::new("Notices for everybody who watches"),
    example: Text::EMPTY,
    threads: martlet::THREADS_LOOPS,
    flags: martlet::PLUGIN_PLAIN_SESSIONS,
    options: null(),
    option_count: 0,
    extensions: EXTENSIONS.as_ptr(),
    extension_count: EXTENSIONS.len(),
    required_extensions: REQUIRED.as_ptr(),
    required_extension_count: REQUIRED.len(),
    session_size: 8,
    session_align: 8,
    session_layout: Text::new("notice-board.session/1"),
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

fn send(host: &Host, peer: &Peer, line: &str) {
    peer.send(line.as_bytes(), 0);
    host.run_work();
}

#[test]
fn watchers_get_notices_and_ticks() {
    let host = Host::start(&PLUGIN, &Settings::new("")).unwrap();
    let (watcher, writer) = (host.connect(), host.connect());
    send(&host, &watcher, "watch\n");
    send(&host, &writer, "watch\npin closed on Monday\n");
    assert_eq!(watcher.output(), "closed on Monday\n");
    assert_eq!(writer.output(), "");
    host.advance(10_000_000_000);
    assert_eq!(watcher.output(), "# 1 notices\n");
    assert_eq!(writer.output(), "# 1 notices\n");
}

#[test]
fn one_peer_tells_another() {
    let host = Host::start(&PLUGIN, &Settings::new("")).unwrap();
    let (one, other) = (host.connect(), host.connect());
    send(&host, &one, &format!("tell {} hello\n", other.state().id));
    assert_eq!(other.output(), "hello\n");
    send(&host, &one, "tell 0 hello\n");
    assert_eq!(one.output(), "error -1\n");
}

#[test]
fn notices_and_watchers_survive_a_swap() {
    let host = Host::start(&PLUGIN, &Settings::new("")).unwrap();
    let watcher = host.connect();
    send(&host, &watcher, "pin one\npin two\nwatch\n");
    assert_eq!(watcher.output(), "one\ntwo\n");
    let next = host.next_generation(&PLUGIN, "").unwrap();
    assert_eq!(host.swap(&next), [simulation::MOVED]);
    let newcomer = next.connect();
    send(&next, &newcomer, "watch\npin three\n");
    assert_eq!(newcomer.output(), "one\ntwo\n");
    assert_eq!(watcher.output(), "three\n");
}
