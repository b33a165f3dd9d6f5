//! The client's side of a connection.

use super::outgoing::Outgoing;
use super::recv_half::{InPhase, Inbound, Shared};
use super::{ClientEvent, ClientState, Event, RecvHalf};
use crate::error::{ParseError, ParseErrorKind, WriteError};
use crate::framing::Framing;
use crate::head::{Facts, LentSpans, Limits, Parsed, ResponseParts, ResponseProgress};
use crate::record::debug_record;
use crate::value::{Method, Status, Target, Version};
use crate::write::{
    BodyStep, HeadWriter, HeadWritten, RequestContext, Sink, StreamSink, TrailerField, WireBuf,
    body_calls,
};

/// The client's side of a connection, without octets and without a clock [RFC 9112 section 9].
///
/// The caller writes requests with [`request`](Self::request) into a [`WireBuf`] that he sends,
/// brings what was received to [`receive`](Self::receive), and asks [`state`](Self::state) what is
/// waited for and how long he wants to. A response that was cut short is never whole, and interim
/// responses are never the answer.
///
/// ```
/// use bareline_core::{
///     ClientConnection, ClientEvent, ClientState, FieldName, FieldSpans, FieldValue, Limits,
///     Method, Target, WireBuf,
/// };
///
/// let (mut spans, mut out) = (FieldSpans::<8>::new(), WireBuf::<128>::new());
/// let mut connection = ClientConnection::new(Limits::DEFAULT);
/// let head = connection.request(Method::GET, Target::ROOT, &mut out).unwrap();
/// head.field(FieldName::HOST, FieldValue::from_static("a")).unwrap().without_body().unwrap();
/// let mut received = *b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
/// let (used, event) = connection.receive(&mut received, spans.lend())?;
/// assert!(matches!(event, ClientEvent::Head(head) if head.status().code() == 200));
/// let data = connection.receive(&mut received[used..], spans.lend())?;
/// assert!(matches!(data, (2, ClientEvent::Data(b"hi"))));
/// assert!(matches!(connection.receive(&mut [], spans.lend())?, (0, ClientEvent::End)));
/// assert_eq!(connection.next_request(), ClientState::Idle);
/// # Ok::<(), bareline_core::ParseError>(())
/// ```
pub struct ClientConnection {
    limits: Limits,
    progress: ResponseProgress,
    facts: Facts,
    inbound: Inbound,
    outbound: Outbound,
    shared: Shared,
    /// How many more interim responses are taken.
    interim_left: u16,
    /// The connection ends with this response.
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
    /// What the response has to be read by.
    context: RequestContext,
    /// The request says that the connection ends.
    closes: bool,
    /// The body waits for a 100.
    expects_continue: bool,
    offers_upgrade: bool,
}

/// The sending half of a client's connection.
#[derive(Debug)]
pub struct ClientSendHalf<'c> {
    outbound: &'c mut Outbound,
    shared: &'c Shared,
}

impl ClientConnection {
    /// A connection that has just been made.
    pub const fn new(limits: Limits) -> Self {
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

    /// Begins a request, when no octets are left over from the response before: see
    /// [`next_request`](Self::next_request). With `Expect: 100-continue` its body may wait until
    /// the state is no longer [`ClientState::Continue`], or be sent at any time [RFC 9110
    /// section 10.1.1].
    ///
    /// Fails with [`WriteError::OutOfTurn`] in any state but [`ClientState::Idle`], with
    /// [`WriteError::TargetForm`] when the target's form does not suit the method, with
    /// [`WriteError::InvalidTarget`] when the target was read and holds what may not be written:
    /// [`Target::encoded`] makes it fit.
    pub fn request<'w, const M: usize>(
        &'w mut self,
        method: Method<'_>,
        target: Target<'_>,
        out: &'w mut WireBuf<M>,
    ) -> Result<RequestHeadWriter<'w>, WriteError> {
        if self.state() != ClientState::Idle {
            return Err(WriteError::OutOfTurn);
        }
        if !target.form().suits(method) {
            return Err(WriteError::TargetForm);
        }
        let context = RequestContext::new(method, Version::Http11);
        let sink = RequestSink { outbound: &mut self.outbound, context };
        let writer = HeadWriter::request(out.head_draft()?, sink, method, target)?;
        Ok(writer.server_version(self.server_version))
    }

    body_calls!();

    /// Takes what has been received and not used, and gives the next event and how many octets are
    /// used with it.
    ///
    /// What is not used is presented again, with more behind it, and with the same spans. Folded
    /// field lines are mended in place: SP takes the place of the fold [RFC 9112 section 5.2].
    /// After an error every call gives that error, and only the close is left. Offsets count
    /// from the beginning of this input.
    pub fn receive<'b>(
        &mut self,
        input: &'b mut [u8],
        spans: LentSpans<'b>,
    ) -> Result<(usize, ClientEvent<'b>), ParseError> {
        let received = match (self.inbound.phase, &self.outbound.outgoing) {
            (InPhase::Head, Outgoing::Idle) if input.is_empty() => Ok((0, Event::NeedMore)),
            (InPhase::Head, Outgoing::Idle) => {
                Err(self.inbound.fail(ParseError::new(ParseErrorKind::Unsolicited, 0, 1)))
            }
            (InPhase::Head, _) => self.receive_head(input, spans),
            _ => self.inbound.receive_part(input),
        };
        received.inspect_err(|_| self.shared.raise_fault())
    }

    /// Gives the next event of a response's body, as [`receive`](Self::receive) does, while the
    /// head is kept: it needs no spans, passes over the lines of chunks, and gives
    /// [`Event::End`] where no body is left.
    pub fn receive_body<'b>(
        &mut self,
        input: &'b [u8],
    ) -> Result<(usize, ClientEvent<'b>), ParseError> {
        self.inbound.receive_body(input).inspect_err(|_| self.shared.raise_fault())
    }

    fn receive_head<'b>(
        &mut self,
        input: &'b mut [u8],
        mut spans: LentSpans<'b>,
    ) -> Result<(usize, ClientEvent<'b>), ParseError> {
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
            return Ok((0, Event::NeedMore));
        };
        let head = parts.with(input, spans);
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
            return Ok((len, Event::Head(head)));
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
        Ok((len, Event::Head(head)))
    }

    /// Goes on to the next request, when there may be one; gives the state then.
    ///
    /// Octets that are left over now answer nothing: they came before the next request was sent.
    /// Put them to [`receive`](Self::receive) before it is written, which refuses them as
    /// [`ParseErrorKind::Unsolicited`]; kept, they would pass for its response [RFC 9112 section
    /// 9.2].
    pub fn next_request(&mut self) -> ClientState {
        if self.state() == ClientState::Done {
            self.progress = ResponseProgress::new();
            self.facts = Facts::new();
            self.inbound = Inbound::new(&self.limits);
            self.outbound = Outbound::new();
            self.interim_left = self.limits.interim;
        }
        self.state()
    }

    /// Takes note that the peer has closed, after all octets have been presented. A body that the
    /// close delimits is whole with that.
    ///
    /// Fails with [`ParseErrorKind::Truncated`] when a response is missing or not whole [RFC 9112
    /// section 8].
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
            (InPhase::Complete | InPhase::Upgraded | InPhase::Closed, _) => Ok(()),
        };
        closed.inspect_err(|_| self.shared.raise_fault())
    }

    /// Takes note that the caller takes no more of this response: its buffer is full and more
    /// octets are needed, or they take too long to come.
    pub fn on_overflow(&mut self) -> ParseError {
        self.inbound.on_overflow(
            ParseErrorKind::HeadTooLong,
            self.progress.searched(),
            &self.shared,
        )
    }

    /// What is waited for.
    pub fn state(&self) -> ClientState {
        if self.shared.is_at_fault() || self.inbound.phase == InPhase::Closed {
            return ClientState::Close;
        }
        match (self.inbound.phase, &self.outbound.outgoing) {
            (_, Outgoing::Idle) => ClientState::Idle,
            // The server has answered and ends the connection: the rest of the request has nobody
            // to read it [RFC 9112 section 9.5].
            (InPhase::Complete | InPhase::Upgraded, Outgoing::Body(_)) if self.closes => {
                ClientState::Close
            }
            (InPhase::Head, Outgoing::Body(_)) if self.outbound.expects_continue => {
                ClientState::Continue
            }
            (_, Outgoing::Body(_)) => ClientState::RequestBody,
            (InPhase::Head, _) => ClientState::Head,
            (InPhase::Body, _) => ClientState::Body,
            (InPhase::Upgraded, _) => ClientState::Upgraded,
            (InPhase::Complete, _) if self.closes => ClientState::Close,
            _ => ClientState::Done,
        }
    }

    /// The two halves, to receive a response while the request is being written.
    pub fn split(&mut self) -> (RecvHalf<'_>, ClientSendHalf<'_>) {
        let Self { inbound, outbound, shared, .. } = self;
        (RecvHalf { inbound, shared }, ClientSendHalf { outbound, shared })
    }

    fn outgoing(&mut self, _: BodyStep) -> Result<&mut Outgoing, WriteError> {
        self.outbound.outgoing(&self.shared)
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
        match shared.is_at_fault() {
            true => Err(WriteError::OutOfTurn),
            false => Ok(&mut self.outgoing),
        }
    }
}

/// A [`HeadWriter`] that writes a request of a connection.
pub type RequestHeadWriter<'w> = HeadWriter<'w, RequestSink<'w>>;

/// Tells a client's connection that the head of a request has been written.
#[derive(Debug)]
pub struct RequestSink<'w> {
    outbound: &'w mut Outbound,
    context: RequestContext,
}

impl StreamSink for RequestSink<'_> {}

impl Sink for RequestSink<'_> {
    const IS_CONNECTION: bool = true;

    fn head_written(self, written: HeadWritten) {
        *self.outbound = Outbound {
            outgoing: Outgoing::after_head(written.body),
            context: self.context,
            closes: written.says_close
                || (written.version == Version::Http10 && !written.says_keep_alive),
            expects_continue: written.expects_continue && written.version == Version::Http11,
            offers_upgrade: written.offers_upgrade && written.version == Version::Http11,
        };
    }
}
