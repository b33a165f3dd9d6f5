//! The body of a received request.

use crate::server::wire::{ServerWire, borrow_wire};
use crate::wire::trailers::Trailers;
use crate::wire::transport::Transport;
use std::cell::RefCell;
use std::fmt;
use std::io::{self, Read};
use std::net::TcpStream;

/// The body of a request, read as it arrives.
///
/// The first read that has to wait sends the 100 that the client expects [RFC 9110 section 10.1.1].
///
/// ```
/// use bareline_net::{Error, Exchange, Status};
/// use std::io::Read;
///
/// /// Accepts a body of at most 1,000 octets.
/// fn respond(Exchange { body, responder, .. }: Exchange<'_>) -> Result<(), Error> {
///     let mut text = Vec::new();
///     match body.take(1_001).read_to_end(&mut text)? {
///         ..=1_000 => responder.send(Status::OK, &[], &text),
///         _ => responder.send(Status::CONTENT_TOO_LARGE, &[], b"at most 1,000 octets\n"),
///     }
/// }
/// ```
///
/// An invalid, truncated, oversized or slow body is an error, never an end. The [`io::Error`]
/// contains an [`Error`](crate::Error), and `?` converts it back. Then the server rejects the
/// request, unless the caller responds itself.
///
/// | a read fails with | when |
/// |---|---|
/// | [`InvalidData`](io::ErrorKind::InvalidData) | the body is invalid or exceeds a limit |
/// | [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) | the client closes in the middle of it |
/// | [`TimedOut`](io::ErrorKind::TimedOut) | the client is too slow |
/// | [`InvalidInput`](io::ErrorKind::InvalidInput) | the response began without the rest of it |
/// | [`NotConnected`](io::ErrorKind::NotConnected) | the connection was closed before |
/// | any other kind | the transport fails |
#[doc(alias = "content")]
pub struct RequestBody<'s, S: Transport = TcpStream> {
    wire: &'s RefCell<ServerWire<S>>,
    trailers: Trailers,
}

impl<'s, S: Transport> RequestBody<'s, S> {
    pub(crate) const fn new(wire: &'s RefCell<ServerWire<S>>) -> Self {
        Self { wire, trailers: Trailers::NONE }
    }

    /// Returns the trailer section, which is empty until the body has been read to its end.
    pub const fn trailers(&self) -> &Trailers {
        &self.trailers
    }
}

impl<S: Transport> Read for RequestBody<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(borrow_wire(self.wire)?.read_body(buffer, &mut self.trailers)?)
    }
}

impl<S: Transport> fmt::Debug for RequestBody<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestBody")
    }
}
