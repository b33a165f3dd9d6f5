//! The steps of a client, without reading and writing.

use super::StreamError;
use super::wire::{Fields, Role, Wire};
use crate::connection::{ClientConnection, ClientState, Event, Received, RequestHeadWriter};
use crate::error::WriteError;
use crate::head::{Limits, ResponseHead, ResponseParts};
use crate::value::{Method, Status, Target};

/// The client of a stream.
pub(super) struct Client {
    connection: ClientConnection,
    /// True if the server has closed before any octet of a response.
    is_ended: bool,
}

impl Client {
    pub(super) const fn new(limits: Limits) -> Self {
        Self { connection: ClientConnection::with_limits(limits), is_ended: false }
    }

    /// Returns whether the connection can carry another request.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self.connection.state(), ClientState::Close | ClientState::Upgraded)
    }
}

impl Role for Client {
    fn error<E>(&self) -> Option<StreamError<E>> {
        match self.connection.error() {
            Some(_) if self.is_ended => Some(StreamError::Ended),
            error => error.map(StreamError::Peer),
        }
    }

    fn on_eof(&mut self) {
        let is_awaited = self.connection.state() == ClientState::Head;
        let closed = self.connection.on_eof();
        self.is_ended = is_awaited && closed.is_err_and(|error| error.offset() == 0);
    }

    fn on_overflow(&mut self) {
        _ = self.connection.on_overflow();
    }
}

/// The next step of a client.
pub(super) enum Step<V> {
    /// The client can go on.
    Go(V),
    /// The buffer has to be sent, and then more octets are needed, unless the server broke a rule.
    Read,
}

impl Wire<'_, Client> {
    /// Discards the rest of the previous response.
    pub(super) fn discard<E>(&mut self) -> Result<Step<()>, StreamError<E>> {
        let Self { role: Client { connection, .. }, memory } = self;
        memory.received.unpin();
        let used = connection.discard_body(memory.received.filled());
        memory.received.consume(used);
        if connection.may_discard_body() {
            return Ok(Step::Read);
        }
        // Octets that no request has asked for: the connection rejects them.
        while connection.state() == ClientState::Idle && !memory.received.filled().is_empty() {
            _ = connection.receive(memory.received.filled_mut(), memory.spans.lend());
        }
        match (connection.state(), connection.error()) {
            (_, Some(_)) => Ok(Step::Read),
            (ClientState::Close | ClientState::Upgraded, None) => Err(StreamError::Ended),
            _ => Ok(Step::Go(())),
        }
    }

    /// Begins a request.
    fn request<'w>(
        &'w mut self,
        method: Method<'w>,
        target: Target<'w>,
        fields: Fields<'_>,
    ) -> Result<RequestHeadWriter<'w>, WriteError> {
        self.role.connection.request(method, target, self.memory.out)?.fields(fields)
    }

    /// Writes a complete request; returns the octets of the body that do not fit, to send after the
    /// buffer.
    pub(super) fn request_whole<'b>(
        &mut self,
        method: Method<'_>,
        target: Target<'_>,
        fields: Fields<'_>,
        body: &'b [u8],
    ) -> Result<&'b [u8], WriteError> {
        self.request(method, target, fields)?.body_or_rest(body)
    }

    /// Writes the head of a request whose body is sent in chunks.
    pub(super) fn begin(
        &mut self,
        method: Method<'_>,
        target: Target<'_>,
        fields: Fields<'_>,
    ) -> Result<(), WriteError> {
        self.request(method, target, fields)?.chunked()
    }

    /// Writes the head of a request whose body has this length in octets.
    pub(super) fn begin_sized(
        &mut self,
        method: Method<'_>,
        target: Target<'_>,
        fields: Fields<'_>,
        length: u64,
    ) -> Result<(), WriteError> {
        self.request(method, target, fields)?.length(length)
    }

    /// Frames octets of the body; returns those to send after the buffer.
    pub(super) fn frame<'d>(&mut self, data: &'d [u8]) -> Result<&'d [u8], WriteError> {
        self.role.connection.frame_data(data, self.memory.out)
    }

    /// Ends the body of the request.
    pub(super) fn end_body(&mut self) -> Result<(), WriteError> {
        self.role.connection.end_body(&[], self.memory.out)
    }

    /// Returns the final response, and skips interim ones.
    pub(super) fn response(&mut self) -> Result<Step<ResponseParts>, WriteError> {
        let Self { role: Client { connection, .. }, memory } = self;
        loop {
            let received = connection.receive(memory.received.filled_mut(), memory.spans.lend());
            // The connection keeps the error.
            let Ok(Received { used, event }) = received else { return Ok(Step::Read) };
            match event {
                Event::NeedMore => return Ok(Step::Read),
                Event::Head(head) => {
                    let is_switch = head.status() == Status::SWITCHING_PROTOCOLS;
                    if is_switch || !head.status().is_informational() {
                        let (.., response) = head.split();
                        memory.received.pin(used);
                        return Ok(Step::Go(response));
                    }
                }
                // No response is awaited.
                _ => return Err(WriteError::Closed),
            }
            memory.received.consume(used);
        }
    }

    /// Returns the head of the current response.
    pub(super) fn head(&self, response: ResponseParts) -> ResponseHead<'_> {
        ResponseHead::new(self.memory.received.pinned(), self.memory.spans.lines(), response)
    }

    /// Copies octets of the content into `buffer`: none at its end.
    pub(super) fn content(&mut self, buffer: &mut [u8]) -> Step<usize> {
        let Self { role: Client { connection, .. }, memory } = self;
        while !buffer.is_empty() {
            let received = connection.read_body(memory.received.filled(), buffer);
            // The connection keeps the error.
            let Ok(Received { used, event }) = received else { return Step::Read };
            let step = match event {
                Event::Data(data) => Some(Step::Go(data.len())),
                Event::End | Event::Upgraded | Event::Closed => Some(Step::Go(0)),
                Event::NeedMore => Some(Step::Read),
                Event::Head(_) | Event::Chunk { .. } | Event::Trailer { .. } => None,
            };
            memory.received.consume(used);
            if let Some(step) = step {
                return step;
            }
        }
        Step::Go(0)
    }
}
