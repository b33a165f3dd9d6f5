//! What the crates tell `log`, kept for the tests.

use log::{LevelFilter, Log, Metadata, Record};
use std::net::TcpStream;
use std::sync::{Mutex, Once};
use std::thread;
use std::time::{Duration, Instant};

struct Lines(Mutex<Vec<String>>);

static LINES: Lines = Lines(Mutex::new(Vec::new()));
static SET: Once = Once::new();

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        self.0.lock().unwrap().push(format!("{} {} {}", record.level(), record.target(), record.args()));
    }

    fn flush(&self) {}
}

/// Has what is told kept, from now on.
pub(crate) fn keep() {
    SET.call_once(|| {
        log::set_logger(&LINES).unwrap();
        log::set_max_level(LevelFilter::Debug);
    });
}

/// Returns the address of a client as lines name it. Forgets the lines of earlier connections from
/// that address, since the system uses ports again. To be called before anything is sent.
pub(crate) fn client(stream: &TcpStream) -> String {
    let client = stream.local_addr().unwrap().to_string();
    LINES.0.lock().unwrap().retain(|line| !line.contains(&client));
    client
}

/// All lines so far that contain all of these: there is at least one, sooner or later.
pub(crate) fn with(parts: &[&str]) -> Vec<String> {
    let start = Instant::now();
    loop {
        let lines = LINES.0.lock().unwrap().clone();
        let found: Vec<_> = lines.into_iter().filter(|line| parts.iter().all(|part| line.contains(part))).collect();
        if !found.is_empty() {
            return found;
        }
        assert!(start.elapsed() < crate::DEADLINE, "no line with {parts:?}");
        thread::park_timeout(Duration::from_millis(5));
    }
}
