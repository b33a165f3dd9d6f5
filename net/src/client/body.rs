//! The body of a received response.

use crate::client::steps::ClientWire;
use crate::client::upload::{Upload, read_while_sending};
use crate::wire::trailers::Trailers;
use crate::wire::transport::Transport;
use std::fmt;
use std::io::{self, Read};
use std::net::TcpStream;

/// The body of a response on a [`ClientStream`](crate::ClientStream), read as it arrives. A
/// [`ClientResponse`](crate::ClientResponse) is read directly.
///
/// An invalid, truncated, oversized or slow body is an error, never an end. The [`io::Error`]
/// contains an [`Error`](crate::Error), and `?` converts it back.
///
/// ```
/// use bareline_net::{ClientStream, Error, Method, Target};
/// use std::{fs::File, io};
///
/// /// Downloads to a file, and returns the length.
/// fn download(client: &mut ClientStream, file: &mut File) -> Result<u64, Error> {
///     let mut response = client.request(Method::GET, Target::ROOT, &[], b"")?;
///     Ok(io::copy(&mut response.body, file)?)
/// }
/// ```
///
/// | a read fails with | when |
/// |---|---|
/// | [`InvalidData`](io::ErrorKind::InvalidData) | the body is invalid |
/// | [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) | the server closes in the middle of it |
/// | [`TimedOut`](io::ErrorKind::TimedOut) | the server is too slow |
/// | [`InvalidInput`](io::ErrorKind::InvalidInput) | the body exceeds a limit of the client |
/// | [`NotConnected`](io::ErrorKind::NotConnected) | the connection was closed before |
/// | any other kind | the transport fails |
#[doc(alias = "content")]
pub struct ResponseBody<'c, S: Transport = TcpStream> {
    wire: &'c mut ClientWire<S>,
    trailers: Trailers,
    upload: &'c mut Option<Box<Upload<'static>>>,
}

impl<'c, S: Transport> ResponseBody<'c, S> {
    pub(crate) const fn new(
        wire: &'c mut ClientWire<S>,
        upload: &'c mut Option<Box<Upload<'static>>>,
    ) -> Self {
        Self { wire, trailers: Trailers::NONE, upload }
    }

    /// Returns the trailer section, which is empty until the body has been read to its end.
    pub const fn trailers(&self) -> &Trailers {
        &self.trailers
    }
}

impl<S: Transport> Read for ResponseBody<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Self { wire, trailers, upload } = self;
        Ok(read_while_sending(wire, upload, buffer, trailers)?)
    }
}

impl<S: Transport> fmt::Debug for ResponseBody<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseBody")
    }
}
