//! The server side of a connection.

use super::outgoing::Outgoing;
use super::recv_half::{InPhase, Inbound, Shared};
use super::{Event, Received, RecvHalf, ServerState};
use crate::error::{ParseError, ParseErrorKind, WriteError};
use crate::head::{Facts, LentSpans, Limits, Parsed, RequestHead, RequestProgress};
use crate::record::debug_record;
use crate::value::{Medium, Status, Version};
use crate::write::{
    BodyStep, HeadWriter, HeadWritten, Persistence, RequestContext, Response, Sink, StreamSink,
    TrailerField, WireView, body_calls,
};
use core::convert::Infallible;

/// The server side of a connection, without I/O and without a clock [RFC 9112 section 9].
///
/// The caller passes received octets to [`receive`](Self::receive), writes responses with
/// [`respond`](Self::respond) into a [`WireView`], and sends the buffer. [`state`](Self::state)
/// says who has to act next and which timeout applies.
///
/// A response never ends before its request's body on a connection that persists. One that begins
/// before the end of the body says `Connection: close` and is the last [RFC 9112 sections 9.3 and
/// 9.6]. Otherwise, the server would read the client's next request as the rest of the body.
///
/// Two calls keep the connection alive. [`discard_body`](Self::discard_body) discards an unwanted
/// body before the response. [`respond_while_receiving`](Self::respond_while_receiving) streams a
/// response while the body is read.
///
/// ```
/// use bareline_core::connection::{Received, ServerState};
/// use bareline_core::{Event, FieldSpans, ServerConnection, Status, WireBuf};
///
/// let (mut spans, mut out) = (FieldSpans::<8>::new(), WireBuf::<128>::new());
/// let mut connection = ServerConnection::new();
/// let mut received = *b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2";
/// let Received { used, event } = connection.receive(&mut received, spans.lend())?;
/// assert!(matches!(event, Event::Head(head) if head.target().path() == "/"));
/// connection.respond(Status::OK, &mut out)?.body(b"hi")?;
/// assert_eq!((connection.state(), &received[used..]), (ServerState::Idle, &b"GET /2"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ServerConnection {
    limits: Limits,
    progress: RequestProgress,
    facts: Facts,
    inbound: Inbound,
    outbound: Outbound,
    shared: Shared,
    is_peer_closed: bool,
}

debug_record!(ServerConnection {
    limits,
    progress,
    facts,
    inbound,
    outbound,
    shared,
    is_peer_closed
});

struct Outbound {
    outgoing: Outgoing,
    context: RequestContext,
    /// The octets of the peer after the response.
    next: Next,
    /// True while the client waits for a 100.
    expects_continue: bool,
    offers_upgrade: bool,
    /// True if the response rejects the request.
    rejects: bool,
}

debug_record!(Outbound { outgoing, context, next, expects_continue, offers_upgrade, rejects });

/// The octets that the peer sends after an exchange.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Next {
    Request,
    /// Octets of another protocol.
    Upgrade,
    /// None are read: the connection closes.
    Close,
}

/// The sending half of a server connection.
///
/// One thread writes the response while another one receives the request's body:
///
/// ```
/// use bareline_core::{FieldSpans, ServerConnection, Status, WireBuf};
///
/// let (mut connection, mut out) = (ServerConnection::new(), WireBuf::<128>::new());
/// let mut input = *b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
/// let used = connection.receive(&mut input, FieldSpans::<8>::new().lend())?.used;
/// let (mut receiving, mut sending) = connection.split();
/// std::thread::scope(|threads| {
///     threads.spawn(|| receiving.receive_body(&input[used..]).map(|received| received.used));
///     sending.respond_while_receiving(Status::OK, &mut out)?.chunked()?;
///     sending.send_data(b"working", &mut out)
/// })?;
/// connection.end_body(&[], &mut out)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ServerSendHalf<'c> {
    outbound: &'c mut Outbound,
    shared: &'c Shared,
}

impl ServerConnection {
    /// Returns a connection that has just been accepted, with the default [`Limits`].
    pub const fn new() -> Self {
        Self::with_limits(Limits::new())
    }

    /// Returns a connection that has just been accepted, with these limits.
    pub const fn with_limits(limits: Limits) -> Self {
        Self {
            limits,
            progress: RequestProgress::new(),
            facts: Facts::new(),
            inbound: Inbound::new(&limits),
            outbound: Outbound::new(),
            shared: Shared::new(),
            is_peer_closed: false,
        }
    }

    /// Parses received octets, and returns the next event. A server leaves `input` unchanged; it is
    /// mutable because [a client](crate::ClientConnection::receive) unfolds field lines in it.
    ///
    /// The caller presents unused octets again, followed by more, with the same spans. After a
    /// complete request and response, the call parses the next request. Until a complete request
    /// has its response, the call returns [`Event::End`] again. After an error, every call returns
    /// that error, and [`reject`](Self::reject) responds to the peer. Offsets count from the start
    /// of `input`.
    pub fn receive<'b>(
        &mut self,
        input: &'b mut [u8],
        spans: LentSpans<'b>,
    ) -> Result<Received<'b, RequestHead<'b>>, ParseError> {
        self.leave_exchange();
        let Outbound { next, rejects, .. } = self.outbound;
        let received = match (self.inbound.phase, &self.outbound.outgoing) {
            // A caller that waits for a request passes no octets first.
            (InPhase::Head, _) if input.is_empty() && self.progress.searched() == 0 && !rejects => {
                Ok(Received::unused(Event::NeedMore))
            }
            (InPhase::Head, _) if !rejects => self.receive_head(input, spans),
            (phase, Outgoing::Complete) if next == Next::Close && phase != InPhase::Closed => {
                Ok(Received::unused(Event::Closed))
            }
            _ => return self.receive_by(Inbound::receive_part, input),
        };
        self.received(received)
    }

    /// Parses the next head as [`receive`](Self::receive) does, in the state
    /// [`Idle`](ServerState::Idle) or [`Head`](ServerState::Head).
    #[cfg(feature = "embedded-io-07")]
    pub(crate) fn receive_next_head<'b>(
        &mut self,
        input: &'b [u8],
        spans: LentSpans<'b>,
    ) -> Result<Received<'b, RequestHead<'b>>, ParseError> {
        self.leave_exchange();
        let received = self.receive_head(input, spans);
        self.shared.note(&self.inbound, received.is_err());
        received
    }

    /// Parses a request's body as [`receive`](Self::receive) does, from octets that are borrowed
    /// immutably.
    ///
    /// The call needs no spans, skips chunk lines, and returns [`Event::End`] where no body is
    /// left. It also works after the response.
    ///
    /// Fails as [`receive`](Self::receive) does for an invalid body [RFC 9112 section 7.1].
    pub fn receive_body<'b>(
        &mut self,
        input: &'b [u8],
    ) -> Result<Received<'b, Infallible>, ParseError> {
        self.receive_by(Inbound::receive_body, input)
    }

    /// Parses a request's body as [`receive_body`](Self::receive_body) does, and copies the octets
    /// of each [`Event::Data`] into `buffer`, as many as fit.
    ///
    /// Content that does not fit is not used: the caller presents it again.
    ///
    /// ```
    /// use bareline_core::{Event, FieldSpans, ServerConnection};
    ///
    /// let (mut spans, mut buffer) = (FieldSpans::<8>::new(), [0; 4]);
    /// let mut connection = ServerConnection::new();
    /// let mut head = *b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    /// connection.receive(&mut head, spans.lend())?;
    /// let body = b"5\r\nhello\r\n0\r\n\r\n";
    /// let first = connection.read_body(body, &mut buffer)?;
    /// assert!(matches!(first.event, Event::Data(b"hell")));
    /// let second = connection.read_body(&body[first.used..], &mut buffer)?;
    /// assert!(matches!(second.event, Event::Data(b"o")));
    /// # Ok::<(), bareline_core::error::ParseError>(())
    /// ```
    pub fn read_body<'b>(
        &mut self,
        input: &'b [u8],
        buffer: &mut [u8],
    ) -> Result<Received<'b, Infallible>, ParseError> {
        self.receive_by(|inbound, input| inbound.read_body(input, buffer), input)
    }

    /// Returns the number of octets that come next and are all content.
    ///
    /// A caller can receive so many into a buffer of its own, and presents them there to
    /// [`receive_body`](Self::receive_body): each of them is in [`Event::Data`]. The number is that
    /// left of a declared length or of a chunk, and 0 where octets of the framing may come.
    ///
    /// ```
    /// use bareline_core::{Event, FieldSpans, ServerConnection};
    ///
    /// let (mut spans, mut connection) = (FieldSpans::<8>::new(), ServerConnection::new());
    /// let mut received = *b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
    /// let _ = connection.receive(&mut received, spans.lend())?;
    /// assert_eq!(connection.content_ahead(), 5);
    /// assert!(matches!(connection.receive_body(b"hel")?.event, Event::Data(b"hel")));
    /// assert_eq!(connection.content_ahead(), 2);
    /// # Ok::<(), bareline_core::error::ParseError>(())
    /// ```
    pub fn content_ahead(&self) -> u64 {
        if self.outbound.rejects { 0 } else { self.inbound.content_ahead() }
    }

    #[inline(always)]
    fn receive_by<'b, H>(
        &mut self,
        read: impl FnOnce(&mut Inbound, &'b [u8]) -> Result<Received<'b, H>, ParseError>,
        input: &'b [u8],
    ) -> Result<Received<'b, H>, ParseError> {
        let received = match (self.inbound.phase, &self.outbound.outgoing) {
            _ if self.outbound.rejects => Ok(Received::unused(Event::Closed)),
            (phase, Outgoing::Complete)
                if self.outbound.next == Next::Upgrade && phase != InPhase::Closed =>
            {
                Ok(Received::unused(Event::Upgraded))
            }
            _ => read(&mut self.inbound, input),
        };
        self.received(received)
    }

    /// Discards octets of an unwanted request body; returns the number of octets used.
    ///
    /// Call it with the received octets before the response. If the body ends within
    /// [`Limits::drain`], the response keeps the connection alive. Call it again with more octets
    /// while [`may_discard_body`](Self::may_discard_body) returns true. Without a body, it uses no
    /// octets.
    ///
    /// After an invalid body, [`error`](Self::error) returns the error, whose offset counts from
    /// the first unused octet. [`reject`](Self::reject) then writes the response, with any status.
    ///
    /// ```
    /// use bareline_core::connection::ServerState;
    /// use bareline_core::{FieldSpans, ServerConnection, Status, WireBuf};
    ///
    /// let (mut spans, mut out) = (FieldSpans::<8>::new(), WireBuf::<128>::new());
    /// let mut connection = ServerConnection::new();
    /// let mut received = *b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
    /// let used = connection.receive(&mut received, spans.lend())?.used;
    /// assert_eq!(connection.discard_body(&received[used..]), 2);
    /// connection.respond(Status::NOT_FOUND, &mut out)?.body(b"no")?;
    /// assert_eq!(connection.state(), ServerState::Idle);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "the caller presents the octets after the discarded ones next"]
    pub fn discard_body(&mut self, input: &[u8]) -> usize {
        let discarded = self.inbound.discard_body(input);
        if discarded > 0 {
            self.outbound.expects_continue = false;
        }
        self.shared.note(&self.inbound, self.inbound.error().is_some());
        discarded
    }

    /// Returns whether [`discard_body`](Self::discard_body) with more octets can keep the
    /// connection alive.
    ///
    /// It can if the body has not ended, may end within [`Limits::drain`], and the client does not
    /// wait for a 100.
    pub fn may_discard_body(&self) -> bool {
        self.is_body_owed() && !self.outbound.expects_continue && self.inbound.may_be_discarded()
    }

    /// Returns whether octets of the request's body are still to come.
    ///
    /// A response that begins then is the last one on the connection, unless
    /// [`respond_while_receiving`](Self::respond_while_receiving) writes it.
    pub fn is_body_owed(&self) -> bool {
        self.shared.is_body_owed()
    }

    /// Records the event of received octets.
    fn received<'b, H>(
        &mut self,
        received: Result<Received<'b, H>, ParseError>,
    ) -> Result<Received<'b, H>, ParseError> {
        match received {
            Ok(Received { used, event: Event::NeedMore }) if self.is_peer_closed => {
                return match self.on_eof() {
                    Ok(()) => Ok(Received::unused(Event::Closed)),
                    Err(error) => Err(self.inbound.fail(error.offset_by(used))),
                };
            }
            Ok(Received { event: Event::NeedMore, .. }) => return received,
            // A client that has sent octets of the body no longer waits for a 100.
            Ok(Received {
                used: 1..,
                event: Event::Data(_) | Event::Chunk { .. } | Event::End,
            }) => self.outbound.expects_continue = false,
            Ok(_) | Err(_) => {}
        }
        self.shared.note(&self.inbound, received.is_err());
        received
    }

    fn receive_head<'b>(
        &mut self,
        input: &'b [u8],
        spans: LentSpans<'b>,
    ) -> Result<Received<'b, RequestHead<'b>>, ParseError> {
        let Self { progress, facts, limits, .. } = self;
        let parsed = RequestHead::resume(progress, facts, input, spans, limits, Medium::Stream);
        match parsed.map_err(|error| self.inbound.fail(error))? {
            Parsed::Incomplete => Ok(Received::unused(Event::NeedMore)),
            Parsed::Complete { message: head, len } => {
                let options = head.options();
                let begun = self.inbound.begin_body(head.framing(), &self.limits);
                self.outbound = Outbound {
                    outgoing: Outgoing::Owed,
                    context: head.context(),
                    next: if options.persists(head.version()) {
                        Next::Request
                    } else {
                        Next::Close
                    },
                    expects_continue: self.inbound.phase == InPhase::Body
                        && options.expects_continue(head.version()),
                    offers_upgrade: options.offers_upgrade(head.version()),
                    rejects: false,
                };
                begun.map(|()| Received { used: len, event: Event::Head(head) })
            }
        }
    }

    /// Begins a response: a final one, or an interim one with status 1xx.
    ///
    /// A response that ends the connection says so. Every final response does that begins while the
    /// request's body [is owed](Self::is_body_owed). The caller has to check that a 101 names a
    /// protocol that the request offers.
    ///
    /// Fails with
    /// - [`WriteError::NoRequest`] if no response is owed,
    /// - [`WriteError::BodyNotEnded`] if the response to this request has begun,
    /// - [`WriteError::AfterParseError`] if the peer broke a rule,
    /// - [`WriteError::Closed`] if no more requests can follow,
    /// - [`WriteError::UpgradeNotOffered`] for a 101 that the request does not offer, or that a 100
    ///   has to precede [RFC 9110 section 7.8],
    /// - [`WriteError::RequestUnread`] for a 101 before the end of the request's body.
    ///
    /// ```
    /// # use bareline_core::{FieldName, FieldSpans, FieldValue, ServerConnection, Status, WireBuf};
    /// let (mut connection, mut out) = (ServerConnection::new(), WireBuf::<128>::new());
    /// let mut input = *b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    /// connection.receive(&mut input, FieldSpans::<8>::new().lend())?;
    /// let text = FieldValue::from_static("text/plain");
    /// let head = connection.respond(Status::NOT_FOUND, &mut out)?;
    /// head.field(FieldName::CONTENT_TYPE, text)?.body(b"no such page")?;
    /// assert!(out.as_bytes().starts_with(b"HTTP/1.1 404 Not Found\r\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn respond<'w>(
        &'w mut self,
        status: Status,
        out: &'w mut WireView,
    ) -> Result<ResponseHeadWriter<'w>, WriteError> {
        self.outbound.respond(&self.shared, Body::Before, status, out)
    }

    /// Writes the 100 that the client waits for, and nothing if it does not wait [RFC 9110 section
    /// 10.1.1].
    ///
    /// Fails as [`respond`](Self::respond) does with a buffer that is full or in use.
    ///
    /// ```
    /// # use bareline_core::{FieldSpans, ServerConnection, WireBuf};
    /// let (mut connection, mut out) = (ServerConnection::new(), WireBuf::<128>::new());
    /// let mut input = *b"PUT / HTTP/1.1\r\nHost: a\r\n\
    ///     Expect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    /// connection.receive(&mut input, FieldSpans::<8>::new().lend())?;
    /// connection.write_continue(&mut out)?;
    /// assert_eq!(out.as_bytes(), b"HTTP/1.1 100 Continue\r\n\r\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "100-continue")]
    #[inline]
    pub fn write_continue(&mut self, out: &mut WireView) -> Result<(), WriteError> {
        if self.expects_continue() {
            self.respond(Status::CONTINUE, out)?.without_body()
        } else {
            Ok(())
        }
    }

    /// Begins a response that streams while the request's body is read, such as an echo, and keeps
    /// the connection alive.
    ///
    /// The response cannot end before the body has been received. Until then,
    /// [`end_body`](Self::end_body) and the octets that complete a declared length fail with
    /// [`WriteError::RequestUnread`].
    ///
    /// The response still says `Connection: close` if it consists of a head only, if the client
    /// waits for a 100, and to HTTP/1.0. Otherwise it is as [`respond`](Self::respond) begins it.
    #[inline]
    pub fn respond_while_receiving<'w>(
        &'w mut self,
        status: Status,
        out: &'w mut WireView,
    ) -> Result<ResponseHeadWriter<'w>, WriteError> {
        self.outbound.respond(&self.shared, Body::Meanwhile, status, out)
    }

    /// Makes the response that is owed the last one on the connection, whatever the request says
    /// [RFC 9112 section 9.6].
    ///
    /// The response says `Connection: close`, and nothing after the request is read. Without a
    /// response owed, nothing changes.
    #[doc(alias = "keep-alive")]
    pub const fn close_after_response(&mut self) {
        if matches!(self.outbound.outgoing, Outgoing::Owed) {
            self.outbound.next = Next::Close;
        }
    }

    /// Returns whether the response that is owed is the last one on the connection, because of the
    /// request or of [`close_after_response`](Self::close_after_response).
    #[doc(alias = "keep-alive")]
    pub const fn will_close(&self) -> bool {
        matches!((self.outbound.next, &self.outbound.outgoing), (Next::Close, Outgoing::Owed))
    }

    body_calls!();

    /// Begins the response that rejects a request: one that [`receive`](Self::receive) rejected,
    /// with the status of the error, or any other.
    ///
    /// Examples of others are a peer that is too slow, or a server that is overloaded. The response
    /// says `Connection: close`, and nothing is sent or read after it.
    ///
    /// Fails with [`WriteError::InterimStatus`] for a status 1xx. Fails with
    /// [`WriteError::BodyNotEnded`] during a response and with [`WriteError::Closed`] after the
    /// last one: then the caller can only close. After another complete response, the call rejects
    /// the next request.
    ///
    /// ```
    /// # use bareline_core::{FieldSpans, ServerConnection, WireBuf};
    /// let (mut connection, mut out) = (ServerConnection::new(), WireBuf::<256>::new());
    /// let mut input = *b"GET / HTTP/1.1\nHost: a\n\n";
    /// if let Err(error) = connection.receive(&mut input, FieldSpans::<8>::new().lend()) {
    ///     let hint = error.hint().as_bytes();
    ///     connection.reject(error.status(), &mut out)?.body(hint)?;
    /// }
    /// assert!(out.as_bytes().ends_with(b"Connection: close\r\n\r\nend each line with CR LF"));
    /// # Ok::<(), bareline_core::error::WriteError>(())
    /// ```
    #[inline]
    pub fn reject<'w>(
        &'w mut self,
        status: Status,
        out: &'w mut WireView,
    ) -> Result<ResponseHeadWriter<'w>, WriteError> {
        self.leave_exchange();
        self.outbound.reject(&self.shared, status, out)
    }

    /// Begins the next exchange if the present one is over.
    fn leave_exchange(&mut self) {
        if matches!(self.outbound.outgoing, Outgoing::Complete) && self.state() == ServerState::Idle
        {
            self.progress = RequestProgress::new();
            self.facts = Facts::new();
            self.inbound = Inbound::new(&self.limits);
            self.outbound = Outbound::new();
            self.shared.note(&self.inbound, false);
        }
    }

    /// Records that the peer has closed its side, after all received octets have been presented.
    ///
    /// One call is enough: the connection closes when it needs more octets. Fails with
    /// [`ParseErrorKind::Truncated`] in the middle of a request; the offset counts from the first
    /// unused octet. A complete request still gets its response [RFC 9112 section 9.6].
    ///
    /// ```
    /// # use bareline_core::error::ParseErrorKind;
    /// # use bareline_core::{FieldSpans, ServerConnection};
    /// let (mut connection, mut spans) = (ServerConnection::new(), FieldSpans::<8>::new());
    /// let mut input = *b"GET / HTTP/1.1\r\nHos";
    /// connection.receive(&mut input, spans.lend())?;
    /// let error = connection.on_eof().err();
    /// assert_eq!(error.map(|error| error.kind()), Some(ParseErrorKind::Truncated));
    /// # Ok::<(), bareline_core::error::ParseError>(())
    /// ```
    pub fn on_eof(&mut self) -> Result<(), ParseError> {
        self.leave_exchange();
        self.is_peer_closed = true;
        let closed =
            match self.inbound.phase {
                InPhase::Head if self.progress.is_begun() => Err(self
                    .inbound
                    .fail(ParseError::new(ParseErrorKind::Truncated, self.progress.searched(), 0))),
                InPhase::Head => {
                    self.inbound.phase = InPhase::Closed;
                    self.outbound.outgoing = Outgoing::Complete;
                    self.outbound.next = Next::Close;
                    Ok(())
                }
                InPhase::Body => self.inbound.body_closed(),
                InPhase::Complete | InPhase::Ended | InPhase::Upgraded | InPhase::Closed => Ok(()),
            };
        closed.inspect_err(|_| self.shared.set_failed())
    }

    /// Gives up this message and returns the error: the buffer is full and more octets are needed,
    /// or the octets time out.
    ///
    /// The error is for [`reject`](Self::reject): 414 or 431 for a head, 413 for a body.
    ///
    /// ```
    /// # use bareline_core::{FieldSpans, ServerConnection, Status};
    /// let (mut connection, mut spans) = (ServerConnection::new(), FieldSpans::<8>::new());
    /// let mut whole_buffer = *b"GET / HTTP/1.1\r\nCookie: a=";
    /// connection.receive(&mut whole_buffer, spans.lend())?; // more octets are needed
    /// let error = connection.on_overflow();
    /// assert_eq!(error.status(), Status::REQUEST_HEADER_FIELDS_TOO_LARGE);
    /// # Ok::<(), bareline_core::error::ParseError>(())
    /// ```
    pub fn on_overflow(&mut self) -> ParseError {
        self.leave_exchange();
        let kind = if self.progress.is_start_line_read() {
            ParseErrorKind::HeadTooLong
        } else {
            ParseErrorKind::TargetTooLong
        };
        self.inbound.on_overflow(kind, self.progress.searched(), &self.shared)
    }

    /// Returns the peer's error, which [`receive`](Self::receive),
    /// [`on_overflow`](Self::on_overflow) or [`on_eof`](Self::on_eof) returned.
    ///
    /// In the state [`Reject`](ServerState::Reject), the caller responds to it with
    /// [`reject`](Self::reject).
    pub const fn error(&self) -> Option<ParseError> {
        self.inbound.error()
    }

    /// Returns the state: who has to act next.
    pub fn state(&self) -> ServerState {
        let Outbound { outgoing, next, rejects, .. } = &self.outbound;
        match (self.incoming(), outgoing) {
            (Incoming::Rejected, Outgoing::Idle | Outgoing::Owed) => ServerState::Reject,
            (Incoming::Rejected, Outgoing::Body(_)) if *rejects => ServerState::SendBody,
            (Incoming::Nothing, Outgoing::Idle) => ServerState::Idle,
            (Incoming::Head, Outgoing::Idle) => ServerState::Head,
            (Incoming::Body | Incoming::End, Outgoing::Owed) => ServerState::Body,
            (Incoming::Complete, Outgoing::Owed) => ServerState::SendResponse,
            (Incoming::Body | Incoming::End | Incoming::Complete, Outgoing::Body(_)) => {
                ServerState::SendBody
            }
            (Incoming::End | Incoming::Complete, Outgoing::Complete) => match next {
                Next::Request => ServerState::Idle,
                Next::Upgrade => ServerState::Upgraded,
                Next::Close => ServerState::Close,
            },
            _ => ServerState::Close,
        }
    }

    /// Returns the part of a request that has been received.
    fn incoming(&self) -> Incoming {
        match self.inbound.phase {
            _ if self.shared.has_failed() => Incoming::Rejected,
            InPhase::Head if self.progress.is_begun() => Incoming::Head,
            InPhase::Head => Incoming::Nothing,
            InPhase::Body if self.is_body_owed() => Incoming::Body,
            InPhase::Body => Incoming::End,
            InPhase::Complete | InPhase::Ended => Incoming::Complete,
            InPhase::Upgraded | InPhase::Closed => Incoming::Closed,
        }
    }

    /// Returns whether the client waits for a 100 before it sends the body [RFC 9110 section
    /// 10.1.1].
    ///
    /// [`write_continue`](Self::write_continue) asks for the body. The client no longer waits once
    /// octets of the body have arrived.
    #[doc(alias = "100-continue")]
    pub fn expects_continue(&self) -> bool {
        self.outbound.expects_continue && self.state() == ServerState::Body
    }

    /// Splits the connection, to receive a body while the response is being written.
    pub fn split(&mut self) -> (RecvHalf<'_>, ServerSendHalf<'_>) {
        let Self { inbound, outbound, shared, .. } = self;
        (RecvHalf { inbound, shared }, ServerSendHalf { outbound, shared })
    }

    fn outgoing(&mut self, step: BodyStep) -> Result<&mut Outgoing, WriteError> {
        self.outbound.outgoing(&self.shared, step)
    }
}

impl Default for ServerConnection {
    fn default() -> Self {
        Self::new()
    }
}

impl ServerSendHalf<'_> {
    /// Begins a response as [`ServerConnection::respond`] does.
    ///
    /// Fails as that call does.
    #[inline]
    pub fn respond<'w>(
        &'w mut self,
        status: Status,
        out: &'w mut WireView,
    ) -> Result<ResponseHeadWriter<'w>, WriteError> {
        self.outbound.respond(self.shared, Body::Before, status, out)
    }

    /// Begins a response as [`ServerConnection::respond_while_receiving`] does.
    ///
    /// Fails as that call does.
    #[inline]
    pub fn respond_while_receiving<'w>(
        &'w mut self,
        status: Status,
        out: &'w mut WireView,
    ) -> Result<ResponseHeadWriter<'w>, WriteError> {
        self.outbound.respond(self.shared, Body::Meanwhile, status, out)
    }

    body_calls!();

    /// Begins a response as [`ServerConnection::reject`] does, but not after a complete one.
    ///
    /// Fails as that call does.
    #[inline]
    pub fn reject<'w>(
        &'w mut self,
        status: Status,
        out: &'w mut WireView,
    ) -> Result<ResponseHeadWriter<'w>, WriteError> {
        self.outbound.reject(self.shared, status, out)
    }

    fn outgoing(&mut self, step: BodyStep) -> Result<&mut Outgoing, WriteError> {
        self.outbound.outgoing(self.shared, step)
    }
}

/// The part of a request that has been received.
enum Incoming {
    Nothing,
    Head,
    Body,
    /// All octets; their end is the next event.
    End,
    Complete,
    /// The peer broke a rule.
    Rejected,
    Closed,
}

/// The time at which the request's body is read.
#[derive(Clone, Copy, PartialEq)]
enum Body {
    /// Before the response, or never to its end.
    Before,
    /// While the response streams.
    Meanwhile,
}

impl Outbound {
    const fn new() -> Self {
        Self {
            outgoing: Outgoing::Idle,
            context: RequestContext::UNREAD,
            next: Next::Request,
            expects_continue: false,
            offers_upgrade: false,
            rejects: false,
        }
    }

    #[inline]
    fn respond<'w>(
        &'w mut self,
        shared: &Shared,
        body: Body,
        status: Status,
        out: &'w mut WireView,
    ) -> Result<ResponseHeadWriter<'w>, WriteError> {
        if shared.has_failed() || !matches!(self.outgoing, Outgoing::Owed) {
            return Err(self.not_owed(shared.has_failed()));
        }
        let is_switch = status == Status::SWITCHING_PROTOCOLS;
        if is_switch && (!self.offers_upgrade || self.expects_continue) {
            return Err(WriteError::UpgradeNotOffered);
        }
        let is_body_owed = shared.is_body_owed();
        if is_switch && is_body_owed {
            return Err(WriteError::RequestUnread);
        }
        let version = self.context.version();
        // A client that waits for a 100 and gets a final response may or may not send the body.
        let may_go_on =
            body == Body::Meanwhile && version == Version::Http11 && !self.expects_continue;
        let persistence = match version {
            _ if status.is_informational() => Persistence::Unsaid,
            _ if self.next == Next::Close || (is_body_owed && !may_go_on) => Persistence::Close,
            Version::Http11 if is_body_owed => Persistence::CloseIfWhole,
            Version::Http11 => Persistence::Unsaid,
            Version::Http10 => Persistence::KeepAlive,
        };
        let draft = out.head_draft()?;
        let response = Response::new(self.context, status)?;
        let sink = ResponseSink { outbound: self, rejected: None };
        Ok(HeadWriter::new(draft, sink, response).persistence(persistence))
    }

    /// Returns the error of a response where none is owed.
    #[cold]
    fn not_owed(&self, has_failed: bool) -> WriteError {
        match self.outgoing {
            Outgoing::Body(_) => WriteError::BodyNotEnded,
            Outgoing::Complete if self.rejects || self.next != Next::Request => WriteError::Closed,
            _ if has_failed => WriteError::AfterParseError,
            Outgoing::Idle | Outgoing::Owed | Outgoing::Complete => WriteError::NoRequest,
        }
    }

    #[inline]
    fn reject<'w>(
        &'w mut self,
        shared: &'w Shared,
        status: Status,
        out: &'w mut WireView,
    ) -> Result<ResponseHeadWriter<'w>, WriteError> {
        if !matches!(self.outgoing, Outgoing::Idle | Outgoing::Owed) {
            return Err(self.not_owed(false));
        }
        if status.is_informational() {
            return Err(WriteError::InterimStatus);
        }
        let draft = out.head_draft()?;
        let response = Response::new(self.context, status)?;
        let sink = ResponseSink { outbound: self, rejected: Some(shared) };
        Ok(HeadWriter::new(draft, sink, response).persistence(Persistence::Close))
    }

    fn outgoing(&mut self, shared: &Shared, step: BodyStep) -> Result<&mut Outgoing, WriteError> {
        if shared.has_failed() && !self.rejects {
            return Err(WriteError::AfterParseError);
        }
        // After a complete response, the peer may send its next request on the connection.
        if self.next != Next::Close && shared.is_body_owed() && self.outgoing.is_whole_after(step) {
            return Err(WriteError::RequestUnread);
        }
        Ok(&mut self.outgoing)
    }
}

/// A [`HeadWriter`] of a response on a connection.
///
/// ```
/// use bareline_core::connection::ResponseHeadWriter;
/// use bareline_core::error::WriteError;
/// use bareline_core::{FieldName, FieldValue, ServerConnection, Status, WireBuf};
///
/// /// Writes a response of text.
/// fn text(head: ResponseHeadWriter<'_>, text: &str) -> Result<(), WriteError> {
///     head.field(FieldName::CONTENT_TYPE, FieldValue::new("text/plain")?)?.body(text.as_bytes())
/// }
/// let (mut connection, mut out) = (ServerConnection::new(), WireBuf::<128>::new());
/// text(connection.reject(Status::SERVICE_UNAVAILABLE, &mut out)?, "try later")?;
/// assert!(out.as_bytes().ends_with(b"\r\n\r\ntry later"));
/// # Ok::<(), WriteError>(())
/// ```
pub type ResponseHeadWriter<'w> = HeadWriter<'w, ResponseSink<'w>>;

/// The destination of a response's head: a server connection.
#[derive(Debug)]
pub struct ResponseSink<'w> {
    outbound: &'w mut Outbound,
    rejected: Option<&'w Shared>,
}

impl StreamSink for ResponseSink<'_> {}

impl Sink for ResponseSink<'_> {
    type Message = Response;

    const IS_CONNECTION: bool = true;

    fn head_written(self, response: &Response, written: HeadWritten) {
        let (Self { outbound, rejected }, status) = (self, response.status);
        if let Some(shared) = rejected {
            shared.set_failed();
            outbound.rejects = true;
        }
        if status == Status::CONTINUE {
            outbound.expects_continue = false;
        }
        if written.closes {
            outbound.next = Next::Close;
        }
        if status.is_informational() && status != Status::SWITCHING_PROTOCOLS {
            return;
        }
        if response.begins_tunnel() || status == Status::SWITCHING_PROTOCOLS {
            outbound.next = Next::Upgrade;
        }
        outbound.outgoing = Outgoing::after_head(written.body);
    }
}
