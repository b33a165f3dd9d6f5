//! What the rules of the grammar see of the octets.

use crate::octets::IS_WIDE;

/// A position in the received octets: what the rules take, and give back behind what they have
/// read.
///
/// The `…_end` functions give the position of the first octet, at or after this position, that is
/// outside the class, or that of the end when the octets end before one is met.
pub(crate) trait Input: Copy {
    /// All octets, from position 0.
    fn octets(&self) -> &[u8];
    /// Where this input stands.
    fn position(&self) -> usize;
    /// The same octets, standing at `position`.
    fn at(self, position: usize) -> Self;
    /// The end of a run of `tchar` [RFC 9110 section 5.6.2].
    fn token_end(&self) -> usize;
    /// The same, at the beginning of a line of text whose end is asked for next.
    #[inline(always)]
    fn token_end_in_text(&self) -> usize {
        self.token_end()
    }
    /// The end of a run of octets that a request target may hold [RFC 9112 section 3.2].
    fn target_end(&self) -> usize;
    /// The end of a run of HTAB, SP, VCHAR and obs-text [RFC 9110 section 5.5].
    fn text_end(&self) -> usize;

    /// The octet at this position.
    #[inline(always)]
    fn octet(&self) -> Option<u8> {
        self.octets().get(self.position()).copied()
    }

    /// The next `N` octets.
    #[inline(always)]
    fn next<const N: usize>(&self) -> Option<&[u8; N]> {
        let start = self.position();
        // Two ways to ask the same: the first is quicker, the second shorter.
        let next = if IS_WIDE {
            self.octets().get(start..start.wrapping_add(N))
        } else {
            self.octets().get(start..)
        };
        next?.first_chunk()
    }

    /// Whether these octets are the next.
    #[inline(always)]
    fn is_at<const N: usize>(&self, expected: &[u8; N]) -> bool {
        self.next() == Some(expected)
    }
}
