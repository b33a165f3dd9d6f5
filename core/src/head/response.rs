//! The head of a response.

use super::facts::Facts;
use super::section::{Progress, check_unread, known_version};
use super::{Fields, LentSpans, Limits, Options, Parsed};
use crate::error::{ParseError, ParseErrorKind};
use crate::framing::Framing;
use crate::grammar::{FieldLine, Span, continuation, status_line};
use crate::octets::{trim_ows, trim_ows_start};
use crate::scan::{HeadSource, Input, Words};
use crate::value::{Dump, Method, Status, Version, dump};
use core::fmt;

/// The head of a response, as a view of the received octets [RFC 9112 section 4].
///
/// ```
/// use bareline_core::body::Framing;
/// use bareline_core::head::Parsed;
/// use bareline_core::{FieldSpans, Method, ResponseHead, Status};
///
/// let mut spans = FieldSpans::<8>::new();
/// let input = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
/// let Parsed::Complete { message: head, len } = ResponseHead::parse(input, spans.lend())?
/// else {
///     return Err("receive more".into());
/// };
/// assert_eq!((head.status(), &input[len..]), (Status::OK, &b"hi"[..]));
/// assert_eq!(head.framing(Method::GET)?, Framing::Length(2));
/// assert_eq!(head.framing(Method::HEAD)?, Framing::None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct ResponseHead<'b> {
    octets: &'b [u8],
    lines: &'b [FieldLine],
    parts: ResponseParts,
}

/// A [`ResponseHead`] without its octets and lines.
#[derive(Clone, Copy)]
pub(crate) struct ResponseParts {
    version: Version,
    status: Status,
    reason: Span,
    /// The framing of the body, if the request and the status allow a body.
    body: Result<Framing, ParseError>,
    options: Options,
}

/// The parse progress of a response head.
pub(crate) type ResponseProgress = Progress<Start>;

/// The status code, the reason phrase, and the version that the response is handled as.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    version: Version,
    status: Status,
    reason: Span,
}

impl ResponseProgress {
    /// Parses the line that failed as a continuation of the field before it, and replaces the fold
    /// with SP [RFC 9112 section 5.2]. Returns `error` when there is no field before it.
    ///
    /// The line is complete, or cut at the limit.
    #[cold]
    #[inline(never)]
    pub(crate) fn unfold(
        &mut self,
        input: &mut [u8],
        spans: &mut LentSpans<'_>,
        limits: &Limits,
        error: ParseError,
    ) -> Result<(), ParseError> {
        let Some(field) = spans.last_mut() else { return Err(error) };
        let len = limits.head_of(input).len();
        let octets = input.get_mut(..len).unwrap_or(&mut []);
        let (after, continued) =
            continuation(Words::new(octets).at(self.next)).map_err(|stop| {
                if stop.is_at_end(octets) {
                    ParseError::new(ParseErrorKind::HeadTooLong, len, 0)
                } else {
                    stop.error(octets, self.next)
                }
            })?;
        let end = after.position();
        let text = continued.of(octets);
        let start = continued.end().wrapping_sub(trim_ows_start(text).len());
        let text = start..start.wrapping_add(trim_ows(text).len());
        // From the text before to this text, without the folds already replaced: linear time.
        let begin = field.value.end().max(self.mended);
        if let Some(fold) = octets.get_mut(begin..text.start) {
            fold.fill(b' ');
        }
        self.mended = text.start;
        field.value = match (text.is_empty(), field.value.len()) {
            (true, _) => field.value,
            (false, 0) => Span::new(text.start, text.end),
            (false, _) => Span::new(field.value.start(), text.end),
        };
        self.go_on_from(end);
        Ok(())
    }
}

impl<'b> ResponseHead<'b> {
    /// Parses a head at the beginning of `input`, with the default [`Limits`].
    ///
    /// Returns [`Parsed::Incomplete`] for each strict prefix of a valid head. Rejects an invalid
    /// line once the line is complete, and an invalid first octet at once. More octets never
    /// change an error. Octets after the head are not inspected.
    pub fn parse(input: &'b [u8], spans: LentSpans<'b>) -> Result<Parsed<Self>, ParseError> {
        Self::parse_within(input, spans, const { &Limits::new() })
    }

    /// Parses a head at the beginning of `input`, within these limits.
    ///
    /// Fails as [`parse`](Self::parse) does. The setters of [`Limits`] say the status of an element
    /// that is beyond its limit.
    pub fn parse_within(
        input: &'b [u8],
        mut spans: LentSpans<'b>,
        limits: &Limits,
    ) -> Result<Parsed<Self>, ParseError> {
        spans.clear();
        let parsed = ResponseParts::resume(
            &mut ResponseProgress::new(),
            &mut Facts::new(),
            input,
            &mut spans,
            limits,
        )?;
        Ok(match parsed {
            Parsed::Complete { message: parts, len } => {
                Parsed::Complete { message: Self::parsed(input, len, spans, parts), len }
            }
            Parsed::Incomplete => Parsed::Incomplete,
        })
    }

    /// Returns the version.
    pub const fn version(&self) -> Version {
        self.parts.version
    }

    /// Returns the status.
    pub const fn status(&self) -> Status {
        self.parts.status
    }

    /// Returns the reason phrase as received: for display only, not for decisions [RFC 9112 section
    /// 4].
    pub fn reason(&self) -> &'b [u8] {
        self.parts.reason.of(self.octets)
    }

    /// Returns the fields.
    #[doc(alias = "headers")]
    pub const fn fields(&self) -> Fields<'b> {
        Fields::new(self.octets, self.lines)
    }

    /// Returns the framing of the body in a response to a request with `method` [RFC 9112 section
    /// 6.3].
    ///
    /// Fails when the framing fields are invalid or contradict each other. Ignores the fields in a
    /// response to HEAD, with status 1xx, 204 or 304, or with 2xx to CONNECT. After an error,
    /// close the connection: the octets after the head are unusable.
    pub fn framing(&self, method: Method<'_>) -> Result<Framing, ParseError> {
        match self.status().code() {
            101 => Ok(Framing::Tunnel),
            200..=299 if method == Method::CONNECT => Ok(Framing::Tunnel),
            100..=199 | 204 | 304 => Ok(Framing::None),
            _ if method == Method::HEAD => Ok(Framing::None),
            _ => self.parts.body,
        }
    }

    /// Returns the connection options.
    pub(crate) const fn options(&self) -> Options {
        self.parts.options
    }

    /// Returns the received octets of the head.
    pub const fn as_bytes(&self) -> &'b [u8] {
        self.octets
    }

    /// Formats the received head for a terminal or a log, with order and case unchanged.
    pub fn dump(&self) -> Dump<'b> {
        dump(self.as_bytes())
    }

    /// Returns the octets, and what is in them.
    pub(crate) const fn split(&self) -> (&'b [u8], &'b [FieldLine], ResponseParts) {
        (self.octets, self.lines, self.parts)
    }

    /// Returns the head that has just been parsed: the first `len` octets.
    #[inline(always)]
    pub(crate) fn parsed(
        input: &'b [u8],
        len: usize,
        spans: LentSpans<'b>,
        parts: ResponseParts,
    ) -> Self {
        Self::new(input.get(..len).unwrap_or(input), spans.into_lines(), parts)
    }

    /// Returns the head over octets that have not changed since they were parsed.
    pub(crate) const fn new(
        octets: &'b [u8],
        lines: &'b [FieldLine],
        parts: ResponseParts,
    ) -> Self {
        Self { octets, lines, parts }
    }
}

impl ResponseParts {
    /// Continues to parse a head. `input` begins with the octets of the last call.
    #[inline(always)]
    pub(crate) fn resume(
        progress: &mut ResponseProgress,
        facts: &mut Facts,
        input: &[u8],
        spans: &mut LentSpans<'_>,
        limits: &Limits,
    ) -> Result<Parsed<Self>, ParseError> {
        let octets = limits.head_of(input);
        progress.restart_for_others(facts, octets, spans);
        if !progress.inspect(octets, usize::from(limits.head)) {
            return Ok(Parsed::Incomplete);
        }
        let source = HeadSource::new(octets);
        let start = match progress.start_line {
            Some(read) => read,
            None => match start(source.at(0), limits)? {
                Some((start, end)) => {
                    progress.next = end;
                    start
                }
                None => return Ok(Parsed::Incomplete),
            },
        };
        let section =
            progress.field_section(facts, source.at(progress.next), limits, spans, |_| None);
        let Ok(Some(len)) = section else {
            progress.start_line = Some(start);
            return section.map(|_| Parsed::Incomplete);
        };
        if progress.mended > 0 {
            *facts = Facts::of(octets, spans.lines());
        }
        let Start { version, status, reason } = start;
        let body = facts.framing.of_response_body(version, len);
        let message = Self { version, status, reason, body, options: facts.options };
        Ok(Parsed::Complete { message, len })
    }
}

impl fmt::Debug for ResponseHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseHead")
            .field("version", &self.version())
            .field("status", &self.status())
            .field("fields", &self.fields())
            .finish()
    }
}

/// Parses the status line. Returns `None` when more octets are needed.
#[inline(always)]
fn start<I: Input>(input: I, limits: &Limits) -> Result<Option<(Start, usize)>, ParseError> {
    match status_line(input) {
        Ok((after, line)) => {
            let version = known_version(line.version, 0)?;
            let status = Status::from_digits(line.code);
            Ok(Some((Start { version, status, reason: line.reason }, after.position())))
        }
        Err(stop) => {
            let octets = input.octets();
            if octets.first().is_some_and(|&first| first != b'H') {
                return Err(ParseError::new(ParseErrorKind::Version, 0, 1));
            }
            match check_unread(stop, octets, 0, usize::from(limits.head)) {
                Ok(()) => Ok(None),
                Err(error) => Err(with_all_digits(error, octets)),
            }
        }
    }
}

/// Returns the error of a status line: three digits that are no status code are wrong together.
fn with_all_digits(error: ParseError, octets: &[u8]) -> ParseError {
    let at = error.offset();
    match octets.get(at..) {
        Some([b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', ..])
            if error.kind() == ParseErrorKind::StatusCode =>
        {
            error.known_at(at.wrapping_add(3))
        }
        _ => error,
    }
}
