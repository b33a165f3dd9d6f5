//! The server's end of a connection.

use crate::error::Error;
use crate::server::acceptor::{Accepted, Peer};
use crate::server::body::RequestBody;
use crate::server::notice::TimeSlice;
use crate::server::panics;
use crate::server::responder::Responder;
use crate::server::steps::Head;
use crate::server::wire::{RejectedHead, ServerWire};
use crate::settings::Settings;
use crate::wire::transport::Transport;
use crate::wire::upgraded::Upgraded;
use bareline_core::RequestHead;
use bareline_core::connection::ServerState;
use std::cell::RefCell;
use std::fmt;
use std::net::{SocketAddr, TcpStream};

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
    head: Option<Head>,
    peer: Option<SocketAddr>,
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
        Self::with_slice(Accepted { stream: transport, peer }, settings, None)
    }

    /// Creates a stream, which has a time slice on a connection of a [`Server`](crate::Server).
    pub(crate) fn with_slice(
        Accepted { stream, peer }: Accepted<S>,
        settings: Settings,
        slice: Option<TimeSlice>,
    ) -> Self {
        let mut wire = ServerWire::of(stream, settings, slice);
        wire.prepare();
        Self { wire: RefCell::new(wire), head: None, peer }
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
        if let (Err(Error::Io(error)), ServerState::Idle) = (&received, wire.role().state()) {
            log::debug!("{}: idle connection closed: {error}", Peer(self.peer));
            return Ok(None);
        }
        let has_head = received.map_err(|error| wire.reject_head(error))?;
        let Some(head) = self.head.as_ref().filter(|_| has_head).map(Head::head) else {
            return Ok(None);
        };
        let wire = &self.wire;
        Ok(Some(Exchange {
            peer: self.peer,
            head,
            body: RequestBody::new(wire),
            responder: Responder::new(wire, head.version()),
        }))
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
    use crate::server::acceptor::Accepted;
    use crate::server::notice::{Notice, TimeSlice};
    use crate::server::panics;
    use crate::settings::Settings;
    use crate::wire::transport::{Control, Transport, Untimed};
    use bareline_core::{FieldName, FieldValue, Status};
    use std::cell::RefCell;
    use std::io::{self, Read, Write};
    use std::net::UdpSocket;
    use std::rc::Rc;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    /// A peer that sends some octets, and then nothing more.
    struct Silent {
        says: &'static [u8],
        /// A socket that receives nothing.
        socket: UdpSocket,
        is_nonblocking: bool,
        timeout: Duration,
        /// The timeout of each blocking read.
        waits: Rc<RefCell<Vec<Duration>>>,
    }

    impl Read for Silent {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.says.read(buffer)?;
            if count > 0 {
                return Ok(count);
            }
            if !self.is_nonblocking {
                self.waits.borrow_mut().push(self.timeout);
            }
            self.socket.recv(buffer)
        }
    }

    impl Write for Silent {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            Ok(octets.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Transport for Silent {
        fn control(&mut self) -> &mut dyn Control {
            self
        }
    }

    impl Control for Silent {
        fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
            self.timeout = timeout.unwrap();
            self.socket.set_read_timeout(timeout)
        }

        fn set_write_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
            Ok(())
        }

        fn set_blocking(&mut self) -> io::Result<()> {
            self.is_nonblocking = false;
            self.socket.set_nonblocking(false)
        }

        fn set_nonblocking(&mut self) -> io::Result<()> {
            self.is_nonblocking = true;
            self.socket.set_nonblocking(true)
        }

        fn close_write(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }
    }

    type Waits = Rc<RefCell<Vec<Duration>>>;

    fn stream(says: &'static [u8], notice: &Arc<Notice>) -> (ServerStream<Silent>, Waits) {
        let (waits, socket) = (Waits::default(), UdpSocket::bind("127.0.0.1:0").unwrap());
        let stream = Silent {
            says,
            socket,
            is_nonblocking: false,
            timeout: Duration::ZERO,
            waits: Rc::clone(&waits),
        };
        let slice = Some(TimeSlice::new(Arc::clone(notice), 100, Instant::now()));
        (ServerStream::with_slice(Accepted { stream, peer: None }, Settings::new(), slice), waits)
    }

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

    #[test]
    fn a_shutdown_reaches_an_idle_connection_in_one_wait() {
        let notice = Arc::new(Notice::default());
        let (mut stream, waits) = stream(b"", &notice);
        notice.close();
        assert!(stream.next_request().unwrap().is_none());
        assert_eq!(waits.borrow().len(), 1, "{waits:?}");
    }

    #[test]
    fn an_unread_body_is_awaited_for_100_ms_in_all() {
        let request = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell";
        let (mut stream, waits) = stream(request, &Arc::default());
        let Exchange { responder, .. } = stream.next_request().unwrap().unwrap();
        // Head and body together exceed the buffer: the head is written twice.
        let value = FieldValue::new(&[b'x'; 62_000]).unwrap();
        responder.send(Status::OK, &[(FieldName::from_static("X"), value)], &[b'y'; 4000]).unwrap();
        let waited: Duration = waits.borrow().iter().sum();
        // The last waits take at least a millisecond each.
        assert!(!waited.is_zero() && waited <= Duration::from_millis(105), "{waits:?}");
    }
}
