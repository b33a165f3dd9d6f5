//! Parameters of transfer codings, and chunk extensions, which have the same syntax.

use super::{Part, Read, Rule, Span, octet, one, ows, read, rule, token};
use crate::octets::{TEXT, is};
use crate::scan::{Input, Words};
use nom::Parser;
use nom::branch::alt;
use nom::combinator::{cut, opt};
use nom::sequence::preceded;

/// A parameter, as received.
#[derive(Clone, Copy)]
pub(crate) struct Parameter {
    pub(crate) name: Span,
    pub(crate) value: Option<Span>,
}

/// One of `chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )` [RFC 9112
/// section 7.1.1].
///
/// A `transfer-parameter` has the same syntax, with a value [RFC 9110 section 10.1.4]. Its caller
/// ignores the position of a [`Stop`].
#[inline(never)]
pub(crate) fn parameter<I: Input>(input: I) -> Read<I, Parameter> {
    let sign = |part, sign| (ows(), octet(part, sign), ows());
    let name = preceded(sign(Part::ChunkSemicolon, b';'), token(Part::ChunkExtension));
    let value = opt(preceded(sign(Part::ChunkExtension, b'='), cut(parameter_value())));
    read((name, value).map(|(name, value)| Parameter { name, value }), input)
}

/// `token / quoted-string` [RFC 9110 section 5.6.6]
fn parameter_value<I: Input>() -> impl Rule<I, Span> {
    alt((token(Part::ChunkExtension), quoted_string()))
}

/// `quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE` [RFC 9110 section 5.6.4], with its
/// quotes
fn quoted_string<I: Input>() -> impl Rule<I, Span> {
    rule(|input: I| {
        let part = Part::ChunkExtension;
        let start = input.position();
        let any = || one(part, |octet| is(octet, TEXT).then_some(octet));
        let (mut input, ()) = read(octet(part, b'"'), input)?;
        loop {
            let (after, octet) = read(any(), input)?;
            input = match octet {
                b'"' => return Ok((after, Span::new(start, after.position()))),
                b'\\' => read(any(), after)?.0,
                _ => after,
            };
        }
    })
}

/// Returns the name of a transfer coding, or `None` if the octets are not exactly one.
///
/// `transfer-coding = token *( OWS ";" OWS transfer-parameter )` [RFC 9110 section 10.1.4]
pub(crate) fn transfer_coding(octets: &[u8]) -> Option<&[u8]> {
    let (mut rest, name) = read(token(Part::FieldValue), Words::new(octets)).ok()?;
    while rest.octet().is_some() {
        let (after, parameter) = parameter(rest).ok()?;
        parameter.value?;
        rest = after;
    }
    Some(name.of(octets))
}
