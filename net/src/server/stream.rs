//! The server's end of a connection.

use crate::error::Error;
use crate::server::body::RequestBody;
use crate::server::notice::Membership;
use crate::server::panics;
use crate::server::responder::Responder;
use crate::server::steps::{FIELDS, Head};
use crate::server::wire::{RejectedHead, ServerWire};
use crate::settings::Settings;
use crate::wire::Polled;
use crate::wire::transport::Transport;
use crate::wire::upgraded::Upgraded;
use bareline_core::connection::ServerState;
use bareline_core::{FieldSpans, RequestHead};
use std::cell::RefCell;
use std::fmt;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

/// The server's end of a connection: reads requests one after the other, and sends their responses.
///
/// Responses to pipelined requests go out together: see [Limits](crate#limits).
///
/// Dropping the stream closes the connection with a lingering close: the drop reads and discards
/// what the peer still sends, so that a reset does not lose the last response [RFC 9112 section
/// 9.6]. The drop blocks until the peer closes too, within [`Settings::linger_timeout`],
/// `linger_silence_timeout` and `linger_limit`. The drop catches a panic of the transport.
///
/// ```
/// use bareline_net::{Error, Exchange, ServerStream, Status};
/// use std::io::Read;
/// use std::net::TcpStream;
///
/// fn serve(stream: TcpStream) -> Result<(), Error> {
///     let mut peer = ServerStream::new(stream);
///     while let Some(Exchange { head, mut body, responder, .. }) = peer.next_request()? {
///         let mut text = format!("{} came with: ", head.target()).into_bytes();
///         body.read_to_end(&mut text)?;
///         responder.send(Status::OK, &[], &text)?;
///     }
///     Ok(())
/// }
/// ```
pub struct ServerStream<S: Transport = TcpStream> {
    // Body reader and responder share the transport, since a TLS stream has no halves.
    wire: RefCell<ServerWire<S>>,
    /// The head of the present request.
    head: Option<Box<Head>>,
    peer: Option<SocketAddr>,
}

/// A connection, with the address of its peer.
///
/// The address is stored early, since the system forgets it when the peer resets the connection.
pub(crate) struct Accepted<S> {
    pub(crate) stream: S,
    pub(crate) peer: Option<SocketAddr>,
}

/// The peer as the log shows it: its address, or `local` if it has none.
pub(crate) struct Peer(pub(crate) Option<SocketAddr>);

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => write!(f, "{address}"),
            None => f.write_str("local"),
        }
    }
}

/// A request and its responder: the head stays readable while the body arrives and the response is
/// sent.
///
/// A response never goes ahead of its request. When the response begins, the unread rest of the
/// body is discarded, within 100 ms and [`Limits::drain`](bareline_core::head::Limits). When more
/// is left, the response says `Connection: close` and is the last one on the connection [RFC 9112
/// section 9.3]. To stream a response while the body is read, see [`Responder::while_reading`].
///
/// An exchange and its parts stay on one thread: they are not `Send`, since they share the
/// connection without a lock.
///
/// ```
/// use bareline_net::{Error, Exchange, FieldName, Status};
/// use std::io::Read;
///
/// /// Responds with the `User-Agent` and the first 100 octets of the body.
/// fn respond(Exchange { head, mut body, responder, .. }: Exchange<'_>) -> Result<(), Error> {
///     let agent = head.fields().only(FieldName::USER_AGENT).ok().flatten();
///     let agent = agent.map_or("nobody", |agent| agent.as_str().unwrap_or("?"));
///     let mut text = agent.as_bytes().to_vec();
///     body.by_ref().take(100).read_to_end(&mut text)?;
///     responder.send(Status::OK, &[], &text)
/// }
/// ```
///
/// The type names the transport of the connection: TCP in `Exchange<'_>`. A function for any
/// transport, such as TLS or a Unix socket, takes `impl Transport`. So do functions that it gives
/// the parts to:
///
/// ```
/// use bareline_net::{Error, Exchange, Responder, Server, Status, Transport};
///
/// fn respond(exchange: Exchange<'_, impl Transport>) -> Result<(), Error> {
///     say_hello(exchange.responder)
/// }
///
/// fn say_hello(responder: Responder<'_, impl Transport>) -> Result<(), Error> {
///     responder.send(Status::OK, &[], b"hello")
/// }
/// # fn over_tcp(server: Server) -> Result<(), Error> {
/// #     server.serve(respond)
/// # }
/// # #[cfg(unix)]
/// # fn over_unix(server: Server<std::os::unix::net::UnixListener>) -> Result<(), Error> {
/// #     server.serve(respond)
/// # }
/// # #[cfg(feature = "rustls")]
/// # fn over_tls(server: Server<bareline_net::TlsListener>) -> Result<(), Error> {
/// #     server.serve(respond)
/// # }
/// ```
#[non_exhaustive]
pub struct Exchange<'s, S: Transport = TcpStream> {
    /// The address of the peer; `None` if the transport has no addresses.
    pub peer: Option<SocketAddr>,
    /// The head of the request.
    pub head: RequestHead<'s>,
    /// The body of the request.
    pub body: RequestBody<'s, S>,
    /// The sender of the response.
    pub responder: Responder<'s, S>,
}

// A transport need not be `Debug`.
impl<S: Transport> fmt::Debug for Exchange<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { peer, head, body, responder } = self;
        f.debug_struct("Exchange")
            .field("peer", peer)
            .field("head", head)
            .field("body", body)
            .field("responder", responder)
            .finish()
    }
}

impl<S: Transport> ServerStream<S> {
    /// Serves an accepted connection, with the default [`Settings`].
    pub fn new(transport: S) -> Self {
        Self::with_settings(transport, Settings::new())
    }

    /// Serves an accepted connection, with these settings.
    pub fn with_settings(mut transport: S, settings: Settings) -> Self {
        let peer = transport.control().peer_addr();
        Self::of(Accepted { stream: transport, peer }, Arc::new(settings), None)
    }

    /// Creates a stream, which has a membership on a connection of a [`Server`](crate::Server).
    pub(crate) fn of(
        Accepted { stream, peer }: Accepted<S>,
        settings: Arc<Settings>,
        membership: Option<Membership>,
    ) -> Self {
        Self { wire: RefCell::new(ServerWire::of(stream, settings, membership)), head: None, peer }
    }

    /// Returns the address of the peer; `None` if the transport has no addresses.
    pub const fn peer_addr(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// Waits for the next request and reads its head; `None` when no more requests come.
    ///
    /// Rejects a malformed, oversized or slow request: sends the status of the
    /// [`PeerError`](crate::PeerError) with one line of text, closes the connection, and returns
    /// the error for the log. An error in the previous body that the caller left without a response
    /// is handled in the same way.
    ///
    /// If the caller sent no response to the previous request, this call sends a 500, closes the
    /// connection, and fails with [`Error::IncompleteResponse`].
    pub fn next_request(&mut self) -> Result<Option<Exchange<'_, S>>, Error> {
        self.next_or_rejected().map_err(|rejected| rejected.error)
    }

    /// Waits as `next_request` does. Fails with the log line of a rejected request.
    pub(crate) fn next_or_rejected(&mut self) -> Result<Option<Exchange<'_, S>>, RejectedHead> {
        let wire = self.wire.get_mut();
        let received = wire.next_head(&mut self.head);
        Ok(match self.or_rejected(received, false)? {
            true => self.exchange(),
            false => None,
        })
    }

    /// Rejects the request after an error, unless the connection was idle: then returns this value.
    #[inline]
    fn or_rejected<T>(&mut self, received: Result<T, Error>, none: T) -> Result<T, RejectedHead> {
        let wire = self.wire.get_mut();
        match received {
            Err(Error::Io(error)) if wire.role().state() == ServerState::Idle => {
                log::debug!("{}: idle connection closed: {error}", Peer(self.peer));
                Ok(none)
            }
            received => received.map_err(|error| wire.reject_head(error)),
        }
    }

    /// Takes steps to the next request, as far as nothing has to be awaited. Returns whether there
    /// is one: see [`exchange`](Self::exchange).
    pub(crate) fn poll_request(
        &mut self,
        spans: &mut FieldSpans<FIELDS>,
    ) -> Result<Polled<bool>, RejectedHead> {
        let polled = self.wire.get_mut().poll_head(&mut self.head, spans);
        self.or_rejected(polled, Polled::Ready(false))
    }

    /// Returns the present request.
    pub(crate) fn exchange(&mut self) -> Option<Exchange<'_, S>> {
        let (head, wire) = (self.head.as_ref()?.head(), &self.wire);
        Some(Exchange {
            peer: self.peer,
            head,
            body: RequestBody::new(wire),
            responder: Responder::new(wire, head.version()),
        })
    }

    pub(crate) fn wire(&mut self) -> &mut ServerWire<S> {
        self.wire.get_mut()
    }

    pub(crate) const fn head(&mut self) -> &mut Option<Box<Head>> {
        &mut self.head
    }

    /// Returns whether the connection has switched to another protocol, by a 101 or a 2xx to
    /// CONNECT [RFC 9110 sections 7.8 and 9.3.6].
    ///
    /// [`next_request`](Self::next_request) returns `None` after a switch, as after a close.
    pub fn is_upgraded(&self) -> bool {
        self.wire.borrow().role().state() == ServerState::Upgraded
    }

    /// Returns the transport after a protocol switch, and the octets that have arrived for the
    /// other protocol.
    ///
    /// Fails with [`Error::NotUpgraded`] without a switch, and closes the connection: see
    /// [`is_upgraded`](Self::is_upgraded).
    #[doc(alias = "WebSocket")]
    pub fn into_upgraded(mut self) -> Result<Upgraded<S>, Error> {
        let wire = self.wire.get_mut();
        match wire.role().state() {
            ServerState::Upgraded => wire.take_upgraded(),
            _ => Err(Error::NotUpgraded),
        }
    }
}

impl<S: Transport> Drop for ServerStream<S> {
    fn drop(&mut self) {
        // Closing may take long: free the memory first.
        self.head = None;
        let wire = self.wire.get_mut();
        // The transport may have panicked, and may panic again.
        let _ = panics::catch(|| {
            let _ = wire.reject_without_response(None);
            wire.linger();
        });
        let _ = panics::catch(|| wire.close());
    }
}

impl<S: Transport> fmt::Debug for ServerStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerStream")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

    use super::{Exchange, ServerStream};
    use crate::server::notice::Notice;
    use crate::server::panics;
    use crate::server::silent::Silent;
    use crate::wire::transport::Untimed;
    use bareline_core::Status;
    use std::io::{self, Read, Write};

    /// A transport that panics in each call that is not allowed, and when it is dropped.
    struct Panicking {
        says: &'static [u8],
        may_write: bool,
    }

    impl Read for Panicking {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.says.read(buffer)? {
                0 => panic!("read"),
                count => Ok(count),
            }
        }
    }

    impl Write for Panicking {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            assert!(self.may_write, "write");
            Ok(octets.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Drop for Panicking {
        fn drop(&mut self) {
            panic!("drop");
        }
    }

    /// A second panic while the first one unwinds would abort the process.
    #[test]
    fn a_transport_that_panics_twice_panics_once() {
        let head = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
        for (says, may_write, reason) in [
            (&b""[..], true, "read"),
            (b"GET / HT", false, "read"),
            (head, true, "read"),
            (head, false, "read"),
            (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", false, "write"),
        ] {
            let panic = panics::catch(|| {
                let mut stream = ServerStream::new(Untimed(Panicking { says, may_write }));
                let Exchange { mut body, responder, .. } = stream.next_request().unwrap().unwrap();
                let _ = body.read_to_end(&mut Vec::new());
                let _ = responder.send(Status::OK, &[], b"");
            });
            assert_eq!(panic.err().unwrap().reason(), reason, "{says:?} {may_write}");
        }
        drop(ServerStream::new(Untimed(Panicking { says: b"", may_write: false })));
    }

    const HALF: &[u8] = b"GET / HT";
    const INVALID: &[u8] = b"GET / HTTP/1.1\r\nHost : a\r\n\r\n";

    #[test]
    fn a_shutdown_reaches_an_idle_connection_in_one_wait() {
        // It has one last read.
        for (at, closed) in [(0, 1001), (10_300, 11_001), (74_999, 75_001)] {
            assert_eq!(Silent::serve(b"", at, Notice::close), closed);
        }
        // A head that has begun has its 10 s, and the lingering close behind it a second.
        assert!((11_000..11_010).contains(&Silent::serve(HALF, 0, Notice::close)));
    }

    #[test]
    fn the_shutdown_timeout_ends_a_head_in_one_wait() {
        for (at, closed) in [(0, 1000), (3300, 4000)] {
            assert_eq!(Silent::serve(HALF, at, Notice::cut), closed);
        }
    }

    #[test]
    fn a_shutdown_ends_the_lingering_close() {
        for (at, closed) in [(0, 1000), (3300, 4000)] {
            assert_eq!(Silent::serve(INVALID, at, Notice::close), closed);
        }
    }
}
