//! The octets to be sent.

use super::{Detached, HeadWriter, ReplyTo};
use crate::error::WriteError;
use crate::value::{FieldName, FieldValue, Method, Status, Target};
use core::fmt;
use heapless::Vec;
use heapless::vec::VecView;

/// Up to `M` octets to be sent, written by [`HeadWriter`]s and [`BodyEncoder`](crate::BodyEncoder)s alone.
///
/// ```
/// use bareline_core::{FieldName, FieldValue, Method, Target, WireBuf};
///
/// let mut out = WireBuf::<128>::new();
/// out.request(Method::GET, Target::ROOT)?.field(FieldName::HOST, FieldValue::new("a.example")?)?.without_body()?;
/// assert_eq!(out.as_bytes(), b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
/// # Ok::<(), bareline_core::WriteError>(())
/// ```
pub struct WireBuf<const M: usize> {
    octets: Vec<u8, M>,
    /// How many of the octets count; what is behind them a writer has left that was given up.
    written: usize,
    owed: Owed,
}

/// What a head that went out on no connection leaves to be written before the next one.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Owed {
    Nothing,
    /// The rest of a body, up to the end of its encoder.
    Body,
    /// The close of the connection.
    Close,
}

impl<const M: usize> WireBuf<M> {
    /// An empty buffer.
    pub const fn new() -> Self {
        Self { octets: Vec::new(), written: 0, owed: Owed::Nothing }
    }

    /// The octets to be sent.
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..self.written).unwrap_or(&[])
    }

    /// Forgets all octets, once they are sent. A body that has not ended is still owed.
    pub fn clear(&mut self) {
        self.octets.clear();
        self.written = 0;
        if self.owed == Owed::Close {
            self.owed = Owed::Nothing;
        }
    }

    /// Begins a request. Fails with [`WriteError::TargetForm`] when the target's form does not suit the method, with
    /// [`WriteError::OutOfTurn`] while the body of a message before it has not ended.
    pub fn request(&mut self, method: Method<'_>, target: Target<'_>) -> Result<HeadWriter<'_>, WriteError> {
        match target.form().suits(method) {
            true => HeadWriter::request(self.next_draft()?, Detached, method, target),
            false => Err(WriteError::TargetForm),
        }
    }

    /// Begins a response with this status and its registered reason phrase. Fails with [`WriteError::InvalidStatus`] for a code
    /// over 599, which can be received but not sent; with [`WriteError::OutOfTurn`] while the body of a message before it has not ended.
    pub fn response(&mut self, reply_to: ReplyTo, status: Status) -> Result<HeadWriter<'_>, WriteError> {
        HeadWriter::response(self.next_draft()?, Detached, reply_to, status)
    }

    /// For a message that goes out on no connection: nothing but this buffer knows what was before it.
    pub(crate) fn next_draft(&mut self) -> Result<Draft<'_>, WriteError> {
        match self.owed {
            Owed::Nothing => Ok(self.draft()),
            Owed::Body | Owed::Close => Err(WriteError::OutOfTurn),
        }
    }

    pub(crate) fn draft(&mut self) -> Draft<'_> {
        self.octets.truncate(self.written);
        Draft { octets: self.octets.as_mut_view(), written: &mut self.written, owed: &mut self.owed }
    }
}

impl<const M: usize> Default for WireBuf<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const M: usize> fmt::Debug for WireBuf<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_bytes().escape_ascii())
    }
}

/// Octets behind those that count. They count when the draft is committed; given up or forgotten, it leaves nothing behind.
pub(crate) struct Draft<'w> {
    octets: &'w mut VecView<u8>,
    written: &'w mut usize,
    owed: &'w mut Owed,
}

impl Draft<'_> {
    pub(crate) fn put(&mut self, octets: &[u8]) -> Result<(), WriteError> {
        self.octets.extend_from_slice(octets).map_err(|_| WriteError::BufferFull)
    }

    /// `field-line CRLF`
    pub(crate) fn field(&mut self, name: FieldName<'_>, value: FieldValue<'_>) -> Result<(), WriteError> {
        [name.as_bytes(), b": ", value.as_bytes(), b"\r\n"].iter().try_for_each(|part| self.put(part))
    }

    /// Where the next octet goes.
    pub(crate) fn position(&self) -> usize {
        self.octets.len()
    }

    /// Takes back what was put from there on.
    pub(crate) fn truncate(&mut self, position: usize) {
        self.octets.truncate(position.max(*self.written));
    }

    /// Replaces one octet that was put before.
    pub(crate) fn replace(&mut self, position: usize, octet: u8) {
        if let Some(old) = self.octets.get_mut(position) {
            *old = octet;
        }
    }

    /// What has been put from `start` to `end`.
    pub(crate) fn between(&self, start: usize, end: usize) -> &[u8] {
        self.octets.get(start..end).unwrap_or(&[])
    }

    /// Notes what has to follow.
    pub(super) fn owe(&mut self, owed: Owed) {
        *self.owed = owed;
    }

    pub(crate) fn commit(self) {
        *self.written = self.octets.len();
    }
}
