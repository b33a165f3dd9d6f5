//! What takes the connections of a server, one at a time.

use crate::listener::Listener;
use crate::notice::Notice;
use crate::overload::Overload;
use crate::settings::Settings;
use crate::stack::Stack;
use bareline_core::Status;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// A connection, and who is at its other end.
///
/// The address is kept from the start, since the system forgets it when the peer resets the
/// connection.
pub(crate) struct Accepted<S> {
    pub(crate) stream: S,
    pub(crate) peer: Option<SocketAddr>,
}

/// A listener, and what happens to connections that cannot be had or have no place.
pub(crate) struct Acceptor<L: Listener> {
    listener: L,
    notice: Arc<Notice>,
    overload: Overload<L::Stream>,
    /// It has failed the last time, and how long it waits when it fails the next time.
    is_failing: bool,
    pause: Duration,
    /// How many connections it still takes of those who wait to be accepted, once the server
    /// closes.
    left: Option<usize>,
    /// When it has returned the last time since nobody came.
    nobody_since: Option<Instant>,
}

/// Why there is no connection.
enum Failure {
    /// It has gone before it was accepted, or a signal has come.
    Gone,
    /// Nobody has come within the time that the listener waits.
    Nobody,
    /// The listener fails.
    Listener(io::Error),
}

const SOON: Duration = Duration::from_millis(10);
/// How many may wait to be accepted, with most systems; more come while they are taken.
const BACKLOG: usize = 4096;

impl<L: Listener> Acceptor<L> {
    /// Its thread for the 503s has so much stack, and lingers within the bounds of the settings.
    pub(crate) const fn new(
        listener: L,
        notice: Arc<Notice>,
        stack: Stack,
        settings: Settings,
    ) -> Self {
        Self {
            listener,
            notice,
            overload: Overload::new(stack, settings),
            is_failing: false,
            pause: SOON,
            left: None,
            nobody_since: None,
        }
    }

    /// Waits for the next connection; `None` when the server closes and there are no more.
    pub(crate) fn next(&mut self) -> Option<Accepted<L::Stream>> {
        while !self.notice.is_closing() {
            match self.accept() {
                // It has come after the end, to a listener that does not end.
                Ok(_) if self.notice.is_over() => return None,
                Ok(accepted) => return Some(accepted),
                Err(Failure::Gone) => {}
                Err(Failure::Nobody) => self.slow_down(),
                Err(Failure::Listener(_)) if self.notice.is_closing() => {}
                Err(Failure::Listener(error)) => {
                    self.log_failure(&error);
                    // Out of file descriptors or memory, most likely: there will be some again, the
                    // sooner when an idle connection makes room.
                    // Whether somebody waits is not known before the next try.
                    self.notice.want_room(1);
                    thread::sleep(self.pause);
                    self.notice.want_room(-1);
                    self.pause = (self.pause * 2).min(Duration::from_secs(1));
                }
            }
        }
        self.next_of_the_last()
    }

    /// Takes one of those who have connected by the time the server closes: they may have asked,
    /// and are answered, or closed as others are.
    fn next_of_the_last(&mut self) -> Option<Accepted<L::Stream>> {
        let left = self.left.unwrap_or_else(|| {
            if self.listener.set_nonblocking(true).is_ok() { BACKLOG } else { 0 }
        });
        self.left = Some(left.saturating_sub(1));
        while left > 0 && !self.notice.is_over() {
            match self.accept() {
                Ok(accepted) => return Some(accepted),
                Err(Failure::Gone) => {}
                Err(Failure::Nobody) => break,
                // The waker may have ended the listener itself.
                Err(Failure::Listener(error)) if error.kind() == ErrorKind::InvalidInput => break,
                Err(Failure::Listener(error)) => {
                    // The connections that end now leave their file descriptors to those who wait.
                    self.log_failure(&error);
                    thread::sleep(SOON);
                }
            }
        }
        None
    }

    fn accept(&mut self) -> Result<Accepted<L::Stream>, Failure> {
        let (stream, peer) = self.listener.accept().map_err(|error| match error.kind() {
            ErrorKind::ConnectionAborted | ErrorKind::Interrupted => Failure::Gone,
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Failure::Nobody,
            _ => Failure::Listener(error),
        })?;
        if self.is_failing {
            log::info!("connections are accepted again");
            (self.is_failing, self.pause) = (false, SOON);
        }
        Ok(Accepted { stream, peer })
    }

    /// Says that it fails, once.
    fn log_failure(&mut self, error: &io::Error) {
        if !self.is_failing {
            log::error!("connections cannot be accepted: {error}");
        }
        self.is_failing = true;
    }

    /// Waits a moment when the listener has not: it is nonblocking all the same.
    fn slow_down(&mut self) {
        if self.nobody_since.is_some_and(|before| before.elapsed() < SOON) {
            thread::sleep(SOON);
        }
        self.nobody_since = Some(Instant::now());
    }

    /// Has a connection answered 503.
    pub(crate) fn reject(&mut self, Accepted { stream, peer }: Accepted<L::Stream>) {
        log::warn!("{} {}: too many connections", Peer(peer), Status::SERVICE_UNAVAILABLE);
        self.overload.add(stream);
    }
}

/// Who is at the other end, for the log.
pub(crate) struct Peer(pub(crate) Option<SocketAddr>);

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => write!(f, "{address}"),
            None => f.write_str("local"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Acceptor, Listener, Notice, SOON, Settings, Stack};
    use crate::transport::Untimed;
    use std::io::{self, Cursor};
    use std::net::SocketAddr;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
    use std::thread;
    use std::time::Instant;

    /// Fails until room has been wanted, gives a connection, and then closes the server.
    struct Failing {
        is_wanted: Arc<AtomicBool>,
        is_given: AtomicBool,
        notice: Arc<Notice>,
    }

    impl Listener for Failing {
        type Stream = Untimed<Cursor<Vec<u8>>>;

        fn accept(&self) -> io::Result<(Self::Stream, Option<SocketAddr>)> {
            assert_eq!(self.notice.room_wanted(), 0, "it is not known whether somebody waits");
            if self.is_wanted.load(Relaxed) && !self.is_given.swap(true, Relaxed) {
                return Ok((Untimed(Cursor::default()), None));
            }
            if self.is_given.load(Relaxed) {
                self.notice.close();
            }
            Err(io::Error::other("for a test"))
        }

        fn waker(&self) -> io::Result<Box<dyn Fn() + Send + Sync>> {
            Ok(Box::new(|| {}))
        }
    }

    /// Never waits, and never has a connection.
    struct Nonblocking {
        accepts: Arc<AtomicU32>,
        notice: Arc<Notice>,
    }

    impl Listener for Nonblocking {
        type Stream = Untimed<Cursor<Vec<u8>>>;

        fn accept(&self) -> io::Result<(Self::Stream, Option<SocketAddr>)> {
            if self.accepts.fetch_add(1, Relaxed) == 20 {
                self.notice.close();
            }
            Err(io::ErrorKind::WouldBlock.into())
        }

        fn waker(&self) -> io::Result<Box<dyn Fn() + Send + Sync>> {
            Ok(Box::new(|| {}))
        }
    }

    #[test]
    fn a_listener_that_never_waits_is_asked_now_and_then() {
        let (notice, accepts) = (Arc::new(Notice::default()), Arc::new(AtomicU32::new(0)));
        let listener = Nonblocking { accepts: Arc::clone(&accepts), notice: Arc::clone(&notice) };
        let (mut acceptor, start) =
            (Acceptor::new(listener, notice, Stack::Usual, Settings::default()), Instant::now());
        assert!(acceptor.next().is_none());
        assert!(start.elapsed() >= 15 * SOON, "{:?}", start.elapsed());
        assert_eq!((acceptor.is_failing, accepts.load(Relaxed)), (false, 21), "it has not failed");
    }

    #[test]
    fn room_is_wanted_while_connections_cannot_be_accepted() {
        let (notice, is_wanted) = (Arc::new(Notice::default()), Arc::new(AtomicBool::new(false)));
        let is_given = AtomicBool::new(false);
        let listener =
            Failing { is_wanted: Arc::clone(&is_wanted), is_given, notice: Arc::clone(&notice) };
        let mut acceptor =
            Acceptor::new(listener, Arc::clone(&notice), Stack::Usual, Settings::default());
        thread::scope(|scope| {
            scope.spawn(|| {
                while notice.room_wanted() != 1 {
                    thread::yield_now();
                }
                is_wanted.store(true, Relaxed);
            });
            assert!(acceptor.next().is_some());
        });
        assert_eq!((acceptor.is_failing, acceptor.pause), (false, SOON));
        assert!(acceptor.next().is_none());
    }
}
