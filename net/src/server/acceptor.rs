//! The part of a server that accepts connections, one at a time.

use crate::server::listener::Listener;
use crate::server::notice::Notice;
use crate::server::overload::Overload;
use crate::server::panics;
use crate::server::stack::Stack;
use crate::settings::Settings;
use crate::wire::link::is_passing;
use crate::wire::transport::Transport;
use bareline_core::Status;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// A connection, with the address of its peer.
///
/// The address is stored early, since the system forgets it when the peer resets the connection.
pub(crate) struct Accepted<S> {
    pub(crate) stream: S,
    pub(crate) peer: Option<SocketAddr>,
}

/// A listener, with the back-off after its failures and the 503s for connections beyond the limit.
pub(crate) struct Acceptor<L: Listener> {
    listener: L,
    notice: Arc<Notice>,
    overload: Overload<L::Stream>,
    /// The last `accept` failed, so that a failure is logged once.
    is_failing: bool,
    /// The back-off after the next failure.
    pause: Duration,
    /// The number of connections in the backlog that are still accepted; `None` before the
    /// shutdown.
    left: Option<usize>,
    /// The time of the last `accept` that ended without a connection.
    nobody_since: Option<Instant>,
}

/// The reason for an `accept` without a connection.
enum Failure {
    /// The connection was aborted before it was accepted, or a signal interrupted the call.
    Gone,
    /// No peer connected within the listener's timeout.
    Nobody,
    /// The listener failed.
    Listener(io::Error),
}

const SOON: Duration = Duration::from_millis(10);
/// The usual size of a backlog. More connections may arrive while these are accepted.
const BACKLOG: usize = 4096;

impl<L: Listener> Acceptor<L> {
    /// Creates an acceptor. The thread that sends the 503s gets this stack size, and lingers within
    /// these settings.
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

    /// Waits for the next connection; `None` when the server shuts down and the backlog is empty.
    pub(crate) fn next(&mut self) -> Option<Accepted<L::Stream>> {
        while !self.notice.is_closing() {
            match self.accept() {
                // The connection arrived after the shutdown, at a listener that still waited.
                Ok(accepted) if self.notice.is_over() => {
                    panics::discard(accepted);
                    return None;
                }
                Ok(accepted) => return Some(accepted),
                Err(Failure::Gone) => {}
                Err(Failure::Nobody) => self.slow_down(),
                Err(Failure::Listener(_)) if self.notice.is_closing() => {}
                Err(Failure::Listener(error)) => {
                    self.log_failure(&error);
                    // Most likely file descriptors or memory are exhausted. An idle connection that
                    // closes frees some. No room is requested during `accept`, since it is unknown
                    // whether a peer waits.
                    self.notice.want_room(1);
                    thread::sleep(self.pause);
                    self.notice.want_room(-1);
                    self.pause = (self.pause * 2).min(Duration::from_secs(1));
                }
            }
        }
        self.next_of_the_last()
    }

    /// Accepts one of the connections in the backlog at shutdown, which may have sent a request
    /// already.
    fn next_of_the_last(&mut self) -> Option<Accepted<L::Stream>> {
        let left = self
            .left
            .unwrap_or_else(|| if self.listener.set_nonblocking().is_ok() { BACKLOG } else { 0 });
        self.left = Some(left.saturating_sub(1));
        while left > 0 && !self.notice.is_over() {
            match self.accept() {
                Ok(accepted) => return Some(accepted),
                Err(Failure::Gone) => {}
                Err(Failure::Nobody) => break,
                // The waker may have shut down the listening socket itself.
                Err(Failure::Listener(error)) if error.kind() == ErrorKind::InvalidInput => break,
                Err(Failure::Listener(error)) => {
                    // Connections that end now free their file descriptors for the backlog.
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
            log::info!("accepting connections again");
            (self.is_failing, self.pause) = (false, SOON);
        }
        Ok(Accepted { stream, peer })
    }

    /// Logs the first failure of a series.
    fn log_failure(&mut self, error: &io::Error) {
        if !self.is_failing {
            log::error!("cannot accept connections, retrying: {error}");
        }
        self.is_failing = true;
    }

    /// Sleeps when the listener returns without waiting, so that a nonblocking listener is not
    /// polled in a busy loop.
    fn slow_down(&mut self) {
        if self.nobody_since.is_some_and(|before| before.elapsed() < SOON) {
            thread::sleep(SOON);
        }
        self.nobody_since = Some(Instant::now());
    }

    /// Rejects a connection with a 503, unless it is the one by which the shutdown woke `accept`.
    pub(crate) fn reject(&mut self, Accepted { mut stream, peer }: Accepted<L::Stream>) {
        let is_waker = || self.notice.is_closing() && is_unused(&mut stream, &self.notice);
        if panics::catch(is_waker).unwrap_or(false) {
            return panics::discard(stream);
        }
        log::warn!("{} {}: too many connections", Peer(peer), Status::SERVICE_UNAVAILABLE);
        self.notice.counts.count_rejected();
        self.overload.add(stream);
    }
}

/// Returns whether the peer has closed the connection without an octet, as the waker of a listener
/// does before its call returns.
fn is_unused(stream: &mut impl Transport, notice: &Notice) -> bool {
    let mut read = || {
        stream.control().set_nonblocking()?;
        stream.read(&mut [0])
    };
    let arrived = match read() {
        Err(error) if is_passing(&error) => {
            notice.wait_for_wakers();
            read()
        }
        arrived => arrived,
    };
    matches!(arrived, Ok(0))
}

/// The peer as the log shows it: its address, or `local` if it has none.
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
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::{Acceptor, Listener, Notice, SOON, Settings, Stack};
    use crate::server::notice::WakerRuns;
    use crate::wire::transport::Untimed;
    use std::io::{self, Cursor, Read, Write};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
    use std::thread;
    use std::time::Instant;

    /// A listener that fails until room is requested, returns one connection, and then shuts down
    /// the server.
    struct Failing {
        is_wanted: Arc<AtomicBool>,
        is_given: AtomicBool,
        notice: Arc<Notice>,
    }

    impl Listener for Failing {
        type Stream = Untimed<Cursor<Vec<u8>>>;
        type Addr = ();

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

        fn local_addr(&self) -> io::Result<()> {
            Ok(())
        }

        fn waker(&self) -> io::Result<Box<dyn Fn() + Send + Sync>> {
            Ok(Box::new(|| {}))
        }
    }

    /// A listener that never waits and never has a connection.
    struct Nonblocking {
        accepts: Arc<AtomicU32>,
        notice: Arc<Notice>,
    }

    impl Listener for Nonblocking {
        type Stream = Untimed<Cursor<Vec<u8>>>;
        type Addr = ();

        fn accept(&self) -> io::Result<(Self::Stream, Option<SocketAddr>)> {
            if self.accepts.fetch_add(1, Relaxed) == 20 {
                self.notice.close();
            }
            Err(io::ErrorKind::WouldBlock.into())
        }

        fn local_addr(&self) -> io::Result<()> {
            Ok(())
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
            (Acceptor::new(listener, notice, Stack::Usual, Settings::new()), Instant::now());
        assert!(acceptor.next().is_none());
        assert!(start.elapsed() >= 15 * SOON, "{:?}", start.elapsed());
        assert_eq!((acceptor.is_failing, accepts.load(Relaxed)), (false, 21), "it has not failed");
    }

    #[test]
    fn a_shutdown_rejects_nobody_but_clients() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, notice) = (listener.local_addr().unwrap(), Arc::new(Notice::default()));
        let mut acceptor =
            Acceptor::new(listener, Arc::clone(&notice), Stack::Usual, Settings::new());
        let mut reject = |client: TcpStream, octets: &[u8], waker: Option<WakerRuns<'_>>| {
            (&client).write_all(octets).unwrap();
            let accepted = acceptor.accept().ok().unwrap();
            thread::scope(|scope| {
                let client = match waker {
                    Some(waker) => {
                        scope.spawn(move || {
                            thread::park_timeout(2 * SOON);
                            drop((client, waker));
                        });
                        None
                    }
                    None => Some(client),
                };
                acceptor.reject(accepted);
                let mut response = String::new();
                let _ = client.map(|mut client| client.read_to_string(&mut response));
                (response.starts_with("HTTP/1.1 503 "), notice.counts.now().rejected)
            })
        };
        let connect = || TcpStream::connect(address).unwrap();
        assert_eq!(reject(connect(), b"", None), (true, 1));
        let waker = notice.waker_runs();
        notice.close();
        assert_eq!(reject(connect(), b"GET ", None), (true, 2));
        assert_eq!(reject(connect(), b"", Some(waker)), (false, 2));
        assert_eq!(reject(connect(), b"", None), (true, 3), "a client that has not sent yet");
    }

    #[test]
    fn room_is_wanted_while_connections_cannot_be_accepted() {
        let (notice, is_wanted) = (Arc::new(Notice::default()), Arc::new(AtomicBool::new(false)));
        let is_given = AtomicBool::new(false);
        let listener =
            Failing { is_wanted: Arc::clone(&is_wanted), is_given, notice: Arc::clone(&notice) };
        let mut acceptor =
            Acceptor::new(listener, Arc::clone(&notice), Stack::Usual, Settings::new());
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
