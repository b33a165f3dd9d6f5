//! A connection of a server: its requests, and the rejection of invalid ones.

use crate::error::{Error, PeerError, Wait};
use crate::server::date::Date;
use crate::server::notice::TimeSlice;
use crate::server::steps::{Head, Next, ServerSteps};
use crate::settings::Settings;
use crate::wire::recv_buf::KEPT;
use crate::wire::send_buf::{Out, to};
use crate::wire::trailers::Trailers;
use crate::wire::transport::Transport;
use crate::wire::upgraded::Upgraded;
use crate::wire::{Buffers, Wire};
use bareline_core::connection::{ResponseHeadWriter, ServerState};
use bareline_core::error::WriteError;
use bareline_core::value::dump;
use bareline_core::write::TrailerField;
use bareline_core::{FieldName, FieldSpans, FieldValue, ServerConnection, Status};
use std::cell::{RefCell, RefMut};
use std::fmt;

/// A connection of a server: its state, and its transport with buffers.
pub(crate) struct ServerWire<S> {
    pub(super) wire: Wire<S>,
    pub(super) steps: ServerSteps,
}

/// The number of octets of a rejected request line that the log shows.
const LINE_SHOWN: usize = 100;
pub(crate) const TEXT: FieldValue<'_> = FieldValue::from_static("text/plain; charset=utf-8");

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
    pub(crate) fn new(transport: S, settings: Settings, slice: Option<TimeSlice>) -> Self {
        Self { wire: Wire::new(transport, &settings), steps: ServerSteps::new(settings, slice) }
    }

    /// Sets the options of the transport, before its first use.
    pub(crate) fn prepare(&mut self) {
        self.wire.prepare();
    }

    /// Ends the previous exchange, and waits for the next head. Returns false when no more requests
    /// come.
    pub(crate) fn next_head(&mut self, head: &mut Option<Head>) -> Result<bool, Error> {
        self.next_message();
        // The connection may become idle: it keeps no memory of a long head.
        if head.as_ref().is_some_and(|head| head.capacity() > KEPT) {
            *head = None;
        }
        if !self.wire.is_open() {
            return Ok(false);
        }
        let mut spans = FieldSpans::new();
        let next = self
            .wire
            .run(&mut self.steps, |steps, buffers, now| steps.step(buffers, head, &mut spans, now));
        match next {
            Ok(Next::Head) => return Ok(true),
            Ok(Next::Upgraded) => return Ok(false),
            // Without a request there is nothing to reject.
            Err(Error::Peer(PeerError::TimedOut { wait: Wait::Idle, .. })) => self.close_idle(),
            Err(error) if !self.steps.is_lingering() => return Err(error),
            Ok(Next::Closed) | Err(_) => {}
        }
        self.wire.close();
        Ok(false)
    }

    pub(crate) fn next_message(&mut self) {
        self.wire.next_message();
        self.steps.next_message();
    }

    pub(crate) fn state(&self) -> ServerState {
        self.steps.state()
    }

    /// Closes an idle connection. A client that has just begun to send sees a close without a
    /// response, and may send its request again.
    fn close_idle(&mut self) {
        let _ = self.wire.close_write(&self.steps);
        let _ = self.wire.receive_arrived();
    }

    /// Closes the connection with a lingering close.
    pub(crate) fn close(&mut self) {
        let _ = self.wire.run(&mut self.steps, |steps, buffers, now| Ok(steps.close(buffers, now)));
        self.wire.close();
    }

    /// Closes the connection as [`close`](Self::close) does, as far as no octets have to be
    /// awaited. Returns whether the connection lingers on.
    pub(crate) fn poll_close(&mut self) -> bool {
        let close =
            |steps: &mut ServerSteps, buffers: &mut Buffers, now| Ok(steps.close(buffers, now));
        matches!(self.wire.poll(&mut self.steps, close), Ok(None))
    }

    /// Drops the transport: no more octets are sent or read.
    pub(crate) fn drop_transport(&mut self) {
        self.wire.close();
    }

    /// Says in the next response that it is the last one, if the server wants that.
    pub(crate) fn announce_last(&mut self) {
        let now = self.wire.now();
        self.steps.announce_last(now);
    }

    /// Writes to the output buffer, and sends what is in the way.
    pub(crate) fn write<T>(
        &mut self,
        write: impl Fn(&mut ServerConnection, Out<'_>) -> Result<T, WriteError>,
    ) -> Result<T, Error> {
        self.wire.write(&mut self.steps, |steps, out| write(steps.connection(), out))
    }

    pub(crate) fn write_body(&mut self, data: &[u8]) -> Result<(), Error> {
        let written = self.wire.write_body(&mut self.steps, data);
        written.map_err(|error| self.steps.or_peer_error(error))
    }

    /// Sends the octets of a body that are written so far.
    pub(crate) fn flush_body(&mut self) -> Result<(), Error> {
        let flushed = self.wire.flush_body(&mut self.steps);
        flushed.map_err(|error| self.steps.or_peer_error(error))
    }

    /// Ends the body of a response. Discards the rest of the request's body first where that has to
    /// end earlier.
    pub(crate) fn end_body(&mut self, trailers: &[TrailerField<'_>]) -> Result<(), Error> {
        let mut ended = self.wire.end_body(&mut self.steps, trailers);
        if matches!(ended, Err(Error::Usage(WriteError::RequestUnread))) {
            self.give_up_body();
            ended = self.wire.end_body(&mut self.steps, trailers);
        }
        ended.map_err(|error| self.steps.or_peer_error(error))
    }

    /// Sends what is ready.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        self.wire.flush(&self.steps)
    }

    /// Reads octets of the request's body. Returns 0 at its end, and sets the trailers then.
    pub(crate) fn read_body(
        &mut self,
        buffer: &mut [u8],
        trailers: &mut Trailers,
    ) -> Result<usize, Error> {
        self.steps.check_body()?;
        self.wire.read_body(&mut self.steps, buffer, trailers)
    }

    /// Returns the transport after a protocol switch, and the octets that have arrived after it.
    pub(crate) fn take_upgraded(&mut self) -> Result<Upgraded<S>, Error> {
        self.wire.take_upgraded(&self.steps)
    }

    /// Returns the number of octets that are sent or ready to be sent.
    pub(crate) fn produced(&self) -> u64 {
        self.wire.produced()
    }

    /// Rejects the request whose head is being received.
    pub(crate) fn reject_head(&mut self, error: Error) -> RejectedHead {
        // After an incomplete response the received octets belong to another request.
        let is_own = !matches!(error, Error::IncompleteResponse) && !self.steps.has_peer_error();
        let octets = if is_own { self.wire.received().trim_ascii_start() } else { &[] };
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
        RejectedHead { error, reason, line, status: self.steps.responded() }
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
        if rejected.and_then(|()| self.wire.close_write(&self.steps)).is_ok() {
            self.steps.on_response(status);
        }
    }

    /// Returns the current date on a connection of a [`Server`](crate::Server), else `None`.
    pub(crate) fn date(&self) -> Option<Date> {
        self.steps.is_of_server().then(Date::now)
    }

    /// Ends the connection after a complete response.
    ///
    /// Closes at once if the request was announced as the last, nothing more has arrived, and
    /// little was sent. In other cases, late octets from the client would cause a reset, which can
    /// destroy a response in transit: [`close`](Self::close) lingers then.
    pub(crate) fn close_after_last(&mut self) -> Result<(), Error> {
        self.wire.close_write(&self.steps)?;
        if self.steps.is_last()
            && self.wire.has_sent_little()
            && matches!(self.wire.look(), Ok(true))
            && !self.wire.has_more()
        {
            self.wire.close();
        }
        Ok(())
    }

    /// Rejects a request that has no response yet, because of this error of its handler if the
    /// peer has made no mistake. Fails when the response is missing or incomplete.
    pub(crate) fn reject_without_response(&mut self, handled: Option<&Error>) -> Result<(), Error> {
        match self.state() {
            ServerState::Body | ServerState::SendResponse | ServerState::Reject
                if self.wire.is_open() =>
            {
                let error = self.steps.incomplete_response();
                match handled.and_then(Error::peer_error) {
                    Some(handled) if !self.steps.has_peer_error() => {
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
            ServerState::SendBody => Err(self.steps.incomplete_response()),
            _ => Ok(()),
        }
    }
}
