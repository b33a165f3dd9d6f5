//! Parameters of transfer codings, and chunk extensions, which have the same syntax.

use super::terminal::{dquote, many, octet, one, ows, rule, span, token};
use super::{Part, Rule, Span, Stop, read};
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

/// Parses the parameter at `start`, and returns its end as well.
///
/// `BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ]` is one chunk extension [RFC 9112
/// section 7.1.1]. A `transfer-parameter` has the same syntax, with a value [RFC 9110 section
/// 10.1.4].
#[inline(never)]
pub(crate) fn parameter(octets: &[u8], start: usize) -> Result<(usize, Parameter), Stop> {
    let semicolon = (ows(), octet(b';'), ows()).within(Part::ChunkSemicolon);
    let name = token().within(Part::ChunkExtension);
    let value = opt(preceded((ows(), octet(b'='), ows()), cut(parameter_value())));
    let parts = (semicolon, name, value.within(Part::ChunkExtension));
    read(parts, Words::new(octets).at(start))
        .map(|(after, (_, name, value))| (after.position(), Parameter { name, value }))
}

/// `token / quoted-string` [RFC 9110 section 5.6.6]
fn parameter_value<I: Input>() -> impl Rule<I, Span> {
    alt((token(), span(quoted_string)))
}

/// `quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE` [RFC 9110 section 5.6.4]
fn quoted_string<I: Input>() -> impl Rule<I, ()> {
    (dquote(), many(|| alt((qdtext(), quoted_pair()))), dquote()).map(|_| ())
}

/// `qdtext = HTAB / SP / %x21 / %x23-5B / %x5D-7E / obs-text` [RFC 9110 section 5.6.4]
fn qdtext<I: Input>() -> impl Rule<I, ()> {
    let is_qdtext = |octet| is(octet, TEXT) && !matches!(octet, b'"' | b'\\');
    rule(move |input| one(input, |octet| is_qdtext(octet).then_some(())))
}

/// `quoted-pair = "\" ( HTAB / SP / VCHAR / obs-text )` [RFC 9110 section 5.6.4]
fn quoted_pair<I: Input>() -> impl Rule<I, ()> {
    preceded(octet(b'\\'), rule(|input| one(input, |octet| is(octet, TEXT).then_some(()))))
}

/// Returns the name of a transfer coding, or `None` if the octets are not exactly one.
///
/// `transfer-coding = token *( OWS ";" OWS transfer-parameter )` [RFC 9110 section 10.1.4]
pub(crate) fn transfer_coding(octets: &[u8]) -> Option<&[u8]> {
    let (rest, name) = read(token(), Words::new(octets)).ok()?;
    let mut position = rest.position();
    while position < octets.len() {
        let (end, parameter) = parameter(octets, position).ok()?;
        parameter.value?;
        position = end;
    }
    Some(name.of(octets))
}
