//! A class as a table, for vector registers that look up 16 entries at once.
//!
//! ASCII is a table of 16 columns by the low half of an octet, and 8 rows by its high half.

use super::classes::ROW;
use crate::octets::is;

/// Bit `r` in entry `r`. The rows of octets that are not ASCII have no bit.
pub(super) const BIT_OF_ROW: [u8; ROW] =
    [1, 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 5, 1 << 6, 1 << 7, 0, 0, 0, 0, 0, 0, 0, 0];

/// Returns the rows of each column: bit `r` of entry `c` is set if the class contains the octet in
/// row `r` and column `c`.
#[allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated at compile time, over 0..128"
)]
pub(super) const fn rows_of(class: u8) -> [u8; ROW] {
    let mut rows = [0; ROW];
    let mut octet = 0;
    while octet < 0x80 {
        if is(octet as u8, class) {
            rows[octet % 16] |= 1 << (octet / 16);
        }
        octet += 1;
    }
    rows
}
