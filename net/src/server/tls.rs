//! A listener whose connections speak TLS.

use crate::server::listener::Listener;
use crate::wire::tls::TlsStream;
use crate::wire::transport::Control;
use rustls::ServerConfig;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
#[cfg(unix)]
use std::os::fd::BorrowedFd;
use std::sync::Arc;

/// A listener whose connections speak TLS: that of [`Server::tls`](crate::Server::tls). Needs the
/// feature `rustls`.
///
/// ```
/// use bareline_net::{Error, Exchange, Server, Status, TlsListener, TlsStream, rustls};
///
/// fn respond(exchange: Exchange<'_, TlsStream>) -> Result<(), Error> {
///     exchange.responder.send(Status::OK, &[], b"hello")
/// }
///
/// fn serve(config: rustls::ServerConfig) -> Result<(), Error> {
///     let server: Server<TlsListener> = Server::bind("127.0.0.1:8443")?.tls(config);
///     server.serve(respond)
/// }
/// ```
pub struct TlsListener<L: Listener = TcpListener> {
    listener: L,
    config: Arc<ServerConfig>,
}

impl<L: Listener> TlsListener<L> {
    pub(crate) fn new(listener: L, mut config: Arc<ServerConfig>) -> Self {
        let protocols = ["http/1.1", "http/1.0"].map(|name| name.as_bytes().to_vec());
        Arc::make_mut(&mut config).alpn_protocols = protocols.into();
        Self { listener, config }
    }
}

impl<L: Listener<Stream: Control>> Listener for TlsListener<L> {
    type Stream = TlsStream<L::Stream>;
    type Addr = L::Addr;

    fn accept(&self) -> io::Result<(Self::Stream, Option<SocketAddr>)> {
        let (stream, peer) = self.listener.accept()?;
        Ok((TlsStream::accept(&self.config, stream)?, peer))
    }

    #[cfg(unix)]
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.listener.descriptor()
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }

    fn waker(&self) -> io::Result<Box<dyn Fn() + Send + Sync>> {
        self.listener.waker()
    }

    fn set_blocking(&self) -> io::Result<()> {
        self.listener.set_blocking()
    }

    fn set_nonblocking(&self) -> io::Result<()> {
        self.listener.set_nonblocking()
    }
}

impl<L: Listener> fmt::Debug for TlsListener<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsListener").finish_non_exhaustive()
    }
}
