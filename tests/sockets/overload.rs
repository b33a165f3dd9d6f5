//! Tests of overload: a server has too many connections, slow ones, or large messages.
//!
//! FAILURE_MODES.md lists these situations. Where the system's limit of open files is low, a test
//! opens fewer connections.

use crate::programs::RESPONSE;
use crate::{
    Program, TIMEOUT, connect, example, exchange, next, peak_memory, read_all, skip, status_of,
    until,
};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

const GET: &[u8] = b"GET /status/200 HTTP/1.1\r\nHost: a\r\n\r\n";
const LAST_GET: &[u8] = b"GET /status/200 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// A lock for tests that open many sockets, so that together they do not open too many.
static MANY_SOCKETS: Mutex<()> = Mutex::new(());

/// Returns the wanted number of connections, or the number that the system allows a process.
fn as_many_as(wanted: usize) -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let limit =
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(1024_usize);
    wanted.min(limit.saturating_sub(limit / 4).saturating_sub(100))
}

/// Opens connections as fast as the server accepts them.
///
/// When about 128 wait, the system drops the next one, whose client retries a second later.
fn connect_often(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    let open = |number| {
        if number % 64 == 63 {
            // When this connection has its response or is closed, the previous ones have been
            // accepted.
            let mut last = connect(address);
            let _ = last.write_all(LAST_GET).and_then(|()| last.read(&mut [0]));
        }
        connect(address)
    };
    (0..count).map(open).collect()
}

/// Returns the time in which a new client gets its response.
///
/// This is the shortest of a few tries, since the machine may be busy.
fn wait_of_a_new_client(address: SocketAddr) -> Duration {
    let wait = || {
        let start = Instant::now();
        assert!(exchange(address, LAST_GET).starts_with("HTTP/1.1 200 "));
        start.elapsed()
    };
    (0..5).map(|_| wait()).min().unwrap()
}

#[test]
fn a_thousand_half_heads_hold_up_nobody() {
    let _turn = MANY_SOCKETS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let server = Program::start_telling("http_server");
    let mut slow = connect_often(server.tcp(), as_many_as(1000));
    // A slowloris attack: each connection sends one octet at a time.
    for octet in b"GET / HTTP/1.1\r\nX:" {
        for stream in &mut slow {
            stream.write_all(&[*octet]).unwrap();
        }
    }
    let wait = wait_of_a_new_client(server.tcp());
    assert!(wait < Duration::from_millis(100), "{wait:?}");
}

#[test]
fn ten_thousand_connections_are_served_or_told_to_retry() {
    let _turn = MANY_SOCKETS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let server = Program::start_telling("http_server");
    let count = as_many_as(10_000);
    let mut streams = connect_often(server.tcp(), count);
    // Connections that have been silent for a while may have been closed for others.
    let mut outcomes = [0; 3];
    for stream in &mut streams {
        let mut response = [0; 12];
        let _ = stream.write_all(GET); // it may have its response already
        let outcome = match stream.read_exact(&mut response) {
            Ok(()) if &response == b"HTTP/1.1 200" => 0,
            Ok(()) if &response == b"HTTP/1.1 503" => 1,
            Ok(()) => panic!("{}", String::from_utf8_lossy(&response)),
            Err(_) => 2,
        };
        outcomes[outcome] += 1;
    }
    let [served, overload, closed] = outcomes;
    eprintln!("of {count} connections {served} were served, {overload} got a 503, {closed} closed");
    assert!(served >= count.min(4096) / 2, "{outcomes:?}");
    drop(streams);
    let wait = wait_of_a_new_client(server.tcp());
    assert!(wait < Duration::from_millis(100), "{wait:?}");
}

/// Takes descriptors from a server that has begun with more, as its handlers could.
#[cfg(target_os = "linux")]
fn limit_descriptors(server: &Program, most: usize) {
    let mut command = Command::new("prlimit");
    command.args([format!("--pid={}", server.child.id()), format!("--nofile={most}")]);
    assert!(command.status().unwrap().success());
}

/// Opens connections, each with a request whose last octet is missing. Without descriptors, the
/// server closes connections that have sent nothing, so each request is sent before the next
/// connection begins.
#[cfg(target_os = "linux")]
fn requests_in_progress(server: &Program, count: usize) -> Vec<TcpStream> {
    let open = |_| {
        let mut stream = connect(server.tcp());
        stream.write_all(b"PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nh").unwrap();
        stream
    };
    (0..count).map(open).collect()
}

/// A server with few file descriptors runs out of them.
#[cfg(target_os = "linux")]
#[test]
fn a_server_without_file_descriptors_waits_for_some() {
    let server = Program::start_telling("http_server");
    limit_descriptors(&server, 30);
    // These connections stay open, since their requests are in progress.
    let busy = requests_in_progress(&server, 60);
    let line = next(&server.notes);
    assert!(line.contains("cannot accept connections, retrying: "), "{line}");
    // While no descriptor is free, the server does not spin, and does not log the error repeatedly.
    let cpu = processor_time(server.child.id());
    let again = server.notes.recv_timeout(Duration::from_secs(1));
    assert!(again.is_err(), "it logs {again:?}");
    assert!(processor_time(server.child.id()) - cpu < 20, "it is busy with nothing");
    for mut stream in busy {
        stream.write_all(b"i").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let response = read_all(stream);
        assert!(response.starts_with("HTTP/1.1 200 ") && response.ends_with("hi"), "{response}");
    }
    assert!(exchange(server.tcp(), LAST_GET).starts_with("HTTP/1.1 200 "));
    let mut lines = vec![];
    while !lines.iter().any(|line: &String| line.contains("/status/200")) {
        lines.push(next(&server.notes));
    }
    let told = |part| lines.iter().filter(|line| line.contains(part)).count();
    assert!(told("accepting connections again") >= 1, "{lines:?}");
    assert_eq!(
        told("cannot accept connections"),
        told("accepting connections again") - 1,
        "{lines:?}"
    );
}

/// Starts a server that may open this many descriptors, until it gets more.
#[cfg(target_os = "linux")]
fn start_with_descriptors(name: &str, most: usize) -> Program {
    let program = example(name);
    let mut command = Command::new("sh");
    let script = format!("ulimit -S -n {most} && exec \"$0\" 127.0.0.1:0");
    Program::of(command.args(["-c", &script]).arg(program.get_program()))
}

/// The server logs that it lacks descriptors, and backs off.
#[cfg(target_os = "linux")]
fn backs_off(name: &str, server: &Program) {
    let line = next(&server.notes);
    assert!(line.starts_with(&format!("{name}: cannot accept a connection: ")), "{line}");
    let cpu = processor_time(server.child.id());
    thread::park_timeout(Duration::from_secs(1));
    assert!(processor_time(server.child.id()) - cpu < 20, "it is busy with nothing");
}

#[cfg(target_os = "linux")]
#[test]
fn the_example_servers_wait_for_file_descriptors() {
    for name in ["tcp_server", "tokio_server"] {
        let server = start_with_descriptors(name, 30);
        let idle: Vec<_> = (0..60).map(|_| connect(server.tcp())).collect();
        backs_off(name, &server);
        drop(idle);
        let response = exchange(server.tcp(), b"GET / HTTP/1.0\r\n\r\n");
        assert!(response.contains(" 200 OK\r\n"), "{response}");
    }
    // It serves one client at a time, so that it lacks the first descriptor.
    let server = start_with_descriptors("sans_io", 4);
    backs_off("sans_io", &server);
    limit_descriptors(&server, 30);
    let response = exchange(server.tcp(), b"GET / HTTP/1.0\r\n\r\n");
    assert!(response.contains(" 200 OK\r\n"), "{response}");
}

/// A thousand connections have a thread each.
#[cfg(target_os = "linux")]
#[test]
fn the_articles_server_has_a_thousand_threads_at_most() {
    let _turn = MANY_SOCKETS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let server = Program::start("tcp_server");
    let count = as_many_as(1100);
    if count < 1100 {
        return skip("the system allows too few connections");
    }
    let threads = || status_of(&server.child, "Threads:").unwrap();
    let before = threads();
    let mut open: Vec<_> = (0..1000).map(|_| connect(server.tcp())).collect();
    assert!(until(TIMEOUT, || threads() == before + 1000), "{} threads", threads());
    // The next ones wait for the end of one of these.
    let more: Vec<_> = (0..100).map(|_| connect(server.tcp())).collect();
    let mut waiting = &more[0];
    waiting.write_all(LAST_GET).unwrap();
    assert!(crate::stays_silent(waiting, Duration::from_millis(300)));
    assert_eq!(threads(), before + 1000);
    drop(open.pop());
    assert_eq!(read_all(waiting), RESPONSE);
}

/// `accept` without a free descriptor fails even if no connection waits.
#[cfg(target_os = "linux")]
#[test]
fn the_last_file_descriptor_costs_no_idle_connection() {
    let server = Program::start("http_server");
    limit_descriptors(&server, 30);
    let is_free = |number: &u32| {
        let path = format!("/proc/{}/fd/{number}", server.child.id());
        std::fs::symlink_metadata(path).is_err()
    };
    let free = (0..30).filter(is_free).count();
    let get = |mut stream: &TcpStream| {
        stream.write_all(GET).unwrap();
        assert!(stream.read(&mut [0; 500]).unwrap() > 0);
    };
    let streams: Vec<_> = (0..free).map(|_| connect(server.tcp())).collect();
    streams.iter().for_each(get);
    streams.iter().for_each(get);
    assert!(server.notes.recv_timeout(Duration::from_millis(100)).is_err());
    drop(streams);
    assert!(exchange(server.tcp(), LAST_GET).starts_with("HTTP/1.1 200 "));
}

/// The last file descriptor may be the one that `accept` has used for the next connection.
#[cfg(target_os = "linux")]
#[test]
fn a_server_without_file_descriptors_can_be_shut_down() {
    const LIMIT: usize = 30;
    let program = example("http_server");
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!("ulimit -n {LIMIT} && exec \"$0\" 127.0.0.1:0"))
        .arg(program.get_program());
    let mut server = Program::of(&mut command);
    let id = server.child.id();
    let free = LIMIT - std::fs::read_dir(format!("/proc/{id}/fd")).unwrap().count();
    let streams: Vec<_> = (1..free)
        .map(|_| {
            let mut stream = connect(server.tcp());
            stream.write_all(GET).unwrap();
            stream.read_exact(&mut [0]).unwrap(); // it has been accepted
            stream
        })
        .collect();
    terminate(&server);
    end_of(&mut server);
    drop(streams);
}

/// Sends a server SIGTERM.
#[cfg(target_os = "linux")]
fn terminate(server: &Program) {
    assert!(
        Command::new("kill")
            .args(["-TERM", &server.child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
}

/// Waits until a server has exited; returns the time that this took.
#[cfg(target_os = "linux")]
fn end_of(server: &mut Program) -> Duration {
    let start = Instant::now();
    assert!(until(TIMEOUT, || server.child.try_wait().unwrap().is_some()), "it does not end");
    start.elapsed()
}

/// Clients that are connected get their responses, after the connections before them have ended.
#[cfg(target_os = "linux")]
#[test]
fn a_shutdown_without_file_descriptors_loses_no_request() {
    let mut server = Program::start("http_server");
    limit_descriptors(&server, 30);
    let busy = requests_in_progress(&server, 60);
    let line = next(&server.notes);
    assert!(line.contains("cannot accept connections, retrying: "), "{line}");
    terminate(&server);
    let responses = busy.into_iter().map(|mut stream| {
        let (_, mut response) = (stream.write_all(b"i"), String::new());
        let _ = stream.read_to_string(&mut response);
        response
    });
    let responses: Vec<_> = responses.collect();
    let is_whole =
        |response: &&String| response.starts_with("HTTP/1.1 200 ") && response.ends_with("hi");
    assert_eq!(responses.iter().filter(is_whole).count(), 60, "{responses:?}");
    // The server was still out of descriptors when it began to shut down.
    let is_last = |response: &&String| response.contains("\r\nConnection: close\r\n");
    assert!(responses.iter().filter(is_last).count() > 40, "{responses:?}");
    end_of(&mut server);
}

/// In a network without a loopback interface, a server cannot connect to itself.
#[cfg(target_os = "linux")]
#[test]
fn a_server_that_cannot_connect_to_itself_can_be_shut_down() {
    let isolated = || {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--net"]);
        command
    };
    if !isolated().arg("true").stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
        return skip("there are no network namespaces, for a server that cannot connect to itself");
    }
    let mut server =
        Program::of(isolated().arg(example("http_server").get_program()).arg("0.0.0.0:0"));
    terminate(&server);
    let took = end_of(&mut server);
    assert!(took < TIMEOUT / 4, "{took:?}");
}

/// Returns the processor time of a process, in hundredths of a second.
#[cfg(target_os = "linux")]
fn processor_time(id: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// Checks that `talk` raises the server's memory by at most `most` KB.
fn with_flat_memory(server: &Program, most: u64, talk: impl FnOnce()) {
    exchange(server.tcp(), LAST_GET);
    let before = peak_memory(&server.child);
    talk();
    if let (Some(before), Some(after)) = (before, peak_memory(&server.child)) {
        assert!(after < before + most, "memory grew from {before} to {after} KB");
    }
}

/// Reads to the end, and returns the number of octets.
fn count(mut stream: &TcpStream) -> u64 {
    io::copy(&mut stream, &mut io::sink()).unwrap()
}

#[test]
fn a_gigabyte_goes_up_and_down_with_flat_memory() {
    const MILLION: usize = 1_000_000;
    let server = Program::start_telling("http_server");
    with_flat_memory(&server, 4_000, || {
        let mut stream = connect(server.tcp());
        stream
            .write_all(b"GET /stream?n=1000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            .unwrap();
        assert!(count(&stream) > 1_000_000_000);

        let mut stream = connect(server.tcp());
        let head = format!(
            "PUT /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            1000 * MILLION
        );
        stream.write_all(head.as_bytes()).unwrap();
        thread::scope(|scope| {
            let came = scope.spawn(|| count(&stream));
            let piece = vec![b'x'; MILLION];
            (0..1000).for_each(|_| (&stream).write_all(&piece).unwrap());
            assert!(came.join().unwrap() > 1_000_000_000);
        });
    });
}

#[test]
fn ten_thousand_requests_at_once_are_served_with_flat_memory() {
    let server = Program::start_telling("http_server");
    with_flat_memory(&server, 4_000, || {
        let stream = connect(server.tcp());
        thread::scope(|scope| {
            scope.spawn(|| {
                (&stream).write_all(&GET.repeat(9_999)).unwrap();
                (&stream).write_all(LAST_GET).unwrap();
            });
            let responses = read_all(&stream);
            assert_eq!(responses.matches("HTTP/1.1 200 OK\r\n").count(), 10_000);
        });
    });
    // Nobody reads these responses: the server waits, and keeps one buffer of them at most.
    with_flat_memory(&server, 4_000, || {
        let mut stream = connect(server.tcp());
        stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
        let sent = (0..1000).try_for_each(|_| stream.write_all(&GET.repeat(1000)));
        assert!(sent.is_err(), "a million requests were taken");
    });
}

/// Returns the resident memory of a process in KB, where the system reports it.
fn resident_memory(server: &Program) -> Option<u64> {
    status_of(&server.child, "VmRSS:")
}

/// Sends this request on each connection and reads the response, on 50 connections at a time.
fn ask_on_each(streams: &mut [TcpStream], request: &[u8], response: &[u8]) {
    for some in streams.chunks_mut(50) {
        some.iter_mut().for_each(|stream| stream.write_all(request).unwrap());
        for stream in some {
            let mut octets = vec![0; response.len()];
            stream.read_exact(&mut octets).unwrap();
            assert!(octets.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&octets));
        }
    }
}

#[test]
fn idle_connections_keep_no_large_head() {
    let _turn = MANY_SOCKETS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let server = Program::start("http_server");
    let response = exchange(server.tcp(), LAST_GET).replace("Connection: close\r\n", "");
    let mut streams = connect_often(server.tcp(), as_many_as(1000));
    ask_on_each(&mut streams, GET, response.as_bytes());
    let before = resident_memory(&server);
    let large = [&GET[..GET.len() - 2], b"X: ", &b"x".repeat(58_000), b"\r\n\r\n"].concat();
    ask_on_each(&mut streams, &large, response.as_bytes());
    // The empty line that may begin a next request keeps no buffer either.
    ask_on_each(&mut streams, &[&large[..], b"\r"].concat(), response.as_bytes());
    let grown = || Some(resident_memory(&server)?.saturating_sub(before?) / streams.len() as u64);
    // Threads that have been without work for a few seconds free their memory.
    let is_small = until(TIMEOUT, || grown().is_none_or(|each| each < 10));
    assert!(is_small, "an idle connection keeps {:?} KB", grown());
}

#[test]
fn trailers_without_end_are_rejected_with_flat_memory() {
    const CONNECTIONS: u64 = 60;
    let server = Program::start_telling("http_server");
    with_flat_memory(&server, 150 * CONNECTIONS, || {
        let head =
            b"PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n";
        let request = [&head[..], &b"a:\r\n".repeat(16_000)].concat();
        let mut streams: Vec<_> = (0..CONNECTIONS).map(|_| connect(server.tcp())).collect();
        for stream in &mut streams {
            let _ = stream.write_all(&request); // it is cut off before it has sent all that
        }
        for mut stream in streams {
            let mut response = Vec::new();
            let _ = stream.read_to_end(&mut response); // the end may be a reset
            assert!(
                response.starts_with(b"HTTP/1.1 200 ") && !response.ends_with(b"\r\n0\r\n\r\n")
            );
        }
    });
    let told = (0..).map(|_| next(&server.notes)).find(|line| line.contains("too many fields"));
    assert!(told.is_some());
}

#[test]
fn heads_of_64_mb_are_rejected_with_flat_memory() {
    let server = Program::start_telling("http_server");
    with_flat_memory(&server, 4_000, || {
        for start in ["GET / HTTP/1.1\r\nHost: a\r\nX: ", "GET /", "GET / HTTP/1.1\r\nHost: a\r\n"]
        {
            let stream = connect(server.tcp());
            let status = if start == "GET /" { "HTTP/1.1 414 " } else { "HTTP/1.1 431 " };
            thread::scope(|scope| {
                scope.spawn(|| {
                    let piece = if start.ends_with("\r\n") {
                        "X: y\r\n".repeat(10_000)
                    } else {
                        "x".repeat(64_000)
                    };
                    let _ = (&stream).write_all(start.as_bytes());
                    // The server closes before all of this is sent.
                    (0..1000).any(|_| (&stream).write_all(piece.as_bytes()).is_err())
                });
                let mut response = Vec::new();
                // The end may be a reset: most octets are never read.
                let _ = (&stream).read_to_end(&mut response);
                assert!(
                    response.starts_with(status.as_bytes()),
                    "{start}: {}",
                    String::from_utf8_lossy(&response)
                );
            });
        }
    });
}
