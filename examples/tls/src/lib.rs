//! TLS over TCP as a [`Transport`] and a [`Listener`]. A timeout covers a call as a unit, however
//! often rustls reads from the socket.

use bareline_net::{Control, Listener, Transport};
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One side of a connection; the first read or write does the handshake.
pub struct Tls<C>(StreamOwned<C, Socket>);

/// The socket below TLS, with a deadline for each call.
///
/// A handshake or a record takes many reads; without the deadline, a peer that sends octet by octet
/// would extend the wait for ever.
pub struct Socket {
    stream: TcpStream,
    read_timeout: Option<Duration>,
    /// The deadline of the current call.
    end: Option<Instant>,
}

impl Socket {
    const fn new(stream: TcpStream) -> Self {
        Self { stream, read_timeout: None, end: None }
    }

    /// Sets the deadline of a call that begins now: the timeout of one read.
    fn begin_call(&mut self) {
        self.end = self.read_timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.end {
            Some(end) if Instant::now() >= end => Err(io::ErrorKind::WouldBlock.into()),
            _ => self.stream.read(buffer),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.stream.write(octets)
    }

    fn write_vectored(&mut self, octets: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.stream.write_vectored(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// The server's side of a connection.
pub type Accepted = Tls<ServerConnection>;

impl Accepted {
    /// Returns the server's side of a connection.
    pub fn accept(config: &Arc<ServerConfig>, stream: TcpStream) -> io::Result<Self> {
        let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        Ok(Self(StreamOwned::new(connection, Socket::new(stream))))
    }
}

impl Tls<ClientConnection> {
    /// Returns the client's side of a connection; the server's certificate has to be for `name`.
    pub fn connect(config: &Arc<ClientConfig>, name: &str, stream: TcpStream) -> io::Result<Self> {
        let name = name.to_owned().try_into().map_err(io::Error::other)?;
        let connection =
            ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
        Ok(Self(StreamOwned::new(connection, Socket::new(stream))))
    }
}

macro_rules! transport {
    ($($connection:ty),*) => {
        $(impl Read for Tls<$connection> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0.sock.begin_call();
                self.0.read(buffer)
            }
        }

        impl Write for Tls<$connection> {
            fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
                self.0.sock.begin_call();
                self.0.write(octets)
            }

            fn write_vectored(&mut self, octets: &[io::IoSlice<'_>]) -> io::Result<usize> {
                self.0.sock.begin_call();
                self.0.write_vectored(octets)
            }

            fn flush(&mut self) -> io::Result<()> {
                self.0.sock.begin_call();
                self.0.flush()
            }
        }

        impl Transport for Tls<$connection> {
            fn control(&mut self) -> &mut dyn Control {
                self
            }
        }

        impl Control for Tls<$connection> {
            fn prepare(&mut self) {
                self.0.sock.stream.prepare();
            }

            fn peer_addr(&self) -> Option<SocketAddr> {
                Control::peer_addr(&self.0.sock.stream)
            }

            #[cfg(unix)]
            fn descriptor(&self) -> Option<BorrowedFd<'_>> {
                Some(self.0.sock.stream.as_fd())
            }

            fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
                self.0.sock.read_timeout = timeout;
                self.0.sock.stream.set_read_timeout(timeout)
            }

            fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
                self.0.sock.stream.set_write_timeout(timeout)
            }

            fn set_blocking(&mut self) -> io::Result<()> {
                self.0.sock.stream.set_nonblocking(false)
            }

            fn set_nonblocking(&mut self) -> io::Result<()> {
                self.0.sock.stream.set_nonblocking(true)
            }

            fn close_write(&mut self) -> io::Result<()> {
                self.0.conn.send_close_notify();
                self.0.sock.begin_call();
                self.0.flush()?;
                self.0.sock.stream.shutdown(Shutdown::Write)
            }
        })*
    };
}
transport!(ServerConnection, ClientConnection);

/// A TCP listener whose connections speak TLS.
pub struct TlsListener {
    /// The socket that accepts connections.
    pub socket: TcpListener,
    /// The configuration of rustls, with the certificate.
    pub config: Arc<ServerConfig>,
}

impl Listener for TlsListener {
    type Stream = Accepted;
    type Addr = SocketAddr;

    #[cfg(unix)]
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.socket.as_fd())
    }

    fn accept(&self) -> io::Result<(Accepted, Option<SocketAddr>)> {
        let (stream, peer) = self.socket.accept()?;
        Ok((Accepted::accept(&self.config, stream)?, Some(peer)))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn waker(&self) -> io::Result<Box<dyn Fn() + Send + Sync>> {
        self.socket.waker()
    }

    fn set_blocking(&self) -> io::Result<()> {
        Listener::set_blocking(&self.socket)
    }

    fn set_nonblocking(&self) -> io::Result<()> {
        Listener::set_nonblocking(&self.socket)
    }
}
