//! TLS over a transport, by rustls.

use crate::error::Error;
use crate::error::tls::{TlsError, TlsPeer};
use crate::wire::deadline::Deadline;
use crate::wire::link::is_passing;
use crate::wire::transport::{Control, Transport};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection, Stream};
use std::fmt;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Ipv6Addr, SocketAddr, TcpStream};
#[cfg(unix)]
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One end of a connection over TLS, on top of TCP or any other transport.
///
/// [`Client`](crate::Client) and [`Server::tls`](crate::Server::tls) make such streams themselves.
/// By hand they are for a connection on top of a transport of your own, and for
/// [`ServerStream`](crate::ServerStream) and [`ClientStream`](crate::ClientStream). Needs the
/// feature `rustls`.
///
/// The first read or write does the handshake. A timeout is that of all reads of a handshake or a
/// record together.
///
/// A client that is dropped ends TLS with an alert. Where the peer does not, the end of its octets
/// is an error [RFC 9112 section 9.8].
///
/// ```no_run
/// use bareline_net::{Client, TlsStream, rustls};
/// use std::net::TcpStream;
/// use std::sync::Arc;
///
/// // Each connection leads by a tunnel, and is over TLS with the host of the URL.
/// fn client(config: Arc<rustls::ClientConfig>) -> Client {
///     Client::new().connector(move |origin, _| {
///         let tunnel = TcpStream::connect("127.0.0.1:9000")?;
///         Ok(Box::new(TlsStream::connect(&config, origin.host(), tunnel)?))
///     })
/// }
/// ```
pub struct TlsStream<T: Transport + Control = TcpStream> {
    connection: Connection,
    socket: Socket<T>,
    /// The peer has been sent the alert that ends TLS.
    is_end_told: bool,
}

/// The transport below TLS, with a deadline for each call.
///
/// A handshake or a record takes many reads; without the deadline, a peer that sends octet by octet
/// would extend the wait for ever.
struct Socket<T> {
    transport: T,
    read_timeout: Option<Duration>,
    /// The deadline of the present call.
    end: Option<Instant>,
}

impl<T: Transport + Control> Socket<T> {
    /// Sets the deadline of a call that begins now: the timeout of one read.
    fn begin_call(&mut self) {
        let Self { transport, read_timeout, .. } = self;
        self.end = read_timeout.and_then(|timeout| transport.now().checked_add(timeout));
    }
}

impl<T: Transport + Control> Read for Socket<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.end {
            Some(end) if self.transport.now() >= end => Err(io::ErrorKind::WouldBlock.into()),
            _ => self.transport.read(buffer),
        }
    }
}

impl<T: Transport + Control> Write for Socket<T> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.transport.write(octets)
    }

    fn write_vectored(&mut self, octets: &[IoSlice<'_>]) -> io::Result<usize> {
        self.transport.write_vectored(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.transport.flush()
    }
}

impl<T: Transport + Control> TlsStream<T> {
    /// Returns the client's end of a connection to this host: a name, or an IP address without
    /// brackets. The certificate of the server has to be for this host.
    ///
    /// The application protocol is HTTP/1.1, whatever the configuration has [RFC 7301].
    ///
    /// Fails with [`Error::Io`] if the host is no name and no address.
    pub fn connect(config: &Arc<ClientConfig>, host: &str, transport: T) -> Result<Self, Error> {
        // No certificate has the zone of an address, which is a name of this machine.
        let zoned = host.split_once('%').map(|(address, _)| address);
        let name = zoned.filter(|address| address.parse::<Ipv6Addr>().is_ok()).unwrap_or(host);
        let name = ServerName::try_from(name.to_owned()).map_err(|_| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "{host} is not a host of a certificate (RFC 9110 section 4.3.4): use a URL \
                     with a DNS name or an IP address"
                ),
            )
        })?;
        let protocols = vec![b"http/1.1".to_vec()];
        let connection = ClientConnection::new_with_alpn(Arc::clone(config), name, protocols);
        Self::new(connection.map(Connection::Client), TlsPeer::Server, transport)
    }

    /// Returns the server's end of a connection.
    ///
    /// The configuration names the application protocols: `http/1.1`, or none.
    pub fn accept(config: &Arc<ServerConfig>, transport: T) -> Result<Self, Error> {
        let connection = ServerConnection::new(Arc::clone(config));
        Self::new(connection.map(Connection::Server), TlsPeer::Client, transport)
    }

    fn new(
        connection: Result<Connection, rustls::Error>,
        peer: TlsPeer,
        transport: T,
    ) -> Result<Self, Error> {
        let connection =
            connection.map_err(|error| io::Error::other(TlsError::new(error, peer)))?;
        let socket = Socket { transport, read_timeout: None, end: None };
        Ok(Self { connection, socket, is_end_told: false })
    }

    /// Completes the handshake until this deadline, on a transport that blocks.
    pub(crate) fn handshake(&mut self, until: Deadline) -> Result<(), Error> {
        while self.connection.is_handshaking() {
            let now = self.now();
            until.check(now)?;
            let timeout = Some(until.left(now).clamp(Duration::from_millis(1), LONGEST));
            self.set_read_timeout(timeout)?;
            self.set_write_timeout(timeout)?;
            self.socket.begin_call();
            match self.connection.complete_io(&mut self.socket) {
                Err(error) if is_passing(&error) => {}
                done => _ = done.map_err(|error| self.explained(error))?,
            }
        }
        Ok(())
    }

    /// Adds to an error what it means for people.
    fn explained(&self, error: io::Error) -> io::Error {
        let peer = match self.connection {
            Connection::Client(_) => TlsPeer::Server,
            Connection::Server(_) => TlsPeer::Client,
        };
        let kind = error.kind();
        match error.downcast() {
            Ok(error) => io::Error::new(kind, TlsError::new(error, peer)),
            Err(_) if kind == io::ErrorKind::UnexpectedEof => {
                let text = if self.connection.is_handshaking() {
                    format!(
                        "the {peer} closed the connection in the TLS handshake: check its log, \
                         and that it speaks TLS at this port"
                    )
                } else {
                    format!(
                        "the {peer} closed the connection without the alert that ends TLS (RFC \
                         9112 section 9.8): its message may be cut short"
                    )
                };
                io::Error::new(kind, text)
            }
            Err(error) => error,
        }
    }
}

/// The longest timeout of a socket, for a handshake without one.
const LONGEST: Duration = Duration::from_secs(3600);

/// Calls the stream of rustls, and explains its error.
macro_rules! call {
    ($tls:ident, $method:ident($($argument:expr)?)) => {{
        let TlsStream { connection, socket, .. } = $tls;
        socket.begin_call();
        let called = match connection {
            Connection::Client(client) => Stream::new(client, socket).$method($($argument)?),
            Connection::Server(server) => Stream::new(server, socket).$method($($argument)?),
        };
        called.map_err(|error| $tls.explained(error))
    }};
}

impl<T: Transport + Control> Read for TlsStream<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        call!(self, read(buffer))
    }
}

impl<T: Transport + Control> Write for TlsStream<T> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        call!(self, write(octets))
    }

    fn write_vectored(&mut self, octets: &[IoSlice<'_>]) -> io::Result<usize> {
        call!(self, write_vectored(octets))
    }

    fn flush(&mut self) -> io::Result<()> {
        call!(self, flush())
    }
}

impl<T: Transport + Control> Transport for TlsStream<T> {
    fn control(&mut self) -> &mut dyn Control {
        self
    }
}

impl<T: Transport + Control> Control for TlsStream<T> {
    fn prepare(&mut self) {
        self.socket.transport.prepare();
    }

    fn peer_addr(&self) -> Option<SocketAddr> {
        Control::peer_addr(&self.socket.transport)
    }

    #[cfg(unix)]
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.socket.transport.descriptor()
    }

    fn now(&self) -> Instant {
        self.socket.transport.now()
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.socket.read_timeout = timeout;
        self.socket.transport.set_read_timeout(timeout)
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.socket.transport.set_write_timeout(timeout)
    }

    fn set_blocking(&mut self) -> io::Result<()> {
        self.socket.transport.set_blocking()
    }

    fn set_nonblocking(&mut self) -> io::Result<()> {
        self.socket.transport.set_nonblocking()
    }

    fn close_write(&mut self) -> io::Result<()> {
        self.is_end_told = true;
        self.connection.send_close_notify();
        self.flush()?;
        self.socket.transport.close_write()
    }
}

/// Ends TLS, as a client has to before it closes [RFC 9112 section 9.8]. A server ends it by
/// [`close_write`](Control::close_write) alone: without the alert, a response until the close is
/// known to be cut short.
impl<T: Transport + Control> Drop for TlsStream<T> {
    fn drop(&mut self) {
        let is_client = matches!(self.connection, Connection::Client(_));
        if is_client && !self.is_end_told && self.set_nonblocking().is_ok() {
            self.connection.send_close_notify();
            // Of a peer that reads nothing no more can be known.
            let _ = self.connection.write_tls(&mut self.socket);
        }
    }
}

impl<T: Transport + Control> fmt::Debug for TlsStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsStream").finish_non_exhaustive()
    }
}
