//! Tests of a client's connection, against servers that send literal octets.

use crate::{free_address, serve_one};
use bareline_core::error::ParseErrorKind;
use bareline_core::{FieldName, FieldValue, Method, Status, Target};
use bareline_net::{ClientStream, Error, Exchange, PeerError, Settings, Upgraded, Wait};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Starts a server of one connection that reads a head before it sends each response, then closes.
fn canned<const N: usize>(responses: [&'static [u8]; N]) -> String {
    served_by(move |stream| {
        for response in responses {
            read_head(stream);
            stream.write_all(response).unwrap();
        }
    })
    .0
}

/// Starts a server of one connection, which `serve` serves.
fn served_by<T: Send + 'static>(
    serve: impl FnOnce(&mut TcpStream) -> T + Send + 'static,
) -> (String, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (address, thread::spawn(move || serve(&mut listener.accept().unwrap().0)))
}

pub(crate) fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut octet = [0];
        stream.read_exact(&mut octet).unwrap();
        head.extend(octet);
    }
    String::from_utf8(head).unwrap()
}

/// Gets `/` on an open connection; returns status and body.
fn get_again(client: &mut ClientStream) -> Result<(Status, String), Error> {
    let mut response = client.request(Method::GET, Target::ROOT, &[], b"")?;
    let mut body = Vec::new();
    response.body.read_to_end(&mut body)?;
    Ok((response.head.status(), String::from_utf8(body).unwrap()))
}

fn get(address: &str) -> Result<(Status, String), Error> {
    get_again(&mut ClientStream::connect(address)?)
}

#[test]
fn a_client_reads_each_framing_and_skips_interim_responses() {
    for (response, body) in [
        (&b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"[..], "hi"),
        (b"HTTP/1.0 200 OK\r\n\r\nto the end", "to the end"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                1;x\r\na\r\n2\r\nbc\r\n0\r\nX-T: 1\r\n\r\n",
            "abc",
        ),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", ""),
        (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n\
                HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\n!",
            "!",
        ),
    ] {
        let (status, received) = get(&canned([response])).unwrap();
        assert!(status.is_successful());
        assert_eq!(received, body);
    }
}

#[test]
fn a_client_never_takes_less_than_a_message_for_one() {
    for response in [
        &b"HTTP/1.1 200 OK\r\nConte"[..],
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
    ] {
        let error = get(&canned([response])).unwrap_err();
        let is_silent = matches!(error, Error::Peer(PeerError::NoResponse));
        let is_cut = matches!(error, Error::Peer(PeerError::TruncatedResponse));
        // A server that has sent an interim response is known to speak HTTP.
        assert_eq!((is_silent, is_cut), (response.is_empty(), !response.is_empty()), "{error:?}");
    }
    let address = canned([b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi"]);
    let mut client = ClientStream::connect(&address).unwrap();
    let mut body = client.request(Method::GET, Target::ROOT, &[], b"").unwrap().body;
    let mut received = [0; 2];
    body.read_exact(&mut received).unwrap();
    assert_eq!(&received, b"hi", "what has come is not lost");
    for _ in 0..2 {
        assert_eq!(
            body.read(&mut received).unwrap_err().kind(),
            io::ErrorKind::UnexpectedEof,
            "and is no end"
        );
    }
    assert!(!client.is_open());
}

#[test]
fn rfc9112_9_3_a_connection_carries_many_requests() {
    let address = canned([
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nunread\r\n0\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nlast",
    ]);
    let mut client = ClientStream::connect(&address).unwrap();
    assert_eq!(get_again(&mut client).unwrap(), (Status::OK, "first".to_owned()));
    let response = client.request(Method::GET, Target::ROOT, &[], b"").unwrap();
    assert_eq!(response.head.status(), Status::OK);
    assert!(client.is_open());
    assert_eq!(
        get_again(&mut client).unwrap(),
        (Status::NOT_MODIFIED, String::new()),
        "what was not read is skipped"
    );
    assert_eq!(get_again(&mut client).unwrap(), (Status::OK, "last".to_owned()));
    assert!(!client.is_open());
    assert!(matches!(get_again(&mut client), Err(Error::Closed)));
}

#[test]
fn a_response_that_is_left_unread_is_skipped_within_a_limit() {
    let response: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n\
        01234567890123456789012345678901234567890123456789";
    for (drain, is_open) in [(50, true), (49, false)] {
        let settings = Settings::new().limits(|limits| limits.drain(drain));
        let mut client =
            ClientStream::connect_with_settings(&canned([response, response]), settings).unwrap();
        drop(client.request(Method::GET, Target::ROOT, &[], b"").unwrap());
        let second = get_again(&mut client);
        if is_open {
            assert_eq!(second.unwrap().1.len(), 50)
        } else {
            assert!(matches!(second, Err(Error::Closed)), "{second:?}");
            assert!(
                !client.is_open() && matches!(get_again(&mut client), Err(Error::Closed)),
                "for good"
            );
        }
    }
}

#[test]
fn rfc9112_9_2_unsolicited_octets_are_no_response() {
    let address = canned([
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi\
            HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong",
        b"",
    ]);
    let mut client = ClientStream::connect(&address).unwrap();
    assert_eq!(get_again(&mut client).unwrap().1, "hi");
    let error = get_again(&mut client).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Peer(PeerError::Response(error)) if error.kind() == ParseErrorKind::Unsolicited
        ),
        "{error:?}"
    );
}

#[test]
fn a_client_tries_every_address() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let addresses = ("localhost", port).to_socket_addrs().unwrap().count();
    let served = thread::spawn(move || listener.accept().map(|_| ()).unwrap());
    // If the name also has an IPv6 address, that is tried first, and nothing listens there.
    assert!(
        ClientStream::connect(&format!("localhost:{port}")).is_ok(),
        "of {addresses} addresses none was taken"
    );
    served.join().unwrap();

    let free = free_address();
    let error = ClientStream::connect(&free.to_string()).unwrap_err();
    assert!(
        matches!(&error, Error::Connect { tried } if tried.len() == 1 && tried[0].0 == free),
        "{error:?}"
    );
}

#[test]
fn a_server_that_never_comes_to_the_point_is_given_up() {
    let interim = b"HTTP/1.1 102 Processing\r\n\r\n".repeat(100).leak();
    let error = get(&canned([interim])).unwrap_err();
    assert!(
        matches!(error, Error::Limit(error) if error.kind() == ParseErrorKind::TooManyInterim),
        "{error:?}"
    );

    let (address, _served) = served_by(|stream| stream.read_to_end(&mut Vec::new()).map(drop));
    let settings = Settings::new().response_timeout(Duration::from_millis(50));
    let mut client = ClientStream::connect_with_settings(&address, settings).unwrap();
    let error = get_again(&mut client).unwrap_err();
    assert!(
        matches!(error, Error::Peer(PeerError::TimedOut { wait: Wait::Response, .. })),
        "{error:?}"
    );
}

/// A proxy's connection: the target names another host than the stream.
#[test]
fn rfc9112_3_2_host_is_the_authority_of_the_target() {
    for (method, target) in
        [(Method::CONNECT, "a.example:443"), (Method::GET, "http://a.example:443/")]
    {
        let (address, served) = served_by(|stream| {
            let head = read_head(stream);
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
            head
        });
        let mut client = ClientStream::connect(&address).unwrap();
        let response = client.request(method, Target::new(target).unwrap(), &[], b"").unwrap();
        assert_eq!(response.head.status(), Status::NO_CONTENT);
        let head = served.join().unwrap();
        assert_eq!(head, format!("{method} {target} HTTP/1.1\r\nHost: a.example:443\r\n\r\n"));
    }
}

#[test]
fn a_body_is_streamed_with_trailers_and_without() {
    let trailers = [(FieldName::from_static("Sum"), FieldValue::from_static("6"))];
    for (is_chunked, sent) in [
        (true, "Transfer-Encoding: chunked\r\n\r\n6\r\nonetwo\r\n2710\r\n"),
        (false, "Content-Length: 10006\r\n\r\nonetwo"),
    ] {
        let large = "x".repeat(10_000);
        let end = if is_chunked { "\r\n0\r\nSum: 6\r\n\r\n" } else { "" };
        let expected = format!("{sent}{large}{end}");
        let (address, served) = served_by(move |stream| {
            let mut received = read_head(stream);
            let body = expected.split_once("\r\n\r\n").unwrap().1;
            let mut rest = vec![0; body.len()];
            stream.read_exact(&mut rest).unwrap();
            received.push_str(std::str::from_utf8(&rest).unwrap());
            assert!(received.ends_with(&expected), "{received}");
            stream
                .write_all(
                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                        1\r\n!\r\n0\r\nX: 1\r\n\r\n",
                )
                .unwrap();
            received
        });
        let mut client = ClientStream::connect(&address).unwrap();
        let mut body = client
            .begin(Method::PUT, Target::ROOT, |head| {
                if is_chunked { head.chunked() } else { head.length(10_006) }
            })
            .unwrap();
        for part in ["o", "ne", "two", &large] {
            body.write_all(part.as_bytes()).unwrap();
        }
        let mut response = body.finish_with(if is_chunked { &trailers } else { &[] }).unwrap();
        assert_eq!(io::read_to_string(&mut response.body).unwrap(), "!");
        let trailers: Vec<_> = response
            .body
            .trailers()
            .iter()
            .map(|(name, value)| format!("{name}: {value:?}"))
            .collect();
        assert_eq!(trailers, ["X: \"1\""]);
        assert_eq!(response.head.status(), Status::OK);
        let request = served.join().unwrap();
        assert!(
            request.starts_with(&format!("PUT / HTTP/1.1\r\nHost: {address}\r\n")),
            "{request}"
        );
    }
}

#[test]
fn rfc9110_5_4_a_response_has_128_trailers_and_no_more() {
    for lines in [128, 129] {
        let (address, served) = served_by(move |stream| {
            read_head(stream);
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n";
            stream.write_all(format!("{head}{}\r\n", "a:\r\n".repeat(lines)).as_bytes()).unwrap();
        });
        let mut client = ClientStream::connect(&address).unwrap();
        let mut response = client.request(Method::GET, Target::ROOT, &[], b"").unwrap();
        match io::read_to_string(&mut response.body).map_err(Error::from) {
            Ok(text) => {
                assert_eq!((lines, &*text, response.body.trailers().len()), (128, "x", 128))
            }
            Err(Error::Limit(error)) => {
                assert_eq!(
                    (lines, error.kind(), error.len()),
                    (129, ParseErrorKind::TooManyFields, 4)
                );
            }
            Err(error) => panic!("{error}"),
        }
        served.join().unwrap();
    }
}

#[test]
fn a_request_that_is_not_whole_is_an_error_and_no_request() {
    let address = canned([b"", b""]);
    let mut client = ClientStream::connect(&address).unwrap();
    let mut body = client.begin(Method::PUT, Target::ROOT, |head| head.length(5)).unwrap();
    body.write_all(b"four").unwrap();
    assert!(matches!(
        body.finish(),
        Err(Error::Usage(bareline_core::error::WriteError::BodyLength))
    ));
    assert!(!client.is_open());
    assert!(matches!(get_again(&mut client), Err(Error::Closed)));

    let mut client = ClientStream::connect(&canned([b"HTTP/1.1 204 No Content\r\n\r\n"])).unwrap();
    assert!(
        matches!(client.begin(Method::GET, Target::ROOT, |_| Ok(())), Err(Error::Usage(_))),
        "a head that is not ended"
    );
    assert_eq!(get_again(&mut client).unwrap().0, Status::NO_CONTENT, "does no harm");
}

const EXPECT: FieldValue<'_> = FieldValue::from_static("100-continue");

#[test]
fn rfc9110_10_1_1_a_body_waits_for_the_100() {
    let (address, served) = served_by(|stream| {
        let head = read_head(stream);
        assert!(head.contains("Expect: 100-continue\r\n"), "{head}");
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        assert!(stream.read(&mut [0]).is_err(), "the body waits");
        stream.set_read_timeout(None).unwrap();
        stream.write_all(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n").unwrap();
        let mut body = [0; 5];
        stream.read_exact(&mut body).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").unwrap();
        stream.write_all(&body).unwrap();
    });
    let mut client = ClientStream::connect(&address).unwrap();
    let response = client
        .request(Method::PUT, Target::ROOT, &[(FieldName::EXPECT, EXPECT)], b"hello")
        .unwrap();
    assert_eq!(io::read_to_string(response.body).unwrap(), "hello");
    served.join().unwrap();
}

#[test]
fn rfc9110_10_1_1_a_body_without_a_100_is_sent_after_a_while() {
    let (address, served) = served_by(|stream| {
        read_head(stream);
        stream.read_exact(&mut [0; 5]).unwrap();
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
    });
    let settings = Settings::new().continue_timeout(Duration::from_millis(50));
    let mut client = ClientStream::connect_with_settings(&address, settings).unwrap();
    let response = client
        .request(Method::PUT, Target::ROOT, &[(FieldName::EXPECT, EXPECT)], b"hello")
        .unwrap();
    assert_eq!(response.head.status(), Status::NO_CONTENT);
    served.join().unwrap();
    assert!(client.is_open());
}

#[test]
fn rfc9110_10_1_1_a_rejected_body_is_not_sent() {
    let (address, served) = served_by(|stream| {
        read_head(stream);
        stream
            .write_all(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno")
            .unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap()
    });
    let mut client = ClientStream::connect(&address).unwrap();
    let mut body = client
        .begin(Method::PUT, Target::ROOT, |head| head.field(FieldName::EXPECT, EXPECT)?.length(5))
        .unwrap();
    assert!(!body.is_ended_early());
    body.write_all(b"hello").unwrap();
    assert!(body.is_ended_early());
    let response = body.finish().unwrap();
    assert_eq!(response.head.status(), Status::EXPECTATION_FAILED);
    assert_eq!(io::read_to_string(response.body).unwrap(), "no");
    assert!(!client.is_open(), "the server may still wait for the body");
    drop(client);
    assert_eq!(served.join().unwrap(), 0, "octets of the body");
}

#[test]
fn rfc9112_9_5_a_response_before_the_request_is_sent_is_read() {
    let settings = Settings::new().body_limit(10);
    let (address, served) =
        serve_one(settings, |mut peer| peer.next_request().map(|_| ()).unwrap_err());
    let mut client = ClientStream::connect(&address.to_string()).unwrap();
    let response =
        client.request(Method::POST, Target::ROOT, &[], &vec![b'x'; 20_000_000]).unwrap();
    assert_eq!(response.head.status(), Status::CONTENT_TOO_LARGE);
    assert!(io::read_to_string(response.body).unwrap().starts_with("body too large"));
    assert!(!client.is_open());
    // The server reads until the client closes.
    drop(client);
    served.join().unwrap();
}

#[test]
fn rfc9110_7_8_after_a_101_the_client_has_the_stream() {
    let (address, served) = served_by(|stream| {
        read_head(stream);
        stream
            .write_all(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n\
                    \x01\x02",
            )
            .unwrap();
        let mut octets = [0; 3];
        stream.read_exact(&mut octets).unwrap();
        octets
    });
    let mut client = ClientStream::connect(&address).unwrap();
    assert_eq!(client.peer_addr().map(|peer| peer.to_string()), Some(address));
    let upgrade = [
        (FieldName::UPGRADE, FieldValue::from_static("x")),
        (FieldName::CONNECTION, FieldValue::from_static("upgrade")),
    ];
    let response = client.request(Method::GET, Target::ROOT, &upgrade, b"").unwrap();
    assert_eq!(response.head.status(), Status::SWITCHING_PROTOCOLS);
    assert!(client.is_upgraded());
    let Upgraded { mut transport, received, .. } = client.into_upgraded().unwrap();
    assert_eq!(received, [1, 2]);
    transport.write_all(b"bye").unwrap();
    assert_eq!(&served.join().unwrap(), b"bye");

    let mut client = ClientStream::connect(&canned([b"HTTP/1.1 204 No Content\r\n\r\n"])).unwrap();
    get_again(&mut client).unwrap();
    assert!(!client.is_upgraded());
    assert!(
        matches!(client.into_upgraded(), Err(Error::NotUpgraded)),
        "what is still HTTP is not handed over"
    );
}

#[test]
fn a_large_body_arrives_whole_both_ways_again_and_again() {
    let (address, served) = serve_one(Settings::new(), |mut peer| {
        while let Some(Exchange { mut body, responder, .. }) = peer.next_request().unwrap() {
            let mut content = Vec::new();
            body.read_to_end(&mut content).unwrap();
            responder.send(Status::OK, &[], &content).unwrap();
        }
    });
    let mut client = ClientStream::connect(&address.to_string()).unwrap();
    for length in [0u32, 1, 4095, 4096, 4097, 8192, 100_000, 1_000_000] {
        let body: Vec<u8> = (0..length).map(|number| number.to_le_bytes()[0]).collect();
        let mut response = client.request(Method::POST, Target::ROOT, &[], &body).unwrap();
        let mut echoed = Vec::new();
        response.body.read_to_end(&mut echoed).unwrap();
        assert!(echoed == body, "{length} octets");
    }
    drop(client);
    served.join().unwrap();
}

#[test]
fn a_server_that_resets_is_an_error_of_the_network() {
    let (address, served) = served_by(|stream| {
        read_head(stream);
        socket2::SockRef::from(&*stream).set_linger(Some(Duration::ZERO)).unwrap();
    });
    let error = get(&address).unwrap_err();
    assert!(
        matches!(&error, Error::Io(error) if error.kind() == io::ErrorKind::ConnectionReset),
        "{error:?}"
    );
    served.join().unwrap();
}

/// Returns a client, and its socket, which shows whether octets have arrived.
fn with_its_socket(address: &str) -> (ClientStream, TcpStream) {
    let socket = TcpStream::connect(address).unwrap();
    (ClientStream::new(socket.try_clone().unwrap(), address), socket)
}

#[test]
fn rfc9112_9_2_what_comes_unasked_is_not_the_next_response() {
    let (go_on, goes_on) = channel();
    let (address, served) = served_by(move |stream| {
        read_head(stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1").unwrap();
        goes_on.recv().unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong").unwrap();
        go_on_sent(stream)
    });
    let (mut client, socket) = with_its_socket(&address);
    assert_eq!(get_again(&mut client).unwrap().1, "1");
    go_on.send(()).unwrap();
    assert_eq!(socket.peek(&mut [0]).unwrap(), 1, "it has come");
    let error = get_again(&mut client).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Peer(PeerError::Response(error)) if error.kind() == ParseErrorKind::Unsolicited
        ),
        "{error:?}"
    );
    drop((client, socket));
    assert_eq!(served.join().unwrap(), 0, "octets of a request");
}

/// Returns the number of octets that arrive before the peer closes.
fn go_on_sent(stream: &mut TcpStream) -> usize {
    stream.read_to_end(&mut Vec::new()).unwrap_or(0)
}

#[test]
fn rfc9112_9_5_a_connection_that_was_closed_is_not_used() {
    let address = canned([b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1"]);
    let (mut client, socket) = with_its_socket(&address);
    assert_eq!(get_again(&mut client).unwrap().1, "1");
    assert_eq!(socket.peek(&mut [0]).unwrap(), 0, "the end has come");
    let error = client.request(Method::POST, Target::ROOT, &[], b"once").unwrap_err();
    assert!(matches!(error, Error::Closed), "nothing has been sent: {error:?}");
    assert!(!client.is_open());
}

#[test]
fn a_response_that_stalls_ends_the_connection() {
    let (address, _served) = served_by(|stream| {
        read_head(stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfour").unwrap();
        stream.read_to_end(&mut Vec::new()).map(drop)
    });
    let settings = Settings::new().body_timeout(Duration::from_millis(50));
    let mut client = ClientStream::connect_with_settings(&address, settings).unwrap();
    assert!(matches!(
        get_again(&mut client),
        Err(Error::Peer(PeerError::TimedOut { wait: Wait::Body, .. }))
    ));
    assert!(!client.is_open());
    assert!(matches!(get_again(&mut client), Err(Error::Closed)));
}

#[test]
fn a_request_that_is_whole_takes_no_octets() {
    let mut client = ClientStream::connect(&canned([b"HTTP/1.1 204 No Content\r\n\r\n"])).unwrap();
    let mut request = client.begin(Method::POST, Target::ROOT, |head| head.without_body()).unwrap();
    request.flush().unwrap();
    assert_eq!(request.write(b"lost").unwrap_err().kind(), io::ErrorKind::InvalidInput);
    assert_eq!(request.finish().unwrap().head.status(), Status::NO_CONTENT);
}

#[test]
fn rfc9110_10_1_1_a_close_in_place_of_a_100_is_an_error() {
    let mut client = ClientStream::connect(&canned([b""])).unwrap();
    let mut body = client
        .begin(Method::PUT, Target::ROOT, |head| head.field(FieldName::EXPECT, EXPECT)?.length(5))
        .unwrap();
    body.write_all(b"hello").unwrap();
    assert!(body.is_ended_early());
    let error = body.finish().unwrap_err();
    assert!(matches!(error, Error::Peer(PeerError::NoResponse)), "{error:?}");
}

#[test]
fn rfc9110_8_6_a_client_says_a_length_where_one_is_expected() {
    for (method, body, length) in [
        (Method::GET, "", None),
        (Method::POST, "", Some("0")),
        (Method::PUT, "hi", Some("2")),
        (Method::DELETE, "", None),
    ] {
        let (address, served) = served_by(|stream| {
            let head = read_head(stream);
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
            head
        });
        let mut client = ClientStream::connect(&address).unwrap();
        client.request(method, Target::new("/a?b").unwrap(), &[], body.as_bytes()).unwrap();
        let length =
            length.map_or_else(String::new, |length| format!("Content-Length: {length}\r\n"));
        assert_eq!(
            served.join().unwrap(),
            format!("{method} /a?b HTTP/1.1\r\nHost: {address}\r\n{length}\r\n")
        );
    }
}

#[test]
fn rfc9112_9_6_nothing_is_sent_after_a_request_that_says_close() {
    let mut client = ClientStream::connect(&canned([
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b"never",
    ]))
    .unwrap();
    let close = (FieldName::CONNECTION, FieldValue::from_static("close"));
    let response = client.request(Method::GET, Target::ROOT, &[close], b"").unwrap();
    assert_eq!(io::read_to_string(response.body).unwrap(), "hi");
    assert!(!client.is_open());
    assert!(matches!(get_again(&mut client), Err(Error::Closed)));
}

#[test]
fn rfc9112_8_a_reset_does_not_end_a_close_delimited_body() {
    let (go_on, goes_on) = channel();
    let (address, served) = served_by(move |stream| {
        read_head(stream);
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\nhalf").unwrap();
        goes_on.recv().unwrap();
        socket2::SockRef::from(&*stream).set_linger(Some(Duration::ZERO)).unwrap();
    });
    let mut client = ClientStream::connect(&address).unwrap();
    let mut body = client.request(Method::GET, Target::ROOT, &[], b"").unwrap().body;
    let mut half = [0; 4];
    body.read_exact(&mut half).unwrap();
    assert_eq!(&half, b"half");
    go_on.send(()).unwrap();
    served.join().unwrap();
    assert_eq!(body.read(&mut half).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}
