//! A client's stream with a hostile server.

use crate::hostile::{
    Length, Line, Message, NUMBER, Pause, PeerMove, Seen, StreamSettings, Watch, chosen,
    conditions, content, play, several,
};
use crate::log::CLOSE;
use crate::memory::{Clock, MemoryTransport};
use crate::server_streams::BodyPlan;
use arbitrary::{Arbitrary, Unstructured};
use bareline_core::connection::{ClientState, Received, RequestHeadWriter};
use bareline_core::error::ParseErrorKind;
use bareline_core::{
    ClientConnection, Event, FieldName, FieldSpans, FieldValue, Method, Status, Target, WireBuf,
};
use bareline_net::{
    ClientStream, Error, PeerError, RequestWriter, Response, ResponseBody, Upgraded, Wait,
};
use std::cell::Cell;
use std::io::{Read, Write};
use std::time::Duration;

/// Runs the scene that these octets choose, for a fuzz target.
pub fn client_stream(octets: &[u8]) {
    let mut u = Unstructured::new(octets);
    if let Ok(scene) = ClientScene::arbitrary(&mut u) {
        each_response_is_that_of_its_request(&scene);
    }
}

/// A client's stream, its requests and its server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientScene {
    /// The settings of the stream.
    pub settings: StreamSettings,
    /// The way in which the transport takes and gives octets.
    pub line: Line,
    /// The requests.
    pub requests: Vec<CallPlan>,
    /// The script of the server.
    pub server: Vec<PeerMove<ResponsePlan>>,
}

impl<'a> Arbitrary<'a> for ClientScene {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let (settings, line) = conditions(u)?;
        let (requests, server) = (several(u, 5)?, several(u, 10)?);
        Ok(Self { settings, line, requests, server })
    }
}

/// A response of the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Arbitrary)]
pub struct ResponsePlan {
    /// The status, of a table.
    pub status: u8,
    /// The body. A body without a length lasts until the close.
    pub body: BodyPlan,
    /// The response is of HTTP/1.0.
    pub is_http10: bool,
    /// The `Connection` field, of a table.
    pub connection: u8,
    /// The last field is folded.
    pub is_folded: bool,
}

const STATUSES: &[u16] = &[200, 200, 404, 200, 204, 304, 100, 103, 101, 408, 500];
const CONNECTIONS: &[&str] =
    &["", "", "", "", "Connection: close\r\n", "Connection: keep-alive\r\n"];

impl Message for ResponsePlan {
    fn octets(&self, number: usize) -> (Vec<u8>, Vec<u8>) {
        let status = chosen(STATUSES, self.status);
        let version = if self.is_http10 { "HTTP/1.0" } else { "HTTP/1.1" };
        let (framing, body) = match (status, self.body) {
            (100 | 101 | 103 | 204 | 304, _) => (String::new(), Vec::new()),
            // A response without a length would last until the close.
            (_, BodyPlan::None) if !self.is_http10 => BodyPlan::Sized(Length(0)).octets(number),
            (_, body) => body.octets(number),
        };
        let connection = match status {
            101 => "Upgrade: x\r\nConnection: upgrade\r\n",
            _ => chosen(CONNECTIONS, self.connection),
        };
        let fold = if self.is_folded { "X-Fold: a\r\n b\r\n" } else { "" };
        let number = format!("{NUMBER}: {number}\r\n");
        let head = format!("{version} {status} \r\n{number}{connection}{framing}{fold}\r\n");
        ([head.as_bytes(), &body].concat(), Vec::new())
    }

    fn awaited(_: usize, waits: usize) -> Option<Vec<u8>> {
        Some(format!(" /{waits} HTTP/1.1\r\n").into_bytes())
    }
}

/// A request of the client, and its way to read the response.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CallPlan {
    /// The time before the request.
    pub pause: Pause,
    /// The method, of a table.
    pub method: u8,
    /// The framing of the body.
    pub framing: Option<CallFraming>,
    /// The pieces in which the body is written, and the time before each.
    pub pieces: Vec<(Pause, Length)>,
    /// Each piece is flushed.
    pub flushes: bool,
    /// The body waits for a 100 (Continue).
    pub expects_continue: bool,
    /// The request says `Connection: close`.
    pub says_close: bool,
    /// The request offers another protocol.
    pub offers_upgrade: bool,
    /// The octets of the response's body that are read, and the time before each read.
    pub reads: Vec<(Pause, Length)>,
    /// The rest of the response's body is read to its end.
    pub reads_all: bool,
}

/// The framing of a request's body.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Arbitrary)]
pub enum CallFraming {
    /// The length of all pieces.
    Length,
    /// A greater length than that of all pieces.
    TooLong,
    /// In chunks.
    Chunked,
    /// In chunks with a trailer.
    Trailer,
}

impl<'a> Arbitrary<'a> for CallPlan {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let (method, flags, pause) = u.arbitrary::<(u8, u8, Pause)>()?;
        let has = |flag: u8| flags & flag != 0;
        let framing = if has(1) { Some(u.arbitrary()?) } else { None };
        let pieces = if has(1) { several(u, 3)? } else { Vec::new() };
        Ok(Self {
            pause,
            method,
            framing,
            pieces,
            flushes: has(2),
            expects_continue: has(4) && has(8),
            says_close: has(16) && has(32) && has(64),
            offers_upgrade: has(16) && !has(64),
            reads: several(u, 2)?,
            reads_all: !has(128),
        })
    }
}

const METHODS: &[&str] = &["GET", "PUT", "POST", "HEAD", "GET", "OPTIONS"];

impl CallPlan {
    fn method(&self) -> Method<'static> {
        Method::new(chosen(METHODS, self.method)).expect("a method")
    }

    fn length(&self) -> u64 {
        self.pieces.iter().map(|(_, length)| length.octets() as u64).sum()
    }

    /// Returns the fields of the request, beside `Host` and its framing.
    fn fields(&self) -> Vec<(FieldName<'static>, FieldValue<'static>)> {
        let upgrade = FieldValue::from_static("upgrade");
        let all = [
            (self.expects_continue, FieldName::EXPECT, FieldValue::from_static("100-continue")),
            (self.says_close, FieldName::CONNECTION, CLOSE),
            (self.offers_upgrade && !self.says_close, FieldName::CONNECTION, upgrade),
            (self.offers_upgrade, FieldName::UPGRADE, FieldValue::from_static("x")),
        ];
        all.into_iter()
            .filter(|(is_sent, ..)| *is_sent)
            .map(|(_, name, value)| (name, value))
            .collect()
    }
}

/// Checks a client's stream with these requests and this server.
///
/// - A response that the stream returns is the first one that arrived after the request had begun.
///   No octets arrived between the previous response and the request.
/// - The body is a prefix of the one that was sent, and its end is the end of that.
/// - Each call ends within the timeouts, and no timeout is reported early.
/// - No read is longer than 128 KiB, the largest receive buffer of net.
///
/// Returns what the run has shown.
pub fn each_response_is_that_of_its_request(scene: &ClientScene) -> Seen {
    let clock = Clock::new();
    let (transport, peer) = MemoryTransport::new(&clock);
    scene.line.set(&peer);
    play(&scene.server, &peer);
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
    let mut run = Run { watch, previous: None, start: 0, seen: Seen::new() };
    let mut stream = ClientStream::with_settings(transport, "a", settings.settings());
    // A stream that has failed carries no more requests.
    let mut has_failed = false;
    for (number, plan) in scene.requests.iter().enumerate() {
        clock.advance(plan.pause.time());
        let outcome = run.request(&mut stream, number, plan);
        assert!(!has_failed || outcome == Outcome::Failed, "request {number} after a failure");
        has_failed = outcome == Outcome::Failed;
        if outcome == Outcome::Switched {
            break;
        }
    }
    let is_upgraded = stream.is_upgraded();
    let before = clock.elapsed();
    let upgraded = stream.into_upgraded();
    assert_eq!(upgraded.is_ok(), is_upgraded);
    if let Ok(Upgraded { received, transport, .. }) = upgraded {
        drop(transport);
        let arrived = peer.arrived();
        let behind = arrived.get(run.start..).unwrap_or_default();
        assert!(behind.starts_with(&received), "octets of the other protocol are lost");
        run.seen.insert("upgraded");
    } else {
        assert_eq!(clock.elapsed(), before, "a client waits to close");
    }
    assert!(peer.dropped().is_some(), "the transport is not closed");
    assert!(peer.longest_read() <= 128 * 1024, "a read of {} octets", peer.longest_read());
    assert_eq!(peer.fault(), None);
    run.seen
}

/// The result of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// A response.
    Response,
    /// A response that switches to another protocol.
    Switched,
    /// A mistake of the caller, before anything was sent.
    Unsent,
    /// Any other error.
    Failed,
}

struct Run<'r> {
    watch: Watch<'r>,
    /// The request of the previous response.
    previous: Option<&'r CallPlan>,
    /// The number of octets that arrived before the previous response or, without one, before the
    /// next response.
    start: usize,
    seen: Seen,
}

impl<'r> Run<'r> {
    fn request(
        &mut self,
        stream: &mut ClientStream<MemoryTransport>,
        number: usize,
        plan: &'r CallPlan,
    ) -> Outcome {
        let Watch { clock, peer, settings, .. } = self.watch;
        self.watch.exchange_end = settings.exchange().map(|timeout| clock.elapsed() + timeout);
        self.watch.spent.set(Duration::ZERO);
        let (has_sent, reads) = (!peer.written().is_empty(), peer.reads());
        let (target, fields) = (format!("/{number}"), &plan.fields());
        let target = Target::new(&target).expect("a target");
        let write = |head: RequestHeadWriter<'_>| {
            let head = head.fields(fields)?;
            match plan.framing {
                None => head.without_body(),
                Some(CallFraming::Length) => head.length(plan.length()),
                Some(CallFraming::TooLong) => head.length(plan.length() + 1),
                Some(CallFraming::Chunked | CallFraming::Trailer) => head.chunked(),
            }
        };
        let (begun, time) = self.watch.time(
            "begin",
            || stream.begin(plan.method(), target, write),
            || self.body_waits(reads),
        );
        let writer = match begun {
            Ok(writer) => writer,
            Err(error) => {
                let is_usage = matches!(error, Error::Usage(_));
                self.note(&error, time);
                return if is_usage { Outcome::Unsent } else { Outcome::Failed };
            }
        };
        let arrived = peer.arrived();
        if let Some(previous) = self.previous.take() {
            let sent = self.sent(previous).expect("a response that was returned");
            assert!(sent.is_whole && sent.may_go_on, "a request after the last response: {sent:?}");
            self.start += sent.end;
            self.seen.insert("another request");
        }
        // Nothing that arrived earlier is taken for the response.
        let early = arrived.get(self.start..).unwrap_or_default();
        assert!(!has_sent || early.is_empty(), "unsolicited: \"{}\"", early.escape_ascii());
        let finished = self.send(writer, number, plan);
        let Response { head, body, .. } = match finished {
            Ok(response) => response,
            Err((error, time)) => {
                self.note(&error, time);
                return Outcome::Failed;
            }
        };
        let Some(sent) = self.sent(plan) else {
            panic!("a response that was not sent: \"{}\"", head.as_bytes().escape_ascii())
        };
        let (got, expected) = (head.as_bytes().escape_ascii(), sent.head.escape_ascii());
        assert_eq!(got.to_string(), expected.to_string(), "another response");
        if sent.is_switch {
            self.start += sent.end;
            return Outcome::Switched;
        }
        self.previous = Some(plan);
        self.read(body, plan)
    }

    /// Writes the body of a request, and returns its response. An error comes with the time of the
    /// calls.
    fn send<'c>(
        &mut self,
        mut writer: RequestWriter<'c, MemoryTransport>,
        number: usize,
        plan: &CallPlan,
    ) -> Result<Response<'c, MemoryTransport>, (Error, Duration)> {
        let Watch { clock, settings, .. } = self.watch;
        // An error of a write is kept for the end.
        let mut spent = Duration::ZERO;
        for (pause, length) in &plan.pieces {
            clock.advance(pause.time());
            let octets = content(number, length.octets());
            let write = || {
                writer.write_all(&octets)?;
                if plan.flushes { writer.flush() } else { Ok(()) }
            };
            let (written, time) = self.watch.time("write", write, || settings.continues());
            spent += time;
            written.map_err(|error| (error.into(), spent))?;
        }
        let value = FieldValue::from_static("1");
        let trailer = [(FieldName::from_static("X-Sum"), value)];
        let trailers = match plan.framing {
            Some(CallFraming::Trailer) => &trailer[..],
            _ => &[],
        };
        let waits = || settings.continues() + settings.response() + settings.head();
        let (finished, time) = self.watch.time("finish", || writer.finish_with(trailers), waits);
        finished.map_err(|error| (error, spent + time))
    }

    fn read(&mut self, mut body: ResponseBody<'_, MemoryTransport>, plan: &CallPlan) -> Outcome {
        let mut got = Vec::new();
        let rest =
            std::iter::repeat_n((Pause(0), Length(255)), if plan.reads_all { 10_000 } else { 0 });
        for (pause, length) in plan.reads.iter().copied().chain(rest) {
            self.watch.clock.advance(pause.time());
            let (mut buffer, reads) = (vec![0; length.octets()], self.watch.peer.reads());
            let read = || body.read(&mut buffer);
            let (read, time) = self.watch.time("read", read, || self.body_waits(reads));
            match read {
                Ok(count) => {
                    got.extend_from_slice(buffer.get(..count).expect("octets of the buffer"))
                }
                Err(error) => {
                    self.note(&error.into(), time);
                    self.check_body(plan, &got, false);
                    return Outcome::Failed;
                }
            }
            if matches!(read, Ok(0)) && !buffer.is_empty() {
                self.check_body(plan, &got, true);
                self.seen.insert("a body to its end");
                return Outcome::Response;
            }
        }
        self.check_body(plan, &got, false);
        Outcome::Response
    }

    fn check_body(&self, plan: &CallPlan, got: &[u8], is_end: bool) {
        let sent = self.sent(plan).expect("a response that was returned");
        assert!(sent.body.starts_with(got), "\"{}\" is not of {sent:?}", got.escape_ascii());
        let is_all = sent.is_whole && sent.body == got;
        assert!(!is_end || is_all, "\"{}\" is not all of {sent:?}", got.escape_ascii());
    }

    /// Returns the longest wait for octets of a body, after this number of reads.
    fn body_waits(&self, before: usize) -> Duration {
        let Watch { peer, settings, .. } = self.watch;
        let reads = u32::try_from(peer.reads() - before).expect("some reads");
        settings.body() * (reads + 1) + self.watch.earned(peer.counts().0)
    }

    /// Returns the response to this request, read from what has arrived since the previous one.
    fn sent(&self, plan: &CallPlan) -> Option<SentResponse> {
        let arrived = self.watch.peer.arrived();
        response_in(arrived.get(self.start..)?, plan, self.watch.peer.is_eof())
    }

    fn note(&mut self, error: &Error, time: Duration) {
        // On a client, a timeout of a body is that of a pause.
        self.watch.check(error, time, time);
        self.watch.check_unread(error);
        self.seen.insert(match error {
            Error::Peer(PeerError::TimedOut { wait: Wait::Response, .. }) => "response timeout",
            Error::Peer(PeerError::TimedOut { wait: Wait::Head, .. }) => "head timeout",
            Error::Peer(PeerError::TimedOut { wait: Wait::Body, .. }) => "body timeout",
            Error::Peer(PeerError::TimedOut { wait: Wait::Write, .. }) => "write timeout",
            Error::Peer(PeerError::TimedOut { wait: Wait::Exchange, .. }) => "exchange timeout",
            Error::Peer(PeerError::NoResponse) => "no response",
            Error::Peer(PeerError::TruncatedResponse) => "truncated response",
            Error::Peer(PeerError::Response(error))
                if error.kind() == ParseErrorKind::Unsolicited =>
            {
                "unsolicited"
            }
            Error::Peer(_) => "invalid response",
            Error::Io(_) => "reset",
            Error::Closed => "closed",
            Error::Limit(_) => "limit",
            Error::Usage(_) => "usage",
            _ => "another error",
        });
    }
}

/// A response that the server has sent.
#[derive(Debug)]
struct SentResponse {
    head: Vec<u8>,
    body: Vec<u8>,
    is_whole: bool,
    is_switch: bool,
    /// Another request may follow.
    may_go_on: bool,
    /// The number of octets up to its end.
    end: usize,
}

/// Returns the first final response in these octets, which responds to this request.
fn response_in(octets: &[u8], plan: &CallPlan, is_eof: bool) -> Option<SentResponse> {
    let (mut connection, mut out) = (ClientConnection::new(), WireBuf::<1024>::new());
    let fields = plan.fields();
    let fields = fields.iter().filter(|(name, _)| *name != FieldName::EXPECT);
    let mut head = connection.request(plan.method(), Target::ROOT, &mut out).ok()?;
    head = head.field(FieldName::HOST, FieldValue::from_static("a")).ok()?;
    for (name, value) in fields {
        head = head.field(*name, *value).ok()?;
    }
    head.without_body().ok()?;
    let (mut octets, mut is_eof, mut spans) = (octets.to_vec(), is_eof, FieldSpans::<128>::new());
    let mut sent = SentResponse {
        head: Vec::new(),
        body: Vec::new(),
        is_whole: false,
        is_switch: false,
        may_go_on: false,
        end: 0,
    };
    loop {
        let rest = octets.get_mut(sent.end..).unwrap_or_default();
        let Ok(Received { used, event }) = connection.receive(rest, spans.lend()) else { break };
        sent.end += used;
        match event {
            Event::Head(head) => {
                let status = head.status();
                if !status.is_informational() || status == Status::SWITCHING_PROTOCOLS {
                    sent.head = head.as_bytes().to_vec();
                }
            }
            Event::Data(data) => sent.body.extend_from_slice(data),
            Event::End => sent.is_whole = true,
            Event::Upgraded => sent.is_switch = true,
            Event::NeedMore if is_eof && connection.on_eof().is_ok() => is_eof = false,
            Event::NeedMore | Event::Closed => break,
            Event::Chunk { .. } | Event::Trailer { .. } => {}
        }
        if sent.is_whole || sent.is_switch {
            sent.may_go_on = connection.state() == ClientState::Idle;
            break;
        }
    }
    if sent.head.is_empty() { None } else { Some(sent) }
}
