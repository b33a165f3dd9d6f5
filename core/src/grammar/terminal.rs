//! The terminals of the grammar's rules.

use super::{Part, Read, Rule, Span, Stop, read};
use crate::octets::{IS_WIDE, TARGET, is, is_ows};
use crate::scan::Input;
use nom::{Err, Mode, OutputMode, PResult, Parser};

/// A parser of a terminal. nom takes functions too, but compiles them to calls; a terminal is
/// inlined.
pub(super) trait Terminal<I> {
    type Output;

    fn read(&self, input: I) -> Read<I, Self::Output>;
}

pub(super) struct Inlined<T>(pub(super) T);

impl<I: Input, T: Terminal<I>> Parser<I> for Inlined<T> {
    type Output = T::Output;
    type Error = Stop;

    #[inline(always)]
    fn process<M: OutputMode>(&mut self, input: I) -> PResult<M, I, T::Output, Stop> {
        match self.0.read(input) {
            Ok((after, read)) => Ok((after, M::Output::bind(|| read))),
            Err(stop) => Err(Err::Error(M::Error::bind(|| stop))),
        }
    }
}

impl<I: Input, O, F: Fn(I) -> Read<I, O>> Terminal<I> for F {
    type Output = O;

    #[inline(always)]
    fn read(&self, input: I) -> Read<I, O> {
        self(input)
    }
}

/// Makes a rule of a function.
#[inline(always)]
pub(super) fn rule<I: Input, O>(read: impl Fn(I) -> Read<I, O>) -> impl Rule<I, O> {
    Inlined(read)
}

/// `token = 1*tchar` [RFC 9110 section 5.6.2]
#[inline(always)]
pub(super) fn token<I: Input>(part: Part) -> impl Rule<I, Span> {
    Inlined(Token(part))
}

struct Token(Part);

impl<I: Input> Terminal<I> for Token {
    type Output = Span;

    #[inline(always)]
    fn read(&self, input: I) -> Read<I, Span> {
        run(self.0, input, input.token_end())
    }
}

/// A token, followed by text up to the end of the line; the caller asks for the end of that text
/// next.
#[inline(always)]
pub(super) fn token_in_text<I: Input>(part: Part) -> impl Rule<I, Span> {
    Inlined(TokenInText(part))
}

struct TokenInText(Part);

impl<I: Input> Terminal<I> for TokenInText {
    type Output = Span;

    #[inline(always)]
    fn read(&self, input: I) -> Read<I, Span> {
        run(self.0, input, input.token_end_in_text())
    }
}

/// One or more octets that a request target may hold [RFC 9112 section 3.2]; `\` is valid only in a
/// query.
#[inline(always)]
pub(super) fn target<I: Input>() -> impl Rule<I, Span> {
    Inlined(Target)
}

struct Target;

impl<I: Input> Terminal<I> for Target {
    type Output = Span;

    #[inline(always)]
    fn read(&self, input: I) -> Read<I, Span> {
        let end = input.target_end();
        let end = match input.at(end).octet() {
            Some(b'\\') => end_at_backslash(input.octets(), input.position(), end),
            _ => end,
        };
        run(Part::Target, input, end)
    }
}

/// Returns the end of a target whose first `\` is at `backslash`.
///
/// A path ends there because some parsers read `\` as `/`; a query continues.
#[cold]
#[inline(never)]
fn end_at_backslash(octets: &[u8], start: usize, backslash: usize) -> usize {
    #[allow(clippy::manual_contains, reason = "it is fast, and long")]
    let is_in_query =
        octets.get(start..backslash).unwrap_or(&[]).iter().any(|&octet| octet == b'?');
    let mut end = backslash;
    while is_in_query && octets.get(end).is_some_and(|&octet| octet == b'\\' || is(octet, TARGET)) {
        end = end.wrapping_add(1);
    }
    end
}

/// One or more octets of a class, up to an `end` that is already known.
#[inline(always)]
fn run<I: Input>(part: Part, input: I, end: usize) -> Read<I, Span> {
    match input.position() {
        start if start == end => stop(part, start),
        start => Ok((input.at(end), Span::new(start, end))),
    }
}

/// `*( HTAB / SP / VCHAR / obs-text )`: a field value or a reason phrase, with the whitespace
/// around it.
#[inline(always)]
pub(super) fn text<I: Input>() -> impl Rule<I, Span> {
    Inlined(Text)
}

struct Text;

impl<I: Input> Terminal<I> for Text {
    type Output = Span;

    #[inline(always)]
    fn read(&self, input: I) -> Read<I, Span> {
        let end = input.text_end();
        Ok((input.at(end), Span::new(input.position(), end)))
    }
}

/// One octet for which `accepts` returns a value; the rule returns that value.
#[inline(always)]
pub(super) fn one<I: Input, O>(part: Part, accepts: impl Fn(u8) -> Option<O>) -> impl Rule<I, O> {
    rule(move |input: I| match input.octet().and_then(&accepts) {
        None => stop(part, input.position()),
        Some(value) => Ok((input.at(input.position().wrapping_add(1)), value)),
    })
}

/// The octet `expected`.
#[inline(always)]
pub(super) fn octet<I: Input>(part: Part, expected: u8) -> impl Rule<I, ()> {
    one(part, move |octet| (octet == expected).then_some(()))
}

/// The octets `expected`, case-sensitive.
#[inline(always)]
pub(super) fn literal<I: Input>(part: Part, expected: &'static [u8]) -> impl Rule<I, ()> {
    rule(move |input: I| {
        expected
            .iter()
            .try_fold((input, ()), |(input, ()), expected| read(octet(part, *expected), input))
    })
}

/// `OWS = *( SP / HTAB )` [RFC 9110 section 5.6.3]
#[inline(always)]
pub(super) fn ows<I: Input>() -> impl Rule<I, ()> {
    rule(|input: I| {
        // Fast path: the whitespace is mostly one SP.
        if IS_WIDE && let Some([b' ', (b'!'..)]) = input.next() {
            return Ok((input.at(input.position().wrapping_add(1)), ()));
        }
        let mut after = input;
        while after.octet().is_some_and(is_ows) {
            after = after.at(after.position().wrapping_add(1));
        }
        Ok((after, ()))
    })
}

/// `CRLF` at the end of a line whose last part is `part` [RFC 9112 section 2.2].
#[inline(always)]
pub(super) fn crlf<I: Input>(part: Part) -> impl Rule<I, ()> {
    rule(move |input: I| {
        let after = |count| input.at(input.position().wrapping_add(count));
        if IS_WIDE && input.is_at(b"\r\n") {
            return Ok((after(2), ()));
        }
        match (input.octet(), after(1).octet()) {
            (Some(b'\r'), Some(b'\n')) if !IS_WIDE => Ok((after(2), ())),
            (Some(b'\r'), None) => stop(part, input.octets().len()),
            _ => stop(part, input.position()),
        }
    })
}

#[inline(always)]
fn stop<I, O>(part: Part, position: usize) -> Read<I, O> {
    Err(Stop { part, position })
}
