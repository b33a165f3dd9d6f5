//! The counts of a server's connections and requests.

use crate::server::sync::sync::atomic::{AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The load of a [`Server`](crate::Server), returned by
/// [`ServerHandle::counts`](crate::ServerHandle::counts).
///
/// Each number is exact. They are read one after the other, so that a connection that moves between
/// two of them may be in both or in neither.
///
/// ```
/// use bareline_net::{Server, ServerCounts, Status};
///
/// let server = Server::bind("127.0.0.1:0")?;
/// let handle = server.handle();
/// let ServerCounts { connections, queued, rejected, .. } = handle.counts();
/// assert_eq!((connections, queued, rejected), (0, 0, 0));
/// // A health check of a server under load: 503 while connections wait for a thread.
/// let is_ready = handle.counts().queued == 0;
/// # assert!(is_ready);
/// # Ok::<(), bareline_net::Error>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[non_exhaustive]
#[doc(alias = "metrics")]
pub struct ServerCounts {
    /// Number of open connections: those with a thread, idle or busy, and those in `queued`. A
    /// connection in its lingering close is open.
    pub connections: usize,
    /// Number of requests that a handler works on now. A streamed response counts until its handler
    /// returns.
    pub in_handlers: usize,
    /// Number of connections that wait for a thread. They are among `connections`.
    pub queued: usize,
    /// Total of the connections that were rejected since the server was created; the other numbers
    /// are of this moment. Each got a 503 or, if too many waited for theirs, a close. See
    /// [`max_connections`](crate::Server::max_connections).
    #[doc(alias = "counter")]
    pub rejected: u64,
}

/// The counts, as the server's threads change them.
#[derive(Default, Debug)]
pub(crate) struct Counts {
    pub(crate) connections: AtomicUsize,
    pub(crate) in_handlers: AtomicUsize,
    /// The number of those handlers that wait for their own peer.
    pub(crate) waiting: AtomicUsize,
    /// The number of threads that wait for the next request of their connection.
    pub(crate) staying: AtomicUsize,
    /// The number of connections that get a 503, or linger after it.
    pub(crate) overload: AtomicUsize,
    /// The number of octets that connections keep while they wait.
    pub(crate) kept: AtomicUsize,
    pub(crate) queued: AtomicUsize,
    /// A mutex, since 32-bit systems may lack atomics of 64 bits.
    rejected: Mutex<u64>,
}

impl Counts {
    pub(crate) fn now(&self) -> ServerCounts {
        ServerCounts {
            connections: self.connections.load(Relaxed),
            in_handlers: self.in_handlers.load(Relaxed),
            queued: self.queued.load(Relaxed),
            rejected: *self.rejected(),
        }
    }

    /// Returns how many of this number of permits for handlers are free. A handler that waits for
    /// its own peer has returned its permit meanwhile.
    pub(crate) fn free_permits(&self, most: usize) -> usize {
        let busy = self.in_handlers.load(SeqCst).saturating_sub(self.waiting.load(SeqCst));
        most.saturating_sub(busy)
    }

    /// Takes one of this number of permits, if one is free. An attempt without success takes none
    /// from others.
    pub(crate) fn take_permit(&self, most: usize) -> bool {
        let take = |in_handlers: usize| {
            let busy = in_handlers.saturating_sub(self.waiting.load(SeqCst));
            (busy < most).then_some(in_handlers.saturating_add(1))
        };
        self.in_handlers.fetch_update(SeqCst, SeqCst, take).is_ok()
    }

    /// Returns a permit. Returns whether requests wait for one.
    pub(crate) fn return_permit(&self) -> bool {
        self.in_handlers.fetch_sub(1, SeqCst);
        self.queued.load(SeqCst) > 0
    }

    pub(crate) fn count_rejected(&self) {
        let mut rejected = self.rejected();
        *rejected = rejected.saturating_add(1);
    }

    fn rejected(&self) -> MutexGuard<'_, u64> {
        self.rejected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
