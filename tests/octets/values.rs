//! The conversions, comparisons and order of values.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use bareline_core::error::InvalidValue;
use bareline_core::value::{FormPairs, FormText};
use bareline_core::{FieldName, FieldValue, Method, Status, Target, Version};
use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasher, RandomState};

/// Octets for each kind of value: some are valid, and some are not.
const TEXTS: &[&str] = &[
    "",
    " ",
    "a",
    "A",
    "a b",
    "GET",
    "get",
    "Content-Type",
    "content-type",
    "CONTENT-TYPE",
    "x_y",
    "/",
    "/a?b",
    "*",
    "a:1",
    "http://a/",
    "a\r\nb",
    "\u{e9}",
    "a\tb",
    "HTTP/1.0",
    "HTTP/1.1",
    "HTTP/1.2",
    "http/1.1",
    "200",
    "099",
    "600",
    "20",
    "2000",
    "2x0",
    "+20",
];

#[test]
fn every_conversion_of_a_text_agrees_with_new() {
    for text in TEXTS {
        let octets = text.as_bytes();
        macro_rules! agree {
            ($($value:ident)*) => {$(
                let value = $value::new(text);
                assert_eq!($value::try_from(*text), value, "{text:?}");
                assert_eq!($value::try_from(octets), value, "{text:?}");
                if let Ok(value) = value {
                    assert_eq!(AsRef::<[u8]>::as_ref(&value), value.as_bytes(), "{text:?}");
                    assert!(value == text.trim_matches([' ', '\t']), "{text:?}");
                    assert!(value == *text.trim_matches([' ', '\t']), "{text:?}");
                    assert!(value != "other", "{text:?}");
                }
            )*};
        }
        agree!(FieldName FieldValue Method Target);
        if let Ok(name) = FieldName::new(text) {
            assert_eq!((AsRef::<str>::as_ref(&name), &*name.to_string()), (*text, *text));
        }
        if let Ok(target) = Target::new(text) {
            assert_eq!((AsRef::<str>::as_ref(&target), &*target.to_string()), (*text, *text));
        }
        let status: Result<Status, _> = text.parse();
        assert_eq!((Status::try_from(*text), Status::try_from(octets)), (status, status));
        let version: Result<Version, _> = text.parse();
        assert_eq!((Version::try_from(*text), Version::try_from(octets)), (version, version));
    }
}

#[test]
fn a_status_is_three_digits_from_100_to_599() {
    for code in 0..=u16::MAX {
        let status = Status::try_from(code);
        assert_eq!(status.is_ok(), (100..600).contains(&code), "{code}");
        if let Ok(status) = status {
            assert_eq!((u16::from(status), format!("{code}").parse()), (code, Ok(status)));
            assert!(status == code && status != code + 1);
        }
    }
    let digits = |at| Err(InvalidValue::StatusDigits { at });
    for (text, parsed) in [
        ("200", Ok(Status::OK)),
        ("", digits(0)),
        ("20", digits(2)),
        ("2000", digits(3)),
        ("2x0", digits(1)),
        ("+20", digits(0)),
        ("099", Err(InvalidValue::Status { code: 99 })),
        ("600", Err(InvalidValue::Status { code: 600 })),
    ] {
        assert_eq!(text.parse(), parsed, "{text}");
    }
}

#[test]
fn rfc9110_15_each_class_of_a_status_is_a_hundred() {
    for code in 100..=599 {
        let status = Status::new(code).unwrap();
        let classes = [
            status.is_informational(),
            status.is_successful(),
            status.is_redirection(),
            status.is_client_error(),
            status.is_server_error(),
        ];
        let expected = [1, 2, 3, 4, 5].map(|hundreds| code / 100 == hundreds);
        assert_eq!(classes, expected, "{code}");
    }
}

/// Compares each pair of names by their text in lower case.
#[test]
fn rfc9110_5_1_equality_order_and_hash_of_names_ignore_case() {
    let hasher = RandomState::new();
    let names: Vec<_> = TEXTS.iter().filter_map(|text| FieldName::new(text).ok()).collect();
    for one in &names {
        for other in &names {
            let [first, second] = [one, other].map(|name| name.as_str().to_ascii_lowercase());
            assert_eq!(one == other, first == second, "{one} and {other}");
            assert_eq!(one.cmp(other), first.cmp(&second), "{one} and {other}");
            assert_eq!(one.partial_cmp(other), Some(first.cmp(&second)), "{one} and {other}");
            assert_eq!(
                hasher.hash_one(one) == hasher.hash_one(other),
                first == second,
                "{one} and {other}"
            );
        }
    }
    let alike = ["Host", "HOST", "host"].map(|name| FieldName::new(name).unwrap());
    assert_eq!((HashSet::from(alike).len(), BTreeSet::from(alike).len()), (1, 1));
}

#[test]
fn a_value_is_displayed_on_one_line() {
    for (octets, shown) in [
        (&b"a b"[..], "a b"),
        ("caf\u{e9}".as_bytes(), "caf\u{e9}"),
        (b"caf\xe9", "caf\\xe9"),
        ("\u{202e}".as_bytes(), "\\xe2\\x80\\xae"),
    ] {
        assert_eq!(FieldValue::new(octets).unwrap().to_string(), shown);
    }
}

#[test]
fn the_fields_of_a_head_are_an_iterator() {
    use bareline_core::head::Parsed;
    use bareline_core::{FieldSpans, ResponseHead};
    let mut spans = FieldSpans::<4>::new();
    let input = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nServer: b\r\nset-cookie: c=2\r\n\r\n";
    let Ok(Parsed::Complete { message: head, .. }) = ResponseHead::parse(input, spans.lend())
    else {
        panic!("a head")
    };
    let fields = head.fields();
    let names: Vec<_> = (&fields).into_iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Set-Cookie", "Server", "set-cookie"]);
    let back: Vec<_> = fields.into_iter().rev().map(|(name, _)| name.as_str()).collect();
    assert_eq!(back, ["set-cookie", "Server", "Set-Cookie"]);
    let mut iter = fields.iter();
    assert_eq!((iter.len(), iter.next().is_some(), iter.len()), (3, true, 2));
    assert_eq!(format!("{iter:?}"), r#"[(Server, "b"), (set-cookie, "c=2")]"#);
    let mut cookies = fields.all(FieldName::SET_COOKIE);
    assert_eq!((cookies.size_hint(), cookies.next().is_some()), ((0, Some(3)), true));
    assert_eq!(cookies.size_hint(), (0, Some(2)));
    assert_eq!(fields.get(FieldName::SET_COOKIE).unwrap(), "a=1");
    assert_eq!(fields.get(FieldName::LOCATION), None);
    assert!(fields.all(FieldName::SET_COOKIE).eq(["a=1", "c=2"]));
    assert!(!fields.is_empty());
    let (mut spans, input) = (FieldSpans::<1>::new(), b"HTTP/1.1 200 OK\r\n\r\n");
    let parsed = ResponseHead::parse(input, spans.lend()).unwrap();
    assert_eq!(
        parsed.map(|head| head.fields().is_empty()),
        Parsed::Complete { message: true, len: 19 }
    );
}

#[test]
fn a_version_is_known_by_its_text_or_its_first_wrong_octet() {
    for (text, version) in [("HTTP/1.0", Version::Http10), ("HTTP/1.1", Version::Http11)] {
        assert_eq!((text.parse(), &*version.to_string()), (Ok(version), text));
    }
    for (text, at) in [("HTTP/1.2", 7), ("HTTP/2.0", 5), ("http/1.1", 0), ("HTTP/1", 6), ("", 0)] {
        assert_eq!(text.parse::<Version>(), Err(InvalidValue::Version { at }), "{text}");
    }
}

/// Tries each pair of octets in values of a word, and of more.
#[test]
fn rfc9110_5_5_two_octets_decide_on_a_value() {
    let is_text = |octet: u8| octet == b'\t' || octet >= b' ' && octet != 0x7f;
    for (first, second) in (0..=u8::MAX).flat_map(|one| (0..=u8::MAX).map(move |two| (one, two))) {
        for (len, at) in [(8, 2), (8, 6), (11, 2), (11, 9)] {
            let mut octets = *b"a234567890b";
            (octets[1], octets[at]) = (first, second);
            let (octets, is_valid) = (&octets[..len], is_text(first) && is_text(second));
            assert_eq!(FieldValue::new(octets).is_ok(), is_valid, "{}", octets.escape_ascii());
        }
    }
}

#[test]
fn a_form_has_pairs_in_order_and_decoded() {
    let cases: [(&str, &[(&str, &str)]); 14] = [
        ("", &[]),
        ("&&", &[]),
        ("a", &[("a", "")]),
        ("=", &[("", "")]),
        ("=b", &[("", "b")]),
        ("a=b=c", &[("a", "b=c")]),
        ("a=1&&b=2&a=3&", &[("a", "1"), ("b", "2"), ("a", "3")]),
        ("a+b=+c%20d+", &[("a b", " c d ")]),
        ("%2B=%26%3d", &[("+", "&=")]),
        ("a%3Db=%c3%A4", &[("a=b", "ä")]),
        ("%=%%2", &[("%", "%%2")]),
        ("%4=%zz", &[("%4", "%zz")]),
        ("%%41=%4%31", &[("%A", "%41")]),
        ("?a;b#c=1", &[("?a;b#c", "1")]),
    ];
    for (form, expected) in cases {
        let text = |text: FormText<'_>| String::from_utf8(text.octets().collect()).unwrap();
        let pairs: Vec<_> = FormPairs::new(form.as_bytes()).collect();
        let texts: Vec<_> = pairs.iter().map(|(name, value)| (text(*name), text(*value))).collect();
        let expected: Vec<_> =
            expected.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        assert_eq!(texts, expected, "{form}");
        for ((name, value), expected) in pairs.iter().zip(&expected) {
            assert!(*name == *expected.0 && *value == *expected.1, "{form}");
            assert!(*name == expected.0.as_str() && *value == expected.1.as_str(), "{form}");
            let longer = format!("{}x", expected.1);
            assert!(*value != *longer && *value != longer.as_str(), "{form}");
            let mut buffer = vec![0; expected.1.len()];
            assert_eq!(value.decode(&mut buffer), Some(expected.1.as_bytes()), "{form}");
            let is_decoded =
                buffer.split_last_mut().is_some_and(|(_, less)| value.decode(less).is_some());
            assert!(!is_decoded, "{form}: a buffer is too small by one");
        }
    }
}

#[test]
fn a_form_is_shown_as_it_was_received() {
    assert_eq!(format!("{:?}", FormPairs::new(b"a=%2B&b\r=")), r#"[("a", "%2B"), ("b\r", "")]"#);
}

#[test]
fn rfc9110_4_2_3_a_path_is_compared_percent_decoded() {
    for (target, path, is_same) in [
        ("/led", "/led", true),
        ("/led?on", "/led", true),
        ("http://a/led", "/led", true),
        ("http://a", "/", true),
        ("/%6ced", "/led", true),
        ("/l%65%64", "/led", true),
        ("/a%20b", "/a b", true),
        ("/a+b", "/a+b", true),
        ("/a%3Fb", "/a?b", true),
        ("/%C3%A4", "/ä", true),
        ("*", "*", true),
        ("/le", "/led", false),
        ("/led/", "/led", false),
        ("/a+b", "/a b", false),
        ("/a%2Fb", "/a/b", false),
        ("/a%2fb", "/a/b", false),
        ("/a/../led", "/led", false),
        ("a:1", "/", false),
    ] {
        assert_eq!(Target::new(target).unwrap().has_path(path), is_same, "{target} {path}");
    }
}

#[test]
fn a_status_without_a_registered_phrase_is_its_number() {
    let shown = [404, 599].map(|code| Status::new(code).unwrap().to_string());
    assert_eq!(shown, ["404 Not Found", "599"]);
}

#[test]
fn an_invalid_value_says_where_its_first_invalid_octet_is() {
    for (error, offset) in [
        (Method::new("GE T").unwrap_err(), Some(2)),
        (Target::new("/a b").unwrap_err(), Some(2)),
        ("HTTP/1".parse::<Version>().unwrap_err(), Some(6)),
        ("2000".parse::<Status>().unwrap_err(), Some(3)),
        (FieldName::new("a:").unwrap_err(), Some(1)),
        (FieldValue::new("a\r\n").unwrap_err(), Some(1)),
        (Status::new(1000).unwrap_err(), None),
    ] {
        assert_eq!(error.offset(), offset, "{error:?}");
    }
}
