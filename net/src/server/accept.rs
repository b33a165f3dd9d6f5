//! The acceptance of connections.

use crate::server::connection::Connection;
use crate::server::engine::Engine;
use crate::server::event_loop::Acceptance;
use crate::server::listener::Listener;
use crate::server::stream::Accepted;
use crate::wire::transport::Transport;
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// The reason for an `accept` without a connection.
enum Failure {
    /// The connection was aborted before it was accepted, or a signal interrupted the call.
    Gone,
    /// No peer connected within the listener's timeout.
    Nobody,
    /// The listener failed.
    Listener(io::Error),
}

impl<L: Listener> Engine<L> {
    /// Accepts a connection.
    pub(super) fn accept(self: &Arc<Self>, listener: &L) -> Acceptance<L::Stream> {
        let mut accepted = match self.try_accept(listener) {
            Ok(accepted) => accepted,
            Err(Failure::Gone) => return Acceptance::Elsewhere,
            Err(Failure::Nobody) => return Acceptance::Nobody,
            // The listening socket may have been shut down.
            Err(Failure::Listener(error))
                if self.notice.is_closing() && error.kind() == ErrorKind::InvalidInput =>
            {
                return Acceptance::Ended;
            }
            Err(Failure::Listener(error)) => {
                self.log_failure(&error);
                return Acceptance::Failed;
            }
        };
        let control = accepted.stream.control();
        let descriptor = control.descriptor().map(|descriptor| descriptor.as_raw_fd());
        match descriptor.filter(|_| control.set_nonblocking().is_ok()) {
            Some(descriptor) => Acceptance::Connection(Connection::new(
                accepted,
                descriptor,
                self.settings,
                &self.notice,
                self.bounds.requests,
            )),
            None => {
                self.add_unpolled(accepted);
                Acceptance::Elsewhere
            }
        }
    }

    fn try_accept(&self, listener: &L) -> Result<Accepted<L::Stream>, Failure> {
        let (stream, peer) = listener.accept().map_err(|error| match error.kind() {
            ErrorKind::ConnectionAborted | ErrorKind::Interrupted => Failure::Gone,
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Failure::Nobody,
            _ => Failure::Listener(error),
        })?;
        if self.is_failing.load(Relaxed) && self.is_failing.swap(false, Relaxed) {
            log::info!("accepting connections again");
        }
        Ok(Accepted { stream, peer })
    }

    /// Logs the first failure of a series.
    fn log_failure(&self, error: &io::Error) {
        if !self.is_failing.swap(true, Relaxed) {
            log::error!("cannot accept connections, retrying: {error}");
        }
    }
}
