//! The input of the grammar's rules.

use super::{chunk_at, is_line_end};

/// A position in the received octets: a rule takes one, and returns the position after the octets
/// it parsed.
///
/// The `…_end` functions return the position of the first octet, at or after this position, that
/// is outside the class. Without such an octet, they return the end of the octets.
pub(crate) trait Input: Copy {
    /// All octets, from position 0.
    fn octets(&self) -> &[u8];
    /// The position of this input.
    fn position(&self) -> usize;
    /// Returns the same octets at `position`.
    fn at(self, position: usize) -> Self;
    /// The end of a run of `tchar` [RFC 9110 section 5.6.2].
    fn token_end(&self) -> usize;
    /// Returns the end of a token at the beginning of a line of text; the caller asks for the end
    /// of that text next.
    #[inline(always)]
    fn token_end_in_text(&self) -> usize {
        self.token_end()
    }
    /// The end of a run of octets that a request target may hold [RFC 9112 section 3.2].
    fn target_end(&self) -> usize;
    /// The end of a run of HTAB, SP, VCHAR and obs-text [RFC 9110 section 5.5].
    fn text_end(&self) -> usize;

    /// Returns the octet at this position.
    #[inline(always)]
    fn octet(&self) -> Option<u8> {
        self.octets().get(self.position()).copied()
    }

    /// Returns the next `N` octets.
    #[inline(always)]
    fn next<const N: usize>(&self) -> Option<&[u8; N]> {
        chunk_at(self.octets(), self.position())
    }

    /// Returns whether the next octets are CR LF.
    #[inline(always)]
    fn is_line_end(&self) -> bool {
        is_line_end(self.octets(), self.position())
    }
}
