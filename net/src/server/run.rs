//! The life of a server: its threads, its watchdog, its end.

use crate::server::crew::Crew;
use crate::server::engine::{Bounds, Engine, Handler, Job, Unpolled, after};
#[cfg(unix)]
use crate::server::lead::Leader;
use crate::server::listener::Listener;
#[cfg(unix)]
use crate::server::loops::Loops;
#[cfg(not(unix))]
use crate::server::no_lead::Leader;
#[cfg(not(unix))]
use crate::server::no_loops::Loops;
use crate::server::notice::Notice;
use crate::server::panics::{self, lock};
use crate::settings::Settings;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

/// The interval at which the watchdog looks for a loop that is lent for too long. It doubles from
/// the first to the last while it finds no such loop: on a busy machine, a thread that often wakes
/// for a moment costs others their place.
const TICK: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(8));

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
                if let Job::Lead(event_loop) = &job
                    && this.loops.without(event_loop)
                {
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
        let (loops, event_loops) = Loops::new(bounds.loops.max(1), &listener, is_polled)?;
        let mut jobs: Vec<_> = event_loops.map(Job::Lead).collect();
        if !is_polled {
            jobs.push(Job::Accept(listener));
        }
        let this = Self {
            crew: Crew::new(bounds.stack, loops.kept_threads()),
            bounds,
            settings: Arc::new(settings),
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

    /// Ends all connections.
    fn cut(&self) {
        self.notice.cut();
        self.loops.cut();
    }
}
