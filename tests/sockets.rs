//! The crates over real sockets on loopback, and the article's four programs as a person runs them.
//!
//! Every socket is bound to port 0, and every wait has a deadline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use bareline_core::{ErrorKind, FieldName, FieldValue, Method, Status, Target, Version};
use bareline_net::{ClientStream, Error, PeerFault, ServerStream, Settings, UdpPeer, Wait};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(20);

/// One connection, served by `serve` in a thread of its own; gives its address and what came of it.
fn serve_one<T: Send + 'static>(
    settings: Settings,
    serve: impl FnOnce(&mut ServerStream) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let served = thread::spawn(move || serve(&mut ServerStream::with_settings(listener.accept().unwrap().0, settings)));
    (address, served)
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, DEADLINE).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// Sends these octets and reads the answer to its end.
fn exchange(address: SocketAddr, octets: &[u8]) -> String {
    let mut stream = connect(address);
    stream.write_all(octets).unwrap();
    read_all(stream)
}

fn read_all(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

#[test]
fn a_request_with_its_body_is_read_and_answered() {
    let (address, served) = serve_one(Settings::default(), |peer| {
        let request = peer.read_request().unwrap().unwrap();
        let seen = (request.head().method().to_string(), request.head().target().to_string(), request.body().to_vec());
        assert_eq!(request.dump().to_string(), "POST /a?b HTTP/1.1\nhost: x\nContent-Length: 5\n\nhel\\x1bo");
        let fields = [(FieldName::CONTENT_TYPE, FieldValue::from_static("text/plain"))];
        request.respond(Status::CREATED, &fields, b"done").unwrap();
        seen
    });
    let answer = exchange(address, b"POST /a?b HTTP/1.1\r\nhost: x\r\nContent-Length: 5\r\n\r\nhel\x1bo");
    assert_eq!(answer, "HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\ndone");
    assert_eq!(served.join().unwrap(), ("POST".to_owned(), "/a?b".to_owned(), b"hel\x1bo".to_vec()));
}

#[test]
fn rfc9110_9_3_2_an_answer_to_head_has_no_body() {
    let (address, served) = serve_one(Settings::default(), |peer| {
        peer.read_request().unwrap().unwrap().respond(Status::OK, &[], b"hello").unwrap();
    });
    let answer = exchange(address, b"HEAD / HTTP/1.0\r\n\r\n");
    assert_eq!(answer, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n");
    served.join().unwrap();
}

#[test]
fn rfc9110_10_1_1_a_client_that_waits_for_100_gets_it() {
    let (address, served) = serve_one(Settings::default(), |peer| {
        let request = peer.read_request().unwrap().unwrap();
        assert_eq!(request.body(), b"hi");
        request.respond(Status::NO_CONTENT, &[], b"").unwrap();
    });
    let mut stream = connect(address);
    stream.write_all(b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n").unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"hi").unwrap();
    assert_eq!(read_all(stream), "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    served.join().unwrap();
}

/// What a peer does, the status it is answered with, and the fault that is reported.
#[test]
fn what_a_server_refuses_is_answered_and_reported() {
    let parse = |error: &Error| matches!(error, Error::Peer(PeerFault::Parse(error)) if error.kind() == ErrorKind::BareLf);
    let chunk = |error: &Error| matches!(error, Error::Peer(PeerFault::Parse(error)) if error.kind() == ErrorKind::ChunkSize);
    let large = |error: &Error| matches!(error, Error::Peer(PeerFault::Parse(error)) if error.kind() == ErrorKind::BodyTooLarge);
    let late = |error: &Error| matches!(error, Error::Peer(PeerFault::TooSlow { wait: Wait::Head, .. }));
    let late_body = |error: &Error| matches!(error, Error::Peer(PeerFault::TooSlow { wait: Wait::Body, .. }));
    type IsFault = fn(&Error) -> bool;
    let cases: [(&str, u16, IsFault); 6] = [
        ("GET / HTTP/1.1\n\n", 400, parse),
        ("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n\r\n", 400, chunk),
        ("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n", 413, large),
        ("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n", 413, large),
        ("GET / HTTP/1.1\r\nHo", 408, late),
        ("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfive.", 408, late_body),
    ];
    for (octets, status, is_fault) in cases {
        let soon = Duration::from_millis(50);
        let settings = Settings { body_limit: 10, head_deadline: soon, body_deadline: soon, ..Settings::default() };
        let (address, served) = serve_one(settings, |peer| peer.read_request().map(|_| ()).unwrap_err());
        let answer = exchange(address, octets.as_bytes());
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{octets:?} was answered with {answer:?}");
        let (_, reason) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!((reason.lines().count(), reason.ends_with('\n')), (1, true), "{reason:?}");
        let error = served.join().unwrap();
        assert!(is_fault(&error), "{octets:?} was reported as {error:?}");
    }
}

#[test]
fn a_peer_that_goes_is_no_request() {
    let (address, served) = serve_one(Settings::default(), |peer| peer.read_request().map(|request| request.is_none()));
    drop(connect(address));
    assert!(served.join().unwrap().unwrap());

    let (address, served) = serve_one(Settings::default(), |peer| peer.read_request().map(|_| ()).unwrap_err());
    let mut stream = connect(address);
    stream.write_all(b"GET / HT").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert!(matches!(served.join().unwrap(), Error::Peer(PeerFault::Truncated)));
}

#[test]
fn a_slow_sender_of_octets_does_not_extend_the_deadline() {
    let settings = Settings { head_deadline: Duration::from_millis(200), ..Settings::default() };
    let (address, served) = serve_one(settings, |peer| {
        let start = Instant::now();
        (peer.read_request().map(|_| ()).unwrap_err(), start.elapsed())
    });
    let mut stream = connect(address);
    while stream.write_all(b"x").is_ok() && !served.is_finished() {
        thread::park_timeout(Duration::from_millis(20));
    }
    let (error, after) = served.join().unwrap();
    assert!(matches!(error, Error::Peer(PeerFault::TooSlow { .. })), "{error:?}");
    assert!(after < DEADLINE, "{after:?}");
}

/// A server that takes one connection, reads a head, sends these octets and closes.
fn canned(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut octet = [0];
            stream.read_exact(&mut octet).unwrap();
            head.extend(octet);
        }
        stream.write_all(answer).unwrap();
    });
    address
}

fn get(address: &str) -> Result<bareline_net::Response, Error> {
    ClientStream::connect(address)?.request(Method::GET, Target::ROOT, &[], b"")
}

#[test]
fn a_client_reads_each_framing_and_skips_interim_responses() {
    for (answer, body) in [
        (&b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"[..], &b"hi"[..]),
        (b"HTTP/1.0 200 OK\r\n\r\nto the end", b"to the end"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x\r\na\r\n2\r\nbc\r\n0\r\nX-T: 1\r\n\r\n", b"abc"),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", b""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 \r\nContent-Length: 1\r\n\r\n!", b"!"),
    ] {
        let response = get(&canned(answer)).unwrap();
        assert_eq!(response.body(), body);
        assert!(response.head().status().is_successful());
    }
}

#[test]
fn a_client_never_takes_less_than_a_message_for_one() {
    for answer in [&b"HTTP/1.1 200 OK\r\nConte"[..], b"HTTP/1.1 100 Continue\r\n\r\n", b""] {
        let error = get(&canned(answer)).unwrap_err();
        assert!(matches!(error, Error::Peer(PeerFault::Truncated)), "{error:?}");
    }
    for answer in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi"[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
    ] {
        let error = get(&canned(answer)).unwrap_err();
        assert!(matches!(error, Error::Peer(PeerFault::Truncated)), "{error:?}");
    }
}

#[test]
fn a_client_tries_every_address() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let addresses = ("localhost", port).to_socket_addrs().unwrap().count();
    let served = thread::spawn(move || listener.accept().map(|_| ()).unwrap());
    // Where the name has an IPv6 address too, nobody listens there, and it is tried first.
    assert!(ClientStream::connect(&format!("localhost:{port}")).is_ok(), "of {addresses} addresses none was taken");
    served.join().unwrap();

    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = ClientStream::connect(&free.to_string()).unwrap_err();
    assert!(matches!(&error, Error::Connect { tried } if tried.len() == 1 && tried[0].0 == free), "{error:?}");
}

#[test]
fn a_server_that_never_comes_to_the_point_is_given_up() {
    let interim = b"HTTP/1.1 102 Processing\r\n\r\n".repeat(100).leak();
    let error = get(&canned(interim)).unwrap_err();
    assert!(matches!(error, Error::Peer(PeerFault::Parse(error)) if error.kind() == ErrorKind::TooManyInterim), "{error:?}");
}

#[test]
fn rfc9112_9_5_an_answer_that_comes_before_the_request_is_sent_is_read() {
    let settings = Settings { body_limit: 10, ..Settings::default() };
    let (address, served) = serve_one(settings, |peer| peer.read_request().map(|_| ()).unwrap_err());
    let client = ClientStream::connect(&address.to_string()).unwrap();
    let response = client.request(Method::POST, Target::ROOT, &[], &vec![b'x'; 20_000_000]).unwrap();
    assert_eq!(response.head().status(), Status::CONTENT_TOO_LARGE);
    served.join().unwrap();
}

#[test]
fn rfc9112_9_6_an_answer_is_not_lost_to_octets_that_nobody_reads() {
    let (address, served) = serve_one(Settings::default(), |peer| peer.read_request().map(|_| ()).unwrap_err());
    let mut stream = connect(address);
    stream.write_all(b"nonsense@\r\n").unwrap();
    // Octets that the server has no use for; a close with them unread would be a reset, which takes the answer away.
    for _ in 0..20 {
        let _ = stream.write_all(&[b'x'; 10_000]);
    }
    stream.shutdown(Shutdown::Write).unwrap_or_default();
    assert!(read_all(stream).starts_with("HTTP/1.1 400 "));
    served.join().unwrap();
}

/// An answer of the caller's that cannot be sent, and what the client gets in its place.
#[test]
fn an_answer_that_is_none_is_a_500_and_an_error() {
    type Answer = fn(bareline_net::Request<'_>) -> Result<(), Error>;
    let answers: [Answer; 5] = [
        |request| request.respond_with(Status::OK, |_| Ok(())),
        |request| request.respond_with(Status::OK, |head| head.length(5)),
        |request| request.respond(Status::CONTINUE, &[], b""),
        |request| request.respond(Status::NOT_MODIFIED, &[], b"x"),
        |request| request.respond(Status::OK, &[(FieldName::HOST, FieldValue::new(&vec![b'x'; 9000]).unwrap())], b"x"),
    ];
    for (number, answer) in answers.into_iter().enumerate() {
        let (address, served) = serve_one(Settings::default(), move |peer| {
            let error = answer(peer.read_request().unwrap().unwrap()).unwrap_err();
            assert!(matches!(error, Error::Own(_)), "{number}: {error:?}");
            assert!(peer.read_request().unwrap().is_none(), "the request is answered");
        });
        let answer = exchange(address, b"GET / HTTP/1.0\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 500 Internal Server Error\r\n"), "{number}: {answer:?}");
        assert_eq!(answer.matches("HTTP/1.").count(), 1, "{answer:?}");
        served.join().unwrap();
    }
}

#[test]
fn a_large_body_arrives_whole_both_ways() {
    let body: Vec<u8> = (0..1_000_000u32).map(|number| number.to_le_bytes()[0]).collect();
    let echoed = body.clone();
    let (address, served) = serve_one(Settings::default(), |peer| {
        let request = peer.read_request().unwrap().unwrap();
        let body = request.body().to_vec();
        request.respond(Status::OK, &[], &body).unwrap();
    });
    let client = ClientStream::connect(&address.to_string()).unwrap();
    let response = client.request(Method::POST, Target::ROOT, &[], &body).unwrap();
    assert!(response.body() == echoed);
    assert_eq!(response.head().version(), Version::Http11);
    served.join().unwrap();
}

#[test]
fn datagrams_are_told_when_cut_and_waited_for_no_longer_than_asked() {
    let mut server = UdpPeer::bind("127.0.0.1:0").unwrap();
    let mut client = UdpPeer::connect(server.local_addr().unwrap()).unwrap();
    client.send(&[b'x'; 1100]).unwrap();
    let mut buffer = [0; 1024];
    let datagram = server.receive_within(DEADLINE, &mut buffer).unwrap();
    assert_eq!((datagram.octets.len(), datagram.cut), (1024, 76));
    let from = datagram.from;
    server.send_to(b"", from).unwrap();
    assert_eq!(client.receive_within(DEADLINE, &mut buffer).unwrap().octets, b"");
    let error = client.receive_within(Duration::from_millis(20), &mut buffer).unwrap_err();
    assert!(matches!(error, Error::Peer(PeerFault::TooSlow { wait: Wait::Datagram, .. })), "{error:?}");
}

/// One of the article's programs at work, ended when this goes.
struct Program {
    child: Child,
    address: String,
    output: Receiver<String>,
    notes: Receiver<String>,
}

fn example(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let program = profile.join("examples").join(name);
    assert!(program.exists(), "{} is not built: run `cargo test`, or `cargo build --examples` first", program.display());
    Command::new(program)
}

/// The lines of a stream, as they come.
fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || BufReader::new(stream).lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    receiver
}

fn next(lines: &Receiver<String>) -> String {
    lines.recv_timeout(DEADLINE).expect("a line in time")
}

impl Program {
    /// Starts a server on a free port.
    fn start(name: &str) -> Self {
        let mut command = example(name);
        let mut child = command.arg("127.0.0.1:0").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (output, notes) = (lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap()));
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

fn run(command: &mut Command) -> Output {
    command.output().unwrap()
}

fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

const ANSWER: &str = "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nTCP connection";

#[test]
fn the_articles_tcp_programs_do_as_the_article_says() {
    let server = Program::start("tcp_server");
    let client = run(example("tcp_client").arg(&server.address));
    assert_eq!(text(&client.stdout), "HTTP/1.0 200 OK\nConnection: close\n\nTCP connection\n");
    assert!(client.status.success());
    let agent = concat!("User-Agent: bareline/", env!("CARGO_PKG_VERSION"));
    for line in ["GET / HTTP/1.1", &format!("Host: {}", server.address), agent, "", ""] {
        assert_eq!(next(&server.output), line);
    }
    assert_eq!(exchange(server.tcp(), b"HEAD / HTTP/1.0\r\n\r\n"), "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n");
}

#[test]
fn the_articles_udp_programs_do_as_the_article_says() {
    let server = Program::start("udp_server");
    let client = run(example("udp_client").arg(&server.address));
    assert_eq!((text(&client.stdout), client.status.code()), ("Received: udp server\n".to_owned(), Some(0)));
    assert!(next(&server.output).ends_with(" udp request"));

    let mut peer = UdpPeer::connect(&server.address).unwrap();
    let mut buffer = [0; 1024];
    for (sent, shown) in [(&b""[..], " "), (b"a\n\x1b", " a\\n\\x1b"), (&[b'x'; 1030], "x")] {
        peer.send(sent).unwrap();
        assert_eq!(peer.receive_within(DEADLINE, &mut buffer).unwrap().octets, b"udp server");
        let line = next(&server.output);
        assert!(line.ends_with(shown), "{line:?}");
    }
    assert!(next(&server.notes).ends_with(": 6 octets cut off"));
}

/// Two requests, the second with a body in chunks, and one that is none.
const THREE_REQUESTS: &[u8] = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\nPUT /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET\r\n";

fn check_three_answers(answers: &str) {
    let [first, second, third] = answers.split("HTTP/1.1 ").skip(1).collect::<Vec<_>>()[..] else { panic!("{answers}") };
    assert_eq!(first, "200 OK\r\nContent-Length: 17\r\n\r\nGET /a, 0 octets\n");
    assert_eq!(second, "200 OK\r\nContent-Length: 17\r\n\r\nPUT /b, 3 octets\n");
    assert!(third.starts_with("400 Bad Request\r\n"), "{third}");
}

#[test]
fn the_bare_loop_serves_a_pipe_and_a_socket() {
    let mut child = example("sans_io").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(THREE_REQUESTS).unwrap();
    check_three_answers(&text(&child.wait_with_output().unwrap().stdout));

    let server = Program::start("sans_io");
    check_three_answers(&exchange(server.tcp(), THREE_REQUESTS));
    let mut octet_by_octet = connect(server.tcp());
    octet_by_octet.set_nodelay(true).unwrap();
    THREE_REQUESTS.iter().for_each(|&octet| octet_by_octet.write_all(&[octet]).unwrap_or_default());
    check_three_answers(&read_all(octet_by_octet));
}

#[test]
fn what_fails_is_told_in_one_line() {
    // Nobody listens at a port that was free a moment ago; at the other one this test does.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    for (name, address, code) in [
        ("tcp_client", &*free, 1),
        ("tcp_server", &*taken, 1),
        ("tcp_server", "no-such-host.invalid:80", 1),
        ("tcp_client", "no-such-host.invalid:80", 1),
        ("udp_server", "no-such-host.invalid:80", 1),
        ("udp_client", "no-such-host.invalid:80", 1),
        ("udp_client", &*free, 1),
        ("tcp_client", "no port", 1),
    ] {
        let output = run(example(name).arg(address));
        let told = text(&output.stderr);
        assert_eq!(
            (output.status.code(), told.lines().count(), &*output.stdout),
            (Some(code), 1, &b""[..]),
            "{name} {address}: {told}"
        );
        assert!(told.starts_with(&format!("{name}: ")) && told.contains(address), "{told}");
    }
    for name in ["tcp_server", "tcp_client", "udp_server", "udp_client"] {
        assert_eq!(run(example(name).arg("--no-such-option")).status.code(), Some(2));
        assert_eq!(run(example(name).arg("--help")).status.code(), Some(0));
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_a_server_cleanly() {
    for name in ["tcp_server", "udp_server"] {
        let mut server = Program::start(name);
        run(Command::new("kill").args(["-INT", &server.child.id().to_string()]));
        assert_eq!(server.child.wait().unwrap().code(), Some(0), "{name}");
    }
}

/// What killed the article's server, and more of the kind: a thousand connections, after which a request is answered as before.
#[test]
fn a_thousand_hostile_connections_do_not_harm_the_server() {
    let server = Program::start("tcp_server");
    let huge = [b"GET / HTTP/1.1\r\nHost: a\r\nX: ".to_vec(), vec![b'x'; 100_000]].concat();
    let octets: [(&[u8], &str); 10] = [
        (b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03", "400"),
        (b"\0\0\0\0", "400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"),
        (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        (b"GET /\r\n\r\n", "400"),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "400"),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x, chunked\r\n\r\n", "501"),
        (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", "505"),
        (&huge, "431"),
    ];
    let memory_before = memory(&server.child);
    for round in 0..1000 {
        match round % 13 {
            10 => drop(connect(server.tcp())),
            11 => reset_in_mid_head(server.tcp()),
            12 => {
                let mut stream = connect(server.tcp());
                stream.set_nodelay(true).unwrap();
                b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".iter().for_each(|&octet| stream.write_all(&[octet]).unwrap());
                assert_eq!(read_all(stream), ANSWER);
            }
            which => {
                let (octets, status) = octets[which];
                let answer = exchange(server.tcp(), octets);
                assert_eq!(answer.get(9..12), Some(status), "{answer}");
            }
        }
    }
    assert_eq!(exchange(server.tcp(), b"GET / HTTP/1.0\r\n\r\n"), ANSWER);
    if let (Some(before), Some(after)) = (memory_before, memory(&server.child)) {
        assert!(after < before + 16_000, "memory grew from {before} to {after} KB");
    }
}

/// Closes with octets unread, so that the system sends a reset.
fn reset_in_mid_head(address: SocketAddr) {
    let mut stream = connect(address);
    stream.write_all(b"GET / HTTP/1.1\r\nHo").unwrap();
    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
}

/// The resident memory of a process, in KB, where the system tells.
fn memory(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn curl_gets_the_answer_of_the_article() {
    if Command::new("curl").arg("--version").output().is_err() {
        // Not by `eprintln`, which the test harness keeps to itself.
        writeln!(std::io::stderr(), "SKIPPED: curl is not installed").unwrap();
        return;
    }
    let server = Program::start("tcp_server");
    let curl = |arguments: &[&str]| {
        let output = run(Command::new("curl").args(["-sS", "--max-time", "20"]).args(arguments).arg(&server.address));
        assert!(output.status.success(), "curl {arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    assert_eq!(curl(&["-i"]), ANSWER);
    assert_eq!(next(&server.output), "GET / HTTP/1.1");
    assert_eq!(next(&server.output), format!("Host: {}", server.address));
    assert!(next(&server.output).starts_with("User-Agent: curl/"));
    assert_eq!(curl(&["-I"]), "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n");
    assert_eq!(curl(&["--data", "a=b"]), "TCP connection");
    assert_eq!(curl(&["-H", "Expect: 100-continue", "--data", "a=b"]), "TCP connection");
    assert_eq!(curl(&["-H", "Transfer-Encoding: chunked", "--data", "a=b"]), "TCP connection");
}
