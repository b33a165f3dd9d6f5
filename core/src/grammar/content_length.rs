//! The length of a body.

use crate::error::ParseErrorKind;
use crate::octets::digit;

/// Parses `Content-Length = 1*DIGIT` [RFC 9110 section 8.6].
///
/// Fails for octets that are no number, and for a length above 64 bits.
pub(crate) fn content_length(octets: &[u8]) -> Result<u64, ParseErrorKind> {
    let (mut end, mut length, mut is_too_large) = (0usize, 0u64, false);
    while let Some(digit) = octets.get(end).and_then(|&octet| digit(octet)) {
        // 64-bit division and checked multiplication are functions on small machines: in halves.
        let low = (length & HALF) * 10 + u64::from(digit);
        let high = (length >> 32) * 10 + (low >> 32);
        is_too_large |= high > HALF;
        length = high << 32 | low & HALF;
        end = end.wrapping_add(1);
    }
    if end == 0 || end < octets.len() {
        Err(ParseErrorKind::ContentLength)
    } else if is_too_large {
        Err(ParseErrorKind::ContentLengthTooLarge)
    } else {
        Ok(length)
    }
}

const HALF: u64 = u32::MAX as u64;
