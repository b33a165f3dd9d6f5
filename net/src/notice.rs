//! What a server lets the threads know that serve its connections.

use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a wait may go on before it is asked whether it still makes sense: a socket's timeout is
/// never longer.
pub(crate) const TURN: Duration = Duration::from_secs(1);

/// What concerns all connections of a server.
#[derive(Debug, Default)]
pub(crate) struct Notice {
    /// No request more is wanted than those that have begun.
    is_closing: AtomicBool,
    /// Since when, for the one that waits for that.
    closing_since: Mutex<Option<Instant>>,
    closes: Condvar,
    /// Nothing more is wanted at all.
    is_over: AtomicBool,
    /// How many connections should make room for others: those that wait, less those that close to
    /// make room.
    room_wanted: AtomicIsize,
    /// How many will make room with the end of their answer, which may be far: idle ones do not
    /// rely on it.
    room_promised: AtomicIsize,
}

impl Notice {
    pub(crate) fn close(&self) {
        self.is_closing.store(true, Relaxed);
        self.closing_since().get_or_insert_with(Instant::now);
        self.closes.notify_all();
    }

    /// Waits until the server closes; returns since when it does.
    pub(crate) fn wait_for_close(&self) -> Instant {
        let mut since = self.closing_since();
        loop {
            if let Some(since) = *since {
                return since;
            }
            since = self.closes.wait(since).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn closing_since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.closing_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Relaxed)
    }

    pub(crate) fn cut(&self) {
        self.is_over.store(true, Relaxed);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Relaxed)
    }

    /// Wants room for so many connections more, or fewer.
    pub(crate) fn want_room(&self, connections: isize) {
        self.room_wanted.fetch_add(connections, Relaxed);
    }

    #[cfg(test)]
    pub(crate) fn room_wanted(&self) -> isize {
        self.room_wanted.load(Relaxed)
    }

    /// Whether there is room to make; whoever asks makes it then, now.
    fn make_room(&self) -> bool {
        self.room_wanted
            .fetch_update(Relaxed, Relaxed, |wanted| (wanted > 0).then(|| wanted - 1))
            .is_ok()
    }

    /// Whether there is room to make that nobody has promised; whoever asks makes it then, sooner
    /// or later.
    fn promise_room(&self) -> bool {
        let wanted = self.room_wanted.load(Relaxed);
        self.room_promised
            .fetch_update(Relaxed, Relaxed, |promised| (promised < wanted).then(|| promised + 1))
            .is_ok()
    }
}

/// The time that a connection has its thread.
#[derive(Debug)]
pub(crate) struct Turn {
    notice: Arc<Notice>,
    since: Instant,
    /// How many requests are still to be answered.
    requests: u64,
    /// How it makes room for others that wait.
    room: Room,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Room {
    Kept,
    /// It ends with the answer that is under way.
    Promised,
    /// It ends now.
    Made,
}

impl Turn {
    /// A turn that begins now, for so many requests.
    pub(crate) fn new(notice: Arc<Notice>, requests: u64) -> Self {
        Self { notice, since: Instant::now(), requests, room: Room::Kept }
    }

    /// Takes note of a request.
    pub(crate) const fn count_request(&mut self) {
        self.requests = self.requests.saturating_sub(1);
    }

    /// Makes the next response the last when the server shuts down, when the connection has had its
    /// requests, or when others wait and this one has had its thread for some time; returns whether
    /// it is the last.
    pub(crate) fn try_close_after_response(&mut self) -> bool {
        self.requests == 0 || self.notice.is_closing() || self.makes(Room::Promised)
    }

    /// Makes room for others that wait, unless enough do; returns whether an idle connection has to
    /// close, for that or since the server shuts down.
    pub(crate) fn try_close_idle(&mut self) -> bool {
        self.notice.is_closing() || self.makes(Room::Made)
    }

    /// Whether nothing is to be waited for any more.
    pub(crate) fn is_over(&self) -> bool {
        self.notice.is_over()
    }

    /// Whether it makes room, in this way if it has not begun to.
    fn makes(&mut self, room: Room) -> bool {
        let is_asked = self.room == Room::Kept && self.notice.room_wanted.load(Relaxed) > 0;
        if is_asked && self.since.elapsed() >= TURN {
            let is_made = match room {
                Room::Kept => false,
                Room::Promised => self.notice.promise_room(),
                Room::Made => self.notice.make_room(),
            };
            self.room = if is_made { room } else { Room::Kept };
        }
        self.room != Room::Kept
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // From now on its thread can take one that waits, which wants no room then.
        match self.room {
            Room::Kept => {}
            Room::Promised => _ = self.notice.room_promised.fetch_sub(1, Relaxed),
            Room::Made => self.notice.want_room(1),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::{Notice, Relaxed, TURN, Turn};
    use std::sync::Arc;
    use std::time::Instant;

    #[test]
    fn as_many_make_room_as_wait_and_a_response_is_no_promise() {
        let notice = Arc::new(Notice::default());
        let new = || Turn::new(Arc::clone(&notice), 1);
        let old = || {
            let mut turn = new();
            turn.since = Instant::now().checked_sub(TURN).unwrap();
            turn
        };
        let counts = || (notice.room_wanted.load(Relaxed), notice.room_promised.load(Relaxed));
        assert!(!old().try_close_idle() && !old().try_close_after_response());
        notice.want_room(1);
        assert!(!new().try_close_idle() && !new().try_close_after_response(), "each has its turn");
        let (mut busy, mut idle) = (old(), old());
        assert!(
            busy.try_close_after_response()
                && busy.try_close_after_response()
                && !old().try_close_after_response()
        );
        assert!(idle.try_close_idle() && idle.try_close_idle() && !old().try_close_idle());
        assert_eq!(counts(), (0, 1));
        drop((busy, idle));
        assert_eq!(counts(), (1, 0));
        // One that is about to close makes room enough.
        let mut idle = old();
        assert!(idle.try_close_idle() && !old().try_close_after_response());
    }
}
