//! Requirements of RFC 9112 and RFC 9110, each with literal octets and the expected result.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use bareline_core::body::Framing;
use bareline_core::connection::{ClientEvent, ClientState, Received};
use bareline_core::error::{InvalidValue, ParseError, ParseErrorKind, WriteError};
use bareline_core::head::{Limits, Parsed};
use bareline_core::value::TargetForm;
use bareline_core::write::{HeadSink, HeadWriter, MessageWriter, RequestContext};
use bareline_core::{
    ClientConnection, FieldName, FieldSpans, FieldValue, Method, RequestHead, ResponseHead, Status,
    Target, Version, WireBuf, datagram,
};
use std::collections::HashSet;

/// Parses a request head with space for four fields, and returns its length.
fn request(octets: &[u8]) -> Result<Option<usize>, ParseError> {
    let mut spans = FieldSpans::<4>::new();
    Ok(match RequestHead::parse(octets, spans.lend())? {
        Parsed::Complete { len, .. } => Some(len),
        Parsed::Incomplete => None,
    })
}

fn response(octets: &[u8]) -> Result<Option<usize>, ParseError> {
    let mut spans = FieldSpans::<4>::new();
    Ok(match ResponseHead::parse(octets, spans.lend())? {
        Parsed::Complete { message, len } => message.framing(Method::GET).map(|_| Some(len))?,
        Parsed::Incomplete => None,
    })
}

fn check_rejection(
    parse: fn(&[u8]) -> Result<Option<usize>, ParseError>,
    &(kind, offset, len, rejected, accepted): &Rejection,
) {
    let shown = rejected.escape_debug();
    let error = parse(rejected.as_bytes()).expect_err(&format!("{shown} was accepted"));
    assert_eq!((error.kind(), error.offset(), error.len()), (kind, offset, len), "{shown}");
    assert_eq!(parse(accepted.as_bytes()), Ok(Some(accepted.len())), "the twin of {shown}");
    assert!(
        differs_by_one_octet(rejected, accepted),
        "{shown} and its twin {}",
        accepted.escape_debug()
    );
}

/// Returns whether one string differs from the other by one octet inserted, deleted or replaced.
fn differs_by_one_octet(one: &str, other: &str) -> bool {
    let front = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let back = one.bytes().rev().zip(other.bytes().rev()).take_while(|(a, b)| a == b).count();
    let longer = one.len().max(other.len());
    let changed = longer.saturating_sub(front.saturating_add(back));
    changed <= 1
}

use ParseErrorKind as E;

/// A rejected message: its error, the offset, the number of octets, the message, and an accepted
/// twin.
type Rejection = (ParseErrorKind, usize, usize, &'static str, &'static str);

/// Each invalid request with its error, and an accepted twin that differs by one octet.
const REJECTED_REQUESTS: &[Rejection] = &[
    (E::BareLf, 14, 1, "GET / HTTP/1.1\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    (E::BareLf, 23, 1, "GET / HTTP/1.1\r\nHost: a\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    (E::BareCr, 23, 1, "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    (E::BareCr, 1, 1, "G\rT / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    (E::Method, 0, 1, " GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    (E::Method, 3, 1, "GET@/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    (E::Target, 4, 1, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    (
        E::Target,
        6,
        1,
        "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (
        E::Target,
        11,
        1,
        "GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (
        E::Target,
        12,
        2,
        "GET http://u@b HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://u.b HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (
        E::Target,
        6,
        5,
        "GET 1x://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET xx://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (E::Target, 6, 0, "GET *x HTTP/1.1\r\nHost: a\r\n\r\n", "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"),
    (
        E::Target,
        8,
        5,
        "CONNECT ?.a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT *.a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (
        E::TargetForm,
        4,
        3,
        "GET *:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (
        E::TargetForm,
        4,
        3,
        "GET a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (
        E::RequestLine,
        13,
        1,
        "GET /HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (E::Version, 6, 1, "GET / hTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    (E::Version, 14, 1, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    (
        E::VersionNotSupported,
        6,
        8,
        "GET / HTTP/2.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (E::FieldName, 16, 1, "GET / HTTP/1.0\r\n: a\r\n\r\n", "GET / HTTP/1.0\r\nX: a\r\n\r\n"),
    (E::FieldName, 17, 1, "GET / HTTP/1.0\r\nX(: a\r\n\r\n", "GET / HTTP/1.0\r\nX: a\r\n\r\n"),
    (
        E::WhitespaceBeforeColon,
        20,
        1,
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (E::MissingColon, 18, 1, "GET / HTTP/1.0\r\nXa\r\n\r\n", "GET / HTTP/1.0\r\nX:\r\n\r\n"),
    (
        E::LineFolding,
        16,
        1,
        "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (
        E::FieldValue,
        22,
        1,
        "GET / HTTP/1.1\r\nHost: \0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (E::MissingHost, 22, 2, "GET / HTTP/1.1\r\nX: a\r\n\r\n", "GET / HTTP/1.0\r\nX: a\r\n\r\n"),
    (
        E::RepeatedHost,
        31,
        5,
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHos: a\r\n\r\n",
    ),
    (
        E::InvalidHost,
        22,
        7,
        "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a.b\r\n\r\n",
    ),
    (
        E::InvalidHost,
        22,
        8,
        "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n",
    ),
    (
        E::ContentLength,
        32,
        2,
        "GET / HTTP/1.0\r\nContent-Length: +5\r\n\r\n",
        "GET / HTTP/1.0\r\nContent-Length: 5\r\n\r\n",
    ),
    (
        E::ContentLength,
        32,
        3,
        "GET / HTTP/1.0\r\nContent-Length: 5,5\r\n\r\n",
        "GET / HTTP/1.0\r\nContent-Length: 505\r\n\r\n",
    ),
    (
        E::ContentLength,
        31,
        2,
        "GET / HTTP/1.0\r\nContent-Length:\r\n\r\n",
        "GET / HTTP/1.0\r\nContent-Length:5\r\n\r\n",
    ),
    (
        E::RepeatedContentLength,
        51,
        1,
        "GET / HTTP/1.0\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
        "GET / HTTP/1.0\r\nContent-Length: 5\r\nContent-Lengt: 5\r\n\r\n",
    ),
    (
        E::ContentLengthTooLarge,
        32,
        20,
        "GET / HTTP/1.0\r\nContent-Length: 18446744073709551616\r\n\r\n",
        "GET / HTTP/1.0\r\nContent-Length: 18446744073709551615\r\n\r\n",
    ),
    (
        E::LengthAndCoding,
        61,
        7,
        "GET / HTTP/1.1\r\nHost:\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\nContent-Lengt: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    ),
    (
        E::NotChunkedLast,
        42,
        8,
        "GET / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunkedx\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked\r\n\r\n",
    ),
    (
        E::NotChunkedLast,
        42,
        8,
        "GET / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked,\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked\r\n\r\n",
    ),
    (
        E::UnsupportedCoding,
        42,
        8,
        "GET / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: ,chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked\r\n\r\n",
    ),
    (
        E::CodingInHttp10,
        35,
        7,
        "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.0\r\nTransfer-Encodin: chunked\r\n\r\n",
    ),
    (
        E::ContentInConnect,
        38,
        5,
        "CONNECT b:1 HTTP/1.0\r\nContent-Length: 5\r\n\r\n",
        "CONNECT b:1 HTTP/1.0\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        E::TransferCoding,
        42,
        8,
        "GET / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked;\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked\r\n\r\n",
    ),
    (
        E::TransferCoding,
        42,
        8,
        "GET / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: \"chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked\r\n\r\n",
    ),
    (
        E::ChunkedTwice,
        42,
        16,
        "GET / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\nTransfer-Encodin: chunked, chunked\r\n\r\n",
    ),
];

/// Each invalid response to GET with its error, and an accepted twin that differs by one octet.
const REJECTED_RESPONSES: &[Rejection] = &[
    (E::BareLf, 15, 1, "HTTP/1.1 200 OK\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"),
    (E::BareCr, 14, 1, "HTTP/1.1 200 O\r\r\n\r\n", "HTTP/1.1 200 O\r\n\r\n"),
    (E::Version, 0, 1, "\nHTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"),
    (E::Version, 0, 1, "hTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"),
    (E::Version, 8, 1, "HTTP/1.1\t200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"),
    (E::Version, 8, 1, "HTTP/1.1234 OK\r\n\r\n", "HTTP/1.1 234 OK\r\n\r\n"),
    (E::VersionNotSupported, 0, 8, "HTTP/2.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"),
    (E::StatusCode, 9, 3, "HTTP/1.1 020 OK\r\n\r\n", "HTTP/1.1 220 OK\r\n\r\n"),
    (E::StatusCode, 11, 1, "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"),
    (E::StatusCode, 12, 1, "HTTP/1.1 2000\r\n\r\n", "HTTP/1.1 200 \r\n\r\n"),
    (E::StatusCode, 11, 1, "HTTP/1.1 20\r\n\r\n", "HTTP/1.1 200\r\n\r\n"),
    (E::BareLf, 12, 1, "HTTP/1.1 200\n\r\n", "HTTP/1.1 200\r\n\r\n"),
    (E::BareCr, 12, 1, "HTTP/1.1 200\r\r\n\r\n", "HTTP/1.1 200 \r\n\r\n"),
    (E::Reason, 14, 1, "HTTP/1.1 200 O\x7f\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"),
    (
        E::WhitespaceBeforeColon,
        18,
        1,
        "HTTP/1.1 200 OK\r\nX\t: a\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\r\n\r\n",
    ),
    (E::LineFolding, 17, 1, "HTTP/1.1 200 OK\r\n X: a\r\n\r\n", "HTTP/1.1 200 OK\r\nX: a\r\n\r\n"),
    (
        E::FieldValue,
        20,
        1,
        "HTTP/1.1 200 OK\r\nX: \x0b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: \t\r\n\r\n",
    ),
    (
        E::ContentLength,
        33,
        6,
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 05\r\n\r\n",
    ),
    (
        E::RepeatedContentLength,
        52,
        5,
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Lengt: 5\r\n\r\n",
    ),
    (
        E::LengthAndCoding,
        61,
        5,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Lengt: 5\r\n\r\n",
    ),
    (
        E::ChunkedTwice,
        36,
        19,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked,chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunkedxchunked\r\n\r\n",
    ),
    // Invalid lists of codings, and `chunked` with parameters; the error spans to the end of the
    // head.
    (
        E::TransferCoding,
        36,
        15,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked;a=b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunkex;a=b\r\n\r\n",
    ),
    (
        E::TransferCoding,
        36,
        20,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked ; a=b, x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunkedx; a=b, x\r\n\r\n",
    ),
    (
        E::TransferCoding,
        36,
        12,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: \"chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ),
    (
        E::TransferCoding,
        36,
        16,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: x;=\"chunked\"\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: x;a=\"chunked\"\r\n\r\n",
    ),
    (
        E::TransferCoding,
        36,
        16,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked,gzip\r\n\r\n",
    ),
    (
        E::TransferCoding,
        36,
        13,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: ;,chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: ,chunked\r\n\r\n",
    ),
    (
        E::TransferCoding,
        36,
        10,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: x;a=\"b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: x;a=\"b\"\r\n\r\n",
    ),
    (
        E::TransferCoding,
        36,
        16,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: x;a=,chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: x;a=b,chunked\r\n\r\n",
    ),
    (
        E::TransferCoding,
        36,
        15,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: x;a,chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: x,a,chunked\r\n\r\n",
    ),
    (
        E::TransferCoding,
        36,
        20,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: x;a=\"b\"c,chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: x;a=\"b\",chunked\r\n\r\n",
    ),
    // The offset is that of the invalid line.
    (
        E::TransferCoding,
        58,
        12,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\nTransfer-Encoding: chunked;\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n",
    ),
    (
        E::CodingInHttp10,
        36,
        11,
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ),
];

#[test]
fn each_rejected_request_has_an_accepted_twin() {
    REJECTED_REQUESTS.iter().for_each(|rejection| check_rejection(request, rejection));
}

#[test]
fn each_rejected_response_has_an_accepted_twin() {
    REJECTED_RESPONSES.iter().for_each(|rejection| check_rejection(response, rejection));
}

#[test]
fn rfc9110_5_3_a_list_in_several_lines_is_read_as_one() {
    let one = b"GET / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: ,chunked\r\n\r\n";
    for first in ["", ",", " , "] {
        let lines = format!(
            "GET / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: {first}\r\nTransfer-Encoding: \
             chunked\r\n\r\n"
        );
        assert_eq!(
            request(lines.as_bytes()).unwrap_err().kind(),
            request(one).unwrap_err().kind(),
            "{lines}"
        );
    }
}

#[test]
fn rfc9112_4_the_sp_behind_a_status_code_may_be_missing() {
    for line in ["HTTP/1.1 200\r\n", "HTTP/1.0 999\r\n", "HTTP/1.1 204\r\n", "HTTP/1.1 200 \r\n"] {
        let head = format!("{line}A: b\r\n\r\n");
        let mut spans = FieldSpans::<4>::new();
        for cut in 0..head.len() {
            assert_eq!(response(&head.as_bytes()[..cut]), Ok(None), "{head:?}, cut at {cut}");
        }
        let Ok(Parsed::Complete { message, len }) =
            ResponseHead::parse(head.as_bytes(), spans.lend())
        else {
            panic!("{head}")
        };
        assert_eq!(
            (message.status().code().to_string(), message.reason(), len),
            (line[9..12].to_owned(), &b""[..], head.len())
        );
        assert_eq!(message.fields().len(), 1);
    }
    let (mut out, mut writer) = (WireBuf::<64>::new(), MessageWriter::new());
    let head = writer.response(RequestContext::UNREAD, Status::OK, &mut out).unwrap();
    head.reason(FieldValue::from_static("")).unwrap().body(b"").unwrap();
    assert!(out.as_bytes().starts_with(b"HTTP/1.1 200 \r\n"), "{out:?}");
}

/// Each message above a limit has a twin at the limit, one octet or line smaller.
#[test]
fn rfc9110_5_4_each_limit_rejects_one_more() {
    let (method, target) = ("M".repeat(64), "t".repeat(16_383));
    let accepted = |head: &str| {
        assert_eq!(request(head.as_bytes()), Ok(Some(head.len())), "{} octets", head.len())
    };
    let rejected = |head: &str, kind, offset| {
        let error = request(head.as_bytes()).unwrap_err();
        assert_eq!((error.kind(), error.offset()), (kind, offset));
    };
    accepted(&format!("{method} / HTTP/1.0\r\n\r\n"));
    rejected(&format!("{method}M / HTTP/1.0\r\n\r\n"), E::MethodTooLong, 64);
    accepted(&format!("GET /{target} HTTP/1.0\r\n\r\n"));
    rejected(&format!("GET /{target}t HTTP/1.0\r\n\r\n"), E::TargetTooLong, 16_388);
    rejected(&format!("GET /{target}{target}{target}"), E::TargetTooLong, 16_388);
    rejected(&"M".repeat(20_000), E::MethodTooLong, 64);

    let (before, after) = ("GET / HTTP/1.0\r\nX: ", "\r\n\r\n");
    let value = "v".repeat(65_535 - before.len() - after.len());
    accepted(&format!("{before}{value}{after}"));
    rejected(&format!("{before}{value}v{after}"), E::HeadTooLong, 65_535);
    rejected(&format!("{before}{value}{value}"), E::HeadTooLong, 65_535);

    accepted("GET / HTTP/1.0\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n");
    rejected(
        "GET / HTTP/1.0\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\n\r\n",
        E::TooManyFields,
        40,
    );
}

/// The errors of bodies and connections, which `bodies.rs` and `connections.rs` cause.
const CAUSED_ELSEWHERE: [ParseErrorKind; 16] = [
    E::Unsolicited,
    E::Surplus,
    E::TooManyInterim,
    E::UnexpectedUpgrade,
    E::ChunkSize,
    E::ChunkSizeTooLarge,
    E::ChunkLineWhitespace,
    E::ChunkExtension,
    E::ChunkLineTooLong,
    E::ChunkEnd,
    E::ForbiddenTrailer,
    E::TrailersTooLong,
    E::BodyTooLarge,
    E::Truncated,
    E::EmptyDatagram,
    E::HeadNotEnded,
];

#[test]
fn every_kind_of_error_has_a_test_that_causes_it() {
    let tabled =
        [REJECTED_REQUESTS, REJECTED_RESPONSES].concat().into_iter().map(|(kind, ..)| kind);
    let too_large = [E::MethodTooLong, E::TargetTooLong, E::HeadTooLong, E::TooManyFields];
    let caused: HashSet<_> = tabled.chain(too_large).chain(CAUSED_ELSEWHERE).collect();
    let missing: Vec<_> = E::ALL.iter().filter(|kind| !caused.contains(kind)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_kind_of_error_names_rule_status_and_remedy() {
    for kind in E::ALL {
        assert!(
            kind.section().starts_with("RFC 9112 section ")
                || kind.section().starts_with("RFC 9110 section "),
            "{kind:?}"
        );
        assert!((400..=599).contains(&kind.status().code()), "{kind:?}");
        assert!(!kind.hint().is_empty() && !kind.hint().ends_with('.'), "{kind:?}");
        let text = kind.to_string();
        assert!(!text.is_empty() && !text.ends_with('.') && text.is_ascii(), "{kind:?}");
    }
}

/// Each error whose response has a status other than 400.
#[test]
fn rfc9110_15_each_error_suggests_its_status() {
    let others: Vec<_> = E::ALL
        .iter()
        .filter(|kind| kind.status() != Status::BAD_REQUEST)
        .map(|kind| (*kind, kind.status().code()))
        .collect();
    let expected = [
        (E::MethodTooLong, 501),
        (E::TargetTooLong, 414),
        (E::VersionNotSupported, 505),
        (E::StatusCode, 502),
        (E::Reason, 502),
        (E::TooManyFields, 431),
        (E::HeadTooLong, 431),
        (E::ContentLengthTooLarge, 413),
        (E::UnsupportedCoding, 501),
        (E::ChunkSizeTooLarge, 413),
        (E::TrailersTooLong, 431),
        (E::BodyTooLarge, 413),
        (E::Unsolicited, 502),
        (E::TooManyInterim, 502),
        (E::UnexpectedUpgrade, 502),
    ];
    assert_eq!(others, expected);
}

#[test]
fn rfc9112_2_2_empty_lines_before_a_request_are_skipped() {
    let mut spans = FieldSpans::<4>::new();
    let input = b"\r\n\r\nGET / HTTP/1.0\r\n\r\n";
    let Ok(Parsed::Complete { message: head, len }) = RequestHead::parse(input, spans.lend())
    else {
        panic!()
    };
    assert_eq!((head.method(), len, head.as_bytes()), (Method::GET, input.len(), &input[4..]));
    assert_eq!(request(b"\r\n\r\n"), Ok(None));
    assert_eq!(request(b"\r\nX").unwrap(), None);
    assert_eq!(request(b"\r\n\n").unwrap_err().offset(), 2);
    assert_eq!(request(&b"\r\n".repeat(40_000)).unwrap_err().kind(), E::HeadTooLong);
    assert_eq!(request(&b"\r\n".repeat(32_767)), Ok(None));
}

#[test]
fn the_first_octet_is_judged_at_once() {
    assert_eq!(request(b"\x16").unwrap_err().kind(), E::Method);
    assert_eq!(request(b"\r\n\x16").unwrap_err().offset(), 2);
    assert_eq!(response(b"\x15").unwrap_err().kind(), E::Version);
    assert_eq!(response(b"\r").unwrap_err().kind(), E::Version);
    assert_eq!((request(b"\r"), response(b"H")), (Ok(None), Ok(None)));
}

#[test]
fn a_line_is_judged_when_it_is_whole() {
    for (open, fault) in [("G@T / ", E::Method), ("GET / HTTP/1.0\r\nX Y", E::FieldName)] {
        assert_eq!(request(open.as_bytes()), Ok(None), "{open}");
        assert_eq!(request(format!("{open}\r\n").as_bytes()).unwrap_err().kind(), fault);
    }
}

#[test]
fn rfc9110_6_2_a_higher_minor_version_is_handled_as_1_1() {
    let mut spans = FieldSpans::<4>::new();
    let parsed = ResponseHead::parse(b"HTTP/1.9 200 OK\r\n\r\n", spans.lend());
    let Ok(Parsed::Complete { message: head, .. }) = parsed else { panic!() };
    assert_eq!(head.version(), Version::Http11);
    assert_eq!(request(b"GET / HTTP/1.7\r\n\r\n").unwrap_err().kind(), E::MissingHost);
}

#[test]
fn rfc9112_2_3_a_digit_takes_no_place_of_another_octet() {
    for at in [0, 1, 2, 3, 4, 6] {
        let mut version = *b"HTTP/1.1";
        version[at] = b'1';
        let (asked, responded) = (
            [b"GET / ", &version[..], b"\r\nHost:\r\n\r\n"].concat(),
            [&version[..], b" 200 OK\r\n\r\n"].concat(),
        );
        assert_eq!(request(&asked).unwrap_err().kind(), E::Version, "{}", asked.escape_ascii());
        assert!(response(&responded).is_err(), "{}", responded.escape_ascii());
    }
}

#[test]
fn rfc9112_6_1_the_first_of_the_codings_is_named() {
    let head = "GET / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: \
                chunked\r\n\r\n";
    let error = request(head.as_bytes()).unwrap_err();
    assert_eq!((error.kind(), Some(error.offset())), (E::UnsupportedCoding, head.find("gzip")));
}

#[test]
fn rfc9110_5_5_whitespace_around_a_value_is_not_part_of_it() {
    let mut spans = FieldSpans::<4>::new();
    let input = b"GET / HTTP/1.0\r\nA:\t 1 2\t \r\nB:\r\nC:  \r\nD:\xe9\r\n\r\n";
    let Ok(Parsed::Complete { message: head, .. }) = RequestHead::parse(input, spans.lend()) else {
        panic!()
    };
    let values: Vec<_> = head.fields().iter().map(|(_, value)| value.as_bytes()).collect();
    assert_eq!(values, [&b"1 2"[..], b"", b"", b"\xe9"]);
}

#[test]
fn the_default_limits_let_through_what_the_rfc_asks_for() {
    let long = "x".repeat(8000);
    let name = "n".repeat(200);
    let mut spans = FieldSpans::<64>::new();
    let fields: String = (0..62).map(|number| format!("F{number}: {number}\r\n")).collect();
    let head = format!("GET /{long} HTTP/1.1\r\nHost: a\r\n{name}: {long}\r\n{fields}\r\n");
    let Ok(Parsed::Complete { message, len }) = RequestHead::parse(head.as_bytes(), spans.lend())
    else {
        panic!()
    };
    assert_eq!((message.fields().len(), len), (64, head.len()));
}

/// A response's status line and fields, and its framing after GET, HEAD and CONNECT.
const FRAMINGS: &[(&str, [Framing; 3])] = &[
    ("200 OK\r\n", [Framing::UntilClose, Framing::None, Framing::Tunnel]),
    ("200 OK\r\nContent-Length: 5\r\n", [Framing::Length(5), Framing::None, Framing::Tunnel]),
    ("404 \r\nContent-Length: 05\r\n", [Framing::Length(5), Framing::None, Framing::Length(5)]),
    (
        "200 OK\r\nTransfer-Encoding: CHUNKED\r\n",
        [Framing::Chunked, Framing::None, Framing::Tunnel],
    ),
    (
        "200 OK\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
        [Framing::Chunked, Framing::None, Framing::Tunnel],
    ),
    (
        "200 OK\r\nTransfer-Encoding: x;a=\"b,\\\",c\", chunked\r\n",
        [Framing::Chunked, Framing::None, Framing::Tunnel],
    ),
    (
        "200 OK\r\nTransfer-Encoding: x;a=\"b, chunked\"\r\n",
        [Framing::UntilClose, Framing::None, Framing::Tunnel],
    ),
    (
        "200 OK\r\nTransfer-Encoding: , x ;\ta = b,\r\n",
        [Framing::UntilClose, Framing::None, Framing::Tunnel],
    ),
    ("304 \r\nTransfer-Encoding: \"chunked\"\r\n", [Framing::None; 3]),
    (
        "502 \r\nTransfer-Encoding: chunked, gzip\r\n",
        [Framing::UntilClose, Framing::None, Framing::UntilClose],
    ),
    ("100 \r\nContent-Length: 5\r\n", [Framing::None; 3]),
    ("101 \r\n", [Framing::Tunnel; 3]),
    ("204 \r\nTransfer-Encoding: chunked\r\n", [Framing::None, Framing::None, Framing::Tunnel]),
    ("304 \r\nContent-Length: 5\r\nContent-Length: 6\r\n", [Framing::None; 3]),
    ("205 \r\nContent-Length: 5\r\n", [Framing::Length(5), Framing::None, Framing::Tunnel]),
];

#[test]
fn rfc9112_6_3_the_framing_of_a_response_depends_on_the_request() {
    for (rest, expected) in FRAMINGS {
        let mut spans = FieldSpans::<4>::new();
        let input = format!("HTTP/1.1 {rest}\r\n");
        let Ok(Parsed::Complete { message: head, .. }) =
            ResponseHead::parse(input.as_bytes(), spans.lend())
        else {
            panic!("{rest}")
        };
        let framings = [Method::GET, Method::HEAD, Method::CONNECT]
            .map(|method| head.framing(method).unwrap());
        assert_eq!(framings, *expected, "{rest}");
    }
}

/// Commas within quotes do not separate members, and a list of empty members has no effect.
#[test]
fn rfc9110_5_6_1_a_list_is_read_by_its_grammar() {
    let says = |fields: &str| {
        let mut spans = FieldSpans::<4>::new();
        let input = format!("PUT / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n");
        let Ok(Parsed::Complete { message: head, .. }) =
            RequestHead::parse(input.as_bytes(), spans.lend())
        else {
            panic!("{fields}")
        };
        (head.expects_continue(), head.offers_upgrade())
    };
    for (quoted, parted) in [
        ("Expect: a=\"b,100-continue,c\"", "Expect: a=b,100-continue,c"),
        ("Expect: a=\"\\\",100-continue,\"", "Expect: a=\"\\\"\",100-continue,"),
    ] {
        assert_eq!((says(quoted), says(parted)), ((false, false), (true, false)), "{quoted}");
    }
    for (empty, offer) in [("", "x"), (",", ",x"), (" ,\t, ", " ,\tx, ")] {
        let offers = |list| says(&format!("Connection: upgrade\r\nUpgrade: {list}"));
        assert_eq!((offers(empty), offers(offer)), ((false, false), (false, true)), "{empty:?}");
    }
}

/// A member of `Connection` that is not a token is read as `close`.
#[test]
fn rfc9110_7_6_1_what_is_no_connection_option_closes() {
    let persists = |version: &str, options: &str| {
        let fields = format!("Host: a\r\nConnection: {options}\r\n\r\n");
        let (mut spans, mut more) = (FieldSpans::<4>::new(), FieldSpans::<4>::new());
        let asked = format!("GET / {version}\r\n{fields}");
        let Ok(Parsed::Complete { message: asked, .. }) =
            RequestHead::parse(asked.as_bytes(), spans.lend())
        else {
            panic!("{options}")
        };
        let responded = format!("{version} 200 OK\r\n{fields}");
        let Ok(Parsed::Complete { message: responded, .. }) =
            ResponseHead::parse(responded.as_bytes(), more.lend())
        else {
            panic!("{options}")
        };
        assert_eq!(asked.persists(), responded.persists(), "{options}");
        asked.persists()
    };
    for (invalid, valid) in [
        ("close;x", "close-x"),
        ("clo se", "clo-se"),
        ("a, =", "a, +"),
        ("keep-alive, a@", "keep-alive, a, "),
        ("\"a,keep-alive,b\"", "a,keep-alive,b"),
        ("\u{a0}keep-alive", "\tkeep-alive"),
        ("x\r\nConnection: (", "x\r\nConnection: ,"),
    ] {
        assert!(!persists("HTTP/1.1", invalid), "{invalid:?}");
        assert!(!persists("HTTP/1.0", invalid), "{invalid:?}");
        assert!(persists("HTTP/1.1", valid), "{valid:?}");
        assert_eq!(persists("HTTP/1.0", valid), valid.contains("keep-alive"), "{valid:?}");
    }
}

/// Returns the framings of responses with this code after GET, HEAD and CONNECT, for some fields.
///
/// Also returns whether the code is interim, and whether it is successful.
fn meaning(code: u16) -> (Vec<[Framing; 3]>, bool, bool) {
    let mut class = (false, false);
    let framings = ["", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"].map(|fields| {
        let (mut spans, input) =
            (FieldSpans::<4>::new(), format!("HTTP/1.1 {code} \r\n{fields}\r\n"));
        let parsed = ResponseHead::parse(input.as_bytes(), spans.lend());
        let Ok(Parsed::Complete { message: head, .. }) = parsed else { panic!("{code}") };
        assert_eq!(head.status().code(), code);
        class = (head.status().is_informational(), head.status().is_successful());
        [Method::GET, Method::HEAD, Method::CONNECT].map(|method| head.framing(method).unwrap())
    });
    (framings.to_vec(), class.0, class.1)
}

/// Returns the state of a client that has sent a request and receives this head.
fn state_after(head: &str) -> Result<ClientState, ParseErrorKind> {
    let (mut spans, mut out) = (FieldSpans::<4>::new(), WireBuf::<64>::new());
    let mut client = ClientConnection::new();
    let request = client.request(Method::GET, Target::ROOT, &mut out).unwrap();
    request.field(FieldName::HOST, FieldValue::from_static("a")).unwrap().without_body().unwrap();
    let mut octets = head.as_bytes().to_vec();
    let Received { used, event } =
        client.receive(&mut octets, spans.lend()).map_err(|error| error.kind())?;
    assert!(matches!(event, ClientEvent::Head(_)) && used == head.len());
    Ok(client.state())
}

/// The codes 101, 204 and 304 have rules of their own.
#[test]
fn rfc9110_15_an_unknown_status_counts_as_the_x00_of_its_class() {
    for code in (100..=599).filter(|code| !matches!(code, 101 | 204 | 304)) {
        assert_eq!(meaning(code), meaning(code / 100 * 100), "{code}");
        let state = if code < 200 { ClientState::Head } else { ClientState::Body };
        assert_eq!(
            state_after(&format!("HTTP/1.1 {code} \r\nContent-Length: 5\r\n\r\n")),
            Ok(state),
            "{code}"
        );
    }
    for known in [101, 204, 304] {
        assert_ne!(meaning(known), meaning(known / 100 * 100), "{known}");
    }
}

#[test]
fn rfc9110_15_a_status_from_600_counts_as_500() {
    for code in 600..=999 {
        assert_eq!(meaning(code), meaning(500), "{code}");
        let head = format!("HTTP/1.1 {code} \r\nContent-Length: 5\r\n\r\n");
        assert_eq!(state_after(&head), Ok(ClientState::Body), "{code}");
    }
    // A code below 100 is an error: a choice of CHOICES.md.
    for code in 0..100 {
        assert_eq!(
            state_after(&format!("HTTP/1.1 {code:03} \r\n\r\n")),
            Err(E::StatusCode),
            "{code}"
        );
    }
}

#[test]
fn rfc9112_3_2_the_four_forms_of_a_target() {
    for (target, form, authority, path, query) in [
        ("/", TargetForm::Origin, None, "/", None),
        ("/a?b?c", TargetForm::Origin, None, "/a", Some("b?c")),
        ("/http://x", TargetForm::Origin, None, "/http://x", None),
        ("http://a", TargetForm::Absolute, Some("a"), "/", None),
        ("HTTP://a:80?q", TargetForm::Absolute, Some("a:80"), "/", Some("q")),
        ("x-y+z.1://[::1]:/p", TargetForm::Absolute, Some("[::1]:"), "/p", None),
        ("a:443", TargetForm::Authority, Some("a:443"), "", None),
        ("*:1", TargetForm::Authority, Some("*:1"), "", None),
        ("*.a:443", TargetForm::Authority, Some("*.a:443"), "", None),
        ("*", TargetForm::Asterisk, None, "*", None),
    ] {
        let parsed = Target::new(target).unwrap();
        assert_eq!(
            (parsed.form(), parsed.authority(), parsed.path(), parsed.query()),
            (form, authority, path, query),
            "{target}"
        );
    }
}

/// Tries each of 256 octets in each part of a target.
#[test]
fn rfc9112_3_2_the_octets_of_a_target_by_their_place() {
    const NAME: &[u8] =
        b"-._~!$&'()*+,;=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let path = [NAME, b":@/?%[]|{}^`"].concat();
    let query = [&path[..], b"\\"].concat();
    for (before, behind, taken) in [
        ("GET /a", "b", &path[..]),
        ("GET /a", "?\\", &path),
        ("GET /?a", "b", &query),
        ("GET /?", "", &query),
        ("GET /?a?", "\\", &query),
        ("GET http://a/", "b", &path),
        ("GET http://a/?", "b", &query),
        ("GET http://a?", "", &query),
        ("OPTIONS /", "", &path),
        ("GET http://a", "b:1/{?\\", &[NAME, b"/?"].concat()),
        ("CONNECT a", "b:1", NAME),
        ("CONNECT ", "b:1", NAME),
        ("OPTIONS *", "", b""),
    ] {
        for octet in 0..=u8::MAX {
            // These end the target, the line, or the host.
            if b" \r\n".contains(&octet) {
                continue;
            }
            let head =
                [before.as_bytes(), &[octet], behind.as_bytes(), b" HTTP/1.1\r\nHost: a\r\n\r\n"]
                    .concat();
            let shown = head.escape_ascii();
            match request(&head) {
                Ok(read) => assert!(read == Some(head.len()) && taken.contains(&octet), "{shown}"),
                Err(error) => {
                    assert!(!taken.contains(&octet), "{shown}: {error}");
                    // The error's offset is that of the octet, if no target may hold it.
                    let is_there = error.offset() == before.len() && error.kind() == E::Target;
                    let is_form = error.kind() == E::Target || error.kind() == E::TargetForm;
                    assert!(is_there || is_form && query.contains(&octet), "{shown}: {error}");
                }
            }
        }
    }
}

/// Each case is a target, the octet at which it cannot be written, and its encoded form.
#[test]
fn rfc3986_2_1_a_target_that_was_read_is_written_encoded() {
    for (read, at, written) in [
        ("/a[1]", Some(2), "/a%5B1%5D"),
        ("/{}^`", Some(1), "/%7B%7D%5E%60"),
        ("/a?{b}^`\\c", Some(3), "/a?%7Bb%7D%5E%60%5Cc"),
        ("http://a?\\", Some(9), "http://a?%5C"),
        ("/?a|b", Some(3), "/?a%7Cb"),
        ("/100%", Some(4), "/100%25"),
        ("/?%4", Some(2), "/?%254"),
        ("/%zz%%41%5b", Some(1), "/%25zz%25%41%5b"),
        ("http://a%2Db?[%", Some(13), "http://a%2Db?%5B%25"),
        ("x+y://[::1]:8/|", Some(14), "x+y://[::1]:8/%7C"),
        ("/-._~!$&'()*+,;=:@%7c/?%5B/?", None, "/-._~!$&'()*+,;=:@%7c/?%5B/?"),
    ] {
        let (mut spans, mut out, mut room) =
            (FieldSpans::<2>::new(), WireBuf::<100>::new(), [0; 40]);
        let input = format!("GET {read} HTTP/1.0\r\n\r\n");
        let Ok(Parsed::Complete { message: head, .. }) =
            RequestHead::parse(input.as_bytes(), spans.lend())
        else {
            panic!("{read}")
        };
        let target = head.target();
        let fault = at.map(|at| WriteError::Value(InvalidValue::Target { at }));
        assert_eq!(
            MessageWriter::new().request(head.method(), target, &mut out).err(),
            fault,
            "{read}"
        );
        assert_eq!(datagram::write_request(head.method(), target, &mut out).err(), fault, "{read}");
        let mut connection = ClientConnection::new();
        assert_eq!(connection.request(head.method(), target, &mut out).err(), fault, "{read}");
        assert_eq!(Target::new(read).map_err(WriteError::from).err(), fault, "{read}");
        let encoded = target.encoded(&mut room).unwrap();
        assert_eq!((encoded.as_str(), encoded.form()), (written, target.form()));
        let room = room.get_mut(..written.len() - 1).unwrap();
        assert_eq!(target.encoded(room).err(), at.map(|_| WriteError::BufferFull), "{read}");
    }
}

const OTHER: RequestContext = RequestContext::UNREAD;
type Fields<'a> = &'a [(&'a str, &'a str)];

fn with_fields<'w, S: HeadSink>(
    mut head: HeadWriter<'w, S>,
    fields: Fields<'_>,
) -> Result<HeadWriter<'w, S>, WriteError> {
    for (name, value) in fields {
        head = head.field(FieldName::new(name)?, FieldValue::new(*value)?)?;
    }
    Ok(head)
}

fn write_request(
    method: &str,
    target: &str,
    fields: Fields<'_>,
    body: &[u8],
) -> Result<String, WriteError> {
    let mut out = WireBuf::<100>::new();
    let before = out.as_bytes().len();
    let mut writer = MessageWriter::new();
    let head = writer.request(Method::new(method)?, Target::new(target)?, &mut out);
    let written = head.and_then(|head| with_fields(head, fields)).and_then(|head| head.body(body));
    if let Err(error) = written {
        assert_eq!(out.as_bytes().len(), before, "a rejected call leaves octets behind");
        return Err(error);
    }
    Ok(String::from_utf8_lossy(out.as_bytes()).into_owned())
}

fn write_response(
    context: RequestContext,
    code: u16,
    fields: Fields<'_>,
    body: &[u8],
) -> Result<String, WriteError> {
    let mut out = WireBuf::<100>::new();
    with_fields(MessageWriter::new().response(context, Status::new(code)?, &mut out)?, fields)?
        .body(body)?;
    Ok(String::from_utf8_lossy(out.as_bytes()).into_owned())
}

/// Each rejected call on a writer has an accepted twin in which one thing differs.
#[test]
fn each_rejected_request_write_has_an_accepted_twin() {
    type Call<'a> = (&'a str, &'a str, Fields<'a>, &'a [u8]);
    let cases: &[(WriteError, Call<'_>, Call<'_>)] = &[
        (
            WriteError::Value(InvalidValue::Method { at: 1 }),
            ("G T", "/", &[("Host", "a")], b""),
            ("GET", "/", &[("Host", "a")], b""),
        ),
        (
            WriteError::Value(InvalidValue::Method { at: 0 }),
            ("", "/", &[("Host", "a")], b""),
            ("G", "/", &[("Host", "a")], b""),
        ),
        (
            WriteError::Value(InvalidValue::Target { at: 1 }),
            ("GET", "/\r", &[("Host", "a")], b""),
            ("GET", "/r", &[("Host", "a")], b""),
        ),
        (
            WriteError::Value(InvalidValue::Target { at: 0 }),
            ("GET", "", &[("Host", "a")], b""),
            ("GET", "/", &[("Host", "a")], b""),
        ),
        (
            WriteError::TargetForm,
            ("GET", "*", &[("Host", "a")], b""),
            ("GET", "/", &[("Host", "a")], b""),
        ),
        (
            WriteError::Value(InvalidValue::Target { at: 7 }),
            ("GET", "http:///x", &[("Host", "")], b""),
            ("GET", "http://x/x", &[("Host", "x")], b""),
        ),
        (
            WriteError::Value(InvalidValue::Target { at: 8 }),
            ("GET", "http://u@x/", &[("Host", "x")], b""),
            ("GET", "http://x/", &[("Host", "x")], b""),
        ),
        (
            WriteError::Value(InvalidValue::Target { at: 8 }),
            ("GET", "https:///x", &[("Host", "")], b""),
            ("GET", "https://x/x", &[("Host", "x")], b""),
        ),
        (
            WriteError::Value(InvalidValue::Target { at: 1 }),
            ("CONNECT", "b", &[("Host", "b")], b""),
            ("CONNECT", "b:1", &[("Host", "b:1")], b""),
        ),
        (
            WriteError::TargetForm,
            ("CONNECT", "/b:1", &[("Host", "b:1")], b""),
            ("CONNECT", "b:1", &[("Host", "b:1")], b""),
        ),
        (
            WriteError::Value(InvalidValue::FieldName { at: 1 }),
            ("GET", "/", &[("Host", ""), ("X\n", "a")], b""),
            ("GET", "/", &[("Host", ""), ("X", "a")], b""),
        ),
        (
            WriteError::Value(InvalidValue::FieldName { at: 0 }),
            ("GET", "/", &[(" Host", "a")], b""),
            ("GET", "/", &[("Host", "a")], b""),
        ),
        (
            WriteError::Value(InvalidValue::FieldValue { at: 1 }),
            ("GET", "/", &[("Host", "a\n")], b""),
            ("GET", "/", &[("Host", "an")], b""),
        ),
        (
            WriteError::Value(InvalidValue::FieldValue { at: 0 }),
            ("GET", "/", &[("Host", "\0")], b""),
            ("GET", "/", &[("Host", "0")], b""),
        ),
        (
            WriteError::InvalidHost { at: 1 },
            ("GET", "/", &[("Host", "a/")], b""),
            ("GET", "/", &[("Host", "a.")], b""),
        ),
        (
            WriteError::FramingField,
            ("GET", "/", &[("Host", ""), ("content-length", "0")], b""),
            ("GET", "/", &[("Host", ""), ("ontent-length", "0")], b""),
        ),
        (
            WriteError::FramingField,
            ("GET", "/", &[("Host", ""), ("Transfer-Encoding", "chunked")], b""),
            ("GET", "/", &[("Host", ""), ("Transfer-Encodin", "chunked")], b""),
        ),
        (
            WriteError::FramingField,
            ("GET", "/", &[("Host", ""), ("Connection", "TE"), ("TE", "a, chunked")], b""),
            ("GET", "/", &[("Host", ""), ("Connection", "TE"), ("TE", "a, chunke")], b""),
        ),
        (
            WriteError::HostDiffers,
            ("GET", "http://a/", &[("Host", "b")], b""),
            ("GET", "http://a/", &[("Host", "A")], b""),
        ),
        (
            WriteError::HostDiffers,
            ("CONNECT", "a:1", &[("Host", "")], b""),
            ("CONNECT", "a:1", &[("Host", "a:1")], b""),
        ),
        (
            WriteError::FramingField,
            ("GET", "/", &[("Host", ""), ("Connection", "TE"), ("TE", "chunked ;q=0")], b""),
            ("GET", "/", &[("Host", ""), ("Connection", "TE"), ("TE", "chunke ;q=0")], b""),
        ),
        (
            WriteError::MissingHost,
            ("GET", "/", &[("Hos", "a")], b""),
            ("GET", "/", &[("Host", "a")], b""),
        ),
        (
            WriteError::MissingHost,
            ("GET", "http://a/", &[], b""),
            ("GET", "http://a/", &[("Host", "a")], b""),
        ),
        (
            WriteError::RepeatedHost,
            ("GET", "/", &[("Host", "a"), ("hOST", "a")], b""),
            ("GET", "/", &[("Host", "a"), ("hOS", "a")], b""),
        ),
        (
            WriteError::MissingConnectionOption,
            ("GET", "/", &[("Host", ""), ("Upgrade", "x")], b""),
            ("GET", "/", &[("Host", ""), ("Upgrade", "x"), ("Connection", "close, upgrade")], b""),
        ),
        (
            WriteError::MissingConnectionOption,
            ("GET", "/", &[("Host", ""), ("TE", "trailers")], b""),
            ("GET", "/", &[("Host", ""), ("TE", "trailers"), ("Connection", "te")], b""),
        ),
        (
            WriteError::InvalidConnection { at: 5 },
            ("GET", "/", &[("Host", ""), ("Connection", "close;x")], b""),
            ("GET", "/", &[("Host", ""), ("Connection", "close-x")], b""),
        ),
        (
            WriteError::InvalidConnection { at: 3 },
            ("GET", "/", &[("Host", ""), ("Connection", "a, , b")], b""),
            ("GET", "/", &[("Host", ""), ("Connection", "a, c, b")], b""),
        ),
        (
            WriteError::InvalidConnection { at: 4 },
            ("GET", "/", &[("Host", ""), ("Connection", "a,\tb\t c")], b""),
            ("GET", "/", &[("Host", ""), ("Connection", "a,\tb\t,c")], b""),
        ),
        (
            WriteError::InvalidConnection { at: 2 },
            ("GET", "/", &[("Host", ""), ("Connection", "a,")], b""),
            ("GET", "/", &[("Host", ""), ("Connection", "a")], b""),
        ),
        (
            WriteError::InvalidConnection { at: 0 },
            ("GET", "/", &[("Host", ""), ("Connection", ",")], b""),
            ("GET", "/", &[("Host", ""), ("Connection", "")], b""),
        ),
        (
            WriteError::ExpectWithoutBody,
            ("PUT", "/", &[("Host", ""), ("Expect", "100-continue")], b""),
            ("PUT", "/", &[("Host", ""), ("Expect", "100-continue")], b"x"),
        ),
        (
            WriteError::BodyForbidden,
            ("TRACE", "/", &[("Host", "")], b"x"),
            ("TRACE", "/", &[("Host", "")], b""),
        ),
        (
            WriteError::BodyForbidden,
            ("CONNECT", "a:1", &[("Host", "a:1")], b"x"),
            ("CONNECT", "a:1", &[("Host", "a:1")], b""),
        ),
        (
            WriteError::BufferFull,
            ("PUT", "/", &[("Host", "")], &[b'x'; 55]),
            ("PUT", "/", &[("Host", "")], &[b'x'; 54]),
        ),
    ];
    for (error, rejected, accepted) in cases {
        assert_eq!(
            write_request(rejected.0, rejected.1, rejected.2, rejected.3),
            Err(*error),
            "{rejected:?}"
        );
        assert!(
            write_request(accepted.0, accepted.1, accepted.2, accepted.3).is_ok(),
            "{accepted:?}"
        );
    }
}

/// Tries each octet in each element except targets, which `tests/oracle` tries.
#[test]
fn rfc9110_2_2_what_is_written_is_in_the_abnf() {
    for octet in 0..=u8::MAX {
        let is_tchar = octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet);
        let is_text = matches!(octet, b'\t' | b' '..=b'~' | 0x80..);
        let token = format!("x{}x", char::from(octet));
        let value = [b'x', octet, b'x'];
        let written = |method: &str, name: &str, value: &[u8]| {
            let (mut out, mut writer) = (WireBuf::<100>::new(), MessageWriter::new());
            let head = writer.request(Method::new(method)?, Target::ROOT, &mut out)?;
            let head = head.field(FieldName::HOST, FieldValue::from_static("a"))?;
            head.field(FieldName::new(name)?, FieldValue::new(value)?)?.without_body()?;
            Ok::<_, WriteError>(out.as_bytes().to_vec())
        };
        assert_eq!(written(&token, "x", b"x").is_ok(), is_tchar, "a method with {octet:#x}");
        assert_eq!(written("x", &token, b"x").is_ok(), is_tchar, "a name with {octet:#x}");
        let line = [b"\r\nx: ", &value[..], b"\r\n\r\n"].concat();
        let is_written = written("x", "x", &value).is_ok_and(|octets| octets.ends_with(&line));
        assert_eq!(is_written, is_text, "a value with {octet:#x}");

        let (mut out, mut writer) = (WireBuf::<100>::new(), MessageWriter::new());
        let mut with_reason =
            |reason| writer.response(OTHER, Status::OK, &mut out)?.reason(reason)?.without_body();
        assert_eq!(
            FieldValue::new(&value[..]).is_ok_and(|reason| with_reason(reason).is_ok()),
            is_text,
            "a reason with {octet:#x}"
        );
        writer.response(OTHER, Status::OK, &mut out).unwrap().chunked().unwrap();
        let mut end = |name| writer.end_body(&[(name, FieldValue::from_static("x"))], &mut out);
        let is_trailer = FieldName::new(&token).is_ok_and(|name| end(name).is_ok());
        assert_eq!(is_trailer, is_tchar, "a trailer with {octet:#x}");
    }
}

/// Tries each element of a head that names an authority, with several schemes.
#[test]
fn rfc9110_4_2_4_userinfo_is_never_written() {
    for scheme in ["http", "https", "HTTP", "hTTpS", "ws", "x"] {
        for (authority, twin) in
            [("u@b", "u.b"), ("u:1@b:1", "u:1"), ("@b", ".b"), ("a%40@b", "a%40.b")]
        {
            let [target, twin] =
                [authority, twin].map(|authority| format!("{scheme}://{authority}/"));
            assert!(matches!(Target::new(&target), Err(InvalidValue::Target { .. })), "{target}");
            assert!(Target::new(&twin).is_ok(), "{twin}");
        }
    }
    let written =
        |method, target, host| write_request(method, target, &[("Host", host)], b"").is_ok();
    assert!(!written("CONNECT", "u@b:1", "u@b:1") && !written("CONNECT", "u@b:1", "b:1"));
    assert!(written("CONNECT", "u.b:1", "u.b:1"));
    assert!(!written("GET", "/", "u@b") && written("GET", "/", "u.b"));
}

#[test]
fn each_rejected_response_write_has_an_accepted_twin() {
    type Call<'a> = (RequestContext, u16, Fields<'a>, &'a [u8]);
    let connect = RequestContext::new(Method::CONNECT, Version::Http11);
    let http10 = RequestContext::new(Method::POST, Version::Http10);
    let cases: &[(WriteError, Call<'_>, Call<'_>)] = &[
        (
            WriteError::Value(InvalidValue::Status { code: 99 }),
            (OTHER, 99, &[], b""),
            (OTHER, 100, &[], b""),
        ),
        (
            WriteError::Value(InvalidValue::Status { code: 600 }),
            (OTHER, 600, &[], b""),
            (OTHER, 599, &[], b""),
        ),
        (
            WriteError::MissingUpgrade,
            (OTHER, 101, &[("Connection", "Upgrade")], b""),
            (OTHER, 101, &[("Connection", "Upgrade"), ("Upgrade", "x")], b""),
        ),
        (
            WriteError::MissingUpgrade,
            (OTHER, 426, &[], b""),
            (OTHER, 426, &[("Connection", "Upgrade"), ("Upgrade", "x")], b""),
        ),
        (
            WriteError::MissingUpgrade,
            (OTHER, 101, &[("Connection", "Upgrade"), ("Upgrade", ",")], b""),
            (OTHER, 101, &[("Connection", "Upgrade"), ("Upgrade", "x")], b""),
        ),
        (
            WriteError::InvalidConnection { at: 6 },
            (OTHER, 200, &[("Connection", "close,")], b""),
            (OTHER, 200, &[("Connection", "close")], b""),
        ),
        (WriteError::NeedsHttp11, (http10, 100, &[], b""), (OTHER, 100, &[], b"")),
        (
            WriteError::FramingField,
            (OTHER, 200, &[("Transfer-Encoding", "gzip")], b""),
            (OTHER, 200, &[("Transfer-Encodin", "gzip")], b""),
        ),
        (
            WriteError::MissingConnectionOption,
            (OTHER, 200, &[("Upgrade", "x"), ("Connection", "pgrade")], b""),
            (OTHER, 200, &[("Upgrade", "x"), ("Connection", "upgrade")], b""),
        ),
        (
            WriteError::MissingConnectionOption,
            (OTHER, 200, &[("TE", "a"), ("Connection", "close")], b""),
            (OTHER, 200, &[("TE", "a"), ("Connection", "close, TE")], b""),
        ),
        (WriteError::BodyForbidden, (OTHER, 103, &[], b"x"), (OTHER, 103, &[], b"")),
        (WriteError::BodyForbidden, (OTHER, 204, &[], b"x"), (OTHER, 204, &[], b"")),
        (WriteError::BodyForbidden, (OTHER, 205, &[], b"x"), (OTHER, 205, &[], b"")),
        (WriteError::BodyForbidden, (OTHER, 304, &[], b"x"), (OTHER, 304, &[], b"")),
        (WriteError::BodyForbidden, (connect, 200, &[], b"x"), (connect, 403, &[], b"x")),
    ];
    for (error, rejected, accepted) in cases {
        assert_eq!(
            write_response(rejected.0, rejected.1, rejected.2, rejected.3),
            Err(*error),
            "{rejected:?}"
        );
        assert!(
            write_response(accepted.0, accepted.1, accepted.2, accepted.3).is_ok(),
            "{accepted:?}"
        );
    }
}

#[test]
fn rfc9110_8_6_a_body_has_the_length_that_was_declared() {
    let (mut out, mut writer) = (WireBuf::<100>::new(), MessageWriter::new());
    writer.response(OTHER, Status::OK, &mut out).unwrap().length(3).unwrap();
    assert_eq!(writer.send_data(b"abcd", &mut out), Err(WriteError::BodyLength));
    writer.send_data(b"ab", &mut out).unwrap();
    assert_eq!(writer.send_data(&[b'x'; 100], &mut out), Err(WriteError::BodyLength));
    assert_eq!(writer.end_body(&[], &mut out), Err(WriteError::BodyLength));
    assert!(out.as_bytes().ends_with(b"Content-Length: 3\r\n\r\nab"));
}

#[test]
fn rfc9110_8_6_a_length_is_declared_where_a_body_may_follow() {
    let forbidden = Err(WriteError::BodyForbidden);
    for (code, length, declared) in [
        (200, 5, Ok(())),
        (204, 0, forbidden),
        (205, 5, forbidden),
        (205, 0, Ok(())),
        (304, 5, Ok(())),
    ] {
        let (mut out, mut writer) = (WireBuf::<100>::new(), MessageWriter::new());
        let head = writer.response(OTHER, Status::new(code).unwrap(), &mut out).unwrap();
        assert_eq!(head.length(length), declared, "{code}, {length}");
        let line = format!("\r\nContent-Length: {length}\r\n\r\n");
        assert_eq!(out.as_bytes().ends_with(line.as_bytes()), declared.is_ok(), "{code}, {length}");
    }
    let expects = FieldValue::from_static("100-continue");
    for (length, declared) in [(0, Err(WriteError::ExpectWithoutBody)), (1, Ok(()))] {
        let (mut out, mut writer) = (WireBuf::<100>::new(), MessageWriter::new());
        let head = writer.request(Method::PUT, Target::ROOT, &mut out).unwrap();
        let head = head.field(FieldName::HOST, FieldValue::from_static("a")).unwrap();
        assert_eq!(head.field(FieldName::EXPECT, expects).unwrap().length(length), declared);
    }
}

#[test]
fn a_head_waits_for_the_end_of_the_body_before_it() {
    let (mut out, mut writer) = (WireBuf::<200>::new(), MessageWriter::new());
    writer.response(OTHER, Status::OK, &mut out).unwrap().length(1).unwrap();
    assert_eq!(writer.response(OTHER, Status::OK, &mut out).err(), Some(WriteError::BodyNotEnded));
    out.clear();
    let second = writer.response(OTHER, Status::OK, &mut out).err();
    assert_eq!(second, Some(WriteError::BodyNotEnded), "sent or not, the body is owed");
    writer.send_data(b"x", &mut out).unwrap();
    writer.end_body(&[], &mut out).unwrap();
    assert_eq!(writer.end_body(&[], &mut out), Err(WriteError::NoBody));
    assert_eq!(writer.send_data(b"x", &mut out), Err(WriteError::NoBody));
    assert_eq!(writer.response(OTHER, Status::OK, &mut out).err(), None);
}

type Field = (FieldName<'static>, FieldValue<'static>);
const CLOSE: Field = (FieldName::CONNECTION, FieldValue::from_static("close"));
const KEEP_ALIVE: Field = (FieldName::CONNECTION, FieldValue::from_static("keep-alive"));
const OFFER: [Field; 2] = [
    (FieldName::CONNECTION, FieldValue::from_static("upgrade")),
    (FieldName::UPGRADE, FieldValue::from_static("x")),
];

/// A function that writes the rest of a message.
type Write = fn(HeadWriter<'_>) -> Result<(), WriteError>;

/// Each case is a message, and whether it is the last one on its stream.
#[test]
fn rfc9112_9_6_no_head_follows_the_last_message_of_a_stream() {
    let connect = RequestContext::new(Method::CONNECT, Version::Http11);
    let head = RequestContext::new(Method::HEAD, Version::Http11);
    let cases: &[(RequestContext, u16, Write, bool)] = &[
        (OTHER, 200, |head| head.body(b"x"), false),
        (OTHER, 200, |head| head.field(CLOSE.0, CLOSE.1)?.body(b"x"), true),
        (OTHER, 200, |head| head.field(CLOSE.0, CLOSE.1)?.without_body(), true),
        (OTHER, 200, |head| head.field(KEEP_ALIVE.0, KEEP_ALIVE.1)?.body(b"x"), false),
        (OTHER, 200, |head| head.version(Version::Http10).body(b"x"), true),
        (
            OTHER,
            200,
            |head| head.version(Version::Http10).field(KEEP_ALIVE.0, KEEP_ALIVE.1)?.body(b"x"),
            false,
        ),
        (OTHER, 200, |head| head.body_until_close(b"x"), true),
        (head, 200, |head| head.body(b"x"), false),
        (head, 200, |head| head.body_until_close(b"x"), true),
        (OTHER, 100, |head| head.without_body(), false),
        (OTHER, 103, |head| head.field(CLOSE.0, CLOSE.1)?.without_body(), false),
        (OTHER, 101, |head| head.fields(&OFFER)?.without_body(), true),
        (OTHER, 426, |head| head.fields(&OFFER)?.without_body(), false),
        (connect, 200, |head| head.without_body(), true),
        (connect, 299, |head| head.without_body(), true),
        (connect, 300, |head| head.without_body(), false),
        (connect, 100, |head| head.without_body(), false),
    ];
    for (context, code, write, is_last) in cases {
        let status = Status::new(*code).unwrap();
        let (mut out, mut writer) = (WireBuf::<200>::new(), MessageWriter::new());
        write(writer.response(*context, status, &mut out).unwrap()).unwrap();
        let error = is_last.then_some(WriteError::Closed);
        assert_eq!(writer.response(OTHER, Status::OK, &mut out).err(), error, "{out:?}");
        assert_eq!(
            MessageWriter::new().response(OTHER, Status::OK, &mut out).err(),
            is_last.then_some(WriteError::BufferInUse),
            "{out:?}"
        );
        out.clear();
        assert_eq!(writer.response(OTHER, Status::OK, &mut out).err(), error, "{context:?} {code}");
        assert_eq!(
            MessageWriter::new().response(OTHER, Status::OK, &mut out).err(),
            None,
            "a new stream"
        );
    }
}

/// Each case is a body sent in parts, and whether its message is the last one on its stream.
#[test]
fn rfc9112_9_6_no_head_follows_the_last_body_of_a_stream() {
    let cases: &[(Write, bool)] = &[
        (|head| head.chunked(), false),
        (|head| head.field(CLOSE.0, CLOSE.1)?.chunked(), true),
        (|head| head.until_close(), true),
    ];
    for (write, is_last) in cases {
        let (mut out, mut writer) = (WireBuf::<200>::new(), MessageWriter::new());
        write(writer.response(OTHER, Status::OK, &mut out).unwrap()).unwrap();
        writer.send_data(b"x", &mut out).unwrap();
        writer.end_body(&[], &mut out).unwrap();
        let error = is_last.then_some(WriteError::Closed);
        assert_eq!(writer.response(OTHER, Status::OK, &mut out).err(), error, "{out:?}");
        assert_eq!(
            MessageWriter::new().response(OTHER, Status::OK, &mut out).err(),
            is_last.then_some(WriteError::BufferInUse),
            "{out:?}"
        );
        out.clear();
        assert_eq!(writer.response(OTHER, Status::OK, &mut out).err(), error);
    }
}

#[test]
fn a_body_goes_on_in_another_buffer() {
    let (mut first, mut second, mut writer) =
        (WireBuf::<100>::new(), WireBuf::<100>::new(), MessageWriter::new());
    writer.response(OTHER, Status::OK, &mut first).unwrap().length(3).unwrap();
    writer.send_data(b"a", &mut first).unwrap();
    writer.send_data(b"b", &mut second).unwrap();
    // The first buffer holds older octets: the new ones would be out of order.
    assert_eq!(writer.send_data(b"c", &mut first), Err(WriteError::BufferInUse));
    writer.send_data(b"c", &mut second).unwrap();
    writer.end_body(&[], &mut second).unwrap();
    assert_eq!(writer.response(OTHER, Status::OK, &mut first).err(), Some(WriteError::BufferInUse));
    writer.response(OTHER, Status::NO_CONTENT, &mut second).unwrap().without_body().unwrap();
    assert_eq!(second.as_bytes(), b"bcHTTP/1.1 204 No Content\r\n\r\n");
    first.clear();
    assert_eq!(writer.response(OTHER, Status::OK, &mut first).err(), None);
}

/// Two streams share a buffer, whose octets are framed as their heads declare.
#[test]
fn a_body_does_not_go_on_in_that_of_another_stream() {
    let begin = |writer: &mut MessageWriter, length: u64, out: &mut WireBuf<100>| {
        writer.response(OTHER, Status::OK, out).unwrap().length(length).unwrap();
    };
    let (mut out, mut elsewhere) = (WireBuf::<100>::new(), WireBuf::<100>::new());
    let (mut one, mut other, mut chunks) =
        (MessageWriter::new(), MessageWriter::new(), MessageWriter::new());
    begin(&mut one, 5, &mut out);
    begin(&mut other, 1, &mut elsewhere);
    assert_eq!(other.send_data(b"x", &mut out), Err(WriteError::BufferInUse));
    assert_eq!(other.frame_data(b"x", &mut out), Err(WriteError::BufferInUse));
    // This body's end writes nothing, and does not end the body in the buffer.
    other.send_data(b"x", &mut elsewhere).unwrap();
    other.end_body(&[], &mut out).unwrap();
    assert_eq!(other.response(OTHER, Status::OK, &mut out).err(), Some(WriteError::BufferInUse));
    elsewhere.clear();
    chunks.response(OTHER, Status::OK, &mut elsewhere).unwrap().chunked().unwrap();
    assert_eq!(chunks.end_body(&[], &mut out), Err(WriteError::BufferInUse));
    one.send_data(b"hello", &mut out).unwrap();
    one.end_body(&[], &mut out).unwrap();
    // After a complete message no body can continue.
    assert_eq!(chunks.send_data(b"x", &mut out), Err(WriteError::BufferInUse));
    assert!(out.as_bytes().ends_with(b"Content-Length: 5\r\n\r\nhello"));
}

/// Two streams have the same number of octets left.
#[test]
fn a_body_does_not_go_on_in_an_equal_one_of_another_stream() {
    let begins: [Write; 2] = [|head| head.chunked(), |head| head.length(9)];
    for begin in begins {
        let (mut out, mut elsewhere) = (WireBuf::<100>::new(), WireBuf::<100>::new());
        let (mut one, mut other) = (MessageWriter::new(), MessageWriter::new());
        begin(one.response(OTHER, Status::OK, &mut out).unwrap()).unwrap();
        begin(other.response(OTHER, Status::OK, &mut elsewhere).unwrap()).unwrap();
        elsewhere.clear();
        for data in [&b"a"[..], b"b"] {
            assert_eq!(other.send_data(data, &mut out), Err(WriteError::BufferInUse), "{out:?}");
            one.send_data(data, &mut out).unwrap();
            other.send_data(data, &mut elsewhere).unwrap();
        }
        let before = out.as_bytes().to_vec();
        let _ = other.end_body(&[], &mut out);
        assert_eq!(out.as_bytes(), before);
        assert_eq!(
            MessageWriter::new().response(OTHER, Status::OK, &mut out).err(),
            Some(WriteError::BufferInUse)
        );
    }
}

/// The older octets would be sent after the newer ones.
#[test]
fn a_body_does_not_go_back_to_a_buffer_that_it_has_left() {
    let (mut first, mut second, mut writer) =
        (WireBuf::<100>::new(), WireBuf::<100>::new(), MessageWriter::new());
    writer.response(OTHER, Status::OK, &mut first).unwrap().chunked().unwrap();
    writer.send_data(b"one", &mut first).unwrap();
    writer.send_data(b"two", &mut second).unwrap();
    assert_eq!(writer.send_data(b"three", &mut first), Err(WriteError::BufferInUse));
    assert_eq!(writer.end_body(&[], &mut first), Err(WriteError::BufferInUse));
    first.clear();
    writer.send_data(b"three", &mut first).unwrap();
    writer.end_body(&[], &mut first).unwrap();
    assert_eq!(
        (second.as_bytes(), first.as_bytes()),
        (&b"\r\n3\r\ntwo"[..], &b"\r\n5\r\nthree\r\n0\r\n\r\n"[..])
    );
}

/// The buffer is tried both with octets and empty.
#[test]
fn nothing_comes_between_a_buffer_and_the_octets_behind_it() {
    let (mut out, mut writer) = (WireBuf::<100>::new(), MessageWriter::new());
    writer.response(OTHER, Status::OK, &mut out).unwrap().length(3).unwrap();
    for data in [&b"a"[..], b"b", b"c"] {
        assert_eq!(writer.frame_data(data, &mut out), Ok(data));
        assert!(data == b"a" || out.as_bytes().is_empty());
        let rest = if data == b"c" { b"" } else { &b"d"[..] };
        assert_eq!(
            writer.send_data(rest, &mut out).err(),
            (!rest.is_empty()).then_some(WriteError::BufferInUse)
        );
        assert_eq!(
            writer.frame_data(rest, &mut out).err(),
            (!rest.is_empty()).then_some(WriteError::BufferInUse)
        );
        assert_eq!(
            MessageWriter::new().response(OTHER, Status::OK, &mut out).err(),
            Some(WriteError::BufferInUse)
        );
        if data != b"c" {
            out.clear();
        }
    }
    writer.end_body(&[], &mut out).unwrap();
    assert_eq!(
        writer.response(OTHER, Status::OK, &mut out).err(),
        Some(WriteError::BufferInUse),
        "c is not sent"
    );
    out.clear();
    assert_eq!(writer.response(OTHER, Status::OK, &mut out).err(), None);
}

#[test]
fn rfc9110_9_3_6_no_request_follows_a_connect() {
    let next = |method, target| {
        let (mut out, mut writer) = (WireBuf::<100>::new(), MessageWriter::new());
        let head = writer.request(method, Target::new(target).unwrap(), &mut out).unwrap();
        head.field(FieldName::HOST, FieldValue::from_static("a:1"))
            .unwrap()
            .without_body()
            .unwrap();
        writer.request(Method::GET, Target::ROOT, &mut out).err()
    };
    assert_eq!(next(Method::CONNECT, "a:1"), Some(WriteError::Closed));
    assert_eq!(next(Method::TRACE, "/"), None);
}

#[test]
fn rfc9112_7_1_2_trailers_follow_chunks_and_control_nothing() {
    let (mut out, mut writer) = (WireBuf::<200>::new(), MessageWriter::new());
    let field = |name| (FieldName::new(name).unwrap(), FieldValue::from_static("1"));
    writer.response(OTHER, Status::OK, &mut out).unwrap().length(0).unwrap();
    assert_eq!(writer.end_body(&[field("X-T")], &mut out), Err(WriteError::TrailersNeedChunked));
    writer.end_body(&[], &mut out).unwrap();
    out.clear();
    writer.response(OTHER, Status::OK, &mut out).unwrap().chunked().unwrap();
    for name in [
        "content-length",
        "Transfer-Encoding",
        "Host",
        "Connection",
        "Trailer",
        "Authorization",
        "Set-Cookie",
        "Content-Type",
    ] {
        let ended = writer.end_body(&[field("X-T"), field(name)], &mut out);
        assert_eq!(ended, Err(WriteError::ForbiddenTrailer), "{name}");
    }
    out.clear();
    writer.end_body(&[field("X-T"), field("ETag")], &mut out).unwrap();
    assert_eq!(out.as_bytes(), b"0\r\nX-T: 1\r\nETag: 1\r\n\r\n");
}

#[test]
fn rfc9112_6_1_chunks_are_not_for_http_1_0() {
    let http10 = RequestContext::new(Method::GET, Version::Http10);
    for (context, status, version, error) in [
        (http10, Status::OK, Version::Http11, Some(WriteError::NeedsHttp11)),
        (OTHER, Status::OK, Version::Http10, Some(WriteError::NeedsHttp11)),
        (OTHER, Status::NO_CONTENT, Version::Http11, Some(WriteError::BodyForbidden)),
        (OTHER, Status::OK, Version::Http11, None),
    ] {
        let (mut out, mut writer) = (WireBuf::<200>::new(), MessageWriter::new());
        assert_eq!(
            writer.response(context, status, &mut out).unwrap().version(version).chunked().err(),
            error
        );
    }
}

/// Neither a length nor a coding is written, not even for an empty body.
#[test]
fn rfc9112_6_1_no_word_of_a_body_where_none_can_be() {
    let connect = RequestContext::new(Method::CONNECT, Version::Http11);
    let interim = (100..200).filter(|&code| code != 101).map(|code| (OTHER, code));
    let tunnel = (200..300).map(|code| (connect, code));
    for (context, code) in interim.chain([(OTHER, 204)]).chain(tunnel) {
        let (mut out, mut writer) = (WireBuf::<100>::new(), MessageWriter::new());
        let status = Status::new(code).unwrap();
        assert_eq!(
            writer.response(context, status, &mut out).unwrap().length(0).err(),
            Some(WriteError::BodyForbidden),
            "{code}"
        );
        assert_eq!(
            writer.response(context, status, &mut out).unwrap().chunked().err(),
            Some(WriteError::BodyForbidden),
            "{code}"
        );
        writer.response(context, status, &mut out).unwrap().without_body().unwrap();
        assert_eq!(
            out.as_bytes().iter().filter(|&&octet| octet == b'\n').count(),
            2,
            "a status line alone"
        );
        out.clear();
        let twin = Status::new(500 + code % 100).unwrap();
        assert_eq!(
            MessageWriter::new().response(context, twin, &mut out).unwrap().chunked().err(),
            None,
            "{code}"
        );
    }
}

#[test]
fn rfc9112_6_1_a_request_in_http_1_0_is_not_chunked() {
    let chunked = |version| {
        let (mut out, mut writer) = (WireBuf::<100>::new(), MessageWriter::new());
        let head = writer.request(Method::PUT, Target::ROOT, &mut out).unwrap().version(version);
        head.field(FieldName::HOST, FieldValue::from_static("a")).unwrap().chunked().err()
    };
    assert_eq!(chunked(Version::Http10), Some(WriteError::NeedsHttp11));
    assert_eq!(chunked(Version::Http11), None);
}

#[test]
fn a_body_that_does_not_fit_is_not_counted() {
    let (mut out, mut writer) = (WireBuf::<60>::new(), MessageWriter::new());
    writer.response(OTHER, Status::OK, &mut out).unwrap().length(50).unwrap();
    assert_eq!(writer.send_data(&[b'x'; 50], &mut out), Err(WriteError::BufferFull));
    out.clear();
    writer.send_data(&[b'x'; 50], &mut out).unwrap();
    assert_eq!((writer.end_body(&[], &mut out), out.as_bytes()), (Ok(()), &[b'x'; 50][..]));
}

/// Each case is a message and its exact octets.
#[test]
fn rfc9112_2_1_messages_as_they_are_written() {
    let head = RequestContext::new(Method::HEAD, Version::Http11);
    let connect = RequestContext::new(Method::CONNECT, Version::Http11);
    let host = &[("Host", "a")];
    for (written, expected) in [
        (write_request("GET", "/", host, b""), "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        (
            write_request("POST", "/", host, b""),
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        ),
        (
            write_request("GET", "/", host, b"x"),
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
        ),
        (write_request("OPTIONS", "*", host, b""), "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
        (
            write_response(OTHER, 200, &[("A", " b ")], b""),
            "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 0\r\n\r\n",
        ),
        (write_response(OTHER, 599, &[], b"hi"), "HTTP/1.1 599 \r\nContent-Length: 2\r\n\r\nhi"),
        (write_response(OTHER, 100, &[], b""), "HTTP/1.1 100 Continue\r\n\r\n"),
        (write_response(OTHER, 204, &[], b""), "HTTP/1.1 204 No Content\r\n\r\n"),
        (
            write_response(OTHER, 205, &[], b""),
            "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n",
        ),
        (write_response(OTHER, 304, &[], b""), "HTTP/1.1 304 Not Modified\r\n\r\n"),
        (write_response(head, 200, &[], b"hello"), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        (write_response(connect, 200, &[], b""), "HTTP/1.1 200 OK\r\n\r\n"),
    ] {
        assert_eq!(written.as_deref(), Ok(expected));
    }
}

#[test]
fn the_response_of_the_article_as_it_is_written() {
    let respond = |method| {
        let (mut out, mut writer) = (WireBuf::<100>::new(), MessageWriter::new());
        let head = writer
            .response(RequestContext::new(method, Version::Http11), Status::OK, &mut out)
            .unwrap();
        head.version(Version::Http10).body_until_close(b"TCP connection").unwrap();
        String::from_utf8_lossy(out.as_bytes()).into_owned()
    };
    assert_eq!(respond(Method::GET), "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nTCP connection");
    assert_eq!(respond(Method::HEAD), "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n");
}

#[test]
fn a_writer_that_is_given_up_leaves_nothing_behind() {
    let (mut out, mut writer) = (WireBuf::<100>::new(), MessageWriter::new());
    writer.response(OTHER, Status::CONTINUE, &mut out).unwrap().without_body().unwrap();
    let before = out.as_bytes().to_vec();
    drop(writer.response(OTHER, Status::OK, &mut out).unwrap());
    let too_long = [b'x'; 100];
    assert!(writer.response(OTHER, Status::OK, &mut out).unwrap().body(&too_long).is_err());
    assert_eq!(out.as_bytes(), before);
    writer.response(OTHER, Status::CONTINUE, &mut out).unwrap().without_body().unwrap();
    assert_eq!(out.as_bytes(), before.repeat(2));
}

#[test]
fn limits_of_the_callers_choice() {
    let limits = Limits::new().method(3).target(2).head(40);
    let parse = |octets: &[u8]| {
        let mut spans = FieldSpans::<4>::new();
        RequestHead::parse_within(octets, spans.lend(), &limits)
            .map(|parsed| parsed.map(|_| ()))
            .map_err(|error| (error.kind(), error.offset()))
    };
    assert_eq!(parse(b"GET /a HTTP/1.0\r\n\r\n"), Ok(Parsed::Complete { message: (), len: 19 }));
    assert_eq!(parse(b"GETS /a HTTP/1.0\r\n\r\n"), Err((E::MethodTooLong, 3)));
    assert_eq!(parse(b"GET /ab HTTP/1.0\r\n\r\n"), Err((E::TargetTooLong, 6)));
    assert_eq!(parse(b"GET /a HTTP/1.0\r\nX: 0123456789012345"), Ok(Parsed::Incomplete));
    assert_eq!(parse(b"GET /a HTTP/1.0\r\nX: 01234567890123456789"), Err((E::HeadTooLong, 40)));
    // Empty lines count, too.
    assert_eq!(parse(&b"\r\n".repeat(19)), Ok(Parsed::Incomplete));
    assert_eq!(parse(&b"\r\n".repeat(20)), Err((E::HeadTooLong, 40)));
}

#[test]
fn a_head_says_what_becomes_of_the_connection() {
    for (octets, persists, expects_continue, offers_upgrade) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", true, false, false),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n", false, false, false),
        ("GET / HTTP/1.0\r\n\r\n", false, false, false),
        (
            "GET / HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n\r\n",
            true,
            false,
            false,
        ),
        ("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n", true, true, false),
        ("GET / HTTP/1.1\r\nHost: a\r\nExpect: x\\, 100-continue\r\n\r\n", true, true, false),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
            true,
            false,
            true,
        ),
        ("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\n\r\n", true, false, false),
    ] {
        let mut spans = FieldSpans::<4>::new();
        let Ok(Parsed::Complete { message: head, .. }) =
            RequestHead::parse(octets.as_bytes(), spans.lend())
        else {
            panic!("{octets}")
        };
        assert_eq!(
            (head.persists(), head.expects_continue(), head.offers_upgrade()),
            (persists, expects_continue, offers_upgrade)
        );
    }
}

#[test]
fn rfc9112_4_a_reason_phrase_is_in_the_status_line_alone() {
    let (mut out, mut writer) = (WireBuf::<100>::new(), MessageWriter::new());
    let reason = FieldValue::from_static("Fine by me");
    writer
        .response(OTHER, Status::OK, &mut out)
        .unwrap()
        .reason(reason)
        .unwrap()
        .without_body()
        .unwrap();
    assert_eq!(out.as_bytes(), b"HTTP/1.1 200 Fine by me\r\nContent-Length: 0\r\n\r\n");
    out.clear();
    let late = writer
        .response(OTHER, Status::OK, &mut out)
        .unwrap()
        .field(FieldName::HOST, reason)
        .unwrap()
        .reason(reason);
    assert_eq!(late.err(), Some(WriteError::ReasonTooLate));
}
