//! A line of the field section.

use super::terminal::{Inlined, Terminal};
use super::{Part, Read, Rule, Span, crlf, octet, ows, read, text, token_in_text};
use crate::octets::{IS_WIDE, trim_ows};
use crate::scan::Input;
use nom::Parser;
use nom::sequence::{preceded, terminated};

/// The parts of a field line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FieldLine {
    pub(crate) name: Span,
    pub(crate) value: Span,
}

/// `field-line CRLF`, or the `CRLF` after the last field line [RFC 9112 section 2.1]
#[cfg_attr(target_pointer_width = "64", inline(always))]
pub(crate) fn field_line_or_end<I: Input>(input: I) -> Read<I, Option<FieldLine>> {
    match input.octet() {
        Some(b'\r') => read(crlf(Part::FieldName), input).map(|(after, ())| (after, None)),
        _ => read(terminated(field_line(), crlf(Part::FieldValue)), input)
            .map(|(after, line)| (after, Some(line))),
    }
}

/// `field-line = field-name ":" OWS field-value OWS` [RFC 9112 section 5]
#[inline(always)]
fn field_line<I: Input>() -> impl Rule<I, FieldLine> {
    (terminated(field_name(), octet(Part::FieldName, b':')), preceded(ows(), field_value()))
        .map(|(name, value)| FieldLine { name, value })
}

/// `field-name = token` [RFC 9110 section 5.1]
#[inline(always)]
fn field_name<I: Input>() -> impl Rule<I, Span> {
    token_in_text(Part::FieldName)
}

/// `field-value OWS`: the value excludes the whitespace after it [RFC 9112 section 5.1]
#[inline(always)]
fn field_value<I: Input>() -> impl Rule<I, Span> {
    Inlined(FieldValue)
}

struct FieldValue;

impl<I: Input> Terminal<I> for FieldValue {
    type Output = Span;

    #[inline(always)]
    fn read(&self, input: I) -> Read<I, Span> {
        let (start, end) = (input.position(), input.text_end());
        let octet_before = |end: usize| input.at(end.wrapping_sub(1)).octet();
        // The octet before a value is `:` or whitespace.
        if IS_WIDE {
            let has_no_space = octet_before(end).is_some_and(|last| last > b' ');
            let value_end =
                if has_no_space { end } else { trimmed_end(input.octets(), start, end) };
            return Ok((input.at(end), Span::new(start, value_end)));
        }
        // The only controls in text are whitespace.
        let mut value_end = end;
        while value_end > start && octet_before(value_end).is_some_and(|octet| octet <= b' ') {
            value_end = value_end.wrapping_sub(1);
        }
        Ok((input.at(end), Span::new(start, value_end)))
    }
}

/// Returns the end of the value that begins at `start`, without trailing whitespace.
#[cold]
#[inline(never)]
fn trimmed_end(octets: &[u8], start: usize, end: usize) -> usize {
    start.wrapping_add(trim_ows(octets.get(start..end).unwrap_or(&[])).len())
}

/// The continuation of a value after `obs-fold = OWS CRLF RWS` [RFC 9112 section 5.2], with its
/// `CRLF`
pub(crate) fn continuation<I: Input>(input: I) -> Read<I, Span> {
    read(terminated(text(), crlf(Part::FieldValue)), input)
}
