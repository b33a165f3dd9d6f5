//! The scanner where registers are wide, and what else differs there: speed before code size.
//!
//! Octets are marked in bitmaps, by the widest registers the program is compiled for.

use super::bitmaps::{self, Bitmaps};
use crate::octets::is_alike;

#[cfg(all(feature = "simd", target_feature = "avx2"))]
use bitmaps::avx2::Avx2 as Best;
#[cfg(all(feature = "simd", target_arch = "aarch64", target_endian = "little"))]
use bitmaps::neon::Neon as Best;
#[cfg(not(all(
    feature = "simd",
    any(target_feature = "sse2", all(target_arch = "aarch64", target_endian = "little"))
)))]
use bitmaps::portable::Portable as Best;
#[cfg(all(feature = "simd", target_feature = "sse2", not(target_feature = "avx2")))]
use bitmaps::sse2::Sse2 as Best;

/// The source from which heads are parsed.
pub(crate) type HeadSource<'b> = Bitmaps<'b, Best>;

/// Returns the end of a run of `reg-name` without percent-encoded octets [RFC 3986 section 3.2.2].
#[inline(always)]
pub(crate) fn name_end(octets: &[u8], position: usize) -> usize {
    bitmaps::name_end::<Best>(octets, position)
}

/// Returns the input, since wide machines take fast paths.
#[inline(always)]
pub(crate) const fn fast_path<T: Copy>(input: T) -> Option<T> {
    Some(input)
}

/// Returns the `N` octets from `start`.
#[inline(always)]
pub(crate) fn chunk_at<const N: usize>(octets: &[u8], start: usize) -> Option<&[u8; N]> {
    octets.get(start..start.wrapping_add(N))?.first_chunk()
}

/// Returns whether CR LF is at `start`.
#[inline(always)]
pub(crate) fn is_line_end(octets: &[u8], start: usize) -> bool {
    chunk_at(octets, start) == Some(b"\r\n")
}

/// Returns whether a LF is at or after `position`.
pub(crate) fn has_line_feed(octets: &[u8], position: usize) -> bool {
    octets.get(position..).unwrap_or(&[]).contains(&b'\n')
}

/// Returns whether two texts are equal.
#[inline(always)]
pub(crate) fn is_same(one: &[u8], other: &[u8]) -> bool {
    one == other
}

/// Returns whether a token equals `lower`, a name in lower case, ignoring case.
#[inline(always)]
pub(crate) fn is_name(token: &[u8], lower: &[u8]) -> bool {
    // The bit of a letter's case. It also equates `-` and digits with control
    // octets, which neither names nor values hold.
    const CASE: u64 = u64::from_ne_bytes([0x20; 8]);
    let word = |octets: Option<&[u8; 8]>| octets.map(|octets| u64::from_ne_bytes(*octets) | CASE);
    let half = |octets: Option<&[u8; 4]>| {
        octets.map(|octets| u64::from(u32::from_ne_bytes(*octets)) | CASE)
    };
    token.len() == lower.len()
        && match lower.len() {
            4 => half(token.first_chunk()) == half(lower.first_chunk()),
            5..=8 => {
                half(token.first_chunk()) == half(lower.first_chunk())
                    && half(token.last_chunk()) == half(lower.last_chunk())
            }
            9..=16 => {
                word(token.first_chunk()) == word(lower.first_chunk())
                    && word(token.last_chunk()) == word(lower.last_chunk())
            }
            _ => is_alike(token, lower),
        }
}

/// Returns whether there are eight or more octets and none is a control octet, HTAB included.
///
/// Checks eight octets at a time; the last eight may overlap those before them.
#[inline(always)]
pub(crate) fn is_plain(octets: &[u8]) -> bool {
    const fn each(octet: u8) -> u64 {
        u64::from_ne_bytes([octet; 8])
    }
    /// Returns whether an octet is less than `than`, which is 0x80 at most.
    fn has_less(word: u64, than: u8) -> bool {
        word.wrapping_sub(each(than)) & !word & each(0x80) != 0
    }
    let has_none = |word: &[u8; 8]| {
        let word = u64::from_ne_bytes(*word);
        !has_less(word, b' ') && !has_less(word ^ each(0x7f), 1)
    };
    octets.last_chunk().is_some_and(has_none) && octets.as_chunks().0.iter().all(has_none)
}

/// Returns whether the octets are `HTTP/1.1`: one word. The compiler compares a pattern octet by
/// octet.
#[inline(always)]
pub(crate) fn is_http11(octets: &[u8; 8]) -> bool {
    octets == b"HTTP/1.1"
}

/// Returns the value of a hexadecimal digit.
#[inline(always)]
pub(crate) const fn hex_digit(octet: u8) -> Option<u8> {
    #[allow(clippy::indexing_slicing, reason = "a table of 256 entries has one for every u8")]
    match HEX_DIGITS[octet as usize] {
        value @ 0..=15 => Some(value),
        _ => None,
    }
}

#[allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated at compile time, over 0..256"
)]
const HEX_DIGITS: [u8; 256] = {
    let mut table = [u8::MAX; 256];
    let mut at = 0;
    while at < 256 {
        if let Some(value) = crate::octets::hex_value(at as u8) {
            table[at] = value;
        }
        at += 1;
    }
    table
};

/// Copies octets from the beginning of `from` to `to`, up to the end of the shorter one.
#[inline(always)]
pub(crate) fn copy(from: &[u8], to: &mut [u8]) {
    let count = from.len().min(to.len());
    // The optimizer sees equal lengths and removes the panic of the copy.
    if let (Some(from), Some(to)) = (from.get(..count), to.get_mut(..count)) {
        to.copy_from_slice(from);
    }
}

/// Copies octets to a slice of the same length, which is mostly short.
///
/// From 4 to 32 octets go through registers instead of a call: two copies of one size, which
/// overlap.
#[inline(always)]
pub(crate) fn copy_short(from: &[u8], to: &mut [u8]) {
    // A match of ranges takes more instructions.
    match (from.len() >= 8, from.len() <= 16, from.len() <= 32, from.len() >= 4) {
        (true, true, ..) => overlapping::<8>(from, to),
        (true, _, true, _) => overlapping::<16>(from, to),
        (false, .., true) => overlapping::<4>(from, to),
        _ => copy(from, to),
    }
}

/// Copies from `N` to `2 * N` octets.
#[inline(always)]
fn overlapping<const N: usize>(from: &[u8], to: &mut [u8]) {
    if let (Some(first), Some(last), Some(to_first)) =
        (from.first_chunk::<N>(), from.last_chunk::<N>(), to.first_chunk_mut())
    {
        *to_first = *first;
        if let Some(to_last) = to.last_chunk_mut() {
            *to_last = *last;
        }
    }
}

/// Moves the octets from `gap` on to the front.
pub(crate) fn move_to_front(octets: &mut [u8], gap: usize) {
    if gap <= octets.len() {
        octets.copy_within(gap.., 0);
    }
}

/// True: a jump table is fast.
pub(crate) const HAS_ROOM_FOR_JUMP_TABLES: bool = true;

/// Returns the quotient and the remainder by ten.
#[inline(always)]
pub(crate) const fn div_ten(number: u64) -> (u64, u8) {
    (number / 10, (number % 10).to_le_bytes()[0])
}
