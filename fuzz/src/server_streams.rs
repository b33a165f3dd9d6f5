//! A server's stream with a hostile client.

use crate::hostile::{
    Length, Line, Message, NUMBER, Pause, PeerMove, PeerStep, SLACK, Seen, StreamSettings, Watch,
    chosen, chunks, conditions, content, play, several,
};
use crate::log::CLOSE;
use crate::memory::{Clock, MemoryTransport};
use arbitrary::{Arbitrary, Unstructured};
use bareline_core::body::{BodyDecoder, BodyPart, Decoded, Framing};
use bareline_core::connection::Received;
use bareline_core::head::{Limits, Parsed};
use bareline_core::{
    Event, FieldName, FieldSpans, FieldValue, Method, ResponseHead, ServerConnection, Status,
    Version,
};
use bareline_net::{
    Error, Exchange, PeerError, RequestBody, Responder, ResponseWriter, ServerStream, Upgraded,
    Wait,
};
use std::cell::Cell;
use std::io::{Read, Write};
use std::time::Duration;

/// Runs the scene that these octets choose, for a fuzz target.
pub fn server_stream(octets: &[u8]) {
    let mut u = Unstructured::new(octets);
    if let Ok(scene) = ServerScene::arbitrary(&mut u) {
        each_request_has_its_response(&scene);
    }
}

/// A server's stream, its handlers and its client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServerScene {
    /// The settings of the stream.
    pub settings: StreamSettings,
    /// The way in which the transport takes and gives octets.
    pub line: Line,
    /// The handlers of the requests, in turn.
    pub handlers: Vec<Handler>,
    /// The script of the client.
    pub client: Vec<PeerMove<RequestPlan>>,
}

impl<'a> Arbitrary<'a> for ServerScene {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let (settings, line) = conditions(u)?;
        let (handlers, client) = (several(u, 4)?, several(u, 10)?);
        Ok(Self { settings, line, handlers, client })
    }
}

/// A request of the client.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Arbitrary)]
pub struct RequestPlan {
    /// The method, of a table.
    pub method: u8,
    /// The body.
    pub body: BodyPlan,
    /// The request is of HTTP/1.0.
    pub is_http10: bool,
    /// The `Connection` field, of a table.
    pub connection: u8,
    /// The body waits for a 100 (Continue).
    pub expects_continue: bool,
}

/// A body, and its framing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Arbitrary)]
pub enum BodyPlan {
    /// No body.
    #[default]
    None,
    /// A body with a length.
    Sized(Length),
    /// A body in chunks of this size, with or without trailers.
    Chunked(Length, u8, bool),
    /// A length, and this many octets fewer.
    Short(Length, u8),
}

const METHODS: &[&str] = &["GET", "PUT", "POST", "HEAD", "GET", "PUT", "CONNECT", "OPTIONS"];
const CONNECTIONS: &[&str] = &[
    "",
    "",
    "",
    "",
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "Connection: upgrade\r\nUpgrade: x\r\n",
    "Connection: upgrade\r\nUpgrade: x\r\n",
];

impl BodyPlan {
    /// Returns the framing fields, and the octets of the body.
    pub(crate) fn octets(self, number: usize) -> (String, Vec<u8>) {
        match self {
            Self::None => (String::new(), Vec::new()),
            Self::Sized(length) => {
                let length = length.octets();
                (format!("Content-Length: {length}\r\n"), content(number, length))
            }
            Self::Short(length, missing) => {
                let (length, missing) = (length.octets(), usize::from(missing));
                let sent = content(number, length.saturating_sub(missing));
                (format!("Content-Length: {length}\r\n"), sent)
            }
            Self::Chunked(length, size, has_trailers) => {
                let trailers = if has_trailers { "X-Sum: 1\r\n" } else { "" };
                let octets = content(number, length.octets());
                let size = usize::from(size).max(octets.len() / 500);
                ("Transfer-Encoding: chunked\r\n".to_owned(), chunks(&octets, size, trailers))
            }
        }
    }
}

impl Message for RequestPlan {
    fn octets(&self, number: usize) -> (Vec<u8>, Vec<u8>) {
        let method = chosen(METHODS, self.method);
        let target = match method {
            "CONNECT" => format!("a:{}", number + 1),
            _ => format!("/{number}"),
        };
        let version = if self.is_http10 { "HTTP/1.0" } else { "HTTP/1.1" };
        let host = if method == "CONNECT" { target.clone() } else { "a".to_owned() };
        let expects = if self.expects_continue { "Expect: 100-continue\r\n" } else { "" };
        let connection = chosen(CONNECTIONS, self.connection);
        let (framing, body) = self.body.octets(number);
        let head = format!(
            "{method} {target} {version}\r\nHost: {host}\r\n{connection}{expects}{framing}\r\n"
        );
        if self.expects_continue {
            (head.into_bytes(), body)
        } else {
            ([head.as_bytes(), &body].concat(), Vec::new())
        }
    }

    fn awaited(messages: usize, _: usize) -> Option<Vec<u8>> {
        Some(number_line(messages.checked_sub(1)?).into_bytes())
    }
}

fn number_line(number: usize) -> String {
    format!("{NUMBER}: {number}\r\n")
}

/// A handler of requests.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Handler {
    /// The steps of the handler. A step that cannot be done is left out.
    pub steps: Vec<HandlerStep>,
    /// The handler completes its response after the steps, or sends one.
    pub completes: bool,
    /// The status of the response, of a table.
    pub status: u8,
    /// The response says `Connection: close`.
    pub says_close: bool,
}

impl<'a> Arbitrary<'a> for Handler {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let (flags, status) = u.arbitrary::<(u8, u8)>()?;
        let steps = several(u, 8)?;
        Ok(Self { steps, completes: flags & 3 != 0, status, says_close: flags & 28 == 28 })
    }
}

/// A step of a handler.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Arbitrary)]
pub enum HandlerStep {
    /// Reads up to this many octets of the request's body.
    Read(Length),
    /// Reads the request's body to its end.
    ReadAll,
    /// Works for this time.
    Work(Pause),
    /// Sends a 103 (Early Hints).
    Interim,
    /// Reads the request's body while the response streams.
    WhileReading,
    /// Sends a complete response.
    Send(Length),
    /// Begins a response.
    Stream,
    /// Begins a response of this length.
    StreamSized(Length),
    /// Begins a 101 or, for CONNECT, a response without a body.
    Upgrade,
    /// Writes octets of the response's body.
    Write(Length),
    /// Flushes the response.
    Flush,
    /// Ends the response.
    Finish,
    /// Drops the responder, or the writer of the response.
    Drop,
}

const STATUSES: &[u16] = &[200, 200, 404, 200, 204, 304, 500];

/// A request that a handler has got, and its response.
#[derive(Debug)]
struct Handled {
    target: String,
    method: String,
    version: Version,
    persists: bool,
    expects_continue: bool,
    /// The octets of the body that were read.
    read: Vec<u8>,
    is_read: bool,
    /// The time of the reads.
    reading: Duration,
    interims: usize,
    /// The octets of the response's body that were offered, without those of failed writes.
    offered: Vec<u8>,
    /// `offered` and then the octets of a failed write, which may have been sent in part.
    failed: Vec<Vec<u8>>,
    /// A call for the response has failed.
    has_failed: bool,
    /// A call has ended the response, or tried to.
    is_ended: bool,
    /// Each call for the response has succeeded, the one that ends it too.
    is_finished: bool,
}

/// Checks a server's stream with this client and these handlers.
///
/// - Each request that a handler gets is the next one of the client. It has one final response, the
///   handler's own or a rejection, in order. A response that is cut short is the last one.
/// - Nothing is written after the half-close, or after a response that says `Connection: close`.
/// - Each call ends within the timeouts, and no timeout is reported early.
/// - No read is longer than 128 KiB, the largest receive buffer of net.
///
/// Returns what the run has shown.
pub fn each_request_has_its_response(scene: &ServerScene) -> Seen {
    let clock = Clock::new();
    let (transport, peer) = MemoryTransport::new(&clock);
    scene.line.set(&peer);
    play(&scene.client, &peer);
    let settings = scene.settings;
    let has_tight_room = scene.line.room.is_some();
    let watch = Watch {
        clock: &clock,
        peer: &peer,
        settings,
        has_tight_room,
        spent: Cell::default(),
        exchange_end: None,
    };
    let sending = (Duration::ZERO, 0);
    let mut run = Run { scene, watch, number: 0, told: None, sending, seen: Seen::new() };
    let mut stream = ServerStream::with_settings(transport, settings.settings());
    let mut handled = Vec::<Handled>::new();
    let waits = settings.idle() + settings.head() + settings.linger();
    loop {
        let (next, time) = run.watch.time("next_request", || stream.next_request(), || waits);
        match next {
            Ok(Some(exchange)) => {
                (run.number, run.told) = (handled.len(), None);
                run.watch.spent.set(Duration::ZERO);
                run.sending = (Duration::ZERO, peer.counts().1);
                handled.push(run.handle(exchange));
            }
            Ok(None) => break,
            Err(error) => {
                let reading = handled.last().map_or(time, |last| last.reading);
                run.check(&error, time, reading);
                run.note(&error);
                break;
            }
        }
    }
    let upgraded = if stream.is_upgraded() {
        let call = || stream.into_upgraded();
        let (upgraded, _) = run.watch.time("into_upgraded", call, || Duration::ZERO);
        upgraded.ok().map(|Upgraded { received, .. }| received)
    } else {
        let call = || assert!(!matches!(stream.next_request(), Ok(Some(_))), "one request more");
        run.watch.time("next_request", call, || settings.linger());
        let ((), time) = run.watch.time("drop", || drop(stream), || settings.linger());
        if time > Duration::from_millis(1) {
            run.seen.insert("lingering close");
        }
        None
    };
    assert!(peer.dropped().is_some(), "the transport is not closed");
    assert!(peer.longest_read() <= 128 * 1024, "a read of {} octets", peer.longest_read());
    assert_eq!(peer.fault(), None);
    let requests = requests_in(&peer.arrived());
    assert!(requests.len() >= handled.len(), "{handled:?} of {requests:?}");
    for (sent, handled) in requests.iter().zip(&handled) {
        sent.check(handled);
    }
    let others = handled.split_last().map_or(&[][..], |(_, others)| others);
    assert!(others.iter().all(|handled| handled.persists), "a request after the last one");
    if let Some(received) = upgraded {
        let end = requests.get(handled.len() - 1).map(|request| request.end);
        let arrived = peer.arrived();
        let behind = arrived.get(end.expect("a request that upgrades")..).unwrap_or_default();
        assert!(behind.starts_with(&received), "octets of the other protocol are lost");
        run.seen.insert(if received.is_empty() { "upgrade" } else { "upgrade with octets" });
    }
    run.check_responses(&handled, &peer.written());
    run.seen
}

struct Run<'r> {
    scene: &'r ServerScene,
    watch: Watch<'r>,
    /// The number of the present request.
    number: usize,
    /// The peer's error that a call for the present request has returned.
    told: Option<PeerError>,
    /// The time of the calls that send the present response, and the number of octets sent before.
    sending: (Duration, usize),
    seen: Seen,
}

/// The response of a handler.
enum Response<'s> {
    Ready(Responder<'s, MemoryTransport>),
    Begun(ResponseWriter<'s, MemoryTransport>),
    Gone,
}

/// The time for the rest of an unread body.
const UNREAD: Duration = Duration::from_millis(100);

impl Run<'_> {
    fn note(&mut self, error: &Error) {
        self.seen.insert(match error {
            Error::Peer(PeerError::TimedOut { wait: Wait::Head, .. }) => "head timeout",
            Error::Peer(PeerError::TimedOut { wait: Wait::Body, .. }) => "body timeout",
            Error::Peer(PeerError::TimedOut { wait: Wait::Write, .. }) => "write timeout",
            Error::Peer(PeerError::Truncated) => "truncated request",
            Error::Peer(_) => "invalid request",
            Error::Io(_) => "reset",
            Error::IncompleteResponse => "incomplete response",
            _ => "another error",
        });
    }

    fn handle(&mut self, exchange: Exchange<'_, MemoryTransport>) -> Handled {
        let Exchange { head, mut body, responder, .. } = exchange;
        let mut handled = Handled {
            target: head.target().as_str().to_owned(),
            method: head.method().as_str().to_owned(),
            version: head.version(),
            persists: head.persists(),
            expects_continue: head.expects_continue(),
            read: Vec::new(),
            is_read: false,
            reading: Duration::ZERO,
            interims: 0,
            offered: Vec::new(),
            failed: Vec::new(),
            has_failed: false,
            is_ended: false,
            is_finished: false,
        };
        let plain = Handler { completes: true, ..Handler::default() };
        let handler = self.scene.handlers.iter().cycle().nth(self.number).unwrap_or(&plain);
        let number = self.number.to_string();
        let mut fields =
            vec![(FieldName::from_static(NUMBER), FieldValue::new(&number).expect("a number"))];
        if handler.says_close {
            fields.push((FieldName::CONNECTION, CLOSE));
        }
        let status = Status::new(chosen(STATUSES, handler.status)).expect("a status");
        let respond = Respond { status, fields: &fields };
        let mut response = Response::Ready(responder);
        for step in &handler.steps {
            response = self.step(*step, respond, response, &mut body, &mut handled);
        }
        if handler.completes {
            let step = match response {
                Response::Ready(_) => HandlerStep::Send(Length(20)),
                _ => HandlerStep::Finish,
            };
            self.step(step, respond, response, &mut body, &mut handled);
        }
        handled
    }

    fn step<'s>(
        &mut self,
        step: HandlerStep,
        Respond { status, fields }: Respond<'_>,
        response: Response<'s>,
        body: &mut RequestBody<'s, MemoryTransport>,
        handled: &mut Handled,
    ) -> Response<'s> {
        let number = self.number;
        let offer = |length: Length| content(number, length.octets());
        let begun = match (step, response) {
            (HandlerStep::Read(length), response) => {
                self.read(body, &mut vec![0; length.octets().max(1)], handled);
                return response;
            }
            (HandlerStep::ReadAll, response) => {
                while self.read(body, &mut [0; 1000], handled) {}
                return response;
            }
            (HandlerStep::Work(time), response) => {
                self.watch.clock.advance(time.time());
                return response;
            }
            (HandlerStep::Interim, Response::Ready(mut responder)) => {
                handled.interims += 1;
                let sent = || responder.interim(Status::EARLY_HINTS, &[]);
                if let Err(error) = self.timed("interim", sent) {
                    self.note(&error);
                }
                return Response::Ready(responder);
            }
            (HandlerStep::WhileReading, Response::Ready(responder)) => {
                return Response::Ready(responder.while_reading());
            }
            (HandlerStep::Send(length), Response::Ready(responder)) => {
                handled.offered = offer(length);
                handled.is_ended = true;
                let sent = self.timed("send", || responder.send(status, fields, &handled.offered));
                handled.is_finished = self.is_ok(sent);
                return Response::Gone;
            }
            (HandlerStep::Stream, Response::Ready(responder)) => {
                self.timed("stream", || responder.stream(status, fields))
            }
            (HandlerStep::StreamSized(length), Response::Ready(responder)) => self
                .timed("stream_sized", || {
                    responder.stream_sized(status, fields, length.octets() as u64)
                }),
            (HandlerStep::Upgrade, Response::Ready(responder)) => {
                let is_connect = handled.method == "CONNECT";
                let status = if is_connect { Status::OK } else { Status::SWITCHING_PROTOCOLS };
                let number = fields.first().map_or(CLOSE, |(_, number)| *number);
                self.timed("begin", || {
                    responder.begin(status, |mut head| {
                        head = head.field(FieldName::from_static(NUMBER), number)?;
                        if !is_connect {
                            let value = FieldValue::from_static("upgrade");
                            head = head.field(FieldName::CONNECTION, value)?;
                            head = head.field(FieldName::UPGRADE, FieldValue::from_static("x"))?;
                        }
                        head.without_body()
                    })
                })
            }
            (HandlerStep::Write(length), Response::Begun(mut writer)) => {
                let octets = offer(length);
                let written = self.timed("write", || Ok(writer.write_all(&octets)?));
                // The body of a response continues where the last octets ended.
                let continued = [&handled.offered[..], &octets].concat();
                if self.is_ok(written) {
                    handled.offered = continued;
                } else {
                    handled.has_failed = true;
                    handled.failed.push(continued);
                }
                return Response::Begun(writer);
            }
            (HandlerStep::Flush, Response::Begun(mut writer)) => {
                let flushed = self.timed("flush", || Ok(writer.flush()?));
                handled.has_failed |= !self.is_ok(flushed);
                return Response::Begun(writer);
            }
            (HandlerStep::Finish, Response::Begun(writer)) => {
                handled.is_ended = true;
                let finished = self.timed("finish", || writer.finish());
                handled.is_finished = self.is_ok(finished) && !handled.has_failed;
                return Response::Gone;
            }
            (HandlerStep::Drop, _) => return Response::Gone,
            (_, response) => return response,
        };
        match begun {
            Ok(writer) => Response::Begun(writer),
            Err(error) => {
                self.note(&error);
                Response::Gone
            }
        }
    }

    /// Checks an error of a timeout, unless an earlier call for this request has failed with it.
    fn check(&mut self, error: &Error, time: Duration, reading: Duration) {
        if let Error::Peer(peer_error) = error
            && self.told != Some(*peer_error)
        {
            self.told = Some(*peer_error);
            self.watch.check(error, time, reading);
            self.watch.check_unread(error);
        }
    }

    /// Runs a call of a responder or a writer.
    fn timed<T>(
        &mut self,
        name: &str,
        call: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (result, time) = self.watch.time(name, call, || UNREAD);
        self.sending.0 += time;
        let sent = self.watch.peer.counts().1 - self.sending.1;
        let most = self.watch.settings.write() + self.watch.earned(sent) + UNREAD + SLACK;
        assert!(self.sending.0 <= most, "a response takes {:?} to send", self.sending.0);
        result.inspect_err(|error| self.check(error, time, Duration::ZERO))
    }

    fn is_ok(&mut self, result: Result<(), Error>) -> bool {
        result.inspect_err(|error| self.note(error)).is_ok()
    }

    /// Reads octets of the body. Returns whether there may be more.
    fn read(
        &mut self,
        body: &mut RequestBody<'_, MemoryTransport>,
        buffer: &mut [u8],
        handled: &mut Handled,
    ) -> bool {
        let watch = &self.watch;
        let waits = || watch.settings.body() + watch.earned(watch.peer.counts().0);
        let (read, time) = watch.time("read", || body.read(buffer), waits);
        handled.reading += time;
        if !self.watch.has_tight_room {
            let most = waits() + Duration::from_secs(1);
            assert!(handled.reading <= most, "the reads of a body take {:?}", handled.reading);
        }
        match read {
            Ok(0) => handled.is_read = true,
            Ok(count) => {
                handled.read.extend_from_slice(buffer.get(..count).expect("octets of the buffer"))
            }
            Err(error) => {
                let error = Error::from(error);
                self.check(&error, time, handled.reading);
                self.note(&error);
                return false;
            }
        }
        !handled.is_read
    }

    /// Checks the responses among these octets, which are all that the stream has sent.
    fn check_responses(&mut self, handled: &[Handled], octets: &[u8]) {
        let is_reset = |step: &PeerStep<_>| matches!(step, PeerStep::Reset);
        let is_lossy =
            self.watch.has_tight_room || self.scene.client.iter().any(|one| is_reset(&one.step));
        let (mut rest, mut finals, mut interims) = (octets, 0, Vec::new());
        let mut spans = FieldSpans::<16>::new();
        while !rest.is_empty() {
            let number = finals;
            let shown = || format!("response {number} in \"{}\"", octets.escape_ascii());
            let of = handled.get(finals);
            let (head, len) = match ResponseHead::parse(rest, spans.lend()) {
                Ok(Parsed::Complete { message, len }) => (message, len),
                Ok(Parsed::Incomplete) => break,
                Err(error) => panic!("{error}: {}", shown()),
            };
            rest = rest.get(len..).unwrap_or_default();
            if head.status().is_informational() && head.status() != Status::SWITCHING_PROTOCOLS {
                let of =
                    of.unwrap_or_else(|| panic!("an interim response to nothing: {}", shown()));
                assert_eq!(of.version, Version::Http11, "{}", shown());
                interims.push(head.status());
                let count = |status| interims.iter().filter(|one| **one == status).count();
                let (continues, hints) = (count(Status::CONTINUE), count(Status::EARLY_HINTS));
                assert!(continues <= usize::from(of.expects_continue), "{}", shown());
                assert!(hints <= of.interims && continues + hints == interims.len(), "{}", shown());
                self.seen.insert(if continues > 0 { "100" } else { "103" });
                continue;
            }
            interims.clear();
            let told = head.fields().get(FieldName::from_static(NUMBER));
            let told = told.map(|value| value.as_str().unwrap_or_default().to_owned());
            let is_own = told.is_some();
            assert!(
                told.is_none_or(|told| of.is_some() && told == number.to_string()),
                "a response to another request: {}",
                shown()
            );
            let method = of.map_or("GET", |of| &of.method);
            let method = Method::new(method).expect("the method of a request");
            let framing = head.framing(method).expect("a framing of our own");
            let (body, is_whole) = body_of(framing, &mut rest);
            let is_last = !is_own || !is_whole || !head.persists() || framing == Framing::Tunnel;
            assert!(rest.is_empty() || !is_last, "octets after the last response: {}", shown());
            self.note_response(is_own, head.status(), is_whole, framing);
            finals += 1;
            let Some(of) = of else { continue };
            if !is_own {
                assert!(is_lossy || !of.is_finished, "no response of the handler: {}", shown());
                assert!(!is_last || finals == handled.len(), "a request without a response");
                continue;
            }
            let mut bodies = of.failed.iter().chain([&of.offered]);
            assert!(bodies.any(|offered| offered.starts_with(&body)), "another body: {}", shown());
            let has_body = !matches!(framing, Framing::None | Framing::Tunnel);
            if of.is_finished {
                assert!(is_whole || is_lossy, "a response is cut short: {}", shown());
                assert!(!is_whole || !has_body || body == of.offered, "octets lack: {}", shown());
            }
            assert!(of.version == Version::Http11 || framing != Framing::Chunked, "{}", shown());
            assert!(!is_whole || framing != Framing::Chunked || of.is_ended, "{}", shown());
        }
        assert!(is_lossy || finals >= handled.len(), "{finals} responses to {handled:?}");
        if finals > 1 {
            self.seen.insert("two responses");
        }
    }

    fn note_response(&mut self, is_own: bool, status: Status, is_whole: bool, framing: Framing) {
        self.seen.insert(match (is_own, status.code()) {
            (false, 400) => "400",
            (false, 408) => "408",
            (false, 413) => "413",
            (false, 500) => "500",
            (false, _) => "another rejection",
            _ if !is_whole => "cut short",
            _ => match framing {
                Framing::None => "a response without a body",
                Framing::Length(_) => "a body with a length",
                Framing::Chunked => "a body in chunks",
                Framing::UntilClose => "a body until the close",
                Framing::Tunnel => "a switch",
            },
        });
    }
}

#[derive(Clone, Copy)]
struct Respond<'f> {
    status: Status,
    fields: &'f [(FieldName<'f>, FieldValue<'f>)],
}

/// Reads a body from these octets. Returns it, and whether it is complete.
fn body_of(framing: Framing, octets: &mut &[u8]) -> (Vec<u8>, bool) {
    let mut decoder = BodyDecoder::new(framing, &Limits::new());
    let mut body = Vec::new();
    loop {
        let Decoded { used, part } = decoder.decode(octets).expect("a body of our own");
        let is_whole = match part {
            BodyPart::End => Some(true),
            BodyPart::NeedMore => Some(framing == Framing::UntilClose),
            BodyPart::Data(data) => {
                body.extend_from_slice(data);
                None
            }
            BodyPart::Chunk { .. } | BodyPart::Trailer { .. } => None,
        };
        *octets = octets.get(used..).unwrap_or_default();
        if let Some(is_whole) = is_whole {
            if !is_whole {
                *octets = &[];
            }
            return (body, is_whole);
        }
    }
}

/// A request that the client has sent.
#[derive(Debug)]
struct SentRequest {
    target: String,
    method: String,
    body: Vec<u8>,
    is_whole: bool,
    /// The position after the octets of the request.
    end: usize,
}

impl SentRequest {
    fn check(&self, handled: &Handled) {
        assert_eq!((&self.target, &self.method), (&handled.target, &handled.method));
        assert!(self.body.starts_with(&handled.read), "{handled:?} is not {self:?}");
        assert!(!handled.is_read || self.is_whole, "an early end: {handled:?} of {self:?}");
        assert!(!handled.is_read || self.body == handled.read, "{handled:?} is not {self:?}");
    }
}

/// Returns the requests in these octets, up to the first invalid or incomplete one.
fn requests_in(octets: &[u8]) -> Vec<SentRequest> {
    let mut requests = Vec::new();
    let mut end = 0;
    while let Some(mut request) = request_in(octets.get(end..).unwrap_or_default()) {
        let is_whole = request.is_whole;
        end += request.end;
        request.end = end;
        requests.push(request);
        if !is_whole {
            break;
        }
    }
    requests
}

fn request_in(octets: &[u8]) -> Option<SentRequest> {
    let (mut octets, mut at) = (octets.to_vec(), 0);
    let (mut connection, mut spans) = (ServerConnection::new(), FieldSpans::<128>::new());
    let mut request = None::<SentRequest>;
    loop {
        let rest = octets.get_mut(at..).unwrap_or_default();
        let Ok(Received { used, event }) = connection.receive(rest, spans.lend()) else {
            return request;
        };
        at += used;
        if let Event::Head(head) = &event {
            request = Some(SentRequest {
                target: head.target().as_str().to_owned(),
                method: head.method().as_str().to_owned(),
                body: Vec::new(),
                is_whole: false,
                end: at,
            });
        }
        let Some(request) = &mut request else {
            if used == 0 {
                return None;
            }
            continue;
        };
        request.end = at;
        match event {
            Event::Data(data) => request.body.extend_from_slice(data),
            Event::Head(_) | Event::Chunk { .. } | Event::Trailer { .. } => {}
            Event::End => {
                request.is_whole = true;
                break;
            }
            Event::NeedMore | Event::Upgraded | Event::Closed => break,
        }
    }
    request
}
