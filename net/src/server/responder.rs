//! The response to a request.

use crate::error::Error;
use crate::server::wire::{ServerWire, borrow_wire, dated};
use crate::wire::Role;
use crate::wire::send_buf::to;
use crate::wire::transport::Transport;
use crate::wire::upgraded::Upgraded;
use bareline_core::connection::{ResponseHeadWriter, ServerState};
use bareline_core::error::WriteError;
use bareline_core::write::TrailerField;
use bareline_core::{FieldName, FieldValue, Status, Version};
use std::cell::RefCell;
use std::fmt;
use std::io::{self, Write};
use std::net::TcpStream;

/// The sender of the response to a request: sends it complete, or streams its body.
///
/// Adds `Connection` and the framing fields that the request and the response need. Leaves out the
/// body where the request is HEAD. After an error in the request's body the response is the last
/// one on the connection.
///
/// ```
/// use bareline_net::{Error, Exchange, FieldName, FieldValue, Status};
/// use std::io::Write;
/// # use bareline_net::{Client, Server};
///
/// const TEXT: FieldValue = FieldValue::from_static("text/plain");
///
/// fn respond(exchange: Exchange<'_>) -> Result<(), Error> {
///     let fields = [(FieldName::CONTENT_TYPE, TEXT)];
///     if exchange.head.target() == "/complete" {
///         return exchange.responder.send(Status::OK, &fields, b"at once");
///     }
///     let mut body = exchange.responder.stream(Status::OK, &fields)?;
///     body.write_all(b"as it is made")?;
///     body.finish()
/// }
/// # let server = Server::bind("127.0.0.1:0")?;
/// # let (url, handle) = (format!("http://{}", server.local_addr()?), server.handle());
/// # let served = std::thread::spawn(move || server.serve(respond));
/// # for (path, body) in [("/complete", "at once"), ("/", "as it is made")] {
/// #     let response = Client::new().get(&format!("{url}{path}"))?;
/// #     assert_eq!(response.head().fields().get(FieldName::CONTENT_TYPE), Some(TEXT));
/// #     assert_eq!(std::io::read_to_string(response)?, body);
/// # }
/// # handle.shutdown();
/// # served.join().unwrap()?;
/// # Ok::<(), Error>(())
/// ```
#[must_use = "each request needs a response"]
pub struct Responder<'s, S: Transport = TcpStream> {
    wire: &'s RefCell<ServerWire<S>>,
    version: Version,
    /// The response streams while the request's body is read.
    is_while_reading: bool,
}

/// The largest body, in octets, that is copied after its head so that both go out in one write.
const COPIED: usize = 4 * 1024;

impl<'s, S: Transport> Responder<'s, S> {
    pub(crate) const fn new(wire: &'s RefCell<ServerWire<S>>, version: Version) -> Self {
        Self { wire, version, is_while_reading: false }
    }

    /// Allows reading the request's body while the response streams, as an echo does. A client that
    /// waits for a 100 gets it at once. A read that has to wait first sends what is written.
    ///
    /// Without this call the unread rest of the body is discarded when the response begins, and
    /// reading it then fails with [`WriteError::RequestUnread`].
    ///
    /// With it, [`finish`](ResponseWriter::finish) discards the unread rest of the body, within 100
    /// ms and [`Limits::drain`](bareline_core::head::Limits). When more is left, the response is
    /// cut short, and `finish` fails with [`WriteError::RequestUnread`].
    ///
    /// A response that ends with its head, such as one to HEAD, says `Connection: close` if the
    /// body is still unread. This call does not affect [`send`](Self::send).
    ///
    /// ```
    /// use bareline_net::{Error, Exchange, Status};
    /// use std::io;
    ///
    /// fn echo(Exchange { mut body, responder, .. }: Exchange<'_>) -> Result<(), Error> {
    ///     let mut response = responder.while_reading().stream(Status::OK, &[])?;
    ///     io::copy(&mut body, &mut response)?;
    ///     response.finish()
    /// }
    /// ```
    pub fn while_reading(self) -> Self {
        Self { is_while_reading: true, ..self }
    }

    /// Sends a complete response with this status, these fields and this body. A
    /// [`Server`](crate::Server) adds `Date` [RFC 9110 section 6.6.1].
    ///
    /// The head has a limit of 65,535 octets. Fails with [`Error::TooLong`] beyond that, and with
    /// [`Error::Usage`] for an invalid head or an interim status; the client then gets a 500.
    ///
    /// A conditional GET: `If-None-Match` is `*`, or a list of tags that are compared weakly [RFC
    /// 9110 section 13.1.2]. A cookie is one more field: `(FieldName::SET_COOKIE, cookie)`.
    ///
    /// ```
    /// use bareline_net::{Error, Exchange, FieldName, FieldValue, Status};
    ///
    /// const TAG: &str = "\"v1\"";
    ///
    /// fn page(Exchange { head, responder, .. }: Exchange<'_>) -> Result<(), Error> {
    ///     let etag = [(FieldName::ETAG, FieldValue::from_static(TAG))];
    ///     let known = head.fields().all(FieldName::IF_NONE_MATCH);
    ///     let mut known = known.flat_map(|list| list.as_str().unwrap_or_default().split(','));
    ///     if known.any(|tag| matches!(tag.trim().trim_start_matches("W/"), TAG | "*")) {
    ///         return responder.send(Status::NOT_MODIFIED, &etag, b"");
    ///     }
    ///     responder.send(Status::OK, &etag, b"hello\n")
    /// }
    /// ```
    pub fn send(
        self,
        status: Status,
        fields: &[(FieldName<'_>, FieldValue<'_>)],
        body: &[u8],
    ) -> Result<(), Error> {
        // A complete response does not stream.
        let this = Self { is_while_reading: false, ..self };
        if body.len() <= COPIED {
            match this.start_with(status, fields, |head| head.body(body)) {
                Err(Error::TooLong { .. }) => {}
                writer => return writer?.finish(),
            }
        }
        let mut writer = this.stream_sized(status, fields, body.len() as u64)?;
        writer.write_all(body)?;
        writer.finish()
    }

    /// Begins a response with this status and these fields, and streams its body: in chunks, or
    /// until the connection closes if the client speaks HTTP/1.0. A [`Server`](crate::Server) adds
    /// `Date`.
    #[doc(alias = "chunked transfer encoding")]
    pub fn stream(
        self,
        status: Status,
        fields: &[(FieldName<'_>, FieldValue<'_>)],
    ) -> Result<ResponseWriter<'s, S>, Error> {
        self.start_with(status, fields, |head| match self.version {
            Version::Http11 => head.chunked(),
            Version::Http10 => head.until_close(),
        })
    }

    /// Begins a response with this status and these fields, and streams its body of this length in
    /// octets. A [`Server`](crate::Server) adds `Date`.
    ///
    /// ```
    /// use bareline_net::{Error, Exchange, Status};
    /// use std::{fs::File, io};
    ///
    /// fn file(Exchange { responder, .. }: Exchange<'_>) -> Result<(), Error> {
    ///     let mut file = match File::open("static/page.html") {
    ///         Err(error) if error.kind() == io::ErrorKind::NotFound => {
    ///             return responder.send(Status::NOT_FOUND, &[], b"not found\n");
    ///         }
    ///         file => file?,
    ///     };
    ///     let mut body = responder.stream_sized(Status::OK, &[], file.metadata()?.len())?;
    ///     io::copy(&mut file, &mut body)?;
    ///     body.finish()
    /// }
    /// ```
    #[doc(alias = "Content-Length")]
    pub fn stream_sized(
        self,
        status: Status,
        fields: &[(FieldName<'_>, FieldValue<'_>)],
        length: u64,
    ) -> Result<ResponseWriter<'s, S>, Error> {
        self.start_with(status, fields, |head| head.length(length))
    }

    /// Begins a response with this status, whose head is written by `write`, with any fields,
    /// framing and version.
    ///
    /// Only `Connection` is added; the caller adds [`Date`](crate::Date). `write` may be called
    /// several times, until the buffer is large enough. The head, and a body written with it, have
    /// a limit of 65,535 octets.
    ///
    /// ```
    /// use bareline_net::{Date, Error, Exchange, FieldName, FieldValue, Status};
    ///
    /// fn log_in(Exchange { responder, .. }: Exchange<'_>) -> Result<(), Error> {
    ///     let (date, cookie) = (Date::now(), "session=4f; Secure; HttpOnly; SameSite=Lax");
    ///     let response = responder.begin(Status::NO_CONTENT, |head| {
    ///         let head = head.field(FieldName::DATE, date.value())?;
    ///         head.field(FieldName::SET_COOKIE, FieldValue::new(cookie)?)?.without_body()
    ///     });
    ///     response?.finish()
    /// }
    /// ```
    pub fn begin(
        self,
        status: Status,
        write: impl Fn(ResponseHeadWriter<'_>) -> Result<(), WriteError>,
    ) -> Result<ResponseWriter<'s, S>, Error> {
        self.start(status, write)
    }

    /// Begins a response with these fields, and with the date if a server adds it and the fields
    /// lack it.
    fn start_with(
        &self,
        status: Status,
        fields: &[(FieldName<'_>, FieldValue<'_>)],
        end: impl Fn(ResponseHeadWriter<'_>) -> Result<(), WriteError>,
    ) -> Result<ResponseWriter<'s, S>, Error> {
        let is_told = fields.iter().any(|(name, _)| *name == FieldName::DATE);
        let date = if is_told { None } else { borrow_wire(self.wire)?.date() };
        self.start(status, |head| end(dated(head, &date)?.fields(fields)?))
    }

    fn start(
        &self,
        status: Status,
        write: impl Fn(ResponseHeadWriter<'_>) -> Result<(), WriteError>,
    ) -> Result<ResponseWriter<'s, S>, Error> {
        let wire = &mut *borrow_wire(self.wire)?;
        if status.is_informational() && status != Status::SWITCHING_PROTOCOLS {
            return Err(WriteError::InterimStatus.into());
        }
        wire.role_mut().announce_last();
        if self.is_while_reading {
            wire.write(Role::write_continue)?
        } else {
            wire.give_up_body()
        }
        if status == Status::SWITCHING_PROTOCOLS {
            // The switch may fail, and then nothing more is sent.
            wire.flush()?;
        }
        let is_rejection = wire.role().peer_error.is_some();
        wire.write(|steps, out| {
            to!(out, |out| match self.is_while_reading {
                _ if is_rejection => write(steps.connection.reject(status, out)?),
                true => write(steps.connection.respond_while_receiving(status, out)?),
                false => write(steps.connection.respond(status, out)?),
            })
        })?;
        match wire.role().state() {
            // `write` has not ended the head.
            ServerState::Body | ServerState::SendResponse | ServerState::Reject => {
                Err(WriteError::HeadNotEnded.into())
            }
            state => {
                wire.role_mut().responded = Some(status);
                Ok(ResponseWriter { wire: self.wire, is_whole: state != ServerState::SendBody })
            }
        }
    }

    /// Sends an interim response, such as 103, at once. A client that speaks HTTP/1.0 gets none
    /// [RFC 9110 section 15.2].
    ///
    /// ```
    /// use bareline_net::{Error, Exchange, FieldName, FieldValue, Status};
    ///
    /// const STYLE: FieldValue = FieldValue::from_static("</style.css>; rel=preload; as=style");
    ///
    /// fn page(Exchange { mut responder, .. }: Exchange<'_>) -> Result<(), Error> {
    ///     let link = [(FieldName::LINK, STYLE)];
    ///     responder.interim(Status::EARLY_HINTS, &link)?;
    ///     responder.send(Status::OK, &link, b"<link rel=stylesheet href=style.css>")
    /// }
    /// ```
    #[doc(alias = "1xx")]
    pub fn interim(
        &mut self,
        status: Status,
        fields: &[(FieldName<'_>, FieldValue<'_>)],
    ) -> Result<(), Error> {
        if !status.is_informational() || status == Status::SWITCHING_PROTOCOLS {
            return Err(WriteError::FinalStatus.into());
        }
        if self.version == Version::Http10 {
            return Ok(());
        }
        let wire = &mut *borrow_wire(self.wire)?;
        wire.write(|steps, out| {
            to!(out, |out| steps.connection.respond(status, out)?.fields(fields)?.without_body())
        })?;
        wire.flush()
    }
}

/// The outcome of a response, for the log after the handler has returned.
pub(crate) struct Outcome<'s, S: Transport> {
    wire: &'s RefCell<ServerWire<S>>,
    /// The number of octets sent before the response.
    sent: u64,
}

impl<'s, S: Transport> Responder<'s, S> {
    /// Returns a view of the outcome, to be read after the response.
    pub(crate) fn outcome(&self) -> Outcome<'s, S> {
        Outcome { wire: self.wire, sent: self.wire.borrow().produced() }
    }
}

impl<S: Transport> Outcome<'_, S> {
    /// Rejects the request if it has no response, because of this error of the handler if it has
    /// failed.
    pub(crate) fn reject_without_response(&self, error: Option<&Error>) -> Result<(), Error> {
        borrow_wire(self.wire)?.reject_without_response(error)
    }
}

/// The status, and the number of octets sent, head and framing included.
impl<S: Transport> fmt::Display for Outcome<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wire = self.wire.borrow();
        let sent = wire.produced().saturating_sub(self.sent);
        match wire.role().responded {
            Some(status) => write!(f, "{status}, {sent} octets"),
            None => write!(f, "no response, {sent} octets"),
        }
    }
}

impl<S: Transport> fmt::Debug for Responder<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Responder")
    }
}

/// The body of a response, framed and sent as it is written: small writes are gathered, large ones
/// are sent without a copy.
///
/// The response is complete after [`finish`](Self::finish). Dropping the writer earlier closes the
/// connection before the length or the last chunk, so the client sees a response that is cut short.
/// Exception: a body that lasts until the connection closes, for an HTTP/1.0 client, looks complete
/// to that client.
///
/// ```
/// use bareline_net::{Error, Exchange, Status};
/// use std::io::Write;
///
/// /// Sends a line for each event, as it happens.
/// fn events(Exchange { responder, .. }: Exchange<'_>) -> Result<(), Error> {
///     let mut response = responder.stream(Status::OK, &[])?;
///     for number in 0..3 {
///         writeln!(response, "event {number}")?;
///         response.flush()?;
///     }
///     response.finish()
/// }
/// ```
#[must_use = "a response is cut short unless `finish` is called"]
pub struct ResponseWriter<'s, S: Transport = TcpStream> {
    wire: &'s RefCell<ServerWire<S>>,
    /// The response was complete with its head.
    is_whole: bool,
}

impl<S: Transport> ResponseWriter<'_, S> {
    /// Ends the response. Fails with [`WriteError::BodyLength`] when octets are missing.
    pub fn finish(self) -> Result<(), Error> {
        self.finish_with(&[])
    }

    /// Returns the transport after a protocol switch by this response, and the octets that have
    /// arrived for the other protocol: after a 101, or a 2xx to CONNECT [RFC 9110 sections 7.8 and
    /// 9.3.6]. The transport blocks without a timeout.
    ///
    /// The handler goes on with the other protocol, or gives the transport to a thread of its own.
    /// A [`Server`](crate::Server) counts such a handler as one that waits for its client, and does
    /// not close the transport when it shuts down.
    ///
    /// Fails with [`Error::NotUpgraded`] without a switch, and with [`Error::Overloaded`] if too
    /// many handlers wait for their clients. The connection is closed then.
    ///
    /// ```
    /// use bareline_net::{Error, Exchange, FieldName, FieldValue, Status, Upgraded};
    /// use std::io::Write;
    ///
    /// fn respond(Exchange { responder, .. }: Exchange<'_>) -> Result<(), Error> {
    ///     const UPGRADE: FieldValue = FieldValue::from_static("upgrade");
    ///     let response = responder.begin(Status::SWITCHING_PROTOCOLS, |head| {
    ///         let head = head.field(FieldName::UPGRADE, FieldValue::from_static("echo"))?;
    ///         head.field(FieldName::CONNECTION, UPGRADE)?.without_body()
    ///     });
    ///     let Upgraded { mut transport, received, .. } = response?.into_upgraded()?;
    ///     transport.write_all(&received)?;
    ///     std::io::copy(&mut transport.try_clone()?, &mut transport)?;
    ///     Ok(())
    /// }
    /// ```
    #[doc(alias = "WebSocket")]
    pub fn into_upgraded(self) -> Result<Upgraded<S>, Error> {
        let wire = &mut *borrow_wire(self.wire)?;
        match wire.role().state() {
            ServerState::Upgraded => wire.take_upgraded(),
            _ => Err(Error::NotUpgraded),
        }
    }

    /// Ends the response with these trailers, at most 65,000 octets. Trailers need a chunked body.
    #[doc(alias = "trailer")]
    pub fn finish_with(self, trailers: &[TrailerField<'_>]) -> Result<(), Error> {
        let wire = &mut *borrow_wire(self.wire)?;
        match (self.is_whole, trailers) {
            (false, _) => wire.end_response_body(trailers)?,
            (true, []) => {}
            (true, _) => return Err(WriteError::TrailersNeedChunked.into()),
        }
        match wire.role().state() {
            ServerState::Close => wire.close_after_last(),
            // A pipelined request has arrived: its response goes out together with this one.
            ServerState::Idle if wire.has_more() => Ok(()),
            _ => wire.flush_or_leave(),
        }
    }
}

impl<S: Transport> Write for ResponseWriter<'_, S> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let wire = &mut *borrow_wire(self.wire)?;
        if self.is_whole && !octets.is_empty() {
            return Err(Error::Usage(WriteError::BodyLength).into());
        }
        wire.write_body(octets).map_err(|error| wire.role().or_peer_error(error))?;
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let wire = &mut *borrow_wire(self.wire)?;
        if self.is_whole {
            wire.flush()?
        } else {
            wire.flush_body().map_err(|error| wire.role().or_peer_error(error))?
        }
        Ok(())
    }
}

impl<S: Transport> fmt::Debug for ResponseWriter<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseWriter")
    }
}
