//! A client for `http` and `https` URLs, with a pool of idle connections.

pub(crate) mod body;
pub(crate) mod connect;
pub(crate) mod connector;
pub(crate) mod form;
pub(crate) mod open;
pub(crate) mod origin;
pub(crate) mod pool;
pub(crate) mod redirect;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod steps;
pub(crate) mod stream;
pub(crate) mod upload;
pub(crate) mod url;

use crate::client::connector::Connector;
#[cfg(feature = "rustls")]
use crate::client::open::open_with;
use crate::client::origin::Origin;
use crate::client::pool::PoolBounds;
use crate::client::request::ClientRequest;
use crate::client::response::ClientResponse;
use crate::client::url::HttpUrl;
use crate::error::Error;
use crate::settings::Settings;
use crate::wire::deadline::Deadline;
use crate::wire::transport::Transport;
use bareline_core::Method;
use std::fmt;
#[cfg(feature = "rustls")]
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A client for `http` and `https` URLs, with a pool of persistent connections [RFC 9112 section
/// 9.3].
///
/// `https` needs the feature `rustls`: see [TLS.md][tls]. A [`connector`](Self::connector) adds
/// Unix sockets, proxies and other TLS libraries.
///
/// [tls]: https://github.com/bareline/bareline/blob/main/net/TLS.md
///
/// [`new`](Self::new) returns the defaults, and each setter changes one of them. Threads share a
/// client by reference. Clones share the pool, but a setter gives its client a pool of its own,
/// which is empty: clones made before keep theirs.
///
/// A body longer than 1 MiB is an error: set [`body_limit`](Settings::body_limit). An exchange has
/// no total timeout by default, and a server may send its body slowly without end: set
/// [`exchange_timeout`](Settings::exchange_timeout).
///
/// ```
/// use bareline_net::Client;
/// # use bareline_net::{Server, Status};
///
/// let url = "http://localhost:8080/";
/// # let server = Server::bind("127.0.0.1:0")?;
/// # let (url, handle) = (&*format!("http://{}", server.local_addr()?), server.handle());
/// # let served = std::thread::spawn(move || {
/// #     server.serve(|exchange| exchange.responder.send(Status::OK, &[], b"hello"))
/// # });
/// let response = Client::new().get(url)?;
/// println!("{}: {}", response.status(), std::io::read_to_string(response)?);
/// # handle.shutdown();
/// # served.join().unwrap()?;
/// # Ok::<(), bareline_net::Error>(())
/// ```
///
/// # A program
///
/// ```
/// use bareline_net::{Client, Error, Method, Settings};
/// use std::fs::File;
/// use std::io;
/// use std::time::Duration;
///
/// fn main() -> Result<(), Error> {
///     let base = std::env::args().nth(1).unwrap_or("http://127.0.0.1:8080".to_string());
/// #    let server = bareline_net::Server::bind("127.0.0.1:0")?;
/// #    let (base, handle) = (format!("http://{}", server.local_addr()?), server.handle());
/// #    let respond = |e: bareline_net::Exchange<'_>| {
/// #        e.responder.send(bareline_net::Status::OK, &[], b"hello")
/// #    };
/// #    let served = std::thread::spawn(move || server.serve(respond));
///     let settings = Settings::new().exchange_timeout(Duration::from_secs(5));
///     let client = Client::new().settings(settings);
///     let response = client.get(&format!("{base}/"))?;
///     println!("{}", response.status());
///     println!("{}", io::read_to_string(response)?);
///
///     let request = client.request(Method::POST, &format!("{base}/echo"))?;
///     let response = request.send_form(&[("name", "Ada"), ("year", "1815")])?;
///     println!("{}", response.status());
///     println!("{}", io::read_to_string(response)?);
///
///     // A body of any length. A stalled transfer times out.
///     let client = client.settings(settings.body_limit(u64::MAX));
///     let mut response = client.get(&format!("{base}/"))?;
///     if response.status().is_successful() {
///         let mut file = File::create(std::env::temp_dir().join("bareline-download"))?;
///         println!("{} octets to a file", io::copy(&mut response, &mut file)?);
///     }
/// #    handle.shutdown();
/// #    served.join().unwrap()?;
///     Ok(())
/// }
/// ```
///
/// The server may close an idle connection at any time. The client handles this in two steps:
///
/// - Before it sends a request, the client checks the connection. If the connection is closed or
///   has unsolicited octets, a request of any method goes to another connection.
/// - If the server closes later, but before the first octet of the response, it may have processed
///   the request. Then the client retries once, on a new connection, if the method is idempotent
///   [RFC 9110 section 9.2.2] and the body is not a stream. Otherwise the caller gets the error.
///   A 408 on a reused connection is handled in the same way [RFC 9110 section 15.5.9].
///
/// The idempotent methods are GET, HEAD, OPTIONS, TRACE, PUT and DELETE.
///
/// Redirections 301, 302, 303, 307 and 308 are followed, 10 at most [RFC 9110 section 15.4]. A POST
/// becomes a GET after a 301 or 302, and any method but HEAD does after a 303. A request with a
/// reader as the body cannot be repeated: its 307 or 308 is returned. Another origin gets no
/// `Authorization`, `Proxy-Authorization`, `Cookie` and `Host` of yours. An error after a
/// redirection is [`Error::Redirected`], with the URL. See [`max_redirects`](Self::max_redirects)
/// and [`redirect_to_http`](Self::redirect_to_http).
///
/// After a 101 the connection is closed: use
/// [`ClientStream::into_upgraded`](crate::ClientStream::into_upgraded) for an upgrade.
#[doc(alias = "keep-alive")]
#[doc(alias = "connection pool")]
#[derive(Clone)]
pub struct Client {
    connector: Connector,
}

impl Client {
    /// Creates a client with the default [`Settings`] and an empty pool.
    pub fn new() -> Self {
        let bounds = PoolBounds {
            idle_timeout: Duration::from_secs(15),
            max_idle: 64,
            max_idle_per_host: 8,
        };
        Self { connector: Connector::new(Settings::new(), bounds) }
    }

    fn with_bounds(self, bounds: PoolBounds) -> Self {
        let settings = self.connector.settings();
        Self { connector: self.connector.with_pool(settings, bounds) }
    }

    /// Sets the timeouts and limits of each connection: the defaults of [`Settings`] unless set.
    pub fn settings(self, settings: Settings) -> Self {
        let bounds = self.connector.pool().bounds();
        Self { connector: self.connector.with_pool(settings, bounds) }
    }

    /// Sets the function that opens a connection, in place of a TCP connection to the host and port
    /// of the URL: for Unix sockets, proxies and TLS libraries. The client gets an empty pool.
    ///
    /// The function gets the origin of the URL, and the time that it may take: the
    /// [`connect_timeout`](Settings::connect_timeout), or less where the
    /// [`exchange_timeout`](Settings::exchange_timeout) ends earlier. The client does not
    /// interrupt the function. The other timeouts and limits hold for the connection, which is
    /// returned to the pool for further requests to its origin.
    ///
    /// For an `https` URL the function has to return a connection over TLS that verifies the server
    /// [RFC 9110 section 4.3.4].
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use bareline_net::Client;
    /// use std::os::unix::net::UnixStream;
    ///
    /// # let path = std::env::temp_dir().join(format!("bareline-doc-{}", std::process::id()));
    /// # let listener = std::os::unix::net::UnixListener::bind(&path)?;
    /// # let server = bareline_net::Server::from_listener(listener)?;
    /// # let handle = server.handle();
    /// # let served = std::thread::spawn(move || {
    /// #     server.serve(|exchange| exchange.responder.send(bareline_net::Status::OK, &[], b"up"))
    /// # });
    /// # let socket = path.clone();
    /// let client = Client::new()
    ///     .connector(move |_origin, _left| Ok(Box::new(UnixStream::connect(&socket)?)));
    /// let response = client.get("http://localhost/status")?;
    /// # assert_eq!(std::io::read_to_string(response)?, "up");
    /// # handle.shutdown();
    /// # served.join().unwrap()?;
    /// # std::fs::remove_file(path)?;
    /// # }
    /// # Ok::<(), bareline_net::Error>(())
    /// ```
    #[doc(alias = "Unix socket")]
    #[doc(alias = "proxy")]
    #[doc(alias = "TLS")]
    pub fn connector(
        self,
        connect: impl Fn(Origin<'_>, Duration) -> Result<Box<dyn Transport + Send>, Error>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let open = move |origin: Origin<'_>, timeout: Duration, until: Deadline| {
            let now = Instant::now();
            until.check(now)?;
            connect(origin, timeout.min(until.left(now)))
        };
        Self { connector: self.connector.with_open(Box::new(open)) }
    }

    /// Sets the configuration of TLS for `https` URLs. By default the client trusts the authorities
    /// that the system trusts, and has no certificate of its own. The client gets an empty pool.
    ///
    /// It replaces a [`connector`](Self::connector). The application protocol is HTTP/1.1, whatever
    /// the configuration has [RFC 7301]. Needs the feature `rustls`.
    ///
    /// ```no_run
    /// use bareline_net::rustls::pki_types::{CertificateDer, pem::PemObject};
    /// use bareline_net::rustls::{ClientConfig, RootCertStore};
    /// use bareline_net::{Client, Error};
    ///
    /// // Trusts one authority alone.
    /// let mut roots = RootCertStore::empty();
    /// let authority = CertificateDer::from_pem_file("authority.pem").map_err(Error::other)?;
    /// roots.add(authority).map_err(Error::other)?;
    /// let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    /// let client = Client::new().tls(config);
    /// println!("{}", client.get("https://localhost:8443/")?.status());
    /// # Ok::<(), Error>(())
    /// ```
    #[cfg(feature = "rustls")]
    #[doc(alias = "https")]
    #[doc(alias = "certificate")]
    pub fn tls(self, config: impl Into<Arc<rustls::ClientConfig>>) -> Self {
        let config = config.into();
        let open = move |origin: Origin<'_>, timeout: Duration, until: Deadline| {
            open_with(&config, origin, timeout, until)
        };
        Self { connector: self.connector.with_open(Box::new(open)) }
    }

    /// Sets the time for which an idle connection stays in the pool: 15 s by default, less than the
    /// idle timeout of most servers. The next use of the client closes the connections that time
    /// out. Zero keeps none, and `Duration::MAX` means no limit.
    ///
    /// It is not [`Settings::idle_timeout`], which is a server's.
    #[doc(alias = "keep-alive")]
    pub fn idle_timeout(self, timeout: Duration) -> Self {
        let bounds = self.connector.pool().bounds();
        self.with_bounds(PoolBounds { idle_timeout: timeout, ..bounds })
    }

    /// Sets the maximum number of idle connections in the pool: 64 by default. Beyond it, the least
    /// recently used one is closed. Connections in use are not limited. 0 keeps none, and
    /// `usize::MAX` means no limit.
    pub fn max_idle(self, connections: usize) -> Self {
        let bounds = self.connector.pool().bounds();
        self.with_bounds(PoolBounds { max_idle: connections, ..bounds })
    }

    /// Sets the maximum number of idle connections to one [`Origin`]: 8 by default. Beyond it, the
    /// least recently used one is closed. 0 keeps none, and `usize::MAX` means no limit.
    pub fn max_idle_per_host(self, connections: usize) -> Self {
        let bounds = self.connector.pool().bounds();
        self.with_bounds(PoolBounds { max_idle_per_host: connections, ..bounds })
    }

    /// Sets the most redirections that are followed for a request: 10 by default. More are an
    /// error. 0 follows none: the response with the redirection is returned.
    ///
    /// ```
    /// use bareline_net::{Client, FieldName, Status};
    /// # use bareline_net::{FieldValue, Server};
    /// # let server = Server::bind("127.0.0.1:0")?;
    /// # let url = format!("http://{}/", server.local_addr()?);
    /// # std::thread::spawn(|| server.serve(|exchange| {
    /// #     let to = [(FieldName::LOCATION, FieldValue::from_static("/new"))];
    /// #     exchange.responder.send(Status::FOUND, &to, b"")
    /// # }));
    ///
    /// let response = Client::new().max_redirects(0).get(&url)?;
    /// assert_eq!(response.status(), Status::FOUND);
    /// let location = response.head().fields().only(FieldName::LOCATION).unwrap();
    /// assert_eq!(location.unwrap().as_bytes(), b"/new");
    /// # Ok::<(), bareline_net::Error>(())
    /// ```
    pub fn max_redirects(mut self, redirects: u32) -> Self {
        self.connector.redirects.most = redirects;
        self
    }

    /// Sets whether a redirection from `https` to `http` is followed: by default it is an error,
    /// since others could read and change what is sent.
    pub fn redirect_to_http(mut self, is_allowed: bool) -> Self {
        self.connector.redirects.to_http = is_allowed;
        self
    }

    /// Sends a GET request for this URL, and reads the head of the response.
    ///
    /// A response of any status is `Ok`: check [`status`](ClientResponse::status). See
    /// [`request`](Self::request) for the URL.
    #[doc(alias = "status error")]
    #[doc(alias = "download")]
    pub fn get(&self, url: &str) -> Result<ClientResponse, Error> {
        self.request(Method::GET, url)?.send()
    }

    /// Begins a request for this URL: `http://` or `https://`, a host, and optionally a port, path
    /// and query.
    ///
    /// The default port is 80, with `https` 443. A fragment is not sent. Nothing is sent before a
    /// call of [`ClientRequest`] that sends.
    ///
    /// Path and query are percent-encoded as in a browser: `/a b?q={ä}` becomes
    /// `/a%20b?q=%7B%C3%A4%7D`. A `\` in the path becomes `/`, and spaces at both ends of the URL
    /// are removed. Triplets stay as they are.
    ///
    /// Two things differ from browsers. Octets that are invalid in a request target are encoded
    /// too: `[`, `]`, `|`, a `\` in the query, and a `%` that begins no triplet. Dot segments stay:
    /// `/a/../b` is sent as it is.
    ///
    /// Fails with [`Error::Url`] if the URL does not begin with `http://` or `https://`, its host
    /// or port is invalid, or path or query has a control octet. `https` without the feature
    /// `rustls` and without a [`connector`](Self::connector) fails too: see
    /// [`UrlError`](crate::UrlError).
    pub fn request<'r>(
        &'r self,
        method: Method<'r>,
        url: &str,
    ) -> Result<ClientRequest<'r>, Error> {
        let url = HttpUrl::new(url)?;
        self.connector.check(url.scheme)?;
        Ok(ClientRequest::new(&self.connector, method, url))
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PoolBounds { idle_timeout, max_idle, max_idle_per_host } =
            self.connector.pool().bounds();
        f.debug_struct("Client")
            .field("settings", &self.connector.settings())
            .field("idle_timeout", &idle_timeout)
            .field("max_idle", &max_idle)
            .field("max_idle_per_host", &max_idle_per_host)
            .field("idle", &self.connector.pool().count(Instant::now()))
            .finish()
    }
}
