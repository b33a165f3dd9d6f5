//! The grammar of message heads, chunk lines and trailers: one function for each rule of RFC 9112,
//! 9110 and 3986.
//!
//! The lines that each message has are rules of nom, which are inlined. Their rare parts, such as
//! an address or a parameter, are functions of octets: compiled once, they are small.
//!
//! A rule takes an [`Input`] and returns the octets it parsed as [`Span`]s. An octet that does not
//! fit gives a [`Stop`]: the position, and the part of the line. [`Stop::error`] alone decides
//! which rule of the RFC is broken. A rule that stops at the end of the input is incomplete: every
//! octet so far fits.

mod chunk_line;
mod content_length;
mod field_line;
mod list;
mod parameter;
mod request_line;
mod status_line;
mod stop;
mod target_form;
mod terminal;
mod uri_host;

use crate::scan::{Input, is_http11};
pub(crate) use chunk_line::{ChunkLine, chunk_line};
pub(crate) use content_length::content_length;
pub(crate) use field_line::{FieldLine, continuation, field_line_or_end};
pub(crate) use list::{check_tokens, members};
use nom::branch::alt;
use nom::error::{ErrorKind, ParseError};
use nom::{Emit, Err, OutputM, Parser, Streaming};
pub(crate) use parameter::{Parameter, parameter, transfer_coding};
pub(crate) use request_line::{RequestLine, request_line};
pub(crate) use status_line::status_line;
pub(crate) use stop::{Part, Position, Stop};
pub use target_form::TargetForm;
pub(crate) use target_form::{authority_range, target_form};
use terminal::{Within, after, rule, stop};
pub(crate) use uri_host::{check_host, is_host};
#[cfg(feature = "unstable-inside")]
pub(crate) use uri_host::{is_host_fast, is_host_slow};

/// A rule of the grammar that parses an `O`. Its error is the position of the octet that does not
/// fit, and with [`within`](Self::within) also the part of the line.
trait Rule<I, O, E = Position>: Parser<I, Output = O, Error = E> + Sized {
    /// Names the part of the line.
    #[inline(always)]
    fn within(self, part: Part) -> Within<Self> {
        Within { rule: self, part }
    }
}

impl<I, O, E, P: Parser<I, Output = O, Error = E>> Rule<I, O, E> for P {}

/// The result of a rule: the input after the parsed octets, and the value.
pub(crate) type Read<I, O, E = Position> = Result<(I, O), E>;

/// Parses a value by a rule.
#[inline(always)]
fn read<I: Input, O, E: ParseError<I>>(mut rule: impl Rule<I, O, E>, input: I) -> Read<I, O, E> {
    // `Parser::parse`, inlined.
    match rule.process::<OutputM<Emit, Emit, Streaming>>(input) {
        Ok(read) => Ok(read),
        Err(Err::Error(error) | Err::Failure(error)) => Err(error),
        // The rules signal incomplete input by an error at the end, never by this variant.
        Err(Err::Incomplete(_)) => {
            Err(E::from_error_kind(input.at(input.octets().len()), ErrorKind::Complete))
        }
    }
}

/// The range of a part of a head in the received octets.
///
/// A head is at most 65,535 octets long, so 16 bits hold every position. Aligned, both are read as
/// one word.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(align(4))]
pub(crate) struct Span {
    start: u16,
    end: u16,
}

impl Span {
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "a parse sees at most 65,535 octets")]
    pub(crate) const fn new(start: usize, end: usize) -> Self {
        Self { start: start as u16, end: end as u16 }
    }

    #[inline(always)]
    pub(crate) const fn start(self) -> usize {
        self.start as usize
    }

    #[inline(always)]
    pub(crate) const fn end(self) -> usize {
        self.end as usize
    }

    #[inline(always)]
    pub(crate) const fn len(self) -> usize {
        self.end().wrapping_sub(self.start())
    }

    /// Returns the octets in this range; none if `octets` are too short to be the parsed ones.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn of(self, octets: &[u8]) -> &[u8] {
        #[cold]
        #[inline(never)]
        fn nothing() -> &'static [u8] {
            &[]
        }
        // Without the cold function, the compiler selects the start and the length one by one.
        match octets.get(self.start()..self.end()) {
            Some(part) => part,
            None => nothing(),
        }
    }

    /// Returns the octets as [`of`](Self::of) does, without a call: for loops.
    #[inline(always)]
    pub(crate) fn of_inlined(self, octets: &[u8]) -> &[u8] {
        octets.get(self.start()..self.end()).unwrap_or(&[])
    }
}

/// `HTTP-version = HTTP-name "/" DIGIT "." DIGIT` [RFC 9112 section 2.3]
#[inline(always)]
fn http_version<I: Input>() -> impl Rule<I, HttpVersion> {
    alt((
        rule(http_version_fast),
        rule(|input: I| {
            http_version_slow(input.octets(), input.position())
                .map(|(after, version)| (input.at(after), version))
        }),
    ))
}

/// Parses `HTTP/1.1`.
#[inline(always)]
pub(crate) fn http_version_fast<I: Input>(input: I) -> Read<I, HttpVersion> {
    if input.next().is_some_and(is_http11) {
        Ok((after(input, HttpVersion::LEN), HttpVersion { major: 1, minor: 1 }))
    } else {
        stop(input.position())
    }
}

/// Parses the version at `start` without the fast path for `HTTP/1.1`.
#[cfg_attr(target_pointer_width = "64", cold, inline(never))]
pub(crate) fn http_version_slow(
    octets: &[u8],
    start: usize,
) -> Result<(usize, HttpVersion), Position> {
    let (mut end, mut digits) = (start, 0u8);
    for expected in b"HTTP/0.0" {
        // Each `0` stands for a digit.
        match octets.get(end) {
            Some(octet @ b'0'..=b'9') if *expected == b'0' => digits = digits << 4 | octet & 0xf,
            Some(octet) if octet == expected => {}
            _ => return Err(Position(end)),
        }
        end = end.wrapping_add(1);
    }
    Ok((end, HttpVersion { major: digits >> 4, minor: digits & 0xf }))
}

/// The version of a start line, as received.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct HttpVersion {
    pub(crate) major: u8,
    pub(crate) minor: u8,
}

impl HttpVersion {
    pub(crate) const LEN: usize = "HTTP/1.1".len();
}
