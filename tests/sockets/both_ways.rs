//! Tests of a client that receives the response while it sends the request.

use crate::client::read_head;
use crate::clients::served_by;
use crate::service::Service;
use bareline_core::{Method, Status, Target};
use bareline_net::{Client, ClientStream, Error, Exchange, PeerError, Server, Settings, Wait};
use std::io::{self, Cursor, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use std::{mem, thread};

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
    for by in ["a slice", "a reader", "a write", "small writes"] {
        let (over, is_over) = mpsc::channel::<()>();
        let (url, served) = served_by(move |stream| {
            read_head(stream);
            stream
                .write_all(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")
                .unwrap();
            assert_eq!(is_over.recv_timeout(crate::TIMEOUT), Err(RecvTimeoutError::Disconnected));
        });
        let settings = Settings::new().write_timeout(Duration::MAX);
        let content = vec![b'x'; LENGTH];
        if by.contains("write") {
            let address = url.trim_start_matches("http://").trim_end_matches('/');
            let mut client = ClientStream::connect_with_settings(address, settings).unwrap();
            let mut request =
                client.begin(Method::PUT, Target::ROOT, |head| head.chunked()).unwrap();
            let piece = if by == "a write" { LENGTH } else { 1000 };
            for piece in content.chunks(piece) {
                request.write_all(piece).unwrap();
            }
            assert!(request.is_ended_early(), "{by}");
            let response = request.finish().unwrap();
            assert_eq!(response.head.status(), Status::CONTENT_TOO_LARGE);
            assert_eq!(io::read_to_string(response.body).unwrap(), "no");
        } else {
            let client = Client::new().settings(settings);
            let request = client.request(Method::PUT, &url).unwrap();
            let response = match by {
                "a reader" => request.send_reader(io::repeat(b'x')),
                _ => request.send_body(&content),
            };
            let response = response.unwrap();
            assert_eq!(response.status(), Status::CONTENT_TOO_LARGE);
            assert_eq!(io::read_to_string(response).unwrap(), "no");
        }
        drop(over);
        served.join().unwrap();
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

/// The body of an upload: one octet, and more once the server has sent all that it sends.
struct Paused {
    sent: Receiver<()>,
    is_begun: bool,
}

impl Read for Paused {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !mem::replace(&mut self.is_begun, true) {
            return Ok(buffer.iter_mut().take(1).map(|octet| *octet = b'x').count());
        }
        let _ = self.sent.recv_timeout(crate::TIMEOUT);
        buffer.fill(b'x');
        Ok(buffer.len())
    }
}

/// Uploads to a server that sends these octets in mid-request, half-closes, and reads on: once by a
/// reader, once by a writer. Returns the status and the body of the response.
fn half_closed(sent: &'static str) -> [Result<(Status, String), Error>; 2] {
    let serve = move || {
        let (all, paused) = mpsc::channel();
        let (url, served) = served_by(move |stream| {
            read_head(stream);
            stream.write_all(sent.as_bytes()).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            drop(all);
            // The client may reset the connection.
            let mut count = 0;
            let mut piece = [0; 65_536];
            while count < LENGTH
                && let Ok(read @ 1..) = stream.read(&mut piece)
            {
                count += read;
            }
            count
        });
        (url, paused, served)
    };
    let (url, sent, served) = serve();
    let client = Client::new();
    let request = client.request(Method::PUT, &url).unwrap();
    let response = request.send_reader(Paused { sent, is_begun: false });
    let by_reader = response.and_then(|response| {
        let status = response.status();
        Ok((status, io::read_to_string(response)?))
    });
    assert!(served.join().unwrap() < LENGTH, "the rest of the request is not sent");

    let (url, sent, served) = serve();
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut client = ClientStream::connect(address).unwrap();
    let mut request = client.begin(Method::PUT, Target::ROOT, |head| head.chunked()).unwrap();
    request.write_all(b"x").unwrap();
    request.flush().unwrap();
    let _ = sent.recv_timeout(crate::TIMEOUT);
    assert!(!request.is_ended_early());
    request.write_all(&vec![b'x'; LENGTH]).unwrap();
    assert!(request.is_ended_early(), "a caller can ask whether the body was cut");
    let by_writer = request.finish().and_then(|response| {
        let status = response.head.status();
        Ok((status, io::read_to_string(response.body)?))
    });
    drop(client);
    assert!(served.join().unwrap() < LENGTH, "the rest of the request is not sent");
    [by_reader, by_writer]
}

/// A lingering close, such as that of our own server: the response stands, and its request ends.
#[test]
fn rfc9112_9_6_a_response_before_a_half_close_stands() {
    for (sent, status) in [
        ("HTTP/1.1 413 \r\nContent-Length: 2\r\n\r\nhi", Status::CONTENT_TOO_LARGE),
        ("HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nhi", Status::OK),
        ("HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", Status::OK),
        ("HTTP/1.1 200 \r\n\r\nhi", Status::OK),
    ] {
        for response in half_closed(sent) {
            let response = response.unwrap_or_else(|error| panic!("{sent}: {error}"));
            assert_eq!(response, (status, "hi".to_owned()), "{sent}");
        }
    }
}

#[test]
fn a_half_close_without_a_response_is_named_so() {
    for response in half_closed("") {
        assert!(matches!(response, Err(Error::Peer(PeerError::NoResponse))), "{response:?}");
    }
    for response in half_closed("HTTP/1.1 200 \r\nContent-Length: 3\r\n\r\nhi") {
        let is_cut = matches!(response, Err(Error::Peer(PeerError::TruncatedResponse)));
        assert!(is_cut, "{response:?}");
    }
}

/// The server reads no more, since the client does not read the response.
#[test]
fn a_write_that_times_out_behind_a_response_is_an_error() {
    let (service, content) = service();
    let settings = Settings::new().write_timeout(Duration::from_millis(300));
    let address = service.address.to_string();
    let mut client = ClientStream::connect_with_settings(&address, settings).unwrap();
    let target = Target::new("/echo").unwrap();
    let mut request = client.begin(Method::PUT, target, |head| head.chunked()).unwrap();
    request.write_all(&content).unwrap();
    let error = request.finish().map(drop).unwrap_err();
    let is_late = matches!(error, Error::Peer(PeerError::TimedOut { wait: Wait::Write, .. }));
    assert!(is_late, "{error:?}");
}

/// The server closes an idle connection when the head of an upload is on its way.
#[test]
fn an_upload_is_repeated_on_a_new_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let (mut idle, _) = listener.accept().unwrap();
        read_head(&mut idle);
        idle.write_all(b"HTTP/1.1 204 \r\n\r\n").unwrap();
        read_head(&mut idle);
        idle.shutdown(Shutdown::Write).unwrap();
        let _ = io::copy(&mut idle, &mut io::sink());
        let (mut stream, _) = listener.accept().unwrap();
        read_head(&mut stream);
        stream.read_exact(&mut vec![0; LENGTH]).unwrap();
        stream.write_all(b"HTTP/1.1 204 \r\n\r\n").unwrap();
    });
    let client = Client::new();
    client.get(&url).unwrap();
    let request = client.request(Method::PUT, &url).unwrap();
    let response = request.send_body(&vec![b'x'; LENGTH]).unwrap();
    assert_eq!(response.status(), Status::NO_CONTENT);
    served.join().unwrap();
}

/// Uploads by a writer and by a reader, with this `write_timeout`, to a server that sends `first`,
/// then `again` each 20 ms, and reads the request after `pause`. Returns the results, and asserts
/// that an upload which fails does so while the server sends.
fn trickled(
    timeout: Duration,
    first: &'static str,
    again: &'static str,
    pause: Duration,
) -> [Result<Status, Error>; 2] {
    let settings = Settings::new().write_timeout(timeout).head_timeout(timeout);
    [true, false].map(|is_written| {
        let (over, is_over) = mpsc::channel::<()>();
        let (url, served) = served_by(move |stream| {
            read_head(stream);
            let _ = stream.write_all(first.as_bytes());
            let (start, step) = (Instant::now(), Duration::from_millis(20));
            while is_over.recv_timeout(step) == Err(RecvTimeoutError::Timeout) {
                // The client may have closed.
                let _ = stream.write_all(again.as_bytes());
                if start.elapsed() > pause {
                    let (mut request, mut piece) = (Vec::new(), [0; 65_536]);
                    while !request.ends_with(b"\r\n0\r\n\r\n")
                        && let Ok(count @ 1..) = stream.read(&mut piece)
                    {
                        request.extend_from_slice(&piece[..count]);
                    }
                    return;
                }
                assert!(start.elapsed() < crate::TIMEOUT, "the upload lasts as long as the server");
            }
        });
        let content = vec![b'x'; LENGTH];
        let result = if is_written {
            let address = url.trim_start_matches("http://").trim_end_matches('/');
            let mut client = ClientStream::connect_with_settings(address, settings).unwrap();
            let mut request =
                client.begin(Method::PUT, Target::ROOT, |head| head.chunked()).unwrap();
            request.write_all(&content).unwrap();
            request.finish().map(|response| response.head.status())
        } else {
            let client = Client::new().settings(settings);
            let request = client.request(Method::PUT, &url).unwrap();
            request.send_reader(Cursor::new(content)).map(|response| response.status())
        };
        drop(over);
        served.join().unwrap();
        result
    })
}

/// The server reads nothing.
#[test]
fn octets_that_are_no_body_do_not_extend_an_upload() {
    for (first, again) in [
        ("HTTP/1.1 200 OK\r\nX: ", "x"),
        ("HTTP/1.1 204 No Content\r\n\r\n", "x"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "x"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "x"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", "x"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "x"),
    ] {
        for error in trickled(Duration::from_millis(300), first, again, Duration::MAX) {
            let is_late =
                matches!(error, Err(Error::Peer(PeerError::TimedOut { wait: Wait::Write, .. })));
            assert!(is_late, "{first}: {error:?}");
        }
    }
}

/// The server reads the request after a time longer than the timeout.
#[test]
fn octets_of_a_body_extend_an_upload() {
    let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let length = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    let cases = [(chunks, "1\r\nx\r\n"), (length, "x"), ("HTTP/1.1 200 OK\r\n\r\n", "x")];
    let (timeout, pause) = (Duration::from_secs(1), Duration::from_secs(2));
    let uploads = cases.map(|(first, again)| {
        (first, thread::spawn(move || trickled(timeout, first, again, pause)))
    });
    for (first, upload) in uploads {
        for status in upload.join().unwrap() {
            assert_eq!(status.unwrap(), Status::OK, "{first}");
        }
    }
}

/// The upload goes on while the response is read, which is more than the client holds.
#[test]
fn octets_behind_a_read_response_do_not_extend_an_upload() {
    let (over, is_over) = mpsc::channel::<()>();
    let (url, served) = served_by(move |stream| {
        read_head(stream);
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&[b'y'; 500_000]).unwrap();
        let start = Instant::now();
        while is_over.recv_timeout(Duration::from_millis(20)) == Err(RecvTimeoutError::Timeout) {
            let _ = stream.write_all(b"x");
            assert!(start.elapsed() < crate::TIMEOUT, "the upload lasts as long as the server");
        }
    });
    let client = Client::new().settings(Settings::new().write_timeout(Duration::from_millis(300)));
    let request = client.request(Method::PUT, &url).unwrap();
    let response = request.send_reader(io::repeat(b'x')).unwrap();
    assert_eq!(read_by(response, 10_000).len(), 500_000);
    drop(over);
    served.join().unwrap();
}

/// The client sends half of its body, and then the server resets the connection.
#[test]
fn a_reset_in_a_response_is_the_error_of_its_body() {
    let serve = || {
        served_by(|stream| {
            read_head(stream);
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nhi!").unwrap();
            stream.read_exact(&mut vec![0; LENGTH / 2]).unwrap();
        })
    };
    let content = vec![b'x'; LENGTH];
    let (url, served) = serve();
    let client = Client::new();
    let mut by_client = client.request(Method::PUT, &url).unwrap().send_body(&content).unwrap();
    served.join().unwrap();

    let (url, served) = serve();
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut client = ClientStream::connect(address).unwrap();
    let mut request = client.begin(Method::PUT, Target::ROOT, |head| head.chunked()).unwrap();
    request.write_all(&content).unwrap();
    let mut by_writer = request.finish().unwrap();
    served.join().unwrap();

    let bodies: [&mut dyn Read; 2] = [&mut by_client, &mut by_writer.body];
    for body in bodies {
        let mut text = Vec::new();
        let error = body.read_to_end(&mut text).unwrap_err();
        assert_eq!(
            (&*text, error.kind()),
            (&b"hi!"[..], io::ErrorKind::ConnectionReset),
            "{error}"
        );
    }
}
