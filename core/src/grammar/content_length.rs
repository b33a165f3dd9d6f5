//! The length of a body.

use super::terminal::{after, rule, run};
use super::{Read, exactly};
use crate::octets;
use crate::scan::Input;

/// Parses `Content-Length`: the length, `None` above 64 bits.
///
/// The error is the position of the first octet that is no digit.
pub(crate) fn content_length(octets: &[u8]) -> Result<Option<u64>, usize> {
    exactly(rule(digits), octets)
}

/// `Content-Length = 1*DIGIT` [RFC 9110 section 8.6]
fn digits<I: Input>(input: I) -> Read<I, Option<u64>> {
    let (mut rest, mut length, mut is_too_large) = (input, 0u64, false);
    while let Some(digit) = rest.octet().and_then(octets::digit) {
        // 64-bit division and checked multiplication are functions on small machines.
        is_too_large |= length > u64::MAX / 10;
        let (sum, is_carried) = length.wrapping_mul(10).overflowing_add(u64::from(digit));
        (length, is_too_large) = (sum, is_too_large | is_carried);
        rest = after(rest, 1);
    }
    run(input, rest.position()).map(|(rest, _)| (rest, (!is_too_large).then_some(length)))
}
