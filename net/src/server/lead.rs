//! The event loops of a server, and the threads that lead them.

use crate::server::acceptance::Acceptance;
use crate::server::connection::{Connection, Desk, Next, discard};
use crate::server::counts::Counts;
use crate::server::engine::{Engine, Job};
use crate::server::event_loop::{Done, EventLoop, Seat, Work};
use crate::server::listener::Listener;
use crate::server::panics::{self, lock};
use crate::server::turn::Turn;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

/// The number of connections that a loop may have more than another, and an eighth of its own.
const SPREAD: usize = 2;

/// The desk and the turn of a thread that leads loops.
pub(super) struct Leader<L: Listener> {
    desk: Desk,
    turn: Arc<Turn<L>>,
}

impl<L: Listener> Leader<L> {
    pub(super) fn new(engine: &Arc<Engine<L>>) -> Self {
        Self { desk: Desk::new(), turn: Arc::new(Turn::new(engine)) }
    }

    /// Frees the memory that is lent to connections.
    pub(super) fn clear(&mut self) {
        self.desk.clear();
    }
}

impl<L: Listener> Engine<L> {
    pub(super) fn hand_over(self: &Arc<Self>, event_loop: Box<EventLoop<L::Stream>>) {
        self.crew.give(Job::Lead(event_loop), || self.thread());
    }

    /// Returns whether a loop may be lent: this many threads are free for further work. Where no
    /// more can be started, one has to do.
    pub(super) fn can_lend(self: &Arc<Self>, threads: usize) -> bool {
        self.crew.reserve(threads, || self.thread()) || self.crew.reserve(1, || self.thread())
    }

    /// Does the work of a loop, until another thread has the loop.
    pub(super) fn lead(
        self: &Arc<Self>,
        mut event_loop: Box<EventLoop<L::Stream>>,
        leader: &mut Leader<L>,
    ) {
        let Leader { desk, turn } = leader;
        let Some(seat) = self.loops.seats.get(event_loop.index) else { return };
        loop {
            let Some(work) = self.next(&mut event_loop, seat) else { continue };
            if matches!(work, Work::End) {
                // A connection may be on its way to the loop.
                if !seat.mail.close() {
                    self.take_mail(&mut event_loop, seat);
                    continue;
                }
                panics::discard(event_loop);
                return self.ended();
            }
            let index = event_loop.index;
            let (ticket, wakes) = seat.table.lend(event_loop);
            if wakes {
                self.wake_watchdog();
            }
            turn.begin(index, ticket);
            let done = self.work(work, index, desk, turn);
            let Some(back) = turn.end().and_then(|ticket| seat.table.take_back(ticket)) else {
                return self.post(seat, done);
            };
            event_loop = back;
            self.finish(&mut event_loop, done);
        }
    }

    /// Returns the next piece of work, or waits for some.
    fn next(
        self: &Arc<Self>,
        event_loop: &mut EventLoop<L::Stream>,
        seat: &Seat<L::Stream>,
    ) -> Option<Work<L::Stream>> {
        if self.notice.is_over() {
            let all = event_loop.take_all();
            return Some(if all.is_empty() { Work::End } else { Work::Discard(all) });
        }
        if self.notice.is_closing() && event_loop.close() && !self.is_accepting.load(Relaxed) {
            return Some(Work::End);
        }
        // While this thread runs a user's code, a follower may have to take the loop.
        let mut can_work = self.can_lend(self.loops.seats.len());
        if !can_work {
            // A thread that became free just before has woken no loop.
            self.loops.is_starved.store(true, SeqCst);
            can_work = self.can_lend(self.loops.seats.len());
        }
        if can_work && let Some(work) = event_loop.next() {
            return Some(work);
        }
        let is_starved = self.loops.is_starved.load(Relaxed);
        event_loop.wait(seat, can_work, is_starved);
        self.take_mail(event_loop, seat);
        let mut free = self.free_handlers();
        while free > 0 && event_loop.call_queued() {
            free -= 1;
        }
        None
    }

    fn take_mail(&self, event_loop: &mut EventLoop<L::Stream>, seat: &Seat<L::Stream>) {
        for done in seat.mail.take() {
            let is_idle = done.is_idle();
            self.finish(event_loop, done);
            if is_idle {
                seat.idle.remove_mailed();
            }
        }
    }

    /// Returns how many handlers may be called.
    pub(super) fn free_handlers(&self) -> usize {
        self.notice.counts.free_permits(self.bounds.handlers)
    }

    /// Hands the result of some work to its loop.
    pub(super) fn post(&self, seat: &Seat<L::Stream>, done: Done<L::Stream>) {
        if self.notice.is_over() {
            return panics::discard(done);
        }
        seat.post(done).into_iter().for_each(panics::discard);
    }

    /// Sends a connection to the loop that has the fewest.
    pub(super) fn send_to_a_loop(&self, connection: Box<Connection<L::Stream>>) {
        let seats = self.loops.seats.iter();
        if let Some(seat) = seats.min_by_key(|seat| seat.used.load(Relaxed)) {
            seat.used.fetch_add(1, Relaxed);
            self.post(seat, Done::Added(connection));
        }
    }

    /// Records the result of some work.
    fn finish(&self, event_loop: &mut EventLoop<L::Stream>, done: Done<L::Stream>) {
        let Some(seat) = self.loops.seats.get(event_loop.index) else { return };
        let is_new = matches!(done, Done::Accepted(_));
        if matches!(done, Done::Served(_, Next::Closed)) {
            seat.used.fetch_sub(1, Relaxed);
        }
        let connection = event_loop.finish(done);
        // Before the loop waits again: meanwhile another loop may need the room.
        seat.idle.set_here(event_loop.idle());
        let Some(mut connection) = connection else { return };
        let Counts { connections, overload, .. } = &self.notice.counts;
        let open = connections.load(Relaxed).saturating_sub(overload.load(Relaxed));
        let is_full = open > self.bounds.connections;
        if is_new && let Some(other) = self.better_seat(seat, is_full) {
            other.used.fetch_add(1, Relaxed);
            match other.post(Done::Added(connection)) {
                // That loop has ended.
                Some(Done::Added(returned)) => connection = returned,
                _ => return,
            }
        }
        if is_new {
            seat.used.fetch_add(1, Relaxed);
        }
        if is_full && !event_loop.end_longest_idle() {
            connection.reject_overload();
        }
        event_loop.add(connection);
    }

    /// Returns the seat of a loop that has clearly fewer connections. A server that is full needs a
    /// loop with an idle connection instead.
    fn better_seat(&self, seat: &Seat<L::Stream>, is_full: bool) -> Option<&Seat<L::Stream>> {
        if is_full {
            let mut seats = self.loops.seats.iter();
            return seats.find(|seat| seat.idle.is_any()).filter(|_| !seat.idle.is_here());
        }
        let used = seat.used.load(Relaxed);
        let other = self.loops.seats.iter().min_by_key(|seat| seat.used.load(Relaxed))?;
        let margin = SPREAD.saturating_add(used / 8);
        (other.used.load(Relaxed).saturating_add(margin) < used).then_some(other)
    }

    /// Does a piece of work, while the loop is lent.
    fn work(
        self: &Arc<Self>,
        work: Work<L::Stream>,
        index: usize,
        desk: &mut Desk,
        turn: &Arc<Turn<L>>,
    ) -> Done<L::Stream> {
        if let Some((error, threads)) = self.crew.failure() {
            let _ = panics::catch(|| {
                log::error!("cannot start another thread ({threads} running): {error}");
            });
        }
        match work {
            Work::Serve(number, connection) => {
                Done::Served(number, self.serve(connection, index, desk, turn))
            }
            Work::Accept => {
                let listener =
                    self.loops.listeners.get(index).and_then(|listener| lock(listener).clone());
                let accepted = panics::catch(|| match &listener {
                    Some(listener) => self.accept(listener),
                    None => Acceptance::Ended,
                });
                Done::Accepted(accepted.unwrap_or_else(|panic| {
                    self.on_panic(panic);
                    Acceptance::Ended
                }))
            }
            Work::StopAccepting => {
                let listener =
                    self.loops.listeners.get(index).and_then(|listener| lock(listener).take());
                if let Err(panic) = panics::catch(|| drop(listener)) {
                    self.on_panic(panic);
                }
                Done::Nothing
            }
            Work::Discard(connections) => {
                connections.into_iter().for_each(discard);
                Done::Nothing
            }
            Work::End => Done::Nothing,
        }
    }
}
