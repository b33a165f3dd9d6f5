//! Classes by the vector registers of every 64-bit x86.

use super::classes::{Classes, ROW};
use safe_arch::{
    add_i8_m128i, bitor_m128i, bitxor_m128i, cmp_eq_mask_i8_m128i, cmp_gt_mask_i8_m128i,
    load_unaligned_m128i, m128i, min_u8_m128i, move_mask_i8_m128i, set_splat_i8_m128i,
    sub_i8_m128i, sub_saturating_u8_m128i,
};

/// SSE2: 128 bits at a time.
#[derive(Clone, Copy)]
pub(crate) struct Sse2;

impl Classes for Sse2 {
    const IS_EXACT: bool = false;

    #[inline(always)]
    fn nontoken(row: &[u8; ROW]) -> u64 {
        let row = load_unaligned_m128i(row);
        let letter = beyond(bitor_m128i(row, all(0x20)), b'a', b'z');
        let digit = beyond(row, b'0', b'9');
        let hyphen = bitxor_m128i(row, all(b'-'));
        unmarked(min_u8_m128i(min_u8_m128i(letter, digit), hyphen)) ^ 0xffff
    }

    #[inline(always)]
    fn nontext(row: &[u8; ROW]) -> u64 {
        // DEL plus one is negative as `i8`, and so are octets that are not ASCII.
        marks(cmp_gt_mask_i8_m128i(all(b'!'), add_i8_m128i(load_unaligned_m128i(row), all(1))))
    }

    #[inline(always)]
    fn nonname(row: &[u8; ROW]) -> u64 {
        let row = load_unaligned_m128i(row);
        let letter = beyond(bitor_m128i(row, all(0x20)), b'a', b'z');
        let digit = beyond(row, b'0', b'9');
        unmarked(min_u8_m128i(min_u8_m128i(letter, digit), beyond(row, b'-', b'.'))) ^ 0xffff
    }

    #[inline(always)]
    fn nontarget(row: &[u8; ROW]) -> u64 {
        let row = load_unaligned_m128i(row);
        let lower = min_u8_m128i(beyond(row, b'a', b'z'), bitxor_m128i(row, all(b'=')));
        let upper = min_u8_m128i(beyond(row, b'?', b'Z'), bitxor_m128i(row, all(b'_')));
        unmarked(min_u8_m128i(min_u8_m128i(lower, upper), beyond(row, b'$', b';'))) ^ 0xffff
    }
}

#[inline(always)]
fn all(octet: u8) -> m128i {
    set_splat_i8_m128i(octet.cast_signed())
}

/// Returns the distance of each octet from a range: zero within it.
#[inline(always)]
fn beyond(row: m128i, first: u8, last: u8) -> m128i {
    sub_saturating_u8_m128i(sub_i8_m128i(row, all(first)), all(last.wrapping_sub(first)))
}

/// Marks the octets that are zero.
#[inline(always)]
fn unmarked(row: m128i) -> u64 {
    marks(cmp_eq_mask_i8_m128i(row, all(0)))
}

/// Marks the octets whose highest bit is set.
#[inline(always)]
fn marks(row: m128i) -> u64 {
    u64::from(move_mask_i8_m128i(row).cast_unsigned())
}
