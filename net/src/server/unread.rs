//! The body of a request that its handler does not read.

use crate::error::{Error, PeerError};
use crate::server::wire::ServerWire;
use crate::wire::deadline::Deadline;
use crate::wire::link::Arrived;
use crate::wire::transport::Transport;
use crate::wire::{Role, Step};

impl<S: Transport> ServerWire<S> {
    /// Gives up the request's body: discards what has arrived, and what arrives within 100 ms. The
    /// limit is [`Limits::drain`](bareline_core::head::Limits) in all. The body cannot be read
    /// afterwards.
    ///
    /// Reads nothing from a connection that closes after the response anyway: the lingering close
    /// does that.
    pub(crate) fn give_up_body(&mut self) {
        let now = self.wire.now();
        if let Some(until) = self.steps.give_up_body(now)
            && let Err(Error::Peer(peer_error)) = self.discard_body(until)
        {
            *Role::peer_error(&mut self.steps) = Some(peer_error);
        }
    }

    fn discard_body(&mut self, until: Deadline) -> Result<(), Error> {
        let now = self.wire.now();
        let step = self.steps.discard_body(self.wire.buffers(), until, now)?;
        // A client that waits for a 100 may have sent its body without one.
        if matches!(step, Step::Ready(())) && !self.steps.connection().expects_continue() {
            return Ok(());
        }
        match self.wire.receive_arrived()? {
            Arrived::Octets(_) | Arrived::Nothing => {}
            Arrived::End => {
                self.steps.on_eof().map_err(|error| Error::of_request(error, &[]))?;
            }
            // A transport that cannot be read without blocking may ignore timeouts too.
            Arrived::Unknown => return Ok(()),
        }
        let discarded = self
            .wire
            .run(&mut self.steps, |steps, buffers, now| steps.discard_body(buffers, until, now));
        match discarded {
            Err(Error::Peer(PeerError::TimedOut { .. })) => Ok(()),
            discarded => discarded,
        }
    }
}
