//! The octets that have been received and not yet consumed.

/// A receive buffer that grows as needed, up to a limit. It is a `Vec`, since a head may be 64 KB
/// long and most connections are idle with an empty buffer.
pub(crate) struct RecvBuf {
    octets: Vec<u8>,
    /// The buffer of [`USUAL`] size while a larger one is in use. Allocating it anew could
    /// fragment the memory that the large one frees.
    usual: Vec<u8>,
    start: usize,
    end: usize,
}

/// The size of a read, in octets.
const USUAL: usize = 8 * 1024;
/// The size of a read from a peer that has filled the buffer, as a long body does.
const LARGE: usize = 64 * 1024;
/// The length of a caller's buffer, in octets, from which on a body is received into it: fewer
/// octets at a time cost more reads than the copy out of this buffer.
pub(crate) const DIRECT: usize = 32 * 1024;
/// The largest buffer: longer than the longest line, head or trailer section that core accepts.
const MOST: usize = 128 * 1024;

impl RecvBuf {
    pub(crate) const fn new() -> Self {
        Self { octets: Vec::new(), usual: Vec::new(), start: 0, end: 0 }
    }

    pub(crate) fn filled(&self) -> &[u8] {
        self.octets.get(self.start..self.end).unwrap_or_default()
    }

    pub(crate) fn filled_mut(&mut self) -> &mut [u8] {
        self.octets.get_mut(self.start..self.end).unwrap_or_default()
    }

    /// Consumes the first `count` octets.
    pub(crate) fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
    }

    /// Consumes all octets.
    pub(crate) const fn clear(&mut self) {
        self.start = self.end;
    }

    /// Frees all but [`USUAL`] octets of the buffer, unless many octets are unconsumed. Called
    /// where a connection may become idle.
    pub(crate) fn give_back(&mut self) {
        if self.octets.len() > USUAL && self.filled().len() <= USUAL / 2 {
            self.resize(USUAL);
        }
    }

    /// Returns the space for the next octets, after the filled part. It is empty when the buffer
    /// has reached its limit.
    pub(crate) fn spare_mut(&mut self) -> &mut [u8] {
        let len = self.octets.len();
        if self.start == self.end {
            let is_filled = self.end == len;
            (self.start, self.end) = (0, 0);
            match len {
                USUAL..=LARGE if is_filled => self.resize(LARGE),
                USUAL | LARGE => {}
                _ => self.resize(USUAL),
            }
        } else if self.end == len {
            if self.filled().len() > len / 2 && len < MOST {
                self.resize(len * 2);
            } else {
                self.octets.copy_within(self.start..self.end, 0);
                (self.start, self.end) = (0, self.end.saturating_sub(self.start));
            }
        }
        self.octets.get_mut(self.end..).unwrap_or_default()
    }

    /// Moves the octets to the front of a buffer of this size. (`Vec::resize` writes octet by octet
    /// without optimization.)
    fn resize(&mut self, len: usize) {
        if self.octets.len() == len {
            return;
        }
        let mut octets = match len {
            USUAL if !self.usual.is_empty() => std::mem::take(&mut self.usual),
            _ => vec![0; len],
        };
        let unused = self.filled();
        let count = unused.len();
        if let Some(to) = octets.get_mut(..count) {
            to.copy_from_slice(unused);
        }
        (self.start, self.end) = (0, count);
        let before = std::mem::replace(&mut self.octets, octets);
        if before.len() == USUAL {
            self.usual = before;
        }
    }

    /// Takes this memory for what is received next.
    pub(crate) fn borrow(&mut self, memory: &mut Vec<u8>) {
        if self.filled().len() < memory.len() {
            self.usual = std::mem::take(memory);
            self.resize(USUAL);
        }
    }

    /// Keeps the unconsumed octets in memory of their size, and returns the rest of the memory.
    pub(crate) fn release(&mut self, memory: &mut Vec<u8>) {
        let kept = self.filled().to_vec();
        (self.start, self.end) = (0, kept.len());
        let (before, usual) =
            (std::mem::replace(&mut self.octets, kept), std::mem::take(&mut self.usual));
        *memory = if before.len() == USUAL { before } else { usual };
    }

    /// Marks `count` octets of the spare space as filled.
    pub(crate) fn commit(&mut self, count: usize) {
        self.end = self.end.saturating_add(count).min(self.octets.len());
    }

    /// Returns the size of the allocated memory in octets.
    #[cfg(test)]
    pub(crate) fn memory(&self) -> usize {
        self.octets.capacity() + self.usual.capacity()
    }

    /// Takes the unconsumed octets out of the buffer.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        let octets = self.filled().to_vec();
        *self = Self::new();
        octets
    }
}

/// The longest head, in octets, whose memory a connection keeps.
pub(crate) const KEPT: usize = 4 * 1024;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::{LARGE, MOST, RecvBuf, USUAL};

    /// Receives these octets, as many as the buffer takes at a time.
    fn receive(received: &mut RecvBuf, mut octets: &[u8]) {
        while let (room @ [_, ..], [_, ..]) = (received.spare_mut(), octets) {
            let count = room.len().min(octets.len());
            let (now, later) = octets.split_at(count);
            room.get_mut(..count).unwrap().copy_from_slice(now);
            received.commit(count);
            octets = later;
        }
    }

    #[test]
    fn what_an_idle_connection_keeps_is_small() {
        let large: Vec<u8> = (0..=u8::MAX).cycle().take(100_000).collect();
        for unused in [0, 1, USUAL / 2] {
            let mut received = RecvBuf::new();
            receive(&mut received, &large);
            assert_eq!((received.filled(), received.octets.capacity()), (&*large, MOST));
            received.consume(large.len() - unused);
            received.give_back();
            assert_eq!(received.filled(), large.get(large.len() - unused..).unwrap());
            assert_eq!(received.memory(), USUAL, "with {unused} octets");
            receive(&mut received, b"and on");
            assert!(received.filled().ends_with(b"and on"));
        }
    }

    #[test]
    fn many_octets_that_have_come_already_are_kept() {
        let mut received = RecvBuf::new();
        receive(&mut received, &[b'x'; 20_000]);
        received.give_back();
        assert_eq!(received.filled(), [b'x'; 20_000]);
    }

    #[test]
    fn common_messages_need_no_new_memory() {
        let mut received = RecvBuf::new();
        receive(&mut received, &[b'x'; 500]);
        let before = received.filled().as_ptr();
        for len in [400, 10_000, 500] {
            received.clear();
            received.give_back();
            receive(&mut received, &vec![b'x'; len]);
        }
        received.clear();
        received.give_back();
        receive(&mut received, b"x");
        assert_eq!(received.filled().as_ptr(), before);
    }

    #[test]
    fn a_peer_that_fills_the_buffer_has_a_larger_one() {
        let mut received = RecvBuf::new();
        for len in [USUAL, LARGE, LARGE] {
            assert_eq!(received.spare_mut().len(), len);
            received.commit(len);
            received.clear();
        }
        received.give_back();
        assert_eq!(received.spare_mut().len(), USUAL);
    }
}
