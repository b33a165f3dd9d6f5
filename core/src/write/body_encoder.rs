//! The encoder of a body to send.

use super::WireView;
use super::wire_buf::{Draft, Next};
use crate::error::WriteError;
use crate::framing::Framing;
use crate::value::{FieldName, FieldValue};

/// An encoder that frames a body as its head declares, and rejects any other body [RFC 9112 section
/// 6].
#[derive(Debug)]
pub(crate) struct BodyEncoder {
    left: Left,
    data: Data,
    /// True if nothing follows the message on its stream.
    is_last: bool,
    /// The mark of the buffer that holds the last octets of the body.
    next: Next,
}

/// The rest of a body.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Left {
    Octets(u64),
    Chunks,
    /// The CR LF after the data of the last chunk is still to be written, with the next octets.
    ChunksAfterData,
    AnyUntilClose,
    Nothing,
}

/// The treatment of the octets of a body.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Data {
    Sent,
    /// The request was HEAD: the octets are counted, not sent.
    Withheld,
    /// The status only declares a length, and allows no octets.
    Forbidden,
}

impl Data {
    /// Returns the octets of a body that are sent.
    pub(super) fn sent(self, body: &[u8]) -> &[u8] {
        if self == Self::Sent { body } else { &[] }
    }
}

/// A field of the trailer section: name and value.
///
/// ```
/// use bareline_core::write::{MessageWriter, RequestContext, TrailerField};
/// use bareline_core::{FieldName, FieldValue, Status, WireBuf};
///
/// const SUM: FieldName = FieldName::from_static("X-Sum");
/// let (mut out, mut writer) = (WireBuf::<128>::new(), MessageWriter::new());
/// writer.response(RequestContext::UNREAD, Status::OK, &mut out)?.chunked()?;
/// let sum: TrailerField<'_> = (SUM, FieldValue::new("7")?);
/// writer.end_body(&[sum], &mut out)?;
/// assert!(out.as_bytes().ends_with(b"0\r\nX-Sum: 7\r\n\r\n"));
/// # Ok::<(), bareline_core::error::WriteError>(())
/// ```
pub type TrailerField<'a> = (FieldName<'a>, FieldValue<'a>);

impl BodyEncoder {
    pub(super) const fn new(framing: Framing, data: Data) -> Self {
        let left = match framing {
            Framing::Length(length) => Left::Octets(length),
            Framing::Chunked => Left::Chunks,
            Framing::UntilClose => Left::AnyUntilClose,
            Framing::None | Framing::Tunnel => Left::Nothing,
        };
        Self { left, data, is_last: false, next: Next::HEAD }
    }

    /// Returns an encoder of a body that is already complete.
    pub(crate) const fn ended() -> Self {
        Self::new(Framing::None, Data::Sent)
    }

    /// Sets whether the message is the last one on its stream.
    pub(super) const fn last(self, is_last: bool) -> Self {
        Self { is_last, ..self }
    }

    /// Copies octets of the body into the buffer, framed.
    #[inline]
    pub(crate) fn send_data(&mut self, data: &[u8], out: &mut WireView) -> Result<(), WriteError> {
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
    #[inline]
    pub(crate) fn frame_data<'d>(
        &mut self,
        data: &'d [u8],
        out: &mut WireView,
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

    /// Ends the body with these trailer fields.
    #[inline]
    pub(crate) fn end_body(
        &mut self,
        trailers: &[TrailerField<'_>],
        out: &mut WireView,
    ) -> Result<(), WriteError> {
        let is_chunked = matches!(self.left, Left::Chunks | Left::ChunksAfterData);
        match (self.left, self.data) {
            (Left::Nothing, _) => return Err(WriteError::NoBody),
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
                // The end writes nothing, so octets of another message in the buffer do not matter.
                Err(_) => {}
            }
        }
        self.left = Left::Nothing;
        Ok(())
    }

    /// Returns the mark of the buffer after the head of this body.
    pub(super) fn begin(&mut self) -> Next {
        self.next = if self.is_sent() && !self.is_ended() { Next::body() } else { self.behind() };
        self.next
    }

    /// Returns the mark of the buffer after the message.
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

    /// Returns whether a peer with the head and `count` more octets of the body has the complete
    /// message, even if this encoder has not ended.
    pub(crate) fn is_whole_after(&self, count: usize) -> bool {
        let is_all = match self.left {
            Left::Octets(left) => left == count as u64,
            Left::Nothing => true,
            Left::Chunks | Left::ChunksAfterData | Left::AnyUntilClose => false,
        };
        is_all || self.data != Data::Sent
    }

    /// Returns the rest of the body after these octets.
    fn after(&self, data: &[u8]) -> Result<Left, WriteError> {
        let count = data.len() as u64;
        match (self.left, self.data) {
            (Left::Nothing, _) => Err(WriteError::NoBody),
            (left, _) if count == 0 => Ok(left),
            (_, Data::Forbidden) => Err(WriteError::BodyForbidden),
            (Left::Octets(left), _) => {
                left.checked_sub(count).map(Left::Octets).ok_or(WriteError::BodyLength)
            }
            (Left::AnyUntilClose, _) => Ok(Left::AnyUntilClose),
            (Left::Chunks | Left::ChunksAfterData, _) => Ok(Left::ChunksAfterData),
        }
    }

    /// Writes the start of a chunk of these octets, where the body is chunked.
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

/// The calls that write a body, for types whose `outgoing` returns the encoder if the step is
/// allowed.
macro_rules! body_calls {
    () => {
        /// Copies octets of the body into the buffer, as one chunk if the body is chunked. In a
        /// response to HEAD, the octets are counted but not sent.
        ///
        /// Fails with
        /// - [`WriteError::BodyLength`] for more octets than declared,
        /// - [`WriteError::BodyForbidden`] if the status only declares a length,
        /// - [`WriteError::BufferFull`] if the octets do not fit,
        /// - [`WriteError::NoBody`] if no body is being written,
        /// - [`WriteError::BufferInUse`] if the buffer holds octets of another message.
        ///
        /// After an error, none of the octets count.
        #[inline]
        pub fn send_data(&mut self, data: &[u8], out: &mut WireView) -> Result<(), WriteError> {
            self.outgoing(BodyStep::Data(data.len()))?.send_data(data, out)
        }

        /// Frames octets of the body that the caller sends itself, without a copy.
        ///
        /// The caller sends the buffer, and then exactly the octets that this call returns: none in
        /// a response to HEAD. Until [`WireView::clear`], nothing else can be written to the
        /// buffer, even if it is empty. Fails as [`send_data`](Self::send_data) does.
        #[inline]
        pub fn frame_data<'d>(
            &mut self,
            data: &'d [u8],
            out: &mut WireView,
        ) -> Result<&'d [u8], WriteError> {
            self.outgoing(BodyStep::Data(data.len()))?.frame_data(data, out)
        }

        /// Ends the body, with these trailer fields if it is chunked.
        ///
        /// Fails with
        /// - [`WriteError::BodyLength`] if octets are missing; in a response to HEAD they may be,
        /// - [`WriteError::TrailersNeedChunked`] for trailer fields without chunks,
        /// - [`WriteError::ForbiddenTrailer`] for a field that is invalid in trailers [RFC 9110
        ///   section 6.5.1],
        /// - [`WriteError::BufferFull`] if the end does not fit,
        /// - [`WriteError::NoBody`] if no body is being written,
        /// - [`WriteError::BufferInUse`] if the buffer holds octets of another message.
        ///
        /// After an error, the body has not ended.
        #[inline]
        pub fn end_body(
            &mut self,
            trailers: &[TrailerField<'_>],
            out: &mut WireView,
        ) -> Result<(), WriteError> {
            self.outgoing(BodyStep::End)?.end_body(trailers, out)
        }
    };
}
pub(crate) use body_calls;

/// Returns the hexadecimal digits of a number.
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
