//! The first line of a response.

use super::{HttpVersion, Part, Read, Rule, Span, crlf, http_version, octet, one, read, rule, text};
use crate::octets::digit;
use crate::scan::Input;
use nom::Parser;
use nom::sequence::{delimited, terminated};

/// The parts of a status line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StatusLine {
    pub(crate) version: HttpVersion,
    pub(crate) code: u16,
    pub(crate) reason: Span,
}

/// `status-line = HTTP-version SP status-code SP [ reason-phrase ] CRLF` [RFC 9112 section 4], or
/// without the second SP and a reason phrase
#[inline(always)]
pub(crate) fn status_line<I: Input>(input: I) -> Read<I, StatusLine> {
    let parts = (terminated(http_version(), octet(Part::Version, b' ')), status_code(), rest_of_line());
    read(parts.map(|(version, code, reason)| StatusLine { version, code, reason }), input)
}

/// `SP [ reason-phrase ] CRLF` [RFC 9112 section 4], or the `CRLF` alone
#[inline(always)]
fn rest_of_line<I: Input>() -> impl Rule<I, Span> {
    rule(|input: I| match input.octet() {
        Some(b'\r') => {
            let phrase = Span::new(input.position(), input.position());
            read(crlf(Part::StatusCode).map(|()| phrase), input)
        }
        _ => read(delimited(octet(Part::StatusCode, b' '), text(), crlf(Part::Reason)), input),
    })
}

/// `status-code = 3DIGIT` [RFC 9112 section 4], the first of them not zero.
#[inline(always)]
fn status_code<I: Input>() -> impl Rule<I, u16> {
    let class = one(Part::StatusCode, |octet| digit(octet).filter(|&value| value != 0));
    let other = || one(Part::StatusCode, digit);
    (class, other(), other()).map(|(hundreds, tens, ones)| u16::from(hundreds) * 100 + u16::from(tens) * 10 + u16::from(ones))
}
