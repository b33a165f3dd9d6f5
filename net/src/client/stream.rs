//! One connection of a client.

use crate::client::body::ResponseBody;
use crate::client::connect::connect_to_one;
use crate::client::origin::{Origin, Scheme};
use crate::client::steps::{ClientSteps, ClientWire, FIELDS, Head};
use crate::client::upload::{PIECE, Upload, Uploaded, read_while_sending};
use crate::error::{Error, PeerError, Wait};
use crate::settings::Settings;
use crate::wire::deadline::Deadline;
use crate::wire::send_buf::to;
use crate::wire::trailers::Trailers;
use crate::wire::transport::Transport;
use crate::wire::upgraded::Upgraded;
use crate::wire::{Buffers, GATHERED, Moved, Step, Wire};
use bareline_core::body::{BodyDecoder, Decoded, Framing};
use bareline_core::connection::{ClientState, RequestHeadWriter};
use bareline_core::error::WriteError;
use bareline_core::write::TrailerField;
use bareline_core::{Event, FieldName, FieldSpans, FieldValue, Method, ResponseHead, Target};
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

/// A client's end of one connection, which sends requests one after the other and reads their
/// responses.
///
/// [`Client`](crate::Client) is a client of many servers, with a pool of connections.
///
/// ```no_run
/// use bareline_net::{ClientStream, Method, Target};
/// use std::io;
///
/// let mut client = ClientStream::connect("localhost:8080")?;
/// for path in ["/", "/echo"] {
///     let response = client.request(Method::GET, Target::new(path)?, &[], b"")?;
///     println!("{}: {}", path, response.head.status());
///     print!("{}", io::read_to_string(response.body)?);
/// }
/// # Ok::<(), bareline_net::Error>(())
/// ```
pub struct ClientStream<S: Transport = TcpStream> {
    wire: ClientWire<S>,
    authority: String,
    peer: Option<SocketAddr>,
    spans: Box<FieldSpans<FIELDS>>,
    /// The head of the last response.
    head: Option<Box<Head>>,
    /// The rest of the last request's body.
    upload: Option<Box<Upload<'static>>>,
}

/// A response on a [`ClientStream`]: its head, and its body as it arrives.
///
/// The next request reads and discards the rest of the body, up to
/// [`Limits::drain`](bareline_core::head::Limits). After a longer rest the connection carries no
/// more requests.
///
/// ```
/// use bareline_net::{ClientStream, Method, Response, Status, Target};
/// use std::io;
/// # use bareline_net::Server;
/// # let server = Server::bind("127.0.0.1:0")?;
/// # let address = server.local_addr()?.to_string();
/// # std::thread::spawn(|| {
/// #     server.serve(|exchange| exchange.responder.send(Status::NOT_FOUND, &[], b"no"))
/// # });
///
/// let mut client = ClientStream::connect(&address)?;
/// let Response { head, body, .. } = client.request(Method::GET, Target::ROOT, &[], b"")?;
/// assert_eq!(head.status(), Status::NOT_FOUND);
/// assert_eq!(io::read_to_string(body)?, "no");
/// # Ok::<(), bareline_net::Error>(())
/// ```
#[non_exhaustive]
pub struct Response<'c, S: Transport = TcpStream> {
    /// The head of the response: a final one or a 101.
    pub head: ResponseHead<'c>,
    /// The body.
    #[doc(alias = "content")]
    pub body: ResponseBody<'c, S>,
}

// A transport need not be `Debug`.
impl<S: Transport> fmt::Debug for Response<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { head, body } = self;
        f.debug_struct("Response").field("head", head).field("body", body).finish()
    }
}

impl ClientStream {
    /// Connects to `host:port` with the default [`Settings`].
    ///
    /// The addresses of the host are tried in turn until one accepts the connection, IPv6 and IPv4
    /// alternately. After 250 ms the next one is tried too, beside those before [RFC 8305].
    pub fn connect(authority: &str) -> Result<Self, Error> {
        Self::connect_with_settings(authority, Settings::new())
    }

    /// Connects to `host:port` with these settings. The zone of an IPv6 address is the number of an
    /// interface, and not sent.
    pub fn connect_with_settings(authority: &str, settings: Settings) -> Result<Self, Error> {
        let addresses = authority.to_socket_addrs().map_err(|error| match authority.find('%') {
            None => Error::of_address(error),
            Some(_) => Error::Io(io::Error::new(error.kind(), format!("{error}: {NUMBER}"))),
        })?;
        let (stream, _) = connect_to_one(addresses, settings.connect_timeout, Deadline::NEVER)?;
        let host = Origin::new(Scheme::Http, authority).host_field();
        Ok(Self::with_settings(stream, &host, settings))
    }
}

/// The remedy for a zone that std does not parse.
const NUMBER: &str = "write the number of the interface as the zone of an IPv6 address, such as \
                      [fe80::1%2]:80";

/// The most time that a client waits for a response after its request could not be sent.
const ARRIVED: Duration = Duration::from_secs(1);

impl<S: Transport> ClientStream<S> {
    /// Wraps a connection to a server with the default [`Settings`].
    ///
    /// `authority` is `host` or `host:port`, and the value of `Host`: see [`begin`](Self::begin).
    pub fn new(transport: S, authority: &str) -> Self {
        Self::with_settings(transport, authority, Settings::new())
    }

    /// Wraps a connection to a server with these settings: see [`new`](Self::new).
    pub fn with_settings(mut transport: S, authority: &str, settings: Settings) -> Self {
        let peer = transport.control().peer_addr();
        let mut wire = Wire::new(transport, ClientSteps::new(settings), &settings);
        wire.prepare();
        Self {
            wire,
            authority: authority.to_owned(),
            peer,
            spans: Box::default(),
            head: None,
            upload: None,
        }
    }

    /// Sends a request with these fields and this body, and reads the head of the response.
    ///
    /// `Host` is added as the first field: see [`begin`](Self::begin). `Content-Length` is added if
    /// there is a body or the method expects one. Interim responses are skipped. For a response
    /// that arrives before the end of the request, see [Limits](crate#limits).
    pub fn request(
        &mut self,
        method: Method<'_>,
        target: Target<'_>,
        fields: &[(FieldName<'_>, FieldValue<'_>)],
        body: &[u8],
    ) -> Result<Response<'_, S>, Error> {
        let is_sent_at_once = self.is_sent_at_once(body);
        let mut writer = self.begin(method, target, |head| match head.fields(fields)? {
            head if body.is_empty() => head.without_body(),
            head => head.length(body.len() as u64),
        })?;
        if is_sent_at_once {
            writer.write_all(body)?;
            return writer.finish();
        }
        let sent = writer.exchange(Upload::new(Box::new(body)))?;
        let upload = sent.upload.map(|upload| upload.into_owned().map(Box::new)).transpose()?;
        Ok(Sent { upload, ..sent }.response())
    }

    /// Begins a request whose head `write` writes, with any fields, framing and version.
    ///
    /// `Host` is written first: the authority of the target if it has one, as in CONNECT or in a
    /// request to a proxy, or else that of the stream [RFC 9112 section 3.2]. `write` is called
    /// again with a larger buffer if the head does not fit. The head, and a body that is written
    /// with it, are at most 65,535 octets.
    ///
    /// Fails with [`Error::Closed`] if the connection carries no more requests. Nothing is sent in
    /// this case, so another connection can send the request.
    pub fn begin(
        &mut self,
        method: Method<'_>,
        target: Target<'_>,
        write: impl Fn(RequestHeadWriter<'_>) -> Result<(), WriteError>,
    ) -> Result<RequestWriter<'_, S>, Error> {
        let timeout = self.wire.role().settings.exchange_timeout;
        let until = Deadline::new(Wait::Exchange, timeout, self.wire.now());
        self.begin_within(until, None, method, target, write)
    }

    /// Sets the timeouts and limits of the next exchange and of later ones.
    pub(crate) fn set_settings(&mut self, settings: Settings) {
        self.wire.set_write_timeout(&settings);
        let steps = self.wire.role_mut();
        steps.connection.set_limits(settings.limits);
        steps.settings = settings;
    }

    /// Begins a request as [`begin`](Self::begin) does, with this limit in time of the exchange,
    /// and this `Host` if there is one.
    pub(crate) fn begin_within(
        &mut self,
        until: Deadline,
        host: Option<FieldValue<'_>>,
        method: Method<'_>,
        target: Target<'_>,
        write: impl Fn(RequestHeadWriter<'_>) -> Result<(), WriteError>,
    ) -> Result<RequestWriter<'_, S>, Error> {
        self.wire.role_mut().exchange_until = until;
        self.finish_exchange()?;
        let authority = target.authority().unwrap_or(&self.authority);
        let host = host.map_or_else(|| FieldValue::new(authority), Ok)?;
        self.wire.write(|steps, out| {
            to!(out, |out| write(
                steps.connection.request(method, target, out)?.field(FieldName::HOST, host)?
            ))
        })?;
        let progress = match self.wire.role().state() {
            // `write` has not ended the head.
            ClientState::Idle => return Err(WriteError::HeadNotEnded.into()),
            ClientState::Head => Progress::Whole,
            ClientState::Continue => Progress::Expecting,
            _ => Progress::Body,
        };
        let is_head = method == Method::HEAD;
        Ok(RequestWriter { client: self, is_head, progress, early: None, written: 0 })
    }

    /// Returns whether a body is sent before the response is read: one that is short, or any on a
    /// transport that cannot send and receive by turns.
    pub(crate) fn is_sent_at_once(&mut self, body: &[u8]) -> bool {
        body.len() <= PIECE || !self.wire.take_turns()
    }

    /// Returns whether the connection seems to carry another request.
    ///
    /// The next request may still fail: the rest of the previous response may be too long, or the
    /// server may have closed the connection.
    pub fn is_open(&self) -> bool {
        let is_next = matches!(self.wire.role().state(), ClientState::Idle | ClientState::Body);
        self.wire.is_open() && is_next
    }

    /// Returns the address of the peer; `None` if the transport has no addresses.
    pub const fn peer_addr(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// Returns whether the connection has switched to another protocol, by a 101 or a 2xx to
    /// CONNECT [RFC 9110 sections 7.8 and 9.3.6].
    pub fn is_upgraded(&self) -> bool {
        self.wire.role().state() == ClientState::Upgraded
    }

    /// Returns the transport for another protocol, and the octets that were received after the
    /// head.
    ///
    /// Fails with [`Error::NotUpgraded`] without a switch, and closes the connection: see
    /// [`is_upgraded`](Self::is_upgraded).
    #[doc(alias = "WebSocket")]
    pub fn into_upgraded(mut self) -> Result<Upgraded<S>, Error> {
        match self.wire.role().state() {
            ClientState::Upgraded => self.wire.take_upgraded(),
            _ => Err(Error::NotUpgraded),
        }
    }

    /// Returns whether this error is a close by the server before the first octet of the response.
    ///
    /// The server may have closed an idle connection without seeing the request [RFC 9112 section
    /// 9.3.1].
    pub(crate) fn has_no_response(&self, error: &Error) -> bool {
        let is_closed = match error {
            Error::Peer(PeerError::NoResponse) | Error::Closed => true,
            Error::Io(error) => matches!(
                error.kind(),
                io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::BrokenPipe
                    // The end of the octets of TLS without the alert that ends it.
                    | io::ErrorKind::UnexpectedEof
            ),
            _ => false,
        };
        is_closed && self.wire.role().is_unanswered(self.wire.received())
    }

    /// Reads octets of the response's body, as [`ResponseBody`] does.
    pub(crate) fn read_body(
        &mut self,
        buffer: &mut [u8],
        trailers: &mut Trailers,
        upload: &mut Option<Box<Upload<'_>>>,
    ) -> Result<usize, Error> {
        read_while_sending(&mut self.wire, upload, buffer, trailers)
    }

    /// Returns whether the exchange is complete: the request is sent and the response is read.
    pub(crate) fn is_over(&self) -> bool {
        self.wire.role().state() == ClientState::Idle
    }

    /// Discards the arrived octets of the response's body.
    ///
    /// Returns whether another request can follow at once: the exchange is complete, and no more
    /// octets have arrived.
    pub(crate) fn settle(&mut self) -> bool {
        self.wire.next_message();
        let now = self.wire.now();
        let (steps, buffers) = self.wire.parts();
        let drained = steps.drain(buffers, Deadline::NEVER, &mut || now);
        let is_over = matches!(drained, Ok(Step::Ready(()))) && self.is_over();
        is_over && self.wire.is_open() && !self.wire.has_more()
    }

    /// Ends the previous exchange.
    fn finish_exchange(&mut self) -> Result<(), Error> {
        self.wire.next_message();
        (self.head, self.upload) = (None, None);
        if self.wire.role().state() == ClientState::Body {
            self.drain().inspect_err(|_| _ = self.wire.role_mut().connection.on_overflow())?;
        }
        if self.wire.role().state() != ClientState::Idle || !self.wire.is_open() {
            return Err(Error::Closed);
        }
        if self.wire.produced() > 0 {
            // An unsolicited response would be taken for that to the next request.
            self.wire.look()?;
        }
        // The connection rejects octets that arrived before the request as unsolicited, once it has
        // returned the end of the previous response.
        let (steps, Buffers { received, .. }) = self.wire.parts();
        while let Event::End = steps
            .connection
            .receive(received.filled_mut(), self.spans.lend())
            .map_err(|error| Error::of_response(error, &[]))?
            .event
        {}
        Ok(())
    }

    /// Reads and discards the rest of the previous response, up to `Limits::drain`.
    fn drain(&mut self) -> Result<(), Error> {
        let until =
            Deadline::new(Wait::Body, self.wire.role().settings.body_timeout, self.wire.now());
        self.wire.run(|steps, buffers, now| steps.drain(buffers, until, now))
    }

    /// Waits for the head of the response, and until this timeout for its first octet.
    fn receive_head(&mut self, timeout: Duration) -> Result<Box<Head>, Error> {
        let until = Deadline::new(Wait::Response, timeout, self.wire.now());
        self.wire.role_mut().await_response(until);
        let Self { wire, spans, .. } = self;
        let head = wire.run(|steps, buffers, now| steps.step(buffers, spans, now));
        head.map_err(|error| self.or_no_response(error))
    }

    /// Waits for a 100 until `continue_timeout`. Returns the head of a final response, if one comes
    /// instead.
    fn await_continue(&mut self) -> Result<Option<Box<Head>>, Error> {
        let timeout = self.wire.role().settings.continue_timeout;
        let mut began = None;
        let Self { wire, spans, .. } = self;
        let head = wire.run(|steps, buffers, now| {
            Ok(match steps.step(buffers, spans, now)? {
                Step::Ready(head) => Step::Ready(Some(head)),
                _ if steps.state() != ClientState::Continue => Step::Ready(None),
                Step::WantWrite { until } => Step::WantWrite { until },
                Step::WantRead { .. } | Step::Linger { .. } => {
                    let until = Deadline::new(Wait::Response, timeout, now());
                    Step::WantRead { until: until.begin(&mut began) }
                }
            })
        });
        match head {
            Err(Error::Peer(PeerError::TimedOut { wait: Wait::Response, .. })) => Ok(None),
            head => head.map_err(|error| self.or_no_response(error)),
        }
    }

    /// Returns the error, or `NoResponse` if the server closed before it sent an octet.
    fn or_no_response(&self, error: Error) -> Error {
        match error {
            Error::Peer(PeerError::TruncatedResponse)
                if self.wire.role().is_unanswered(self.wire.received()) =>
            {
                PeerError::NoResponse.into()
            }
            error => error,
        }
    }
}

impl<S: Transport> fmt::Debug for ClientStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientStream({})", self.authority)
    }
}

/// A writer for the body of a request. It buffers small writes, and sends large ones without a
/// copy.
///
/// With `Expect: 100-continue` the first write waits for the 100 until
/// [`Settings::continue_timeout`]. After a final response in place of the 100, or a failed send,
/// written octets are discarded, and [`finish`](Self::finish) returns the response or the error. A
/// close of the server ends the request too; a response that is complete stands. For a response
/// that arrives before the end of the request, see [Limits](crate#limits).
///
/// ```
/// use bareline_net::{ClientStream, Method, Target};
/// use std::io::{self, Write};
/// # use bareline_net::{Server, Status};
/// # let server = Server::bind("127.0.0.1:0")?;
/// # let address = server.local_addr()?.to_string();
/// # std::thread::spawn(|| server.serve(|mut exchange| {
/// #     let body = io::read_to_string(&mut exchange.body)?;
/// #     exchange.responder.send(Status::OK, &[], body.as_bytes())
/// # }));
///
/// let mut client = ClientStream::connect(&address)?;
/// let mut request =
///     client.begin(Method::PUT, Target::new("/echo")?, |head| head.chunked())?;
/// for number in 0..3 {
///     write!(request, "{number}, ")?;
/// }
/// let response = request.finish()?;
/// assert_eq!(io::read_to_string(response.body)?, "0, 1, 2, ");
/// # Ok::<(), bareline_net::Error>(())
/// ```
#[doc(alias = "100-continue")]
#[must_use = "a request is complete after `finish`"]
pub struct RequestWriter<'c, S: Transport = TcpStream> {
    client: &'c mut ClientStream<S>,
    /// The method is HEAD: the response has no body.
    is_head: bool,
    progress: Progress,
    /// A response that has begun while the server reads the request.
    early: Option<Early>,
    /// The number of octets of the body that the caller has written.
    written: usize,
}

/// A response that has begun before the end of its request.
struct Early {
    head: Box<Head>,
    /// Finds the end of the body in the received octets, which the caller reads later.
    body: BodyDecoder,
    /// The number of received octets in which the decoder has looked.
    seen: usize,
}

impl Early {
    /// Looks in these octets, which are received and not read. Returns whether new ones belong to
    /// the body.
    fn look(&mut self, received: &[u8]) -> bool {
        let before = self.seen;
        while let Some(unseen @ [_, ..]) = received.get(self.seen..)
            && let Ok(Decoded { used: used @ 1.., .. }) = self.body.content(unseen)
        {
            self.seen = self.seen.saturating_add(used);
        }
        self.seen > before
    }
}

/// A request that is sent, or whose response has begun before.
pub(crate) struct Sent<'c, 'b, S: Transport> {
    pub(crate) client: &'c mut ClientStream<S>,
    pub(crate) head: Box<Head>,
    /// The rest of the request's body.
    pub(crate) upload: Option<Box<Upload<'b>>>,
}

impl<'c, S: Transport> Sent<'c, 'static, S> {
    fn response(self) -> Response<'c, S> {
        let Self { client, head, upload } = self;
        client.upload = upload;
        let ClientStream { wire, head: place, upload, .. } = client;
        Response { head: place.insert(head).head(), body: ResponseBody::new(wire, upload) }
    }
}

/// The progress of a request.
enum Progress {
    /// The head is the complete request, or includes the body.
    Whole,
    /// The body waits for a 100.
    Expecting,
    /// The body is being written.
    Body,
    /// The server has responded.
    Responded(Box<Head>),
    /// The request could not be sent. The server may have responded.
    Failed(Error),
}

impl<'c, S: Transport> RequestWriter<'c, S> {
    /// Returns whether the request is over before its end: the server has rejected it, has
    /// responded in place of the 100, or has closed, or a send has failed. Further writes are
    /// discarded.
    pub const fn is_ended_early(&self) -> bool {
        matches!(self.progress, Progress::Responded(_) | Progress::Failed(_))
    }

    /// Returns the octets that the next write sends: the head, if no body is written yet.
    pub(crate) fn ready(&self) -> &[u8] {
        self.client.wire.ready()
    }

    /// Ends the request, and reads the head of the response.
    ///
    /// Fails with [`WriteError::BodyLength`] if the body has fewer octets than its length.
    pub fn finish(self) -> Result<Response<'c, S>, Error> {
        self.finish_with(&[])
    }

    /// Ends the request with these trailers, and reads the head of the response.
    ///
    /// Fails with [`WriteError::TrailersNeedChunked`] if the body is not chunked.
    pub fn finish_with(self, trailers: &[TrailerField<'_>]) -> Result<Response<'c, S>, Error> {
        Ok(self.finish_into_head(trailers)?.response())
    }

    /// Sends the octets of a reader as the rest of the body, ends the request, and reads the head
    /// of the response.
    ///
    /// A server may stream its response while it reads the request. Then this call returns once
    /// 128 KB of the response have arrived, and a read of the response's body sends more of the
    /// request. After the end of the response, a last read sends the rest.
    ///
    /// A response that is no success ends the request early. A failed read of `body` is an error of
    /// this call, or later of a read of the response.
    ///
    /// ```no_run
    /// use bareline_net::{ClientStream, Method, Target};
    /// use std::fs::File;
    /// use std::io;
    ///
    /// let mut client = ClientStream::connect("localhost:8080")?;
    /// let request = client.begin(Method::POST, Target::new("/echo")?, |head| head.chunked())?;
    /// let mut response = request.send_reader(File::open("notes.txt")?)?;
    /// io::copy(&mut response.body, &mut io::stdout())?;
    /// # Ok::<(), bareline_net::Error>(())
    /// ```
    pub fn send_reader(self, body: impl Read + Send + 'static) -> Result<Response<'c, S>, Error> {
        Ok(self.exchange(Upload::new(Box::new(body)))?.response())
    }

    /// Sends the rest of the body, until it ends or the response has to be read first.
    pub(crate) fn exchange<'b>(mut self, mut upload: Upload<'b>) -> Result<Sent<'c, 'b, S>, Error> {
        // The octets that are gathered come first. This waits for a 100.
        self.send(|wire, _| wire.frame_gathered())?;
        if matches!(self.progress, Progress::Body) && self.client.wire.take_turns() {
            self.upload(&mut upload)?;
            if !self.is_ended_early() {
                if self.is_behind()
                    && let Some(Early { head, .. }) = self.early
                {
                    let upload = Some(Box::new(upload));
                    return Ok(Sent { client: self.client, head, upload });
                }
                self.progress = Progress::Whole;
            }
        } else if !matches!(self.progress, Progress::Whole) {
            upload.copy(|octets| {
                self.write_all(octets)?;
                Ok(!self.is_ended_early())
            })?;
        }
        self.finish_into_head(&[])
    }

    /// Returns whether the caller has to read the response before more of it can be received.
    fn is_behind(&mut self) -> bool {
        self.early.is_some() && self.client.wire.is_full()
    }

    /// Takes steps of the upload until it ends, the server ends it, or no more of the response can
    /// be received.
    fn upload(&mut self, upload: &mut Upload<'_>) -> Result<(), Error> {
        while !self.is_ended_early() && !self.is_behind() {
            match upload.step(&mut self.client.wire)? {
                Uploaded::Sent => {}
                Uploaded::Received => self.on_received(),
                Uploaded::All => break,
                Uploaded::Failed(error) => self.progress = Progress::Failed(error),
            }
        }
        Ok(())
    }

    /// Returns whether the body is sent while the response is received.
    fn takes_turns(&mut self) -> bool {
        !matches!(self.progress, Progress::Whole) && self.client.wire.take_turns()
    }

    /// Returns whether the body is longer than one that is sent at once, and takes turns.
    fn is_long(&mut self) -> bool {
        self.written > PIECE && self.takes_turns()
    }

    /// Sends the gathered octets of the body.
    fn send_gathered(&mut self) -> Result<(), Error> {
        self.send(|wire, _| wire.frame_gathered())?;
        self.send_by_turns(&[]);
        Ok(())
    }

    /// Sends what is ready and these octets behind it, until a response ends the request.
    fn send_by_turns(&mut self, mut octets: &[u8]) {
        while !self.is_ended_early() && (!octets.is_empty() || !self.client.wire.is_sent()) {
            match self.client.wire.send_or_receive(octets) {
                Ok(Moved::Sent(count)) => octets = octets.get(count..).unwrap_or_default(),
                Ok(Moved::Received) => self.on_received(),
                Err(error) => self.progress = Progress::Failed(error),
            }
        }
    }

    fn on_received(&mut self) {
        self.look_for_head();
        let wire = &mut self.client.wire;
        // Octets of a body are progress. Those of a head are not, nor those behind the body.
        if let Some(early) = &mut self.early
            && early.look(wire.received())
        {
            wire.end_wait();
        }
    }

    /// Parses the head of a response that has arrived before the end of the request. A response
    /// that is no success ends the request.
    fn look_for_head(&mut self) {
        let ClientStream { wire, spans, .. } = &mut *self.client;
        if self.early.is_some() || !wire.has_more() {
            return;
        }
        let now = wire.now();
        let (steps, buffers) = wire.parts();
        match steps.step(buffers, spans, &mut || now) {
            Ok(Step::Ready(head)) if head.head().status().is_successful() => {
                let method = if self.is_head { Method::HEAD } else { Method::GET };
                // The connection has rejected an invalid framing.
                let framing = head.head().framing(method).unwrap_or(Framing::None);
                let body = BodyDecoder::new(framing, &steps.settings.limits);
                self.early = Some(Early { head, body, seen: 0 });
            }
            Ok(Step::Ready(head)) => {
                wire.stop_sending();
                self.progress = Progress::Responded(head);
            }
            Ok(_) => {}
            Err(error) => self.progress = Progress::Failed(error),
        }
    }

    /// Ends the request as [`finish_with`](Self::finish_with) does. Returns the connection and the
    /// head.
    pub(crate) fn finish_into_head<'b>(
        mut self,
        trailers: &[TrailerField<'_>],
    ) -> Result<Sent<'c, 'b, S>, Error> {
        let is_long = self.is_long();
        self.send(|wire, progress| {
            match (progress, trailers) {
                (Progress::Whole, []) => {}
                (Progress::Whole, _) => return Err(WriteError::TrailersNeedChunked.into()),
                _ => wire.end_body(trailers)?,
            }
            if is_long { Ok(()) } else { wire.flush() }
        })?;
        if is_long {
            self.send_by_turns(&[]);
        }
        let Self { client, progress, early, .. } = self;
        let timeout = client.wire.role().settings.response_timeout;
        let head = match progress {
            Progress::Responded(head) => head,
            // The server waits for the rest of the request, so its response does not end.
            Progress::Failed(error) if early.is_some() && error.is_timeout() => return Err(error),
            progress if let Some(Early { head, .. }) = early => {
                if let Progress::Failed(error) = progress {
                    client.wire.keep_receive_error(error);
                }
                head
            }
            // The error of an invalid response says more than the error of the send.
            Progress::Failed(error) => {
                client.receive_head(timeout.min(ARRIVED)).map_err(|found| match found {
                    Error::Peer(PeerError::Response(_) | PeerError::NotHttp { .. })
                    | Error::Limit(_) => found,
                    // The server has closed its sending direction.
                    _ if matches!(error, Error::Closed) => found,
                    _ => error,
                })?
            }
            _ => client.receive_head(timeout)?,
        };
        Ok(Sent { client, head, upload: None })
    }

    /// Calls `send`, unless the server has responded. An error is kept for `finish`, since a
    /// response may have arrived that explains it.
    fn send(
        &mut self,
        send: impl FnOnce(&mut ClientWire<S>, &Progress) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if matches!(self.progress, Progress::Expecting) {
            self.progress = match self.client.await_continue() {
                Ok(response) => response.map_or(Progress::Body, Progress::Responded),
                Err(error) => Progress::Failed(error),
            };
        }
        if !self.is_ended_early() {
            match send(&mut self.client.wire, &self.progress) {
                Err(error @ Error::Usage(_)) => return Err(error),
                Err(error) => self.progress = Progress::Failed(error),
                Ok(()) => self.look_for_head(),
            }
        }
        Ok(())
    }
}

impl<S: Transport> Write for RequestWriter<'_, S> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let gathered = self.client.wire.gathered();
        self.written = self.written.saturating_add(octets.len());
        if gathered.saturating_add(octets.len()) > GATHERED && self.is_long() {
            if gathered > 0 {
                self.send_gathered()?;
            }
            if octets.len() > GATHERED {
                self.send(|wire, _| wire.frame_all(octets))?;
                self.send_by_turns(octets);
                return Ok(octets.len());
            }
        }
        self.send(|wire, progress| match progress {
            Progress::Whole if !octets.is_empty() => Err(WriteError::BodyLength.into()),
            _ => wire.write_body(octets),
        })?;
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.takes_turns() {
            return Ok(self.send_gathered()?);
        }
        Ok(self.send(|wire, progress| match progress {
            Progress::Whole => wire.flush(),
            _ => wire.flush_body(),
        })?)
    }
}

impl<S: Transport> fmt::Debug for RequestWriter<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestWriter")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

    use super::ClientStream;
    use crate::error::{Error, PeerError};
    use crate::wire::send_buf::LONGEST;
    use crate::wire::transport::Untimed;
    use bareline_core::error::WriteError;
    use bareline_core::head::Parsed;
    use bareline_core::{FieldName, FieldSpans, FieldValue, Method, RequestHead, Status, Target};
    use std::io::{self, Cursor, Read, Write};

    /// A server whose responses have arrived before the requests.
    #[derive(Debug)]
    struct Canned(Cursor<Vec<u8>>);

    impl Read for Canned {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }
    }

    impl Write for Canned {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            Ok(octets.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_connection_at_rest_keeps_no_large_response() {
        let large =
            format!("HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 0\r\n\r\n", "x".repeat(58_000));
        let len = large.len();
        let mut stream = ClientStream::new(Untimed(Canned(Cursor::new(large.into_bytes()))), "a");
        let response = stream.request(Method::GET, Target::ROOT, &[], b"").unwrap();
        assert_eq!(response.head.as_bytes().len(), len);
        assert!(stream.wire.parts().1.received.memory() > 64 * 1024);
        assert!(stream.settle());
        assert_eq!(stream.wire.parts().1.received.memory(), 8 * 1024);
        // The next request on a stream forgets the head.
        assert!(stream.head.is_some());
        let next = stream.request(Method::GET, Target::ROOT, &[], b"");
        assert!(matches!(next, Err(Error::Peer(PeerError::NoResponse))), "{next:?}");
        assert!(stream.head.is_none());
    }

    #[test]
    fn a_long_request_head_leaves_no_memory_behind() {
        let ok = b"HTTP/1.1 204 No Content\r\n\r\n".to_vec();
        let mut stream = ClientStream::new(Untimed(Canned(Cursor::new(ok))), "a");
        let others = "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n".len();
        let value = vec![b'x'; 65_535 - others + 1];
        let mut request = |len| {
            let fields = [(FieldName::from_static("X"), FieldValue::new(&value[..len]).unwrap())];
            let status = stream
                .request(Method::GET, Target::ROOT, &fields, b"")
                .map(|response| response.head.status());
            (status, stream.wire.has_long())
        };
        let (status, has_long) = request(value.len());
        assert!(matches!(status, Err(Error::TooLong { most: 65_535 })) && !has_long, "{status:?}");
        // Nothing was sent.
        let (status, has_long) = request(value.len() - 1);
        assert!(matches!(status, Ok(Status::NO_CONTENT)) && !has_long, "{status:?}");
    }

    #[test]
    fn the_longest_head_that_is_written_can_be_read() {
        let mut stream = ClientStream::new(Untimed(Canned(Cursor::new(Vec::new()))), "a");
        let value = vec![b'x'; LONGEST - "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n".len()];
        let field = (FieldName::from_static("X"), FieldValue::new(&value).unwrap());
        let writer = stream
            .begin(Method::GET, Target::ROOT, |head| head.fields(&[field])?.without_body())
            .unwrap();
        assert_eq!(writer.ready().len(), LONGEST);
        let mut spans = FieldSpans::<2>::new();
        let parsed = RequestHead::parse(writer.ready(), spans.lend());
        assert!(matches!(parsed, Ok(Parsed::Complete { .. })), "{parsed:?}");
    }

    #[test]
    fn a_long_head_that_cannot_be_written_leaves_no_memory_behind() {
        let ok = b"HTTP/1.1 204 No Content\r\n\r\n".to_vec();
        let mut stream = ClientStream::new(Untimed(Canned(Cursor::new(ok))), "a");
        let long = (FieldName::from_static("X"), FieldValue::new(&[b'x'; 20_000]).unwrap());
        let length = (FieldName::from_static("Content-Length"), FieldValue::from_static("1"));
        let error = stream.request(Method::GET, Target::ROOT, &[long, length], b"").unwrap_err();
        assert!(matches!(error, Error::Usage(WriteError::FramingField)), "{error:?}");
        assert!(!stream.wire.has_long());
        // Nothing was sent, and the stream can be used.
        let response = stream.request(Method::GET, Target::ROOT, &[long], b"").unwrap();
        assert_eq!(response.head.status(), Status::NO_CONTENT);
    }

    /// A server that has sent these octets and receives none.
    #[derive(Debug)]
    struct Deaf(&'static [u8]);

    impl Read for Deaf {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }
    }

    impl Write for Deaf {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn octets_that_arrived_are_reported_before_a_failed_send() {
        for (sent, told) in [
            (&b"SSH-2.0-OpenSSH_9.6\r\n"[..], "an SSH banner arrived in place of HTTP"),
            (b"220 mail.example ESMTP\r\n", "220 mail.example ESMTP"),
            (b"HTTP/1.1 200 OK\nA: b\n\n", "line ended by LF alone"),
            (b"", "broken pipe"),
            (b"HTTP/1.1 103 Early Hints\r\n\r\n", "broken pipe"),
        ] {
            let mut stream = ClientStream::new(Untimed(Deaf(sent)), "a");
            let error = stream.request(Method::GET, Target::ROOT, &[], b"").unwrap_err();
            assert!(error.to_string().contains(told), "{told}: {error}");
        }
        let mut stream = ClientStream::new(Untimed(Deaf(b"HTTP/1.1 204 No Content\r\n\r\n")), "a");
        assert_eq!(
            stream.request(Method::GET, Target::ROOT, &[], b"").unwrap().head.status(),
            Status::NO_CONTENT
        );
    }
}
