//! Dialogues over the blocking and the asynchronous traits, with octets cut at every length.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

// Its name in the example for embassy-net.
extern crate embedded_io_async_07 as embedded_io_async;

use bareline_core::embedded_io_07::{StreamError, StreamMemory, Upgraded};
use bareline_core::error::{ParseErrorKind, WriteError};
use bareline_core::head::Limits;
use bareline_core::{
    FieldName, FieldSpans, FieldValue, RequestHead, Status, embedded_io_07, embedded_io_async_07,
};
use core::convert::Infallible;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

mod client;
mod documented;

type Served = Result<(), StreamError<Infallible>>;

/// A peer that sends prepared octets, and transfers only a few at a time.
struct Peer<'o> {
    says: &'o [u8],
    at_a_time: usize,
    /// The number of octets it accepts.
    takes: usize,
    hears: Vec<u8>,
    flushes: usize,
    /// The number of reads after the end.
    ends: usize,
}

impl<'o> Peer<'o> {
    /// Returns a peer that sends these octets at once, and accepts all.
    const fn new(says: &'o [u8]) -> Self {
        let (at_a_time, takes) = (usize::MAX, usize::MAX);
        Self { says, at_a_time, takes, hears: Vec::new(), flushes: 0, ends: 0 }
    }

    fn say(&mut self, buffer: &mut [u8]) -> usize {
        let count = self.says.len().min(buffer.len()).min(self.at_a_time);
        self.ends += usize::from(self.says.is_empty() && !buffer.is_empty());
        assert!(self.ends < 10, "a loop reads on after the end of input");
        let (now, later) = self.says.split_at(count);
        buffer[..count].copy_from_slice(now);
        self.says = later;
        count
    }

    fn hear(&mut self, octets: &[u8]) -> usize {
        assert!(self.hears.len() < 20_000, "a loop writes without an end");
        let count = octets.len().min(self.at_a_time).min(self.takes);
        self.takes -= count;
        self.hears.extend_from_slice(&octets[..count]);
        count
    }
}

impl ::embedded_io_07::ErrorType for &mut Peer<'_> {
    type Error = Infallible;
}

impl ::embedded_io_07::Read for &mut Peer<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        Ok(self.say(buffer))
    }
}

impl ::embedded_io_07::Write for &mut Peer<'_> {
    fn write(&mut self, octets: &[u8]) -> Result<usize, Infallible> {
        Ok(self.hear(octets))
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        self.flushes += 1;
        Ok(())
    }
}

impl ::embedded_io_async_07::Read for &mut Peer<'_> {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        Ok(self.say(buffer))
    }
}

impl ::embedded_io_async_07::Write for &mut Peer<'_> {
    async fn write(&mut self, octets: &[u8]) -> Result<usize, Infallible> {
        Ok(self.hear(octets))
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

const TEXT: [(FieldName<'_>, FieldValue<'_>); 1] =
    [(FieldName::CONTENT_TYPE, FieldValue::from_static("text/plain"))];

/// Serves paths for the tests: an echo, a response larger than the buffer, a missing response, the
/// path itself.
macro_rules! serve {
    ($name:ident, $traits:ident, [$($asynchronous:ident)?], [$($await:tt)*]) => {
        $($asynchronous)? fn $name(peer: &mut Peer<'_>) -> Served {
            use ::$traits::{Read, Write};
            let limits = Limits::new().body(5000);
            let mut memory = StreamMemory::<4, 128, 96>::new();
            let mut stream = $traits::ServerStream::with_limits(peer, &mut memory, limits);
            while let Some(mut exchange) = stream.next_request()$($await)*? {
                match exchange.head().target().path() {
                    "/echo" => {
                        exchange.begin_while_reading(Status::OK, &[])$($await)*?;
                        let mut piece = [0; 32];
                        loop {
                            match exchange.read(&mut piece)$($await)*? {
                                0 => break exchange.finish()$($await)*?,
                                count => exchange.write_all(&piece[..count])$($await)*?,
                            }
                        }
                    }
                    "/large" => exchange.respond(Status::OK, &[], &[b'x'; 300])$($await)*?,
                    "/fields" => exchange.respond(Status::OK, &[TEXT[0]; 5], b"")$($await)*?,
                    "/forgotten" => {}
                    "/stream" => {
                        exchange.begin(Status::OK, &[])$($await)*?;
                        exchange.write_all(b"streamed")$($await)*?;
                        exchange.finish()$($await)*?;
                    }
                    "/late" => {
                        exchange.begin(Status::OK, &[])$($await)*?;
                        let read = exchange.read(&mut [0; 32])$($await)*;
                        exchange.finish()$($await)*?;
                        read?;
                    }
                    "/partly" => {
                        exchange.read(&mut [0; 2])$($await)*?;
                        exchange.begin(Status::OK, &[])$($await)*?;
                        let read = exchange.read(&mut [0; 32])$($await)*;
                        exchange.finish()$($await)*?;
                        read?;
                    }
                    "/hasty" => {
                        exchange.begin_while_reading(Status::OK, &[])$($await)*?;
                        exchange.finish()$($await)*?;
                    }
                    "/body" => {
                        let (mut body, mut count) = ([0; 5000], 0);
                        loop {
                            match exchange.read(&mut body[count..])$($await)*? {
                                0 => {
                                    let body = &body[..count];
                                    break exchange.respond(Status::OK, &[], body)$($await)*?;
                                }
                                more => count += more,
                            }
                        }
                    }
                    path => {
                        let path = path.to_owned();
                        exchange.respond(Status::OK, &TEXT, path.as_bytes())$($await)*?;
                    }
                }
            }
            Ok(())
        }
    };
}
serve!(blocking, embedded_io_07, [], []);
serve!(asynchronous, embedded_io_async_07, [async], [.await]);

/// Runs a future that never waits.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a peer that never waits was waited for"),
    }
}

/// Returns the octets the peer receives and the result, after checking that both are independent of
/// the cuts and of `async`.
fn dialogue(says: &[u8]) -> (String, Served) {
    let run = |at_a_time: usize, serve: fn(&mut Peer<'_>) -> Served| {
        let mut peer = Peer { at_a_time, ..Peer::new(says) };
        let served = serve(&mut peer);
        (String::from_utf8(peer.hears).unwrap(), served)
    };
    let whole = run(usize::MAX, blocking);
    for at_a_time in (1..40).chain([usize::MAX]) {
        for serve in [blocking, |peer: &mut Peer<'_>| at_once(asynchronous(peer))] {
            let (heard, served) = run(at_a_time, serve);
            // The chunks of an echo depend on the cuts.
            assert_eq!(
                (unchunked(&heard), &served),
                (unchunked(&whole.0), &whole.1),
                "{at_a_time} octets at a time"
            );
        }
    }
    whole
}

/// Returns the text with the content of a chunked body instead of its chunks.
fn unchunked(heard: &str) -> String {
    let Some((before, mut rest)) = heard.split_once("chunked\r\n\r\n") else {
        return heard.to_owned();
    };
    let mut content = format!("{before}unchunked: ");
    while let Some((size, after)) = rest.split_once("\r\n") {
        let (data, after) = after.split_at(usize::from_str_radix(size, 16).unwrap());
        content.push_str(data);
        rest = after.strip_prefix("\r\n").unwrap();
        if data.is_empty() {
            break;
        }
    }
    content + rest
}

#[test]
fn requests_on_one_connection_are_served_in_order() {
    let (heard, served) = dialogue(
        b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nHEAD /22 HTTP/1.1\r\nHost: a\r\n\r\n\
            GET /3 HTTP/1.0\r\n\r\nGET /4 HTTP/1.1\r\n",
    );
    assert_eq!(
        heard,
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n/1HTTP/1.1 200 \
         OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nHTTP/1.1 200 \
         OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\n/3"
    );
    assert_eq!(served, Ok(()));
}

#[test]
fn a_body_is_read_while_the_response_is_written() {
    let body = "0123456789".repeat(60);
    let (heard, served) = dialogue(
        format!(
            "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 600\r\n\r\n{body}GET /2 \
             HTTP/1.1\r\nHost: a\r\n\r\n"
        )
        .as_bytes(),
    );
    assert!(heard.starts_with("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), "{heard}");
    assert!(unchunked(&heard).contains(&body) && heard.ends_with("/2"), "{heard}");
    assert_eq!(served, Ok(()));
    let chunked = "a;x=\"y\"\r\n0123456789\r\n5\r\n01234\r\n0\r\nX: y\r\n\r\n";
    let (heard, served) = dialogue(
        format!("PUT /echo HTTP/1.0\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc{chunked}")
            .as_bytes(),
    );
    assert_eq!((&*heard, served), ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc", Ok(())));
    let (heard, served) = dialogue(
        format!("PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}")
            .as_bytes(),
    );
    assert!(unchunked(&heard).ends_with("unchunked: 012345678901234"), "{heard}");
    assert_eq!(served, Ok(()));
}

/// Returns the octets a peer receives that sends these parts, of which the first arrives at once,
/// and the result.
fn heard(parts: &[&str]) -> (String, Served) {
    let (says, at_a_time) = (parts.concat(), parts[0].len());
    let run = |serve: fn(&mut Peer<'_>) -> Served| {
        let mut peer = Peer { at_a_time, ..Peer::new(says.as_bytes()) };
        let served = serve(&mut peer);
        (String::from_utf8(peer.hears).unwrap(), served)
    };
    let result = run(blocking);
    assert_eq!(run(|peer| at_once(asynchronous(peer))), result);
    result
}

#[test]
fn rfc9112_9_3_a_response_ahead_of_the_body_is_the_last() {
    let [get, closed] = ["GET /2 HTTP/1.1\r\nHost: a\r\n\r\n", "\r\nConnection: close\r\n\r\n"];
    for path in ["/1", "/stream"] {
        let head = format!("PUT {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
        // The complete body has arrived: it is discarded, and the connection persists.
        let (text, served) = heard(&[&format!("{head}hello"), get]);
        assert!(!text.contains(closed) && text.ends_with("/2") && served == Ok(()), "{text}");
        // None or not all of the body has arrived.
        for (there, later) in [("", "hello"), ("hell", "o")] {
            let (text, served) = heard(&[&format!("{head}{there}"), later, get]);
            assert!(text.contains(closed) && text.matches("HTTP/1.1 200").count() == 1, "{text}");
            assert_eq!(served, Ok(()));
        }
    }
}

#[test]
fn a_body_that_was_discarded_cannot_be_read() {
    let head = "PUT /late HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
    for parts in [[&format!("{head}hello"), ""], [head, "hello"]] {
        let (text, served) = heard(&parts);
        assert_eq!(served, Err(StreamError::Usage(WriteError::RequestUnread)), "{text}");
    }
    // Content that was read before makes no difference.
    let (text, served) = heard(&[&format!("{}hello", head.replace("late", "partly"))]);
    assert_eq!(served, Err(StreamError::Usage(WriteError::RequestUnread)), "{text}");
    assert_eq!(
        heard(&["GET /late HTTP/1.1\r\nHost: a\r\n\r\n"]).1,
        Ok(()),
        "without a body there is nothing to discard"
    );
}

#[test]
fn rfc9112_9_3_a_stream_ends_behind_the_body() {
    let head = "PUT /hasty HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
    let begun = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(heard(&[&format!("{head}hello")]), (format!("{begun}0\r\n\r\n"), Ok(())));
    let cut = Err(StreamError::Usage(WriteError::RequestUnread));
    assert_eq!(heard(&[head, "hello"]), (begun.to_owned(), cut), "it has no last chunk");
}

#[test]
fn a_client_that_expects_it_is_asked_for_the_body() {
    let head = "HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    let mut peer = Peer::new(b"");
    let asked = format!("PUT /body {head}");
    peer.says = asked.as_bytes();
    assert!(matches!(
        blocking(&mut peer),
        Err(StreamError::Peer(error)) if error.kind() == ParseErrorKind::Truncated
    ));
    assert!(
        peer.hears.starts_with(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 "),
        "{}",
        peer.hears.escape_ascii()
    );
    // The server sends no 100 for a body that has arrived, nor for an unwanted one.
    peer = Peer::new(b"");
    let said = format!("PUT /body {head}abcPUT /unwanted {head}");
    peer.says = said.as_bytes();
    assert_eq!(blocking(&mut peer), Ok(()));
    let heard = String::from_utf8(peer.hears).unwrap();
    assert!(heard.contains("\r\n\r\nabcHTTP/1.1 200 OK\r\n") && !heard.contains("100"), "{heard}");
}

#[test]
fn a_response_larger_than_the_buffer_goes_out_in_pieces() {
    let (heard, served) = dialogue(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(
        (heard, served),
        (format!("HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n{}", "x".repeat(300)), Ok(()))
    );
    let (heard, served) = dialogue(b"HEAD /large HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((&*heard, served), ("HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n", Ok(())));
    // The buffer must hold a head.
    let (heard, served) = dialogue(b"GET /fields HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((&*heard, served), ("", Err(StreamError::Usage(WriteError::BufferFull))));
}

#[test]
fn a_peer_that_breaks_a_rule_gets_an_error_response() {
    let cases: [(&[u8], &str, ParseErrorKind); 5] = [
        (
            b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
            "400 Bad Request",
            ParseErrorKind::WhitespaceBeforeColon,
        ),
        (
            &[b"GET / HTTP/1.1\r\nHost: ".to_vec(), vec![b'a'; 200]].concat(),
            "431 Request Header Fields Too Large",
            ParseErrorKind::HeadTooLong,
        ),
        (
            b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5001\r\n\r\n",
            "413 Content Too Large",
            ParseErrorKind::BodyTooLarge,
        ),
        (
            b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "501 Not Implemented",
            ParseErrorKind::UnsupportedCoding,
        ),
        (b"GET / HTTP/1.1\r\nHos", "400 Bad Request", ParseErrorKind::Truncated),
    ];
    for (says, status, kind) in cases {
        let (heard, served) = dialogue(says);
        assert_eq!(
            heard,
            format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        );
        assert!(
            matches!(served, Err(StreamError::Peer(error)) if error.kind() == kind),
            "{served:?}"
        );
    }
}

#[test]
fn rfc9110_9_3_6_connect_is_rejected_unless_allowed() {
    let connect = b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let rejected = "HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    assert_eq!(dialogue(connect), (rejected.to_owned(), Ok(())));
    // The send buffer holds no error response.
    let mut memory = StreamMemory::<4, 128, 32>::new();
    let mut peer = Peer::new(connect);
    let mut stream = embedded_io_07::ServerStream::new(&mut peer, &mut memory);
    let full = Err(StreamError::Usage(WriteError::BufferFull));
    assert_eq!(stream.next_request().map(|_| ()), full);

    let mut memory = StreamMemory::<4, 128, 96>::new();
    let mut peer = Peer::new(connect);
    let mut stream = embedded_io_07::ServerStream::new(&mut peer, &mut memory);
    stream.allow_tunnels();
    let exchange = stream.next_request().unwrap().unwrap();
    assert_eq!(exchange.head().target().authority(), Some("a:1"));
    exchange.respond(Status::FORBIDDEN, &[], b"").unwrap();
    let exchange = stream.next_request().unwrap().unwrap();
    assert_eq!(exchange.head().target().path(), "/");
}

#[test]
fn a_request_without_a_response_is_an_error() {
    let (heard, served) =
        dialogue(b"GET /forgotten HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((&*heard, served), ("", Err(StreamError::Usage(WriteError::ResponseDue))));
}

/// A transport whose second write never ends.
struct Stuck(Vec<u8>);

impl ::embedded_io_async_07::ErrorType for Stuck {
    type Error = Infallible;
}

impl ::embedded_io_async_07::Read for Stuck {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        buffer[..head.len()].copy_from_slice(head);
        Ok(head.len())
    }
}

impl ::embedded_io_async_07::Write for Stuck {
    async fn write(&mut self, octets: &[u8]) -> Result<usize, Infallible> {
        if self.0.is_empty() {
            self.0.extend_from_slice(&octets[..8]);
            return Ok(8);
        }
        core::future::pending().await
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

#[test]
fn what_a_dropped_future_has_sent_is_not_sent_again() {
    let mut memory = StreamMemory::<4, 128, 96>::new();
    let mut stream = embedded_io_async_07::ServerStream::new(Stuck(Vec::new()), &mut memory);
    let mut exchange = at_once(stream.next_request()).unwrap().unwrap();
    let mut context = Context::from_waker(Waker::noop());
    assert!(pin!(exchange.begin(Status::OK, &[])).poll(&mut context).is_pending());
    assert_eq!(at_once(exchange.finish()), Err(StreamError::Interrupted));
    assert!(matches!(at_once(stream.next_request()), Err(StreamError::Interrupted)));
    assert_eq!(stream.into_transport().0, b"HTTP/1.1");
}

#[test]
fn a_body_of_known_length_is_written_in_parts() {
    let mut memory = StreamMemory::<4, 128, 96>::new();
    let mut run = |says: &[u8], parts: &[&[u8]], length: u64| {
        let mut peer = Peer::new(says);
        let mut stream = embedded_io_07::ServerStream::new(&mut peer, &mut memory);
        let mut exchange = stream.next_request().unwrap().unwrap();
        let mut written = exchange.begin_sized(Status::OK, &TEXT, length);
        for part in parts {
            written =
                written.and_then(|()| ::embedded_io_07::Write::write_all(&mut exchange, part));
        }
        let finished = written.and_then(|()| exchange.finish());
        let is_next = finished.is_ok() && stream.next_request().unwrap().is_some();
        (String::from_utf8(peer.hears).unwrap(), finished, is_next)
    };
    let head = |length| {
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n")
    };
    let get = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".as_slice();
    let wrong = || Err(StreamError::Usage(WriteError::BodyLength));
    for (says, parts, length, heard, finished) in [
        (get, [b"hello".as_slice(), b" world"], 11, head(11) + "hello world", Ok(())),
        (get, [b"", b""], 0, head(0), Ok(())),
        (get, [b"hello", b""], 6, head(6) + "hello", wrong()),
        (get, [b"hello", b" world"], 10, head(10) + "hello", wrong()),
        (&[b"HEAD", &get[3..]].concat(), [b"hello", b" world"], 11, head(11), Ok(())),
    ] {
        let is_next = finished.is_ok();
        assert_eq!(run(says, &parts, length), (heard, finished, is_next));
    }
}

#[test]
fn rfc9110_7_8_an_upgrade_lends_the_transport_and_its_octets() {
    let offer = "Connection: upgrade\r\nUpgrade: telnet\r\n";
    let fields = [
        (FieldName::UPGRADE, FieldValue::from_static("telnet")),
        (FieldName::CONNECTION, FieldValue::from_static("upgrade")),
    ];
    let get = format!("GET / HTTP/1.1\r\nHost: a\r\n{offer}\r\nearly");
    let put = format!("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n{offer}\r\n");
    let connect = "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\nearly".to_owned();
    let switched = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: telnet\r\nConnection: \
                    upgrade\r\n\r\nlate";
    for (says, fields, result, heard) in [
        (&get, &fields[..], Ok("early"), switched),
        (&connect, &[], Ok("early"), "HTTP/1.1 200 OK\r\n\r\nlate"),
        (&get.replace(offer, ""), &fields[..], Err(WriteError::UpgradeNotOffered), ""),
        (&get, &[], Err(WriteError::MissingUpgrade), ""),
        (&put, &fields[..], Err(WriteError::RequestUnread), ""),
    ] {
        let mut memory = StreamMemory::<4, 128, 96>::new();
        let mut peer = Peer::new(says.as_bytes());
        let mut stream = embedded_io_07::ServerStream::new(&mut peer, &mut memory);
        stream.allow_tunnels();
        let exchange = stream.next_request().unwrap().unwrap();
        match (exchange.upgrade(fields), result) {
            (Ok(upgraded), Ok(expected)) => {
                assert_eq!(format!("{upgraded:?}"), format!("Upgraded({} octets)", expected.len()));
                let Upgraded { transport, received, .. } = upgraded;
                assert_eq!(received, expected.as_bytes());
                ::embedded_io_07::Write::write_all(transport, b"late").unwrap();
                assert!(stream.next_request().unwrap().is_none(), "{says}");
            }
            (upgraded, expected) => {
                assert_eq!(upgraded.map(|_| "").err(), expected.err().map(StreamError::Usage));
            }
        }
        assert_eq!(String::from_utf8(peer.hears).unwrap(), heard, "{says}");
    }
}

#[test]
fn the_next_connection_starts_with_empty_memory() {
    let mut memory = StreamMemory::<4, 128, 96>::new();
    assert_eq!(format!("{memory:?}"), "StreamMemory");
    let mut peer = Peer {
        takes: 20,
        ..Peer::new(
            b"GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /left HTTP/1.1\r\n",
        )
    };
    let mut stream = embedded_io_07::ServerStream::new(&mut peer, &mut memory);
    let exchange = stream.next_request().unwrap().unwrap();
    // The rest of this response stays in the buffer.
    assert_eq!(exchange.respond(Status::OK, &[], b"first"), Err(StreamError::WriteZero));
    peer = Peer { says: b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n", takes: 200, ..peer };
    peer.hears.clear();
    let mut stream = embedded_io_07::ServerStream::new(&mut peer, &mut memory);
    let exchange = stream.next_request().unwrap().unwrap();
    assert_eq!(exchange.head().target().path(), "/2");
    assert_eq!(exchange.head().fields().iter().count(), 1);
    exchange.respond(Status::OK, &[], b"second").unwrap();
    assert_eq!(peer.hears, b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond");
}

#[test]
fn an_invalid_body_never_reads_as_complete() {
    let mut memory = StreamMemory::<4, 128, 96>::new();
    let mut peer = Peer::new(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhello");
    let mut stream = embedded_io_07::ServerStream::new(&mut peer, &mut memory);
    let mut exchange = stream.next_request().unwrap().unwrap();
    let mut buffer = [0; 32];
    assert_eq!(::embedded_io_07::Read::read(&mut exchange, &mut buffer), Ok(5));
    for _ in 0..2 {
        let read = ::embedded_io_07::Read::read(&mut exchange, &mut buffer);
        assert!(matches!(read, Err(StreamError::Peer(error))
            if error.kind() == ParseErrorKind::Truncated));
    }
    assert!(stream.next_request().unwrap().is_none());
    assert_eq!(
        peer.hears.split(|&octet| octet == b'\r').next().unwrap(),
        b"HTTP/1.1 400 Bad Request"
    );
}

#[test]
fn a_transport_is_flushed_where_an_exchange_turns() {
    let says = b"PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 60\r\n\r\n".to_vec();
    let says = [says, vec![b'x'; 60]].concat();
    let mut peer = Peer::new(&says);
    assert_eq!(blocking(&mut peer), Ok(()));
    // The complete body had arrived; then the server waited for the next request.
    assert_eq!(peer.flushes, 1);
}

#[test]
fn a_transport_that_takes_nothing_is_an_error() {
    let mut peer = Peer { takes: 5, ..Peer::new(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") };
    assert_eq!(blocking(&mut peer), Err(StreamError::WriteZero));
    assert_eq!(peer.hears, b"HTTP/");
}

#[test]
fn an_error_of_a_stream_says_what_failed() {
    let parse = RequestHead::parse(b"\0", FieldSpans::<1>::new().lend()).unwrap_err();
    let own = WriteError::BufferFull;
    for (error, text) in [
        (StreamError::Transport("no carrier"), "no carrier".to_owned()),
        (StreamError::WriteZero, "the transport accepts no more octets".to_owned()),
        (
            StreamError::Interrupted,
            "connection closed: an earlier call ended before everything was sent".to_owned(),
        ),
        (
            StreamError::Ended,
            "the server has ended this connection (RFC 9112 section 9.6: open another one)"
                .to_owned(),
        ),
        (StreamError::Peer(parse), parse.to_string()),
        (StreamError::Usage(own), own.to_string()),
    ] {
        assert_eq!(error.to_string(), text);
    }
}
