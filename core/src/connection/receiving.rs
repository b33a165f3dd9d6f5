//! The half of a connection that receives bodies, for both roles.

use super::Event;
use crate::body::{BodyDecoder, BodyPart};
use crate::error::{ErrorKind, ParseError};
use crate::framing::Framing;
use crate::head::Limits;
use core::sync::atomic::{AtomicBool, Ordering};

/// The receiving half of a connection: what is left to come of a message whose head is read.
#[derive(Debug)]
pub struct Receiving<'c> {
    pub(super) inbound: &'c mut Inbound,
    pub(super) fault: &'c FaultFlag,
}

impl Receiving<'_> {
    /// Gives the next event of a body, as the connection's `receive` does, without the lines of chunks. The head of the next message is not
    /// looked for, and no limit set to what comes after the answer: whoever reads a body by its half wants it.
    pub fn receive_body<'b, H>(&mut self, input: &'b [u8]) -> Result<(usize, Event<'b, H>), ParseError> {
        if self.fault.is_raised() && self.inbound.phase != InPhase::Closed {
            return Ok((0, Event::Closed));
        }
        self.inbound.receive_body(input).inspect_err(|_| self.fault.raise())
    }
}

/// Whether the peer is at fault. The two halves of a connection share it, wherever they are.
#[derive(Debug)]
pub(super) struct FaultFlag(AtomicBool);

impl FaultFlag {
    pub(super) const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    pub(super) fn raise(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(super) fn is_raised(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// What is to come from the peer.
#[derive(Debug)]
pub(super) struct Inbound {
    pub(super) phase: InPhase,
    decoder: BodyDecoder,
    /// How many more octets are taken of a body that nobody wants any more.
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
    Handover,
    /// Nothing any more.
    Closed,
}

/// A way to read a body.
type Decode<'b> = fn(&mut BodyDecoder, &'b [u8]) -> Result<(usize, BodyPart<'b>), ParseError>;

impl Inbound {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self { phase: InPhase::Head, decoder: BodyDecoder::new(Framing::None, limits), drain_left: limits.drain, fault: None }
    }

    /// The next part of the content; the lines of chunks are passed over.
    pub(super) fn receive_body<'b, H>(&mut self, input: &'b [u8]) -> Result<(usize, Event<'b, H>), ParseError> {
        self.receive_by(BodyDecoder::content, input)
    }

    /// The next part of a body.
    pub(super) fn receive_part<'b, H>(&mut self, input: &'b [u8]) -> Result<(usize, Event<'b, H>), ParseError> {
        self.receive_by(BodyDecoder::decode, input)
    }

    #[inline(always)]
    fn receive_by<'b, H>(&mut self, decode: Decode<'b>, input: &'b [u8]) -> Result<(usize, Event<'b, H>), ParseError> {
        match self.phase {
            InPhase::Body => {
                let (used, part) = decode(&mut self.decoder, input).map_err(|error| self.fail(error))?;
                if part == BodyPart::End {
                    self.phase = InPhase::Complete;
                }
                Ok((used, part.into()))
            }
            InPhase::Head | InPhase::Complete => Ok((0, Event::End)),
            InPhase::Handover => Ok((0, Event::Handover)),
            InPhase::Closed => self.fault.map_or(Ok((0, Event::Closed)), Err),
        }
    }

    /// The same for a body that nobody wants any more: within a limit.
    pub(super) fn drain_body<'b, H>(&mut self, input: &'b [u8]) -> Result<(usize, Event<'b, H>), ParseError> {
        let allowed = input.get(..usize::try_from(self.drain_left).unwrap_or(usize::MAX)).unwrap_or(input);
        let (used, event) = self.receive_part(allowed)?;
        if matches!(event, Event::NeedMore) && allowed.len() < input.len() {
            return Err(self.fail(ParseError::new(ErrorKind::BodyTooLarge, 0, 1)));
        }
        self.drain_left = self.drain_left.saturating_sub(u32::try_from(used).unwrap_or(u32::MAX));
        Ok((used, event))
    }

    /// Begins what follows a head with this framing. A length beyond the limit is refused before an octet of it has come.
    pub(super) fn begin_body(&mut self, framing: Framing, limits: &Limits) -> Result<(), ParseError> {
        self.decoder = BodyDecoder::new(framing, limits);
        self.phase = if self.decoder.is_end() { InPhase::Complete } else { InPhase::Body };
        self.decoder.refusal().map_or(Ok(()), |error| Err(self.fail(error)))
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

    /// Takes note that the caller has no room for more: gives the fault, at what has been looked at of a head, and of this kind there.
    pub(super) fn overflow(&mut self, kind: ErrorKind, searched: usize, fault: &FaultFlag) -> ParseError {
        let error = match self.phase {
            InPhase::Head => ParseError::new(kind, searched, 0),
            _ => ParseError::new(ErrorKind::BodyTooLarge, 0, 0),
        };
        if matches!(self.phase, InPhase::Head | InPhase::Body) {
            fault.raise();
            self.fail(error);
        }
        error
    }

    /// Takes note that the peer has closed in the middle of a body. Where that is its end, it is told as the next event.
    pub(super) fn body_closed(&mut self) -> Result<(), ParseError> {
        self.decoder.end_of_input().map_err(|error| self.fail(error))
    }
}
