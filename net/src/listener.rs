//! Where the connections of a server come from.

use crate::notice::TURN;
use crate::transport::Transport;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
#[cfg(unix)]
use std::{net::Shutdown, os::fd::OwnedFd};

/// Where the connections of a [`Server`](crate::Server) come from: TCP and Unix listeners, and what
/// is made of these, such as one that speaks TLS on each connection.
///
/// ```
/// use bareline_net::Listener;
/// use std::io;
/// use std::net::{SocketAddr, TcpListener, TcpStream};
///
/// /// Takes connections from this machine alone.
/// struct Local(TcpListener);
///
/// impl Listener for Local {
///     type Stream = TcpStream;
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
///     fn waker(&self) -> io::Result<Box<dyn Fn() + Send + Sync>> {
///         self.0.waker()
///     }
/// }
/// ```
pub trait Listener: Send + 'static {
    /// What each connection is.
    type Stream: Transport + Send + 'static;

    /// Waits for the next connection, and returns it with the address of its peer, where there is
    /// one: this is [`Exchange::peer`](crate::Exchange::peer), and what the log says.
    ///
    /// It may also fail with [`io::ErrorKind::WouldBlock`] or [`io::ErrorKind::TimedOut`] when
    /// nobody has come for some time: it is called again, unless the server shuts down.
    ///
    /// It does not wait for what the peer sends: others wait to be accepted. A
    /// [`Server`](crate::Server) calls it on one of its threads at a time, not always the same,
    /// with the stack that they have.
    fn accept(&self) -> io::Result<(Self::Stream, Option<SocketAddr>)>;

    /// Returns a function that another thread calls to end an [`accept`](Self::accept) that waits,
    /// with a connection or an error. It is dropped when the server ends.
    ///
    /// The function may fail: a connection to oneself needs a port and a route. So this method also
    /// gives TCP and Unix sockets a receive timeout of a second, where the system has one for
    /// `accept`. Linux has, and passes it on to the connections that are accepted. With a listener
    /// that waits on all the same, [`Server::serve`](crate::Server::serve) returns at the end of
    /// the [`shutdown_timeout`](crate::Server::shutdown_timeout), and its thread stays.
    fn waker(&self) -> io::Result<Box<dyn Fn() + Send + Sync>>;

    /// Whether [`accept`](Self::accept) fails with [`io::ErrorKind::WouldBlock`] from now on when
    /// nobody waits to be accepted. A server that shuts down takes those who do in this way, as
    /// they may have asked already; where it cannot be done, this fails, as it does unless it is
    /// written, and they are reset.
    fn set_nonblocking(&self, is_nonblocking: bool) -> io::Result<()> {
        let _ = is_nonblocking;
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    fn accept(&self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
        TcpListener::accept(self).map(|(stream, peer)| (stream, Some(peer)))
    }

    fn waker(&self) -> io::Result<Box<dyn Fn() + Send + Sync>> {
        let mut address = self.local_addr()?;
        match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        #[cfg(unix)]
        let _ = TcpStream::from(OwnedFd::from(self.try_clone()?)).set_read_timeout(Some(TURN));
        Ok(Box::new(move || {
            // There may be no port, descriptor or route for that; or too many connect, and nobody
            // waits for a connection.
            let _ = TcpStream::connect_timeout(&address, TURN);
        }))
    }

    fn set_nonblocking(&self, is_nonblocking: bool) -> io::Result<()> {
        TcpListener::set_nonblocking(self, is_nonblocking)
    }
}

#[cfg(unix)]
impl Listener for std::os::unix::net::UnixListener {
    type Stream = std::os::unix::net::UnixStream;

    fn accept(&self) -> io::Result<(Self::Stream, Option<SocketAddr>)> {
        Ok((std::os::unix::net::UnixListener::accept(self)?.0, None))
    }

    fn waker(&self) -> io::Result<Box<dyn Fn() + Send + Sync>> {
        let (address, socket) =
            (self.local_addr()?, Self::Stream::from(OwnedFd::from(self.try_clone()?)));
        let _ = socket.set_read_timeout(Some(TURN));
        Ok(Box::new(move || {
            // On Linux this is enough, and does not need the path, which may be gone or another's
            // by now.
            if socket.shutdown(Shutdown::Both).is_err() {
                let _ = Self::Stream::connect_addr(&address);
            }
        }))
    }

    fn set_nonblocking(&self, is_nonblocking: bool) -> io::Result<()> {
        std::os::unix::net::UnixListener::set_nonblocking(self, is_nonblocking)
    }
}
