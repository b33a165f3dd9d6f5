//! The crates over real sockets on loopback: between each other, as programs that a person runs,
//! and with programs that others wrote.
//!
//! Every socket is bound to port 0, and every wait has a deadline.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod client;
mod clients;
mod datagrams;
mod fetch;
mod hostile;
mod limited;
mod lingering;
mod log_lines;
mod messages;
mod overload;
mod pages;
mod peers;
mod programs;
#[cfg(unix)]
mod proxies;
mod raw_client;
mod raw_octets;
mod server;
mod service;
#[cfg(target_os = "linux")]
mod signals;
mod tally;
mod transports;
mod unread;
mod uploads;

use bareline_net::{ServerStream, Settings};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(20);

/// Returns true when it has become so within this time. It looks again and again: this is for what
/// nobody tells of.
fn until(deadline: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !is_so() {
        if start.elapsed() >= deadline {
            return false;
        }
        thread::park_timeout(Duration::from_millis(2));
    }
    true
}

/// Waits for so long; returns false at once if octets or the end come meanwhile.
fn stays_silent(stream: &TcpStream, time: Duration) -> bool {
    stream.set_read_timeout(Some(time)).unwrap();
    let peeked = stream.peek(&mut [0]);
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    peeked.is_err_and(|error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

/// One connection, served by `serve` in a thread of its own; gives its address and what came of it.
fn serve_one<T: Send + 'static>(
    settings: Settings,
    serve: impl FnOnce(ServerStream) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let served = thread::spawn(move || {
        serve(ServerStream::with_settings(listener.accept().unwrap().0, settings))
    });
    (address, served)
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, DEADLINE).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_write_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// Sends these octets and reads the answer to its end.
fn exchange(address: SocketAddr, octets: &[u8]) -> String {
    let mut stream = connect(address);
    stream.write_all(octets).unwrap();
    read_all(stream)
}

/// The same, where nothing comes behind these octets: a server that keeps the connection ends it
/// then.
fn exchange_all(address: SocketAddr, octets: &[u8]) -> String {
    let mut stream = connect(address);
    stream.write_all(octets).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    read_all(stream)
}

fn read_all(mut stream: impl Read) -> String {
    let mut response = Vec::new();
    stream.read_to_end(&mut response).unwrap();
    String::from_utf8(response).unwrap()
}

/// One of the example servers at work, ended when this goes.
struct Program {
    child: Child,
    address: String,
    output: Receiver<String>,
    notes: Receiver<String>,
}

fn example(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let program = profile.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.exists(),
        "{} is not built: run `cargo test`, or `cargo build --examples` first",
        program.display()
    );
    Command::new(program)
}

/// The lines of a stream, as they come.
fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        BufReader::new(stream).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
    });
    receiver
}

fn next(lines: &Receiver<String>) -> String {
    lines.recv_timeout(DEADLINE).expect("a line in time")
}

impl Program {
    /// Starts a server on a free port.
    fn start(name: &str) -> Self {
        Self::of(example(name).arg("127.0.0.1:0"))
    }

    /// The same, and it tells each request.
    fn start_telling(name: &str) -> Self {
        Self::of(example(name).args(["--log", "127.0.0.1:0"]))
    }

    /// Starts a server that tells its address first.
    fn of(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (output, notes) =
            (lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap()));
        let address = next(&notes).rsplit(' ').next().unwrap().to_owned();
        Self { child, address, output, notes }
    }

    fn tcp(&self) -> SocketAddr {
        self.address.parse().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program to its end, which has to come in time.
fn run(command: &mut Command) -> Output {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let read = |mut stream: Box<dyn Read + Send>| {
        thread::spawn(move || {
            let mut octets = Vec::new();
            stream.read_to_end(&mut octets).map(|_| octets)
        })
    };
    let (stdout, stderr) = (
        read(Box::new(child.stdout.take().unwrap())),
        read(Box::new(child.stderr.take().unwrap())),
    );
    if !until(6 * DEADLINE, || child.try_wait().unwrap().is_some()) {
        child.kill().unwrap();
        panic!("{command:?} has not ended in time");
    }
    let status = child.wait().unwrap();
    Output {
        status,
        stdout: stdout.join().unwrap().unwrap(),
        stderr: stderr.join().unwrap().unwrap(),
    }
}

fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

/// Tells that a test did not take place. Not by `eprintln`, which the test harness keeps to itself.
#[allow(clippy::explicit_write, reason = "it would not be heard")]
fn skip(reason: &str) {
    assert!(std::env::var_os("BARELINE_PEERS").is_none(), "{reason}, and BARELINE_PEERS is set");
    writeln!(std::io::stderr(), "SKIPPED: {reason}").unwrap();
}

/// The most resident memory that a process has had, in KB, where the system tells.
fn peak_memory(child: &Child) -> Option<u64> {
    status_of(child, "VmHWM:")
}

/// Reads a number of what the system tells of a process.
fn status_of(child: &Child, name: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
