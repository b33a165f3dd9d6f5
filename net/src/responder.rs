//! The answer to a request.

use crate::error::Error;
use crate::notice::Turn;
use crate::server_stream::{ServerWire, dated, in_turn};
use crate::transport::Transport;
use crate::wire::{Connection, to};
use bareline_core::{
    FieldName, FieldValue, ResponseHeadWriter, ServerState, Status, TrailerField, Version,
    WriteError,
};
use std::cell::RefCell;
use std::fmt;
use std::io::{self, Write};
use std::net::TcpStream;

/// What answers a request: sends an answer whole, or begins one whose body is written as it is
/// made.
///
/// `Connection` and the framing are added as the request and the answer require, and the body is
/// left out where the request was HEAD. After a fault of the request's body the answer is the last
/// one on the connection.
///
/// ```
/// use bareline_core::{FieldName, FieldValue, Status};
/// use bareline_net::{ServerStream, Untimed};
/// use std::io::{Cursor, Write};
///
/// const TEXT: FieldValue = FieldValue::from_static("text/plain");
///
/// let two = b"GET /whole HTTP/1.1\r\nHost: a\r\n\r\nGET /long HTTP/1.1\r\nHost: a\r\n\r\n";
/// let mut octets = Cursor::new(two.to_vec());
/// let mut peer = ServerStream::new(Untimed(&mut octets));
/// while let Some(exchange) = peer.next_request()? {
///     if exchange.head.target().path() == "/whole" {
///         exchange.responder.send(
///             Status::OK,
///             &[(FieldName::CONTENT_TYPE, TEXT)],
///             b"at once",
///         )?;
///     } else {
///         let mut body =
///             exchange.responder.stream(Status::OK, &[(FieldName::CONTENT_TYPE, TEXT)])?;
///         body.write_all(b"as it is made")?;
///         body.finish()?;
///     }
/// }
/// drop(peer);
/// let responses = &octets.get_ref()[two.len()..];
/// assert!(responses.starts_with(
///     b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n\r\nat once"
/// ));
/// assert!(responses.ends_with(b"\r\nas it is made\r\n0\r\n\r\n"));
/// # Ok::<(), bareline_net::Error>(())
/// ```
#[must_use = "a request waits for its answer"]
pub struct Responder<'s, S: Transport = TcpStream> {
    wire: &'s RefCell<ServerWire<S>>,
    version: Version,
    /// The response streams while the request's body is read.
    is_while_reading: bool,
}

/// The largest body that is copied behind its head, so that both go out together.
const COPIED: usize = 4 * 1024;

impl<'s, S: Transport> Responder<'s, S> {
    pub(crate) const fn new(wire: &'s RefCell<ServerWire<S>>, version: Version) -> Self {
        Self { wire, version, is_while_reading: false }
    }

    /// Announces that the request's body is read while the response streams: an echo, for example.
    /// A client that waits for a 100 is asked for the body at once.
    ///
    /// Otherwise what is left of the body is discarded when the response begins, and reading it
    /// fails with [`WriteError::RequestUnread`]. The response ends behind the body, with
    /// [`finish`](ResponseWriter::finish): what the handler has left of the body by then is
    /// discarded, as far as it comes within 100 ms and [`Limits::drain`](bareline_core::Limits).
    /// When that is not all of it, the response is cut short, and `finish` fails with
    /// [`WriteError::RequestUnread`].
    ///
    /// A response that is whole with its head says `Connection: close` when the body has not been
    /// read by then: one to HEAD, for example. [`send`](Self::send) is not concerned.
    ///
    /// ```
    /// use bareline_core::Status;
    /// use bareline_net::{Error, Exchange};
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

    /// Answers with this status, these fields and this body. A [`Server`](crate::Server) adds
    /// `Date` [RFC 9110 section 6.6.1].
    ///
    /// The head is at most 65,535 octets. What cannot be written, or is an interim answer, is
    /// [`Error::Usage`]; the client gets a 500 then.
    pub fn send(
        self,
        status: Status,
        fields: &[(FieldName<'_>, FieldValue<'_>)],
        body: &[u8],
    ) -> Result<(), Error> {
        // A whole response does not stream.
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

    /// Begins an answer with this status and these fields, whose body is written as it is made: in
    /// chunks, or up to the close where the client knows only HTTP/1.0. A
    /// [`Server`](crate::Server) adds `Date`.
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

    /// Begins an answer with this status and these fields, whose body is written as it is made and
    /// has this length, in octets. A [`Server`](crate::Server) adds `Date`.
    pub fn stream_sized(
        self,
        status: Status,
        fields: &[(FieldName<'_>, FieldValue<'_>)],
        length: u64,
    ) -> Result<ResponseWriter<'s, S>, Error> {
        self.start_with(status, fields, |head| head.length(length))
    }

    /// Begins an answer with this status, whose head `write` makes: with any fields, framing and
    /// version, and nothing added but `Connection` ([`Date`](crate::Date) is the caller's to
    /// write). `write` may be called several times, until there is room for the head.
    ///
    /// The head, and a body that is written with it, are at most 65,535 octets.
    pub fn begin(
        self,
        status: Status,
        write: impl Fn(ResponseHeadWriter<'_>) -> Result<(), WriteError>,
    ) -> Result<ResponseWriter<'s, S>, Error> {
        self.start(status, write)
    }

    /// Begins an answer with the date, where it is the server's to tell and the fields do not, and
    /// these fields.
    fn start_with(
        &self,
        status: Status,
        fields: &[(FieldName<'_>, FieldValue<'_>)],
        end: impl Fn(ResponseHeadWriter<'_>) -> Result<(), WriteError>,
    ) -> Result<ResponseWriter<'s, S>, Error> {
        let is_told = fields.iter().any(|(name, _)| *name == FieldName::DATE);
        let date = if is_told { None } else { in_turn(self.wire)?.date() };
        self.start(status, |head| end(dated(head, &date)?.fields(fields)?))
    }

    fn start(
        &self,
        status: Status,
        write: impl Fn(ResponseHeadWriter<'_>) -> Result<(), WriteError>,
    ) -> Result<ResponseWriter<'s, S>, Error> {
        let wire = &mut *in_turn(self.wire)?;
        if status.is_informational() && status != Status::SWITCHING_PROTOCOLS {
            return Err(WriteError::OutOfTurn.into());
        }
        if wire.turn.as_mut().is_some_and(Turn::try_close_after_response) {
            wire.connection.close_after_response();
        }
        match self.is_while_reading {
            true => wire.write(Connection::ask_for_body)?,
            false => wire.give_up_body(),
        }
        let is_rejection = wire.fault.is_some();
        wire.write(|connection, out| {
            to!(out, |out| match self.is_while_reading {
                _ if is_rejection => write(connection.reject(status, out)?),
                true => write(connection.respond_while_receiving(status, out)?),
                false => write(connection.respond(status, out)?),
            })
        })?;
        match wire.connection.state() {
            // What was to write the head has not ended it.
            ServerState::Body | ServerState::SendResponse | ServerState::Reject => {
                Err(WriteError::OutOfTurn.into())
            }
            state => {
                wire.responded = Some(status);
                Ok(ResponseWriter { wire: self.wire, is_whole: state != ServerState::SendBody })
            }
        }
    }

    /// Sends an interim answer, such as 103, at once; a client that knows only HTTP/1.0 gets none
    /// [RFC 9110 section 15.2].
    pub fn interim(
        &mut self,
        status: Status,
        fields: &[(FieldName<'_>, FieldValue<'_>)],
    ) -> Result<(), Error> {
        if !status.is_informational() || status == Status::SWITCHING_PROTOCOLS {
            return Err(WriteError::OutOfTurn.into());
        }
        if self.version == Version::Http10 {
            return Ok(());
        }
        let wire = &mut *in_turn(self.wire)?;
        wire.write(|connection, out| {
            to!(out, |out| connection.respond(status, out)?.fields(fields)?.without_body())
        })?;
        wire.flush()
    }
}

/// What has become of an answer, for whoever is not in between.
pub(crate) struct Outcome<'s, S: Transport> {
    wire: &'s RefCell<ServerWire<S>>,
    /// What had been sent before it.
    sent: u64,
}

impl<'s, S: Transport> Responder<'s, S> {
    /// What will have become of this answer.
    pub(crate) fn outcome(&self) -> Outcome<'s, S> {
        Outcome { wire: self.wire, sent: self.wire.borrow().produced() }
    }
}

impl<S: Transport> Outcome<'_, S> {
    /// Refuses the request when there is no answer.
    pub(crate) fn reject_without_response(&self) -> Result<(), Error> {
        in_turn(self.wire)?.reject_without_response()
    }
}

/// The status, and how many octets have been sent with it, head and framing included.
impl<S: Transport> fmt::Display for Outcome<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wire = self.wire.borrow();
        let sent = wire.produced().saturating_sub(self.sent);
        match wire.responded {
            Some(status) => write!(f, "{status}, {sent} octets"),
            None => write!(f, "without an answer, {sent} octets"),
        }
    }
}

impl<S: Transport> fmt::Debug for Responder<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Responder")
    }
}

/// The body of an answer, framed and sent as it is written: little pieces together, large ones
/// without a copy.
///
/// The answer is whole when it is finished. One that is dropped before is cut short for the client
/// too: the connection is closed before the length is reached or the last chunk sent. Only a body
/// that goes up to the close, for a client that knows no chunks, looks whole all the same.
#[must_use = "an answer is whole when it is finished"]
pub struct ResponseWriter<'s, S: Transport = TcpStream> {
    wire: &'s RefCell<ServerWire<S>>,
    /// Its head was all of it.
    is_whole: bool,
}

impl<S: Transport> ResponseWriter<'_, S> {
    /// Ends the answer. Fails with [`WriteError::BodyLength`] when octets are missing.
    pub fn finish(self) -> Result<(), Error> {
        self.finish_with(&[])
    }

    /// Ends the answer with these trailers, which a chunked body can have: 65,000 octets of them at
    /// the most.
    pub fn finish_with(self, trailers: &[TrailerField<'_>]) -> Result<(), Error> {
        let wire = &mut *in_turn(self.wire)?;
        match (self.is_whole, trailers) {
            (false, _) => end_response_body(wire, trailers)?,
            (true, []) => {}
            (true, _) => return Err(WriteError::TrailersNeedChunked.into()),
        }
        match wire.connection.state() {
            ServerState::Close => wire.close_after_last(),
            // The next request may be there already: its answer goes out together with this one.
            ServerState::Done if wire.has_more() => Ok(()),
            _ => wire.flush(),
        }
    }
}

/// Ends the body of a response. Where the request's body has to end before it, the rest of that is
/// discarded first.
fn end_response_body<S: Transport>(
    wire: &mut ServerWire<S>,
    trailers: &[TrailerField<'_>],
) -> Result<(), Error> {
    let mut ended = wire.end_body(trailers);
    if matches!(ended, Err(Error::Usage(WriteError::RequestUnread))) {
        wire.give_up_body();
        ended = wire.end_body(trailers);
    }
    ended.map_err(|error| wire.at_fault(error))
}

impl<S: Transport> Write for ResponseWriter<'_, S> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let wire = &mut *in_turn(self.wire)?;
        match self.is_whole && !octets.is_empty() {
            true => return Err(Error::Usage(WriteError::BodyLength).into()),
            false => wire.write_body(octets).map_err(|error| wire.at_fault(error))?,
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let wire = &mut *in_turn(self.wire)?;
        match self.is_whole {
            true => wire.flush()?,
            false => wire.flush_body().map_err(|error| wire.at_fault(error))?,
        }
        Ok(())
    }
}

impl<S: Transport> fmt::Debug for ResponseWriter<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseWriter")
    }
}
