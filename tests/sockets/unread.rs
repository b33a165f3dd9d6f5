//! Tests of bodies that no handler reads.
//!
//! A body that has arrived keeps the connection alive, any other closes it.

use crate::peers::output;
use crate::raw_client::read_response;
use crate::tally::Tally;
use crate::uploads::python;
use crate::{Program, connect, exchange, next, stays_silent};
use std::collections::HashSet;
use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// The segments in which a request is sent.
#[derive(Clone, Copy)]
enum Segments {
    /// Head and body together.
    One,
    /// The head, and 20 ms later the body.
    Two,
}

/// Counts of clients that want to keep their connections alive.
#[derive(Default, PartialEq, Eq, Debug)]
struct Seen {
    connections: usize,
    responses: usize,
    closes: usize,
    /// Closes due to clients that the system delayed for longer than the server waits.
    late: usize,
}

/// The timeout of a server for a body that nobody reads.
const UNREAD_TIMEOUT: Duration = Duration::from_millis(100);

/// Posts 1 KB `count` times, on one connection while the server keeps it alive.
fn post(address: SocketAddr, count: usize, segments: Segments) -> Seen {
    let mut seen = Seen::default();
    let mut kept: Option<BufReader<TcpStream>> = None;
    for number in 0..count {
        let mut stream = kept.take().unwrap_or_else(|| {
            seen.connections += 1;
            let stream = connect(address);
            stream.set_nodelay(true).unwrap();
            BufReader::new(stream)
        });
        let (path, status) = [("/status/404", "404"), ("/", "200")][number % 2];
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n").into_bytes();
        let body = [b'x'; 1000];
        let (start, mut is_late) = (Instant::now(), false);
        let sent = match segments {
            Segments::One => stream.get_mut().write_all(&[&head[..], &body].concat()),
            Segments::Two => stream.get_mut().write_all(&head).and_then(|()| {
                let is_silent = stays_silent(stream.get_ref(), Duration::from_millis(20));
                let sent = stream.get_mut().write_all(&body);
                is_late = start.elapsed() >= UNREAD_TIMEOUT;
                assert!(is_silent || is_late, "there is a response before the body");
                sent
            }),
        };
        let Ok(response) = sent.and_then(|()| read_response(&mut stream)) else { continue };
        assert_eq!(response.status(), status);
        seen.responses += 1;
        match response.says_close() {
            true if is_late => seen.late += 1,
            true => seen.closes += 1,
            false => kept = Some(stream),
        }
    }
    seen
}

/// Posts 1 KB a thousand times in all, from this number of concurrent clients.
fn post_a_thousand_times(clients: usize, segments: Segments) -> Seen {
    let server = Program::start("http_server");
    let address = server.tcp();
    let posting: Vec<_> = (0..clients)
        .map(|_| thread::spawn(move || post(address, 1000 / clients, segments)))
        .collect();
    posting.into_iter().map(|posting| posting.join().unwrap()).fold(Seen::default(), |sum, seen| {
        Seen {
            connections: sum.connections + seen.connections,
            responses: sum.responses + seen.responses,
            closes: sum.closes + seen.closes,
            late: sum.late + seen.late,
        }
    })
}

#[test]
fn rfc9112_9_3_an_unread_body_behind_its_head_keeps_connections() {
    let seen = post_a_thousand_times(4, Segments::One);
    assert_eq!(seen, Seen { connections: 4, responses: 1000, closes: 0, late: 0 });
}

#[test]
fn rfc9112_9_3_an_unread_body_20_ms_later_keeps_connections() {
    let seen = post_a_thousand_times(25, Segments::Two);
    let is_kept = seen.late < 500 && seen.connections <= 25 + seen.late;
    assert!(is_kept && seen.responses == 1000 && seen.closes == 0, "{seen:?}");
}

#[test]
fn pythons_client_keeps_one_connection_for_unread_bodies() {
    let Some(mut command) = python() else { return };
    let server = Program::start("http_server");
    let printed = output(command.args(["keep", &server.address, "100"]));
    assert_eq!(printed.lines().filter(|line| line.starts_with("404 ")).count(), 100, "{printed}");
    let ports: HashSet<_> = printed.lines().collect();
    assert_eq!(ports.len(), 1, "the ports of its connections: {ports:?}");
}

/// Sends a request without the rest of its body, and after the response the rest and a second
/// request.
///
/// Fails unless the response says close and the connection ends with it.
fn send_without_the_rest(address: SocketAddr, request: &str, rest: &str) -> Result<(), String> {
    let mut stream = connect(address);
    stream.write_all(request.as_bytes()).unwrap();
    let mut heads = String::new();
    while heads.matches("\r\n\r\n").count() < request.matches("Host: ").count() {
        let mut octet = [0];
        stream.read_exact(&mut octet).map_err(|error| format!("no response: {error}"))?;
        heads.push(char::from(octet[0]));
    }
    let last = heads.rsplit("HTTP/1.1 ").next().unwrap();
    let says_close = last.contains("\r\nConnection: close\r\n");
    // The server may have closed already.
    let _ =
        stream.write_all(format!("{rest}GET /status/418 HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
    stream.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    let mut behind = Vec::new();
    let end = stream.read_to_end(&mut behind);
    let behind = String::from_utf8_lossy(&behind);
    match end {
        _ if behind.contains("HTTP/1.1 418") => {
            Err(format!("says close: {says_close}; the rest was taken as a request"))
        }
        _ if behind.contains("HTTP/1.1 ") => {
            Err(format!("says close: {says_close}; another response: {behind}"))
        }
        Err(error) => Err(format!("says close: {says_close}; no end of the connection: {error}")),
        Ok(_) if !says_close => Err("does not say close".to_owned()),
        Ok(_) => Ok(()),
    }
}

#[test]
fn rfc9112_9_3_a_response_without_the_body_ends_the_connection() {
    let server = Program::start_telling("http_server");
    let address = server.tcp();
    let most = "x".repeat(211);
    let body = format!("{most}x");
    let length = "Host: a\r\nContent-Length: 212\r\n";
    let chunked = "Host: a\r\nTransfer-Encoding: chunked\r\n";
    let cases = [
        (format!("POST /x HTTP/1.1\r\n{length}\r\n"), &*body),
        (format!("POST /status/200 HTTP/1.1\r\n{length}\r\n"), &body),
        (format!("POST /status/204 HTTP/1.1\r\n{length}\r\n"), &body),
        (format!("POST / HTTP/1.1\r\n{length}\r\n"), &body),
        (format!("POST /x HTTP/1.1\r\n{length}\r\n{most}"), "x"),
        (format!("POST /stream?n=0 HTTP/1.1\r\n{length}\r\n"), &body),
        (format!("POST /stream?n=1 HTTP/1.1\r\n{length}\r\n"), &body),
        (format!("HEAD /x HTTP/1.1\r\n{length}\r\n"), &body),
        (format!("GET /x HTTP/1.1\r\n{length}\r\n"), &body),
        (format!("POST /x HTTP/1.1\r\n{length}Expect: 100-continue\r\n\r\n"), &body),
        (format!("POST /x HTTP/1.0\r\n{length}Connection: keep-alive\r\n\r\n"), &body),
        (format!("POST /x HTTP/1.1\r\n{chunked}\r\n"), "0\r\n\r\n"),
        (format!("POST /x HTTP/1.1\r\n{chunked}\r\n5\r\nhel"), "lo\r\n0\r\n\r\n"),
        (format!("POST /x HTTP/1.1\r\n{chunked}\r\n5\r\nhello\r\n0\r\n"), "\r\n"),
        (format!("POST /stream?n=0 HTTP/1.1\r\n{chunked}\r\n"), "0\r\n\r\n"),
        (
            format!("GET /status/204 HTTP/1.1\r\nHost: a\r\n\r\nPOST /x HTTP/1.1\r\n{length}\r\n"),
            &body,
        ),
    ];
    let mut tally = Tally::default();
    thread::scope(|scope| {
        let sending = cases.iter().map(|(request, rest)| {
            let told = request.replace(&most, "...");
            let sending = scope.spawn(move || send_without_the_rest(address, request, rest));
            (told, sending)
        });
        for (told, sending) in sending.collect::<Vec<_>>() {
            tally.add(sending.join().unwrap().map_err(|reason| format!("{told}: {reason}")));
        }
    });
    tally.check();
    exchange(
        server.tcp(),
        b"GET /status/200?last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    );
    loop {
        let line = next(&server.notes);
        assert!(!line.contains("/status/418"), "the rest was taken as a request: {line}");
        if line.contains("/status/200?last") {
            break;
        }
    }
}

#[test]
fn rfc9112_9_3_an_unread_body_that_has_come_keeps_connections() {
    let server = Program::start("http_server");
    let body = "x".repeat(212);
    let length = format!("Host: a\r\nContent-Length: 212\r\n\r\n{body}");
    let chunked = "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    for request in [
        format!("POST /x HTTP/1.1\r\n{length}"),
        format!("POST /status/204 HTTP/1.1\r\n{length}"),
        format!("POST /stream?n=0 HTTP/1.1\r\n{length}"),
        format!("POST /x HTTP/1.1\r\n{chunked}"),
        format!("POST /stream?n=0 HTTP/1.1\r\n{chunked}"),
    ] {
        let mut stream = BufReader::new(connect(server.tcp()));
        for octets in [request.as_bytes(), b"GET /status/404 HTTP/1.1\r\nHost: a\r\n\r\n"] {
            stream.get_mut().write_all(octets).unwrap();
            let response = read_response(&mut stream).unwrap();
            assert!(!response.says_close(), "{request}: {}", response.head);
        }
    }
}
