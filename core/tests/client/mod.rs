//! Dialogues of the client's streams, with octets cut at every length.

use super::at_once;
use bareline_core::embedded_io_07::{StreamError, StreamMemory};
use bareline_core::error::{ParseErrorKind, WriteError};
use bareline_core::head::Limits;
use bareline_core::{FieldName, FieldValue, Method, Target, embedded_io_07, embedded_io_async_07};
use core::convert::Infallible;

/// A server that sends the next of its parts when a request begins, and then closes.
struct Server<'o> {
    parts: &'o [&'o str],
    says: Vec<u8>,
    at_a_time: usize,
    is_asked: bool,
    hears: Vec<u8>,
    /// The number of reads after the end.
    ends: usize,
}

impl Server<'_> {
    fn say(&mut self, buffer: &mut [u8]) -> usize {
        self.is_asked = false;
        self.ends += usize::from(self.says.is_empty());
        assert!(self.ends < 10, "a client reads on after the end of input");
        let count = self.says.len().min(buffer.len()).min(self.at_a_time);
        buffer[..count].copy_from_slice(&self.says[..count]);
        self.says.drain(..count);
        count
    }

    fn hear(&mut self, octets: &[u8]) -> usize {
        if !self.is_asked
            && let Some((next, later)) = self.parts.split_first()
        {
            self.says.extend_from_slice(next.as_bytes());
            self.parts = later;
        }
        self.is_asked = true;
        let count = octets.len().min(self.at_a_time);
        self.hears.extend_from_slice(&octets[..count]);
        count
    }
}

impl ::embedded_io_07::ErrorType for &mut Server<'_> {
    type Error = Infallible;
}

impl ::embedded_io_07::Read for &mut Server<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        Ok(self.say(buffer))
    }
}

impl ::embedded_io_07::Write for &mut Server<'_> {
    fn write(&mut self, octets: &[u8]) -> Result<usize, Infallible> {
        Ok(self.hear(octets))
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl ::embedded_io_async_07::Read for &mut Server<'_> {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        Ok(self.say(buffer))
    }
}

impl ::embedded_io_async_07::Write for &mut Server<'_> {
    async fn write(&mut self, octets: &[u8]) -> Result<usize, Infallible> {
        Ok(self.hear(octets))
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// A request to send.
#[derive(Clone, Copy)]
enum Asked {
    /// With this method and body, and the content of the response read.
    Whole(&'static str, &'static str),
    /// With GET, and no content read.
    Unread,
    /// With POST and these chunks.
    Chunks(&'static [&'static str]),
    /// With PUT, this length, and these parts.
    Sized(u64, &'static [&'static str]),
}

/// The status and the content of a response.
type Told = Result<(u16, String), StreamError<Infallible>>;

const HOST: [(FieldName<'_>, FieldValue<'_>); 1] =
    [(FieldName::HOST, FieldValue::from_static("a"))];

macro_rules! talk {
    ($name:ident, $traits:ident, [$($asynchronous:ident)?], [$($await:tt)*]) => {
        mod $name {
            use super::*;
            use ::$traits::{Read, Write};

            $($asynchronous)? fn ask(
                stream: &mut $traits::ClientStream<'_, &mut Server<'_>>,
                request: Asked,
            ) -> Told {
                let mut response = match request {
                    Asked::Whole(method, body) => {
                        let method = Method::new(method).unwrap();
                        stream.request(method, Target::ROOT, &HOST, body.as_bytes())$($await)*?
                    }
                    Asked::Unread => {
                        let (method, body) = (Method::GET, b"");
                        let response =
                            stream.request(method, Target::ROOT, &HOST, body)$($await)*?;
                        return Ok((response.head().status().code(), "unread".to_owned()));
                    }
                    Asked::Chunks(chunks) => {
                        let begun = stream.begin(Method::POST, Target::ROOT, &HOST);
                        let mut writer = begun$($await)*?;
                        for chunk in chunks {
                            writer.write_all(chunk.as_bytes())$($await)*?;
                        }
                        writer.finish()$($await)*?
                    }
                    Asked::Sized(length, parts) => {
                        let begun = stream.begin_sized(Method::PUT, Target::ROOT, &HOST, length);
                        let mut writer = begun$($await)*?;
                        for part in parts {
                            writer.write_all(part.as_bytes())$($await)*?;
                        }
                        writer.finish()$($await)*?
                    }
                };
                let (mut content, mut piece) = (Vec::new(), [0; 7]);
                while let count @ 1.. = response.read(&mut piece)$($await)*? {
                    content.extend_from_slice(&piece[..count]);
                }
                Ok((response.head().status().code(), String::from_utf8(content).unwrap()))
            }

            /// Sends these requests on one connection; returns the responses, and whether another
            /// request may follow.
            pub(super) $($asynchronous)? fn talk(
                server: &mut Server<'_>,
                requests: &[Asked],
            ) -> (Vec<Told>, bool) {
                let mut memory = StreamMemory::<4, 128, 96>::new();
                let limits = Limits::new().drain(40);
                let mut stream = $traits::ClientStream::with_limits(server, &mut memory, limits);
                let mut told = Vec::new();
                for request in requests {
                    told.push(ask(&mut stream, *request)$($await)*);
                }
                (told, stream.is_open())
            }
        }
    };
}
talk!(blocking, embedded_io_07, [], []);
talk!(asynchronous, embedded_io_async_07, [async], [.await]);

/// Returns the octets that the server receives, the responses, and whether another request may
/// follow, after checking that they are independent of the cuts and of `async`.
fn dialogue(parts: &[&str], requests: &[Asked]) -> (String, Vec<Told>, bool) {
    let run = |at_a_time, is_async: bool| {
        let (says, hears) = (Vec::new(), Vec::new());
        let mut server = Server { parts, says, at_a_time, is_asked: false, hears, ends: 0 };
        let (told, is_open) = match is_async {
            true => at_once(asynchronous::talk(&mut server, requests)),
            false => blocking::talk(&mut server, requests),
        };
        (String::from_utf8(server.hears).unwrap(), told, is_open)
    };
    let whole = run(usize::MAX, false);
    for at_a_time in (1..40).chain([usize::MAX]) {
        for is_async in [false, true] {
            assert_eq!(run(at_a_time, is_async), whole, "{at_a_time} octets at a time");
        }
    }
    whole
}

const GET: Asked = Asked::Whole("GET", "");
const GET_TEXT: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

fn hello() -> Told {
    Ok((200, "hello".to_owned()))
}

/// Returns the kinds of errors.
fn kind(told: &Told) -> Option<ParseErrorKind> {
    match told {
        Err(StreamError::Peer(error)) => Some(error.kind()),
        _ => None,
    }
}

#[test]
fn a_client_sends_requests_on_one_connection() {
    let chunked = "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n\
                   3;a=b\r\nyes\r\n0\r\nA: b\r\n\r\n";
    let early = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n";
    let long = "x".repeat(300);
    let (heard, told, is_open) = dialogue(
        &[OK, &format!("{early}{OK}"), chunked, OK, "HTTP/1.1 204 No Content\r\n\r\n", OK],
        &[
            GET,
            Asked::Whole("POST", "body"),
            Asked::Chunks(&["one", "", "three"]),
            Asked::Sized(8, &["one", "three"]),
            Asked::Sized(0, &[]),
            Asked::Whole("POST", Box::leak(long.clone().into_boxed_str())),
        ],
    );
    let created = Ok((201, "yes".to_owned()));
    let empty = Ok((204, String::new()));
    assert_eq!(told, [hello(), hello(), created, hello(), empty, hello()]);
    assert!(is_open);
    let post = "POST / HTTP/1.1\r\nHost: a\r\n";
    let put = "PUT / HTTP/1.1\r\nHost: a\r\n";
    assert_eq!(
        heard,
        format!(
            "{GET_TEXT}{post}Content-Length: 4\r\n\r\nbody{post}Transfer-Encoding: chunked\r\n\r\n\
             3\r\none\r\n5\r\nthree\r\n0\r\n\r\n{put}Content-Length: 8\r\n\r\nonethree{put}\
             Content-Length: 0\r\n\r\n{post}Content-Length: 300\r\n\r\n{long}"
        )
    );
}

#[test]
fn rfc9112_9_6_the_end_of_a_connection_is_told_as_such() {
    let close = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello";
    let until_close = "HTTP/1.1 200 OK\r\n\r\nhello";
    let old = "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    for last in [close, until_close, old] {
        let (heard, told, is_open) = dialogue(&[OK, last, OK], &[GET, GET, GET]);
        assert_eq!(told, [hello(), hello(), Err(StreamError::Ended)], "{last}");
        assert_eq!((heard, is_open), (GET_TEXT.repeat(2), false));
    }
    // The server closes instead of a response.
    let (heard, told, is_open) = dialogue(&[OK, ""], &[GET, GET, GET]);
    assert_eq!(told, [hello(), Err(StreamError::Ended), Err(StreamError::Ended)]);
    assert_eq!((heard, is_open), (GET_TEXT.repeat(2), false));
}

#[test]
fn rfc9112_8_a_cut_response_is_never_complete() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    for whole in [OK, chunked] {
        for end in 1..whole.len() {
            let (_, told, is_open) = dialogue(&[&whole[..end]], &[GET, GET]);
            let kinds: Vec<_> = told.iter().map(kind).collect();
            assert_eq!(kinds, [Some(ParseErrorKind::Truncated); 2], "{end}: {told:?}");
            assert!(!is_open);
        }
    }
}

#[test]
fn unread_content_is_discarded_up_to_a_limit() {
    let long = format!("HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{}", "x".repeat(400));
    let unread = Ok((200, "unread".to_owned()));
    let (heard, told, is_open) =
        dialogue(&[OK, OK, &long], &[Asked::Unread, GET, Asked::Unread, GET]);
    let usage = Err(StreamError::Usage(WriteError::ResponseNotEnded));
    assert_eq!(told, [unread.clone(), hello(), unread, usage]);
    assert_eq!((heard, is_open), (GET_TEXT.repeat(3), true));
}

#[test]
fn a_server_that_breaks_a_rule_ends_the_connection() {
    let field = format!("HTTP/1.1 200 OK\r\nA: {}", "a".repeat(200));
    for (says, expected) in [
        ("HTTP/1.1 200 OK\r\nA : b\r\n\r\n", ParseErrorKind::WhitespaceBeforeColon),
        (&*field, ParseErrorKind::HeadTooLong),
        (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\n\r\n",
            ParseErrorKind::UnexpectedUpgrade,
        ),
    ] {
        let (heard, told, is_open) = dialogue(&[says], &[GET, GET]);
        let kinds: Vec<_> = told.iter().map(kind).collect();
        assert_eq!((kinds, is_open), (vec![Some(expected); 2], false), "{told:?}");
        assert_eq!(heard, GET_TEXT);
    }
}

#[test]
fn rfc9112_9_2_octets_without_a_request_are_rejected() {
    let twice = OK.repeat(2);
    let mut server = Server {
        parts: &[&twice],
        says: Vec::new(),
        at_a_time: usize::MAX,
        is_asked: false,
        hears: Vec::new(),
        ends: 0,
    };
    let (told, is_open) = blocking::talk(&mut server, &[GET, GET]);
    assert_eq!((&told[0], kind(&told[1])), (&hello(), Some(ParseErrorKind::Unsolicited)));
    assert!(!is_open && server.hears == GET_TEXT.as_bytes());
}

#[test]
fn a_request_that_is_wrong_is_the_callers_error() {
    for (asked, error) in [
        (Asked::Sized(5, &["one"]), WriteError::BodyLength),
        (Asked::Sized(2, &["one"]), WriteError::BodyLength),
        (Asked::Whole("CONNECT", ""), WriteError::TargetForm),
        (Asked::Whole("TRACE", "body"), WriteError::BodyForbidden),
    ] {
        let (_, told, _) = dialogue(&[OK], &[asked]);
        assert_eq!(told, [Err(StreamError::Usage(error))]);
    }
    // A request that has not been ended is in the way of the next one.
    let (_, told, _) = dialogue(&[OK], &[Asked::Sized(5, &["one"]), GET]);
    assert_eq!(told[1], Err(StreamError::Usage(WriteError::BodyNotEnded)));
}
