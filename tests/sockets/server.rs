//! Tests of a server's connection, against clients that send literal octets.

use crate::service::Service;
use crate::{TIMEOUT, connect, exchange, exchange_all, read_all, serve_one};
use bareline_core::body::Framing;
use bareline_core::error::{ParseErrorKind, WriteError};
use bareline_core::{FieldName, FieldValue, Status, Version};
use bareline_net::{
    Error, Exchange, PeerError, RequestBody, Responder, Server, ServerStream, Settings, Upgraded,
    Wait,
};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener};
use std::sync::mpsc::channel;
use std::thread::JoinHandle;
use std::time::Duration;

const TEXT: (FieldName<'_>, FieldValue<'_>) =
    (FieldName::CONTENT_TYPE, FieldValue::from_static("text/plain"));

/// Responds to each request on the connection with its target and its body.
fn tell_all(mut peer: ServerStream) -> Result<usize, Error> {
    let mut count = 0;
    while let Some(Exchange { head, mut body, responder, .. }) = peer.next_request()? {
        let mut text = format!("{} ", head.target()).into_bytes();
        body.read_to_end(&mut text)?;
        responder.send(Status::OK, &[], &text)?;
        count += 1;
    }
    Ok(count)
}

fn all_told(settings: Settings) -> (SocketAddr, JoinHandle<Result<usize, Error>>) {
    serve_one(settings, tell_all)
}

#[test]
fn a_request_with_its_body_is_read_and_responded_to() {
    let (address, served) = serve_one(Settings::new(), |mut peer| {
        let Exchange { head, mut body, responder, .. } = peer.next_request().unwrap().unwrap();
        let mut text = [0; 2];
        body.read_exact(&mut text).unwrap();
        let mut response = responder
            .while_reading()
            .begin(Status::CREATED, |head| head.field(TEXT.0, TEXT.1)?.length(9))
            .unwrap();
        response.write_all(&text).unwrap();
        assert_eq!(
            head.fields().only(FieldName::HOST).unwrap().unwrap().as_bytes(),
            b"x",
            "the head is there still"
        );
        response.write_all(head.method().as_bytes()).unwrap();
        body.read_to_end(&mut Vec::new()).unwrap();
        response.write_all(b"end").unwrap();
        response.finish().unwrap();
        assert!(peer.next_request().unwrap().is_none());
    });
    let response = exchange(
        address,
        b"POST /a?b HTTP/1.1\r\nhost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
    );
    let head = "HTTP/1.1 201 Created\r\nContent-Type: text/plain\r\nContent-Length: \
                9\r\nConnection: close\r\n\r\n";
    assert_eq!(response, [head, "hePOSTend"].concat());
    served.join().unwrap();
}

#[test]
fn rfc9112_9_3_each_request_on_a_connection_has_one_response() {
    let requests = [
        "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n",
        "PUT /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
        "PUT /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \
         chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\nX: y\r\n\r\n",
        "\r\nGET /4 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "GET /5 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /6 HTTP/1.1\r\nHost: a\r\n\r\n",
    ];
    let bodies = ["/1 ", "/2 abc", "/3 def", "/4 ", "/5 "];
    let check = |responses: &str| {
        assert_eq!(responses.matches("HTTP/1.1 200 OK\r\n").count(), 5, "{responses}");
        for body in bodies {
            assert_eq!(
                responses.matches(&format!("\r\n\r\n{body}")).count(),
                1,
                "{body} in {responses}"
            );
        }
        assert!(
            responses.contains("Content-Length: 3\r\nConnection: keep-alive\r\n\r\n/4 "),
            "{responses}"
        );
        assert!(responses.ends_with("Connection: close\r\n\r\n/5 "), "{responses}");
    };
    // All requests at once,
    let (address, served) = all_told(Settings::new());
    check(&exchange(address, requests.concat().as_bytes()));
    assert_eq!(served.join().unwrap().unwrap(), 5);
    // and octet by octet.
    let (address, served) = all_told(Settings::new());
    let mut stream = connect(address);
    stream.set_nodelay(true).unwrap();
    requests[..5].concat().bytes().for_each(|octet| stream.write_all(&[octet]).unwrap());
    check(&read_all(stream));
    assert_eq!(served.join().unwrap().unwrap(), 5);
}

#[test]
fn rfc9110_9_3_2_a_response_to_head_has_no_body() {
    let (address, served) = all_told(Settings::new());
    let response = exchange(address, b"HEAD / HTTP/1.0\r\n\r\n");
    assert_eq!(response, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n");
    served.join().unwrap().unwrap();

    let (address, served) = serve_one(Settings::new(), |mut peer| {
        let mut response =
            peer.next_request().unwrap().unwrap().responder.stream(Status::OK, &[]).unwrap();
        response.write_all(&[b'x'; 10_000]).unwrap();
        response.finish()
    });
    let response = exchange_all(address, b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(response, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    served.join().unwrap().unwrap();
}

const EXPECTING: &[u8] =
    b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";

#[test]
fn rfc9110_10_1_1_a_100_is_sent_when_the_body_is_read() {
    let (start, started) = channel();
    let (address, served) = serve_one(Settings::new(), move |mut peer| {
        let Exchange { mut body, responder, .. } = peer.next_request().unwrap().unwrap();
        started.recv_timeout(TIMEOUT).unwrap();
        let text = io::read_to_string(&mut body).unwrap();
        responder.send(Status::OK, &[], text.as_bytes())?;
        peer.next_request().map(|next| next.is_none())
    });
    let mut stream = connect(address);
    stream.write_all(EXPECTING).unwrap();
    let mut interim = [0; 25];
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert!(stream.read_exact(&mut interim).is_err(), "nothing is sent before the body is read");
    start.send(()).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"hi").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(
        read_all(stream),
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        "and the connection goes on"
    );
    assert!(served.join().unwrap().unwrap());
}

#[test]
fn rfc9110_10_1_1_no_100_is_sent_that_is_not_needed() {
    // The body has already arrived.
    let (address, served) = all_told(Settings::new());
    let response = exchange_all(address, &[EXPECTING, b"hi"].concat());
    assert_eq!(response, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n/ hi");
    served.join().unwrap().unwrap();
    // Nobody reads the body: it may or may not arrive, so the connection closes.
    let (address, served) = serve_one(Settings::new(), |mut peer| {
        peer.next_request().unwrap().unwrap().responder.send(
            Status::EXPECTATION_FAILED,
            &[],
            b"",
        )?;
        peer.next_request().map(|next| next.is_none())
    });
    let response = exchange(address, EXPECTING);
    assert_eq!(
        response,
        "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    assert!(served.join().unwrap().unwrap());
    // HTTP/1.0 has no 100: the server waits for the body in silence.
    let settings = Settings::new().body_timeout(Duration::from_millis(50));
    for (version, status) in [("1.0", "408"), ("1.1", "100")] {
        let (address, served) = all_told(settings);
        let head = format!(
            "PUT / HTTP/{version}\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        );
        let response = exchange(address, head.as_bytes());
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{response}");
        let error = served.join().unwrap().unwrap_err();
        assert!(
            matches!(error, Error::Peer(PeerError::TimedOut { wait: Wait::Body, .. })),
            "{error:?}"
        );
    }
}

/// Each case is a peer's octets, the status of the response, and the error of the server.
#[test]
fn a_rejected_request_gets_a_response_and_is_reported() {
    let parse = |error: &Error| {
        matches!(
            error,
            Error::Peer(PeerError::Parse(error)) if error.kind() == ParseErrorKind::BareLf
        )
    };
    let chunk = |error: &Error| {
        matches!(
            error,
            Error::Peer(PeerError::Parse(error)) if error.kind() == ParseErrorKind::ChunkSize
        )
    };
    let large = |error: &Error| {
        matches!(
            error,
            Error::Peer(PeerError::Parse(error)) if error.kind() == ParseErrorKind::BodyTooLarge
        )
    };
    let long = |error: &Error| {
        matches!(
            error,
            Error::Peer(PeerError::Parse(error)) if error.kind() == ParseErrorKind::HeadTooLong
        )
    };
    let cut = |error: &Error| matches!(error, Error::Peer(PeerError::Truncated));
    let late =
        |error: &Error| matches!(error, Error::Peer(PeerError::TimedOut { wait: Wait::Head, .. }));
    let late_body =
        |error: &Error| matches!(error, Error::Peer(PeerError::TimedOut { wait: Wait::Body, .. }));
    type IsFault = fn(&Error) -> bool;
    let endless = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(70_000));
    let cases: [(&str, u16, IsFault); 8] = [
        ("GET / HTTP/1.1\n\n", 400, parse),
        ("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n\r\n", 400, chunk),
        ("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n", 413, large),
        ("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n", 413, large),
        ("GET / HTTP/1.1\r\nHo", 408, late),
        (&endless, 431, long),
        ("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfive.", 408, late_body),
        ("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfive.", 400, cut),
    ];
    for (octets, status, is_fault) in cases {
        let soon = Duration::from_millis(50);
        let body_timeout = if status == 400 { TIMEOUT } else { soon };
        let settings = Settings::new().body_limit(10).head_timeout(soon).body_timeout(body_timeout);
        let (address, served) = all_told(settings);
        let response = if status == 400 {
            exchange_all(address, octets.as_bytes())
        } else {
            exchange(address, octets.as_bytes())
        };
        assert!(
            response.starts_with(&format!("HTTP/1.1 {status} ")),
            "{octets:?} has the response {response:?}"
        );
        let (_, reason) = response.split_once("\r\n\r\n").unwrap();
        assert_eq!((reason.lines().count(), reason.ends_with('\n')), (1, true), "{reason:?}");
        let error = served.join().unwrap().unwrap_err();
        assert!(is_fault(&error), "{octets:?} was reported as {error:?}");
    }
}

#[test]
fn responses_that_are_ready_go_out_before_a_rejection() {
    let (address, served) = all_told(Settings::new());
    let responses = exchange(
        address,
        b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3\r\n\r\n",
    );
    let statuses: Vec<_> =
        responses.split("HTTP/1.1 ").skip(1).map(|response| &response[..3]).collect();
    assert_eq!(statuses, ["200", "200", "400"]);
    assert!(matches!(served.join().unwrap(), Err(Error::Peer(PeerError::Parse(_)))));
}

#[test]
fn an_invalid_body_gets_the_callers_response_or_a_rejection() {
    const BAD: &[u8] = b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
        1\r\na\r\nx\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
    type Handle = fn(RequestBody<'_>, Responder<'_>) -> Result<(), Error>;
    let handlers: [(Handle, &str, &str); 3] = [
        (
            |mut body, _| Ok(_ = body.read_to_end(&mut Vec::new())?),
            "400 Bad Request",
            "invalid chunk size",
        ),
        (
            |mut body, responder| {
                let error = body.read_to_end(&mut Vec::new()).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::InvalidData);
                assert_eq!(
                    body.read(&mut [0; 5]).unwrap_err().kind(),
                    io::ErrorKind::InvalidData,
                    "a fault is no end"
                );
                responder.send(Status::UNPROCESSABLE_CONTENT, &[], b"mine")
            },
            "422 Unprocessable Content",
            "mine",
        ),
        (|_, responder| responder.send(Status::OK, &[], b"unread"), "200 OK", "unread"),
    ];
    for (number, (handle, status, text)) in handlers.into_iter().enumerate() {
        let (address, served) = serve_one(Settings::new(), move |mut peer| {
            let Exchange { body, responder, .. } = peer.next_request().unwrap().unwrap();
            let handled = handle(body, responder);
            (handled, peer.next_request().map(|next| next.is_none()))
        });
        let response = exchange(address, BAD);
        assert!(response.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{number}: {response}");
        assert!(response.contains(text), "{number}: {response}");
        assert_eq!(response.matches("HTTP/1.").count(), 1, "one response: {response}");
        let (handled, next) = served.join().unwrap();
        assert_eq!(handled.is_ok(), number > 0, "{handled:?}");
        assert!(
            matches!(next, Ok(true) | Err(Error::Peer(PeerError::Parse(_)))),
            "{number}: {next:?}"
        );
    }
}

#[test]
fn rfc9112_9_3_an_unread_body_is_not_taken_for_a_request() {
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    let framed = [
        format!("Content-Length: {}\r\n\r\n{smuggled}", smuggled.len()),
        format!(
            "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{smuggled}\r\n0\r\n\r\n",
            smuggled.len()
        ),
    ];
    for body in framed {
        for taken in [0, 1, 10] {
            let (address, served) = serve_one(Settings::new(), move |mut peer| {
                let mut targets = Vec::new();
                while let Some(Exchange { head, mut body, responder, .. }) =
                    peer.next_request().unwrap()
                {
                    targets.push(head.target().to_string());
                    assert!(body.read(&mut vec![0; taken]).unwrap() <= taken);
                    responder.send(Status::OK, &[], head.target().as_bytes()).unwrap();
                }
                targets
            });
            let responses = exchange_all(
                address,
                format!("PUT /1 HTTP/1.1\r\nHost: a\r\n{body}GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
                    .as_bytes(),
            );
            assert_eq!(responses.matches("HTTP/1.1 200 OK").count(), 2, "{responses}");
            assert_eq!(served.join().unwrap(), ["/1", "/2"]);
        }
    }
}

#[test]
fn rfc9112_9_6_a_long_unread_body_does_not_end_the_response() {
    let (address, served) = serve_one(Settings::new(), |mut peer| {
        peer.next_request().unwrap().unwrap().responder.send(Status::OK, &[], b"enough").unwrap();
        peer.next_request().map(|next| next.is_none())
    });
    let mut stream = connect(address);
    stream.write_all(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n").unwrap();
    for _ in 0..20 {
        stream.write_all(&[b'x'; 10_000]).unwrap();
    }
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(
        read_all(stream),
        "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nenough"
    );
    assert!(served.join().unwrap().unwrap(), "nothing is wrong with that, and no request follows");
}

#[test]
fn rfc9112_7_1_2_trailers_go_both_ways() {
    let (address, served) = serve_one(Settings::new(), |mut peer| {
        let Exchange { mut body, responder, .. } = peer.next_request().unwrap().unwrap();
        let mut echo = responder.while_reading().stream(Status::OK, &[]).unwrap();
        assert!(body.trailers().is_empty(), "they are behind the body");
        io::copy(&mut body, &mut echo).unwrap();
        echo.finish_with(&body.trailers().iter().collect::<Vec<_>>())
    });
    let request = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \
                   chunked\r\n\r\n3\r\nabc\r\n0\r\nSum: 1\r\nsum: 2\r\n\r\n";
    let response = exchange_all(address, request.as_bytes());
    assert_eq!(
        response,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nSum: 1\r\nsum: \
         2\r\n\r\n"
    );
    served.join().unwrap().unwrap();
}

#[test]
fn rfc9110_5_4_a_request_has_128_trailers_and_no_more() {
    for (lines, status) in [(128, "200 OK"), (129, "431 Request Header Fields Too Large")] {
        let (address, served) = serve_one(Settings::new(), |mut peer| {
            let Exchange { mut body, responder, .. } = peer.next_request()?.unwrap();
            io::copy(&mut body, &mut io::sink())?;
            responder.send(Status::OK, &[], body.trailers().len().to_string().as_bytes())
        });
        let trailers = "a:\r\n".repeat(lines);
        let request = format!(
            "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \
             chunked\r\n\r\n1\r\nx\r\n0\r\n{trailers}\r\n"
        );
        let response = exchange_all(address, request.as_bytes());
        assert!(response.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{response}");
        match served.join().unwrap() {
            Ok(()) => assert!(lines == 128 && response.ends_with("\r\n\r\n128"), "{response}"),
            Err(error) => {
                assert!(lines == 129 && error.to_string().contains("too many fields"), "{error}")
            }
        }
    }
}

#[test]
fn rfc9110_7_8_a_101_hands_over_the_stream_and_what_has_come() {
    let (address, served) = serve_one(Settings::new(), |mut peer| {
        let Exchange { responder, .. } = peer.next_request().unwrap().unwrap();
        let response = responder.begin(Status::SWITCHING_PROTOCOLS, |head| {
            let head = head.field(FieldName::UPGRADE, FieldValue::from_static("echo"))?;
            head.field(FieldName::CONNECTION, FieldValue::from_static("upgrade"))?.without_body()
        });
        response.unwrap().finish().unwrap();
        assert!(peer.next_request().unwrap().is_none(), "no request of ours comes any more");
        assert!(peer.is_upgraded());
        let Upgraded { transport: mut stream, received, .. } = peer.into_upgraded().unwrap();
        stream.write_all(&received).unwrap();
        let mut more = vec![0; 7 - received.len()];
        stream.read_exact(&mut more).unwrap();
        stream.write_all(&more).unwrap();
    });
    let mut stream = connect(address);
    let upgrade =
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n\0\x01\x02";
    stream.write_all(upgrade.as_bytes()).unwrap();
    stream.write_all(b"more").unwrap();
    let response = read_all(stream);
    assert_eq!(
        response,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: \
         upgrade\r\n\r\n\0\x01\x02more"
    );
    served.join().unwrap();

    let (address, served) = serve_one(Settings::new(), |mut peer| {
        peer.next_request().unwrap().unwrap().responder.send(Status::OK, &[], b"").unwrap();
        !peer.is_upgraded() && matches!(peer.into_upgraded(), Err(Error::NotUpgraded))
    });
    exchange(address, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(served.join().unwrap(), "what is still HTTP is not handed over");
}

#[test]
fn a_peer_that_goes_is_no_request() {
    let (address, served) = all_told(Settings::new());
    drop(connect(address));
    assert_eq!(served.join().unwrap().unwrap(), 0);

    let (address, served) = all_told(Settings::new());
    assert!(exchange_all(address, b"GET / HT").starts_with("HTTP/1.1 400 "));
    assert!(matches!(served.join().unwrap(), Err(Error::Peer(PeerError::Truncated))));
}

#[test]
fn rfc9112_9_6_no_response_is_lost_to_octets_that_nobody_reads() {
    let (address, served) = all_told(Settings::new());
    let mut stream = connect(address);
    stream.write_all(b"nonsense@\r\n").unwrap();
    // The server does not use these octets; a close with them unread would be a reset, which
    // discards the response.
    for _ in 0..20 {
        let _ = stream.write_all(&[b'x'; 10_000]);
    }
    stream.shutdown(Shutdown::Write).unwrap_or_default();
    assert!(read_all(stream).starts_with("HTTP/1.1 400 "));
    assert!(served.join().unwrap().is_err());
}

#[test]
fn rfc9112_9_6_a_large_response_survives_octets_behind_the_last() {
    for request in [
        "POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ] {
        let (sent, is_sent) = channel();
        let (address, served) = serve_one(Settings::new(), move |mut peer| {
            let Exchange { mut body, responder, .. } = peer.next_request().unwrap().unwrap();
            body.read_to_end(&mut Vec::new()).unwrap();
            responder.send(Status::OK, &[], &[b'x'; 200_000]).unwrap();
            sent.send(()).unwrap();
        });
        let mut stream = connect(address);
        stream.write_all(request.as_bytes()).unwrap();
        // The connection is closed by then, unless the server waits.
        is_sent.recv_timeout(TIMEOUT).unwrap();
        stream.write_all(b"\r\n").unwrap();
        let _ = stream.shutdown(Shutdown::Write); // it may have been reset
        served.join().unwrap();
        assert!(read_all(stream).len() > 200_000);
    }
}

#[test]
fn rfc9110_10_1_1_a_100_follows_the_response_before_it() {
    let (address, served) = serve_one(Settings::new(), |mut peer| {
        peer.next_request()?.unwrap().responder.send(Status::OK, &[], b"first")?;
        let Exchange { mut body, responder, .. } = peer.next_request()?.unwrap();
        let mut echo = responder.while_reading().stream_sized(Status::CREATED, &[], 2)?;
        io::copy(&mut body, &mut echo)?;
        echo.finish()
    });
    let mut stream = connect(address);
    let first = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let second = "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nConnection: \
                  close\r\nContent-Length: 2\r\n\r\n";
    stream.write_all([first, second].concat().as_bytes()).unwrap();
    let (mut came, mut octet) = (Vec::new(), [0]);
    while !came.ends_with(b"100 Continue\r\n\r\n") {
        stream.read_exact(&mut octet).unwrap();
        came.push(octet[0]);
    }
    assert!(came.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", String::from_utf8_lossy(&came));
    stream.write_all(b"hi").unwrap();
    let response = read_all(stream);
    assert!(
        response.starts_with("HTTP/1.1 201 ") && response.ends_with("\r\n\r\nhi"),
        "{response}"
    );
    served.join().unwrap().unwrap();
}

/// Each case is a caller's response that cannot be sent; the client gets a 500.
#[test]
fn an_invalid_response_is_a_500_and_an_error() {
    type Response = fn(Responder<'_>) -> Result<(), Error>;
    let responses: [Response; 7] = [
        |responder| responder.begin(Status::OK, |_| Ok(()))?.finish(),
        |responder| responder.send(Status::CONTINUE, &[], b""),
        |responder| responder.send(Status::NOT_MODIFIED, &[], b"x"),
        |responder| responder.send(Status::SWITCHING_PROTOCOLS, &[], b""),
        |responder| {
            responder.send(
                Status::OK,
                &[(FieldName::HOST, FieldValue::new(&vec![b'x'; 65_536]).unwrap())],
                b"x",
            )
        },
        |responder| responder.begin(Status::OK, |head| head.chunked()).map(drop),
        |responder| {
            Err(responder
                .send(
                    Status::OK,
                    &[(FieldName::CONTENT_LENGTH, FieldValue::from_static("1"))],
                    b"x",
                )
                .unwrap_err())
        },
    ];
    for (number, response) in responses.into_iter().enumerate() {
        let (address, served) = serve_one(Settings::new(), move |mut peer| {
            let responded = response(peer.next_request().unwrap().unwrap().responder);
            assert!(
                matches!(responded, Err(Error::Usage(_) | Error::TooLong { .. })),
                "{number}: {responded:?}"
            );
            let unserved = peer.next_request().unwrap_err();
            assert!(matches!(unserved, Error::IncompleteResponse), "{unserved:?}");
            assert!(peer.next_request().unwrap().is_none(), "the connection is closed");
        });
        let response = exchange(address, b"GET / HTTP/1.0\r\n\r\n");
        assert!(
            response.starts_with("HTTP/1.1 500 Internal Server Error\r\n"),
            "{number}: {response:?}"
        );
        assert_eq!(response.matches("HTTP/1.").count(), 1, "{response:?}");
        served.join().unwrap();
    }
}

#[test]
fn an_unfinished_response_is_cut_short_for_the_client_too() {
    type Response = fn(Responder<'_>) -> Result<(), Error>;
    let responses: [(Response, &str); 3] = [
        (
            |responder| Ok(responder.stream(Status::OK, &[])?.write_all(b"half")?),
            "Transfer-Encoding: chunked\r\n\r\n",
        ),
        (
            |responder| {
                Ok(responder
                    .begin(Status::OK, |head| head.length(8).map(drop))?
                    .write_all(&[b'x'; 4])?)
            },
            "Content-Length: 8\r\n\r\n",
        ),
        (
            |responder| {
                let error = responder
                    .begin(Status::OK, |head| head.length(8).map(drop))?
                    .finish()
                    .unwrap_err();
                assert!(matches!(error, Error::Usage(WriteError::BodyLength)), "{error:?}");
                Ok(())
            },
            "Content-Length: 8\r\n\r\n",
        ),
    ];
    for (response, end) in responses {
        for is_dropped in [false, true] {
            let (address, served) = serve_one(Settings::new(), move |mut peer| {
                response(peer.next_request().unwrap().unwrap().responder).unwrap();
                if !is_dropped {
                    assert!(matches!(peer.next_request(), Err(Error::IncompleteResponse)));
                }
            });
            let response = exchange(
                address,
                b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            );
            assert!(response.ends_with(end), "{response:?}");
            served.join().unwrap();
        }
    }
}

#[test]
fn a_handler_that_panics_is_a_500() {
    let (address, served) = serve_one(Settings::new(), |mut peer| {
        let _exchange = peer.next_request().unwrap().unwrap();
        std::panic::resume_unwind(Box::new("on purpose"));
    });
    assert!(exchange(address, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 500 "));
    let joined: Result<(), _> = served.join();
    assert!(joined.is_err());
}

#[test]
fn rfc9110_15_2_interim_responses_go_ahead_of_the_final_one() {
    for (request, response) in [
        (
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "HTTP/1.1 103 Early Hints\r\nContent-Type: text/plain\r\n\r\nHTTP/1.1 204 No \
             Content\r\n\r\n",
        ),
        ("GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"),
    ] {
        let (address, served) = serve_one(Settings::new(), |mut peer| {
            let Exchange { mut responder, .. } = peer.next_request().unwrap().unwrap();
            assert!(matches!(responder.interim(Status::OK, &[]), Err(Error::Usage(_))));
            responder.interim(Status::EARLY_HINTS, &[TEXT]).unwrap();
            responder.send(Status::NO_CONTENT, &[], b"")
        });
        assert_eq!(exchange_all(address, request.as_bytes()), response);
        served.join().unwrap().unwrap();
    }
}

#[test]
fn a_stream_goes_to_each_version_in_its_way() {
    for (request, framing, body) in [
        (
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "Transfer-Encoding: chunked\r\n",
            "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n",
        ),
        ("GET / HTTP/1.0\r\n\r\n", "Connection: close\r\n", "onetwo"),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "Connection: close\r\n", "onetwo"),
    ] {
        let (address, served) = serve_one(Settings::new(), |mut peer| {
            let mut body =
                peer.next_request().unwrap().unwrap().responder.stream(Status::OK, &[])?;
            for part in ["o", "ne", "", "t", "w", "o"] {
                body.write_all(part.as_bytes())?;
                if part == "ne" {
                    body.flush()?;
                }
            }
            body.finish()?;
            peer.next_request().map(|next| next.is_none())
        });
        let response = exchange_all(address, request.as_bytes());
        assert_eq!(response, format!("HTTP/1.1 200 OK\r\n{framing}\r\n{body}"));
        assert!(served.join().unwrap().unwrap());
    }
}

#[test]
fn what_is_flushed_is_sent_while_the_rest_is_made() {
    let (finish, finished) = channel();
    let (address, served) = serve_one(Settings::new(), move |mut peer| {
        let mut body =
            peer.next_request().unwrap().unwrap().responder.stream(Status::OK, &[]).unwrap();
        body.write_all(b"one").unwrap();
        body.flush().unwrap();
        finished.recv_timeout(TIMEOUT).unwrap();
        body.finish().unwrap();
    });
    let mut stream = connect(address);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none";
    let mut received = vec![0; head.len()];
    stream.read_exact(&mut received).unwrap();
    assert_eq!(received, head.as_bytes());
    finish.send(()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_all(stream), "\r\n0\r\n\r\n");
    served.join().unwrap();
}

#[test]
fn the_version_of_a_response_can_be_chosen() {
    let (address, served) = serve_one(Settings::new(), |mut peer| {
        let responder = peer.next_request().unwrap().unwrap().responder;
        responder
            .begin(Status::OK, |head| {
                head.version(Version::Http10).body_until_close(b"TCP connection")
            })?
            .finish()
    });
    let response = exchange(address, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(response, "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nTCP connection");
    served.join().unwrap().unwrap();
}

#[test]
fn an_address_that_cannot_be_bound_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap();
    for (address, told) in [
        (taken, "Address already in use"),
        ("[fe80::1]:80".parse().unwrap(), ": a link-local address needs its zone "),
    ] {
        let error = Server::bind(address).unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot listen on {address}: ")), "{error}");
        assert!(error.contains(told), "{error}");
    }
    let Err(Error::Io(error)) = Server::bind(taken) else { panic!("{taken} is free") };
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
}

/// Sends each body back while it arrives.
fn echo(Exchange { head, mut body, responder, .. }: Exchange<'_>) -> Result<(), Error> {
    let responder = responder.while_reading();
    let mut echo = match head.framing() {
        Framing::Length(length) => responder.stream_sized(Status::OK, &[], length)?,
        _ => responder.stream(Status::OK, &[])?,
    };
    io::copy(&mut body, &mut echo)?;
    echo.finish()
}

#[test]
fn a_client_may_wait_for_the_echo_of_each_piece() {
    let service = Service::new(|server| server, echo);
    for (framing, first, echoed, last) in [
        ("Transfer-Encoding: chunked", "2\r\nhi\r\n", "2\r\nhi", "0\r\n\r\n"),
        ("Content-Length: 4", "hi", "hi", "!!"),
    ] {
        let (address, served) =
            serve_one(Settings::new(), |mut peer| echo(peer.next_request()?.unwrap()));
        for mut stream in [connect(service.address), connect(address)] {
            let head = format!("PUT / HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
            for (sent, expected) in [(first, echoed), (last, last)] {
                stream.write_all(sent.as_bytes()).unwrap();
                let mut received = String::new();
                while !received.ends_with(expected) {
                    let mut octet = [0];
                    stream.read_exact(&mut octet).unwrap();
                    received.push(octet[0].into());
                }
            }
        }
        served.join().unwrap().unwrap();
    }
}

#[test]
fn rfc9110_10_1_1_a_100_goes_ahead_of_a_response_that_is_ready() {
    let (address, served) = serve_one(Settings::new(), |mut peer| {
        let Exchange { mut body, responder, .. } = peer.next_request().unwrap().unwrap();
        let mut echo = responder.while_reading().stream(Status::OK, &[])?;
        io::copy(&mut body, &mut echo)?;
        echo.finish()
    });
    let mut stream = connect(address);
    stream.write_all(EXPECTING).unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"hi").unwrap();
    let response = read_all(stream);
    assert_eq!(
        response,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
    );
    served.join().unwrap().unwrap();
}

#[test]
fn a_complete_response_takes_no_more_octets() {
    type Begin = fn(Responder<'_>) -> Result<bareline_net::ResponseWriter<'_>, Error>;
    let responses: [Begin; 2] = [
        |responder| responder.begin(Status::OK, |head| head.body(b"one")),
        |responder| responder.begin(Status::NO_CONTENT, |head| head.without_body()),
    ];
    for begin in responses {
        let (address, served) = serve_one(Settings::new(), move |mut peer| {
            let mut response = begin(peer.next_request().unwrap().unwrap().responder).unwrap();
            assert_eq!(response.write(b"").unwrap(), 0);
            response.flush().unwrap();
            assert_eq!(response.write(b"two").unwrap_err().kind(), io::ErrorKind::InvalidInput);
            response.finish()
        });
        let response = exchange_all(address, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(!response.contains("two"), "{response}");
        served.join().unwrap().unwrap();
    }
}

#[test]
fn a_head_and_a_body_need_not_fit_together() {
    let (address, served) = serve_one(Settings::new(), |mut peer| {
        let value = vec![b'x'; 5000];
        let field = (FieldName::from_static("X"), FieldValue::new(&value).unwrap());
        peer.next_request().unwrap().unwrap().responder.send(Status::OK, &[field], &[b'y'; 4096])
    });
    assert!(
        exchange_all(address, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").ends_with(&"y".repeat(4096))
    );
    served.join().unwrap().unwrap();
}

#[test]
fn what_is_asked_for_in_between_is_an_error_and_no_panic() {
    let (address, served) = serve_one(Settings::new(), |mut peer| {
        let Exchange { body, responder, .. } = peer.next_request().unwrap().unwrap();
        let body = std::cell::RefCell::new(body);
        let response = responder.begin(Status::OK, |head| {
            assert_eq!(
                body.borrow_mut().read(&mut [0]).unwrap_err().kind(),
                io::ErrorKind::InvalidInput
            );
            head.without_body()
        })?;
        response.finish()
    });
    exchange_all(address, b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    served.join().unwrap().unwrap();
}

#[test]
fn rfc9112_9_6_a_response_that_says_close_is_the_last() {
    let (address, served) = serve_one(Settings::new(), |mut peer| {
        let close = (FieldName::CONNECTION, FieldValue::from_static("close"));
        peer.next_request().unwrap().unwrap().responder.send(Status::OK, &[close], b"1").unwrap();
        peer.next_request().map(|next| next.is_none())
    });
    let responses =
        exchange(address, b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(responses, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n1");
    assert!(served.join().unwrap().unwrap());
}

/// A handler reads a chunked body while it responds with a length.
#[test]
fn rfc9112_9_3_a_length_may_be_complete_before_the_last_chunk() {
    let request = format!(
        "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n{}\r\n0\r\nSum: \
         1\r\n\r\n{}",
        "x".repeat(5000),
        "GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    );
    let (address, served) = serve_one(Settings::new(), |mut peer| {
        let Exchange { mut body, responder, .. } = peer.next_request()?.unwrap();
        let mut echo = responder.while_reading().stream_sized(Status::OK, &[], 5000)?;
        io::copy(&mut body, &mut echo)?;
        // The octets that would end the response wait, with any way to send them.
        echo.flush()?;
        assert_eq!(body.trailers().len(), 1, "the body is read to its end");
        echo.finish()?;
        let Exchange { head, responder, .. } = peer.next_request()?.unwrap();
        responder.send(Status::OK, &[], head.target().as_bytes())
    });
    let responses = exchange(address, request.as_bytes());
    assert!(
        responses.starts_with("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nxxx"),
        "{responses}"
    );
    assert!(responses.ends_with("\r\n\r\n/next"), "{responses}");
    served.join().unwrap().unwrap();
}

/// The body has arrived when the handler responds, in each case of what was read or asked for.
#[test]
fn rfc9112_9_3_a_body_that_has_come_keeps_the_connection() {
    type Respond = fn(Responder<'_>) -> Result<(), Error>;
    let responds: [Respond; 4] = [
        |responder| responder.send(Status::NOT_FOUND, &[], b"none"),
        |responder| responder.while_reading().send(Status::NOT_FOUND, &[], b"none"),
        |responder| responder.stream(Status::OK, &[])?.finish(),
        |responder| responder.begin(Status::OK, |head| head.length(0))?.finish(),
    ];
    for respond in responds {
        for expect in ["", "Expect: 100-continue\r\n"] {
            let (may_go_on, go_on) = channel::<()>();
            let (address, served) = serve_one(Settings::new(), move |mut peer| {
                let mut count = 0;
                while let Some(Exchange { responder, .. }) = peer.next_request()? {
                    if count == 0 {
                        go_on.recv_timeout(TIMEOUT).unwrap();
                    }
                    count += 1;
                    respond(responder)?;
                }
                Ok::<_, Error>(count)
            });
            let mut stream = connect(address);
            stream
                .write_all(
                    format!("PUT / HTTP/1.1\r\nHost: a\r\n{expect}Content-Length: 5\r\n\r\n")
                        .as_bytes(),
                )
                .unwrap();
            // A client that does not get its 100 in time sends the body without it.
            stream.write_all(b"helloGET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            may_go_on.send(()).unwrap();
            let responses = read_all(stream);
            assert_eq!(
                (served.join().unwrap().unwrap(), responses.contains("Connection: close")),
                (2, false),
                "{responses}"
            );
        }
    }
}

/// Reading a body after it was given up fails, with any part of it received or read before.
#[test]
fn a_body_that_was_given_up_cannot_be_read() {
    for (body, length) in [("hello", 5), ("hel", 5), ("", 5)] {
        for taken in [0, 1] {
            let (address, served) = serve_one(Settings::new(), move |mut peer| {
                let Exchange { mut body, responder, .. } = peer.next_request().unwrap().unwrap();
                if taken > 0 && length > 0 {
                    let _ = body.by_ref().take(taken).read_to_end(&mut Vec::new());
                }
                let response = responder.stream(Status::OK, &[]);
                let read = body.read(&mut [0; 10]);
                drop(response);
                read.map_err(Error::from)
            });
            let octets =
                format!("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}");
            exchange_all(address, octets.as_bytes());
            let read = served.join().unwrap();
            let is_cut = body.is_empty() && taken > 0;
            assert!(
                is_cut
                    || matches!(
                        read,
                        Err(Error::Usage(WriteError::RequestUnread) | Error::Peer(_))
                    ),
                "{read:?}"
            );
        }
    }
}
