//! Any sequence of calls on a connection.

use crate::log::{CLOSE, Entry, FIELDS, OUT, ServerManner, server_log};
use crate::sequences::{of_same_framing, responses_are_valid};
use crate::shown::Octets;
use crate::written::{Sent, Written, note};
use arbitrary::{Arbitrary, Unstructured};
use bareline_core::body::{BodyDecoder, Decoded};
use bareline_core::connection::{ClientState, Received, ResponseHeadWriter, ServerState};
use bareline_core::error::WriteError;
use bareline_core::head::{Limits, Parsed};
use bareline_core::write::{HeadWriter, StreamSink};
use bareline_core::{
    ClientConnection, Event, FieldName, FieldSpans, FieldValue, Method, RequestHead, ResponseHead,
    ServerConnection, Status, Target, WireBuf,
};

/// A call that a caller may make on a server's connection.
#[derive(Clone, PartialEq, Eq, Debug, Arbitrary)]
pub enum Operation {
    /// Presents these octets after the octets that were not consumed.
    Receive(Octets),
    /// Presents a request after the octets that were not consumed.
    ReceiveRequest(
        #[arbitrary(with = |u: &mut Unstructured<'_>| one_of(u, REQUESTS))] &'static str,
    ),
    /// Replaces the octets that were presented before.
    PresentOther(Octets),
    /// Begins a response with this status, and ends its head.
    Respond(#[arbitrary(with = code)] u16, #[arbitrary(with = finish)] HeadFinish),
    /// Begins a response while the body is received, and ends its head.
    RespondWhileReceiving(#[arbitrary(with = code)] u16, #[arbitrary(with = finish)] HeadFinish),
    /// Responds by the sending half, as one of the two above, while the receiving half reads.
    RespondByHalf(#[arbitrary(with = code)] u16, #[arbitrary(with = finish)] HeadFinish, bool),
    /// Discards the octets of the body that have arrived.
    Discard,
    /// Begins a response and drops its writer.
    GiveUp,
    /// Writes octets of a body.
    SendData(Octets),
    /// Ends a body.
    EndBody,
    /// Rejects the request with this status.
    Reject(#[arbitrary(with = rejecting_code)] u16),
    /// Reports that the peer has closed.
    PeerClosed,
    /// Reports that the buffer is full.
    Overflow,
}

/// The calls that end a head.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HeadFinish {
    /// `without_body`
    WithoutBody,
    /// `body`
    Body,
    /// `length` of three octets
    Length3,
    /// `chunked`
    Chunked,
    /// `until_close`
    UntilClose,
    /// `Connection: close`, then `body`
    CloseAndBody,
    /// `Upgrade` and its connection option, then `without_body`
    Upgrade,
    /// `body_until_close`
    BodyUntilClose,
}

impl HeadFinish {
    /// All variants.
    pub const ALL: &'static [Self] = &[
        Self::WithoutBody,
        Self::Body,
        Self::Length3,
        Self::Chunked,
        Self::UntilClose,
        Self::CloseAndBody,
        Self::Upgrade,
        Self::BodyUntilClose,
    ];
}

fn one_of<T: Copy>(u: &mut Unstructured<'_>, all: &[T]) -> arbitrary::Result<T> {
    let choice = usize::from(u.arbitrary::<u8>()?);
    all.get(choice % all.len()).copied().ok_or(arbitrary::Error::EmptyChoose)
}

fn finish(u: &mut Unstructured<'_>) -> arbitrary::Result<HeadFinish> {
    one_of(u, HeadFinish::ALL)
}

/// Chooses any status; 200, and statuses that change the framing or the state, are frequent.
fn code(u: &mut Unstructured<'_>) -> arbitrary::Result<u16> {
    let choice: u16 = u.arbitrary()?;
    Ok(match choice % 8 {
        0..=3 => 200,
        4 => 204,
        5 => 304,
        6 => 101,
        _ => 100 + choice / 8 % 500,
    })
}

fn rejecting_code(u: &mut Unstructured<'_>) -> arbitrary::Result<u16> {
    Ok(400 + u.arbitrary::<u16>()? % 200)
}

/// The requests that a server receives.
pub const REQUESTS: &[&str] = &[
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "PUT / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade, close\r\nContent-Length: \
     3\r\n\r\n",
    "abc",
    "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
    "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
    "PUT / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 9\r\n\r\nabc",
    "HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
];

/// Checks that any calls keep a server's connection valid.
///
/// - It never panics, never consumes more octets than it was given, and never leaves `Close`.
/// - Our own client accepts all that it sends.
/// - A response is complete only after its request is, unless the connection closes.
pub fn any_operations_keep_a_server_valid(operations: &[Operation]) {
    let limits = Limits::new().drain(50).body(100);
    let mut connection = ServerConnection::with_limits(limits);
    let (mut spans, mut out) = (FieldSpans::<FIELDS>::new(), WireBuf::<OUT>::new());
    let (mut input, mut sent, mut requests) = (Vec::new(), Vec::new(), Requests::default());
    let mut is_closed = false;
    for operation in operations {
        let before = (out.as_bytes().len(), connection.state());
        let written = match operation {
            Operation::Receive(octets) => {
                input.extend_from_slice(octets);
                Ok(())
            }
            Operation::ReceiveRequest(request) => {
                input.extend_from_slice(request.as_bytes());
                Ok(())
            }
            Operation::PresentOther(octets) => {
                input.clone_from(&octets.0);
                Ok(())
            }
            Operation::Respond(code, finish) => {
                let status = Status::new(*code).expect("a status");
                connection.respond(status, &mut out).and_then(|head| finish_response(head, *finish))
            }
            Operation::RespondWhileReceiving(code, finish) => {
                let status = Status::new(*code).expect("a status");
                connection
                    .respond_while_receiving(status, &mut out)
                    .and_then(|head| finish_response(head, *finish))
            }
            Operation::RespondByHalf(code, finish, is_meanwhile) => {
                let status = Status::new(*code).expect("a status");
                let (mut receiving, mut sending) = connection.split();
                let head = if *is_meanwhile {
                    sending.respond_while_receiving(status, &mut out)
                } else {
                    sending.respond(status, &mut out)
                };
                let written = head.and_then(|head| finish_response(head, *finish));
                if written.is_ok() {
                    let received = receiving.receive_body(&input);
                    let used = received.map_or(0, |received| received.used);
                    requests.use_up(input.get(..used).unwrap_or_default());
                    input.drain(..used);
                }
                written
            }
            Operation::Discard => {
                let used = connection.discard_body(&input);
                assert!(used <= input.len(), "more octets were discarded than given");
                requests.use_up(input.get(..used).unwrap_or_default());
                input.drain(..used);
                Ok(())
            }
            Operation::GiveUp => connection.respond(Status::OK, &mut out).map(drop),
            Operation::SendData(data) => connection.send_data(data, &mut out),
            Operation::EndBody => connection.end_body(&[], &mut out),
            Operation::Reject(code) => {
                let status = Status::new(*code).expect("a status");
                connection.reject(status, &mut out).and_then(|head| head.body(b"no"))
            }
            Operation::PeerClosed => {
                let _ = connection.on_eof();
                Ok(())
            }
            Operation::Overflow => {
                connection.on_overflow();
                Ok(())
            }
        };
        let after = (out.as_bytes().len(), connection.state());
        assert!(
            written.is_ok() || after == before,
            "a rejected call has changed {before:?} to {after:?}"
        );
        // Each piece gives events until it is consumed, or until a call gives no event.
        let mut presented = input.clone();
        while let Ok(Received { used, event }) = connection.receive(&mut presented, spans.lend()) {
            assert!(used <= input.len(), "more octets were used than given");
            match &event {
                Event::Head(head) => requests.begin(head),
                _ => requests.use_up(input.get(..used).unwrap_or_default()),
            }
            let is_over = used == 0 && !matches!(event, Event::Head(_));
            assert_eq!(presented, input, "a server changes no octets");
            input.drain(..used);
            presented.drain(..used);
            if is_over {
                break;
            }
        }
        sent.extend_from_slice(out.as_bytes());
        out.clear();
        assert!(
            connection.state() != ServerState::Reject || connection.error().is_some(),
            "there is nothing to reject"
        );
        assert!(
            !is_closed || connection.state() == ServerState::Close,
            "a closed connection came back"
        );
        is_closed = connection.state() == ServerState::Close;
        requests.are_not_outrun(&sent);
    }
    responses_are_valid(&sent, requests.methods.iter().map(String::as_str));
}

/// The requests that a server has received, from the octets that it has consumed.
#[derive(Default)]
struct Requests {
    methods: Vec<String>,
    bodies: Vec<BodyDecoder>,
}

impl Requests {
    fn begin(&mut self, head: &RequestHead<'_>) {
        self.methods.push(head.method().to_string());
        self.bodies.push(BodyDecoder::new(head.framing(), &Limits::new()));
    }

    /// Counts octets that the server consumed after the last head.
    fn use_up(&mut self, mut octets: &[u8]) {
        while let Some(body) = self.bodies.last_mut() {
            match body.decode(octets) {
                Ok(Decoded { used: used @ 1.., .. }) => {
                    octets = octets.get(used..).unwrap_or_default()
                }
                _ => break,
            }
        }
    }

    /// Checks that no complete response precedes the end of its request's body.
    ///
    /// A response that says that the connection closes may.
    fn are_not_outrun(&self, mut sent: &[u8]) {
        let mut responded = self.methods.iter().zip(&self.bodies);
        let mut next = responded.next();
        let mut spans = FieldSpans::<FIELDS>::new();
        while let (Some((method, body)), Ok(Parsed::Complete { message: head, len })) =
            (next, ResponseHead::parse(sent, spans.lend()))
        {
            sent = sent.get(len..).unwrap_or_default();
            if head.status().is_informational() && head.status() != Status::SWITCHING_PROTOCOLS {
                continue;
            }
            let framing = head.framing(of_same_framing(method)).expect("a framing of our own");
            let (mut content, persists) =
                (BodyDecoder::new(framing, &Limits::new()), head.persists());
            while let Ok(Decoded { used: used @ 1.., .. }) = content.decode(sent) {
                sent = sent.get(used..).unwrap_or_default();
            }
            let is_free = content.is_end() && persists;
            assert!(
                !is_free || body.is_end(),
                "a response to {method} is whole, and its request's body is not"
            );
            next = responded.next();
        }
    }
}

fn finish_response(head: ResponseHeadWriter<'_>, finish: HeadFinish) -> Result<(), WriteError> {
    match finish {
        HeadFinish::UntilClose => head.until_close(),
        HeadFinish::BodyUntilClose => head.body_until_close(b"bye"),
        finish => finish_head(head, finish),
    }
}

/// Ends a head. The body of a request never ends by the close: it is chunked instead.
fn finish_head<S: StreamSink>(
    head: HeadWriter<'_, S>,
    finish: HeadFinish,
) -> Result<(), WriteError> {
    let upgrade = FieldValue::from_static("upgrade");
    match finish {
        HeadFinish::WithoutBody => head.without_body(),
        HeadFinish::Body => head.body(b"hello"),
        HeadFinish::Length3 => head.length(3),
        HeadFinish::Chunked | HeadFinish::UntilClose | HeadFinish::BodyUntilClose => head.chunked(),
        HeadFinish::CloseAndBody => head.field(FieldName::CONNECTION, CLOSE)?.body(b"bye"),
        HeadFinish::Upgrade => {
            let head = head.field(FieldName::CONNECTION, upgrade)?;
            head.field(FieldName::UPGRADE, upgrade)?.without_body()
        }
    }
}

/// A call that a caller may make on a client's connection.
#[derive(Clone, PartialEq, Eq, Debug, Arbitrary)]
pub enum ClientOperation {
    /// Presents these octets after the octets that were not consumed.
    Receive(Octets),
    /// Presents a response after the octets that were not consumed.
    ReceiveResponse(
        #[arbitrary(with = |u: &mut Unstructured<'_>| one_of(u, RESPONSES))] &'static str,
    ),
    /// Replaces the octets that were presented before.
    PresentOther(Octets),
    /// Begins a request with this method and target, and ends its head.
    Request(
        #[arbitrary(with = |u: &mut Unstructured<'_>| one_of(u, REQUESTED))] &'static str,
        #[arbitrary(with = finish)] HeadFinish,
    ),
    /// Begins a request and drops its writer.
    GiveUp,
    /// Writes octets of a body.
    SendData(Octets),
    /// Ends a body.
    EndBody,
    /// Reports that the peer has closed.
    PeerClosed,
    /// Reports that the buffer is full.
    Overflow,
}

/// The methods and targets with which a client begins its requests.
pub const REQUESTED: &[&str] = &["GET /", "HEAD http://a/", "PUT /", "OPTIONS *", "CONNECT a:1"];

/// The responses that a client receives.
pub const RESPONSES: &[&str] = &[
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    "HTTP/1.1 204 \r\n\r\n",
    "HTTP/1.1 100 \r\n\r\n",
    "HTTP/1.1 101 \r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    "HTTP/1.0 200 OK\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
];

/// Checks that any calls keep a client's connection valid.
///
/// - It never panics, never consumes more octets than it was given, and never leaves `Close`.
/// - Our own server accepts all that it sends.
pub fn any_operations_keep_a_client_valid(operations: &[ClientOperation]) {
    let limits = Limits::new().interim(3).body(100);
    let mut connection = ClientConnection::with_limits(limits);
    let (mut spans, mut out) = (FieldSpans::<FIELDS>::new(), WireBuf::<OUT>::new());
    let (mut input, mut sent, mut is_closed) = (Vec::new(), Vec::new(), false);
    for operation in operations {
        let before = (out.as_bytes().len(), connection.state());
        let written = match operation {
            ClientOperation::Receive(octets) => {
                input.extend_from_slice(octets);
                Ok(())
            }
            ClientOperation::ReceiveResponse(response) => {
                input.extend_from_slice(response.as_bytes());
                Ok(())
            }
            ClientOperation::PresentOther(octets) => {
                input.clone_from(&octets.0);
                Ok(())
            }
            ClientOperation::Request(line, finish) => {
                request(&mut connection, &mut out, line, *finish)
            }
            ClientOperation::GiveUp => {
                connection.request(Method::GET, Target::ROOT, &mut out).map(drop)
            }
            ClientOperation::SendData(data) => connection.send_data(data, &mut out),
            ClientOperation::EndBody => connection.end_body(&[], &mut out),
            ClientOperation::PeerClosed => {
                let _ = connection.on_eof();
                Ok(())
            }
            ClientOperation::Overflow => {
                connection.on_overflow();
                Ok(())
            }
        };
        let after = (out.as_bytes().len(), connection.state());
        assert!(
            written.is_ok() || after == before,
            "a rejected call has changed {before:?} to {after:?}"
        );
        loop {
            let given = input.len();
            let Ok(Received { used, event }) = connection.receive(&mut input, spans.lend()) else {
                break;
            };
            let is_over = used == 0 && !matches!(event, Event::Head(_));
            assert!(used <= given, "more octets were used than given");
            input.drain(..used);
            if is_over {
                break;
            }
        }
        sent.extend_from_slice(out.as_bytes());
        out.clear();
        assert!(
            !is_closed || connection.state() == ClientState::Close,
            "a closed connection came back"
        );
        is_closed = connection.state() == ClientState::Close;
    }
    requests_are_valid(&sent);
}

fn request(
    connection: &mut ClientConnection,
    out: &mut WireBuf<OUT>,
    line: &str,
    finish: HeadFinish,
) -> Result<(), WriteError> {
    let (method, target) = line.split_once(' ').expect("a method and a target");
    let (method, target) = (Method::new(method)?, Target::new(target)?);
    let host = FieldValue::new(target.authority().unwrap_or("a"))?;
    finish_head(connection.request(method, target, out)?.field(FieldName::HOST, host)?, finish)
}

/// Checks that our own parser reads these octets as requests, of which the last may be cut short.
fn requests_are_valid(sent: &[u8]) {
    note(|| Written::cut(Sent::Requests, sent.to_vec()));
    let manner = ServerManner {
        responds_early: false,
        echoes: false,
        responds_in_chunks: false,
        sends_continue: false,
        upgrades: false,
        says_close: false,
    };
    let read = server_log(sent, &[sent.len().max(1)], false, manner, Limits::new());
    let fault = read.iter().find(|entry| matches!(entry, Entry::Rejected(..)));
    assert_eq!(fault, None, "the server refuses {}", sent.escape_ascii());
}
