//! The threads of a server.

use crate::server::stack::Stack;
use crate::server::sync::sync::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};
use crate::server::sync::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use crate::server::sync::thread::{self, Thread};
use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

/// Time after which a thread without a job ends.
const SPARE: Duration = Duration::from_secs(5);
/// Time after which to try again to start a thread.
pub(crate) const RETRY: Duration = Duration::from_millis(100);

/// Threads that take jobs. One that has ended its job waits for the next one: the latest is called
/// first, since its caches are warmest, and the others may end.
pub(crate) struct Crew<J> {
    state: Mutex<State<J>>,
    /// The number of threads that are free for a further job.
    free: AtomicUsize,
    /// The number of free threads that do not end.
    kept: usize,
    stack: Stack,
    has_ended: Condvar,
}

struct State<J> {
    jobs: VecDeque<J>,
    spare: Vec<Arc<Spare>>,
    starting: usize,
    threads: usize,
    /// The time of the last attempt to start a thread, if that failed.
    failed: Option<(Instant, Option<io::Error>)>,
    is_closed: bool,
}

/// A thread without a job.
struct Spare {
    thread: Thread,
    /// The thread was called, and is no longer spare.
    is_called: AtomicBool,
}

impl<J> Crew<J> {
    pub(crate) fn new(stack: Stack, kept: usize) -> Self {
        let (jobs, spare) = (VecDeque::new(), Vec::new());
        let state = State { jobs, spare, starting: 0, threads: 0, failed: None, is_closed: false };
        let (state, free) = (Mutex::new(state), AtomicUsize::new(0));
        Self { state, free, kept, stack, has_ended: Condvar::new() }
    }

    /// Returns whether this many threads are free for a job, after an attempt to start them.
    pub(crate) fn reserve<W: FnOnce() + Send + 'static>(
        &self,
        count: usize,
        work: impl Fn() -> W,
    ) -> bool {
        while self.free.load(SeqCst) < count {
            if !self.start(work()) {
                return false;
            }
        }
        true
    }

    /// Starts a thread. Returns false if that fails, or has failed just now.
    fn start(&self, work: impl FnOnce() + Send + 'static) -> bool {
        let mut state = self.state();
        if state.is_closed || state.failed.as_ref().is_some_and(|(at, _)| at.elapsed() < RETRY) {
            return false;
        }
        match self.stack.builder().spawn(work) {
            Ok(_) => {
                state.threads = state.threads.saturating_add(1);
                state.starting = state.starting.saturating_add(1);
                state.failed = None;
                self.count_free(&state);
                true
            }
            Err(error) => {
                // The log has the first one of a series.
                let is_first = state.failed.is_none();
                state.failed = Some((Instant::now(), is_first.then_some(error)));
                false
            }
        }
    }

    /// Returns the first failure to start a thread since the last success, once, with the number of
    /// threads.
    pub(crate) fn failure(&self) -> Option<(io::Error, usize)> {
        let mut state = self.state();
        let threads = state.threads;
        state.failed.as_mut()?.1.take().map(|error| (error, threads))
    }

    /// Gives a job to a free thread, or to the next one that will be free.
    pub(crate) fn give<W: FnOnce() + Send + 'static>(&self, job: J, work: impl Fn() -> W) {
        let mut state = self.state();
        state.jobs.push_back(job);
        let spare = state.spare.pop();
        spare.iter().for_each(|spare| spare.is_called.store(true, Relaxed));
        let is_short = spare.is_none() && state.starting < state.jobs.len();
        self.count_free(&state);
        drop(state);
        match spare {
            Some(spare) => spare.thread.unpark(),
            None if is_short => _ = self.start(work()),
            None => {}
        }
    }

    /// Does jobs until no more come for a while, or the crew is closed. Calls `on_idle` before it
    /// waits.
    pub(crate) fn work(&self, mut act: impl FnMut(J), mut on_idle: impl FnMut(bool)) {
        let this = Arc::new(Spare { thread: thread::current(), is_called: AtomicBool::new(false) });
        let mut state = self.state();
        state.starting = state.starting.saturating_sub(1);
        let mut is_long = false;
        loop {
            if let Some(job) = state.jobs.pop_front() {
                self.count_free(&state);
                drop(state);
                act(job);
                state = self.state();
                is_long = false;
                continue;
            }
            if state.is_closed || (is_long && state.spare.len() >= self.kept) {
                break;
            }
            state.spare.push(Arc::clone(&this));
            self.count_free(&state);
            drop(state);
            on_idle(is_long);
            thread::park_timeout(SPARE);
            state = self.state();
            if !this.is_called.swap(false, Relaxed) {
                state.spare.retain(|spare| !Arc::ptr_eq(spare, &this));
                is_long = true;
            }
        }
        state.threads = state.threads.saturating_sub(1);
        self.count_free(&state);
        drop(state);
        self.has_ended.notify_all();
    }

    /// Lets the threads end after their jobs. Waits for them until this time. Returns the jobs that
    /// no thread has taken.
    pub(crate) fn close(&self, until: Instant) -> VecDeque<J> {
        let mut state = self.state();
        state.is_closed = true;
        state.spare.drain(..).for_each(|spare| spare.thread.unpark());
        let jobs = std::mem::take(&mut state.jobs);
        self.count_free(&state);
        while state.threads > 0
            && let left = until.saturating_duration_since(Instant::now())
            && !left.is_zero()
        {
            state =
                self.has_ended.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        jobs
    }

    fn count_free(&self, state: &State<J>) {
        let free = state.spare.len().saturating_add(state.starting);
        self.free.store(free.saturating_sub(state.jobs.len()), SeqCst);
    }

    fn state(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(all(test, not(bareline_shuttle)))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::{Crew, SPARE};
    use crate::server::stack::Stack;
    use std::sync::mpsc::channel;
    use std::sync::{Arc, Mutex};
    use std::thread;
    use std::time::Instant;

    #[test]
    fn a_spare_thread_is_called_at_once() {
        let crew = Arc::new(Crew::<usize>::new(Stack::Usual, 1));
        let (done, is_done) = channel();
        let done = Arc::new(Mutex::new(done));
        let (own, threads) = (Arc::clone(&crew), Arc::clone(&crew));
        let work = move || {
            let (crew, done) = (Arc::clone(&own), Arc::clone(&done));
            move || crew.work(|job| done.lock().unwrap().send(job).unwrap(), |_| {})
        };
        assert!(crew.reserve(1, &work));
        for job in 0..5 {
            let start = Instant::now();
            // It is spare again soon after its last job.
            while threads.state().spare.len() != 1 {
                assert!(start.elapsed() < SPARE / 2, "the thread is not spare");
                thread::yield_now();
            }
            crew.give(job, &work);
            assert_eq!(is_done.recv_timeout(SPARE / 2), Ok(job));
            assert_eq!(threads.state().threads, 1);
        }
        let start = Instant::now();
        assert!(crew.close(start + SPARE).is_empty());
        assert!(start.elapsed() < SPARE / 2, "a spare thread is told of the end");
    }
}
