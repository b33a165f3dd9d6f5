//! The acceptance of connections.

use crate::server::acceptance::Acceptance;
#[cfg(unix)]
use crate::server::connection::Connection;
use crate::server::engine::Engine;
use crate::server::listener::Listener;
use crate::server::stream::{Accepted, Peer, ServerStream};
#[cfg(unix)]
use crate::wire::transport::Transport;
use bareline_core::Status;
#[cfg(unix)]
use rustix::event::{PollFd, PollFlags, Timespec, poll};
#[cfg(unix)]
use rustix::io::Errno;
use std::io::{self, ErrorKind};
#[cfg(unix)]
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

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
        let accepted = match self.try_accept(listener) {
            Ok(accepted) => accepted,
            Err(Failure::Gone) => return Acceptance::Elsewhere,
            Err(Failure::Nobody) => return Acceptance::Nobody,
            // The listening socket may have been shut down.
            Err(Failure::Listener(error))
                if self.notice.is_closing() && error.kind() == ErrorKind::InvalidInput =>
            {
                return Acceptance::Ended;
            }
            #[cfg(unix)]
            Err(Failure::Listener(error)) if has_nobody(listener, &error) => {
                return Acceptance::Nobody;
            }
            Err(Failure::Listener(error)) => {
                self.log_failure(&error);
                return Acceptance::Failed;
            }
        };
        #[cfg(unix)]
        let accepted = match pollable(accepted) {
            Ok((accepted, descriptor)) => {
                let (notice, requests) = (&self.notice, self.bounds.requests);
                let connection = Connection::new(
                    accepted,
                    descriptor,
                    Arc::clone(&self.settings),
                    notice,
                    requests,
                );
                return Acceptance::Connection(connection);
            }
            Err(accepted) => accepted,
        };
        self.add_unpolled(accepted);
        Acceptance::Elsewhere
    }

    /// Sends a 503 for this reason. Returns whether that is possible.
    pub(super) fn reject_overload(
        &self,
        stream: &mut ServerStream<L::Stream>,
        reason: &str,
    ) -> bool {
        if let Some(left_out) = self.notice.overloads.admit(Instant::now()) {
            let (peer, status) = (Peer(stream.peer_addr()), Status::SERVICE_UNAVAILABLE);
            log::warn!("{peer} {status}: {reason}{left_out}");
        }
        self.notice.counts.count_rejected();
        stream.wire().reject_overload(reason).is_ok()
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
        if !self.is_failing.load(Relaxed)
            && let Some(left_out) = self.notice.listener.admit(Instant::now())
            && !self.is_failing.swap(true, Relaxed)
        {
            log::error!("cannot accept connections, retrying: {error}{left_out}");
        }
    }
}

/// Returns a connection that an event loop can wait for with its descriptor. It never blocks then.
/// Fails with any other connection.
#[cfg(unix)]
fn pollable<S: Transport>(mut accepted: Accepted<S>) -> Result<(Accepted<S>, RawFd), Accepted<S>> {
    let control = accepted.stream.control();
    let descriptor = control.descriptor().map(|descriptor| descriptor.as_raw_fd());
    match descriptor.filter(|_| control.set_nonblocking().is_ok()) {
        Some(descriptor) => Ok((accepted, descriptor)),
        None => Err(accepted),
    }
}

/// Returns whether `accept` failed although no connection waits: without a free descriptor, it
/// fails before it looks.
#[cfg(unix)]
fn has_nobody<L: Listener>(listener: &L, error: &io::Error) -> bool {
    let is_full = [Errno::MFILE, Errno::NFILE].map(Errno::raw_os_error).map(Some);
    let Some(descriptor) = listener.descriptor() else { return false };
    let mut listening = [PollFd::new(&descriptor, PollFlags::IN)];
    is_full.contains(&error.raw_os_error())
        && poll(&mut listening, Some(&Timespec::default())).is_ok_and(|ready| ready == 0)
}
