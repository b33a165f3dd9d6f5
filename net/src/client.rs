//! The client's end of a connection.

use crate::error::{Error, PeerFault};
use crate::settings::Settings;
use crate::transport::Transport;
use bareline_core::{
    Dump, FieldName, FieldSpans, FieldValue, Framing, Method, ResponseHead, ResponseParts, Target, WireBuf, dump,
};
use std::fmt;
use std::net::{TcpStream, ToSocketAddrs};

/// The client's end of a connection: sends a request, reads the response.
///
/// The example of the crate shows one at work.
pub struct ClientStream {
    transport: Transport,
    authority: String,
}

const FIELDS: usize = 128;
const OUT: usize = 8192;
/// How many interim responses are skipped.
const INTERIM: usize = 32;

impl ClientStream {
    /// Connects to `host:port`, with the default [`Settings`]: to each of its addresses in turn, until one answers.
    pub fn connect(authority: &str) -> Result<Self, Error> {
        Self::connect_with_settings(authority, Settings::default())
    }

    /// Connects to `host:port`, with these settings.
    pub fn connect_with_settings(authority: &str, settings: Settings) -> Result<Self, Error> {
        let mut tried = Vec::new();
        for address in authority.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, settings.connect_deadline) {
                Ok(stream) => {
                    return Ok(Self { transport: Transport::new(stream, settings), authority: authority.to_owned() });
                }
                Err(error) => tried.push((address, error)),
            }
        }
        Err(Error::Connect { tried })
    }

    /// Sends a request with these fields and this body, and reads the response with its body.
    ///
    /// `Host` is written first, and a length where there is a body or the method expects one. A body that is cut short is
    /// never a response, and interim responses are skipped.
    pub fn request(
        mut self,
        method: Method<'_>,
        target: Target<'_>,
        fields: &[(FieldName<'_>, FieldValue<'_>)],
        body: &[u8],
    ) -> Result<Response, Error> {
        self.send(method, target, fields, body)?;
        for _ in 0..=INTERIM {
            let (spans, parts) = self.read_head()?;
            let head = parts.over(self.transport.received(), &spans);
            let framing = head.framing(method)?;
            if framing == Framing::None && head.status().is_informational() {
                self.transport.consume(parts.len());
                continue;
            }
            let body = self.transport.read_body(parts.len(), framing)?;
            let octets = self.transport.received().get(..parts.len()).unwrap_or_default();
            return Ok(Response { message: [octets, &body].concat(), spans, parts });
        }
        Err(PeerFault::TooManyInterim.into())
    }

    fn read_head(&mut self) -> Result<(FieldSpans<FIELDS>, ResponseParts), Error> {
        let mut spans = FieldSpans::new();
        let head = self.transport.read_head(|received, settings| {
            let parsed = ResponseHead::parse_within(received, spans.lend(), &settings.limits)?;
            Ok(parsed.map(|head| head.parts()))
        })?;
        let parts = head.ok_or(PeerFault::Truncated { received: 0 })?;
        Ok((spans, parts))
    }

    fn send(
        &mut self,
        method: Method<'_>,
        target: Target<'_>,
        fields: &[(FieldName<'_>, FieldValue<'_>)],
        body: &[u8],
    ) -> Result<(), Error> {
        let mut out = Box::new(WireBuf::<OUT>::new());
        let mut head = out.request(method, target)?.field(FieldName::HOST, FieldValue::new(&self.authority)?)?;
        for (name, value) in fields {
            head = head.field(*name, *value)?;
        }
        if body.is_empty() {
            head.without_body()?;
            return self.transport.send(out.as_bytes());
        }
        let mut encoder = head.length(body.len() as u64)?;
        let body = encoder.frame(body, &mut out)?;
        encoder.end(&[], &mut out)?;
        let message = [out.as_bytes(), body].concat();
        self.transport.send(&message)
    }
}

impl fmt::Debug for ClientStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientStream({})", self.authority)
    }
}

/// A response that has been read, with its body.
pub struct Response {
    /// The octets of the head, and the body behind them.
    message: Vec<u8>,
    spans: FieldSpans<FIELDS>,
    parts: ResponseParts,
}

impl Response {
    /// The head.
    pub fn head(&self) -> ResponseHead<'_> {
        self.parts.over(&self.message, &self.spans)
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        self.message.get(self.parts.len()..).unwrap_or_default()
    }

    /// Head and body as they came, for a person to read.
    pub fn dump(&self) -> Dump<'_> {
        dump(&self.message)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.head().fmt(f)
    }
}
