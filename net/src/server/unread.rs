//! The body of a request that its handler does not read.

use crate::error::{Error, PeerError};
use crate::server::wire::ServerWire;
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
        if self.role_mut().give_up_body() {
            match self.discard_body() {
                Err(Error::Peer(error)) => *self.role_mut().peer_error() = Some(error),
                Err(Error::Io(error)) => self.keep_error(error),
                _ => {}
            }
        }
    }

    fn discard_body(&mut self) -> Result<(), Error> {
        let now = self.now();
        let (steps, buffers) = self.parts();
        let step = steps.discard_body(buffers, &mut || now)?;
        // A client that waits for a 100 may have sent its body without one.
        if matches!(step, Step::Ready(())) && !self.role().connection.expects_continue() {
            return Ok(());
        }
        match self.receive_arrived()? {
            Arrived::Octets(_) | Arrived::Nothing => {}
            Arrived::End => {
                self.role_mut().on_eof().map_err(|error| Error::of_request(error, &[]))?;
            }
            // A transport that cannot be read without blocking may ignore timeouts too.
            Arrived::Unknown => return Ok(()),
        }
        let discarded = self.run(|steps, buffers, now| steps.discard_body(buffers, now));
        match discarded {
            Err(Error::Peer(PeerError::TimedOut { .. })) => Ok(()),
            discarded => discarded,
        }
    }
}
