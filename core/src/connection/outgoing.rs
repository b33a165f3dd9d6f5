//! The message that a connection sends, in both roles.

use crate::error::WriteError;
use crate::write::{BodyEncoder, BodyStep, TrailerField, WireView};

/// The progress of a message to send.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// Nothing: a server has no request yet, a client has not written one.
    Idle,
    /// Nothing yet of the response that a server owes.
    Owed,
    /// The head; the body is being written.
    Body(BodyEncoder),
    /// The complete message.
    Complete,
}

impl Outgoing {
    /// Returns the message after its head, with the rest of its body.
    pub(super) fn after_head(body: BodyEncoder) -> Self {
        if body.is_ended() { Self::Complete } else { Self::Body(body) }
    }

    #[inline]
    pub(super) fn send_data(&mut self, data: &[u8], out: &mut WireView) -> Result<(), WriteError> {
        self.body()?.send_data(data, out)
    }

    #[inline]
    pub(super) fn frame_data<'d>(
        &mut self,
        data: &'d [u8],
        out: &mut WireView,
    ) -> Result<&'d [u8], WriteError> {
        self.body()?.frame_data(data, out)
    }

    #[inline]
    pub(super) fn end_body(
        &mut self,
        trailers: &[TrailerField<'_>],
        out: &mut WireView,
    ) -> Result<(), WriteError> {
        self.body()?.end_body(trailers, out)?;
        *self = Self::Complete;
        Ok(())
    }

    /// Returns whether the peer has the complete message after this step.
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
            _ => Err(WriteError::NoBody),
        }
    }
}
