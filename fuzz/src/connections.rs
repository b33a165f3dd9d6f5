//! Properties of connections.

use crate::buffers::{BufferUse, a_receive_buffer_is_a_queue};
use arbitrary::{Arbitrary, Unstructured};
use bareline_core::{
    ClientConnection, ClientState, ErrorKind, Event, FieldName, FieldSpans, FieldValue, HeadSink, HeadWriter, Limits, Method,
    ParseError, RecvBuf, RequestHead, ResponseHead, ServerConnection, ServerState, Status, Target, TargetForm, Version, WireBuf,
    WriteError,
};

/// What a connection says of some octets, however they arrive.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Entry {
    /// The start line of a head, and its fields.
    Head(String, Vec<(String, Vec<u8>)>),
    /// A chunk of this size, with these extensions.
    Chunk(u64, Vec<u8>),
    /// Content, all that comes without something else in between.
    Data(Vec<u8>),
    /// A trailer field: name and value.
    Trailer(String, Vec<u8>),
    /// The message is whole.
    End,
    /// A fault, at this octet of all that was sent.
    Refused(ErrorKind, usize, usize),
    /// What this side has sent.
    Sent(Vec<u8>),
    /// The octets from here on belong to another protocol.
    Handover(usize),
    /// The connection is closed; nothing from here on has been read.
    Closed(usize),
    /// It waits for more octets, or for the caller.
    Waiting(&'static str),
}

/// Octets that arrive piece by piece.
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

    /// Puts the next piece into the buffer; 0 when there is none.
    fn fill(&mut self, buffer: &mut RecvBuf<BUFFER>) -> usize {
        let piece = self.pieces.get(self.turn % self.pieces.len().max(1)).copied().unwrap_or(1).max(1);
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

const BUFFER: usize = 8_192;
const FIELDS: usize = 32;
const OUT: usize = 1_024;

/// How a server behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Arbitrary)]
pub struct ServerManner {
    /// Whether it answers when the head is read, before the body.
    pub answers_early: bool,
    /// Whether it answers in chunks, with a trailer, where it may.
    pub answers_in_chunks: bool,
    /// Whether it sends 100 when that is expected.
    pub sends_continue: bool,
    /// Whether it switches protocols when that is offered.
    pub upgrades: bool,
    /// Whether it says that it closes.
    pub says_close: bool,
}

/// A server's connection, fed with octets in pieces; then the peer closes, if `closes`.
pub fn server_log(octets: &[u8], pieces: &[usize], closes: bool, manner: ServerManner, limits: Limits) -> Vec<Entry> {
    let mut connection = ServerConnection::new(limits);
    let (mut buffer, mut spans, mut out) = (RecvBuf::<BUFFER>::new(), FieldSpans::<FIELDS>::new(), WireBuf::<OUT>::new());
    let mut arrivals = Arrivals::new(octets, pieces);
    let (mut log, mut used_up, mut fault, mut is_over) = (Vec::new(), 0usize, None, false);
    let (mut offers_upgrade, mut expects) = (false, false);
    loop {
        let must_answer = match connection.state() {
            ServerState::Refusal => {
                let status = fault.as_ref().map(ParseError::status).expect("a refusal has a cause");
                connection.reject(status, &mut out).and_then(|head| head.body(b"no")).expect("a refusal fits");
                flush(&mut out, &mut log);
                false
            }
            ServerState::Next => {
                connection.next_request();
                false
            }
            ServerState::Close => {
                log.push(Entry::Closed(used_up));
                return log;
            }
            ServerState::Handover => {
                log.push(Entry::Handover(used_up));
                return log;
            }
            ServerState::Answer => true,
            ServerState::Body if expects && manner.sends_continue && !manner.answers_early => {
                let head = connection.respond(Status::CONTINUE, &mut out).expect("an answer is owed");
                head.without_body().expect("a head that fits");
                expects = false;
                flush(&mut out, &mut log);
                false
            }
            ServerState::Body if manner.answers_early => true,
            ServerState::Body | ServerState::Idle | ServerState::Head | ServerState::Drain => {
                let received = connection.receive(buffer.bytes(), spans.lend());
                match received {
                    Ok((used, event)) => {
                        let is_starved = matches!(event, Event::NeedMore);
                        if let Event::Head(head) = &event {
                            (offers_upgrade, expects) = wishes(head);
                        }
                        if !matches!(event, Event::End) || connection.state() != ServerState::Drain {
                            note(&mut log, event, |head| request_line(head));
                        }
                        buffer.consume(used);
                        used_up += used;
                        if is_starved && buffer.is_full() {
                            let error = connection.overflow();
                            log.push(Entry::Refused(error.kind(), used_up + error.offset(), error.len()));
                            fault = Some(error);
                        } else if is_starved && arrivals.fill(&mut buffer) == 0 {
                            if !closes || is_over {
                                log.push(Entry::Waiting(name_of(connection.state())));
                                return log;
                            }
                            is_over = true;
                            refused(connection.peer_closed(), &mut log, used_up, &mut fault);
                        }
                    }
                    Err(error) => refused(Err(error), &mut log, used_up, &mut fault),
                }
                false
            }
            ServerState::AnswerBody => panic!("the answers are written at once"),
        };
        if must_answer {
            answer(&mut connection, &mut out, manner, offers_upgrade);
            flush(&mut out, &mut log);
        }
    }
}

fn refused(result: Result<(), ParseError>, log: &mut Vec<Entry>, used_up: usize, fault: &mut Option<ParseError>) {
    if let Err(error) = result {
        log.push(Entry::Refused(error.kind(), used_up + error.offset(), error.len()));
        *fault = Some(error);
    }
}

fn wishes(head: &RequestHead<'_>) -> (bool, bool) {
    let has = |name: FieldName<'_>| head.fields().all(name).next().is_some();
    (has(FieldName::UPGRADE), has(FieldName::EXPECT) && head.version() == Version::Http11)
}

const SUM: FieldName<'_> = FieldName::from_static("X-Sum");
const CLOSE: FieldValue<'_> = FieldValue::from_static("close");

fn answer<const M: usize>(connection: &mut ServerConnection, out: &mut WireBuf<M>, manner: ServerManner, offers_upgrade: bool) {
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
    let head = connection.respond(Status::OK, out).expect("an answer is owed");
    let head = match manner.says_close {
        true => head.field(FieldName::CONNECTION, CLOSE).expect("a field that fits"),
        false => head,
    };
    if !manner.answers_in_chunks || head.chunked().is_err() {
        let head = connection.respond(Status::OK, out).expect("an answer is owed");
        let head = match manner.says_close {
            true => head.field(FieldName::CONNECTION, CLOSE).expect("a field that fits"),
            false => head,
        };
        if head.body(b"hello").is_err() {
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

fn flush(out: &mut WireBuf<OUT>, log: &mut Vec<Entry>) {
    match log.last_mut() {
        Some(Entry::Sent(sent)) => sent.extend_from_slice(out.as_bytes()),
        _ => log.push(Entry::Sent(out.as_bytes().to_vec())),
    }
    out.clear();
}

fn note<H>(log: &mut Vec<Entry>, event: Event<'_, H>, head_entry: impl FnOnce(&H) -> Entry) {
    match event {
        Event::NeedMore | Event::Handover | Event::Closed => {}
        Event::Head(head) => log.push(head_entry(&head)),
        Event::Chunk { size, extensions } => log.push(Entry::Chunk(size, extensions.as_bytes().to_vec())),
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
    let fields = head.fields().iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    Entry::Head(format!("{} {} {}", head.method(), head.target(), head.version()), fields.collect())
}

fn status_line(head: &ResponseHead<'_>) -> Entry {
    for (_, value) in head.fields().iter() {
        assert!(!value.as_bytes().iter().any(|octet| matches!(octet, b'\r' | b'\n')), "a value shows a line end");
    }
    let fields = head.fields().iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    Entry::Head(format!("{} {}", head.version(), head.status().code()), fields.collect())
}

fn name_of(state: ServerState) -> &'static str {
    match state {
        ServerState::Idle => "idle",
        ServerState::Head => "head",
        ServerState::Body => "body",
        ServerState::Drain => "drain",
        _ => "other",
    }
}

/// A client's connection that sends these requests, one after the other, and is fed with octets in pieces; then the peer closes, if
/// `closes`.
pub fn client_log(methods: &[Method<'_>], octets: &[u8], pieces: &[usize], closes: bool, limits: Limits) -> Vec<Entry> {
    let mut connection = ClientConnection::new(limits);
    let (mut buffer, mut spans, mut out) = (RecvBuf::<BUFFER>::new(), FieldSpans::<FIELDS>::new(), WireBuf::<OUT>::new());
    let mut arrivals = Arrivals::new(octets, pieces);
    let (mut log, mut used_up, mut methods, mut is_over) = (Vec::new(), 0usize, methods.iter(), false);
    loop {
        match connection.state() {
            ClientState::Idle => match methods.next() {
                Some(method) => {
                    let is_connect = *method == Method::CONNECT;
                    let target = if is_connect { Target::new("b:1").expect("a target") } else { Target::ROOT };
                    let upgrade = FieldValue::from_static("upgrade");
                    let host = FieldValue::new(target.authority().unwrap_or("a")).expect("a host");
                    connection
                        .request(*method, target, &mut out)
                        .and_then(|head| head.field(FieldName::HOST, host))
                        .and_then(|head| head.field(FieldName::CONNECTION, upgrade))
                        .and_then(|head| head.field(FieldName::UPGRADE, FieldValue::from_static("x")))
                        .and_then(|head| head.without_body())
                        .expect("a request that fits");
                    out.clear();
                }
                // Whatever comes now answers nothing.
                None => match connection.receive(buffer.bytes_mut(), spans.lend()).map(|_| ()) {
                    Err(error) => refused(Err(error), &mut log, used_up, &mut None),
                    Ok(()) if arrivals.fill(&mut buffer) == 0 => {
                        log.push(Entry::Waiting("idle"));
                        return log;
                    }
                    Ok(()) => {}
                },
            },
            ClientState::Next => {
                connection.next_request();
            }
            ClientState::Close => {
                log.push(Entry::Closed(used_up));
                return log;
            }
            ClientState::Handover => {
                log.push(Entry::Handover(used_up));
                return log;
            }
            ClientState::Head | ClientState::Body => match connection.receive(buffer.bytes_mut(), spans.lend()) {
                Ok((used, event)) => {
                    let is_starved = matches!(event, Event::NeedMore);
                    note(&mut log, event, |head| status_line(head));
                    buffer.consume(used);
                    used_up += used;
                    if is_starved && buffer.is_full() {
                        let error = connection.overflow();
                        log.push(Entry::Refused(error.kind(), used_up + error.offset(), error.len()));
                    } else if is_starved && arrivals.fill(&mut buffer) == 0 {
                        if !closes || is_over {
                            log.push(Entry::Waiting("octets"));
                            return log;
                        }
                        is_over = true;
                        refused(connection.peer_closed(), &mut log, used_up, &mut None);
                    }
                }
                Err(error) => refused(Err(error), &mut log, used_up, &mut None),
            },
            ClientState::Continue | ClientState::RequestBody => panic!("the requests have no body"),
        }
    }
}

/// However the octets of a sequence of messages arrive, the same comes of them: the events, what is sent, and where it ends.
pub fn every_cut_of_a_sequence_gives_the_same_events(octets: &[u8]) {
    let mut u = Unstructured::new(octets);
    let Ok((pieces, closes, manner, choice)) = <([u8; 3], bool, ServerManner, u8)>::arbitrary(&mut u) else { return };
    let limits = Limits { chunk_line: 64, chunk_extensions: 200, body: 500, drain: 100, interim: 4, ..Limits::DEFAULT };
    let (rest, pieces) = (u.take_rest(), pieces.map(usize::from));
    let whole = [rest.len().max(1)];
    let log = server_log(rest, &whole, closes, manner, limits);
    check_what_was_sent(&log);
    for pieces in [&[1][..], &pieces] {
        assert_eq!(server_log(rest, pieces, closes, manner, limits), log, "in pieces of {pieces:?}");
    }
    let second = if choice & 1 == 0 { Method::GET } else { Method::CONNECT };
    let methods = if choice & 2 == 0 { [Method::GET, second] } else { [Method::HEAD, second] };
    let log = client_log(&methods, rest, &whole, closes, limits);
    for pieces in [&[1][..], &pieces] {
        assert_eq!(client_log(&methods, rest, pieces, closes, limits), log, "in pieces of {pieces:?}");
    }
}

/// What a server has sent is a sequence of whole responses, by our own parser: one final one for each request, and for a refusal.
fn check_what_was_sent(log: &[Entry]) {
    let sent: Vec<u8> =
        log.iter().flat_map(|entry| if let Entry::Sent(octets) = entry { octets.clone() } else { Vec::new() }).collect();
    let methods = log.iter().filter_map(|entry| match entry {
        Entry::Head(line, _) => line.split(' ').next(),
        _ => None,
    });
    responses_are_valid(&sent, methods);
}

/// These octets are responses to requests with these methods, and to one that could not be read, and nothing else; the last one may be
/// cut short.
fn responses_are_valid<'m>(sent: &[u8], methods: impl Iterator<Item = &'m str>) {
    let methods = methods.map(|method| match method {
        "HEAD" => Method::HEAD,
        "CONNECT" => Method::CONNECT,
        _ => Method::GET,
    });
    // Whatever was refused before its head was read is answered as a GET.
    let methods: Vec<_> = methods.chain([Method::GET]).collect();
    let read = client_log(&methods, sent, &[sent.len().max(1)], true, Limits::DEFAULT);
    let is_over = |kind: ErrorKind, at: usize| at == sent.len() && kind == ErrorKind::Truncated;
    let faults: Vec<_> =
        read.iter().filter(|entry| matches!(entry, Entry::Refused(kind, at, _) if !is_over(*kind, *at))).collect();
    assert!(faults.is_empty(), "of {:?} the client refuses {faults:?}", sent.escape_ascii().to_string());
    let is_final = |line: &str| line.contains(" 101") || !line.contains(" 1");
    let answers = read.iter().filter(|entry| matches!(entry, Entry::Head(line, _) if is_final(line))).count();
    let owed = methods.len();
    assert!(answers <= owed, "{answers} answers to {owed} requests");
}

/// What a caller may do with a server's connection.
#[derive(Clone, PartialEq, Eq, Debug, Arbitrary)]
pub enum Operation {
    /// Presents these octets behind what was not used.
    Receive(Vec<u8>),
    /// Presents a request behind what was not used.
    ReceiveRequest(u8),
    /// Presents other octets than before.
    PresentOther(Vec<u8>),
    /// Begins an answer and ends it in one of the ways.
    Respond(u16, u8),
    /// Begins an answer and gives it up.
    GiveUp,
    /// Writes octets of a body.
    SendData(Vec<u8>),
    /// Ends a body.
    EndBody,
    /// Rejects.
    Reject(u16),
    /// Goes on.
    Next,
    /// The peer closes.
    PeerClosed,
    /// The buffer is full.
    Overflow,
}

const REQUESTS: &[&str] = &[
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
    "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
];

/// Whatever a caller does, a server's connection never panics, never uses more octets than it was given, never leaves `Close`, and never
/// has anything sent that our own client refuses.
pub fn any_operations_keep_a_server_valid(operations: &[Operation]) {
    let limits = Limits { drain: 50, body: 100, ..Limits::DEFAULT };
    let mut connection = ServerConnection::new(limits);
    let (mut spans, mut out) = (FieldSpans::<FIELDS>::new(), WireBuf::<OUT>::new());
    let (mut input, mut sent, mut methods) = (Vec::new(), Vec::new(), Vec::new());
    let mut is_closed = false;
    for operation in operations {
        let before = out.as_bytes().len();
        let written = match operation {
            Operation::Receive(octets) => {
                input.extend_from_slice(octets);
                Ok(())
            }
            Operation::ReceiveRequest(which) => {
                let request = REQUESTS.get(usize::from(*which) % REQUESTS.len()).copied().unwrap_or_default();
                input.extend_from_slice(request.as_bytes());
                Ok(())
            }
            Operation::PresentOther(octets) => {
                input.clone_from(octets);
                Ok(())
            }
            Operation::Respond(code, ending) => {
                let status = Status::new(100 + code % 500).expect("a status");
                connection.respond(status, &mut out).and_then(|head| end(head, *ending))
            }
            Operation::GiveUp => connection.respond(Status::OK, &mut out).map(drop),
            Operation::SendData(data) => connection.send_data(data, &mut out),
            Operation::EndBody => connection.end_body(&[], &mut out),
            Operation::Reject(code) => {
                let status = Status::new(400 + code % 200).expect("a status");
                connection.reject(status, &mut out).and_then(|head| head.body(b"no"))
            }
            Operation::Next => {
                connection.next_request();
                Ok(())
            }
            Operation::PeerClosed => {
                let _ = connection.peer_closed();
                Ok(())
            }
            Operation::Overflow => {
                connection.overflow();
                Ok(())
            }
        };
        assert!(written.is_ok() || out.as_bytes().len() == before, "a refusal has left octets behind");
        // Each piece gives events until it is used up, or a call gives nothing new.
        while let Ok((used, event)) = connection.receive(&input, spans.lend()) {
            assert!(used <= input.len(), "more octets were used than given");
            if let Event::Head(head) = &event {
                methods.push(head.method().to_string());
            }
            let is_over = used == 0 && !matches!(event, Event::Head(_));
            input.drain(..used);
            if is_over {
                break;
            }
        }
        sent.extend_from_slice(out.as_bytes());
        out.clear();
        assert!(!is_closed || connection.state() == ServerState::Close, "a closed connection came back");
        is_closed = connection.state() == ServerState::Close;
    }
    responses_are_valid(&sent, methods.iter().map(String::as_str));
}

fn end<S: HeadSink>(head: HeadWriter<'_, S>, ending: u8) -> Result<(), WriteError> {
    let upgrade = FieldValue::from_static("upgrade");
    match ending % 8 {
        0 => head.without_body(),
        1 => head.body(b"hello"),
        2 => head.length(3).map(drop),
        3 => head.chunked().map(drop),
        4 => head.until_close().map(drop),
        5 => head.field(FieldName::CONNECTION, CLOSE)?.body(b"bye"),
        6 => head.field(FieldName::CONNECTION, upgrade)?.field(FieldName::UPGRADE, upgrade)?.without_body(),
        _ => head.body_until_close(b"bye"),
    }
}

/// A request in a dialogue.
#[derive(Clone, PartialEq, Eq, Debug, Arbitrary)]
pub struct Asking {
    method: u8,
    pieces: Vec<Vec<u8>>,
    is_chunked: bool,
    expects_continue: bool,
    says_close: bool,
}

/// A client and a server wired back to back, with octets that travel in pieces, always come to an end: every request is answered, or a
/// side has closed. What one sends is what the other gets.
pub fn a_dialogue_comes_to_an_end(requests: &[Asking], manner: ServerManner, pieces: (u8, u8)) {
    let limits = Limits { drain: 64, ..Limits::DEFAULT };
    let (mut client, mut server) = (ClientConnection::new(limits), ServerConnection::new(limits));
    let (mut client_spans, mut server_spans) = (FieldSpans::<FIELDS>::new(), FieldSpans::<FIELDS>::new());
    let mut out = WireBuf::<16_384>::new();
    let (mut up, mut down) = (Wire::default(), Wire::default());
    let (mut bodies_sent, mut bodies_received) = (Vec::<Vec<u8>>::new(), Vec::<Vec<u8>>::new());
    let (mut answers, mut asked, mut waited) = (0, 0, 0);
    let mut offers_upgrade = false;
    let mut rest: &[Vec<u8>] = &[];
    for _ in 0..100_000 {
        up.carry(pieces.0);
        down.carry(pieces.1);
        // The client: writes when it is its turn, else reads.
        let before = (up.sent, up.used, down.used, rest.len(), client.state(), server.state());
        match client.state() {
            ClientState::Idle => {
                let Some(asking) = requests.get(asked) else {
                    assert_eq!(answers, asked);
                    // A server that answers early may not have got all of the last body yet.
                    let is_all = |sent: &Vec<u8>, received: &Vec<u8>| sent == received || manner.answers_early;
                    let mut both = bodies_sent.iter().zip(&bodies_received);
                    assert!(both.all(|(sent, received)| sent.starts_with(received) && is_all(sent, received)));
                    return;
                };
                asked += 1;
                rest = &asking.pieces;
                bodies_sent.push(asking.pieces.concat());
                ask(&mut client, asking, &mut out);
            }
            ClientState::Continue if waited < 10 => waited += 1,
            ClientState::Continue | ClientState::RequestBody => match rest {
                [piece, after @ ..] => {
                    client.send_data(piece, &mut out).expect("data that fits");
                    rest = after;
                }
                [] => client.end_body(&[], &mut out).expect("an end that fits"),
            },
            ClientState::Next => {
                waited = 0;
                client.next_request();
            }
            ClientState::Close | ClientState::Handover => return,
            ClientState::Head | ClientState::Body => {}
        }
        up.send(out.as_bytes());
        out.clear();
        let (used, event) = client.receive(&mut down.arrived, client_spans.lend()).expect("a valid response");
        if let Event::Head(head) = &event {
            answers += usize::from(!head.status().is_informational() || head.status() == Status::SWITCHING_PROTOCOLS);
        }
        down.consume(used);
        // The server.
        let has_left = server.state() == ServerState::Close && down.is_empty() && down.arrived.is_empty();
        if has_left && client.peer_closed().is_err() {
            return;
        }
        let mut is_answered = false;
        match server.state() {
            ServerState::Answer => is_answered = true,
            ServerState::Body if manner.answers_early => is_answered = true,
            ServerState::Next => {
                server.next_request();
            }
            _ => {}
        }
        if is_answered {
            answer(&mut server, &mut out, manner, offers_upgrade);
            down.send(out.as_bytes());
            out.clear();
        }
        let (used, event) = match server.receive(&up.arrived, server_spans.lend()) {
            Ok(received) => received,
            // What is thrown away of a body has a limit.
            Err(error) if error.kind() == ErrorKind::BodyTooLarge && manner.answers_early => (0, Event::Closed),
            Err(error) => panic!("a valid request is refused: {error}"),
        };
        match &event {
            Event::Head(head) => {
                offers_upgrade = wishes(head).0;
                bodies_received.push(Vec::new());
            }
            Event::Data(data) => bodies_received.last_mut().expect("a head came before").extend_from_slice(data),
            _ => {}
        }
        let is_head = matches!(event, Event::Head(_));
        up.consume(used);
        if is_head && server.state() == ServerState::Body && manner.sends_continue && !manner.answers_early {
            server.respond(Status::CONTINUE, &mut out).and_then(|head| head.without_body()).expect("an interim answer");
            down.send(out.as_bytes());
            out.clear();
        }
        let after = (up.sent, up.used, down.used, rest.len(), client.state(), server.state());
        let is_moving = before != after || !up.is_empty() || !down.is_empty() || client.state() == ClientState::Continue;
        assert!(is_moving, "nothing moves any more: {after:?}");
    }
    panic!("the dialogue does not come to an end");
}

/// Octets on their way.
#[derive(Default)]
struct Wire {
    travelling: Vec<u8>,
    arrived: Vec<u8>,
    sent: usize,
    used: usize,
}

impl Wire {
    fn send(&mut self, octets: &[u8]) {
        self.travelling.extend_from_slice(octets);
        self.sent += octets.len();
    }

    fn carry(&mut self, piece: u8) {
        let count = usize::from(piece).max(1).min(self.travelling.len());
        self.arrived.extend(self.travelling.drain(..count));
    }

    fn consume(&mut self, count: usize) {
        self.arrived.drain(..count);
        self.used += count;
    }

    fn is_empty(&self) -> bool {
        self.travelling.is_empty()
    }
}

fn ask(client: &mut ClientConnection, asking: &Asking, out: &mut WireBuf<16_384>) {
    let has_body = !asking.pieces.concat().is_empty();
    let method = match asking.method % 4 {
        0 => Method::GET,
        1 => Method::HEAD,
        2 => Method::PUT,
        _ => Method::DELETE,
    };
    let mut head = client.request(method, Target::ROOT, out).expect("the client's turn");
    head = head.field(FieldName::HOST, FieldValue::from_static("a")).expect("a field that fits");
    if asking.says_close {
        head = head.field(FieldName::CONNECTION, CLOSE).expect("a field that fits");
    }
    if asking.expects_continue && has_body {
        let value = FieldValue::from_static("100-continue");
        head = head.field(FieldName::EXPECT, value).expect("a field that fits");
    }
    match (asking.is_chunked, has_body) {
        (true, _) => head.chunked(),
        (false, true) => head.length(asking.pieces.iter().map(|piece| piece.len() as u64).sum()),
        (false, false) => head.length(0),
    }
    .expect("a head that fits");
}

/// All that holds for the connections, for a fuzz target.
pub fn connection(octets: &[u8]) {
    every_cut_of_a_sequence_gives_the_same_events(octets);
    if let Ok(uses) = Vec::<BufferUse>::arbitrary(&mut Unstructured::new(octets)) {
        a_receive_buffer_is_a_queue(&uses);
    }
    if let Ok(operations) = Vec::<Operation>::arbitrary(&mut Unstructured::new(octets)) {
        any_operations_keep_a_server_valid(&operations);
    }
}

/// A dialogue that these octets choose, for a fuzz target.
pub fn dialogue(octets: &[u8]) {
    let mut u = Unstructured::new(octets);
    let chosen = <(ServerManner, (u8, u8), Vec<Asking>)>::arbitrary(&mut u);
    if let Ok((manner, pieces, mut requests)) = chosen {
        requests.iter_mut().for_each(|asking| {
            asking.pieces.truncate(8);
            asking.pieces.iter_mut().for_each(|piece| piece.truncate(200));
        });
        a_dialogue_comes_to_an_end(&requests, manner, pieces);
    }
}

/// All that holds for any octets in a datagram: what is a message is whole, and what is whole in a stream too is the same there.
pub fn datagram(octets: &[u8]) {
    let mut spans = FieldSpans::<FIELDS>::new();
    if let Ok((head, body)) = bareline_core::datagram::request(octets, spans.lend()) {
        assert_eq!(octets.len() - body.len(), head.as_bytes().len() + leading_line_ends(octets), "octets are left over");
        let form = head.target().form();
        let mut spans = FieldSpans::<FIELDS>::new();
        let parsed = RequestHead::parse(octets, spans.lend());
        assert!(parsed.is_ok() || form == TargetForm::Asterisk, "a stream refuses it: {parsed:?}");
    }
    for method in [Method::GET, Method::HEAD, Method::CONNECT] {
        let mut spans = FieldSpans::<FIELDS>::new();
        if let Ok((head, body)) = bareline_core::datagram::response(octets, method, spans.lend()) {
            assert_eq!(octets.len() - body.len(), head.as_bytes().len(), "octets are left over");
        }
    }
}

fn leading_line_ends(octets: &[u8]) -> usize {
    octets.chunks(2).take_while(|pair| *pair == b"\r\n").count() * 2
}
