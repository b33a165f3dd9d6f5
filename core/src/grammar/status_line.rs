//! The first line of a response.

use super::{
    HttpVersion, Part, Read, Rule, Span, Stop, crlf, http_version, octet, one, read, rule, text,
};
use crate::octets::digit;
use crate::scan::Input;
use nom::Parser;
use nom::sequence::terminated;

/// The parts of a status line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StatusLine {
    pub(crate) version: HttpVersion,
    pub(crate) code: u16,
    pub(crate) reason: Span,
}

/// `status-line = HTTP-version SP status-code SP [ reason-phrase ] CRLF` [RFC 9112 section 4], or
/// with `CRLF` directly after the code
#[inline(always)]
pub(crate) fn status_line<I: Input>(input: I) -> Read<I, StatusLine> {
    let parts = (
        terminated(http_version(), octet(Part::Version, b' ')),
        terminated(status_code(), sp_or_line_end()),
        terminated(text(), crlf(Part::Reason)),
    );
    read(parts.map(|(version, code, reason)| StatusLine { version, code, reason }), input)
}

/// `SP`, or nothing before a CR
#[inline(always)]
fn sp_or_line_end<I: Input>() -> impl Rule<I, ()> {
    // The next rule reads the CR.
    rule(|input: I| match input.octet() {
        Some(b' ') => Ok((input.at(input.position().wrapping_add(1)), ())),
        Some(b'\r') => Ok((input, ())),
        _ => Err(Stop { part: Part::StatusCode, position: input.position() }),
    })
}

/// `status-code = 3DIGIT` [RFC 9112 section 4]; the first digit is not zero.
#[inline(always)]
fn status_code<I: Input>() -> impl Rule<I, u16> {
    let class = one(Part::StatusCode, |octet| digit(octet).filter(|&value| value != 0));
    let other = || one(Part::StatusCode, digit);
    (class, other(), other()).map(|(hundreds, tens, ones)| {
        u16::from(hundreds) * 100 + u16::from(tens) * 10 + u16::from(ones)
    })
}
