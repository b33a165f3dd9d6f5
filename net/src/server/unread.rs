//! The body of a request that its handler does not read.

use crate::error::{Error, PeerError};
use crate::server::wire::ServerWire;
use crate::wire::Arrived;
use crate::wire::time_budget::TimeBudget;
use crate::wire::transport::Transport;

impl<S: Transport> ServerWire<S> {
    /// Gives up the request's body: discards what has arrived, and what arrives within 100 ms. The
    /// limit is [`Limits::drain`](bareline_core::head::Limits) in all. The body cannot be read
    /// afterwards.
    ///
    /// Reads nothing from a connection that closes after the response anyway: the lingering close
    /// does that.
    pub(crate) fn give_up_body(&mut self) {
        if !self.connection.is_body_owed() || self.peer_error.is_some() {
            return;
        }
        self.body.is_given_up = true;
        if self.connection.will_close() {
            return;
        }
        let mut budget = self.body.unread;
        if let Err(Error::Peer(peer_error)) = self.discard_body(&mut budget) {
            self.peer_error = Some(peer_error);
        }
        self.body.unread = budget;
    }

    fn discard_body(&mut self, budget: &mut TimeBudget) -> Result<(), Error> {
        let (mut has_looked, mut may_wait) = (false, false);
        loop {
            let used = self.connection.discard_body(self.received.filled());
            self.received.consume(used);
            if let Some(error) = self.connection.error() {
                return Err(Error::of_request(error, &[]));
            }
            // A client that waits for a 100 may have sent its body without one.
            let may_have_sent = self.connection.expects_continue() && !has_looked;
            if !self.connection.may_discard_body() && !may_have_sent {
                return Ok(());
            }
            if may_wait {
                match self.fill(budget) {
                    Err(Error::Peer(PeerError::TimedOut { .. })) => return Ok(()),
                    filled => filled?,
                }
                continue;
            }
            has_looked = true;
            match self.receive_arrived()? {
                Arrived::Octets => {}
                Arrived::Nothing => may_wait = true,
                Arrived::End => {
                    self.connection.on_eof().map_err(|error| Error::of_request(error, &[]))?
                }
                // A transport that cannot be read without blocking may ignore timeouts too.
                Arrived::Unknown => return Ok(()),
            }
        }
    }
}
