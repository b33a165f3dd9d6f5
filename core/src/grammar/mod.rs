//! The grammar of message heads, chunk lines and trailers, one function a rule of RFC 9112, in nom.
//!
//! A rule takes an [`Input`] and gives what it has read as [`Span`]s. It is streaming: `Incomplete` means that every octet so
//! far fits and the end of the input came first. When an octet does not fit, a rule says only where it stopped and in which
//! part of the line ([`Stop`]); which rule of the RFC that breaks is decided in one place, [`Stop::error`].

mod chunk_line;
mod field_line;
mod request_line;
mod status_line;
mod stop;
mod terminal;

use crate::octets::digit;
use crate::scan::{Input, Words};
pub(crate) use chunk_line::{ChunkExt, ChunkLine, chunk_ext, chunk_line};
pub(crate) use field_line::{FieldLine, continuation, field_line, is_section_end, section_end};
use nom::branch::alt;
use nom::{Err, IResult, Parser};
pub(crate) use request_line::{RequestLine, request_line};
pub(crate) use status_line::{StatusLine, status_line};
pub(crate) use stop::{Part, Stop};
use terminal::{crlf, literal, octet, one, ows, rule, target, text, token};

/// A rule of the grammar that reads an `O`.
trait Rule<I, O>: Parser<I, Output = O, Error = Stop> {}

impl<I, O, P: Parser<I, Output = O, Error = Stop>> Rule<I, O> for P {}

/// What a rule gives: the input behind what it has read, and its value.
pub(crate) type Read<I, O> = IResult<I, O, Stop>;

/// Where a part of a head stands in the received octets. A head is at most 65,535 octets long, so 16 bits hold every position.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
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
    let usual = literal(Part::Version, b"HTTP/1.1").map(|start| HttpVersion { major: 1, minor: 1, start });
    alt((
        usual,
        rule(|input: I| any_version(input.octets(), input.position()).map(|(after, version)| (input.at(after), version))),
    ))
}

/// The same without the shortcut for the usual version, and where it ends.
#[cold]
#[inline(never)]
fn any_version(octets: &[u8], start: usize) -> Result<(usize, HttpVersion), Err<Stop>> {
    let digit = || one(Part::Version, digit);
    let (after, version) = (literal(Part::Version, b"HTTP/"), digit(), octet(Part::Version, b'.'), digit())
        .map(|(start, major, (), minor)| HttpVersion { major, minor, start })
        .parse(Words::new(octets).at(start))?;
    Ok((after.position(), version))
}

/// The version as it stands in a start line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HttpVersion {
    pub(crate) major: u8,
    pub(crate) minor: u8,
    pub(crate) start: usize,
}
