//! A text buffer in an array.

/// A buffer for up to `N` octets of text. Octets beyond `N` are dropped.
#[derive(Clone, Copy)]
pub struct Text<const N: usize> {
    octets: [u8; N],
    len: usize,
}

impl<const N: usize> Text<N> {
    /// Returns an empty text.
    pub const fn new() -> Self {
        Self { octets: [0; N], len: 0 }
    }

    /// Returns the text so far.
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or(&[])
    }

    /// Appends octets.
    pub fn push(&mut self, octets: &[u8]) -> &mut Self {
        let room = self.octets.get_mut(self.len..).unwrap_or(&mut []);
        for (to, octet) in room.iter_mut().zip(octets) {
            *to = *octet;
            self.len = self.len.saturating_add(1);
        }
        self
    }

    /// Appends a number in decimal digits.
    pub fn push_number(&mut self, number: u64) -> &mut Self {
        let mut digits = [0; 20];
        let len = write_digits(number, &mut digits);
        self.push(digits.get(digits.len().saturating_sub(len)..).unwrap_or(&[]))
    }
}

/// Writes the digits of a number at the end of the array, and returns their count.
#[inline(never)] // a single copy saves flash
fn write_digits(mut number: u64, digits: &mut [u8; 20]) -> usize {
    let mut len = 0_usize;
    for to in digits.iter_mut().rev() {
        *to = b'0' | (number % 10).to_le_bytes()[0];
        number /= 10;
        len = len.saturating_add(1);
        if number == 0 {
            break;
        }
    }
    len
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self::new()
    }
}
