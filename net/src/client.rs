//! A client for `http` URLs, with a pool of idle connections.

use crate::client_request::ClientRequest;
use crate::client_response::ClientResponse;
use crate::client_stream::{ClientStream, connect_to_one};
use crate::deadline::Whole;
use crate::error::Error;
use crate::pool::Pool;
use crate::settings::Settings;
use crate::url::HttpUrl;
use bareline_core::Method;
use std::fmt;
use std::net::ToSocketAddrs;
use std::sync::Arc;
use std::time::Duration;

/// A client for `http` URLs, with a pool of persistent connections [RFC 9112 section 9.3].
///
/// Threads share a client by reference. Clones share the pool.
///
/// ```no_run
/// use bareline_core::{FieldName, FieldValue, Method};
/// use bareline_net::{Client, Error};
/// use std::{fs::File, io};
///
/// let client = Client::new();
/// println!("{}", io::read_to_string(client.get("http://localhost:8080/")?)?);
/// let (url, text) = ("http://localhost:8080/echo", FieldValue::from_static("text/plain"));
/// let mut echo = client
///     .request(Method::PUT, url)?
///     .field(FieldName::CONTENT_TYPE, text)
///     .send_reader(File::open("notes.txt")?)?;
/// println!("{} {}", echo.status(), io::copy(&mut echo, &mut io::stdout())?);
/// # Ok::<(), Error>(())
/// ```
///
/// The server may close an idle connection at any time. The client handles this in two steps:
///
/// - Before it sends a request, the client checks the connection. If the connection is closed or
///   has unsolicited octets, a request of any method goes to another connection.
/// - If the server closes later, but before the first octet of the response, it may have processed
///   the request. Then the client retries once, on a new connection, if the method is idempotent
///   [RFC 9110 section 9.2.2] and the body is not a stream. Otherwise the caller gets the error.
///
/// The idempotent methods are GET, HEAD, OPTIONS, TRACE, PUT and DELETE.
///
/// Redirects are not followed. After a 101 the connection is closed: use
/// [`ClientStream::into_upgraded`] for an upgrade.
#[doc(alias = "keep-alive")]
#[doc(alias = "connection pool")]
#[derive(Clone)]
pub struct Client {
    settings: Settings,
    pool: Arc<Pool>,
}

/// The settings of a [`Client`]: of its pool, and the timeouts and limits of its connections.
///
/// ```
/// use bareline_net::{Client, ClientSettings, Settings};
/// use std::time::Duration;
///
/// let stream = Settings {
///     exchange_timeout: Duration::from_secs(30),
///     body_limit: u64::MAX,
///     ..Settings::default()
/// };
/// let client = Client::with_settings(ClientSettings { stream, ..ClientSettings::default() });
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClientSettings {
    /// The time for which an idle connection stays in the pool: 15 s by default, less than the
    /// idle timeout of most servers. The next use of the client closes the connections that
    /// time out.
    #[doc(alias = "keep-alive")]
    pub idle_timeout: Duration,
    /// The largest number of idle connections in the pool: 64 by default. Connections in use are
    /// not limited.
    pub max_idle: usize,
    /// The largest number of idle connections to one host and port: 8 by default.
    pub max_idle_per_host: usize,
    /// The timeouts and limits of each connection. By default
    /// [`body_limit`](Settings::body_limit) is 1,048,576 octets.
    pub stream: Settings,
}

impl Client {
    /// Creates a client with the default [`ClientSettings`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a client with these settings.
    pub fn with_settings(settings: ClientSettings) -> Self {
        Self { settings: settings.stream, pool: Arc::new(Pool::new(&settings)) }
    }

    /// Sends a GET request for this URL, and reads the head of the response.
    pub fn get(&self, url: &str) -> Result<ClientResponse, Error> {
        self.request(Method::GET, url)?.send()
    }

    /// Begins a request for this URL: `http://`, a host, and optionally a port, path and query.
    ///
    /// The default port is 80. A fragment is not sent. Nothing is sent before a call of
    /// [`ClientRequest`] that sends.
    ///
    /// Path and query are percent-encoded as in a browser: `/a b?q={ä}` becomes
    /// `/a%20b?q=%7B%C3%A4%7D`. A `\` in the path becomes `/`, and spaces at both ends of the URL
    /// are removed. Triplets stay as they are.
    ///
    /// Two things differ from browsers. Octets that are invalid in a request target are encoded
    /// too: `[`, `]`, `|`, a `\` in the query, and a `%` that begins no triplet. Dot segments stay:
    /// `/a/../b` is sent as it is.
    ///
    /// Fails with [`Error::Url`] if the URL does not begin with `http://`, its host or port is
    /// invalid, or path or query has a control octet: see [`UrlError`](crate::UrlError).
    pub fn request<'r>(
        &'r self,
        method: Method<'r>,
        url: &str,
    ) -> Result<ClientRequest<'r>, Error> {
        Ok(ClientRequest::new(self, method, HttpUrl::new(url)?))
    }

    pub(crate) const fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Opens a connection.
    pub(crate) fn connect(
        &self,
        authority: &str,
        whole: &Whole,
    ) -> Result<Box<ClientStream>, Error> {
        let addresses = HttpUrl::address(authority).to_socket_addrs().map_err(Error::of_address)?;
        let stream = connect_to_one(addresses, self.settings.connect_timeout, whole)?;
        Ok(Box::new(ClientStream::with_settings(stream, authority, self.settings)))
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::with_settings(ClientSettings::default())
    }
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            idle_timeout: Duration::from_secs(15),
            max_idle: 64,
            max_idle_per_host: 8,
            stream: Settings::default(),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({} connections kept)", self.pool.count())
    }
}
