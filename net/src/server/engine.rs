//! The threads, loops and connections of a server that serves.

use crate::error::Error;
use crate::server::connection::{Connection, Desk, Next};
use crate::server::counts::Counts;
use crate::server::crew::Crew;
use crate::server::event_loop::{Acceptance, Done, EventLoop, Seat, Work};
use crate::server::listener::Listener;
use crate::server::notice::{Counted, Notice};
use crate::server::panics::{self, Panic};
use crate::server::stack::Stack;
use crate::server::stream::{Accepted, Exchange};
use crate::server::table::Found;
use crate::server::turn::Turn;
use crate::settings::Settings;
use crate::wire::transport::Transport;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// The interval at which the watchdog looks for a loop that is lent for too long. It doubles from
/// the first to the last while there is none: on a busy machine, a thread that often wakes for a
/// moment costs others their place.
const TICK: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(8));
/// The number of connections that a loop may have more than another, and an eighth of its own.
const SPREAD: usize = 2;
/// The most rejected connections that linger.
pub(super) const LINGERING: usize = 256;

/// The limits of a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// The number of loops.
    pub(crate) loops: usize,
    /// The most handlers that run at a time.
    pub(crate) handlers: usize,
    /// The most open connections.
    pub(crate) connections: usize,
    /// The most requests of a connection.
    pub(crate) requests: u64,
    /// The stack size of each thread.
    pub(crate) stack: Stack,
    /// The longest wait for a handler.
    pub(crate) queue_timeout: Duration,
    /// The most octets that connections keep while they wait.
    pub(crate) kept: usize,
}

impl Bounds {
    /// Returns the defaults on this system.
    pub(crate) fn new() -> Self {
        Self {
            loops: thread::available_parallelism().map_or(1, std::num::NonZero::get),
            handlers: 4096,
            connections: connections(),
            requests: 100_000,
            stack: Stack::Usual,
            queue_timeout: Duration::from_secs(10),
            kept: 64 << 20,
        }
    }
}

/// Returns three quarters of the descriptors that the system allows the process. The rest, at least
/// 16, is for the server's own and for handlers.
fn connections() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    limit.saturating_sub((limit / 4).max(16)).max(1)
}

type Handler<S> = Box<dyn Fn(Exchange<'_, S>) -> Result<(), Error> + Send + Sync>;

/// A server that serves.
pub(crate) struct Engine<L: Listener> {
    pub(super) bounds: Bounds,
    pub(super) settings: Settings,
    pub(super) notice: Arc<Notice>,
    pub(super) handler: Handler<L::Stream>,
    pub(super) crew: Crew<Job<L>>,
    pub(super) seats: Vec<Seat<L::Stream>>,
    /// The listener, for each loop that accepts.
    listeners: Vec<Mutex<Option<Arc<L>>>>,
    /// The last `accept` failed, so that a failure is logged once.
    pub(super) is_failing: AtomicBool,
    /// A loop waits for a free thread.
    pub(super) is_starved: AtomicBool,
    pub(super) unpolled: Mutex<Unpolled<L::Stream>>,
    /// A thread accepts from a listener that cannot be polled.
    pub(super) is_accepting: AtomicBool,
    /// The number of loops, accepting threads and unpolled connections that have not ended.
    pub(super) active: AtomicUsize,
    watchdog: OnceLock<Thread>,
    /// The end of this pair is readable once the other end is closed: the server is over.
    pub(super) over: UnixStream,
    is_over: Mutex<Option<UnixStream>>,
    /// The panic of a listener.
    panic: Mutex<Option<Panic>>,
}

/// What a thread can do.
pub(super) enum Job<L: Listener> {
    Lead(Box<EventLoop<L::Stream>>),
    /// Accept from a listener that cannot be polled.
    Accept(Arc<L>),
    /// Serve a connection that cannot be polled.
    Serve(Admitted<L::Stream>),
    /// Send a 503 on a connection that cannot be polled.
    Refuse(Admitted<L::Stream>),
}

/// The connections that cannot be polled.
pub(super) struct Unpolled<S> {
    /// Those that wait for a thread.
    pub(super) waiting: VecDeque<Admitted<S>>,
    /// The number of those that have one.
    pub(super) busy: usize,
}

/// A connection that cannot be polled.
pub(super) struct Admitted<S> {
    pub(super) accepted: Accepted<S>,
    /// Counts the connection as open.
    pub(super) open: Counted,
    /// Counts the connection among those that wait for a thread.
    pub(super) queued: Option<Counted>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code leaves a value half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<L: Listener> Engine<L> {
    /// Serves the connections of the listener until the server shuts down, then waits for those in
    /// progress, for `shutdown_timeout` at most. Returns how many connections have not ended.
    pub(crate) fn run(
        listener: L,
        bounds: Bounds,
        settings: Settings,
        notice: Arc<Notice>,
        handler: Handler<L::Stream>,
        shutdown_timeout: Duration,
    ) -> io::Result<usize> {
        let begun = Instant::now();
        let (this, jobs) = Self::new(listener, bounds, settings, notice, handler)?;
        let _ = this.watchdog.set(thread::current());
        this.active.store(jobs.len(), Relaxed);
        for job in jobs {
            if !this.crew.reserve(1, || this.thread()) {
                let (error, _) = this.crew.failure().unwrap_or((ErrorKind::OutOfMemory.into(), 0));
                this.notice.close();
                this.cut();
                drop(this.crew.close(Instant::now()));
                return Err(error);
            }
            this.crew.give(job, || this.thread());
        }
        let woken = Arc::downgrade(&this);
        this.notice.on_close(Arc::new(move || {
            woken.upgrade().iter().for_each(|this| {
                this.wake_all();
                this.wake_watchdog();
            });
        }));
        let end = this.watch(begun, shutdown_timeout);
        let left = this.notice.counts.connections.load(Relaxed);
        let is_stuck = this.active.load(Relaxed) > 0;
        if this.is_accepting.load(Relaxed) {
            let seconds = shutdown_timeout.as_secs_f32();
            log::warn!(
                "shutdown timed out after {seconds} s: the listener still waits for a connection, \
                 and keeps its thread"
            );
        }
        this.cut();
        let jobs = this.crew.close(if is_stuck { Instant::now() } else { end });
        jobs.into_iter().for_each(panics::discard);
        lock(&this.unpolled).waiting.drain(..).for_each(panics::discard);
        this.seats.iter().for_each(|seat| panics::discard(seat.take_mail()));
        this.listeners.iter().for_each(|listener| panics::discard(lock(listener).take()));
        if let Some(panic) = lock(&this.panic).take() {
            panic.resume();
        }
        Ok(left)
    }

    fn new(
        listener: L,
        bounds: Bounds,
        settings: Settings,
        notice: Arc<Notice>,
        handler: Handler<L::Stream>,
    ) -> io::Result<(Arc<Self>, Vec<Job<L>>)> {
        let descriptor = listener.descriptor().map(|descriptor| descriptor.as_raw_fd());
        let descriptor = descriptor.filter(|_| listener.set_nonblocking().is_ok());
        let (mut seats, mut jobs, mut listeners) = (Vec::new(), Vec::new(), Vec::new());
        let listener = Arc::new(listener);
        for index in 0..bounds.loops.max(1) {
            let (seat, event_loop) = EventLoop::new(index, descriptor)?;
            seats.push(seat);
            jobs.push(Job::Lead(event_loop));
            listeners.push(Mutex::new(descriptor.map(|_| Arc::clone(&listener))));
        }
        if descriptor.is_none() {
            jobs.push(Job::Accept(listener));
        }
        let (over, is_over) = UnixStream::pair()?;
        let this = Self {
            crew: Crew::new(bounds.stack, seats.len().saturating_mul(2)),
            bounds,
            settings,
            notice,
            handler,
            seats,
            listeners,
            is_failing: AtomicBool::new(false),
            is_starved: AtomicBool::new(false),
            unpolled: Mutex::new(Unpolled { waiting: VecDeque::new(), busy: 0 }),
            is_accepting: AtomicBool::new(descriptor.is_none()),
            active: AtomicUsize::new(0),
            watchdog: OnceLock::new(),
            over,
            is_over: Mutex::new(Some(is_over)),
            panic: Mutex::default(),
        };
        Ok((Arc::new(this), jobs))
    }

    /// Gives loops that are lent for too long to other threads, until all has ended or the shutdown
    /// times out. Returns the time at which it does.
    fn watch(self: &Arc<Self>, begun: Instant, shutdown_timeout: Duration) -> Instant {
        let (mut seen, mut tick) = (vec![None; self.seats.len()], TICK.0);
        loop {
            let now = Instant::now();
            // The shutdown may have come long before.
            let end = self.notice.closing_since().map(|since| since.max(begun) + shutdown_timeout);
            let is_ended = self.active.load(Relaxed) == 0;
            if let Some(end) = end
                && (is_ended || now >= end)
            {
                return end;
            }
            let mut is_watched = false;
            tick = (tick * 2).min(TICK.1);
            for (seat, seen) in self.seats.iter().zip(&mut seen) {
                match seat.table.watch(seen) {
                    Found::Quiet => continue,
                    Found::Busy => {}
                    Found::Stuck(event_loop) => {
                        self.hand_over(event_loop);
                        tick = TICK.0;
                    }
                }
                is_watched = true;
            }
            match end {
                _ if is_watched => thread::park_timeout(tick),
                Some(end) => thread::park_timeout(end.saturating_duration_since(now)),
                None => thread::park(),
            }
        }
    }

    pub(super) fn hand_over(self: &Arc<Self>, event_loop: Box<EventLoop<L::Stream>>) {
        self.crew.give(Job::Lead(event_loop), || self.thread());
    }

    /// Returns the work of a thread.
    pub(super) fn thread(self: &Arc<Self>) -> impl FnOnce() + Send + 'static {
        let this = Arc::clone(self);
        move || {
            let turn = Arc::new(Turn::new(&this));
            let desk = std::cell::RefCell::new(Desk::new());
            this.crew.work(
                |job| match job {
                    Job::Lead(event_loop) => this.lead(event_loop, &mut desk.borrow_mut(), &turn),
                    Job::Accept(listener) => this.accept_all(listener),
                    Job::Serve(admitted) => this.serve_unpolled(admitted),
                    Job::Refuse(admitted) => this.refuse_unpolled(admitted),
                },
                |is_long| {
                    if this.is_starved.swap(false, Relaxed) {
                        this.wake_all();
                    }
                    if is_long {
                        desk.borrow_mut().clear();
                    }
                },
            );
            drop(turn);
            // This may drop the handler, and its captured values may panic when dropped.
            panics::discard(this);
        }
    }

    /// Does the work of a loop, until another thread has the loop.
    fn lead(
        self: &Arc<Self>,
        mut event_loop: Box<EventLoop<L::Stream>>,
        desk: &mut Desk,
        turn: &Arc<Turn<L>>,
    ) {
        let Some(seat) = self.seats.get(event_loop.index) else { return };
        loop {
            let Some(work) = self.next(&mut event_loop, seat) else { continue };
            if matches!(work, Work::End) {
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
        let can_work = self.crew.reserve(self.seats.len(), || self.thread());
        if can_work && let Some(work) = event_loop.next() {
            return Some(work);
        }
        if !can_work {
            self.is_starved.store(true, Relaxed);
        }
        event_loop.wait(seat, can_work);
        for done in seat.take_mail() {
            self.finish(event_loop, done);
        }
        let mut free = self.free_handlers();
        while free > 0 && event_loop.call_queued() {
            free -= 1;
        }
        None
    }

    /// Returns how many handlers may be called.
    fn free_handlers(&self) -> usize {
        let Counts { in_handlers, waiting, .. } = &self.notice.counts;
        let busy = in_handlers.load(Relaxed).saturating_sub(waiting.load(Relaxed));
        self.bounds.handlers.saturating_sub(busy)
    }

    /// Hands the result of some work to its loop.
    pub(super) fn post(&self, seat: &Seat<L::Stream>, done: Done<L::Stream>) {
        if self.notice.is_over() {
            return panics::discard(done);
        }
        seat.post(done);
    }

    /// Records the result of some work.
    fn finish(&self, event_loop: &mut EventLoop<L::Stream>, done: Done<L::Stream>) {
        let Some(seat) = self.seats.get(event_loop.index) else { return };
        let is_new = matches!(done, Done::Accepted(_));
        if matches!(done, Done::Served(_, Next::Closed)) {
            seat.used.fetch_sub(1, Relaxed);
        }
        let Some(mut connection) = event_loop.finish(done) else { return };
        let Counts { connections, refused, .. } = &self.notice.counts;
        let open = connections.load(Relaxed).saturating_sub(refused.load(Relaxed));
        let is_full = open > self.bounds.connections;
        if is_new && let Some(other) = self.better_seat(seat, is_full) {
            other.used.fetch_add(1, Relaxed);
            return other.post(Done::Added(connection));
        }
        if is_new {
            seat.used.fetch_add(1, Relaxed);
        }
        if is_full && !event_loop.end_longest_idle() {
            connection.refuse();
        }
        event_loop.add(connection);
    }

    /// Returns the seat of a loop that has clearly fewer connections. A server that is full needs a
    /// loop with an idle connection instead.
    fn better_seat(&self, seat: &Seat<L::Stream>, is_full: bool) -> Option<&Seat<L::Stream>> {
        if is_full {
            let is_idle = |seat: &&Seat<L::Stream>| seat.idle.load(Relaxed) > 0;
            return self.seats.iter().find(is_idle).filter(|_| !is_idle(&seat));
        }
        let used = seat.used.load(Relaxed);
        let other = self.seats.iter().min_by_key(|seat| seat.used.load(Relaxed))?;
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
                    self.listeners.get(index).and_then(|listener| lock(listener).clone());
                let accepted = panics::catch(|| match &listener {
                    Some(listener) => self.accept(listener),
                    None => Acceptance::Ended,
                });
                Done::Accepted(accepted.unwrap_or_else(|panic| self.on_panic(panic)))
            }
            Work::StopAccepting => {
                let listener = self.listeners.get(index).and_then(|listener| lock(listener).take());
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

    /// Shuts down because of a panic of the listener.
    pub(super) fn on_panic(&self, panic: Panic) -> Acceptance<L::Stream> {
        lock(&self.panic).get_or_insert(panic);
        self.notice.close();
        Acceptance::Ended
    }

    fn wake_watchdog(&self) {
        self.watchdog.get().into_iter().for_each(Thread::unpark);
    }

    pub(super) fn wake_all(&self) {
        self.seats.iter().for_each(Seat::wake);
    }

    /// Records that a loop, an accepting thread or an unpolled connection has ended.
    pub(super) fn ended(&self) {
        if self.active.fetch_sub(1, Relaxed) == 1 {
            self.wake_watchdog();
        }
    }

    /// Ends all connections.
    fn cut(&self) {
        self.notice.cut();
        drop(lock(&self.is_over).take());
        self.wake_all();
    }
}

/// Drops a connection without a lingering close.
pub(super) fn discard<S: Transport>(mut connection: Box<Connection<S>>) {
    let _ = panics::catch(|| connection.stream.wire().close());
    panics::discard(connection);
}
