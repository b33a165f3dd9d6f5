//! The first line of a request.

use super::terminal::{crlf, sp, target_octets, token};
use super::{HttpVersion, Part, Read, Rule, Span, Stop, http_version, read};
use crate::scan::Input;
use nom::Parser;

/// The parts of a request line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct RequestLine {
    pub(crate) method: Span,
    pub(crate) target: Span,
    pub(crate) version: HttpVersion,
}

/// `request-line = method SP request-target SP HTTP-version` [RFC 9112 section 3], and its `CRLF`
#[inline(always)]
pub(crate) fn request_line<I: Input>(input: I) -> Read<I, RequestLine, Stop> {
    let parts = (
        (method(), sp()).within(Part::Method),
        (request_target(), sp()).within(Part::Target),
        (http_version(), crlf()).within(Part::Version),
    );
    let line =
        |((method, ()), (target, ()), (version, ()))| RequestLine { method, target, version };
    read(parts.map(line), input)
}

/// `method = token` [RFC 9112 section 3.1]
#[inline(always)]
fn method<I: Input>() -> impl Rule<I, Span> {
    token()
}

/// The octets of `request-target` [RFC 9112 section 3.2]; the caller determines which of the four
/// forms they have.
#[inline(always)]
fn request_target<I: Input>() -> impl Rule<I, Span> {
    target_octets()
}
