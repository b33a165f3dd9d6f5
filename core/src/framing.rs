//! Message framing: the only place that decides where a message ends [RFC 9112 section 6.3].

use crate::error::{ParseError, ParseErrorKind};
use crate::grammar::{Span, content_length, is_host, members, transfer_coding};
use crate::scan::{fast_path, is_name};
use crate::value::{TargetForm, Version};

/// The framing of a message's body: where the body ends [RFC 9112 section 6.3].
///
/// The enum is exhaustive, since a caller handles each variant: a new one is a breaking change.
///
/// ```
/// use bareline_core::body::Framing;
/// use bareline_core::head::Parsed;
/// use bareline_core::{FieldSpans, Method, ResponseHead};
///
/// let mut spans = FieldSpans::<8>::new();
/// let parsed = ResponseHead::parse(b"HTTP/1.1 200 OK\r\n\r\n", spans.lend())?;
/// let Parsed::Complete { message: head, .. } = parsed else {
///     return Err("receive more".into());
/// };
/// assert_eq!(head.framing(Method::GET)?, Framing::UntilClose);
/// assert_eq!(head.framing(Method::HEAD)?, Framing::None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "body length")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[expect(clippy::exhaustive_enums, reason = "a caller handles each variant")]
pub enum Framing {
    /// No body.
    None,
    /// A body of this many octets.
    Length(u64),
    /// Chunks, up to the last chunk and its trailer section [RFC 9112 section 7.1].
    #[doc(alias = "chunked transfer encoding")]
    Chunked,
    /// A body until the peer closes the connection, only in a response.
    UntilClose,
    /// No body. The octets after the head belong to another protocol [RFC 9110 sections 7.8 and
    /// 9.3.6].
    Tunnel,
}

/// The framing fields and `Host` of the field lines so far, collected line by line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FramingFacts {
    host: bool,
    broken_host: Option<BrokenRule>,
    length: Option<Length>,
    broken_length: Option<BrokenRule>,
    coding: Option<Coding>,
}

/// An error in a field, and its position.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct BrokenRule {
    kind: ParseErrorKind,
    place: Span,
}

impl BrokenRule {
    const fn error(self) -> ParseError {
        ParseError::new(self.kind, self.place.start(), self.place.len())
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Length {
    octets: u64,
    place: Span,
}

/// The members of `Transfer-Encoding` so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Coding {
    codings: Codings,
    place: Span,
}

/// The states of an automaton that reads the members of `Transfer-Encoding`.
///
/// A recipient may ignore empty members [RFC 9110 section 5.6.1.2]. A request with them is
/// rejected, since recipients disagree on their meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Codings {
    /// No member yet.
    Unnamed,
    /// Only `chunked`.
    Chunked,
    /// Others or empty ones, and `chunked` last.
    OthersThenChunked,
    /// No `chunked` yet.
    NotChunkedLast,
    /// Empty ones after `chunked`.
    ChunkedThenEmpty,
    /// Others after `chunked`.
    ChunkedThenOthers,
    /// `chunked` twice.
    ChunkedTwice,
    /// An invalid list, or `chunked` with parameters [RFC 9112 section 7.1].
    Invalid,
}

/// A member of `Transfer-Encoding`.
#[derive(Clone, Copy)]
enum Member {
    Empty,
    Chunked,
    Other,
    Invalid,
}

impl Member {
    fn of(member: &[u8]) -> Self {
        match member {
            [] => Self::Empty,
            _ if is_name(member, b"chunked") => Self::Chunked,
            _ => match transfer_coding(member) {
                Some(name) if !is_name(name, b"chunked") => Self::Other,
                _ => Self::Invalid,
            },
        }
    }
}

impl Codings {
    const fn then(self, member: Member) -> Self {
        match (self, member) {
            (Self::Invalid, _) | (_, Member::Invalid) => Self::Invalid,
            (Self::Unnamed, Member::Chunked) => Self::Chunked,
            (Self::NotChunkedLast, Member::Chunked) => Self::OthersThenChunked,
            (Self::Unnamed | Self::NotChunkedLast, _) => Self::NotChunkedLast,
            (_, Member::Chunked) | (Self::ChunkedTwice, _) => Self::ChunkedTwice,
            (_, Member::Other) | (Self::ChunkedThenOthers, _) => Self::ChunkedThenOthers,
            (_, Member::Empty) => Self::ChunkedThenEmpty,
        }
    }
}

impl FramingFacts {
    /// Creates the facts of no field lines.
    pub(crate) const fn new() -> Self {
        Self { host: false, broken_host: None, length: None, broken_length: None, coding: None }
    }

    /// Adds a `Host` field. The first error is kept, as for the other fields.
    #[inline(always)]
    pub(crate) fn see_host(&mut self, octets: &[u8], value: Span) {
        let is_repeated = core::mem::replace(&mut self.host, true);
        let kind = match value.len() {
            _ if is_repeated => ParseErrorKind::RepeatedHost,
            // The target URI may have no authority [RFC 9112 section 3.2].
            0 => return,
            _ if is_host(octets, value.start(), value.end()) => return,
            _ => ParseErrorKind::InvalidHost,
        };
        self.broken_host = self.broken_host.or(Some(BrokenRule { kind, place: value }));
    }

    /// Adds a `Content-Length` field. An error rejects a request at once, and a response only if
    /// the response may have a body.
    pub(crate) fn see_content_length(&mut self, value: &[u8], place: Span) {
        let kind = match content_length(value) {
            Ok(Some(octets)) => match self.length.replace(Length { octets, place }) {
                None => return,
                Some(_) => ParseErrorKind::RepeatedContentLength,
            },
            Ok(None) => ParseErrorKind::ContentLengthTooLarge,
            Err(_) => ParseErrorKind::ContentLength,
        };
        // The error of an empty value covers the line end.
        let missing = if value.is_empty() { "\r\n".len() } else { 0 };
        let place = Span::new(place.start(), place.end().wrapping_add(missing));
        self.broken_length = self.broken_length.or(Some(BrokenRule { kind, place }));
    }

    /// Adds a field `Transfer-Encoding = #transfer-coding`.
    pub(crate) fn see_transfer_encoding(&mut self, value: &[u8], place: Span) {
        let seen = self.coding.get_or_insert(Coding { codings: Codings::Unnamed, place });
        for member in members(value) {
            let codings = seen.codings.then(Member::of(member));
            if codings == Codings::Invalid && seen.codings != Codings::Invalid {
                seen.place = place;
            }
            seen.codings = codings;
        }
    }

    /// Returns the error that rejects a request with the lines so far, whatever follows.
    #[inline(always)]
    pub(crate) fn request_error(&self) -> Option<ParseError> {
        self.broken_length.map(BrokenRule::error)
    }

    /// Returns the framing of a request whose field section ends before `end` [RFC 9112 sections
    /// 3.2 and 6.3]. The request has no [`request_error`](Self::request_error).
    #[inline(always)]
    pub(crate) fn of_request(
        &self,
        form: TargetForm,
        version: Version,
        end: usize,
    ) -> Result<Framing, ParseError> {
        match fast_path(self) {
            Some(Self { host: true, broken_host: None, length: None, coding: None, .. }) => {
                Ok(Framing::None)
            }
            _ => self.of_request_slow(form, version, end),
        }
    }

    #[cfg_attr(target_pointer_width = "64", inline(never))]
    pub(crate) fn of_request_slow(
        &self,
        form: TargetForm,
        version: Version,
        end: usize,
    ) -> Result<Framing, ParseError> {
        if let Some(broken) = self.broken_host {
            return Err(broken.error().known_at(end));
        }
        if !self.host && version == Version::Http11 {
            return Err(ParseError::new(ParseErrorKind::MissingHost, end.saturating_sub(2), 2));
        }
        let framing = match (self.coding, self.length) {
            (None, None) => return Ok(Framing::None),
            (None, Some(length)) => Framing::Length(length.octets),
            (Some(coding), length) => {
                check_coding(coding, length, version)?;
                match coding.codings {
                    Codings::Chunked => Framing::Chunked,
                    Codings::OthersThenChunked => {
                        return Err(coding.error(ParseErrorKind::UnsupportedCoding));
                    }
                    _ => return Err(coding.error(ParseErrorKind::NotChunkedLast)),
                }
            }
        };
        self.outside_connect(framing, form).map_err(|error| error.known_at(end))
    }

    /// Rejects content in CONNECT, the only method with a target of the authority form. The octets
    /// after its head belong to the tunnel [RFC 9110 section 9.3.6].
    fn outside_connect(&self, framing: Framing, form: TargetForm) -> Result<Framing, ParseError> {
        let place =
            self.coding.map(|coding| coding.place).or(self.length.map(|length| length.place));
        match (framing, place) {
            (Framing::Chunked | Framing::Length(1..), Some(place))
                if form == TargetForm::Authority =>
            {
                Err(BrokenRule { kind: ParseErrorKind::ContentInConnect, place }.error())
            }
            _ => Ok(framing),
        }
    }

    /// Returns the framing of a response that may have a body, and whose head ends before `end`
    /// [RFC 9112 section 6.3].
    #[inline(always)]
    pub(crate) fn of_response_body(
        &self,
        version: Version,
        end: usize,
    ) -> Result<Framing, ParseError> {
        match self {
            Self { length: None, broken_length: None, coding: None, .. } => Ok(Framing::UntilClose),
            _ => self.of_response_body_slow(version).map_err(|error| error.known_at(end)),
        }
    }

    #[cfg_attr(target_pointer_width = "64", inline(never))]
    pub(crate) fn of_response_body_slow(&self, version: Version) -> Result<Framing, ParseError> {
        if let Some(broken) = self.broken_length {
            return Err(broken.error());
        }
        match (self.coding, self.length) {
            (None, None) => Ok(Framing::UntilClose),
            (None, Some(length)) => Ok(Framing::Length(length.octets)),
            (Some(coding), length) => {
                check_coding(coding, length, version)?;
                match coding.codings {
                    Codings::Chunked | Codings::OthersThenChunked | Codings::ChunkedThenEmpty => {
                        Ok(Framing::Chunked)
                    }
                    _ => Ok(Framing::UntilClose),
                }
            }
        }
    }
}

impl Coding {
    const fn error(&self, kind: ParseErrorKind) -> ParseError {
        BrokenRule { kind, place: self.place }.error()
    }
}

/// Checks a request or a response with `Transfer-Encoding` [RFC 9112 section 6.1].
fn check_coding(
    coding: Coding,
    length: Option<Length>,
    version: Version,
) -> Result<(), ParseError> {
    match (length, coding.codings) {
        (Some(length), _) => {
            let place = if length.place.start() > coding.place.start() {
                length.place
            } else {
                coding.place
            };
            Err(BrokenRule { kind: ParseErrorKind::LengthAndCoding, place }.error())
        }
        _ if version == Version::Http10 => Err(coding.error(ParseErrorKind::CodingInHttp10)),
        (_, Codings::Invalid) => Err(coding.error(ParseErrorKind::TransferCoding)),
        (_, Codings::ChunkedTwice) => Err(coding.error(ParseErrorKind::ChunkedTwice)),
        _ => Ok(()),
    }
}
