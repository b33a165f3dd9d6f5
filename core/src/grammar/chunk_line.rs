//! The line before the data of a chunk.

use super::terminal::{after, crlf, hexdig, many, rule, span, terminals};
use super::{Part, Read, Rule, Span, Stop, parameter, read};
use crate::scan::{Input, hex_digit};
use nom::Parser;
use nom::branch::alt;

/// The parts of a chunk line.
#[derive(Clone, Copy)]
pub(crate) struct ChunkLine {
    pub(crate) digits: Span,
    /// `None` when the size does not fit into 64 bits.
    pub(crate) size: Option<u64>,
    pub(crate) extensions: Option<Span>,
}

/// `chunk-size [ chunk-ext ] CRLF` [RFC 9112 section 7.1]
#[inline(always)]
pub(crate) fn chunk_line<I: Input>(input: I) -> Read<I, ChunkLine, Stop> {
    let no_extension = crlf().within(Part::ChunkExtension).map(|()| None);
    let extensions = (span(chunk_ext), crlf().within(Part::ChunkExtension));
    let parts = (
        chunk_size().within(Part::ChunkSize),
        alt((no_extension, extensions.map(|(extensions, ())| Some(extensions)))),
    );
    let line = |((digits, size), extensions)| ChunkLine { digits, size, extensions };
    read(parts.map(line), input)
}

terminals! {
    /// `chunk-size = 1*HEXDIG` [RFC 9112 section 7.1]: the digits, and their value
    chunk_size(input) -> (Span, Option<u64>) = hexadecimal(input);
}

#[inline(always)]
fn hexadecimal<I: Input>(input: I) -> Read<I, (Span, Option<u64>)> {
    let start = input.position();
    let (mut rest, first) = read(hexdig(), input)?;
    let mut size = u64::from(first);
    while let Some(digit) = rest.octet().and_then(hex_digit) {
        size = size << 4 | u64::from(digit);
        rest = after(rest, 1);
    }
    let count = rest.position().wrapping_sub(start);
    let fits = count <= 16 || is_zero(input.octets(), start, count.wrapping_sub(16));
    Ok((rest, (Span::new(start, rest.position()), fits.then_some(size))))
}

/// Returns whether the first `count` digits of a long number are all zeros.
#[cold]
#[inline(never)]
fn is_zero(octets: &[u8], start: usize, count: usize) -> bool {
    octets.iter().skip(start).take(count).all(|&digit| digit == b'0')
}

/// `chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )` [RFC 9112 section
/// 7.1.1]
#[inline(always)]
fn chunk_ext<I: Input>() -> impl Rule<I, (), Stop> {
    many(|| {
        rule(|input: I| {
            parameter(input.octets(), input.position()).map(|(end, _)| (input.at(end), ()))
        })
    })
}
