//! Positions of the field lines of a head, in the caller's memory.

use crate::grammar::FieldLine;
use core::fmt;
use heapless::Vec;
use heapless::vec::VecView;

/// Memory for the positions of up to `N` field lines, 8 octets a line. The caller owns the memory
/// and lends it to each parse.
///
/// ```
/// use bareline_core::head::Parsed;
/// use bareline_core::{FieldSpans, ResponseHead};
///
/// let mut spans = FieldSpans::<4>::new();
/// let parsed = ResponseHead::parse(b"HTTP/1.1 200 OK\r\nServer: a\r\n\r\n", spans.lend())?;
/// assert!(matches!(parsed, Parsed::Complete { len: 30, .. }));
/// # Ok::<(), bareline_core::error::ParseError>(())
/// ```
#[derive(Clone, Default)]
pub struct FieldSpans<const N: usize>(Vec<FieldLine, N>);

impl<const N: usize> FieldSpans<N> {
    /// Creates empty memory.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Lends the memory to a parse.
    pub fn lend(&mut self) -> LentSpans<'_> {
        LentSpans(self.0.as_mut_view())
    }

    /// Stores these lines, if they are at most `N`.
    pub(super) fn set(&mut self, lines: &[FieldLine]) {
        self.0.clear();
        _ = self.0.extend_from_slice(lines);
    }

    pub(crate) fn lines(&self) -> &[FieldLine] {
        self.0.as_slice()
    }
}

impl<const N: usize> fmt::Debug for FieldSpans<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldSpans({} of {N})", self.0.len())
    }
}

/// A [`FieldSpans`] of any size, lent to a parse.
///
/// A program names it only in a function that takes the memory of its caller, of any size:
///
/// ```
/// use bareline_core::head::{LentSpans, Parsed};
/// use bareline_core::{FieldSpans, RequestHead};
///
/// fn path<'b>(input: &'b [u8], spans: LentSpans<'b>) -> Option<&'b str> {
///     match RequestHead::parse(input, spans) {
///         Ok(Parsed::Complete { message: head, .. }) => Some(head.target().path()),
///         _ => None,
///     }
/// }
/// let mut spans = FieldSpans::<8>::new();
/// assert_eq!(path(b"GET /a?b HTTP/1.0\r\n\r\n", spans.lend()), Some("/a"));
/// ```
#[derive(Debug)]
pub struct LentSpans<'s>(&'s mut VecView<FieldLine>);

impl<'s> LentSpans<'s> {
    /// Lends the memory once more, for a shorter time.
    #[cfg(feature = "embedded-io-07")]
    pub(crate) fn lend(&mut self) -> LentSpans<'_> {
        LentSpans(self.0)
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds a line. Fails when all `N` entries are used.
    #[inline(always)]
    pub(crate) fn push(&mut self, line: FieldLine) -> Result<(), FieldLine> {
        self.0.push(line)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn last_mut(&mut self) -> Option<&mut FieldLine> {
        self.0.last_mut()
    }

    pub(crate) fn lines(&self) -> &[FieldLine] {
        self.0.as_slice()
    }

    pub(crate) fn into_lines(self) -> &'s [FieldLine] {
        self.0.as_slice()
    }
}
