//! Tests of a client that keeps connections alive, against servers that close them at bad times.

use crate::client::read_head;
use crate::free_address;
use bareline_core::error::{ParseErrorKind, WriteError};
use bareline_core::{FieldName, FieldValue, Method, Status, Target};
use bareline_net::{
    Client, ClientResponse, ClientStream, Error, Exchange, PeerError, ServerStream, Settings,
    UrlError, Wait,
};
use std::io::{self, Cursor, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Starts a server of several connections in sequence, each with its own responses.
///
/// Before each response it reads a head. It returns each request line with the number of its
/// connection. After the last response it closes the connection.
fn canned(connections: &[&[&'static str]]) -> (String, JoinHandle<Vec<String>>) {
    let connections: Vec<_> = connections.iter().map(|responses| responses.to_vec()).collect();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let mut requests = Vec::new();
        for (connection, responses) in connections.into_iter().enumerate() {
            let mut stream = listener.accept().unwrap().0;
            for response in responses {
                let head = read_head(&mut stream);
                requests.push(format!("{connection} {}", head.lines().next().unwrap()));
                stream.write_all(response.as_bytes()).unwrap();
            }
        }
        requests
    });
    (url, served)
}

/// Starts a server of one connection, which `serve` serves.
pub(crate) fn served_by<T: Send + 'static>(
    serve: impl FnOnce(&mut TcpStream) -> T + Send + 'static,
) -> (String, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    (url, thread::spawn(move || serve(&mut listener.accept().unwrap().0)))
}

/// Starts a server of any number of concurrent connections, and counts them.
fn server(
    serve: impl Fn(Exchange<'_>) -> Result<(), Error> + Send + Sync + 'static,
) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (count, serve) = (Arc::new(AtomicUsize::new(0)), Arc::new(serve));
    let counted = Arc::clone(&count);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::SeqCst);
            let serve = Arc::clone(&serve);
            thread::spawn(move || {
                let mut peer =
                    ServerStream::with_settings(stream, Settings::new().body_limit(u64::MAX));
                while let Ok(Some(exchange)) = peer.next_request() {
                    if serve(exchange).is_err() {
                        break;
                    }
                }
            });
        }
    });
    (url, count)
}

fn get(client: &Client, url: &str) -> Result<String, Error> {
    Ok(io::read_to_string(client.get(url)?)?)
}

const HI: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
/// A response without an octet: the connection is closed after the request.
const SILENT: &str = "";

#[test]
fn rfc9112_9_3_a_connection_is_kept_alive_for_the_next_request() {
    let (url, served) = canned(&[&[
        HI,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nSum: 2\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        HI,
    ]]);
    let client = Client::new();
    assert_eq!(get(&client, &url).unwrap(), "hi");
    // The connection is free at the body's end, not when the body is dropped; its octets stay.
    let mut chunked = client.get(&url).unwrap();
    assert_eq!(
        (io::read_to_string(&mut chunked).unwrap(), chunked.read(&mut [0]).unwrap()),
        ("hi".to_owned(), 0)
    );
    let no_content = client.get(&url).unwrap();
    let not_modified = client.get(&url).unwrap();
    assert_eq!(
        (no_content.status(), not_modified.status()),
        (Status::NO_CONTENT, Status::NOT_MODIFIED)
    );
    let head = client.request(Method::HEAD, &url).unwrap().send().unwrap();
    assert_eq!(
        head.head().fields().only(FieldName::CONTENT_LENGTH).unwrap().unwrap().as_bytes(),
        b"9"
    );
    assert_eq!(get(&client, &url).unwrap(), "");
    let same = url.replace("http://", "HTTP://").trim_end_matches('/').to_owned();
    assert_eq!(get(&client, &format!("{same}/a?b#c")).unwrap(), "hi");
    assert_eq!(served.join().unwrap().last().unwrap(), "0 GET /a?b HTTP/1.1");
    assert_eq!(chunked.head().as_bytes(), b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(chunked.trailers().iter().next().unwrap().0, FieldName::from_static("Sum"));
}

#[test]
fn rfc9112_9_3_a_body_until_close_ends_the_connection() {
    let (url, served) = canned(&[
        &["HTTP/1.1 200 OK\r\n\r\nto the end"],
        &["HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"],
        &["HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi"],
        &["HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"],
        &["HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"],
        &[HI],
    ]);
    let client = Client::new();
    for body in ["to the end", "hi", "hi", ""] {
        assert_eq!(get(&client, &url).unwrap(), body);
    }
    let (upgrade, x) = (FieldValue::from_static("upgrade"), FieldValue::from_static("x"));
    let request = client
        .request(Method::GET, &url)
        .unwrap()
        .field(FieldName::CONNECTION, upgrade)
        .field(FieldName::UPGRADE, x);
    assert_eq!(request.send().unwrap().status(), Status::SWITCHING_PROTOCOLS);
    assert_eq!(get(&client, &url).unwrap(), "hi");
    assert_eq!(served.join().unwrap().len(), 6);
}

#[test]
fn idle_connections_are_limited_in_time_and_in_number() {
    for (client, accepted) in [
        (Client::new(), 1),
        (Client::new().idle_timeout(Duration::ZERO), 2),
        (Client::new().max_idle(0), 2),
        (Client::new().max_idle_per_host(0), 2),
    ] {
        let (url, count) = server(|exchange| exchange.responder.send(Status::OK, &[], b"hi"));
        assert_eq!(
            (get(&client, &url).unwrap(), get(&client, &url).unwrap()),
            ("hi".to_owned(), "hi".to_owned())
        );
        assert_eq!(count.load(Ordering::SeqCst), accepted, "{client:?}");
    }
    // Three at once leave as many idle ones as the limit; the next three open the others anew.
    for (client, accepted) in [
        (Client::new(), 3),
        (Client::new().max_idle(2), 4),
        (Client::new().max_idle_per_host(1), 5),
    ] {
        let (url, count) =
            server(|exchange| exchange.responder.send(Status::OK, &[], &[b'x'; 100_000]));
        for _ in 0..2 {
            let responses: Vec<_> = (0..3).map(|_| client.get(&url).unwrap()).collect();
            for response in responses {
                assert_eq!(io::read_to_string(response).unwrap().len(), 100_000);
            }
        }
        assert_eq!(count.load(Ordering::SeqCst), accepted, "{client:?}");
    }
}

#[test]
fn rfc9110_9_2_2_a_request_is_repeated_once_on_a_new_connection() {
    for method in
        [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE, Method::PUT, Method::DELETE]
    {
        let (url, served) = canned(&[&[HI, SILENT], &["HTTP/1.1 204 No Content\r\n\r\n"]]);
        let client = Client::new();
        assert_eq!(get(&client, &url).unwrap(), "hi");
        let (mut heads, mut watch) = (0, Vec::new());
        let mut count = |head: &[u8]| {
            heads += 1;
            watch = head.to_vec();
        };
        let request = client.request(method, &url).unwrap().on_head(&mut count);
        let response =
            if method == Method::PUT { request.send_body(b"again") } else { request.send() };
        assert_eq!(response.unwrap().status(), Status::NO_CONTENT, "{method}");
        let requests = served.join().unwrap();
        assert_eq!(
            requests[1..],
            [format!("0 {method} / HTTP/1.1"), format!("1 {method} / HTTP/1.1")]
        );
        assert!(
            heads == 2 && watch.starts_with(format!("{method} / HTTP/1.1\r\nHost: ").as_bytes())
        );
    }
    // On a new connection, a close without a response is an error.
    let (url, served) = canned(&[&[HI, SILENT], &[SILENT]]);
    let client = Client::new();
    assert_eq!(get(&client, &url).unwrap(), "hi");
    let error = get(&client, &url).unwrap_err();
    assert!(matches!(error, Error::Peer(PeerError::NoResponse)), "{error:?}");
    assert_eq!(served.join().unwrap().len(), 3);
}

#[test]
fn rfc9110_15_5_9_a_408_on_a_reused_connection_is_retried() {
    const TIMEOUT: &str =
        "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    for (method, is_retried) in [(Method::GET, true), (Method::PUT, true), (Method::POST, false)] {
        let (url, _served) = canned(&[&[HI, TIMEOUT], &[HI]]);
        let client = Client::new();
        assert_eq!(get(&client, &url).unwrap(), "hi");
        let status = client.request(method, &url).unwrap().send().unwrap().status();
        let expected = if is_retried { Status::OK } else { Status::REQUEST_TIMEOUT };
        assert_eq!(status, expected, "{method}");
    }
    // On a new connection, a 408 is the response.
    let (url, _served) = canned(&[&[TIMEOUT], &[HI]]);
    assert_eq!(Client::new().get(&url).unwrap().status(), Status::REQUEST_TIMEOUT);
}

#[test]
fn rfc9110_9_2_2_an_unsafe_or_begun_exchange_is_sent_once() {
    for (method, is_streamed, response) in [
        (Method::POST, false, SILENT),
        (Method::PATCH, false, SILENT),
        (Method::new("PURGE").unwrap(), false, SILENT),
        (Method::PUT, true, SILENT),
        (Method::GET, false, "H"),
        (Method::GET, false, "HTTP/1.1 103 Early Hints\r\n\r\n"),
    ] {
        // A second connection would get a response.
        let (url, _served) = canned(&[&[HI, response], &[HI]]);
        let client = Client::new();
        assert_eq!(get(&client, &url).unwrap(), "hi");
        let request = client.request(method, &url).unwrap();
        let error = if is_streamed { request.send_reader(&b"once"[..]) } else { request.send() }
            .unwrap_err();
        let is_closed = matches!(
            &error,
            Error::Peer(PeerError::NoResponse | PeerError::TruncatedResponse)
        ) || matches!(&error, Error::Io(error) if error.kind() == io::ErrorKind::ConnectionReset);
        assert!(is_closed, "{method} {response:?}: {error:?}");
    }
}

#[test]
fn rfc9112_9_3_1_a_reset_in_place_of_a_response_is_retried_too() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        read_head(&mut stream);
        stream.write_all(HI.as_bytes()).unwrap();
        read_head(&mut stream);
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
        drop(stream);
        let mut stream = listener.accept().unwrap().0;
        read_head(&mut stream);
        stream.write_all(HI.as_bytes()).unwrap();
    });
    let client = Client::new();
    assert_eq!(
        (get(&client, &url).unwrap(), get(&client, &url).unwrap()),
        ("hi".to_owned(), "hi".to_owned())
    );
    served.join().unwrap();
}

#[test]
fn rfc9112_9_2_a_connection_closed_or_with_octets_is_not_used() {
    let wrong = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong";
    for behind in ["", wrong, "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n", "x"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let ((read, is_read), (closed, is_closed)) = (channel(), channel());
        let served = thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            read_head(&mut stream);
            stream.write_all(HI.as_bytes()).unwrap();
            is_read.recv().unwrap();
            stream.write_all(behind.as_bytes()).unwrap();
            drop(stream);
            closed.send(()).unwrap();
            let mut stream = listener.accept().unwrap().0;
            let head = read_head(&mut stream);
            stream.write_all(HI.as_bytes()).unwrap();
            head
        });
        let client = Client::new();
        assert_eq!(get(&client, &url).unwrap(), "hi");
        read.send(()).unwrap();
        is_closed.recv().unwrap();
        // Nothing has been sent on the connection, so that even this request may use another one.
        let response =
            client.request(Method::POST, &url).unwrap().send_reader(&b"once"[..]).unwrap();
        assert_eq!(io::read_to_string(response).unwrap(), "hi");
        assert!(served.join().unwrap().starts_with("POST / HTTP/1.1\r\n"));
    }
    // Octets that arrive together with a response are not used for the next one either.
    let (url, served) = canned(&[
        &["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\nContent-Length: \
           5\r\n\r\nwrong"],
        &[HI],
    ]);
    let client = Client::new();
    assert_eq!(
        (get(&client, &url).unwrap(), get(&client, &url).unwrap()),
        ("hi".to_owned(), "hi".to_owned())
    );
    served.join().unwrap();
}

#[test]
fn rfc9112_6_1_a_stream_to_an_http_1_0_server_names_the_remedy() {
    let (url, served) = served_by(|stream| {
        read_head(stream);
        stream
            .write_all(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n")
            .unwrap();
        io::copy(stream, &mut io::sink()).unwrap()
    });
    let client = Client::new();
    assert_eq!(get(&client, &url).unwrap(), "");
    let error = client.request(Method::PUT, &url).unwrap().send_reader(&b"hi"[..]).unwrap_err();
    let told = "not supported by an HTTP/1.0 peer (RFC 9112 section 6.1): send a body with its \
                length, by send_reader_sized or stream_sized";
    assert_eq!(error.to_string(), told);
    assert_eq!(served.join().unwrap(), 0, "nothing has been sent");
}

#[test]
fn rfc9112_8_a_cut_response_is_an_error_and_ends_the_connection() {
    for cut in [
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n",
        "HTTP/1.1 200 OK\r\nConte",
    ] {
        let (url, served) = canned(&[&[cut], &[HI]]);
        let client = Client::new();
        let error = get(&client, &url).unwrap_err();
        assert!(matches!(error, Error::Peer(PeerError::TruncatedResponse)), "{error:?}");
        assert_eq!(get(&client, &url).unwrap(), "hi");
        assert_eq!(served.join().unwrap(), ["0 GET / HTTP/1.1", "1 GET / HTTP/1.1"]);
    }
}

#[test]
fn a_dropped_response_closes_unless_all_of_it_has_come() {
    let (url, served) = served_by(|stream| {
        read_head(stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi").unwrap();
        // Reads until the client closes, which does not wait for the third octet.
        stream
            .read_to_end(&mut Vec::new())
            .map_or_else(|error| error.kind() == io::ErrorKind::ConnectionReset, |count| count == 0)
    });
    let client = Client::new();
    let mut response = client.get(&url).unwrap();
    let mut octets = [0; 2];
    response.read_exact(&mut octets).unwrap();
    assert_eq!(&octets, b"hi");
    drop(response);
    assert!(served.join().unwrap());

    let (url, served) = canned(&[&[
        HI,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        HI,
    ]]);
    for _ in 0..2 {
        assert_eq!(client.get(&url).unwrap().status(), Status::OK);
    }
    let mut octets = [0; 2];
    client.get(&url).unwrap().read_exact(&mut octets).unwrap();
    assert_eq!((&octets, served.join().unwrap().len()), (b"hi", 3));
}

/// Starts a server that sends a head, and then trickles octets of a body.
fn trickling(response: &'static str) -> (String, JoinHandle<()>) {
    served_by(move |stream| {
        read_head(stream);
        stream.write_all(response.as_bytes()).unwrap();
        while stream.write_all(b"x").is_ok() {
            thread::park_timeout(Duration::from_millis(10));
        }
    })
}

#[test]
fn an_exchange_is_over_in_time_whatever_it_waits_for() {
    // The octets arrive fast enough for the other timeouts.
    let timeout = Duration::from_millis(100);
    let is_over = |error: &Error| {
        matches!(
            error,
            Error::Peer(PeerError::TimedOut { wait: Wait::Exchange, after })
                if *after == timeout
        )
    };
    let settings = Settings::new().exchange_timeout(timeout).minimum_rate(1);
    let client = Client::new().settings(settings);
    let start = Instant::now();

    let (url, _body) = trickling("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    let error = get(&client, &url).unwrap_err();
    assert!(is_over(&error), "{error:?}");
    let (url, _head) = trickling("HTTP/1.1 200 OK\r\nA: ");
    let error = client.get(&url).unwrap_err();
    assert!(is_over(&error), "{error:?}");
    let (url, _nothing) = served_by(|stream| {
        read_head(stream);
        thread::park_timeout(crate::TIMEOUT);
    });
    let error =
        client.request(Method::POST, &url).unwrap().send_reader(io::repeat(b'x')).unwrap_err();
    assert!(is_over(&error), "{error:?}");
    assert!(start.elapsed() >= 3 * timeout && start.elapsed() < crate::TIMEOUT);
}

#[test]
fn what_a_server_sends_is_limited() {
    // The one does not undo the other.
    let settings = Settings::new().body_limit(2).limits(|limits| limits.head(50));
    let client = Client::new().settings(settings);
    let (url, served) = canned(&[
        &[HI, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi!"],
        &["HTTP/1.1 200 OK\r\nContent-Length: 1\r\nABC: 12345678\r\n\r\n!"],
        &["HTTP/1.1 200 OK\r\n\r\nhi!"],
    ]);
    assert_eq!(get(&client, &url).unwrap(), "hi");
    for kind in
        [ParseErrorKind::BodyTooLarge, ParseErrorKind::HeadTooLong, ParseErrorKind::BodyTooLarge]
    {
        let error = get(&client, &url).unwrap_err();
        assert!(
            matches!(error, Error::Limit(error) if error.kind() == kind),
            "{kind:?}: {error:?}"
        );
    }
    assert_eq!(served.join().unwrap().len(), 4);
}

#[test]
fn heads_of_60_kb_go_both_ways() {
    let (url, _) = server(|Exchange { head, mut body, responder, .. }| {
        let name = FieldName::from_static("X");
        let value = head.fields().only(name).unwrap().unwrap();
        let mut text = Vec::new();
        body.read_to_end(&mut text)?;
        responder.send(Status::OK, &[(name, value)], &text)
    });
    let (client, name) = (Client::new(), FieldName::from_static("X"));
    // All requests use one connection; bodies are written both with their heads and after them.
    for (len, body) in [(60_000, 1), (10, 100), (9_000, 50_000), (60_000, 100_000), (0, 0)] {
        let (value, body) = (vec![b'x'; len], vec![b'y'; body]);
        let mut shown = Vec::new();
        let mut watch = |head: &[u8]| shown = head.to_vec();
        let request = client
            .request(Method::PUT, &url)
            .unwrap()
            .field(name, FieldValue::new(&value).unwrap());
        let mut response =
            request.on_head(&mut watch).send_reader(Cursor::new(body.clone())).unwrap();
        let mut text = Vec::new();
        response.read_to_end(&mut text).unwrap();
        assert!(
            text == body
                && response.head().fields().only(name).unwrap().unwrap().as_bytes() == value,
            "{len}"
        );
        drop(response);
        assert!(
            shown.starts_with(b"PUT / HTTP/1.1\r\n")
                && shown.ends_with(b"\r\n\r\n")
                && shown.len() > len,
            "{len}"
        );
    }
}

#[test]
fn bodies_are_streamed_both_ways() {
    let (url, _) = server(|Exchange { head, mut body, responder, .. }| {
        let framing = format!("{:?} ", head.framing());
        let mut responder = responder.while_reading().stream(Status::OK, &[])?;
        responder.write_all(framing.as_bytes())?;
        io::copy(&mut body, &mut responder)?;
        responder.finish()
    });
    let client = Client::new();
    let put = || client.request(Method::PUT, &url).unwrap();
    let large = "x".repeat(100_000);
    let reader = || Cursor::new(large.clone());
    for (response, text) in [
        (put().send_reader(reader()), format!("Chunked {large}")),
        (put().send_reader_sized(reader(), 100_000), format!("Length(100000) {large}")),
        (put().send_reader_sized(reader(), 10), "Length(10) xxxxxxxxxx".to_owned()),
        (put().send_reader_sized(io::empty(), 0), "Length(0) ".to_owned()),
        (put().send_reader(io::empty()), "Chunked ".to_owned()),
        (put().send_body(b"hi"), "Length(2) hi".to_owned()),
        (put().send(), "Length(0) ".to_owned()),
    ] {
        assert!(io::read_to_string(response.unwrap()).unwrap() == text, "{text:.20}");
    }
    let error = put().send_reader_sized(&b"less"[..], 5).unwrap_err();
    assert!(matches!(error, Error::Usage(WriteError::BodyLength)), "{error:?}");
    let broken = (&b"a"[..]).chain(Broken);
    let error = put().send_reader(broken).unwrap_err();
    assert!(
        matches!(&error, Error::Io(error) if error.kind() == io::ErrorKind::InvalidData),
        "{error:?}"
    );
    assert_eq!(io::read_to_string(put().send_body(b"on").unwrap()).unwrap(), "Length(2) on");
}

/// A file on a failing disk.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::InvalidData.into())
    }
}

#[test]
fn threads_share_a_client() {
    let (url, count) = server(|exchange| {
        let path = exchange.head.target().path().to_owned();
        exchange.responder.send(Status::OK, &[], path.as_bytes())
    });
    let client = Client::new();
    thread::scope(|scope| {
        for thread in 0..4 {
            let (client, url) = (&client, &url);
            scope.spawn(move || {
                for request in 0..50 {
                    let path = format!("/{thread}/{request}");
                    assert_eq!(get(client, &format!("{url}{path}")).unwrap(), path);
                }
            });
        }
    });
    let accepted = count.load(Ordering::SeqCst);
    assert!((1..=4).contains(&accepted), "{accepted} connections");
}

#[test]
fn a_gateway_encodes_the_target_that_it_forwards() {
    let (origin, _) = server(|exchange| {
        let target = exchange.head.target().to_string();
        exchange.responder.send(Status::OK, &[], target.as_bytes())
    });
    let origin = origin.trim_start_matches("http://").to_owned();
    let (gateway, served) = served_by(move |stream| {
        let mut peer = ServerStream::new(stream.try_clone().unwrap());
        let mut errors = Vec::new();
        while let Some(exchange) = peer.next_request().unwrap() {
            let mut client = ClientStream::connect(&origin).unwrap();
            let (target, mut buffer) = (exchange.head.target(), [0; 100]);
            if let Err(error) = client.request(Method::GET, target, &[], b"") {
                errors.push(error.to_string());
            }
            let target = target.encoded(&mut buffer).unwrap();
            let body =
                io::read_to_string(client.request(Method::GET, target, &[], b"").unwrap().body)
                    .unwrap();
            exchange.responder.send(Status::OK, &[], body.as_bytes()).unwrap();
        }
        errors
    });
    let mut stream =
        TcpStream::connect(gateway.trim_start_matches("http://").trim_end_matches('/')).unwrap();
    let head = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
    stream.write_all([head("/a%7Cb?c"), head("/a|b?{\\}")].concat().as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let responses = io::read_to_string(stream).unwrap();
    let bodies: Vec<_> = responses
        .split("HTTP/1.1 200 OK\r\n")
        .map(|response| response.rsplit("\r\n").next().unwrap())
        .collect();
    assert_eq!(bodies, ["", "/a%7Cb?c", "/a%7Cb?%7B%5C%7D"]);
    assert_eq!(
        served.join().unwrap(),
        ["invalid request target at octet 2 (RFC 9112 section 3.2)"]
    );
}

#[test]
fn an_invalid_request_is_an_error_before_anything_is_sent() {
    let client = Client::new();
    let error = client.get("localhost/").unwrap_err();
    assert!(matches!(error, Error::Url(UrlError::NotHttp)), "{error:?}");
    let (url, served) = canned(&[&[]]);
    let host = client
        .request(Method::GET, &url)
        .unwrap()
        .field(FieldName::HOST, FieldValue::from_static("a"))
        .field(FieldName::HOST, FieldValue::from_static("b"));
    let error = host.send().unwrap_err();
    assert!(matches!(error, Error::Usage(WriteError::RepeatedHost)), "{error:?}");
    served.join().unwrap();
    let free = free_address();
    let error = client.get(&format!("http://{free}/")).unwrap_err();
    assert!(matches!(&error, Error::Connect { tried } if tried[0].0 == free), "{error:?}");
}

#[test]
fn a_caller_may_ask_for_a_success() {
    let (url, _count) = server(|exchange| {
        let status = exchange.head.target().path()[1..].parse().unwrap();
        exchange.responder.send(Status::new(status).unwrap(), &[], b"")
    });
    let client = Client::new().max_redirects(0);
    for status in [200, 206, 304, 404, 500] {
        let response = client.get(&format!("{url}/{status}")).unwrap();
        let result = response.successful().map(|response| response.status().code());
        match result {
            Ok(code) => assert!(code == status && status < 300, "{status}"),
            Err(Error::Peer(error @ PeerError::Unsuccessful { status: found })) => {
                assert!(found.code() == status && status >= 300, "{status}");
                assert_eq!(error.status(), Status::BAD_GATEWAY);
            }
            Err(error) => panic!("{status}: {error:?}"),
        }
    }
}

#[test]
fn a_setter_gives_a_client_a_pool_of_its_own() {
    let (url, count) = server(|exchange| exchange.responder.send(Status::OK, &[], b"hi"));
    let accepted = || count.load(Ordering::SeqCst);
    let client = Client::new();
    get(&client, &url).unwrap();
    let other = client.clone().max_idle(1);
    get(&other, &url).unwrap();
    assert_eq!(accepted(), 2, "its pool is empty");
    // Both kept theirs.
    get(&client.clone(), &url).unwrap();
    get(&other, &url).unwrap();
    assert_eq!(accepted(), 2);
    let shown = format!("{other:?}");
    assert!(shown.contains("max_idle: 1, max_idle_per_host: 8, idle: 1"), "{shown}");
}

#[test]
fn the_longest_timeout_is_no_limit_and_zero_is_over_at_once() {
    let all = |timeout| {
        Settings::new()
            .connect_timeout(timeout)
            .idle_timeout(timeout)
            .response_timeout(timeout)
            .head_timeout(timeout)
            .continue_timeout(timeout)
            .body_timeout(timeout)
            .write_timeout(timeout)
            .exchange_timeout(timeout)
            .linger_timeout(timeout)
            .linger_silence_timeout(timeout)
    };
    let endless = all(Duration::MAX);
    let (address, served) = crate::serve_one(endless, |mut peer| {
        for _ in 0..2 {
            let Exchange { mut body, responder, .. } = peer.next_request().unwrap().unwrap();
            let content = io::read_to_string(&mut body).unwrap();
            responder.send(Status::OK, &[], content.as_bytes()).unwrap();
        }
        peer.next_request().map(|next| next.is_none())
    });
    let client = Client::new().settings(endless).idle_timeout(Duration::MAX);
    let url = format!("http://{address}/");
    for content in ["a", "b"] {
        let request = client.request(Method::POST, &url).unwrap();
        let response = request.send_body(content.as_bytes()).unwrap();
        assert_eq!(io::read_to_string(response).unwrap(), content);
    }
    drop(client);
    assert!(served.join().unwrap().unwrap());

    // Nobody responds.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let settings = Settings::new().response_timeout(Duration::ZERO);
    let error = get(&Client::new().settings(settings), &url).unwrap_err();
    assert!(
        matches!(error, Error::Peer(PeerError::TimedOut { after: Duration::ZERO, .. })),
        "{error:?}"
    );
}

#[test]
fn a_request_has_settings_of_its_own() {
    let (url, connections) = server(|Exchange { head, responder, .. }| {
        if head.target().path() == "/late" {
            thread::park_timeout(Duration::from_millis(300));
        }
        responder.send(Status::OK, &[], b"0123456789")
    });
    let client = Client::new();
    let get = |path: &str, settings| {
        let request = client.request(Method::GET, &format!("{url}{path}")).unwrap();
        let request = match settings {
            Some(settings) => request.settings(settings),
            None => request,
        };
        io::read_to_string(request.send()?).map_err(Error::from)
    };
    let short = Settings::new().response_timeout(Duration::from_millis(20));
    let error = get("/late", Some(short)).unwrap_err();
    assert!(
        matches!(error, Error::Peer(PeerError::TimedOut { wait: Wait::Response, .. })),
        "{error:?}"
    );
    // The same connection has other settings from request to request.
    for _ in 0..2 {
        assert_eq!(get("/late", None).unwrap(), "0123456789");
        let error = get("/", Some(Settings::new().body_limit(9))).unwrap_err();
        assert!(
            matches!(error, Error::Limit(error) if error.kind() == ParseErrorKind::BodyTooLarge),
            "{error:?}"
        );
        assert_eq!(get("/", Some(Settings::new().body_limit(10))).unwrap(), "0123456789");
        assert_eq!(get("/", Some(short)).unwrap(), "0123456789");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 4);
}

#[test]
fn rfc9110_7_2_a_caller_can_send_another_host() {
    let (url, _) = server(|Exchange { head, responder, .. }| {
        let host = head.fields().only(FieldName::HOST).unwrap().unwrap();
        responder.send(Status::OK, &[], host.as_bytes())
    });
    let client = Client::new();
    for host in ["other.example", "other.example:81"] {
        let request = client.request(Method::GET, &url).unwrap();
        let request = request.field(FieldName::from_static("X"), FieldValue::from_static("1"));
        let request = request.field(FieldName::HOST, FieldValue::new(host).unwrap());
        assert_eq!(io::read_to_string(request.send().unwrap()).unwrap(), host);
    }
    assert_eq!(io::read_to_string(client.get(&url).unwrap()).unwrap(), url["http://".len()..]);
}

#[test]
fn rfc6874_a_url_may_have_a_zone() {
    let listener = TcpListener::bind("[::1]:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = thread::spawn(move || {
        [(); 2].map(|()| {
            let mut stream = listener.accept().unwrap().0;
            let head = read_head(&mut stream);
            stream.write_all(HI.as_bytes()).unwrap();
            head
        })
    });
    // The interface of loopback is the first one.
    let url = format!("http://[::1%251]:{port}/");
    let response = Client::new().get(&url).unwrap();
    assert_eq!(response.url(), url);
    assert_eq!(io::read_to_string(response).unwrap(), "hi");
    let mut client = ClientStream::connect(&format!("[::1%1]:{port}")).unwrap();
    client.request(Method::GET, Target::ROOT, &[], b"").unwrap();
    for head in served.join().unwrap() {
        assert!(head.contains(&format!("\r\nHost: [::1]:{port}\r\n")), "{head}");
    }
    let error = ClientStream::connect(&format!("[::1%lo]:{port}")).unwrap_err();
    assert!(error.to_string().contains("write the number of the interface"), "{error}");
}

#[test]
fn queries_forms_and_credentials_are_encoded() {
    let (url, _) = server(|Exchange { head, mut body, responder, .. }| {
        let authorization = head.fields().only(FieldName::AUTHORIZATION).unwrap();
        let kind = head.fields().only(FieldName::CONTENT_TYPE).unwrap();
        let shown = |value: Option<FieldValue<'_>>| format!("{:?}", value.map(|v| v.to_string()));
        let mut text =
            format!("{} {} {} ", head.target().as_str(), shown(authorization), shown(kind));
        body.read_to_string(&mut text)?;
        responder.send(Status::OK, &[], text.as_bytes())
    });
    let client = Client::new();
    let post = |path: &str| client.request(Method::POST, &format!("{url}{path}")).unwrap();
    let text =
        |response: Result<ClientResponse, Error>| io::read_to_string(response.unwrap()).unwrap();
    for (path, target) in [
        ("", "/?q=a+%26+b&%C3%A4="),
        ("/s", "/s?q=a+%26+b&%C3%A4="),
        ("/?x=1", "/?x=1&q=a+%26+b&%C3%A4="),
    ] {
        let response = post(path).query("q", "a & b").query("\u{e4}", "").send();
        assert_eq!(text(response), format!("{target} None None "));
    }
    let form = post("/").send_form(&[("name", "Ada L."), ("=", "&")]);
    assert_eq!(
        text(form),
        "/ None Some(\"application/x-www-form-urlencoded\") name=Ada+L.&%3D=%26"
    );
    // The example of RFC 7617 section 2, and that of its section 2.1.
    for (user, password, credentials) in [
        ("Aladdin", "open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ("test", "123\u{a3}", "dGVzdDoxMjPCow=="),
    ] {
        let response = post("/").basic_auth(user, password).unwrap().send();
        assert_eq!(text(response), format!("/ Some(\"Basic {credentials}\") None "));
    }
    let response = post("/").bearer_auth("mF_9.B5f-4.1JqM").unwrap().send();
    assert_eq!(text(response), "/ Some(\"Bearer mF_9.B5f-4.1JqM\") None ");
    let error = post("/").basic_auth("a:b", "c").unwrap_err();
    assert!(error.to_string().starts_with("colon in a user name (RFC 7617 section 2): "));
    let error = post("/").bearer_auth("a\r\nb").unwrap_err();
    assert!(matches!(error, Error::Usage(WriteError::Value(_))), "{error:?}");
}

#[test]
fn a_field_of_the_caller_replaces_the_one_that_is_added() {
    let (url, _) = server(|Exchange { head, responder, .. }| {
        let told = [FieldName::AUTHORIZATION, FieldName::CONTENT_TYPE];
        let fields = head.fields().into_iter().filter(|(name, _)| told.contains(name));
        let values: Vec<_> = fields.map(|(_, value)| value.to_string()).collect();
        responder.send(Status::OK, &[], values.join(", ").as_bytes())
    });
    let client = Client::new();
    let post = || client.request(Method::POST, &url).unwrap();
    let text =
        |response: Result<ClientResponse, Error>| io::read_to_string(response.unwrap()).unwrap();
    let own = (FieldName::new("authorization").unwrap(), FieldValue::from_static("Own 1"));
    for request in [
        post().field(own.0, own.1).bearer_auth("a").unwrap(),
        post().bearer_auth("a").unwrap().field(own.0, own.1),
        post().basic_auth("a", "b").unwrap().field(own.0, own.1),
    ] {
        assert_eq!(text(request.send()), "Own 1");
    }
    let last = post().basic_auth("a", "b").unwrap().bearer_auth("a").unwrap();
    assert_eq!(text(last.send()), "Bearer a");
    let own = post().field(FieldName::CONTENT_TYPE, FieldValue::from_static("a/b"));
    assert_eq!(text(own.send_form(&[("a", "b")])), "a/b");
}

/// The queue of a listener is full, so that Linux ignores further attempts.
#[cfg(target_os = "linux")]
#[test]
fn a_connection_that_is_not_accepted_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    socket2::SockRef::from(&listener).listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let (soon, mut queued) = (Duration::from_millis(100), Vec::new());
    while let Ok(stream) = TcpStream::connect_timeout(&address, soon) {
        queued.push(stream);
    }
    let get = |settings| {
        let client = Client::new().settings(settings);
        client.get(&format!("http://{address}/")).unwrap_err()
    };
    let start = Instant::now();
    let error = get(Settings::new().connect_timeout(soon));
    assert!(matches!(&error, Error::Connect { tried } if tried[0].0 == address), "{error:?}");
    assert!(error.is_timeout());
    let error = get(Settings::new().exchange_timeout(soon));
    let is_late = matches!(error, Error::Peer(PeerError::TimedOut { wait: Wait::Exchange, .. }));
    assert!(is_late, "{error:?}");
    assert!(start.elapsed() >= 2 * soon && start.elapsed() < crate::TIMEOUT / 2);
}
