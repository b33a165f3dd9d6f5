//! A server's connection without I/O: its requests, its timeouts and its end.

use crate::error::{Error, PeerError, Wait};
use crate::server::linger::Linger;
use crate::server::notice::Membership;
use crate::settings::Settings;
use crate::wire::deadline::Deadline;
use crate::wire::link::CHECK_INTERVAL;
use crate::wire::send_buf::{Out, to};
use crate::wire::{Buffers, Now, Role, Step, connection_calls};
use bareline_core::connection::{Received, ServerState};
use bareline_core::error::{ParseError, WriteError};
use bareline_core::head::OwnedRequestHead;
use bareline_core::write::TrailerField;
use bareline_core::{Event, FieldSpans, ServerConnection, Status};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The most fields of a head.
pub(crate) const FIELDS: usize = 128;
/// A received head, which outlives the octets that it was parsed from.
pub(crate) type Head = OwnedRequestHead<Vec<u8>, FIELDS>;

/// Total time that a handler waits for a short body before it is called, and that a response waits
/// for the rest of an unread body. An ordinary client has sent a small body by then, and its
/// connection is kept alive.
const UNREAD_TIMEOUT: Duration = Duration::from_millis(100);

/// The event with which a step between two exchanges is complete.
pub(crate) enum Next {
    Head,
    Upgraded,
    /// No more requests come: the transport is to be dropped.
    Closed,
}

/// The state of a server's connection.
pub(crate) struct ServerSteps {
    pub(super) connection: ServerConnection,
    settings: Arc<Settings>,
    /// The membership, on a connection of a [`Server`](crate::Server).
    pub(super) membership: Option<Membership>,
    /// The beginning of the wait for a request, which empty lines before it do not extend.
    idle_since: Option<Instant>,
    /// The end of the present wait for the rest of a head or for a body.
    until: Option<Deadline>,
    /// The time left to wait for the body, while nobody waits.
    body_left: Duration,
    /// The response began without the rest of the body, which can no longer be read.
    is_given_up: bool,
    /// The end of the wait for a body that nobody reads.
    unread_until: Option<Deadline>,
    /// The peer's error, after which any response is a rejection.
    pub(super) peer_error: Option<PeerError>,
    /// The status of the final response to the present request.
    pub(super) responded: Option<Status>,
    /// The request is announced as the last and has no body: nothing should follow it.
    pub(super) is_last: bool,
    linger: Option<Linger>,
}

impl ServerSteps {
    pub(crate) fn new(settings: Arc<Settings>, membership: Option<Membership>) -> Self {
        Self {
            connection: ServerConnection::with_limits(settings.limits),
            body_left: settings.body_timeout,
            settings,
            membership,
            idle_since: None,
            until: None,
            is_given_up: false,
            unread_until: None,
            peer_error: None,
            responded: None,
            is_last: false,
            linger: None,
        }
    }

    pub(crate) fn state(&self) -> ServerState {
        self.connection.state()
    }

    /// Says in the next response that it is the last one, if the server wants that.
    pub(crate) fn announce_last(&mut self) {
        if self.membership.as_ref().is_some_and(Membership::is_last) {
            self.connection.close_after_response();
        }
    }

    /// Takes a step from one exchange to the next head, which is put in `owned`.
    pub(crate) fn step(
        &mut self,
        buffers: &mut Buffers,
        owned: &mut Option<Box<Head>>,
        spans: &mut FieldSpans<FIELDS>,
        now: Now<'_>,
    ) -> Result<Step<Next>, Error> {
        loop {
            match self.state() {
                ServerState::Idle | ServerState::Head => {}
                ServerState::Upgraded => {
                    return Ok(buffers.want_write(now).unwrap_or(Step::Ready(Next::Upgraded)));
                }
                ServerState::Close => return Ok(self.close(buffers, now)),
                ServerState::Body
                | ServerState::SendResponse
                | ServerState::SendBody
                | ServerState::Reject => return Err(self.incomplete_response()),
            }
            let received = &mut buffers.received;
            let Received { used, event } =
                match self.connection.receive(received.filled_mut(), spans.lend()) {
                    Ok(received) => received,
                    Err(error) => return Err(Error::of_request(error, received.filled())),
                };
            match event {
                Event::Head(head) => {
                    if !owned.as_mut().is_some_and(|owned| owned.replace(&head)) {
                        *owned = head.to_owned_in(vec![0; used.next_power_of_two()]).map(Box::new);
                    }
                    received.consume(used);
                    self.membership.iter_mut().for_each(Membership::count_request);
                    self.is_last =
                        self.connection.will_close() && self.state() == ServerState::SendResponse;
                    return Ok(Step::Ready(Next::Head));
                }
                Event::NeedMore => {
                    received.consume(used);
                    return Ok(buffers.want_write(now).unwrap_or_else(|| Step::WantRead {
                        until: self.head_until(buffers, now()),
                    }));
                }
                _ => received.consume(used),
            }
        }
    }

    /// Returns the end of the wait for a request, or for the rest of its head.
    fn head_until(&mut self, buffers: &mut Buffers, now: Instant) -> Deadline {
        let Settings { idle_timeout, head_timeout, .. } = *self.settings;
        if self.state() != ServerState::Idle {
            return Deadline::new(Wait::Head, head_timeout, now).begin(&mut self.until);
        }
        buffers.received.give_back();
        self.until = None;
        let since = *self.idle_since.get_or_insert(now);
        let timeout = match &self.membership {
            Some(membership) if membership.is_ending() => idle_timeout.min(membership.patience()),
            _ => idle_timeout,
        };
        Deadline::new(Wait::Idle, timeout, since)
    }

    /// Takes a step of the lingering close. A shutdown, or the need of its place, ends it after one
    /// second.
    pub(crate) fn close(&mut self, buffers: &mut Buffers, now: Now<'_>) -> Step<Next> {
        if let Some(step) = buffers.want_write(now) {
            return step;
        }
        let now = now();
        buffers.received.clear();
        let linger = *self.linger.get_or_insert_with(|| Linger::new(&self.settings, now));
        let mut until = linger.until(&self.settings, now);
        if self.is_ending() {
            let soon = Deadline::new(Wait::Idle, CHECK_INTERVAL, linger.since());
            until = until.filter(|_| soon.check(now).is_ok()).map(|until| until.min(soon));
        }
        until.map_or(Step::Ready(Next::Closed), |until| Step::Linger { until })
    }

    /// Returns whether the connection has to close when it is idle.
    fn is_ending(&self) -> bool {
        self.membership.as_ref().is_some_and(Membership::is_ending)
    }

    /// Gives up the body of the request. Returns whether its rest is awaited: not if it is read, or
    /// if the lingering close discards it.
    pub(crate) fn give_up_body(&mut self) -> bool {
        if !self.connection.is_body_owed() || self.peer_error.is_some() {
            return false;
        }
        self.is_given_up = true;
        !self.connection.will_close()
    }

    /// Discards the arrived octets of a body that is given up. Asks for more of them, if the rest
    /// is short enough.
    pub(crate) fn discard_body(
        &mut self,
        buffers: &mut Buffers,
        now: Now<'_>,
    ) -> Result<Step<()>, Error> {
        let received = &mut buffers.received;
        received.consume(self.connection.discard_body(received.filled()));
        match self.connection.error() {
            Some(error) => Err(Error::of_request(error, &[])),
            None if self.connection.may_discard_body() => Ok(buffers
                .want_write(now)
                .unwrap_or_else(|| Step::WantRead { until: self.unread_until(now()) })),
            None => Ok(Step::Ready(())),
        }
    }

    /// Returns the end of the wait for a body that nobody reads.
    fn unread_until(&mut self, now: Instant) -> Deadline {
        Deadline::new(Wait::Body, UNREAD_TIMEOUT, now).begin(&mut self.unread_until)
    }

    /// Takes a step to receive a body of this length before the handler is called.
    pub(crate) fn await_body(
        &mut self,
        buffers: &mut Buffers,
        length: usize,
        now: Now<'_>,
    ) -> Step<()> {
        if buffers.received.filled().len() >= length {
            return Step::Ready(());
        }
        buffers
            .want_write(now)
            .unwrap_or_else(|| Step::WantRead { until: self.unread_until(now()) })
    }

    /// Returns whether the connection lingers: no error matters any more.
    pub(crate) const fn is_lingering(&self) -> bool {
        self.linger.is_some()
    }

    /// Returns the reason for a missing response: the peer's error, or the caller's.
    pub(crate) fn incomplete_response(&self) -> Error {
        self.peer_error.map_or(Error::IncompleteResponse, Error::Peer)
    }

    /// Returns the peer's error in place of `AfterParseError`, if the peer caused that.
    pub(crate) fn or_peer_error(&self, error: Error) -> Error {
        match (error, self.peer_error) {
            (Error::Usage(WriteError::AfterParseError), Some(peer_error)) => peer_error.into(),
            (error, _) => error,
        }
    }
}

impl Role for ServerSteps {
    connection_calls!();

    fn error_of(error: ParseError, octets: &[u8]) -> Error {
        Error::of_request(error, octets)
    }

    fn on_eof(&mut self) -> Result<(), ParseError> {
        match &mut self.linger {
            Some(linger) => {
                linger.on_eof();
                Ok(())
            }
            None => self.connection.on_eof(),
        }
    }

    fn write_continue(&mut self, out: Out<'_>) -> Result<(), WriteError> {
        to!(out, |out| self.connection.write_continue(out))
    }

    fn next_message(&mut self) {
        (self.idle_since, self.until) = (None, None);
        self.body_left = self.settings.body_timeout;
        (self.is_given_up, self.unread_until, self.responded) = (false, None, None);
    }

    fn body_until(&mut self, now: Instant) -> Deadline {
        Deadline::with_left(Wait::Body, self.settings.body_timeout, self.body_left, now)
            .begin(&mut self.until)
    }

    fn on_octets(&mut self, count: usize, now: Now<'_>) {
        if let Some(linger) = &mut self.linger {
            linger.on_octets(count, now());
        }
        if let Some(until) = Deadline::take(&mut self.until, Wait::Body) {
            self.body_left = until.earned(count, self.settings.minimum_rate, now());
        }
    }

    fn is_given_up(&self) -> bool {
        self.is_given_up
    }

    fn sends_while_reading(&self) -> bool {
        self.state() == ServerState::SendBody
    }

    fn is_cut(&self) -> bool {
        self.membership.as_ref().is_some_and(Membership::is_over)
    }
}
