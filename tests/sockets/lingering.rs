//! Tests of the lingering close: after the end, octets of the client are read within limits.

use crate::service::{GET, Service};
use crate::{TIMEOUT, connect, exchange, serve_one, until};
use bareline_core::Status;
use bareline_net::Settings;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A request that is rejected for its head, and whose client continues to send.
const REJECTED: &[u8] = b"PUT / HTTP/1.1\r\nHost : a\r\nContent-Length: 1000000000\r\n\r\n";

/// Serves one connection with a rejected request; returns the time until the close.
fn rejected(settings: Settings) -> (SocketAddr, JoinHandle<Duration>) {
    serve_one(settings, |mut peer| {
        let start = Instant::now();
        assert!(peer.next_request().is_err());
        drop(peer);
        start.elapsed()
    })
}

/// Sends octets, one piece after each pause, until the server closes; returns their number.
fn send_on(mut stream: TcpStream, piece: &[u8], pause: Duration) -> usize {
    let (start, mut sent) = (Instant::now(), 0);
    while let Ok(count) = stream.write(piece) {
        sent += count;
        assert!(start.elapsed() < TIMEOUT, "the server reads on and on");
        if !pause.is_zero() {
            thread::park_timeout(pause);
        }
    }
    sent
}

/// Starts a client that has its response, and continues to send a body too long to discard.
fn responded_to(address: SocketAddr) -> JoinHandle<usize> {
    let mut stream = connect(address);
    stream.write_all(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n").unwrap();
    stream.read_exact(&mut [0; 12]).unwrap();
    thread::spawn(|| send_on(stream, &[b'x'; 1024], Duration::from_millis(5)))
}

#[test]
fn rfc9112_9_6_a_large_upload_does_not_lose_its_response() {
    for (limit, is_lost) in [(64 << 20, false), (1 << 20, true)] {
        let settings = Settings::new().linger_limit(limit);
        let (address, served) = rejected(settings);
        let mut stream = connect(address);
        stream.write_all(REJECTED).unwrap();
        // Some clients read only after they have sent everything.
        let piece = [b'x'; 64 * 1024];
        let sent = (0..20 * 16).try_for_each(|_| stream.write_all(&piece));
        let mut response = Vec::new();
        let read = sent.and_then(|()| stream.read_to_end(&mut response));
        assert_eq!(read.is_err(), is_lost, "{read:?} with a limit of {limit}");
        assert!(is_lost || response.starts_with(b"HTTP/1.1 400 "));
        drop(stream);
        served.join().unwrap();
    }
}

#[test]
fn rfc9112_9_6_silence_ends_the_lingering_close() {
    let linger_silence_timeout = Duration::from_millis(300);
    let settings = Settings::new().linger_silence_timeout(linger_silence_timeout);
    let (address, served) = rejected(settings);
    let mut stream = connect(address);
    stream.write_all(REJECTED).unwrap();
    let took = served.join().unwrap();
    assert!(took >= linger_silence_timeout && took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn the_need_of_room_ends_the_lingering_close() {
    let service = Service::new(
        |server| server.max_connections(1),
        |exchange| exchange.responder.send(Status::NOT_FOUND, &[], b"none"),
    );
    let sender = responded_to(service.address);
    let start = Instant::now();
    // The first one lingers soon, and then it is the one that closes.
    let last = [&GET[..GET.len() - 2], b"Connection: close\r\n\r\n"].concat();
    assert!(until(TIMEOUT, || exchange(service.address, &last).contains(" 404 ")));
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    sender.join().unwrap();
}
