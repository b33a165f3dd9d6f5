//! A response to a client's request.

use crate::client_stream::{ClientStream, ReceivedHead};
use crate::pool::Pool;
use crate::trailers::Trailers;
use bareline_core::{ResponseHead, ResponseParts, Status};
use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;

/// A response, and the connection on which it comes: its body is read from here.
///
/// A body that is cut short, too large, too slow or no body is an error, and never an end: it is an
/// [`Error`](crate::Error) in the [`io::Error`], into which `?` turns it again.
///
/// When the body has been read to its end, the client keeps the connection for the next request.
/// When the response is dropped before, it is kept if the rest has come already, and closed at once
/// if not. It is closed too when the server has said so, and after a 101.
///
/// ```
/// use bareline_core::Status;
/// use bareline_net::Client;
/// use std::io;
/// # use bareline_net::Server;
/// # let server = Server::bind("127.0.0.1:0")?;
/// # let url = format!("http://{}/", server.local_addr()?);
/// # std::thread::spawn(|| {
/// #     server.serve(|exchange| exchange.responder.send(Status::OK, &[], b"hello"))
/// # });
///
/// let response = Client::new().get(&url)?;
/// assert_eq!(response.status(), Status::OK);
/// assert_eq!(io::read_to_string(response)?, "hello");
/// # Ok::<(), bareline_net::Error>(())
/// ```
pub struct ClientResponse {
    parts: ResponseParts,
    received: Box<ReceivedHead>,
    trailers: Trailers,
    /// None, when the exchange is over and another may have it.
    stream: Option<Box<ClientStream>>,
    pool: Arc<Pool>,
}

impl ClientResponse {
    pub(crate) fn new(
        mut stream: Box<ClientStream>,
        parts: ResponseParts,
        pool: &Arc<Pool>,
    ) -> Self {
        let (received, is_over) = (stream.take_head(), stream.is_over());
        let mut response = Self {
            parts,
            received,
            trailers: Trailers::NONE,
            stream: Some(stream),
            pool: Arc::clone(pool),
        };
        if is_over {
            response.return_to_pool();
        }
        response
    }

    /// The head of the response: a final one, or a 101.
    pub fn head(&self) -> ResponseHead<'_> {
        self.received.head(self.parts)
    }

    /// The status.
    pub const fn status(&self) -> Status {
        self.parts.status()
    }

    /// The trailer section, once the body has been read to its end.
    pub const fn trailers(&self) -> &Trailers {
        &self.trailers
    }

    /// Gives the connection to the pool, if another request can follow; it is closed otherwise.
    fn return_to_pool(&mut self) {
        if let Some(mut stream) = self.stream.take()
            && stream.settle()
        {
            self.pool.keep(stream);
        }
    }
}

impl Read for ClientResponse {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(stream) = &mut self.stream else { return Ok(0) };
        let count = stream.read_body(buffer, &mut self.trailers)?;
        if count == 0 && !buffer.is_empty() {
            self.return_to_pool();
        }
        Ok(count)
    }
}

impl Drop for ClientResponse {
    fn drop(&mut self) {
        self.return_to_pool();
    }
}

impl fmt::Debug for ClientResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientResponse({})", self.status())
    }
}
