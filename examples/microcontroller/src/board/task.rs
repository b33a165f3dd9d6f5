//! The task of a request, and the progress of its response.

use crate::board::{Board, Lamp};
use crate::stack;
use bareline_core::body::Framing;
use bareline_core::connection::ResponseHeadWriter;
use bareline_core::error::WriteError;
use bareline_core::{
    FieldName, FieldValue, Method, RequestHead, ServerConnection, Status, WireBuf,
};
use microcontroller::Text;
use smoltcp::time::{Duration, Instant};

/// The largest head with a small body that is sent: a response begins when this much room is free.
pub const WIRE: usize = 320;

/// The body of `/`.
const PAGE: &[u8] = include_bytes!("page.html");

/// The limit of the body of `/led`, in octets.
const LED_BODY: u64 = 4096;
const LED_WORDS: &str = "send on, off or toggle";

const TICKS: u8 = 5;
const TICK: Duration = Duration::from_millis(200);

const NO_STORE: FieldValue = FieldValue::from_static("no-store");
const HTML: FieldValue = FieldValue::from_static("text/html; charset=utf-8");
const JSON: FieldValue = FieldValue::from_static("application/json");
const TEXT: FieldValue = FieldValue::from_static("text/plain; charset=utf-8");
const OCTETS: FieldValue = FieldValue::from_static("application/octet-stream");

/// The task of a request, all that is kept of it: the head leaves the buffer at once.
pub enum Task {
    /// Send the page: the octets that are left to send.
    Page(&'static [u8]),
    /// Send the state of the board.
    Status,
    /// Switch the lamp: the body so far. The longest valid word is shorter than 8 octets.
    Led(Text<8>),
    /// Stream the body back with the framing of the request.
    Echo(Framing, Echo),
    /// Send lines at intervals: the number sent, and the time of the next one.
    Ticks(u8, Instant),
    /// Respond with 404: the path is unknown.
    Missing,
    /// Respond with 405: the methods that the path allows.
    Misused(FieldValue<'static>),
}

/// The progress of an echo.
pub enum Echo {
    /// This many octets of the body are held at the front of the receive buffer, until there is
    /// room to send them. Zero means that more octets have to come.
    Held(usize),
    /// The body has ended.
    Whole,
}

impl Task {
    /// Returns the task of a request.
    pub fn of(head: &RequestHead<'_>, now: Instant) -> Self {
        let (method, path) = (head.method(), head.target().path_as_bytes());
        let task = match path {
            b"/" => Self::Page(PAGE),
            b"/status" => Self::Status,
            // A response to HEAD need not wait for the lines.
            b"/ticks" => Self::Ticks(if method == Method::HEAD { TICKS } else { 0 }, now),
            b"/led" => Self::Led(Text::new()),
            b"/echo" => Self::Echo(head.framing(), Echo::Held(0)),
            _ => return Self::Missing,
        };
        let is_read = matches!(method, Method::GET | Method::HEAD);
        match task {
            Self::Led(_) | Self::Echo(..) if method == Method::POST => task,
            Self::Led(_) | Self::Echo(..) => Self::Misused(FieldValue::from_static("POST")),
            _ if is_read => task,
            _ => Self::Misused(FieldValue::from_static("GET, HEAD")),
        }
    }

    /// Returns the limit of the body, in octets. The connection limits a body that is discarded.
    pub fn body_limit(&self) -> u64 {
        if let Self::Led(_) = self { LED_BODY } else { u64::MAX }
    }

    /// Returns whether the response needs octets of the body before it can begin.
    pub fn waits_for_body(&self) -> bool {
        matches!(self, Self::Led(_) | Self::Echo(_, Echo::Held(0)))
    }

    /// Returns whether the body is read; otherwise it is discarded.
    pub fn reads_body(&self) -> bool {
        matches!(self, Self::Led(_) | Self::Echo(..))
    }

    /// Takes octets of the body, and returns how many of them to keep in the receive buffer.
    pub fn take(&mut self, data: &[u8]) -> usize {
        match self {
            Self::Led(word) => {
                word.push(data);
                0
            }
            Self::Echo(_, echo) => {
                *echo = Echo::Held(data.len());
                data.len()
            }
            _ => 0,
        }
    }

    /// Records the end of the body.
    pub fn take_end(&mut self) {
        if let Self::Echo(_, echo) = self {
            *echo = Echo::Whole;
        }
    }

    /// Begins the response, and ends it too if it is short.
    pub fn begin(
        &self,
        http: &mut ServerConnection,
        out: &mut WireBuf<WIRE>,
        board: &mut Board,
    ) -> Result<(), WriteError> {
        match self {
            Self::Page(page) => {
                let head = http.respond(Status::OK, out)?.field(FieldName::CONTENT_TYPE, HTML)?;
                head.length(page.len() as u64)
            }
            Self::Status => status(http, out, board),
            Self::Led(word) => {
                let lamp = match (word.as_bytes().trim_ascii(), board.lamp()) {
                    (b"on", _) | (b"toggle", Lamp::Off) => Lamp::On,
                    (b"off", _) | (b"toggle", Lamp::On) => Lamp::Off,
                    _ => return say(http.respond(Status::UNPROCESSABLE_CONTENT, out)?, LED_WORDS),
                };
                board.switch(lamp);
                status(http, out, board)
            }
            Self::Echo(framing, _) => {
                let head = http
                    .respond_while_receiving(Status::OK, out)?
                    .field(FieldName::CONTENT_TYPE, OCTETS)?;
                match framing {
                    Framing::Length(length) => head.length(*length),
                    Framing::Chunked => head.chunked(),
                    _ => head.without_body(),
                }
            }
            Self::Ticks(..) => {
                match http.respond(Status::OK, out)?.field(FieldName::CONTENT_TYPE, TEXT)?.chunked()
                {
                    Err(WriteError::NeedsHttp11) => http
                        .respond(Status::OK, out)?
                        .field(FieldName::CONTENT_TYPE, TEXT)?
                        .until_close(),
                    begun => begun,
                }
            }
            Self::Missing => {
                say(http.respond(Status::NOT_FOUND, out)?, "use /, /status, /ticks, /led or /echo")
            }
            Self::Misused(methods) => say(
                http.respond(Status::METHOD_NOT_ALLOWED, out)?.field(FieldName::ALLOW, *methods)?,
                "use a method in Allow",
            ),
        }
    }

    /// Returns the next piece of a response that has begun, at most `room` octets.
    pub fn go_on<'i>(&mut self, now: Instant, input: &'i [u8], room: usize) -> Piece<'i> {
        match self {
            Self::Page([]) => Piece::End,
            Self::Page(rest) => {
                let (piece, after) = rest.split_at_checked(room).unwrap_or((rest, &[]));
                *rest = after;
                Piece::Of(piece)
            }
            Self::Echo(_, Echo::Held(0)) => Piece::NeedsBody,
            Self::Echo(_, Echo::Held(held)) => {
                let piece = input.get(..room.min(*held)).unwrap_or(input);
                *held = held.saturating_sub(piece.len());
                Piece::OfInput(piece)
            }
            Self::Ticks(TICKS, _) => Piece::End,
            Self::Ticks(_, due) if now < *due => Piece::NotYet,
            Self::Ticks(number, due) => {
                let mut line = Text::new();
                *number = number.saturating_add(1);
                *due = now + TICK;
                line.push(b"tick ").push_number((*number).into()).push(b"\n");
                Piece::Line(line)
            }
            _ => Piece::End,
        }
    }
}

/// A piece of a response.
pub enum Piece<'i> {
    /// Constant octets.
    Of(&'static [u8]),
    /// Octets of the receive buffer, consumed after sending.
    OfInput(&'i [u8]),
    /// A line.
    Line(Text<16>),
    /// No piece until more of the request's body comes.
    NeedsBody,
    /// No piece until its time has come.
    NotYet,
    /// The end of the response.
    End,
}

/// Responds with a line of text.
pub fn say(head: ResponseHeadWriter<'_>, text: &str) -> Result<(), WriteError> {
    head.field(FieldName::CONTENT_TYPE, TEXT)?.body(text.as_bytes())
}

/// Responds with the state of the board.
fn status(
    http: &mut ServerConnection,
    out: &mut WireBuf<WIRE>,
    board: &Board,
) -> Result<(), WriteError> {
    let mut json = Text::<112>::new();
    let uptime = u64::try_from(board.now.total_millis()).unwrap_or(0);
    let lamp: &[u8] = if board.lamp() == Lamp::On { b"true" } else { b"false" };
    json.push(b"{\"uptime_ms\":")
        .push_number(uptime)
        .push(b",\"requests\":")
        .push_number(board.requests.into());
    json.push(b",\"led\":")
        .push(lamp)
        .push(b",\"stack\":")
        .push_number(stack::peak() as u64)
        .push(b"}\n");
    let fields = [(FieldName::CONTENT_TYPE, JSON), (FieldName::CACHE_CONTROL, NO_STORE)];
    http.respond(Status::OK, out)?.fields(&fields)?.body(json.as_bytes())
}
