//! Classes of octets as bitmaps.

/// Marks of the octets outside a class: bit `n` is for octet `n`.
///
/// Every octet outside the class is marked. An implementation may mark rare octets of the class
/// too, where that is cheaper; the caller looks up each marked octet.
pub(crate) trait Classes: Copy {
    /// Only octets outside the class are marked in a row, except by `nontext`.
    const IS_EXACT: bool;

    /// Marks the octets of a row that are not `tchar`, and possibly rare valid ones [RFC 9110
    /// section 5.6.2].
    fn nontoken(row: &[u8; ROW]) -> u64;

    /// Marks the octets of a row that are invalid in a field value, and possibly rare valid ones:
    /// HTAB and octets that are not ASCII [RFC 9110 section 5.5].
    fn nontext(row: &[u8; ROW]) -> u64;

    /// Marks the octets of a row that are invalid in a request target, and possibly rare valid ones
    /// [RFC 9112 section 3.2].
    fn nontarget(row: &[u8; ROW]) -> u64;

    /// Marks the octets of a row that are invalid in a registered name, and possibly rare valid
    /// ones [RFC 3986 section 3.2.2].
    fn nonname(row: &[u8; ROW]) -> u64;

    /// Returns the number of octets from `start` on before the first one of a block that `nontext`
    /// marks, or `None` for no mark.
    #[inline(always)]
    fn first_nontext(block: &[u8; BLOCK], start: usize) -> Option<usize> {
        first(Self::nontext_of(block) >> (start % BLOCK))
    }

    /// Scans a block that begins with a field line: returns its first octet that `nontext` marks,
    /// and what `nontoken` marks in its first row, or further on.
    #[inline(always)]
    fn line(block: &[u8; BLOCK]) -> (Option<usize>, u64) {
        (Self::first_nontext(block, 0), block.first_chunk().map_or(0, Self::nontoken))
    }

    /// Marks as [`nontext`](Self::nontext) does, for two rows.
    #[inline(always)]
    fn nontext_of_half(half: &[u8; HALF]) -> u64 {
        let (rows, _) = half.as_chunks();
        match rows {
            [first, second] => Self::nontext(first) | Self::nontext(second) << ROW,
            _ => 0,
        }
    }

    /// Marks as [`nontext`](Self::nontext) does, for a block.
    #[inline(always)]
    fn nontext_of(block: &[u8; BLOCK]) -> u64 {
        let (halves, _) = block.as_chunks();
        match halves {
            [first, second] => Self::nontext_of_half(first) | Self::nontext_of_half(second) << HALF,
            _ => 0,
        }
    }
}

/// Returns the position of the first mark.
#[inline(always)]
pub(super) fn first(marks: u64) -> Option<usize> {
    (marks != 0).then(|| marks.trailing_zeros() as usize)
}

/// The octets in one bitmap of 64 bits.
pub(crate) const BLOCK: usize = 64;
/// Half a block.
pub(crate) const HALF: usize = BLOCK / 2;
/// The octets that are classified at once, at least.
pub(crate) const ROW: usize = 16;
