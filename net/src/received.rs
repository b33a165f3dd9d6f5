//! The octets that have been received and not yet used.

/// A buffer that is as large as what has come requires, up to a limit. It is a `Vec`, since a head may be 64 KB long, and most connections
/// are idle with nothing in it.
pub(crate) struct Received {
    octets: Vec<u8>,
    start: usize,
    end: usize,
}

/// What is read at a time.
const USUAL: usize = 8 * 1024;
/// What is read at a time from a peer that has filled the buffer: of a long body.
const LARGE: usize = 16 * 1024;
/// More than the longest line, head or trailer section, with which core refuses it.
const MOST: usize = 128 * 1024;

impl Received {
    pub(crate) const fn new() -> Self {
        Self { octets: Vec::new(), start: 0, end: 0 }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.octets.get(self.start..self.end).unwrap_or_default()
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        self.octets.get_mut(self.start..self.end).unwrap_or_default()
    }

    /// Uses the first `count` octets up.
    pub(crate) fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
    }

    /// Uses all octets up.
    pub(crate) const fn clear(&mut self) {
        self.start = self.end;
    }

    /// Where the next octets go: behind the others. None, when there are too many.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        if self.start == self.end {
            let len = match self.octets.len() {
                len @ USUAL..=LARGE if self.end == len => LARGE,
                len @ (USUAL | LARGE) => len,
                _ => USUAL,
            };
            (self.start, self.end) = (0, 0);
            if self.octets.len() != len {
                self.octets = vec![0; len];
            }
        } else if self.end == self.octets.len() {
            self.octets.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end.saturating_sub(self.start));
            let len = self.octets.len();
            if self.end > len / 2 && len < MOST {
                self.grow(len * 2);
            }
        }
        self.octets.get_mut(self.end..).unwrap_or_default()
    }

    /// Moves the octets into a buffer of this size; `Vec::resize` writes octet by octet without
    /// optimization.
    fn grow(&mut self, len: usize) {
        let mut octets = vec![0; len];
        if let Some(to) = octets.get_mut(..self.octets.len()) {
            to.copy_from_slice(&self.octets);
        }
        self.octets = octets;
    }

    /// Takes note of how many octets have been put into the room.
    pub(crate) fn put(&mut self, count: usize) {
        self.end = self.end.saturating_add(count).min(self.octets.len());
    }

    /// The octets that are not used, for somebody else.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        let octets = self.bytes().to_vec();
        *self = Self::new();
        octets
    }
}
