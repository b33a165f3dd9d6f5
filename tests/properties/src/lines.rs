//! Strategies for octets and lines that have a meaning in a head, valid and invalid ones.

use bareline_fuzz::Octets;
use proptest::collection::{SizeRange, vec};
use proptest::prelude::*;
use proptest::sample::select;

const START_LINES: &[&str] = &[
    "GET / HTTP/1.1\r\n",
    "HTTP/1.1 200 OK\r\n",
    "GET / HTTP/1.0\r\n",
    "CONNECT a:1 HTTP/1.1\r\n",
    "OPTIONS * HTTP/1.1\r\n",
    "GET http://a HTTP/1.1\r\n",
    "HTTP/1.0 304 \r\n",
    "HTTP/1.1 101 \r\n",
];

const LINES: &[&str] = &[
    "X-A: b\r\n",
    "GET / HTTP/1.1\r\n",
    "HTTP/1.1 200 OK\r\n",
    "Host: a\r\n",
    "Content-Length: 5\r\n",
    "\r\n",
    "POST http://a.example:80/x?y HTTP/1.0\r\n",
    "CONNECT a:1 HTTP/1.1\r\n",
    "GET /{a}?b\\c^%4 HTTP/1.1\r\n",
    "GET /a\\b?c HTTP/1.1\r\n",
    "GET http://a?\\` HTTP/1.0\r\n",
    "GET /\r\n",
    "HTTP/1.0 304 \r\n",
    "HTTP/1.1 101 \r\n",
    "HTTP/2.0 200 OK\r\n",
    "Host: a.example\r\n",
    "Host: \r\n",
    "Host: [::1]:80\r\n",
    "host: a b\r\n",
    "content-length: 18446744073709551616\r\n",
    "Content-Length: +5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "transfer-encoding: gzip, chunked\r\n",
    "Transfer-Encoding: chunked,\r\n",
    "Transfer-Encoding: chunked, chunked\r\n",
    "Expect: 100-continue\r\n",
    " folded\r\n",
    "X-A : b\r\n",
    "X-A\r\n",
    ": b\r\n",
    "X-A:\t b \r\n",
    "X-A: b\n",
    "X-A: b\rc\r\n",
    "X-A: \0\r\n",
    "X-A: \u{e9}\r\n",
    "\n",
    "\r",
    "",
];

/// Selects one string, which shrinks to the first string if that fails, too.
pub(crate) fn one_of(all: &'static [&'static str]) -> BoxedStrategy<&'static str> {
    let plainest = all.first().copied().unwrap_or_default();
    prop_oneof![1 => Just(plainest), 20 => select(all)].boxed()
}

/// Generates a number of parts, joined.
pub(crate) fn joined(
    parts: &'static [&'static str],
    size: impl Into<SizeRange>,
) -> BoxedStrategy<Octets> {
    vec(one_of(parts), size).prop_map(|parts| Octets(parts.concat().into_bytes())).boxed()
}

/// Generates a line.
pub(crate) fn telling_lines() -> BoxedStrategy<Octets> {
    joined(LINES, 1)
}

/// Generates lines in any order.
pub fn lines() -> BoxedStrategy<Octets> {
    joined(LINES, 0..9)
}

/// Generates heads, and lines in any order.
pub fn heads() -> BoxedStrategy<Octets> {
    let host = prop_oneof![3 => Just("Host: a\r\n"), 1 => Just("")];
    let head =
        (one_of(START_LINES), host, joined(LINES, 0..=3)).prop_map(|(start, host, lines)| {
            Octets([start.as_bytes(), host.as_bytes(), &lines, b"\r\n"].concat())
        });
    prop_oneof![head, lines()].boxed()
}

/// Returns octets of any kind; octets with a meaning in a head are frequent.
fn telling_octets() -> Vec<u8> {
    let telling = b"\r\n\t\0 :,/?*%[]{\\^@\"\x7f\x80\xff09AH".repeat(10);
    b"a".iter().copied().chain(telling).chain(0..=0xff).collect()
}

/// Generates octets of any kind.
pub fn random_octets() -> BoxedStrategy<Octets> {
    let octets: Vec<u8> = std::iter::once(b'a').chain(0..=0xff).collect();
    vec(select(octets), 0..200).prop_map(Octets).boxed()
}

/// Generates octets that may have a meaning in a field value.
pub(crate) fn field_octets(size: impl Into<SizeRange>) -> BoxedStrategy<Octets> {
    vec(select(&b"a \t,;=\"\\:\xff"[..]), size).prop_map(Octets).boxed()
}

/// Generates runs of octets of one class, separated by one octet of any class.
pub fn runs() -> BoxedStrategy<Octets> {
    let one = select(telling_octets());
    let of_one = (one.clone(), 1..90_usize).prop_map(|(octet, count)| vec![octet; count]);
    let run = prop_oneof![vec(select(&b"abcXYZ-019"[..]), 1..90), of_one];
    let in_any_order = vec(one.clone(), 0..200);
    let runs = vec((run, one), 1..6).prop_map(|runs| {
        let mut octets = Vec::new();
        for (run, between) in runs {
            octets.extend(run);
            octets.push(between);
        }
        octets.truncate(200);
        octets
    });
    prop_oneof![runs, in_any_order].prop_map(Octets).boxed()
}

/// A position in a head: the number of lines before its last one, and the column.
///
/// It does not move when earlier lines, the target or a body shrink.
type Place = (usize, usize);

fn places() -> impl Strategy<Value = Place> {
    (0..9_usize, 0..24_usize)
}

/// Returns the index of a position in these octets, which are not empty.
fn position(octets: &[u8], (from_last, column): Place) -> usize {
    let end =
        octets.windows(4).position(|four| four == b"\r\n\r\n").map_or(octets.len(), |at| at + 4);
    let lines: Vec<_> =
        octets.get(..end).unwrap_or(octets).split_inclusive(|&octet| octet == b'\n').collect();
    let line = lines.len() - 1 - from_last % lines.len();
    let start: usize = lines.iter().take(line).map(|line| line.len()).sum();
    start + column % lines.get(line).map_or(1, |line| line.len())
}

/// Generates messages with an octet of their heads changed, inserted or removed.
pub fn broken(messages: BoxedStrategy<Octets>) -> BoxedStrategy<Octets> {
    (messages, places(), select(telling_octets()), 0..3_u8)
        .prop_map(|(octets, place, octet, change)| {
            let (before, behind) = octets.split_at(position(&octets, place));
            let behind = if change == 1 { behind } else { behind.get(1..).unwrap_or_default() };
            let put = if change == 2 { &[][..] } else { &[octet] };
            Octets([before, put, behind].concat())
        })
        .boxed()
}
