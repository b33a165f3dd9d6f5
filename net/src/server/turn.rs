//! The loan of a loop by a thread, and the waits of that thread for its own connection.

use crate::error::Error;
use crate::server::engine::Engine;
use crate::server::listener::Listener;
use crate::server::panics::lock;
use crate::server::sync::sync::atomic::Ordering::{Relaxed, SeqCst};
use crate::server::sync::sync::atomic::{AtomicBool, AtomicUsize, fence};
use crate::server::table::Ticket;
use crate::wire::link::{Waiter, is_passing};
use crate::wire::transport::Control;
use mio::unix::SourceFd;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

/// The longest wait for the next request by the thread of a handler that took long.
pub(super) const STAY: Duration = Duration::from_millis(50);

/// The loan of a loop by a thread, while the thread serves a connection.
pub(super) struct Turn<L: Listener> {
    engine: Weak<Engine<L>>,
    index: AtomicUsize,
    /// The ticket, until the loop is given away.
    ticket: Mutex<Option<Ticket>>,
    /// The loop waits for events of the connection.
    pub(super) is_registered: AtomicBool,
    /// The transport speaks another protocol, for which the handler waits.
    pub(super) is_detached: AtomicBool,
}

impl<L: Listener> Turn<L> {
    pub(super) fn new(engine: &Arc<Engine<L>>) -> Self {
        Self {
            engine: Arc::downgrade(engine),
            index: AtomicUsize::new(0),
            ticket: Mutex::new(None),
            is_registered: AtomicBool::new(false),
            is_detached: AtomicBool::new(false),
        }
    }

    pub(super) fn begin(&self, index: usize, ticket: Ticket) {
        self.index.store(index, Relaxed);
        *lock(&self.ticket) = Some(ticket);
    }

    pub(super) fn end(&self) -> Option<Ticket> {
        lock(&self.ticket).take()
    }

    /// Gives the loop to another thread, and lets it wait for events of the connection no longer.
    fn leave(&self, control: &mut dyn Control) -> Result<Arc<Engine<L>>, Error> {
        let engine = self.engine.upgrade().ok_or(Error::Closed)?;
        self.give_away(&engine);
        if self.is_registered.swap(false, Relaxed)
            && let Some(seat) = engine.loops.seats.get(self.index.load(Relaxed))
            && let Some(descriptor) = control.descriptor()
        {
            let _ = seat.registry.deregister(&mut SourceFd(&descriptor.as_raw_fd()));
        }
        Ok(engine)
    }

    /// Returns whether the loop is given away.
    pub(super) fn is_away(&self) -> bool {
        lock(&self.ticket).is_none()
    }

    /// Gives the loop to another thread, unless one has it.
    pub(super) fn give_away(&self, engine: &Arc<Engine<L>>) {
        let seat = engine.loops.seats.get(self.index.load(Relaxed));
        let event_loop =
            seat.zip(self.end()).and_then(|(seat, ticket)| seat.table.take_back(ticket));
        event_loop.into_iter().for_each(|event_loop| engine.hand_over(event_loop));
    }
}

impl<L: Listener> Waiter for Turn<L> {
    fn wait(&self, control: &mut dyn Control, is_write: bool, left: Duration) -> Result<(), Error> {
        let engine = self.leave(control)?;
        let _waits = Waits::in_handler(&engine)?;
        let Some(descriptor) = control.descriptor() else { return Err(Error::Closed) };
        let flags = if is_write { PollFlags::OUT } else { PollFlags::IN };
        let mut descriptors =
            [PollFd::new(&descriptor, flags), PollFd::new(&engine.loops.over, PollFlags::IN)];
        let timeout = Timespec::try_from(left).ok();
        match poll(&mut descriptors, timeout.as_ref()).map_err(io::Error::from) {
            Err(error) if !is_passing(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn stay(&self, control: &mut dyn Control, left: Duration) -> bool {
        let Ok(engine) = self.leave(control) else { return true };
        let stays = Waits::new(&engine, &engine.notice.counts.staying);
        let (Some(_stays), Some(descriptor)) = (stays, control.descriptor()) else { return false };
        // All threads wait for the end of the server in one queue of the system, which takes a
        // lock. This wait is short enough without.
        let mut socket = [PollFd::new(&descriptor, PollFlags::IN)];
        let timeout = Timespec::try_from(left).ok();
        poll(&mut socket, timeout.as_ref()).is_ok_and(|ready| ready > 0)
    }

    fn detach(&self, control: &mut dyn Control) -> Result<(), Error> {
        let engine = self.leave(control)?;
        std::mem::forget(Waits::in_handler(&engine)?);
        self.is_detached.store(true, Relaxed);
        Ok(())
    }
}

/// One of a count, which has the bound of handlers.
struct Waits<'e>(&'e AtomicUsize);

impl<'e> Waits<'e> {
    fn new<L: Listener>(engine: &Engine<L>, count: &'e AtomicUsize) -> Option<Self> {
        let waits = Self(count);
        (count.fetch_add(1, Relaxed) < engine.bounds.handlers).then_some(waits)
    }

    /// Begins a wait of a handler, in which another one may be called.
    fn in_handler<L: Listener>(engine: &'e Engine<L>) -> Result<Self, Error> {
        let counts = &engine.notice.counts;
        let waits = Self::new(engine, &counts.waiting).ok_or(Error::Overloaded)?;
        // A request that begins to wait now sees this wait, or is seen.
        fence(SeqCst);
        if counts.queued.load(Relaxed) > 0 {
            engine.loops.wake_all();
        }
        Ok(waits)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
