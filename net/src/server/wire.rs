//! A connection of a server: its requests, and the rejection of invalid ones.

use crate::error::{Error, PeerError, Wait};
use crate::server::date::Date;
use crate::settings::Settings;
use crate::wire::control::TimeSlice;
use crate::wire::recv_buf::KEPT;
use crate::wire::time_budget::TimeBudget;
use crate::wire::transport::Transport;
use crate::wire::{Wire, to};
use bareline_core::connection::{Received, ResponseHeadWriter, ServerState};
use bareline_core::error::WriteError;
use bareline_core::head::OwnedRequestHead;
use bareline_core::value::dump;
use bareline_core::{Event, FieldName, FieldSpans, FieldValue, ServerConnection, Status};
use std::cell::{RefCell, RefMut};
use std::fmt;

pub(crate) type ServerWire<S> = Wire<S, ServerConnection>;

const FIELDS: usize = 128;
pub(crate) type Head = OwnedRequestHead<Vec<u8>, FIELDS>;
/// The number of octets of a rejected request line that the log shows.
const LINE_SHOWN: usize = 100;
const TEXT: FieldValue<'_> = FieldValue::from_static("text/plain; charset=utf-8");

/// A request that was rejected before a handler got it.
pub(crate) struct RejectedHead {
    pub(crate) error: Error,
    /// The reason, with a hint from the request's octets.
    reason: String,
    /// The request line or its beginning, in quotes and escaped; empty if nothing arrived.
    line: String,
    /// The status of the response, if that could be sent.
    status: Option<Status>,
}

impl fmt::Display for RejectedHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reason, line, status, .. } = self;
        match (line.is_empty(), status) {
            (true, Some(status)) => write!(f, " {status}: {reason}"),
            (true, None) => write!(f, ": {reason}"),
            (false, Some(status)) => write!(f, " {line} {status}: {reason}"),
            (false, None) => write!(f, " {line}: {reason}"),
        }
    }
}

/// The timeouts of the wait for a request.
struct TimeBudgets {
    idle: TimeBudget,
    head: TimeBudget,
}

impl TimeBudgets {
    fn new(settings: &Settings) -> Self {
        Self {
            idle: TimeBudget::new(Wait::Idle, settings.idle_timeout),
            head: TimeBudget::new(Wait::Head, settings.head_timeout),
        }
    }
}

/// Borrows the wire. Fails when a handler calls from inside another call, such as the writer of a
/// head.
pub(crate) fn borrow_wire<S>(
    wire: &RefCell<ServerWire<S>>,
) -> Result<RefMut<'_, ServerWire<S>>, Error> {
    wire.try_borrow_mut().map_err(|_| WriteError::HeadNotEnded.into())
}

/// Adds the date to the head, if there is one.
pub(crate) fn dated<'w>(
    head: ResponseHeadWriter<'w>,
    date: &Option<Date>,
) -> Result<ResponseHeadWriter<'w>, WriteError> {
    match date {
        Some(date) => head.field(FieldName::DATE, date.value()),
        None => Ok(head),
    }
}

impl<S: Transport> ServerWire<S> {
    /// Ends the previous exchange, and waits for the next head. Returns false when no more requests
    /// come.
    pub(crate) fn next_head(&mut self, head: &mut Option<Head>) -> Result<bool, Error> {
        self.next_message();
        // The connection may become idle: it keeps no memory of a long head.
        if head.as_ref().is_some_and(|head| head.capacity() > KEPT) {
            *head = None;
        }
        let (mut spans, mut budgets) = (FieldSpans::new(), TimeBudgets::new(&self.settings));
        while self.is_open() {
            match self.connection.state() {
                ServerState::Idle | ServerState::Head => {
                    if self.receive(head, &mut spans, &mut budgets)? {
                        self.slice.iter_mut().for_each(TimeSlice::count_request);
                        self.is_last = self.connection.will_close()
                            && self.connection.state() == ServerState::SendResponse;
                        return Ok(true);
                    }
                }
                ServerState::Upgraded => return self.flush().map(|()| false),
                ServerState::Close => self.close(),
                ServerState::Body
                | ServerState::SendResponse
                | ServerState::SendBody
                | ServerState::Reject => {
                    return Err(self.incomplete_response());
                }
            }
        }
        Ok(false)
    }

    /// Takes one step: parses an event, or receives more octets. Returns whether a head is
    /// complete.
    fn receive(
        &mut self,
        owned: &mut Option<Head>,
        spans: &mut FieldSpans<FIELDS>,
        budgets: &mut TimeBudgets,
    ) -> Result<bool, Error> {
        let received = self.connection.receive(self.received.filled_mut(), spans.lend());
        let Received { used, event } = match received {
            Ok(received) => received,
            Err(error) => return Err(Error::of_request(error, self.received.filled())),
        };
        let (mut has_head, mut is_starved) = (false, false);
        match event {
            Event::Head(head) => {
                has_head = true;
                if !owned.as_mut().is_some_and(|owned| owned.replace(&head)) {
                    *owned = head.to_owned_in(vec![0; used.next_power_of_two()]);
                }
            }
            event => is_starved = matches!(event, Event::NeedMore),
        }
        self.received.consume(used);
        if is_starved {
            let budget = match self.connection.state() {
                ServerState::Idle => {
                    self.received.give_back();
                    &mut budgets.idle
                }
                _ => &mut budgets.head,
            };
            match self.fill(budget) {
                // Without a request there is nothing to reject.
                Err(Error::Peer(PeerError::TimedOut { wait: Wait::Idle, .. })) => self.close_idle(),
                filled => filled?,
            }
        }
        Ok(has_head)
    }

    /// Returns the reason for a missing response: the peer's error, or the caller's.
    fn incomplete_response(&self) -> Error {
        self.peer_error.map_or(Error::IncompleteResponse, Error::Peer)
    }

    /// Rejects the request whose head is being received.
    pub(crate) fn reject_head(&mut self, error: Error) -> RejectedHead {
        // After an incomplete response the received octets belong to another request.
        let is_own = !matches!(error, Error::IncompleteResponse) && self.peer_error.is_none();
        let octets = if is_own { self.received.filled().trim_ascii_start() } else { &[] };
        let line =
            octets.split(|&octet| octet == b'\n').next().unwrap_or_default().trim_ascii_end();
        let (shown, rest) = line.split_at_checked(LINE_SHOWN).unwrap_or((line, b""));
        let shown = dump(shown).on_one_line().to_string().replace('"', "\\\"");
        let line = match (line, rest) {
            ([], _) => String::new(),
            (_, []) => format!("\"{shown}\""),
            _ => format!("\"{shown}\"..."),
        };
        let reason = match &error {
            Error::Peer(PeerError::Parse(error)) => format!("{error}: {}", error.hint_in(octets)),
            error => error.to_string(),
        };
        let error = self.reject(error, &reason);
        RejectedHead { error, reason, line, status: self.responded }
    }

    /// Sends the error's status with this reason, if possible, and then nothing more. Closing the
    /// connection discards what the client still sends. Returns the error.
    fn reject(&mut self, error: Error, reason: &str) -> Error {
        let status = match &error {
            Error::Peer(peer_error) => peer_error.status(),
            _ => Status::INTERNAL_SERVER_ERROR,
        };
        self.reject_with(status, reason);
        error
    }

    /// Sends this status with this reason, if possible, and then nothing more.
    fn reject_with(&mut self, status: Status, reason: &str) {
        // A client needs no details of this server's own errors, or of servers behind it.
        let is_of_client = !matches!(status.code(), 500 | 502 | 504);
        let reason = if is_of_client { reason } else { status.reason() };
        let (date, body) = (self.date(), format!("{reason}\n"));
        let rejected = self.write(|connection, out| {
            to!(out, |out| {
                dated(connection.reject(status, out)?, &date)?
                    .field(FieldName::CONTENT_TYPE, TEXT)?
                    .body(body.as_bytes())
            })
        });
        if rejected.and_then(|()| self.close_write()).is_ok() {
            self.responded = Some(status);
        }
    }

    /// Returns the current date on a connection of a [`Server`](crate::Server), else `None`.
    pub(crate) fn date(&self) -> Option<Date> {
        self.slice.as_ref().map(|_| Date::now())
    }

    /// Ends the connection after a complete response.
    ///
    /// Closes at once if the request was announced as the last, nothing more has arrived, and
    /// little was sent. In other cases, late octets from the client would cause a reset, which can
    /// destroy a response in transit: [`close`](Wire::close) lingers then.
    pub(crate) fn close_after_last(&mut self) -> Result<(), Error> {
        self.close_write()?;
        if self.is_last
            && self.has_sent_little()
            && matches!(self.look(), Ok(true))
            && !self.has_more()
        {
            self.drop_transport();
        }
        Ok(())
    }

    /// Rejects a request that has no response yet, because of this error of its handler if the
    /// peer has made no mistake. Fails when the response is missing or incomplete.
    pub(crate) fn reject_without_response(&mut self, handled: Option<&Error>) -> Result<(), Error> {
        match self.connection.state() {
            ServerState::Body | ServerState::SendResponse | ServerState::Reject
                if self.is_open() =>
            {
                let error = self.incomplete_response();
                match handled.and_then(Error::peer_error) {
                    Some(handled) if self.peer_error.is_none() => {
                        // The timeout is that of another connection [RFC 9110 section 15.6.5].
                        let status = match handled {
                            PeerError::TimedOut { .. } => Status::GATEWAY_TIMEOUT,
                            handled => handled.status(),
                        };
                        self.reject_with(status, &handled.to_string());
                        Err(error)
                    }
                    _ => {
                        let reason = error.to_string();
                        Err(self.reject(error, &reason))
                    }
                }
            }
            // A response that is cut short cannot be replaced.
            ServerState::SendBody => Err(self.incomplete_response()),
            _ => Ok(()),
        }
    }
}
