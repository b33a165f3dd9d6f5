//! The state that the threads of a server share.

use crate::error::Error;
use crate::server::crew::Crew;
#[cfg(unix)]
use crate::server::event_loop::EventLoop;
use crate::server::listener::Listener;
#[cfg(unix)]
use crate::server::loops::Loops;
#[cfg(not(unix))]
use crate::server::no_loops::{EventLoop, Loops};
use crate::server::notice::{Counted, Notice};
use crate::server::panics::{Panic, lock};
use crate::server::stack::Stack;
use crate::server::stream::{Accepted, Exchange};
use crate::settings::Settings;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

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

pub(super) type Handler<S> = Box<dyn Fn(Exchange<'_, S>) -> Result<(), Error> + Send + Sync>;

/// A server that serves.
pub(crate) struct Engine<L: Listener> {
    pub(super) bounds: Bounds,
    pub(super) settings: Arc<Settings>,
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
    pub(super) watchdog: OnceLock<Thread>,
    /// The panic of a listener.
    pub(super) panic: Mutex<Option<Panic>>,
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

impl<L: Listener> Engine<L> {
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
}
