//! Heads that own their octets.

use super::request::RequestParts;
use super::response::ResponseParts;
use super::{FieldSpans, RequestHead, ResponseHead};
use crate::grammar::FieldLine;
use crate::scan;
use core::fmt;

/// A [`RequestHead`] that owns its octets, and up to `N` field lines.
///
/// `B` is the memory of the octets, such as an array or a `Vec<u8>`. Its `as_ref` has to return the
/// octets that its `as_mut` returned.
///
/// ```
/// use bareline_core::head::{OwnedRequestHead, Parsed};
/// use bareline_core::{FieldSpans, RequestHead};
///
/// let mut buffer = *b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
/// let mut spans = FieldSpans::<8>::new();
/// let parsed = RequestHead::parse(&buffer, spans.lend())?;
/// let Parsed::Complete { message: head, .. } = parsed else {
///     return Err("receive more".into());
/// };
/// let owned: OwnedRequestHead<_, 8> = head.to_owned_in([0; 64]).ok_or("over 64 octets")?;
/// buffer.fill(0);
/// assert_eq!(owned.head().target().path(), "/a");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct OwnedRequestHead<B, const N: usize> {
    copy: Copied<B, N>,
    parts: RequestParts,
}

/// A [`ResponseHead`] that owns its octets, and up to `N` field lines.
///
/// [`OwnedRequestHead`] has an example, and says what the memory `B` has to do.
///
/// ```
/// use bareline_core::head::{OwnedResponseHead, Parsed};
/// use bareline_core::{FieldSpans, ResponseHead};
///
/// let (mut buffer, mut spans) = (*b"HTTP/1.1 204 No Content\r\n\r\n", FieldSpans::<8>::new());
/// let Parsed::Complete { message: head, .. } = ResponseHead::parse(&buffer, spans.lend())? else {
///     return Err("receive more".into());
/// };
/// let owned: OwnedResponseHead<_, 8> = head.to_owned_in([0; 64]).ok_or("over 64 octets")?;
/// buffer.fill(0);
/// assert_eq!(owned.head().status(), 204);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct OwnedResponseHead<B, const N: usize> {
    copy: Copied<B, N>,
    parts: ResponseParts,
}

impl<'b> RequestHead<'b> {
    /// Copies the head into `memory`, for use after the borrow of the received octets ends.
    ///
    /// Returns `None` if `memory` is shorter than the head, or the head has more than `N` field
    /// lines. Empty lines before the request line take memory as well.
    #[inline]
    pub fn to_owned_in<B: AsRef<[u8]> + AsMut<[u8]>, const N: usize>(
        &self,
        memory: B,
    ) -> Option<OwnedRequestHead<B, N>> {
        let (octets, lines, parts) = self.split();
        copied(octets, lines, memory).map(|copy| OwnedRequestHead { copy, parts })
    }
}

impl<'b> ResponseHead<'b> {
    /// Copies the head into `memory`, for use after the borrow of the received octets ends.
    ///
    /// Returns `None` if `memory` is shorter than the head, or the head has more than `N` field
    /// lines.
    #[inline]
    pub fn to_owned_in<B: AsRef<[u8]> + AsMut<[u8]>, const N: usize>(
        &self,
        memory: B,
    ) -> Option<OwnedResponseHead<B, N>> {
        let (octets, lines, parts) = self.split();
        copied(octets, lines, memory).map(|copy| OwnedResponseHead { copy, parts })
    }
}

impl<B: AsRef<[u8]>, const N: usize> OwnedRequestHead<B, N> {
    /// Returns the head, which borrows this copy. Nothing is parsed or checked again.
    pub fn head(&self) -> RequestHead<'_> {
        RequestHead::new(self.copy.octets(), self.copy.spans.lines(), self.parts)
    }

    /// Copies another head into this memory, and returns whether it fits. If not, nothing changes.
    #[must_use = "a head that does not fit leaves the previous one"]
    pub fn replace(&mut self, head: &RequestHead<'_>) -> bool
    where
        B: AsMut<[u8]>,
    {
        let (octets, lines, parts) = head.split();
        let is_replaced = self.copy.replace(octets, lines);
        if is_replaced {
            self.parts = parts;
        }
        is_replaced
    }

    /// Returns the size of the memory in octets.
    pub fn capacity(&self) -> usize {
        self.copy.memory.as_ref().len()
    }
}

impl<B: AsRef<[u8]>, const N: usize> OwnedResponseHead<B, N> {
    /// Returns the head, which borrows this copy. Nothing is parsed or checked again.
    pub fn head(&self) -> ResponseHead<'_> {
        ResponseHead::new(self.copy.octets(), self.copy.spans.lines(), self.parts)
    }
}

impl<B: AsRef<[u8]>, const N: usize> fmt::Debug for OwnedRequestHead<B, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.head().fmt(f)
    }
}

impl<B: AsRef<[u8]>, const N: usize> fmt::Debug for OwnedResponseHead<B, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.head().fmt(f)
    }
}

/// The copy of a head's octets and lines. Nobody can change it.
struct Copied<B, const N: usize> {
    memory: B,
    /// The length of the head, at the beginning of the memory.
    len: usize,
    spans: FieldSpans<N>,
}

#[inline(always)]
fn copied<B: AsMut<[u8]>, const N: usize>(
    octets: &[u8],
    lines: &[FieldLine],
    memory: B,
) -> Option<Copied<B, N>> {
    let mut copy = Copied { memory, len: 0, spans: FieldSpans::new() };
    copy.replace(octets, lines).then_some(copy)
}

impl<B: AsMut<[u8]>, const N: usize> Copied<B, N> {
    #[inline(always)]
    fn replace(&mut self, octets: &[u8], lines: &[FieldLine]) -> bool {
        match self.memory.as_mut().get_mut(..octets.len()) {
            Some(room) if lines.len() <= N => {
                scan::copy(octets, room);
                self.len = octets.len();
                self.spans.set(lines);
                true
            }
            _ => false,
        }
    }
}

impl<B: AsRef<[u8]>, const N: usize> Copied<B, N> {
    fn octets(&self) -> &[u8] {
        self.memory.as_ref().get(..self.len).unwrap_or(&[])
    }
}
