//! The service of a connection by a thread, while the loop is lent.

use crate::error::Error;
use crate::server::connection::{Connection, Desk, Next, Phase, discard};
use crate::server::engine::{Engine, after};
use crate::server::listener::Listener;
use crate::server::log_rate::LeftOut;
use crate::server::notice::Counted;
use crate::server::panics;
use crate::server::stream::Peer;
use crate::server::turn::{STAY, Turn};
use crate::wire::Polled;
use crate::wire::deadline::Deadline;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::fence;
use std::time::{Duration, Instant};

/// The mean time of handlers from which on a loop is handed over before the call: what handing over
/// costs, and some more.
const SLOW: Duration = Duration::from_micros(100);
/// The most requests of a connection before others have their turn.
const REQUESTS: u32 = 32;

/// The state in which a connection is left.
enum Served {
    Waits(Deadline),
    More,
    Queued(Instant),
    Closed,
}

/// The calls of handlers for one connection without a wait in between.
struct Calls<'e, L: Listener> {
    permit: Option<Permit<'e, L>>,
    /// The beginning of the first call.
    begun: Option<Instant>,
    count: u32,
}

impl<L: Listener> Default for Calls<'_, L> {
    fn default() -> Self {
        Self { permit: None, begun: None, count: 0 }
    }
}

/// The permit of a handler.
struct Permit<'e, L: Listener>(&'e Engine<L>);

impl<'e, L: Listener> Permit<'e, L> {
    /// Returns a permit, if there is one.
    fn new(engine: &'e Engine<L>) -> Option<Self> {
        engine.notice.counts.take_permit(engine.bounds.handlers).then(|| Self(engine))
    }
}

impl<L: Listener> Drop for Permit<'_, L> {
    fn drop(&mut self) {
        if self.0.notice.counts.return_permit() {
            self.0.loops.wake_all();
        }
    }
}

impl<L: Listener> Engine<L> {
    /// Serves a connection as far as nothing has to be awaited. A panic ends the connection.
    pub(super) fn serve(
        self: &Arc<Self>,
        mut connection: Box<Connection<L::Stream>>,
        index: usize,
        desk: &mut Desk,
        turn: &Arc<Turn<L>>,
    ) -> Next<L::Stream> {
        turn.is_registered.store(connection.is_registered, Relaxed);
        let waiter = Arc::clone(turn);
        connection.stream.wire().polled().waiter.0 = Some(waiter);
        connection.borrow(desk);
        let served = panics::catch(|| self.serve_some(&mut connection, index, desk, turn));
        connection.stream.wire().polled().waiter.0 = None;
        if turn.is_detached.swap(false, Relaxed) {
            self.notice.counts.waiting.fetch_sub(1, Relaxed);
        }
        connection.is_registered = turn.is_registered.load(Relaxed);
        let Ok(served) = served else {
            discard(connection);
            return Next::Closed;
        };
        connection.give_back(desk);
        if !connection.keep(self.bounds.kept) && !matches!(served, Served::Closed) {
            connection.reject_overload();
            return Next::More(connection);
        }
        match served {
            Served::Waits(until) => {
                let is_idle = connection.is_idle();
                Next::Waits { connection, until, is_idle }
            }
            Served::More => Next::More(connection),
            Served::Queued(until) => Next::Queued { connection, until },
            Served::Closed => {
                discard(connection);
                Next::Closed
            }
        }
    }

    fn serve_some(
        self: &Arc<Self>,
        connection: &mut Connection<L::Stream>,
        index: usize,
        desk: &mut Desk,
        turn: &Turn<L>,
    ) -> Served {
        if connection.is_lost {
            return Served::Closed;
        }
        connection.stream.wire().polled().seen = None;
        let mut calls = Calls::default();
        let served = self.serve_calls(connection, index, desk, turn, &mut calls);
        self.end_calls(connection, index, &mut calls);
        served
    }

    fn serve_calls<'e>(
        self: &'e Arc<Self>,
        connection: &mut Connection<L::Stream>,
        index: usize,
        desk: &mut Desk,
        turn: &Turn<L>,
        calls: &mut Calls<'e, L>,
    ) -> Served {
        loop {
            match connection.phase {
                Phase::Between => match connection.stream.poll_request(&mut desk.spans) {
                    Ok(Polled::Ready(true)) => connection.phase = Phase::Requested,
                    Ok(Polled::Ready(false)) => return Served::Closed,
                    Ok(Polled::Pending(until)) => {
                        // A thread that has no loop waits for the next request itself, if that
                        // comes soon: this costs less than to become another loop's follower in
                        // between.
                        let stays = connection.slow >= 2 && connection.is_prompt && turn.is_away();
                        if !stays || !connection.stream.wire().ready().is_empty() {
                            return Served::Waits(until);
                        }
                        self.end_calls(connection, index, calls);
                        if !connection.stream.wire().stay(STAY) {
                            return Served::Waits(until);
                        }
                    }
                    Ok(Polled::More) => return Served::More,
                    Err(rejected) => {
                        connection.end();
                        let admitted = match rejected.error {
                            Error::Io(_) => self.notice.failures.admit(Instant::now()),
                            _ => Some(LeftOut::NONE),
                        };
                        if let Some(left_out) = admitted {
                            let peer = Peer(connection.stream.peer_addr());
                            super::log_reason(&peer, &format!("{rejected}{left_out}"));
                        }
                    }
                },
                Phase::Requested => {
                    match connection.poll_body() {
                        Polled::Ready(()) => {}
                        Polled::Pending(until) => return Served::Waits(until),
                        Polled::More => return Served::More,
                    }
                    if calls.count == REQUESTS {
                        return Served::More;
                    }
                    if calls.permit.is_none() {
                        match self.try_admit(connection) {
                            Ok(Some(admitted)) => calls.permit = Some(admitted),
                            Ok(None) => continue,
                            Err(until) => return Served::Queued(until),
                        }
                        calls.begun = Some(connection.seen());
                    }
                    calls.count += 1;
                    self.respond(connection, index, turn);
                }
                Phase::Rejected => {
                    connection.phase = Phase::Ending;
                    let is_sent =
                        self.reject_overload(&mut connection.stream, "too many connections");
                    if !is_sent || self.notice.counts.overload.load(Relaxed) > self.bounds.lingering
                    {
                        return Served::Closed;
                    }
                }
                Phase::Ending => match connection.stream.wire().poll_linger() {
                    Polled::Ready(()) => return Served::Closed,
                    Polled::Pending(until) => return Served::Waits(until),
                    Polled::More => return Served::More,
                },
            }
        }
    }

    /// Returns a permit for a handler, or the end of the wait for one. Rejects the request if that
    /// wait is over.
    fn try_admit(
        self: &Arc<Self>,
        connection: &mut Connection<L::Stream>,
    ) -> Result<Option<Permit<'_, L>>, Instant> {
        let counts = &self.notice.counts;
        let is_first = counts.in_handlers.load(Relaxed) <= counts.waiting.load(Relaxed);
        // All loops may be lent to handlers at a time, and their followers lend them for the rest.
        let reserve = || self.crew.reserve(self.loops.kept_threads(), || self.thread());
        let mut has_threads = is_first || reserve();
        if !has_threads {
            // A thread that became free just before has woken no loop.
            self.loops.is_starved.store(true, SeqCst);
            has_threads = reserve();
        }
        // It is never counted twice: others would find no place.
        let queued_until = connection.queued.take().map(|(until, _)| until);
        if let Some(permit) = has_threads.then(|| Permit::new(self)).flatten() {
            return Ok(Some(permit));
        }
        let now = Instant::now();
        let until = match queued_until {
            Some(until) => until,
            None if counts.queued.load(Relaxed) < self.bounds.handlers => {
                after(now, self.bounds.queue_timeout)
            }
            None => now,
        };
        if now < until {
            let queued = Counted::new(&self.notice, |counts| &counts.queued);
            connection.queued = Some((until, queued));
            fence(SeqCst);
            // A handler that ended just before has woken no loop.
            if has_threads && self.free_handlers() > 0 {
                self.loops.wake_all();
            }
            return Err(until);
        }
        connection.phase = Phase::Ending;
        self.reject_overload(&mut connection.stream, "too many requests");
        Ok(None)
    }

    /// Records the time that handlers took since the last wait, and returns their permit.
    fn end_calls(
        &self,
        connection: &mut Connection<L::Stream>,
        index: usize,
        calls: &mut Calls<'_, L>,
    ) {
        let Calls { begun: Some(begun), count, .. } = std::mem::take(calls) else { return };
        let now = connection.seen();
        let took = now.saturating_duration_since(begun) / count.max(1);
        let soon = |responded| begun.saturating_duration_since(responded) < STAY;
        connection.is_prompt = connection.responded.is_some_and(soon);
        connection.responded = Some(now);
        connection.slow = if took > SLOW { connection.slow.saturating_add(1) } else { 0 };
        self.loops.seats.get(index).into_iter().for_each(|seat| seat.add_time(took.min(2 * SLOW)));
    }

    /// Calls the handler for a request.
    fn respond(
        self: &Arc<Self>,
        connection: &mut Connection<L::Stream>,
        index: usize,
        turn: &Turn<L>,
    ) {
        let Some(seat) = self.loops.seats.get(index) else { return };
        if connection.slow >= 2 || seat.mean() > SLOW {
            turn.give_away(self);
        }
        let peer = Peer(connection.stream.peer_addr());
        let Some(exchange) = connection.stream.exchange() else { return };
        let responded = super::respond(exchange, &self.handler, &peer, ());
        match responded {
            Ok(()) => {
                connection.phase = Phase::Between;
                connection.stream.wire().next_message();
            }
            Err(reason) => {
                connection.end();
                super::log_reason(&peer, &reason);
            }
        }
    }
}
