//! An event loop: waits for many connections at once, and names the one to serve next.

use crate::server::acceptance::{Acceptance, LATE, SOON};
use crate::server::connection::{Connection, Next};
use crate::server::crew::RETRY;
use crate::server::idle::Idle;
use crate::server::mailbox::Mailbox;
use crate::server::slots::Slots;
use crate::server::table::Table;
use crate::wire::transport::Transport;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token, Waker};
use std::collections::VecDeque;
use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

const LISTENER: Token = Token(usize::MAX);
const WAKER: Token = Token(usize::MAX - 1);

/// The most connections that are served between two looks at the events.
const BUDGET: u32 = 64;
/// The longest wait for events: some systems count its milliseconds in 32 bits.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// The usual size of a backlog. More connections may arrive while these are accepted.
const BACKLOG: usize = 4096;
/// The part of a loop that all threads share.
pub(crate) struct Seat<S: Transport> {
    pub(crate) table: Table<EventLoop<S>>,
    pub(crate) mail: Mailbox<Done<S>>,
    waker: Waker,
    pub(crate) registry: Registry,
    pub(crate) idle: Idle,
    /// The number of connections of the loop, and of those on their way to it.
    pub(crate) used: AtomicUsize,
    /// The moving average of the time of handlers in nanoseconds.
    mean: AtomicU64,
}

/// A piece of work, during which the loop is lent.
pub(crate) enum Work<S: Transport> {
    Serve(usize, Box<Connection<S>>),
    Accept,
    /// All of the backlog is accepted: the loop needs the listener no longer.
    StopAccepting,
    /// The server is over: these connections are closed.
    Discard(Vec<Box<Connection<S>>>),
    /// The loop has no connections, and gets no more.
    End,
}

/// The end of a piece of work.
pub(crate) enum Done<S: Transport> {
    Served(usize, Next<S>),
    Accepted(Acceptance<S>),
    /// A connection from elsewhere.
    Added(Box<Connection<S>>),
    Nothing,
}

impl<S: Transport> Done<S> {
    /// Returns whether this is a connection that is idle.
    pub(crate) const fn is_idle(&self) -> bool {
        matches!(self, Self::Served(_, Next::Waits { is_idle: true, .. }))
    }
}

/// The connections that wait, and those that are ready to be served.
pub(crate) struct EventLoop<S: Transport> {
    pub(crate) index: usize,
    poll: Poll,
    events: Events,
    slots: Slots<Box<Connection<S>>>,
    marks: Vec<Mark>,
    ready: VecDeque<usize>,
    budget: u32,
    accepting: Accepting,
    /// The connections whose requests wait for a handler.
    queued: VecDeque<usize>,
    /// The number of connections that are away and had an event meanwhile.
    missed: usize,
    is_closing: bool,
}

/// The events of a connection since it was last taken.
#[derive(Clone, Copy, Default)]
struct Mark {
    has_event: bool,
    /// The peer has closed its sending direction.
    is_ended: bool,
    is_ready: bool,
}

struct Accepting {
    listener: Option<RawFd>,
    is_due: bool,
    /// A thread calls `accept`.
    is_away: bool,
    /// An event came meanwhile.
    has_event: bool,
    /// The time to try again after a failure, and the back-off.
    retry: Option<Instant>,
    pause: Duration,
    /// The number of connections in the backlog that are still accepted at shutdown.
    left: usize,
    /// The loop has just stopped to accept.
    has_stopped: bool,
}

impl<S: Transport> Seat<S> {
    /// Wakes the loop.
    pub(crate) fn wake(&self) {
        let _ = self.waker.wake();
    }

    /// Sends this to the loop.
    ///
    /// A connection that waits for its peer wakes the loop by its next event, so it need not be
    /// woken now: unless an event came while the connection was away, or its wait ends before the
    /// loop looks at its mail.
    ///
    /// Returns it if the loop has ended.
    pub(crate) fn post(&self, done: Done<S>) -> Option<Done<S>> {
        if done.is_idle() {
            self.idle.add_mailed();
        }
        let can_wait = match &done {
            Done::Served(_, Next::Waits { connection, until, .. }) if connection.is_registered => {
                Some(until.at())
            }
            _ => None,
        };
        match self.mail.post(done, can_wait) {
            Ok(false) => None,
            Ok(true) => {
                self.wake();
                None
            }
            Err(done) => Some(done),
        }
    }

    /// Returns the mean time of handlers.
    pub(crate) fn mean(&self) -> Duration {
        Duration::from_nanos(self.mean.load(Relaxed))
    }

    /// Adds the time of a handler to the mean.
    pub(crate) fn add_time(&self, took: Duration) {
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let mean = self.mean.load(Relaxed);
        self.mean.store(mean - mean / 8 + took / 8, Relaxed);
    }
}

impl<S: Transport> EventLoop<S> {
    /// Creates a loop with its seat. It accepts from the listener with this descriptor, if any.
    pub(crate) fn new(index: usize, listener: Option<RawFd>) -> io::Result<(Seat<S>, Box<Self>)> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKER)?;
        if let Some(descriptor) = listener {
            poll.registry().register(&mut SourceFd(&descriptor), LISTENER, Interest::READABLE)?;
        }
        let seat = Seat {
            table: Table::new(),
            mail: Mailbox::new(),
            waker,
            registry: poll.registry().try_clone()?,
            idle: Idle::default(),
            used: AtomicUsize::new(0),
            mean: AtomicU64::new(0),
        };
        let accepting = Accepting {
            listener,
            is_due: listener.is_some(),
            is_away: false,
            has_event: false,
            retry: None,
            pause: SOON,
            left: BACKLOG,
            has_stopped: false,
        };
        let event_loop = Self {
            index,
            poll,
            events: Events::with_capacity(256),
            slots: Slots::new(),
            marks: Vec::new(),
            ready: VecDeque::new(),
            budget: BUDGET,
            accepting,
            queued: VecDeque::new(),
            missed: 0,
            is_closing: false,
        };
        Ok((seat, Box::new(event_loop)))
    }

    /// Returns the next piece of work that is ready.
    pub(crate) fn next(&mut self) -> Option<Work<S>> {
        self.budget = self.budget.checked_sub(1)?;
        if std::mem::take(&mut self.accepting.has_stopped) {
            return Some(Work::StopAccepting);
        }
        // A burst of new connections and those that are here take turns.
        if self.accepting.is_due && (self.ready.is_empty() || self.budget.is_multiple_of(2)) {
            (self.accepting.is_due, self.accepting.is_away) = (false, true);
            return Some(Work::Accept);
        }
        while let Some(number) = self.ready.pop_front() {
            let Some(mark) = self.marks.get_mut(number) else { continue };
            mark.is_ready = false;
            // A connection that is away finds its event when it returns.
            let Some(mut connection) = self.slots.take(number) else { continue };
            let mark = std::mem::take(mark);
            let polling = connection.stream.wire().polled();
            polling.may_read |= mark.has_event;
            polling.is_ended |= mark.is_ended;
            return Some(Work::Serve(number, connection));
        }
        None
    }

    /// Shuts down: accepts the backlog first, and then ends the idle connections. Returns whether
    /// all connections have ended.
    pub(crate) fn close(&mut self) -> bool {
        let is_first = !std::mem::replace(&mut self.is_closing, true);
        let accepting = &mut self.accepting;
        if is_first && accepting.listener.is_some() {
            (accepting.is_due, accepting.retry) = (!accepting.is_away, None);
        } else if is_first {
            self.stop_accepting();
        }
        let accepting = &self.accepting;
        let is_done = accepting.listener.is_none() && !accepting.has_stopped;
        is_done && self.slots.len() == 0
    }

    /// Returns all connections that are here.
    pub(crate) fn take_all(&mut self) -> Vec<Box<Connection<S>>> {
        let numbers: Vec<_> = self.slots.all_here().collect();
        numbers.into_iter().filter_map(|number| self.slots.take(number)).collect()
    }

    /// Waits for events, or only looks at them if there is work that can be done. Where that lacks
    /// a thread, waits until one may be started.
    pub(crate) fn wait(&mut self, seat: &Seat<S>, can_work: bool, is_starved: bool) {
        self.budget = BUDGET;
        let has_work =
            !self.ready.is_empty() || self.accepting.is_due || self.accepting.has_stopped;
        let is_ready = can_work && has_work;
        let lacks_thread = is_starved && (has_work || !self.queued.is_empty());
        let start = lacks_thread.then(|| Instant::now() + RETRY);
        let next = [self.slots.next_timer(), self.accepting.retry, start];
        let next = next.into_iter().flatten().min();
        let timeout = match next {
            _ if is_ready => Some(Duration::ZERO),
            next => next.map(|at| at.saturating_duration_since(Instant::now()).min(LONGEST)),
        };
        if timeout != Some(Duration::ZERO) && !seat.mail.sleep(next, self.missed > 0) {
            return;
        }
        // A signal may interrupt the wait.
        if self.poll.poll(&mut self.events, timeout).is_err() {
            self.events.clear();
        }
        let Self { events, marks, slots, ready, accepting, missed, .. } = self;
        for event in events.iter() {
            match event.token() {
                WAKER => {}
                LISTENER if accepting.is_away => accepting.has_event = true,
                LISTENER => accepting.is_due = accepting.retry.is_none(),
                Token(number) => {
                    if let Some(mark) = marks.get_mut(number) {
                        let is_first = !std::mem::replace(&mut mark.has_event, true);
                        mark.is_ended |= event.is_read_closed();
                        if slots.get(number).is_none() {
                            *missed = missed.saturating_add(usize::from(is_first));
                        } else if !std::mem::replace(&mut mark.is_ready, true) {
                            ready.push_back(number);
                        }
                    }
                }
            }
        }
        let now = Instant::now();
        while let Some(number) = self.slots.expired(now) {
            self.mark_ready(number);
        }
        if self.accepting.retry.take_if(|at| *at <= now).is_some() {
            self.accepting.is_due = true;
        }
    }

    /// Lets a request that waits for a handler try again. Returns whether there is one.
    pub(crate) fn call_queued(&mut self) -> bool {
        while let Some(number) = self.queued.pop_front() {
            // An event may have brought it forward.
            if self.slots.get(number).is_some_and(|connection| connection.queued.is_some()) {
                self.mark_ready(number);
                return true;
            }
        }
        false
    }

    fn mark_ready(&mut self, number: usize) {
        if let Some(mark) = self.marks.get_mut(number)
            && !std::mem::replace(&mut mark.is_ready, true)
        {
            self.ready.push_back(number);
        }
    }

    /// Returns the number of idle connections.
    pub(crate) const fn idle(&self) -> usize {
        self.slots.idle()
    }

    /// Takes the longest idle connection out of the loop's care: it is served next, and closes.
    /// Returns whether there is one.
    pub(crate) fn end_longest_idle(&mut self) -> bool {
        let Some(number) = self.slots.longest_idle() else { return false };
        if let Some(mut connection) = self.slots.take(number) {
            connection.end_when_idle();
            self.slots.put(number, connection, None, false);
        }
        self.mark_ready(number);
        true
    }

    /// Adds a connection, which is served soon.
    pub(crate) fn add(&mut self, connection: Box<Connection<S>>) {
        let number = self.slots.add();
        if self.marks.len() <= number {
            self.marks.resize(number.saturating_add(1), Mark::default());
        }
        self.slots.put(number, connection, None, false);
        self.mark_ready(number);
    }

    /// Records the end of a piece of work, but for a new connection.
    pub(crate) fn finish(&mut self, done: Done<S>) -> Option<Box<Connection<S>>> {
        match done {
            Done::Served(number, next) => {
                self.served(number, next);
                None
            }
            Done::Accepted(acceptance) => self.accepted(acceptance),
            Done::Added(connection) => Some(connection),
            Done::Nothing => None,
        }
    }

    fn served(&mut self, number: usize, next: Next<S>) {
        let has_event = self.marks.get(number).is_some_and(|mark| mark.has_event);
        self.missed = self.missed.saturating_sub(usize::from(has_event));
        let (mut connection, until, is_idle) = match next {
            Next::Waits { connection, until, is_idle } => (connection, until.at(), is_idle),
            Next::More(connection) => {
                self.slots.put(number, connection, None, false);
                return self.mark_ready(number);
            }
            Next::Queued { connection, until } => {
                self.slots.put(number, connection, Some(until), false);
                // An event may have brought it forward.
                if !self.queued.contains(&number) {
                    self.queued.push_back(number);
                }
                return;
            }
            Next::Closed => {
                self.slots.remove(number);
                self.queued.retain(|&queued| queued != number);
                self.marks.get_mut(number).into_iter().for_each(|mark| *mark = Mark::default());
                // It may be a descriptor that `accept` lacked.
                if self.accepting.retry.is_some() {
                    self.accepting.retry = Some(Instant::now());
                }
                return;
            }
        };
        let (both, token) = (Interest::READABLE | Interest::WRITABLE, Token(number));
        let source = &mut SourceFd(&connection.descriptor);
        let is_known =
            connection.is_registered || self.poll.registry().register(source, token, both).is_ok();
        (connection.is_registered, connection.is_lost) = (is_known, !is_known);
        self.slots.put(number, connection, until, is_idle);
        // The thread did not know yet that an idle connection has to close.
        let is_late = self.is_closing && is_idle && until > Instant::now().checked_add(LATE);
        if !is_known || has_event || is_late {
            self.mark_ready(number);
        }
    }

    fn accepted(&mut self, acceptance: Acceptance<S>) -> Option<Box<Connection<S>>> {
        let accepting = &mut self.accepting;
        accepting.is_away = false;
        let has_event = std::mem::take(&mut accepting.has_event);
        match acceptance {
            Acceptance::Nobody | Acceptance::Ended if self.is_closing => self.stop_accepting(),
            Acceptance::Nobody => accepting.is_due = has_event,
            Acceptance::Failed => {
                accepting.retry = Instant::now().checked_add(accepting.pause);
                accepting.pause = (accepting.pause * 2).min(LATE);
                self.end_longest_idle();
            }
            Acceptance::Ended | Acceptance::Elsewhere | Acceptance::Connection(_) => {
                (accepting.is_due, accepting.pause) = (true, SOON);
                if self.is_closing {
                    accepting.left = accepting.left.saturating_sub(1);
                    if accepting.left == 0 {
                        self.stop_accepting();
                    }
                }
            }
        }
        match acceptance {
            Acceptance::Connection(connection) => Some(connection),
            _ => None,
        }
    }

    /// Ends accepting, and then the idle connections.
    fn stop_accepting(&mut self) {
        self.accepting.is_due = false;
        if let Some(descriptor) = self.accepting.listener.take() {
            let _ = self.poll.registry().deregister(&mut SourceFd(&descriptor));
            self.accepting.has_stopped = true;
        }
        let numbers: Vec<_> = self.slots.all_here().collect();
        numbers.into_iter().for_each(|number| self.mark_ready(number));
    }
}
