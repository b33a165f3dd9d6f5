//! The conversions to and from the crate `http`: what converts, and what does not.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use bareline_core::error::InvalidValue;
use bareline_core::head::Parsed;
use bareline_core::http::{ConvertError, Part};
use bareline_core::{
    FieldName, FieldSpans, FieldValue, Method, RequestHead, ResponseHead, Status, Target, Version,
};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode, Uri};

const TARGET: ConvertError = ConvertError::Rejected(Part::Target);

fn to_uri(target: &str) -> Result<String, ConvertError> {
    Uri::try_from(Target::new(target).unwrap()).map(|uri| uri.to_string())
}

#[test]
fn rfc9112_3_2_a_target_is_a_uri_or_is_rejected() {
    for (target, expected) in [
        ("/", Ok("/")),
        ("*", Ok("*")),
        ("a:1", Ok("a:1")),
        ("/a%20b;c=d/e?f=g?/:@", Ok("/a%20b;c=d/e?f=g?/:@")),
        ("//a", Ok("//a")),
        ("http://a/b?c", Ok("http://a/b?c")),
        ("http://[::1]:80/", Ok("http://[::1]:80/")),
        ("HTTP://A/", Ok("http://A/")),
        ("http://a", Ok("http://a/")),
        ("http://a?b", Ok("http://a/?b")),
        ("http://a%41/", Err(TARGET)),
        ("http://aa/", Ok("http://aa/")),
    ] {
        assert_eq!(to_uri(target).as_deref(), expected.as_deref(), "{target}");
    }
}

#[test]
fn rfc9112_3_2_a_received_target_may_be_no_uri() {
    let is_uri = |target: String| {
        let octets = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes();
        let mut spans = FieldSpans::<1>::new();
        match RequestHead::parse(&octets, spans.lend()) {
            Ok(Parsed::Complete { message: head, .. }) => Some(match Request::try_from(head) {
                Ok(request) => request.uri() == target.as_str(),
                Err(error) => error != TARGET,
            }),
            _ => None,
        }
    };
    let (mut path, mut query) = (Vec::new(), Vec::new());
    for octet in (0..0x80).map(char::from) {
        for (target, rejected) in
            [(format!("/{octet}"), &mut path), (format!("/?{octet}"), &mut query)]
        {
            if is_uri(target) == Some(false) {
                rejected.push(octet);
            }
        }
    }
    assert_eq!((&path[..], &query[..]), (&['`'][..], &[][..]));
}

#[test]
fn rfc9112_3_2_a_uri_is_a_target_or_is_rejected() {
    for (uri, expected) in [
        ("/a?b", Ok("/a?b")),
        ("/a?b#c", Ok("/a?b")),
        ("*", Ok("*")),
        ("a:1", Ok("a:1")),
        ("a", Err(ConvertError::Invalid(InvalidValue::Target { at: 1 }))),
        ("http://a/", Err(ConvertError::AbsoluteUri)),
        ("/a|b", Err(ConvertError::Invalid(InvalidValue::Target { at: 2 }))),
    ] {
        let uri: Uri = uri.parse().unwrap();
        assert_eq!(Target::try_from(&uri).map(|target| target.as_str()), expected, "{uri}");
    }
}

#[test]
fn rfc9110_15_a_status_over_599_is_received_only() {
    for code in 100..=999 {
        let expected = match code {
            100..=599 => Ok(code),
            _ => Err(ConvertError::Invalid(InvalidValue::Status { code })),
        };
        let status = StatusCode::from_u16(code).unwrap();
        assert_eq!(Status::try_from(status).map(Status::code), expected);
    }
    let mut spans = FieldSpans::<1>::new();
    let Ok(Parsed::Complete { message: head, .. }) =
        ResponseHead::parse(b"HTTP/1.0 999 Odd\r\n\r\n", spans.lend())
    else {
        panic!()
    };
    let response = Response::try_from(head).unwrap();
    assert_eq!((response.status().as_u16(), response.version()), (999, http::Version::HTTP_10));
}

#[test]
fn rfc9112_2_3_only_versions_of_http_1_convert() {
    use http::Version as Theirs;

    for (theirs, expected) in [
        (Theirs::HTTP_10, Ok(Version::Http10)),
        (Theirs::HTTP_11, Ok(Version::Http11)),
        (Theirs::HTTP_09, Err(ConvertError::Version(Theirs::HTTP_09))),
        (Theirs::HTTP_2, Err(ConvertError::Version(Theirs::HTTP_2))),
        (Theirs::HTTP_3, Err(ConvertError::Version(Theirs::HTTP_3))),
    ] {
        let ours = Version::try_from(theirs);
        assert_eq!(ours, expected);
        assert!(ours.is_err() || ours.map(Theirs::from) == Ok(theirs));
    }
}

#[test]
fn rfc9110_5_both_sides_accept_the_same_octets() {
    for octet in 0..=u8::MAX {
        let octets = [b'a', octet, b'a'];
        let theirs = HeaderValue::from_bytes(&octets).ok();
        let ours = FieldValue::new(&octets).ok();
        assert_eq!(theirs.is_some(), ours.is_some(), "{octet}");
        assert_eq!(theirs.as_ref().map(|value| value.try_into().unwrap()), ours);
        assert_eq!(ours.map(|value| value.try_into().unwrap()), theirs);
        let Ok(text) = str::from_utf8(&octets) else { continue };
        let theirs = HeaderName::from_bytes(&octets).ok();
        let ours = FieldName::new(text).ok();
        assert_eq!(theirs.as_ref().map(|name| name.try_into().unwrap()), ours, "{octet}");
        assert_eq!(ours.map(|name| name.try_into().unwrap()), theirs, "{octet}");
        let theirs = http::Method::from_bytes(&octets).ok();
        let ours = Method::new(text).ok();
        assert_eq!(theirs.as_ref().map(|method| method.try_into().unwrap()), ours, "{octet}");
        assert_eq!(ours.map(|method| method.try_into().unwrap()), theirs, "{octet}");
    }
}

#[test]
fn rfc9110_5_5_whitespace_around_a_value_is_left_out() {
    let value = HeaderValue::from_static(" a\t");
    assert_eq!(FieldValue::try_from(&value), FieldValue::new("a").map_err(ConvertError::Invalid));
}

#[test]
fn rfc9110_5_3_fields_of_one_name_keep_their_order() {
    let octets = b"GET / HTTP/1.1\r\nA: 2\r\nHost: a\r\na: 1\r\nContent-Length: 3\r\n\r\n";
    let mut spans = FieldSpans::<4>::new();
    let Ok(Parsed::Complete { message: head, .. }) = RequestHead::parse(octets, spans.lend())
    else {
        panic!()
    };
    let headers = HeaderMap::try_from(head.fields()).unwrap();
    assert!(headers.get_all("a").iter().eq(["2", "1"]));
    assert_eq!(headers.len(), 4);
    assert!(headers.get("content-length").is_some_and(|value| value == "3"));
}

#[test]
fn a_name_of_65_536_octets_is_rejected() {
    let name = "a".repeat(65_536);
    for (name, expected) in [
        (&name[..], Err(ConvertError::Rejected(Part::FieldName))),
        (name.split_at(1).1, Ok(65_535)),
    ] {
        let name = HeaderName::try_from(FieldName::new(name).unwrap());
        assert_eq!(name.map(|name| name.as_str().len()), expected);
    }
}

#[test]
fn messages_say_what_to_do() {
    for (error, text) in [
        (
            ConvertError::Invalid(InvalidValue::Target { at: 2 }),
            "invalid request target at octet 2 (RFC 9112 section 3.2)",
        ),
        (
            ConvertError::AbsoluteUri,
            "absolute URI: send its path and query to an origin server, or its string to a proxy \
             (RFC 9112 section 3.2)",
        ),
        (
            ConvertError::Version(http::Version::HTTP_3),
            "HTTP/3.0 is not HTTP/1.x: set the version to HTTP/1.1 (RFC 9112 section 2.3)",
        ),
        (TARGET, "the crate http does not accept the request target: read it from the head"),
    ] {
        assert_eq!(error.to_string(), text);
    }
}
