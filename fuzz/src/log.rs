//! Logs of the events of connections.

use crate::shown::{Shown, pairs, text};
use arbitrary::Arbitrary;
use bareline_core::connection::{ClientState, Received, RecvBuf, ResponseHeadWriter, ServerState};
use bareline_core::error::{ParseError, ParseErrorKind};
use bareline_core::head::Limits;
use bareline_core::{
    ClientConnection, Event, FieldName, FieldSpans, FieldValue, Method, RequestHead, ResponseHead,
    ServerConnection, Status, Target, Version, WireBuf,
};
use std::fmt;

/// An event of a connection, independent of the pieces in which the octets arrive.
#[derive(Clone, PartialEq, Eq)]
pub enum Entry {
    /// The start line of a head, and its fields.
    Head(String, Vec<(String, Vec<u8>)>),
    /// A chunk of this size, with these extensions.
    Chunk(u64, Vec<u8>),
    /// Content, joined up to the next other event.
    Data(Vec<u8>),
    /// A trailer field: name and value.
    Trailer(String, Vec<u8>),
    /// The end of the message.
    End,
    /// An error, and the range of octets that shows it, counted from the first octet sent.
    Rejected(ParseErrorKind, usize, usize),
    /// The octets that this side has sent.
    Sent(Vec<u8>),
    /// The position from which the octets belong to another protocol.
    Upgraded(usize),
    /// The position from which nothing was read, since the connection is closed.
    Closed(usize),
    /// The state of a connection that waits for more octets, or for the caller.
    Waiting(&'static str),
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head(line, fields) => write!(f, "Head({line:?}, {:?})", pairs(fields)),
            Self::Chunk(size, extensions) => write!(f, "Chunk({size}, {:?})", Shown(extensions)),
            Self::Data(data) => write!(f, "Data({:?})", Shown(data)),
            Self::Trailer(name, value) => write!(f, "Trailer({name}: {})", text(value)),
            Self::End => write!(f, "End"),
            Self::Rejected(kind, at, len) => write!(f, "Refused({kind:?}, {at}, {len})"),
            Self::Sent(octets) => write!(f, "Sent({:?})", Shown(octets)),
            Self::Upgraded(at) => write!(f, "Upgraded({at})"),
            Self::Closed(at) => write!(f, "Closed({at})"),
            Self::Waiting(what) => write!(f, "Waiting({what})"),
        }
    }
}

/// Octets that arrive in pieces.
struct Arrivals<'o> {
    octets: &'o [u8],
    arrived: usize,
    pieces: Vec<usize>,
    turn: usize,
}

impl<'o> Arrivals<'o> {
    fn new(octets: &'o [u8], pieces: &[usize]) -> Self {
        Self { octets, arrived: 0, pieces: pieces.to_vec(), turn: 0 }
    }

    /// Puts the next piece into the buffer, and returns its length; 0 if no piece is left.
    fn fill(&mut self, buffer: &mut RecvBuf<BUFFER>) -> usize {
        let piece =
            self.pieces.get(self.turn % self.pieces.len().max(1)).copied().unwrap_or(1).max(1);
        self.turn += 1;
        let rest = self.octets.get(self.arrived..).unwrap_or_default();
        let filled = buffer.fill_from(|room| {
            let count = piece.min(rest.len()).min(room.len());
            room.iter_mut().zip(rest).take(count).for_each(|(to, from)| *to = *from);
            Ok::<_, ()>(count)
        });
        let count = filled.unwrap_or(0);
        self.arrived += count;
        count
    }
}

pub(crate) const BUFFER: usize = 8_192;
pub(crate) const FIELDS: usize = 6;
pub(crate) const OUT: usize = 16_384;

/// The behaviour of a server.
#[derive(Clone, Copy, PartialEq, Eq, Default, Arbitrary)]
pub struct ServerManner {
    /// `true` if it responds without reading the body: it discards the octets that have arrived.
    pub responds_early: bool,
    /// `true` if it begins its response after the head, and echoes the body in one chunk at its
    /// end.
    pub echoes: bool,
    /// `true` if it responds in chunks, with a trailer, where it may.
    pub responds_in_chunks: bool,
    /// `true` if it sends 100 where the request expects one.
    pub sends_continue: bool,
    /// `true` if it switches protocols when the request offers an upgrade.
    pub upgrades: bool,
    /// `true` if it says `Connection: close`.
    pub says_close: bool,
}

impl fmt::Debug for ServerManner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [
            ("answers early", self.responds_early),
            ("echoes", self.echoes),
            ("answers in chunks", self.responds_in_chunks),
            ("sends continue", self.sends_continue),
            ("upgrades", self.upgrades),
            ("says close", self.says_close),
        ];
        let manner = all.iter().filter_map(|(name, is_so)| is_so.then_some(*name));
        match manner.collect::<Vec<_>>() {
            manner if manner.is_empty() => f.write_str("a usual server"),
            manner => write!(f, "a server that {}", manner.join(", ")),
        }
    }
}

/// Returns the events of a server's connection that receives octets in pieces.
///
/// Then the peer closes, if `closes`.
pub fn server_log(
    octets: &[u8],
    pieces: &[usize],
    closes: bool,
    manner: ServerManner,
    limits: Limits,
) -> Vec<Entry> {
    let mut connection = ServerConnection::with_limits(limits);
    let (mut buffer, mut spans, mut out) =
        (RecvBuf::<BUFFER>::new(), FieldSpans::<FIELDS>::new(), WireBuf::<OUT>::new());
    let mut arrivals = Arrivals::new(octets, pieces);
    let (mut log, mut used_up, mut fault, mut is_over) = (Vec::new(), 0usize, None, false);
    let (mut offers_upgrade, mut expects, mut content) = (false, false, Vec::new());
    loop {
        let must_respond = match connection.state() {
            ServerState::Reject => {
                let status = fault.as_ref().map(ParseError::status).expect("a refusal has a cause");
                connection
                    .reject(status, &mut out)
                    .and_then(|head| head.body(b"no"))
                    .expect("a refusal fits");
                flush(&mut out, &mut log);
                false
            }
            ServerState::Close => {
                log.push(Entry::Closed(used_up));
                return log;
            }
            ServerState::Upgraded => {
                log.push(Entry::Upgraded(used_up));
                return log;
            }
            ServerState::SendResponse => true,
            ServerState::Body if expects && manner.sends_continue && !manner.responds_early => {
                let head =
                    connection.respond(Status::CONTINUE, &mut out).expect("an answer is owed");
                head.without_body().expect("a head that fits");
                expects = false;
                flush(&mut out, &mut log);
                false
            }
            ServerState::Body if manner.responds_early => {
                let used = connection.discard_body(buffer.filled());
                buffer.consume(used);
                used_up += used;
                rejected(connection.error().map_or(Ok(()), Err), &mut log, used_up, &mut fault);
                // All octets arrive before the response, so that the cut makes no difference.
                let may_end = connection.may_discard_body() || connection.expects_continue();
                fault.is_none() && (!may_end || arrivals.fill(&mut buffer) == 0)
            }
            ServerState::Body | ServerState::SendBody | ServerState::Idle | ServerState::Head => {
                let received = connection.receive(buffer.filled_mut(), spans.lend());
                match received {
                    Ok(Received { used, event }) => {
                        let (mut is_starved, mut is_head, mut is_end) = (false, false, false);
                        match &event {
                            Event::Head(head) => {
                                (offers_upgrade, expects) = wishes(head);
                                is_head = true;
                                content.clear();
                            }
                            Event::Data(data) => content.extend_from_slice(data),
                            Event::NeedMore => is_starved = true,
                            Event::End => is_end = true,
                            _ => {}
                        }
                        note(&mut log, event, |head| request_line(head));
                        buffer.consume(used);
                        used_up += used;
                        if is_head && manner.echoes && connection.state() == ServerState::Body {
                            begin_echo(&mut connection, &mut out, expects && manner.sends_continue);
                            flush(&mut out, &mut log);
                        } else if is_end && connection.state() == ServerState::SendBody {
                            connection.send_data(&content, &mut out).expect("content that fits");
                            connection
                                .end_body(&[], &mut out)
                                .expect("the end of a whole exchange");
                            flush(&mut out, &mut log);
                        }
                        if is_starved && buffer.is_full() {
                            let error = connection.on_overflow();
                            log.push(Entry::Rejected(
                                error.kind(),
                                used_up + error.offset(),
                                error.len(),
                            ));
                            fault = Some(error);
                        } else if is_starved && arrivals.fill(&mut buffer) == 0 {
                            if !closes || is_over {
                                log.push(Entry::Waiting(name_of(connection.state())));
                                return log;
                            }
                            is_over = true;
                            rejected(connection.on_eof(), &mut log, used_up, &mut fault);
                        }
                    }
                    Err(error) => rejected(Err(error), &mut log, used_up, &mut fault),
                }
                false
            }
        };
        if must_respond {
            respond(&mut connection, &mut out, manner, offers_upgrade);
            flush(&mut out, &mut log);
        }
    }
}

pub(crate) fn rejected(
    result: Result<(), ParseError>,
    log: &mut Vec<Entry>,
    used_up: usize,
    fault: &mut Option<ParseError>,
) {
    if let Err(error) = result {
        log.push(Entry::Rejected(error.kind(), used_up + error.offset(), error.len()));
        *fault = Some(error);
    }
}

pub(crate) fn wishes(head: &RequestHead<'_>) -> (bool, bool) {
    let has = |name: FieldName<'_>| head.fields().all(name).next().is_some();
    (has(FieldName::UPGRADE), has(FieldName::EXPECT) && head.version() == Version::Http11)
}

pub(crate) const SUM: FieldName<'_> = FieldName::from_static("X-Sum");
pub(crate) const CLOSE: FieldValue<'_> = FieldValue::from_static("close");

pub(crate) fn respond<const M: usize>(
    connection: &mut ServerConnection,
    out: &mut WireBuf<M>,
    manner: ServerManner,
    offers_upgrade: bool,
) {
    if manner.upgrades && offers_upgrade {
        let upgrade = FieldValue::from_static("upgrade");
        let switched = connection
            .respond(Status::SWITCHING_PROTOCOLS, out)
            .and_then(|head| head.field(FieldName::CONNECTION, upgrade))
            .and_then(|head| head.field(FieldName::UPGRADE, FieldValue::from_static("x")))
            .and_then(|head| head.without_body());
        if switched.is_ok() {
            return;
        }
    }
    if !manner.responds_in_chunks || begin_response(connection, out, manner).chunked().is_err() {
        if begin_response(connection, out, manner).body(b"hello").is_err() {
            // A tunnel has no body.
            let head = connection.respond(Status::OK, out).expect("an answer is owed");
            head.without_body().expect("a head that fits");
        }
        return;
    }
    connection.send_data(b"hel", out).expect("data that fits");
    connection.send_data(b"lo", out).expect("data that fits");
    connection.end_body(&[(SUM, FieldValue::from_static("5"))], out).expect("an end that fits");
}

/// Begins a response that echoes the body while the body arrives.
pub(crate) fn begin_echo<const M: usize>(
    connection: &mut ServerConnection,
    out: &mut WireBuf<M>,
    continues: bool,
) {
    if continues {
        let head = connection.respond(Status::CONTINUE, out).expect("a response is owed");
        head.without_body().expect("a head that fits");
    }
    let head = connection.respond_while_receiving(Status::OK, out).expect("a response is owed");
    if head.chunked().is_err() {
        let head = connection.respond_while_receiving(Status::OK, out).expect("a response is owed");
        head.until_close().expect("a head that fits");
    }
}

fn begin_response<'w, const M: usize>(
    connection: &'w mut ServerConnection,
    out: &'w mut WireBuf<M>,
    manner: ServerManner,
) -> ResponseHeadWriter<'w> {
    let head = connection.respond(Status::OK, out).expect("an answer is owed");
    if manner.says_close {
        head.field(FieldName::CONNECTION, CLOSE).expect("a field that fits")
    } else {
        head
    }
}

pub(crate) fn flush(out: &mut WireBuf<OUT>, log: &mut Vec<Entry>) {
    match log.last_mut() {
        Some(Entry::Sent(sent)) => sent.extend_from_slice(out.as_bytes()),
        _ if out.as_bytes().is_empty() => {}
        _ => log.push(Entry::Sent(out.as_bytes().to_vec())),
    }
    out.clear();
}

pub(crate) fn note<H>(
    log: &mut Vec<Entry>,
    event: Event<'_, H>,
    head_entry: impl FnOnce(&H) -> Entry,
) {
    match event {
        Event::NeedMore | Event::Upgraded | Event::Closed => {}
        Event::Head(head) => log.push(head_entry(&head)),
        Event::Chunk { size, extensions } => {
            log.push(Entry::Chunk(size, extensions.as_bytes().to_vec()))
        }
        Event::Data(data) => match log.last_mut() {
            Some(Entry::Data(content)) => content.extend_from_slice(data),
            _ => log.push(Entry::Data(data.to_vec())),
        },
        Event::Trailer { name, value } => {
            log.push(Entry::Trailer(name.as_str().to_owned(), value.as_bytes().to_vec()));
        }
        Event::End => log.push(Entry::End),
    }
}

fn request_line(head: &RequestHead<'_>) -> Entry {
    let fields = head
        .fields()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    Entry::Head(format!("{} {} {}", head.method(), head.target(), head.version()), fields.collect())
}

fn status_line(head: &ResponseHead<'_>) -> Entry {
    for (_, value) in head.fields().iter() {
        assert!(
            !value.as_bytes().iter().any(|octet| matches!(octet, b'\r' | b'\n')),
            "a value shows a line end"
        );
    }
    let fields = head
        .fields()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    Entry::Head(format!("{} {}", head.version(), head.status().code()), fields.collect())
}

fn name_of(state: ServerState) -> &'static str {
    match state {
        ServerState::Idle => "idle",
        ServerState::Head => "head",
        ServerState::Body | ServerState::SendBody => "body",
        _ => "other",
    }
}

/// Returns the events of a client's connection that sends these requests one after the other.
///
/// The connection receives the octets in pieces. Then the peer closes, if `closes`.
pub fn client_log(
    methods: &[Method<'_>],
    octets: &[u8],
    pieces: &[usize],
    closes: bool,
    limits: Limits,
) -> Vec<Entry> {
    let mut connection = ClientConnection::with_limits(limits);
    let (mut buffer, mut spans, mut out) =
        (RecvBuf::<BUFFER>::new(), FieldSpans::<FIELDS>::new(), WireBuf::<OUT>::new());
    let mut arrivals = Arrivals::new(octets, pieces);
    let (mut log, mut used_up, mut methods, mut is_over) =
        (Vec::new(), 0usize, methods.iter(), false);
    loop {
        match connection.state() {
            ClientState::Idle => match methods.next() {
                Some(method) => {
                    let is_connect = *method == Method::CONNECT;
                    let target = if is_connect {
                        Target::new("b:1").expect("a target")
                    } else {
                        Target::ROOT
                    };
                    let upgrade = FieldValue::from_static("upgrade");
                    let host = FieldValue::new(target.authority().unwrap_or("a")).expect("a host");
                    connection
                        .request(*method, target, &mut out)
                        .and_then(|head| head.field(FieldName::HOST, host))
                        .and_then(|head| head.field(FieldName::CONNECTION, upgrade))
                        .and_then(|head| {
                            head.field(FieldName::UPGRADE, FieldValue::from_static("x"))
                        })
                        .and_then(|head| head.without_body())
                        .expect("a request that fits");
                    out.clear();
                }
                // No request is open: these octets are no response.
                None => match connection
                    .receive(buffer.filled_mut(), spans.lend())
                    .map(|received| matches!(received.event, Event::End))
                {
                    Err(error) => rejected(Err(error), &mut log, used_up, &mut None),
                    // The end of a response without a body.
                    Ok(true) => {}
                    Ok(false) if arrivals.fill(&mut buffer) == 0 => {
                        log.push(Entry::Waiting("idle"));
                        return log;
                    }
                    Ok(false) => {}
                },
            },
            ClientState::Close => {
                log.push(Entry::Closed(used_up));
                return log;
            }
            ClientState::Upgraded => {
                log.push(Entry::Upgraded(used_up));
                return log;
            }
            ClientState::Head | ClientState::Body => {
                match connection.receive(buffer.filled_mut(), spans.lend()) {
                    Ok(Received { used, event }) => {
                        let is_starved = matches!(event, Event::NeedMore);
                        note(&mut log, event, |head| status_line(head));
                        buffer.consume(used);
                        used_up += used;
                        if is_starved && buffer.is_full() {
                            let error = connection.on_overflow();
                            log.push(Entry::Rejected(
                                error.kind(),
                                used_up + error.offset(),
                                error.len(),
                            ));
                        } else if is_starved && arrivals.fill(&mut buffer) == 0 {
                            if !closes || is_over {
                                log.push(Entry::Waiting("octets"));
                                return log;
                            }
                            is_over = true;
                            rejected(connection.on_eof(), &mut log, used_up, &mut None);
                        }
                    }
                    Err(error) => rejected(Err(error), &mut log, used_up, &mut None),
                }
            }
            ClientState::Continue | ClientState::SendBody => panic!("the requests have no body"),
        }
    }
}
