//! The threads, loops and connections of a server that serves.

use crate::error::Error;
use crate::server::crew::Crew;
#[cfg(unix)]
use crate::server::lead::{EventLoop, Leader, Loops};
use crate::server::listener::Listener;
#[cfg(not(unix))]
use crate::server::no_loops::{EventLoop, Leader, Loops};
use crate::server::notice::{Counted, Notice};
use crate::server::panics::{self, Panic};
use crate::server::stack::Stack;
use crate::server::stream::{Accepted, Exchange};
use crate::settings::Settings;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// The interval at which the watchdog looks for a loop that is lent for too long. It doubles from
/// the first to the last while it finds no such loop: on a busy machine, a thread that often wakes
/// for a moment costs others their place.
const TICK: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(8));
/// The longest time that is measured.
const DECADES: Duration = Duration::from_secs(1 << 30);
/// The most rejected connections that linger, where there are descriptors for them.
const LINGERING: usize = 256;

/// The limits of a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// The number of loops.
    pub(crate) loops: usize,
    /// The most handlers that run at a time.
    pub(crate) handlers: usize,
    /// The most open connections.
    pub(crate) connections: usize,
    /// The most rejected connections that linger.
    pub(crate) lingering: usize,
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
        let descriptors = descriptors();
        // A quarter, or more where there are few, is for handlers and for the server's own.
        let rest = (descriptors / 4).max(descriptors.min(64) / 2);
        Self {
            loops: thread::available_parallelism().map_or(1, std::num::NonZero::get),
            handlers: 4096,
            connections: descriptors.saturating_sub(rest).max(1),
            lingering: (rest / 4).clamp(1, LINGERING),
            requests: 100_000,
            stack: Stack::Usual,
            queue_timeout: Duration::from_secs(10),
            kept: 64 << 20,
        }
    }
}

/// Returns how many descriptors the system allows the process.
fn descriptors() -> usize {
    #[cfg(unix)]
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    #[cfg(not(unix))]
    let limit = Some(8192_u64);
    limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

type Handler<S> = Box<dyn Fn(Exchange<'_, S>) -> Result<(), Error> + Send + Sync>;

/// A server that serves.
pub(crate) struct Engine<L: Listener> {
    pub(super) bounds: Bounds,
    pub(super) settings: Settings,
    pub(super) notice: Arc<Notice>,
    pub(super) handler: Handler<L::Stream>,
    pub(super) crew: Crew<Job<L>>,
    pub(super) loops: Loops<L>,
    /// The last `accept` failed, so that a failure is logged once.
    pub(super) is_failing: AtomicBool,
    pub(super) unpolled: Mutex<Unpolled<L::Stream>>,
    /// A thread accepts from a listener that cannot be polled.
    pub(super) is_accepting: AtomicBool,
    /// The number of loops, accepting threads and unpolled connections that have not ended.
    pub(super) active: AtomicUsize,
    watchdog: OnceLock<Thread>,
    /// The panic of a listener.
    panic: Mutex<Option<Panic>>,
}

/// A task of a thread.
pub(super) enum Job<L: Listener> {
    Lead(Box<EventLoop<L::Stream>>),
    /// Accept from a listener that cannot be polled.
    Accept(Arc<L>),
    /// Serve a connection that cannot be polled.
    Serve(Admitted<L::Stream>),
    /// Send a 503 on a connection that cannot be polled.
    Reject(Admitted<L::Stream>),
}

/// The connections that cannot be polled.
pub(super) struct Unpolled<S> {
    /// The connections that wait for a thread.
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

/// Returns the instant after this time. One that is too far to come is decades away.
pub(super) fn after(at: Instant, time: Duration) -> Instant {
    at + time.min(DECADES)
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
        is_polled: bool,
        bounds: Bounds,
        settings: Settings,
        notice: Arc<Notice>,
        handler: Handler<L::Stream>,
        shutdown_timeout: Duration,
    ) -> io::Result<usize> {
        let begun = Instant::now();
        let (this, jobs) = Self::new(listener, is_polled, bounds, settings, notice, handler)?;
        let _ = this.watchdog.set(thread::current());
        this.active.store(jobs.len(), Relaxed);
        for job in jobs {
            // One thread does the job, and another one follows.
            if !this.crew.reserve(2, || this.thread()) {
                // The first loop is enough.
                if let Some(job) = this.loops.without(job) {
                    this.ended();
                    panics::discard(job);
                    continue;
                }
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
                this.loops.wake_all();
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
        this.loops.discard();
        if let Some(panic) = lock(&this.panic).take() {
            panic.resume();
        }
        Ok(left)
    }

    fn new(
        listener: L,
        is_polled: bool,
        bounds: Bounds,
        settings: Settings,
        notice: Arc<Notice>,
        handler: Handler<L::Stream>,
    ) -> io::Result<(Arc<Self>, Vec<Job<L>>)> {
        let listener = Arc::new(listener);
        let (loops, mut jobs) = Loops::new(bounds.loops.max(1), &listener, is_polled)?;
        if !is_polled {
            jobs.push(Job::Accept(listener));
        }
        let this = Self {
            crew: Crew::new(bounds.stack, loops.kept_threads()),
            bounds,
            settings,
            notice,
            handler,
            loops,
            is_failing: AtomicBool::new(false),
            unpolled: Mutex::new(Unpolled { waiting: VecDeque::new(), busy: 0 }),
            is_accepting: AtomicBool::new(!is_polled),
            active: AtomicUsize::new(0),
            watchdog: OnceLock::new(),
            panic: Mutex::default(),
        };
        Ok((Arc::new(this), jobs))
    }

    /// Gives loops that are lent for too long to other threads, until all has ended or the shutdown
    /// times out. Returns the time at which it does.
    fn watch(self: &Arc<Self>, begun: Instant, shutdown_timeout: Duration) -> Instant {
        let (mut seen, mut tick) = (Vec::new(), TICK.0);
        loop {
            let now = Instant::now();
            // The shutdown may have come long before.
            let closing_since = *self.notice.closing_since();
            let end = closing_since.map(|since| after(since.max(begun), shutdown_timeout));
            let is_ended = self.active.load(Relaxed) == 0;
            if let Some(end) = end
                && (is_ended || now >= end)
            {
                return end;
            }
            tick = (tick * 2).min(TICK.1);
            let is_watched = self.loops.watch(&mut seen, |event_loop| {
                self.hand_over(event_loop);
                tick = TICK.0;
            });
            match end {
                _ if is_watched => thread::park_timeout(tick),
                Some(end) => thread::park_timeout(end.saturating_duration_since(now)),
                None => thread::park(),
            }
        }
    }

    /// Returns the work of a thread.
    pub(super) fn thread(self: &Arc<Self>) -> impl FnOnce() + Send + 'static {
        let this = Arc::clone(self);
        move || {
            let leader = RefCell::new(Leader::new(&this));
            this.crew.work(
                |job| match job {
                    Job::Lead(event_loop) => this.lead(event_loop, &mut leader.borrow_mut()),
                    Job::Accept(listener) => this.accept_all(listener),
                    Job::Serve(admitted) => this.serve_unpolled(admitted),
                    Job::Reject(admitted) => this.send_overload(admitted),
                },
                |is_long| {
                    this.loops.on_free_thread();
                    if is_long {
                        leader.borrow_mut().clear();
                    }
                },
            );
            drop(leader);
            // This may drop the handler, and its captured values may panic when dropped.
            panics::discard(this);
        }
    }

    /// Shuts down because of a panic of the listener.
    pub(super) fn on_panic(&self, panic: Panic) {
        lock(&self.panic).get_or_insert(panic);
        self.notice.close();
    }

    pub(super) fn wake_watchdog(&self) {
        self.watchdog.get().into_iter().for_each(Thread::unpark);
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
        self.loops.cut();
    }
}
