//! Tests of transports other than TCP.

use crate::tls::Authority;
use crate::{TIMEOUT, connect};
use bareline_core::{Method, Status, Target};
use bareline_fuzz::{Clock, MemoryPeer, MemoryTransport};
use bareline_net::{
    ClientStream, Control, Exchange, ServerStream, Settings, TlsStream, Transport, Untimed,
};
use std::io::{self, Cursor, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A transport that reads these pieces, and records the writes.
struct Script {
    pieces: Vec<&'static [u8]>,
    writes: Vec<Vec<u8>>,
}

impl Read for &mut Script {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.pieces.is_empty() {
            return Ok(0);
        }
        self.pieces.remove(0).read(buffer)
    }
}

impl Write for &mut Script {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.writes.push(octets.to_vec());
        Ok(octets.len())
    }

    fn write_vectored(&mut self, octets: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.write(&octets.iter().flat_map(|octets| octets.iter().copied()).collect::<Vec<_>>())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the sizes of the server's writes for these pieces, with responses of this length.
fn writes(pieces: &[&'static [u8]], length: usize) -> Vec<usize> {
    let mut script = Script { pieces: pieces.to_vec(), writes: Vec::new() };
    let mut peer = ServerStream::new(Untimed(&mut script));
    while let Some(Exchange { mut body, responder, .. }) = peer.next_request().unwrap() {
        body.read_to_end(&mut Vec::new()).unwrap();
        responder.send(Status::OK, &[], &vec![b'x'; length]).unwrap();
    }
    drop(peer);
    script
        .writes
        .iter()
        .map(|write| write.windows(9).filter(|octets| octets == b"HTTP/1.1 ").count())
        .collect()
}

#[test]
fn ready_output_goes_out_in_one_write() {
    const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const THREE: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n\
        GET / HTTP/1.1\r\nHost: a\r\n\r\n\
        GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const THREE_AND_A_HALF: &[u8] =
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\nPUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n\
            xGET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HT";
    const EXPECTING: &[u8] =
        b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n";
    for (pieces, length, responses) in [
        (&[GET, GET][..], 5, &[1, 1][..]),
        (&[GET, GET], 100_000, &[1, 1]),
        (&[THREE, GET], 5, &[3, 1]),
        (&[THREE_AND_A_HALF, b"TP/1.1\r\nHost: a\r\n\r\n"], 5, &[3, 1]),
        (&[EXPECTING, b"x"], 5, &[1, 1]),
        // The buffer has space for two of these.
        (&[THREE], 3000, &[2, 1]),
    ] {
        assert_eq!(writes(pieces, length), responses, "{} pieces, {length} octets", pieces.len());
    }
}

#[test]
fn a_request_goes_out_in_one_write() {
    for (length, count) in [(0, 1), (5, 1), (3000, 1), (100_000, 1)] {
        let mut script =
            Script { pieces: vec![b"HTTP/1.1 204 No Content\r\n\r\n"], writes: Vec::new() };
        let mut client = ClientStream::new(Untimed(&mut script), "a");
        client.request(Method::PUT, Target::ROOT, &[], &vec![b'x'; length]).unwrap();
        drop(client);
        assert_eq!(script.writes.len(), count, "{length} octets");
    }
}

#[test]
fn octets_in_memory_are_served() {
    let mut octets = Cursor::new(b"GET /path HTTP/1.1\r\nHost: a\r\n\r\n".to_vec());
    let mut peer = ServerStream::new(Untimed(&mut octets));
    let Exchange { head, responder, .. } = peer.next_request().unwrap().unwrap();
    assert_eq!(head.target().path(), "/path");
    responder.send(Status::NO_CONTENT, &[], b"").unwrap();
    assert!(peer.next_request().unwrap().is_none());
    drop(peer);
    assert!(octets.get_ref().ends_with(b"\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"));
}

/// `Script` is not `Debug`.
#[test]
fn messages_are_shown_whatever_their_transport() {
    let mut script =
        Script { pieces: vec![b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"], writes: Vec::new() };
    let mut peer = ServerStream::new(Untimed(&mut script));
    let shown = format!("{:?}", peer.next_request().unwrap().unwrap());
    assert!(shown.starts_with("Exchange { peer: None, head: RequestHead { method: "), "{shown}");
    assert!(shown.ends_with(", body: RequestBody, responder: Responder }"), "{shown}");
    let pieces = vec![&b"HTTP/1.1 204 No Content\r\n\r\n"[..]];
    let mut script = Script { pieces, writes: Vec::new() };
    let mut client = ClientStream::new(Untimed(&mut script), "a");
    let shown = format!("{:?}", client.request(Method::GET, Target::ROOT, &[], b"").unwrap());
    assert!(shown.starts_with("Response { head: ResponseHead { "), "{shown}");
    assert!(shown.ends_with(", body: ResponseBody }"), "{shown}");
}

/// Serves one connection over this transport, and responds with the length of each body.
fn serve(transport: impl Transport) {
    let mut peer = ServerStream::with_settings(transport, Settings::new().body_limit(u64::MAX));
    while let Some(Exchange { head, mut body, responder, .. }) = peer.next_request().unwrap() {
        let count = io::copy(&mut body, &mut io::sink()).unwrap();
        responder.send(Status::OK, &[], format!("{} {count}", head.target()).as_bytes()).unwrap();
    }
}

/// Sends requests over this transport.
fn ask(transport: impl Transport) {
    let mut client = ClientStream::new(transport, "localhost");
    for length in [0, 5, 2_000_000] {
        let target = format!("/{length}");
        let response = client
            .request(Method::PUT, Target::new(&target).unwrap(), &[], &vec![b'x'; length])
            .unwrap();
        assert_eq!(io::read_to_string(response.body).unwrap(), format!("/{length} {length}"));
    }
}

/// A stream on top of another, with nothing of its own.
struct Wrapped<T>(T);

impl<T: Read> Read for Wrapped<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<T: Write> Write for Wrapped<T> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<T: Transport> Transport for Wrapped<T> {
    fn control(&mut self) -> &mut dyn Control {
        self.0.control()
    }
}

#[test]
fn a_wrapper_has_the_control_of_its_socket() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    let (accepted, from) = listener.accept().unwrap();
    let seen = accepted.try_clone().unwrap();
    let settings = Settings::new().idle_timeout(Duration::from_millis(20));
    let mut peer = ServerStream::with_settings(Box::new(Wrapped(accepted)), settings);
    assert_eq!(peer.peer_addr(), Some(from));
    assert!(peer.next_request().unwrap().is_none(), "its deadlines hold");
    assert!(seen.read_timeout().unwrap().is_some());
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "it is half-closed");
}

#[cfg(unix)]
#[test]
fn a_unix_socket_is_a_transport() {
    use std::os::unix::net::UnixStream;
    let (ours, theirs) = UnixStream::pair().unwrap();
    let theirs: Box<dyn Transport + Send> = Box::new(theirs);
    let served = thread::spawn(move || serve(theirs));
    ask(ours);
    served.join().unwrap();

    let (ours, theirs) = UnixStream::pair().unwrap();
    let settings = Settings::new().idle_timeout(Duration::from_millis(20));
    let served = thread::spawn(move || {
        ServerStream::with_settings(theirs, settings).next_request().map(|next| next.is_none())
    });
    assert!(served.join().unwrap().unwrap(), "its deadlines hold");
    drop(ours);
}

#[test]
fn a_transport_that_keeps_octets_back_is_flushed() {
    let mut script =
        Script { pieces: vec![b"HTTP/1.1 204 No Content\r\n\r\n"], writes: Vec::new() };
    /// Reads from the script, and writes to it through a buffer.
    struct Buffered<'s>(io::BufWriter<&'s mut Script>);
    impl Read for Buffered<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            assert!(self.0.buffer().is_empty(), "the request is kept back");
            self.0.get_mut().read(buffer)
        }
    }
    impl Write for Buffered<'_> {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            self.0.write(octets)
        }
        fn flush(&mut self) -> io::Result<()> {
            self.0.flush()
        }
    }
    let mut client = ClientStream::new(Untimed(Buffered(io::BufWriter::new(&mut script))), "a");
    assert_eq!(
        client.request(Method::GET, Target::ROOT, &[], b"").unwrap().head.status(),
        Status::NO_CONTENT
    );
}

#[test]
fn the_last_response_is_complete_without_a_half_close() {
    let mut script = Script { pieces: vec![b"GET / HTTP/1.0\r\n\r\n"], writes: Vec::new() };
    let mut peer = ServerStream::new(Untimed(&mut script));
    peer.next_request().unwrap().unwrap().responder.send(Status::OK, &[], b"hi").unwrap();
    assert!(peer.next_request().unwrap().is_none());
}

/// A transport that was left nonblocking: it returns its octets only when it is blocking.
struct Nonblocking {
    octets: &'static [u8],
    is_blocking: bool,
    /// The number of reads and writes that would have blocked.
    in_vain: Arc<AtomicU32>,
}

impl Read for Nonblocking {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.is_blocking {
            self.in_vain.fetch_add(1, Ordering::SeqCst);
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.octets.read(buffer)
    }
}

impl Write for Nonblocking {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if !self.is_blocking {
            self.in_vain.fetch_add(1, Ordering::SeqCst);
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Nonblocking {
    fn control(&mut self) -> &mut dyn Control {
        self
    }
}

impl Control for Nonblocking {
    fn set_read_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn set_write_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn set_blocking(&mut self) -> io::Result<()> {
        self.is_blocking = true;
        Ok(())
    }

    fn set_nonblocking(&mut self) -> io::Result<()> {
        self.is_blocking = false;
        Ok(())
    }

    fn close_write(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[test]
fn a_transport_that_was_left_nonblocking_is_asked_once_in_vain() {
    let new = |octets| {
        let in_vain = Arc::new(AtomicU32::new(0));
        (Nonblocking { octets, is_blocking: false, in_vain: Arc::clone(&in_vain) }, in_vain)
    };
    let (transport, in_vain) = new(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut peer = ServerStream::new(transport);
    peer.next_request().unwrap().unwrap().responder.send(Status::OK, &[], b"").unwrap();
    assert_eq!(in_vain.load(Ordering::SeqCst), 1, "a read");

    let (transport, in_vain) = new(b"HTTP/1.1 204 No Content\r\n\r\n");
    let mut client = ClientStream::new(transport, "a");
    client.request(Method::GET, Target::ROOT, &[], b"").unwrap();
    assert_eq!(in_vain.load(Ordering::SeqCst), 1, "a write");
}

/// A transport in memory that was left nonblocking, and whose first changes of its timeout fail.
struct Unwilling {
    transport: MemoryTransport,
    clock: Clock,
    /// The time for which the process is stopped in the first read.
    stop: Duration,
    failures: u32,
}

impl Read for Unwilling {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.clock.advance(std::mem::take(&mut self.stop));
        self.transport.read(buffer)
    }
}

impl Write for Unwilling {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.transport.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.transport.flush()
    }
}

impl Transport for Unwilling {
    fn control(&mut self) -> &mut dyn Control {
        self
    }
}

impl Control for Unwilling {
    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        if self.failures > 0 {
            self.failures -= 1;
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.transport.set_read_timeout(timeout)
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.transport.set_write_timeout(timeout)
    }

    fn set_blocking(&mut self) -> io::Result<()> {
        self.transport.set_blocking()
    }

    fn set_nonblocking(&mut self) -> io::Result<()> {
        self.transport.set_nonblocking()
    }

    fn close_write(&mut self) -> io::Result<()> {
        self.transport.close_write()
    }
}

fn unwilling(stop: Duration, failures: u32) -> (Unwilling, MemoryPeer) {
    let clock = Clock::new();
    let (mut transport, peer) = MemoryTransport::new(&clock);
    transport.set_nonblocking().unwrap();
    (Unwilling { transport, clock, stop, failures }, peer)
}

#[test]
fn a_nonblocking_transport_is_not_polled_after_a_stop() {
    for stop in [0, 600, 6000] {
        let (transport, peer) = unwilling(Duration::from_millis(stop), 0);
        assert!(ServerStream::new(transport).next_request().unwrap().is_none());
        assert!(peer.reads() < 100, "{} reads after a stop of {stop} ms", peer.reads());
    }
}

#[test]
fn a_timeout_that_could_not_be_set_is_set_later() {
    for failures in 1..3 {
        let (transport, peer) = unwilling(Duration::ZERO, failures);
        let mut client = ClientStream::new(transport, "a");
        let error = client.request(Method::GET, Target::ROOT, &[], b"").unwrap_err();
        assert_eq!((error.is_timeout(), peer.fault()), (false, None), "{error}");
    }
}

#[test]
fn an_upgraded_socket_has_no_timeouts() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut stream = TcpStream::connect_timeout(&listener.local_addr().unwrap(), TIMEOUT).unwrap();
    let mut peer = ServerStream::new(listener.accept().unwrap().0);
    stream.write_all(b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n").unwrap();
    peer.next_request()
        .unwrap()
        .unwrap()
        .responder
        .begin(Status::OK, |head| head.without_body())
        .unwrap()
        .finish()
        .unwrap();
    let stream = peer.into_upgraded().unwrap().transport;
    assert_eq!((stream.read_timeout().unwrap(), stream.write_timeout().unwrap()), (None, None));
}

#[test]
fn tls_is_a_transport() {
    let authority = Authority::new();
    let (server, client) = (Arc::new(authority.server(|_| {})), Arc::new(authority.client()));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect_timeout(&listener.local_addr().unwrap(), TIMEOUT).unwrap();
    let served = thread::spawn(move || {
        serve(TlsStream::accept(&server, listener.accept().unwrap().0).unwrap())
    });
    let mut transport = TlsStream::connect(&client, "localhost", stream).unwrap();
    ask(&mut transport);
    transport.close_write().unwrap();
    served.join().unwrap();
}

#[test]
fn a_slow_sender_of_a_tls_hello_does_not_extend_the_timeout() {
    let server = Arc::new(Authority::new().server(|_| {}));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut stream = connect(listener.local_addr().unwrap());
    let settings = Settings::new().idle_timeout(Duration::from_millis(200));
    let served = thread::spawn(move || {
        let transport = TlsStream::accept(&server, listener.accept().unwrap().0).unwrap();
        ServerStream::with_settings(transport, settings)
            .next_request()
            .map(|exchange| exchange.is_none())
    });
    // The header of a record of 16 KB.
    stream.write_all(b"\x16\x03\x01\x40\x00\x01").unwrap();
    let start = Instant::now();
    while !served.is_finished() {
        assert!(start.elapsed() < TIMEOUT, "it is waited for");
        let _ = stream.write_all(b"\0");
        thread::park_timeout(Duration::from_millis(20));
    }
    assert!(served.join().unwrap().unwrap());
}

/// Octets that come in these pieces, and the room that each read had for them.
struct Rooms(Vec<Vec<u8>>, Vec<usize>);

impl Read for Rooms {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1.push(buffer.len());
        let Some(piece) = self.0.first_mut() else { return Ok(0) };
        let count = piece.as_slice().read(buffer)?;
        piece.drain(..count);
        if piece.is_empty() {
            self.0.remove(0);
        }
        Ok(count)
    }
}

impl Write for Rooms {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_large_buffer_receives_a_body_without_a_copy() {
    const LENGTH: usize = 200_000;
    let content: Vec<u8> = (0..=250).cycle().take(LENGTH).collect();
    let chunk = format!("{LENGTH:x}\r\n").into_bytes();
    let get = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
    for (framing, before, behind, room) in [
        (format!("Content-Length: {LENGTH}"), &b""[..], &b""[..], 65_536),
        (format!("Content-Length: {LENGTH}"), b"", b"", 32_768),
        ("Transfer-Encoding: chunked".into(), &chunk, b"\r\n0\r\n\r\n", 65_536),
    ] {
        let head = format!("PUT / HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n");
        let rest = [&content[5..], behind, get].concat();
        let pieces = vec![[head.as_bytes(), before, &content[..5]].concat(), rest];
        let mut transport = Rooms(pieces, Vec::new());
        let mut peer = ServerStream::new(Untimed(&mut transport));
        let Exchange { mut body, responder, .. } = peer.next_request().unwrap().unwrap();
        let (mut received, mut buffer) = (Vec::new(), vec![0; room]);
        while let count @ 1.. = body.read(&mut buffer).unwrap() {
            received.extend_from_slice(&buffer[..count]);
        }
        assert!(received == content, "{framing}, {room}");
        responder.send(Status::OK, &[], b"").unwrap();
        assert_eq!(peer.next_request().unwrap().unwrap().head.target().path(), "/next");
        drop(peer);
        let direct = transport.1.iter().filter(|&&read| read == room).count();
        assert_eq!(direct, LENGTH / room, "{framing}, {room}: {:?}", transport.1);
    }
}
