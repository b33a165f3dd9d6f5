//! Classes for every target: rows in words of 64 bits, blocks and lines in loops that the compiler
//! vectorizes.

use super::classes::{BLOCK, Classes, ROW};

/// Words of 64 bits, and vectors where the compiler makes them.
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

    #[inline(always)]
    fn first_nontext(block: &[u8; BLOCK], start: usize) -> Option<usize> {
        let mut lanes = [0; ROW];
        for (lane, first) in lanes.iter_mut().enumerate() {
            *first = first_of_lane(block, start, lane);
        }
        first_of(lanes)
    }

    /// One loop for both: the first row is in a register already.
    #[inline(always)]
    #[allow(clippy::indexing_slicing, reason = "as in `first_of_lane`")]
    fn line(block: &[u8; BLOCK]) -> (Option<usize>, u64) {
        let (mut lanes, mut nontoken) = ([0; ROW], [0; ROW]);
        for (lane, (first, mark)) in lanes.iter_mut().zip(&mut nontoken).enumerate() {
            *first = first_of_lane(block, 0, lane);
            *mark = !all_bits_if(is_usual_in_name(block[lane]));
        }
        (first_of(lanes), by_words(&nontoken, |word| word))
    }
}

/// Returns the least place of a control among the octets `16 r + lane` of a block, and 64 or more
/// for none. Places are counted from `start`; those before it wrap around.
#[inline(always)]
#[allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a loop over the lanes of arrays becomes vectors; no index is out of range, and each \
              place is less than 64"
)]
fn first_of_lane(block: &[u8; BLOCK], start: usize, lane: usize) -> u8 {
    let place = |row: usize| {
        let at = row * ROW + lane;
        // DEL plus one is negative as `i8`, and so are octets that are not ASCII.
        let is_text = block[at].wrapping_add(1).cast_signed() > b' '.cast_signed();
        at.wrapping_sub(start) as u8 | all_bits_if(is_text)
    };
    place(0).min(place(1)).min(place(2).min(place(3)))
}

#[inline(always)]
fn first_of(lanes: [u8; ROW]) -> Option<usize> {
    let first = lanes.iter().fold(u8::MAX, |first, &place| first.min(place));
    (usize::from(first) < BLOCK).then_some(usize::from(first))
}

#[inline(always)]
const fn is_usual_in_name(octet: u8) -> bool {
    ((octet | 0x20).wrapping_sub(b'a') < 26) | (octet.wrapping_sub(b'0') < 10) | (octet == b'-')
}

#[inline(always)]
const fn all_bits_if(condition: bool) -> u8 {
    if condition { u8::MAX } else { 0 }
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
