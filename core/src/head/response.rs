//! The head of a response.

use super::facts::Facts;
use super::section::{Progress, are_fields, check_unread, known_version};
use super::{FieldSpans, Fields, LentSpans, Limits, Options, Parsed};
use crate::error::{ParseError, ParseErrorKind};
use crate::framing::Framing;
use crate::grammar::{FieldLine, Span, StatusLine, continuation, status_line};
use crate::octets::{TEXT, is, trim_ows, trim_ows_start};
use crate::record::debug_record;
use crate::scan::{HeadSource, Input, Words};
use crate::value::{Method, Status, Version};
use core::fmt;

/// The head of a response, as a view of the octets in which it came [RFC 9112 section 4].
///
/// ```
/// use bareline_core::{FieldSpans, Framing, Method, Parsed, ResponseHead, Status};
///
/// let mut spans = FieldSpans::<8>::new();
/// let input = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
/// let Parsed::Complete { message: head, len } = ResponseHead::parse(input, spans.lend())?
/// else {
///     panic!()
/// };
/// assert_eq!((head.status(), &input[len..]), (Status::OK, &b"hi"[..]));
/// assert_eq!(head.framing(Method::GET)?, Framing::Length(2));
/// assert_eq!(head.framing(Method::HEAD)?, Framing::None);
/// # Ok::<(), bareline_core::ParseError>(())
/// ```
#[derive(Clone, Copy)]
pub struct ResponseHead<'b> {
    octets: &'b [u8],
    lines: &'b [FieldLine],
    parts: ResponseParts,
}

/// Where the parts of a response head stand: a [`ResponseHead`] without the borrow of the octets.
///
/// It lets the buffer be read on while the head is kept: see [`ResponseHead::parts`].
#[derive(Clone, Copy)]
pub struct ResponseParts {
    version: Version,
    status: Status,
    reason: Span,
    /// How a body is delimited, where there may be one.
    body: Result<Framing, ParseError>,
    options: Options,
    len: usize,
}

debug_record!(ResponseParts { version, status, reason, body, options, len });

/// How far a response head has been read.
pub(crate) type ResponseProgress = Progress<(StatusLine, Version)>;

impl ResponseProgress {
    /// Takes the line at which the reading stopped for a continuation of the field before it, and
    /// puts SP in the place of the fold [RFC 9112 section 5.2]. The error stays when there is
    /// no field before it.
    ///
    /// The line is whole, or the limit has cut it.
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
                match stop.is_at_end(octets) {
                    false => stop.error(octets, self.next),
                    true => ParseError::new(ParseErrorKind::HeadTooLong, len, 0),
                }
            })?;
        let end = after.position();
        let text = continued.of(octets);
        let start = continued.end().wrapping_sub(trim_ows_start(text).len());
        let text = start..start.wrapping_add(trim_ows(text).len());
        // From the text before up to this one, but for what is mended: no octet is looked at twice.
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
    /// [`Parsed::Incomplete`] for each strict prefix of a valid head; a line that breaks a rule is
    /// refused once it is whole, its first octet at once, and what follows never changes an
    /// error. Nothing behind the head is looked at.
    pub fn parse(input: &'b [u8], spans: LentSpans<'b>) -> Result<Parsed<Self>, ParseError> {
        Self::parse_within(input, spans, &Limits::DEFAULT)
    }

    /// Parses a head within these limits.
    pub fn parse_within(
        input: &'b [u8],
        mut spans: LentSpans<'b>,
        limits: &Limits,
    ) -> Result<Parsed<Self>, ParseError> {
        spans.clear();
        let parts = ResponseParts::resume(
            &mut ResponseProgress::new(),
            &mut Facts::new(),
            input,
            &mut spans,
            limits,
        )?;
        Ok(parts.map(|parts| parts.with(input, spans)))
    }

    /// The version.
    pub const fn version(&self) -> Version {
        self.parts.version
    }

    /// The status.
    pub const fn status(&self) -> Status {
        self.parts.status
    }

    /// The reason phrase, as it came: for a person, never to decide by [RFC 9112 section 4].
    pub fn reason(&self) -> &'b [u8] {
        self.parts.reason.of(self.octets)
    }

    /// The fields.
    pub const fn fields(&self) -> Fields<'b> {
        Fields::new(self.octets, self.lines)
    }

    /// How the body is delimited, when this answers a request with `method` [RFC 9112 section 6.3].
    ///
    /// Fails when the fields contradict each other and count: they do not in a response to HEAD,
    /// with status 1xx, 204 or 304, or with 2xx to CONNECT. The octets behind the head cannot
    /// be used after that; close the connection.
    pub fn framing(&self, method: Method<'_>) -> Result<Framing, ParseError> {
        match self.status().code() {
            101 => Ok(Framing::Tunnel),
            200..=299 if method == Method::CONNECT => Ok(Framing::Tunnel),
            100..=199 | 204 | 304 => Ok(Framing::None),
            _ if method == Method::HEAD => Ok(Framing::None),
            _ => self.parts.body,
        }
    }

    /// What the fields say of the connection.
    pub(crate) const fn options(&self) -> Options {
        self.parts.options
    }

    /// The octets of the head as they came.
    pub const fn as_bytes(&self) -> &'b [u8] {
        self.octets
    }

    /// Where the parts stand, to let go of the octets and come back to them, as with
    /// [`RequestHead::parts`](super::RequestHead::parts).
    pub const fn parts(&self) -> ResponseParts {
        self.parts
    }
}

impl ResponseParts {
    /// Goes on with a head of which octets may have been presented before; they come first again.
    #[inline(always)]
    pub(crate) fn resume(
        progress: &mut ResponseProgress,
        facts: &mut Facts,
        input: &[u8],
        spans: &mut LentSpans<'_>,
        limits: &Limits,
    ) -> Result<Parsed<Self>, ParseError> {
        let octets = limits.head_of(input);
        if !progress.search_on(facts, octets, spans, usize::from(limits.head)) {
            return Ok(Parsed::Incomplete);
        }
        let source = HeadSource::new(octets);
        let (line, version) = match progress.start_line {
            Some(read) => read,
            None => match start(source.at(0), limits)? {
                Some((line, version, end)) => {
                    progress.next = end;
                    (line, version)
                }
                None => return Ok(Parsed::Incomplete),
            },
        };
        let section =
            progress.field_section(facts, source.at(progress.next), limits, spans, |_| None);
        let Ok(Some(len)) = section else {
            progress.start_line = Some((line, version));
            return section.map(|_| Parsed::Incomplete);
        };
        if progress.mended > 0 {
            *facts = Facts::of(octets, spans.lines());
        }
        let status = Status::from_digits(line.code);
        let body = facts.framing.of_response_body(version, len);
        let message =
            Self { version, status, reason: line.reason, body, options: facts.options, len };
        Ok(Parsed::Complete { message, len })
    }

    /// The head, over the octets and with the spans that have just been read.
    #[inline(always)]
    pub(crate) fn with<'b>(self, input: &'b [u8], spans: LentSpans<'b>) -> ResponseHead<'b> {
        ResponseHead {
            octets: input.get(..self.len).unwrap_or(input),
            lines: spans.into_lines(),
            parts: self,
        }
    }

    /// The head again, over the octets and the spans that it was parsed with.
    ///
    /// Its parts are checked once more, since the octets may have been changed meanwhile: where
    /// they are no head any more, what comes has neither reason phrase nor fields.
    pub fn over<'b, const N: usize>(
        &self,
        octets: &'b [u8],
        spans: &'b FieldSpans<N>,
    ) -> ResponseHead<'b> {
        let octets = octets.get(..self.len).unwrap_or(octets);
        let is_reason = self.reason.of(octets).iter().all(|&octet| is(octet, TEXT));
        match is_reason && are_fields(octets, spans.lines()) {
            true => ResponseHead { octets, lines: spans.lines(), parts: *self },
            false => ResponseHead { octets: &[], lines: &[], parts: *self },
        }
    }

    /// The status.
    pub const fn status(&self) -> Status {
        self.status
    }

    /// How many octets the head takes: the body begins there.
    #[allow(clippy::len_without_is_empty, reason = "a head is never empty")]
    pub const fn len(&self) -> usize {
        self.len
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

/// Reads the status line; `None` when more octets are needed.
#[inline(always)]
fn start<I: Input>(
    input: I,
    limits: &Limits,
) -> Result<Option<(StatusLine, Version, usize)>, ParseError> {
    match status_line(input) {
        Ok((after, line)) => {
            let version = known_version(line.version, 0)?;
            Ok(Some((line, version, after.position())))
        }
        Err(stop) => {
            let octets = input.octets();
            if octets.first().is_some_and(|&first| first != b'H') {
                return Err(ParseError::new(ParseErrorKind::Version, 0, 1));
            }
            check_unread(stop, octets, 0, usize::from(limits.head)).map(|()| None)
        }
    }
}
