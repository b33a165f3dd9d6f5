//! The half of a connection that receives bodies, in both roles.

use super::{Event, Received};
use crate::body::{BodyDecoder, BodyPart, Decoded};
use crate::error::{ParseError, ParseErrorKind};
use crate::framing::Framing;
use crate::head::Limits;
use core::convert::Infallible;
use core::sync::atomic::{AtomicBool, Ordering};

/// The receiving half of a connection: receives the rest of a message after its head.
///
/// An echo: each part of the request's body is sent back before the next one arrives.
///
/// ```
/// use bareline_core::connection::Received;
/// use bareline_core::{Event, FieldSpans, ServerConnection, Status, WireBuf};
///
/// # let (mut connection, mut out) = (ServerConnection::new(), WireBuf::<128>::new());
/// # let mut input = *b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
/// let used = connection.receive(&mut input, FieldSpans::<8>::new().lend())?.used;
/// let (mut receiving, mut sending) = connection.split();
/// sending.respond_while_receiving(Status::OK, &mut out)?.chunked()?;
/// let mut rest = &input[used..];
/// while let Received { used, event: Event::Data(data) } = receiving.receive_body(rest)? {
///     sending.send_data(data, &mut out)?;
///     rest = &rest[used..];
/// }
/// sending.end_body(&[], &mut out)?;
/// assert!(out.as_bytes().ends_with(b"2\r\nhi\r\n0\r\n\r\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RecvHalf<'c> {
    pub(super) inbound: &'c mut Inbound,
    pub(super) shared: &'c Shared,
}

impl RecvHalf<'_> {
    /// Parses a body as the connection's `receive` does, but skips chunk lines.
    ///
    /// The half does not parse the head of the next message. It sets no limit on octets after the
    /// response, because its caller wants them.
    ///
    /// Fails with the error of an invalid body [RFC 9112 section 7.1], as does each later call.
    pub fn receive_body<'b>(
        &mut self,
        input: &'b [u8],
    ) -> Result<Received<'b, Infallible>, ParseError> {
        self.receive_by(Inbound::receive_body, input)
    }

    /// Parses a body as [`receive_body`](Self::receive_body) does, and copies the octets of each
    /// [`Event::Data`] into `buffer`, as many as fit. The rest is not used.
    ///
    /// Fails as [`receive_body`](Self::receive_body) does.
    pub fn read_body<'b>(
        &mut self,
        input: &'b [u8],
        buffer: &mut [u8],
    ) -> Result<Received<'b, Infallible>, ParseError> {
        self.receive_by(|inbound, input| inbound.read_body(input, buffer), input)
    }

    fn receive_by<'b>(
        &mut self,
        read: impl FnOnce(&mut Inbound, &'b [u8]) -> Result<Received<'b, Infallible>, ParseError>,
        input: &'b [u8],
    ) -> Result<Received<'b, Infallible>, ParseError> {
        if self.shared.has_failed() && self.inbound.phase != InPhase::Closed {
            return Ok(Received::unused(Event::Closed));
        }
        let received = read(self.inbound, input);
        self.shared.note(self.inbound, received.is_err());
        received
    }
}

/// The facts about received octets that the sending half needs. Both halves share them, even across
/// threads.
#[derive(Debug)]
pub(super) struct Shared {
    /// True after the peer broke a rule.
    has_failed: AtomicBool,
    /// True from the head of a message until the end of its body.
    is_body_owed: AtomicBool,
}

impl Shared {
    pub(super) const fn new() -> Self {
        Self { has_failed: AtomicBool::new(false), is_body_owed: AtomicBool::new(false) }
    }

    /// Records that the peer broke a rule.
    pub(super) fn set_failed(&self) {
        self.has_failed.store(true, Ordering::Release);
    }

    pub(super) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Acquire)
    }

    pub(super) fn is_body_owed(&self) -> bool {
        self.is_body_owed.load(Ordering::Acquire)
    }

    /// Records the result of a call that received octets. An invalid body stays owed: the other
    /// half may read both facts while they change.
    pub(super) fn note(&self, inbound: &Inbound, has_failed: bool) {
        if has_failed {
            self.set_failed()
        } else {
            self.is_body_owed.store(inbound.is_body_owed(), Ordering::Release)
        }
    }
}

/// The state of the receiving side.
#[derive(Debug)]
pub(super) struct Inbound {
    pub(super) phase: InPhase,
    decoder: BodyDecoder,
    /// The octets of an unwanted body that are still discarded.
    drain_left: u32,
    error: Option<ParseError>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum InPhase {
    /// A head is next.
    Head,
    /// Octets of a body are next.
    Body,
    /// The message is complete, and its end is the next event.
    Complete,
    /// The end has been returned. The next message has not begun.
    Ended,
    /// Octets of another protocol are next.
    Upgraded,
    /// Nothing more is received.
    Closed,
}

impl Inbound {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self {
            phase: InPhase::Head,
            decoder: BodyDecoder::new(Framing::None, limits),
            drain_left: limits.drain,
            error: None,
        }
    }

    /// Decodes the next part of the content; skips chunk lines.
    pub(super) fn receive_body<'b, H>(
        &mut self,
        input: &'b [u8],
    ) -> Result<Received<'b, H>, ParseError> {
        self.receive_by(BodyDecoder::content, input)
    }

    /// Decodes the next part of the content, and copies it into `buffer`.
    pub(super) fn read_body<'b, H>(
        &mut self,
        input: &'b [u8],
        buffer: &mut [u8],
    ) -> Result<Received<'b, H>, ParseError> {
        self.receive_by(|body, input| body.read(input, buffer), input)
    }

    /// Decodes the next part of a body.
    pub(super) fn receive_part<'b, H>(
        &mut self,
        input: &'b [u8],
    ) -> Result<Received<'b, H>, ParseError> {
        self.receive_by(BodyDecoder::decode, input)
    }

    #[inline(always)]
    fn receive_by<'b, H>(
        &mut self,
        decode: impl FnOnce(&mut BodyDecoder, &'b [u8]) -> Result<Decoded<'b>, ParseError>,
        input: &'b [u8],
    ) -> Result<Received<'b, H>, ParseError> {
        match self.phase {
            InPhase::Body => {
                let Decoded { used, part } =
                    decode(&mut self.decoder, input).map_err(|error| self.fail(error))?;
                if part == BodyPart::End {
                    self.phase = InPhase::Ended;
                }
                Ok(Received { used, event: part.into() })
            }
            InPhase::Complete => {
                self.phase = InPhase::Ended;
                Ok(Received::unused(Event::End))
            }
            InPhase::Head | InPhase::Ended => Ok(Received::unused(Event::End)),
            InPhase::Upgraded => Ok(Received::unused(Event::Upgraded)),
            InPhase::Closed => self.error.map_or(Ok(Received::unused(Event::Closed)), Err),
        }
    }

    /// Discards octets of an unwanted body, up to the limit; returns the number of octets used.
    ///
    /// Uses no octets of a declared length beyond the limit, and none from an error on.
    pub(super) fn discard_body(&mut self, input: &[u8]) -> usize {
        if self.phase != InPhase::Body || !self.may_be_discarded() {
            return 0;
        }
        let limit = usize::try_from(self.drain_left).unwrap_or(usize::MAX);
        let allowed = input.get(..limit).unwrap_or(input);
        let mut used = 0;
        while self.phase == InPhase::Body {
            let rest = allowed.get(used..).unwrap_or(&[]);
            match self.receive_part::<()>(rest) {
                Ok(Received { event: Event::NeedMore, .. }) | Err(_) => break,
                Ok(received) => used = used.saturating_add(received.used),
            }
        }
        // Input beyond the limit exhausts it, even if the limit cuts a line.
        let discarded = if allowed.len() < input.len() { limit } else { used };
        self.drain_left =
            self.drain_left.saturating_sub(u32::try_from(discarded).unwrap_or(u32::MAX));
        used
    }

    /// Returns whether the end of the body has not been received.
    pub(super) fn is_body_owed(&self) -> bool {
        self.phase == InPhase::Body && !self.decoder.is_end()
    }

    /// Returns the number of octets that come next and are all content.
    pub(super) fn content_ahead(&self) -> u64 {
        if self.phase == InPhase::Body { self.decoder.content_ahead() } else { 0 }
    }

    /// Returns whether the body may end within the octets that are still discarded.
    pub(super) fn may_be_discarded(&self) -> bool {
        self.decoder.is_end()
            || self.drain_left > 0
                && self
                    .decoder
                    .declared_left()
                    .is_none_or(|left| left <= u64::from(self.drain_left))
    }

    /// Begins the body after a head with this framing; rejects a length beyond the limit at once.
    pub(super) fn begin_body(
        &mut self,
        framing: Framing,
        limits: &Limits,
    ) -> Result<(), ParseError> {
        self.decoder = BodyDecoder::new(framing, limits);
        self.phase = if self.decoder.is_end() { InPhase::Complete } else { InPhase::Body };
        self.decoder.rejection().map_or(Ok(()), |error| Err(self.fail(error)))
    }

    /// Returns the peer's error.
    pub(super) const fn error(&self) -> Option<ParseError> {
        self.error
    }

    /// Stores the peer's error; nothing is received after it.
    pub(super) fn fail(&mut self, error: ParseError) -> ParseError {
        self.phase = InPhase::Closed;
        self.error = Some(error);
        error
    }

    /// Gives up a message whose octets do not fit, and returns the error: in a head it has this
    /// kind, and the offset `searched`.
    pub(super) fn on_overflow(
        &mut self,
        kind: ParseErrorKind,
        searched: usize,
        shared: &Shared,
    ) -> ParseError {
        let error = match self.phase {
            InPhase::Head => ParseError::new(kind, searched, 0),
            _ => ParseError::new(ParseErrorKind::BodyTooLarge, 0, 0),
        };
        if matches!(self.phase, InPhase::Head | InPhase::Body) {
            shared.set_failed();
            self.fail(error);
        }
        error
    }

    /// Records the end of input in a body. If that completes the body, the next event is its end.
    pub(super) fn body_closed(&mut self) -> Result<(), ParseError> {
        self.decoder.on_eof().map_err(|error| self.fail(error))
    }
}
