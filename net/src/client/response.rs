//! A response to a request of a client.

use crate::client::pool::{Connection, Pool};
use crate::client::steps::Head;
use crate::client::upload::Upload;
use crate::client::url::HttpUrl;
use crate::error::{Error, PeerError};
use crate::wire::trailers::Trailers;
use bareline_core::{ResponseHead, Status};
use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Instant;

/// A response whose head is read, on its connection.
pub(crate) struct Asked<'b> {
    pub(crate) connection: Box<Connection>,
    pub(crate) head: Box<Head>,
    pub(crate) url: HttpUrl,
    /// The rest of the request's body.
    pub(crate) upload: Option<Box<Upload<'b>>>,
}

impl Asked<'_> {
    /// Ends the exchange. The connection returns to the pool if all of the response has arrived.
    pub(crate) fn end(self, pool: &Arc<Pool>) {
        let Self { connection, head, url, .. } = self;
        drop(ClientResponse::new(Asked { connection, head, url, upload: None }, pool));
    }
}

/// A response of a [`Client`](crate::Client), whose body is read by [`Read`].
///
/// A download is `io::copy(&mut response, &mut file)`.
///
/// A body that is truncated, too large, too slow or invalid is an error, and never an end of input.
/// The [`io::Error`] contains an [`Error`](crate::Error), and `?` converts it back. Its kinds are
/// those of [`ResponseBody`](crate::ResponseBody).
///
/// After the end of the body the connection returns to the pool of the client. If the response is
/// dropped earlier, the connection returns only if the rest of the body has arrived; otherwise it
/// is closed. It is also closed after `Connection: close` and after a 101.
///
/// ```
/// use bareline_net::{Client, FieldName};
/// use std::io;
/// # use bareline_net::{Server, Status};
/// # let server = Server::bind("127.0.0.1:0")?;
/// # let url = format!("http://{}/", server.local_addr()?);
/// # std::thread::spawn(|| {
/// #     server.serve(|exchange| exchange.responder.send(Status::OK, &[], b"hello"))
/// # });
///
/// let response = Client::new().get(&url)?;
/// if response.status().is_redirection() {
///     println!("moved to {:?}", response.head().fields().get(FieldName::LOCATION));
/// }
/// for (name, value) in response.head().fields() {
///     println!("{name}: {value}");
/// }
/// assert_eq!(io::read_to_string(response)?, "hello");
/// # Ok::<(), bareline_net::Error>(())
/// ```
#[doc(alias = "download")]
pub struct ClientResponse {
    head: Box<Head>,
    trailers: Trailers,
    /// `None` after the end of the exchange: the connection is in the pool or closed.
    connection: Option<Box<Connection>>,
    pool: Arc<Pool>,
    url: HttpUrl,
    upload: Option<Box<Upload<'static>>>,
}

impl ClientResponse {
    pub(crate) fn new(asked: Asked<'static>, pool: &Arc<Pool>) -> Self {
        let Asked { connection, head, url, upload } = asked;
        let is_over = connection.stream.is_over();
        let (connection, pool) = (Some(connection), Arc::clone(pool));
        let mut response = Self { head, trailers: Trailers::NONE, connection, pool, url, upload };
        if is_over {
            response.return_to_pool();
        }
        response
    }

    /// Returns the head of the response: a final one or a 101.
    pub fn head(&self) -> ResponseHead<'_> {
        self.head.head()
    }

    /// Returns the status.
    #[doc(alias = "status error")]
    pub fn status(&self) -> Status {
        self.head().status()
    }

    /// Returns the response, unless its status is no success: then fails with
    /// [`PeerError::Unsuccessful`] [RFC 9110 section 15.3], after a redirection in an
    /// [`Error::Redirected`].
    ///
    /// ```no_run
    /// # use bareline_net::Client;
    /// let response = Client::new().get("http://localhost:8080/notes")?.successful()?;
    /// println!("{}", std::io::read_to_string(response)?);
    /// # Ok::<(), bareline_net::Error>(())
    /// ```
    #[doc(alias = "error_for_status")]
    pub fn successful(self) -> Result<Self, Error> {
        match self.status() {
            status if status.is_successful() => Ok(self),
            status => Err(self.url.failed(PeerError::Unsuccessful { status }.into())),
        }
    }

    /// Returns the URL of the response, which is another one than that of the request after a
    /// redirection. It is without a fragment.
    pub fn url(&self) -> String {
        self.url.to_string()
    }

    /// Returns the trailer section, which is empty before the end of the body is read.
    pub const fn trailers(&self) -> &Trailers {
        &self.trailers
    }

    /// Returns the connection to the pool if another request can follow; otherwise closes it.
    fn return_to_pool(&mut self) {
        if let Some(mut connection) = self.connection.take()
            && connection.stream.settle()
        {
            self.pool.keep(connection, Instant::now());
        }
    }
}

impl Read for ClientResponse {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(connection) = &mut self.connection else { return Ok(0) };
        let stream = &mut connection.stream;
        let read = stream.read_body(buffer, &mut self.trailers, &mut self.upload);
        let count = read.map_err(|error| self.url.failed(error))?;
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
