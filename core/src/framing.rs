//! Where a message ends: decided here and nowhere else, by RFC 9112 section 6.3, from the fields that speak of it.

use crate::error::{ErrorKind, ParseError};
use crate::grammar::{FieldLine, Span};
use crate::octets::{digit, members};
use crate::value::{Method, Status, Version, check_authority};

/// How the body of a message is delimited [RFC 9112 section 6.3].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Framing {
    /// No body.
    None,
    /// So many octets.
    Length(u64),
    /// Chunks, up to the last one and its trailer section [RFC 9112 section 7.1].
    Chunked,
    /// Everything until the peer closes: a response alone.
    UntilClose,
    /// No message any more: what follows belongs to another protocol [RFC 9110 sections 7.8 and 9.3.6].
    Tunnel,
}

/// What the field lines so far say about where the message ends and whom it addresses. Fed line by line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FramingFacts {
    host: bool,
    host_fault: Option<ParseError>,
    length: Option<Length>,
    length_fault: Option<ParseError>,
    coding: Option<Coding>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Length {
    octets: u64,
    value: Span,
}

/// What the members of `Transfer-Encoding` so far amount to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Coding {
    codings: Codings,
    empty: EmptyMembers,
    value: Span,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Codings {
    /// No member that names one.
    Unnamed,
    /// `chunked` alone.
    Chunked,
    /// Others, and `chunked` last.
    OthersThenChunked,
    /// The last one is not `chunked`.
    NotChunkedLast,
    /// `chunked` twice, or others behind it.
    Misplaced(ErrorKind),
}

/// Whether the list has empty members. A recipient may ignore them [RFC 9110 section 5.6.1.2]; recipients do not agree on what they
/// mean around `chunked`, so a request with them is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum EmptyMembers {
    None,
    BeforeTheLast,
    Last,
}

impl FramingFacts {
    /// Before the first field line.
    pub(crate) const fn new() -> Self {
        Self { host: false, host_fault: None, length: None, length_fault: None, coding: None }
    }

    /// Takes one field line into account. The first fault is kept: a request is refused for it at once, a response only when
    /// its body counts.
    #[inline(always)]
    pub(crate) fn see(&mut self, octets: &[u8], line: FieldLine) {
        // The length tells most lines apart from the three that matter here.
        if matches!(line.name.len(), 4 | 14 | 17) {
            self.see_named(octets, line);
        }
    }

    #[inline(never)]
    fn see_named(&mut self, octets: &[u8], line: FieldLine) {
        let FieldLine { name, value } = line;
        let name = name.of(octets);
        let error = |kind| ParseError::new(kind, value.start(), value.len());
        if name.eq_ignore_ascii_case(b"host") {
            let fault = self.see_host(octets, value).err().map(error);
            self.host_fault = self.host_fault.or(fault);
        } else if name.eq_ignore_ascii_case(b"content-length") {
            // Where nothing stands, the line end stands wrong.
            let missing = if value.len() == 0 { "\r\n".len() } else { 0 };
            let fault =
                self.see_content_length(octets, value).err().map(error).map(|error| error.known_at(value.end() + missing));
            self.length_fault = self.length_fault.or(fault);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.see_transfer_encoding(octets, value);
        }
    }

    fn see_host(&mut self, octets: &[u8], value: Span) -> Result<(), ErrorKind> {
        if core::mem::replace(&mut self.host, true) {
            return Err(ErrorKind::RepeatedHost);
        }
        match value.of(octets) {
            // The target URI may have no authority [RFC 9112 section 3.2].
            [] => Ok(()),
            host => check_authority(host).map(|_| ()).map_err(|_| ErrorKind::InvalidHost),
        }
    }

    fn see_content_length(&mut self, octets: &[u8], value: Span) -> Result<(), ErrorKind> {
        let octets = content_length(value.of(octets))?;
        match self.length.replace(Length { octets, value }) {
            None => Ok(()),
            Some(_) => Err(ErrorKind::RepeatedContentLength),
        }
    }

    fn see_transfer_encoding(&mut self, octets: &[u8], value: Span) {
        let seen = self.coding.get_or_insert(Coding { codings: Codings::Unnamed, empty: EmptyMembers::None, value });
        for member in members(value.of(octets)) {
            seen.empty = match (member.is_empty(), seen.empty) {
                (true, _) => EmptyMembers::Last,
                (false, EmptyMembers::None) => EmptyMembers::None,
                (false, _) => EmptyMembers::BeforeTheLast,
            };
            let is_chunked = member.eq_ignore_ascii_case(b"chunked");
            seen.codings = match (seen.codings, is_chunked) {
                (codings, _) if member.is_empty() => codings,
                (Codings::Unnamed, true) => Codings::Chunked,
                (Codings::Unnamed | Codings::NotChunkedLast, false) => Codings::NotChunkedLast,
                (Codings::NotChunkedLast, true) => Codings::OthersThenChunked,
                (Codings::Chunked | Codings::OthersThenChunked, false) => Codings::Misplaced(ErrorKind::NotChunkedLast),
                (_, true) => Codings::Misplaced(ErrorKind::ChunkedTwice),
                (misplaced, false) => misplaced,
            };
        }
    }

    /// Why a request with the lines so far is refused, whatever follows.
    #[inline(always)]
    pub(crate) fn request_fault(&self) -> Option<ParseError> {
        self.length_fault
    }

    /// The framing of a request without a [`request_fault`](Self::request_fault) whose field section ends before `end`
    /// [RFC 9112 sections 3.2 and 6.3].
    pub(crate) fn of_request(&self, method: Method<'_>, version: Version, end: usize) -> Result<Framing, ParseError> {
        if let Some(fault) = self.host_fault {
            return Err(fault.known_at(end));
        }
        if !self.host && version == Version::Http11 {
            return Err(ParseError::new(ErrorKind::MissingHost, end.saturating_sub(2), 2));
        }
        let framing = match (self.coding, self.length) {
            (None, None) => return Ok(Framing::None),
            (None, Some(length)) => Framing::Length(length.octets),
            (Some(coding), length) => {
                check_coding(coding, length, version)?;
                match (coding.codings, coding.empty) {
                    (Codings::Chunked, EmptyMembers::None) => Framing::Chunked,
                    (Codings::Misplaced(kind), _) => return Err(coding.error(kind)),
                    (Codings::Unnamed | Codings::NotChunkedLast, _) | (_, EmptyMembers::Last) => {
                        return Err(coding.error(ErrorKind::NotChunkedLast));
                    }
                    (Codings::Chunked | Codings::OthersThenChunked, _) => {
                        return Err(coding.error(ErrorKind::UnsupportedCoding));
                    }
                }
            }
        };
        self.outside_connect(framing, method).map_err(|error| error.known_at(end))
    }

    /// CONNECT has no content: what follows its head goes through the tunnel [RFC 9110 section 9.3.6].
    fn outside_connect(&self, framing: Framing, method: Method<'_>) -> Result<Framing, ParseError> {
        let value = self.coding.map(|coding| coding.value).or(self.length.map(|length| length.value));
        match (framing, value) {
            (Framing::Chunked | Framing::Length(1..), Some(value)) if method == Method::CONNECT => {
                Err(ParseError::new(ErrorKind::ContentInConnect, value.start(), value.len()))
            }
            _ => Ok(framing),
        }
    }

    /// The framing of a response with this status to a request with `method`, whose head ends before `end` [RFC 9112 section 6.3].
    pub(crate) fn of_response(
        &self,
        method: Method<'_>,
        status: Status,
        version: Version,
        end: usize,
    ) -> Result<Framing, ParseError> {
        match status.code() {
            101 => return Ok(Framing::Tunnel),
            200..=299 if method == Method::CONNECT => return Ok(Framing::Tunnel),
            100..=199 | 204 | 304 => return Ok(Framing::None),
            _ if method == Method::HEAD => return Ok(Framing::None),
            _ => {}
        }
        self.of_body(version).map_err(|error| error.known_at(end))
    }

    /// The framing of a response that may have a body.
    fn of_body(&self, version: Version) -> Result<Framing, ParseError> {
        if let Some(fault) = self.length_fault {
            return Err(fault);
        }
        match (self.coding, self.length) {
            (None, None) => Ok(Framing::UntilClose),
            (None, Some(length)) => Ok(Framing::Length(length.octets)),
            (Some(coding), length) => {
                check_coding(coding, length, version)?;
                match coding.codings {
                    Codings::Chunked | Codings::OthersThenChunked => Ok(Framing::Chunked),
                    Codings::Misplaced(ErrorKind::ChunkedTwice) => Err(coding.error(ErrorKind::ChunkedTwice)),
                    _ => Ok(Framing::UntilClose),
                }
            }
        }
    }
}

impl Coding {
    const fn error(&self, kind: ErrorKind) -> ParseError {
        ParseError::new(kind, self.value.start(), self.value.len())
    }
}

/// What holds for a message with `Transfer-Encoding`, whichever role it has [RFC 9112 section 6.1].
fn check_coding(coding: Coding, length: Option<Length>, version: Version) -> Result<(), ParseError> {
    match length {
        Some(length) => {
            let later = if length.value.start() > coding.value.start() { length.value } else { coding.value };
            Err(ParseError::new(ErrorKind::LengthAndCoding, later.start(), later.len()))
        }
        None if version == Version::Http10 => Err(coding.error(ErrorKind::CodingInHttp10)),
        None => Ok(()),
    }
}

/// `Content-Length = 1*DIGIT` [RFC 9110 section 8.6]
fn content_length(value: &[u8]) -> Result<u64, ErrorKind> {
    if value.is_empty() || value.iter().any(|&octet| digit(octet).is_none()) {
        return Err(ErrorKind::ContentLength);
    }
    let number = value.iter().try_fold(0u64, |number, &octet| number.checked_mul(10)?.checked_add(u64::from(digit(octet)?)));
    number.ok_or(ErrorKind::ContentLengthTooLarge)
}
