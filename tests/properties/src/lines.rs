//! Octets and lines that mean something in a head, right and wrong ones.

use bareline_fuzz::Octets;
use proptest::collection::{SizeRange, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};

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

/// Selects one of these; what is selected shrinks to the first, where that fails too.
pub(crate) fn one_of(all: &'static [&'static str]) -> BoxedStrategy<&'static str> {
    let plainest = all.first().copied().unwrap_or_default();
    prop_oneof![1 => Just(plainest), 20 => select(all)].boxed()
}

/// Joins what is selected.
pub(crate) fn joined(parts: &'static [&'static str], size: impl Into<SizeRange>) -> BoxedStrategy<Octets> {
    vec(one_of(parts), size).prop_map(|parts| Octets(parts.concat().into_bytes())).boxed()
}

/// Makes a line.
pub(crate) fn telling_lines() -> BoxedStrategy<Octets> {
    joined(LINES, 1)
}

/// Makes lines in any order.
pub fn lines() -> BoxedStrategy<Octets> {
    joined(LINES, 0..9)
}

/// Makes heads, and lines in any order.
pub fn heads() -> BoxedStrategy<Octets> {
    let host = prop_oneof![3 => Just("Host: a\r\n"), 1 => Just("")];
    let head = (one_of(START_LINES), host, joined(LINES, 0..=3))
        .prop_map(|(start, host, lines)| Octets([start.as_bytes(), host.as_bytes(), &lines, b"\r\n"].concat()));
    prop_oneof![head, lines()].boxed()
}

/// Octets of any kind, those that mean something somewhere in a head more often than others.
fn telling_octets() -> Vec<u8> {
    let telling = b"\r\n\t\0 :,/?*%[]{\\^@\"\x7f\x80\xff09AH".repeat(10);
    b"a".iter().copied().chain(telling).chain(0..=0xff).collect()
}

/// Makes octets of any kind.
pub fn random_octets() -> BoxedStrategy<Octets> {
    let octets: Vec<u8> = std::iter::once(b'a').chain(0..=0xff).collect();
    vec(select(octets), 0..200).prop_map(Octets).boxed()
}

/// Makes octets of which each may mean something in a head.
pub(crate) fn field_octets(size: impl Into<SizeRange>) -> BoxedStrategy<Octets> {
    vec(select(&b"a \t,;=\"\\:\xff"[..]), size).prop_map(Octets).boxed()
}

/// Makes runs of octets of one class, with one between them that may be of another.
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

/// Changes an octet, inserts one, or removes one.
pub fn broken(octets: BoxedStrategy<Octets>) -> BoxedStrategy<Octets> {
    (octets, any::<Index>(), select(telling_octets()), 0..3_u8)
        .prop_map(|(mut octets, at, octet, change)| {
            let at = at.index(octets.len().max(1));
            let (before, behind) = octets.0.split_at(at.min(octets.len()));
            let behind = if change == 1 { behind } else { behind.get(1..).unwrap_or_default() };
            let put = if change == 2 { &[][..] } else { &[octet] };
            octets.0 = [before, put, behind].concat();
            octets
        })
        .boxed()
}

/// Makes a request, and the same with some octets changed.
pub fn overwritten(request: BoxedStrategy<Octets>) -> BoxedStrategy<(Octets, Octets)> {
    let changes = vec((any::<Index>(), select(telling_octets())), 1..4);
    (request, changes)
        .prop_map(|(request, changes)| {
            let mut others = request.clone();
            for (at, octet) in changes {
                let at = at.index(request.len().max(1));
                others.0.iter_mut().skip(at).take(1).for_each(|changed| *changed = octet);
            }
            (request, others)
        })
        .boxed()
}
