//! A line of the field section.

use super::{Part, Rule, Span, crlf, octet, ows, text, token};
use crate::octets::trim_ows;
use crate::scan::Input;
use nom::Parser;
use nom::branch::alt;
use nom::sequence::{preceded, terminated};

/// The parts of a field line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FieldLine {
    pub(crate) name: Span,
    pub(crate) value: Span,
}

/// `field-line CRLF`, or the `CRLF` that ends the section [RFC 9112 section 2.1]
#[inline(always)]
pub(crate) fn field_line_or_end<I: Input>(input: I) -> Rule<I, Option<FieldLine>> {
    alt((crlf(Part::FieldName).map(|()| None), terminated(field_line, crlf(Part::FieldValue)).map(Some))).parse(input)
}

/// `field-line = field-name ":" OWS field-value OWS` [RFC 9112 section 5]
#[inline(always)]
fn field_line<I: Input>(input: I) -> Rule<I, FieldLine> {
    (terminated(field_name, octet(Part::FieldName, b':')), preceded(ows, field_value))
        .map(|(name, value)| FieldLine { name, value })
        .parse(input)
}

/// `field-name = token` [RFC 9110 section 5.1]
#[inline(always)]
fn field_name<I: Input>(input: I) -> Rule<I, Span> {
    token(Part::FieldName)(input)
}

/// `field-value OWS`: the whitespace at the end is read, and left out of the value [RFC 9112 section 5.1]
#[inline(always)]
fn field_value<I: Input>(input: I) -> Rule<I, Span> {
    let (after, value) = text(input)?;
    let trimmed = trim_ows(value.of(input.octets())).len();
    Ok((after, Span::new(value.start(), value.start().wrapping_add(trimmed))))
}

/// What continues a value after `obs-fold = OWS CRLF RWS` [RFC 9112 section 5.2], and its `CRLF`
pub(crate) fn continuation<I: Input>(input: I) -> Rule<I, Span> {
    terminated(text, crlf(Part::FieldValue)).parse(input)
}
