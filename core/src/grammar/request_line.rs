//! The first line of a request.

use super::{HttpVersion, Part, Read, Rule, Span, crlf, http_version, octet, read, target, token};
use crate::scan::Input;
use nom::Parser;
use nom::sequence::terminated;

/// The parts of a request line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestLine {
    pub(crate) method: Span,
    pub(crate) target: Span,
    pub(crate) version: HttpVersion,
}

/// `request-line = method SP request-target SP HTTP-version CRLF` [RFC 9112 section 3]
#[inline(always)]
pub(crate) fn request_line<I: Input>(input: I) -> Read<I, RequestLine> {
    let parts = (
        terminated(method(), octet(Part::Method, b' ')),
        terminated(request_target(), octet(Part::Target, b' ')),
        terminated(http_version(), crlf(Part::Version)),
    );
    read(parts.map(|(method, target, version)| RequestLine { method, target, version }), input)
}

/// `method = token` [RFC 9112 section 3.1]
#[inline(always)]
fn method<I: Input>() -> impl Rule<I, Span> {
    token(Part::Method)
}

/// The octets of `request-target` [RFC 9112 section 3.2]; the caller determines which of the four
/// forms they have.
#[inline(always)]
fn request_target<I: Input>() -> impl Rule<I, Span> {
    target()
}
