//! A logger that keeps the log lines of the crates for the tests.

use crate::TIMEOUT;
use log::{LevelFilter, Log, Metadata, Record};
use socket2::{Domain, Socket, Type};
use std::net::{SocketAddr, TcpStream};
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

/// Returns a connection and the address of its client as log lines name it.
///
/// No other connection is from that address: the port is bound first, since the system lets
/// connections to several servers share the port that it chooses by itself. Forgets the lines of
/// earlier connections from there.
pub(crate) fn connect(server: SocketAddr) -> (TcpStream, String) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let client = socket.local_addr().unwrap().as_socket().unwrap().to_string();
    LINES.0.lock().unwrap().retain(|line| !line.contains(&client));
    socket.connect(&server.into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    stream.set_write_timeout(Some(TIMEOUT)).unwrap();
    (stream, client)
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
