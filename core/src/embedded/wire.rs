//! A server connection with its buffers, without reading and writing.

use super::StreamError;
use crate::connection::{
    Event, Received, RecvBuf, ResponseHeadWriter, ServerConnection, ServerState,
};
use crate::error::{ParseError, WriteError};
use crate::head::{FieldSpans, Limits, RequestHead, RequestParts};
use crate::value::{FieldName, FieldValue, Status, Version};
use crate::write::WireBuf;

/// The fields of a response.
pub(super) type Responded<'a> = &'a [(FieldName<'a>, FieldValue<'a>)];

/// A connection with its buffers.
pub(super) struct Wire<const FIELDS: usize, const RECEIVED: usize, const SENT: usize> {
    connection: ServerConnection,
    spans: FieldSpans<FIELDS>,
    pub(super) received: RecvBuf<RECEIVED>,
    pub(super) out: WireBuf<SENT>,
    /// True if the response has begun without waiting for the body, which can no longer be read.
    is_body_given_up: bool,
}

/// The next step of a stream.
pub(super) enum Step {
    /// The head of a request has been received; its octets are pinned until the next request.
    Respond(RequestParts),
    /// More octets are needed.
    Read,
    /// The connection is over.
    Close,
}

impl<const FIELDS: usize, const RECEIVED: usize, const SENT: usize> Wire<FIELDS, RECEIVED, SENT> {
    pub(super) const fn new(limits: Limits) -> Self {
        Self {
            connection: ServerConnection::with_limits(limits),
            spans: FieldSpans::new(),
            received: RecvBuf::new(),
            out: WireBuf::new(),
            is_body_given_up: false,
        }
    }

    /// Starts the next request.
    pub(super) fn advance<E>(&mut self) -> Result<Step, StreamError<E>> {
        self.received.unpin();
        self.is_body_given_up = false;
        loop {
            match self.connection.state() {
                ServerState::Idle | ServerState::Head => {}
                ServerState::Close | ServerState::Upgraded => return Ok(Step::Close),
                // There is no complete response yet.
                ServerState::SendBody => return Err(WriteError::BodyNotEnded.into()),
                ServerState::Body | ServerState::SendResponse | ServerState::Reject => {
                    return Err(WriteError::ResponseDue.into());
                }
            }
            let Received { used, event } =
                self.connection.receive(self.received.filled_mut(), self.spans.lend())?;
            let is_starved = matches!(event, Event::NeedMore);
            if let Event::Head(head) = event {
                let (.., request) = head.split();
                self.received.pin(used);
                return Ok(Step::Respond(request));
            }
            self.received.consume(used);
            if is_starved {
                return Ok(Step::Read);
            }
        }
    }

    /// Returns the head of the current request.
    pub(super) fn head(&self, request: RequestParts) -> RequestHead<'_> {
        RequestHead::new(self.received.pinned(), self.spans.lines(), request)
    }

    /// Copies octets of the content into `buffer`: none at its end, `None` if more have to be
    /// received.
    ///
    /// Fails with [`WriteError::RequestUnread`] if the response has begun without waiting for the
    /// content.
    pub(super) fn content<E>(
        &mut self,
        buffer: &mut [u8],
    ) -> Result<Option<usize>, StreamError<E>> {
        if self.is_body_given_up {
            return Err(WriteError::RequestUnread.into());
        }
        while !buffer.is_empty() {
            let Received { used, event } =
                self.connection.read_body(self.received.filled(), buffer)?;
            let count = match event {
                Event::Data(data) => Some(data.len()),
                Event::End | Event::Upgraded | Event::Closed => Some(0),
                Event::NeedMore | Event::Head(_) | Event::Chunk { .. } | Event::Trailer { .. } => {
                    None
                }
            };
            let is_starved = matches!(event, Event::NeedMore);
            self.received.consume(used);
            if is_starved {
                self.connection.write_continue(&mut self.out)?;
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
    fn respond(&mut self, status: Status) -> Result<ResponseHeadWriter<'_>, WriteError> {
        self.is_body_given_up |= self.connection.is_body_owed();
        self.discard();
        match self.connection.error() {
            Some(_) => self.connection.reject(status, &mut self.out),
            None => self.connection.respond(status, &mut self.out),
        }
    }

    /// Discards the received octets of the body.
    fn discard(&mut self) {
        let used = self.connection.discard_body(self.received.filled());
        self.received.consume(used);
    }

    /// Records the number of octets received; 0 is the end of input.
    pub(super) fn received<E>(&mut self, count: usize) -> Result<(), StreamError<E>> {
        self.received.commit(count);
        if count == 0 {
            self.connection.on_eof()?;
        }
        Ok(())
    }

    /// Returns the error of a full buffer.
    pub(super) fn on_overflow<E>(&mut self) -> StreamError<E> {
        self.connection.on_overflow().into()
    }

    /// Writes the error response; after a response has begun, the connection can only close.
    pub(super) fn reject(&mut self, error: ParseError) {
        if let Ok(head) = self.connection.reject(error.status(), &mut self.out) {
            _ = head.without_body();
        }
    }

    /// Writes a complete response and returns true if it fits. Otherwise, writes its head; the
    /// caller frames and ends the body.
    pub(super) fn respond_whole<E>(
        &mut self,
        status: Status,
        fields: Responded<'_>,
        body: &[u8],
    ) -> Result<bool, StreamError<E>> {
        if status.is_informational() {
            return Err(WriteError::InterimStatus.into());
        }
        match self.respond(status)?.fields(fields)?.body(body) {
            Err(WriteError::BufferFull) => {
                self.respond(status)?.fields(fields)?.length(body.len() as u64)?;
                Ok(false)
            }
            written => Ok(written.map(|()| true)?),
        }
    }

    /// Writes the head of a response of unknown length, to a client of this version.
    pub(super) fn begin<E>(
        &mut self,
        status: Status,
        fields: Responded<'_>,
        version: Version,
    ) -> Result<(), StreamError<E>> {
        Ok(stream(self.respond(status)?, fields, version)?)
    }

    /// Writes the head of a response of unknown length that streams while the body is read.
    ///
    /// A client that waits for a 100 gets one before it.
    pub(super) fn begin_while_reading<E>(
        &mut self,
        status: Status,
        fields: Responded<'_>,
        version: Version,
    ) -> Result<(), StreamError<E>> {
        self.connection.write_continue(&mut self.out)?;
        Ok(stream(
            self.connection.respond_while_receiving(status, &mut self.out)?,
            fields,
            version,
        )?)
    }

    /// Frames octets of the body; returns those to send after the `out` buffer.
    pub(super) fn frame<'d, E>(&mut self, data: &'d [u8]) -> Result<&'d [u8], StreamError<E>> {
        self.connection.frame_data(data, &mut self.out).map_err(StreamError::from)
    }

    /// Ends the body of the response, after the request's body has ended or been given up.
    pub(super) fn end_body<E>(&mut self) -> Result<(), StreamError<E>> {
        self.discard();
        if let Some(error) = self.connection.error() {
            return Err(error.into());
        }
        self.connection.end_body(&[], &mut self.out).map_err(StreamError::from)
    }
}

/// Ends the head of a response of unknown length, to a client of this version.
fn stream(
    head: ResponseHeadWriter<'_>,
    fields: Responded<'_>,
    version: Version,
) -> Result<(), WriteError> {
    let head = head.fields(fields)?;
    match version {
        Version::Http11 => head.chunked(),
        Version::Http10 => head.until_close(),
    }
}
