//! The grammar of message heads, chunk lines and trailers, one function a rule of RFC 9112, in nom.
//!
//! A rule takes an [`Input`] and gives what it has read as [`Span`]s. When an octet does not fit,
//! it says only where it stopped and in which part of the line ([`Stop`]); which rule of the RFC
//! that breaks is decided in one place, [`Stop::error`]. A rule that stops at the end of the input
//! is incomplete: every octet so far fits.

mod chunk_line;
mod field_line;
mod parameter;
mod request_line;
mod status_line;
mod stop;
mod terminal;

use crate::octets::{IS_WIDE, digit};
use crate::scan::{Input, Words};
pub(crate) use chunk_line::{ChunkLine, chunk_line};
pub(crate) use field_line::{FieldLine, continuation, field_line_or_end};
use nom::branch::alt;
use nom::{Emit, Err, OutputM, Parser, Streaming};
pub(crate) use parameter::{Parameter, parameter, transfer_coding};
pub(crate) use request_line::{RequestLine, is_request_target, request_line};
pub(crate) use status_line::{StatusLine, status_line};
pub(crate) use stop::{Part, Stop};
use terminal::{crlf, literal, octet, one, ows, rule, target, text, token, token_in_text};

/// A rule of the grammar that reads an `O`.
trait Rule<I, O>: Parser<I, Output = O, Error = Stop> {}

impl<I, O, P: Parser<I, Output = O, Error = Stop>> Rule<I, O> for P {}

/// What a rule gives: the input behind what it has read, and its value.
pub(crate) type Read<I, O> = Result<(I, O), Stop>;

/// What the rule reads here.
#[inline(always)]
fn read<I: Input, O>(mut rule: impl Rule<I, O>, input: I) -> Read<I, O> {
    // What `parse` does, inlined.
    match rule.process::<OutputM<Emit, Emit, Streaming>>(input) {
        Ok(read) => Ok(read),
        Err(Err::Error(stop) | Err::Failure(stop)) => Err(stop),
        // No rule here says so in this way.
        Err(Err::Incomplete(_)) => {
            Err(Stop { part: Part::FieldValue, position: input.octets().len() })
        }
    }
}

/// Where a part of a head stands in the received octets. A head is at most 65,535 octets long, so
/// 16 bits hold every position.
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

    /// The octets that stand there; none when these are not the octets that were parsed.
    #[inline(always)]
    pub(crate) fn of(self, octets: &[u8]) -> &[u8] {
        octets.get(self.start()..self.end()).unwrap_or(&[])
    }
}

/// `HTTP-version = HTTP-name "/" DIGIT "." DIGIT` [RFC 9112 section 2.3]
#[inline(always)]
fn http_version<I: Input>() -> impl Rule<I, HttpVersion> {
    let usual = rule(|input: I| match input.next() {
        Some(next) if is_usual_version(next) => Ok((
            input.at(input.position().wrapping_add(HttpVersion::LEN)),
            HttpVersion { major: 1, minor: 1 },
        )),
        _ => Err(Stop { part: Part::Version, position: input.position() }),
    });
    alt((
        usual,
        rule(|input: I| {
            any_version(input.octets(), input.position())
                .map(|(after, version)| (input.at(after), version))
        }),
    ))
}

/// Compared as one where registers are wide: the compiler compares a pattern octet by octet.
#[inline(always)]
fn is_usual_version(octets: &[u8; HttpVersion::LEN]) -> bool {
    if IS_WIDE { octets == b"HTTP/1.1" } else { matches!(octets, b"HTTP/1.1") }
}

/// The same without the shortcut for the usual version, and where it ends.
#[cfg_attr(target_pointer_width = "64", cold, inline(never))]
fn any_version(octets: &[u8], start: usize) -> Result<(usize, HttpVersion), Stop> {
    let digit = || one(Part::Version, digit);
    let version = (literal(Part::Version, b"HTTP/"), digit(), octet(Part::Version, b'.'), digit())
        .map(|((), major, (), minor)| HttpVersion { major, minor });
    read(version, Words::new(octets).at(start)).map(|(after, version)| (after.position(), version))
}

/// The version as it stands in a start line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HttpVersion {
    pub(crate) major: u8,
    pub(crate) minor: u8,
}

impl HttpVersion {
    pub(crate) const LEN: usize = "HTTP/1.1".len();
}
