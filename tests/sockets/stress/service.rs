//! The server under stress: its forms and its handler.

use crate::system::{Random, rest, until};
use crate::{LIMIT, PATTERN};
use bareline_core::{FieldName, FieldValue};
use bareline_net::{
    Client, Error, Exchange, Listener, Responder, Server, ServerHandle, Settings, Status, Upgraded,
};
use socket2::{Domain, Socket, Type};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::BorrowedFd;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The behaviour of a handler.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Kind {
    /// Responds at once.
    Now,
    /// Blocks for some milliseconds.
    Block,
    /// Reads a body that comes late.
    Body,
    /// Sends much, and the client reads slowly.
    Much,
    Panic,
    /// Sends no response.
    Forget,
    /// Sends a request to its own server.
    Call,
    /// Switches to another protocol, and sends what it receives.
    Switch,
    /// Blocks until the test goes on.
    Hold,
}

impl Kind {
    const ALL: [Self; 9] = [
        Self::Now,
        Self::Block,
        Self::Body,
        Self::Much,
        Self::Panic,
        Self::Forget,
        Self::Call,
        Self::Switch,
        Self::Hold,
    ];

    /// Returns whether the handler may fail after the response has begun.
    pub(crate) const fn has_begun(self) -> bool {
        matches!(self, Self::Much | Self::Switch)
    }

    /// Returns whether the client gets a 500.
    pub(crate) const fn fails(self) -> bool {
        matches!(self, Self::Panic | Self::Forget)
    }
}

/// The settings of a server, and what its clients ask for.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    pub(crate) name: &'static str,
    /// The number of loops, if it is not that of cores.
    pub(crate) loops: Option<usize>,
    /// The most handlers at a time.
    pub(crate) handlers: usize,
    /// The most connections, as a share of the clients' in percent.
    pub(crate) places: usize,
    /// The most requests of a connection.
    pub(crate) requests: u64,
    pub(crate) idle_timeout: Duration,
    /// One in so many calls of `accept` fails; with 0 none does.
    pub(crate) failing: usize,
    /// The system gives the server few threads.
    pub(crate) is_short: bool,
    /// The kinds of handlers, each as often as it stands here.
    pub(crate) mix: &'static [Kind],
}

/// The most requests of a connection, unless a form says otherwise.
pub(crate) const USUAL_REQUESTS: u64 = 100_000;
/// The most handlers, unless a form says otherwise.
const USUAL_HANDLERS: usize = 4096;

impl Form {
    pub(crate) const USUAL: Self = Self {
        name: "the usual settings",
        loops: None,
        handlers: USUAL_HANDLERS,
        places: 1000,
        requests: USUAL_REQUESTS,
        idle_timeout: Duration::from_secs(75),
        failing: 0,
        is_short: false,
        mix: &{
            use Kind::{Block, Body, Call, Forget, Much, Now, Panic, Switch};
            [
                Now, Now, Now, Now, Now, Now, Now, Now, Now, Now, Block, Block, Block, Block, Body,
                Body, Body, Body, Much, Panic, Forget, Call, Call, Switch,
            ]
        },
    };

    /// Returns whether the server may close an idle connection at any time.
    pub(crate) const fn closes_idle(&self) -> bool {
        self.places < 100 || self.failing > 0
    }

    /// Returns whether a handler may fail because too many wait for their clients.
    pub(crate) const fn is_overloaded(&self) -> bool {
        self.handlers < USUAL_HANDLERS
    }

    /// Returns whether a request may get a 503.
    pub(crate) const fn rejects(&self) -> bool {
        self.places < 100 || self.is_overloaded() || self.is_short
    }
}

/// The state that the handlers of a server share.
pub(crate) struct Shared {
    form: &'static Form,
    address: SocketAddr,
    /// The client of handlers that call their own server. `None` after the end.
    client: RwLock<Option<Client>>,
    /// The number of handlers that call their own server.
    calls: AtomicUsize,
    /// Handlers of [`Kind::Hold`] return.
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Shared {
    /// Lets the handlers of [`Kind::Hold`] return, or wait from now on.
    pub(crate) fn set_open(&self, is_open: bool) {
        *self.is_open.lock().unwrap_or_else(PoisonError::into_inner) = is_open;
        self.opened.notify_all();
    }

    fn hold(&self) {
        let is_open = self.is_open.lock().unwrap();
        drop(self.opened.wait_while(is_open, |is_open| !*is_open).unwrap());
    }

    fn handle(
        &self,
        Exchange { head, mut body, responder, .. }: Exchange<'_>,
    ) -> Result<(), Error> {
        let path = head.target().path();
        let parts: Vec<_> = path.split('/').collect();
        let [_, kind, number, sequence, argument] = *parts else {
            return responder.send(Status::NOT_FOUND, &[], b"");
        };
        let kind = Kind::ALL.into_iter().find(|one| format!("{one:?}") == kind).unwrap();
        let argument = argument.parse().unwrap();
        let mut text = format!("{number} {sequence}\n").into_bytes();
        match kind {
            Kind::Now => {}
            Kind::Block => rest(Duration::from_millis(argument)),
            Kind::Body => {
                let mut octets = Vec::new();
                body.read_to_end(&mut octets)?;
                if octets != PATTERN[..octets.len()]
                    || u64::try_from(octets.len()).unwrap() != argument
                {
                    return responder.send(Status::CONFLICT, &[], &text);
                }
            }
            Kind::Much if argument % 2 == 0 => {
                text.extend_from_slice(&PATTERN[..usize::try_from(argument).unwrap()]);
            }
            Kind::Much => {
                let length = u64::try_from(text.len()).unwrap() + argument;
                let mut response = responder.stream_sized(Status::OK, &[], length)?;
                response.write_all(&text)?;
                for octets in PATTERN[..usize::try_from(argument).unwrap()].chunks(10_000) {
                    response.write_all(octets)?;
                }
                return response.finish();
            }
            // The panic hook would print it.
            Kind::Panic => resume_unwind(Box::new("for a test")),
            Kind::Forget => return Ok(()),
            Kind::Call => match self.call(number, sequence)? {
                Some(octets) if octets != text => {
                    return responder.send(Status::CONFLICT, &[], &octets);
                }
                Some(_) => {}
                None => return responder.send(Status::SERVICE_UNAVAILABLE, &[], b""),
            },
            Kind::Switch => return switch(responder),
            Kind::Hold => self.hold(),
        }
        responder.send(Status::OK, &[], &text)
    }

    /// Gets a response from the own server; `None` is a 503. Each call takes a second handler, so a
    /// quarter of them may call at a time, and others return at once.
    fn call(&self, number: &str, sequence: &str) -> Result<Option<Vec<u8>>, Error> {
        let calls = Counted::new(&self.calls);
        let client = self.client.read().unwrap().clone();
        let Some(client) = client.filter(|_| calls.before < self.form.handlers / 4) else {
            return Ok(Some(format!("{number} {sequence}\n").into_bytes()));
        };
        let url = format!("http://{}/Now/{number}/{sequence}/0", self.address);
        let mut response = match client.get(&url) {
            // A connection is idle until the request arrives.
            Err(_) if self.form.closes_idle() => {
                return Ok(Some(format!("{number} {sequence}\n").into_bytes()));
            }
            response => response?,
        };
        let mut octets = Vec::new();
        response.read_to_end(&mut octets)?;
        let is_rejected = response.status() == Status::SERVICE_UNAVAILABLE;
        Ok((!is_rejected || !self.form.rejects()).then_some(octets))
    }
}

/// Switches to a protocol that sends what it receives.
fn switch(responder: Responder<'_>) -> Result<(), Error> {
    let response = responder.begin(Status::SWITCHING_PROTOCOLS, |head| {
        head.field(FieldName::UPGRADE, FieldValue::from_static("echo"))?
            .field(FieldName::CONNECTION, FieldValue::from_static("upgrade"))?
            .without_body()
    })?;
    let Upgraded { mut transport, received, .. } = response.into_upgraded()?;
    transport.write_all(&received)?;
    io::copy(&mut transport.try_clone()?, &mut transport)?;
    Ok(())
}

struct Counted<'a> {
    count: &'a AtomicUsize,
    before: usize,
}

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        Self { count, before: count.fetch_add(1, SeqCst) }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, SeqCst);
    }
}

/// A listener whose `accept` fails at times, as without descriptors.
struct Failing {
    listener: TcpListener,
    one_in: usize,
    random: Mutex<Random>,
}

/// Returns a listener whose backlog has room for all clients: a full one costs them a second.
fn listen() -> TcpListener {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    socket.listen(1024).unwrap();
    socket.into()
}

impl Listener for Failing {
    type Stream = TcpStream;
    type Addr = SocketAddr;

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.listener.descriptor()
    }

    fn accept(&self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
        if self.one_in > 0 && self.random.lock().unwrap().one_in(self.one_in) {
            return Err(io::Error::other("for a test"));
        }
        Listener::accept(&self.listener)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    fn waker(&self) -> io::Result<Box<dyn Fn() + Send + Sync>> {
        self.listener.waker()
    }

    fn set_blocking(&self) -> io::Result<()> {
        Listener::set_blocking(&self.listener)
    }

    fn set_nonblocking(&self) -> io::Result<()> {
        Listener::set_nonblocking(&self.listener)
    }
}

/// A running server, which is shut down on drop.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    pub(crate) handle: ServerHandle,
    pub(crate) shared: Arc<Shared>,
    served: Option<JoinHandle<Result<(), Error>>>,
}

impl Service {
    /// Starts a server for this number of clients.
    pub(crate) fn new(form: &'static Form, clients: usize, seed: u64) -> Self {
        // No other timer wakes a loop that has missed something.
        let long = 10 * LIMIT;
        let settings = Settings::new()
            .idle_timeout(form.idle_timeout)
            .linger_timeout(long)
            .linger_silence_timeout(long);
        let listener = listen();
        let address = listener.local_addr().unwrap();
        let random = Mutex::new(Random(seed));
        let listener = Failing { listener, one_in: form.failing, random };
        let mut server = Server::from_listener(listener)
            .unwrap()
            .max_handlers(form.handlers)
            .max_connections(clients * form.places / 100)
            .max_requests_per_connection(form.requests)
            .settings(settings);
        if let Some(loops) = form.loops {
            server = server.loops(loops);
        }
        if form.is_short {
            server = server.stack_size(crate::STACK);
        }
        // A pooled connection may be closed just when it is used.
        let is_sure = form.requests == USUAL_REQUESTS && form.idle_timeout > 2 * LIMIT;
        let idle = if is_sure && !form.closes_idle() { 16 } else { 0 };
        let client = RwLock::new(Some(Client::new().max_idle_per_host(idle)));
        let shared = Arc::new(Shared {
            form,
            address,
            client,
            calls: AtomicUsize::new(0),
            is_open: Mutex::new(true),
            opened: Condvar::new(),
        });
        let (handle, of_handler) = (server.handle(), Arc::clone(&shared));
        let served =
            thread::spawn(move || server.serve(move |exchange| of_handler.handle(exchange)));
        Self { address, handle, shared, served: Some(served) }
    }

    /// Drops the client of the handlers.
    pub(crate) fn forget_client(&self) {
        *self.shared.client.write().unwrap() = None;
    }

    /// Shuts down. Panics unless the server returns in time, with nothing left.
    pub(crate) fn end(mut self) {
        self.handle.shutdown();
        let served = self.served.take().unwrap();
        assert!(until(LIMIT, || served.is_finished()), "no end: {:?}", self.handle.counts());
        served.join().unwrap().unwrap();
        let counts = self.handle.counts();
        let left = (counts.connections, counts.in_handlers, counts.queued);
        assert_eq!(left, (0, 0, 0), "the server has returned");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shared.set_open(true);
        self.handle.shutdown();
        if let Some(served) = self.served.take() {
            let _ = served.join();
        }
    }
}
