//! Classes for every target: rows in words of 64 bits, blocks in a loop that the compiler
//! vectorizes.

use super::classes::{BLOCK, Classes, ROW};

/// Words of 64 bits, without vector instructions.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

impl Classes for Portable {
    const IS_EXACT: bool = false;

    /// Marks digits too, which are rare in names.
    #[inline(always)]
    fn nontoken(row: &[u8; ROW]) -> u64 {
        by_words(row, |word| !(within(word | (0x20 * ONES), b'a', b'z') | within(word, b'-', b'-')))
    }

    /// Marks some octets after a marked one too, because of its borrow.
    #[inline(always)]
    fn nontext(row: &[u8; ROW]) -> u64 {
        by_words(row, |word| {
            let without_del = word ^ (0x7f * ONES);
            (word.wrapping_sub(0x20 * ONES) & !word)
                | (without_del.wrapping_sub(ONES) & !without_del)
        })
    }

    #[inline(always)]
    fn nonname(row: &[u8; ROW]) -> u64 {
        by_words(row, |word| {
            !(within(word | (0x20 * ONES), b'a', b'z')
                | within(word, b'0', b'9')
                | within(word, b'-', b'.'))
        })
    }

    #[inline(always)]
    fn nontarget(row: &[u8; ROW]) -> u64 {
        by_words(row, |word| {
            !(within(word, b'$', b';')
                | within(word, b'?', b'Z')
                | within(word, b'a', b'z')
                | within(word, b'=', b'='))
        })
    }

    /// Marks octet `16 r + c` in bit `2 r` of lane `c`, and then transposes the 64 marks into their
    /// order.
    #[inline(always)]
    #[allow(
        clippy::indexing_slicing,
        reason = "a loop over the lanes of an array is what becomes vectors, and no index is out \
                  of range"
    )]
    fn nontext_of(block: &[u8; BLOCK]) -> u64 {
        let mut lanes = [0; ROW];
        let mut lane = 0;
        while lane < ROW {
            lanes[lane] = (nontext(block[lane]) & 1)
                | (nontext(block[ROW + lane]) & 1 << 2)
                | (nontext(block[2 * ROW + lane]) & 1 << 4)
                | (nontext(block[3 * ROW + lane]) & 1 << 6);
            lane += 1;
        }
        match lanes.as_chunks() {
            ([first, second], _) => {
                transposed(u64::from_le_bytes(*first) | u64::from_le_bytes(*second) << 1)
            }
            _ => 0,
        }
    }
}

/// Returns all bits for a control, HTAB included, and none otherwise.
#[inline(always)]
const fn nontext(octet: u8) -> u8 {
    if (octet < b' ') | (octet == 0x7f) { u8::MAX } else { 0 }
}

/// Transposes 8 by 8 bits: bit `c` of octet `r` becomes bit `r` of octet `c`. Each of three steps
/// exchanges squares of twice the size.
#[inline(always)]
const fn transposed(bits: u64) -> u64 {
    let bits = exchanged(bits, 7, 0x00aa_00aa_00aa_00aa);
    let bits = exchanged(bits, 14, 0x0000_cccc_0000_cccc);
    exchanged(bits, 28, 0x0000_0000_f0f0_f0f0)
}

#[inline(always)]
const fn exchanged(bits: u64, distance: u32, which: u64) -> u64 {
    let unlike = (bits ^ (bits >> distance)) & which;
    bits ^ unlike ^ (unlike << distance)
}

const ONES: u64 = u64::MAX / 0xff;
const HIGH_BITS: u64 = ONES << 7;

/// Sets the highest bits of the octets in a range of ASCII.
#[inline(always)]
const fn within(word: u64, first: u8, last: u8) -> u64 {
    let ascii = word & !HIGH_BITS;
    let from_first = ascii.wrapping_add(ONES * (0x80 - first as u64));
    let behind_last = ascii.wrapping_add(ONES * (0x7f - last as u64));
    from_first & !behind_last & !word
}

/// Marks the octets of which `outside` sets the highest bit.
#[inline(always)]
fn by_words(row: &[u8; ROW], outside: fn(u64) -> u64) -> u64 {
    let marks = |word: &[u8; 8]| {
        let outside = outside(u64::from_le_bytes(*word)) & HIGH_BITS;
        // Moves the highest bits next to each other.
        (outside >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
    };
    match row.as_chunks() {
        ([first, second], _) => marks(first) | marks(second) << 8,
        _ => 0,
    }
}
