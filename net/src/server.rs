//! The server's end of a connection.

use crate::error::{Error, PeerFault};
use crate::settings::Settings;
use crate::transport::Transport;
use bareline_core::{
    Dump, FieldName, FieldSpans, FieldValue, Framing, HeadWriter, ReplyTo, RequestHead, RequestParts, Status, Version, WireBuf,
    WriteError, dump,
};
use std::fmt;
use std::net::TcpStream;

/// The server's end of a connection: reads a request, answers it, closes.
///
/// The example of the crate shows one at work.
pub struct ServerStream {
    transport: Transport,
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
        Self { transport: Transport::new(stream, settings), spans: FieldSpans::new(), out: Box::new(WireBuf::new()) }
    }

    /// Reads a request with its body; `None` when the peer closes without one, as a port scan does.
    ///
    /// A request that is none, too large or too slow is refused here, with the status of the [`PeerFault`] and one line of text,
    /// and the connection closed; the error is for the log.
    pub fn read_request(&mut self) -> Result<Option<Request<'_>>, Error> {
        match self.receive() {
            Ok(None) => Ok(None),
            Ok(Some((parts, body))) => {
                let head = parts.over(self.transport.received(), &self.spans);
                let reply_to = head.reply_to();
                let dumped = [head.as_bytes(), &body].concat();
                Ok(Some(Request { stream: self, parts, reply_to, body, dumped }))
            }
            Err(error) => {
                if let Error::Peer(fault) = &error {
                    // The peer may be gone already; the error that counts is the first one.
                    let _ = self.refuse(fault);
                }
                Err(error)
            }
        }
    }

    /// Answers without reading a request: a server that is too busy, for one.
    pub fn turn_away(mut self, status: Status) -> Result<(), Error> {
        self.answer(ReplyTo::UNREAD, status, |head| head.without_body())
    }

    fn receive(&mut self) -> Result<Option<(RequestParts, Vec<u8>)>, Error> {
        let Self { transport, spans, .. } = self;
        let parse = |received: &[u8], settings: &Settings| {
            let parsed = RequestHead::parse_within(received, spans.lend(), &settings.limits)?;
            Ok(parsed.map(|head| head.parts()))
        };
        let Some(parts) = transport.read_head(parse)? else {
            return Ok(None);
        };
        let framing = parts.over(transport.received(), spans).framing();
        if self.must_continue(&parts, framing) {
            self.out.response(ReplyTo::UNREAD, Status::CONTINUE)?.without_body()?;
            self.flush()?;
        }
        let body = self.transport.read_body(parts.len(), framing)?;
        Ok(Some((parts, body)))
    }

    /// Whether the client waits for a 100 before it sends the body [RFC 9110 section 10.1.1].
    fn must_continue(&self, parts: &RequestParts, framing: Framing) -> bool {
        let received = self.transport.received();
        let head = parts.over(received, &self.spans);
        let mut expectations = head.fields().all(FieldName::EXPECT);
        head.version() == Version::Http11
            && received.len() == parts.len()
            && match framing {
                Framing::Length(length) => length > 0 && length <= self.transport.settings.body_limits().body,
                framing => framing == Framing::Chunked,
            }
            && expectations.any(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
    }

    fn refuse(&mut self, fault: &PeerFault) -> Result<(), Error> {
        let reason = format!("{fault}\n");
        self.answer(ReplyTo::UNREAD, fault.status(), |head| head.field(FieldName::CONTENT_TYPE, TEXT)?.body(reason.as_bytes()))
    }

    /// Writes a response that says that the connection closes, sends and closes.
    fn answer(
        &mut self,
        reply_to: ReplyTo,
        status: Status,
        write: impl FnOnce(HeadWriter<'_>) -> Result<(), WriteError>,
    ) -> Result<(), Error> {
        write(self.out.response(reply_to, status)?.field(FieldName::CONNECTION, CLOSE)?)?;
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
    reply_to: ReplyTo,
    body: Vec<u8>,
    dumped: Vec<u8>,
}

impl Request<'_> {
    /// The head.
    pub fn head(&self) -> RequestHead<'_> {
        self.parts.over(self.stream.transport.received(), &self.stream.spans)
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Head and body as they came, for a person to read.
    pub fn dump(&self) -> Dump<'_> {
        dump(&self.dumped)
    }

    /// Answers with this status, these fields and this body, and closes the connection. `Connection: close` and the framing are
    /// added; the body is left out where the request was HEAD.
    pub fn respond(self, status: Status, fields: &[(FieldName<'_>, FieldValue<'_>)], body: &[u8]) -> Result<(), Error> {
        let Self { stream, reply_to, .. } = self;
        let mut head = stream.out.response(reply_to, status)?.field(FieldName::CONNECTION, CLOSE)?;
        for (name, value) in fields {
            head = head.field(*name, *value)?;
        }
        if body.is_empty() {
            head.without_body()?;
            stream.flush()?;
        } else {
            let mut encoder = head.length(body.len() as u64)?;
            let body = encoder.frame(body, &mut stream.out)?;
            encoder.end(&[], &mut stream.out)?;
            let message = [stream.out.as_bytes(), body].concat();
            stream.out.clear();
            stream.transport.send(&message)?;
        }
        stream.transport.close();
        Ok(())
    }

    /// Answers with what `write` makes of the head, on which `Connection: close` already stands, and closes the connection.
    ///
    /// Head and body together are at most 8,192 octets then.
    pub fn respond_with(self, status: Status, write: impl FnOnce(HeadWriter<'_>) -> Result<(), WriteError>) -> Result<(), Error> {
        self.stream.answer(self.reply_to, status, write)
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.head().fmt(f)
    }
}
