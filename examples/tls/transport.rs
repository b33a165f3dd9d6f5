//! TLS over TCP, as bareline's streams and servers take it: the deadlines are those of the socket.

use bareline_net::{Listener, Transport};
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// One side of a connection; the handshake is made when the first octets are read or written.
pub(crate) struct Tls<C>(StreamOwned<C, TcpStream>);

/// The server's side.
pub(crate) type Accepted = Tls<ServerConnection>;

impl Accepted {
    pub(crate) fn accept(config: &Arc<ServerConfig>, stream: TcpStream) -> io::Result<Self> {
        let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        Ok(Self(StreamOwned::new(connection, stream)))
    }
}

impl Tls<ClientConnection> {
    /// To the server that has a certificate for this name.
    pub(crate) fn connect(config: &Arc<ClientConfig>, name: &str, stream: TcpStream) -> io::Result<Self> {
        let name = name.to_owned().try_into().map_err(io::Error::other)?;
        let connection = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
        Ok(Self(StreamOwned::new(connection, stream)))
    }
}

macro_rules! transport {
    ($($connection:ty),*) => {
        $(impl Read for Tls<$connection> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0.read(buffer)
            }
        }

        impl Write for Tls<$connection> {
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

        impl Transport for Tls<$connection> {
            fn prepare(&mut self) {
                self.0.sock.prepare();
            }

            fn peer_addr(&self) -> Option<SocketAddr> {
                Transport::peer_addr(&self.0.sock)
            }

            fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
                self.0.sock.set_read_timeout(timeout)
            }

            fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
                self.0.sock.set_write_timeout(timeout)
            }

            fn set_nonblocking(&mut self, is_nonblocking: bool) -> io::Result<()> {
                self.0.sock.set_nonblocking(is_nonblocking)
            }

            fn close_write(&mut self) -> io::Result<()> {
                self.0.conn.send_close_notify();
                self.0.flush()?;
                self.0.sock.shutdown(Shutdown::Write)
            }
        })*
    };
}
transport!(ServerConnection, ClientConnection);

/// Has each connection of a listener speak TLS.
pub(crate) struct TlsListener {
    pub(crate) socket: TcpListener,
    pub(crate) config: Arc<ServerConfig>,
}

impl Listener for TlsListener {
    type Stream = Accepted;

    fn accept(&self) -> io::Result<Accepted> {
        Accepted::accept(&self.config, self.socket.accept()?.0)
    }

    fn waker(&self) -> io::Result<Box<dyn Fn() + Send + Sync>> {
        self.socket.waker()
    }

    fn set_nonblocking(&self, is_nonblocking: bool) -> io::Result<()> {
        Listener::set_nonblocking(&self.socket, is_nonblocking)
    }
}
