//! A client of many servers, which keeps its connections.

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

/// A client that asks for `http` URLs, and keeps its connections for the next request [RFC 9112
/// section 9.3].
///
/// Threads share it by reference; a clone shares its connections too.
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
/// A connection that was kept may have been closed by the server meanwhile, which is not known
/// before it is used:
///
/// - It is looked at before anything is sent. When it is closed then, or the server has sent what
///   nobody asked for, the request goes out on another one, whatever its method.
/// - When it turns out to be closed later, before an octet of the response has come, the server may
///   have done what it was asked. The request is repeated, once and on a connection that is new,
///   when that does no harm: its method is GET, HEAD, OPTIONS, TRACE, PUT or DELETE [RFC 9110
///   section 9.2.2], and its body is not a stream. Otherwise the caller gets the error.
///
/// Redirections are not followed, and a 101 is not taken up: the connection is closed after it, and
/// [`ClientStream::into_upgraded`] is for that.
#[derive(Clone)]
pub struct Client {
    settings: Settings,
    pool: Arc<Pool>,
}

/// What a [`Client`] keeps, and for how long; and the deadlines and limits of its connections.
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
    /// How long a connection is kept without a request: 15 s by default, which is shorter than
    /// most servers do. It is closed with the next use of the client after that.
    pub idle_timeout: Duration,
    /// How many connections without a request are kept in all: 64 by default. There may be any
    /// number with one.
    pub max_idle: usize,
    /// How many of them to one authority, host and port: 8 by default.
    pub max_idle_per_host: usize,
    /// The deadlines and limits of each connection. The body of a response is no longer than
    /// 1,048,576 octets unless [`body_limit`](Settings::body_limit) is set.
    pub stream: Settings,
}

impl Client {
    /// A client with the default [`ClientSettings`].
    pub fn new() -> Self {
        Self::default()
    }

    /// A client with these settings.
    pub fn with_settings(settings: ClientSettings) -> Self {
        Self { settings: settings.stream, pool: Arc::new(Pool::new(&settings)) }
    }

    /// Asks for this URL with GET, and reads the head of the response.
    pub fn get(&self, url: &str) -> Result<ClientResponse, Error> {
        self.request(Method::GET, url)?.send()
    }

    /// Begins a request for this URL: `http://`, a host, perhaps a port, path and query. A fragment
    /// is left out, and the port is 80 unless it is said. Nothing is sent before the request is
    /// ended.
    ///
    /// Path and query are percent-encoded as browsers do it: `/a b?q={ä}` becomes
    /// `/a%20b?q=%7B%C3%A4%7D`. A `\` in the path becomes `/`, and spaces at both ends are left
    /// out. What browsers leave raw and a request target may not hold is encoded too: `[`, `]`,
    /// `|`, a `\` in the query, and a `%` that begins no triplet. Triplets stay as they are. Dot
    /// segments, which browsers remove, stay too: `/a/../b` is sent as it is.
    ///
    /// Fails with [`Error::Url`] when the URL is not one of http, when its host is not written as
    /// one, or when path or query has a control octet: see [`UrlError`](crate::UrlError).
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

    /// A connection that is new.
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
