//! The sources of a server's connections.

use crate::wire::link::CHECK_INTERVAL;
use crate::wire::transport::Transport;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
#[cfg(unix)]
use std::{
    net::Shutdown,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

/// A source of connections for a [`Server`](crate::Server): TCP and Unix listeners, or one built on
/// these, such as a TLS listener.
///
/// ```
/// use bareline_net::{Server, Status};
/// use std::net::TcpListener;
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let server = Server::from_listener(listener)?;
/// println!("listening on {}", server.local_addr()?);
/// # server.handle().shutdown();
/// server.serve(|exchange| exchange.responder.send(Status::OK, &[], b"hello"))?;
/// # Ok::<(), bareline_net::Error>(())
/// ```
///
/// A listener of your own:
///
/// ```
/// use bareline_net::Listener;
/// use std::io;
/// use std::net::{SocketAddr, TcpListener, TcpStream};
///
/// /// Accepts connections from the local host only.
/// struct Local(TcpListener);
///
/// impl Listener for Local {
///     type Stream = TcpStream;
///     type Addr = SocketAddr;
///
///     fn accept(&self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
///         loop {
///             match self.0.accept()? {
///                 (stream, peer) if peer.ip().is_loopback() => {
///                     return Ok((stream, Some(peer)));
///                 }
///                 _ => {}
///             }
///         }
///     }
///
///     fn local_addr(&self) -> io::Result<SocketAddr> {
///         self.0.local_addr()
///     }
///
///     fn waker(&self) -> io::Result<Box<dyn Fn() + Send + Sync>> {
///         self.0.waker()
///     }
/// }
/// ```
pub trait Listener: Send + Sync + 'static {
    /// The transport of each connection.
    type Stream: Transport + Send + 'static;
    /// The address that the listener has: of TCP a [`SocketAddr`], of a Unix socket its path.
    type Addr;

    /// Waits for the next connection, and returns it with the address of its peer, if there is one.
    /// The address is [`Exchange::peer`](crate::Exchange::peer), and appears in the log.
    ///
    /// May fail with [`io::ErrorKind::WouldBlock`] or [`io::ErrorKind::TimedOut`] after waiting for
    /// a while: the server calls it again, unless it shuts down.
    ///
    /// Do not wait for octets from the peer here, such as a TLS handshake: other peers wait to be
    /// accepted. A [`Server`](crate::Server) calls this method on one of its threads at a time, not
    /// always the same one. That thread has the server's stack size.
    fn accept(&self) -> io::Result<(Self::Stream, Option<SocketAddr>)>;

    /// Returns the descriptor of the listening socket. Then a server waits for connections in its
    /// event loops, and calls [`accept`](Self::accept) after
    /// [`set_nonblocking`](Self::set_nonblocking), on several threads at once.
    ///
    /// By default it returns `None`: then a thread waits in `accept`.
    #[cfg(unix)]
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// Returns the address that the listener accepts connections at, for
    /// [`Server::local_addr`](crate::Server::local_addr).
    fn local_addr(&self) -> io::Result<Self::Addr>;

    /// Returns a function that another thread calls to interrupt a waiting
    /// [`accept`](Self::accept). That call then returns a connection or an error. The function is
    /// dropped when the server ends.
    ///
    /// The function may fail, since connecting to oneself needs a port and a route. So TCP and Unix
    /// listeners also get a receive timeout of one second here, on systems where that applies to
    /// `accept`. Linux does, and accepted connections inherit the timeout.
    ///
    /// If a listener still waits, [`Server::serve`](crate::Server::serve) returns at the end of the
    /// [`shutdown_timeout`](crate::Server::shutdown_timeout), and its thread stays.
    fn waker(&self) -> io::Result<Box<dyn Fn() + Send + Sync>>;

    /// Lets a later [`accept`](Self::accept) wait for a connection. A server calls it first, since
    /// it would have to poll a nonblocking listener.
    ///
    /// The default implementation fails, which the server ignores: it polls then.
    fn set_blocking(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Lets a later [`accept`](Self::accept) fail with [`io::ErrorKind::WouldBlock`] when no
    /// connection waits to be accepted.
    ///
    /// A server that shuts down uses this to accept the connections in the backlog, which may have
    /// sent a request already. The default implementation fails; the connections in the backlog are
    /// then reset.
    fn set_nonblocking(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Listener for TcpListener {
    type Stream = TcpStream;
    type Addr = SocketAddr;

    #[cfg(unix)]
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.as_fd())
    }

    fn accept(&self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
        TcpListener::accept(self).map(|(stream, peer)| (stream, Some(peer)))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        TcpListener::local_addr(self)
    }

    fn waker(&self) -> io::Result<Box<dyn Fn() + Send + Sync>> {
        let mut address = self.local_addr()?;
        match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        #[cfg(unix)]
        let _ = TcpStream::from(OwnedFd::from(self.try_clone()?))
            .set_read_timeout(Some(CHECK_INTERVAL));
        Ok(Box::new(move || {
            // Connecting may fail without a port, descriptor or route. It may also time out when
            // the backlog is full; then `accept` does not wait.
            let _ = TcpStream::connect_timeout(&address, CHECK_INTERVAL);
        }))
    }

    fn set_blocking(&self) -> io::Result<()> {
        TcpListener::set_nonblocking(self, false)
    }

    fn set_nonblocking(&self) -> io::Result<()> {
        TcpListener::set_nonblocking(self, true)
    }
}

#[cfg(unix)]
impl Listener for std::os::unix::net::UnixListener {
    type Stream = std::os::unix::net::UnixStream;
    type Addr = std::os::unix::net::SocketAddr;

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.as_fd())
    }

    fn accept(&self) -> io::Result<(Self::Stream, Option<SocketAddr>)> {
        Ok((std::os::unix::net::UnixListener::accept(self)?.0, None))
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        std::os::unix::net::UnixListener::local_addr(self)
    }

    fn waker(&self) -> io::Result<Box<dyn Fn() + Send + Sync>> {
        let (address, socket) =
            (self.local_addr()?, Self::Stream::from(OwnedFd::from(self.try_clone()?)));
        let _ = socket.set_read_timeout(Some(CHECK_INTERVAL));
        Ok(Box::new(move || {
            // On Linux this is enough. It does not need the path, which may be gone or belong to
            // another socket.
            if socket.shutdown(Shutdown::Both).is_err() {
                let _ = Self::Stream::connect_addr(&address);
            }
        }))
    }

    fn set_blocking(&self) -> io::Result<()> {
        std::os::unix::net::UnixListener::set_nonblocking(self, false)
    }

    fn set_nonblocking(&self) -> io::Result<()> {
        std::os::unix::net::UnixListener::set_nonblocking(self, true)
    }
}
