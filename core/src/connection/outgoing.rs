//! What both roles do with the body of a message they send.

use crate::error::WriteError;
use crate::write::{BodyEncoder, TrailerField, WireBuf};

/// A step in writing a body.
#[derive(Clone, Copy)]
pub(super) enum BodyStep {
    /// Writes this many octets of content.
    Data(usize),
    /// Ends the body.
    End,
}

/// What has been sent of a message.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// Nothing: for a server no request has come, for a client none has been written.
    Idle,
    /// Nothing yet of the answer that a server owes.
    Owed,
    /// The head; the body is being written.
    Body(BodyEncoder),
    /// All of it.
    Complete,
}

impl Outgoing {
    /// A message whose head has been written, with what is left of its body.
    pub(super) fn after_head(body: BodyEncoder) -> Self {
        if body.is_ended() { Self::Complete } else { Self::Body(body) }
    }

    pub(super) fn send_data<const M: usize>(&mut self, data: &[u8], out: &mut WireBuf<M>) -> Result<(), WriteError> {
        self.body()?.data(data, out)
    }

    pub(super) fn frame_data<'d, const M: usize>(
        &mut self,
        data: &'d [u8],
        out: &mut WireBuf<M>,
    ) -> Result<&'d [u8], WriteError> {
        self.body()?.frame(data, out)
    }

    pub(super) fn end_body<const M: usize>(
        &mut self,
        trailers: &[TrailerField<'_>],
        out: &mut WireBuf<M>,
    ) -> Result<(), WriteError> {
        self.body()?.end(trailers, out)?;
        *self = Self::Complete;
        Ok(())
    }

    /// Returns whether the message is whole for the peer once this step is done.
    pub(super) fn is_whole_after(&self, step: BodyStep) -> bool {
        match (self, step) {
            (Self::Body(_), BodyStep::End) => true,
            (Self::Body(body), BodyStep::Data(count)) => body.is_whole_after(count),
            (Self::Idle | Self::Owed | Self::Complete, _) => false,
        }
    }

    fn body(&mut self) -> Result<&mut BodyEncoder, WriteError> {
        match self {
            Self::Body(body) => Ok(body),
            _ => Err(WriteError::OutOfTurn),
        }
    }
}

/// The calls that write a body, for whatever has an `outgoing` message and knows whether it may go on.
macro_rules! body_calls {
    () => {
        /// Copies octets of the body into the buffer, framed as the head says. Fails with [`WriteError::OutOfTurn`] when no body is
        /// being written, and as [`BodyEncoder::data`](crate::BodyEncoder::data) does.
        pub fn send_data<const M: usize>(&mut self, data: &[u8], out: &mut WireBuf<M>) -> Result<(), WriteError> {
            self.outgoing(BodyStep::Data(data.len()))?.send_data(data, out)
        }

        /// Frames octets of the body that the caller sends itself, behind what stands in the buffer: see
        /// [`BodyEncoder::frame`](crate::BodyEncoder::frame).
        pub fn frame_data<'d, const M: usize>(&mut self, data: &'d [u8], out: &mut WireBuf<M>) -> Result<&'d [u8], WriteError> {
            self.outgoing(BodyStep::Data(data.len()))?.frame_data(data, out)
        }

        /// Ends the body, with these trailer fields where it is chunked: see [`BodyEncoder::end`](crate::BodyEncoder::end).
        pub fn end_body<const M: usize>(
            &mut self,
            trailers: &[TrailerField<'_>],
            out: &mut WireBuf<M>,
        ) -> Result<(), WriteError> {
            self.outgoing(BodyStep::End)?.end_body(trailers, out)
        }
    };
}
pub(super) use body_calls;
