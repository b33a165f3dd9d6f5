//! The head of a request.

use super::facts::Facts;
use super::section::{Progress, check_unread, known_version};
use super::{Fields, LentSpans, Limits, Options, Parsed};
use crate::error::{ParseError, ParseErrorKind};
use crate::framing::Framing;
use crate::grammar::{FieldLine, RequestLine, Span, request_line, target_form};
use crate::octets::{TCHAR, class_end, empty_lines_end, is};
use crate::scan::{HeadSource, Input, Words, fast_path};
use crate::value::{AllowedForms, Dump, Medium, Method, Target, TargetForm, Version, dump};
use core::fmt;

/// The head of a request, as a view of the received octets [RFC 9112 section 3].
///
/// ```
/// use bareline_core::body::Framing;
/// use bareline_core::head::Parsed;
/// use bareline_core::{FieldSpans, Method, RequestHead};
///
/// let mut spans = FieldSpans::<8>::new();
/// let input = b"PUT /led HTTP/1.1\r\nHost: board\r\nContent-Length: 2\r\n\r\non";
/// let Parsed::Complete { message: head, len } = RequestHead::parse(input, spans.lend())?
/// else {
///     return Err("receive more".into());
/// };
/// assert_eq!((head.method(), head.target().path()), (Method::PUT, "/led"));
/// assert_eq!((head.framing(), &input[len..]), (Framing::Length(2), &b"on"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct RequestHead<'b> {
    octets: &'b [u8],
    lines: &'b [FieldLine],
    parts: RequestParts,
}

/// A [`RequestHead`] without its octets and lines.
#[derive(Clone, Copy)]
pub(crate) struct RequestParts {
    method: Span,
    target: Span,
    pub(crate) form: TargetForm,
    pub(crate) version: Version,
    framing: Framing,
    options: Options,
}

/// The parse progress of a request head.
pub(crate) type RequestProgress = Progress<Start>;

impl<'b> RequestHead<'b> {
    /// Parses a head at the beginning of `input`, with the default [`Limits`].
    ///
    /// Skips empty lines before the request line [RFC 9112 section 2.2]. Returns
    /// [`Parsed::Incomplete`] for each strict prefix of a valid head. Rejects an invalid line once
    /// the line is complete, and an invalid first octet at once. More octets never change an
    /// error. Octets after the head are not inspected.
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
        let (mut progress, mut facts) = (RequestProgress::new(), Facts::new());
        Self::go_on(&mut progress, &mut facts, input, spans, limits, Medium::Stream)
    }

    /// Continues to parse a head. `input` begins with the octets of the last call.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn resume(
        progress: &mut RequestProgress,
        facts: &mut Facts,
        input: &'b [u8],
        spans: LentSpans<'b>,
        limits: &Limits,
        medium: Medium,
    ) -> Result<Parsed<Self>, ParseError> {
        Self::go_on(progress, facts, input, spans, limits, medium)
    }

    #[inline(always)]
    fn go_on(
        progress: &mut RequestProgress,
        facts: &mut Facts,
        input: &'b [u8],
        mut spans: LentSpans<'b>,
        limits: &Limits,
        medium: Medium,
    ) -> Result<Parsed<Self>, ParseError> {
        let octets = limits.head_of(input);
        progress.restart_for_others(facts, octets, &mut spans);
        let limit = match progress.start_line {
            None => {
                progress.next.saturating_add(limits.request_line()).min(usize::from(limits.head))
            }
            Some(_) => usize::from(limits.head),
        };
        if !progress.inspect(octets, limit) {
            return Ok(Parsed::Incomplete);
        }
        let source = HeadSource::new(octets);
        let start = match progress.start_line {
            Some(read) => read,
            None => match start(source.at(0), &mut progress.next, limits, medium)? {
                Some(read) => read,
                None => return Ok(Parsed::Incomplete),
            },
        };
        let section =
            progress.field_section(facts, source.at(progress.next), limits, &mut spans, |facts| {
                facts.framing.request_error()
            });
        let Ok(Some(len)) = section else {
            progress.start_line = Some(start);
            return section.map(|_| Parsed::Incomplete);
        };
        let Start { method, target, form, version } = start;
        let framing = facts.framing.of_request(form, version, len)?;
        let options = facts.options;
        let parts = RequestParts { method, target, form, version, framing, options };
        let octets = octets.get(..len).unwrap_or(octets);
        Ok(Parsed::Complete { message: Self { octets, lines: spans.into_lines(), parts }, len })
    }

    /// Returns the method.
    pub fn method(&self) -> Method<'b> {
        Method::from_token(self.parts.method.of(self.octets))
    }

    /// Returns the request target.
    #[doc(alias = "URL")]
    #[doc(alias = "URI")]
    pub fn target(&self) -> Target<'b> {
        Target::of_form(self.parts.target.of(self.octets), self.parts.form)
    }

    /// Returns the version.
    pub const fn version(&self) -> Version {
        self.parts.version
    }

    /// Returns the fields.
    #[doc(alias = "headers")]
    pub const fn fields(&self) -> Fields<'b> {
        Fields::new(self.octets, self.lines)
    }

    /// Returns the framing of the body after the head [RFC 9112 section 6.3].
    pub const fn framing(&self) -> Framing {
        self.parts.framing
    }

    /// Returns the connection options.
    pub(crate) const fn options(&self) -> Options {
        self.parts.options
    }

    /// Returns the received octets of the head, from the method to the empty line.
    pub fn as_bytes(&self) -> &'b [u8] {
        self.octets.get(self.parts.method.start()..).unwrap_or(self.octets)
    }

    /// Formats the received head for a terminal or a log, with order and case unchanged.
    pub fn dump(&self) -> Dump<'b> {
        dump(self.as_bytes())
    }

    /// Returns the octets, empty lines before the request line included, and what is in them.
    pub(crate) const fn split(&self) -> (&'b [u8], &'b [FieldLine], RequestParts) {
        (self.octets, self.lines, self.parts)
    }

    /// Returns the head over octets that have not changed since they were parsed.
    pub(crate) const fn new(octets: &'b [u8], lines: &'b [FieldLine], parts: RequestParts) -> Self {
        Self { octets, lines, parts }
    }
}

impl fmt::Debug for RequestHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead")
            .field("method", &self.method())
            .field("target", &self.target())
            .field("version", &self.version())
            .field("fields", &self.fields())
            .field("framing", &self.framing())
            .finish()
    }
}

/// The request line, the form of its target, and the version that it is handled as.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    method: Span,
    target: Span,
    form: TargetForm,
    version: Version,
}

/// Parses the request line and the empty lines before it, from `next`, and advances `next`.
#[inline(always)]
fn start<I: Input>(
    input: I,
    next: &mut usize,
    limits: &Limits,
    medium: Medium,
) -> Result<Option<Start>, ParseError> {
    let usual = match fast_path(input.at(*next)) {
        Some(input) => request_line(input).ok(),
        None => None,
    };
    let line = match usual {
        Some((after, line)) if is_within(&line, limits) => {
            *next = after.position();
            line
        }
        _ => match any_line(input.octets(), next, limits)? {
            Some(line) => line,
            None => return Ok(None),
        },
    };
    let version = known_version(line.version, line.target.end().wrapping_add(1))?;
    let form = check_target(&line, input.octets(), medium)?;
    Ok(Some(Start { method: line.method, target: line.target, form, version }))
}

#[inline(always)]
fn is_within(line: &RequestLine, limits: &Limits) -> bool {
    line.method.len() <= usize::from(limits.method)
        && line.target.len() <= usize::from(limits.target)
}

/// Returns the form of the target. Fails when the form does not suit the method.
#[inline(always)]
pub(crate) fn check_target(
    line: &RequestLine,
    octets: &[u8],
    medium: Medium,
) -> Result<TargetForm, ParseError> {
    // Fast path: the origin form suits all methods but CONNECT.
    match octets.get(line.target.start()) {
        Some(b'/') if line.method.len() != Method::CONNECT.as_bytes().len() => {
            Ok(TargetForm::Origin)
        }
        _ => check_target_slow(line, octets, medium),
    }
}

#[cfg_attr(target_pointer_width = "64", inline(never))]
pub(crate) fn check_target_slow(
    line: &RequestLine,
    octets: &[u8],
    medium: Medium,
) -> Result<TargetForm, ParseError> {
    let target = line.target;
    let allowed = AllowedForms::of(Method::from_token(line.method.of(octets)), medium);
    let form = target_form(target.of(octets)).map_err(|at| {
        ParseError::new(
            ParseErrorKind::Target,
            target.start().wrapping_add(at),
            target.len().saturating_sub(at),
        )
    })?;
    if allowed.has(form) {
        Ok(form)
    } else {
        Err(ParseError::new(ParseErrorKind::TargetForm, target.start(), target.len()))
    }
}

/// Parses the request line and the empty lines before it, from `next`: the slow path, with errors.
///
/// Inspects the line only up to its LF or its limit: the same error results however the octets are
/// split into reads.
#[cfg_attr(target_pointer_width = "64", cold, inline(never))]
fn any_line(
    octets: &[u8],
    next: &mut usize,
    limits: &Limits,
) -> Result<Option<RequestLine>, ParseError> {
    *next = empty_lines_end(octets, *next);
    let start = *next;
    let limit = start.saturating_add(limits.request_line()).min(usize::from(limits.head));
    let octets = octets.get(..limit).unwrap_or(octets);
    let is_cut = octets.len() == limit;
    match octets.get(start) {
        None if is_cut => return Err(ParseError::new(ParseErrorKind::HeadTooLong, limit, 0)),
        Some(b'\r') if is_cut && start.wrapping_add(1) == limit => {
            return Err(ParseError::new(ParseErrorKind::HeadTooLong, limit, 0));
        }
        Some(b'\n') => return Err(ParseError::new(ParseErrorKind::BareLf, start, 1)),
        Some(first) if *first != b'\r' && !is(*first, TCHAR) => {
            return Err(ParseError::new(ParseErrorKind::Method, start, 1));
        }
        _ => {}
    }
    let end = match request_line(Words::new(octets).at(start)) {
        Ok((after, read)) if is_within(&read, limits) => {
            *next = after.position();
            return Ok(Some(read));
        }
        Ok((after, _)) => after.position(),
        Err(stop) if stop.is_at_end(octets) && is_cut => limit,
        Err(stop) => return check_unread(stop, octets, start, limit).map(|()| None),
    };
    // The line exceeds a limit, or is cut at the limit.
    let method_end = class_end(octets, start, TCHAR);
    let method_limit = start.saturating_add(usize::from(limits.method));
    let (kind, at) = if method_end > method_limit {
        (ParseErrorKind::MethodTooLong, method_limit)
    } else {
        let target_limit = method_end.saturating_add(1).saturating_add(limits.target.into());
        (ParseErrorKind::TargetTooLong, target_limit.min(end))
    };
    Err(ParseError::new(kind, at, end.wrapping_sub(at)))
}
