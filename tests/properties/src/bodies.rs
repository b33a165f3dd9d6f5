//! Strategies for bodies, both as models and as octets for a decoder.

use crate::connections::limits;
use crate::lines::{field_octets, joined};
use bareline_core::body::Framing;
use bareline_fuzz::{BodyFraming, BodyModel, BodyReading, Octets};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Pieces of chunked bodies, valid and invalid ones.
const PIECES: &[&str] = &[
    "a",
    "0\r\n",
    "1\r\n",
    "3\r\n",
    "0A;a\r\n",
    "5 ;a = \"b\\\"c\"\r\n",
    "1;\r\n",
    "1 \r\n",
    "fffffffffffffffff\r\n",
    "012c\r\n",
    "x\r\n",
    "abc",
    "hello",
    "0123456789",
    "\r\n",
    "\r",
    "\n",
    "X: a\r\n",
    "Host: a\r\n",
    " a: b\r\n",
    "X\r\n",
    ";",
    "",
];

const EXTENSIONS: &[&str] = &["", ";a", "\t; a = \"b\\\"c\"", ";a=b;c"];

const TRAILERS: &[&str] = &["X: a\r\n", "X-A:\tb \r\n", "X:\r\n"];

/// Generates the arrival of a body's octets, in pieces of up to 40.
pub fn body_readings() -> BoxedStrategy<BodyReading> {
    let framing = prop_oneof![
        5 => Just(Framing::Chunked),
        1 => (0..=40_u64).prop_map(Framing::Length),
        1 => Just(Framing::UntilClose),
        1 => Just(Framing::None),
    ];
    let pieces = [1..=40_u8, 1..=40, 1..=40, 1..=40];
    (framing, any::<bool>(), pieces, limits())
        .prop_map(|(framing, closes, pieces, limits)| BodyReading {
            framing,
            closes,
            pieces,
            limits,
        })
        .boxed()
}

/// Generates octets of a body: a chunked body, or pieces of one in any order.
pub fn body_octets() -> BoxedStrategy<Octets> {
    prop_oneof![joined(PIECES, 0..12), chunked_bodies()].boxed()
}

/// Generates chunked bodies, with extensions and trailer fields.
pub(crate) fn chunked_bodies() -> BoxedStrategy<Octets> {
    let data = vec(select(&b"a0;\r\n\xff"[..]), 1..=18);
    let chunks = vec((data, select(EXTENSIONS)), 0..=3);
    (chunks, select(EXTENSIONS), joined(TRAILERS, 0..=2))
        .prop_map(|(chunks, extension, trailers)| {
            let mut octets = Vec::new();
            for (data, extension) in chunks {
                octets.extend_from_slice(format!("{:x}{extension}\r\n", data.len()).as_bytes());
                octets.extend_from_slice(&data);
                octets.extend_from_slice(b"\r\n");
            }
            octets.extend_from_slice(format!("0{extension}\r\n").as_bytes());
            octets.extend_from_slice(&trailers);
            octets.extend_from_slice(b"\r\n");
            Octets(octets)
        })
        .boxed()
}

/// Generates models of bodies.
pub fn body_models() -> BoxedStrategy<BodyModel> {
    let piece = vec(select(&b"a0;\r\n\xff"[..]), 0..=40).prop_map(Octets);
    let trailers = prop_oneof![
        2 => Just(Vec::new()),
        1 => vec((0..=9_u8, field_octets(0..=8)), 0..=3),
    ];
    let framings = [BodyFraming::Chunked, BodyFraming::Length, BodyFraming::UntilClose];
    (vec(piece, 0..=5), trailers, select(framings.to_vec()), any::<bool>())
        .prop_map(|(pieces, trailers, framing, is_framed)| BodyModel {
            pieces,
            trailers,
            framing,
            is_framed,
        })
        .boxed()
}
