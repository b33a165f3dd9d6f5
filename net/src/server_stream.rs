//! The server's end of a connection.

use crate::acceptor::{Accepted, Peer};
use crate::body::RequestBody;
use crate::date::Date;
use crate::deadline::Deadline;
use crate::error::{Error, PeerError, Wait};
use crate::notice::Turn;
use crate::received::HeadOctets;
use crate::responder::Responder;
use crate::settings::Settings;
use crate::transport::Transport;
use crate::wire::{Wire, to};
use bareline_core::{
    Event, FieldName, FieldSpans, FieldValue, RequestHead, RequestParts, ResponseHeadWriter,
    ServerConnection, ServerState, Status, WriteError, dump,
};
use std::cell::{RefCell, RefMut};
use std::fmt;
use std::net::{SocketAddr, TcpStream};

/// The server's end of a connection: reads requests, one after the other, and has them answered.
///
/// What is ready is sent in one write when nothing more has come to be answered; the answers to
/// requests that came together go out together, so that the first waits for the last. The
/// connection is closed when it is dropped, in stages, so that no response is lost to a reset: that
/// waits for the peer to close too, within [`Settings::linger_timeout`] and its like [RFC 9112
/// section 9.6].
///
/// ```
/// use bareline_core::Status;
/// use bareline_net::{Error, Exchange, ServerStream};
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
    wire: RefCell<ServerWire<S>>,
    /// The octets of the head that is being answered.
    head: HeadOctets,
    spans: FieldSpans<FIELDS>,
    peer: Option<SocketAddr>,
}

pub(crate) type ServerWire<S> = Wire<S, ServerConnection>;

const FIELDS: usize = 128;
/// The most octets that the log shows of the request line of a rejected request.
const LINE_SHOWN: usize = 100;
const TEXT: FieldValue<'_> = FieldValue::from_static("text/plain; charset=utf-8");

/// A request and its answer: the head can be read while the body comes and the answer goes.
///
/// A response does not go ahead of its request: what is left of the body when the response begins
/// is discarded, as far as it comes within 100 ms and [`Limits::drain`](bareline_core::Limits).
/// When that is not all of it, the response says `Connection: close` and is the last one on the
/// connection [RFC 9112 section 9.3]. For a response that streams while the body is read see
/// [`Responder::while_reading`].
///
/// ```
/// use bareline_core::{FieldName, Status};
/// use bareline_net::{Error, Exchange};
/// use std::io::Read;
///
/// /// Responds with the `User-Agent` and the first octets of the body.
/// fn respond(Exchange { head, mut body, responder, .. }: Exchange<'_>) -> Result<(), Error> {
///     let agent = head.fields().only(FieldName::USER_AGENT).ok().flatten();
///     let agent = agent.map_or("nobody", |agent| agent.as_str().unwrap_or("?"));
///     let mut text = agent.as_bytes().to_vec();
///     body.by_ref().take(100).read_to_end(&mut text)?;
///     responder.send(Status::OK, &[], &text)
/// }
/// ```
#[derive(Debug)]
pub struct Exchange<'s, S: Transport = TcpStream> {
    /// Where the request comes from, where that has an address.
    pub peer: Option<SocketAddr>,
    /// The head of the request.
    pub head: RequestHead<'s>,
    /// Its body.
    pub body: RequestBody<'s, S>,
    /// What answers it.
    pub responder: Responder<'s, S>,
}

impl<S: Transport> ServerStream<S> {
    /// On an accepted connection, with the default [`Settings`].
    pub fn new(transport: S) -> Self {
        Self::with_settings(transport, Settings::default())
    }

    /// On an accepted connection, with these settings.
    pub fn with_settings(transport: S, settings: Settings) -> Self {
        let peer = transport.peer_addr();
        Self::on(Accepted { stream: transport, peer }, settings)
    }

    fn on(Accepted { stream, peer }: Accepted<S>, settings: Settings) -> Self {
        let connection = ServerConnection::new(settings.limits_of_a_message());
        let wire = RefCell::new(Wire::new(stream, connection, settings));
        Self { wire, head: HeadOctets::default(), spans: FieldSpans::new(), peer }
    }

    /// The same, on a connection of a server.
    pub(crate) fn with_turn(accepted: Accepted<S>, settings: Settings, turn: Turn) -> Self {
        let mut stream = Self::on(accepted, settings);
        stream.wire.get_mut().turn = Some(turn);
        stream
    }

    /// The address of the peer, where it has one.
    pub const fn peer_addr(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// Waits for the next request and reads its head; `None` when there is none to come.
    ///
    /// A request that is none, too large or too slow is refused here, with the status of the
    /// [`PeerError`] and one line of text, and the connection closed; the error is for the log.
    /// So is a fault of the body that the caller has met and not answered. A request that the
    /// caller has not answered is answered with 500, and the connection closed: that is
    /// [`Error::IncompleteResponse`].
    pub fn next_request(&mut self) -> Result<Option<Exchange<'_, S>>, Error> {
        self.next_or_rejected().map_err(|rejected| rejected.error)
    }

    /// Waits as `next_request` does. Fails with what the log says of a request that is rejected.
    pub(crate) fn next_or_rejected(&mut self) -> Result<Option<Exchange<'_, S>>, RejectedHead> {
        let wire = self.wire.get_mut();
        let received = wire.next_head(&mut self.head, &mut self.spans);
        if let (Err(Error::Io(error)), ServerState::Idle) = (&received, wire.connection.state()) {
            log::debug!("{}: idle connection: {error}", Peer(self.peer));
            return Ok(None);
        }
        let Some(parts) = received.map_err(|error| wire.reject_head(error))? else {
            return Ok(None);
        };
        let wire = &self.wire;
        let head = parts.over(self.head.filled(), &self.spans);
        Ok(Some(Exchange {
            peer: self.peer,
            head,
            body: RequestBody::new(wire),
            responder: Responder::new(wire, head.version()),
        }))
    }

    /// Gives the transport back, with the octets that have come and are not the request's, when it
    /// belongs to another protocol: after a 101, or a 2xx to CONNECT [RFC 9110 sections 7.8 and
    /// 9.3.6]. Fails with [`Error::Closed`] when it does not.
    pub fn into_upgraded(mut self) -> Result<(S, Vec<u8>), Error> {
        let wire = self.wire.get_mut();
        wire.next_message();
        match wire.connection.state() {
            ServerState::Upgraded => wire.take_upgraded(),
            _ => Err(Error::Closed),
        }
    }
}

/// A request that was rejected before a handler got it.
pub(crate) struct RejectedHead {
    error: Error,
    /// Why, with what stands in the request.
    reason: String,
    /// The request line, as far as it came, fit to be shown.
    line: String,
    /// The status that it was answered with, if that could be sent.
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

/// How long may be waited between two exchanges.
struct Deadlines {
    idle: Deadline,
    head: Deadline,
}

impl Deadlines {
    fn new(settings: &Settings) -> Self {
        Self {
            idle: Deadline::new(Wait::Idle, settings.idle_timeout),
            head: Deadline::new(Wait::Head, settings.head_timeout),
        }
    }
}

/// The wire, unless a caller has it who is asked for something else in between.
pub(crate) fn in_turn<S>(
    wire: &RefCell<ServerWire<S>>,
) -> Result<RefMut<'_, ServerWire<S>>, Error> {
    wire.try_borrow_mut().map_err(|_| WriteError::OutOfTurn.into())
}

/// With the date, where there is one.
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
    /// Ends the exchange before, and puts the octets of the next head where they stay.
    fn next_head(
        &mut self,
        head: &mut HeadOctets,
        spans: &mut FieldSpans<FIELDS>,
    ) -> Result<Option<RequestParts>, Error> {
        self.next_message();
        head.forget();
        let mut deadlines = Deadlines::new(&self.settings);
        while self.is_open() {
            match self.connection.state() {
                ServerState::Idle | ServerState::Head => {
                    if let Some(parts) = self.receive(head, spans, &mut deadlines)? {
                        self.turn.iter_mut().for_each(Turn::count_request);
                        self.is_last = self.connection.will_close()
                            && self.connection.state() == ServerState::SendResponse;
                        return Ok(Some(parts));
                    }
                }
                ServerState::Done => _ = self.connection.next_request(),
                ServerState::Upgraded => return self.flush().map(|()| None),
                ServerState::Close => self.close(),
                ServerState::Body
                | ServerState::SendResponse
                | ServerState::SendBody
                | ServerState::Reject => {
                    return Err(self.incomplete_response());
                }
            }
        }
        Ok(None)
    }

    /// Takes one step: an event, or more octets.
    fn receive(
        &mut self,
        octets: &mut HeadOctets,
        spans: &mut FieldSpans<FIELDS>,
        deadlines: &mut Deadlines,
    ) -> Result<Option<RequestParts>, Error> {
        let received = self.connection.receive(self.received.filled(), spans.lend());
        let (used, event) =
            received.map_err(|error| Error::of_request(error, self.received.filled()))?;
        let (mut parts, mut is_starved) = (None, false);
        match event {
            Event::Head(head) => {
                octets.set(self.received.filled().get(..used).unwrap_or_default());
                parts = Some(head.parts());
            }
            event => is_starved = matches!(event, Event::NeedMore),
        }
        self.received.consume(used);
        if is_starved {
            let deadline = match self.connection.state() {
                ServerState::Idle => {
                    self.received.give_back();
                    &mut deadlines.idle
                }
                _ => &mut deadlines.head,
            };
            match self.fill(deadline) {
                // Nothing has been asked: there is nothing to refuse.
                Err(Error::Peer(PeerError::TooSlow { wait: Wait::Idle, .. })) => self.close_idle(),
                filled => filled?,
            }
        }
        Ok(parts)
    }

    /// Why there is no answer: the peer's fault, or the caller's.
    fn incomplete_response(&self) -> Error {
        self.fault.map_or(Error::IncompleteResponse, Error::Peer)
    }

    /// Rejects the request whose head is being received.
    fn reject_head(&mut self, error: Error) -> RejectedHead {
        // Behind a request without a whole response stand other octets than its own.
        let is_own = !matches!(error, Error::IncompleteResponse) && self.fault.is_none();
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
            Error::Peer(PeerError::Parse(fault)) => format!("{fault}: {}", fault.hint_in(octets)),
            error => error.to_string(),
        };
        let error = self.reject(error, &reason);
        RejectedHead { error, reason, line, status: self.responded }
    }

    /// Responds with the status of the error and this reason, as far as that can be done, and sends
    /// nothing more; what the client still sends is read when the connection is closed. Returns the
    /// error.
    fn reject(&mut self, error: Error, reason: &str) -> Error {
        let (status, reason) = match &error {
            Error::Peer(fault) => (fault.status(), reason),
            _ => (Status::INTERNAL_SERVER_ERROR, Status::INTERNAL_SERVER_ERROR.reason()),
        };
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
        error
    }

    /// What the date is, on the connections of a server.
    pub(crate) fn date(&self) -> Option<Date> {
        self.turn.as_ref().map(|_| Date::now())
    }

    /// Ends the connection behind a whole answer: at once when nothing is to come, nothing has
    /// come, and the answer is small; for what comes all the same would be answered with a
    /// reset, which may take an answer away that is still under way. Else what the client sends is
    /// still taken when the connection is closed.
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

    /// Refuses a request that has got no answer. Fails when there is none, or not a whole one.
    pub(crate) fn reject_without_response(&mut self) -> Result<(), Error> {
        match self.connection.state() {
            ServerState::Body | ServerState::SendResponse | ServerState::Reject
                if self.is_open() =>
            {
                let error = self.incomplete_response();
                let reason = error.to_string();
                Err(self.reject(error, &reason))
            }
            // The response is cut short: nothing else can be said.
            ServerState::SendBody => Err(self.incomplete_response()),
            _ => Ok(()),
        }
    }
}

impl<S: Transport> Drop for ServerStream<S> {
    fn drop(&mut self) {
        // Closing may take a while.
        self.head.forget();
        let wire = self.wire.get_mut();
        let _ = wire.reject_without_response();
        wire.close();
    }
}

impl<S: Transport> fmt::Debug for ServerStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerStream")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::{Exchange, ServerStream};
    use crate::acceptor::Accepted;
    use crate::notice::{Notice, Turn};
    use crate::settings::Settings;
    use crate::transport::Transport;
    use bareline_core::{FieldName, FieldValue, Status};
    use std::cell::RefCell;
    use std::io::{self, Read, Write};
    use std::net::UdpSocket;
    use std::rc::Rc;
    use std::sync::Arc;
    use std::time::Duration;

    /// A peer that says something, and then nothing more.
    struct Silent {
        says: &'static [u8],
        /// Nothing comes to it.
        socket: UdpSocket,
        is_nonblocking: bool,
        timeout: Duration,
        /// The time of each wait for it.
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
        fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
            self.timeout = timeout.unwrap();
            self.socket.set_read_timeout(timeout)
        }

        fn set_write_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
            Ok(())
        }

        fn set_nonblocking(&mut self, is_nonblocking: bool) -> io::Result<()> {
            self.is_nonblocking = is_nonblocking;
            self.socket.set_nonblocking(is_nonblocking)
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
        let turn = Turn::new(Arc::clone(notice), 100);
        (ServerStream::with_turn(Accepted { stream, peer: None }, Settings::default(), turn), waits)
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
        // Head and body do not fit together: the head is begun twice.
        let value = FieldValue::new(&[b'x'; 62_000]).unwrap();
        responder.send(Status::OK, &[(FieldName::from_static("X"), value)], &[b'y'; 4000]).unwrap();
        let waited: Duration = waits.borrow().iter().sum();
        // The last waits are of a millisecond at least, whatever is left.
        assert!(!waited.is_zero() && waited <= Duration::from_millis(105), "{waits:?}");
    }
}
