//! Tests of the server's engine: event loops that threads lend while handlers block.

use crate::service::{GET, Service};
use crate::{TIMEOUT, connect, exchange, exchange_all, log_lines, read_all, stays_silent, until};
use bareline_core::{FieldName, FieldValue, Status};
use bareline_net::{
    Client, Control, Error, Exchange, Listener, Server, ServerHandle, Transport, Upgraded,
};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const LAST_GET: &[u8] = b"GET /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
/// The head of an upload that is longer than what the server receives before the handler is called.
const UPLOAD: &[u8] =
    b"PUT /read HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nthe rest is late";
const SWITCH: &[u8] =
    b"GET /switch HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nearly";

/// Reads the body, switches to an echo, waits for a call of the returned function, or responds.
fn handler() -> (impl Fn(Exchange<'_>) -> Result<(), Error> + Send + Sync + 'static, impl Fn()) {
    let (go_on, may_go_on) = channel();
    let may_go_on = Mutex::new(may_go_on);
    let handler = move |Exchange { head, mut body, responder, .. }: Exchange<'_>| {
        match head.target().path() {
            "/block" => may_go_on.lock().unwrap().recv_timeout(TIMEOUT).unwrap(),
            "/read" => _ = io::copy(&mut body, &mut io::sink())?,
            "/switch" => {
                let response = responder.begin(Status::SWITCHING_PROTOCOLS, |head| {
                    head.field(FieldName::UPGRADE, FieldValue::from_static("echo"))?
                        .field(FieldName::CONNECTION, FieldValue::from_static("upgrade"))?
                        .without_body()
                })?;
                let Upgraded { mut transport, received, .. } = response.into_upgraded()?;
                transport.write_all(&received)?;
                io::copy(&mut transport.try_clone()?, &mut transport)?;
                return Ok(());
            }
            _ => {}
        }
        responder.send(Status::OK, &[], b"done")
    };
    (handler, move || go_on.send(()).unwrap())
}

/// Connects, and sends a request that blocks its handler. Returns when that is so.
fn block(service: &Service) -> TcpStream {
    let before = service.handle.counts().in_handlers;
    let mut stream = connect(service.address);
    stream.write_all(b"GET /block HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    assert!(until(TIMEOUT, || service.handle.counts().in_handlers > before));
    stream
}

fn status(response: &str) -> &str {
    response.get(9..12).unwrap_or(response)
}

#[test]
fn a_handler_that_blocks_holds_up_nobody() {
    for loops in [1, 2] {
        let (handler, go_on) = handler();
        let service = Service::new(|server| server.loops(loops), handler);
        let mut idle: Vec<_> = (0..20).map(|_| connect(service.address)).collect();
        let blocked: Vec<_> = (0..10).map(|_| block(&service)).collect();
        for stream in &mut idle {
            stream.write_all(LAST_GET).unwrap();
        }
        for stream in idle {
            assert_eq!(status(&read_all(stream)), "200");
        }
        blocked.iter().for_each(|_| go_on());
        for stream in blocked {
            assert_eq!(status(&read_all(stream)), "200");
        }
        assert!(until(TIMEOUT, || service.handle.counts().connections == 0));
    }
}

#[test]
fn a_logger_that_blocks_holds_up_nobody() {
    let (handler, _) = handler();
    let service = Service::new(|server| server.loops(1), handler);
    let held = log_lines::LOCK.lock().unwrap();
    let get = format!("GET {} HTTP/1.1\r\nHost: a\r\n\r\n", log_lines::HELD);
    let mut streams: Vec<_> = (0..5).map(|_| connect(service.address)).collect();
    for stream in &mut streams {
        stream.write_all(get.as_bytes()).unwrap();
        // It has its response, and the line about it is not written yet.
        stream.read_exact(&mut [0; 12]).unwrap();
    }
    for _ in 0..5 {
        assert_eq!(status(&exchange(service.address, LAST_GET)), "200");
    }
    assert!(until(TIMEOUT, || service.handle.counts().in_handlers == 5));
    drop(held);
    assert!(until(TIMEOUT, || service.handle.counts().in_handlers == 0));
}

#[test]
fn a_request_without_a_free_handler_waits_for_one() {
    let (handler, go_on) = handler();
    let service = Service::new(|server| server.max_handlers(1), handler);
    let first = block(&service);
    let mut second = connect(service.address);
    second.write_all(LAST_GET).unwrap();
    assert!(until(TIMEOUT, || service.handle.counts().queued == 1));
    // As many may wait as may be at work.
    let mut third = connect(service.address);
    third.write_all(LAST_GET).unwrap();
    let response = read_all(third);
    assert!(status(&response) == "503" && response.ends_with("\r\n\r\ntoo many requests\n"));
    go_on();
    assert_eq!((status(&read_all(first)), status(&read_all(second))), ("200", "200"));
    assert_eq!(service.handle.counts().queued, 0);
}

/// A request that waits for a handler gets further octets, each of which is an event.
#[test]
fn a_queued_request_with_many_events_holds_up_no_other() {
    let (handler, go_on) = handler();
    let service =
        Service::new(|server| server.loops(1).max_handlers(2).queue_timeout(3 * TIMEOUT), handler);
    let mut second = connect(service.address);
    assert!(until(TIMEOUT, || service.handle.counts().connections == 1));
    // The loop waits for the rest of the head.
    second.write_all(b"GET /now HTTP/1.1\r\n").unwrap();
    let blocked = [block(&service), block(&service)];
    second.write_all(b"Host: a\r\n\r\n").unwrap();
    assert!(until(TIMEOUT, || service.handle.counts().queued == 1));
    for octet in b"GET /" {
        second.write_all(&[*octet]).unwrap();
        until(Duration::from_millis(20), || false);
    }
    let mut third = connect(service.address);
    third.write_all(LAST_GET).unwrap();
    assert!(until(TIMEOUT, || service.handle.counts().queued == 2));
    // The next event is the timeout of the head that has begun.
    third.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    go_on();
    assert_eq!(status(&read_all(third)), "200");
    go_on();
    blocked.into_iter().for_each(|stream| assert_eq!(status(&read_all(stream)), "200"));
}

#[test]
fn a_switch_of_protocols_lets_the_next_request_in() {
    let ((handler, _), (go_on, may_go_on)) = (handler(), channel());
    let may_go_on = Mutex::new(may_go_on);
    let service = Service::new(
        |server| server.max_handlers(1),
        move |exchange: Exchange<'_>| {
            if exchange.head.target().path() == "/switch" {
                may_go_on.lock().unwrap().recv_timeout(TIMEOUT).unwrap();
            }
            handler(exchange)
        },
    );
    let mut first = connect(service.address);
    first.write_all(SWITCH).unwrap();
    assert!(until(TIMEOUT, || service.handle.counts().in_handlers == 1));
    let mut second = connect(service.address);
    second.write_all(LAST_GET).unwrap();
    assert!(until(TIMEOUT, || service.handle.counts().queued == 1));
    second.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    go_on.send(()).unwrap();
    assert_eq!(status(&read_all(second)), "200");
}

/// The response to the request before is still in the buffer.
#[test]
fn a_switch_that_fails_loses_no_earlier_response() {
    let (handler, _) = handler();
    let service = Service::new(|server| server.max_handlers(1), handler);
    let mut first = connect(service.address);
    first.write_all(SWITCH).unwrap();
    let mut octets = [0; 12];
    first.read_exact(&mut octets).unwrap();
    assert_eq!(octets, *b"HTTP/1.1 101");
    let mut second = connect(service.address);
    second.write_all(&[b"GET /now HTTP/1.1\r\nHost: a\r\n\r\n", SWITCH].concat()).unwrap();
    assert_eq!(status(&read_all(second)), "200");
}

#[test]
fn rfc9110_15_6_4_a_wait_for_a_handler_ends_in_a_503() {
    let (handler, go_on) = handler();
    let timeout = Duration::from_millis(50);
    let service = Service::new(|server| server.max_handlers(1).queue_timeout(timeout), handler);
    let (first, start) = (block(&service), Instant::now());
    let response = exchange(service.address, LAST_GET);
    assert!(response.contains("\r\nRetry-After: 1\r\n") && status(&response) == "503");
    assert!(start.elapsed() >= timeout);
    log_lines::with(&["503 Service Unavailable: too many requests"]);
    go_on();
    assert_eq!(status(&read_all(first)), "200");
}

#[test]
fn a_handler_may_call_its_own_server() {
    for (most, inner) in [(2, "200"), (1, "503")] {
        let address = Arc::new(Mutex::new(None::<SocketAddr>));
        let own = Arc::clone(&address);
        let service = Service::new(
            |server| server.max_handlers(most).queue_timeout(Duration::from_millis(50)),
            move |Exchange { head, responder, .. }| {
                let own = *own.lock().unwrap();
                let text = match (head.target().path(), own) {
                    ("/", Some(address)) => {
                        let response = Client::new().get(&format!("http://{address}/inner"))?;
                        response.head().status().code().to_string()
                    }
                    _ => "inner".to_owned(),
                };
                responder.send(Status::OK, &[], text.as_bytes())
            },
        );
        *address.lock().unwrap() = Some(service.address);
        let response = exchange_all(service.address, GET);
        assert!(response.ends_with(&format!("\r\n\r\n{inner}")), "{response}");
    }
}

#[test]
fn slow_uploads_do_not_use_up_the_handlers() {
    let (handler, _) = handler();
    let service = Service::new(|server| server.max_handlers(1), handler);
    let mut slow = connect(service.address);
    slow.write_all(UPLOAD).unwrap();
    assert!(until(TIMEOUT, || service.handle.counts().in_handlers == 1));
    assert_eq!(status(&exchange(service.address, LAST_GET)), "200");
    // As many may wait for their clients as may be at work.
    assert_eq!(status(&exchange(service.address, UPLOAD)), "503");
    slow.write_all(&[b'x'; 100_000]).unwrap();
    let mut response = [0; 12];
    slow.read_exact(&mut response).unwrap();
    assert_eq!(&response, b"HTTP/1.1 200");
}

#[test]
fn rfc9110_7_8_a_handler_has_the_transport_after_a_switch() {
    let (handler, _) = handler();
    let service = Service::new(|server| server.max_handlers(1), handler);
    let mut switched = connect(service.address);
    switched.write_all(SWITCH).unwrap();
    let mut response = vec![0; b"HTTP/1.1 101 Switching Protocols\r\n".len()];
    switched.read_exact(&mut response).unwrap();
    assert_eq!(response, b"HTTP/1.1 101 Switching Protocols\r\n");
    switched.write_all(b" and late").unwrap();
    // It uses up no handler; but as many may switch as may be at work.
    assert_eq!(status(&exchange(service.address, LAST_GET)), "200");
    let mut second = connect(service.address);
    second.write_all(SWITCH).unwrap();
    assert_eq!(read_all(second), "");
    switched.shutdown(Shutdown::Write).unwrap();
    let rest = read_all(switched);
    assert!(rest.ends_with("\r\n\r\nearly and late"), "{rest}");
    assert!(until(TIMEOUT, || service.handle.counts().connections == 0));
}

/// Waits until no handler runs, and until the thread that has sent the response is likely to have
/// returned the connection to its loop, in which it is idle. Returns false if the connection is
/// closed instead.
fn is_back(stream: &TcpStream, handle: &ServerHandle) -> bool {
    until(TIMEOUT, || handle.counts().in_handlers == 0)
        && stays_silent(stream, Duration::from_millis(20))
}

#[test]
fn an_idle_connection_makes_room() {
    for loops in [1, 2] {
        let (handler, _) = handler();
        let service = Service::new(|server| server.loops(loops).max_connections(2), handler);
        let get = |mut stream: &TcpStream| {
            stream.write_all(GET).unwrap();
            let mut response = [0; 200];
            let count = stream.read(&mut response).unwrap();
            assert!(response[..count].starts_with(b"HTTP/1.1 200 "));
        };
        let (one, two) = (connect(service.address), connect(service.address));
        get(&one);
        get(&two);
        assert!(is_back(&one, &service.handle) && is_back(&two, &service.handle));
        let three = connect(service.address);
        get(&three);
        assert!(until(TIMEOUT, || service.handle.counts().connections == 2));
        assert_eq!(service.handle.counts().rejected, 0);
    }
}

/// The request of a connection may come with it, so that its loop has never seen it wait.
#[test]
fn an_idle_connection_of_another_loop_makes_room() {
    for _ in 0..50 {
        let server = Server::bind("127.0.0.1:0").unwrap().loops(8).max_connections(1);
        let (address, handle) = (server.local_addr().unwrap(), server.handle());
        let mut idle = connect(address);
        idle.write_all(GET).unwrap();
        let served = thread::spawn(move || server.serve(handler().0));
        assert!(idle.read(&mut [0; 200]).unwrap() > 0);
        assert!(is_back(&idle, &handle));
        assert_eq!(status(&exchange(address, LAST_GET)), "200");
        handle.shutdown();
        served.join().unwrap().unwrap();
    }
}

#[test]
fn connections_keep_so_many_octets_in_all() {
    let (handler, _) = handler();
    let service = Service::new(|server| server.loops(1).max_kept(10_000), handler);
    let half = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "x".repeat(6_000));
    let mut one = connect(service.address);
    one.write_all(half.as_bytes()).unwrap();
    assert!(until(TIMEOUT, || service.handle.counts().connections == 1));
    let response = exchange(service.address, half.as_bytes());
    assert!(status(&response) == "503", "{response}");
    one.write_all(b"\r\nConnection: close\r\n\r\n").unwrap();
    assert_eq!(status(&read_all(one)), "200");
    assert_eq!(status(&exchange(service.address, LAST_GET)), "200");
}

#[test]
fn a_request_with_the_end_of_input_is_served() {
    let (handler, _) = handler();
    let service = Service::new(|server| server, handler);
    for _ in 0..200 {
        let response = exchange_all(service.address, GET);
        assert!(response.ends_with("\r\n\r\ndone"), "{response}");
    }
    assert!(until(TIMEOUT, || service.handle.counts().connections == 0));
}

#[test]
fn a_client_that_sends_on_and_on_starves_nobody() {
    let (handler, _) = handler();
    let service = Service::new(|server| server.loops(1), handler);
    let (greedy, begun) = (connect(service.address), Arc::new(Barrier::new(2)));
    let mut reading = greedy.try_clone().unwrap();
    let is_sending = Arc::clone(&begun);
    let sent = thread::spawn(move || {
        let (mut greedy, many) = (greedy, GET.repeat(1000));
        greedy.write_all(&many).unwrap();
        is_sending.wait();
        while greedy.write_all(&many).is_ok() {}
    });
    let read = thread::spawn(move || io::copy(&mut reading, &mut io::sink()));
    begun.wait();
    for _ in 0..50 {
        let start = Instant::now();
        assert_eq!(status(&exchange(service.address, LAST_GET)), "200");
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    }
    drop(service);
    sent.join().unwrap();
    let _ = read.join().unwrap();
}

#[test]
fn a_handler_is_called_once_its_short_body_is_there() {
    let (handler, _) = handler();
    let service = Service::new(|server| server, handler);
    let mut stream = connect(service.address);
    stream.write_all(b"PUT /read HTTP/1.1\r\nHost: a\r\nConnection: close\r\n").unwrap();
    stream.write_all(b"Content-Length: 4\r\n\r\nbo").unwrap();
    // It is called after 100 ms in any case, and waits itself.
    assert!(until(TIMEOUT, || service.handle.counts().in_handlers == 1));
    stream.write_all(b"dy").unwrap();
    assert_eq!(status(&read_all(stream)), "200");
}

/// A connection that panics when it is dropped. An event loop can wait for it, or not.
struct Panicking {
    stream: TcpStream,
    is_polled: bool,
}

impl Read for Panicking {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl Write for Panicking {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.stream.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Panicking {
    fn drop(&mut self) {
        panic!("for a test");
    }
}

impl Transport for Panicking {
    fn control(&mut self) -> &mut dyn Control {
        if self.is_polled { self.stream.control() } else { self }
    }
}

/// The control of the socket, but for the descriptor.
impl Control for Panicking {
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.stream.set_read_timeout(timeout)
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.stream.set_write_timeout(timeout)
    }

    fn set_blocking(&mut self) -> io::Result<()> {
        self.stream.set_nonblocking(false)
    }

    fn set_nonblocking(&mut self) -> io::Result<()> {
        self.stream.set_nonblocking(true)
    }

    fn close_write(&mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }
}

/// A listener of such connections, which panics after some.
struct PanickingListener {
    socket: TcpListener,
    is_polled: bool,
    left: AtomicUsize,
}

impl Listener for PanickingListener {
    type Stream = Panicking;
    type Addr = SocketAddr;

    #[cfg(unix)]
    fn descriptor(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        Listener::descriptor(&self.socket).filter(|_| self.is_polled)
    }

    fn accept(&self) -> io::Result<(Panicking, Option<SocketAddr>)> {
        let (stream, peer) = self.socket.accept()?;
        assert!(self.left.fetch_sub(1, Relaxed) > 0, "for a test");
        Ok((Panicking { stream, is_polled: self.is_polled }, Some(peer)))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn waker(&self) -> io::Result<Box<dyn Fn() + Send + Sync>> {
        self.socket.waker()
    }

    fn set_nonblocking(&self) -> io::Result<()> {
        self.socket.set_nonblocking(true)
    }
}

/// A panic in a destructor while another panic unwinds would abort the process.
#[test]
fn connections_that_panic_when_dropped_end_no_server() {
    for is_polled in [true, false] {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let left = AtomicUsize::new(5);
        let server = Server::from_listener(PanickingListener { socket, is_polled, left }).unwrap();
        let handle = server.handle();
        let served = thread::spawn(move || {
            server.serve(|Exchange { head, responder, .. }| match head.target().path() {
                "/panic" => panic!("for a test"),
                _ => responder.send(Status::OK, &[], b"done"),
            })
        });
        let idle = connect(address);
        let panicked = exchange(address, b"GET /panic HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(status(&panicked), "500");
        for _ in 0..3 {
            assert_eq!(status(&exchange(address, LAST_GET)), "200");
        }
        assert!(until(TIMEOUT, || handle.counts().connections == 1));
        // A panic of the listener is that of the server.
        let one_more = connect(address);
        assert_eq!(*served.join().unwrap_err().downcast::<&str>().unwrap(), "for a test");
        drop((idle, one_more));
        assert_eq!(handle.counts().connections, 0);
    }
}

/// Requests that block until they are released by path.
#[derive(Default)]
struct Gates {
    begun: Mutex<Vec<String>>,
    open: Mutex<Vec<String>>,
}

impl Gates {
    fn handle(&self, Exchange { head, responder, .. }: Exchange<'_>) -> Result<(), Error> {
        let path = head.target().path().to_owned();
        self.begun.lock().unwrap().push(path.clone());
        assert!(until(TIMEOUT, || path == "/now" || self.open.lock().unwrap().contains(&path)));
        responder.send(Status::OK, &[], path.as_bytes())
    }

    fn has_begun(&self, path: &str) -> bool {
        until(TIMEOUT, || self.begun.lock().unwrap().iter().any(|begun| begun == path))
    }

    fn open(&self, path: &str) {
        self.open.lock().unwrap().push(path.to_owned());
    }
}

fn gated(
    build: impl FnOnce(bareline_net::Server) -> bareline_net::Server,
) -> (Service, Arc<Gates>) {
    let gates = Arc::new(Gates::default());
    let own = Arc::clone(&gates);
    (Service::new(build, move |exchange: Exchange<'_>| own.handle(exchange)), gates)
}

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes()
}

fn pause(milliseconds: u64) {
    let end = Instant::now() + Duration::from_millis(milliseconds);
    until(TIMEOUT, || Instant::now() >= end);
}

/// Returns a connection whose events the loop knows.
fn registered(service: &Service) -> TcpStream {
    let mut stream = connect(service.address);
    for _ in 0..2 {
        stream.write_all(&get("/now")).unwrap();
        assert!(stream.read(&mut [0; 500]).unwrap() > 0);
        pause(10);
    }
    stream
}

/// Sends two requests whose handlers block, at the gates `/1` and `/2`.
fn two_blocked(service: &Service, gates: &Gates) -> [TcpStream; 2] {
    ["/1", "/2"].map(|path| {
        let mut stream = connect(service.address);
        stream.write_all(&get(path)).unwrap();
        assert!(gates.has_begun(path));
        stream
    })
}

#[test]
fn an_event_of_a_connection_that_had_waited_is_kept() {
    let (service, gates) = gated(|server| server.loops(1).max_handlers(2));
    let mut stream = registered(&service);
    let blocked = two_blocked(&service, &gates);
    stream.write_all(&get("/3")).unwrap();
    assert!(until(TIMEOUT, || service.handle.counts().queued == 1));
    stream.write_all(&get("/4")).unwrap();
    pause(50);
    gates.open("/1");
    assert!(gates.has_begun("/3"));
    gates.open("/3");
    assert!(gates.has_begun("/4"));
    stream.write_all(LAST_GET).unwrap();
    pause(50);
    gates.open("/2");
    assert!(until(TIMEOUT, || service.handle.counts().in_handlers == 1));
    assert_eq!(status(&exchange(service.address, LAST_GET)), "200");
    gates.open("/4");
    let start = Instant::now();
    let response = read_all(stream);
    assert!(response.ends_with("/now"), "{response}");
    assert!(start.elapsed() < Duration::from_secs(2));
    drop(blocked);
}

#[test]
fn a_free_handler_is_for_one_who_still_waits() {
    let (service, gates) = gated(|server| server.loops(1).max_handlers(2));
    let mut first = registered(&service);
    let blocked = two_blocked(&service, &gates);
    first.write_all(&get("/now")).unwrap();
    assert!(until(TIMEOUT, || service.handle.counts().queued == 1));
    for _ in 0..10 {
        first.write_all(b"\r\n").unwrap();
        pause(10);
    }
    let mut second = connect(service.address);
    second.write_all(LAST_GET).unwrap();
    assert!(until(TIMEOUT, || service.handle.counts().queued == 2));
    let start = Instant::now();
    gates.open("/1");
    assert_eq!(status(&read_all(second)), "200");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    gates.open("/2");
    drop(blocked);
}

#[test]
fn a_switch_of_protocols_frees_a_handler() {
    let gates = Arc::new(Gates::default());
    let own = Arc::clone(&gates);
    let (switches, _) = handler();
    let service = Service::new(
        |server| server.loops(1).max_handlers(1),
        move |exchange: Exchange<'_>| match exchange.head.target().path() {
            "/switch" => {
                own.begun.lock().unwrap().push("/switch".to_owned());
                assert!(until(TIMEOUT, || !own.open.lock().unwrap().is_empty()));
                switches(exchange)
            }
            _ => own.handle(exchange),
        },
    );
    let mut switched = connect(service.address);
    switched.write_all(SWITCH).unwrap();
    assert!(gates.has_begun("/switch"));
    let mut second = connect(service.address);
    second.write_all(LAST_GET).unwrap();
    assert!(until(TIMEOUT, || service.handle.counts().queued == 1));
    let start = Instant::now();
    gates.open("/switch");
    assert_eq!(status(&read_all(second)), "200");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    drop(switched);
}

#[test]
fn the_longest_timeouts_are_no_timeouts() {
    let (service, gates) = gated(|server| {
        server.max_handlers(1).shutdown_timeout(Duration::MAX).queue_timeout(Duration::MAX)
    });
    let mut first = connect(service.address);
    first.write_all(&get("/1")).unwrap();
    assert!(gates.has_begun("/1"));
    let mut second = connect(service.address);
    second.write_all(LAST_GET).unwrap();
    pause(50);
    gates.open("/1");
    assert_eq!(status(&read_all(second)), "200");
    service.handle.shutdown();
    service.end();
}

/// Unread octets would cause a reset, which can destroy the response.
#[test]
fn rfc9112_9_6_a_503_is_not_lost_to_what_the_client_sends() {
    let (handler, _) = handler();
    let service = Service::new(|server| server.max_connections(0), handler);
    let mut client = connect(service.address);
    // The client reads only after it has sent everything.
    for _ in 0..100 {
        client.write_all(&[b'x'; 50_000]).unwrap();
        pause(5);
    }
    client.shutdown(Shutdown::Write).unwrap();
    let response = read_all(client);
    assert_eq!(status(&response), "503");
}
