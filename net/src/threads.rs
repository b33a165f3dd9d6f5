//! The threads of a server: one waits for a connection, and serves it when another waits in its
//! place.

use crate::acceptor::{Accepted, Acceptor};
use crate::listener::Listener;
use crate::notice::Notice;
use crate::panics::{self, Panic};
use crate::settings::Settings;
use crate::stack::Stack;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};
use std::{io, mem};

/// How long a thread without a connection stays for the next one.
const SPARE: Duration = Duration::from_secs(5);

/// How many there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Those with a connection.
    pub(crate) threads: usize,
    /// Those that wait for a thread included.
    pub(crate) connections: usize,
    /// That of each thread.
    pub(crate) stack: Stack,
}

/// As many threads as there are connections, within bounds, and one more, that takes the next
/// connection. When another has nothing to do, it serves the connection itself, since it is awake
/// and what it needs is at hand, and leaves the place to that one; else the connection gets a
/// new thread, or waits for one.
pub(crate) struct Threads<L: Listener> {
    bounds: Bounds,
    notice: Arc<Notice>,
    state: Mutex<State<L>>,
    /// A thread has ended, or no connections come any more.
    has_ended: Condvar,
    serve: Box<dyn Fn(Accepted<L::Stream>) + Send + Sync>,
}

struct State<L: Listener> {
    /// Where connections come from, unless a thread has it and waits for one.
    acceptor: Option<Acceptor<L>>,
    /// How that has ended: the server closes, or it has panicked.
    accepted: Option<Result<(), Panic>>,
    /// Connections without a thread, the one that has waited longest first.
    waiting: VecDeque<Accepted<L::Stream>>,
    threads: usize,
    /// How many of them have a connection.
    busy: usize,
    /// Those that have nothing to do: the one that has come last is called first, as the caches
    /// know it best, and the others may end.
    spare: Vec<Arc<Spare>>,
    /// The system gave no more threads the last time; that has been told.
    is_short: bool,
}

/// A thread that has nothing to do.
struct Spare {
    thread: Thread,
    /// It has been called, and is none any more.
    is_called: AtomicBool,
}

impl<L: Listener> Threads<L> {
    /// None yet. `serve` has a connection for as long as it runs.
    pub(crate) fn new(
        bounds: Bounds,
        settings: Settings,
        listener: L,
        notice: Arc<Notice>,
        serve: impl Fn(Accepted<L::Stream>) + Send + Sync + 'static,
    ) -> Arc<Self> {
        let acceptor = Some(Acceptor::new(listener, Arc::clone(&notice), bounds.stack, settings));
        let (waiting, spare) = (VecDeque::new(), Vec::new());
        let state = State {
            acceptor,
            accepted: None,
            waiting,
            threads: 0,
            busy: 0,
            spare,
            is_short: false,
        };
        Arc::new(Self {
            bounds,
            notice,
            state: Mutex::new(state),
            has_ended: Condvar::new(),
            serve: Box::new(serve),
        })
    }

    /// Has all connections served until the server closes, and waits then until that is done, but
    /// no longer than `grace`, even for an accept that does not return. Gives how many have not
    /// ended by then, and closes those that no thread has taken.
    pub(crate) fn run(self: &Arc<Self>, grace: Duration) -> io::Result<usize> {
        let begun = Instant::now();
        self.add(&mut self.state(), false).inspect_err(|_| self.notice.cut())?;
        // It may have been closed long before it began.
        let closed = self.notice.wait_for_close().max(begun);
        let mut state = self.state();
        while let (1.., Some(left)) = (state.threads, grace.checked_sub(closed.elapsed())) {
            state =
                self.has_ended.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let left = state.busy.saturating_add(state.waiting.len());
        let unserved = (mem::take(&mut state.waiting), state.acceptor.take());
        self.notice.cut();
        let accepted = state.accepted.replace(Ok(()));
        drop(state);
        let _ = panics::catch(|| drop(unserved));
        match accepted {
            Some(Err(panic)) => panic.resume(),
            Some(Ok(())) => {}
            None => {
                log::warn!("shut down: the listener still waits after {} s", grace.as_secs_f32())
            }
        }
        Ok(left)
    }

    /// Adds a thread; one for a connection that waits, or one that sees what there is to do.
    fn add(self: &Arc<Self>, state: &mut State<L>, is_awaited: bool) -> io::Result<()> {
        let threads = Arc::clone(self);
        let work = move || {
            // The code of a user that runs here besides the handler, such as a logger's, may panic
            // as well.
            if let Err(panic) = panics::catch(|| threads.work(is_awaited)) {
                threads.end_accepting(Err(panic)).threads -= 1;
                threads.has_ended.notify_all();
            }
            // It may be the last to know the handler, and what that has captured panics perhaps
            // when it is dropped.
            let _ = panics::catch(move || drop(threads));
        };
        let added = self.bounds.stack.builder().spawn(work).map(drop);
        state.threads += usize::from(added.is_ok());
        let was_short = mem::replace(&mut state.is_short, added.is_err());
        if let (Err(error), false) = (&added, was_short) {
            log::error!("the system gives no more than {} threads: {error}", state.threads);
        }
        added
    }

    /// What a thread does, until there is nothing to do for a while, or never will be.
    fn work(self: &Arc<Self>, is_awaited: bool) {
        let this = Arc::new(Spare { thread: thread::current(), is_called: AtomicBool::new(false) });
        let mut state = self.state();
        if is_awaited {
            match state.waiting.pop_front() {
                Some(accepted) => state = self.serve(state, accepted, None),
                // One that had finished was there first, and has wanted less room.
                None => self.notice.want_room(1),
            }
        }
        loop {
            // First of all somebody has to see who comes.
            if let Some(acceptor) = state.acceptor.take() {
                drop(state);
                state = self.accept(acceptor);
            } else if state.busy < self.bounds.threads
                && let Some(accepted) = state.waiting.pop_front()
            {
                self.notice.want_room(-1);
                state = self.serve(state, accepted, None);
            } else if state.accepted.is_some() {
                break;
            } else {
                state.spare.push(Arc::clone(&this));
                drop(state);
                thread::park_timeout(SPARE);
                state = self.state();
                if !this.is_called.swap(false, Relaxed) {
                    state.spare.retain(|spare| !Arc::ptr_eq(spare, &this));
                    break;
                }
            }
        }
        state.threads -= 1;
        drop(state);
        self.has_ended.notify_all();
    }

    /// Takes connections, until there is one to serve here, or none come any more.
    fn accept(self: &Arc<Self>, mut acceptor: Acceptor<L>) -> MutexGuard<'_, State<L>> {
        loop {
            let Some(accepted) = acceptor.next() else {
                drop(acceptor);
                return self.end_accepting(Ok(()));
            };
            let mut state = self.state();
            if state.busy.saturating_add(state.waiting.len()) >= self.bounds.connections {
                drop(state);
                acceptor.reject(accepted);
            } else if let Some(spare) = state.spare.pop() {
                state.acceptor = Some(acceptor);
                return self.serve(state, accepted, Some(&spare));
            } else if state.threads <= self.bounds.threads && self.add(&mut state, true).is_ok() {
                // Many come at once, perhaps: who is here takes the next sooner than who has to be
                // made.
                state.waiting.push_back(accepted);
            } else if state.threads > 1 {
                state.waiting.push_back(accepted);
                self.notice.want_room(1);
            } else {
                // Nobody would ever come to it.
                drop(state);
                acceptor.reject(accepted);
            }
        }
    }

    /// Takes note that no connections come any more: the server closes, or is to close since
    /// something has panicked.
    fn end_accepting(&self, accepted: Result<(), Panic>) -> MutexGuard<'_, State<L>> {
        self.notice.close();
        let mut state = self.state();
        if state.accepted.is_none() || accepted.is_err() {
            state.accepted = Some(accepted);
        }
        self.has_ended.notify_all();
        state.spare.drain(..).for_each(|spare| spare.thread.unpark());
        state
    }

    /// Serves a connection, when it has called that thread to take the next.
    fn serve<'t>(
        &'t self,
        mut state: MutexGuard<'t, State<L>>,
        accepted: Accepted<L::Stream>,
        called: Option<&Spare>,
    ) -> MutexGuard<'t, State<L>> {
        state.busy += 1;
        called.iter().for_each(|spare| spare.is_called.store(true, Relaxed));
        drop(state);
        called.iter().for_each(|spare| spare.thread.unpark());
        // Whatever goes wrong with a connection, the thread is there for the next.
        let _ = panics::catch(|| (self.serve)(accepted));
        let mut state = self.state();
        state.busy -= 1;
        state
    }

    fn state(&self) -> MutexGuard<'_, State<L>> {
        // Nothing leaves it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::{Accepted, Bounds, SPARE, Threads};
    use crate::listener::Listener;
    use crate::notice::Notice;
    use crate::settings::Settings;
    use crate::stack::Stack;
    use crate::transport::Untimed;
    use std::io::{self, Cursor};
    use std::net::SocketAddr;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{Arc, Mutex};
    use std::thread;
    use std::time::{Duration, Instant};

    type Stream = Untimed<Cursor<Vec<u8>>>;

    /// Gives what it is sent, and fails when nobody sends any more.
    struct Sent {
        streams: Mutex<Receiver<Stream>>,
        /// How often it has been asked.
        accepts: Arc<AtomicUsize>,
    }

    impl Listener for Sent {
        type Stream = Stream;

        fn accept(&self) -> io::Result<(Stream, Option<SocketAddr>)> {
            self.accepts.fetch_add(1, SeqCst);
            self.streams
                .lock()
                .unwrap()
                .recv()
                .map(|stream| (stream, None))
                .map_err(io::Error::other)
        }

        fn waker(&self) -> io::Result<Box<dyn Fn() + Send + Sync>> {
            Ok(Box::new(|| {}))
        }
    }

    fn sent() -> (Sent, Sender<Stream>, Arc<AtomicUsize>) {
        let ((send, streams), accepts) = (channel(), Arc::new(AtomicUsize::new(0)));
        (Sent { streams: Mutex::new(streams), accepts: Arc::clone(&accepts) }, send, accepts)
    }

    const BOUNDS: Bounds = Bounds { threads: 2, connections: 4, stack: Stack::Usual };
    const DEADLINE: Duration = Duration::from_secs(20);

    #[test]
    fn room_is_wanted_for_those_that_wait_without_a_free_thread() {
        let notice = Arc::new(Notice::default());
        let ((go_on, goes_on), (done, is_done), (listener, send, accepts)) =
            (channel(), channel(), sent());
        let goes_on: Mutex<Receiver<()>> = Mutex::new(goes_on);
        let threads = Threads::new(
            BOUNDS,
            Settings::default(),
            listener,
            Arc::clone(&notice),
            move |Accepted { stream, .. }| {
                let _ = goes_on.lock().map(|goes_on| goes_on.recv());
                let _ = done.send(stream.0.into_inner());
            },
        );
        let run = thread::spawn(move || threads.run(DEADLINE));
        // The fifth gets no place.
        for (number, wanted) in [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2)] {
            send.send(Untimed(Cursor::new(vec![number]))).unwrap();
            // When the next one is waited for, this one has its place.
            wait_for(&accepts, usize::from(number) + 1);
            assert_eq!(notice.room_wanted(), wanted, "{number}");
        }
        (0..4).for_each(|_| go_on.send(()).unwrap());
        let mut served: Vec<_> =
            (0..4).flat_map(|_| is_done.recv_timeout(DEADLINE).unwrap()).collect();
        served.sort_unstable();
        assert_eq!(served, [0, 1, 2, 3]);
        notice.close();
        drop(send);
        assert_eq!((run.join().unwrap().unwrap(), notice.room_wanted()), (0, 0));
    }

    /// Threads that serve what comes from here, which is 1 where it is to wait for the other end.
    fn threads(
        bounds: Bounds,
    ) -> (Arc<Threads<Sent>>, Sender<Stream>, Sender<()>, Arc<AtomicUsize>) {
        let ((go_on, goes_on), (listener, send, accepts)) = (channel(), sent());
        let goes_on: Mutex<Receiver<()>> = Mutex::new(goes_on);
        let threads = Threads::new(
            bounds,
            Settings::default(),
            listener,
            Arc::default(),
            move |Accepted { stream, .. }| {
                if stream.0.into_inner() == [1] {
                    let _ = goes_on.lock().map(|goes_on| goes_on.recv());
                }
            },
        );
        (threads, send, go_on, accepts)
    }

    /// Waits until so many have been taken, and another is waited for.
    fn wait_for(accepts: &AtomicUsize, taken: usize) {
        let start = Instant::now();
        while accepts.load(SeqCst) <= taken {
            assert!(
                start.elapsed() < SPARE / 2,
                "nobody takes the place of the one that has taken {taken}"
            );
            thread::yield_now();
        }
    }

    #[test]
    fn one_that_is_spare_takes_the_place_at_once_and_ends_at_once() {
        let (threads, send, go_on, accepts) = threads(BOUNDS);
        let (counts, notice) = (Arc::clone(&threads), Arc::clone(&threads.notice));
        let run = thread::spawn(move || threads.run(DEADLINE));
        for (taken, is_long) in [(1, 0), (2, 1), (3, 0), (4, 1), (5, 1)] {
            send.send(Untimed(Cursor::new(vec![is_long]))).unwrap();
            wait_for(&accepts, taken);
            if is_long == 1 {
                go_on.send(()).unwrap();
            }
            let start = Instant::now();
            while counts.state().spare.len() != 1 {
                assert!(start.elapsed() < SPARE / 2, "the one that has served is not spare");
                thread::yield_now();
            }
            assert_eq!(counts.state().threads, 2);
        }
        let start = Instant::now();
        notice.close();
        drop(send);
        assert_eq!(run.join().unwrap().unwrap(), 0);
        assert!(start.elapsed() < SPARE / 2, "a spare one is told of the end");
    }

    #[test]
    fn exchanges_past_the_shutdown_timeout_are_counted() {
        let (threads, send, _go_on, accepts) = threads(Bounds { threads: 1, ..BOUNDS });
        let notice = Arc::clone(&threads.notice);
        let run = thread::spawn(move || threads.run(Duration::from_millis(50)));
        // One that is served, and one that waits.
        (0..2).for_each(|_| send.send(Untimed(Cursor::new(vec![1]))).unwrap());
        wait_for(&accepts, 2);
        notice.close();
        drop(send);
        assert_eq!(run.join().unwrap().unwrap(), 2);
    }

    #[test]
    fn the_shutdown_timeout_bounds_an_accept_that_never_returns() {
        let (threads, send, _go_on, accepts) = threads(BOUNDS);
        let (notice, (done, is_done)) = (Arc::clone(&threads.notice), channel());
        thread::spawn(move || done.send(threads.run(Duration::from_millis(50)).unwrap()));
        wait_for(&accepts, 0);
        notice.close();
        assert_eq!(is_done.recv_timeout(DEADLINE), Ok(0));
        assert!(notice.is_over());
        drop(send);
    }

    /// Panics, as the code of a user may: when it is asked, or when it is dropped.
    struct Panicking {
        notice: Option<Arc<Notice>>,
    }

    #[expect(clippy::panic, reason = "it is what is tested")]
    impl Listener for Panicking {
        type Stream = Stream;

        fn accept(&self) -> io::Result<(Stream, Option<SocketAddr>)> {
            match &self.notice {
                None => panic!("for a test"),
                Some(notice) => notice.close(),
            }
            Err(io::Error::other("for a test"))
        }

        fn waker(&self) -> io::Result<Box<dyn Fn() + Send + Sync>> {
            Ok(Box::new(|| {}))
        }
    }

    #[expect(clippy::panic, reason = "it is what is tested")]
    impl Drop for Panicking {
        fn drop(&mut self) {
            if self.notice.is_some() {
                panic!("for a test");
            }
        }
    }

    #[test]
    fn a_panic_of_the_listener_is_that_of_the_server() {
        for is_late in [false, true] {
            let notice = Arc::new(Notice::default());
            let listener = Panicking { notice: is_late.then(|| Arc::clone(&notice)) };
            let threads =
                Threads::new(BOUNDS, Settings::default(), listener, Arc::clone(&notice), drop);
            let panic = catch_unwind(AssertUnwindSafe(|| threads.run(DEADLINE))).unwrap_err();
            assert_eq!(panic.downcast_ref(), Some(&"for a test"));
            assert!(notice.is_closing() && notice.is_over());
        }
    }
}
