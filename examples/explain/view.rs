//! A reading for a person: each line of the message, with its parts and the rules for them below, and what follows from it.

use crate::reading::{Message, Part, PartKind, Reading, Sender, StartLine, Tail};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use anstyle::{AnsiColor, Style};
use bareline_core::{ErrorKind, FieldName, Framing, ParseError};
use std::fmt::Write as _;
use std::io::{self, Write};

/// How many octets of a part are shown.
const SHOWN: usize = 400;

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();

/// A piece of a message: a part, or what stands between two.
struct Piece {
    kind: Option<PartKind>,
    start: usize,
    end: usize,
}

/// Shows it on standard output, in colour where that is a terminal.
pub(crate) fn show(reading: &Reading, octets: &[u8], file: &str) -> io::Result<()> {
    let width = terminal_size::terminal_size().map_or(100, |(terminal_size::Width(width), _)| usize::from(width).max(40));
    let mut text = String::new();
    for (number, message) in reading.messages.iter().enumerate() {
        let has_next = number + 1 < reading.messages.len();
        show_message(&mut text, message, number + 1, has_next, octets, width);
    }
    if let Some(error) = reading.fault {
        if reading.messages.last().is_none_or(|message| message.is_whole) {
            show_accepted_lines(&mut text, reading, error, octets, width);
        }
        text.push_str(&refusal(reading, error, octets, file, width));
    }
    show_tail(&mut text, reading, octets);
    anstream::stdout().write_all(text.as_bytes())
}

fn show_message(text: &mut String, message: &Message, number: usize, has_next: bool, octets: &[u8], width: usize) {
    let what = match &message.start_line {
        StartLine::Request { .. } => format!("Request {number}"),
        StartLine::Response { to, .. } => format!("Response {number}, to {to}"),
    };
    let state = if message.is_whole { "" } else { ", not whole" };
    let _ = writeln!(text, "{BOLD}{what}{state}: octets {} to {}{BOLD:#}\n", message.start, message.end);
    let mut line = Vec::new();
    for piece in pieces(message.start, message.end, &message.parts, octets) {
        let is_end = piece.kind.is_none() && octets.get(piece.start..piece.end).is_some_and(|octets| octets.contains(&b'\n'));
        let is_data = piece.kind == Some(PartKind::Data);
        if is_data && !line.is_empty() {
            show_line(text, &std::mem::take(&mut line), octets, width);
        }
        line.push(piece);
        if is_end || is_data {
            show_line(text, &std::mem::take(&mut line), octets, width);
        }
    }
    if !line.is_empty() {
        show_line(text, &line, octets, width);
    }
    let _ = writeln!(text, "  {BOLD}body{BOLD:#}        {}", framing(message));
    let _ = writeln!(text, "  {BOLD}connection{BOLD:#}  {}", connection(message));
    match message.is_whole {
        true if has_next => {
            let _ = writeln!(text, "  {BOLD}end{BOLD:#}         before octet {}, where the next message begins", message.end);
        }
        true => _ = writeln!(text, "  {BOLD}end{BOLD:#}         before octet {}", message.end),
        false => _ = writeln!(text, "  {BOLD}end{BOLD:#}         not reached"),
    }
    text.push('\n');
}

/// The lines of a refused head before the one at fault. They have been accepted, so that a colon ends a name and a space a word.
fn show_accepted_lines(text: &mut String, reading: &Reading, error: ParseError, octets: &[u8], width: usize) {
    let message = octets.get(reading.end..error.offset().max(reading.end)).unwrap_or_default();
    let head = message.iter().rposition(|&octet| octet == b'\n').map_or(0, |at| at + 1);
    if head >= SHOWN * 10 {
        return;
    }
    let what = if reading.sender == Sender::Client { "Request" } else { "Response" };
    let _ = writeln!(text, "{BOLD}{what} {}, refused: from octet {}{BOLD:#}\n", reading.messages.len() + 1, reading.end);
    let mut at = reading.end;
    let mut is_started = false;
    for line in message.get(..head).unwrap_or_default().split_inclusive(|&octet| octet == b'\n') {
        let end = at + line.len();
        let content = line.strip_suffix(b"\r\n").unwrap_or(line);
        let word =
            |from: usize| content.iter().skip(from).position(|&octet| octet == b' ').map_or(content.len(), |len| from + len);
        let is_ows = |octet: &&u8| matches!(octet, b' ' | b'\t');
        let parts = match (is_started, reading.sender) {
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
                vec![(PartKind::Version, 0, 8), (PartKind::StatusCode, 9, 12), (PartKind::Reason, 13, content.len())]
            }
            (true, _) => {
                let colon = content.iter().position(|&octet| octet == b':').unwrap_or(content.len());
                let value = colon + 1 + content.iter().skip(colon + 1).take_while(is_ows).count();
                let value_end = content.len() - content.iter().rev().take_while(is_ows).count();
                vec![(PartKind::FieldName, 0, colon), (PartKind::FieldValue, value, value_end.max(value))]
            }
        };
        is_started |= !content.is_empty();
        let parts = parts.into_iter().filter(|(_, start, end)| start < end);
        let parts = parts.map(|(kind, start, end)| Part { kind, start: at + start, end: at + end });
        show_line(text, &pieces(at, end, &parts.collect::<Vec<_>>(), octets), octets, width);
        at = end;
    }
}

/// The parts of a message and what stands between them, line ends on their own.
fn pieces(start: usize, end: usize, parts: &[Part], octets: &[u8]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let between = |mut start: usize, end: usize, pieces: &mut Vec<Piece>| {
        while start < end {
            let rest = octets.get(start..end).unwrap_or_default();
            let len = match rest {
                [b'\r', b'\n', ..] => 2,
                _ => rest.iter().position(|&octet| octet == b'\r').filter(|&len| len > 0).unwrap_or(rest.len()).max(1),
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

/// One line of the message, and its parts below it.
fn show_line(text: &mut String, pieces: &[Piece], octets: &[u8], width: usize) {
    let start = pieces.first().map_or(0, |piece| piece.start);
    let _ = write!(text, "{DIM}{start:>8}{DIM:#}  ");
    let mut column = 0;
    for piece in pieces {
        let style = piece.kind.map_or(DIM, style);
        let all = octets.get(piece.start..piece.end).unwrap_or_default();
        let shown = all.get(..SHOWN).unwrap_or(all);
        for octet in shown {
            let symbol = symbol(*octet, piece.kind.is_none());
            if column + symbol.chars().count() > width.saturating_sub(12) {
                let _ = write!(text, "\n          ");
                column = 0;
            }
            column += symbol.chars().count();
            let _ = write!(text, "{style}{symbol}{style:#}");
        }
        if all.len() > shown.len() {
            let _ = write!(text, "{DIM}… {} octets{DIM:#}", all.len());
        }
    }
    let _ = write!(text, "\n          ");
    let mut column = 0;
    for piece in pieces {
        let all = octets.get(piece.start..piece.end).unwrap_or_default();
        let (name, section) = match piece.kind {
            Some(PartKind::FieldValue) if all.contains(&b'\n') => ("folded value, each fold read as SP", "RFC 9112 5.2"),
            Some(kind) => rule(kind),
            None => separator(all),
        };
        let label = match section {
            "" => format!("{name} {}  ", piece.start),
            section => format!("{name} {} ({section})  ", piece.start),
        };
        if column > 0 && column + label.len() > width.saturating_sub(12) {
            let _ = write!(text, "\n          ");
            column = 0;
        }
        column += label.len();
        let style = piece.kind.map_or(DIM, style);
        let _ = write!(text, "{style}{name}{style:#}{DIM}{}{DIM:#}", label.strip_prefix(name).unwrap_or_default());
    }
    text.push_str("\n\n");
}

/// How an octet is shown.
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

/// What a part is called, and the section that rules it.
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

/// The same for what stands between parts.
fn separator(octets: &[u8]) -> (&'static str, &'static str) {
    match octets {
        [b'\r', b'\n'] => ("CRLF", "RFC 9112 2.2"),
        b" " => ("SP", ""),
        [b':', ..] => ("colon and OWS", "RFC 9110 5.6.3"),
        _ => ("OWS", "RFC 9110 5.6.3"),
    }
}

/// Where the body ends, and why.
fn framing(message: &Message) -> String {
    match (message.framing, &message.start_line) {
        (Framing::Length(length), _) => format!("{length} octets, as Content-Length says (RFC 9112 section 6.2)"),
        (Framing::Chunked, _) => {
            "in chunks, as Transfer-Encoding says, up to the one of size 0 (RFC 9112 section 7.1)".to_owned()
        }
        (Framing::UntilClose, _) => "up to the close: neither Content-Length nor chunked (RFC 9112 section 6.3)".to_owned(),
        (Framing::Tunnel, _) => "none: what follows is no HTTP any more (RFC 9110 sections 7.8 and 9.3.6)".to_owned(),
        (Framing::None, StartLine::Request { .. }) => {
            "none: neither Content-Length nor Transfer-Encoding (RFC 9112 section 6.3)".to_owned()
        }
        (Framing::None, StartLine::Response { to, status, .. }) => match status.code() {
            204 | 304 => format!("none: status {} has none, whatever the fields say (RFC 9112 section 6.3)", status.code()),
            _ => format!("none: it answers {to}, whatever the fields say (RFC 9112 section 6.3)"),
        },
    }
}

/// What becomes of the connection, and why.
fn connection(message: &Message) -> String {
    let values = message.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("connection"));
    let mut options = values.flat_map(|(_, value)| value.split(|&octet| octet == b',')).map(<[u8]>::trim_ascii);
    let has_option = |option: &str| options.clone().any(|member| member.eq_ignore_ascii_case(option.as_bytes()));
    let is_token = |option: &[u8]| str::from_utf8(option).is_ok_and(|option| FieldName::new(option).is_ok());
    let is_http10 = message.version.ends_with(".0");
    let why = match (message.keep_alive, message.framing) {
        _ if !message.is_whole => return "not settled, since the message is not whole".to_owned(),
        (_, Framing::Tunnel) => return "another protocol's from here on".to_owned(),
        (false, _) if has_option("close") => "closes: it says `Connection: close`",
        (false, _) if options.any(|option| !option.is_empty() && !is_token(option)) => {
            "closes: `Connection` has a member that is no token"
        }
        (false, Framing::UntilClose) => "closes: that is how the body ends",
        (false, _) if is_http10 => "closes: HTTP/1.0 without `Connection: keep-alive`",
        (false, _) => "closes",
        (true, _) if is_http10 => "goes on: HTTP/1.0 with `Connection: keep-alive`",
        (true, _) => "goes on: HTTP/1.1 without `Connection: close`",
    };
    format!("{why} (RFC 9112 section 9.3)")
}

/// The refusal, drawn under the octets.
fn refusal(reading: &Reading, error: ParseError, octets: &[u8], file: &str, width: usize) -> String {
    let message = octets.get(reading.end..).unwrap_or_default();
    let fault = error.offset().saturating_sub(reading.end).min(message.len());
    // The lines up to the one at fault, with it.
    let end = message.iter().skip(fault).position(|&octet| octet == b'\n').map_or(message.len(), |length| fault + length + 1);
    let start = message.get(..fault).unwrap_or_default().iter().rposition(|&octet| octet == b'\n').map_or(0, |at| at + 1);
    let from = start.max(fault.saturating_sub(SHOWN / 2));
    let to = end.min(fault + SHOWN / 2);
    let is_line_end = |octet: &u8| matches!(octet, b'\r' | b'\n');
    let wrong = message.get(fault..(fault + error.len()).min(to)).unwrap_or_default();
    // A fault that only later octets have told is drawn where it stands.
    let wrong = match wrong.iter().position(is_line_end) {
        Some(length) if length > 0 => length,
        Some(_) => wrong.len().min(2),
        None => wrong.len(),
    };
    // The source as it is shown, and where each octet stands in it.
    let (mut source, mut places) = (String::new(), vec![0; from]);
    if from > start {
        source.push('…');
    }
    let head = message.get(..start).unwrap_or_default();
    let is_head_shown = head.len() < SHOWN * 10 && from == start;
    if is_head_shown {
        source.clear();
        places.clear();
        for octet in head {
            places.push(source.len());
            source.push_str(&symbol(*octet, false));
            if *octet == b'\n' {
                source.push('\n');
            }
        }
        places.resize(from, source.len());
    }
    for octet in message.get(from..to).unwrap_or_default() {
        places.push(source.len());
        source.push_str(&symbol(*octet, false));
    }
    places.push(source.len());
    source.push(' ');
    let place = |at: usize| places.get(at).copied().unwrap_or(source.len());
    let span = place(fault)..place(fault + wrong.max(1));
    // Lines are counted from the beginning of the file, as an editor does.
    let first = if is_head_shown { reading.end } else { reading.end + start };
    let line = 1 + octets.iter().take(first).filter(|&&octet| octet == b'\n').count();
    let title = format!("{} at octet {}", error.kind(), error.offset());
    let consequence = match reading.sender {
        Sender::Client => format!("a server answers {} and closes", error.status()),
        Sender::Server => "a client takes no response from this connection any more".to_owned(),
    };
    let rule = format!("{}; {consequence}", error.kind().section());
    let hint = reading.hint(octets);
    let mut snippet = Snippet::source(&source).path(file).line_start(line).fold(source.lines().count() > 16);
    snippet = snippet.annotation(AnnotationKind::Primary.span(span).label(error.kind().to_string()));
    if let Some((first, second)) = contradicted(head, error.kind()).filter(|_| is_head_shown) {
        let label = "what it contradicts".to_owned();
        snippet = snippet.annotation(AnnotationKind::Context.span(place(first)..place(second)).label(label));
    }
    let report = [Level::ERROR
        .primary_title(&title)
        .element(snippet)
        .element(Level::NOTE.message(&rule))
        .element(Level::HELP.message(&hint))];
    let renderer = Renderer::styled().decor_style(DecorStyle::Unicode).term_width(width);
    format!("{}\n\n", renderer.render(&report))
}

/// Where the field line stands that the one at fault contradicts.
fn contradicted(head: &[u8], kind: ErrorKind) -> Option<(usize, usize)> {
    let names: &[&str] = match kind {
        ErrorKind::RepeatedContentLength => &["content-length:"],
        ErrorKind::RepeatedHost => &["host:"],
        ErrorKind::LengthAndCoding => &["content-length:", "transfer-encoding:"],
        _ => return None,
    };
    let mut at = 0;
    let lines = head.split_inclusive(|&octet| octet == b'\n').map(|line| {
        at += line.len();
        (at - line.len(), line)
    });
    let begins_with =
        |line: &[u8], name: &str| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()));
    let (start, line) = lines.filter(|(_, line)| names.iter().any(|name| begins_with(line, name))).last()?;
    Some((start, start + line.trim_ascii_end().len()))
}

/// What the octets behind the whole messages are.
fn show_tail(text: &mut String, reading: &Reading, octets: &[u8]) {
    let count = octets.len().saturating_sub(reading.end);
    let from = reading.end;
    let what = match reading.tail {
        Tail::None if count == 0 => return,
        Tail::None => "are an empty line ahead of the next request, which is skipped (RFC 9112 section 2.2)",
        Tail::Incomplete if reading.messages.last().is_some_and(|message| !message.is_whole) => {
            "are a message that is not whole: more octets are needed (RFC 9112 section 8)"
        }
        Tail::Incomplete => "are the beginning of a head: more octets are needed (RFC 9112 section 8)",
        Tail::Reject => "are refused, and nothing behind them is read",
        Tail::Unprocessed => "are not read: the connection closes behind the message before (RFC 9112 section 9.6)",
        Tail::Tunnel => "are no HTTP: they go through the tunnel, or belong to the protocol that was switched to",
        Tail::Paused => "are not read: they may belong to the protocol that is offered (RFC 9110 section 7.8)",
        Tail::Unsolicited => "answer no request: they must not be taken for a response (RFC 9112 section 9.2)",
    };
    let _ = writeln!(text, "{BOLD}Octets {from} to {}{BOLD:#} {what}.", octets.len());
    if reading.fault.is_none() && reading.messages.last().is_none_or(|message| message.is_whole) {
        let rest = octets.get(from..).unwrap_or_default();
        let shown: String = rest.iter().take(SHOWN).map(|octet| symbol(*octet, false)).collect();
        let ellipsis = if rest.len() > SHOWN { "…" } else { "" };
        let _ = writeln!(text, "\n{DIM}{from:>8}{DIM:#}  {shown}{ellipsis}");
    }
}
