//! The threads of a server: each has one connection at a time, and then the next.

use crate::notice::Notice;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a thread without a connection stays for the next one.
const SPARE: Duration = Duration::from_secs(5);

/// How many there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) threads: usize,
    /// Those that wait for a thread included.
    pub(crate) connections: usize,
    /// Octets of stack for each thread.
    pub(crate) stack: usize,
}

/// As many threads as there are connections, within bounds; each serves one, and then the next.
pub(crate) struct Threads<S> {
    bounds: Bounds,
    notice: Arc<Notice>,
    state: Mutex<State<S>>,
    /// There is a connection for a thread, or none will come any more.
    has_news: Condvar,
    /// A thread has ended.
    has_ended: Condvar,
    serve: Box<dyn Fn(S) + Send + Sync>,
}

struct State<S> {
    /// Connections without a thread, the one that has waited longest first.
    waiting: VecDeque<S>,
    threads: usize,
    /// How many of them have a connection.
    busy: usize,
    /// The system gave no more threads the last time; that has been told.
    is_short: bool,
}

impl<S: Send + 'static> Threads<S> {
    /// None yet. `serve` has a connection for as long as it runs.
    pub(crate) fn new(bounds: Bounds, notice: Arc<Notice>, serve: impl Fn(S) + Send + Sync + 'static) -> Arc<Self> {
        let state = State { waiting: VecDeque::new(), threads: 0, busy: 0, is_short: false };
        let (has_news, has_ended) = (Condvar::new(), Condvar::new());
        Arc::new(Self { bounds, notice, state: Mutex::new(state), has_news, has_ended, serve: Box::new(serve) })
    }

    /// Gives the connection a thread, now or when one has time. Gives it back when there are too many already.
    pub(crate) fn admit(self: &Arc<Self>, stream: S) -> Result<(), S> {
        let mut state = self.state();
        if state.busy.saturating_add(state.waiting.len()) >= self.bounds.connections {
            return Err(stream);
        }
        let spare = state.threads.saturating_sub(state.busy);
        if state.waiting.len() >= spare && state.threads < self.bounds.threads {
            self.add_thread(&mut state);
        }
        // Without a thread nobody would ever come to it.
        if state.threads == 0 {
            return Err(stream);
        }
        state.waiting.push_back(stream);
        self.notice.want_room(1);
        drop(state);
        self.has_news.notify_one();
        Ok(())
    }

    fn add_thread(self: &Arc<Self>, state: &mut State<S>) {
        let threads = Arc::clone(self);
        match thread::Builder::new().stack_size(self.bounds.stack).spawn(move || threads.work()) {
            Ok(_) => {
                state.threads += 1;
                state.is_short = false;
                self.notice.want_room(-1);
            }
            Err(error) => {
                if !std::mem::replace(&mut state.is_short, true) {
                    log::error!("the system gives no more than {} threads: {error}", state.threads);
                }
            }
        }
    }

    /// What a thread does, until no connection comes for a while, or none will.
    fn work(&self) {
        let mut state = self.state();
        loop {
            if let Some(stream) = state.waiting.pop_front() {
                state.busy += 1;
                drop(state);
                // Whatever goes wrong with a connection, the thread is there for the next.
                let _ = catch_unwind(AssertUnwindSafe(|| (self.serve)(stream)));
                state = self.state();
                state.busy -= 1;
                self.notice.want_room(-1);
                continue;
            }
            if self.notice.is_closing() {
                break;
            }
            let (kept, wait) = self.has_news.wait_timeout(state, SPARE).unwrap_or_else(PoisonError::into_inner);
            state = kept;
            if wait.timed_out() && state.waiting.is_empty() {
                break;
            }
        }
        state.threads -= 1;
        self.notice.want_room(1);
        drop(state);
        self.has_ended.notify_all();
    }

    /// Waits until all connections and threads have ended, but no longer than that; gives how many connections have not, and closes those that
    /// no thread has taken. From the notice that the server closes on, none is admitted.
    pub(crate) fn end(&self, grace: Duration) -> usize {
        let start = Instant::now();
        let mut state = self.state();
        self.has_news.notify_all();
        while let (1.., Some(left)) = (state.threads, grace.checked_sub(start.elapsed())) {
            state = self.has_ended.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let left = state.busy.saturating_add(state.waiting.len());
        state.waiting.clear();
        left
    }

    fn state(&self) -> MutexGuard<'_, State<S>> {
        // Whoever has it does not panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Bounds, Threads};
    use crate::notice::Notice;
    use std::sync::mpsc::{Receiver, channel};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    #[test]
    fn room_is_wanted_for_those_that_wait_without_a_free_thread() {
        let (notice, deadline) = (Arc::new(Notice::default()), Duration::from_secs(20));
        let ((go_on, goes_on), (done, is_done)) = (channel(), channel());
        let goes_on: Mutex<Receiver<()>> = Mutex::new(goes_on);
        let bounds = Bounds { threads: 2, connections: 4, stack: 64 * 1024 };
        let threads = Threads::new(bounds, Arc::clone(&notice), move |number: u8| {
            let _ = goes_on.lock().map(|goes_on| goes_on.recv());
            let _ = done.send(number);
        });
        for (number, wanted) in [(0, 0), (1, 0), (2, 1), (3, 2)] {
            assert_eq!((threads.admit(number), notice.room_wanted()), (Ok(()), wanted));
        }
        assert_eq!((threads.admit(4), notice.room_wanted()), (Err(4), 2));
        let served: Vec<_> =
            (0..4).map_while(|_| go_on.send(()).ok().and_then(|()| is_done.recv_timeout(deadline).ok())).collect();
        assert_eq!(served.len(), 4);
        notice.close();
        assert_eq!((threads.end(deadline), notice.room_wanted()), (0, 0));
    }
}
