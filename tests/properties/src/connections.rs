//! Strategies for sequences of messages on a connection, and for their readers.

use crate::bodies::chunked_bodies;
use crate::lines::{one_of, telling_lines};
use crate::shown::Listed;
use bareline_fuzz::{Asking, AskingMethod, Octets, Reading, ServerManner, TightLimits};
use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::ops::Range;

/// Generates limits of which few are tight, often none.
pub(crate) fn limits() -> BoxedStrategy<TightLimits> {
    let tight = |bounds: Range<u8>| option::weighted(0.2, bounds);
    let head = (tight(0..8), tight(0..16), tight(0..128));
    let body = (tight(0..4), tight(0..16), tight(0..16), tight(0..16));
    let connection = (tight(0..32), tight(0..3));
    let limits = (head, body, connection).prop_map(|(head, body, connection)| {
        let (method, target, head) = head;
        let (trailers, chunk_line, chunk_extensions, body) = body;
        let (drain, interim) = connection;
        TightLimits {
            method,
            target,
            head,
            trailers,
            chunk_line,
            chunk_extensions,
            body,
            drain,
            interim,
        }
    });
    prop_oneof![Just(TightLimits::default()), limits].boxed()
}

/// Generates the behaviour of a server.
pub fn manners() -> BoxedStrategy<ServerManner> {
    let responds = (weighted(0.25), weighted(0.25), any::<bool>());
    (responds, any::<bool>(), any::<bool>(), weighted(0.25))
        .prop_map(|(responds, sends_continue, upgrades, says_close)| {
            let (responds_early, echoes, responds_in_chunks) = responds;
            ServerManner {
                responds_early,
                echoes,
                responds_in_chunks,
                sends_continue,
                upgrades,
                says_close,
            }
        })
        .boxed()
}

/// Generates the arrival of a sequence, in pieces of up to 40 octets.
pub fn readings() -> BoxedStrategy<Reading> {
    let pieces = [1..=40_u8, 1..=40, 1..=40];
    (pieces, any::<bool>(), manners(), 0..4_u8, limits())
        .prop_map(|(pieces, closes, manner, requests, limits)| Reading {
            pieces,
            closes,
            manner,
            requests,
            limits,
        })
        .boxed()
}

const REQUEST_LINES: &[&str] = &[
    "GET / HTTP/1.1\r\nHost: a\r\n",
    "GET / HTTP/1.0\r\n",
    "HEAD / HTTP/1.1\r\nHost: a\r\n",
    "PUT / HTTP/1.1\r\nHost: a\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\n",
    "GET http://a/ HTTP/1.1\r\nHost: a\r\n",
    "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n",
];

const REQUEST_FIELDS: &[&str] = &[
    "X: a\r\n",
    "Connection: close\r\n",
    "Connection: x, close\r\n",
    "Connection: keep-alive\r\n",
    "Expect: 100-continue\r\n",
    "Expect: 100-continue\r\n",
    "Upgrade: x\r\nConnection: upgrade\r\n",
    "X:\t a \r\n",
    "X:\r\n",
];

const WRONG_REQUESTS: &[&str] = &[
    "x",
    "\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX: 1\n\r\n",
    "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 110\r\n\r\n",
    "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n",
    "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
];

const STATUS_LINES: &[&str] = &[
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.0 200 OK\r\n",
    "HTTP/1.1 100 Continue\r\n",
    "HTTP/1.1 103 \r\n",
    "HTTP/1.1 101 \r\nUpgrade: x\r\nConnection: upgrade\r\n",
    "HTTP/1.1 204 \r\n",
    "HTTP/1.1 304 \r\n",
    "HTTP/1.1 404\r\n",
];

const RESPONSE_FIELDS: &[&str] = &[
    "X: a\r\n",
    "X: a\r\n b\r\n",
    "X: a\r\n b\r\n\tc\r\n",
    "X:\r\n \r\n \tb \r\n",
    "Connection: close\r\n",
    "Connection:\r\n close\r\n",
    "X:\t a \r\n",
];

const WRONG_RESPONSES: &[&str] = &[
    "x",
    "HTTP/1.1 200 OK\r\n X: a\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX: a\r\n \0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
    "HTTP/1.1 304 \r\nContent-Length: 9\r\n\r\n",
];

/// Generates sequences of requests, valid and invalid ones.
pub fn request_sequences(size: Range<usize>) -> BoxedStrategy<Listed<Octets>> {
    sequences(REQUEST_LINES, REQUEST_FIELDS, WRONG_REQUESTS, size)
}

/// Generates sequences of responses, valid and invalid ones.
pub fn response_sequences(size: Range<usize>) -> BoxedStrategy<Listed<Octets>> {
    sequences(STATUS_LINES, RESPONSE_FIELDS, WRONG_RESPONSES, size)
}

fn sequences(
    starts: &'static [&'static str],
    fields: &'static [&'static str],
    wrong: &'static [&'static str],
    size: Range<usize>,
) -> BoxedStrategy<Listed<Octets>> {
    let wrong = select(wrong).prop_map(|message| Octets(message.as_bytes().to_vec()));
    let message = prop_oneof![8 => message(starts, fields), 1 => wrong, 1 => telling_lines()];
    Listed::of(message, size)
}

/// Generates a message of these parts, with or without a body.
fn message(
    starts: &'static [&'static str],
    fields: &'static [&'static str],
) -> BoxedStrategy<Octets> {
    let data = || vec(select(&b"a0\r\n"[..]), 0..=9).boxed();
    let length = |data: Vec<u8>| (format!("Content-Length: {}\r\n", data.len()), data);
    let chunked = |body: Octets| ("Transfer-Encoding: chunked\r\n".to_owned(), body.0);
    let content = prop_oneof![
        4 => Just((String::new(), Vec::new())),
        1 => data().prop_map(|data| (String::new(), data)),
        2 => data().prop_map(length),
        1 => data().prop_map(|data| (format!("Content-Length:\r\n {}\r\n", data.len()), data)),
        2 => chunked_bodies().prop_map(chunked),
    ];
    let fields = prop_oneof![1 => Just(Vec::new()), 1 => vec(one_of(fields), 0..=3)];
    (one_of(starts), fields, content)
        .prop_map(|(start, fields, (framing, data))| {
            let head = [start, &fields.concat(), &framing, "\r\n"].concat();
            Octets([head.as_bytes(), &data].concat())
        })
        .boxed()
}

/// Generates the requests of a client in a dialogue.
pub fn askings() -> BoxedStrategy<Listed<Asking>> {
    let methods = [AskingMethod::Get, AskingMethod::Head, AskingMethod::Put, AskingMethod::Delete];
    let piece = vec(select(&b"a\r\n"[..]), 0..=40).prop_map(Octets);
    let parts = (select(methods.to_vec()), vec(piece, 0..=4), any::<bool>());
    let asking = (parts, weighted(0.3), weighted(0.2)).prop_map(
        |((method, pieces, is_chunked), expects_continue, says_close)| Asking {
            method,
            pieces,
            is_chunked,
            expects_continue,
            says_close,
        },
    );
    Listed::of(asking, 0..6)
}
