//! The `Display` and `Debug` texts of errors, values and heads.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use bareline_core::body::{BodyDecoder, BodyPart, Framing};
use bareline_core::connection::RecvBuf;
use bareline_core::error::{InvalidValue, ParseErrorKind, WriteError};
use bareline_core::head::{Limits, OwnedResponseHead, Parsed};
use bareline_core::value::dump;
use bareline_core::write::{MessageWriter, RequestContext};
use bareline_core::{
    FieldName, FieldSpans, FieldValue, Method, RequestHead, ResponseHead, Status, Target, Version,
    WireBuf,
};

#[test]
fn every_error_of_a_writer_names_rule_and_section() {
    let all = [
        (
            WriteError::Value(InvalidValue::Method { at: 1 }),
            "invalid method at octet 1 (RFC 9110 section 9.1)",
        ),
        (
            WriteError::Value(InvalidValue::Target { at: 0 }),
            "invalid request target at octet 0 (RFC 9112 section 3.2)",
        ),
        (
            WriteError::TargetForm,
            "form of the target does not suit the method (RFC 9112 section 3.2: methods are \
             case-sensitive)",
        ),
        (
            WriteError::Value(InvalidValue::Status { code: 7 }),
            "status code 7 outside 100 to 599 (RFC 9110 section 15)",
        ),
        (
            WriteError::Value(InvalidValue::FieldName { at: 2 }),
            "invalid field name at octet 2 (RFC 9110 section 5.1)",
        ),
        (
            WriteError::Value(InvalidValue::FieldValue { at: 3 }),
            "control octet in a field value at octet 3 (RFC 9110 section 5.5)",
        ),
        (WriteError::InvalidHost { at: 4 }, "invalid Host at octet 4 (RFC 9110 section 7.2)"),
        (
            WriteError::InvalidConnection { at: 5 },
            "invalid Connection at octet 5 (RFC 9110 section 7.6.1)",
        ),
        (
            WriteError::FramingField,
            "Content-Length and Transfer-Encoding are written automatically (RFC 9112 section 6)",
        ),
        (WriteError::MissingHost, "request without Host (RFC 9112 section 3.2)"),
        (WriteError::RepeatedHost, "second Host (RFC 9112 section 3.2)"),
        (WriteError::HostDiffers, "Host is not the authority of the target (RFC 9112 section 3.2)"),
        (WriteError::MissingUpgrade, "101 or 426 response without Upgrade (RFC 9110 section 7.8)"),
        (WriteError::UpgradeNotOffered, "upgrade that was not offered (RFC 9110 section 7.8)"),
        (
            WriteError::MissingConnectionOption,
            "Upgrade or TE not named in Connection (RFC 9110 section 7.6.1)",
        ),
        (WriteError::BodyForbidden, "body not allowed in this message (RFC 9110 section 6.4)"),
        (
            WriteError::ExpectWithoutBody,
            "Expect: 100-continue without a body (RFC 9110 section 10.1.1)",
        ),
        (
            WriteError::Value(InvalidValue::Version { at: 0 }),
            "not HTTP/1.0 or HTTP/1.1 at octet 0 (RFC 9112 section 2.3)",
        ),
        (
            WriteError::Value(InvalidValue::StatusDigits { at: 1 }),
            "status code is not three digits at octet 1 (RFC 9110 section 15)",
        ),
        (WriteError::ReasonTooLate, "reason after a field (RFC 9112 section 4: set it first)"),
        (
            WriteError::InterimStatus,
            "interim status in a final response (RFC 9110 section 15.2: write 200 or more)",
        ),
        (
            WriteError::FinalStatus,
            "final status in an interim response (RFC 9110 section 15.2: write 1xx, not 101)",
        ),
        (
            WriteError::HeadNotEnded,
            "head not ended (end it by without_body, body, length or chunked)",
        ),
        (
            WriteError::NoBody,
            "no body is being written (begin a message by length or chunked first)",
        ),
        (
            WriteError::BodyNotEnded,
            "body of the message before not ended (RFC 9112 section 9.3: end it, or close)",
        ),
        (
            WriteError::BufferInUse,
            "buffer holds octets of another message (send what it holds, then clear it)",
        ),
        (
            WriteError::NoRequest,
            "no request waits for a response (RFC 9112 section 9.2: receive one first)",
        ),
        (WriteError::ResponseDue, "the previous request has no response (respond to it first)"),
        (
            WriteError::ResponseNotEnded,
            "response to the previous request not complete (receive it to its end first)",
        ),
        (
            WriteError::AfterParseError,
            "the peer broke a rule (a server responds by reject; a client closes)",
        ),
        (
            WriteError::Closed,
            "the connection carries no more messages (RFC 9112 section 9.6: open another one)",
        ),
        (
            WriteError::TrailersNeedChunked,
            "trailers without a chunked body (RFC 9112 section 7.1.2)",
        ),
        (WriteError::ForbiddenTrailer, "field not allowed in trailers (RFC 9110 section 6.5.1)"),
        (WriteError::BodyLength, "body does not have the declared length (RFC 9110 section 8.6)"),
        (WriteError::NeedsHttp11, "not supported by an HTTP/1.0 peer (RFC 9112 section 6.1)"),
        (
            WriteError::RequestUnread,
            "response before the end of the request's body (RFC 9112 section 9.3: read the body \
             first, or begin the response while reading it)",
        ),
        (
            WriteError::BufferFull,
            "buffer is full (use a larger buffer, or send what it holds first)",
        ),
    ];
    for (error, text) in all {
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn every_error_of_a_peer_names_rule_place_and_section() {
    let mut spans = FieldSpans::<4>::new();
    let error =
        RequestHead::parse(b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", spans.lend()).unwrap_err();
    assert_eq!(error.to_string(), "whitespace before the colon at octet 20 (RFC 9112 section 5.1)");
    let texts: std::collections::HashSet<_> =
        ParseErrorKind::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), ParseErrorKind::ALL.len(), "two kinds have one name");
}

#[test]
fn values_are_shown_as_they_are() {
    let name: String = "X-A".to_owned();
    assert_eq!(
        format!(
            "{0} {0:?} {1:?}",
            FieldName::new(&name).unwrap(),
            FieldValue::new("a\tb\u{e9}").unwrap()
        ),
        "X-A X-A \"a\\tb\\xc3\\xa9\""
    );
    assert_eq!(
        format!("{0} {0:?} {1} {1:?} {2} {2:?}", Method::GET, Target::ROOT, Status::OK),
        "GET GET / / 200 OK 200"
    );
    assert_eq!(FieldName::from_static("A").as_str(), "A");
    assert_eq!(FieldValue::from_static("b").as_str(), Ok("b"));
    assert!(FieldValue::new(b"\xff").unwrap().as_str().is_err());
    assert_eq!(dump(b"a\r\nb\rc\x1b\xff\t\xc2\x9b").to_string(), "a\nb\\rc\\x1b\\xff\t\\xc2\\x9b");
    assert_eq!(dump(b"a\r\nb").on_one_line().to_string(), "a\\r\\nb");
}

#[test]
fn values_made_from_static_strings_are_checked_too() {
    for name in ["", "a b", "a:"] {
        assert!(std::panic::catch_unwind(|| FieldName::from_static(name)).is_err(), "{name:?}");
    }
    for value in [" a", "a ", "a\n"] {
        assert!(std::panic::catch_unwind(|| FieldValue::from_static(value)).is_err(), "{value:?}");
    }
}

#[test]
fn heads_are_shown_part_by_part() {
    let mut spans = FieldSpans::<4>::default();
    let input = b"GET /a HTTP/1.1\r\nHost: a\r\nX: 1\r\nx: 2\r\n\r\n";
    let Ok(Parsed::Complete { message: head, .. }) = RequestHead::parse(input, spans.lend()) else {
        panic!()
    };
    let shown = "RequestHead { method: GET, target: /a, version: Http11, fields: [(Host, \"a\"), \
                 (X, \"1\"), (x, \"2\")], framing: None }";
    assert_eq!(format!("{head:?}"), shown);
    let fields = head.fields();
    assert_eq!(format!("{:?}", fields.all(FieldName::from_static("X"))), "[\"1\", \"2\"]");
    assert_eq!((fields.len(), fields.is_empty()), (3, false));
    assert_eq!(
        fields.only(FieldName::HOST).unwrap().map(|value| value.as_bytes()),
        Some(&b"a"[..])
    );
    assert_eq!(fields.only(FieldName::EXPECT).unwrap(), None);
    let repeated = fields.only(FieldName::from_static("X")).unwrap_err();
    assert_eq!(repeated.to_string(), "field occurs in several lines (RFC 9110 section 5.3)");

    let Ok(Parsed::Complete { message: head, .. }) =
        ResponseHead::parse(b"HTTP/1.0 200 OK\r\nA: b\r\n\r\n", spans.lend())
    else {
        panic!()
    };
    assert_eq!(
        format!("{head:?}"),
        "ResponseHead { version: Http10, status: 200, fields: [(A, \"b\")] }"
    );
    let owned: OwnedResponseHead<_, 1> = head.to_owned_in([0; 32]).unwrap();
    assert_eq!(format!("{owned:?}"), format!("{head:?}"));
    assert_eq!(format!("{spans:?}"), "FieldSpans(1 of 4)");
}

#[test]
fn buffers_and_bodies_are_shown() {
    let mut out = WireBuf::<64>::default();
    let mut writer = MessageWriter::default();
    let context = RequestContext::new(Method::GET, Version::Http11);
    assert_eq!(
        format!("{:?}", writer.response(context, Status::OK, &mut out).unwrap()),
        "HeadWriter"
    );
    writer
        .response(RequestContext::UNREAD, Status::CONTINUE, &mut out)
        .unwrap()
        .without_body()
        .unwrap();
    assert_eq!(format!("{out:?}"), "\"HTTP/1.1 100 Continue\\r\\n\\r\\n\"");
    let mut buffer = RecvBuf::<8>::default();
    buffer.fill_from(|room| Ok::<_, ()>(room.len().min(3))).unwrap();
    assert_eq!(format!("{buffer:?}"), "RecvBuf(3 of 8)");
    let shown = "Limits { method: 64, target: 16384, head: 65535, trailers: 128, chunk_line: \
                 4096, chunk_extensions: 16384, body: 18446744073709551615, drain: 65536, \
                 interim: 32 }";
    assert_eq!(format!("{:?}", Limits::default()), shown);
    let set = Limits::new().method(1).target(2).head(3).trailers(4).chunk_line(5);
    let set = set.chunk_extensions(6).body(7).drain(8).interim(9);
    let shown = "Limits { method: 1, target: 2, head: 3, trailers: 4, chunk_line: 5, \
                 chunk_extensions: 6, body: 7, drain: 8, interim: 9 }";
    assert_eq!(format!("{set:?}"), shown);
    let mut decoder = BodyDecoder::new(Framing::Chunked, &Limits::default());
    let part = decoder.decode(b"1;a=\"b\"\r\n").unwrap().part;
    assert!(matches!(
        part,
        BodyPart::Chunk { extensions, .. }
            if format!("{extensions:?}") == "\";a=\\\"b\\\"\""
    ));
}

#[test]
fn a_dump_escapes_characters_that_change_the_order_of_text() {
    for (character, is_escaped) in [
        ('\u{61b}', false),
        ('\u{61c}', true),
        ('\u{200d}', false),
        ('\u{200e}', true),
        ('\u{200f}', true),
        ('\u{2010}', false),
        ('\u{2027}', false),
        ('\u{2028}', true),
        ('\u{202e}', true),
        ('\u{202f}', false),
        ('\u{2065}', false),
        ('\u{2066}', true),
        ('\u{2069}', true),
        ('\u{206a}', false),
        ('\u{85}', true),
        ('\u{e9}', false),
    ] {
        let text = character.to_string();
        let shown = bareline_core::value::dump(text.as_bytes()).to_string();
        let escaped: String = text.bytes().map(|octet| format!("\\x{octet:02x}")).collect();
        assert_eq!(shown, if is_escaped { escaped } else { text.clone() }, "{character:?}");
    }
}

#[test]
fn the_hint_of_an_error_says_what_to_do() {
    let mut spans = FieldSpans::<4>::new();
    let error = RequestHead::parse(b"GET / HTTP/1.1\nHost: a\n\n", spans.lend()).unwrap_err();
    assert_eq!(error.hint(), "end each line with CR LF");
}
