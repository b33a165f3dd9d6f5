//! A connection with its buffers, in either role, without reading and writing.

use super::StreamError;
use super::memory::LentMemory;
use crate::value::{FieldName, FieldValue};

/// The fields of a message to send.
pub(super) type Fields<'a> = &'a [(FieldName<'a>, FieldValue<'a>)];

/// A connection with its buffers.
pub(super) struct Wire<'m, R> {
    pub(super) role: R,
    pub(super) memory: LentMemory<'m>,
}

/// A connection without its buffers, which keeps the error of its peer.
pub(super) trait Role {
    /// Returns the error of the peer.
    fn error<E>(&self) -> Option<StreamError<E>>;

    /// Records the end of input.
    fn on_eof(&mut self);

    /// Records that the receive buffer is full.
    fn on_overflow(&mut self);
}

impl<R: Role> Wire<'_, R> {
    /// Records the number of octets received; 0 is the end of input.
    pub(super) fn received(&mut self, count: usize) {
        self.memory.received.commit(count);
        if count == 0 {
            self.role.on_eof();
        }
    }
}
