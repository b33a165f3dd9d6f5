//! A reading as text: each line of a message with its parts and rules, and the consequences.

use crate::page::{Cell, DIM, MARGIN, Page, WRONG};
use crate::reading::{Carrier, Message, Part, PartKind, Reading, Sender, StartLine, Tail};
use anstyle::{AnsiColor, Style};
use bareline_core::FieldName;
use bareline_core::body::Framing;
use bareline_core::error::{ParseError, ParseErrorKind};
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

/// The limit of octets shown of a part.
const SHOWN: usize = 400;

/// The width of lines if the output is not a terminal, in columns.
const COLUMNS: u16 = 80;

/// A piece of a message: a part, or a separator between two parts.
struct Piece {
    kind: Option<PartKind>,
    start: usize,
    end: usize,
}

/// Prints the reading to standard output, with the colours and width of a terminal if it is one.
pub fn show(reading: &Reading, octets: &[u8], file: &str) -> io::Result<()> {
    // The size may be that of a terminal on another stream.
    let size = terminal_size::terminal_size().filter(|_| io::stdout().is_terminal());
    let columns = size.map_or(COLUMNS, |(terminal_size::Width(width), _)| width);
    anstream::stdout().write_all(text(reading, octets, file, columns.into()).as_bytes())
}

/// Returns the text with the styles of a terminal, wrapped at `columns`, at least 60.
pub fn text(reading: &Reading, octets: &[u8], file: &str, columns: usize) -> String {
    let mut page = Page { text: String::new(), columns: columns.max(60) };
    if octets.is_empty() {
        let what = match reading.carrier {
            Carrier::Closed => "the server has closed without a response (RFC 9112 section 8)",
            Carrier::Open | Carrier::Datagram => "there is no message to show",
        };
        page.words(&format!("No octets in {file}: {what}."), 0, 0);
        return page.text;
    }
    for (number, message) in reading.messages.iter().enumerate() {
        let has_next = number + 1 < reading.messages.len();
        page.message(reading, message, number + 1, has_next, octets);
    }
    if let Some(error) = reading.fault {
        if reading.messages.last().is_none_or(|message| message.is_whole) {
            page.accepted_lines(reading, error, octets);
        }
        page.rejection(reading, error, octets, file);
    }
    page.tail(reading, octets);
    page.text
}

impl Page {
    fn message(
        &mut self,
        reading: &Reading,
        message: &Message,
        number: usize,
        has_next: bool,
        octets: &[u8],
    ) {
        let what = match (&message.start_line, reading.carrier) {
            (StartLine::Request { .. }, Carrier::Datagram) => "Request in a datagram".to_owned(),
            (StartLine::Response { to, .. }, Carrier::Datagram) => {
                format!("Response in a datagram, to {}", shortened(to))
            }
            (StartLine::Request { .. }, _) => format!("Request {number}"),
            (StartLine::Response { to, .. }, _) => {
                format!("Response {number}, to {}", shortened(to))
            }
        };
        let state = if message.is_whole { "" } else { ", incomplete" };
        self.heading(&format!("{what}{state}: octets {} to {}", message.start, message.end));
        self.lines(message.start, message.end, &message.parts, octets);
        self.fact("body", &framing(message, reading.carrier));
        if reading.carrier != Carrier::Datagram {
            self.fact("connection", &connection(message));
        }
        let is_until_close = message.framing == Framing::UntilClose;
        let end = match (message.is_whole, reading.carrier) {
            (true, _) if has_next => {
                format!("before octet {}, where the next message begins", message.end)
            }
            (true, _) => format!("before octet {}", message.end),
            (false, Carrier::Open) if is_until_close => {
                "not reached: add --closed if the server has closed the connection here".to_owned()
            }
            (false, _) => "not reached".to_owned(),
        };
        self.fact("end", &end);
        self.text.push('\n');
    }

    /// Writes the lines of a rejected head before the invalid line.
    ///
    /// These lines are valid, so a colon ends a name and a space ends a word.
    fn accepted_lines(&mut self, reading: &Reading, error: ParseError, octets: &[u8]) {
        let what = match (reading.sender, reading.carrier) {
            (Sender::Client, Carrier::Datagram) => "Request in a datagram".to_owned(),
            (Sender::Server, Carrier::Datagram) => "Response in a datagram".to_owned(),
            (Sender::Client, _) => format!("Request {}", reading.messages.len() + 1),
            (Sender::Server, _) => format!("Response {}", reading.messages.len() + 1),
        };
        self.heading(&format!("{what}, rejected: from octet {}", reading.end));
        let message = octets.get(reading.end..error.offset().max(reading.end)).unwrap_or_default();
        let head = message.iter().rposition(|&octet| octet == b'\n').map_or(0, |at| at + 1);
        if head >= SHOWN * 10 {
            let _ = writeln!(self.text, "{:MARGIN$}{DIM}… {head} octets{DIM:#}\n", "");
            return;
        }
        let (mut parts, mut is_started, mut at) = (Vec::new(), false, 0);
        while let Some(rest) = message.get(at..head).filter(|rest| !rest.is_empty()) {
            let len = line_len(rest);
            let line = rest.get(..len).unwrap_or_default();
            let content = line.strip_suffix(b"\r\n").unwrap_or(line);
            let word = |from: usize| {
                content
                    .iter()
                    .skip(from)
                    .position(|&octet| octet == b' ')
                    .map_or(content.len(), |len| from + len)
            };
            // Whitespace around a value may include folds.
            let is_space = |octet: &&u8| octet.is_ascii_whitespace();
            let found = match (is_started, reading.sender) {
                _ if content.is_empty() => vec![],
                (false, Sender::Client) => {
                    let target = (word(0) + 1, word(word(0) + 1));
                    vec![
                        (PartKind::Method, 0, word(0)),
                        (PartKind::Target, target.0, target.1),
                        (PartKind::Version, target.1 + 1, content.len()),
                    ]
                }
                (false, Sender::Server) => {
                    vec![
                        (PartKind::Version, 0, 8),
                        (PartKind::StatusCode, 9, 12),
                        (PartKind::Reason, 13, content.len()),
                    ]
                }
                (true, _) => {
                    let colon =
                        content.iter().position(|&octet| octet == b':').unwrap_or(content.len());
                    let value =
                        colon + 1 + content.iter().skip(colon + 1).take_while(is_space).count();
                    let value_end =
                        content.len() - content.iter().rev().take_while(is_space).count();
                    vec![(PartKind::FieldName, 0, colon), (PartKind::FieldValue, value, value_end)]
                }
            };
            // After the empty line of an interim response comes another status line.
            is_started = !content.is_empty();
            let position = reading.end + at;
            parts.extend(found.into_iter().map(|(kind, start, end)| Part {
                kind,
                start: position + start,
                end: position + end,
            }));
            at += len;
        }
        self.lines(reading.end, reading.end + head, &parts, octets);
    }

    /// Writes these octets line by line, each with its parts below it.
    fn lines(&mut self, start: usize, end: usize, parts: &[Part], octets: &[u8]) {
        let mut line = Vec::new();
        for piece in pieces(start, end, parts, octets) {
            let is_end = piece.kind.is_none()
                && octets.get(piece.start..piece.end).is_some_and(|octets| octets.contains(&b'\n'));
            let is_data = piece.kind == Some(PartKind::Data);
            if is_data && !line.is_empty() {
                self.line(&std::mem::take(&mut line), octets);
            }
            line.push(piece);
            if is_end || is_data {
                self.line(&std::mem::take(&mut line), octets);
            }
        }
        if !line.is_empty() {
            self.line(&line, octets);
        }
    }

    /// Writes one line of the message, and its parts below it.
    fn line(&mut self, pieces: &[Piece], octets: &[u8]) {
        let start = pieces.first().map_or(0, |piece| piece.start);
        let mut cells = Vec::new();
        for piece in pieces {
            let style = piece.kind.map_or(DIM, style);
            let all = octets.get(piece.start..piece.end).unwrap_or_default();
            let shown = all.get(..SHOWN).unwrap_or(all);
            cells.extend(
                shown.iter().map(|&octet| Cell::new(symbol(octet, piece.kind.is_none()), style)),
            );
            if all.len() > shown.len() {
                cells.push(Cell::new(format!("… {} octets", all.len()), DIM));
            }
        }
        self.rows(start, &cells);
        let mut column = 0;
        for piece in pieces {
            let all = octets.get(piece.start..piece.end).unwrap_or_default();
            let (name, section) = match piece.kind {
                Some(PartKind::FieldValue) if all.contains(&b'\n') => {
                    ("value, folds read as SP", "RFC 9112 5.2")
                }
                Some(kind) => rule(kind),
                None => separator(all),
            };
            let rest = match section {
                "" => format!(" {}", piece.start),
                section => format!(" {} ({section})", piece.start),
            };
            let width = name.len() + rest.len();
            match column {
                0 => _ = write!(self.text, "{:MARGIN$}", ""),
                _ if column + "  ".len() + width > self.columns => {
                    let _ = write!(self.text, "\n{:MARGIN$}", "");
                    column = 0;
                }
                _ => {
                    self.text.push_str("  ");
                    column += "  ".len();
                }
            }
            column = if column == 0 { MARGIN + width } else { column + width };
            let style = piece.kind.map_or(DIM, style);
            let _ = write!(self.text, "{style}{name}{style:#}{DIM}{rest}{DIM:#}");
        }
        self.text.push_str("\n\n");
    }

    /// Writes the invalid line, and under it why the message is rejected.
    fn rejection(&mut self, reading: &Reading, error: ParseError, octets: &[u8], file: &str) {
        let at = error.offset().min(octets.len());
        let before = octets.get(reading.end..at).unwrap_or_default();
        let start =
            reading.end + before.iter().rposition(|&octet| octet == b'\n').map_or(0, |at| at + 1);
        let rest = octets.get(at..).unwrap_or_default();
        let end = at
            + rest.iter().position(|&octet| octet == b'\n').map_or(rest.len(), |length| length + 1);
        let (from, to) = (start.max(at.saturating_sub(SHOWN / 2)), end.min(at + SHOWN / 2));
        let wrong = rest.get(..error.len().min(to - at)).unwrap_or_default();
        // The underline ends at the line end; an error at a line end underlines CR LF.
        let wrong = match wrong.iter().position(|octet| matches!(octet, b'\r' | b'\n')) {
            Some(length) if length > 0 => length,
            Some(_) => wrong.len().min(2),
            None => wrong.len().max(1),
        };
        let shown = octets.get(from..to).unwrap_or_default().iter().enumerate();
        let mut cells: Vec<_> = shown
            .map(|(place, &octet)| {
                let is_wrong = (at..at + wrong).contains(&(from + place));
                let style = if is_wrong { WRONG } else { Style::new() };
                Cell { text: symbol(octet, false), style, is_wrong }
            })
            .collect();
        if from > start {
            cells.insert(0, Cell::new("…".to_owned(), DIM));
        }
        if at == octets.len() {
            cells.push(Cell { text: "(end)".to_owned(), style: WRONG, is_wrong: true });
        } else if to < end {
            cells.push(Cell::new("…".to_owned(), DIM));
        }
        self.rows(from, &cells);
        // Lines count from the beginning of the file, as in an editor.
        let ahead = octets.get(..at).unwrap_or_default();
        let line = 1 + ahead.iter().filter(|&&octet| octet == b'\n').count();
        let column = 1 + ahead.iter().rev().take_while(|&&octet| octet != b'\n').count();
        self.fact("rejected", &format!("{} at octet {}", error.kind(), error.offset()));
        self.fact("position", &format!("{file}:{line}:{column}"));
        self.fact("rule", error.kind().section());
        let message = octets.get(reading.end..start).unwrap_or_default();
        if let Some(other) = contradicted(message, error.kind()) {
            self.fact("against", &format!("the field line at octet {}", reading.end + other));
        }
        self.fact("status", &consequence(reading));
        self.fact("remedy", &reading.hint(octets));
        if error.kind() == ParseErrorKind::UnexpectedUpgrade {
            self.fact("", "add --upgrade if the request offered another protocol");
        }
        self.text.push('\n');
    }

    /// Writes the meaning of the octets after the last complete message.
    fn tail(&mut self, reading: &Reading, octets: &[u8]) {
        let from = reading.end;
        let rest = octets.get(from..).unwrap_or_default();
        let has_begun = reading.messages.last().is_some_and(|message| !message.is_whole);
        let what = match reading.tail {
            Tail::None if rest.is_empty() => return,
            Tail::None => {
                "are an empty line before the next request, which is skipped (RFC 9112 section 2.2)"
            }
            Tail::Incomplete if reading.carrier == Carrier::Closed => {
                "are cut short: the server closed before the end of its response (RFC 9112 section \
                 8)"
            }
            Tail::Incomplete
                if has_begun
                    && reading
                        .messages
                        .last()
                        .is_some_and(|last| last.framing == Framing::UntilClose) =>
            {
                "are an incomplete message: its body goes on until the server closes (RFC 9112 \
                 section 8)"
            }
            Tail::Incomplete if has_begun => {
                "are an incomplete message: more octets are needed (RFC 9112 section 8)"
            }
            Tail::Incomplete => {
                "are the beginning of a head: more octets are needed (RFC 9112 section 8)"
            }
            Tail::Reject if reading.carrier == Carrier::Datagram => "are rejected",
            Tail::Reject => "are rejected; nothing after them is read",
            Tail::Unprocessed => {
                "are not read: the connection closes after the previous message (RFC 9112 section \
                 9.6)"
            }
            Tail::Tunnel => {
                "are not HTTP: they go through the tunnel, or belong to the protocol after the \
                 upgrade"
            }
            Tail::Paused => {
                "are not read: they may belong to the offered protocol (RFC 9110 section 7.8)"
            }
            Tail::Unsolicited => {
                "belong to no request: a client must not use them as a response (RFC 9112 section \
                 9.2)"
            }
        };
        self.words(&format!("Octets {from} to {} {what}.", octets.len()), 0, 0);
        if reading.fault.is_none() && !has_begun {
            let shown = rest.get(..SHOWN).unwrap_or(rest);
            let mut cells: Vec<_> =
                shown.iter().map(|&octet| Cell::new(symbol(octet, false), Style::new())).collect();
            if shown.len() < rest.len() {
                cells.push(Cell::new(format!("… {} octets", rest.len()), DIM));
            }
            self.text.push('\n');
            self.rows(from, &cells);
        }
    }
}

/// Shortens a method to fit on a line.
fn shortened(method: &str) -> String {
    match method.get(..20) {
        Some(start) if method.len() > 20 => format!("{start}…"),
        _ => method.to_owned(),
    }
}

/// Returns the length of the first of these lines, with its folds.
fn line_len(lines: &[u8]) -> usize {
    let is_end = |two: &[u8]| matches!(two, [b'\n', next] if !matches!(next, b' ' | b'\t'));
    lines.windows(2).position(is_end).map_or(lines.len(), |at| at + 1)
}

/// Returns the parts of a message and the separators between them; each line end is a piece.
fn pieces(start: usize, end: usize, parts: &[Part], octets: &[u8]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let between = |mut start: usize, end: usize, pieces: &mut Vec<Piece>| {
        while start < end {
            let rest = octets.get(start..end).unwrap_or_default();
            let len = match rest {
                [b'\r', b'\n', ..] => 2,
                _ => rest
                    .iter()
                    .position(|&octet| octet == b'\r')
                    .filter(|&len| len > 0)
                    .unwrap_or(rest.len())
                    .max(1),
            };
            pieces.push(Piece { kind: None, start, end: start + len });
            start += len;
        }
    };
    let mut at = start;
    for part in parts.iter().filter(|part| part.start < part.end) {
        between(at, part.start, &mut pieces);
        pieces.push(Piece { kind: Some(part.kind), start: part.start, end: part.end });
        at = part.end;
    }
    between(at, end.max(at), &mut pieces);
    pieces
}

/// Returns the printed form of an octet.
fn symbol(octet: u8, is_between: bool) -> String {
    match octet {
        b'\r' => "\\r".to_owned(),
        b'\n' => "\\n".to_owned(),
        b'\t' => "\\t".to_owned(),
        b' ' if is_between => "·".to_owned(),
        b' '..=b'~' => char::from(octet).to_string(),
        _ => format!("\\x{octet:02x}"),
    }
}

const fn style(kind: PartKind) -> Style {
    let colour = match kind {
        PartKind::Method | PartKind::StatusCode | PartKind::ChunkSize => AnsiColor::Magenta,
        PartKind::Target | PartKind::Reason => AnsiColor::Cyan,
        PartKind::Version | PartKind::ChunkExtension => AnsiColor::Blue,
        PartKind::FieldName | PartKind::TrailerName => AnsiColor::Green,
        PartKind::FieldValue | PartKind::TrailerValue => AnsiColor::Yellow,
        PartKind::Data => return Style::new(),
    };
    colour.on_default()
}

/// Returns the name of a part, and the section with its rule.
const fn rule(kind: PartKind) -> (&'static str, &'static str) {
    match kind {
        PartKind::Method => ("method", "RFC 9112 3.1"),
        PartKind::Target => ("target", "RFC 9112 3.2"),
        PartKind::Version => ("version", "RFC 9112 2.3"),
        PartKind::StatusCode => ("status code", "RFC 9112 4"),
        PartKind::Reason => ("reason", "RFC 9112 4"),
        PartKind::FieldName => ("name", "RFC 9110 5.1"),
        PartKind::FieldValue => ("value", "RFC 9110 5.5"),
        PartKind::ChunkSize => ("chunk size", "RFC 9112 7.1"),
        PartKind::ChunkExtension => ("chunk extension", "RFC 9112 7.1.1"),
        PartKind::Data => ("data", "RFC 9112 6"),
        PartKind::TrailerName => ("trailer name", "RFC 9110 6.5"),
        PartKind::TrailerValue => ("trailer value", "RFC 9110 5.5"),
    }
}

/// Returns the name of a separator, and the section with its rule.
fn separator(octets: &[u8]) -> (&'static str, &'static str) {
    match octets {
        [b'\r', b'\n'] => ("CRLF", "RFC 9112 2.2"),
        b" " => ("SP", ""),
        [b':', ..] => ("colon and OWS", "RFC 9110 5.6.3"),
        _ => ("OWS", "RFC 9110 5.6.3"),
    }
}

/// Explains where the body ends.
fn framing(message: &Message, carrier: Carrier) -> String {
    match (message.framing, &message.start_line) {
        (Framing::Length(length), _) => {
            format!("{length} octets, as Content-Length says (RFC 9112 section 6.2)")
        }
        (Framing::Chunked, _) => "in chunks, as Transfer-Encoding says, up to the chunk of size 0 \
                                  (RFC 9112 section 7.1)"
            .to_owned(),
        (Framing::UntilClose, _) if carrier == Carrier::Datagram => {
            "up to the end of the datagram: there is no Content-Length".to_owned()
        }
        (Framing::UntilClose, _) => {
            "until the server closes: neither Content-Length nor chunked (RFC 9112 section 6.3)"
                .to_owned()
        }
        (Framing::Tunnel, _) => {
            "none: what follows is not HTTP (RFC 9110 sections 7.8 and 9.3.6)".to_owned()
        }
        (Framing::None, StartLine::Request { .. }) => {
            "none: neither Content-Length nor Transfer-Encoding (RFC 9112 section 6.3)".to_owned()
        }
        (Framing::None, StartLine::Response { to, status, .. }) => match status.code() {
            204 | 304 => format!(
                "none: status {} has none, whatever the fields say (RFC 9112 section 6.3)",
                status.code()
            ),
            _ => format!(
                "none: a response to {} has none, whatever the fields say (RFC 9112 section 6.3)",
                shortened(to)
            ),
        },
    }
}

/// Explains whether the connection closes after the message.
fn connection(message: &Message) -> String {
    let values = message.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("connection"));
    let mut options =
        values.flat_map(|(_, value)| value.split(|&octet| octet == b',')).map(<[u8]>::trim_ascii);
    let has_option =
        |option: &str| options.clone().any(|member| member.eq_ignore_ascii_case(option.as_bytes()));
    let is_token =
        |option: &[u8]| str::from_utf8(option).is_ok_and(|option| FieldName::new(option).is_ok());
    let is_http10 = message.version.ends_with(".0");
    let is_connect =
        matches!(&message.start_line, StartLine::Request { method, .. } if method == "CONNECT");
    let why = match (message.keep_alive, message.framing) {
        _ if !message.is_whole => return "unknown: the message is incomplete".to_owned(),
        _ if is_connect => {
            return "a tunnel after a 2xx response (RFC 9110 section 9.3.6)".to_owned();
        }
        (_, Framing::Tunnel) => return "upgraded: another protocol from here on".to_owned(),
        (false, _) if has_option("close") => "closes: it says `Connection: close`",
        (false, _) if options.any(|option| !option.is_empty() && !is_token(option)) => {
            "closes: `Connection` has a member that is not a token"
        }
        (false, Framing::UntilClose) => "closes: the close ends the body",
        (false, _) if is_http10 => "closes: HTTP/1.0 without `Connection: keep-alive`",
        (false, _) => "closes",
        (true, _) if is_http10 => "stays open: HTTP/1.0 with `Connection: keep-alive`",
        (true, _) => "stays open: HTTP/1.1 without `Connection: close`",
    };
    format!("{why} (RFC 9112 section 9.3)")
}

/// Explains the consequence of an error.
fn consequence(reading: &Reading) -> String {
    let status = reading.status().map(|status| status.to_string()).unwrap_or_default();
    match (reading.sender, reading.carrier) {
        (Sender::Client, Carrier::Datagram) => {
            format!("{status}, if a response is sent; the datagram is dropped")
        }
        (Sender::Server, Carrier::Datagram) => {
            format!("{status} from a gateway; the datagram is dropped")
        }
        (Sender::Client, _) => format!("{status}; then the server closes the connection"),
        (Sender::Server, _) => format!("{status} from a gateway; the client closes the connection"),
    }
}

/// Returns the offset of the last field line that the invalid line contradicts.
fn contradicted(lines: &[u8], kind: ParseErrorKind) -> Option<usize> {
    let names: &[&str] = match kind {
        ParseErrorKind::RepeatedContentLength => &["content-length:"],
        ParseErrorKind::RepeatedHost => &["host:"],
        ParseErrorKind::LengthAndCoding => &["content-length:", "transfer-encoding:"],
        _ => return None,
    };
    let mut at = 0;
    let lines = lines.split_inclusive(|&octet| octet == b'\n').map(|line| {
        at += line.len();
        (at - line.len(), line)
    });
    let begins_with = |line: &[u8], name: &str| {
        line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
    };
    lines
        .filter(|(_, line)| names.iter().any(|name| begins_with(line, name)))
        .last()
        .map(|(start, _)| start)
}
