//! The thread pool of a server, by the leader/followers pattern.

use crate::server::acceptor::{Accepted, Acceptor};
use crate::server::listener::Listener;
use crate::server::notice::{Counted, Notice};
use crate::server::panics::{self, Panic};
use crate::server::stack::Stack;
use crate::settings::Settings;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};
use std::{io, mem};

/// Time after which a spare thread ends.
const SPARE: Duration = Duration::from_secs(5);

/// The limits of the pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// The most threads that serve a connection.
    pub(crate) threads: usize,
    /// The most open connections, including those that wait for a thread.
    pub(crate) connections: usize,
    /// The stack size of each thread.
    pub(crate) stack: Stack,
}

/// A thread pool by the leader/followers pattern: one thread for each connection, and one more, the
/// leader, which accepts the next.
///
/// If there is a spare thread, the leader promotes it and serves the new connection itself: the
/// leader is awake and its caches are warm. Otherwise the connection gets a new thread, or waits
/// for one.
pub(crate) struct Threads<L: Listener> {
    bounds: Bounds,
    notice: Arc<Notice>,
    state: Mutex<State<L>>,
    /// A thread has ended, or no more connections are accepted.
    has_ended: Condvar,
    serve: Box<dyn Fn(Accepted<L::Stream>) + Send + Sync>,
}

struct State<L: Listener> {
    /// The acceptor, unless the leader holds it.
    acceptor: Option<Acceptor<L>>,
    /// The end of accepting: the server shuts down, or the listener panicked. `None` before.
    accepted: Option<Result<(), Panic>>,
    /// Connections without a thread, the oldest first.
    waiting: VecDeque<Admitted<L::Stream>>,
    threads: usize,
    /// The number of threads that serve a connection.
    busy: usize,
    /// The threads without work. The latest is called first, since its caches are warmest; the
    /// others may end.
    spare: Vec<Arc<Spare>>,
    /// The last attempt to start a thread failed, so that the failure is logged once.
    is_short: bool,
}

/// A connection that is counted.
struct Admitted<S> {
    accepted: Accepted<S>,
    /// Counts the connection as open.
    open: Counted,
    /// Counts the connection among those that wait for a thread.
    queued: Option<Counted>,
}

/// A thread without work.
struct Spare {
    thread: Thread,
    /// The thread was called, and is no longer spare.
    is_called: AtomicBool,
}

impl<L: Listener> Threads<L> {
    /// Creates a pool without threads. Each connection lasts as long as the call of `serve`.
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

    /// Serves all connections until the server shuts down, then waits for those in progress, for
    /// `shutdown_timeout` at most, even if `accept` does not return. Returns how many connections
    /// have not ended, and closes those without a thread.
    pub(crate) fn run(self: &Arc<Self>, shutdown_timeout: Duration) -> io::Result<usize> {
        let begun = Instant::now();
        self.add(&mut self.state(), false).inspect_err(|_| self.notice.cut())?;
        // The shutdown may have come long before this call.
        let closed = self.notice.wait_for_close().max(begun);
        let mut state = self.state();
        while let (1.., Some(left)) =
            (state.threads, shutdown_timeout.checked_sub(closed.elapsed()))
        {
            state =
                self.has_ended.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let left = state.busy.saturating_add(state.waiting.len());
        let (waiting, acceptor) = (mem::take(&mut state.waiting), state.acceptor.take());
        self.notice.cut();
        let accepted = state.accepted.replace(Ok(()));
        drop(state);
        waiting.into_iter().for_each(panics::discard);
        panics::discard(acceptor);
        match accepted {
            Some(Err(panic)) => panic.resume(),
            Some(Ok(())) => {}
            None => {
                let seconds = shutdown_timeout.as_secs_f32();
                log::warn!(
                    "shutdown timed out after {seconds} s: the listener still waits for a \
                     connection, and keeps its thread"
                );
            }
        }
        Ok(left)
    }

    /// Starts a thread: one for a waiting connection, or one that looks for work.
    fn add(self: &Arc<Self>, state: &mut State<L>, is_awaited: bool) -> io::Result<()> {
        let threads = Arc::clone(self);
        let work = move || {
            // The user's code outside the handler may panic too, such as a listener or a logger.
            if let Err(panic) = panics::catch(|| threads.work(is_awaited)) {
                threads.end_accepting(Err(panic)).threads -= 1;
                threads.has_ended.notify_all();
            }
            // This may drop the handler, and its captured values may panic when dropped.
            panics::discard(threads);
        };
        let added = self.bounds.stack.builder().spawn(work).map(drop);
        state.threads += usize::from(added.is_ok());
        let was_short = mem::replace(&mut state.is_short, added.is_err());
        if let (Err(error), false) = (&added, was_short) {
            log::error!("cannot start another thread ({} running): {error}", state.threads);
        }
        added
    }

    /// Runs a thread: accepts or serves connections until there is no work for a while, or the
    /// server shuts down.
    fn work(self: &Arc<Self>, is_awaited: bool) {
        let this = Arc::new(Spare { thread: thread::current(), is_called: AtomicBool::new(false) });
        let mut state = self.state();
        if is_awaited {
            match state.waiting.pop_front() {
                Some(admitted) => state = self.serve(state, admitted, None),
                // Another thread has taken the connection, and withdrawn a request for room that
                // was never made.
                None => self.notice.want_room(1),
            }
        }
        loop {
            // Accepting goes first: without a leader nobody accepts.
            if let Some(acceptor) = state.acceptor.take() {
                drop(state);
                state = self.accept(acceptor);
            } else if state.busy < self.bounds.threads
                && let Some(admitted) = state.waiting.pop_front()
            {
                self.notice.want_room(-1);
                state = self.serve(state, admitted, None);
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

    /// Accepts connections as the leader, until there is one to serve on this thread, or no more
    /// arrive.
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
                continue;
            }
            let open = Counted::new(&self.notice, |counts| &counts.connections);
            let mut admitted = Admitted { accepted, open, queued: None };
            if let Some(spare) = state.spare.pop() {
                state.acceptor = Some(acceptor);
                return self.serve(state, admitted, Some(&spare));
            } else if state.threads <= self.bounds.threads && self.add(&mut state, true).is_ok() {
                // In a burst this thread accepts the next connection sooner than a new thread can.
                admitted.queued = self.queued();
                state.waiting.push_back(admitted);
            } else if state.threads > 1 {
                admitted.queued = self.queued();
                state.waiting.push_back(admitted);
                self.notice.want_room(1);
            } else {
                // No other thread would ever serve it.
                drop(state);
                acceptor.reject(admitted.accepted);
            }
        }
    }

    fn queued(&self) -> Option<Counted> {
        Some(Counted::new(&self.notice, |counts| &counts.queued))
    }

    /// Records the end of accepting: the server shuts down, or has to because user code panicked.
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

    /// Serves a connection, after it has called the spare thread that becomes the leader.
    fn serve<'t>(
        &'t self,
        mut state: MutexGuard<'t, State<L>>,
        Admitted { accepted, open, queued }: Admitted<L::Stream>,
        called: Option<&Spare>,
    ) -> MutexGuard<'t, State<L>> {
        state.busy += 1;
        drop(queued);
        called.iter().for_each(|spare| spare.is_called.store(true, Relaxed));
        drop(state);
        called.iter().for_each(|spare| spare.thread.unpark());
        // A panic ends the connection, not the thread.
        let _ = panics::catch(|| (self.serve)(accepted));
        drop(open);
        let mut state = self.state();
        state.busy -= 1;
        state
    }

    fn state(&self) -> MutexGuard<'_, State<L>> {
        // No code leaves the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::{Accepted, Admitted, Bounds, SPARE, Threads};
    use crate::server::listener::Listener;
    use crate::server::notice::Notice;
    use crate::server::stack::Stack;
    use crate::settings::Settings;
    use crate::wire::transport::{Transport, Untimed};
    use std::io::{self, Cursor, Read, Write};
    use std::net::SocketAddr;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{Arc, Mutex};
    use std::thread;
    use std::time::{Duration, Instant};

    type Stream = Untimed<Cursor<Vec<u8>>>;

    /// A listener that returns the streams sent to it, and fails once the sender is gone.
    struct Sent<S = Stream> {
        streams: Mutex<Receiver<S>>,
        /// The number of calls of `accept`.
        accepts: Arc<AtomicUsize>,
    }

    impl<S: Transport + Send + 'static> Listener for Sent<S> {
        type Stream = S;
        type Addr = ();

        fn accept(&self) -> io::Result<(S, Option<SocketAddr>)> {
            self.accepts.fetch_add(1, SeqCst);
            self.streams
                .lock()
                .unwrap()
                .recv()
                .map(|stream| (stream, None))
                .map_err(io::Error::other)
        }

        fn local_addr(&self) -> io::Result<()> {
            Ok(())
        }

        fn waker(&self) -> io::Result<Box<dyn Fn() + Send + Sync>> {
            Ok(Box::new(|| {}))
        }
    }

    fn sent<S>() -> (Sent<S>, Sender<S>, Arc<AtomicUsize>) {
        let ((send, streams), accepts) = (channel(), Arc::new(AtomicUsize::new(0)));
        (Sent { streams: Mutex::new(streams), accepts: Arc::clone(&accepts) }, send, accepts)
    }

    const BOUNDS: Bounds = Bounds { threads: 2, connections: 4, stack: Stack::Usual };
    const TIMEOUT: Duration = Duration::from_secs(20);

    #[test]
    fn room_is_wanted_for_those_that_wait_without_a_free_thread() {
        let notice = Arc::new(Notice::default());
        let ((go_on, goes_on), (done, is_done), (listener, send, accepts)) =
            (channel(), channel(), sent());
        let goes_on: Mutex<Receiver<()>> = Mutex::new(goes_on);
        let threads = Threads::new(
            BOUNDS,
            Settings::new(),
            listener,
            Arc::clone(&notice),
            move |Accepted { stream, .. }: Accepted<Stream>| {
                let _ = goes_on.lock().map(|goes_on| goes_on.recv());
                let _ = done.send(stream.0.into_inner());
            },
        );
        let run = thread::spawn(move || threads.run(TIMEOUT));
        // The fifth connection is rejected.
        for (number, wanted) in [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2)] {
            send.send(Untimed(Cursor::new(vec![number]))).unwrap();
            // The next call of `accept` shows that this connection has been placed.
            wait_for(&accepts, usize::from(number) + 1);
            assert_eq!(notice.room_wanted(), wanted, "{number}");
        }
        (0..4).for_each(|_| go_on.send(()).unwrap());
        let mut served: Vec<_> =
            (0..4).flat_map(|_| is_done.recv_timeout(TIMEOUT).unwrap()).collect();
        served.sort_unstable();
        assert_eq!(served, [0, 1, 2, 3]);
        notice.close();
        drop(send);
        assert_eq!((run.join().unwrap().unwrap(), notice.room_wanted()), (0, 0));
    }

    /// Creates a pool that serves the sent streams. A stream of the octet 1 waits for the other
    /// sender.
    fn threads(
        bounds: Bounds,
    ) -> (Arc<Threads<Sent>>, Sender<Stream>, Sender<()>, Arc<AtomicUsize>) {
        let ((go_on, goes_on), (listener, send, accepts)) = (channel(), sent());
        let goes_on: Mutex<Receiver<()>> = Mutex::new(goes_on);
        let threads = Threads::new(
            bounds,
            Settings::new(),
            listener,
            Arc::default(),
            move |Accepted { stream, .. }: Accepted<Stream>| {
                if stream.0.into_inner() == [1] {
                    let _ = goes_on.lock().map(|goes_on| goes_on.recv());
                }
            },
        );
        (threads, send, go_on, accepts)
    }

    /// Waits until this many connections are accepted, and the next `accept` has begun.
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
        let run = thread::spawn(move || threads.run(TIMEOUT));
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
        // One connection is served, and one waits.
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
        assert_eq!(is_done.recv_timeout(TIMEOUT), Ok(0));
        assert!(notice.is_over());
        drop(send);
    }

    #[test]
    fn a_connection_that_waits_takes_256_octets_at_most() {
        // The queue has twice the connections' memory when it has just grown.
        assert!(2 * size_of::<Admitted<std::net::TcpStream>>() <= 256);
    }

    #[test]
    fn connections_are_counted_where_they_are() {
        let (threads, send, go_on, _) = threads(Bounds { threads: 1, connections: 2, ..BOUNDS });
        let notice = Arc::clone(&threads.notice);
        let run = thread::spawn(move || threads.run(Duration::from_millis(50)));
        let wait_for = |connections, queued, rejected| {
            let (start, expected) = (Instant::now(), (connections, queued, rejected));
            let counts = || {
                let counts = notice.counts.now();
                (counts.connections, counts.queued, counts.rejected)
            };
            while counts() != expected {
                assert!(start.elapsed() < TIMEOUT, "{:?} instead of {expected:?}", counts());
                thread::yield_now();
            }
        };
        let connect = || send.send(Untimed(Cursor::new(vec![1]))).unwrap();
        wait_for(0, 0, 0);
        connect();
        wait_for(1, 0, 0);
        connect();
        wait_for(2, 1, 0);
        connect();
        wait_for(2, 1, 1);
        // The second connection gets the thread of the first.
        go_on.send(()).unwrap();
        wait_for(1, 0, 1);
        connect();
        wait_for(2, 1, 1);
        // A shutdown drops the queue, and the connection with a thread lasts as long as that.
        notice.close();
        drop(send);
        assert_eq!(run.join().unwrap().unwrap(), 2);
        wait_for(1, 0, 1);
        go_on.send(()).unwrap();
        wait_for(0, 0, 1);
    }

    /// A stream that panics when it is dropped.
    struct PanickingStream;

    impl Read for PanickingStream {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Ok(0)
        }
    }

    impl Write for PanickingStream {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            Ok(octets.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[expect(clippy::panic, reason = "it is what is tested")]
    impl Drop for PanickingStream {
        fn drop(&mut self) {
            panic!("for a test");
        }
    }

    /// A panic in a destructor while another panic unwinds would abort the process.
    #[test]
    fn connections_that_panic_when_dropped_end_no_server() {
        let ((go_on, goes_on), (listener, send, accepts)) = (channel::<()>(), sent());
        let goes_on = Mutex::new(goes_on);
        let bounds = Bounds { threads: 1, ..BOUNDS };
        let notice = Arc::new(Notice::default());
        let threads = Threads::new(
            bounds,
            Settings::new(),
            listener,
            Arc::clone(&notice),
            move |accepted: Accepted<Untimed<PanickingStream>>| {
                let _ = goes_on.lock().map(|goes_on| goes_on.recv());
                drop(accepted);
            },
        );
        let run = thread::spawn(move || threads.run(Duration::from_millis(50)));
        // One connection is served, and three wait.
        for taken in 0..4 {
            send.send(Untimed(PanickingStream)).unwrap();
            wait_for(&accepts, taken);
        }
        wait_for(&accepts, 4);
        notice.close();
        assert_eq!(run.join().unwrap().unwrap(), 4);
        drop((send, go_on));
    }

    /// A listener that panics, in `accept` or when it is dropped.
    struct Panicking {
        notice: Option<Arc<Notice>>,
    }

    #[expect(clippy::panic, reason = "it is what is tested")]
    impl Listener for Panicking {
        type Stream = Stream;
        type Addr = ();

        fn accept(&self) -> io::Result<(Stream, Option<SocketAddr>)> {
            match &self.notice {
                None => panic!("for a test"),
                Some(notice) => notice.close(),
            }
            Err(io::Error::other("for a test"))
        }

        fn local_addr(&self) -> io::Result<()> {
            Ok(())
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
                Threads::new(BOUNDS, Settings::new(), listener, Arc::clone(&notice), drop);
            let panic = catch_unwind(AssertUnwindSafe(|| threads.run(TIMEOUT))).unwrap_err();
            assert_eq!(panic.downcast_ref(), Some(&"for a test"));
            assert!(notice.is_closing() && notice.is_over());
        }
    }
}
