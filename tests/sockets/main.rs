//! Tests of the crates over real sockets on loopback.
//!
//! The crates talk to each other, as programs that a person runs, and to other people's programs.
//! Every socket is bound to port 0, and every wait has a timeout.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod both_ways;
mod browser;
mod client;
mod client_timeouts;
mod clients;
mod clocked;
mod connectors;
mod datagrams;
mod engine;
mod events;
mod explain;
mod fetch;
mod files;
mod hostile;
mod limited;
mod lingering;
mod log_lines;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod memory;
mod messages;
mod overload;
mod pages;
mod peers;
mod programs;
#[cfg(unix)]
mod proxies;
mod raw_client;
mod raw_octets;
mod redirects;
mod rejections;
mod server;
mod service;
#[cfg(target_os = "linux")]
mod signals;
mod tally;
mod timeouts;
mod tls;
mod tls_peers;
mod tls_server;
mod tokio_examples;
mod transports;
mod tutorial;
mod unread;
mod uploads;
mod websocket;

use bareline_net::{ServerStream, Settings};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const TIMEOUT: Duration = Duration::from_secs(20);

/// Polls a condition, and returns whether it holds within this time.
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

/// Returns whether nothing listens at the address that `connect` tries. A process that another
/// test starts has the socket too, until it runs its program.
fn nothing_listens<S>(connect: impl Fn() -> io::Result<S>) -> bool {
    until(TIMEOUT, || connect().is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused))
}

fn is_free(address: SocketAddr) -> bool {
    nothing_listens(|| TcpStream::connect_timeout(&address, TIMEOUT))
}

/// A loopback address at which no other test listens: a port that is free here stays free.
const ALONE: &str = "127.83.0.1:0";

fn free_address() -> SocketAddr {
    let address = TcpListener::bind(ALONE).unwrap().local_addr().unwrap();
    assert!(is_free(address));
    address
}

/// Waits for this time; returns false at once if octets or the end arrive.
fn stays_silent(stream: &TcpStream, time: Duration) -> bool {
    stream.set_read_timeout(Some(time)).unwrap();
    let peeked = stream.peek(&mut [0]);
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    peeked.is_err_and(|error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

/// Serves one connection by `serve` in a thread; returns its address and the thread.
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
    let stream = TcpStream::connect_timeout(&address, TIMEOUT).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    stream.set_write_timeout(Some(TIMEOUT)).unwrap();
    stream
}

/// Sends these octets and reads the response to its end.
fn exchange(address: SocketAddr, octets: &[u8]) -> String {
    let mut stream = connect(address);
    stream.write_all(octets).unwrap();
    read_all(stream)
}

/// Sends these octets and the end of input, then reads the response to its end.
///
/// A server that keeps the connection alive closes it at the end of input.
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

/// A running example server, which is killed on drop.
struct Program {
    child: Child,
    address: String,
    output: Receiver<String>,
    notes: Receiver<String>,
}

fn example(name: &str) -> Command {
    built(&format!("examples/{name}"))
}

/// Returns a program in the folder of what Cargo builds.
fn built(path: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let program = profile.join(format!("{path}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.exists(),
        "{} is not built: run `cargo test`, or `cargo build --examples` first",
        program.display()
    );
    Command::new(program)
}

/// Returns the lines of a stream, as they arrive.
fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        BufReader::new(stream).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
    });
    receiver
}

fn next(lines: &Receiver<String>) -> String {
    lines.recv_timeout(TIMEOUT).expect("a line in time")
}

impl Program {
    /// Starts a server on a free port.
    fn start(name: &str) -> Self {
        Self::of(example(name).arg("127.0.0.1:0"))
    }

    /// Starts a server on a free port that logs each request.
    fn start_telling(name: &str) -> Self {
        Self::of(example(name).args(["--log", "127.0.0.1:0"]))
    }

    /// Starts a server that prints its address first.
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

/// Runs a program until it exits, within a timeout.
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
    if !until(6 * TIMEOUT, || child.try_wait().unwrap().is_some()) {
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

/// Prints that a test is skipped. The test harness captures `eprintln`, so this writes to stderr.
#[allow(clippy::explicit_write, reason = "it would not be heard")]
fn skip(reason: &str) {
    assert!(std::env::var_os("BARELINE_PEERS").is_none(), "{reason}, and BARELINE_PEERS is set");
    writeln!(std::io::stderr(), "SKIPPED: {reason}").unwrap();
}

/// Returns the peak resident memory of a process in KB, where the system reports it.
fn peak_memory(child: &Child) -> Option<u64> {
    status_of(child, "VmHWM:")
}

/// Reads a number from the system's status of a process.
fn status_of(child: &Child, name: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
