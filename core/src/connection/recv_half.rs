//! The half of a connection that receives bodies, for both roles.

use super::Event;
use crate::body::{BodyDecoder, BodyPart};
use crate::error::{ParseError, ParseErrorKind};
use crate::framing::Framing;
use crate::head::Limits;
use core::sync::atomic::{AtomicBool, Ordering};

/// The receiving half of a connection: what is left to come of a message whose head is read.
#[derive(Debug)]
pub struct RecvHalf<'c> {
    pub(super) inbound: &'c mut Inbound,
    pub(super) shared: &'c Shared,
}

impl RecvHalf<'_> {
    /// Gives the next event of a body, as the connection's `receive` does, without the lines of
    /// chunks. The head of the next message is not looked for, and no limit set to what comes
    /// after the answer: whoever reads a body by its half wants it.
    pub fn receive_body<'b, H>(
        &mut self,
        input: &'b [u8],
    ) -> Result<(usize, Event<'b, H>), ParseError> {
        if self.shared.is_at_fault() && self.inbound.phase != InPhase::Closed {
            return Ok((0, Event::Closed));
        }
        let received = self.inbound.receive_body(input);
        self.shared.note(self.inbound, received.is_err());
        received
    }
}

/// Facts about what is received that the sending half needs: the two halves of a connection share
/// them, even across threads.
#[derive(Debug)]
pub(super) struct Shared {
    /// The peer broke a rule.
    is_at_fault: AtomicBool,
    /// The head of a message has been received, and its body not to its end.
    is_body_owed: AtomicBool,
}

impl Shared {
    pub(super) const fn new() -> Self {
        Self { is_at_fault: AtomicBool::new(false), is_body_owed: AtomicBool::new(false) }
    }

    /// Notes that the peer broke a rule.
    pub(super) fn raise_fault(&self) {
        self.is_at_fault.store(true, Ordering::Release);
    }

    pub(super) fn is_at_fault(&self) -> bool {
        self.is_at_fault.load(Ordering::Acquire)
    }

    pub(super) fn is_body_owed(&self) -> bool {
        self.is_body_owed.load(Ordering::Acquire)
    }

    /// Notes the result of a call that received octets. A body at fault stays owed: the other half
    /// may look at both facts while they change.
    pub(super) fn note(&self, inbound: &Inbound, has_failed: bool) {
        match has_failed {
            true => self.raise_fault(),
            false => self.is_body_owed.store(inbound.is_body_owed(), Ordering::Release),
        }
    }
}

/// What is to come from the peer.
#[derive(Debug)]
pub(super) struct Inbound {
    pub(super) phase: InPhase,
    decoder: BodyDecoder,
    /// How many more octets of an unwanted body are discarded.
    drain_left: u32,
    fault: Option<ParseError>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum InPhase {
    /// A head.
    Head,
    /// The octets of a body.
    Body,
    /// Nothing before the next message.
    Complete,
    /// Another protocol's octets.
    Upgraded,
    /// Nothing any more.
    Closed,
}

/// A way to read a body.
type Decode<'b> = fn(&mut BodyDecoder, &'b [u8]) -> Result<(usize, BodyPart<'b>), ParseError>;

impl Inbound {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self {
            phase: InPhase::Head,
            decoder: BodyDecoder::new(Framing::None, limits),
            drain_left: limits.drain,
            fault: None,
        }
    }

    /// The next part of the content; the lines of chunks are passed over.
    pub(super) fn receive_body<'b, H>(
        &mut self,
        input: &'b [u8],
    ) -> Result<(usize, Event<'b, H>), ParseError> {
        self.receive_by(BodyDecoder::content, input)
    }

    /// The next part of a body.
    pub(super) fn receive_part<'b, H>(
        &mut self,
        input: &'b [u8],
    ) -> Result<(usize, Event<'b, H>), ParseError> {
        self.receive_by(BodyDecoder::decode, input)
    }

    #[inline(always)]
    fn receive_by<'b, H>(
        &mut self,
        decode: Decode<'b>,
        input: &'b [u8],
    ) -> Result<(usize, Event<'b, H>), ParseError> {
        match self.phase {
            InPhase::Body => {
                let (used, part) =
                    decode(&mut self.decoder, input).map_err(|error| self.fail(error))?;
                if part == BodyPart::End {
                    self.phase = InPhase::Complete;
                }
                Ok((used, part.into()))
            }
            InPhase::Head | InPhase::Complete => Ok((0, Event::End)),
            InPhase::Upgraded => Ok((0, Event::Upgraded)),
            InPhase::Closed => self.fault.map_or(Ok((0, Event::Closed)), Err),
        }
    }

    /// Discards octets of an unwanted body, up to the limit; returns how many are used. None of a
    /// length beyond the limit are, nor those from a fault on.
    pub(super) fn discard_body(&mut self, input: &[u8]) -> usize {
        if !self.may_be_discarded() {
            return 0;
        }
        let limit = usize::try_from(self.drain_left).unwrap_or(usize::MAX);
        let allowed = input.get(..limit).unwrap_or(input);
        let mut used = 0;
        while self.phase == InPhase::Body {
            let rest = allowed.get(used..).unwrap_or(&[]);
            match self.receive_part::<()>(rest) {
                Ok((_, Event::NeedMore)) | Err(_) => break,
                Ok((count, _)) => used = used.saturating_add(count),
            }
        }
        // With octets left over the limit is reached, though a line may have been cut by it.
        let discarded = if allowed.len() < input.len() { limit } else { used };
        self.drain_left =
            self.drain_left.saturating_sub(u32::try_from(discarded).unwrap_or(u32::MAX));
        used
    }

    /// Returns whether the body has not been received to its end.
    pub(super) fn is_body_owed(&self) -> bool {
        self.phase == InPhase::Body && !self.decoder.is_end()
    }

    /// Returns whether the end of the body may come within what is still discarded.
    pub(super) fn may_be_discarded(&self) -> bool {
        self.drain_left > 0
            && self.decoder.declared_left().is_none_or(|left| left <= u64::from(self.drain_left))
    }

    /// Begins what follows a head with this framing. A length beyond the limit is refused before an
    /// octet of it has come.
    pub(super) fn begin_body(
        &mut self,
        framing: Framing,
        limits: &Limits,
    ) -> Result<(), ParseError> {
        self.decoder = BodyDecoder::new(framing, limits);
        self.phase = if self.decoder.is_end() { InPhase::Complete } else { InPhase::Body };
        self.decoder.rejection().map_or(Ok(()), |error| Err(self.fail(error)))
    }

    /// What the peer did wrong.
    pub(super) const fn fault(&self) -> Option<ParseError> {
        self.fault
    }

    /// Keeps what the peer did wrong; nothing is read after that.
    pub(super) fn fail(&mut self, error: ParseError) -> ParseError {
        self.phase = InPhase::Closed;
        self.fault = Some(error);
        error
    }

    /// Takes note that the caller has no room for more: gives the fault, at what has been looked at
    /// of a head, and of this kind there.
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
            shared.raise_fault();
            self.fail(error);
        }
        error
    }

    /// Takes note that the peer has closed in the middle of a body. Where that is its end, it is
    /// told as the next event.
    pub(super) fn body_closed(&mut self) -> Result<(), ParseError> {
        self.decoder.on_eof().map_err(|error| self.fail(error))
    }
}
