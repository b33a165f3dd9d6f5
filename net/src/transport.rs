//! What a connection runs on.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// A stream of octets in both directions, whose waits can be limited, and one of whose directions
/// can be ended.
///
/// TCP streams and Unix sockets are transports. One on top of these, such as TLS, becomes one by
/// passing the calls on to the socket below. One that cannot wait for long, such as octets in
/// memory, is wrapped in [`Untimed`].
///
/// ```
/// use bareline_net::Transport;
/// use std::io::{self, Read, Write};
/// use std::net::TcpStream;
/// use std::time::Duration;
///
/// /// A connection that counts what is received.
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
    /// Makes the transport fit for messages; it is called once, before anything else, and does
    /// nothing unless it is written.
    fn prepare(&mut self) {}

    /// The address of the peer, where it has one; `None` unless it is written.
    fn peer_addr(&self) -> Option<SocketAddr> {
        None
    }

    /// How long a read may wait from now on, or that it may wait without end. One that takes longer
    /// fails with [`io::ErrorKind::WouldBlock`] or [`io::ErrorKind::TimedOut`], and loses no
    /// octets. It is the whole read that is meant: one that reads several times from what is
    /// below, as TLS does, has that time for all of them, or a peer that sends octet by octet has
    /// no deadline.
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()>;

    /// How long a write may wait from now on, in the same way.
    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()>;

    /// Whether reads give [`io::ErrorKind::WouldBlock`] at once from now on when nothing has come.
    ///
    /// A client looks for what a server has sent unasked before it uses a connection again. A
    /// server discards what has arrived of a body that nobody reads before it responds. Where a
    /// transport cannot be read without waiting, this fails, and neither looks: the server then
    /// closes the connection after such a response. What has been left nonblocking by somebody else
    /// is made to block.
    fn set_nonblocking(&mut self, is_nonblocking: bool) -> io::Result<()>;

    /// Says to the peer that no more octets will be sent. Where that cannot be done, it fails, and
    /// the connection is closed at once when it is its time; else what the peer still sends is
    /// read, within [`Settings::linger_timeout`](crate::Settings) and its like.
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
    // Without it a small message may wait 40 ms for the acknowledgement of the one before; it
    // works all the same.
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

/// Anything that reads and writes, as a [`Transport`] without deadlines: what is waited for is the
/// reader's and writer's business.
///
/// ```
/// use bareline_core::Status;
/// use bareline_net::{ServerStream, Untimed};
/// use std::io::Cursor;
///
/// let mut peer =
///     ServerStream::new(Untimed(Cursor::new(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec())));
/// if let Some(exchange) = peer.next_request()? {
///     assert_eq!(exchange.head.target().path(), "/");
///     exchange.responder.send(Status::OK, &[], b"behind the request, as a cursor does")?;
/// }
/// # Ok::<(), bareline_net::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
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
