//! Tests of a client that receives the response while it sends the request.

use crate::client::read_head;
use crate::clients::served_by;
use crate::service::Service;
use bareline_core::{Method, Status, Target};
use bareline_net::{Client, ClientStream, Error, Exchange, PeerError, Server, Settings, Wait};
use std::io::{self, Cursor, Read, Write};
use std::thread;
use std::time::{Duration, Instant};

/// More than all buffers between two ends hold.
const LENGTH: usize = 20_000_000;

/// Sends back what it reads, as it reads.
fn echo(Exchange { mut body, responder, .. }: Exchange<'_>) -> Result<(), Error> {
    let mut back = responder.while_reading().stream(Status::OK, &[])?;
    io::copy(&mut body, &mut back)?;
    back.finish()
}

fn service() -> (Service, Vec<u8>) {
    let settings = Settings::new().body_limit(u64::MAX);
    let service = Service::new(|server: Server| server.settings(settings), echo);
    (service, (0..=250).cycle().take(LENGTH).collect())
}

/// Reads to the end, in reads of this many octets.
fn read_by(mut body: impl Read, octets: usize) -> Vec<u8> {
    let (mut text, mut buffer) = (Vec::new(), vec![0; octets]);
    while let count @ 1.. = body.read(&mut buffer).unwrap() {
        text.extend_from_slice(&buffer[..count]);
    }
    text
}

#[test]
fn a_client_sends_and_receives_at_the_same_time() {
    let (service, content) = service();
    let url = format!("http://{}/", service.address);
    let client = Client::new().settings(Settings::new().body_limit(u64::MAX));
    let post = || client.request(Method::POST, &url).unwrap();
    let reader = || Cursor::new(content.clone());
    let response = post().send_body(&content).unwrap();
    assert!(read_by(response, 100_000) == content);
    let response = post().send_reader(reader()).unwrap();
    assert!(read_by(response, 10_000) == content);
    let response = post().send_reader_sized(reader(), LENGTH as u64).unwrap();
    assert!(read_by(response, 20_000) == content);
    // Each exchange was complete.
    assert_eq!(service.handle.counts().connections, 1);
}

#[test]
fn a_stream_sends_and_receives_at_the_same_time() {
    let (service, content) = service();
    let settings = Settings::new().body_limit(u64::MAX);
    let address = service.address.to_string();
    let mut client = ClientStream::connect_with_settings(&address, settings).unwrap();
    for _ in 0..2 {
        let response = client.request(Method::POST, Target::ROOT, &[], &content).unwrap();
        assert!(read_by(response.body, 50_000) == content);
        let mut request = client.begin(Method::POST, Target::ROOT, |head| head.chunked()).unwrap();
        request.write_all(&content[..10]).unwrap();
        let response = request.send_reader(Cursor::new(content[10..].to_vec())).unwrap();
        assert!(read_by(response.body, 50_000) == content);
    }
}

#[test]
fn a_response_may_end_before_its_request() {
    let (url, served) = served_by(|stream| {
        let head = read_head(stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").unwrap();
        let mut rest = vec![0; LENGTH];
        stream.read_exact(&mut rest).unwrap();
        (head, rest)
    });
    let client = Client::new();
    let content = vec![b'x'; LENGTH];
    let response = client.request(Method::PUT, &url).unwrap().send_body(&content).unwrap();
    assert_eq!(io::read_to_string(response).unwrap(), "hi");
    let (head, rest) = served.join().unwrap();
    assert!(head.starts_with("PUT / HTTP/1.1\r\n") && rest == content);
}

#[test]
fn a_large_response_may_end_before_its_request_is_read() {
    let (url, served) = served_by(|stream| {
        read_head(stream);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&vec![b'y'; LENGTH]).unwrap();
        let mut rest = vec![0; LENGTH];
        stream.read_exact(&mut rest).unwrap();
        rest
    });
    let client = Client::new().settings(Settings::new().body_limit(u64::MAX));
    let content = vec![b'x'; LENGTH];
    let response = client.request(Method::PUT, &url).unwrap().send_body(&content).unwrap();
    assert!(read_by(response, 10_000) == vec![b'y'; LENGTH]);
    assert!(served.join().unwrap() == content);
}

/// The server reads no octet of the body, and does not close.
#[test]
fn a_rejection_ends_the_request_at_once() {
    for is_streamed in [false, true] {
        let (url, served) = served_by(|stream| {
            read_head(stream);
            stream
                .write_all(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")
                .unwrap();
            // The client closes.
            io::copy(stream, &mut io::sink())
        });
        let client = Client::new();
        let request = client.request(Method::PUT, &url).unwrap();
        let response = if is_streamed {
            request.send_reader(io::repeat(b'x'))
        } else {
            request.send_body(&vec![b'x'; LENGTH])
        };
        let response = response.unwrap();
        assert_eq!(response.status(), Status::CONTENT_TOO_LARGE);
        assert_eq!(io::read_to_string(response).unwrap(), "no");
        // A close with unread octets may be a reset.
        let _ = served.join().unwrap();
    }
}

#[test]
fn a_dropped_response_ends_its_request() {
    let (service, _) = service();
    let client = Client::new();
    let url = format!("http://{}/", service.address);
    let request = client.request(Method::POST, &url).unwrap();
    drop(request.send_reader(io::repeat(b'x')).unwrap());
    assert!(crate::until(crate::TIMEOUT, || service.handle.counts().connections == 0));
}

#[test]
fn a_reader_that_fails_later_is_an_error_of_the_response() {
    let (service, _) = service();
    let client = Client::new().settings(Settings::new().body_limit(u64::MAX));
    let url = format!("http://{}/", service.address);
    let broken = io::repeat(b'x').take(LENGTH as u64).chain(Broken);
    let request = client.request(Method::POST, &url).unwrap();
    let mut response = request.send_reader(broken).unwrap();
    let error = io::copy(&mut response, &mut io::sink()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::InvalidData.into())
    }
}

/// The server neither reads nor sends.
#[test]
fn a_server_that_does_nothing_times_out() {
    let (url, served) = served_by(|stream| {
        read_head(stream);
        thread::park_timeout(crate::TIMEOUT);
    });
    let timeout = Duration::from_millis(300);
    let client = Client::new().settings(Settings::new().write_timeout(timeout));
    let start = Instant::now();
    let request = client.request(Method::PUT, &url).unwrap();
    let error = request.send_reader(io::repeat(b'x')).unwrap_err();
    assert!(
        matches!(error, Error::Peer(PeerError::TimedOut { wait: Wait::Write, .. })),
        "{error:?}"
    );
    assert!(start.elapsed() >= timeout && start.elapsed() < crate::TIMEOUT / 2);
    served.thread().unpark();
    served.join().unwrap();
}
