//! Tests of `Server`: requests and responses, limits, shutdown.
//!
//! This covers each situation in FAILURE_MODES.md that needs no separate program.

use crate::{
    ALONE, TIMEOUT, connect, exchange, exchange_all, is_free, log_lines, nothing_listens, read_all,
    stays_silent, until,
};
use bareline_core::{FieldName, FieldValue, Status};
use bareline_net::{
    Date, Error, Exchange, Listener, PeerError, Server, ServerHandle, Settings, UdpPeer,
};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

pub(crate) const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const LAST_GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// A running server, which is shut down on drop.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    pub(crate) handle: ServerHandle,
    served: Option<JoinHandle<Result<(), Error>>>,
}

impl Service {
    pub(crate) fn new<E: Into<Boxed>>(
        build: impl FnOnce(Server) -> Server,
        handler: impl Fn(Exchange<'_>) -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        log_lines::keep();
        let server = build(Server::bind("127.0.0.1:0").unwrap());
        let (address, handle) = (server.local_addr().unwrap(), server.handle());
        Self { address, handle, served: Some(thread::spawn(move || server.serve(handler))) }
    }

    /// Waits until the server has returned.
    pub(crate) fn end(mut self) {
        self.served.take().unwrap().join().unwrap().unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.handle.shutdown();
        if let Some(served) = self.served.take() {
            served.join().unwrap().unwrap();
        }
    }
}

/// Responds with the target and the body.
fn tell(Exchange { head, mut body, responder, .. }: Exchange<'_>) -> Result<(), Error> {
    let mut text = format!("{} ", head.target().path()).into_bytes();
    body.read_to_end(&mut text)?;
    responder.send(Status::OK, &[], &text)
}

/// Reads one response that has a length, and leaves the connection open.
fn read_one(stream: &mut TcpStream) -> String {
    let mut response = Vec::new();
    loop {
        let mut octet = [0];
        stream.read_exact(&mut octet).unwrap();
        response.push(octet[0]);
        let Some(head) = response.strip_suffix(b"\r\n\r\n") else { continue };
        let head = String::from_utf8(head.to_vec()).unwrap();
        let length = head
            .split_once("Content-Length: ")
            .unwrap()
            .1
            .split("\r\n")
            .next()
            .unwrap()
            .parse()
            .unwrap();
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        return format!("{head}\r\n\r\n{}", String::from_utf8(body).unwrap());
    }
}

/// Returns a handler that signals each request, and waits for a signal to respond.
fn held()
-> (impl Fn(Exchange<'_>) -> Result<(), Error> + Send + Sync + 'static, Receiver<()>, Sender<()>) {
    let ((begun, has_begun), (go_on, may_go_on)) = (channel(), channel());
    let may_go_on = Mutex::new(may_go_on);
    let handler = move |exchange: Exchange<'_>| {
        begun.send(()).unwrap();
        may_go_on.lock().unwrap().recv_timeout(TIMEOUT).unwrap();
        tell(exchange)
    };
    (handler, has_begun, go_on)
}

#[test]
fn rfc9110_6_6_1_responses_of_a_server_have_one_date() {
    const DATE: FieldValue<'_> = FieldValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT");
    let server = Service::new(
        |server| server,
        |Exchange { head, responder, .. }| match head.target().path() {
            "/whole" => responder.send(Status::OK, &[], b"hi"),
            "/large" => responder.send(Status::OK, &[], &[b'x'; 100_000]),
            "/stream" => responder.stream(Status::OK, &[])?.finish(),
            "/sized" => responder.stream_sized(Status::OK, &[], 0)?.finish(),
            "/own" => responder.send(Status::OK, &[(FieldName::DATE, DATE)], b""),
            "/bare" => responder.begin(Status::OK, |head| head.without_body())?.finish(),
            "/moved" => responder.send(Status::FOUND, &[], b""),
            "/none" => responder.send(Status::NOT_FOUND, &[], b""),
            "/empty" => responder.send(Status::NO_CONTENT, &[], b""),
            _ => Err(io::Error::other("no such path").into()),
        },
    );
    for (path, dates) in [
        ("/whole", 1),
        ("/large", 1),
        ("/stream", 1),
        ("/sized", 1),
        ("/own", 1),
        ("/bare", 0),
        ("/moved", 1),
        ("/none", 1),
        ("/empty", 1),
        ("/500", 1),
        ("@", 1),
    ] {
        let before = Date::now();
        let response = exchange_all(
            server.address,
            format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes(),
        );
        let told: Vec<_> =
            response.split("\r\n").filter_map(|line| line.strip_prefix("Date: ")).collect();
        assert_eq!(told.len(), dates, "{path}: {response}");
        let may_be = [before, Date::now()].map(|date| date.value().as_str().unwrap().to_owned());
        let own = DATE.as_str().unwrap();
        assert!(
            told.iter().all(|&date| if path == "/own" {
                date == own
            } else {
                may_be.iter().any(|may| may == date)
            }),
            "{response}"
        );
    }
    assert!(!exchange(server.address, LAST_GET).contains("Server:"));
}

#[test]
fn each_request_and_each_rejection_is_logged_in_a_line() {
    let server = Service::new(|server| server, tell);
    let (mut stream, client) = log_lines::connect(server.address);
    stream
        .write_all(
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n\
                PUT /a?b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        )
        .unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n").unwrap();
    let responses = read_all(stream);
    let (first, rejection) = responses.split_at(responses.rfind("HTTP/1.1 400").unwrap());
    let (get, put) = first.split_at(first.rfind("HTTP/1.1 200").unwrap());
    let lines = log_lines::with(&[&client, "bareline_net::access"]);
    assert_eq!(lines.len(), 2, "{lines:?}");
    for (line, request, response) in [(&lines[0], "GET /", get), (&lines[1], "PUT /a?b", put)] {
        let told = format!(
            "INFO bareline_net::access {client} {request} HTTP/1.1 200 OK, {} octets in ",
            response.len()
        );
        assert!(line.starts_with(&told) && line.ends_with(" ms"), "{line}, not {told}");
    }
    let reason = "whitespace before the colon at octet 20 (RFC 9112 section 5.1): ";
    let lines = log_lines::with(&[&client, "WARN"]);
    let told =
        format!("WARN bareline_net::server {client} \"GET / HTTP/1.1\" 400 Bad Request: {reason}");
    assert!(lines.len() == 1 && lines[0].starts_with(&told), "{lines:?}");
    assert!(rejection.contains(reason), "{rejection}");
}

/// Each case is a rejected request, and the beginning of its log line: the request line, the
/// status, and the reason.
#[test]
fn a_rejection_is_logged_with_request_and_status() {
    let settings = Settings::new().head_timeout(Duration::from_millis(50)).body_limit(9);
    let server = Service::new(|server| server.settings(settings), tell);
    let long = format!("GET /{} HTTP/1.1\r\nHost : a\r\n\r\n", "x".repeat(200));
    for (octets, line) in [
        (
            "PUT /x?y HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n",
            "\"PUT /x?y HTTP/1.1\" 413 Content Too Large: body too large",
        ),
        ("\x16\x03\x01", "\"\\x16\\x03\\x01\" 400 Bad Request: invalid method at octet 0"),
        ("\r\nGET  / HTTP/1.1\r\n", "\"GET  / HTTP/1.1\" 400 Bad Request: "),
        (
            "GET /\" 200 OK\u{202e} HTTP/1.1\r\n",
            r#""GET /\" 200 OK\xe2\x80\xae HTTP/1.1" 400 Bad Request: "#,
        ),
        (
            "GET / HT",
            "\"GET / HT\" 408 Request Timeout: timed out after 0.05 s waiting for the end",
        ),
        (&long, &format!("\"GET /{}\"... 400 Bad Request: whitespace", "x".repeat(95))),
        (
            "PUT /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
            "PUT /b HTTP/1.1 400 Bad Request, ",
        ),
    ] {
        let (mut stream, client) = log_lines::connect(server.address);
        stream.write_all(octets.as_bytes()).unwrap();
        read_all(stream);
        let lines = log_lines::with(&[&client, "WARN"]);
        let told = format!("WARN bareline_net::server {client} {line}");
        // A client of another test may have had this port.
        let count = lines.iter().filter(|line| line.starts_with(&told)).count();
        assert!(count == 1, "{lines:?}, not {told}");
    }
}

/// A dropped response is cut short, and the log names its request without the octets after it.
#[test]
fn a_dropped_response_is_logged_with_its_request() {
    let server = Service::new(
        |server| server,
        |exchange| {
            let mut response =
                exchange.responder.while_reading().stream_sized(Status::OK, &[], 10)?;
            response.write_all(b"hello")?;
            Ok::<_, Error>(response.flush()?)
        },
    );
    for (request, behind) in [
        ("GET /drop", "\r\n\r\nGET /innocent HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("POST /drop", "\r\nContent-Length: 100000\r\n\r\nGET /forged HTTP/1.1\r\n"),
    ] {
        let (mut stream, client) = log_lines::connect(server.address);
        stream.write_all(format!("{request} HTTP/1.1\r\nHost: a{behind}").as_bytes()).unwrap();
        assert!(read_all(stream).ends_with("\r\n\r\nhello"));
        let lines = log_lines::with(&[&client, "WARN"]);
        let told = format!("WARN bareline_net::server {client} {request} HTTP/1.1 200 OK, ");
        assert!(lines.len() == 1 && lines[0].starts_with(&told), "{lines:?}");
        assert!(lines[0].ends_with("at the end of a body"), "{lines:?}");
    }
}

/// Nobody reads a body here, and no limit is set: nothing is logged.
#[test]
fn an_unread_body_is_no_reason_for_a_warning() {
    let server = Service::new(
        |server| server,
        |exchange| exchange.responder.send(Status::NOT_FOUND, &[], b""),
    );
    let (mut stream, client) = log_lines::connect(server.address);
    stream.write_all(b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n").unwrap();
    stream.write_all(&[b'x'; 1_000_000]).unwrap();
    assert!(read_all(stream).starts_with("HTTP/1.1 404 "));
    let lines = log_lines::with(&[&client]);
    assert!(lines.len() == 1 && lines[0].contains(" PUT /x HTTP/1.1 404 Not Found, "), "{lines:?}");
}

#[test]
fn a_reset_is_a_warning_within_a_request_alone() {
    let server = Service::new(
        |server| server,
        |exchange: Exchange<'_>| match exchange.head.target().path() {
            "/unread" => exchange.responder.send(Status::OK, &[], b""),
            _ => tell(exchange),
        },
    );
    for (octets, told) in [
        ("", "DEBUG bareline_net::server::stream {}: idle connection closed: "),
        ("GET / HTTP/1.1\r\nHo", "WARN bareline_net::server {} \"GET / HTTP/1.1\": "),
        (
            "PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nh",
            "WARN bareline_net::server {} PUT /x HTTP/1.1 ",
        ),
        (
            "PUT /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nh",
            "WARN bareline_net::server {} PUT /unread HTTP/1.1 ",
        ),
        // Too long to be received before the handler is called.
        (
            "PUT /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\nh",
            "WARN bareline_net::server {} PUT /unread HTTP/1.1 ",
        ),
    ] {
        let (mut stream, client) = log_lines::connect(server.address);
        // The server has accepted this connection once it has responded on it.
        stream.write_all(GET).unwrap();
        read_one(&mut stream);
        stream.write_all(octets.as_bytes()).unwrap();
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
        drop(stream);
        let told = told.replace("{}", &client);
        log_lines::with(&[&told]);
        let is_warned = told.starts_with("WARN");
        let lines = log_lines::with(&[&client]);
        assert_eq!(lines.iter().any(|line| line.starts_with("WARN")), is_warned, "{lines:?}");
        let mut warnings = lines.iter().filter(|line| line.starts_with("WARN"));
        assert!(warnings.all(|line| line.contains("Connection reset")), "{lines:?}");
    }
}

#[test]
fn a_peer_that_has_reset_before_it_is_accepted_is_named() {
    log_lines::keep();
    for (connections, told) in [
        (1, "INFO bareline_net::access {} GET /reset HTTP/1.1 "),
        (0, "{} 503 Service Unavailable: too many connections"),
    ] {
        let server = Server::bind("127.0.0.1:0").unwrap().max_connections(connections);
        let (mut stream, client) = log_lines::connect(server.local_addr().unwrap());
        stream.write_all(b"GET /reset HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
        drop(stream);
        server.handle().shutdown();
        let (told_peer, peer) = channel();
        let told_peer = Mutex::new(told_peer);
        let handler = move |exchange: Exchange<'_>| {
            told_peer.lock().unwrap().send(exchange.peer).unwrap();
            tell(exchange)
        };
        server.serve(handler).unwrap();
        let peers: Vec<_> = peer.iter().collect();
        assert_eq!(peers, vec![Some(client.parse().unwrap()); connections]);
        log_lines::with(&[&told.replace("{}", &client)]);
    }
}

#[test]
fn a_handler_that_fails_or_panics_is_a_500_and_no_dead_thread() {
    let server = Service::new(
        |server| server.max_handlers(1),
        |exchange| match exchange.head.target().path() {
            "/panic" => panic!("for a test\nof \x1b[1mlines"),
            "/error" => Err(io::Error::other("for a test").into()),
            "/nothing" => Ok(()),
            "/behind" => exchange
                .responder
                .send(Status::OK, &[], b"whole")
                .and(Err(io::Error::other("for a test").into())),
            "/midway" => {
                let mut body = exchange.responder.stream_sized(Status::OK, &[], 10)?;
                body.write_all(b"half")?;
                body.flush()?;
                panic!("midway")
            }
            _ => tell(exchange),
        },
    );
    for (path, reason) in [
        ("/panic", "the handler panicked: for a test\\nof \\x1b[1mlines"),
        ("/error", "for a test"),
        ("/nothing", "the request got no complete response: "),
    ] {
        let (mut stream, client) = log_lines::connect(server.address);
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).unwrap();
        let response = read_all(stream);
        assert!(
            response.starts_with("HTTP/1.1 500 ") && response.contains("\r\nConnection: close\r\n"),
            "{response}"
        );
        let lines = log_lines::with(&[&client, &format!(": {reason}")]);
        let told = format!(
            "WARN bareline_net::server {client} GET {path} HTTP/1.1 500 Internal Server Error, "
        );
        assert!(lines.len() == 1 && lines[0].starts_with(&told), "{lines:?}");
        assert!(
            log_lines::with(&["access", &client])[0]
                .contains(&format!(" GET {path} HTTP/1.1 500 Internal Server Error, "))
        );
    }
    let response = exchange(server.address, &b"GET /behind HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2));
    assert!(
        response.matches("HTTP/1.1 ").count() == 1 && response.ends_with("\r\n\r\nwhole"),
        "{response}"
    );
    let response = exchange(server.address, b"GET /midway HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(
        response.contains("Content-Length: 10\r\n") && response.ends_with("\r\n\r\nhalf"),
        "{response}"
    );
    let response = exchange(
        server.address,
        b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
    );
    assert!(
        response.starts_with("HTTP/1.1 400 "),
        "what the peer did is no fault of the handler: {response}"
    );
    assert!(exchange(server.address, LAST_GET).starts_with("HTTP/1.1 200 "));
}

/// Waits until the counts of the server are these: connections, requests in handlers, queued
/// connections and rejected ones.
fn wait_for_counts(handle: &ServerHandle, expected: (usize, usize, usize, u64)) {
    let start = Instant::now();
    loop {
        let counts = handle.counts();
        let are = (counts.connections, counts.in_handlers, counts.queued, counts.rejected);
        if are == expected {
            return;
        }
        assert!(start.elapsed() < TIMEOUT, "{are:?} instead of {expected:?}");
        thread::yield_now();
    }
}

#[test]
fn requests_are_counted_while_they_are_in_handlers() {
    let (go_on, goes_on) = channel::<()>();
    let goes_on = Mutex::new(goes_on);
    let server = Service::new(
        |server| server.max_handlers(2).max_connections(3),
        move |exchange| match exchange.head.target().path() {
            "/wait" => {
                goes_on.lock().unwrap().recv().unwrap();
                tell(exchange)
            }
            "/panic" => panic!("for a test"),
            "/error" => Err(Error::other("for a test")),
            _ => tell(exchange),
        },
    );
    let handle = server.handle.clone();
    let ask = |path: &str| {
        let mut stream = connect(server.address);
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).unwrap();
        stream
    };
    wait_for_counts(&handle, (0, 0, 0, 0));
    let mut first = ask("/wait");
    wait_for_counts(&handle, (1, 1, 0, 0));
    let second = ask("/wait");
    wait_for_counts(&handle, (2, 2, 0, 0));
    let third = ask("/");
    wait_for_counts(&handle, (3, 2, 1, 0));
    let rejected = ask("/");
    wait_for_counts(&handle, (3, 2, 1, 1));
    assert!(read_all(rejected).starts_with("HTTP/1.1 503 "));
    // Both handlers return, and one of the connections makes room for the third.
    go_on.send(()).unwrap();
    go_on.send(()).unwrap();
    assert!(read_one(&mut first).starts_with("HTTP/1.1 200 "));
    drop((first, second, third));
    wait_for_counts(&handle, (0, 0, 0, 1));
    for path in ["/panic", "/error"] {
        assert!(read_all(ask(path)).starts_with("HTTP/1.1 500 "));
        wait_for_counts(&handle, (0, 0, 0, 1));
    }
    // Many at once, and one of two panics.
    thread::scope(|scope| {
        for number in 0..3 {
            let ask = &ask;
            scope.spawn(move || {
                for round in 0..50 {
                    let path = if (number + round) % 2 == 0 { "/panic" } else { "/" };
                    let _ = read_one_or_end(ask(path));
                }
            });
        }
    });
    let rejected = handle.counts().rejected;
    wait_for_counts(&handle, (0, 0, 0, rejected));
    handle.shutdown();
    server.end();
    wait_for_counts(&handle, (0, 0, 0, rejected));
}

/// The shutdown connects to the server itself, to interrupt its `accept`.
#[test]
fn a_shutdown_is_not_one_connection_too_many() {
    let (handler, has_begun, go_on) = held();
    let server = Service::new(|server| server.max_handlers(1).max_connections(1), handler);
    let (handle, mut stream) = (server.handle.clone(), connect(server.address));
    stream.write_all(GET).unwrap();
    has_begun.recv_timeout(TIMEOUT).unwrap();
    handle.shutdown();
    go_on.send(()).unwrap();
    assert!(read_all(stream).starts_with("HTTP/1.1 200 "));
    server.end();
    assert_eq!(handle.counts().rejected, 0);
}

/// Reads until the first octets of a response, or the close.
fn read_one_or_end(mut stream: TcpStream) -> io::Result<usize> {
    stream.read(&mut [0; 64])
}

type Boxed = Box<dyn std::error::Error + Send + Sync>;

/// An error of a handler's own, with a cause.
#[derive(Debug)]
struct NoSuchUser;

impl std::fmt::Display for NoSuchUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no such user")
    }
}

impl std::error::Error for NoSuchUser {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&std::fmt::Error)
    }
}

/// An error of a handler's own, with another error as its cause.
#[derive(Debug)]
struct Caused(Boxed);

impl std::fmt::Display for Caused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cannot copy")
    }
}

impl std::error::Error for Caused {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
    }
}

/// An error whose text includes that of its cause, as is common with `thiserror`.
#[derive(Debug)]
struct Telling(NoSuchUser);

impl std::fmt::Display for Telling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot log in: {}", self.0)
    }
}

impl std::error::Error for Telling {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// Fails with the error that the path names, by `?`.
fn fail(Exchange { head, mut body, responder, .. }: Exchange<'_>) -> Result<(), Boxed> {
    match head.target().path() {
        "/own" => Err(NoSuchUser)?,
        "/number" => _ = head.target().path().parse::<u32>()?,
        "/utf8" => _ = FieldValue::new(b"\xff")?.as_str()?,
        "/telling" => Err(Telling(NoSuchUser))?,
        "/text" => Err("just a text")?,
        "/usage" => _ = FieldValue::new("\n")?,
        "/repeated" => _ = head.fields().only(FieldName::from_static("X"))?,
        "/gone" => Err(PeerError::Truncated)?,
        "/closed" => Err(Error::Closed)?,
        "/upstream" => Err(PeerError::NoResponse)?,
        "/caused" => Err(Caused(PeerError::Truncated.into()))?,
        "/caused/error" => Err(Caused(Error::Peer(PeerError::Truncated).into()))?,
        "/caused/twice" => Err(Caused(Caused(PeerError::NoResponse.into()).into()))?,
        "/caused/closed" => Err(Caused(Error::Closed.into()))?,
        "/caused/repeated" => {
            _ = head.fields().only(FieldName::from_static("X")).map_err(|x| Caused(x.into()))?
        }
        "/io" => Err(io::Error::other(PeerError::Truncated))?,
        "/io/caused" => Err(io::Error::other(Caused(PeerError::Truncated.into())))?,
        "/other" => Err(Error::other(PeerError::Truncated))?,
        "/other/io" => Err(Error::other(io::Error::other(Caused(PeerError::Truncated.into()))))?,
        "/timeout" => {
            let silent = UdpPeer::bind("127.0.0.1:0")?.receive_within(Duration::ZERO, &mut []);
            Err(io::Error::from(silent.unwrap_err()))?
        }
        // The mistake of the peer counts, not the error that the handler makes of it.
        "/read" => _ = body.read_to_end(&mut Vec::new()).map_err(|_| PeerError::NoResponse)?,
        _ => {}
    }
    Ok(responder.send(Status::OK, &[], b"")?)
}

#[test]
fn an_error_of_a_handler_has_the_status_of_its_kind() {
    let server = Service::new(|server| server, fail);
    for (path, status, body, logged) in [
        ("/own", "500 Internal Server Error", "Internal Server Error", "no such user: an error"),
        (
            "/telling",
            "500 Internal Server Error",
            "Internal Server Error",
            "cannot log in: no such user: an error",
        ),
        ("/text", "500 Internal Server Error", "Internal Server Error", "just a text"),
        ("/number", "500 Internal Server Error", "Internal Server Error", "invalid digit"),
        ("/utf8", "500 Internal Server Error", "Internal Server Error", "invalid utf-8"),
        ("/usage", "500 Internal Server Error", "Internal Server Error", "control octet in"),
        ("/closed", "500 Internal Server Error", "Internal Server Error", "the connection takes"),
        ("/repeated", "400 Bad Request", "field occurs in several lines", "field occurs in"),
        ("/gone", "400 Bad Request", "the client closed the", "the client closed the"),
        ("/caused", "400 Bad Request", "the client closed the", "cannot copy: the client"),
        ("/caused/error", "400 Bad Request", "the client closed the", "cannot copy: the client"),
        ("/caused/twice", "502 Bad Gateway", "Bad Gateway", "cannot copy: the server"),
        ("/caused/repeated", "400 Bad Request", "field occurs in", "cannot copy: field occurs"),
        (
            "/caused/closed",
            "500 Internal Server Error",
            "Internal Server Error",
            "cannot copy: the connection takes",
        ),
        ("/io", "400 Bad Request", "the client closed the", "the client closed the"),
        ("/io/caused", "400 Bad Request", "the client closed the", "cannot copy: the client"),
        ("/other", "400 Bad Request", "the client closed the", "the client closed the"),
        ("/other/io", "400 Bad Request", "the client closed the", "cannot copy: the client"),
        ("/upstream", "502 Bad Gateway", "Bad Gateway", "the server closed the connection"),
        ("/timeout", "504 Gateway Timeout", "Gateway Timeout", "timed out after 0 s"),
        ("/read", "400 Bad Request", "invalid chunk size", "the server closed the connection"),
    ] {
        let (mut stream, client) = log_lines::connect(server.address);
        let head = format!("PUT {path} HTTP/1.1\r\nHost: a\r\nX: 1\r\nX: 2\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(b"Transfer-Encoding: chunked\r\n\r\nx\r\n").unwrap();
        let response = read_all(stream);
        assert!(response.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{path}: {response}");
        assert!(response.contains(&format!("\r\n\r\n{body}")), "{path}: {response}");
        let lines = log_lines::with(&["WARN", &client, &format!(" {status}, ")]);
        assert!(lines[0].contains(&format!(": {logged}")), "{path}: {lines:?}");
    }
    assert!(exchange(server.address, LAST_GET).starts_with("HTTP/1.1 200 "));
}

/// A panic payload that panics again with itself when it is dropped.
struct Unruly;

impl Drop for Unruly {
    fn drop(&mut self) {
        std::panic::panic_any(Self);
    }
}

#[test]
fn a_handler_with_an_unruly_panic_ends_no_server() {
    let server = Service::new(
        |server| server.max_handlers(1),
        |exchange| match exchange.head.target().path() {
            "/panic" => std::panic::panic_any(Unruly),
            _ => tell(exchange),
        },
    );
    for _ in 0..3 {
        let response = exchange(server.address, b"GET /panic HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(response.starts_with("HTTP/1.1 500 "), "{response}");
        assert!(exchange(server.address, LAST_GET).starts_with("HTTP/1.1 200 "));
    }
}

#[test]
fn a_handler_has_the_default_stack() {
    let handler = |exchange: Exchange<'_>| {
        let array = std::hint::black_box([1_u8; 300_000]);
        let text = array.iter().map(|&octet| usize::from(octet)).sum::<usize>().to_string();
        exchange.responder.send(Status::OK, &[], text.as_bytes())
    };
    let server = Service::new(|server| server, handler);
    assert!(exchange(server.address, LAST_GET).ends_with("\r\n\r\n300000"));
    let server = Service::new(|server| server.stack_size(4 << 20), handler);
    assert!(exchange(server.address, LAST_GET).ends_with("\r\n\r\n300000"));
}

#[test]
fn a_shutdown_serves_what_has_begun_and_closes_what_has_not() {
    let (handler, has_begun, go_on) = held();
    let server = Service::new(|server| server, handler);
    let (mut busy, idle, mut next) =
        (connect(server.address), connect(server.address), connect(server.address));
    go_on.send(()).unwrap();
    next.write_all(GET).unwrap();
    has_begun.recv_timeout(TIMEOUT).unwrap();
    assert!(!read_one(&mut next).contains("Connection:"));
    busy.write_all(b"PUT /busy HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n").unwrap();
    has_begun.recv_timeout(TIMEOUT).unwrap();

    server.handle.shutdown();
    assert_eq!(read_all(idle), "", "one without a request is closed");
    assert_eq!(read_all(next), "", "and so is one between two requests");
    assert!(is_free(server.address), "nobody listens");
    go_on.send(()).unwrap();
    busy.write_all(b"hi").unwrap();
    let response = read_all(busy);
    assert!(
        response.contains("\r\nConnection: close\r\n") && response.ends_with("\r\n\r\n/busy hi"),
        "{response}"
    );
    server.end();
}

#[test]
fn a_shutdown_loses_no_request_of_busy_clients() {
    for round in 0..10 {
        let server = Service::new(|server| server, tell);
        let (address, served) = (server.address, Arc::new(AtomicUsize::new(0)));
        let clients: Vec<_> = (0..8)
            .map(|_| {
                let (mut stream, served) = (connect(address), Arc::clone(&served));
                thread::spawn(move || {
                    loop {
                        stream.write_all(GET).unwrap();
                        if read_one(&mut stream).contains("\r\nConnection: close\r\n") {
                            return;
                        }
                        served.fetch_add(1, SeqCst);
                    }
                })
            })
            .collect();
        assert!(until(TIMEOUT, || served.load(SeqCst) > 200), "{round}");
        server.handle.shutdown();
        for client in clients {
            client.join().unwrap();
        }
        server.end();
    }
}

#[test]
fn a_shutdown_serves_those_that_were_not_accepted_yet() {
    let server = Server::bind("127.0.0.1:0").unwrap();
    let mut streams: Vec<_> = (0..3).map(|_| connect(server.local_addr().unwrap())).collect();
    for stream in &mut streams {
        stream.write_all(GET).unwrap();
    }
    server.handle().shutdown();
    server.serve(tell).unwrap();
    for stream in streams {
        assert!(read_all(stream).contains("\r\nConnection: close\r\n"));
    }
}

#[test]
fn an_exchange_past_the_shutdown_timeout_is_cut() {
    let (handler, has_begun, go_on) = held();
    let server = Service::new(|server| server.shutdown_timeout(Duration::from_millis(50)), handler);
    let (mut stalled, mut half) = (connect(server.address), connect(server.address));
    half.write_all(b"GET / HT").unwrap();
    stalled.write_all(GET).unwrap();
    has_begun.recv_timeout(TIMEOUT).unwrap();
    server.handle.shutdown();
    server.end();
    let lines = log_lines::with(&["shutdown timed out after 0.05 s; open connections closed: 2"]);
    assert!(lines[0].starts_with("WARN "), "{lines:?}");
    // Shutdown does not wait for the incomplete head, though its timeout is far.
    let start = Instant::now();
    let _ = half.read_to_end(&mut Vec::new());
    assert!(start.elapsed() < Duration::from_secs(5));
    drop(go_on);
}

#[test]
fn no_request_is_served_after_the_shutdown_timeout() {
    let (handler, has_begun, go_on) = held();
    let server = Service::new(
        |server| server.max_handlers(1).shutdown_timeout(Duration::from_millis(50)),
        handler,
    );
    let (mut first, mut second) = (connect(server.address), connect(server.address));
    first.write_all(GET).unwrap();
    has_begun.recv_timeout(TIMEOUT).unwrap();
    second.write_all(GET).unwrap();
    server.handle.shutdown();
    server.end();
    let _ = second.read_to_end(&mut Vec::new());
    go_on.send(()).unwrap();
    assert_eq!(read_all(first), "", "a response that comes too late is not sent");
    assert!(has_begun.recv_timeout(TIMEOUT).is_err());
}

#[test]
fn a_response_without_end_is_cut_after_the_shutdown_timeout() {
    let (told, result) = channel();
    let server = Service::new(
        |server| server.shutdown_timeout(Duration::from_millis(50)),
        move |exchange| {
            let mut body = exchange.responder.stream(Status::OK, &[])?;
            let error = (0..).find_map(|_| body.write_all(b"x").and_then(|()| body.flush()).err());
            told.send(error).unwrap();
            body.finish()
        },
    );
    let mut stream = connect(server.address);
    stream.write_all(GET).unwrap();
    stream.read_exact(&mut [0]).unwrap();
    // The client reads as fast as the octets arrive.
    let took = thread::spawn(move || io::copy(&mut stream, &mut io::sink()).unwrap());
    server.handle.shutdown();
    server.end();
    assert!(result.recv_timeout(TIMEOUT).unwrap().is_some());
    took.join().unwrap();
}

#[test]
fn idle_connections_make_room_for_those_that_wait() {
    let server = Service::new(|server| server.max_handlers(2), tell);
    let mut idle = connect(server.address);
    idle.write_all(GET).unwrap();
    assert!(read_one(&mut idle).starts_with("HTTP/1.1 200 "));
    let silent = connect(server.address);
    // No idle connection is closed before another client waits.
    idle.write_all(GET).unwrap();
    assert!(read_one(&mut idle).starts_with("HTTP/1.1 200 "));
    assert!(exchange(server.address, LAST_GET).starts_with("HTTP/1.1 200 "));
    assert!(exchange(server.address, LAST_GET).starts_with("HTTP/1.1 200 "));
    drop((idle, silent));
}

#[test]
fn rfc9110_15_6_4_one_connection_too_many_gets_a_503() {
    let (handler, has_begun, go_on) = held();
    let server = Service::new(|server| server.max_handlers(1).max_connections(2), handler);
    let mut first = connect(server.address);
    first.write_all(LAST_GET).unwrap();
    has_begun.recv_timeout(TIMEOUT).unwrap();
    let mut second = connect(server.address);
    second.write_all(LAST_GET).unwrap();
    assert!(until(TIMEOUT, || server.handle.counts().queued == 1));
    for octets in [&b""[..], GET, &[b'x'; 100_000]] {
        let (mut third, client) = log_lines::connect(server.address);
        // The server may have closed the connection by now.
        let _ = third.write_all(octets);
        let response = read_all(third);
        assert!(response.starts_with("HTTP/1.1 503 Service Unavailable\r\nDate: "), "{response}");
        assert!(
            response.contains("\r\nRetry-After: 1\r\n")
                && response.ends_with("\r\n\r\ntoo many connections\n"),
            "{response}"
        );
        log_lines::with(&[&format!("{client} 503 Service Unavailable: too many connections")]);
    }
    // The earlier connections are served.
    for (stream, position) in [(first, 1), (second, 2)] {
        go_on.send(()).unwrap();
        assert!(read_all(stream).starts_with("HTTP/1.1 200 "), "{position}");
    }
    // A client may see its end before the server counts it out.
    assert!(until(TIMEOUT, || server.handle.counts().connections == 0));
    go_on.send(()).unwrap();
    assert!(exchange(server.address, LAST_GET).starts_with("HTTP/1.1 200 "));
}

#[test]
fn rfc9112_9_6_a_rejected_connection_lingers() {
    let server = Service::new(|server| server.max_connections(0), tell);
    let (mut stream, start) = (connect(server.address), Instant::now());
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    // The server closes after 5 s of silence.
    assert!(start.elapsed() < Duration::from_secs(4), "the end of the response is seen at once");
    // Octets that arrive now are discarded, until the server closes.
    let start = Instant::now();
    while stream.write_all(b"x").is_ok() {
        assert!(start.elapsed() < TIMEOUT, "it is never closed");
        if start.elapsed() > Duration::from_millis(1500) {
            server.handle.shutdown();
        }
        thread::park_timeout(Duration::from_millis(100));
    }
    assert!(start.elapsed() > Duration::from_millis(1500), "it is closed while octets come");
    let server = Service::new(|server| server.max_handlers(0), tell);
    assert!(
        exchange(server.address, LAST_GET).starts_with("HTTP/1.1 503 "),
        "nobody would ever come to it"
    );
}

#[test]
fn rfc9112_9_6_the_last_response_of_a_connection_says_close() {
    let server = Service::new(|server| server.max_requests_per_connection(3), tell);
    let responses = exchange_all(server.address, &GET.repeat(4));
    assert_eq!(responses.matches("HTTP/1.1 200 OK\r\n").count(), 3, "{responses}");
    assert_eq!(responses.matches("Connection: close\r\n").count(), 1, "{responses}");
    assert!(responses.rfind("Connection: close\r\n") > responses.rfind("HTTP/1.1 "), "{responses}");
}

#[test]
fn a_peer_that_stalls_is_given_up_wherever_it_stalls() {
    let soon = Duration::from_millis(100);
    let settings = Settings::new().head_timeout(soon).body_timeout(soon).write_timeout(soon);
    let serve = |idle_timeout| {
        Service::new(
            move |server| server.settings(settings.idle_timeout(idle_timeout)),
            |exchange| match exchange.head.target().path() {
                "/large" => exchange.responder.send(Status::OK, &[], &vec![b'x'; 100_000_000]),
                _ => tell(exchange),
            },
        )
    };
    // A client that times out in a message gets a 408, an idle one gets no response.
    let (idle, server) = (serve(soon), serve(TIMEOUT));
    for (octets, response, told) in [
        (&b""[..], "", None),
        (
            b"GET / HT",
            "HTTP/1.1 408 ",
            Some("timed out after 0.1 s waiting for the end of the head"),
        ),
        (
            b"GET / HTTP/1.1\r\nHost: a\r\n",
            "HTTP/1.1 408 ",
            Some("timed out after 0.1 s waiting for the end of the head"),
        ),
        (
            b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe",
            "HTTP/1.1 408 ",
            Some("timed out after 0.1 s waiting for the end of the body"),
        ),
        (
            b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r",
            "HTTP/1.1 408 ",
            Some("timed out after 0.1 s waiting for the end of the body"),
        ),
    ] {
        let (mut stream, client) =
            log_lines::connect(if octets.is_empty() { idle.address } else { server.address });
        stream.write_all(octets).unwrap();
        let came = read_all(stream);
        assert!(came.starts_with(response) && came.is_empty() == response.is_empty(), "{came}");
        if let Some(told) = told {
            log_lines::with(&[&client, "408 Request Timeout", told]);
        }
    }
    let (mut stream, client) = log_lines::connect(server.address);
    stream.write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    log_lines::with(&[
        &client,
        " GET /large HTTP/1.1 200 OK, ",
        ": timed out after 0.1 s waiting for the peer to read",
    ]);
}

#[cfg(unix)]
#[test]
fn a_server_listens_on_a_unix_socket() {
    use std::os::unix::net::{UnixListener, UnixStream};
    log_lines::keep();
    let path = std::env::temp_dir().join(format!("bareline-{}.socket", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let server = Server::from_listener(UnixListener::bind(&path).unwrap()).unwrap();
    assert_eq!(server.local_addr().unwrap().as_pathname(), Some(&*path));
    let handle = server.handle();
    let served = thread::spawn(move || {
        server.serve(|Exchange { peer, responder, .. }| {
            responder.send(Status::OK, &[], format!("{peer:?}").as_bytes())
        })
    });
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    stream.write_all(b"GET /unix HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    assert!(read_all(stream).ends_with("\r\n\r\nNone"));
    log_lines::with(&["access local GET /unix HTTP/1.1 200 OK, "]);
    // Another process may use the path by now.
    if cfg!(target_os = "linux") {
        std::fs::remove_file(&path).unwrap();
    }
    handle.shutdown();
    served.join().unwrap().unwrap();
    let _ = std::fs::remove_file(&path);
}

#[test]
fn a_listener_that_is_nonblocking_is_served_too() {
    let listener = TcpListener::bind(ALONE).unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::from_listener(listener).unwrap();
    let handle = server.handle();
    let served = thread::spawn(move || server.serve(tell));
    assert!(exchange(address, LAST_GET).starts_with("HTTP/1.1 200 "));
    handle.shutdown();
    served.join().unwrap().unwrap();
    // Another process may use the address by now.
    assert!(is_free(address));
    let listener = TcpListener::bind(address).unwrap();
    handle.shutdown();
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err());
}

/// A listener that returns nonblocking connections, as some systems do for a nonblocking listener.
struct Nonblocking(TcpListener);

impl Listener for Nonblocking {
    type Stream = TcpStream;
    type Addr = SocketAddr;

    fn accept(&self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
        let (stream, peer) = self.0.accept()?;
        stream.set_nonblocking(true)?;
        Ok((stream, Some(peer)))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    fn waker(&self) -> io::Result<Box<dyn Fn() + Send + Sync>> {
        self.0.waker()
    }

    fn set_nonblocking(&self) -> io::Result<()> {
        self.0.set_nonblocking(true)
    }
}

#[test]
fn a_connection_that_is_nonblocking_has_its_time_in_a_shutdown() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut stream = connect(listener.local_addr().unwrap());
    let server = Server::from_listener(Nonblocking(listener)).unwrap();
    server.handle().shutdown();
    let served = thread::spawn(move || server.serve(tell));
    assert!(stays_silent(&stream, Duration::from_millis(150)), "it is closed at once");
    stream.write_all(GET).unwrap();
    assert!(read_all(stream).starts_with("HTTP/1.1 200 "));
    served.join().unwrap().unwrap();
}

/// A listener whose waker fails, as when the system has no port left to connect from.
struct Sleeper {
    socket: TcpListener,
    /// `true` if `accept` waits for a second at most.
    is_timed: bool,
    /// Signals each call of `accept`.
    waits: Sender<()>,
}

impl Listener for Sleeper {
    type Stream = TcpStream;
    type Addr = SocketAddr;

    fn accept(&self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
        let _ = self.waits.send(());
        Listener::accept(&self.socket)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn waker(&self) -> io::Result<Box<dyn Fn() + Send + Sync>> {
        if self.is_timed {
            drop(self.socket.waker()?);
        }
        Ok(Box::new(|| {}))
    }

    fn set_nonblocking(&self) -> io::Result<()> {
        self.socket.set_nonblocking(true)
    }
}

/// Shuts down a server whose listener is not woken; returns the time that this takes.
fn shutdown_of_a_sleeper(is_timed: bool, timeout: Duration) -> Duration {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let (waits, has_waited) = channel();
    let listener = Sleeper { socket, is_timed, waits };
    let server = Server::from_listener(listener).unwrap().shutdown_timeout(timeout);
    let (handle, (done, is_done)) = (server.handle(), channel());
    thread::spawn(move || done.send(server.serve(tell)));
    assert!(exchange(address, LAST_GET).starts_with("HTTP/1.1 200 "));
    // It waits for the next connection.
    (0..2).for_each(|_| has_waited.recv_timeout(TIMEOUT).unwrap());
    let start = Instant::now();
    handle.shutdown();
    is_done.recv_timeout(TIMEOUT).expect("it ends").unwrap();
    start.elapsed()
}

#[test]
fn a_shutdown_ends_in_time_whatever_the_listener_does() {
    log_lines::keep();
    let took = shutdown_of_a_sleeper(false, Duration::from_millis(50));
    assert!(took < TIMEOUT / 4, "{took:?}");
    let lines = log_lines::with(&[
        "shutdown timed out after 0.05 s: the listener still waits for a connection",
    ]);
    assert!(lines[0].starts_with("WARN "), "{lines:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_shutdown_needs_no_connection_of_its_own() {
    let took = shutdown_of_a_sleeper(true, TIMEOUT);
    assert!(took < TIMEOUT / 4, "{took:?}");
}

#[test]
fn a_handle_does_not_keep_the_port() {
    let bound = || {
        let server = Server::bind(ALONE).unwrap();
        (server.handle(), server.local_addr().unwrap(), server)
    };
    // A server that never serves, ...
    let (handle, address, server) = bound();
    drop(server);
    assert!(is_free(address));
    handle.shutdown();
    // ... a server that has served, ...
    let (handle, address, server) = bound();
    handle.shutdown();
    server.serve(tell).unwrap();
    assert!(is_free(address));
    // ... and a server whose listener panics.
    struct Panicking(TcpListener);
    impl Listener for Panicking {
        type Stream = TcpStream;
        type Addr = SocketAddr;
        fn accept(&self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
            panic!("for a test")
        }
        fn local_addr(&self) -> io::Result<SocketAddr> {
            self.0.local_addr()
        }
        fn waker(&self) -> io::Result<Box<dyn Fn() + Send + Sync>> {
            let kept = self.0.try_clone()?;
            Ok(Box::new(move || _ = kept.set_nonblocking(true)))
        }
    }
    let socket = TcpListener::bind(ALONE).unwrap();
    let address = socket.local_addr().unwrap();
    let server = Server::from_listener(Panicking(socket)).unwrap();
    let handle = server.handle();
    assert!(thread::spawn(move || server.serve(tell)).join().is_err());
    assert!(is_free(address));
    handle.shutdown();
}

#[cfg(unix)]
#[test]
fn a_handle_does_not_keep_a_unix_socket() {
    use std::os::unix::net::{UnixListener, UnixStream};
    let path = std::env::temp_dir().join(format!("bareline-kept-{}.socket", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let server = Server::from_listener(UnixListener::bind(&path).unwrap()).unwrap();
    let handle = server.handle();
    drop(server);
    assert!(nothing_listens(|| UnixStream::connect(&path)));
    std::fs::remove_file(&path).unwrap();
    handle.shutdown();
}

#[test]
fn a_server_on_all_addresses_can_be_shut_down() {
    for address in ["0.0.0.0:0", "[::]:0"] {
        // The system may lack IPv6.
        let Ok(listener) = TcpListener::bind(address) else { continue };
        let server = Server::from_listener(listener).unwrap();
        let handle = server.handle();
        let served = thread::spawn(move || server.serve(tell));
        handle.shutdown();
        served.join().unwrap().unwrap();
    }
}
