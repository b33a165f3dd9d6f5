//! The buffer of octets to send.

use crate::error::WriteError;
use crate::scan::copy_short;
use crate::value::{FieldName, FieldValue};
use core::fmt;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicUsize, Ordering};

/// A buffer of up to `M` octets to send, written by a connection, a
/// [`MessageWriter`](crate::write::MessageWriter) or a [`datagram`](crate::datagram).
///
/// The octets of a buffer are always framed as their heads declare. A buffer knows what may follow
/// its last octet: a head, or the next octets of one body. Anything else fails with
/// [`WriteError::BufferInUse`], from every writer.
///
/// A head of any connection may follow a complete message: the caller sends each buffer on the
/// right connection. An empty buffer accepts any octets, so that a body can continue in a second
/// buffer while the first one is sent.
///
/// ```
/// use bareline_core::error::WriteError;
/// use bareline_core::write::{MessageWriter, RequestContext};
/// use bareline_core::{Status, WireBuf};
///
/// let (mut one, mut other) = (MessageWriter::new(), MessageWriter::new());
/// let mut out = WireBuf::<128>::new();
/// one.response(RequestContext::UNREAD, Status::OK, &mut out)?.length(2)?;
/// let second = other.response(RequestContext::UNREAD, Status::OK, &mut out);
/// assert_eq!(second.err(), Some(WriteError::BufferInUse));
/// one.send_data(b"hi", &mut out)?;
/// assert_eq!(out.as_bytes(), b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
/// # Ok::<(), WriteError>(())
/// ```
pub struct WireBuf<const M: usize>(WireView<[u8; M]>);

/// A [`WireBuf`] of any size, which has its methods.
///
/// Every call that writes takes one: `&mut out` of a [`WireBuf`] is enough. A program names it only
/// in a function that takes the buffer of its caller, of any size:
///
/// ```
/// use bareline_core::error::WriteError;
/// use bareline_core::write::WireView;
/// use bareline_core::{ServerConnection, Status, WireBuf};
///
/// fn too_slow(connection: &mut ServerConnection, out: &mut WireView) -> Result<(), WriteError> {
///     connection.reject(Status::REQUEST_TIMEOUT, out)?.body(b"too slow")
/// }
/// too_slow(&mut ServerConnection::new(), &mut WireBuf::<128>::new())?;
/// # Ok::<(), WriteError>(())
/// ```
pub struct WireView<O: ?Sized = [u8]> {
    /// The number of octets that count.
    written: usize,
    next: Next,
    octets: O,
}

/// The mark of a buffer: a head, nothing, or one body may follow its last octet.
///
/// The mark is one number, initially zero: an empty buffer is all zeros and takes no flash as a
/// static.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Next(usize);

/// The count of body marks given out: see [`Next::body`].
static GIVEN: AtomicUsize = AtomicUsize::new(0);

impl Next {
    /// A head may follow: the message before is complete.
    pub(super) const HEAD: Self = Self(0);

    /// Nothing may follow: the connection ends or changes its protocol after the last octet.
    pub(super) const NOTHING: Self = Self(1);

    /// Octets that the caller sends itself follow: nothing can be written until they are sent.
    pub(super) const FRAMED: Self = Self(2);

    /// Returns the mark of a body whose last octets are in the buffer: a number that no other
    /// buffer has.
    ///
    /// Both the body and the buffer with its last octets keep the number. They cannot keep a
    /// reference instead, because both may be moved at any time. Without an atomic increment, an
    /// interrupt may get the same number.
    pub(super) fn body() -> Self {
        #[cfg(target_has_atomic = "ptr")]
        let given = GIVEN.fetch_add(1, Ordering::Relaxed);
        #[cfg(not(target_has_atomic = "ptr"))]
        let given = {
            let given = GIVEN.load(Ordering::Relaxed);
            GIVEN.store(given.wrapping_add(1), Ordering::Relaxed);
            given
        };
        // With 32-bit words, the numbers repeat only after 2^32 calls.
        Self(given.wrapping_add(3).max(3))
    }
}

impl<const M: usize> WireBuf<M> {
    /// Returns an empty buffer.
    pub const fn new() -> Self {
        Self(WireView { written: 0, next: Next::HEAD, octets: [0; M] })
    }
}

impl<const M: usize> Deref for WireBuf<M> {
    type Target = WireView;

    #[inline]
    fn deref(&self) -> &WireView {
        &self.0
    }
}

impl<const M: usize> DerefMut for WireBuf<M> {
    #[inline]
    fn deref_mut(&mut self) -> &mut WireView {
        &mut self.0
    }
}

impl WireView {
    /// Returns the octets to be sent.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..self.written).unwrap_or(&[])
    }

    /// Clears the buffer once its octets are sent, with those that
    /// [`frame_data`](crate::write::MessageWriter::frame_data) framed.
    #[inline]
    pub const fn clear(&mut self) {
        (self.written, self.next) = (0, Next::HEAD);
    }

    /// Returns a draft for a head. Fails with [`WriteError::BufferInUse`] where no head may follow.
    #[inline]
    pub(crate) fn head_draft(&mut self) -> Result<Draft<'_>, WriteError> {
        self.draft(Next::HEAD)
    }

    /// Returns a draft for a message that has the buffer to itself.
    pub(crate) fn message_draft(&mut self) -> Result<Draft<'_>, WriteError> {
        if self.written == 0 { self.head_draft() } else { Err(WriteError::BufferInUse) }
    }

    /// Returns a draft for octets that may follow this mark.
    #[inline]
    pub(super) fn draft(&mut self, next: Next) -> Result<Draft<'_>, WriteError> {
        if self.next == Next::FRAMED || (self.written != 0 && self.next != next) {
            return Err(WriteError::BufferInUse);
        }
        Ok(Draft { end: self.written, wire: self })
    }
}

impl<const M: usize> Default for WireBuf<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const M: usize> fmt::Debug for WireBuf<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0 as &WireView, f)
    }
}

impl fmt::Debug for WireView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_bytes().escape_ascii())
    }
}

/// Octets after those that count. Committing the draft makes them count; a dropped or forgotten
/// draft leaves no trace.
#[derive(Debug)]
pub struct Draft<'w> {
    wire: &'w mut WireView,
    /// The end of the draft.
    end: usize,
}

impl Draft<'_> {
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn put(&mut self, octets: &[u8]) -> Result<(), WriteError> {
        self.room(octets.len()).map(|room| copy_short(octets, room))
    }

    /// Writes `field-line CRLF`.
    #[inline]
    pub(crate) fn field(
        &mut self,
        name: FieldName<'_>,
        value: FieldValue<'_>,
    ) -> Result<(), WriteError> {
        let (name, value) = (name.as_bytes(), value.as_bytes());
        if let Some(rest) = self.wire.octets.get_mut(self.end..)
            && let Some((to_name, rest)) = rest.split_at_mut_checked(name.len())
            && let Some((colon, rest)) = rest.split_first_chunk_mut()
            && let Some((to_value, rest)) = rest.split_at_mut_checked(value.len())
            && let Some(line_end) = rest.first_chunk_mut()
        {
            copy_short(name, to_name);
            *colon = *b": ";
            copy_short(value, to_value);
            *line_end = *b"\r\n";
            self.end = self
                .end
                .wrapping_add(name.len())
                .wrapping_add(value.len())
                .wrapping_add(": \r\n".len());
            return Ok(());
        }
        Err(WriteError::BufferFull)
    }

    /// Extends the draft by `count` octets and returns them.
    #[inline(always)]
    fn room(&mut self, count: usize) -> Result<&mut [u8], WriteError> {
        let start = self.end;
        let room = self
            .wire
            .octets
            .get_mut(start..)
            .and_then(|rest| rest.get_mut(..count))
            .ok_or(WriteError::BufferFull)?;
        self.end = start.wrapping_add(count);
        Ok(room)
    }

    /// Replaces one octet of the draft.
    pub(super) fn replace(&mut self, position: usize, octet: u8) {
        if let Some(old) = self.wire.octets.get_mut(self.wire.written.saturating_add(position)) {
            *old = octet;
        }
    }

    /// Makes the octets count, and sets the mark of the buffer.
    #[inline]
    pub(super) fn commit(self, next: Next) {
        self.wire.written = self.end;
        self.wire.next = next;
    }
}
