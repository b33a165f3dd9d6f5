//! The listeners and connections that no event loop can wait for: each has a thread.

use crate::server::acceptance::{Acceptance, LATE, SOON};
use crate::server::engine::{Admitted, Engine, Job};
use crate::server::listener::Listener;
use crate::server::notice::{Counted, Membership};
use crate::server::panics::{self, lock};
use crate::server::stream::{Accepted, Peer, ServerStream};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Instant;

/// The most connections in the backlog that are accepted at shutdown.
const BACKLOG: usize = 4096;

impl<L: Listener> Engine<L> {
    /// Serves a connection on a thread, now or when one is free.
    pub(super) fn add_unpolled(self: &Arc<Self>, accepted: Accepted<L::Stream>) {
        let open = Counted::new(&self.notice, |counts| &counts.connections);
        let mut admitted = Admitted { accepted, open, queued: None };
        if self.notice.counts.connections.load(Relaxed) > self.bounds.connections {
            return self.reject_unpolled(admitted);
        }
        let mut unpolled = lock(&self.unpolled);
        if unpolled.busy < self.bounds.handlers && self.crew.reserve(1, || self.thread()) {
            unpolled.busy += 1;
            drop(unpolled);
            self.active.fetch_add(1, Relaxed);
            return self.crew.give(Job::Serve(admitted), || self.thread());
        }
        if unpolled.busy == 0 {
            // No other thread would ever serve it.
            drop(unpolled);
            return self.reject_unpolled(admitted);
        }
        admitted.queued = Some(Counted::new(&self.notice, |counts| &counts.queued));
        unpolled.waiting.push_back(admitted);
    }

    /// Serves a connection, and then those that wait for its thread.
    pub(super) fn serve_unpolled(self: &Arc<Self>, mut admitted: Admitted<L::Stream>) {
        loop {
            drop(admitted.queued.take());
            // A panic ends the connection, not the thread.
            let _ = panics::catch(|| self.converse(admitted.accepted));
            drop(admitted.open);
            let mut unpolled = lock(&self.unpolled);
            let Some(next) = unpolled.waiting.pop_front() else {
                unpolled.busy -= 1;
                drop(unpolled);
                return self.ended();
            };
            admitted = next;
        }
    }

    /// Serves the requests of a connection, one after the other.
    fn converse(self: &Arc<Self>, accepted: Accepted<L::Stream>) {
        let membership = Membership::new(Arc::clone(&self.notice), self.bounds.requests);
        let mut stream = ServerStream::of(accepted, Arc::clone(&self.settings), Some(membership));
        let peer = Peer(stream.peer_addr());
        loop {
            let responded = match stream.next_or_rejected() {
                Ok(Some(exchange)) => {
                    let permit = Counted::new(&self.notice, |counts| &counts.in_handlers);
                    super::respond(exchange, &self.handler, &peer, permit)
                }
                Ok(None) => break,
                Err(rejected) => Err(rejected.to_string()),
            };
            if let Err(reason) = responded {
                super::log_reason(&peer, &reason);
                break;
            }
        }
    }

    /// Rejects a connection by a 503, on a thread, since it may have to wait for the peer. Closes
    /// the connection if too many wait already.
    fn reject_unpolled(self: &Arc<Self>, admitted: Admitted<L::Stream>) {
        self.active.fetch_add(1, Relaxed);
        if self.notice.counts.overload.load(Relaxed) < self.bounds.lingering
            && self.crew.reserve(1, || self.thread())
        {
            return self.crew.give(Job::Reject(admitted), || self.thread());
        }
        panics::discard(admitted);
        self.ended();
    }

    pub(super) fn send_overload(&self, Admitted { accepted, open, .. }: Admitted<L::Stream>) {
        let membership = Membership::new(Arc::clone(&self.notice), 0);
        let rejected = Counted::new(&self.notice, |counts| &counts.overload);
        let _ = panics::catch(|| {
            let settings = Arc::new(self.settings.write_timeout(LATE));
            let mut stream = ServerStream::of(accepted, settings, Some(membership));
            self.reject_overload(&mut stream, "too many connections");
        });
        drop((open, rejected));
        self.ended();
    }

    /// Accepts connections from a listener that cannot be polled, until the server shuts down and
    /// the backlog is empty.
    pub(super) fn accept_all(self: &Arc<Self>, listener: Arc<L>) {
        let _ = panics::catch(|| self.accept_until_closed(&listener))
            .map_err(|panic| self.on_panic(panic));
        let _ = panics::catch(|| drop(listener)).map_err(|panic| self.on_panic(panic));
        self.is_accepting.store(false, Relaxed);
        self.loops.wake_all();
        self.ended();
    }

    fn accept_until_closed(self: &Arc<Self>, listener: &Arc<L>) {
        let (mut pause, mut left, mut nobody_since) = (SOON, None, None::<Instant>);
        loop {
            if self.notice.is_closing() {
                let backlog = || if listener.set_nonblocking().is_ok() { BACKLOG } else { 0 };
                let left = left.get_or_insert_with(backlog);
                if *left == 0 || self.notice.is_over() {
                    return;
                }
                *left -= 1;
            }
            match self.accept(listener) {
                #[cfg(unix)]
                Acceptance::Connection(connection) => {
                    pause = SOON;
                    self.send_to_a_loop(connection);
                }
                #[cfg(not(unix))]
                Acceptance::Connection(never, _) => match never {},
                Acceptance::Elsewhere => pause = SOON,
                Acceptance::Nobody | Acceptance::Ended if left.is_some() => return,
                Acceptance::Nobody | Acceptance::Ended => {
                    // A listener that returns without waiting is not polled in a busy loop.
                    if nobody_since.is_some_and(|before| before.elapsed() < SOON) {
                        thread::sleep(SOON);
                    }
                    nobody_since = Some(Instant::now());
                }
                Acceptance::Failed => {
                    thread::sleep(pause);
                    pause = if left.is_some() { SOON } else { (pause * 2).min(LATE) };
                }
            }
        }
    }
}
