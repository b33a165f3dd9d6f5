//! The state machines of connections.
//!
//! Every step is tried in every reachable state, and gives every transition.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use bareline_core::body::{BodyDecoder, BodyPart, Decoded, Framing};
use bareline_core::connection::{ClientState, Received, RecvBuf, ServerState};
use bareline_core::error::{ParseErrorKind, WriteError};
use bareline_core::head::Limits;
use bareline_core::write::{MessageWriter, RequestContext};
use bareline_core::{
    ClientConnection, Event, FieldName, FieldSpans, FieldValue, Method, ServerConnection, Status,
    Target, Version, WireBuf, datagram,
};
use bareline_fuzz::{Entry, client_log};
use std::collections::{BTreeSet, HashSet, VecDeque};
use std::path::Path;

const LIMITS: Limits = Limits::new().interim(1).drain(2);
const UPGRADE: FieldValue<'_> = FieldValue::from_static("upgrade");
const HOST: FieldValue<'_> = FieldValue::from_static("a");

/// A step: its name in the drawing, and its function, which returns `false` if the step is
/// rejected.
type Step<C> = (&'static str, fn(&mut C) -> bool);

/// A connection, and the input and output of its caller.
struct Server {
    connection: ServerConnection,
    input: Vec<u8>,
    out: WireBuf<1024>,
}

impl Server {
    /// Presents these octets, and reads all events.
    fn octets(&mut self, octets: &[u8]) -> bool {
        self.input.extend_from_slice(octets);
        let mut spans = FieldSpans::<8>::new();
        loop {
            match self.connection.receive(&mut self.input, spans.lend()) {
                Err(_) => return true,
                Ok(Received { used, .. }) => {
                    self.input.drain(..used);
                    if used == 0 {
                        return true;
                    }
                }
            }
        }
    }

    fn respond(&mut self, status: Status, body: &str) -> bool {
        let Ok(head) = self.connection.respond(status, &mut self.out) else { return false };
        match body {
            "upgrade" => head
                .field(FieldName::CONNECTION, UPGRADE)
                .and_then(|head| head.field(FieldName::UPGRADE, UPGRADE))
                .and_then(|head| head.without_body())
                .is_ok(),
            "chunked" => head.chunked().is_ok(),
            _ => head.without_body().is_ok(),
        }
    }
}

const SERVER_STEPS: &[Step<Server>] = &[
    ("part of a head arrives", |server| {
        server.connection.state() == ServerState::Idle && server.octets(b"GET / HT")
    }),
    ("the rest of a head arrives", |server| {
        server.connection.state() == ServerState::Head
            && server.octets(b"TP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
    }),
    ("a head with a body arrives", |server| {
        server.connection.state() == ServerState::Idle
            && server.octets(
                b"PUT / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\
                    Content-Length: 2\r\n\r\n",
            )
    }),
    ("a head with close arrives", |server| {
        server.connection.state() == ServerState::Idle
            && server.octets(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    }),
    ("an invalid head arrives", |server| {
        matches!(server.connection.state(), ServerState::Idle)
            && server.octets(b"GET / HTTP/1.1\r\n\r\n")
    }),
    ("the rest of a body arrives", |server| {
        let may_come =
            matches!(server.connection.state(), ServerState::Body | ServerState::SendBody);
        may_come && server.octets(b"hi")
    }),
    ("the peer closes", |server| {
        let _ = server.connection.on_eof();
        true
    }),
    ("the buffer is full", |server| {
        server.connection.on_overflow();
        true
    }),
    ("the caller makes the response the last one", |server| {
        let is_owed =
            matches!(server.connection.state(), ServerState::Body | ServerState::SendResponse);
        server.connection.close_after_response();
        is_owed
    }),
    ("an interim response is written", |server| server.respond(Status::PROCESSING, "")),
    ("a response is written", |server| server.respond(Status::NO_CONTENT, "")),
    ("the head of a response is written", |server| server.respond(Status::OK, "chunked")),
    ("the head of a response is written while the body is received", |server| {
        let head = server.connection.respond_while_receiving(Status::OK, &mut server.out);
        head.and_then(|head| head.chunked()).is_ok()
    }),
    ("the received part of a body is discarded", |server| {
        server.connection.state() == ServerState::Body && server.connection.discard_body(b"hi") == 2
    }),
    ("a 101 is written", |server| server.respond(Status::SWITCHING_PROTOCOLS, "upgrade")),
    ("the rest of a response is written", |server| {
        server.connection.end_body(&[], &mut server.out).is_ok()
    }),
    ("a rejection is written", |server| {
        let head = server.connection.reject(Status::BAD_REQUEST, &mut server.out);
        head.and_then(|head| head.without_body()).is_ok()
    }),
];

struct Client {
    connection: ClientConnection,
    input: Vec<u8>,
    out: WireBuf<1024>,
}

impl Client {
    fn octets(&mut self, octets: &[u8]) -> bool {
        self.input.extend_from_slice(octets);
        let mut spans = FieldSpans::<8>::new();
        loop {
            match self.connection.receive(&mut self.input, spans.lend()) {
                Err(_) => return true,
                Ok(Received { used, .. }) => {
                    self.input.drain(..used);
                    if used == 0 {
                        return true;
                    }
                }
            }
        }
    }

    fn request(
        &mut self,
        method: Method<'_>,
        fields: &[(FieldName<'_>, FieldValue<'_>)],
        body: &str,
    ) -> bool {
        // Octets that arrived before the request would be parsed as its response.
        if !self.input.is_empty() {
            return false;
        }
        let Ok(mut head) = self.connection.request(method, Target::ROOT, &mut self.out) else {
            return false;
        };
        for (name, value) in [(FieldName::HOST, HOST)].iter().chain(fields) {
            head = head.field(*name, *value).unwrap();
        }
        match body {
            "chunked" => head.chunked().is_ok(),
            _ => head.without_body().is_ok(),
        }
    }

    fn expects_a_head(&self) -> bool {
        matches!(
            self.connection.state(),
            ClientState::Continue | ClientState::SendBody | ClientState::Head
        )
    }
}

const CLIENT_STEPS: &[Step<Client>] = &[
    ("a request is written", |client| {
        client.request(
            Method::GET,
            &[(FieldName::CONNECTION, UPGRADE), (FieldName::UPGRADE, UPGRADE)],
            "",
        )
    }),
    ("the head of a request is written", |client| client.request(Method::PUT, &[], "chunked")),
    ("the head of a request with Expect is written", |client| {
        client.request(
            Method::PUT,
            &[(FieldName::EXPECT, FieldValue::from_static("100-continue"))],
            "chunked",
        )
    }),
    ("the rest of a request is written", |client| {
        client.connection.end_body(&[], &mut client.out).is_ok()
    }),
    ("a 100 arrives", |client| client.expects_a_head() && client.octets(b"HTTP/1.1 100 \r\n\r\n")),
    ("a 101 arrives", |client| {
        client.expects_a_head()
            && client.octets(b"HTTP/1.1 101 \r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
    }),
    ("a response arrives", |client| {
        client.expects_a_head() && client.octets(b"HTTP/1.1 204 \r\n\r\n")
    }),
    ("a response with close arrives", |client| {
        client.expects_a_head() && client.octets(b"HTTP/1.1 204 \r\nConnection: close\r\n\r\n")
    }),
    ("a head with a body arrives", |client| {
        client.expects_a_head() && client.octets(b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n")
    }),
    ("a head with a body until close arrives", |client| {
        client.expects_a_head() && client.octets(b"HTTP/1.1 200 \r\n\r\n")
    }),
    ("the rest of a body arrives", |client| {
        client.connection.state() == ClientState::Body && client.octets(b"hi")
    }),
    ("the received part of a body is discarded", |client| {
        client.connection.state() == ClientState::Body && client.connection.discard_body(b"hi") == 2
    }),
    ("invalid octets arrive", |client| {
        let may_come = client.expects_a_head() || client.connection.state() == ClientState::Idle;
        may_come && client.octets(b"\0")
    }),
    ("the peer closes", |client| {
        let _ = client.connection.on_eof();
        client.octets(b"")
    }),
    ("the buffer is full", |client| {
        client.connection.on_overflow();
        true
    }),
];

/// Steps that do not change the state.
const IN_BETWEEN: [&str; 3] = [
    "an interim response is written",
    "a 100 arrives",
    "the caller makes the response the last one",
];

/// Returns every transition within `depth` steps of a new connection, as arrows.
fn explore<C, S: std::fmt::Debug + PartialEq>(
    steps: &[Step<C>],
    new: fn() -> C,
    state: fn(&C) -> S,
    depth: usize,
) -> Vec<String> {
    let mut transitions = BTreeSet::new();
    let mut seen = HashSet::new();
    let mut paths = VecDeque::from([Vec::new()]);
    while let Some(path) = paths.pop_front() {
        for (number, (name, step)) in steps.iter().enumerate() {
            let mut connection = new();
            for &earlier in &path {
                let (_, step): &Step<C> = &steps[earlier];
                step(&mut connection);
            }
            let before = state(&connection);
            if !step(&mut connection) {
                continue;
            }
            let after = state(&connection);
            // A step that does not change the state has no arrow, except those of `IN_BETWEEN`.
            if before != after || IN_BETWEEN.contains(name) {
                transitions.insert(format!("{before:?} --> {after:?}: {name}"));
            }
            let longer = [&path[..], &[number]].concat();
            // The next state depends on more than the state; two steps of history are enough here.
            let history = longer.iter().rev().take(3).copied().collect::<Vec<_>>();
            if longer.len() < depth && seen.insert((format!("{after:?}"), history)) {
                paths.push_back(longer);
            }
        }
    }
    transitions.into_iter().collect()
}

/// Returns the arrows of the drawing in the documentation.
fn drawn(file: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../core/src/connection").join(file);
    let document = std::fs::read_to_string(path).unwrap();
    let arrows = document.lines().filter_map(|line| {
        line.trim().split_once(" --> ")?.1.split_once(": ").map(|_| line.trim())
    });
    let mut arrows: Vec<_> = arrows.map(str::to_owned).collect();
    arrows.sort();
    arrows
}

fn check(file: &str, mut found: Vec<String>) {
    found.sort();
    assert!(drawn(file) == found, "the arrows should be:\n{}", found.join("\n"));
}

#[test]
fn the_drawing_of_a_servers_states_is_what_it_does() {
    let new = || Server {
        connection: ServerConnection::with_limits(LIMITS),
        input: Vec::new(),
        out: WireBuf::new(),
    };
    let found = explore(SERVER_STEPS, new, |server| server.connection.state(), 7);
    check("SERVER_STATES.md", found);
}

#[test]
fn the_drawing_of_a_clients_states_is_what_it_does() {
    let new = || Client {
        connection: ClientConnection::with_limits(LIMITS),
        input: Vec::new(),
        out: WireBuf::new(),
    };
    let found = explore(CLIENT_STEPS, new, |client| client.connection.state(), 6);
    check("CLIENT_STATES.md", found);
}

/// Returns the error of these octets to a client that has sent a GET without an upgrade.
fn received_by_a_client(octets: &[u8]) -> Option<ParseErrorKind> {
    let (mut connection, mut spans, mut out) =
        (ClientConnection::with_limits(LIMITS), FieldSpans::<8>::new(), WireBuf::<64>::new());
    let head = connection.request(Method::GET, Target::ROOT, &mut out).unwrap();
    head.field(FieldName::HOST, HOST).unwrap().without_body().unwrap();
    let mut octets = octets.to_vec();
    connection.receive(&mut octets, spans.lend()).err().map(|error| error.kind())
}

#[test]
fn rfc9110_7_8_only_what_was_offered_is_switched_to() {
    let switch = b"HTTP/1.1 101 \r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n";
    assert_eq!(received_by_a_client(switch), Some(ParseErrorKind::UnexpectedUpgrade));
    assert_eq!(
        received_by_a_client(&switch.map(|octet| if octet == b'1' { b'2' } else { octet })[9..]),
        Some(ParseErrorKind::Version)
    );
    assert_eq!(
        received_by_a_client(b"HTTP/1.1 201 \r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
        None
    );

    for (request, is_offered) in [
        (&b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"[..], true),
        (b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: pgrade\r\n\r\n", false),
        (b"GET / HTTP/1.0\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", false),
        (
            b"PUT / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\
                Expect: 100-continue\r\nContent-Length: 1\r\n\r\n",
            false,
        ),
    ] {
        let (mut connection, mut spans, mut out) =
            (ServerConnection::with_limits(LIMITS), FieldSpans::<8>::new(), WireBuf::<64>::new());
        let _ = connection.receive(&mut request.to_vec(), spans.lend()).unwrap();
        let rejected = connection.respond(Status::SWITCHING_PROTOCOLS, &mut out).err();
        assert_eq!(
            rejected,
            (!is_offered).then_some(WriteError::UpgradeNotOffered),
            "{}",
            request.escape_ascii()
        );
    }
}

#[test]
fn the_halves_of_a_connection_share_an_error() {
    let (mut connection, mut spans, mut out) =
        (ServerConnection::with_limits(LIMITS), FieldSpans::<8>::new(), WireBuf::<128>::new());
    let input = b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n";
    let used = connection.receive(&mut input.to_vec(), spans.lend()).unwrap().used;
    let (mut receiving, mut sending) = connection.split();
    assert!(sending.respond(Status::OK, &mut out).is_ok(), "before the fault");
    let received = receiving.receive_body(&input[used..]);
    let error = received.unwrap_err();
    assert_eq!(sending.respond(Status::OK, &mut out).err(), Some(WriteError::AfterParseError));
    sending.reject(error.status(), &mut out).unwrap().without_body().unwrap();
    assert_eq!(connection.state(), ServerState::Close);
    // Otherwise a half in another thread would see neither the error nor the owed body.
    assert!(connection.is_body_owed(), "a body at fault stays owed");
    assert!(out.as_bytes().starts_with(b"HTTP/1.1 400 "));
}

#[test]
fn a_buffer_that_is_too_small_is_rejected() {
    for (octets, kind) in [
        (&b"GET /"[..], ParseErrorKind::TargetTooLong),
        (b"GET / HTTP/1.1\r\nHost: a", ParseErrorKind::HeadTooLong),
        (
            b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1",
            ParseErrorKind::BodyTooLarge,
        ),
    ] {
        let mut server = Server {
            connection: ServerConnection::with_limits(LIMITS),
            input: Vec::new(),
            out: WireBuf::new(),
        };
        server.octets(octets);
        let error = server.connection.on_overflow();
        assert_eq!(
            (error.kind(), server.connection.state()),
            (kind, ServerState::Reject),
            "{}",
            octets.escape_ascii()
        );
    }
}

/// Each case is a datagram, and the body of its request, or the error and its offset.
#[test]
fn a_datagram_is_one_message() {
    let request = |octets: &'static [u8]| {
        let mut spans = FieldSpans::<8>::new();
        datagram::parse_request(octets, spans.lend())
            .map(|(_, body)| body.to_vec())
            .map_err(|error| (error.kind(), error.offset()))
    };
    assert_eq!(request(b"M-SEARCH * HTTP/1.1\r\nHost: a\r\n\r\n"), Ok(b"".to_vec()));
    assert_eq!(request(b"NOTIFY * HTTP/1.1\r\nHost: a\r\n\r\n"), Ok(b"".to_vec()));
    assert_eq!(
        request(b"NOTIFYX * HTTP/1.1\r\nHost: a\r\n\r\n"),
        Err((ParseErrorKind::TargetForm, 8))
    );
    assert_eq!(request(b"GET / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi"), Ok(b"hi".to_vec()));
    assert_eq!(
        request(b"GET / HTTP/1.0\r\nContent-Length: 3\r\n\r\nhi"),
        Err((ParseErrorKind::Truncated, 39))
    );
    assert_eq!(
        request(b"GET / HTTP/1.0\r\nContent-Length: 1\r\n\r\nhi"),
        Err((ParseErrorKind::Surplus, 38))
    );
    assert_eq!(request(b"GET / HTTP/1.0\r\n\r\nhi"), Err((ParseErrorKind::Surplus, 18)));
    assert_eq!(
        request(b"M-SEARCH * HTTP/1.1\r\nHost: a\r\n"),
        Err((ParseErrorKind::HeadNotEnded, 30))
    );
    assert_eq!(request(b""), Err((ParseErrorKind::EmptyDatagram, 0)));
    let chunked = b"PUT / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_eq!(request(chunked), Err((ParseErrorKind::UnsupportedCoding, 53)));

    let response = |octets: &'static [u8]| {
        let mut spans = FieldSpans::<8>::new();
        datagram::parse_response(octets, Method::new("M-SEARCH").unwrap(), spans.lend())
            .map(|(head, body)| (head.status(), body.to_vec()))
    };
    assert_eq!(response(b"HTTP/1.1 200 OK\r\nEXT:\r\n\r\n"), Ok((Status::OK, b"".to_vec())));
    assert_eq!(response(b"HTTP/1.1 200 OK\r\n\r\nhi"), Ok((Status::OK, b"hi".to_vec())));
    assert_eq!(
        response(b"HTTP/1.1 200 OK\r\nEXT:\r\n").unwrap_err().kind(),
        ParseErrorKind::HeadNotEnded
    );

    let mut out = WireBuf::<100>::new();
    let search = Method::new("M-SEARCH").unwrap();
    let stream = MessageWriter::new().request(search, Target::ASTERISK, &mut out).err();
    assert_eq!(stream, Some(WriteError::TargetForm));
    datagram::write_request(search, Target::ASTERISK, &mut out)
        .unwrap()
        .field(FieldName::HOST, HOST)
        .unwrap()
        .without_body()
        .unwrap();
    assert_eq!(out.as_bytes(), b"M-SEARCH * HTTP/1.1\r\nHost: a\r\n\r\n");
    // A datagram is one message.
    let second = datagram::write_request(search, Target::ASTERISK, &mut out).err();
    assert_eq!(second, Some(WriteError::BufferInUse));
    let second = datagram::write_response(RequestContext::UNREAD, Status::OK, &mut out).err();
    assert_eq!(second, Some(WriteError::BufferInUse));
    let second = MessageWriter::new().response(RequestContext::UNREAD, Status::OK, &mut out).err();
    assert_eq!(second, Some(WriteError::BufferInUse));
    out.clear();
    datagram::write_response(RequestContext::UNREAD, Status::OK, &mut out)
        .unwrap()
        .body(b"x")
        .unwrap();
    assert_eq!(out.as_bytes(), b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
}

#[test]
fn an_error_counts_no_more_octets_than_a_datagram_has() {
    let counted = |surplus: usize| {
        let octets = [&b"GET / HTTP/1.0\r\n\r\n"[..], &vec![b'x'; surplus]].concat();
        datagram::parse_request(&octets, FieldSpans::<8>::new().lend())
            .map_err(|error| error.len())
            .err()
    };
    assert_eq!([65_535, 65_536, 131_073].map(counted), [Some(65_535); 3]);
}

#[test]
fn rfc9112_2_2_empty_lines_around_a_request_in_a_datagram() {
    let request = |octets: &[u8]| {
        let mut spans = FieldSpans::<8>::new();
        let read = datagram::parse_request(octets, spans.lend());
        read.map(|(head, body)| (head.method().to_string(), body.to_vec()))
            .map_err(|error| (error.kind(), error.offset()))
    };
    let search = |before: &str, behind: &str| {
        request(format!("{before}M-SEARCH * HTTP/1.1\r\nHost: a\r\n\r\n{behind}").as_bytes())
    };
    let searched = Ok(("M-SEARCH".to_owned(), Vec::new()));
    for lines in ["", "\r\n", "\r\n\r\n\r\n"] {
        assert_eq!(
            (search(lines, ""), search("", lines), search(lines, lines)),
            (searched.clone(), searched.clone(), searched.clone())
        );
    }
    let end = "M-SEARCH * HTTP/1.1\r\nHost: a\r\n\r\n".len();
    assert_eq!(search("\n", ""), Err((ParseErrorKind::BareLf, 0)));
    for (behind, at) in
        [("\n", 0), ("\r", 0), (" \r\n", 0), ("\r\n\n", 2), ("\r\nhi", 2), ("hi\r\n", 0)]
    {
        assert_eq!(search("", behind), Err((ParseErrorKind::Surplus, end + at)), "{behind:?}");
    }
    // A length of zero is no content. After content nothing is skipped.
    assert_eq!(
        request(b"PUT / HTTP/1.0\r\nContent-Length: 0\r\n\r\n\r\n"),
        Ok(("PUT".to_owned(), Vec::new()))
    );
    assert_eq!(
        request(b"PUT / HTTP/1.0\r\nContent-Length: 2\r\n\r\n\r\n"),
        Ok(("PUT".to_owned(), b"\r\n".to_vec()))
    );
    assert_eq!(
        request(b"PUT / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi\r\n"),
        Err((ParseErrorKind::Surplus, 39))
    );
}

#[test]
fn a_response_in_a_datagram_owns_its_octets() {
    let response = |octets: &[u8]| {
        let mut spans = FieldSpans::<8>::new();
        let read = datagram::parse_response(octets, Method::new("M-SEARCH").unwrap(), spans.lend());
        read.map(|(_, body)| body.to_vec()).map_err(|error| (error.kind(), error.offset()))
    };
    for body in ["", "\r\n", "hi\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"] {
        assert_eq!(
            response(format!("HTTP/1.1 200 OK\r\nEXT:\r\n\r\n{body}").as_bytes()),
            Ok(body.as_bytes().to_vec())
        );
    }
    assert_eq!(response(b"\r\nHTTP/1.1 200 OK\r\n\r\n"), Err((ParseErrorKind::Version, 0)));
    assert_eq!(response(b"HTTP/1.1 204 \r\n\r\n"), Ok(Vec::new()));
    assert_eq!(response(b"HTTP/1.1 204 \r\n\r\n\r\n"), Err((ParseErrorKind::Surplus, 17)));
    assert_eq!(
        response(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n\r\n"),
        Err((ParseErrorKind::Surplus, 38))
    );
}

#[test]
fn a_client_receives_while_it_sends() {
    let (mut connection, mut spans, mut out) =
        (ClientConnection::with_limits(LIMITS), FieldSpans::<8>::new(), WireBuf::<128>::new());
    assert_eq!(
        connection.request(Method::CONNECT, Target::ROOT, &mut out).err(),
        Some(WriteError::TargetForm)
    );
    let head = connection.request(Method::PUT, Target::ROOT, &mut out).unwrap();
    head.field(FieldName::HOST, HOST).unwrap().length(4).unwrap();
    assert_eq!(
        connection.request(Method::PUT, Target::ROOT, &mut out).err(),
        Some(WriteError::BodyNotEnded)
    );
    let mut input = *b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    let used = connection.receive(&mut input, spans.lend()).unwrap().used;
    let (mut receiving, mut sending) = connection.split();
    sending.send_data(b"on", &mut out).unwrap();
    let received = receiving.receive_body(&input[used..]);
    assert!(matches!(received, Ok(Received { used: 2, event: Event::Data(b"hi") })));
    assert_eq!(sending.frame_data(b"ce", &mut out), Ok(&b"ce"[..]));
    sending.end_body(&[], &mut out).unwrap();
    assert!(out.as_bytes().ends_with(b"Content-Length: 4\r\n\r\non"));
    assert_eq!(connection.state(), ClientState::Body);
    assert!(matches!(
        connection.receive(&mut [], spans.lend()),
        Ok(Received { used: 0, event: Event::End })
    ));
    assert_eq!(connection.state(), ClientState::Idle);
}

#[test]
fn a_response_ends_again_while_its_request_is_written() {
    let (mut connection, mut spans, mut out) =
        (ClientConnection::new(), FieldSpans::<8>::new(), WireBuf::<128>::new());
    let head = connection.request(Method::PUT, Target::ROOT, &mut out).unwrap();
    head.field(FieldName::HOST, HOST).unwrap().length(2).unwrap();
    let mut input = *b"HTTP/1.1 204 No Content\r\n\r\n";
    assert_eq!(connection.receive(&mut input, spans.lend()).unwrap().used, 27);
    for _ in 0..2 {
        let received = connection.receive(&mut [], spans.lend());
        assert!(matches!(received, Ok(Received { used: 0, event: Event::End })));
    }
    connection.send_data(b"hi", &mut out).unwrap();
    connection.end_body(&[], &mut out).unwrap();
    assert_eq!(connection.state(), ClientState::Idle);
}

#[test]
fn rfc9110_7_8_a_server_switches_behind_the_body() {
    let (mut connection, mut spans, mut out) =
        (ServerConnection::with_limits(LIMITS), FieldSpans::<8>::new(), WireBuf::<256>::new());
    let input = b"PUT / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\
        Content-Length: 2\r\n\r\nhi\x81";
    let used = connection.receive(&mut input.to_vec(), spans.lend()).unwrap().used;
    let (mut receiving, mut sending) = connection.split();
    // The other protocol begins after the body, which the client has to send first.
    let rejected = sending.respond(Status::SWITCHING_PROTOCOLS, &mut out);
    assert_eq!(rejected.err(), Some(WriteError::RequestUnread));
    let received = receiving.receive_body(&input[used..]);
    assert!(matches!(received, Ok(Received { used: 2, event: Event::Data(b"hi") })));
    let head = sending.respond(Status::SWITCHING_PROTOCOLS, &mut out).unwrap();
    head.field(FieldName::CONNECTION, UPGRADE)
        .unwrap()
        .field(FieldName::UPGRADE, UPGRADE)
        .unwrap()
        .without_body()
        .unwrap();
    assert_eq!(sending.end_body(&[], &mut out), Err(WriteError::NoBody));
    assert_eq!(connection.state(), ServerState::Upgraded);
    assert!(matches!(
        connection.receive(&mut input[used + 2..].to_vec(), spans.lend()),
        Ok(Received { used: 0, event: Event::Upgraded })
    ));
}

#[test]
fn a_rejection_may_be_written_in_pieces() {
    let (mut connection, mut spans, mut out) =
        (ServerConnection::with_limits(LIMITS), FieldSpans::<8>::new(), WireBuf::<256>::new());
    connection.receive(&mut [0], spans.lend()).unwrap_err();
    connection.reject(Status::BAD_REQUEST, &mut out).unwrap().length(2).unwrap();
    assert_eq!(connection.state(), ServerState::SendBody);
    connection.send_data(b"no", &mut out).unwrap();
    connection.end_body(&[], &mut out).unwrap();
    assert_eq!(connection.state(), ServerState::Close);
    assert!(matches!(
        connection.receive(&mut b"GET".to_vec(), spans.lend()),
        Ok(Received { used: 0, event: Event::Closed })
    ));
    assert_eq!(
        out.as_bytes(),
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
    );
}

#[test]
fn rfc9112_5_2_a_fold_is_mended_and_held_to_the_grammar() {
    assert_eq!(
        received_by_a_client(b"HTTP/1.1 200 OK\r\nX: a\r\n \0\r\n\r\n"),
        Some(ParseErrorKind::FieldValue)
    );
    assert_eq!(
        received_by_a_client(b"HTTP/1.1 200 OK\r\nX: a\r\n b\n\r\n"),
        Some(ParseErrorKind::BareLf)
    );
    assert_eq!(received_by_a_client(b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n"), None);
    let (mut connection, mut spans, mut out) =
        (ClientConnection::with_limits(LIMITS), FieldSpans::<8>::new(), WireBuf::<64>::new());
    let head = connection.request(Method::GET, Target::ROOT, &mut out).unwrap();
    head.field(FieldName::HOST, HOST).unwrap().without_body().unwrap();
    let mut input =
        *b"HTTP/1.1 200 OK\r\nX: a \r\n\t\r\n  b\t\r\nY:\r\n c\r\nContent-Length: 0\r\n\r\n";
    let Ok(Received { event: Event::Head(head), .. }) =
        connection.receive(&mut input, spans.lend())
    else {
        panic!()
    };
    let values: Vec<_> = head.fields().iter().map(|(_, value)| value.as_bytes()).collect();
    assert_eq!(values, [&b"a        b"[..], b"c", b"0"]);
}

#[test]
fn rfc9112_5_2_sp_takes_the_place_of_tabs_around_a_fold() {
    for (value, mended) in [
        ("a\t\r\n\tb", "a    b"),
        ("a \t \r\n b", "a      b"),
        ("\t\r\n\tb", "b"),
        ("a\r\n b\t\r\n\t\r\n\tc", "a   b       c"),
        ("a\t\r\n\t\r\n ", "a"),
        ("a\tb\t\r\n c\td", "a\tb    c\td"),
        // Without a fold, tabs and spaces stay.
        ("a\t b", "a\t b"),
    ] {
        let octets = format!("HTTP/1.1 200 OK\r\nX:{value}\r\nContent-Length: 0\r\n\r\n");
        for pieces in [octets.len(), 1] {
            let log = client_log(&[Method::GET], octets.as_bytes(), &[pieces], false, LIMITS);
            let [Entry::Head(_, fields), ..] = &log[..] else { panic!("{log:?}") };
            assert_eq!(
                fields[0].1.escape_ascii().to_string(),
                mended.replace('\t', "\\t"),
                "{octets:?}"
            );
        }
    }
}

#[test]
fn a_fold_across_the_limit_has_one_verdict_at_every_cut() {
    let octets = b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n";
    for head in 0..=30 {
        let limits = LIMITS.head(head);
        let log = |pieces: &[usize]| client_log(&[Method::GET], octets, pieces, false, limits);
        let whole = log(&[octets.len()]);
        let is_read = matches!(whole[..], [Entry::Head(..), ..]);
        let too_long =
            [Entry::Rejected(ParseErrorKind::HeadTooLong, usize::from(head), 0), Entry::Closed(0)];
        assert!(
            is_read == (usize::from(head) >= octets.len()) && (is_read || whole == too_long),
            "{head}: {whole:?}"
        );
        assert_eq!(log(&[1]), whole, "{head}, octet by octet");
        for cut in 1..octets.len() {
            assert_eq!(log(&[cut, octets.len()]), whole, "{head}, cut at {cut}");
        }
    }
}

/// Returns a server's connection that has read all events of these octets.
fn server_after(octets: &[u8]) -> Server {
    let mut server = Server {
        connection: ServerConnection::with_limits(LIMITS),
        input: Vec::new(),
        out: WireBuf::new(),
    };
    server.octets(octets);
    server
}

#[test]
fn rfc9110_10_1_1_a_body_that_has_come_needs_no_100() {
    let expecting =
        b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    for (octets, persists) in [(&expecting[..], false), (&[&expecting[..], b"hi"].concat(), true)] {
        let mut server = server_after(octets);
        assert_eq!(server.connection.expects_continue(), !persists);
        assert!(server.respond(Status::NO_CONTENT, ""));
        assert!(!server.connection.expects_continue());
        assert_eq!(
            server.connection.state() == ServerState::Idle,
            persists,
            "{}",
            octets.escape_ascii()
        );
    }
    let mut server = server_after(
        b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
    );
    assert!(server.respond(Status::NO_CONTENT, ""));
    assert_eq!(server.connection.state(), ServerState::Idle);
}

#[test]
fn a_body_is_received_while_its_head_is_kept() {
    let mut spans = FieldSpans::<4>::new();
    let mut server = ServerConnection::with_limits(LIMITS);
    let octets =
        b"PUT /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n\
            2\r\nhi\r\n0\r\nT: 1\r\n\r\n";
    assert!(
        matches!(server.receive_body(octets), Ok(Received { used: 0, event: Event::End })),
        "there is no head yet"
    );
    let mut copy = *octets;
    let Ok(Received { used: mut at, event: Event::Head(head) }) =
        server.receive(&mut copy, spans.lend())
    else {
        panic!("a head")
    };
    let mut seen = Vec::new();
    while let Ok(Received { used, event }) = server.receive_body(&octets[at..]) {
        at += used;
        match event {
            Event::End => break,
            Event::Data(data) => seen.push(data.to_vec()),
            Event::Trailer { name, value } => {
                seen.push([name.as_bytes(), value.as_bytes()].concat())
            }
            _ => {}
        }
        assert!(!server.expects_continue());
    }
    assert_eq!(
        (head.target().path(), seen, at),
        ("/a", vec![b"hi".to_vec(), b"T1".to_vec()], octets.len())
    );

    let mut client = ClientConnection::with_limits(LIMITS);
    let mut out = WireBuf::<64>::new();
    let head = client.request(Method::GET, Target::ROOT, &mut out).unwrap();
    head.field(FieldName::HOST, FieldValue::from_static("a")).unwrap().without_body().unwrap();
    let mut octets = *b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    let body = octets.len() - 2;
    let Ok(Received { event: Event::Head(head), .. }) =
        client.receive(&mut octets[..body], spans.lend())
    else {
        panic!("a head")
    };
    assert!(matches!(
        client.receive_body(b"hi"),
        Ok(Received { used: 2, event: Event::Data(b"hi") })
    ));
    assert_eq!(head.status(), Status::OK);
    assert!(matches!(client.receive_body(b""), Ok(Received { used: 0, event: Event::End })));
    assert!(client.receive_body(b"").is_ok() && client.state() == ClientState::Idle);
}

#[test]
fn rfc9112_9_3_an_http_1_0_response_says_if_it_keeps_alive() {
    for (request, option, state) in [
        (&b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"[..], "keep-alive", ServerState::Idle),
        (b"GET / HTTP/1.0\r\n\r\n", "close", ServerState::Close),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "close", ServerState::Close),
    ] {
        let mut server = server_after(request);
        let head = server.connection.respond(Status::OK, &mut server.out).unwrap();
        head.version(bareline_core::Version::Http10).body(b"x").unwrap();
        let written = String::from_utf8_lossy(server.out.as_bytes()).into_owned();
        assert!(written.contains(&format!("\r\nConnection: {option}\r\n")), "{written}");
        assert_eq!(server.connection.state(), state);
    }
}

/// A response says `close` if it is the last one, and only then.
#[test]
fn rfc9112_9_6_the_response_that_ends_a_connection_says_close() {
    type Write = fn(&mut Server);
    let whole: Write = |server| assert!(server.respond(Status::NO_CONTENT, ""));
    let chunked: Write = |server| {
        assert!(server.respond(Status::OK, "chunked"));
        server.connection.end_body(&[], &mut server.out).unwrap();
    };
    let until_close: Write = |server| {
        server
            .connection
            .respond(Status::OK, &mut server.out)
            .unwrap()
            .body_until_close(b"x")
            .unwrap();
    };
    let last: Write = |server| {
        server.connection.close_after_response();
        assert!(server.respond(Status::NO_CONTENT, ""));
    };
    let rejected: Write = |server| {
        server
            .connection
            .reject(Status::BAD_REQUEST, &mut server.out)
            .unwrap()
            .without_body()
            .unwrap();
    };
    let full: Write = |server| {
        server.connection.on_overflow();
        let status = Status::REQUEST_HEADER_FIELDS_TOO_LARGE;
        server.connection.reject(status, &mut server.out).unwrap().without_body().unwrap();
    };
    let whole_meanwhile: Write = |server| {
        let head = server.connection.respond_while_receiving(Status::OK, &mut server.out).unwrap();
        head.body(b"x").unwrap();
    };
    let chunked_meanwhile: Write = |server| {
        let head = server.connection.respond_while_receiving(Status::OK, &mut server.out).unwrap();
        head.chunked().unwrap();
    };
    let get = "GET / HTTP/1.1\r\nHost: a\r\n";
    let put = "PUT / HTTP/1.1\r\nHost: a\r\n";
    for (request, write, is_last) in [
        (format!("{get}\r\n"), whole, false),
        (format!("{get}\r\n"), chunked, false),
        (format!("{get}Connection: clos\r\n\r\n"), whole, false),
        (format!("{get}Connection: close\r\n\r\n"), whole, true),
        (format!("{get}Connection: close\r\n\r\n"), chunked, true),
        ("GET / HTTP/1.0\r\n\r\n".into(), whole, true),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".into(), whole, false),
        (format!("{get}\r\n"), until_close, true),
        (format!("{get}\r\n"), last, true),
        (format!("{get}\r\n"), rejected, true),
        (format!("{get}X"), full, true),
        ("GET /\r\n\r\n".into(), rejected, true),
        (format!("{put}Content-Length: 2\r\n\r\nhi"), whole, false),
        (format!("{put}Content-Length: 2\r\n\r\nh"), whole, true),
        (format!("{put}Content-Length: 2\r\n\r\nh"), chunked, true),
        (format!("{put}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), whole, false),
        (format!("{put}Transfer-Encoding: chunked\r\n\r\n0\r\n"), whole, true),
        (format!("{put}Content-Length: 2\r\n\r\nhi"), whole_meanwhile, false),
        (format!("{put}Content-Length: 2\r\n\r\nh"), whole_meanwhile, true),
        (format!("{put}Content-Length: 2\r\n\r\nh"), chunked_meanwhile, false),
    ] {
        let mut server = server_after(request.as_bytes());
        write(&mut server);
        let written = String::from_utf8_lossy(server.out.as_bytes()).into_owned();
        assert_eq!(written.contains("\r\nConnection: close\r\n"), is_last, "{request}: {written}");
        let ends = server.connection.state() == ServerState::Close;
        assert_eq!(ends, is_last, "{request}: {:?}", server.connection.state());
    }
}

#[test]
fn rfc9112_9_6_a_server_may_close_with_any_response() {
    let mut server = server_after(b"");
    server.connection.close_after_response();
    for says_close in [false, true] {
        assert!(
            server.octets(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n"),
            "what was wanted before counts no more"
        );
        assert!(!server.connection.will_close());
        if says_close {
            server.connection.close_after_response();
        }
        assert_eq!(server.connection.will_close(), says_close);
        server.octets(b"hi");
        assert!(server.respond(Status::NO_CONTENT, ""));
        let end = server
            .out
            .as_bytes()
            .ends_with(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
        let state = if says_close { ServerState::Close } else { ServerState::Idle };
        assert_eq!((end, server.connection.state()), (says_close, state));
    }
    assert_eq!(server.connection.state(), ServerState::Close);
    assert!(server_after(b"GET / HTTP/1.0\r\n\r\n").connection.will_close());
}

#[test]
fn rfc9112_2_2_empty_lines_are_no_request() {
    let mut server = server_after(b"\r\n\r\n");
    assert_eq!(server.connection.state(), ServerState::Idle);
    assert_eq!(server.connection.on_eof(), Ok(()));
    assert_eq!(server.connection.state(), ServerState::Close);
}

#[test]
fn a_peer_that_has_closed_is_reported_once() {
    let mut server = server_after(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(server.connection.on_eof(), Ok(()));
    assert!(server.respond(Status::NO_CONTENT, ""));
    assert_eq!(
        server.connection.state(),
        ServerState::Idle,
        "another request may have come before"
    );
    server.octets(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(server.respond(Status::NO_CONTENT, ""));
    server.octets(b"");
    assert_eq!(server.connection.state(), ServerState::Close);
}

/// The offset counts from the start of the input, as that of each error of `receive_body`.
#[test]
fn a_body_truncated_by_a_known_end_ends_with_its_octets() {
    let get = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut server = server_after(get);
    assert_eq!(server.connection.on_eof(), Ok(()));
    assert!(server.respond(Status::NO_CONTENT, ""));
    let mut head = *b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut spans = FieldSpans::<8>::new();
    assert_eq!(server.connection.receive(&mut head, spans.lend()).unwrap().used, head.len());
    let error = server.connection.receive_body(b"0\r\na:").unwrap_err();
    assert_eq!((error.kind(), error.offset()), (ParseErrorKind::Truncated, 5));
    assert_eq!(server.connection.receive_body(b"0\r\na:").unwrap_err(), error);
    assert_eq!(server.connection.error(), Some(error));
}

#[test]
fn nothing_is_read_after_a_rejection_of_nothing() {
    let (mut connection, mut spans, mut out) =
        (ServerConnection::new(), FieldSpans::<8>::new(), WireBuf::<128>::new());
    connection.reject(Status::SERVICE_UNAVAILABLE, &mut out).unwrap().without_body().unwrap();
    for octets in ["", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"] {
        let mut octets = octets.as_bytes().to_vec();
        let received = connection.receive(&mut octets, spans.lend());
        assert!(matches!(received, Ok(Received { used: 0, event: Event::Closed })));
    }
}

#[test]
fn rfc9110_10_1_1_a_body_that_has_begun_may_be_discarded() {
    let mut server = server_after(
        b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
    );
    for (octets, may_go_on) in [("", false), ("h", true), ("i", false)] {
        assert_eq!(server.connection.discard_body(octets.as_bytes()), octets.len());
        assert_eq!(server.connection.may_discard_body(), may_go_on, "{octets}");
    }
}

#[test]
fn nothing_is_read_after_close() {
    let mut server = server_after(
        b"PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\n",
    );
    assert!(server.respond(Status::NO_CONTENT, ""));
    let mut spans = FieldSpans::<8>::new();
    assert!(matches!(
        server.connection.receive(&mut b"hi".to_vec(), spans.lend()),
        Ok(Received { used: 0, event: Event::Closed })
    ));

    let mut server = server_after(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n");
    let (mut receiving, mut sending) = server.connection.split();
    sending.reject(Status::BAD_REQUEST, &mut server.out).unwrap().without_body().unwrap();
    let received = receiving.receive_body(b"hi");
    assert!(matches!(received, Ok(Received { used: 0, event: Event::Closed })));
}

#[test]
fn a_length_beyond_the_limit_is_rejected_before_the_body() {
    let (mut connection, mut spans) =
        (ServerConnection::with_limits(LIMITS.body(4)), FieldSpans::<8>::new());
    let mut head = *b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
    let rejected = connection.receive(&mut head, spans.lend());
    assert_eq!(rejected.map(|_| ()).unwrap_err().kind(), ParseErrorKind::BodyTooLarge);
    assert_eq!(connection.state(), ServerState::Reject);
}

/// Each call that begins a head fails while the buffer holds a body that has not ended.
#[test]
fn no_second_head_stands_in_a_body() {
    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    type Begin = fn(&mut WireBuf<1024>) -> Option<WriteError>;
    let heads: &[(&str, Begin)] = &[
        ("a writer's response", |out| {
            MessageWriter::new().response(RequestContext::UNREAD, Status::OK, out).err()
        }),
        ("a writer's request", |out| {
            MessageWriter::new().request(Method::GET, Target::ROOT, out).err()
        }),
        ("a datagram", |out| datagram::write_request(Method::GET, Target::ROOT, out).err()),
        ("a datagram's response", |out| {
            datagram::write_response(RequestContext::UNREAD, Status::OK, out).err()
        }),
        ("another server's response", |out| {
            server_after(REQUEST).connection.respond(Status::OK, out).err()
        }),
        ("another server's rejection", |out| {
            ServerConnection::with_limits(LIMITS).reject(Status::OK, out).err()
        }),
        ("another client's request", |out| {
            ClientConnection::with_limits(LIMITS).request(Method::GET, Target::ROOT, out).err()
        }),
    ];
    for (title, begin) in heads {
        let mut server = server_after(REQUEST);
        server.connection.respond(Status::OK, &mut server.out).unwrap().length(5).unwrap();
        assert_eq!(
            begin(&mut server.out),
            Some(WriteError::BufferInUse),
            "{title} in a server's body"
        );
        server.connection.send_data(b"hello", &mut server.out).unwrap();
        assert_eq!(begin(&mut server.out), Some(WriteError::BufferInUse), "{title} before the end");

        let (mut client, mut out) = (ClientConnection::with_limits(LIMITS), WireBuf::<1024>::new());
        let head = client.request(Method::PUT, Target::ROOT, &mut out).unwrap();
        head.field(FieldName::HOST, HOST).unwrap().chunked().unwrap();
        assert_eq!(begin(&mut out), Some(WriteError::BufferInUse), "{title} in a client's body");
        out.clear();
        assert_eq!(begin(&mut out), None, "{title} in an empty buffer");
    }
}

/// One buffer is written to while another one is sent.
#[test]
fn a_servers_body_goes_on_in_another_buffer() {
    let mut server = server_after(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut second = WireBuf::<128>::new();
    server.connection.respond(Status::OK, &mut server.out).unwrap().chunked().unwrap();
    server.connection.send_data(b"a", &mut second).unwrap();
    server.out.clear();
    server.connection.send_data(b"bc", &mut server.out).unwrap();
    assert_eq!((server.out.as_bytes(), second.as_bytes()), (&b"\r\n2\r\nbc"[..], &b"1\r\na"[..]));
    second.clear();
    server.connection.end_body(&[], &mut second).unwrap();
    assert_eq!(second.as_bytes(), b"\r\n0\r\n\r\n");
    assert_eq!(server.connection.state(), ServerState::Idle);
}

/// A client's connection replaces folds in its buffer, and finds the errors that a parse finds.
#[test]
fn a_client_rejects_what_a_parse_rejects() {
    for line in ["X\0: a", "X : a", ": a", "X", "X: \0", "X: a\rb", "X(: a", "X: \u{7f}"] {
        for before in ["", "A: b\r\n", "A: b\r\n c\r\n", "A:\r\n"] {
            let octets = format!("HTTP/1.1 200 OK\r\n{before}{line}\r\n\r\n").into_bytes();
            let mut spans = FieldSpans::<8>::new();
            // The same octets, with the fold replaced by SP.
            let mended =
                String::from_utf8(octets.clone()).unwrap().replace("\r\n c", "   c").into_bytes();
            let expected = bareline_core::ResponseHead::parse(&mended, spans.lend()).unwrap_err();
            let mut client = Client {
                connection: ClientConnection::with_limits(LIMITS),
                input: Vec::new(),
                out: WireBuf::new(),
            };
            assert!(client.request(Method::GET, &[], ""));
            let error = client.connection.receive(&mut octets.clone(), spans.lend()).unwrap_err();
            assert_eq!(error, expected, "{}", octets.escape_ascii());
        }
    }
}

/// A client knows the server's version from the previous response.
#[test]
fn rfc9112_6_1_chunks_are_not_for_a_server_of_http_1_0() {
    for (version, rejected) in [("1.0", Some(WriteError::NeedsHttp11)), ("1.1", None)] {
        let response = format!("HTTP/{version} 204 \r\nConnection: keep-alive\r\n\r\n");
        let mut client = Client {
            connection: ClientConnection::with_limits(LIMITS),
            input: Vec::new(),
            out: WireBuf::new(),
        };
        assert!(
            client.request(Method::PUT, &[], "chunked"),
            "nothing is known before the first response"
        );
        client.connection.end_body(&[], &mut client.out).unwrap();
        client.octets(response.as_bytes());
        assert_eq!(client.connection.state(), ClientState::Idle);
        let head = client.connection.request(Method::PUT, Target::ROOT, &mut client.out).unwrap();
        assert_eq!(
            head.field(FieldName::HOST, HOST).unwrap().chunked().err(),
            rejected,
            "HTTP/{version}"
        );
        if rejected.is_some() {
            assert!(client.request(Method::PUT, &[], ""), "with a length it can be sent");
        }
    }
}

#[test]
fn rfc9112_9_3_a_request_says_whether_the_connection_goes_on() {
    let close = (FieldName::CONNECTION, FieldValue::from_static("close"));
    let keep_alive = (FieldName::CONNECTION, FieldValue::from_static("keep-alive"));
    for (version, fields, state) in [
        (Version::Http11, &[][..], ClientState::Idle),
        (Version::Http11, &[close], ClientState::Close),
        (Version::Http10, &[], ClientState::Close),
        (Version::Http10, &[keep_alive], ClientState::Idle),
    ] {
        let (mut connection, mut out, mut spans) =
            (ClientConnection::with_limits(LIMITS), WireBuf::<256>::new(), FieldSpans::<4>::new());
        let head =
            connection.request(Method::GET, Target::ROOT, &mut out).unwrap().version(version);
        head.field(FieldName::HOST, HOST).unwrap().fields(fields).unwrap().without_body().unwrap();
        let _ = connection
            .receive(&mut b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(), spans.lend())
            .unwrap();
        assert_eq!(connection.state(), state, "{version} {fields:?}");
    }
}

#[test]
fn the_buffer_behind_pinned_octets_says_when_it_is_full() {
    let mut buffer = RecvBuf::<8>::new();
    buffer.fill_from(|room| Ok::<_, ()>(room.len().min(4))).unwrap();
    buffer.pin(3);
    assert_eq!((buffer.pinned().len(), buffer.filled().len(), buffer.is_full()), (3, 1, false));
    assert_eq!(buffer.fill_from(|room| Ok::<_, ()>(room.len())), Ok(4));
    assert!(buffer.is_full());
}

#[test]
fn rfc9112_9_3_the_next_request_begins_by_itself() {
    let (mut connection, mut spans, mut out) =
        (ServerConnection::with_limits(LIMITS), FieldSpans::<8>::new(), WireBuf::<256>::new());
    let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let put = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
    let octets = [get, put, get].concat();
    let (mut input, mut heads, mut ends) = (octets.as_bytes(), 0, 0);
    for _ in 0..10 {
        let mut copy = input.to_vec();
        let Received { used, event } = connection.receive(&mut copy, spans.lend()).unwrap();
        input = &input[used..];
        heads += usize::from(matches!(event, Event::Head(_)));
        ends += usize::from(matches!(event, Event::End));
        if connection.state() == ServerState::SendResponse {
            connection.respond(Status::NO_CONTENT, &mut out).unwrap().without_body().unwrap();
            out.clear();
        }
    }
    assert_eq!((heads, ends, input), (3, 1, &b""[..]), "a response leaves no end to wait for");
    assert_eq!(connection.state(), ServerState::Idle);
}

#[test]
fn between_two_requests_a_connection_is_as_new() {
    let get = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut server = server_after(get);
    assert!(server.respond(Status::NO_CONTENT, ""));
    assert_eq!(server.connection.on_overflow().kind(), ParseErrorKind::TargetTooLong);
    assert_eq!(server.connection.state(), ServerState::Reject);
    let mut server = server_after(get);
    assert!(server.respond(Status::NO_CONTENT, ""));
    assert_eq!(server.connection.discard_body(b"PUT / HTTP/1.1"), 0);
    server.octets(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n");
    assert!(server.connection.may_discard_body(), "what is no body has used up the limit");

    let mut client = ClientConnection::with_limits(LIMITS);
    let (mut spans, mut out) = (FieldSpans::<4>::new(), WireBuf::<64>::new());
    let head = client.request(Method::GET, Target::ROOT, &mut out).unwrap();
    head.field(FieldName::HOST, HOST).unwrap().without_body().unwrap();
    out.clear();
    let _ = client.receive(&mut b"HTTP/1.1 204 \r\n\r\n".to_vec(), spans.lend()).unwrap();
    let head = client.request(Method::GET, Target::ROOT, &mut out).unwrap();
    assert_eq!(head.without_body(), Err(WriteError::MissingHost));
    let end = client.receive(&mut [], spans.lend());
    assert!(
        matches!(end, Ok(Received { used: 0, event: Event::End })),
        "a request that failed has taken the end"
    );
    client.on_overflow();
    assert_eq!(client.state(), ClientState::Close);
}

#[test]
fn an_empty_buffer_reads_nothing_and_asks_for_nothing() {
    let mut server = server_after(
        b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
    );
    let read = server.connection.read_body(b"hi", &mut []);
    assert!(matches!(read, Ok(Received { used: 0, event: Event::Data(b"") })), "{read:?}");
    assert!(server.connection.expects_continue(), "no octet has been used");
    let mut body = BodyDecoder::new(Framing::Length(2), &LIMITS);
    assert_eq!(body.read(b"hi", &mut []), Ok(Decoded { used: 0, part: BodyPart::Data(b"") }));
    assert_eq!(body.read(b"hi", &mut [0; 4]), Ok(Decoded { used: 2, part: BodyPart::Data(b"hi") }));
}

#[test]
fn after_the_last_response_a_client_reads_no_more() {
    let mut client = ClientConnection::with_limits(LIMITS);
    let (mut spans, mut out) = (FieldSpans::<4>::new(), WireBuf::<64>::new());
    let head = client.request(Method::GET, Target::ROOT, &mut out).unwrap();
    head.field(FieldName::HOST, HOST).unwrap().without_body().unwrap();
    let response = b"HTTP/1.1 204 \r\nConnection: close\r\n\r\n";
    let _ = client.receive(&mut response.to_vec(), spans.lend()).unwrap();
    assert!(matches!(
        client.receive(&mut [], spans.lend()),
        Ok(Received { used: 0, event: Event::End })
    ));
    assert!(matches!(
        client.receive(&mut [b'x'], spans.lend()),
        Ok(Received { used: 0, event: Event::Closed })
    ));
}

#[test]
fn rfc9112_9_3_each_response_ends_once() {
    let (mut connection, mut spans, mut out) =
        (ClientConnection::with_limits(LIMITS), FieldSpans::<8>::new(), WireBuf::<256>::new());
    for response in ["HTTP/1.1 204 \r\n\r\n", "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nhi"] {
        let head = connection.request(Method::GET, Target::ROOT, &mut out).unwrap();
        head.field(FieldName::HOST, HOST).unwrap().without_body().unwrap();
        out.clear();
        let mut octets = response.as_bytes().to_vec();
        let (mut input, mut ends) = (&mut octets[..], 0);
        for _ in 0..5 {
            let mut copy = input.to_vec();
            let Received { used, event } = connection.receive(&mut copy, spans.lend()).unwrap();
            ends += usize::from(matches!(event, Event::End));
            input = &mut input[used..];
        }
        assert_eq!((ends, connection.state()), (1, ClientState::Idle), "{response}");
    }
    let unsolicited = connection.receive(&mut [b'H'], spans.lend()).map(|_| ());
    assert_eq!(unsolicited.unwrap_err().kind(), ParseErrorKind::Unsolicited);
}

#[test]
fn between_two_requests_there_is_no_body() {
    let mut server = server_after(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(server.respond(Status::NO_CONTENT, ""));
    assert_eq!(server.connection.state(), ServerState::Idle);
    assert!(
        matches!(server.connection.receive_body(b"x"), Ok(Received { used: 0, event: Event::End })),
        "nothing is handed over"
    );
}

#[test]
fn rfc9110_10_1_1_no_interim_response_but_100_asks_for_a_body() {
    let expecting =
        b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    for (interim, goes_on) in [(Status::CONTINUE, true), (Status::EARLY_HINTS, false)] {
        let mut server = server_after(expecting);
        assert!(server.respond(interim, ""));
        assert_eq!(server.connection.expects_continue(), !goes_on);
        let head = server.connection.respond_while_receiving(Status::OK, &mut server.out).unwrap();
        head.chunked().unwrap();
        server.octets(b"hi");
        server.connection.end_body(&[], &mut server.out).unwrap();
        assert_eq!(server.connection.state() == ServerState::Idle, goes_on, "{interim}");
    }
}

#[test]
fn rfc9112_9_3_a_response_ends_behind_its_request() {
    let put = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n";
    let unread = Err(WriteError::RequestUnread);
    // A chunked body ends with the last chunk, a length with its last octet.
    let mut server = server_after(put);
    server
        .connection
        .respond_while_receiving(Status::OK, &mut server.out)
        .unwrap()
        .chunked()
        .unwrap();
    server.connection.send_data(b"on", &mut server.out).unwrap();
    let before = server.out.as_bytes().to_vec();
    assert_eq!(server.connection.end_body(&[], &mut server.out), unread);
    server.octets(b"h");
    assert_eq!(server.connection.end_body(&[], &mut server.out), unread);
    assert_eq!(
        (server.out.as_bytes(), server.connection.state()),
        (&before[..], ServerState::SendBody)
    );
    server.octets(b"i");
    assert_eq!(server.connection.end_body(&[], &mut server.out), Ok(()));
    assert_eq!(server.connection.state(), ServerState::Idle);

    let mut server = server_after(put);
    server
        .connection
        .respond_while_receiving(Status::OK, &mut server.out)
        .unwrap()
        .length(3)
        .unwrap();
    assert_eq!(server.connection.send_data(b"abc", &mut server.out), unread);
    assert_eq!(server.connection.send_data(b"ab", &mut server.out), Ok(()));
    assert_eq!(
        server.connection.frame_data(b"c", &mut server.out).err(),
        Some(WriteError::RequestUnread)
    );
    server.octets(b"hi");
    assert_eq!(server.connection.frame_data(b"c", &mut server.out), Ok(&b"c"[..]));
    assert_eq!(server.connection.end_body(&[], &mut server.out), Ok(()));
    assert_eq!(server.connection.state(), ServerState::Idle);
}

#[test]
fn rfc9112_9_6_the_sending_half_knows_what_is_owed() {
    let input = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
    for (is_read, is_announced) in [(false, false), (true, false), (false, true)] {
        let (mut connection, mut spans, mut out) =
            (ServerConnection::with_limits(LIMITS), FieldSpans::<8>::new(), WireBuf::<128>::new());
        let used = connection.receive(&mut input.to_vec(), spans.lend()).unwrap().used;
        let (mut receiving, mut sending) = connection.split();
        let mut read = || receiving.receive_body(&input[used..]);
        if is_read {
            let _ = read().unwrap();
        }
        if is_announced {
            sending.respond_while_receiving(Status::OK, &mut out)
        } else {
            sending.respond(Status::OK, &mut out)
        }
        .unwrap()
        .chunked()
        .unwrap();
        let says_close = out.as_bytes().ends_with(b"\r\nConnection: close\r\n\r\n");
        assert_eq!(says_close, !is_read && !is_announced, "{}", out.as_bytes().escape_ascii());
        let ended = sending.end_body(&[], &mut out);
        assert_eq!(ended, if is_announced { Err(WriteError::RequestUnread) } else { Ok(()) });
        if is_announced {
            let _ = read().unwrap();
            sending.end_body(&[], &mut out).unwrap();
        }
        assert_eq!(
            connection.state(),
            if says_close { ServerState::Close } else { ServerState::Idle }
        );
    }
}

/// Each case is a head, octets of its body, octets after the body, and whether the response closes.
#[test]
fn rfc9112_9_3_a_response_ahead_of_the_body_says_close() {
    let length = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n";
    let chunked = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let old = "PUT / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n";
    for (head, body, next, closes) in [
        (length, "", "", true),
        (length, "h", "", true),
        (length, "hi", "", false),
        (length, "hi", "GET /2", false),
        (chunked, "", "", true),
        (chunked, "2\r\nhi\r\n", "", true),
        (chunked, "2\r\nhi\r\n0\r\n", "", true),
        (chunked, "2\r\nhi\r\n0\r\nX: y\r\n\r\n", "", false),
        (chunked, "0\r\n\r\n", "GET /2", false),
        (old, "h", "", true),
        (old, "hi", "", false),
        ("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "", "", false),
    ] {
        // Only the end of the body counts, not whether the caller reads or discards it.
        for is_read in [true, false] {
            let mut server = Server {
                connection: ServerConnection::with_limits(LIMITS.drain(30)),
                input: Vec::new(),
                out: WireBuf::new(),
            };
            let mut spans = FieldSpans::<8>::new();
            let _ = server.connection.receive(&mut head.as_bytes().to_vec(), spans.lend()).unwrap();
            if is_read {
                server.octets(body.as_bytes());
            } else {
                let octets = [body, next].concat();
                let used = server.connection.discard_body(octets.as_bytes());
                assert!(used <= body.len(), "the next request is nobody's to discard");
            }
            assert_eq!(server.connection.is_body_owed(), closes, "{head:?} {body:?}");
            assert!(server.respond(Status::NO_CONTENT, ""));
            let says_close = server.out.as_bytes().ends_with(b"\r\nConnection: close\r\n\r\n");
            let state = if closes { ServerState::Close } else { ServerState::Idle };
            assert_eq!(
                (says_close, server.connection.state()),
                (closes, state),
                "{head:?} {body:?}"
            );
        }
    }
}

#[test]
fn a_client_discards_the_rest_of_a_body_within_the_limit() {
    let (length, chunked) = ("Content-Length: 2", "Transfer-Encoding: chunked");
    for (drain, field, read, rest, used, may_end, state) in [
        (2, length, "", "hiHTTP/1.1", 2, false, ClientState::Idle),
        (2, length, "", "h", 1, true, ClientState::Body),
        (1, length, "", "hi", 0, false, ClientState::Body),
        (1, length, "h", "i", 1, false, ClientState::Idle),
        // The end needs no octets.
        (0, length, "hi", "", 0, false, ClientState::Idle),
        (0, length, "h", "i", 0, false, ClientState::Body),
        (7, chunked, "", "1\r\nx\r\n0", 4, true, ClientState::Body),
        (11, chunked, "", "1\r\nx\r\n0\r\n\r\n", 11, false, ClientState::Idle),
        (10, chunked, "", "1\r\nx\r\n0\r\n\r\n", 9, false, ClientState::Body),
        (3, "A: until close", "", "hi", 2, true, ClientState::Body),
        (2, "A: until close", "", "hi", 2, false, ClientState::Body),
        (9, chunked, "", "zz\r\n", 0, false, ClientState::Close),
    ] {
        let mut client = Client {
            connection: ClientConnection::with_limits(LIMITS.drain(drain)),
            input: Vec::new(),
            out: WireBuf::new(),
        };
        client.request(Method::GET, &[], "");
        let mut head = format!("HTTP/1.1 200 OK\r\n{field}\r\n\r\n").into_bytes();
        let _ = client.connection.receive(&mut head, FieldSpans::<8>::new().lend()).unwrap();
        let mut buffer = [0; 8];
        if !read.is_empty() {
            let _ = client.connection.read_body(read.as_bytes(), &mut buffer).unwrap();
        }
        let discarded = client.connection.discard_body(rest.as_bytes());
        assert_eq!(
            (discarded, client.connection.may_discard_body(), client.connection.state()),
            (used, may_end, state),
            "{drain} {field} {read:?} {rest:?}"
        );
        let error = client.connection.error().map(|error| error.kind());
        let is_invalid = state == ClientState::Close;
        assert_eq!(error, is_invalid.then_some(ParseErrorKind::ChunkSize));
    }
}

#[test]
fn a_body_that_cannot_end_in_time_is_not_awaited() {
    let may_discard = |octets: &[u8]| server_after(octets).connection.may_discard_body();
    assert!(may_discard(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n"));
    assert!(
        !may_discard(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"),
        "beyond the limit"
    );
    assert!(may_discard(b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
    assert!(!may_discard(
        b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    ));
    assert!(!may_discard(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
}

/// One half finds an error in the body while the other half responds: the response says close, or
/// does not begin.
#[test]
fn rfc9112_9_6_halves_in_two_threads_agree_on_what_is_owed() {
    let input = b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
    for _ in 0..20_000 {
        let (mut connection, mut spans, mut out) =
            (ServerConnection::with_limits(LIMITS), FieldSpans::<8>::new(), WireBuf::<128>::new());
        let used = connection.receive(&mut input.to_vec(), spans.lend()).unwrap().used;
        let (mut receiving, mut sending) = connection.split();
        let both = std::sync::Barrier::new(2);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                both.wait();
                let received = receiving.receive_body(&input[used..]);
                assert!(received.is_err());
            });
            both.wait();
            let _ = sending.respond(Status::OK, &mut out).and_then(|head| head.body(b"x"));
        });
        let text = String::from_utf8_lossy(out.as_bytes());
        assert!(text.is_empty() || text.contains("\r\nConnection: close\r\n"), "{text}");
    }
}

#[test]
fn an_http_1_0_response_that_streams_says_close() {
    let mut server = server_after(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n");
    let head = server.connection.respond_while_receiving(Status::OK, &mut server.out).unwrap();
    head.version(Version::Http10).length(3).unwrap();
    assert!(server.out.as_bytes().ends_with(b"\r\nConnection: close\r\n\r\n"));
}

/// Each misuse of a server's connection names the call that is due.
#[test]
fn each_misuse_of_a_server_has_an_error_of_its_own() {
    type Begin = fn(&mut Server) -> Option<WriteError>;
    let respond: Begin =
        |server| server.connection.respond(Status::OK, &mut server.out).map(drop).err();
    let reject: Begin =
        |server| server.connection.reject(Status::OK, &mut server.out).map(drop).err();
    let get = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let close = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let complete = |octets: &[u8]| {
        let mut server = server_after(octets);
        server.connection.respond(Status::OK, &mut server.out).unwrap().body(b"x").unwrap();
        server.out.clear();
        server
    };
    let mut server = server_after(b"");
    assert_eq!(respond(&mut server), Some(WriteError::NoRequest));
    server.connection.on_eof().unwrap();
    assert_eq!([respond, reject].map(|begin| begin(&mut server)), [Some(WriteError::Closed); 2]);
    let mut server = complete(get);
    assert_eq!(respond(&mut server), Some(WriteError::NoRequest));
    assert_eq!(reject(&mut server), None, "of the next request");
    let mut server = complete(close);
    assert_eq!([respond, reject].map(|begin| begin(&mut server)), [Some(WriteError::Closed); 2]);
    let mut server = server_after(get);
    server.connection.respond(Status::OK, &mut server.out).unwrap().length(1).unwrap();
    server.out.clear();
    let both = [respond, reject].map(|begin| begin(&mut server));
    assert_eq!(both, [Some(WriteError::BodyNotEnded); 2]);
    let mut server = server_after(b"\0");
    assert_eq!(respond(&mut server), Some(WriteError::AfterParseError));
    server.connection.reject(Status::OK, &mut server.out).unwrap().body(b"x").unwrap();
    assert_eq!([respond, reject].map(|begin| begin(&mut server)), [Some(WriteError::Closed); 2]);
}

/// No octets cannot be the beginning that was presented before: the next ones are a head of their
/// own.
#[test]
fn a_head_begins_again_after_no_octets() {
    let (mut connection, mut spans) = (ServerConnection::new(), FieldSpans::<8>::new());
    let mut begun = *b"HEAD / HTTP/1.1\r\nHost: a\r\n";
    for octets in [&mut begun[..], &mut []] {
        let received = connection.receive(octets, spans.lend());
        assert!(matches!(received, Ok(Received { used: 0, event: Event::NeedMore })));
    }
    assert_eq!(connection.state(), ServerState::Idle);
    let mut other = *b"PUT /abcdef HTTP/1.1\r\nHost: a\r\n\r\n";
    let Ok(Received { event: Event::Head(head), .. }) =
        connection.receive(&mut other, spans.lend())
    else {
        panic!("a head")
    };
    assert_eq!(head.method(), Method::PUT);
}

/// The second call gets spans that do not have the lines of the first.
#[test]
fn a_head_begins_again_with_other_spans() {
    let mut connection = ServerConnection::new();
    let head = "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\r\n";
    for (octets, count) in [(&head[..30], None), (head, Some(2))] {
        let (mut spans, mut octets) = (FieldSpans::<8>::new(), octets.as_bytes().to_vec());
        let event = connection.receive(&mut octets, spans.lend()).unwrap().event;
        let seen = if let Event::Head(head) = event { Some(head.fields().len()) } else { None };
        assert_eq!(seen, count);
    }
}

/// Each digit is the number of octets ahead that are content, after so many octets of the body.
#[test]
fn octets_ahead_are_content_and_no_framing() {
    for (framing, body, each) in [
        ("Content-Length: 7", "content", "76543210"),
        (
            "Transfer-Encoding: chunked",
            "3;a=b\r\ncon\r\n4\r\ntent\r\n0\r\nX: a\r\n\r\n",
            "000000032100000432100000000000000",
        ),
    ] {
        let head = format!("PUT / HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n");
        for (cut, digit) in each.char_indices() {
            let (mut spans, mut connection) = (FieldSpans::<8>::new(), ServerConnection::new());
            let _ = connection.receive(&mut head.clone().into_bytes(), spans.lend()).unwrap();
            let mut start = 0;
            while let Received { used: used @ 1.., .. } =
                connection.receive_body(&body.as_bytes()[start..cut]).unwrap()
            {
                start += used;
            }
            let ahead = connection.content_ahead();
            assert_eq!(Some(ahead), digit.to_digit(10).map(u64::from), "{framing}, {cut}");
            let next = &body.as_bytes()[start..][..usize::try_from(ahead).unwrap()];
            let event = connection.receive_body(next).unwrap().event;
            assert!(next.is_empty() || matches!(event, Event::Data(data) if data == next));
        }
    }
}

/// Sends a request by the client, and returns what it makes of the response, and its next error.
fn exchanged(
    connection: &mut ClientConnection,
    response: &str,
) -> (Result<(), ParseErrorKind>, Option<WriteError>) {
    let (mut spans, mut out) = (FieldSpans::<8>::new(), WireBuf::<128>::new());
    let head = connection.request(Method::GET, Target::ROOT, &mut out).unwrap();
    head.field(FieldName::HOST, HOST).unwrap().without_body().unwrap();
    let mut received = response.as_bytes().to_vec();
    let received = connection.receive(&mut received, spans.lend());
    let received = received.map(|_| ()).map_err(|error| error.kind());
    (received, connection.request(Method::GET, Target::ROOT, &mut out).err())
}

#[test]
fn rfc9112_6_3_a_client_knows_which_octets_are_content() {
    for (response, ahead) in [
        ("HTTP/1.1 200 OK\r\n\r\n", u64::MAX),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 5),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 0),
    ] {
        let mut connection = ClientConnection::new();
        exchanged(&mut connection, response).0.unwrap();
        assert_eq!(connection.content_ahead(), ahead, "{response}");
    }
}

#[test]
fn limits_that_a_client_sets_hold_for_its_next_exchange() {
    let mut connection = ClientConnection::new();
    connection.set_limits(Limits::new().body(4));
    let (received, error) =
        exchanged(&mut connection, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    assert_eq!(received, Err(ParseErrorKind::BodyTooLarge));
    assert_eq!(error, Some(WriteError::AfterParseError));
}

#[test]
fn rfc9112_9_6_no_request_follows_a_close() {
    let closing = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
    let (received, error) = exchanged(&mut ClientConnection::new(), closing);
    assert_eq!((received, error), (Ok(()), Some(WriteError::Closed)));
}
