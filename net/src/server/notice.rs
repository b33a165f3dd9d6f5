//! The signals from a server to the threads that serve its connections.

use crate::server::counts::Counts;
use crate::wire::link::CHECK_INTERVAL;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The state that all connections of a server share.
#[derive(Debug, Default)]
pub(crate) struct Notice {
    /// The server shuts down: only requests in progress are still served.
    is_closing: AtomicBool,
    /// The beginning of the shutdown, for the thread that waits for it.
    closing_since: Mutex<Option<Instant>>,
    closes: Condvar,
    /// The number of calls of the listener's waker that are in progress.
    wakers: Mutex<usize>,
    woken: Condvar,
    /// The shutdown timed out or is complete: all connections end.
    is_over: AtomicBool,
    /// The number of connections that should make room: those that wait, less those that are
    /// closing to make room.
    room_wanted: AtomicIsize,
    /// The number of connections that close after their response, which may be far off. Idle
    /// connections do not count on these.
    room_promised: AtomicIsize,
    pub(crate) counts: Counts,
}

impl Notice {
    pub(crate) fn close(&self) {
        self.is_closing.store(true, Relaxed);
        self.closing_since().get_or_insert_with(Instant::now);
        self.closes.notify_all();
    }

    /// Waits until the server shuts down, and returns the time when it began to.
    pub(crate) fn wait_for_close(&self) -> Instant {
        let mut since = self.closing_since();
        loop {
            if let Some(since) = *since {
                return since;
            }
            since = self.closes.wait(since).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Counts a call of the listener's waker as in progress, until the returned value is dropped.
    pub(crate) fn waker_runs(&self) -> WakerRuns<'_> {
        *self.wakers() += 1;
        WakerRuns(self)
    }

    /// Waits until no call of the listener's waker is in progress, and for [`CHECK_INTERVAL`] from
    /// the beginning of the shutdown at most: the waker may wait for `accept`.
    pub(crate) fn wait_for_wakers(&self) {
        let since = self.closing_since().map_or(CHECK_INTERVAL, |since| since.elapsed());
        let left = CHECK_INTERVAL.saturating_sub(since);
        let waited = self.woken.wait_timeout_while(self.wakers(), left, |wakers| *wakers > 0);
        drop(waited);
    }

    fn wakers(&self) -> MutexGuard<'_, usize> {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Requests room for this many connections; a negative number withdraws requests.
    pub(crate) fn want_room(&self, connections: isize) {
        self.room_wanted.fetch_add(connections, Relaxed);
    }

    /// Returns whether connections wait for room.
    fn wants_room(&self) -> bool {
        self.room_wanted.load(Relaxed) > 0
    }

    #[cfg(test)]
    pub(crate) fn room_wanted(&self) -> isize {
        self.room_wanted.load(Relaxed)
    }

    /// Takes over one request for room, to be met now. Returns whether there was one.
    fn make_room(&self) -> bool {
        self.room_wanted
            .fetch_update(Relaxed, Relaxed, |wanted| (wanted > 0).then(|| wanted - 1))
            .is_ok()
    }

    /// Promises to meet one request for room later. Returns whether there was one without a
    /// promise.
    fn promise_room(&self) -> bool {
        let wanted = self.room_wanted.load(Relaxed);
        self.room_promised
            .fetch_update(Relaxed, Relaxed, |promised| (promised < wanted).then(|| promised + 1))
            .is_ok()
    }
}

/// A call of the listener's waker.
pub(crate) struct WakerRuns<'n>(&'n Notice);

impl Drop for WakerRuns<'_> {
    fn drop(&mut self) {
        let mut wakers = self.0.wakers();
        *wakers = wakers.saturating_sub(1);
        self.0.woken.notify_all();
    }
}

/// The time slice of a connection on its thread.
#[derive(Debug)]
pub(crate) struct TimeSlice {
    notice: Arc<Notice>,
    since: Instant,
    /// The number of requests that the connection may still send.
    requests: u64,
    /// The way in which the connection makes room.
    room: Room,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Room {
    Kept,
    /// The connection closes after the response in progress.
    Promised,
    /// The connection closes now.
    Made,
}

impl TimeSlice {
    /// Creates a time slice that begins now, for this many requests.
    pub(crate) const fn new(notice: Arc<Notice>, requests: u64, now: Instant) -> Self {
        Self { notice, since: now, requests, room: Room::Kept }
    }

    /// Counts a request.
    pub(crate) const fn count_request(&mut self) {
        self.requests = self.requests.saturating_sub(1);
    }

    /// Returns whether the connection may have to close soon, without a look at the clock.
    pub(crate) fn may_close(&self) -> bool {
        self.requests == 0
            || self.room != Room::Kept
            || self.notice.is_closing()
            || self.notice.wants_room()
    }

    /// Returns whether the next response is the last one: the server shuts down, the requests are
    /// used up, or others wait and the time slice is over. In the last case, promises to make room.
    pub(crate) fn try_close_after_response(&mut self, now: Instant) -> bool {
        self.requests == 0 || self.notice.is_closing() || self.makes(Room::Promised, now)
    }

    /// Makes room when others wait and the time slice is over, unless enough connections do.
    /// Returns whether an idle connection has to close, for room or because the server shuts down.
    pub(crate) fn try_close_idle(&mut self, now: Instant) -> bool {
        self.notice.is_closing() || self.makes(Room::Made, now)
    }

    /// Returns whether the connection has to end at once.
    pub(crate) fn is_over(&self) -> bool {
        self.notice.is_over()
    }

    /// Makes room in this way, if that is requested and has not begun. Returns whether the
    /// connection makes room.
    fn makes(&mut self, room: Room, now: Instant) -> bool {
        let is_asked = self.room == Room::Kept && self.notice.wants_room();
        if is_asked && now.saturating_duration_since(self.since) >= CHECK_INTERVAL {
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

impl Drop for TimeSlice {
    fn drop(&mut self) {
        // The thread is free now for a waiting connection, which withdraws one request for room
        // itself.
        match self.room {
            Room::Kept => {}
            Room::Promised => _ = self.notice.room_promised.fetch_sub(1, Relaxed),
            Room::Made => self.notice.want_room(1),
        }
    }
}

/// One of a count, until it is dropped.
pub(crate) struct Counted {
    notice: Arc<Notice>,
    of: fn(&Counts) -> &AtomicUsize,
}

impl Counted {
    /// Adds one to this count.
    pub(crate) fn new(notice: &Arc<Notice>, of: fn(&Counts) -> &AtomicUsize) -> Self {
        of(&notice.counts).fetch_add(1, Relaxed);
        Self { notice: Arc::clone(notice), of }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.of)(&self.notice.counts).fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::{CHECK_INTERVAL, Notice, Relaxed, TimeSlice};
    use std::sync::Arc;
    use std::time::Instant;

    #[test]
    fn as_many_make_room_as_wait_and_a_response_is_no_promise() {
        let notice = Arc::new(Notice::default());
        let start = Instant::now();
        let now = start.checked_add(CHECK_INTERVAL).unwrap();
        let new = || TimeSlice::new(Arc::clone(&notice), 1, now);
        let old = || TimeSlice::new(Arc::clone(&notice), 1, start);
        let counts = || (notice.room_wanted.load(Relaxed), notice.room_promised.load(Relaxed));
        assert!(!old().try_close_idle(now) && !old().try_close_after_response(now));
        notice.want_room(1);
        assert!(
            !new().try_close_idle(now) && !new().try_close_after_response(now),
            "each has its slice"
        );
        let (mut busy, mut idle) = (old(), old());
        assert!(
            busy.try_close_after_response(now)
                && busy.try_close_after_response(now)
                && !old().try_close_after_response(now)
        );
        assert!(idle.try_close_idle(now) && idle.try_close_idle(now) && !old().try_close_idle(now));
        assert_eq!(counts(), (0, 1));
        drop((busy, idle));
        assert_eq!(counts(), (1, 0));
        // One connection that is about to close makes enough room.
        let mut idle = old();
        assert!(idle.try_close_idle(now) && !old().try_close_after_response(now));
    }
}
