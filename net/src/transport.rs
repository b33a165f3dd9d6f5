//! The transports of connections: TCP, Unix sockets, and other streams.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// A stream of octets in both directions, with timeouts and a half-close.
///
/// A half-close closes the sending direction only: see [`close_write`](Self::close_write).
///
/// TCP streams and Unix sockets are transports. A stream on top of one, such as TLS, implements
/// this trait by passing the calls on to the socket below. A stream that does not block for long,
/// such as octets in memory, is wrapped in [`Untimed`].
///
/// ```
/// use bareline_net::Transport;
/// use std::io::{self, Read, Write};
/// use std::net::TcpStream;
/// use std::time::Duration;
///
/// /// A connection that counts the received octets.
/// struct Counted(TcpStream, u64);
///
/// impl Read for Counted {
///     fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
///         let count = self.0.read(buffer)?;
///         self.1 += count as u64;
///         Ok(count)
///     }
/// }
///
/// impl Write for Counted {
///     fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
///         self.0.write(octets)
///     }
///
///     fn flush(&mut self) -> io::Result<()> {
///         self.0.flush()
///     }
/// }
///
/// impl Transport for Counted {
///     fn prepare(&mut self) {
///         self.0.prepare();
///     }
///
///     fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
///         Transport::set_read_timeout(&mut self.0, timeout)
///     }
///
///     fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
///         Transport::set_write_timeout(&mut self.0, timeout)
///     }
///
///     fn set_nonblocking(&mut self, is_nonblocking: bool) -> io::Result<()> {
///         Transport::set_nonblocking(&mut self.0, is_nonblocking)
///     }
///
///     fn close_write(&mut self) -> io::Result<()> {
///         self.0.close_write()
///     }
/// }
/// ```
pub trait Transport: Read + Write {
    /// Sets the options that messages need, such as `TCP_NODELAY`. By default it does nothing.
    ///
    /// It is called once, before any other method.
    fn prepare(&mut self) {}

    /// Returns the address of the peer, if there is one. By default it returns `None`.
    fn peer_addr(&self) -> Option<SocketAddr> {
        None
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

    /// Sets whether a later read fails with [`io::ErrorKind::WouldBlock`] at once when no octets
    /// have arrived.
    ///
    /// A client checks for unsolicited octets in this way before it reuses a connection. A server
    /// discards the arrived octets of an unread body in this way before it responds.
    ///
    /// A transport that is always blocking fails here. Then the client does not check, and the
    /// server closes the connection after a response to a request with an unread body. A transport
    /// that is nonblocking at first is made blocking.
    fn set_nonblocking(&mut self, is_nonblocking: bool) -> io::Result<()>;

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

            fn set_nonblocking(&mut self, is_nonblocking: bool) -> io::Result<()> {
                <$socket>::set_nonblocking(self, is_nonblocking)
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

macro_rules! pointer {
    ($($pointer:ty),*) => {
        $(impl<T: Transport + ?Sized> Transport for $pointer {
            fn prepare(&mut self) {
                (**self).prepare();
            }

            fn peer_addr(&self) -> Option<SocketAddr> {
                (**self).peer_addr()
            }

            fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
                (**self).set_read_timeout(timeout)
            }

            fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
                (**self).set_write_timeout(timeout)
            }

            fn set_nonblocking(&mut self, is_nonblocking: bool) -> io::Result<()> {
                (**self).set_nonblocking(is_nonblocking)
            }

            fn close_write(&mut self) -> io::Result<()> {
                (**self).close_write()
            }
        })*
    };
}
pointer!(Box<T>, &mut T);

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
    fn set_read_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn set_write_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn set_nonblocking(&mut self, _: bool) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn close_write(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
