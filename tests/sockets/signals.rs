//! Tests that interrupted waits end in time.
//!
//! Each test runs again in a separate process, which is stopped and continued every 0.2 s. This
//! interrupts each wait on a socket with a timeout (signal(7)).

use crate::tls::Authority;
use crate::{TIMEOUT, lines, until};
use bareline_core::{Method, Status, Target};
use bareline_net::{
    ClientStream, Error, PeerError, ServerStream, Settings, TlsStream, UdpPeer, Wait,
};
use std::io::Write;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::{Duration, Instant};

/// The variable that is set in the interrupted process.
const INTERRUPTED: &str = "BARELINE_INTERRUPTED";
const SECOND: Duration = Duration::from_secs(1);

/// Runs `wait` in an interrupted process, long enough to notice a wait that signals extend.
fn interrupted(test: &str, wait: impl FnOnce()) {
    if std::env::var_os(INTERRUPTED).is_some() {
        return wait();
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    let child =
        child.args(["--exact", "--nocapture", test]).env(INTERRUPTED, "1").stdout(Stdio::piped());
    let mut child = child.spawn().unwrap();
    let (id, output) = (child.id(), lines(child.stdout.take().unwrap()));
    let signal = |name: &str| Command::new("kill").args([name, &id.to_string()]).status().unwrap();
    let start = Instant::now();
    // The output ends with the process.
    while output.recv_timeout(Duration::from_millis(180)) != Err(RecvTimeoutError::Disconnected) {
        assert!(start.elapsed() < TIMEOUT, "it waits without end");
        if start.elapsed() < 7 * SECOND {
            signal("-STOP");
            assert!(until(TIMEOUT, || is_stopped(id)), "it does not stop");
            signal("-CONT");
        }
    }
    assert!(child.wait().unwrap().success());
}

/// Returns whether the process is stopped, or has exited.
fn is_stopped(id: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    stat.rsplit_once(") ").unwrap().1.starts_with(['T', 'Z'])
}

/// Checks that a call takes about a second, and fails with this error.
fn takes_a_second<T>(wait: Wait, call: impl FnOnce() -> Result<T, Error>) {
    let start = Instant::now();
    let error = call().err().unwrap();
    let took = start.elapsed();
    let is_it =
        matches!(&error, Error::Peer(PeerError::TimedOut { wait: what, .. }) if *what == wait);
    assert!(is_it && took >= SECOND && took < 3 * SECOND, "{error} after {took:?}");
}

#[test]
fn signals_do_not_extend_the_wait_for_a_datagram() {
    interrupted("signals::signals_do_not_extend_the_wait_for_a_datagram", || {
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
        let peer = || UdpPeer::connect(silent.local_addr().unwrap()).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                takes_a_second(Wait::Datagram, || {
                    peer().receive_within(SECOND, &mut [0; 9]).map(drop)
                })
            });
            scope.spawn(|| {
                takes_a_second(Wait::Datagram, || {
                    peer().request(b"who", SECOND, &mut [0; 9], |_| true).map(drop)
                })
            });
        });
    });
}

#[test]
fn signals_do_not_extend_the_waits_of_a_connection() {
    interrupted("signals::signals_do_not_extend_the_waits_of_a_connection", || {
        let settings = Settings::new()
            .response_timeout(SECOND)
            .head_timeout(SECOND)
            .body_timeout(SECOND)
            .write_timeout(SECOND)
            .linger_silence_timeout(SECOND);
        let pair = || {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            (ours, listener.accept().unwrap().0)
        };
        let sent = |octets: &[u8]| {
            let (mut ours, theirs) = pair();
            ours.write_all(octets).unwrap();
            (ours, ServerStream::with_settings(theirs, settings))
        };
        thread::scope(|scope| {
            scope.spawn(|| {
                let (_ours, mut peer) = sent(b"GET / HT");
                takes_a_second(Wait::Head, || peer.next_request().map(drop));
            });
            scope.spawn(|| {
                let (_ours, mut peer) =
                    sent(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
                let mut exchange = peer.next_request().unwrap().unwrap();
                takes_a_second(Wait::Body, || {
                    Ok(std::io::copy(&mut exchange.body, &mut std::io::sink())?)
                });
            });
            scope.spawn(|| {
                let (_ours, mut peer) = sent(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
                let exchange = peer.next_request().unwrap().unwrap();
                let body = vec![b'x'; 100_000_000];
                takes_a_second(Wait::Write, || exchange.responder.send(Status::OK, &[], &body));
            });
            scope.spawn(|| {
                let (ours, _theirs) = pair();
                let mut client = ClientStream::with_settings(ours, "a", settings);
                takes_a_second(Wait::Response, || {
                    client.request(Method::GET, Target::ROOT, &[], b"").map(drop)
                });
            });
            scope.spawn(|| {
                // The first octet of a record: a handshake may take any number of reads.
                let (mut ours, theirs) = pair();
                ours.write_all(b"\x16").unwrap();
                let transport =
                    TlsStream::accept(&Arc::new(Authority::new().server(|_| {})), theirs).unwrap();
                let mut peer =
                    ServerStream::with_settings(transport, settings.idle_timeout(SECOND));
                let start = Instant::now();
                assert!(peer.next_request().unwrap().is_none());
                assert!(
                    start.elapsed() >= SECOND && start.elapsed() < 3 * SECOND,
                    "{:?}",
                    start.elapsed()
                );
            });
        });
    });
}
