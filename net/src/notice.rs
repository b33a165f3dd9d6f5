//! What a server lets the threads know that serve its connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering::Relaxed};
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
    /// How many connections should make room for others: those that wait, less the threads that are free, less those that make room already.
    room_wanted: AtomicIsize,
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

    /// Wants room for so many connections more, or fewer.
    pub(crate) fn want_room(&self, connections: isize) {
        self.room_wanted.fetch_add(connections, Relaxed);
    }

    /// Whether there is room to make; whoever asks makes it then.
    fn make_room(&self) -> bool {
        self.room_wanted.fetch_update(Relaxed, Relaxed, |wanted| (wanted > 0).then(|| wanted - 1)).is_ok()
    }
}

/// The time that a connection has its thread.
#[derive(Debug)]
pub(crate) struct Turn {
    notice: Arc<Notice>,
    since: Instant,
    /// How many requests are still to be answered.
    requests: u64,
    /// It ends because others wait.
    makes_room: bool,
}

impl Turn {
    /// A turn that begins now, for so many requests.
    pub(crate) fn new(notice: Arc<Notice>, requests: u64) -> Self {
        Self { notice, since: Instant::now(), requests, makes_room: false }
    }

    /// Takes note of a request.
    pub(crate) const fn count_request(&mut self) {
        self.requests = self.requests.saturating_sub(1);
    }

    /// Whether the next answer is to be the last: since all are closing, it has been enough of them, or others wait and this connection has
    /// had its thread for some time.
    pub(crate) fn ends_with_answer(&mut self) -> bool {
        self.requests == 0 || self.notice.is_closing() || self.makes_room()
    }

    /// Whether a connection that waits for a request is to end: since all are closing, or others wait.
    pub(crate) fn ends_idle(&mut self) -> bool {
        self.notice.is_closing() || self.makes_room()
    }

    /// Whether nothing is to be waited for any more.
    pub(crate) fn is_over(&self) -> bool {
        self.notice.is_over.load(Relaxed)
    }

    fn makes_room(&mut self) -> bool {
        let is_asked = !self.makes_room && self.notice.room_wanted.load(Relaxed) > 0;
        self.makes_room |= is_asked && self.since.elapsed() >= TURN && self.notice.make_room();
        self.makes_room
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.makes_room {
            self.notice.want_room(1); // its thread is free from now on, and counts itself
        }
    }
}
