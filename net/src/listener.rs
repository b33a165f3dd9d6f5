//! Where the connections of a server come from.

use crate::transport::Transport;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// Where the connections of a [`Server`](crate::Server) come from: TCP and Unix listeners, and what is made of these, such as one that speaks
/// TLS on each connection.
///
/// ```
/// use bareline_net::Listener;
/// use std::io;
/// use std::net::{TcpListener, TcpStream};
///
/// /// Takes connections from this machine alone.
/// struct Local(TcpListener);
///
/// impl Listener for Local {
///     type Stream = TcpStream;
///
///     fn accept(&self) -> io::Result<TcpStream> {
///         loop {
///             match self.0.accept()? {
///                 (stream, peer) if peer.ip().is_loopback() => return Ok(stream),
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
pub trait Listener {
    /// What each connection is.
    type Stream: Transport + Send + 'static;

    /// Waits for the next connection. It does not wait for what the peer sends: others wait to be accepted.
    fn accept(&self) -> io::Result<Self::Stream>;

    /// Something that another thread calls to end an [`accept`](Self::accept) that waits, with a connection or an error, whichever it is.
    fn waker(&self) -> io::Result<Box<dyn Fn() + Send + Sync>>;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    fn accept(&self) -> io::Result<TcpStream> {
        Ok(TcpListener::accept(self)?.0)
    }

    fn waker(&self) -> io::Result<Box<dyn Fn() + Send + Sync>> {
        let address = self.local_addr()?;
        let reachable = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        let address = SocketAddr::new(reachable, address.port());
        // When it cannot be connected to because too many do, then nobody waits for a connection either.
        Ok(Box::new(move || _ = TcpStream::connect_timeout(&address, Duration::from_secs(1))))
    }
}

#[cfg(unix)]
impl Listener for std::os::unix::net::UnixListener {
    type Stream = std::os::unix::net::UnixStream;

    fn accept(&self) -> io::Result<Self::Stream> {
        Ok(std::os::unix::net::UnixListener::accept(self)?.0)
    }

    fn waker(&self) -> io::Result<Box<dyn Fn() + Send + Sync>> {
        let address = self.local_addr()?;
        Ok(Box::new(move || _ = Self::Stream::connect_addr(&address)))
    }
}
