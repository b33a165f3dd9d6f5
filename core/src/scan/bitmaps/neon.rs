//! Classes by the vector registers of every 64-bit ARM.

use super::classes::{BLOCK, Classes, ROW};
use super::table::{BIT_OF_ROW, rows_of};
use crate::octets::{REG_NAME, TARGET, TCHAR};
use core::array::from_fn;
use wide::{i8x16, u8x16};

/// NEON: 128 bits at a time, and tables of 16 entries.
#[derive(Clone, Copy)]
pub(crate) struct Neon;

impl Classes for Neon {
    const IS_EXACT: bool = true;

    #[inline(always)]
    fn nontoken(row: &[u8; ROW]) -> u64 {
        outside(row, const { rows_of(TCHAR) })
    }

    #[inline(always)]
    fn nontext(row: &[u8; ROW]) -> u64 {
        u64::from(controls(row).to_bitmask())
    }

    #[inline(always)]
    fn nonname(row: &[u8; ROW]) -> u64 {
        outside(row, const { rows_of(REG_NAME) })
    }

    #[inline(always)]
    fn nontarget(row: &[u8; ROW]) -> u64 {
        outside(row, const { rows_of(TARGET) })
    }

    /// Keeps one bit of each mark, then adds neighbours three times: eight marks become one octet.
    #[inline(always)]
    fn nontext_of(block: &[u8; BLOCK]) -> u64 {
        const BIT: [u8; ROW] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];
        let bits = |row| controls(row) & u8x16::new(BIT);
        match block.as_chunks() {
            ([a, b, c, d], _) => {
                let sums = pairs(pairs(bits(a), bits(b)), pairs(bits(c), bits(d)));
                let sums = pairs(sums, sums).to_array();
                sums.first_chunk().map_or(0, |sums| u64::from_le_bytes(*sums))
            }
            _ => 0,
        }
    }
}

/// Sets all bits of the controls.
#[inline(always)]
fn controls(row: &[u8; ROW]) -> u8x16 {
    // DEL plus one is negative as `i8`, and so are octets that are not ASCII.
    let next = i8x16::new(row.map(u8::cast_signed)) + i8x16::splat(1);
    next.simd_lt(i8x16::splat(b'!'.cast_signed())).cast_unsigned()
}

/// Adds each even octet and its successor. The compiler makes one instruction of this.
#[inline(always)]
#[allow(clippy::indexing_slicing, reason = "no index of a lane is out of range")]
fn pairs(first: u8x16, second: u8x16) -> u8x16 {
    let (first, second) = (first.to_array(), second.to_array());
    let lane = |at: usize| if at < ROW { first[at] } else { second[at % ROW] };
    u8x16::new(from_fn(|at| lane(2 * at))) + u8x16::new(from_fn(|at| lane(2 * at + 1)))
}

/// Marks the octets outside a class.
#[inline(always)]
fn outside(row: &[u8; ROW], rows_of_column: [u8; ROW]) -> u64 {
    let row = u8x16::new(*row);
    let rows = u8x16::new(rows_of_column).shuffle_zeroing(row & u8x16::splat(0x0f));
    let bit = u8x16::new(BIT_OF_ROW).shuffle_zeroing(row >> 4u32);
    u64::from((rows & bit).simd_eq(u8x16::splat(0)).to_bitmask())
}
