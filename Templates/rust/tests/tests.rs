mod simulation;

use line_count::martlet;
use line_count::martlet_plugin_entry;
use simulation::{Host, Settings};

fn plugin() -> *const martlet::Plugin {
    martlet_plugin_entry(martlet::ABI_VERSION)
}

/// `listener` is the text of the listener's file.
fn start(listener: &'static str) -> Host {
    Host::start(plugin(), &Settings::new(listener)).unwrap()
}

#[test]
fn counts_lines() {
    for piece in 0..8 {
        let host = start("[options]\nmax_line = 64\ngreeting = 'welcome'");
        let peer = host.connect();
        assert_eq!(peer.output(), "welcome\n");
        peer.send(b"hello\r\n\nabc\nquit\nnever seen\n", piece);
        assert_eq!(peer.output(), "1 5\n2 0\n3 3\nbye 3\n");
        assert_eq!(peer.state().reason, martlet::CLOSED_BY_PLUGIN);
        assert_eq!(host.metric("lines_total"), Some(3));
    }
}

#[test]
fn the_histogram_counts_the_lengths_of_lines() {
    let host = start("");
    let peer = host.connect();
    for line in ["hello\n".to_string(), format!("{}\n", "x".repeat(17)), format!("{}\n", "x".repeat(2000))] {
        peer.send(line.as_bytes(), 0);
    }
    let bucket = |bound| host.metric(&format!("line_bytes_bucket{{le=\"{bound}\"}}"));
    assert_eq!([bucket("16"), bucket("64"), bucket("1024"), bucket("+Inf")], [Some(1), Some(2), Some(2), Some(3)]);
    assert_eq!((host.metric("line_bytes_sum"), host.metric("line_bytes_count")), (Some(2022), Some(3)));
}

#[test]
fn a_line_longer_than_the_maximum_ends_the_connection() {
    let host = start("[options]\nmax_line = 16");
    let peer = host.connect();
    peer.send(b"0123456789abcdef\r\n", 0);
    assert_eq!(peer.output(), "1 16\n");
    peer.send(b"0123456789abcdefgh", 1);
    assert_eq!(peer.output(), "error: line too long\n");
    assert_eq!(peer.state().is_open, 0);
}

#[test]
fn a_peer_that_does_not_read_causes_backpressure() {
    let host = Host::start(plugin(), &Settings { output_high_water: 8, ..Settings::new("") }).unwrap();
    let peer = host.connect();
    peer.set_reads_at_once(false);
    for _ in 0..100 {
        peer.send(b"x\n", 0);
    }
    assert!(peer.state().presentations < 10);
    peer.set_reads_at_once(true);
    assert_eq!(peer.output().lines().count(), 100);
}

#[test]
fn counts_survive_a_swap() {
    let host = start("");
    let peer = host.connect();
    peer.send(b"a\nb\nhalf", 0);
    assert_eq!(peer.output(), "1 1\n2 1\n");
    let next = host.next_generation(plugin(), "[options]\ngreeting = 'new'").unwrap();
    assert_eq!(host.swap(&next), [simulation::MOVED]);
    peer.send(b" a line\n", 0);
    assert_eq!(peer.output(), "3 11\n");
    let newcomer = next.connect();
    assert_eq!(newcomer.output(), "new\n");
    assert_eq!(next.metric("lines_total"), Some(3));
}

#[test]
fn a_refused_swap_changes_nothing() {
    let host = start("");
    let peer = host.connect();
    peer.send(b"a\n", 0);
    assert!(host.next_generation(plugin(), "[options]\ngreeting = \"one\\ntwo\"").is_err());
    peer.send(b"b\n", 0);
    assert_eq!(peer.output(), "1 1\n2 1\n");
}

#[test]
fn the_operation_returns_the_count() {
    let host = start("");
    for lines in ["a\nb\n", "c\n"] {
        host.connect().send(lines.as_bytes(), 0);
    }
    assert_eq!(host.call("lines", &[]), Ok(vec!["3".to_string()]));
}

#[test]
fn a_greeting_of_two_lines_is_refused() {
    let refused = Host::start(plugin(), &Settings::new("[options]\ngreeting = \"one\\ntwo\""));
    assert_eq!(refused.err(), Some(vec!["greeting: must be one line".to_string()]));
}

#[test]
fn a_reset_connection_leaks_nothing() {
    let host = start("");
    let peer = host.connect();
    peer.send(b"half a li", 0);
    peer.reset();
    assert_eq!(peer.state().is_open, 0);
}

#[test]
fn a_half_closed_peer_gets_its_answers() {
    let host = start("");
    let peer = host.connect();
    peer.send(b"a\nhalf a li", 0);
    peer.finish_sending();
    assert_eq!(peer.output(), "1 1\n");
    assert_eq!(peer.state().reason, martlet::CLOSED_BY_PEER);
}
