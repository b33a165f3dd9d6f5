//! A logger that keeps the log lines of the crates for the tests.

use crate::TIMEOUT;
use log::{LevelFilter, Log, Metadata, Record};
use std::net::TcpStream;
use std::sync::{Condvar, Mutex, Once};

struct Lines(Mutex<Vec<String>>, Condvar);

static LINES: Lines = Lines(Mutex::new(Vec::new()), Condvar::new());
static SET: Once = Once::new();
/// While a test has this lock, the logger blocks at a line with [`HELD`] in it.
pub(crate) static LOCK: Mutex<()> = Mutex::new(());
pub(crate) const HELD: &str = "/held-by-the-log";

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = format!("{} {} {}", record.level(), record.target(), record.args());
        if line.contains(HELD) {
            drop(LOCK.lock());
        }
        self.0.lock().unwrap().push(line);
        self.1.notify_all();
    }

    fn flush(&self) {}
}

/// Keeps log lines from now on.
pub(crate) fn keep() {
    SET.call_once(|| {
        log::set_logger(&LINES).unwrap();
        log::set_max_level(LevelFilter::Debug);
    });
}

/// Returns the address of a client as log lines name it.
///
/// Forgets the lines of earlier connections from that address, since the system reuses ports. Call
/// this before anything is sent.
pub(crate) fn client(stream: &TcpStream) -> String {
    let client = stream.local_addr().unwrap().to_string();
    LINES.0.lock().unwrap().retain(|line| !line.contains(&client));
    client
}

/// Waits for log lines that contain all of these parts, and returns them.
pub(crate) fn with(parts: &[&str]) -> Vec<String> {
    let found = |lines: &[String]| -> Vec<String> {
        lines.iter().filter(|line| parts.iter().all(|part| line.contains(part))).cloned().collect()
    };
    let waited = LINES
        .1
        .wait_timeout_while(LINES.0.lock().unwrap(), TIMEOUT, |lines| found(lines).is_empty());
    let (lines, waited) = waited.unwrap();
    let found = found(&lines);
    drop(lines);
    assert!(!waited.timed_out(), "no line with {parts:?}");
    found
}
