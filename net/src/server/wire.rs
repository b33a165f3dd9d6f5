//! A connection of a server: its requests, and the rejection of invalid ones.

use crate::error::{Error, PeerError, Wait};
use crate::server::date::Date;
use crate::server::notice::Membership;
use crate::server::panics;
use crate::server::rejection::Rejection;
use crate::server::steps::{FIELDS, Head, Next, ServerSteps};
use crate::settings::Settings;
use crate::wire::recv_buf::KEPT;
use crate::wire::send_buf::to;
use crate::wire::transport::Transport;
use crate::wire::{Polled, Wire};
use bareline_core::connection::{ResponseHeadWriter, ServerState};
use bareline_core::error::WriteError;
use bareline_core::value::dump;
use bareline_core::write::TrailerField;
use bareline_core::{FieldName, FieldSpans, FieldValue, Status};
use std::cell::{RefCell, RefMut};
use std::fmt;
use std::sync::Arc;

pub(crate) type ServerWire<S> = Wire<S, ServerSteps>;

/// The number of octets of a rejected request line that the log shows.
const LINE_SHOWN: usize = 100;

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

/// Borrows the wire. Fails when a handler calls from inside another call, such as the writer of a
/// head.
pub(crate) fn borrow_wire<S>(
    wire: &RefCell<ServerWire<S>>,
) -> Result<RefMut<'_, ServerWire<S>>, Error> {
    wire.try_borrow_mut().map_err(|_| WriteError::HeadNotEnded.into())
}

/// Returns the status of a rejection because of this error.
const fn status_of(error: &Error) -> Status {
    match error {
        Error::Peer(peer_error) => peer_error.status(),
        _ => Status::INTERNAL_SERVER_ERROR,
    }
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
    pub(crate) fn of(
        transport: S,
        settings: Arc<Settings>,
        membership: Option<Membership>,
    ) -> Self {
        let steps = ServerSteps::new(Arc::clone(&settings), membership);
        Self::new(transport, steps, &settings)
    }

    /// Ends the previous exchange, and waits for the next head. Returns false when no more requests
    /// come.
    pub(crate) fn next_head(&mut self, head: &mut Option<Box<Head>>) -> Result<bool, Error> {
        self.next_message();
        // The connection may become idle: it keeps no memory of a long head.
        head.take_if(|head| head.capacity() > KEPT);
        if !self.is_open() {
            return Ok(false);
        }
        let mut spans = FieldSpans::new();
        let next = self.run(|steps, buffers, now| steps.step(buffers, head, &mut spans, now));
        self.on_next(next)
    }

    /// Takes steps to the next head, as far as nothing has to be awaited.
    pub(crate) fn poll_head(
        &mut self,
        head: &mut Option<Box<Head>>,
        spans: &mut FieldSpans<FIELDS>,
    ) -> Result<Polled<bool>, Error> {
        if !self.is_open() {
            return Ok(Polled::Ready(false));
        }
        let next = match self.poll(|steps, buffers, now| steps.step(buffers, head, spans, now)) {
            Ok(Polled::Pending(until)) => return Ok(Polled::Pending(until)),
            Ok(Polled::More) => return Ok(Polled::More),
            Ok(Polled::Ready(next)) => Ok(next),
            Err(error) => Err(error),
        };
        self.on_next(next).map(Polled::Ready)
    }

    /// Returns whether there is a next head. Otherwise ends the connection, unless it is upgraded
    /// or has to be rejected.
    #[inline]
    fn on_next(&mut self, next: Result<Next, Error>) -> Result<bool, Error> {
        match next {
            Ok(Next::Head) => return Ok(true),
            Ok(Next::Upgraded) => return Ok(false),
            // Without a request there is nothing to reject.
            Err(Error::Peer(PeerError::TimedOut { wait: Wait::Idle, .. })) => self.close_idle(),
            Err(error) if !self.role().is_lingering() => return Err(error),
            Ok(Next::Closed) | Err(_) => {}
        }
        self.end();
        Ok(false)
    }

    /// Receives a body of this length, as far as nothing has to be awaited. An error is that of the
    /// first read of the body; a handler that reads a late one waits for it.
    pub(crate) fn poll_body(&mut self, length: usize) -> Polled<()> {
        let polled = self.poll(|steps, buffers, now| Ok(steps.await_body(buffers, length, now)));
        polled.unwrap_or_else(|error| {
            match error {
                Error::Peer(PeerError::TimedOut { .. }) => {}
                Error::Io(error) => self.keep_error(error),
                error => self.fail_body(&error),
            }
            Polled::Ready(())
        })
    }

    /// Closes an idle connection. A client that has just begun to send sees a close without a
    /// response, and may send its request again.
    fn close_idle(&mut self) {
        let _ = self.close_write();
        let _ = self.receive_arrived();
    }

    /// Closes the connection with a lingering close.
    pub(crate) fn linger(&mut self) {
        let _ = self.run(|steps, buffers, now| Ok(steps.close(buffers, now)));
        self.end();
    }

    /// Lingers as [`linger`](Self::linger) does, as far as nothing has to be awaited.
    pub(crate) fn poll_linger(&mut self) -> Polled<()> {
        match self.poll(|steps, buffers, now| Ok(steps.close(buffers, now))) {
            Ok(Polled::Pending(until)) => Polled::Pending(until),
            Ok(Polled::More) => Polled::More,
            Ok(Polled::Ready(_)) | Err(_) => {
                self.end();
                Polled::Ready(())
            }
        }
    }

    /// Ends the body of a response. Discards the rest of the request's body first where that has to
    /// end earlier.
    pub(crate) fn end_response_body(&mut self, trailers: &[TrailerField<'_>]) -> Result<(), Error> {
        let mut ended = self.end_body(trailers);
        if matches!(ended, Err(Error::Usage(WriteError::RequestUnread))) {
            self.give_up_body();
            ended = self.end_body(trailers);
        }
        ended.map_err(|error| self.role().or_peer_error(error))
    }

    /// Rejects the request whose head is being received.
    pub(crate) fn reject_head(&mut self, error: Error) -> RejectedHead {
        // After an incomplete response the received octets belong to another request.
        let is_own =
            !matches!(error, Error::IncompleteResponse) && self.role().peer_error.is_none();
        let octets = if is_own { self.received().trim_ascii_start() } else { &[] };
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
        RejectedHead { error, reason, line, status: self.role().responded }
    }

    /// Sends the error's status with this reason, if possible, and then nothing more. Closing the
    /// connection discards what the client still sends. Returns the error.
    fn reject(&mut self, error: Error, reason: &str) -> Error {
        self.reject_with(&error, status_of(&error), reason);
        error
    }

    /// Sends this status with this reason, if possible, and then nothing more.
    fn reject_with(&mut self, error: &Error, status: Status, reason: &str) {
        // A client needs no details of this server's own errors, or of servers behind it.
        let is_of_client = !matches!(status.code(), 500 | 502 | 504);
        let reason = if is_of_client { reason } else { status.reason() };
        let rejection = self.rejection(error, reason, status);
        let rejected = self.write_rejection(&rejection, &self.date(), &[]);
        if rejected.and_then(|()| self.close_write()).is_ok() {
            self.role_mut().responded = Some(rejection.status);
        }
    }

    /// Returns a rejection, as the server's function changes it.
    fn rejection<'r>(&self, error: &'r Error, reason: &'r str, status: Status) -> Rejection<'r> {
        let mut rejection = Rejection::new(error, reason, status);
        let change = self.role().membership.as_ref().and_then(Membership::on_rejection);
        if let Some(change) = change
            && let Err(panic) = panics::catch(|| change(&mut rejection))
        {
            log::error!("on_rejection panicked: {}", panic.reason());
            rejection = Rejection::new(error, reason, status);
        }
        rejection
    }

    /// Writes a rejection with this date, if there is one, and these fields.
    pub(crate) fn write_rejection(
        &mut self,
        rejection: &Rejection<'_>,
        date: &Option<Date>,
        fields: &[(FieldName<'_>, FieldValue<'_>)],
    ) -> Result<(), Error> {
        let Rejection { status, content_type, body, .. } = rejection;
        let mut write = |body: &[u8]| {
            self.write(|steps, out| {
                to!(out, |out| {
                    dated(steps.connection.reject(*status, out)?, date)?
                        .fields(fields)?
                        .field(FieldName::CONTENT_TYPE, *content_type)?
                        .body(body)
                })
            })
        };
        match write(body) {
            Err(Error::TooLong { .. }) => write(b""),
            written => written,
        }
    }

    /// Writes a 503 for this reason.
    pub(crate) fn reject_overload(&mut self, reason: &str) -> Result<(), Error> {
        let retry = [(FieldName::RETRY_AFTER, FieldValue::from_static("1"))];
        let status = Status::SERVICE_UNAVAILABLE;
        let rejection = self.rejection(&Error::Overloaded, reason, status);
        self.write_rejection(&rejection, &Some(Date::now()), &retry)?;
        self.flush_or_leave()
    }

    /// Returns the current date on a connection of a [`Server`](crate::Server), else `None`.
    pub(crate) fn date(&self) -> Option<Date> {
        self.role().membership.as_ref().map(|_| Date::now())
    }

    /// Ends the connection after a complete response.
    ///
    /// Closes at once if the request was announced as the last, nothing more has arrived, and
    /// little was sent. In other cases, late octets from the client would cause a reset, which can
    /// destroy a response in transit: [`close`](Self::close) lingers then.
    pub(crate) fn close_after_last(&mut self) -> Result<(), Error> {
        self.close_write()?;
        if self.role().is_last
            && self.has_sent_little()
            && matches!(self.look(), Ok(true))
            && !self.has_more()
        {
            self.close();
        }
        Ok(())
    }

    /// Rejects a request that has no response yet, because of this error of its handler if the
    /// peer has made no mistake. Fails when the response is missing or incomplete.
    pub(crate) fn reject_without_response(&mut self, handled: Option<&Error>) -> Result<(), Error> {
        match self.role().state() {
            ServerState::Body | ServerState::SendResponse | ServerState::Reject
                if self.is_open() =>
            {
                let error = self.role().incomplete_response();
                if let Some(Error::Overloaded) = handled {
                    let status = Status::SERVICE_UNAVAILABLE;
                    self.reject_with(&Error::Overloaded, status, "too many requests");
                    return Err(error);
                }
                let own = handled.unwrap_or(&error);
                match handled.and_then(Error::peer_error) {
                    Some(handled) if self.role().peer_error.is_none() => {
                        // The timeout is that of another connection [RFC 9110 section 15.6.5].
                        let status = match handled {
                            PeerError::TimedOut { .. } => Status::GATEWAY_TIMEOUT,
                            handled => handled.status(),
                        };
                        self.reject_with(own, status, &handled.to_string());
                        Err(error)
                    }
                    _ => {
                        let own = if matches!(error, Error::Peer(_)) { &error } else { own };
                        self.reject_with(own, status_of(&error), &error.to_string());
                        Err(error)
                    }
                }
            }
            // A response that is cut short cannot be replaced.
            ServerState::SendBody => Err(self.role().incomplete_response()),
            _ => Ok(()),
        }
    }
}
