//! The octets that have been received and not yet used, in an array.

use crate::octets::IS_WIDE;
use core::cell::Cell;
use core::fmt;

/// A receive buffer of `N` octets.
///
/// Octets are used from the front by moving an index; they are moved themselves only when the end
/// of the array is reached.
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
    /// How many octets from `start` on are pinned.
    pinned: usize,
    /// The others, behind the pinned ones: from here...
    rest: usize,
    /// ...to here.
    end: usize,
}

impl<const N: usize> RecvBuf<N> {
    /// An empty buffer.
    pub const fn new() -> Self {
        Self { octets: [0; N], start: 0, pinned: 0, rest: 0, end: 0 }
    }

    /// The octets that are neither used nor pinned.
    pub fn filled(&self) -> &[u8] {
        self.octets.get(self.rest..self.end).unwrap_or(&[])
    }

    /// The same, for [`ClientConnection::receive`](crate::ClientConnection::receive) to mend folded
    /// lines in.
    pub fn filled_mut(&mut self) -> &mut [u8] {
        self.octets.get_mut(self.rest..self.end).unwrap_or(&mut [])
    }

    /// Whether there is no room: the message is larger than the buffer when more is needed then,
    /// which is [`on_overflow`](crate::ServerConnection::on_overflow), never a reason to wait.
    pub fn is_full(&self) -> bool {
        self.pinned.saturating_add(self.filled().len()) >= N
    }

    /// Lets `read` fill what room there is; it gives how many octets it has put there, and so does
    /// this. Without room `read` is not called, and 0 is given.
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

    /// What room there is, for octets of which [`commit`](Self::commit) then tells how many they
    /// are.
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

    /// Takes `count` octets that have been put at the beginning of the
    /// [`spare_mut`](Self::spare_mut).
    pub fn commit(&mut self, count: usize) {
        self.end = self.end.saturating_add(count).min(N);
    }

    /// Uses the first `count` octets up.
    pub fn consume(&mut self, count: usize) {
        self.split().1.consume(count);
    }

    /// Pins the first `count` octets, or as many as there are: they stay where they are while what
    /// is behind them goes on being filled and used, until [`unpin`](Self::unpin). While octets
    /// are pinned, no others can be.
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

    /// The pinned octets.
    pub fn pinned(&self) -> &[u8] {
        self.octets.get(self.start..).and_then(|octets| octets.get(..self.pinned)).unwrap_or(&[])
    }

    /// The pinned octets, and the others.
    pub fn split(&mut self) -> (&[u8], Rest<'_>) {
        let base = self.start.saturating_add(self.pinned);
        let is_unpinned = self.pinned == 0;
        let (front, octets) = self.octets.split_at_mut_checked(base).unwrap_or((&mut [], &mut []));
        let pinned = front.get(self.start..).unwrap_or(&[]);
        let start = if is_unpinned { Some(&mut self.start) } else { None };
        (pinned, Rest { octets, base, start, rest: &mut self.rest, end: &mut self.end })
    }

    /// Gives up the pinned octets.
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

/// The octets of a [`RecvBuf`] behind the pinned ones.
pub struct Rest<'r> {
    /// The array from `base` on.
    octets: &'r mut [u8],
    base: usize,
    /// Where the buffer starts, when nothing is pinned.
    start: Option<&'r mut usize>,
    rest: &'r mut usize,
    end: &'r mut usize,
}

impl Rest<'_> {
    /// The octets that are not used.
    pub fn filled(&self) -> &[u8] {
        let (from, to) = (self.rest.saturating_sub(self.base), self.end.saturating_sub(self.base));
        self.octets.get(from..to).unwrap_or(&[])
    }

    /// Whether there is no room.
    pub fn is_full(&self) -> bool {
        self.filled().len() >= self.octets.len()
    }

    /// As [`RecvBuf::fill_from`].
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

    /// Moves what is not used to the front where nothing fits behind it.
    fn make_room(&mut self) {
        if self.end.saturating_sub(self.base) >= self.octets.len() {
            let gap = self.rest.saturating_sub(self.base);
            let end = move_down(self.octets, gap, self.end.saturating_sub(self.base));
            *self.rest = self.base;
            *self.end = self.base.saturating_add(end);
        }
    }

    /// Uses the first `count` octets up.
    pub fn consume(&mut self, count: usize) {
        *self.rest = self.rest.saturating_add(count).min(*self.end);
        let is_empty = *self.rest == *self.end;
        match &mut self.start {
            // Nothing is left: the whole array is room again.
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

/// Moves the octets from `gap` to `end` to the front; gives where they end then.
#[cfg_attr(not(target_pointer_width = "64"), inline(never))]
fn move_down(octets: &mut [u8], gap: usize, end: usize) -> usize {
    match octets.get_mut(..end) {
        Some(used) if gap <= used.len() => {
            if IS_WIDE {
                used.copy_within(gap.., 0);
            } else {
                // Front to back, none is overwritten before it is moved: a small loop, where a call
                // would need a large one.
                let used = Cell::from_mut(used).as_slice_of_cells();
                used.iter().zip(used.iter().skip(gap)).for_each(|(to, from)| to.set(from.get()));
            }
            end.saturating_sub(gap)
        }
        _ => end,
    }
}
