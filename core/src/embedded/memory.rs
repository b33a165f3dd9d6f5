//! The memory of a stream, which its owner keeps.

use crate::connection::{RecvBuf, RecvView};
use crate::head::{FieldSpans, LentSpans};
use crate::write::{WireBuf, WireView};
use core::fmt;

/// The buffers of a connection, which a stream borrows: for up to `FIELDS` field lines, a receive
/// buffer of `RECEIVED` octets, and a send buffer of `SENT` octets.
///
/// Each buffer has to hold the longest head. The receive buffer also needs room after the head for
/// the longest chunk line or trailer; some 512 octets make bodies fast. A send buffer of 128 octets
/// holds every error response of a server's stream.
///
/// New memory is all zeros, so that a `static` takes no flash. The next connection can use the
/// memory of a previous one.
///
/// ```
/// use bareline_core::embedded_io_07::StreamMemory;
///
/// /// Four connections, for a `StaticCell` or a `static mut` in `#[entry] fn main`.
/// const MEMORY: [StreamMemory<16, 1024, 256>; 4] = [const { StreamMemory::new() }; 4];
/// assert!(size_of_val(&MEMORY[0]) < 1024 + 256 + 8 * 16 + 64);
/// ```
pub struct StreamMemory<
    const FIELDS: usize = 32,
    const RECEIVED: usize = 2048,
    const SENT: usize = 512,
> {
    spans: FieldSpans<FIELDS>,
    received: RecvBuf<RECEIVED>,
    out: WireBuf<SENT>,
}

/// A [`StreamMemory`] of any size, lent to one connection.
pub(super) struct LentMemory<'m> {
    pub(super) spans: LentSpans<'m>,
    pub(super) received: &'m mut RecvView,
    pub(super) out: &'m mut WireView,
}

impl<const FIELDS: usize, const RECEIVED: usize, const SENT: usize>
    StreamMemory<FIELDS, RECEIVED, SENT>
{
    /// Returns empty memory.
    pub const fn new() -> Self {
        Self { spans: FieldSpans::new(), received: RecvBuf::new(), out: WireBuf::new() }
    }

    /// Lends the memory to a connection, without the octets of another one.
    pub(super) fn lend(&mut self) -> LentMemory<'_> {
        self.received.clear();
        self.out.clear();
        LentMemory { spans: self.spans.lend(), received: &mut self.received, out: &mut self.out }
    }
}

impl<const FIELDS: usize, const RECEIVED: usize, const SENT: usize> Default
    for StreamMemory<FIELDS, RECEIVED, SENT>
{
    fn default() -> Self {
        Self::new()
    }
}

impl<const FIELDS: usize, const RECEIVED: usize, const SENT: usize> fmt::Debug
    for StreamMemory<FIELDS, RECEIVED, SENT>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamMemory")
    }
}
