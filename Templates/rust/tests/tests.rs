mod simulated_host;

use line_count::martlet::{self, Env};
use line_count::martlet_plugin_entry;
use simulated_host::{Setting, SimulatedHost};

fn settings(max_line: i64, greeting: &'static str) -> [(&'static str, Setting); 2] {
    [("max_line", Setting::Integer(martlet::TYPE_SIZE, max_line)), ("greeting", Setting::Text(greeting))]
}

fn start(max_line: i64, greeting: &'static str) -> SimulatedHost {
    SimulatedHost::start(martlet_plugin_entry(martlet::ABI_VERSION), &settings(max_line, greeting)).unwrap()
}

#[test]
fn counts_lines() {
    for piece in 0..8 {
        let mut host = start(64, "welcome");
        let peer = host.connect();
        assert_eq!(host.output(peer), "welcome\n");
        host.send(peer, b"hello\r\n\nabc\nquit\nnever seen\n", piece);
        assert_eq!(host.output(peer), "1 5\n2 0\n3 3\nbye 3\n");
        assert_eq!(host.close_reason(peer), Some(martlet::CLOSED_BY_PLUGIN));
        assert_eq!(host.metric("lines_total"), Some(3));
    }
}

#[test]
fn a_line_longer_than_the_maximum_ends_the_connection() {
    let mut host = start(16, "");
    let peer = host.connect();
    host.send(peer, b"0123456789abcdef\r\n", 0);
    assert_eq!(host.output(peer), "1 16\n");
    host.send(peer, b"0123456789abcdefgh", 1);
    assert_eq!(host.output(peer), "error: line too long\n");
    assert!(!host.is_open(peer));
}

#[test]
fn a_peer_that_does_not_read_causes_backpressure() {
    let mut host = start(64, "");
    host.high_water = 8;
    let peer = host.connect();
    for _ in 0..100 {
        host.send(peer, b"x\n", 0);
    }
    assert!(host.calls(peer) < 10);
    let mut answered = 0;
    loop {
        let output = host.output(peer);
        if output.is_empty() {
            break;
        }
        answered += output.lines().count();
    }
    assert_eq!(answered, 100);
}

#[test]
fn counts_survive_a_swap() {
    let mut host = start(64, "");
    let peer = host.connect();
    host.send(peer, b"a\nb\nhalf", 0);
    assert_eq!(host.output(peer), "1 1\n2 1\n");
    assert_eq!(host.swap(&settings(64, "new")), Ok(0));
    host.send(peer, b" a line\n", 0);
    assert_eq!(host.output(peer), "3 11\n");
    let newcomer = host.connect();
    assert_eq!(host.output(newcomer), "new\n");
    assert_eq!(host.metric("lines_total"), Some(3));
}

#[test]
fn a_refused_swap_changes_nothing() {
    let mut host = start(64, "");
    let peer = host.connect();
    host.send(peer, b"a\n", 0);
    assert!(host.swap(&settings(64, "one\ntwo")).is_err());
    host.send(peer, b"b\n", 0);
    assert_eq!(host.output(peer), "1 1\n2 1\n");
}

#[test]
fn the_operation_returns_the_count() {
    let mut host = start(64, "");
    for lines in ["a\nb\n", "c\n"] {
        let peer = host.connect();
        host.send(peer, lines.as_bytes(), 0);
    }
    let lines = host.call("lines", |function, env| {
        let lines: unsafe extern "C" fn(&Env) -> u64 = unsafe { std::mem::transmute(function) };
        unsafe { lines(env) }
    });
    assert_eq!(lines, Ok(3));
}

#[test]
fn a_greeting_of_two_lines_is_refused() {
    let refused = SimulatedHost::start(martlet_plugin_entry(martlet::ABI_VERSION), &settings(64, "one\ntwo"));
    assert_eq!(refused.err(), Some(vec!["greeting: must be one line".to_string()]));
}

#[test]
fn a_reset_connection_leaks_nothing() {
    let mut host = start(64, "");
    let peer = host.connect();
    host.send(peer, b"half a li", 0);
    host.reset(peer);
    assert!(!host.is_open(peer));
}

#[test]
fn a_half_closed_peer_gets_its_answers() {
    let mut host = start(64, "");
    let peer = host.connect();
    host.send(peer, b"a\nhalf a li", 0);
    host.finish(peer);
    assert_eq!(host.output(peer), "1 1\n");
    assert_eq!(host.close_reason(peer), Some(martlet::CLOSED_BY_PEER));
}
