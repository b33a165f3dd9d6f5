//! A client's connection without I/O: its responses and its timeouts.

use crate::error::{Error, PeerError, Wait};
use crate::settings::Settings;
use crate::wire::deadline::Deadline;
use crate::wire::send_buf::{Out, to};
use crate::wire::{Buffers, Now, Role, Step, Wire, connection_calls};
use bareline_core::connection::{ClientState, Received};
use bareline_core::error::{ParseError, WriteError};
use bareline_core::head::OwnedResponseHead;
use bareline_core::write::TrailerField;
use bareline_core::{ClientConnection, Event, FieldSpans, Status};
use std::convert::Infallible;
use std::time::Instant;

pub(crate) type ClientWire<S> = Wire<S, ClientSteps>;

/// The most fields of a head.
pub(crate) const FIELDS: usize = 128;
/// A received head, which outlives the connection.
pub(crate) type Head = OwnedResponseHead<Vec<u8>, FIELDS>;

/// The state of a client's connection.
pub(crate) struct ClientSteps {
    pub(super) connection: ClientConnection,
    pub(super) settings: Settings,
    /// The end of the present exchange.
    pub(super) exchange_until: Deadline,
    /// The end of the wait for a response.
    response_until: Option<Deadline>,
    /// The end of the present wait for the rest of a head, or for more of a body.
    until: Option<Deadline>,
    /// An interim response to the present request has arrived.
    has_interim: bool,
    /// The peer's error, after which no more of the body can be read.
    peer_error: Option<PeerError>,
}

impl ClientSteps {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            connection: ClientConnection::with_limits(settings.limits),
            settings,
            exchange_until: Deadline::NEVER,
            response_until: None,
            until: None,
            has_interim: false,
            peer_error: None,
        }
    }

    pub(crate) fn state(&self) -> ClientState {
        self.connection.state()
    }

    /// Begins the wait for the response, which ends here: the request is sent.
    pub(crate) const fn await_response(&mut self, until: Deadline) {
        (self.response_until, self.until) = (Some(until), None);
    }

    /// Returns whether no octet of a response has arrived, apart from `received`.
    pub(crate) const fn is_unanswered(&self, received: &[u8]) -> bool {
        !self.has_interim && received.is_empty()
    }

    /// Takes a step to the head of a final response or a 101.
    pub(crate) fn step(
        &mut self,
        buffers: &mut Buffers,
        spans: &mut FieldSpans<FIELDS>,
        now: Now<'_>,
    ) -> Result<Step<Box<Head>>, Error> {
        loop {
            let received = &mut buffers.received;
            let Received { used, event } =
                match self.connection.receive(received.filled_mut(), spans.lend()) {
                    Ok(received) => received,
                    Err(error) => return Err(Error::of_response(error, received.filled())),
                };
            match event {
                Event::Head(head) if !is_interim(head.status()) => {
                    let head = head.to_owned_in(vec![0; used]).map(Box::new);
                    received.consume(used);
                    return head.map(Step::Ready).ok_or(Error::Closed);
                }
                Event::Head(_) => (self.has_interim, self.until) = (true, None),
                Event::Closed => return Err(Error::Closed),
                Event::NeedMore => {
                    received.consume(used);
                    return Ok(buffers.want_write(now).unwrap_or_else(|| Step::WantRead {
                        until: self.head_until(buffers, now()),
                    }));
                }
                _ => {}
            }
            received.consume(used);
        }
    }

    /// Returns the end of the wait for a response, or for the rest of its head.
    fn head_until(&mut self, buffers: &Buffers, now: Instant) -> Deadline {
        let Settings { response_timeout, head_timeout, .. } = self.settings;
        let until = Deadline::new(Wait::Response, response_timeout, now);
        let response_until = until.begin(&mut self.response_until);
        // Heads of interim responses, one after the other, do not extend the wait.
        let is_late = self.until.is_none() && response_until.check(now).is_err();
        if is_late || buffers.received.filled().is_empty() {
            return response_until;
        }
        Deadline::new(Wait::Head, head_timeout, now).begin(&mut self.until)
    }

    /// Discards the arrived octets of the previous response. Asks for more of them until this
    /// deadline; fails if the response cannot end within `Limits::drain`.
    pub(crate) fn drain(
        &mut self,
        buffers: &mut Buffers,
        until: Deadline,
        now: Now<'_>,
    ) -> Result<Step<()>, Error> {
        let received = &mut buffers.received;
        received.consume(self.connection.discard_body(received.filled()));
        match self.connection.error() {
            Some(error) => Err(Error::of_response(error, &[])),
            None if self.state() != ClientState::Body => Ok(Step::Ready(())),
            None if self.connection.may_discard_body() => {
                Ok(buffers.want_write(now).unwrap_or(Step::WantRead { until }))
            }
            None => Err(Error::Closed),
        }
    }
}

fn is_interim(status: Status) -> bool {
    status.is_informational() && status != Status::SWITCHING_PROTOCOLS
}

impl Role for ClientSteps {
    connection_calls!();

    fn error_of(error: ParseError, octets: &[u8]) -> Error {
        Error::of_response(error, octets)
    }

    fn on_eof(&mut self) -> Result<(), ParseError> {
        self.connection.on_eof()
    }

    fn write_continue(&mut self, _: Out<'_>) -> Result<(), WriteError> {
        Ok(())
    }

    fn next_message(&mut self) {
        (self.until, self.has_interim) = (None, false);
    }

    fn body_until(&mut self, now: Instant) -> Deadline {
        Deadline::new(Wait::Body, self.settings.body_timeout, now).begin(&mut self.until)
    }

    fn on_octets(&mut self, _: usize, _: Now<'_>) {
        Deadline::take(&mut self.until, Wait::Body);
    }

    fn limit(&self, until: Deadline) -> Deadline {
        until.min(self.exchange_until)
    }
}
