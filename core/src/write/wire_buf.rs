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
}

impl<const M: usize> WireBuf<M> {
    /// An empty buffer.
    pub const fn new() -> Self {
        Self { octets: Vec::new(), written: 0 }
    }

    /// The octets to be sent.
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..self.written).unwrap_or(&[])
    }

    /// Forgets all octets, once they are sent.
    pub fn clear(&mut self) {
        self.octets.clear();
        self.written = 0;
    }

    /// Begins a request. Fails with [`WriteError::TargetForm`] when the target's form does not suit the method.
    pub fn request(&mut self, method: Method<'_>, target: Target<'_>) -> Result<HeadWriter<'_>, WriteError> {
        match target.form().suits(method) {
            true => HeadWriter::request(self.draft(), Detached, method, target),
            false => Err(WriteError::TargetForm),
        }
    }

    /// Begins a response with this status and its registered reason phrase. Fails with [`WriteError::InvalidStatus`] for a code
    /// over 599, which can be received but not sent.
    pub fn response(&mut self, reply_to: ReplyTo, status: Status) -> Result<HeadWriter<'_>, WriteError> {
        HeadWriter::response(self.draft(), Detached, reply_to, status)
    }

    pub(crate) fn draft(&mut self) -> Draft<'_> {
        self.octets.truncate(self.written);
        Draft { octets: self.octets.as_mut_view(), written: &mut self.written }
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

    /// Replaces one octet that was put before.
    pub(crate) fn replace(&mut self, position: usize, octet: u8) {
        if let Some(old) = self.octets.get_mut(position) {
            *old = octet;
        }
    }

    pub(crate) fn commit(self) {
        *self.written = self.octets.len();
    }
}
