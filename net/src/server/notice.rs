//! The signals from a server to the threads that serve its connections.

use crate::server::counts::Counts;
use crate::server::log_rate::LogRate;
use crate::server::rejection::OnRejection;
use crate::server::sync::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use crate::wire::link::CHECK_INTERVAL;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// The time after a response in which a client sends the next request if it has one ready, in a
/// shutdown.
const PROMPT: Duration = Duration::from_millis(250);

type OnClose = Arc<dyn Fn() + Send + Sync>;

/// The state that all connections of a server share.
#[derive(Default)]
pub(crate) struct Notice {
    /// The server shuts down: only requests in progress are still served.
    is_closing: AtomicBool,
    closing_since: Mutex<Option<Instant>>,
    on_close: Mutex<Option<OnClose>>,
    /// The shutdown timed out or is complete: all connections end.
    is_over: AtomicBool,
    pub(crate) counts: Counts,
    /// Changes rejections; set before the server begins.
    pub(crate) on_rejection: OnceLock<Arc<OnRejection>>,
    /// The rate of lines about 503s.
    pub(crate) overloads: LogRate,
    /// The rate of lines about connections that fail in a request, as a reset does.
    pub(crate) failures: LogRate,
    /// The rate of lines about a listener that fails.
    pub(crate) listener: LogRate,
}

impl Notice {
    pub(crate) fn close(&self) {
        self.closing_since().get_or_insert_with(Instant::now);
        self.is_closing.store(true, Relaxed);
        let on_close = self.on_close.lock().unwrap_or_else(PoisonError::into_inner).clone();
        on_close.iter().for_each(|on_close| on_close());
    }

    /// Sets a function that each later [`close`](Self::close) calls, and calls it once if the
    /// server shuts down already.
    pub(crate) fn on_close(&self, on_close: OnClose) {
        let mut place = self.on_close.lock().unwrap_or_else(PoisonError::into_inner);
        *place = Some(Arc::clone(&on_close));
        drop(place);
        if self.is_closing() {
            on_close();
        }
    }

    /// Returns the beginning of the shutdown, once it has begun.
    pub(crate) fn closing_since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.closing_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Relaxed)
    }

    pub(crate) fn cut(&self) {
        self.is_over.store(true, Relaxed);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Relaxed)
    }
}

/// The decisions of a server about one of its connections.
pub(crate) struct Membership {
    notice: Arc<Notice>,
    /// The number of requests that the connection may still send.
    requests: u64,
    /// The connection has to close when it is idle: others need its place.
    is_unwanted: bool,
    /// The connection has sent no request.
    is_new: bool,
}

impl Membership {
    /// Creates the membership of a connection that may send this many requests.
    pub(crate) const fn new(notice: Arc<Notice>, requests: u64) -> Self {
        Self { notice, requests, is_unwanted: false, is_new: true }
    }

    /// Returns the function that changes rejections.
    pub(crate) fn on_rejection(&self) -> Option<Arc<OnRejection>> {
        self.notice.on_rejection.get().cloned()
    }

    /// Counts a request.
    pub(crate) const fn count_request(&mut self) {
        self.requests = self.requests.saturating_sub(1);
        self.is_new = false;
    }

    /// Returns the time that an idle connection has in all when it has to close. In a shutdown, a
    /// request may be on its way: from a client that was accepted just before, or that sends the
    /// next one as soon as it has a response.
    pub(crate) const fn patience(&self) -> Duration {
        match self {
            Self { is_unwanted: true, .. } => Duration::ZERO,
            Self { is_new: true, .. } => CHECK_INTERVAL,
            _ => PROMPT,
        }
    }

    /// Closes the connection when it is idle.
    pub(crate) const fn end(&mut self) {
        self.is_unwanted = true;
    }

    /// Returns whether the connection has to close when it is idle: others need its place, or the
    /// server shuts down.
    pub(crate) fn is_ending(&self) -> bool {
        self.is_unwanted || self.notice.is_closing()
    }

    /// Returns whether the next response is the last one.
    pub(crate) fn is_last(&self) -> bool {
        self.requests == 0 || self.is_ending()
    }

    /// Returns whether the connection has to end at once.
    pub(crate) fn is_over(&self) -> bool {
        self.notice.is_over()
    }
}

/// One of a count, until it is dropped.
pub(crate) struct Counted {
    notice: Arc<Notice>,
    of: fn(&Counts) -> &AtomicUsize,
}

impl Counted {
    /// Adds one to this count.
    pub(crate) fn new(notice: &Arc<Notice>, of: fn(&Counts) -> &AtomicUsize) -> Self {
        of(&notice.counts).fetch_add(1, Relaxed);
        Self { notice: Arc::clone(notice), of }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.of)(&self.notice.counts).fetch_sub(1, Relaxed);
    }
}
