//! A line of the field section.

use super::terminal::{crlf, octet, ows, terminals, text, token_in_text};
use super::{Part, Read, Rule, Span, Stop, read};
use crate::octets::trimmed_end;
use crate::scan::Input;
use nom::Parser;
use nom::sequence::terminated;

/// The parts of a field line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FieldLine {
    pub(crate) name: Span,
    pub(crate) value: Span,
}

/// `field-line CRLF`, or the `CRLF` after the last field line [RFC 9112 section 2.1]
#[inline(always)]
pub(crate) fn field_line_or_end<I: Input>(input: I) -> Read<I, Option<FieldLine>, Stop> {
    match input.octet() {
        Some(b'\r') => read(crlf().within(Part::FieldName), input).map(|(after, ())| (after, None)),
        _ => read(field_line(), input).map(|(after, line)| (after, Some(line))),
    }
}

/// `field-line = field-name ":" OWS field-value OWS` [RFC 9112 section 5], and its `CRLF`
#[inline(always)]
fn field_line<I: Input>() -> impl Rule<I, FieldLine, Stop> {
    let name = terminated(field_name(), octet(b':')).within(Part::FieldName);
    let value = nom::sequence::delimited(ows(), field_value(), crlf()).within(Part::FieldValue);
    (name, value).map(|(name, value)| FieldLine { name, value })
}

/// `field-name = token` [RFC 9110 section 5.1]
#[inline(always)]
fn field_name<I: Input>() -> impl Rule<I, Span> {
    token_in_text()
}

terminals! {
    /// `field-value OWS`: the value excludes the whitespace after it [RFC 9112 section 5.1]
    field_value(input) -> Span = trimmed_text(input);
}

#[inline(always)]
fn trimmed_text<I: Input>(input: I) -> Read<I, Span> {
    let (start, end) = (input.position(), input.text_end());
    // An empty value has `:` or whitespace before it; either way it ends at `start`.
    let value_end = match input.at(end.wrapping_sub(1)).octet() {
        Some(b'!'..) => end,
        _ => trimmed_end(input.octets(), start, end),
    };
    Ok((input.at(end), Span::new(start, value_end)))
}

/// Parses the rest of a value after a fold, its whitespace included, and `CRLF` [RFC 9112 section
/// 5.2].
pub(crate) fn continuation<I: Input>(input: I) -> Read<I, Span, Stop> {
    read(terminated(text(), crlf()).within(Part::FieldValue), input)
}
