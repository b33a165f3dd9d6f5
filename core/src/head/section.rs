//! The field section, line by line, and what happens when a line is not whole or not right.

use super::{LentSpans, Limits};
use crate::error::{ErrorKind, ParseError};
use crate::framing::FramingFacts;
use crate::grammar::{HttpVersion, Stop, field_line_or_end};
use crate::scan::Input;
use crate::value::Version;
use nom::Err;

/// Reads field lines up to the empty line; gives the position behind it, or `None` when more octets are needed.
///
/// `is_fault` tells which of the facts is a fault as soon as its line is read.
#[inline(always)]
pub(super) fn field_section<I: Input>(
    mut input: I,
    limits: &Limits,
    spans: &mut LentSpans<'_>,
    facts: &mut FramingFacts,
    is_fault: impl Fn(&FramingFacts) -> Option<ParseError>,
) -> Result<Option<I>, ParseError> {
    loop {
        let line_start = input.position();
        let (after, line) = match field_line_or_end(input) {
            Ok(read) => read,
            Err(cause) => {
                let limit = usize::from(limits.head).wrapping_sub(line_start);
                return unread_line(cause, input.octets(), line_start, limit, ErrorKind::HeadTooLong);
            }
        };
        let Some(line) = line else {
            return Ok(Some(after));
        };
        if spans.push(line).is_err() {
            let len = after.position().wrapping_sub(line_start);
            return Err(ParseError::new(ErrorKind::TooManyFields, line_start, len));
        }
        facts.see(input.octets(), line);
        if let Some(fault) = is_fault(facts) {
            return Err(fault);
        }
        input = after;
    }
}

/// What it means that a line could not be read: nothing yet, while its end may still come; the fault, once the line is whole
/// or has reached its limit. So the verdict is the same however the octets were cut into reads.
#[cold]
#[inline(never)]
pub(super) fn unread_line<T>(
    cause: Err<Stop>,
    octets: &[u8],
    line_start: usize,
    limit: usize,
    too_long: ErrorKind,
) -> Result<Option<T>, ParseError> {
    let line = octets.get(line_start..).unwrap_or(&[]);
    let is_whole = line.iter().take(limit).any(|&octet| octet == b'\n');
    match cause {
        Err::Error(stop) | Err::Failure(stop) if is_whole || line.len() >= limit => Err(stop.error(octets, line_start)),
        Err::Incomplete(_) if line.len() >= limit => Err(ParseError::new(too_long, line_start.saturating_add(limit), 0)),
        _ => Ok(None),
    }
}

/// The version that this one is handled as [RFC 9110 section 6.2].
#[inline(always)]
pub(super) fn known_version(version: HttpVersion) -> Result<Version, ParseError> {
    match (version.major, version.minor) {
        (1, 0) => Ok(Version::Http10),
        (1, _) => Ok(Version::Http11),
        _ => Err(ParseError::new(ErrorKind::VersionNotSupported, version.start, "HTTP/1.1".len())),
    }
}
