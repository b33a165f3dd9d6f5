//! The octets to be sent.

use super::{Detached, HeadWriter, ReplyTo};
use crate::error::WriteError;
use crate::octets::{self, IS_WIDE};
use crate::value::{FieldName, FieldValue, Method, Status, Target};
use core::fmt;

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
    octets: [u8; M],
    /// How many of the octets count.
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
        Self { octets: [0; M], written: 0, owed: Owed::Nothing }
    }

    /// The octets to be sent.
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..self.written).unwrap_or(&[])
    }

    /// Forgets all octets, once they are sent. A body that has not ended is still owed.
    pub fn clear(&mut self) {
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
    #[cfg_attr(target_pointer_width = "64", inline(always))]
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
        Draft { octets: &mut self.octets, end: self.written, written: &mut self.written, owed: &mut self.owed }
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
    octets: &'w mut [u8],
    /// Where the draft ends.
    end: usize,
    written: &'w mut usize,
    owed: &'w mut Owed,
}

impl Draft<'_> {
    #[cfg_attr(target_pointer_width = "64", inline)]
    #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
    pub(crate) fn put(&mut self, octets: &[u8]) -> Result<(), WriteError> {
        copy(self.room(octets.len())?, octets);
        Ok(())
    }

    /// `field-line CRLF`
    #[inline]
    pub(crate) fn field(&mut self, name: FieldName<'_>, value: FieldValue<'_>) -> Result<(), WriteError> {
        let (name, value) = (name.as_bytes(), value.as_bytes());
        if let Some(rest) = self.octets.get_mut(self.end..)
            && let Some((to_name, rest)) = rest.split_at_mut_checked(name.len())
            && let Some((colon, rest)) = rest.split_first_chunk_mut()
            && let Some((to_value, rest)) = rest.split_at_mut_checked(value.len())
            && let Some(line_end) = rest.first_chunk_mut()
        {
            copy(to_name, name);
            *colon = *b": ";
            copy(to_value, value);
            *line_end = *b"\r\n";
            self.end = self.end.wrapping_add(name.len()).wrapping_add(value.len()).wrapping_add(": \r\n".len());
            return Ok(());
        }
        Err(WriteError::BufferFull)
    }

    /// `status-line CRLF`, of HTTP/1.1 and with the registered reason phrase
    #[inline(always)]
    pub(crate) fn status_line(&mut self, status: Status) -> Result<(), WriteError> {
        let reason = status.reason().as_bytes();
        if let Some(rest) = self.octets.get_mut(self.end..)
            && let Some((start, rest)) = rest.split_first_chunk_mut()
            && let Some((to_reason, rest)) = rest.split_at_mut_checked(reason.len())
            && let Some(line_end) = rest.first_chunk_mut()
        {
            *start = *b"HTTP/1.1 200 ";
            let [.., hundreds, tens, ones, _] = start;
            [*hundreds, *tens, *ones] = status.digits();
            copy(to_reason, reason);
            *line_end = *b"\r\n";
            self.end = self.end.wrapping_add(start.len()).wrapping_add(reason.len()).wrapping_add(line_end.len());
            return Ok(());
        }
        Err(WriteError::BufferFull)
    }

    /// The next `count` octets, which are part of the draft from now on.
    #[inline(always)]
    fn room(&mut self, count: usize) -> Result<&mut [u8], WriteError> {
        let start = self.end;
        let room = self.octets.get_mut(start..).and_then(|rest| rest.get_mut(..count)).ok_or(WriteError::BufferFull)?;
        self.end = start.wrapping_add(count);
        Ok(room)
    }

    /// Where the next octet goes.
    pub(crate) fn position(&self) -> usize {
        self.end
    }

    /// Takes back what was put from there on.
    pub(crate) fn truncate(&mut self, position: usize) {
        self.end = position.max(*self.written).min(self.end);
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
        *self.written = self.end;
    }
}

/// Copies octets to as many places. What fits into a few registers goes through them: two copies of one size, which overlap, instead of a
/// call.
#[inline(always)]
fn copy(to: &mut [u8], from: &[u8]) {
    match (from.len() >= 8, from.len() <= 16, from.len() <= 32, from.len() >= 4) {
        _ if !IS_WIDE => octets::copy(from, to),
        (true, true, ..) => overlapping::<8>(to, from),
        (true, _, true, _) => overlapping::<16>(to, from),
        (false, .., true) => overlapping::<4>(to, from),
        _ => octets::copy(from, to),
    }
}

/// Copies from `N` to `2 * N` octets.
#[inline(always)]
fn overlapping<const N: usize>(to: &mut [u8], from: &[u8]) {
    if let (Some(first), Some(last), Some(to_first)) = (from.first_chunk::<N>(), from.last_chunk::<N>(), to.first_chunk_mut()) {
        *to_first = *first;
        if let Some(to_last) = to.last_chunk_mut() {
            *to_last = *last;
        }
    }
}
