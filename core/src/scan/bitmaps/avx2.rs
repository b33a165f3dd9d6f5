//! Classes by the vector registers of x86 since 2013; a program has to be compiled for them.

use super::classes::{BLOCK, Classes, HALF, ROW};
use super::table::{BIT_OF_ROW, rows_of};
use crate::octets::{REG_NAME, TARGET, TCHAR};
use safe_arch::{
    add_i8_m128i, add_i8_m256i, bitand_m128i, bitand_m256i, cmp_eq_mask_i8_m128i,
    cmp_eq_mask_i8_m256i, cmp_gt_mask_i8_m128i, cmp_gt_mask_i8_m256i, load_unaligned_m128i, m128i,
    m256i, move_mask_i8_m128i, move_mask_i8_m256i, set_splat_i8_m128i, set_splat_i8_m256i,
    shr_imm_u16_m128i, shr_imm_u16_m256i, shuffle_av_i8z_all_m128i, shuffle_av_i8z_half_m256i,
    splat_m128i_m256i,
};

/// AVX2: 256 bits at a time, and tables of 16 entries.
#[derive(Clone, Copy)]
pub(crate) struct Avx2;

impl Classes for Avx2 {
    const IS_EXACT: bool = true;

    #[inline(always)]
    fn nontoken(row: &[u8; ROW]) -> u64 {
        outside(row, const { &rows_of(TCHAR) })
    }

    #[inline(always)]
    fn nontext(row: &[u8; ROW]) -> u64 {
        // DEL plus one is negative as `i8`, and so are octets that are not ASCII.
        let all = |octet: u8| set_splat_i8_m128i(octet.cast_signed());
        let marked =
            cmp_gt_mask_i8_m128i(all(b'!'), add_i8_m128i(load_unaligned_m128i(row), all(1)));
        u64::from(move_mask_i8_m128i(marked).cast_unsigned())
    }

    #[inline(always)]
    fn nonname(row: &[u8; ROW]) -> u64 {
        outside(row, const { &rows_of(REG_NAME) })
    }

    #[inline(always)]
    fn nontarget(row: &[u8; ROW]) -> u64 {
        outside(row, const { &rows_of(TARGET) })
    }

    /// Looks for the end of the name in 32 octets: few names are longer.
    #[inline(always)]
    fn line(block: &[u8; BLOCK]) -> (Option<usize>, u64) {
        let name = block.first_chunk();
        let nontoken = name.map_or(0, |half| outside_in_half(half, const { &rows_of(TCHAR) }));
        (Self::first_nontext(block, 0), nontoken)
    }

    #[inline(always)]
    fn nontext_of_half(half: &[u8; HALF]) -> u64 {
        let all = |octet: u8| set_splat_i8_m256i(octet.cast_signed());
        let marked = cmp_gt_mask_i8_m256i(all(b'!'), add_i8_m256i(m256i::from(*half), all(1)));
        u64::from(move_mask_i8_m256i(marked).cast_unsigned())
    }
}

/// Marks the octets outside a class.
#[inline(always)]
fn outside(octets: &[u8; ROW], rows_of_column: &[u8; ROW]) -> u64 {
    let octets = load_unaligned_m128i(octets);
    // A shuffle gives zero for an index whose highest bit is set: an octet that is not ASCII.
    let rows = shuffle_av_i8z_all_m128i(m128i::from(*rows_of_column), octets);
    let row = bitand_m128i(shr_imm_u16_m128i::<4>(octets), set_splat_i8_m128i(0x0f));
    let bit = shuffle_av_i8z_all_m128i(m128i::from(BIT_OF_ROW), row);
    u64::from(
        move_mask_i8_m128i(cmp_eq_mask_i8_m128i(bitand_m128i(rows, bit), set_splat_i8_m128i(0)))
            .cast_unsigned(),
    )
}

/// Marks as [`outside`] does, for two rows.
#[inline(always)]
fn outside_in_half(octets: &[u8; HALF], rows_of_column: &[u8; ROW]) -> u64 {
    let table = |entries: &[u8; ROW]| splat_m128i_m256i(m128i::from(*entries));
    let octets = m256i::from(*octets);
    let rows = shuffle_av_i8z_half_m256i(table(rows_of_column), octets);
    let row = bitand_m256i(shr_imm_u16_m256i::<4>(octets), set_splat_i8_m256i(0x0f));
    let bit = shuffle_av_i8z_half_m256i(table(&BIT_OF_ROW), row);
    u64::from(
        move_mask_i8_m256i(cmp_eq_mask_i8_m256i(bitand_m256i(rows, bit), set_splat_i8_m256i(0)))
            .cast_unsigned(),
    )
}
