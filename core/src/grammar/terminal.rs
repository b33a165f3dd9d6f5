//! The terminals of the grammar's rules, and the combinators that nom does not have.

use super::{Part, Position, Read, Rule, Span, Stop, read};
use crate::octets::{self, TARGET, class_end, is_ows};
use crate::scan::{self, Input, fast_path};
use nom::error::ParseError;
use nom::{Emit, Err, Mode, OutputM, OutputMode, PResult, Parser};

/// A rule made of a function. nom takes functions too, but compiles them to calls.
pub(super) struct Inlined<F>(F);

impl<I: Input, O, E: ParseError<I>, F: Fn(I) -> Read<I, O, E>> Parser<I> for Inlined<F> {
    type Output = O;
    type Error = E;

    #[inline(always)]
    fn process<M: OutputMode>(&mut self, input: I) -> PResult<M, I, O, E> {
        process::<M, _, _, _>((self.0)(input))
    }
}

/// Makes a rule of a function.
#[inline(always)]
pub(super) fn rule<I: Input, O, E: ParseError<I>>(
    read: impl Fn(I) -> Read<I, O, E>,
) -> impl Rule<I, O, E> {
    Inlined(read)
}

/// A rule whose errors are in a part of the line.
pub(super) struct Within<R> {
    pub(super) rule: R,
    pub(super) part: Part,
}

impl<I: Input, R: Parser<I, Error = Position>> Parser<I> for Within<R> {
    type Output = R::Output;
    type Error = Stop;

    #[inline(always)]
    fn process<M: OutputMode>(&mut self, input: I) -> PResult<M, I, R::Output, Stop> {
        let in_part = |Position(position)| Stop { part: self.part, position };
        match self.rule.process::<OutputM<M::Output, Emit, M::Incomplete>>(input) {
            Ok(read) => Ok(read),
            Err(Err::Error(at)) => Err(Err::Error(M::Error::bind(|| in_part(at)))),
            Err(Err::Failure(at)) => Err(Err::Failure(in_part(at))),
            Err(Err::Incomplete(needed)) => Err(Err::Incomplete(needed)),
        }
    }
}

/// `*element`: an element that does not fit at its first octet ends the repetition.
#[inline(always)]
pub(super) fn many<I, O, E, R>(element: impl Fn() -> R) -> impl Rule<I, (), E>
where
    I: Input,
    E: ParseError<I> + Copy + Into<Position>,
    R: Rule<I, O, E>,
{
    rule(move |mut input: I| {
        loop {
            match read(element(), input) {
                Ok((after, _)) => input = after,
                Err(error) if error.into() == Position(input.position()) => return Ok((input, ())),
                Err(error) => return Err(error),
            }
        }
    })
}

/// The octets of an element
#[inline(always)]
pub(super) fn span<I, O, E, R>(element: impl Fn() -> R) -> impl Rule<I, Span, E>
where
    I: Input,
    E: ParseError<I>,
    R: Rule<I, O, E>,
{
    rule(move |input: I| {
        let (after, _) = read(element(), input)?;
        Ok((after, Span::new(input.position(), after.position())))
    })
}

/// Defines terminals: the name, the input, and the expression that reads one.
///
/// A terminal is inlined, which the compiler decides otherwise for a closure.
macro_rules! terminals {
    ($($(#[$doc:meta])* $name:ident($input:ident) -> $output:ty = $read:expr;)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub(super) fn $name<I: Input>() -> impl Rule<I, $output> {
            struct Terminal;

            impl<I: Input> nom::Parser<I> for Terminal {
                type Output = $output;
                type Error = $crate::grammar::Position;

                #[inline(always)]
                fn process<M: nom::OutputMode>(
                    &mut self,
                    $input: I,
                ) -> nom::PResult<M, I, $output, Self::Error> {
                    $crate::grammar::terminal::process::<M, _, _, _>($read)
                }
            }

            Terminal
        }
    )*};
}

pub(super) use terminals;

/// Converts a result to that of nom.
#[inline(always)]
pub(super) fn process<M: OutputMode, I, O, E>(read: Read<I, O, E>) -> PResult<M, I, O, E> {
    match read {
        Ok((after, read)) => Ok((after, M::Output::bind(|| read))),
        Err(error) => Err(Err::Error(M::Error::bind(|| error))),
    }
}

terminals! {
    /// `SP = %x20` [RFC 5234 appendix B.1]
    sp(input) -> () = read(octet(b' '), input);

    /// `DIGIT = %x30-39` [RFC 5234 appendix B.1], its value
    digit(input) -> u8 = one(input, octets::digit);

    /// `HEXDIG = DIGIT / "A" / "B" / "C" / "D" / "E" / "F"` [RFC 5234 appendix B.1], its value
    hexdig(input) -> u8 = one(input, scan::hex_digit);

    /// `CRLF = CR LF` [RFC 5234 appendix B.1]
    crlf(input) -> () = line_end(input);

    /// `OWS = *( SP / HTAB )`, or `BWS` [RFC 9110 section 5.6.3]
    ows(input) -> () = Ok((without_ows(input), ()));

    /// `token = 1*tchar` [RFC 9110 section 5.6.2]
    token(input) -> Span = run(input, input.token_end());

    /// A token, followed by text up to the end of the line; the caller asks for the end of that
    /// text next
    token_in_text(input) -> Span = run(input, input.token_end_in_text());

    /// `1*( pchar / "/" / "?" / "%" / "[" / "]" / "|" / "{" / "}" / "^" / "`" )`, and `\` after a
    /// `?`: the octets of a request target [RFC 9112 section 3.2], some of which are only read
    target_octets(input) -> Span = run(input, target_end(input));

    /// `*( HTAB / SP / VCHAR / obs-text )`: a field value or a reason phrase, with the whitespace
    /// around it
    text(input) -> Span = {
        let end = input.text_end();
        Ok((input.at(end), Span::new(input.position(), end)))
    };
}

/// One octet for which `accepts` returns a value; the rule returns that value.
#[inline(always)]
pub(super) fn one<I: Input, O>(input: I, accepts: impl Fn(u8) -> Option<O>) -> Read<I, O> {
    match input.octet().and_then(accepts) {
        None => stop(input.position()),
        Some(value) => Ok((after(input, 1), value)),
    }
}

/// The octet `expected`
#[inline(always)]
pub(super) fn octet<I: Input>(expected: u8) -> impl Rule<I, ()> {
    rule(move |input| one(input, |octet| (octet == expected).then_some(())))
}

/// One or more octets of a class, up to an `end` that is already known.
#[inline(always)]
pub(super) fn run<I: Input>(input: I, end: usize) -> Read<I, Span> {
    match input.position() {
        start if start == end => stop(start),
        start => Ok((input.at(end), Span::new(start, end))),
    }
}

#[inline(always)]
fn target_end<I: Input>(input: I) -> usize {
    let end = input.target_end();
    match input.at(end).octet() {
        Some(b'\\') => end_at_backslash(input.octets(), input.position(), end),
        _ => end,
    }
}

/// Returns the end of a target whose first `\` is at `backslash`.
///
/// A path ends there because some parsers read `\` as `/`; a query continues.
#[cold]
#[inline(never)]
fn end_at_backslash(octets: &[u8], start: usize, backslash: usize) -> usize {
    let mut end = backslash;
    #[allow(clippy::manual_contains, reason = "it is fast, and long")]
    if octets.get(start..backslash).unwrap_or(&[]).iter().any(|&octet| octet == b'?') {
        while octets.get(end) == Some(&b'\\') {
            end = class_end(octets, end.wrapping_add(1), TARGET);
        }
    }
    end
}

#[inline(always)]
fn without_ows<I: Input>(mut input: I) -> I {
    // The whitespace is mostly one SP.
    if let Some(input) = fast_path(input)
        && let Some([b' ', (b'!'..)]) = input.next()
    {
        return after(input, 1);
    }
    while input.octet().is_some_and(is_ows) {
        input = after(input, 1);
    }
    input
}

#[inline(always)]
fn line_end<I: Input>(input: I) -> Read<I, ()> {
    if input.is_line_end() {
        return Ok((after(input, 2), ()));
    }
    match (input.octet(), after(input, 1).octet()) {
        (Some(b'\r'), None) => stop(input.octets().len()),
        _ => stop(input.position()),
    }
}

/// Returns the input after the next `count` octets.
#[inline(always)]
pub(super) fn after<I: Input>(input: I, count: usize) -> I {
    input.at(input.position().wrapping_add(count))
}

#[inline(always)]
pub(super) fn stop<I, O>(position: usize) -> Read<I, O> {
    Err(Position(position))
}
