//! The buffer of octets that have been received and not yet used.

use crate::scan::move_to_front;
use core::fmt;

/// A receive buffer of `N` octets.
///
/// Using octets moves an index. The buffer moves octets only when it reaches the end of its array.
///
/// ```
/// use bareline_core::RecvBuf;
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
pub struct RecvBuf<const N: usize> {
    octets: [u8; N],
    start: usize,
    /// The number of pinned octets from `start` on.
    pinned: usize,
    /// The start of the unused octets after the pinned ones.
    rest: usize,
    /// The end of the unused octets.
    end: usize,
}

impl<const N: usize> RecvBuf<N> {
    /// Returns an empty buffer.
    pub const fn new() -> Self {
        Self { octets: [0; N], start: 0, pinned: 0, rest: 0, end: 0 }
    }

    /// Returns the octets that are neither used nor pinned.
    pub fn filled(&self) -> &[u8] {
        self.octets.get(self.rest..self.end).unwrap_or(&[])
    }

    /// Returns the octets as [`filled`](Self::filled) does, for
    /// [`ClientConnection::receive`](crate::ClientConnection::receive) to unfold field lines in
    /// place.
    pub fn filled_mut(&mut self) -> &mut [u8] {
        self.octets.get_mut(self.rest..self.end).unwrap_or(&mut [])
    }

    /// Returns whether the buffer is full.
    ///
    /// A message that needs more octets then is larger than the buffer: call
    /// [`on_overflow`](crate::ServerConnection::on_overflow), and do not wait.
    pub fn is_full(&self) -> bool {
        self.pinned.saturating_add(self.filled().len()) >= N
    }

    /// Lets `read` fill the spare octets; returns the number of octets filled, as `read` does.
    ///
    /// A full buffer returns 0 without a call of `read`.
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
    /// let mut buffer = bareline_core::RecvBuf::<8>::new();
    /// buffer.spare_mut()[..3].copy_from_slice(b"GET");
    /// buffer.commit(3);
    /// assert_eq!(buffer.filled(), b"GET");
    /// assert_eq!(buffer.spare_mut().len(), 5);
    /// ```
    pub fn spare_mut(&mut self) -> &mut [u8] {
        if self.end >= N && self.start > 0 {
            self.move_to_front();
        }
        self.split().1.make_room();
        self.octets.get_mut(self.end..).unwrap_or(&mut [])
    }

    /// Marks the first `count` octets of [`spare_mut`](Self::spare_mut) as filled.
    pub fn commit(&mut self, count: usize) {
        self.end = self.end.saturating_add(count).min(N);
    }

    /// Removes the first `count` octets.
    pub fn consume(&mut self, count: usize) {
        self.split().1.consume(count);
    }

    /// Pins the first `count` octets, or all if there are fewer, until [`unpin`](Self::unpin).
    ///
    /// Pinned octets do not move while the octets after them are filled and used. While octets are
    /// pinned, no others can be pinned.
    pub fn pin(&mut self, count: usize) -> (&[u8], Rest<'_>) {
        if self.pinned == 0 {
            if self.start > 0 && N.saturating_sub(self.start).saturating_sub(count) < N / 2 {
                self.move_to_front();
            }
            self.pinned = count.min(self.filled().len());
            self.rest = self.start.saturating_add(self.pinned);
        }
        self.split()
    }

    /// Returns the pinned octets.
    pub fn pinned(&self) -> &[u8] {
        self.octets.get(self.start..).and_then(|octets| octets.get(..self.pinned)).unwrap_or(&[])
    }

    /// Returns the pinned octets, and the others.
    pub fn split(&mut self) -> (&[u8], Rest<'_>) {
        let base = self.start.saturating_add(self.pinned);
        let is_unpinned = self.pinned == 0;
        let (front, octets) = self.octets.split_at_mut_checked(base).unwrap_or((&mut [], &mut []));
        let pinned = front.get(self.start..).unwrap_or(&[]);
        let start = if is_unpinned { Some(&mut self.start) } else { None };
        (pinned, Rest { octets, base, start, rest: &mut self.rest, end: &mut self.end })
    }

    /// Removes the pinned octets.
    pub fn unpin(&mut self) {
        self.pinned = 0;
        self.start = self.rest;
    }

    fn move_to_front(&mut self) {
        let gap = self.start;
        self.end = move_down(&mut self.octets, gap, self.end);
        self.rest = self.rest.saturating_sub(gap);
        self.start = 0;
    }
}

impl<const N: usize> Default for RecvBuf<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> fmt::Debug for RecvBuf<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecvBuf({} of {N})", self.filled().len())
    }
}

/// The octets of a [`RecvBuf`] after the pinned ones.
pub struct Rest<'r> {
    /// The array from `base` on.
    octets: &'r mut [u8],
    base: usize,
    /// The start of the buffer, if nothing is pinned.
    start: Option<&'r mut usize>,
    rest: &'r mut usize,
    end: &'r mut usize,
}

impl Rest<'_> {
    /// Returns the unused octets.
    pub fn filled(&self) -> &[u8] {
        let (from, to) = (self.rest.saturating_sub(self.base), self.end.saturating_sub(self.base));
        self.octets.get(from..to).unwrap_or(&[])
    }

    /// Returns whether the buffer is full.
    pub fn is_full(&self) -> bool {
        self.filled().len() >= self.octets.len()
    }

    /// Fills the buffer as [`RecvBuf::fill_from`] does.
    pub fn fill_from<E>(
        &mut self,
        read: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        self.make_room();
        let room = self.octets.get_mut(self.end.saturating_sub(self.base)..).unwrap_or(&mut []);
        if room.is_empty() {
            return Ok(0);
        }
        let most = room.len();
        let count = read(room)?.min(most);
        *self.end = self.end.saturating_add(count);
        Ok(count)
    }

    /// Moves the unused octets to the front if there is no room after them.
    fn make_room(&mut self) {
        if self.end.saturating_sub(self.base) >= self.octets.len() {
            let gap = self.rest.saturating_sub(self.base);
            let end = move_down(self.octets, gap, self.end.saturating_sub(self.base));
            *self.rest = self.base;
            *self.end = self.base.saturating_add(end);
        }
    }

    /// Removes the first `count` octets.
    pub fn consume(&mut self, count: usize) {
        *self.rest = self.rest.saturating_add(count).min(*self.end);
        let is_empty = *self.rest == *self.end;
        match &mut self.start {
            // No octets are left: all of the array is spare again.
            Some(start) if is_empty => (**start, *self.rest, *self.end) = (0, 0, 0),
            Some(start) => **start = *self.rest,
            None if is_empty => (*self.rest, *self.end) = (self.base, self.base),
            None => {}
        }
    }
}

impl fmt::Debug for Rest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rest({})", self.filled().len())
    }
}

/// Moves the octets from `gap` to `end` to the front; returns their new end.
#[inline(never)]
fn move_down(octets: &mut [u8], gap: usize, end: usize) -> usize {
    match octets.get_mut(..end) {
        Some(used) if gap <= used.len() => {
            move_to_front(used, gap);
            end.saturating_sub(gap)
        }
        _ => end,
    }
}
