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

use crate::octets::is_ows;
use crate::scan::Input;
pub(crate) use chunk_line::{ChunkExt, ChunkLine, chunk_ext, chunk_line};
pub(crate) use field_line::{FieldLine, continuation, field_line_or_end};
use nom::{Err, IResult, Needed, Parser};
pub(crate) use request_line::{RequestLine, request_line};
pub(crate) use status_line::{StatusLine, status_line};
pub(crate) use stop::{Part, Stop};

/// What a rule gives: the input behind what it has read, and its value.
pub(crate) type Rule<I, O> = IResult<I, O, Stop>;

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

/// `token = 1*tchar` [RFC 9110 section 5.6.2]
#[inline(always)]
fn token<I: Input>(part: Part) -> impl Fn(I) -> Rule<I, Span> {
    run(part, I::token_end)
}

/// One or more octets of a class, whose end `find` gives.
#[inline(always)]
fn run<I: Input>(part: Part, find: fn(&mut I) -> Option<usize>) -> impl Fn(I) -> Rule<I, Span> {
    move |mut input| match find(&mut input) {
        None => Err(Err::Incomplete(Needed::Unknown)),
        Some(end) if end == input.position() => stop(part, end),
        Some(end) => Ok((input.at(end), Span::new(input.position(), end))),
    }
}

/// `*( HTAB / SP / VCHAR / obs-text )`: a field value or a reason phrase, with the whitespace at its ends.
#[inline(always)]
fn text<I: Input>(mut input: I) -> Rule<I, Span> {
    match input.text_end() {
        None => Err(Err::Incomplete(Needed::Unknown)),
        Some(end) => Ok((input.at(end), Span::new(input.position(), end))),
    }
}

/// One octet that `accepts`, as the value it gives for it.
#[inline(always)]
fn one<I: Input, O>(part: Part, accepts: impl Fn(u8) -> Option<O>) -> impl Fn(I) -> Rule<I, O> {
    move |input| match input.octet().map(&accepts) {
        None => Err(Err::Incomplete(Needed::Unknown)),
        Some(None) => stop(part, input.position()),
        Some(Some(value)) => Ok((input.at(input.position().wrapping_add(1)), value)),
    }
}

/// This octet and no other.
#[inline(always)]
fn octet<I: Input>(part: Part, expected: u8) -> impl Fn(I) -> Rule<I, ()> {
    one(part, move |octet| (octet == expected).then_some(()))
}

/// These octets, case-sensitive.
#[inline(always)]
fn literal<I: Input>(part: Part, expected: &'static [u8]) -> impl Fn(I) -> Rule<I, ()> {
    move |input| expected.iter().try_fold((input, ()), |(input, ()), &next| octet(part, next)(input))
}

/// `OWS = *( SP / HTAB )` [RFC 9110 section 5.6.3]
#[inline(always)]
fn ows<I: Input>(mut input: I) -> Rule<I, ()> {
    while input.octet().is_some_and(is_ows) {
        input = input.at(input.position().wrapping_add(1));
    }
    Ok((input, ()))
}

/// `CRLF`, as the end of a line of which `part` is the last [RFC 9112 section 2.2].
#[inline(always)]
fn crlf<I: Input>(part: Part) -> impl Fn(I) -> Rule<I, ()> {
    move |input| {
        let (after, ()) = octet(part, b'\r')(input)?;
        match octet(part, b'\n')(after) {
            Err(Err::Error(_)) => stop(part, input.position()),
            end => end,
        }
    }
}

/// `HTTP-version = HTTP-name "/" DIGIT "." DIGIT` [RFC 9112 section 2.3]
#[inline(always)]
fn http_version<I: Input>(input: I) -> Rule<I, HttpVersion> {
    let digit = || one(Part::Version, crate::octets::digit);
    let start = input.position();
    (literal(Part::Version, b"HTTP/"), digit(), octet(Part::Version, b'.'), digit())
        .map(|((), major, (), minor)| HttpVersion { major, minor, start })
        .parse(input)
}

/// The version as it stands in a start line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HttpVersion {
    pub(crate) major: u8,
    pub(crate) minor: u8,
    pub(crate) start: usize,
}

#[cold]
#[inline(never)]
fn stop<I, O>(part: Part, position: usize) -> Rule<I, O> {
    Err(Err::Error(Stop { part, position }))
}
