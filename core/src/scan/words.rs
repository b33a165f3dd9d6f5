//! An input that scans text a machine word at a time: small, and fast enough without vector
//! registers.

use super::Input;
use crate::octets::{TARGET, TCHAR, TEXT, class_end, run_end};

/// Octets, and a position in them.
#[derive(Clone, Copy)]
pub(crate) struct Words<'b> {
    octets: &'b [u8],
    position: usize,
}

impl<'b> Words<'b> {
    /// Returns an input at the start of the octets.
    #[inline(always)]
    pub(crate) const fn new(octets: &'b [u8]) -> Self {
        Self { octets, position: 0 }
    }
}

impl Input for Words<'_> {
    #[inline(always)]
    fn octets(&self) -> &[u8] {
        self.octets
    }

    #[inline(always)]
    fn position(&self) -> usize {
        self.position
    }

    #[inline(always)]
    fn at(self, position: usize) -> Self {
        Self { position, ..self }
    }

    #[inline(always)]
    fn token_end(&self) -> usize {
        run_end(self.octets, self.position, TCHAR)
    }

    #[inline(always)]
    fn target_end(&self) -> usize {
        class_end(self.octets, self.position, TARGET)
    }

    #[inline(always)]
    fn text_end(&self) -> usize {
        text_end(self.octets, self.position)
    }
}

/// A call, so that the loop has the registers to itself.
#[inline(never)]
fn text_end(octets: &[u8], position: usize) -> usize {
    let mut rest = octets.get(position..).unwrap_or(&[]);
    while let Some((word, after)) = rest.split_first_chunk::<WORD>() {
        if may_be_unprintable(usize::from_ne_bytes(*word)) {
            break;
        }
        rest = after;
    }
    run_end(octets, octets.len().wrapping_sub(rest.len()), TEXT)
}

const WORD: usize = size_of::<usize>();
const ONES: usize = usize::MAX / 0xff;
const HIGH_BITS: usize = ONES << 7;

/// Returns whether an octet of the word may be outside the printable ones of ASCII. A `false` is
/// exact; after a `true`, the caller checks octet by octet.
#[inline(always)]
const fn may_be_unprintable(word: usize) -> bool {
    // The first sets the high bit below SP, the second at DEL, and one of the two above 127.
    (word.wrapping_sub(ONES * 0x20) | word.wrapping_add(ONES)) & HIGH_BITS != 0
}
