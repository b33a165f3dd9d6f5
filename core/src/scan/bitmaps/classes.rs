//! Classes of octets as bitmaps.

/// Marks octets: bit `n` stands for octet `n`.
///
/// Every octet outside the class is marked, and a few inside that are rare, as the implementation
/// finds it cheap: whoever meets a mark looks the octet up.
pub(crate) trait Classes: Copy {
    /// Whether no octet of a class is marked in a row, but for text.
    const IS_EXACT: bool;

    /// Those of a row that are no `tchar`, or rare ones [RFC 9110 section 5.6.2].
    fn nontoken(row: &[u8; ROW]) -> u64;

    /// Those of a row that may not stand in a field value, or rare ones: HTAB, and those that are
    /// not ASCII [RFC 9110 section 5.5].
    fn nontext(row: &[u8; ROW]) -> u64;

    /// Those of a row that may not stand in a request target, or rare ones [RFC 9112 section 3.2].
    fn nontarget(row: &[u8; ROW]) -> u64;

    /// Those of a row that may not stand in a registered name, or rare ones [RFC 3986 section
    /// 3.2.2].
    fn nonname(row: &[u8; ROW]) -> u64;

    /// As [`nontext`](Self::nontext), of two rows.
    #[inline(always)]
    fn nontext_of_half(half: &[u8; HALF]) -> u64 {
        let (rows, _) = half.as_chunks();
        match rows {
            [first, second] => Self::nontext(first) | Self::nontext(second) << ROW,
            _ => 0,
        }
    }

    /// As [`nontext`](Self::nontext), of a block.
    #[inline(always)]
    fn nontext_of(block: &[u8; BLOCK]) -> u64 {
        let (halves, _) = block.as_chunks();
        match halves {
            [first, second] => Self::nontext_of_half(first) | Self::nontext_of_half(second) << HALF,
            _ => 0,
        }
    }
}

/// How many octets have a bitmap of 64 bits.
pub(crate) const BLOCK: usize = 64;
/// Half of that.
pub(crate) const HALF: usize = BLOCK / 2;
/// How many octets are the least that are classified at once.
pub(crate) const ROW: usize = 16;
