//! The client side of a connection.

use super::outgoing::Outgoing;
use super::recv_half::{InPhase, Inbound, Shared};
use super::{ClientState, Event, Received, RecvHalf};
use crate::error::{ParseError, ParseErrorKind, WriteError};
use crate::framing::Framing;
use crate::head::{
    Facts, LentSpans, Limits, Parsed, ResponseHead, ResponseParts, ResponseProgress,
};
use crate::record::debug_record;
use crate::value::{AllowedForms, Medium, Method, Status, Target, Version};
use crate::write::{
    BodyStep, HeadWriter, HeadWritten, Request, RequestContext, Sink, StreamSink, TrailerField,
    WireView, body_calls,
};
use core::convert::Infallible;

/// The client side of a connection, without I/O and without a clock [RFC 9112 section 9].
///
/// The caller writes requests with [`request`](Self::request) into a [`WireView`] and sends the
/// buffer. The caller passes received octets to [`receive`](Self::receive), and asks
/// [`state`](Self::state) who has to act next and which timeout applies.
///
/// A truncated response never reaches [`Event::End`], and an interim response never counts as the
/// final one.
///
/// ```
/// use bareline_core::connection::Received;
/// use bareline_core::{
///     ClientConnection, Event, FieldName, FieldSpans, FieldValue, Method, Target, WireBuf,
/// };
///
/// let (mut spans, mut out) = (FieldSpans::<8>::new(), WireBuf::<128>::new());
/// let mut connection = ClientConnection::new();
/// let head = connection.request(Method::GET, Target::ROOT, &mut out)?;
/// head.field(FieldName::HOST, FieldValue::from_static("a"))?.without_body()?;
/// let mut received = *b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
/// let Received { used, event } = connection.receive(&mut received, spans.lend())?;
/// assert!(matches!(event, Event::Head(head) if head.status() == 200));
/// let data = connection.receive(&mut received[used..], spans.lend())?;
/// assert!(matches!(data.event, Event::Data(b"hi")));
/// assert!(matches!(connection.receive(&mut [], spans.lend())?.event, Event::End));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ClientConnection {
    limits: Limits,
    progress: ResponseProgress,
    facts: Facts,
    inbound: Inbound,
    outbound: Outbound,
    shared: Shared,
    /// The interim responses that are still accepted.
    interim_left: u16,
    /// True if the connection closes after this response.
    closes: bool,
    /// The version of the last response.
    server_version: Version,
}

debug_record!(ClientConnection {
    limits,
    progress,
    facts,
    inbound,
    outbound,
    shared,
    interim_left,
    closes,
    server_version
});

#[derive(Debug)]
struct Outbound {
    outgoing: Outgoing,
    /// The context that frames the response.
    context: RequestContext,
    /// True if the request says that the connection closes.
    closes: bool,
    /// True while the body waits for a 100.
    expects_continue: bool,
    offers_upgrade: bool,
}

/// The sending half of a client connection.
///
/// The server responds before the end of the request, which is still being sent:
///
/// ```
/// # use bareline_core::{ClientConnection, Event, FieldName, FieldSpans, FieldValue, Method};
/// # use bareline_core::{Target, WireBuf};
/// let (mut connection, mut out) = (ClientConnection::new(), WireBuf::<128>::new());
/// let head = connection.request(Method::PUT, Target::ROOT, &mut out)?;
/// head.field(FieldName::HOST, FieldValue::from_static("a"))?.chunked()?;
/// let mut input = *b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
/// let used = connection.receive(&mut input, FieldSpans::<8>::new().lend())?.used;
/// let (mut receiving, mut sending) = connection.split();
/// sending.send_data(b"more", &mut out)?;
/// assert!(matches!(receiving.receive_body(&input[used..])?.event, Event::Data(b"hi")));
/// sending.end_body(&[], &mut out)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ClientSendHalf<'c> {
    outbound: &'c mut Outbound,
    shared: &'c Shared,
}

impl ClientConnection {
    /// Returns a connection that has just been opened, with the default [`Limits`].
    pub const fn new() -> Self {
        Self::with_limits(Limits::new())
    }

    /// Returns a connection that has just been opened, with these limits.
    pub const fn with_limits(limits: Limits) -> Self {
        Self {
            limits,
            progress: ResponseProgress::new(),
            facts: Facts::new(),
            inbound: Inbound::new(&limits),
            outbound: Outbound::new(),
            shared: Shared::new(),
            interim_left: limits.interim,
            closes: false,
            server_version: Version::Http11,
        }
    }

    /// Sets the limits of the next exchange and of later ones.
    ///
    /// ```
    /// use bareline_core::ClientConnection;
    /// use bareline_core::head::Limits;
    ///
    /// let mut connection = ClientConnection::new();
    /// connection.set_limits(Limits::new().body(1_000_000));
    /// ```
    pub const fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Begins a request, after the response to the previous one is complete.
    ///
    /// Octets that are left over then are no response: they arrived before this request was sent.
    /// Pass them to [`receive`](Self::receive) before this call. It rejects them as
    /// [`ParseErrorKind::Unsolicited`]; later, they would be parsed as the response to this request
    /// [RFC 9112 section 9.2].
    ///
    /// With `Expect: 100-continue`, the body may wait until the state is no longer
    /// [`ClientState::Continue`], or be sent at any time [RFC 9110 section 10.1.1].
    ///
    /// Fails with
    /// - [`WriteError::ResponseNotEnded`] or [`WriteError::BodyNotEnded`] before the end of the
    ///   previous exchange,
    /// - [`WriteError::AfterParseError`] or [`WriteError::Closed`] if no more requests can follow,
    /// - [`WriteError::TargetForm`] if the target's form does not suit the method,
    /// - [`WriteError::Value`] if the target was received and holds octets that must not be
    ///   written ([`Target::encoded`] encodes them).
    #[inline]
    pub fn request<'w>(
        &'w mut self,
        method: Method<'w>,
        target: Target<'w>,
        out: &'w mut WireView,
    ) -> Result<RequestHeadWriter<'w>, WriteError> {
        match self.state() {
            ClientState::Idle => {}
            ClientState::Close | ClientState::Upgraded if !self.shared.has_failed() => {
                return Err(WriteError::Closed);
            }
            ClientState::Close | ClientState::Upgraded => return Err(WriteError::AfterParseError),
            ClientState::Continue | ClientState::SendBody => {
                return Err(WriteError::BodyNotEnded);
            }
            ClientState::Head | ClientState::Body => return Err(WriteError::ResponseNotEnded),
        }
        if !AllowedForms::of(method, Medium::Stream).has(target.form()) {
            return Err(WriteError::TargetForm);
        }
        let request = Request::new(method, target, self.server_version)?;
        Ok(HeadWriter::new(out.head_draft()?, RequestSink { connection: self }, request))
    }

    body_calls!();

    /// Parses received octets, and returns the next event.
    ///
    /// Each final response ends with one [`Event::End`], unless the caller begins the next request
    /// before it. While the request is still being written, the call returns it again.
    ///
    /// The caller presents unused octets again, followed by more, with the same spans. SP replaces
    /// the fold of a folded field line in `input` [RFC 9112 section 5.2]. After an error, every
    /// call returns that error, and the caller has to close the connection. Offsets count from the
    /// start of `input`.
    pub fn receive<'b>(
        &mut self,
        input: &'b mut [u8],
        spans: LentSpans<'b>,
    ) -> Result<Received<'b, ResponseHead<'b>>, ParseError> {
        if self.inbound.phase == InPhase::Ended {
            self.leave_exchange();
        }
        let received = match (self.inbound.phase, &self.outbound.outgoing) {
            (InPhase::Ended, _) if self.closes => Ok(Received::unused(Event::Closed)),
            (InPhase::Head, Outgoing::Idle) if input.is_empty() => {
                Ok(Received::unused(Event::NeedMore))
            }
            (InPhase::Head, Outgoing::Idle) => {
                Err(self.inbound.fail(ParseError::new(ParseErrorKind::Unsolicited, 0, 1)))
            }
            (InPhase::Head, _) => self.receive_head(input, spans),
            _ => self.inbound.receive_part(input),
        };
        received.inspect_err(|_| self.shared.set_failed())
    }

    /// Parses a response's body as [`receive`](Self::receive) does, from octets that the call
    /// leaves unchanged.
    ///
    /// The call needs no spans, skips chunk lines, and returns [`Event::End`] where no body is
    /// left.
    ///
    /// Fails as [`receive`](Self::receive) does for an invalid body [RFC 9112 section 7.1].
    pub fn receive_body<'b>(
        &mut self,
        input: &'b [u8],
    ) -> Result<Received<'b, Infallible>, ParseError> {
        self.inbound.receive_body(input).inspect_err(|_| self.shared.set_failed())
    }

    /// Parses a response's body as [`receive_body`](Self::receive_body) does, and copies the
    /// octets of each [`Event::Data`] into `buffer`, as many as fit.
    ///
    /// Content that does not fit is not used: the caller presents it again.
    ///
    /// Fails as [`receive`](Self::receive) does for an invalid body [RFC 9112 section 7.1].
    pub fn read_body<'b>(
        &mut self,
        input: &'b [u8],
        buffer: &mut [u8],
    ) -> Result<Received<'b, Infallible>, ParseError> {
        self.inbound.read_body(input, buffer).inspect_err(|_| self.shared.set_failed())
    }

    /// Returns the number of octets that come next and are all content.
    ///
    /// A caller can receive so many into a buffer of its own, and presents them there to
    /// [`receive_body`](Self::receive_body): each of them is in [`Event::Data`]. The number is that
    /// left of a declared length or of a chunk, and 0 where octets of the framing may come.
    /// It is `u64::MAX` for a body that ends when the server closes; more than [`Limits::body`]
    /// octets of it are an error then.
    ///
    /// ```
    /// use bareline_core::{ClientConnection, Event, FieldName, FieldSpans, FieldValue, Method};
    /// use bareline_core::{Target, WireBuf};
    ///
    /// let (mut spans, mut out) = (FieldSpans::<8>::new(), WireBuf::<128>::new());
    /// let mut connection = ClientConnection::new();
    /// let head = connection.request(Method::GET, Target::ROOT, &mut out)?;
    /// head.field(FieldName::HOST, FieldValue::from_static("a"))?.without_body()?;
    /// let mut received = *b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    /// let _ = connection.receive(&mut received, spans.lend())?;
    /// assert_eq!(connection.content_ahead(), 5);
    /// assert!(matches!(connection.receive_body(b"hello")?.event, Event::Data(b"hello")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn content_ahead(&self) -> u64 {
        self.inbound.content_ahead()
    }

    /// Discards octets of an unwanted response body; returns the number of octets used.
    ///
    /// Call it with the received octets before the next request. If the body ends within
    /// [`Limits::drain`], the connection can carry the next request. Call it again with more octets
    /// while [`may_discard_body`](Self::may_discard_body) returns true. Without a body, it uses no
    /// octets.
    ///
    /// After an invalid body, [`error`](Self::error) returns the error, whose offset counts from
    /// the first unused octet.
    ///
    /// ```
    /// use bareline_core::connection::ClientState;
    /// use bareline_core::{ClientConnection, FieldName, FieldSpans, FieldValue, Method};
    /// use bareline_core::{Target, WireBuf};
    ///
    /// let (mut spans, mut out) = (FieldSpans::<8>::new(), WireBuf::<128>::new());
    /// let mut connection = ClientConnection::new();
    /// let head = connection.request(Method::GET, Target::ROOT, &mut out)?;
    /// head.field(FieldName::HOST, FieldValue::from_static("a"))?.without_body()?;
    /// let mut received = *b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno";
    /// let used = connection.receive(&mut received, spans.lend())?.used;
    /// assert_eq!(connection.discard_body(&received[used..]), 2);
    /// assert_eq!(connection.state(), ClientState::Idle);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "the caller presents the octets after the discarded ones next"]
    pub fn discard_body(&mut self, input: &[u8]) -> usize {
        let discarded = self.inbound.discard_body(input);
        if self.inbound.error().is_some() {
            self.shared.set_failed();
        }
        discarded
    }

    /// Returns whether [`discard_body`](Self::discard_body) with more octets can end the body:
    /// whether the body has not ended, and may end within [`Limits::drain`].
    pub fn may_discard_body(&self) -> bool {
        self.inbound.is_body_owed() && self.inbound.may_be_discarded()
    }

    /// Returns the peer's error, which [`receive`](Self::receive),
    /// [`discard_body`](Self::discard_body), [`on_overflow`](Self::on_overflow) or
    /// [`on_eof`](Self::on_eof) met.
    pub const fn error(&self) -> Option<ParseError> {
        self.inbound.error()
    }

    fn receive_head<'b>(
        &mut self,
        input: &'b mut [u8],
        mut spans: LentSpans<'b>,
    ) -> Result<Received<'b, ResponseHead<'b>>, ParseError> {
        let parsed = loop {
            match ResponseParts::resume(
                &mut self.progress,
                &mut self.facts,
                input,
                &mut spans,
                &self.limits,
            ) {
                Err(error) if error.kind() == ParseErrorKind::LineFolding => {
                    let unfolded = self.progress.unfold(input, &mut spans, &self.limits, error);
                    unfolded.map_err(|error| self.inbound.fail(error))?;
                }
                parsed => break parsed,
            }
        };
        let Parsed::Complete { message: parts, len } =
            parsed.map_err(|error| self.inbound.fail(error))?
        else {
            return Ok(Received::unused(Event::NeedMore));
        };
        let head = ResponseHead::parsed(input, len, spans, parts);
        self.progress = ResponseProgress::new();
        self.facts = Facts::new();
        self.server_version = head.version();
        let framing = head.framing(self.outbound.context.method());
        let is_interim =
            head.status().is_informational() && head.status() != Status::SWITCHING_PROTOCOLS;
        if is_interim {
            let left = self.interim_left.checked_sub(1);
            self.interim_left = left.ok_or_else(|| {
                self.inbound.fail(ParseError::new(ParseErrorKind::TooManyInterim, 0, len))
            })?;
            self.outbound.expects_continue &= head.status() != Status::CONTINUE;
            return Ok(Received { used: len, event: Event::Head(head) });
        }
        if head.status() == Status::SWITCHING_PROTOCOLS && !self.outbound.offers_upgrade {
            return Err(self.inbound.fail(ParseError::new(
                ParseErrorKind::UnexpectedUpgrade,
                0,
                len,
            )));
        }
        let framing = framing.map_err(|error| self.inbound.fail(error))?;
        let persists = head.persists();
        self.closes |= self.outbound.closes || !persists;
        self.outbound.expects_continue = false;
        self.inbound.begin_body(framing, &self.limits)?;
        if framing == Framing::Tunnel {
            self.inbound.phase = InPhase::Upgraded;
        }
        Ok(Received { used: len, event: Event::Head(head) })
    }

    /// Begins the next exchange if the present one is over and the connection persists.
    fn leave_exchange(&mut self) {
        if self.inbound.phase != InPhase::Head && self.state() == ClientState::Idle {
            self.progress = ResponseProgress::new();
            self.facts = Facts::new();
            self.inbound = Inbound::new(&self.limits);
            self.outbound = Outbound::new();
            self.interim_left = self.limits.interim;
        }
    }

    /// Records the end of input, after all octets have been presented. It completes a body that the
    /// close delimits.
    ///
    /// Fails with [`ParseErrorKind::Truncated`] if a response is missing or incomplete [RFC 9112
    /// section 8]; the offset counts from the first unused octet.
    pub fn on_eof(&mut self) -> Result<(), ParseError> {
        self.closes = true;
        let closed = match (self.inbound.phase, &self.outbound.outgoing) {
            (InPhase::Head, Outgoing::Idle) => {
                self.inbound.phase = InPhase::Closed;
                Ok(())
            }
            (InPhase::Head, _) => Err(self.inbound.fail(ParseError::new(
                ParseErrorKind::Truncated,
                self.progress.searched(),
                0,
            ))),
            (InPhase::Body, _) => self.inbound.body_closed(),
            (InPhase::Complete | InPhase::Ended | InPhase::Upgraded | InPhase::Closed, _) => Ok(()),
        };
        closed.inspect_err(|_| self.shared.set_failed())
    }

    /// Gives up this response and returns the error: the buffer is full and more octets are needed,
    /// or the octets time out.
    pub fn on_overflow(&mut self) -> ParseError {
        self.leave_exchange();
        self.inbound.on_overflow(
            ParseErrorKind::HeadTooLong,
            self.progress.searched(),
            &self.shared,
        )
    }

    /// Returns the state: who has to act next.
    pub fn state(&self) -> ClientState {
        if self.shared.has_failed() || self.inbound.phase == InPhase::Closed {
            return ClientState::Close;
        }
        match (self.inbound.phase, &self.outbound.outgoing) {
            (_, Outgoing::Idle) => ClientState::Idle,
            // The server has responded and closes: nobody reads the rest of the request [RFC 9112
            // section 9.5].
            (InPhase::Complete | InPhase::Ended | InPhase::Upgraded, Outgoing::Body(_))
                if self.closes =>
            {
                ClientState::Close
            }
            (InPhase::Head, Outgoing::Body(_)) if self.outbound.expects_continue => {
                ClientState::Continue
            }
            (_, Outgoing::Body(_)) => ClientState::SendBody,
            (InPhase::Head, _) => ClientState::Head,
            (InPhase::Body, _) => ClientState::Body,
            (InPhase::Upgraded, _) => ClientState::Upgraded,
            (InPhase::Complete | InPhase::Ended, _) if self.closes => ClientState::Close,
            _ => ClientState::Idle,
        }
    }

    /// Splits the connection, to receive a response while the request is being written.
    pub fn split(&mut self) -> (RecvHalf<'_>, ClientSendHalf<'_>) {
        let Self { inbound, outbound, shared, .. } = self;
        (RecvHalf { inbound, shared }, ClientSendHalf { outbound, shared })
    }

    fn outgoing(&mut self, _: BodyStep) -> Result<&mut Outgoing, WriteError> {
        self.outbound.outgoing(&self.shared)
    }
}

impl Default for ClientConnection {
    fn default() -> Self {
        Self::new()
    }
}

impl ClientSendHalf<'_> {
    body_calls!();

    fn outgoing(&mut self, _: BodyStep) -> Result<&mut Outgoing, WriteError> {
        self.outbound.outgoing(self.shared)
    }
}

impl Outbound {
    const fn new() -> Self {
        Self {
            outgoing: Outgoing::Idle,
            context: RequestContext::UNREAD,
            closes: false,
            expects_continue: false,
            offers_upgrade: false,
        }
    }

    fn outgoing(&mut self, shared: &Shared) -> Result<&mut Outgoing, WriteError> {
        if shared.has_failed() { Err(WriteError::AfterParseError) } else { Ok(&mut self.outgoing) }
    }
}

/// A [`HeadWriter`] of a request on a connection.
///
/// ```
/// # use bareline_core::{ClientConnection, FieldName, FieldValue, Method, Target, WireBuf};
/// use bareline_core::connection::RequestHeadWriter;
/// use bareline_core::error::WriteError;
///
/// /// Writes the fields of each request.
/// fn with_fields(head: RequestHeadWriter<'_>) -> Result<RequestHeadWriter<'_>, WriteError> {
///     head.field(FieldName::HOST, FieldValue::from_static("board"))
/// }
/// let (mut connection, mut out) = (ClientConnection::new(), WireBuf::<64>::new());
/// let head = connection.request(Method::GET, Target::ROOT, &mut out)?;
/// with_fields(head)?.without_body()?;
/// assert_eq!(out.as_bytes(), b"GET / HTTP/1.1\r\nHost: board\r\n\r\n");
/// # Ok::<(), WriteError>(())
/// ```
pub type RequestHeadWriter<'w> = HeadWriter<'w, RequestSink<'w>>;

/// The destination of a request's head: a client connection.
#[derive(Debug)]
pub struct RequestSink<'w> {
    connection: &'w mut ClientConnection,
}

impl StreamSink for RequestSink<'_> {}

impl<'w> Sink for RequestSink<'w> {
    type Message = Request<'w>;

    const IS_CONNECTION: bool = true;

    fn head_written(self, request: &Request<'w>, written: HeadWritten) {
        self.connection.leave_exchange();
        self.connection.outbound = Outbound {
            outgoing: Outgoing::after_head(written.body),
            context: RequestContext::new(request.method, Version::Http11),
            closes: written.closes,
            expects_continue: written.expects_continue,
            offers_upgrade: written.offers_upgrade,
        };
    }
}
