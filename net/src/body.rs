//! The bodies that are received.

use crate::client_stream::ClientWire;
use crate::server_stream::{ServerWire, in_turn};
use crate::trailers::Trailers;
use crate::transport::Transport;
use std::cell::RefCell;
use std::fmt;
use std::io::{self, Read};
use std::net::TcpStream;

/// The body of a request, read as it comes.
///
/// A client that waits for a 100 before it sends the body gets it with the first read that has to
/// wait [RFC 9110 section 10.1.1]. A body that is cut short, too large, too slow or no body is an
/// error, and never an end: it is an [`Error`](crate::Error) in the [`io::Error`], into which `?`
/// turns it again. The request is refused then, unless the caller answers it himself.
pub struct RequestBody<'s, S: Transport = TcpStream> {
    wire: &'s RefCell<ServerWire<S>>,
    trailers: Trailers,
}

impl<'s, S: Transport> RequestBody<'s, S> {
    pub(crate) const fn new(wire: &'s RefCell<ServerWire<S>>) -> Self {
        Self { wire, trailers: Trailers::NONE }
    }

    /// The trailer section, once the body has been read to its end.
    pub const fn trailers(&self) -> &Trailers {
        &self.trailers
    }
}

impl<S: Transport> Read for RequestBody<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(in_turn(self.wire)?.read_body(buffer, &mut self.trailers)?)
    }
}

impl<S: Transport> fmt::Debug for RequestBody<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestBody")
    }
}

/// The body of a response, read as it comes.
///
/// A body that is cut short, too large, too slow or no body is an error, and never an end: it is an
/// [`Error`](crate::Error) in the [`io::Error`], into which `?` turns it again.
pub struct ResponseBody<'c, S: Transport = TcpStream> {
    wire: &'c mut ClientWire<S>,
    trailers: Trailers,
}

impl<'c, S: Transport> ResponseBody<'c, S> {
    pub(crate) const fn new(wire: &'c mut ClientWire<S>) -> Self {
        Self { wire, trailers: Trailers::NONE }
    }

    /// The trailer section, once the body has been read to its end.
    pub const fn trailers(&self) -> &Trailers {
        &self.trailers
    }
}

impl<S: Transport> Read for ResponseBody<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(self.wire.read_body(buffer, &mut self.trailers)?)
    }
}

impl<S: Transport> fmt::Debug for ResponseBody<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseBody")
    }
}
