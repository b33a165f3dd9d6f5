//! The line before the data of a chunk.

use super::{Part, Rule, Span, crlf, octet, one, ows, token};
use crate::octets::{TEXT, is};
use crate::scan::Input;
use nom::Parser;
use nom::branch::alt;
use nom::combinator::{cut, opt};
use nom::sequence::{preceded, terminated};

/// The parts of a chunk line.
#[derive(Clone, Copy)]
pub(crate) struct ChunkLine {
    pub(crate) digits: Span,
    /// `None` when it does not fit into 64 bits.
    pub(crate) size: Option<u64>,
    pub(crate) extensions: Span,
}

/// A chunk extension, as it stands.
#[derive(Clone, Copy)]
pub(crate) struct ChunkExt {
    pub(crate) name: Span,
    pub(crate) value: Option<Span>,
}

/// `chunk-size [ chunk-ext ] CRLF` [RFC 9112 section 7.1]
#[inline(always)]
pub(crate) fn chunk_line<I: Input>(input: I) -> Rule<I, ChunkLine> {
    (chunk_size, terminated(chunk_exts, crlf(Part::ChunkExtension)))
        .map(|((digits, size), extensions)| ChunkLine { digits, size, extensions })
        .parse(input)
}

/// `chunk-size = 1*HEXDIG` [RFC 9112 section 7.1]
#[inline(always)]
fn chunk_size<I: Input>(input: I) -> Rule<I, (Span, Option<u64>)> {
    let start = input.position();
    let (mut input, first) = one(Part::ChunkSize, hex_digit)(input)?;
    let mut size = Some(u64::from(first));
    while let Some(digit) = input.octet().and_then(hex_digit) {
        size = size.filter(|size| size >> 60 == 0).map(|size| size << 4 | u64::from(digit));
        input = input.at(input.position().wrapping_add(1));
    }
    Ok((input, (Span::new(start, input.position()), size)))
}

/// `chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )` [RFC 9112 section 7.1.1]
#[inline(always)]
fn chunk_exts<I: Input>(mut input: I) -> Rule<I, Span> {
    let start = input.position();
    while matches!(input.octet(), Some(b' ' | b'\t' | b';')) {
        (input, _) = chunk_ext(input)?;
    }
    Ok((input, Span::new(start, input.position())))
}

/// One of `chunk-ext` [RFC 9112 section 7.1.1].
pub(crate) fn chunk_ext<I: Input>(input: I) -> Rule<I, ChunkExt> {
    let sign = |sign| (ows, octet(Part::ChunkExtension, sign), ows);
    (preceded(sign(b';'), token(Part::ChunkExtension)), opt(preceded(sign(b'='), cut(chunk_ext_val))))
        .map(|(name, value)| ChunkExt { name, value })
        .parse(input)
}

/// `chunk-ext-val = token / quoted-string` [RFC 9112 section 7.1.1]
fn chunk_ext_val<I: Input>(input: I) -> Rule<I, Span> {
    alt((token(Part::ChunkExtension), quoted_string)).parse(input)
}

/// `quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE` [RFC 9110 section 5.6.4], as it stands
fn quoted_string<I: Input>(input: I) -> Rule<I, Span> {
    let start = input.position();
    let is_text = |octet| is(octet, TEXT).then_some(octet);
    let (mut input, ()) = octet(Part::ChunkExtension, b'"')(input)?;
    loop {
        let (after, octet) = one(Part::ChunkExtension, is_text)(input)?;
        input = match octet {
            b'"' => return Ok((after, Span::new(start, after.position()))),
            b'\\' => one(Part::ChunkExtension, is_text)(after)?.0,
            _ => after,
        };
    }
}

/// The value of a hexadecimal digit.
#[inline(always)]
fn hex_digit(octet: u8) -> Option<u8> {
    match octet {
        b'0'..=b'9' => Some(octet.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(octet.wrapping_sub(b'a' - 10)),
        b'A'..=b'F' => Some(octet.wrapping_sub(b'A' - 10)),
        _ => None,
    }
}
