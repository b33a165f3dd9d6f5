//! Message framing: the only place that decides where a message ends [RFC 9112 section 6.3].

use crate::error::{ParseError, ParseErrorKind};
use crate::grammar::{Span, content_length, is_host, transfer_coding};
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
    length: Option<u64>,
    broken_length: Option<BrokenRule>,
    codings: Codings,
    /// The field that last set the length, had the first coding, or the first invalid one.
    place: Span,
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

/// The kinds of the members of `Transfer-Encoding` so far: in the lower half those up to the first
/// `chunked`, in the upper half those after it.
///
/// A recipient may ignore empty members [RFC 9110 section 5.6.1.2]. A request with them is
/// rejected, since recipients disagree on their meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Codings(u8);

const EMPTY: u8 = 1;
const OTHER: u8 = 1 << 1;
const CHUNKED: u8 = 1 << 2;
/// A member that is no coding, or `chunked` with parameters [RFC 9112 section 7.1].
const INVALID: u8 = 1 << 3;
const ANY: u8 = EMPTY | OTHER | CHUNKED | INVALID;

impl Codings {
    const NONE: Self = Self(0);

    /// Returns whether one of these kinds is in the lower or the upper half.
    const fn has(self, before: u8, after: u8) -> bool {
        self.0 & (before | after << 4) != 0
    }

    /// Adds a member.
    fn and(self, member: &[u8]) -> Self {
        let kind = match transfer_coding(member) {
            _ if member.is_empty() => EMPTY,
            None => INVALID,
            Some(name) if !is_name(name, b"chunked") => OTHER,
            Some(name) if name.len() == member.len() => CHUNKED,
            Some(_) => INVALID,
        };
        Self(self.0 | if self.has(CHUNKED, 0) { kind << 4 } else { kind })
    }

    /// Returns whether one is invalid.
    const fn is_invalid(self) -> bool {
        self.has(INVALID, INVALID)
    }
}

impl FramingFacts {
    /// Creates the facts of no field lines.
    pub(crate) const fn new() -> Self {
        Self {
            host: false,
            broken_host: None,
            length: None,
            broken_length: None,
            codings: Codings::NONE,
            place: Span::new(0, 0),
        }
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
            Ok(octets) => {
                self.place = place;
                match self.length.replace(octets) {
                    None => return,
                    Some(_) => ParseErrorKind::RepeatedContentLength,
                }
            }
            Err(kind) => kind,
        };
        // The error of an empty value covers the line end.
        let missing = if value.is_empty() { "\r\n".len() } else { 0 };
        let place = Span::new(place.start(), place.end().wrapping_add(missing));
        self.broken_length = self.broken_length.or(Some(BrokenRule { kind, place }));
    }

    /// Adds a member of `Transfer-Encoding = #transfer-coding`.
    pub(crate) fn see_coding(&mut self, member: &[u8], place: Span) {
        let codings = self.codings.and(member);
        if self.codings == Codings::NONE || (codings.is_invalid() && !self.codings.is_invalid()) {
            self.place = place;
        }
        self.codings = codings;
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
            Some(Self {
                host: true,
                broken_host: None,
                length: None,
                codings: Codings::NONE,
                ..
            }) => Ok(Framing::None),
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
        let framing = match (self.codings, self.length) {
            (Codings::NONE, None) => return Ok(Framing::None),
            (Codings::NONE, Some(length)) => Framing::Length(length),
            (codings, _) => {
                self.check_codings(version)?;
                match codings {
                    Codings(CHUNKED) => Framing::Chunked,
                    _ if codings.has(CHUNKED, 0) && !codings.has(0, ANY) => {
                        return Err(self.error(ParseErrorKind::UnsupportedCoding));
                    }
                    _ => return Err(self.error(ParseErrorKind::NotChunkedLast)),
                }
            }
        };
        match framing {
            // CONNECT is the only method with a target of the authority form. The octets after its
            // head belong to the tunnel [RFC 9110 section 9.3.6].
            Framing::Chunked | Framing::Length(1..) if form == TargetForm::Authority => {
                Err(self.error(ParseErrorKind::ContentInConnect).known_at(end))
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
            Self { length: None, broken_length: None, codings: Codings::NONE, .. } => {
                Ok(Framing::UntilClose)
            }
            _ => self.of_response_body_slow(version).map_err(|error| error.known_at(end)),
        }
    }

    #[cfg_attr(target_pointer_width = "64", inline(never))]
    pub(crate) fn of_response_body_slow(&self, version: Version) -> Result<Framing, ParseError> {
        if let Some(broken) = self.broken_length {
            return Err(broken.error());
        }
        match (self.codings, self.length) {
            (Codings::NONE, None) => Ok(Framing::UntilClose),
            (Codings::NONE, Some(length)) => Ok(Framing::Length(length)),
            (codings, _) => {
                self.check_codings(version)?;
                if codings.has(CHUNKED, 0) && !codings.has(0, OTHER) {
                    Ok(Framing::Chunked)
                } else {
                    Ok(Framing::UntilClose)
                }
            }
        }
    }

    /// Checks a request or a response with `Transfer-Encoding` [RFC 9112 section 6.1].
    fn check_codings(&self, version: Version) -> Result<(), ParseError> {
        let kind = match self.codings {
            _ if self.length.is_some() => ParseErrorKind::LengthAndCoding,
            _ if version == Version::Http10 => ParseErrorKind::CodingInHttp10,
            codings if codings.is_invalid() => ParseErrorKind::TransferCoding,
            codings if codings.has(0, CHUNKED) => ParseErrorKind::ChunkedTwice,
            _ => return Ok(()),
        };
        Err(self.error(kind))
    }

    const fn error(&self, kind: ParseErrorKind) -> ParseError {
        BrokenRule { kind, place: self.place }.error()
    }
}
