//! The body of a request that its handler does not read.

use crate::deadline::Deadline;
use crate::error::{Error, PeerFault, Wait};
use crate::server_stream::ServerWire;
use crate::transport::Transport;
use crate::wire::Arrived;
use std::time::Duration;

/// How long a response waits for the rest of a body that nobody reads, all waits together: an ordinary
/// client has sent a small body by then, and keeps its connection.
const TIMEOUT: Duration = Duration::from_millis(100);

impl<S: Transport> ServerWire<S> {
    /// Gives the request's body up: discards what has arrived of it, and what arrives within 100 ms, up
    /// to [`Limits::drain`](bareline_core::Limits) in all. It cannot be read any more.
    ///
    /// A connection that ends with the response anyway is not read: that is left to the lingering close.
    pub(crate) fn give_up_body(&mut self) {
        if !self.connection.is_body_owed() || self.fault.is_some() {
            return;
        }
        self.body.is_given_up = true;
        self.received.consume(std::mem::take(&mut self.body.content));
        if self.connection.closes_after_answer() {
            return;
        }
        if let Err(Error::Peer(fault)) = self.discard_body() {
            self.fault = Some(fault);
        }
    }

    fn discard_body(&mut self) -> Result<(), Error> {
        let (mut deadline, mut may_wait) = (Deadline::new(Wait::Body, TIMEOUT), false);
        loop {
            let used = self.connection.discard_body(self.received.bytes());
            self.received.consume(used);
            if let Some(fault) = self.connection.fault() {
                return Err(fault.into());
            }
            if !self.connection.may_discard_body() {
                return Ok(());
            }
            if may_wait {
                match self.fill(&mut deadline) {
                    Err(Error::Peer(PeerFault::TooSlow { .. })) => return Ok(()),
                    filled => filled?,
                }
                continue;
            }
            match self.receive_arrived()? {
                Arrived::Octets => {}
                Arrived::Nothing => may_wait = true,
                Arrived::End => self.connection.peer_closed()?,
                // Nor can a wait be limited, perhaps.
                Arrived::Unknown => return Ok(()),
            }
        }
    }
}
