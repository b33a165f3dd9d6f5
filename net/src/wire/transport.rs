//! The transports of connections: TCP, Unix sockets, and other streams.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// A stream of octets in both directions, with the [`Control`] of the socket below it.
///
/// TCP streams and Unix sockets are transports. A stream on top of one, such as a proxy's or TLS,
/// implements this trait by returning the control of the socket below. A stream that does not block
/// for long, such as octets in memory, is wrapped in [`Untimed`].
///
/// ```
/// use bareline_net::{Error, ServerStream, Status, Transport, Untimed};
/// use std::io::Cursor;
///
/// fn serve(transport: impl Transport) -> Result<(), Error> {
///     let mut peer = ServerStream::new(transport);
///     while let Some(exchange) = peer.next_request()? {
///         exchange.responder.send(Status::OK, &[], b"hello")?;
///     }
///     Ok(())
/// }
/// serve(Untimed(Cursor::new(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec())))?;
/// # Ok::<(), Error>(())
/// ```
///
/// A transport of your own:
///
/// ```
/// use bareline_net::{Control, Transport};
/// use std::io::{self, Read, Write};
///
/// /// A connection that counts the received octets.
/// struct Counted<T>(T, u64);
///
/// impl<T: Read> Read for Counted<T> {
///     fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
///         self.0.read(buffer).inspect(|&count| self.1 += count as u64)
///     }
/// }
///
/// impl<T: Write> Write for Counted<T> {
///     fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
///         self.0.write(octets)
///     }
///
///     fn flush(&mut self) -> io::Result<()> {
///         self.0.flush()
///     }
/// }
///
/// impl<T: Transport> Transport for Counted<T> {
///     fn control(&mut self) -> &mut dyn Control {
///         self.0.control()
///     }
/// }
/// ```
pub trait Transport: Read + Write {
    /// Returns the control of the stream: that of the socket below, or `self` for a stream that
    /// implements [`Control`] itself.
    fn control(&mut self) -> &mut dyn Control;

    /// Returns whether a read may leave octets in a buffer of the stream, where the system does not
    /// see them. By default it returns true: a read goes on until it fails with
    /// [`io::ErrorKind::WouldBlock`]. A socket returns false.
    fn may_buffer(&self) -> bool {
        true
    }
}

/// The timeouts, the clock, the half-close and the address of a [`Transport`].
///
/// A half-close closes the sending direction only: see [`close_write`](Self::close_write).
///
/// TCP streams, Unix sockets and [`Untimed`] implement this trait. A stream on top of a socket
/// implements it only if it does more than the socket. An example is TLS: its timeout is that of
/// all reads for one record, and its half-close sends an alert.
///
/// ```
/// use bareline_net::Transport;
/// use std::net::{TcpListener, TcpStream};
/// use std::time::Duration;
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let mut stream = TcpStream::connect(listener.local_addr()?)?;
/// let control = stream.control();
/// assert_eq!(control.peer_addr(), Some(listener.local_addr()?));
/// control.set_read_timeout(Some(Duration::from_millis(500)))?;
/// assert_eq!(stream.read_timeout()?, Some(Duration::from_millis(500)));
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Control {
    /// Sets the options that messages need, such as `TCP_NODELAY`. By default it does nothing.
    ///
    /// It is called once, before the second write at the latest.
    fn prepare(&mut self) {}

    /// Returns the address of the peer, if there is one. By default it returns `None`.
    fn peer_addr(&self) -> Option<SocketAddr> {
        None
    }

    /// Returns the descriptor of the socket below. Then a [`Server`](crate::Server) waits for the
    /// connection in an event loop: the connection takes no thread while it is idle.
    ///
    /// By default it returns `None`: the connection keeps a thread while it is open.
    ///
    /// A stream on top of a socket can return the socket's descriptor if its reads and writes fail
    /// with [`io::ErrorKind::WouldBlock`] after [`set_nonblocking`](Self::set_nonblocking), and
    /// then continue later, as those of TLS libraries do.
    #[cfg(unix)]
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// Returns the time by the clock of the timeouts. By default it is the system's.
    ///
    /// A transport in memory may return the time of a clock that a test moves. Then a read or write
    /// that times out moves the clock by its timeout, and no test waits.
    fn now(&self) -> Instant {
        Instant::now()
    }

    /// Sets the timeout of each later read; `None` is no timeout.
    ///
    /// A read that times out fails with [`io::ErrorKind::WouldBlock`] or
    /// [`io::ErrorKind::TimedOut`], and loses no octets. A read that reads from the socket below
    /// several times, as TLS does, has this timeout for all of them. Otherwise a peer that sends
    /// octet by octet would never time out.
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()>;

    /// Sets the timeout of each later write, as [`set_read_timeout`](Self::set_read_timeout) does
    /// of reads.
    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()>;

    /// Lets later reads and writes wait, within the timeouts.
    ///
    /// It is called after the first read or write of a transport that was left nonblocking, and
    /// before the next read or write that waits after [`set_nonblocking`](Self::set_nonblocking).
    fn set_blocking(&mut self) -> io::Result<()>;

    /// Lets a later read fail with [`io::ErrorKind::WouldBlock`] at once when no octets have
    /// arrived.
    ///
    /// A client checks for unsolicited octets in this way before it reuses a connection. A server
    /// discards the arrived octets of an unread body in this way before it responds.
    ///
    /// A transport that is always blocking fails here. Then the client does not check, and the
    /// server closes the connection after a response to a request with an unread body.
    fn set_nonblocking(&mut self) -> io::Result<()>;

    /// Closes the sending direction: the peer reads the end of input.
    ///
    /// Then the server does a lingering close: it reads and discards octets of the peer within
    /// [`Settings::linger_timeout`](crate::Settings::linger_timeout) and the other linger limits. A
    /// transport that cannot do a half-close fails here, and the connection is closed at once.
    #[doc(alias = "shutdown")]
    fn close_write(&mut self) -> io::Result<()>;
}

macro_rules! socket {
    ($socket:ty, $prepare:expr, $peer_addr:expr) => {
        impl Transport for $socket {
            fn control(&mut self) -> &mut dyn Control {
                self
            }

            fn may_buffer(&self) -> bool {
                false
            }
        }

        impl Control for $socket {
            #[cfg(unix)]
            fn descriptor(&self) -> Option<BorrowedFd<'_>> {
                Some(self.as_fd())
            }

            fn prepare(&mut self) {
                $prepare(self)
            }

            fn peer_addr(&self) -> Option<SocketAddr> {
                $peer_addr(self)
            }

            fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
                <$socket>::set_read_timeout(self, timeout)
            }

            fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
                <$socket>::set_write_timeout(self, timeout)
            }

            fn set_blocking(&mut self) -> io::Result<()> {
                <$socket>::set_nonblocking(self, false)
            }

            fn set_nonblocking(&mut self) -> io::Result<()> {
                <$socket>::set_nonblocking(self, true)
            }

            fn close_write(&mut self) -> io::Result<()> {
                self.shutdown(Shutdown::Write)
            }
        }
    };
}

socket!(
    TcpStream,
    // With Nagle's algorithm a small message may wait 40 ms for the acknowledgement of the one
    // before. An error is ignored, since it costs time only.
    |stream: &Self| _ = stream.set_nodelay(true),
    |stream: &Self| stream.peer_addr().ok()
);
#[cfg(unix)]
socket!(std::os::unix::net::UnixStream, |_| {}, |_| None);

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn control(&mut self) -> &mut dyn Control {
        (**self).control()
    }

    fn may_buffer(&self) -> bool {
        (**self).may_buffer()
    }
}

impl<T: Transport + ?Sized> Transport for &mut T {
    fn control(&mut self) -> &mut dyn Control {
        (**self).control()
    }

    fn may_buffer(&self) -> bool {
        (**self).may_buffer()
    }
}

/// A reader and writer as a [`Transport`] without timeouts: each read and write blocks as long as
/// `T` does. It will have no other field, so that it can be made and matched.
///
/// ```
/// use bareline_net::{ServerStream, Status, Untimed};
/// use std::io::Cursor;
///
/// let mut peer =
///     ServerStream::new(Untimed(Cursor::new(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec())));
/// if let Some(exchange) = peer.next_request()? {
///     assert_eq!(exchange.head.target().path(), "/");
///     // A cursor writes after the request that was read.
///     exchange.responder.send(Status::OK, &[], b"hello")?;
/// }
/// # Ok::<(), bareline_net::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "it is its one field")]
pub struct Untimed<T>(pub T);

impl<T: Read> Read for Untimed<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<T: Write> Write for Untimed<T> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.write(octets)
    }

    fn write_vectored(&mut self, octets: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<T: Read + Write> Transport for Untimed<T> {
    fn control(&mut self) -> &mut dyn Control {
        self
    }
}

impl<T> Control for Untimed<T> {
    fn set_read_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn set_write_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn set_blocking(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn set_nonblocking(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn close_write(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
