//! The client's end of a connection.

use crate::error::{Error, PeerFault, Wait};
use crate::settings::Settings;
use crate::transport::{Deadline, Transport};
use bareline_core::{
    ClientConnection, Dump, Event, FieldName, FieldSpans, FieldValue, Method, ResponseHead, ResponseParts, Status, Target,
    WireBuf, dump,
};
use std::fmt;
use std::net::{TcpStream, ToSocketAddrs};

/// The client's end of a connection: sends a request, reads the response.
///
/// The example of the crate shows one at work.
pub struct ClientStream {
    transport: Transport,
    connection: ClientConnection,
    authority: String,
}

const FIELDS: usize = 128;
const OUT: usize = 8192;

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
                    return Ok(Self {
                        transport: Transport::new(stream, settings),
                        connection: ClientConnection::new(settings.limits_of_a_message()),
                        authority: authority.to_owned(),
                    });
                }
                Err(error) => tried.push((address, error)),
            }
        }
        Err(Error::Connect { tried })
    }

    /// Sends a request with these fields and this body, and reads the response with its body.
    ///
    /// `Host` is written first, and a length where there is a body or the method expects one. A body that is cut short is
    /// never a response, and interim responses are skipped. A response that comes before the whole request is sent is read all the
    /// same [RFC 9112 section 9.5].
    pub fn request(
        mut self,
        method: Method<'_>,
        target: Target<'_>,
        fields: &[(FieldName<'_>, FieldValue<'_>)],
        body: &[u8],
    ) -> Result<Response, Error> {
        let mut out = Box::new(WireBuf::<OUT>::new());
        let mut head = self.connection.request(method, target, &mut out)?;
        head = head.field(FieldName::HOST, FieldValue::new(&self.authority)?)?;
        for (name, value) in fields {
            head = head.field(*name, *value)?;
        }
        let sent = if body.is_empty() {
            head.without_body()?;
            self.transport.send(out.as_bytes())
        } else {
            head.length(body.len() as u64)?;
            let body = self.connection.frame_data(body, &mut out)?;
            self.connection.end_body(&[], &mut out)?;
            self.transport.send(&[out.as_bytes(), body].concat())
        };
        match (sent, self.receive()) {
            (_, Ok(response)) => Ok(response),
            (Err(error), Err(_)) | (Ok(()), Err(error)) => Err(error),
        }
    }

    fn receive(&mut self) -> Result<Response, Error> {
        let settings = self.transport.settings;
        let mut deadline = Deadline::new(Wait::Head, settings.head_deadline);
        let mut spans = FieldSpans::new();
        let mut response: Option<(ResponseParts, Vec<u8>)> = None;
        loop {
            let (used, event) = self.connection.receive(self.transport.received_mut(), spans.lend())?;
            let mut is_starved = false;
            match (event, &mut response) {
                (Event::Head(head), _) if !is_interim(head.status()) => {
                    response = Some((head.parts(), head.as_bytes().to_vec()));
                    deadline = Deadline::new(Wait::Body, settings.body_deadline);
                }
                (Event::Data(data), Some((_, message))) => message.extend_from_slice(data),
                (Event::NeedMore, _) => is_starved = true,
                (Event::End | Event::Handover, _) => {
                    let (parts, message) = response.ok_or(PeerFault::Truncated)?;
                    return Ok(Response { message, spans, parts });
                }
                _ => {}
            }
            self.transport.consume(used);
            if is_starved && self.transport.receive(&deadline)? == 0 {
                self.connection.peer_closed()?;
            }
        }
    }
}

fn is_interim(status: Status) -> bool {
    status.is_informational() && status != Status::SWITCHING_PROTOCOLS
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
