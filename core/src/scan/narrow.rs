//! The scanner where registers are narrow, and what else differs there: less flash before speed.

use super::Words;
use crate::octets::{REG_NAME, run_end};
use core::cell::Cell;

/// The source from which heads are parsed.
pub(crate) type HeadSource<'b> = Words<'b>;

/// Returns the end of a run of `reg-name` without percent-encoded octets [RFC 3986 section 3.2.2].
pub(crate) fn name_end(octets: &[u8], position: usize) -> usize {
    run_end(octets, position, REG_NAME)
}

/// Returns `None`, since narrow machines take no fast path.
#[inline(always)]
pub(crate) const fn fast_path<T: Copy>(_: T) -> Option<T> {
    None
}

/// Returns the `N` octets from `start`.
#[inline(always)]
pub(crate) fn chunk_at<const N: usize>(octets: &[u8], start: usize) -> Option<&[u8; N]> {
    octets.get(start..)?.first_chunk()
}

/// Returns whether CR LF is at `start`.
#[inline(always)]
pub(crate) fn is_line_end(octets: &[u8], start: usize) -> bool {
    octets.get(start) == Some(&b'\r') && octets.get(start.wrapping_add(1)) == Some(&b'\n')
}

/// Returns whether a LF is at or after `position`.
#[allow(clippy::manual_contains, reason = "`contains` is inlined at each place, and long")]
pub(crate) fn has_line_feed(octets: &[u8], position: usize) -> bool {
    octets.get(position..).unwrap_or(&[]).iter().any(|&octet| octet == b'\n')
}

/// Returns whether two texts are equal.
///
/// A loop is smaller than `memcmp`, if a firmware needs that for nothing else.
#[inline(never)]
pub(crate) fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one == other)
}

/// Returns whether a token equals `lower`, a name in lower case, ignoring case.
#[inline(never)]
pub(crate) fn is_name(token: &[u8], lower: &[u8]) -> bool {
    // The bit of a letter's case. It also equates `-` and digits with control octets, which neither
    // names nor values hold.
    token.len() == lower.len()
        && token.iter().zip(lower).all(|(octet, lower)| octet | 0x20 == *lower)
}

/// Returns false: narrow machines take no fast path to octets without controls.
#[inline(always)]
pub(crate) const fn is_plain(_: &[u8]) -> bool {
    false
}

/// Returns whether the octets are `HTTP/1.1`.
#[inline(always)]
pub(crate) const fn is_http11(octets: &[u8; 8]) -> bool {
    let [a, b, c, d, e, f, g, h] = *octets;
    u32::from_ne_bytes([a, b, c, d]) == u32::from_ne_bytes(*b"HTTP")
        && u32::from_ne_bytes([e, f, g, h]) == u32::from_ne_bytes(*b"/1.1")
}

/// Returns the value of a hexadecimal digit.
#[inline(always)]
pub(crate) const fn hex_digit(octet: u8) -> Option<u8> {
    crate::octets::hex_value(octet)
}

/// Copies octets from the beginning of `from` to `to`, up to the end of the shorter one.
///
/// A loop is smaller than a call: a firmware may need `memmove` for nothing else.
#[inline(always)]
pub(crate) fn copy(from: &[u8], to: &mut [u8]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}

/// Copies octets to a slice of the same length, which is mostly short.
#[inline(always)]
pub(crate) fn copy_short(from: &[u8], to: &mut [u8]) {
    copy(from, to);
}

/// Moves the octets from `gap` on to the front.
pub(crate) fn move_to_front(octets: &mut [u8], gap: usize) {
    // Front to back, no octet is overwritten before it is moved. This loop is small; a call of
    // `copy_within` needs a large one.
    let octets = Cell::from_mut(octets).as_slice_of_cells();
    octets.iter().zip(octets.iter().skip(gap)).for_each(|(to, from)| to.set(from.get()));
}

/// False: a jump table takes flash.
pub(crate) const HAS_ROOM_FOR_JUMP_TABLES: bool = false;

/// Returns the quotient and the remainder by ten, octet by octet: the processor has no division of
/// 64 bits.
#[inline(always)]
pub(crate) fn div_ten(number: u64) -> (u64, u8) {
    let mut rest = 0;
    let quotient = number.to_be_bytes().map(|octet| {
        let part = u16::from_be_bytes([rest, octet]);
        rest = (part % 10).to_le_bytes()[0];
        (part / 10).to_le_bytes()[0]
    });
    (u64::from_be_bytes(quotient), rest)
}
