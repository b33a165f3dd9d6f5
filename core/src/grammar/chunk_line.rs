//! The line before the data of a chunk.

use super::terminal::{Inlined, Terminal};
use super::{Part, Read, Rule, Span, crlf, one, parameter, read, rule};
use crate::octets::hex_digit;
use crate::scan::Input;
use nom::Parser;
use nom::branch::alt;
use nom::sequence::terminated;

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
pub(crate) fn chunk_line<I: Input>(input: I) -> Read<I, ChunkLine> {
    let no_extension = crlf(Part::ChunkExtension).map(|()| None);
    let extensions = terminated(rule(chunk_exts), crlf(Part::ChunkExtension)).map(Some);
    let parts = (chunk_size(), alt((no_extension, extensions)));
    read(parts.map(|((digits, size), extensions)| ChunkLine { digits, size, extensions }), input)
}

/// `chunk-size = 1*HEXDIG` [RFC 9112 section 7.1]
#[inline(always)]
fn chunk_size<I: Input>() -> impl Rule<I, (Span, Option<u64>)> {
    Inlined(ChunkSize)
}

struct ChunkSize;

impl<I: Input> Terminal<I> for ChunkSize {
    type Output = (Span, Option<u64>);

    #[inline(always)]
    fn read(&self, input: I) -> Read<I, (Span, Option<u64>)> {
        let start = input.position();
        let (mut after, first) = read(one(Part::ChunkSize, hex_digit), input)?;
        let mut size = u64::from(first);
        while let Some(digit) = after.octet().and_then(hex_digit) {
            size = size << 4 | u64::from(digit);
            after = after.at(after.position().wrapping_add(1));
        }
        let digits = after.position().wrapping_sub(start);
        let fits = digits <= 16 || is_zero(input.octets(), start, digits.wrapping_sub(16));
        Ok((after, (Span::new(start, after.position()), fits.then_some(size))))
    }
}

/// Returns whether the first `count` digits of a long number are all zeros.
#[cold]
#[inline(never)]
fn is_zero(octets: &[u8], start: usize, count: usize) -> bool {
    octets.iter().skip(start).take(count).all(|&digit| digit == b'0')
}

/// `chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )` [RFC 9112 section
/// 7.1.1]
fn chunk_exts<I: Input>(mut input: I) -> Read<I, Span> {
    let start = input.position();
    while matches!(input.octet(), Some(b' ' | b'\t' | b';')) {
        (input, _) = parameter(input)?;
    }
    Ok((input, Span::new(start, input.position())))
}
