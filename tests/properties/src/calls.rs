//! A strategy for any calls on a writer.

use bareline_fuzz::{Calls, End, TELLING};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

const NAMES: &[&str] = &[
    "X-A",
    "Host",
    "x-a",
    "Connection",
    "Upgrade",
    "Expect",
    "TE",
    "Date",
    "Set-Cookie",
    "Trailer",
    "Content-Length",
];

const VALUES: &[&str] = &[
    "a",
    "",
    "b c",
    "close",
    "upgrade",
    "100-continue",
    "trailers",
    "5",
    "Mon, 23 Nov 2026 00:00:00 GMT",
];

const STATUSES: &[u16] = &[200, 200, 404, 500, 204, 304, 205, 100, 101, 426, 599, 600];

/// Pairs of fields that a writer accepts only together.
const TOGETHER: &[[(&str, &str); 2]] = &[
    [("Connection", "upgrade"), ("Upgrade", "a")],
    [("Connection", "close, te"), ("TE", "trailers")],
];

/// Pieces of a body, one of which looks like the next message.
const PIECES: &[&str] = &["", "hello", "0\r\n\r\n", "\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n"];

/// Generates one of the common strings, sometimes with another string inserted.
fn string(usual: &'static [&'static str]) -> BoxedStrategy<String> {
    let inserted = option::weighted(1.0 / 12.0, (any::<Index>(), select(TELLING)));
    (select(usual), inserted)
        .prop_map(|(usual, inserted)| {
            let mut string = usual.to_owned();
            if let Some((at, telling)) = inserted {
                string.insert_str(at.index(usual.len() + 1), telling);
            }
            string
        })
        .boxed()
}

fn octets(usual: &'static [&'static str]) -> BoxedStrategy<Vec<u8>> {
    string(usual).prop_map(String::into_bytes).boxed()
}

fn fields() -> BoxedStrategy<Vec<(String, Vec<u8>)>> {
    let together = option::weighted(0.15, select(TOGETHER));
    (vec((string(NAMES), octets(VALUES)), 0..=4), together)
        .prop_map(|(mut fields, together)| {
            for (name, value) in together.into_iter().flatten() {
                fields.push((name.to_owned(), value.as_bytes().to_vec()));
            }
            fields
        })
        .boxed()
}

/// Generates calls that write a message, some of which a writer has to reject.
pub fn calls() -> BoxedStrategy<Calls> {
    let method = string(&["GET", "GET", "POST", "HEAD", "CONNECT", "OPTIONS", "M-SEARCH"]);
    let target = string(&["/", "/a?b", "*", "http://a/b", "/a/b"]);
    let targets = option::of((target, string(&["a:1", "a"])));
    let reason = option::weighted(0.3, octets(&["OK", "Fine by me", ""]));
    let response = (select(STATUSES), reason);
    let ends = [End::Nothing, End::Whole, End::RightLength, End::Chunked, End::UntilClose];
    let end = prop_oneof![5 => select(ends.to_vec()), 1 => (0..=20_u8).prop_map(End::Length)];
    let trailers = option::weighted(0.3, fields()).prop_map(Option::unwrap_or_default);
    let body = (end, vec(octets(PIECES), 0..=3), trailers);
    (method, targets, response, fields(), body)
        .prop_map(|(method, targets, (status, reason), mut fields, (end, pieces, trailers))| {
            let is_connect = method == "CONNECT";
            let suiting = |(target, connect)| if is_connect { connect } else { target };
            let target = targets.map(suiting);
            if target.is_some() && !fields.iter().any(|(name, _)| name == "Host") {
                let host = if is_connect { "a:1" } else { "a" };
                fields.insert(0, ("Host".to_owned(), host.as_bytes().to_vec()));
            }
            Calls { method, target, status, reason, fields, end, pieces, trailers }
        })
        .boxed()
}
