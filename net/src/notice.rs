//! What a server lets the threads know that serve its connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How long a wait may go on before it is asked whether it still makes sense: a socket's timeout is never longer.
pub(crate) const TURN: Duration = Duration::from_secs(1);

/// What concerns all connections of a server.
#[derive(Debug, Default)]
pub(crate) struct Notice {
    /// No request more is wanted than those that have begun.
    is_closing: AtomicBool,
    /// Nothing more is wanted at all.
    is_over: AtomicBool,
    /// How many connections wait for a thread.
    awaited: AtomicUsize,
    /// No more connections can be accepted, since the system has no file descriptors or memory for them.
    is_short: AtomicBool,
}

impl Notice {
    pub(crate) fn close(&self) {
        self.is_closing.store(true, Relaxed);
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Relaxed)
    }

    pub(crate) fn end(&self) {
        self.is_over.store(true, Relaxed);
    }

    pub(crate) fn set_awaited(&self, connections: usize) {
        self.awaited.store(connections, Relaxed);
    }

    /// Notes that connections cannot be accepted, or can be again; gives what was noted before.
    pub(crate) fn set_short(&self, is_short: bool) -> bool {
        self.is_short.swap(is_short, Relaxed)
    }

    /// Whether others wait.
    fn is_awaited(&self) -> bool {
        self.awaited.load(Relaxed) > 0 || self.is_short.load(Relaxed)
    }
}

/// The time that a connection has its thread.
#[derive(Debug)]
pub(crate) struct Turn {
    notice: Arc<Notice>,
    since: Instant,
    /// How many requests are still to be answered.
    requests: u64,
}

impl Turn {
    /// A turn that begins now, for so many requests.
    pub(crate) fn new(notice: Arc<Notice>, requests: u64) -> Self {
        Self { notice, since: Instant::now(), requests }
    }

    /// Takes note of a request.
    pub(crate) const fn count_request(&mut self) {
        self.requests = self.requests.saturating_sub(1);
    }

    /// Whether the next answer is to be the last: since all are closing, it has been enough of them, or others wait and this connection has
    /// had its thread for some time.
    pub(crate) fn ends_with_answer(&self) -> bool {
        self.requests == 0 || self.notice.is_closing() || (self.notice.is_awaited() && self.since.elapsed() >= TURN)
    }

    /// Whether a connection that waits for a request should make room.
    pub(crate) fn makes_room(&self) -> bool {
        self.notice.is_closing() || self.notice.is_awaited()
    }

    /// Whether nothing is to be waited for any more.
    pub(crate) fn is_over(&self) -> bool {
        self.notice.is_over.load(Relaxed)
    }
}
