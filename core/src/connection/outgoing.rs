//! What both roles do with the body of a message they send.

use crate::error::WriteError;
use crate::write::{BodyEncoder, BodyStep, TrailerField, WireBuf};

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

    pub(super) fn send_data<const M: usize>(
        &mut self,
        data: &[u8],
        out: &mut WireBuf<M>,
    ) -> Result<(), WriteError> {
        self.body()?.send_data(data, out)
    }

    pub(super) fn frame_data<'d, const M: usize>(
        &mut self,
        data: &'d [u8],
        out: &mut WireBuf<M>,
    ) -> Result<&'d [u8], WriteError> {
        self.body()?.frame_data(data, out)
    }

    pub(super) fn end_body<const M: usize>(
        &mut self,
        trailers: &[TrailerField<'_>],
        out: &mut WireBuf<M>,
    ) -> Result<(), WriteError> {
        self.body()?.end_body(trailers, out)?;
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
