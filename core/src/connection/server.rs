//! The server's side of a connection.

use super::outgoing::Outgoing;
use super::recv_half::{InPhase, Inbound, Shared};
use super::{Event, RecvHalf, ServerEvent, ServerState};
use crate::error::{ParseError, ParseErrorKind, WriteError};
use crate::head::{Facts, LentSpans, Limits, Parsed, RequestHead, RequestProgress};
use crate::record::debug_record;
use crate::value::{Status, Version};
use crate::write::{
    BodyStep, HeadWriter, HeadWritten, Persistence, RequestContext, Sink, StreamSink, TrailerField,
    WireBuf, body_calls,
};

/// The server's side of a connection, without octets and without a clock [RFC 9112 section 9].
///
/// The caller brings what was received to [`receive`](Self::receive), writes responses with
/// [`respond`](Self::respond) into a [`WireBuf`] that he sends, and asks [`state`](Self::state)
/// what is waited for and how long he wants to.
///
/// A response never goes ahead of its request's body. One that begins before the body has been
/// received says `Connection: close` and is the last [RFC 9112 sections 9.3 and 9.6]: a peer that
/// reuses the connection after it would have its next request read as the body. Two calls keep the
/// connection: [`discard_body`](Self::discard_body) before the response, for a body that nobody
/// wants, and [`respond_while_receiving`](Self::respond_while_receiving) for a response that
/// streams while the body is read.
///
/// ```
/// use bareline_core::{
///     FieldSpans, Limits, ServerConnection, ServerEvent, ServerState, Status, WireBuf,
/// };
///
/// let (mut spans, mut out) = (FieldSpans::<8>::new(), WireBuf::<128>::new());
/// let mut connection = ServerConnection::new(Limits::DEFAULT);
/// let received = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2";
/// let (used, event) = connection.receive(received, spans.lend())?;
/// assert!(matches!(event, ServerEvent::Head(head) if head.target().path() == "/"));
/// connection.respond(Status::OK, &mut out).and_then(|head| head.body(b"hi")).unwrap();
/// assert_eq!((connection.next_request(), &received[used..]), (ServerState::Idle, &b"GET /2"[..]));
/// # Ok::<(), bareline_core::ParseError>(())
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
    /// The connection ends with this answer.
    closes: bool,
    /// The client waits for a 100.
    expects_continue: bool,
    offers_upgrade: bool,
    /// The answer hands the connection to another protocol.
    hands_over: bool,
    /// The answer is a refusal.
    rejects: bool,
}

debug_record!(Outbound {
    outgoing,
    context,
    closes,
    expects_continue,
    offers_upgrade,
    hands_over,
    rejects
});

/// The sending half of a server's connection.
#[derive(Debug)]
pub struct ServerSendHalf<'c> {
    outbound: &'c mut Outbound,
    shared: &'c Shared,
}

/// How many octets were used, and for what.
type Received<'b> = Result<(usize, ServerEvent<'b>), ParseError>;

impl ServerConnection {
    /// A connection that has just been accepted.
    pub const fn new(limits: Limits) -> Self {
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

    /// Takes what has been received and not used, and gives the next event and how many octets are
    /// used with it.
    ///
    /// What is not used is presented again, with more behind it, and with the same spans. After an
    /// error every call gives that error; [`reject`](Self::reject) tells the peer. Offsets
    /// count from the beginning of this input.
    pub fn receive<'b>(
        &mut self,
        input: &'b [u8],
        spans: LentSpans<'b>,
    ) -> Result<(usize, ServerEvent<'b>), ParseError> {
        let Outbound { closes, rejects, .. } = self.outbound;
        let received = match (self.inbound.phase, &self.outbound.outgoing) {
            (InPhase::Head, _) if !rejects => self.receive_head(input, spans),
            (InPhase::Body | InPhase::Complete, Outgoing::Complete) if closes => {
                Ok((0, Event::Closed))
            }
            _ => return self.receive_by(Inbound::receive_part, input),
        };
        self.received(received)
    }

    /// Gives the next event of a request's body, as [`receive`](Self::receive) does, while the head
    /// is kept: it needs no spans, passes over the lines of chunks, and gives [`Event::End`] where
    /// no body is left. It goes on after the response.
    pub fn receive_body<'b>(
        &mut self,
        input: &'b [u8],
    ) -> Result<(usize, ServerEvent<'b>), ParseError> {
        self.receive_by(Inbound::receive_body, input)
    }

    #[inline(always)]
    fn receive_by<'b>(
        &mut self,
        read: fn(&mut Inbound, &'b [u8]) -> Received<'b>,
        input: &'b [u8],
    ) -> Received<'b> {
        let received = match (self.inbound.phase, &self.outbound.outgoing) {
            _ if self.outbound.rejects => Ok((0, Event::Closed)),
            (InPhase::Body | InPhase::Complete, Outgoing::Complete) if self.outbound.hands_over => {
                Ok((0, Event::Upgraded))
            }
            _ => read(&mut self.inbound, input),
        };
        self.received(received)
    }

    /// Discards octets of a request's body that nobody wants: returns how many of these are used.
    ///
    /// Call it before the response with what has arrived. When the body ends within
    /// [`Limits::drain`], the response keeps the connection. It may be called again with more
    /// octets, as long as [`may_discard_body`](Self::may_discard_body); without a body it uses
    /// none.
    ///
    /// A body that breaks a rule is the peer's [`error`](Self::error), whose offset counts from the
    /// first octet that is not used: the response is written with [`reject`](Self::reject) then,
    /// with any status.
    ///
    /// ```
    /// use bareline_core::{FieldSpans, Limits, ServerConnection, ServerState, Status, WireBuf};
    ///
    /// let (mut spans, mut out) = (FieldSpans::<8>::new(), WireBuf::<128>::new());
    /// let mut connection = ServerConnection::new(Limits::DEFAULT);
    /// let received = b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
    /// let (used, _) = connection.receive(received, spans.lend())?;
    /// assert_eq!(connection.discard_body(&received[used..]), 2);
    /// connection.respond(Status::NOT_FOUND, &mut out).and_then(|head| head.body(b"no")).unwrap();
    /// assert_eq!(connection.next_request(), ServerState::Idle);
    /// # Ok::<(), bareline_core::ParseError>(())
    /// ```
    pub fn discard_body(&mut self, input: &[u8]) -> usize {
        let discarded = self.inbound.discard_body(input);
        if discarded > 0 {
            self.outbound.expects_continue = false;
        }
        self.shared.note(&self.inbound, self.inbound.fault().is_some());
        discarded
    }

    /// Returns whether more octets for [`discard_body`](Self::discard_body) can keep the
    /// connection: the body is not received to its end, may end within [`Limits::drain`], and the
    /// client does not wait for a 100 before it sends the body.
    pub fn may_discard_body(&self) -> bool {
        self.is_body_owed() && !self.outbound.expects_continue && self.inbound.may_be_discarded()
    }

    /// Returns whether octets of the request's body are still to come: a response that begins now,
    /// and not with [`respond_while_receiving`](Self::respond_while_receiving), is the last one on
    /// the connection.
    pub fn is_body_owed(&self) -> bool {
        self.shared.is_body_owed()
    }

    /// Takes note of what has come of octets.
    fn received<'b>(&mut self, received: Received<'b>) -> Received<'b> {
        match received {
            Ok((_, Event::NeedMore)) if self.is_peer_closed => {
                return self.on_eof().map(|()| (0, Event::Closed));
            }
            Ok((_, Event::NeedMore)) => return received,
            // A client that has sent octets of the body waits for no 100 any more.
            Ok((_, Event::Data(_) | Event::Chunk { .. } | Event::End)) => {
                self.outbound.expects_continue = false
            }
            Ok(_) | Err(_) => {}
        }
        self.shared.note(&self.inbound, received.is_err());
        received
    }

    fn receive_head<'b>(
        &mut self,
        input: &'b [u8],
        spans: LentSpans<'b>,
    ) -> Result<(usize, ServerEvent<'b>), ParseError> {
        let parsed =
            RequestHead::resume(&mut self.progress, &mut self.facts, input, spans, &self.limits);
        match parsed.map_err(|error| self.inbound.fail(error))? {
            Parsed::Incomplete => Ok((0, Event::NeedMore)),
            Parsed::Complete { message: head, len } => {
                let options = head.options();
                let begun = self.inbound.begin_body(head.framing(), &self.limits);
                self.outbound = Outbound {
                    outgoing: Outgoing::Owed,
                    context: head.context(),
                    closes: !options.persists(head.version()),
                    expects_continue: self.inbound.phase == InPhase::Body
                        && options.expects_continue(head.version()),
                    offers_upgrade: options.offers_upgrade(head.version()),
                    hands_over: false,
                    rejects: false,
                };
                begun.map(|()| (len, Event::Head(head)))
            }
        }
    }

    /// Begins a response: a final one, or an interim one with status 1xx. A response that ends the
    /// connection says so: every final one that begins while the request's body
    /// [is owed](Self::is_body_owed) does.
    ///
    /// That a 101 names a protocol which the request offers is the caller's to see to.
    ///
    /// Fails with [`WriteError::OutOfTurn`] when no response is owed, with
    /// [`WriteError::UpgradeNotOffered`] for a 101 that the request does not offer or that a 100
    /// has to precede [RFC 9110 section 7.8], with [`WriteError::RequestUnread`] for a 101 before
    /// the end of the request's body.
    pub fn respond<'w, const M: usize>(
        &'w mut self,
        status: Status,
        out: &'w mut WireBuf<M>,
    ) -> Result<ResponseHeadWriter<'w>, WriteError> {
        self.outbound.respond(&self.shared, Body::Before, status, out)
    }

    /// Begins a response, as [`respond`](Self::respond) does, that streams while the request's body
    /// is read: an echo, for example. It keeps the connection.
    ///
    /// The response cannot end before the body has been received: [`end_body`](Self::end_body), and
    /// the octets that complete a declared length, fail with [`WriteError::RequestUnread`] until
    /// then. It says `Connection: close` all the same where its head is all of it, where the client
    /// waits for a 100, and to HTTP/1.0.
    pub fn respond_while_receiving<'w, const M: usize>(
        &'w mut self,
        status: Status,
        out: &'w mut WireBuf<M>,
    ) -> Result<ResponseHeadWriter<'w>, WriteError> {
        self.outbound.respond(&self.shared, Body::Meanwhile, status, out)
    }

    /// Makes the answer that is owed the last one on the connection, whatever the request asks for:
    /// it says so, and nothing behind the request is read [RFC 9112 section 9.6]. Without an
    /// answer owed nothing changes.
    pub const fn close_after_response(&mut self) {
        self.outbound.closes |= matches!(self.outbound.outgoing, Outgoing::Owed);
    }

    /// Whether the answer that is owed is the last one on the connection: the request says so, or
    /// [`close_after_response`](Self::close_after_response) does.
    pub const fn will_close(&self) -> bool {
        self.outbound.closes && matches!(self.outbound.outgoing, Outgoing::Owed)
    }

    body_calls!();

    /// Begins the refusal of what [`receive`](Self::receive) has refused, with the status that the
    /// error suggests, or of a peer that is too slow or comes at a bad time. It says that the
    /// connection closes, and nothing is sent or read after it.
    ///
    /// Fails with [`WriteError::OutOfTurn`] when an answer has begun: then only the close is left.
    pub fn reject<'w, const M: usize>(
        &'w mut self,
        status: Status,
        out: &'w mut WireBuf<M>,
    ) -> Result<ResponseHeadWriter<'w>, WriteError> {
        self.outbound.reject(&self.shared, status, out)
    }

    /// Goes on to the next request, when there may be one; gives the state then.
    pub fn next_request(&mut self) -> ServerState {
        if self.state() == ServerState::Done {
            self.progress = RequestProgress::new();
            self.facts = Facts::new();
            self.inbound = Inbound::new(&self.limits);
            self.outbound = Outbound::new();
            self.shared.note(&self.inbound, false);
        }
        self.state()
    }

    /// Takes note that the peer has closed its side, after all octets that came have been put
    /// before the connection. Once is enough: when it comes to where more octets would be
    /// needed, it is closed.
    ///
    /// Fails with [`ParseErrorKind::Truncated`] in the middle of a request. A request that is whole
    /// is to be answered all the same [RFC 9112 section 9.6].
    pub fn on_eof(&mut self) -> Result<(), ParseError> {
        self.is_peer_closed = true;
        let closed =
            match self.inbound.phase {
                InPhase::Head if self.progress.is_begun() => Err(self
                    .inbound
                    .fail(ParseError::new(ParseErrorKind::Truncated, self.progress.searched(), 0))),
                InPhase::Head => {
                    self.inbound.phase = InPhase::Closed;
                    self.outbound.outgoing = Outgoing::Complete;
                    Ok(())
                }
                InPhase::Body => self.inbound.body_closed(),
                InPhase::Complete | InPhase::Upgraded | InPhase::Closed => Ok(()),
            };
        closed.inspect_err(|_| self.shared.raise_fault())
    }

    /// Takes note that the caller takes no more of this message: its buffer is full and more octets
    /// are needed, or they take too long to come. Gives what to [`reject`](Self::reject), 414
    /// or 431 for a head, 413 for a body.
    pub fn on_overflow(&mut self) -> ParseError {
        let kind = match self.progress.is_start_line_read() {
            true => ParseErrorKind::HeadTooLong,
            false => ParseErrorKind::TargetTooLong,
        };
        self.inbound.on_overflow(kind, self.progress.searched(), &self.shared)
    }

    /// What the peer did wrong, as [`receive`](Self::receive), [`on_overflow`](Self::on_overflow)
    /// or [`on_eof`](Self::on_eof) has told: what there is to [`reject`](Self::reject)
    /// in the state [`Rejection`](ServerState::Reject).
    pub const fn error(&self) -> Option<ParseError> {
        self.inbound.fault()
    }

    /// What is waited for.
    pub fn state(&self) -> ServerState {
        let outgoing = &self.outbound.outgoing;
        if self.shared.is_at_fault() {
            return match outgoing {
                Outgoing::Idle | Outgoing::Owed => ServerState::Reject,
                Outgoing::Body(_) if self.outbound.rejects => ServerState::SendBody,
                _ => ServerState::Close,
            };
        }
        match (self.inbound.phase, outgoing) {
            (InPhase::Head, Outgoing::Idle) if self.progress.is_begun() => ServerState::Head,
            (InPhase::Head, Outgoing::Idle) => ServerState::Idle,
            (InPhase::Body, Outgoing::Owed) => ServerState::Body,
            (InPhase::Complete, Outgoing::Owed) => ServerState::SendResponse,
            (InPhase::Body | InPhase::Complete, Outgoing::Body(_)) => ServerState::SendBody,
            (InPhase::Body | InPhase::Complete, Outgoing::Complete) if !self.is_body_owed() => {
                match self.outbound {
                    Outbound { hands_over: true, .. } => ServerState::Upgraded,
                    Outbound { closes: false, .. } => ServerState::Done,
                    _ => ServerState::Close,
                }
            }
            _ => ServerState::Close,
        }
    }

    /// Whether the client waits for a 100 before it sends the body [RFC 9110 section 10.1.1]: one
    /// is to be sent when the body is wanted, and may be left out once octets of it have come.
    pub fn expects_continue(&self) -> bool {
        self.outbound.expects_continue && self.state() == ServerState::Body
    }

    /// The two halves, to receive a body while the answer is being written.
    pub fn split(&mut self) -> (RecvHalf<'_>, ServerSendHalf<'_>) {
        let Self { inbound, outbound, shared, .. } = self;
        (RecvHalf { inbound, shared }, ServerSendHalf { outbound, shared })
    }

    fn outgoing(&mut self, step: BodyStep) -> Result<&mut Outgoing, WriteError> {
        self.outbound.outgoing(&self.shared, step)
    }
}

impl ServerSendHalf<'_> {
    /// As [`ServerConnection::respond`].
    pub fn respond<'w, const M: usize>(
        &'w mut self,
        status: Status,
        out: &'w mut WireBuf<M>,
    ) -> Result<ResponseHeadWriter<'w>, WriteError> {
        self.outbound.respond(self.shared, Body::Before, status, out)
    }

    /// As [`ServerConnection::respond_while_receiving`].
    pub fn respond_while_receiving<'w, const M: usize>(
        &'w mut self,
        status: Status,
        out: &'w mut WireBuf<M>,
    ) -> Result<ResponseHeadWriter<'w>, WriteError> {
        self.outbound.respond(self.shared, Body::Meanwhile, status, out)
    }

    body_calls!();

    /// As [`ServerConnection::reject`].
    pub fn reject<'w, const M: usize>(
        &'w mut self,
        status: Status,
        out: &'w mut WireBuf<M>,
    ) -> Result<ResponseHeadWriter<'w>, WriteError> {
        self.outbound.reject(self.shared, status, out)
    }

    fn outgoing(&mut self, step: BodyStep) -> Result<&mut Outgoing, WriteError> {
        self.outbound.outgoing(self.shared, step)
    }
}

/// When the request's body is read.
#[derive(Clone, Copy, PartialEq)]
enum Body {
    /// Before the response, or not to its end.
    Before,
    /// While the response streams.
    Meanwhile,
}

impl Outbound {
    const fn new() -> Self {
        Self {
            outgoing: Outgoing::Idle,
            context: RequestContext::UNREAD,
            closes: false,
            expects_continue: false,
            offers_upgrade: false,
            hands_over: false,
            rejects: false,
        }
    }

    fn respond<'w, const M: usize>(
        &'w mut self,
        shared: &Shared,
        body: Body,
        status: Status,
        out: &'w mut WireBuf<M>,
    ) -> Result<ResponseHeadWriter<'w>, WriteError> {
        if shared.is_at_fault() || !matches!(self.outgoing, Outgoing::Owed) {
            return Err(WriteError::OutOfTurn);
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
        // A client that waits for a 100 and gets a final response may send the body or not.
        let may_go_on =
            body == Body::Meanwhile && version == Version::Http11 && !self.expects_continue;
        let persistence = match version {
            _ if status.is_informational() => Persistence::Unsaid,
            _ if self.closes || (is_body_owed && !may_go_on) => Persistence::Close,
            Version::Http11 if is_body_owed => Persistence::CloseIfWhole,
            Version::Http11 => Persistence::Unsaid,
            Version::Http10 => Persistence::KeepAlive,
        };
        let context = self.context;
        let writer = HeadWriter::response(
            out.head_draft()?,
            ResponseSink { outbound: self, status, rejected: None },
            context,
            status,
        )?;
        Ok(writer.persistence(persistence))
    }

    fn reject<'w, const M: usize>(
        &'w mut self,
        shared: &'w Shared,
        status: Status,
        out: &'w mut WireBuf<M>,
    ) -> Result<ResponseHeadWriter<'w>, WriteError> {
        if !matches!(self.outgoing, Outgoing::Idle | Outgoing::Owed) || status.is_informational() {
            return Err(WriteError::OutOfTurn);
        }
        let context = self.context;
        let sink = ResponseSink { outbound: self, status, rejected: Some(shared) };
        Ok(HeadWriter::response(out.head_draft()?, sink, context, status)?
            .persistence(Persistence::Close))
    }

    fn outgoing(&mut self, shared: &Shared, step: BodyStep) -> Result<&mut Outgoing, WriteError> {
        if shared.is_at_fault() && !self.rejects {
            return Err(WriteError::OutOfTurn);
        }
        // A whole response is what tells a peer that the connection is free for the next request.
        if !self.closes && shared.is_body_owed() && self.outgoing.is_whole_after(step) {
            return Err(WriteError::RequestUnread);
        }
        Ok(&mut self.outgoing)
    }
}

/// A [`HeadWriter`] that writes a response of a connection.
pub type ResponseHeadWriter<'w> = HeadWriter<'w, ResponseSink<'w>>;

/// Tells a server's connection that a head of an answer has been written.
#[derive(Debug)]
pub struct ResponseSink<'w> {
    outbound: &'w mut Outbound,
    status: Status,
    rejected: Option<&'w Shared>,
}

impl StreamSink for ResponseSink<'_> {}

impl Sink for ResponseSink<'_> {
    const IS_CONNECTION: bool = true;
    const MAY_BE_REQUEST: bool = false;

    fn head_written(self, written: HeadWritten) {
        let Self { outbound, status, rejected } = self;
        if let Some(shared) = rejected {
            shared.raise_fault();
            outbound.rejects = true;
        }
        if status == Status::CONTINUE {
            outbound.expects_continue = false;
        }
        outbound.closes |= written.says_close;
        if status.is_informational() && status != Status::SWITCHING_PROTOCOLS {
            return;
        }
        let is_tunnel = outbound.context.is_connect() && status.is_successful();
        outbound.hands_over = is_tunnel || status == Status::SWITCHING_PROTOCOLS;
        let is_last_by_version = written.version == Version::Http10 && !written.says_keep_alive;
        outbound.closes = !outbound.hands_over && (outbound.closes || is_last_by_version);
        outbound.outgoing = Outgoing::after_head(written.body);
    }
}
