//! A server that accepts connections and calls a handler for each request.

mod accept;
mod acceptance;
pub(crate) mod body;
#[cfg(unix)]
mod connection;
pub(crate) mod counts;
mod crew;
pub(crate) mod date;
mod engine;
#[cfg(unix)]
mod event_loop;
#[cfg(unix)]
mod idle;
#[cfg(unix)]
mod lead;
pub(crate) mod linger;
pub(crate) mod listener;
mod log_rate;
#[cfg(unix)]
mod loops;
#[cfg(unix)]
mod mailbox;
#[cfg(all(test, bareline_shuttle))]
mod model;
#[cfg(not(unix))]
mod no_lead;
#[cfg(not(unix))]
mod no_loops;
pub(crate) mod notice;
pub(crate) mod panics;
pub(crate) mod rejection;
pub(crate) mod responder;
mod run;
#[cfg(unix)]
mod serve;
#[cfg(test)]
pub(crate) mod silent;
#[cfg(unix)]
mod slots;
pub(crate) mod stack;
pub(crate) mod steps;
pub(crate) mod stream;
mod sync;
#[cfg(unix)]
mod table;
#[cfg(feature = "rustls")]
pub(crate) mod tls;
#[cfg(unix)]
mod turn;
mod unpolled;
pub(crate) mod unread;
pub(crate) mod wire;

use crate::error::Error;
#[cfg(doc)]
use crate::error::PeerError;
use crate::server::counts::ServerCounts;
use crate::server::engine::{Bounds, Engine};
use crate::server::listener::Listener;
use crate::server::notice::Notice;
use crate::server::rejection::{OnRejection, Rejection};
use crate::server::stack::Stack;
use crate::server::stream::{Exchange, Peer};
#[cfg(feature = "rustls")]
use crate::server::tls::TlsListener;
use crate::settings::Settings;
#[cfg(feature = "rustls")]
use crate::wire::transport::Control;
use crate::wire::transport::Transport;
use bareline_core::value::dump;
use std::error::Error as StdError;
use std::fmt;
use std::net::{TcpListener, ToSocketAddrs};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A server that accepts connections, calls your handler for each request, and shuts down
/// gracefully.
///
/// Connections wait in event loops, one a core. A thread calls the handler when a request has
/// arrived, and the handler may block as long as it likes: meanwhile another thread takes care of
/// the other connections. So many idle or slow peers hold up nobody, and cost little: an idle
/// connection takes about 1.5 KB.
///
/// When [`max_handlers`](Self::max_handlers) are at work, further requests wait for one, and get a
/// 503 if they wait for too long. At [`max_connections`](Self::max_connections) the connection that
/// has been idle for longest is closed for the next one; if none is idle, the next one gets a 503.
///
/// A handler may call its own server, as any other client does. It holds its place meanwhile: with
/// `max_handlers(1)` such a call waits for itself, and gets a 503 at the end of the
/// [`queue_timeout`](Self::queue_timeout).
///
/// A listener or transport without a descriptor cannot be waited for in a loop: see
/// [`Listener::descriptor`] and [`Control::descriptor`](crate::Control::descriptor). Each of its
/// connections has a thread while it is open.
///
/// An error on a connection ends that connection, and is logged by [`log`] in one line with the
/// peer and the reason. Each request is logged in one line too, at info level with target
/// `bareline_net::access`.
///
/// ```
/// use bareline_net::{Error, Server, Status};
///
/// fn main() -> Result<(), Error> {
///     let server = Server::bind("127.0.0.1:8080")?;
/// #    Ok(())
/// # }
/// # fn serve() -> Result<(), Error> {
/// #    let server = Server::bind("127.0.0.1:0")?;
/// #    server.handle().shutdown();
///     server.serve(|exchange| match exchange.head.target().path() {
///         "/" => exchange.responder.send(Status::OK, &[], b"hello"),
///         _ => exchange.responder.send(Status::NOT_FOUND, &[], b""),
///     })
/// }
/// ```
///
/// # A program
///
/// ```
/// use bareline_net::{Error, Exchange, FieldName, FieldValue, Method, Server, Settings, Status};
/// use std::io::{self, Read};
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::{env, thread};
///
/// const TEXT: FieldValue = FieldValue::from_static("text/plain; charset=utf-8");
/// const JSON: FieldValue = FieldValue::from_static("application/json");
/// const OCTETS: FieldValue = FieldValue::from_static("application/octet-stream");
/// static REQUESTS: AtomicU64 = AtomicU64::new(0);
///
/// fn respond(Exchange { head, mut body, responder, .. }: Exchange<'_>) -> Result<(), Error> {
///     let count = REQUESTS.fetch_add(1, Ordering::Relaxed) + 1;
///     match (head.target().path(), head.method()) {
///         ("/", Method::GET | Method::HEAD) => {
///             responder.send(Status::OK, &[(FieldName::CONTENT_TYPE, TEXT)], b"hello\n")
///         }
///         ("/count", Method::GET | Method::HEAD) => {
///             let json = count.to_string();
///             responder.send(Status::OK, &[(FieldName::CONTENT_TYPE, JSON)], json.as_bytes())
///         }
///         ("/echo", Method::POST) => {
///             let mut octets = Vec::new();
///             body.read_to_end(&mut octets)?; // Beyond the limit the server sends a 413.
///             responder.send(Status::OK, &[(FieldName::CONTENT_TYPE, OCTETS)], &octets)
///         }
///         ("/" | "/count", _) => not_allowed(responder, "GET, HEAD"),
///         ("/echo", _) => not_allowed(responder, "POST"),
///         _ => responder.send(
///             Status::NOT_FOUND,
///             &[(FieldName::CONTENT_TYPE, TEXT)],
///             b"not found\n",
///         ),
///     }
/// }
///
/// fn not_allowed(responder: bareline_net::Responder<'_>, allow: &str) -> Result<(), Error> {
///     let fields = [(FieldName::ALLOW, FieldValue::new(allow)?), (FieldName::CONTENT_TYPE, TEXT)];
///     responder.send(Status::METHOD_NOT_ALLOWED, &fields, b"method not allowed\n")
/// }
///
/// fn main() -> Result<(), Error> {
///     let address = env::args().nth(1).unwrap_or("127.0.0.1:8080".to_string());
/// #    let address = "127.0.0.1:0".to_string();
///     let settings = Settings::new().body_limit(65_536);
///     let server = Server::bind(address)?.settings(settings);
///     println!("listening on {}; Enter or the end of the input shuts down", server.local_addr()?);
///     let handle = server.handle();
/// #    handle.shutdown();
///     thread::spawn(move || {
///         let _ = io::stdin().read_line(&mut String::new());
///         handle.shutdown();
///     });
///     server.serve(respond)
/// }
/// ```
///
/// # Memory
///
/// In the worst case, with the default [`Settings`], a server takes the sum of:
///
/// - [`max_connections`](Self::max_connections) × 2,048 octets;
/// - [`max_kept`](Self::max_kept), 64 MB by default: the unfinished heads, and what is not sent
///   yet, of connections that wait;
/// - the number of threads × 311,808 octets. A thread has a handler at work, or waits for one
///   client: in a handler, or for the next request after a handler that took long. There are
///   [`max_handlers`](Self::max_handlers) of each of the three, and three for each loop.
///
/// The defaults make 3.9 GB: lower `max_handlers` where that is too much. Not included are the
/// program itself, up to 8 MB of the allocator, and what handlers, transports such as TLS, and the
/// system's sockets take.
///
/// | each thread has | octets |
/// |---|---|
/// | head of the request | 65,536 |
/// | receive buffer | 73,728 |
/// | trailers | 66,048 |
/// | send buffer | 8,192 |
/// | head of a long response | 65,536 |
/// | small writes, gathered | 4,096 |
/// | memory that is freed while buffers grow | 12,288 |
/// | stack | 16,384 |
///
/// Without optimization the stack takes 217,088 octets.
#[must_use = "a server accepts connections only once `serve` is called"]
pub struct Server<L: Listener = TcpListener> {
    listener: L,
    /// Event loops wait for the listener.
    is_polled: bool,
    settings: Settings,
    bounds: Bounds,
    shutdown_timeout: Duration,
    on_rejection: Option<Arc<OnRejection>>,
    handle: OwnHandle,
}

/// A handle that shuts down its [`Server`] from any thread, and returns the server's load.
///
/// This crate handles no signals. Call [`shutdown`](Self::shutdown) from a handler of the crate
/// `ctrlc`, or from a thread that waits for a line on stdin. The handler gets a SIGTERM, as service
/// managers send it, only with the feature `termination` of `ctrlc`.
///
/// ```
/// use bareline_net::{Error, Server, Status};
///
/// let server = Server::bind("127.0.0.1:0")?;
/// // Before `serve`, as here: only those who have connected by now are served.
/// server.handle().shutdown();
/// server.serve(|exchange| exchange.responder.send(Status::OK, &[], b"hello"))?;
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "signal")]
#[doc(alias = "Ctrl-C")]
#[derive(Clone)]
pub struct ServerHandle {
    notice: Arc<Notice>,
    waker: Arc<Mutex<Option<Waker>>>,
}

type Waker = Arc<dyn Fn() + Send + Sync>;

/// The server's own handle. When it is dropped, the other handles release the listener's waker.
struct OwnHandle(ServerHandle);

/// The log target of the access lines, one for each request.
const ACCESS: &str = "bareline_net::access";

/// Returns whether event loops can wait for the listener, which then never blocks.
fn is_polled<L: Listener>(listener: &L) -> bool {
    #[cfg(unix)]
    let has_descriptor = listener.descriptor().is_some();
    #[cfg(not(unix))]
    let has_descriptor = false;
    has_descriptor && listener.set_nonblocking().is_ok()
}

impl Server {
    /// Binds a TCP listener to this address. If it is a name, the first of its addresses that can
    /// be bound is used. The text of the error has the addresses.
    pub fn bind(address: impl ToSocketAddrs) -> Result<Self, Error> {
        let addresses: Vec<_> = address.to_socket_addrs().map_err(Error::of_address)?.collect();
        let listener = TcpListener::bind(&*addresses)
            .map_err(|error| Error::of_listener(&error, &addresses))?;
        // The backlog of std is short. This one is as long as the system allows.
        #[cfg(unix)]
        let _ = rustix::net::listen(&listener, i32::MAX);
        Self::from_listener(listener)
    }
}

impl<L: Listener> fmt::Debug for Server<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("settings", &self.settings)
            .field("bounds", &self.bounds)
            .field("shutdown_timeout", &self.shutdown_timeout)
            .finish_non_exhaustive()
    }
}

impl<L: Listener> Server<L> {
    /// Creates a server that accepts the connections of this listener.
    pub fn from_listener(listener: L) -> Result<Self, Error> {
        let is_polled = is_polled(&listener);
        let waker = if is_polled {
            None
        } else {
            // A nonblocking listener would have to be polled.
            let _ = listener.set_blocking();
            Some(listener.waker()?.into())
        };
        let waker = Arc::new(Mutex::new(waker));
        let handle = OwnHandle(ServerHandle { notice: Arc::default(), waker });
        let bounds = Bounds::new();
        Ok(Self {
            listener,
            is_polled,
            settings: Settings::new(),
            bounds,
            shutdown_timeout: Duration::from_secs(10),
            on_rejection: None,
            handle,
        })
    }

    /// Serves the connections over TLS, with this configuration of rustls.
    ///
    /// The application protocol is HTTP/1.1, or HTTP/1.0, whatever the configuration has
    /// [RFC 7301]. The handshake is part of the wait for the first request, and takes no thread.
    /// Needs the feature `rustls`.
    ///
    /// A handler function takes `impl Transport`, for TCP and TLS alike. `chain.pem` has the
    /// server's certificate, and then those between it and the authority's:
    ///
    /// ```no_run
    /// use bareline_net::rustls::ServerConfig;
    /// use bareline_net::rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
    /// use bareline_net::{Error, Exchange, Server, Status, Transport};
    ///
    /// fn respond(exchange: Exchange<'_, impl Transport>) -> Result<(), Error> {
    ///     exchange.responder.send(Status::OK, &[], b"hello")
    /// }
    ///
    /// let chain = CertificateDer::pem_file_iter("chain.pem")?.collect::<Result<_, _>>()?;
    /// let key = PrivateKeyDer::from_pem_file("key.pem")?;
    /// let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    /// Server::bind("127.0.0.1:8443")?.tls(config).serve(respond)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "rustls")]
    #[doc(alias = "https")]
    #[doc(alias = "certificate")]
    pub fn tls(self, config: impl Into<Arc<rustls::ServerConfig>>) -> Server<TlsListener<L>>
    where
        L::Stream: Control,
    {
        Server {
            listener: TlsListener::new(self.listener, config.into()),
            is_polled: self.is_polled,
            settings: self.settings,
            bounds: self.bounds,
            shutdown_timeout: self.shutdown_timeout,
            handle: self.handle,
            on_rejection: self.on_rejection,
        }
    }

    /// Returns the address that the server listens on, such as the port that the system chose for
    /// port 0.
    pub fn local_addr(&self) -> Result<L::Addr, Error> {
        Ok(self.listener.local_addr()?)
    }

    /// Sets the timeouts and limits of each connection: the defaults of [`Settings`] unless set.
    pub const fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Sets the number of event loops: one for each core by default, and at least 1.
    #[doc(alias = "workers")]
    pub const fn loops(mut self, loops: usize) -> Self {
        self.bounds.loops = loops;
        self
    }

    /// Sets how many handlers are at work at a time, each on a thread: 4,096 by default. Further
    /// requests wait for one, at most as many again. With 0, each request gets a 503.
    ///
    /// A handler that waits for its own client does not count: one that reads a body which is not
    /// there yet, or sends more than the client takes, or has switched to another protocol. At most
    /// as many again wait so; one more fails with [`Error::Overloaded`].
    ///
    /// The number bounds the server's memory: see [Memory](Self#memory).
    ///
    /// ```
    /// use bareline_net::{Error, Server};
    /// use std::time::Duration;
    ///
    /// // At most 64 requests at a time. 64 more wait for 2 s at most, and others get a 503.
    /// let server = Server::bind("127.0.0.1:0")?.max_handlers(64);
    /// let server = server.queue_timeout(Duration::from_secs(2));
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "threads")]
    pub const fn max_handlers(mut self, handlers: usize) -> Self {
        self.bounds.handlers = handlers;
        self
    }

    /// Sets how long a request waits for a handler: 10 s by default. After that it gets a 503.
    pub const fn queue_timeout(mut self, timeout: Duration) -> Self {
        self.bounds.queue_timeout = timeout;
        self
    }

    /// Sets how many connections may be open: by default three quarters of the file descriptors
    /// that the system allows the process, so that the rest is left for handlers.
    ///
    /// For one more, the connection that has been idle for longest is closed. If none is idle, it
    /// gets a 503.
    pub const fn max_connections(mut self, connections: usize) -> Self {
        self.bounds.connections = connections;
        self
    }

    /// Sets how many octets all connections keep while they wait: 67,108,864 by default. They are
    /// those of unfinished heads, of short bodies before the handler is called, and of responses
    /// that are not sent yet. A connection that would exceed it gets a 503, or is closed.
    ///
    /// One connection keeps 140 KB at most. The default is enough for 90,000 connections that stop
    /// in the middle of a head of 700 octets.
    pub const fn max_kept(mut self, octets: usize) -> Self {
        self.bounds.kept = octets;
        self
    }

    /// Sets the stack size of each thread, in octets. The default is that of [`std::thread`]: 2 MiB
    /// unless `RUST_MIN_STACK` is set.
    ///
    /// Unused stack takes addresses but no memory; 32-bit systems have few addresses. In a build
    /// without optimization, a response head longer than 8,192 octets takes 130 KB of stack for a
    /// moment.
    pub const fn stack_size(mut self, octets: usize) -> Self {
        self.bounds.stack = Stack::Octets(octets);
        self
    }

    /// Sets how many requests a connection serves before it is closed: 100,000 by default, and at
    /// least 1. The last response says `Connection: close`.
    #[doc(alias = "keep-alive")]
    pub const fn max_requests_per_connection(mut self, requests: u64) -> Self {
        self.bounds.requests = requests;
        self
    }

    /// Changes the responses that the server sends in place of a handler's: to invalid requests,
    /// beyond a limit, and when a handler fails. By default each is a line of plain text.
    ///
    /// The function may choose status and body by the error that the handler returned. It blocks
    /// one connection at most. If it panics, that is logged and the response is the default one.
    ///
    /// After such a response the connection is closed, and a warning is logged. Where an error is
    /// frequent, such as a 404, let the handler respond itself: that keeps the connection.
    ///
    /// ```
    /// use bareline_net::{Error, FieldValue, Server, Status};
    /// use std::fmt;
    ///
    /// #[derive(Debug)]
    /// struct NoSuchUser;
    ///
    /// impl fmt::Display for NoSuchUser {
    ///     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    ///         f.write_str("no such user")
    ///     }
    /// }
    ///
    /// impl std::error::Error for NoSuchUser {}
    ///
    /// let json = FieldValue::from_static("application/json");
    /// let server = Server::bind("127.0.0.1:0")?.on_rejection(move |rejection| {
    ///     if matches!(rejection.error(), Error::Other(error) if error.is::<NoSuchUser>()) {
    ///         rejection.set_status(Status::NOT_FOUND);
    ///     }
    ///     let status = rejection.status();
    ///     rejection.set_body(json, format!("{{\"error\":\"{}\"}}", status.reason()));
    /// });
    /// # server.handle().shutdown();
    /// server.serve(|_| Err(NoSuchUser))?;
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "error page")]
    pub fn on_rejection(
        mut self,
        change: impl Fn(&mut Rejection<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.on_rejection = Some(Arc::new(AssertUnwindSafe(Box::new(change))));
        self
    }

    /// Sets how long requests in progress may take after a shutdown: 10 s by default. After that
    /// [`serve`](Self::serve) returns, even if the listener still waits for a connection.
    ///
    /// ```
    /// use bareline_net::{Error, Server, Status};
    /// use std::time::Duration;
    ///
    /// let server = Server::bind("127.0.0.1:0")?.shutdown_timeout(Duration::from_secs(2));
    /// # server.handle().shutdown();
    /// server.serve(|exchange| exchange.responder.send(Status::OK, &[], b"hello"))?;
    /// println!("all requests are served, or 2 s have passed since the shutdown");
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "grace period")]
    pub const fn shutdown_timeout(mut self, shutdown_timeout: Duration) -> Self {
        self.shutdown_timeout = shutdown_timeout;
        self
    }

    /// Returns a handle that shuts down this server.
    ///
    /// ```
    /// use bareline_net::{Error, Server, Status};
    /// use std::thread;
    ///
    /// let server = Server::bind("127.0.0.1:0")?;
    /// let handle = server.handle();
    /// let served = thread::spawn(move || {
    ///     server.serve(|exchange| exchange.responder.send(Status::OK, &[], b"hello"))
    /// });
    /// handle.shutdown();
    /// served.join().unwrap()?;
    /// # Ok::<(), Error>(())
    /// ```
    pub fn handle(&self) -> ServerHandle {
        self.handle.0.clone()
    }

    /// Accepts connections, and calls `handler` for each request, until the server is shut down.
    ///
    /// All threads call the same handler at once: keep state in a `static`, or in an `Arc` that the
    /// closure owns. Over TLS or a Unix socket, a handler function takes
    /// [`Exchange<'_, impl Transport>`](Exchange).
    ///
    /// ```
    /// use bareline_net::{Error, Server, Status};
    /// use std::sync::{Arc, Mutex};
    ///
    /// let paths = Arc::new(Mutex::new(Vec::new()));
    /// let server = Server::bind("127.0.0.1:0")?;
    /// # server.handle().shutdown();
    /// server.serve(move |exchange| {
    ///     paths.lock().unwrap().push(exchange.head.target().path().to_owned());
    ///     exchange.responder.send(Status::OK, &[], b"noted\n")
    /// })?;
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// The handler sees [`Method::HEAD`](bareline_core::Method::HEAD); respond as to
    /// GET: the body is left out.
    ///
    /// When the handler fails, panics or sends no complete response, the connection is closed. If
    /// the handler has sent nothing, the client gets an error response first. The thread lives on.
    ///
    /// The handler may return any error by `?`. The client gets the [`status`](PeerError::status)
    /// of a [`PeerError`] that is the error or among its [`source`](StdError::source)s, and a 500
    /// for any other error. A timeout of another connection, such as that of a
    /// [`Client`](crate::Client) in the handler, is a 504. A closure that ends in `Ok(())` names
    /// its error: `Ok::<_, Error>(())`.
    ///
    /// A repeated field is a 400, also where it is a field of another server's response. Respond
    /// 502 there instead of `?`. A value that is not UTF-8 or not a number is a 500 by `?`: respond
    /// 400 if the client sent it.
    ///
    /// An `anyhow::Error` hides the type of the outermost error. Only its sources count, and those
    /// are all below a `context`.
    ///
    /// ```
    /// use bareline_net::{Error, Exchange, FieldName, Server, Status};
    /// use std::error::Error as StdError;
    ///
    /// fn respond(exchange: Exchange<'_>) -> Result<(), Box<dyn StdError + Send + Sync>> {
    ///     let Exchange { head, responder, .. } = exchange;
    ///     head.fields().only(FieldName::HOST)?; // 400 if it is repeated.
    ///     let number: u32 = head.target().path()[1..].parse()?; // 500 if it is no number.
    ///     Ok(responder.send(Status::OK, &[], number.to_string().as_bytes())?)
    /// }
    /// # let server = Server::bind("127.0.0.1:0")?;
    /// # server.handle().shutdown();
    /// # server.serve(respond)?;
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// A handler that outlasts the [`shutdown_timeout`](Self::shutdown_timeout) loses its
    /// connection: its next read or send fails with [`Error::Closed`]. Its thread ends when the
    /// handler returns.
    ///
    /// Fails when the system cannot start even two threads.
    #[doc(alias = "state")]
    pub fn serve<E: Into<Box<dyn StdError + Send + Sync>>>(
        self,
        handler: impl Fn(Exchange<'_, L::Stream>) -> Result<(), E> + Send + Sync + 'static,
    ) -> Result<(), Error> {
        let handler =
            move |exchange: Exchange<'_, L::Stream>| Ok(handler(exchange).map_err(E::into)?);
        let Self { listener, is_polled, settings, bounds, shutdown_timeout, .. } = self;
        let notice = Arc::clone(&self.handle.0.notice);
        if let Some(change) = self.on_rejection {
            let _ = notice.on_rejection.set(change);
        }
        let cut = Engine::run(
            listener,
            is_polled,
            bounds,
            settings,
            notice,
            Box::new(handler),
            shutdown_timeout,
        )?;
        if cut > 0 {
            log::warn!(
                "shutdown timed out after {} s; open connections closed: {cut}",
                shutdown_timeout.as_secs_f32()
            );
        }
        Ok(())
    }
}

/// Serves one request, with a permit for the handler. Fails with the rest of the log line after the
/// peer: the request, the outcome, and the reason.
fn respond<S: Transport, P>(
    exchange: Exchange<'_, S>,
    handler: &impl Fn(Exchange<'_, S>) -> Result<(), Error>,
    peer: &Peer,
    permit: P,
) -> Result<(), String> {
    let (head, outcome) = (exchange.head, exchange.responder.outcome());
    let since = log::log_enabled!(target: ACCESS, log::Level::Info).then(Instant::now);
    let handled = panics::catch(|| handler(exchange));
    drop(permit);
    let panicked = Error::Panicked;
    let error = handled.as_ref().map_or(Some(&panicked), |handled| handled.as_ref().err());
    let rejected = outcome.reject_without_response(error).map_err(|error| error.to_string());
    let responded = match handled {
        Ok(Ok(())) => rejected,
        Ok(Err(error)) => Err(with_causes(&error)),
        Err(panic) => Err(format!("the handler panicked: {}", panic.reason())),
    };
    let (method, target, version) = (head.method(), head.target(), head.version());
    if let Some(since) = since {
        let milliseconds = since.elapsed().as_secs_f64() * 1000.0;
        log::info!(
            target: ACCESS,
            "{peer} {method} {target} {version} {outcome} in {milliseconds:.1} ms"
        );
    }
    responded.map_err(|reason| format!(" {method} {target} {version} {outcome}: {reason}"))
}

fn log_reason(peer: &Peer, reason: &str) {
    // The reason may contain any octets, also from the peer.
    log::warn!("{peer}{}", dump(reason.as_bytes()).on_one_line());
}

/// Returns the text of the error and of its causes, for the log. The text of an error may include
/// that of a cause, which is left out then.
fn with_causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let reason = error.to_string();
        if !text.contains(&reason) {
            text.push_str(&format!(": {reason}"));
        }
        cause = error.source();
    }
    text
}

impl ServerHandle {
    /// Begins the shutdown of the server, and returns at once. Further calls do nothing.
    ///
    /// Connections that wait to be accepted now are still served; then the server accepts no more.
    /// For a listener of your own see [`Listener::set_nonblocking`]. Requests in progress are
    /// served, with `Connection: close`, and idle connections are closed.
    /// [`serve`](Server::serve) returns when all is done, after the
    /// [`shutdown_timeout`](Server::shutdown_timeout) at the latest.
    /// After the server has ended, the handle does nothing and holds no resource of the listener.
    #[doc(alias = "graceful shutdown")]
    #[doc(alias = "signal")]
    #[doc(alias = "Ctrl-C")]
    pub fn shutdown(&self) {
        self.notice.close();
        // After the end the address may belong to another listener.
        let waker = if self.notice.is_over() { None } else { self.waker().clone() };
        if let Some(wake) = waker {
            wake();
        }
    }

    /// Returns how many connections are open, queued and rejected, and how many requests are in
    /// handlers.
    ///
    /// A connection that outlasts the [`shutdown_timeout`](Server::shutdown_timeout) is open until
    /// its thread ends.
    #[doc(alias = "metrics")]
    pub fn counts(&self) -> ServerCounts {
        self.notice.counts.now()
    }

    fn waker(&self) -> MutexGuard<'_, Option<Waker>> {
        self.waker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ServerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerHandle")
            .field("is_shutting_down", &self.notice.is_closing())
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

impl Drop for OwnHandle {
    fn drop(&mut self) {
        self.0.notice.cut();
        let waker = self.0.waker().take();
        panics::discard(waker);
    }
}
