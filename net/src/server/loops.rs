//! The event loops of a server.

use crate::server::connection::discard;
use crate::server::event_loop::{EventLoop, Seat};
use crate::server::listener::Listener;
use crate::server::panics::{self, lock};
use crate::server::table::{Found, Ticket};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

/// The part of the loops that all threads share.
pub(super) struct Loops<L: Listener> {
    pub(super) seats: Vec<Seat<L::Stream>>,
    /// The listener, for each loop that accepts.
    pub(super) listeners: Vec<Mutex<Option<Arc<L>>>>,
    /// A loop waits for a free thread.
    pub(super) is_starved: AtomicBool,
    /// This end is readable once the other end is closed: the server is over.
    pub(super) over: UnixStream,
    is_over: Mutex<Option<UnixStream>>,
}

impl<L: Listener> Loops<L> {
    /// Creates this many loops, which accept from the listener if it can be polled.
    pub(super) fn new(
        count: usize,
        listener: &Arc<L>,
        is_polled: bool,
    ) -> io::Result<(Self, impl Iterator<Item = Box<EventLoop<L::Stream>>>)> {
        let descriptor = listener.descriptor().filter(|_| is_polled);
        let descriptor = descriptor.map(|descriptor| descriptor.as_raw_fd());
        let (mut seats, mut event_loops, mut listeners) = (Vec::new(), Vec::new(), Vec::new());
        for index in 0..count {
            let (seat, event_loop) = EventLoop::new(index, descriptor)?;
            seats.push(seat);
            event_loops.push(event_loop);
            listeners.push(Mutex::new(descriptor.map(|_| Arc::clone(listener))));
        }
        let (over, is_over) = UnixStream::pair()?;
        let (is_starved, is_over) = (AtomicBool::new(false), Mutex::new(Some(is_over)));
        Ok((Self { seats, listeners, is_starved, over, is_over }, event_loops.into_iter()))
    }

    /// Returns how many threads do not end while they are free: while each loop is lent to a
    /// handler, another thread has it, and may lend it again.
    pub(super) const fn kept_threads(&self) -> usize {
        self.seats.len().saturating_mul(2)
    }

    /// Leaves out a loop if the server can do without it, since another one is led. Returns whether
    /// it can.
    pub(super) fn without(&self, event_loop: &EventLoop<L::Stream>) -> bool {
        let index = event_loop.index;
        let (seat, listener) = (self.seats.get(index), self.listeners.get(index));
        let Some((seat, listener)) = seat.zip(listener).filter(|_| index > 0) else { return false };
        lock(listener).take();
        // No connection is sent there.
        seat.used.store(usize::MAX / 2, Relaxed);
        true
    }

    /// Looks for loops that are lent, and passes on those that have been lent since before the last
    /// look. Returns whether to look again soon.
    pub(super) fn watch(
        &self,
        seen: &mut Vec<Option<Ticket>>,
        mut on_stuck: impl FnMut(Box<EventLoop<L::Stream>>),
    ) -> bool {
        seen.resize(self.seats.len(), None);
        let mut is_watched = false;
        for (seat, seen) in self.seats.iter().zip(seen) {
            match seat.table.watch(seen) {
                Found::Quiet => continue,
                Found::Busy => {}
                Found::Stuck(event_loop) => on_stuck(event_loop),
            }
            is_watched = true;
        }
        is_watched
    }

    pub(super) fn wake_all(&self) {
        self.seats.iter().for_each(Seat::wake);
    }

    /// Wakes the loops if one waits for a thread, since there is one.
    pub(super) fn on_free_thread(&self) {
        if self.is_starved.swap(false, SeqCst) {
            self.wake_all();
        }
    }

    /// Ends all waits.
    pub(super) fn cut(&self) {
        drop(lock(&self.is_over).take());
        self.wake_all();
    }

    /// Closes what no thread takes care of, after the server is over.
    pub(super) fn discard(&self) {
        for (seat, listener) in self.seats.iter().zip(&self.listeners) {
            let stuck = seat.table.take();
            let connections = stuck.map(|mut event_loop| event_loop.take_all());
            connections.into_iter().flatten().for_each(discard);
            while !seat.mail.close() {
                seat.mail.take().into_iter().for_each(panics::discard);
            }
            panics::discard(lock(listener).take());
        }
    }
}
