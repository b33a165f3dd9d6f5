//! A body on its way out.

use super::wire_buf::Owed;
use super::{Draft, WireBuf};
use crate::error::WriteError;
use crate::value::{FieldName, FieldValue};

/// Frames a body as its head declares it, and sees to it that it is what was declared [RFC 9112 section 6].
///
/// ```
/// use bareline_core::{FieldName, FieldValue, ReplyTo, Status, WireBuf, WriteError};
///
/// let mut out = WireBuf::<128>::new();
/// let mut body = out.response(ReplyTo::UNREAD, Status::OK)?.chunked()?;
/// body.data(b"hello, ", &mut out)?;
/// body.data(b"world", &mut out)?;
/// const SUM: FieldName = FieldName::from_static("X-Sum");
/// body.end(&[(SUM, FieldValue::new("7")?)], &mut out)?;
/// assert!(out.as_bytes().ends_with(b"\r\n\r\n7\r\nhello, \r\n5\r\nworld\r\n0\r\nX-Sum: 7\r\n\r\n"));
/// # Ok::<(), WriteError>(())
/// ```
#[derive(Debug)]
#[must_use = "a body is whole when its encoder has ended"]
pub struct BodyEncoder {
    left: Left,
    data: Data,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Left {
    Octets(u64),
    Chunks,
    /// The last chunk lacks its line end, which goes out with what follows.
    ChunksAfterData,
    AnyUntilClose,
    Nothing,
}

/// What becomes of the octets.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Data {
    Sent,
    /// The request was HEAD: counted, not sent.
    Withheld,
    /// The status is one that only says a length.
    Forbidden,
}

/// A field of the trailer section: name and value.
pub type TrailerField<'a> = (FieldName<'a>, FieldValue<'a>);

impl BodyEncoder {
    pub(super) const fn length(length: u64, data: Data) -> Self {
        Self { left: Left::Octets(length), data }
    }

    pub(super) const fn chunked(data: Data) -> Self {
        Self { left: Left::Chunks, data }
    }

    pub(super) const fn until_close(data: Data) -> Self {
        Self { left: Left::AnyUntilClose, data }
    }

    /// A body that is whole already.
    pub(crate) const fn ended() -> Self {
        Self { left: Left::Nothing, data: Data::Sent }
    }

    /// Copies octets of the body into the buffer, as one chunk where the body is chunked. In a response to HEAD they are
    /// counted and left out.
    ///
    /// Fails with [`WriteError::BodyLength`] when they are more than declared, [`WriteError::BodyForbidden`] when the status only
    /// says a length, [`WriteError::OutOfTurn`] after the end, [`WriteError::BufferFull`] when they do not fit; nothing is taken
    /// then.
    pub fn data<const M: usize>(&mut self, data: &[u8], out: &mut WireBuf<M>) -> Result<(), WriteError> {
        let mut draft = out.draft();
        let (after, data) = self.after(data, &mut draft)?;
        draft.put(data)?;
        draft.commit();
        *self = after;
        Ok(())
    }

    /// Frames octets of the body that the caller sends itself, without a copy: first what stands in the buffer, then exactly the
    /// octets that this gives back, which are none in a response to HEAD. Fails as [`data`](Self::data) does.
    pub fn frame<'d, const M: usize>(&mut self, data: &'d [u8], out: &mut WireBuf<M>) -> Result<&'d [u8], WriteError> {
        let mut draft = out.draft();
        let (after, data) = self.after(data, &mut draft)?;
        draft.commit();
        *self = after;
        Ok(data)
    }

    /// Ends the body, with these trailer fields where it is chunked.
    ///
    /// Fails with [`WriteError::BodyLength`] when octets are missing, in a response to HEAD not when all are;
    /// [`WriteError::TrailersNeedChunked`]; [`WriteError::ForbiddenTrailer`] for a field that comes too late there
    /// [RFC 9110 section 6.5.1]; [`WriteError::BufferFull`]; [`WriteError::OutOfTurn`] after the end. Nothing is ended then.
    pub fn end<const M: usize>(&mut self, trailers: &[TrailerField<'_>], out: &mut WireBuf<M>) -> Result<(), WriteError> {
        let is_chunked = matches!(self.left, Left::Chunks | Left::ChunksAfterData);
        match (self.left, self.data) {
            (Left::Nothing, _) => return Err(WriteError::OutOfTurn),
            (Left::Octets(1..), Data::Sent) => return Err(WriteError::BodyLength),
            _ if !trailers.is_empty() && !is_chunked => return Err(WriteError::TrailersNeedChunked),
            _ if trailers.iter().any(|(name, _)| !name.is_allowed_in_trailers()) => return Err(WriteError::ForbiddenTrailer),
            _ => {}
        }
        let mut draft = out.draft();
        if is_chunked && self.data == Data::Sent {
            draft.put(self.line_end())?;
            draft.put(b"0\r\n")?;
            for (name, value) in trailers {
                draft.field(*name, *value)?;
            }
            draft.put(b"\r\n")?;
        }
        draft.owe(if self.left == Left::AnyUntilClose { Owed::Close } else { Owed::Nothing });
        draft.commit();
        self.left = Left::Nothing;
        Ok(())
    }

    /// Whether the body has ended.
    pub(crate) fn is_ended(&self) -> bool {
        self.left == Left::Nothing
    }

    /// Returns whether the peer has the whole message once it has its head and `count` octets more
    /// of the body, although this encoder may not have ended.
    pub(crate) fn is_whole_after(&self, count: usize) -> bool {
        let is_all = match self.left {
            Left::Octets(left) => left == count as u64,
            Left::Nothing => true,
            Left::Chunks | Left::ChunksAfterData | Left::AnyUntilClose => false,
        };
        is_all || self.data != Data::Sent
    }

    /// What is left after these octets, and which of them go out behind the draft.
    fn after<'d>(&self, data: &'d [u8], draft: &mut Draft<'_>) -> Result<(Self, &'d [u8]), WriteError> {
        let count = data.len() as u64;
        let left = match (self.left, self.data) {
            (left, _) if count == 0 => left,
            (_, Data::Forbidden) => return Err(WriteError::BodyForbidden),
            (Left::Nothing, _) => return Err(WriteError::OutOfTurn),
            (Left::Octets(left), _) => Left::Octets(left.checked_sub(count).ok_or(WriteError::BodyLength)?),
            (Left::AnyUntilClose, _) => Left::AnyUntilClose,
            (Left::Chunks | Left::ChunksAfterData, Data::Withheld) => Left::Chunks,
            (Left::Chunks | Left::ChunksAfterData, Data::Sent) => {
                draft.put(self.line_end())?;
                let mut digits = [0; 16];
                draft.put(hexadecimal(count, &mut digits))?;
                draft.put(b"\r\n")?;
                Left::ChunksAfterData
            }
        };
        let sent = if self.data == Data::Sent { data } else { &[] };
        Ok((Self { left, data: self.data }, sent))
    }

    fn line_end(&self) -> &'static [u8] {
        if self.left == Left::ChunksAfterData { b"\r\n" } else { b"" }
    }
}

/// The hexadecimal digits of a number.
fn hexadecimal(mut number: u64, digits: &mut [u8; 16]) -> &[u8] {
    let mut from = digits.len();
    for (at, digit) in digits.iter_mut().enumerate().rev() {
        let value = (number & 0xf).to_le_bytes()[0];
        *digit = if value < 10 { b'0' | value } else { value.wrapping_add(b'a' - 10) };
        number >>= 4;
        from = at;
        if number == 0 {
            break;
        }
    }
    digits.get(from..).unwrap_or(&[])
}
