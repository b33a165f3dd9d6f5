//! A grammar without bareline's code, by which a class shows the error in a message.

use crate::facts::{is_token, split};
use crate::message::trim;
use std::net::Ipv6Addr;

pub(crate) fn is_digits(value: &[u8]) -> bool {
    !value.is_empty() && value.iter().all(u8::is_ascii_digit)
}

/// Returns the number of these digits, if it fits 64 bits.
pub(crate) fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok().filter(|_| is_digits(digits))?.parse().ok()
}

/// `unreserved / pct-encoded / sub-delims`, and these octets besides [RFC 3986 section 3.3]
fn is_encoded(octets: &[u8], others: &[u8]) -> bool {
    let is_plain = |octet: &u8| {
        octet.is_ascii_alphanumeric()
            || b"-._~!$&'()*+,;=%".contains(octet)
            || others.contains(octet)
    };
    octets.iter().all(is_plain) && (others.contains(&b'%') || !has_stray_percent(octets))
}

/// Returns whether a `%` is not followed by two hexadecimal digits.
pub(crate) fn has_stray_percent(octets: &[u8]) -> bool {
    let is_stray = |place: usize| {
        !octets
            .get(place + 1..place + 3)
            .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    (0..octets.len()).any(|place| octets[place] == b'%' && is_stray(place))
}

/// Splits `uri-host [ ":" port ]` [RFC 3986 section 3.2] into the host and the digits of the port.
pub(crate) fn host_and_port(value: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let end = match value.first() {
        Some(b'[') => value.iter().position(|octet| *octet == b']')? + 1,
        _ => value.iter().position(|octet| *octet == b':').unwrap_or(value.len()),
    };
    let (host, rest) = value.split_at(end);
    let is_host = match host {
        [b'[', literal @ .., b']'] => is_literal(literal),
        _ => is_encoded(host, b""),
    };
    let port = match rest {
        [] => None,
        [b':', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => Some(digits),
        _ => return None,
    };
    is_host.then_some((host, port))
}

/// `IPv6address / IPvFuture` [RFC 3986 section 3.2.2]
fn is_literal(literal: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(literal) else { return false };
    let future = text.strip_prefix(['v', 'V']).and_then(|rest| rest.split_once('.'));
    let is_future = future.is_some_and(|(version, address)| {
        let is_version =
            !version.is_empty() && version.bytes().all(|octet| octet.is_ascii_hexdigit());
        is_version
            && !address.is_empty()
            && !address.contains('%')
            && is_encoded(address.as_bytes(), b":")
    });
    is_future || text.parse::<Ipv6Addr>().is_ok()
}

/// Returns whether `host:port` or a `Host` has a port above 65,535, or a port without a host.
pub(crate) fn is_host_without_meaning(value: &[u8]) -> bool {
    let Some((host, port)) = host_and_port(value) else { return false };
    let is_too_large =
        |port: &[u8]| !port.is_empty() && number(port).is_none_or(|port| port > 65_535);
    !value.is_empty() && host.is_empty() || port.is_some_and(is_too_large)
}

/// `scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )` [RFC 3986 section 3.1]
fn is_scheme(scheme: &[u8]) -> bool {
    scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(|octet| octet.is_ascii_alphanumeric() || b"+-.".contains(octet))
}

/// Returns the octets after the scheme of an absolute form and its colon.
pub(crate) fn behind_scheme(target: &[u8]) -> Option<&[u8]> {
    let colon = target.iter().position(|octet| *octet == b':')?;
    is_scheme(&target[..colon]).then(|| &target[colon + 1..])
}

/// Returns the authority of an absolute form, and the path and query.
fn authority_and_path(target: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = behind_scheme(target)?.strip_prefix(b"//")?;
    Some(rest.split_at(
        rest.iter().position(|octet| matches!(octet, b'/' | b'?' | b'#')).unwrap_or(rest.len()),
    ))
}

/// Returns whether the authority of an absolute form or of CONNECT has an `@`.
pub(crate) fn has_userinfo(method: &[u8], target: &[u8]) -> bool {
    let authority = match authority_and_path(target) {
        Some((authority, _)) => authority,
        None if method == b"CONNECT" => target,
        None => &[],
    };
    authority.contains(&b'@')
}

/// `uri-host ":" port` [RFC 9112 section 3.2.3]
pub(crate) fn is_authority_form(target: &[u8]) -> bool {
    host_and_port(target).is_some_and(|(host, port)| {
        !host.is_empty() && port.is_some_and(is_digits) && !is_host_without_meaning(target)
    })
}

/// Returns whether a target has one of the four forms [RFC 9112 section 3.2].
///
/// Path and query may have the octets that bareline accepts.
pub(crate) fn is_target(target: &[u8]) -> bool {
    let is_path = |target: &[u8]| {
        let (path, query) =
            target.split_at(target.iter().position(|octet| *octet == b'?').unwrap_or(target.len()));
        is_encoded(path, b":@/[]|{}^`%") && is_encoded(query, b":@/?[]|{}^`\\%")
    };
    let is_absolute = || {
        let is_whole = |(authority, path): (&[u8], &[u8])| {
            host_and_port(authority).is_some_and(|(host, _)| !host.is_empty())
                && !is_host_without_meaning(authority)
                && is_path(path)
        };
        authority_and_path(target).is_some_and(is_whole)
    };
    target == b"*"
        || target.starts_with(b"/") && is_path(target)
        || is_authority_form(target)
        || is_absolute()
}

/// Returns whether the method allows the form of the target [RFC 9112 section 3.2].
pub(crate) fn suits(method: &[u8], target: &[u8]) -> bool {
    match (method, target) {
        (b"CONNECT", _) => is_authority_form(target),
        (_, b"*") => method == b"OPTIONS",
        _ => target.starts_with(b"/") || authority_and_path(target).is_some(),
    }
}

/// Returns the members of lists, empty ones included [RFC 9110 section 5.6.1].
pub(crate) fn members(values: &[Vec<u8>]) -> Vec<&[u8]> {
    values.iter().flat_map(|value| split(value, b',')).collect()
}

pub(crate) fn is_chunked(member: &[u8]) -> bool {
    member.eq_ignore_ascii_case(b"chunked")
}

/// The fields that control a message, its routing or the connection [RFC 9110 section 6.5.1].
const CONTROL: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "max-forwards",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

pub(crate) fn is_control_field(name: &[u8]) -> bool {
    CONTROL.iter().any(|control| name.eq_ignore_ascii_case(control.as_bytes()))
}

/// An error in a chunked body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ChunkFault {
    /// A line that does not begin with a hexadecimal digit.
    Size,
    /// Whitespace in a chunk line that the grammar does not allow.
    Space,
    /// Octets after a size that are no extension.
    Junk,
    /// An extension that is not in the grammar.
    Extension,
    /// A size that does not fit 64 bits.
    HugeSize,
    /// A sum of sizes that does not fit 64 bits.
    HugeBody,
    /// A line of more than 4,096 octets, or extensions of more than 16,384.
    LongLine,
    /// Data that does not end with CR LF.
    End,
}

/// A chunked body, read up to its first error or its trailers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Chunks {
    pub(crate) fault: Option<ChunkFault>,
    /// The offset of the trailers.
    pub(crate) trailers: Option<usize>,
}

impl Chunks {
    pub(crate) fn of(body: &[u8]) -> Self {
        let mut end = 0;
        match Self::last(body, &mut end) {
            Ok(is_last) => Self { fault: None, trailers: is_last.then_some(end) },
            Err(fault) => Self { fault: Some(fault), trailers: None },
        }
    }

    /// Advances `end` past the last chunk; returns false if the last chunk is missing.
    fn last(body: &[u8], end: &mut usize) -> Result<bool, ChunkFault> {
        let (mut sum, mut extensions) = (0u64, 0);
        loop {
            let rest = body.get(*end..).unwrap_or(&[]);
            let lf = rest.iter().position(|octet| *octet == b'\n');
            if lf.unwrap_or(rest.len()) >= 4_096 {
                return Err(ChunkFault::LongLine);
            }
            let Some(line) = lf.map(|lf| &rest[..lf]) else { return Ok(false) };
            let (line, is_ended) =
                line.strip_suffix(b"\r").map_or((line, false), |line| (line, true));
            let (digits, extension) = line.split_at(
                line.iter().position(|octet| !octet.is_ascii_hexdigit()).unwrap_or(line.len()),
            );
            if let Some(fault) = line_fault(digits, extension) {
                return Err(fault);
            }
            if !is_ended {
                return Ok(false);
            }
            let size = std::str::from_utf8(digits)
                .ok()
                .and_then(|digits| u64::from_str_radix(digits, 16).ok());
            let size = size.ok_or(ChunkFault::HugeSize)?;
            sum = sum.checked_add(size).ok_or(ChunkFault::HugeBody)?;
            extensions += extension.len();
            if extensions > 16_384 {
                return Err(ChunkFault::LongLine);
            }
            *end += line.len() + 2;
            if size == 0 {
                return Ok(true);
            }
            *end = usize::try_from(size)
                .map_or(body.len(), |size| end.saturating_add(size).min(body.len()));
            match &body[*end..] {
                [b'\r', b'\n', ..] => *end += 2,
                [] | [b'\r'] => return Ok(false),
                _ => return Err(ChunkFault::End),
            }
        }
    }
}

/// `chunk-size [ chunk-ext ]` [RFC 9112 section 7.1]
fn line_fault(digits: &[u8], extension: &[u8]) -> Option<ChunkFault> {
    let trimmed = trim(extension);
    match (digits, trimmed) {
        ([], [b' ' | b'\t', ..]) => Some(ChunkFault::Space),
        ([], _) if trimmed.len() < extension.len() => Some(ChunkFault::Space),
        ([], _) => Some(ChunkFault::Size),
        (_, []) if extension.is_empty() => None,
        (_, []) => Some(ChunkFault::Space),
        (_, [b';', rest @ ..]) => match split(rest, b';').iter().all(|part| is_extension(part)) {
            // Bad whitespace is allowed only around `;` and `=`.
            true if extension.ends_with(b" ") || extension.ends_with(b"\t") => {
                Some(ChunkFault::Space)
            }
            true => None,
            false => Some(ChunkFault::Extension),
        },
        _ => Some(ChunkFault::Junk),
    }
}

/// `token [ BWS "=" BWS ( token / quoted-string ) ]` [RFC 9112 section 7.1.1]
fn is_extension(extension: &[u8]) -> bool {
    let equals = extension.iter().position(|octet| *octet == b'=');
    let (name, value) = match equals {
        Some(place) => (&extension[..place], Some(&extension[place + 1..])),
        None => (extension, None),
    };
    is_token(trim(name))
        && value.is_none_or(|value| is_token(trim(value)) || is_quoted(trim(value)))
}

/// `quoted-string` [RFC 9110 section 5.6.4]
fn is_quoted(value: &[u8]) -> bool {
    let [b'"', inner @ .., b'"'] = value else { return false };
    let mut is_escaped = false;
    let is_text = inner.iter().all(|octet| {
        let was_escaped = is_escaped;
        is_escaped = !was_escaped && *octet == b'\\';
        let is_text = *octet == b'\t' || !octet.is_ascii_control();
        is_text && (was_escaped || *octet != b'"')
    });
    is_text && !is_escaped
}
