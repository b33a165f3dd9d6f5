//! The buffer of octets that have been received and not yet used.

use crate::scan::move_to_front;
use core::fmt;
use core::ops::{Deref, DerefMut};

/// A receive buffer of `N` octets.
///
/// Using octets moves an index. The buffer moves octets only when it reaches the end of its array.
///
/// ```
/// use bareline_core::connection::RecvBuf;
///
/// let mut buffer = RecvBuf::<8>::new();
/// let count = buffer.fill_from(|room| {
///     room[..5].copy_from_slice(b"hello");
///     Ok::<_, ()>(5)
/// })?;
/// assert_eq!((count, buffer.filled()), (5, &b"hello"[..]));
/// buffer.consume(2);
/// assert_eq!(buffer.filled(), b"llo");
/// # Ok::<(), ()>(())
/// ```
pub struct RecvBuf<const N: usize>(RecvView<[u8; N]>);

/// A [`RecvBuf`] of any size, which has its methods.
///
/// A program names it only in a function that takes the buffer of its caller, of any size:
///
/// ```
/// use bareline_core::connection::{RecvBuf, RecvView};
///
/// fn is_tls(received: &RecvView) -> bool {
///     received.filled().first() == Some(&22)
/// }
/// assert!(!is_tls(&RecvBuf::<8>::new()));
/// ```
pub struct RecvView<O: ?Sized = [u8]> {
    start: usize,
    /// The number of pinned octets from `start` on.
    pinned: usize,
    /// The start of the unused octets after the pinned ones.
    rest: usize,
    /// The end of the unused octets.
    end: usize,
    octets: O,
}

impl<const N: usize> RecvBuf<N> {
    /// Returns an empty buffer.
    pub const fn new() -> Self {
        Self(RecvView { start: 0, pinned: 0, rest: 0, end: 0, octets: [0; N] })
    }
}

impl<const N: usize> Deref for RecvBuf<N> {
    type Target = RecvView;

    #[inline]
    fn deref(&self) -> &RecvView {
        &self.0
    }
}

impl<const N: usize> DerefMut for RecvBuf<N> {
    #[inline]
    fn deref_mut(&mut self) -> &mut RecvView {
        &mut self.0
    }
}

impl RecvView {
    /// Returns the octets that are neither used nor pinned.
    #[inline]
    pub fn filled(&self) -> &[u8] {
        self.octets.get(self.rest..self.end).unwrap_or(&[])
    }

    /// Returns the octets as [`filled`](Self::filled) does, for
    /// [`ClientConnection::receive`](crate::ClientConnection::receive) to unfold field lines in
    /// place.
    #[inline]
    pub fn filled_mut(&mut self) -> &mut [u8] {
        self.octets.get_mut(self.rest..self.end).unwrap_or(&mut [])
    }

    /// Returns whether the buffer is full.
    ///
    /// A message that needs more octets then is larger than the buffer: call
    /// [`on_overflow`](crate::ServerConnection::on_overflow), and do not wait.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.pinned.saturating_add(self.filled().len()) >= self.octets.len()
    }

    /// Lets `read` fill the spare octets; returns the number of octets filled, as `read` does.
    ///
    /// A full buffer returns 0 without a call of `read`.
    ///
    /// Fails with the error of `read`.
    pub fn fill_from<E>(
        &mut self,
        read: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        let room = self.spare_mut();
        if room.is_empty() {
            return Ok(0);
        }
        let most = room.len();
        let count = read(room)?.min(most);
        self.commit(count);
        Ok(count)
    }

    /// Returns the spare octets; [`commit`](Self::commit) marks the filled ones.
    ///
    /// ```
    /// let mut buffer = bareline_core::connection::RecvBuf::<8>::new();
    /// buffer.spare_mut()[..3].copy_from_slice(b"GET");
    /// buffer.commit(3);
    /// assert_eq!(buffer.filled(), b"GET");
    /// assert_eq!(buffer.spare_mut().len(), 5);
    /// ```
    #[inline]
    pub fn spare_mut(&mut self) -> &mut [u8] {
        // Without used octets, nothing can move.
        if self.end >= self.octets.len() && self.rest > self.pinned {
            self.move_to_front();
        }
        self.octets.get_mut(self.end..).unwrap_or(&mut [])
    }

    /// Marks the first `count` octets of [`spare_mut`](Self::spare_mut) as filled, or all if there
    /// are fewer.
    #[inline]
    pub fn commit(&mut self, count: usize) {
        self.end = self.end.saturating_add(count).min(self.octets.len());
    }

    /// Removes the first `count` octets, or all if there are fewer.
    #[inline]
    pub fn consume(&mut self, count: usize) {
        self.rest = self.rest.saturating_add(count).min(self.end);
        if self.pinned == 0 {
            self.start = self.rest;
        }
        if self.rest == self.end {
            // No octets are left: all after the pinned ones are spare again.
            if self.pinned == 0 {
                self.start = 0;
            }
            self.rest = self.start.saturating_add(self.pinned);
            self.end = self.rest;
        }
    }

    /// Removes all octets, for another connection.
    pub fn clear(&mut self) {
        (self.start, self.pinned, self.rest, self.end) = (0, 0, 0, 0);
    }

    /// Pins the first `count` octets, or all if there are fewer, until [`unpin`](Self::unpin).
    ///
    /// Pinned octets stay while the octets after them are filled and used. While octets are pinned,
    /// no others can be pinned.
    #[inline]
    pub fn pin(&mut self, count: usize) {
        if self.pinned == 0 {
            self.pinned = count.min(self.filled().len());
            self.rest = self.start.saturating_add(self.pinned);
        }
    }

    /// Returns the pinned octets.
    #[inline]
    pub fn pinned(&self) -> &[u8] {
        self.octets.get(self.start..).and_then(|octets| octets.get(..self.pinned)).unwrap_or(&[])
    }

    /// Removes the pinned octets.
    #[inline]
    pub fn unpin(&mut self) {
        self.pinned = 0;
        self.start = self.rest;
    }

    /// Moves the pinned octets to the front, and the others after them.
    fn move_to_front(&mut self) {
        let pinned = self.octets.get_mut(..self.start.saturating_add(self.pinned));
        move_to_front(pinned.unwrap_or(&mut []), self.start);
        let rest = self.octets.get_mut(self.pinned..self.end).unwrap_or(&mut []);
        let gap = self.rest.saturating_sub(self.pinned);
        move_to_front(rest, gap);
        (self.start, self.rest) = (0, self.pinned);
        self.end = self.end.saturating_sub(gap);
    }
}

impl<const N: usize> Default for RecvBuf<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> fmt::Debug for RecvBuf<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0 as &RecvView, f)
    }
}

impl fmt::Debug for RecvView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecvBuf({} of {})", self.filled().len(), self.octets.len())
    }
}
