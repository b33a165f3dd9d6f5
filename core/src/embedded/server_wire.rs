//! The steps of a server, without reading and writing.

use super::StreamError;
use super::wire::{Fields, Role, Wire};
use crate::connection::{Event, Received, ResponseHeadWriter, ServerConnection, ServerState};
use crate::error::{ParseError, WriteError};
use crate::head::{Limits, RequestHead, RequestParts};
use crate::value::{Status, TargetForm, Version};

/// The server of a stream.
pub(super) struct Server {
    connection: ServerConnection,
    /// True if the response has begun without waiting for the body, which can no longer be read.
    is_body_given_up: bool,
    /// True if the caller responds to CONNECT.
    pub(super) allows_tunnels: bool,
}

/// The next step of a stream.
pub(super) enum Step {
    /// The head of a request has been received; its octets are pinned until the next request.
    Respond(RequestParts),
    /// The buffer has to be sent, and then more octets are needed, unless the peer broke a rule.
    Read,
    /// The connection is over.
    Close,
}

impl Server {
    pub(super) const fn new(limits: Limits) -> Self {
        let connection = ServerConnection::with_limits(limits);
        Self { connection, is_body_given_up: false, allows_tunnels: false }
    }
}

impl Role for Server {
    fn error<E>(&self) -> Option<StreamError<E>> {
        self.connection.error().map(StreamError::Peer)
    }

    fn on_eof(&mut self) {
        _ = self.connection.on_eof();
    }

    fn on_overflow(&mut self) {
        _ = self.connection.on_overflow();
    }
}

impl Wire<'_, Server> {
    /// Starts the next request.
    pub(super) fn advance(&mut self) -> Result<Step, WriteError> {
        let Self { role: Server { connection, is_body_given_up, .. }, memory } = self;
        memory.received.unpin();
        *is_body_given_up = false;
        loop {
            match connection.state() {
                ServerState::Idle | ServerState::Head => {}
                ServerState::Close | ServerState::Upgraded => return Ok(Step::Close),
                ServerState::Reject => break,
                // There is no complete response yet.
                ServerState::SendBody => return Err(WriteError::BodyNotEnded),
                ServerState::Body | ServerState::SendResponse => {
                    return Err(WriteError::ResponseDue);
                }
            }
            let received =
                connection.receive_next_head(memory.received.filled(), memory.spans.lend());
            let Ok(Received { used, event }) = received else { break };
            let is_starved = matches!(event, Event::NeedMore);
            if let Event::Head(head) = event {
                let (.., request) = head.split();
                // Only CONNECT has a target of this form. The octets after its head are those of
                // another protocol.
                if request.form == TargetForm::Authority && !self.role.allows_tunnels {
                    return self.reject(Status::NOT_IMPLEMENTED).map(|()| Step::Close);
                }
                memory.received.pin(used);
                return Ok(Step::Respond(request));
            }
            memory.received.consume(used);
            if is_starved {
                return Ok(Step::Read);
            }
        }
        self.reject_error();
        Ok(Step::Read)
    }

    /// Returns the head of the current request.
    pub(super) fn head(&self, request: RequestParts) -> RequestHead<'_> {
        RequestHead::new(self.memory.received.pinned(), self.memory.spans.lines(), request)
    }

    /// Copies octets of the content into `buffer`: none at its end, `None` if more have to be
    /// received, unless the peer broke a rule.
    ///
    /// Fails with [`WriteError::RequestUnread`] if the response has begun without waiting for the
    /// content.
    pub(super) fn content(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, WriteError> {
        if self.role.is_body_given_up {
            return Err(WriteError::RequestUnread);
        }
        let Self { role: Server { connection, .. }, memory } = self;
        while !buffer.is_empty() {
            let received = match connection.error() {
                None => connection.read_body(memory.received.filled(), buffer).ok(),
                Some(_) => None,
            };
            let Some(Received { used, event }) = received else {
                self.reject_error();
                return Ok(None);
            };
            let count = match event {
                Event::Data(data) => Some(data.len()),
                Event::End | Event::Upgraded | Event::Closed => Some(0),
                Event::NeedMore | Event::Head(_) | Event::Chunk { .. } | Event::Trailer { .. } => {
                    None
                }
            };
            let is_starved = matches!(event, Event::NeedMore);
            memory.received.consume(used);
            if is_starved {
                connection.write_continue(memory.out)?;
                return Ok(None);
            }
            if count.is_some() {
                return Ok(count);
            }
        }
        Ok(Some(0))
    }

    /// Begins a response that does not wait for the body: discards its received octets, and makes
    /// it unreadable.
    fn respond(
        &mut self,
        status: Status,
        fields: Fields<'_>,
    ) -> Result<ResponseHeadWriter<'_>, WriteError> {
        self.role.is_body_given_up |= self.role.connection.is_body_owed();
        self.discard();
        let head = match self.role.connection.error() {
            Some(_) => self.role.connection.reject(status, self.memory.out),
            None => self.role.connection.respond(status, self.memory.out),
        };
        head?.fields(fields)
    }

    /// Discards the received octets of the body.
    fn discard(&mut self) {
        let used = self.role.connection.discard_body(self.memory.received.filled());
        self.memory.received.consume(used);
    }

    /// Writes the error response, unless a response has begun: then the connection can only close.
    fn reject_error(&mut self) {
        if let Some(error) = self.role.connection.error() {
            _ = self.reject(error.status());
        }
    }

    /// Writes the last response of the connection.
    fn reject(&mut self, status: Status) -> Result<(), WriteError> {
        self.role.connection.reject(status, self.memory.out)?.without_body()
    }

    /// Writes a complete response; returns the octets of the body that do not fit, to send after
    /// the buffer.
    pub(super) fn respond_whole<'b>(
        &mut self,
        status: Status,
        fields: Fields<'_>,
        body: &'b [u8],
    ) -> Result<&'b [u8], WriteError> {
        if status.is_informational() {
            return Err(WriteError::InterimStatus);
        }
        self.respond(status, fields)?.body_or_rest(body)
    }

    /// Writes the head of a response of unknown length, to a client of this version.
    pub(super) fn begin(
        &mut self,
        status: Status,
        fields: Fields<'_>,
        version: Version,
    ) -> Result<(), WriteError> {
        stream(self.respond(status, fields)?, version)
    }

    /// Writes the head of a response whose body has this length in octets.
    pub(super) fn begin_sized(
        &mut self,
        status: Status,
        fields: Fields<'_>,
        length: u64,
    ) -> Result<(), WriteError> {
        self.respond(status, fields)?.length(length)
    }

    /// Writes the response after which the octets are those of another protocol.
    pub(super) fn upgrade(
        &mut self,
        fields: Fields<'_>,
        request: RequestParts,
    ) -> Result<(), WriteError> {
        let status = match request.form {
            // Of CONNECT.
            TargetForm::Authority => Status::OK,
            _ => Status::SWITCHING_PROTOCOLS,
        };
        self.role.connection.respond(status, self.memory.out)?.fields(fields)?.without_body()
    }

    /// Writes the head of a response of unknown length that streams while the body is read.
    ///
    /// A client that waits for a 100 gets one before it.
    pub(super) fn begin_while_reading(
        &mut self,
        status: Status,
        fields: Fields<'_>,
        version: Version,
    ) -> Result<(), WriteError> {
        self.role.connection.write_continue(self.memory.out)?;
        let head = self.role.connection.respond_while_receiving(status, self.memory.out)?;
        stream(head.fields(fields)?, version)
    }

    /// Frames octets of the body; returns those to send after the buffer.
    pub(super) fn frame<'d>(&mut self, data: &'d [u8]) -> Result<&'d [u8], WriteError> {
        self.role.connection.frame_data(data, self.memory.out)
    }

    /// Ends the body of the response, after the request's body has ended or been given up.
    ///
    /// Fails with the rule that the peer broke in the body.
    pub(super) fn end_body(&mut self) -> Result<Option<ParseError>, WriteError> {
        self.discard();
        match self.role.connection.error() {
            None => self.role.connection.end_body(&[], self.memory.out).map(|()| None),
            error => Ok(error),
        }
    }
}

/// Ends the head of a response of unknown length, to a client of this version.
fn stream(head: ResponseHeadWriter<'_>, version: Version) -> Result<(), WriteError> {
    match version {
        Version::Http11 => head.chunked(),
        Version::Http10 => head.until_close(),
    }
}
