//! The first line of a response.

use super::terminal::{crlf, digit, octet, one, rule, sp, text};
use super::{HttpVersion, Part, Read, Rule, Span, Stop, http_version, read};
use crate::octets;
use crate::scan::Input;
use nom::Parser;
use nom::branch::alt;
use nom::combinator::peek;

/// The parts of a status line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct StatusLine {
    pub(crate) version: HttpVersion,
    pub(crate) code: u16,
    pub(crate) reason: Span,
}

/// `status-line = HTTP-version SP status-code SP [ reason-phrase ]` [RFC 9112 section 4], and its
/// `CRLF`; the second `SP` may be missing before it
#[inline(always)]
pub(crate) fn status_line<I: Input>(input: I) -> Read<I, StatusLine, Stop> {
    let parts = (
        (http_version(), sp()).within(Part::Version),
        (status_code(), alt((sp(), peek(octet(b'\r'))))).within(Part::StatusCode),
        (reason_phrase(), crlf()).within(Part::Reason),
    );
    let line = |((version, ()), (code, ()), (reason, ()))| StatusLine { version, code, reason };
    read(parts.map(line), input)
}

/// `status-code = 3DIGIT` [RFC 9112 section 4]; the first digit is not zero
#[inline(always)]
fn status_code<I: Input>() -> impl Rule<I, u16> {
    let class = rule(|input| one(input, |octet| octets::digit(octet).filter(|&value| value != 0)));
    (class, digit(), digit()).map(|(hundreds, tens, ones)| {
        u16::from(hundreds) * 100 + u16::from(tens) * 10 + u16::from(ones)
    })
}

/// `[ reason-phrase ]`, where `reason-phrase = 1*( HTAB / SP / VCHAR / obs-text )` [RFC 9112
/// section 4]
#[inline(always)]
fn reason_phrase<I: Input>() -> impl Rule<I, Span> {
    text()
}
