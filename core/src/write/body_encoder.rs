//! A body on its way out.

use super::WireBuf;
use super::wire_buf::{Draft, Next};
use crate::error::WriteError;
use crate::value::{FieldName, FieldValue};

/// Frames a body as its head declares it, and holds it to what was declared [RFC 9112 section 6].
#[derive(Debug)]
pub(crate) struct BodyEncoder {
    left: Left,
    data: Data,
    /// Nothing follows the message on its stream.
    is_last: bool,
    /// The number of the last octets so far, in the buffer that holds them.
    next: Next,
}

/// The rest of a body.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Left {
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
    const fn new(left: Left, data: Data) -> Self {
        Self { left, data, is_last: false, next: Next::HEAD }
    }

    pub(super) const fn length(length: u64, data: Data) -> Self {
        Self::new(Left::Octets(length), data)
    }

    pub(super) const fn chunked(data: Data) -> Self {
        Self::new(Left::Chunks, data)
    }

    pub(super) const fn until_close(data: Data) -> Self {
        Self::new(Left::AnyUntilClose, data)
    }

    /// A body that is whole already.
    pub(crate) const fn ended() -> Self {
        Self::new(Left::Nothing, Data::Sent)
    }

    /// Marks the message as the last one on its stream, or not.
    pub(super) const fn last(self, is_last: bool) -> Self {
        Self { is_last, ..self }
    }

    /// Copies octets of the body into the buffer, framed.
    pub(crate) fn send_data<const M: usize>(
        &mut self,
        data: &[u8],
        out: &mut WireBuf<M>,
    ) -> Result<(), WriteError> {
        let after = self.after(data)?;
        if self.is_sent() && !data.is_empty() {
            let mut draft = out.draft(self.next)?;
            self.put_chunk_start(data, &mut draft)?;
            draft.put(data)?;
            self.next = Next::body();
            draft.commit(self.next);
        }
        self.left = after;
        Ok(())
    }

    /// Frames octets of the body that the caller sends itself.
    pub(crate) fn frame_data<'d, const M: usize>(
        &mut self,
        data: &'d [u8],
        out: &mut WireBuf<M>,
    ) -> Result<&'d [u8], WriteError> {
        let after = self.after(data)?;
        if !self.is_sent() || data.is_empty() {
            self.left = after;
            return Ok(&[]);
        }
        let mut draft = out.draft(self.next)?;
        self.put_chunk_start(data, &mut draft)?;
        draft.commit(Next::FRAMED);
        self.next = Next::body();
        self.left = after;
        Ok(data)
    }

    /// Ends the body, with these trailer fields.
    pub(crate) fn end_body<const M: usize>(
        &mut self,
        trailers: &[TrailerField<'_>],
        out: &mut WireBuf<M>,
    ) -> Result<(), WriteError> {
        let is_chunked = matches!(self.left, Left::Chunks | Left::ChunksAfterData);
        match (self.left, self.data) {
            (Left::Nothing, _) => return Err(WriteError::OutOfTurn),
            (Left::Octets(1..), Data::Sent) => return Err(WriteError::BodyLength),
            _ if !trailers.is_empty() && !is_chunked => {
                return Err(WriteError::TrailersNeedChunked);
            }
            _ if trailers.iter().any(|(name, _)| !name.is_allowed_in_trailers()) => {
                return Err(WriteError::ForbiddenTrailer);
            }
            _ => {}
        }
        if self.is_sent() {
            match out.draft(self.next) {
                Ok(mut draft) => {
                    if is_chunked {
                        draft.put(self.line_end())?;
                        draft.put(b"0\r\n")?;
                        for (name, value) in trailers {
                            draft.field(*name, *value)?;
                        }
                        draft.put(b"\r\n")?;
                    }
                    draft.commit(self.behind());
                }
                Err(error) if is_chunked => return Err(error),
                // Nothing is written, so that the octets of another message may stand there.
                Err(_) => {}
            }
        }
        self.left = Left::Nothing;
        Ok(())
    }

    /// Returns what may follow the head of this body.
    pub(super) fn begin(&mut self) -> Next {
        self.next = if self.is_sent() && !self.is_ended() { Next::body() } else { self.behind() };
        self.next
    }

    /// Returns what may follow the message.
    const fn behind(&self) -> Next {
        if self.is_last { Next::NOTHING } else { Next::HEAD }
    }

    /// Returns whether the next message may begin.
    pub(super) fn may_be_followed(&self) -> bool {
        self.is_ended() && !self.is_last
    }

    /// Returns whether the body has ended.
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

    /// Returns what is left after these octets.
    fn after(&self, data: &[u8]) -> Result<Left, WriteError> {
        let count = data.len() as u64;
        match (self.left, self.data) {
            (Left::Nothing, _) => Err(WriteError::OutOfTurn),
            (left, _) if count == 0 => Ok(left),
            (_, Data::Forbidden) => Err(WriteError::BodyForbidden),
            (Left::Octets(left), _) => {
                left.checked_sub(count).map(Left::Octets).ok_or(WriteError::BodyLength)
            }
            (Left::AnyUntilClose, _) => Ok(Left::AnyUntilClose),
            (Left::Chunks | Left::ChunksAfterData, _) => Ok(Left::ChunksAfterData),
        }
    }

    /// Writes what stands in front of these octets where the body is chunked.
    fn put_chunk_start(&self, data: &[u8], draft: &mut Draft<'_>) -> Result<(), WriteError> {
        if !matches!(self.left, Left::Chunks | Left::ChunksAfterData) {
            return Ok(());
        }
        draft.put(self.line_end())?;
        let mut digits = [0; 16];
        draft.put(hexadecimal(data.len() as u64, &mut digits))?;
        draft.put(b"\r\n")
    }

    fn is_sent(&self) -> bool {
        self.data == Data::Sent
    }

    fn line_end(&self) -> &'static [u8] {
        if self.left == Left::ChunksAfterData { b"\r\n" } else { b"" }
    }
}

/// A step in writing a body.
#[derive(Clone, Copy)]
pub(crate) enum BodyStep {
    /// Writes this many octets of content.
    Data(usize),
    /// Ends the body.
    End,
}

/// The calls that write a body, for whatever has an `outgoing` message and knows whether it may go
/// on.
macro_rules! body_calls {
    () => {
        /// Copies octets of the body into the buffer, as one chunk where the body is chunked. In a
        /// response to HEAD they are counted and left out.
        ///
        /// Fails with [`WriteError::BodyLength`] when they are more than declared,
        /// [`WriteError::BodyForbidden`] when the status only says a length,
        /// [`WriteError::BufferFull`] when they do not fit, [`WriteError::OutOfTurn`] when no body
        /// is being written or the octets of another message stand in the buffer. Nothing is taken
        /// then.
        pub fn send_data<const M: usize>(
            &mut self,
            data: &[u8],
            out: &mut WireBuf<M>,
        ) -> Result<(), WriteError> {
            self.outgoing(BodyStep::Data(data.len()))?.send_data(data, out)
        }

        /// Frames octets of the body that the caller sends itself, without a copy: first what
        /// stands in the buffer, then exactly the octets that this returns, which are none in a
        /// response to HEAD. Nothing else can be written to the buffer before [`WireBuf::clear`],
        /// even if it is empty. Fails as [`send_data`](Self::send_data) does.
        pub fn frame_data<'d, const M: usize>(
            &mut self,
            data: &'d [u8],
            out: &mut WireBuf<M>,
        ) -> Result<&'d [u8], WriteError> {
            self.outgoing(BodyStep::Data(data.len()))?.frame_data(data, out)
        }

        /// Ends the body, with these trailer fields where it is chunked.
        ///
        /// Fails with [`WriteError::BodyLength`] when octets are missing, in a response to HEAD not
        /// when all are; [`WriteError::TrailersNeedChunked`]; [`WriteError::ForbiddenTrailer`] for
        /// a field that comes too late there [RFC 9110 section 6.5.1]; [`WriteError::BufferFull`];
        /// [`WriteError::OutOfTurn`] when no body is being written, or the octets of another
        /// message stand in the buffer. Nothing is ended then.
        pub fn end_body<const M: usize>(
            &mut self,
            trailers: &[TrailerField<'_>],
            out: &mut WireBuf<M>,
        ) -> Result<(), WriteError> {
            self.outgoing(BodyStep::End)?.end_body(trailers, out)
        }
    };
}
pub(crate) use body_calls;

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
