//! A server: takes connections, and has each request answered by a function.

use crate::acceptor::Peer;
use crate::error::Error;
use crate::listener::Listener;
use crate::notice::{Notice, Turn};
use crate::panics;
use crate::server_stream::{Exchange, ServerStream};
use crate::settings::Settings;
use crate::stack::Stack;
use crate::threads::{Bounds, Threads};
use crate::transport::Transport;
use bareline_core::dump;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A server: takes connections, and has each request answered by a function.
///
/// Each connection has a thread while it is open, which serves another one after that. So a handler
/// may wait as long as it likes, and many idle or slow peers are in nobody's way. When all threads
/// have a connection, others wait for one, idle ones are closed to make room, and when too many
/// wait they are answered 503.
///
/// What goes wrong on a connection ends that connection, and is told to [`log`]: one line with the
/// peer and the reason. A handler that panics is answered 500, as one that fails, and its thread
/// lives on. Requests are told too, each in a line, with target `bareline_net::access`.
///
/// ```
/// use bareline_core::{Method, Status, Target};
/// use bareline_net::{ClientStream, Error, Exchange, Server};
/// use std::io::{Read, read_to_string};
/// use std::thread;
///
/// fn respond(Exchange { head, mut body, responder, .. }: Exchange<'_>) -> Result<(), Error> {
///     let mut text = format!("{} came with: ", head.target()).into_bytes();
///     body.read_to_end(&mut text)?;
///     responder.send(Status::OK, &[], &text)
/// }
///
/// let server = Server::bind("127.0.0.1:0")?;
/// let (address, handle) = (server.local_addr()?.to_string(), server.handle());
/// let served = thread::spawn(|| server.serve(respond));
///
/// let mut client = ClientStream::connect(&address)?;
/// let response = client.request(Method::PUT, Target::new("/a")?, &[], b"hello")?;
/// assert_eq!(read_to_string(response.body)?, "/a came with: hello");
///
/// handle.shutdown(); // what Ctrl-C may call
/// served.join().unwrap()?;
/// # Ok::<(), Error>(())
/// ```
#[must_use = "it takes connections when it serves"]
pub struct Server<L: Listener = TcpListener> {
    listener: L,
    settings: Settings,
    bounds: Bounds,
    requests: u64,
    grace: Duration,
    handle: OwnHandle,
}

/// Shuts a [`Server`] down, from any thread.
///
/// ```
/// use bareline_core::Status;
/// use bareline_net::{Error, Server};
///
/// let server = Server::bind("127.0.0.1:0")?;
/// // Before it serves, here: then it responses those who have connected, and no more.
/// server.handle().shutdown();
/// server.serve(|exchange| exchange.responder.send(Status::OK, &[], b"hello"))?;
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct ServerHandle {
    notice: Arc<Notice>,
    waker: Arc<Mutex<Option<Waker>>>,
}

type Waker = Arc<dyn Fn() + Send + Sync>;

/// The handle of the server itself: when it is dropped, however the server has ended, the others
/// keep nothing of the listener.
struct OwnHandle(ServerHandle);

/// The target of the lines that [`log`] gets, one for each request.
const ACCESS: &str = "bareline_net::access";

impl Server {
    /// Listens on this address: the first that can be had, if it is a name.
    pub fn bind(address: impl ToSocketAddrs) -> Result<Self, Error> {
        Self::from_listener(TcpListener::bind(address).map_err(Error::of_address)?)
    }

    /// The address on which it listens.
    pub fn local_addr(&self) -> Result<SocketAddr, Error> {
        Ok(self.listener.local_addr()?)
    }
}

impl<L: Listener> Server<L> {
    /// Takes the connections of this listener.
    pub fn from_listener(listener: L) -> Result<Self, Error> {
        // One that is left nonblocking would have to be asked again and again.
        let _ = listener.set_nonblocking(false);
        let waker = Mutex::new(Some(listener.waker()?.into()));
        let handle = OwnHandle(ServerHandle { notice: Arc::default(), waker: Arc::new(waker) });
        let bounds = Bounds { threads: 4096, connections: 5120, stack: Stack::Usual };
        Ok(Self {
            listener,
            settings: Settings::default(),
            bounds,
            requests: 100_000,
            grace: Duration::from_secs(10),
            handle,
        })
    }

    /// Deadlines and limits of each connection; the defaults are those of [`Settings`].
    pub const fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// How many connections are served at a time, each by a thread: 4,096 by default. With none,
    /// each connection is answered 503.
    ///
    /// With nothing to do a connection takes some 30 KB, its thread's stack included; while a head
    /// or body comes it takes as much as 128 KB more, and what the handler takes.
    pub const fn threads(mut self, threads: usize) -> Self {
        self.bounds.threads = threads;
        self
    }

    /// How many connections may be open, those that wait for a thread included: 5,120 by default.
    /// One more is answered 503.
    pub const fn max_connections(mut self, connections: usize) -> Self {
        self.bounds.connections = connections;
        self
    }

    /// Sets how much stack each thread has, in octets. By default it is what [`std::thread`] gives,
    /// 2 MiB unless `RUST_MIN_STACK` says otherwise. What is not used takes no memory, only
    /// addresses: of these 32-bit systems have few. Without optimization a response whose head is
    /// longer than 8,192 octets takes 130 KB of it for a moment.
    pub const fn stack_size(mut self, octets: usize) -> Self {
        self.bounds.stack = Stack::Octets(octets);
        self
    }

    /// How many requests are answered on one connection before it is closed: 100,000 by default,
    /// and one at the least.
    pub const fn max_requests_per_connection(mut self, requests: u64) -> Self {
        self.requests = requests;
        self
    }

    /// Sets the time that requests which have begun may take when the server shuts down: 10 s by
    /// default. Then [`serve`](Self::serve) returns, even if the listener still waits for a
    /// connection.
    pub const fn shutdown_timeout(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// What shuts it down.
    pub fn handle(&self) -> ServerHandle {
        self.handle.0.clone()
    }

    /// Takes connections, and has `handler` answer each request, until it is shut down.
    ///
    /// When the handler fails, a request that it has not answered is refused: with what the peer
    /// did, if that is why it failed, else with 500. The connection is closed then. A handler
    /// that runs on after the grace does so without its connection: what it reads or sends next is
    /// [`Error::Closed`], and its thread ends with it.
    ///
    /// Fails when the system gives it no thread at all.
    pub fn serve(
        self,
        handler: impl Fn(Exchange<'_, L::Stream>) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<(), Error> {
        let Self { listener, settings, bounds, requests, grace, handle } = self;
        let notice = Arc::clone(&handle.0.notice);
        let threads =
            Threads::new(bounds, settings, listener, Arc::clone(&notice), move |accepted| {
                // Whoever has just connected is about to ask, and what has come need not be waited
                // for.
                thread::yield_now();
                let turn = Turn::new(Arc::clone(&notice), requests);
                converse(ServerStream::with_turn(accepted, settings, turn), &handler);
            });
        let cut = threads.run(grace)?;
        if cut > 0 {
            log::warn!("shut down: {cut} connections are cut after {} s", grace.as_secs_f32());
        }
        Ok(())
    }
}

/// Has the requests of a connection answered, one after the other.
fn converse<S: Transport>(
    mut stream: ServerStream<S>,
    handler: &impl Fn(Exchange<'_, S>) -> Result<(), Error>,
) {
    let peer = Peer(stream.peer_addr());
    loop {
        let responded = match stream.next_or_rejected() {
            Ok(Some(exchange)) => respond(exchange, handler, &peer),
            Ok(None) => break,
            Err(rejected) => Err(rejected.to_string()),
        };
        if let Err(reason) = responded {
            // A handler may say anything, what the peer sent included.
            log::warn!("{peer}{}", dump(reason.as_bytes()).on_one_line());
            break;
        }
    }
}

/// Has one request answered. Fails with what the log says after the peer: the request, the outcome,
/// and why.
fn respond<S: Transport>(
    exchange: Exchange<'_, S>,
    handler: &impl Fn(Exchange<'_, S>) -> Result<(), Error>,
    peer: &Peer,
) -> Result<(), String> {
    let (head, outcome) = (exchange.head, exchange.responder.outcome());
    let since = log::log_enabled!(target: ACCESS, log::Level::Info).then(Instant::now);
    let handled = panics::catch(|| handler(exchange).map_err(|error| error.to_string()))
        .unwrap_or_else(|panic| Err(format!("the handler has panicked: {}", panic.reason())));
    let responded =
        handled.and(outcome.reject_without_response().map_err(|error| error.to_string()));
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

impl ServerHandle {
    /// Shuts the server down, without waiting for that. Once is enough.
    ///
    /// No connection is accepted any more, but for those that wait to be accepted. Requests that
    /// have begun are answered, with `Connection: close`. [`serve`](Server::serve) returns when
    /// that is done, at the latest after the [`shutdown_timeout`](Server::shutdown_timeout). Once
    /// the server has ended, the handle does nothing, and keeps nothing of the listener.
    pub fn shutdown(&self) {
        self.notice.close();
        // Afterwards the address may be another's.
        let waker = if self.notice.is_over() { None } else { self.waker().clone() };
        if let Some(wake) = waker {
            wake();
        }
    }

    fn waker(&self) -> MutexGuard<'_, Option<Waker>> {
        self.waker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OwnHandle {
    fn drop(&mut self) {
        self.0.notice.cut();
        let waker = self.0.waker().take();
        drop(waker);
    }
}
