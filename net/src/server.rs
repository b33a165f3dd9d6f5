//! The server's end of a connection.

use crate::error::{Error, PeerFault, Wait};
use crate::settings::Settings;
use crate::transport::{Deadline, Transport};
use bareline_core::{
    Answer, Dump, Event, FieldName, FieldSpans, FieldValue, HeadWriter, RequestHead, RequestParts, ServerConnection, ServerState,
    Status, Version, WireBuf, WriteError, dump,
};
use std::fmt;
use std::net::TcpStream;

/// The server's end of a connection: reads a request, answers it, closes.
///
/// The example of the crate shows one at work.
pub struct ServerStream {
    transport: Transport,
    connection: ServerConnection,
    spans: FieldSpans<FIELDS>,
    out: Box<WireBuf<OUT>>,
}

const FIELDS: usize = 128;
const OUT: usize = 8192;
const TEXT: FieldValue<'_> = FieldValue::from_static("text/plain; charset=utf-8");
const CLOSE: FieldValue<'_> = FieldValue::from_static("close");

impl ServerStream {
    /// On an accepted connection, with the default [`Settings`].
    pub fn new(stream: TcpStream) -> Self {
        Self::with_settings(stream, Settings::default())
    }

    /// On an accepted connection, with these settings.
    pub fn with_settings(stream: TcpStream, settings: Settings) -> Self {
        Self {
            transport: Transport::new(stream, settings),
            connection: ServerConnection::new(settings.limits_of_a_message()),
            spans: FieldSpans::new(),
            out: Box::new(WireBuf::new()),
        }
    }

    /// Reads a request with its body; `None` when the peer closes without one, as a port scan does, or when the request before it
    /// has been answered: the connection carries one.
    ///
    /// A request that is none, too large or too slow is refused here, with the status of the [`PeerFault`] and one line of text,
    /// and the connection closed; the error is for the log.
    pub fn read_request(&mut self) -> Result<Option<Request<'_>>, Error> {
        match self.receive() {
            Ok(Some((parts, message))) => Ok(Some(Request { stream: self, parts, message })),
            Ok(None) => Ok(None),
            Err(error) => {
                if let Error::Peer(fault) = &error {
                    // The peer may be gone already; the error that counts is the first one.
                    let _ = self.refuse(fault);
                }
                Err(error)
            }
        }
    }

    /// The request's parts, and its octets: the head as it came, and the content behind it.
    fn receive(&mut self) -> Result<Option<(RequestParts, Vec<u8>)>, Error> {
        let settings = self.transport.settings;
        let mut deadline = Deadline::new(Wait::Head, settings.head_deadline);
        let mut request: Option<(RequestParts, Vec<u8>)> = None;
        loop {
            match self.connection.state() {
                ServerState::Idle | ServerState::Head | ServerState::Body => {}
                ServerState::Answer => return Ok(request),
                _ => return Ok(None),
            }
            let (used, event) = self.connection.receive(self.transport.received(), self.spans.lend())?;
            let mut is_starved = false;
            match (event, &mut request) {
                (Event::Head(head), _) => {
                    let expectations = head.fields().all(FieldName::EXPECT);
                    let must_continue = head.version() == Version::Http11
                        && self.transport.received().len() == used
                        && expectations.into_iter().any(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
                    let octets = self.transport.received().get(..used).unwrap_or_default();
                    request = Some((head.parts(), octets.to_vec()));
                    deadline = Deadline::new(Wait::Body, settings.body_deadline);
                    if must_continue && self.connection.state() == ServerState::Body {
                        self.connection.respond(Status::CONTINUE, &mut self.out)?.without_body()?;
                        self.flush()?;
                    }
                }
                (Event::Data(data), Some((_, message))) => message.extend_from_slice(data),
                (Event::NeedMore, _) => is_starved = true,
                _ => {}
            }
            self.transport.consume(used);
            if is_starved && self.transport.receive(&deadline)? == 0 {
                self.connection.peer_closed()?;
            }
        }
    }

    fn refuse(&mut self, fault: &PeerFault) -> Result<(), Error> {
        let reason = format!("{fault}\n");
        let head = self.connection.reject(fault.status(), &mut self.out)?;
        head.field(FieldName::CONTENT_TYPE, TEXT)?.body(reason.as_bytes())?;
        self.flush()?;
        self.transport.close();
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        let sent = self.transport.send(self.out.as_bytes());
        self.out.clear();
        sent
    }
}

impl fmt::Debug for ServerStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerStream")
    }
}

/// A request that has been read, with its body, and waits for its answer.
#[must_use = "a request waits for its answer"]
pub struct Request<'s> {
    stream: &'s mut ServerStream,
    parts: RequestParts,
    message: Vec<u8>,
}

impl Request<'_> {
    /// The head.
    pub fn head(&self) -> RequestHead<'_> {
        self.parts.over(&self.message, &self.stream.spans)
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        self.message.get(self.parts.len()..).unwrap_or_default()
    }

    /// Head and body as they came, for a person to read; of a chunked body its content.
    pub fn dump(&self) -> Dump<'_> {
        dump(&self.message)
    }

    /// Answers with this status, these fields and this body, and closes the connection. `Connection: close` and the framing are
    /// added; the body is left out where the request was HEAD.
    ///
    /// The head is at most 8,192 octets. What cannot be written, or is an interim answer, is [`Error::Own`]; the client gets a 500 then.
    pub fn respond(self, status: Status, fields: &[(FieldName<'_>, FieldValue<'_>)], body: &[u8]) -> Result<(), Error> {
        let mut rest: &[u8] = &[];
        let stream = self.stream;
        let ServerStream { connection, out, .. } = stream;
        let written = (|| {
            let mut head = connection.respond(status, out)?.field(FieldName::CONNECTION, CLOSE)?;
            for (name, value) in fields {
                head = head.field(*name, *value)?;
            }
            if body.is_empty() {
                return head.without_body();
            }
            head.length(body.len() as u64)?;
            rest = connection.frame_data(body, out)?;
            connection.end_body(&[], out)
        })();
        stream.finish(written, rest)
    }

    /// Answers with what `write` makes of the head, on which `Connection: close` already stands, and closes the connection.
    ///
    /// Head and body together are at most 8,192 octets, and have to be a whole final answer; errors are as with
    /// [`respond`](Self::respond).
    pub fn respond_with(
        self,
        status: Status,
        write: impl FnOnce(HeadWriter<'_, Answer<'_>>) -> Result<(), WriteError>,
    ) -> Result<(), Error> {
        let stream = self.stream;
        let head = stream.connection.respond(status, &mut stream.out);
        let written = head.and_then(|head| head.field(FieldName::CONNECTION, CLOSE)).and_then(write);
        stream.finish(written, &[])
    }
}

impl ServerStream {
    /// Sends the answer that was written, with the rest of its body, and closes. An answer that is not whole is not sent.
    fn finish(&mut self, written: Result<(), WriteError>, rest: &[u8]) -> Result<(), Error> {
        let is_whole = matches!(self.connection.state(), ServerState::Close | ServerState::Next | ServerState::Handover);
        if let Err(error) = written.and(if is_whole { Ok(()) } else { Err(WriteError::OutOfTurn) }) {
            self.out.clear();
            if let Ok(head) = self.connection.reject(Status::INTERNAL_SERVER_ERROR, &mut self.out) {
                head.without_body()?;
            } else {
                // The head of an answer was written that cannot be kept: the same refusal, from a connection of its own.
                let mut instead = ServerConnection::new(self.transport.settings.limits);
                instead.reject(Status::INTERNAL_SERVER_ERROR, &mut self.out)?.without_body()?;
            }
            self.flush()?;
            self.transport.close();
            return Err(error.into());
        }
        let message = [self.out.as_bytes(), rest].concat();
        self.out.clear();
        self.transport.send(&message)?;
        self.transport.close();
        Ok(())
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.head().fmt(f)
    }
}
