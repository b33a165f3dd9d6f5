//! Text that is put together in an array.

/// Up to `N` octets of text. What has no room is left out: `N` is chosen so that all has.
#[derive(Clone, Copy)]
pub struct Text<const N: usize> {
    octets: [u8; N],
    len: usize,
}

impl<const N: usize> Text<N> {
    /// No text.
    pub const fn new() -> Self {
        Self { octets: [0; N], len: 0 }
    }

    /// The text so far.
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or(&[])
    }

    /// Adds octets.
    pub fn push(&mut self, octets: &[u8]) -> &mut Self {
        let room = self.octets.get_mut(self.len..).unwrap_or(&mut []);
        for (to, octet) in room.iter_mut().zip(octets) {
            *to = *octet;
            self.len = self.len.saturating_add(1);
        }
        self
    }

    /// Adds a number in decimal digits.
    pub fn push_number(&mut self, number: u64) -> &mut Self {
        let (mut divisor, mut is_leading) = (10_000_000_000_000_000_000, true);
        while divisor > 0 {
            let digit = (number / divisor % 10).to_le_bytes()[0];
            is_leading &= digit == 0 && divisor > 1;
            if !is_leading {
                self.push(&[b'0' | digit]);
            }
            divisor /= 10;
        }
        self
    }
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self::new()
    }
}
