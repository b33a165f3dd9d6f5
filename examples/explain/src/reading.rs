//! The result of parsing octets: messages, their parts, and the error or leftover at the end.

use bareline_core::body::Framing;
use bareline_core::connection::{ClientState, Received, ServerState};
use bareline_core::error::{ParseError, WriteError};
use bareline_core::head::Fields;
use bareline_core::{
    ClientConnection, Event, FieldName, FieldSpans, FieldValue, Method, RequestHead, ResponseHead,
    ServerConnection, Status, Target, WireBuf, datagram,
};

/// The result of parsing some octets.
#[derive(PartialEq, Debug)]
pub struct Reading {
    pub sender: Sender,
    pub carrier: Carrier,
    /// The messages; the last one may be incomplete.
    pub messages: Vec<Message>,
    /// The offset after the last complete message.
    pub end: usize,
    pub tail: Tail,
    /// The reason why a message was rejected.
    pub fault: Option<ParseError>,
}

/// The sender of the octets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sender {
    Client,
    Server,
}

/// The transport of the octets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Carrier {
    /// A connection on which more octets may come.
    Open,
    /// A connection that the sender closed after the octets.
    Closed,
    /// One datagram.
    Datagram,
}

/// The context of a server's octets: the requests, and the state of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'m> {
    /// The method of each request.
    pub methods: &'m [Method<'m>],
    /// Each request offers to switch protocols.
    pub offers_upgrade: bool,
    /// The server closed the connection after the octets.
    pub is_closed: bool,
}

/// A message, perhaps incomplete.
#[derive(Clone, PartialEq, Debug)]
pub struct Message {
    pub start: usize,
    pub end: usize,
    pub start_line: StartLine,
    /// The version as sent: `1.2` means that the sender supports 1.1 too.
    pub version: String,
    pub headers: Vec<Field>,
    pub framing: Framing,
    pub body: Vec<u8>,
    pub trailers: Vec<Field>,
    pub keep_alive: bool,
    pub is_whole: bool,
    /// The parts in order, without the spaces, colons and line ends between them.
    pub parts: Vec<Part>,
}

#[derive(Clone, PartialEq, Debug)]
pub enum StartLine {
    Request {
        method: String,
        target: String,
        expect_continue: bool,
        upgrade: bool,
    },
    Response {
        to: String,
        status: Status,
        reason: Vec<u8>,
        informational: Vec<(Status, Vec<Field>)>,
    },
}

/// A field: name and value.
pub type Field = (String, Vec<u8>);

/// A part of a message: its kind and its offsets.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Part {
    pub kind: PartKind,
    pub start: usize,
    pub end: usize,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum PartKind {
    Method,
    Target,
    Version,
    StatusCode,
    Reason,
    FieldName,
    FieldValue,
    ChunkSize,
    ChunkExtension,
    Data,
    TrailerName,
    TrailerValue,
}

impl PartKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::Target => "target",
            Self::Version => "version",
            Self::StatusCode => "status",
            Self::Reason => "reason",
            Self::FieldName => "name",
            Self::FieldValue => "value",
            Self::ChunkSize => "chunk_size",
            Self::ChunkExtension => "chunk_extension",
            Self::Data => "data",
            Self::TrailerName => "trailer_name",
            Self::TrailerValue => "trailer_value",
        }
    }
}

/// The meaning of the octets after the last complete message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tail {
    None,
    /// The beginning of a message.
    Incomplete,
    /// Rejected.
    Reject,
    /// Not read, since the connection closes.
    Unprocessed,
    /// Octets of another protocol.
    Tunnel,
    /// Not read, since another protocol is offered.
    Paused,
    /// Not a response to any request.
    Unsolicited,
}

impl Tail {
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Incomplete => "incomplete",
            Self::Reject => "reject",
            Self::Unprocessed => "unprocessed",
            Self::Tunnel => "tunnel",
            Self::Paused => "paused",
            Self::Unsolicited => "unsolicited",
        }
    }
}

/// The limit of field lines in a message.
const FIELDS: usize = 256;

/// Octets that are parsed piece by piece.
struct Input<'o> {
    octets: &'o [u8],
    /// The offsets at which pieces end.
    cuts: &'o [usize],
    start: usize,
    end: usize,
}

impl<'o> Input<'o> {
    fn new(octets: &'o [u8], cuts: &'o [usize]) -> Self {
        let mut input = Self { octets, cuts, start: 0, end: 0 };
        input.has_more();
        input
    }

    /// Adds the next piece, and returns whether there was one.
    fn has_more(&mut self) -> bool {
        let before = self.end;
        (self.end, self.cuts) = match self.cuts {
            [] => (self.octets.len(), self.cuts),
            [cut, cuts @ ..] => (*cut, cuts),
        };
        self.end > before
    }
}

fn fields(fields: &Fields<'_>) -> Vec<Field> {
    fields
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect()
}

/// A collector of parts, which borrow from octets at this address and this position.
struct Parts<'p> {
    parts: &'p mut Vec<Part>,
    address: usize,
    position: usize,
}

impl Parts<'_> {
    fn add(&mut self, kind: PartKind, part: &[u8]) {
        let start = self.position + part.as_ptr().addr().wrapping_sub(self.address);
        let end = start + part.len();
        match self.parts.last_mut() {
            Some(last) if last.kind == kind && kind == PartKind::Data && last.end == start => {
                last.end = end
            }
            _ => self.parts.push(Part { kind, start, end }),
        }
    }

    fn at(&mut self, kind: PartKind, start: usize, len: usize) {
        self.parts.push(Part { kind, start, end: start + len });
    }

    fn fields(&mut self, fields: &Fields<'_>) {
        for (name, value) in fields.iter() {
            self.add(PartKind::FieldName, name.as_bytes());
            self.add(PartKind::FieldValue, value.as_bytes());
        }
    }
}

impl Message {
    fn new(
        start_line: StartLine,
        version: &[u8],
        headers: &Fields<'_>,
        framing: Framing,
        start: usize,
    ) -> Self {
        let (headers, version) =
            (fields(headers), version.iter().copied().map(char::from).collect());
        let (body, trailers, parts) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            start,
            end: start,
            start_line,
            version,
            headers,
            framing,
            body,
            trailers,
            keep_alive: false,
            is_whole: false,
            parts,
        }
    }

    /// Adds an event of the body. Its octets, `used`, begin at this address and this position.
    fn take<H>(&mut self, event: &Event<'_, H>, used: &[u8], address: usize, position: usize) {
        let mut parts = Parts { parts: &mut self.parts, address, position };
        match event {
            Event::Chunk { extensions, .. } => {
                // The octets include the line end of the previous chunk.
                let line = used.iter().take_while(|octet| octet.is_ascii_whitespace()).count();
                let digits =
                    used.iter().skip(line).take_while(|octet| octet.is_ascii_hexdigit()).count();
                parts.at(PartKind::ChunkSize, position + line, digits);
                if extensions.iter().next().is_some() {
                    parts.at(
                        PartKind::ChunkExtension,
                        position + line + digits,
                        used.len().saturating_sub(line + digits + 2),
                    );
                }
            }
            Event::Data(data) => {
                parts.add(PartKind::Data, data);
                self.body.extend_from_slice(data);
            }
            Event::Trailer { name, value } => {
                parts.add(PartKind::TrailerName, name.as_bytes());
                parts.add(PartKind::TrailerValue, value.as_bytes());
                self.trailers.push((name.as_str().to_owned(), value.as_bytes().to_vec()));
            }
            _ => {}
        }
        self.end = position + used.len();
    }
}

impl Reading {
    const fn new(sender: Sender, carrier: Carrier) -> Self {
        Self { sender, carrier, messages: Vec::new(), end: 0, tail: Tail::None, fault: None }
    }

    fn rejected(mut self, error: ParseError, position: usize) -> Self {
        self.tail = Tail::Reject;
        self.fault = Some(error.offset_by(position));
        self
    }

    /// Returns `accept`, `reject` or `incomplete`.
    pub fn verdict(&self) -> &'static str {
        match self.fault {
            Some(_) => "reject",
            None if self.messages.iter().any(|message| message.is_whole) => "accept",
            None => "incomplete",
        }
    }

    pub fn is_accepted(&self) -> bool {
        self.verdict() == "accept"
    }

    /// Returns the status that a server sends for the error.
    ///
    /// For an invalid response it is the status that a gateway sends to its client
    /// [RFC 9110 section 15.6.3].
    pub fn status(&self) -> Option<Status> {
        match self.sender {
            Sender::Client => self.fault.map(|error| error.status()),
            Sender::Server => self.fault.map(|_| Status::BAD_GATEWAY),
        }
    }

    /// Returns what to do about the error, with the values in the message.
    pub fn hint(&self, octets: &[u8]) -> String {
        self.fault.map(|error| error.hint_in(octets).to_string()).unwrap_or_default()
    }

    /// Marks the last message as complete; it ends here.
    fn is_whole(&mut self, end: usize, keep_alive: bool) {
        self.end = end;
        if let Some(message) = self.messages.last_mut() {
            (message.is_whole, message.end, message.keep_alive) = (true, end, keep_alive);
        }
    }
}

/// Parses the octets that a client sends. They arrive in pieces that end at these cuts.
pub fn requests(octets: &[u8], cuts: &[usize]) -> Reading {
    let mut connection = ServerConnection::new();
    let (mut spans, mut out) = (FieldSpans::<FIELDS>::new(), WireBuf::<256>::new());
    let mut input = Input::new(octets, cuts);
    let mut reading = Reading::new(Sender::Client, Carrier::Open);
    let mut copy = octets.to_vec();
    loop {
        let presented = copy.get_mut(input.start..input.end).unwrap_or_default();
        let address = presented.as_ptr().addr();
        let Received { used, event } = match connection.receive(presented, spans.lend()) {
            Err(error) => return reading.rejected(error, input.start),
            Ok(Received { event: Event::NeedMore, .. }) if input.has_more() => continue,
            Ok(Received { event: Event::NeedMore, .. }) => {
                // An empty line before a request does not begin one, unless it is all there is.
                let is_begun =
                    connection.state() != ServerState::Idle || reading.messages.is_empty();
                reading.tail = if is_begun { Tail::Incomplete } else { Tail::None };
                return reading;
            }
            Ok(received) => received,
        };
        match (&event, reading.messages.last_mut()) {
            (Event::Head(head), _) => {
                reading.messages.push(Message {
                    end: input.start + used,
                    ..request(head, address, input.start)
                });
            }
            (event, Some(message)) => {
                let octets = octets.get(input.start..input.start + used).unwrap_or_default();
                message.take(event, octets, address, input.start);
            }
            _ => {}
        }
        input.start += used;
        if connection.state() != ServerState::SendResponse {
            continue;
        }
        let is_paused = matches!(
            reading.messages.last(),
            Some(Message { start_line: StartLine::Request { upgrade: true, .. }, .. })
        );
        let _ = connection.respond(Status::OK, &mut out).and_then(|head| head.without_body());
        out.clear();
        let state = connection.state();
        reading.is_whole(input.start, state != ServerState::Close);
        reading.tail = match state {
            _ if input.start >= octets.len() => Tail::None,
            ServerState::Upgraded => Tail::Tunnel,
            ServerState::Close => Tail::Unprocessed,
            _ if is_paused => Tail::Paused,
            _ => Tail::None,
        };
        if reading.tail != Tail::None
            || input.start >= octets.len()
            || connection.state() != ServerState::Idle
        {
            return reading;
        }
    }
}

fn request(head: &RequestHead<'_>, address: usize, position: usize) -> Message {
    let start_line = StartLine::Request {
        method: head.method().to_string(),
        target: head.target().to_string(),
        expect_continue: head.expects_continue(),
        upgrade: head.offers_upgrade(),
    };
    let line = head.as_bytes();
    // The version follows the method and the target, each with a space after it.
    let version = head.method().as_bytes().len() + head.target().as_bytes().len() + 2;
    let digits = line.get(version + "HTTP/".len()..version + "HTTP/1.1".len()).unwrap_or_default();
    let mut message = Message::new(start_line, digits, &head.fields(), head.framing(), position);
    let mut parts = Parts { parts: &mut message.parts, address, position };
    parts.add(PartKind::Method, head.method().as_bytes());
    parts.add(PartKind::Target, head.target().as_bytes());
    parts.add(PartKind::Version, line.get(version..version + "HTTP/1.1".len()).unwrap_or_default());
    parts.fields(&head.fields());
    message
}

/// Returns the message of a final response. Its octets begin at this address and this position.
fn response(
    head: &ResponseHead<'_>,
    to: Method<'_>,
    framing: Framing,
    address: usize,
    position: usize,
) -> Message {
    let (to, status, reason) = (to.to_string(), head.status(), head.reason().to_vec());
    let start_line = StartLine::Response { to, status, reason, informational: Vec::new() };
    let version = head.as_bytes().get("HTTP/".len().."HTTP/1.1".len()).unwrap_or_default();
    let mut message = Message::new(start_line, version, &head.fields(), framing, position);
    message.parts = response_parts(head, address, position);
    message
}

fn response_parts(head: &ResponseHead<'_>, address: usize, position: usize) -> Vec<Part> {
    let mut found = Vec::new();
    let mut parts = Parts { parts: &mut found, address, position };
    parts.at(PartKind::Version, position, "HTTP/1.1".len());
    parts.add(PartKind::StatusCode, head.as_bytes().get(9..12).unwrap_or_default());
    parts.add(PartKind::Reason, head.reason());
    parts.fields(&head.fields());
    found
}

/// Parses the octets that a server sends in response to these requests.
pub fn responses(octets: &[u8], asked: Asked<'_>, cuts: &[usize]) -> Reading {
    let mut connection = ClientConnection::new();
    let (mut spans, mut out) = (FieldSpans::<FIELDS>::new(), WireBuf::<512>::new());
    let mut input = Input::new(octets, cuts);
    let carrier = if asked.is_closed { Carrier::Closed } else { Carrier::Open };
    let mut reading = Reading::new(Sender::Server, carrier);
    // Parsing replaces folds in place.
    let mut mended = octets.to_vec();
    for method in asked.methods {
        if ask(&mut connection, *method, asked.offers_upgrade, &mut out).is_err() {
            break;
        }
        out.clear();
        let (mut interim, mut interim_parts, mut is_told) = (Vec::new(), Vec::new(), false);
        let start = input.start;
        let state = loop {
            let presented = mended.get_mut(input.start..input.end).unwrap_or_default();
            let address = presented.as_ptr().addr();
            let Received { used, event } = match connection.receive(presented, spans.lend()) {
                Err(error) => return reading.rejected(error, input.start),
                Ok(Received { event: Event::NeedMore, .. }) if input.has_more() => continue,
                Ok(Received { event: Event::NeedMore, .. })
                    if asked.is_closed && !is_told && connection.on_eof().is_ok() =>
                {
                    is_told = true;
                    continue;
                }
                Ok(Received { event: Event::NeedMore, .. }) => {
                    let is_begun = start < octets.len() || reading.messages.is_empty();
                    reading.tail = if is_begun { Tail::Incomplete } else { Tail::None };
                    return reading;
                }
                Ok(received) => received,
            };
            match &event {
                Event::Head(head) => {
                    let status = head.status();
                    if status.is_informational() && status != Status::SWITCHING_PROTOCOLS {
                        interim_parts.append(&mut response_parts(head, address, input.start));
                        interim.push((status, fields(&head.fields())));
                    } else {
                        let framing = head.framing(*method).unwrap_or(Framing::None);
                        let mut message = response(head, *method, framing, address, input.start);
                        (message.start, message.end) = (start, input.start + used);
                        message.parts.splice(..0, std::mem::take(&mut interim_parts));
                        if let StartLine::Response { informational, .. } = &mut message.start_line {
                            *informational = std::mem::take(&mut interim);
                        }
                        reading.messages.push(message);
                    }
                    input.start += used;
                }
                event => {
                    let position = input.start;
                    input.start += used;
                    if let Some(message) = reading.messages.last_mut() {
                        message.take(
                            event,
                            octets.get(position..input.start).unwrap_or_default(),
                            address,
                            position,
                        );
                    }
                }
            }
            match connection.state() {
                ClientState::Head | ClientState::Body => {}
                state => break state,
            }
        };
        reading.is_whole(input.start, state != ClientState::Close);
        if state == ClientState::Upgraded {
            reading.tail = if input.start < octets.len() { Tail::Tunnel } else { Tail::None };
            return reading;
        }
    }
    reading.tail = if input.start < octets.len() { Tail::Unsolicited } else { Tail::None };
    reading
}

/// Writes a request, with or without an offer to upgrade.
fn ask(
    connection: &mut ClientConnection,
    method: Method<'_>,
    offers_upgrade: bool,
    out: &mut WireBuf<512>,
) -> Result<(), WriteError> {
    let target = if method == Method::CONNECT { Target::new("a:1")? } else { Target::ROOT };
    let host = FieldValue::from_static(if method == Method::CONNECT { "a:1" } else { "a" });
    let head = connection.request(method, target, out)?.field(FieldName::HOST, host)?;
    if !offers_upgrade {
        return head.without_body();
    }
    let head = head.field(FieldName::UPGRADE, FieldValue::from_static("any"))?;
    head.field(FieldName::CONNECTION, FieldValue::from_static("upgrade"))?.without_body()
}

/// Parses a datagram: a request, or a response to a request with method `to`.
pub fn one_datagram(octets: &[u8], to: Method<'_>) -> Reading {
    let mut spans = FieldSpans::<FIELDS>::new();
    // A method cannot contain a slash.
    let is_response = octets.trim_ascii_start().starts_with(b"HTTP/");
    let sender = if is_response { Sender::Server } else { Sender::Client };
    let mut reading = Reading::new(sender, Carrier::Datagram);
    let read = match sender {
        Sender::Client => datagram::parse_request(octets, spans.lend())
            .map(|(head, body)| (request(&head, octets.as_ptr().addr(), 0), body)),
        Sender::Server => datagram::parse_response(octets, to, spans.lend()).map(|(head, body)| {
            let framing = head.framing(to).unwrap_or(Framing::None);
            (response(&head, to, framing, octets.as_ptr().addr(), 0), body)
        }),
    };
    match read {
        Err(error) => return reading.rejected(error, 0),
        Ok((mut message, body)) => {
            if !body.is_empty() {
                let address = octets.as_ptr().addr();
                Parts { parts: &mut message.parts, address, position: 0 }.add(PartKind::Data, body);
            }
            message.body = body.to_vec();
            reading.messages.push(message);
        }
    }
    reading.is_whole(octets.len(), false);
    reading
}
