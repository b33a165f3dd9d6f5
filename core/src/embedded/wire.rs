//! A server connection with its buffers, without reading and writing.

use super::memory::LentMemory;
use crate::connection::{Event, Received, ResponseHeadWriter, ServerConnection, ServerState};
use crate::error::{ParseError, WriteError};
use crate::head::{Limits, RequestHead, RequestParts};
use crate::value::{FieldName, FieldValue, Status, TargetForm, Version};

/// The fields of a response.
pub(super) type Responded<'a> = &'a [(FieldName<'a>, FieldValue<'a>)];

/// A connection with its buffers.
pub(super) struct Wire<'m> {
    connection: ServerConnection,
    pub(super) memory: LentMemory<'m>,
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

impl<'m> Wire<'m> {
    pub(super) fn new(memory: LentMemory<'m>, limits: Limits) -> Self {
        let connection = ServerConnection::with_limits(limits);
        Self { connection, memory, is_body_given_up: false, allows_tunnels: false }
    }

    /// Starts the next request.
    pub(super) fn advance(&mut self) -> Result<Step, WriteError> {
        let Self { connection, memory, is_body_given_up, .. } = self;
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
                if request.form == TargetForm::Authority && !self.allows_tunnels {
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
        if self.is_body_given_up {
            return Err(WriteError::RequestUnread);
        }
        let Self { connection, memory, .. } = self;
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
        fields: Responded<'_>,
    ) -> Result<ResponseHeadWriter<'_>, WriteError> {
        self.is_body_given_up |= self.connection.is_body_owed();
        self.discard();
        let head = match self.connection.error() {
            Some(_) => self.connection.reject(status, self.memory.out),
            None => self.connection.respond(status, self.memory.out),
        };
        head?.fields(fields)
    }

    /// Discards the received octets of the body.
    fn discard(&mut self) {
        let used = self.connection.discard_body(self.memory.received.filled());
        self.memory.received.consume(used);
    }

    /// Records the number of octets received; 0 is the end of input.
    pub(super) fn received(&mut self, count: usize) {
        self.memory.received.commit(count);
        if count == 0 {
            // The connection keeps the error.
            _ = self.connection.on_eof();
        }
    }

    /// Records that the receive buffer is full.
    pub(super) fn on_overflow(&mut self) {
        // The connection keeps the error.
        _ = self.connection.on_overflow();
    }

    /// Returns the rule that the peer broke.
    pub(super) const fn error(&self) -> Option<ParseError> {
        self.connection.error()
    }

    /// Writes the error response, unless a response has begun: then the connection can only close.
    fn reject_error(&mut self) {
        if let Some(error) = self.connection.error() {
            _ = self.reject(error.status());
        }
    }

    /// Writes the last response of the connection.
    fn reject(&mut self, status: Status) -> Result<(), WriteError> {
        self.connection.reject(status, self.memory.out)?.without_body()
    }

    /// Writes a complete response; returns the octets of the body that do not fit, to send after
    /// the buffer.
    pub(super) fn respond_whole<'b>(
        &mut self,
        status: Status,
        fields: Responded<'_>,
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
        fields: Responded<'_>,
        version: Version,
    ) -> Result<(), WriteError> {
        stream(self.respond(status, fields)?, version)
    }

    /// Writes the head of a response whose body has this length in octets.
    pub(super) fn begin_sized(
        &mut self,
        status: Status,
        fields: Responded<'_>,
        length: u64,
    ) -> Result<(), WriteError> {
        self.respond(status, fields)?.length(length)
    }

    /// Writes the response after which the octets are those of another protocol.
    pub(super) fn upgrade(
        &mut self,
        fields: Responded<'_>,
        request: RequestParts,
    ) -> Result<(), WriteError> {
        let status = match request.form {
            // Of CONNECT.
            TargetForm::Authority => Status::OK,
            _ => Status::SWITCHING_PROTOCOLS,
        };
        self.connection.respond(status, self.memory.out)?.fields(fields)?.without_body()
    }

    /// Writes the head of a response of unknown length that streams while the body is read.
    ///
    /// A client that waits for a 100 gets one before it.
    pub(super) fn begin_while_reading(
        &mut self,
        status: Status,
        fields: Responded<'_>,
        version: Version,
    ) -> Result<(), WriteError> {
        self.connection.write_continue(self.memory.out)?;
        let head = self.connection.respond_while_receiving(status, self.memory.out)?;
        stream(head.fields(fields)?, version)
    }

    /// Frames octets of the body; returns those to send after the buffer.
    pub(super) fn frame<'d>(&mut self, data: &'d [u8]) -> Result<&'d [u8], WriteError> {
        self.connection.frame_data(data, self.memory.out)
    }

    /// Ends the body of the response, after the request's body has ended or been given up.
    ///
    /// Fails with the rule that the peer broke in the body.
    pub(super) fn end_body(&mut self) -> Result<Option<ParseError>, WriteError> {
        self.discard();
        match self.connection.error() {
            None => self.connection.end_body(&[], self.memory.out).map(|()| None),
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
