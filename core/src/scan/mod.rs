//! What the grammar runs on: a position in the received octets that can tell where a run of a class of octets ends.
//!
//! The rules know nothing but [`Input`]. How the runs are found (octet by octet, a word at a time, by bitmaps) is the
//! business of its implementations.

mod words;

pub(crate) use words::Words;

/// A position in the received octets.
///
/// The `…_end` functions give the position of the first octet, at or after this position, that is outside the class, or
/// `None` when the octets end before one is met.
pub(crate) trait Input: Copy {
    /// All octets, from position 0.
    fn octets(&self) -> &[u8];
    /// Where this input stands.
    fn position(&self) -> usize;
    /// The same octets, standing at `position`.
    fn at(self, position: usize) -> Self;
    /// The end of a run of `tchar` [RFC 9110 section 5.6.2].
    fn token_end(&mut self) -> Option<usize>;
    /// The end of a run of octets that a request target may hold [RFC 9112 section 3.2].
    fn target_end(&mut self) -> Option<usize>;
    /// The end of a run of HTAB, SP, VCHAR and obs-text [RFC 9110 section 5.5].
    fn text_end(&mut self) -> Option<usize>;

    /// The octet at this position.
    #[inline(always)]
    fn octet(&self) -> Option<u8> {
        self.octets().get(self.position()).copied()
    }
}
