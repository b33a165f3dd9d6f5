//! Tests of datagrams.

use crate::TIMEOUT;
use bareline_core::error::{ParseError, ParseErrorKind, WriteError};
use bareline_core::write::RequestContext;
use bareline_core::{FieldName, FieldSpans, FieldValue, Method, Status, Target};
use bareline_net::{Error, PeerError, UdpPeer, Wait};
use std::net::UdpSocket;
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn a_cut_datagram_is_an_error_and_each_wait_has_a_timeout() {
    let mut server = UdpPeer::bind("127.0.0.1:0").unwrap();
    let mut client = UdpPeer::connect(server.local_addr().unwrap()).unwrap();
    client.send(&[b'x'; 1100]).unwrap();
    let mut buffer = [0; 1024];
    let datagram = server.receive_within(TIMEOUT, &mut buffer).unwrap();
    assert_eq!((datagram.octets.len(), datagram.cut), (1024, 76));
    let from = datagram.from;
    server.send_to(b"", from).unwrap();
    assert_eq!(client.receive_within(TIMEOUT, &mut buffer).unwrap().octets, b"");
    let error = client.receive_within(Duration::from_millis(20), &mut buffer).unwrap_err();
    assert!(
        matches!(error, Error::Peer(PeerError::TimedOut { wait: Wait::Datagram, .. })),
        "{error:?}"
    );
}

#[test]
fn messages_go_in_datagrams() {
    let mut server = UdpPeer::bind("127.0.0.1:0").unwrap();
    let to = server.local_addr().unwrap();
    let mut client = UdpPeer::bind("127.0.0.1:0").unwrap();
    let search = Method::new("M-SEARCH").unwrap();
    let (mut buffer, mut spans) = ([0; 100], FieldSpans::<4>::new());
    let host = FieldValue::from_static("239.255.255.250:1900");
    client
        .send_request_to(search, Target::ASTERISK, to, |head| {
            head.field(FieldName::HOST, host)?.without_body()
        })
        .unwrap();
    let datagram = server.receive_within(TIMEOUT, &mut buffer).unwrap();
    let from = datagram.from;
    let (head, body) = datagram.request(spans.lend()).unwrap();
    assert_eq!((head.method(), head.target().as_str(), body), (search, "*", &b""[..]));

    server.send_response_to(head.context(), Status::OK, from, |head| head.body(b"here")).unwrap();
    let datagram = client.receive_within(TIMEOUT, &mut buffer).unwrap();
    let (head, body) = datagram.response(search, spans.lend()).unwrap();
    assert_eq!((head.status(), body), (Status::OK, &b"here"[..]));
}

#[test]
fn an_invalid_or_cut_message_is_printed_as_an_error() {
    let mut server = UdpPeer::bind("127.0.0.1:0").unwrap();
    let mut client = UdpPeer::connect(server.local_addr().unwrap()).unwrap();
    let to = client.local_addr().unwrap();
    let mut spans = FieldSpans::<4>::new();
    // Our buffer cuts the datagram off: by its fields the body lacks one octet.
    let mut buffer = [0; 41];
    server
        .send_response_to(RequestContext::UNREAD, Status::OK, to, |head| head.body(b"123"))
        .unwrap();
    let datagram = client.receive_within(TIMEOUT, &mut buffer).unwrap();
    assert_eq!((datagram.octets.len(), datagram.cut), (41, 0));
    assert!(datagram.response(Method::GET, spans.lend()).is_ok());
    server.send_to(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n1234", to).unwrap();
    let datagram = client.receive_within(TIMEOUT, &mut buffer).unwrap();
    assert_eq!(datagram.cut, 1);
    let error = datagram.response(Method::GET, spans.lend()).unwrap_err();
    assert!(matches!(error, Error::DatagramCut { missing: 1 }), "{error:?}");
    // The sender cuts the datagram off.
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n12").unwrap();
    let mut buffer = [0; 100];
    let error =
        server.receive_within(TIMEOUT, &mut buffer).unwrap().request(spans.lend()).unwrap_err();
    let is_truncated = |error: ParseError| error.kind() == ParseErrorKind::Truncated;
    assert!(
        matches!(error, Error::Peer(PeerError::Parse(error)) if is_truncated(error)),
        "{error:?}"
    );
    client.send(b"GET / HTTP/1.1\nHost: a\n\n").unwrap();
    let error =
        server.receive_within(TIMEOUT, &mut buffer).unwrap().request(spans.lend()).unwrap_err();
    assert!(matches!(error, Error::Peer(PeerError::Parse(_))), "{error:?}");
    // A request that the caller may not send.
    let error = client
        .send_request_to(Method::GET, Target::ASTERISK, to, |head| head.without_body())
        .unwrap_err();
    assert!(matches!(error, Error::Usage(WriteError::TargetForm)), "{error:?}");
    let error =
        client.send_request_to(Method::OPTIONS, Target::ASTERISK, to, |_| Ok(())).unwrap_err();
    assert!(
        matches!(error, Error::Usage(WriteError::HeadNotEnded)),
        "a head that is not ended: {error:?}"
    );
}

#[test]
fn a_datagram_is_sent_again_until_a_response_comes() {
    let mut server = UdpPeer::bind("127.0.0.1:0").unwrap();
    let to = server.local_addr().unwrap();
    let served = thread::spawn(move || {
        let (mut buffer, mut received) = ([0; 100], Vec::new());
        // Two requests are lost. The third gets its response twice, after two unrelated datagrams.
        for responses in [&[][..], &[], &[&b"0 late"[..], b"", b"1 here", b"1 here"], &[b"2 here"]]
        {
            let datagram = server.receive_within(TIMEOUT, &mut buffer).unwrap();
            let from = datagram.from;
            received.push(String::from_utf8(datagram.octets.to_vec()).unwrap());
            responses.iter().for_each(|response| server.send_to(response, from).unwrap());
        }
        received
    });
    let mut client = UdpPeer::connect(to).unwrap();
    let (start, mut buffer) = (Instant::now(), [0; 4]);
    let response =
        client.request(b"1 who", TIMEOUT, &mut buffer, |response| response == b"1 here").unwrap();
    assert_eq!((response.octets, response.cut, response.from), (&b"1 he"[..], 2, to));
    assert!(start.elapsed() >= Duration::from_millis(500 + 1000), "{:?}", start.elapsed());
    let response = client
        .request(b"2 who", TIMEOUT, &mut buffer, |response| response.starts_with(b"2 "))
        .unwrap();
    assert_eq!(response.octets, b"2 he");
    assert_eq!(served.join().unwrap(), ["1 who", "1 who", "1 who", "2 who"]);
}

#[test]
fn a_response_is_not_waited_for_longer_than_asked() {
    let server = UdpSocket::bind("127.83.0.1:0").unwrap();
    let mut client = UdpPeer::connect(server.local_addr().unwrap()).unwrap();
    let (start, deadline) = (Instant::now(), Duration::from_millis(300));
    // A datagram that is no response does not extend the timeout.
    let to = client.local_addr().unwrap();
    server.send_to(b"noise", to).unwrap();
    let error = client
        .request(b"who", deadline, &mut [0; 10], |response| response != b"noise")
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::Peer(PeerError::TimedOut { wait: Wait::Datagram, after }) if after == deadline
        ),
        "{error:?}"
    );
    assert!(start.elapsed() >= deadline && start.elapsed() < TIMEOUT);

    drop(server);
    let error = client.request(b"who", TIMEOUT, &mut [0; 10], |_| true).unwrap_err();
    assert!(
        matches!(&error, Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused),
        "{error:?}"
    );
}
