//! The server's end of a connection.

use crate::error::{Error, PeerError, Wait};
use crate::server::acceptor::{Accepted, Peer};
use crate::server::body::RequestBody;
use crate::server::date::Date;
use crate::server::panics;
use crate::server::responder::Responder;
use crate::settings::Settings;
use crate::wire::control::TimeSlice;
use crate::wire::recv_buf::KEPT;
use crate::wire::time_budget::TimeBudget;
use crate::wire::transport::Transport;
use crate::wire::upgraded::Upgraded;
use crate::wire::{Wire, to};
use bareline_core::connection::{Received, ResponseHeadWriter, ServerState};
use bareline_core::error::WriteError;
use bareline_core::head::OwnedRequestHead;
use bareline_core::value::dump;
use bareline_core::{
    Event, FieldName, FieldSpans, FieldValue, RequestHead, ServerConnection, Status,
};
use std::cell::{RefCell, RefMut};
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

pub(crate) type ServerWire<S> = Wire<S, ServerConnection>;

const FIELDS: usize = 128;
type Head = OwnedRequestHead<Vec<u8>, FIELDS>;
/// The number of octets of a rejected request line that the log shows.
const LINE_SHOWN: usize = 100;
const TEXT: FieldValue<'_> = FieldValue::from_static("text/plain; charset=utf-8");

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
        Self::on(Accepted { stream: transport, peer }, settings)
    }

    fn on(Accepted { stream, peer }: Accepted<S>, settings: Settings) -> Self {
        let connection = ServerConnection::with_limits(settings.limits);
        let wire = RefCell::new(Wire::new(stream, connection, settings));
        Self { wire, head: None, peer }
    }

    /// Creates a stream on a connection of a [`Server`](crate::Server).
    pub(crate) fn with_slice(accepted: Accepted<S>, settings: Settings, slice: TimeSlice) -> Self {
        let mut stream = Self::on(accepted, settings);
        stream.wire.get_mut().slice = Some(slice);
        stream
    }

    /// Returns the address of the peer; `None` if the transport has no addresses.
    pub const fn peer_addr(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// Waits for the next request and reads its head; `None` when no more requests come.
    ///
    /// Rejects a malformed, oversized or slow request: sends the status of the [`PeerError`] with
    /// one line of text, closes the connection, and returns the error for the log. An error in the
    /// previous body that the caller left without a response is handled in the same way.
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
        if let (Err(Error::Io(error)), ServerState::Idle) = (&received, wire.connection.state()) {
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
        self.wire.borrow().connection.state() == ServerState::Upgraded
    }

    /// Returns the transport after a protocol switch, and the octets that have arrived for the
    /// other protocol.
    ///
    /// Fails with [`Error::NotUpgraded`] without a switch, and closes the connection: see
    /// [`is_upgraded`](Self::is_upgraded).
    #[doc(alias = "WebSocket")]
    pub fn into_upgraded(mut self) -> Result<Upgraded<S>, Error> {
        let wire = self.wire.get_mut();
        wire.next_message();
        match wire.connection.state() {
            ServerState::Upgraded => wire.take_upgraded(),
            _ => Err(Error::NotUpgraded),
        }
    }
}

/// A request that was rejected before a handler got it.
pub(crate) struct RejectedHead {
    error: Error,
    /// The reason, with a hint from the request's octets.
    reason: String,
    /// The request line or its beginning, in quotes and escaped; empty if nothing arrived.
    line: String,
    /// The status of the response, if that could be sent.
    status: Option<Status>,
}

impl fmt::Display for RejectedHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reason, line, status, .. } = self;
        match (line.is_empty(), status) {
            (true, Some(status)) => write!(f, " {status}: {reason}"),
            (true, None) => write!(f, ": {reason}"),
            (false, Some(status)) => write!(f, " {line} {status}: {reason}"),
            (false, None) => write!(f, " {line}: {reason}"),
        }
    }
}

/// The timeouts of the wait for a request.
struct TimeBudgets {
    idle: TimeBudget,
    head: TimeBudget,
}

impl TimeBudgets {
    fn new(settings: &Settings) -> Self {
        Self {
            idle: TimeBudget::new(Wait::Idle, settings.idle_timeout),
            head: TimeBudget::new(Wait::Head, settings.head_timeout),
        }
    }
}

/// Borrows the wire. Fails when a handler calls from inside another call, such as the writer of a
/// head.
pub(crate) fn borrow_wire<S>(
    wire: &RefCell<ServerWire<S>>,
) -> Result<RefMut<'_, ServerWire<S>>, Error> {
    wire.try_borrow_mut().map_err(|_| WriteError::HeadNotEnded.into())
}

/// Adds the date to the head, if there is one.
pub(crate) fn dated<'w>(
    head: ResponseHeadWriter<'w>,
    date: &Option<Date>,
) -> Result<ResponseHeadWriter<'w>, WriteError> {
    match date {
        Some(date) => head.field(FieldName::DATE, date.value()),
        None => Ok(head),
    }
}

impl<S: Transport> ServerWire<S> {
    /// Ends the previous exchange, and waits for the next head. Returns false when no more requests
    /// come.
    fn next_head(&mut self, head: &mut Option<Head>) -> Result<bool, Error> {
        self.next_message();
        // The connection may become idle: it keeps no memory of a long head.
        if head.as_ref().is_some_and(|head| head.capacity() > KEPT) {
            *head = None;
        }
        let (mut spans, mut budgets) = (FieldSpans::new(), TimeBudgets::new(&self.settings));
        while self.is_open() {
            match self.connection.state() {
                ServerState::Idle | ServerState::Head => {
                    if self.receive(head, &mut spans, &mut budgets)? {
                        self.slice.iter_mut().for_each(TimeSlice::count_request);
                        self.is_last = self.connection.will_close()
                            && self.connection.state() == ServerState::SendResponse;
                        return Ok(true);
                    }
                }
                ServerState::Upgraded => return self.flush().map(|()| false),
                ServerState::Close => self.close(),
                ServerState::Body
                | ServerState::SendResponse
                | ServerState::SendBody
                | ServerState::Reject => {
                    return Err(self.incomplete_response());
                }
            }
        }
        Ok(false)
    }

    /// Takes one step: parses an event, or receives more octets. Returns whether a head is
    /// complete.
    fn receive(
        &mut self,
        owned: &mut Option<Head>,
        spans: &mut FieldSpans<FIELDS>,
        budgets: &mut TimeBudgets,
    ) -> Result<bool, Error> {
        let received = self.connection.receive(self.received.filled_mut(), spans.lend());
        let Received { used, event } = match received {
            Ok(received) => received,
            Err(error) => return Err(Error::of_request(error, self.received.filled())),
        };
        let (mut has_head, mut is_starved) = (false, false);
        match event {
            Event::Head(head) => {
                has_head = true;
                if !owned.as_mut().is_some_and(|owned| owned.replace(&head)) {
                    *owned = head.to_owned_in(vec![0; used.next_power_of_two()]);
                }
            }
            event => is_starved = matches!(event, Event::NeedMore),
        }
        self.received.consume(used);
        if is_starved {
            let budget = match self.connection.state() {
                ServerState::Idle => {
                    self.received.give_back();
                    &mut budgets.idle
                }
                _ => &mut budgets.head,
            };
            match self.fill(budget) {
                // Without a request there is nothing to reject.
                Err(Error::Peer(PeerError::TimedOut { wait: Wait::Idle, .. })) => self.close_idle(),
                filled => filled?,
            }
        }
        Ok(has_head)
    }

    /// Returns the reason for a missing response: the peer's error, or the caller's.
    fn incomplete_response(&self) -> Error {
        self.peer_error.map_or(Error::IncompleteResponse, Error::Peer)
    }

    /// Rejects the request whose head is being received.
    fn reject_head(&mut self, error: Error) -> RejectedHead {
        // After an incomplete response the received octets belong to another request.
        let is_own = !matches!(error, Error::IncompleteResponse) && self.peer_error.is_none();
        let octets = if is_own { self.received.filled().trim_ascii_start() } else { &[] };
        let line =
            octets.split(|&octet| octet == b'\n').next().unwrap_or_default().trim_ascii_end();
        let (shown, rest) = line.split_at_checked(LINE_SHOWN).unwrap_or((line, b""));
        let shown = dump(shown).on_one_line().to_string().replace('"', "\\\"");
        let line = match (line, rest) {
            ([], _) => String::new(),
            (_, []) => format!("\"{shown}\""),
            _ => format!("\"{shown}\"..."),
        };
        let reason = match &error {
            Error::Peer(PeerError::Parse(error)) => format!("{error}: {}", error.hint_in(octets)),
            error => error.to_string(),
        };
        let error = self.reject(error, &reason);
        RejectedHead { error, reason, line, status: self.responded }
    }

    /// Sends the error's status with this reason, if possible, and then nothing more. Closing the
    /// connection discards what the client still sends. Returns the error.
    fn reject(&mut self, error: Error, reason: &str) -> Error {
        let status = match &error {
            Error::Peer(peer_error) => peer_error.status(),
            _ => Status::INTERNAL_SERVER_ERROR,
        };
        self.reject_with(status, reason);
        error
    }

    /// Sends this status with this reason, if possible, and then nothing more.
    fn reject_with(&mut self, status: Status, reason: &str) {
        // A client needs no details of this server's own errors, or of servers behind it.
        let is_of_client = !matches!(status.code(), 500 | 502 | 504);
        let reason = if is_of_client { reason } else { status.reason() };
        let (date, body) = (self.date(), format!("{reason}\n"));
        let rejected = self.write(|connection, out| {
            to!(out, |out| {
                dated(connection.reject(status, out)?, &date)?
                    .field(FieldName::CONTENT_TYPE, TEXT)?
                    .body(body.as_bytes())
            })
        });
        if rejected.and_then(|()| self.close_write()).is_ok() {
            self.responded = Some(status);
        }
    }

    /// Returns the current date on a connection of a [`Server`](crate::Server), else `None`.
    pub(crate) fn date(&self) -> Option<Date> {
        self.slice.as_ref().map(|_| Date::now())
    }

    /// Ends the connection after a complete response.
    ///
    /// Closes at once if the request was announced as the last, nothing more has arrived, and
    /// little was sent. In other cases, late octets from the client would cause a reset, which can
    /// destroy a response in transit: [`close`](Wire::close) lingers then.
    pub(crate) fn close_after_last(&mut self) -> Result<(), Error> {
        self.close_write()?;
        if self.is_last
            && self.has_sent_little()
            && matches!(self.look(), Ok(true))
            && !self.has_more()
        {
            self.drop_transport();
        }
        Ok(())
    }

    /// Rejects a request that has no response yet, because of this error of its handler if the
    /// peer has made no mistake. Fails when the response is missing or incomplete.
    pub(crate) fn reject_without_response(&mut self, handled: Option<&Error>) -> Result<(), Error> {
        match self.connection.state() {
            ServerState::Body | ServerState::SendResponse | ServerState::Reject
                if self.is_open() =>
            {
                let error = self.incomplete_response();
                match handled.and_then(Error::peer_error) {
                    Some(handled) if self.peer_error.is_none() => {
                        // The timeout is that of another connection [RFC 9110 section 15.6.5].
                        let status = match handled {
                            PeerError::TimedOut { .. } => Status::GATEWAY_TIMEOUT,
                            handled => handled.status(),
                        };
                        self.reject_with(status, &handled.to_string());
                        Err(error)
                    }
                    _ => {
                        let reason = error.to_string();
                        Err(self.reject(error, &reason))
                    }
                }
            }
            // A response that is cut short cannot be replaced.
            ServerState::SendBody => Err(self.incomplete_response()),
            _ => Ok(()),
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
            wire.close();
        });
        let _ = panics::catch(|| wire.drop_transport());
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
    use crate::server::panics;
    use crate::settings::Settings;
    use crate::wire::control::{Notice, TimeSlice};
    use crate::wire::transport::{Control, Transport, Untimed};
    use bareline_core::{FieldName, FieldValue, Status};
    use std::cell::RefCell;
    use std::io::{self, Read, Write};
    use std::net::UdpSocket;
    use std::rc::Rc;
    use std::sync::Arc;
    use std::time::Duration;

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
        let slice = TimeSlice::new(Arc::clone(notice), 100);
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
