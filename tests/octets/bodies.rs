//! Bodies: their content, and the octets that are rejected.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use bareline_core::body::{BodyDecoder, BodyPart, Decoded, Framing};
use bareline_core::error::ParseErrorKind as E;
use bareline_core::head::Limits;
use bareline_fuzz::{BodyEvent, body_events};
use std::collections::HashSet;

const LIMITS: Limits =
    Limits::new().chunk_line(20).chunk_extensions(24).head(30).trailers(5).body(20);

/// Returns the events of a body after which the peer closes, read at once and octet by octet.
fn events(framing: Framing, octets: &str) -> Vec<BodyEvent> {
    let whole = body_events(framing, &LIMITS, octets.as_bytes(), &[octets.len()], true);
    assert_eq!(
        body_events(framing, &LIMITS, octets.as_bytes(), &[1], true),
        whole,
        "octet by octet"
    );
    whole
}

/// A rejected body: its error, the offset, the number of octets, the body, and an accepted twin
/// that differs by one octet.
type Rejection = (E, usize, usize, &'static str, &'static str);

const REJECTED_CHUNKS: &[Rejection] = &[
    (E::ChunkSize, 0, 1, "g\r\n\r\n0\r\n\r\n", "0\r\n\r\n"),
    (E::ChunkSize, 0, 1, "\r\n\r\n", "0\r\n\r\n"),
    (E::ChunkSize, 0, 1, "+0\r\n\r\n", "0\r\n\r\n"),
    (E::ChunkSize, 0, 1, " 0\r\n\r\n", "0\r\n\r\n"),
    (E::ChunkSizeTooLarge, 0, 17, "10000000000000000\r\n\r\n", "00000000000000000\r\n\r\n"),
    (E::ChunkExtension, 1, 1, "0x\r\n\r\n", "0\r\n\r\n"),
    (E::ChunkLineWhitespace, 2, 1, "0 \r\n\r\n", "0\r\n\r\n"),
    (E::ChunkLineWhitespace, 5, 1, "00 \t \r\n\r\n", "00 \t ;a\r\n\r\n"),
    (E::ChunkLineWhitespace, 4, 1, "0;a \r\n\r\n", "0;a\r\n\r\n"),
    (E::ChunkLineWhitespace, 6, 1, "0;a=b\t\r\n\r\n", "0;a=b\r\n\r\n"),
    (E::ChunkExtension, 2, 1, "0 a\r\n\r\n", "0 ;a\r\n\r\n"),
    (E::ChunkExtension, 3, 1, "0; \r\n\r\n", "0; a\r\n\r\n"),
    (E::ChunkExtension, 2, 1, "0;\r\n\r\n", "0;a\r\n\r\n"),
    (E::ChunkExtension, 4, 1, "0;a=\r\n\r\n", "0;a=b\r\n\r\n"),
    (E::ChunkExtension, 6, 1, "0;a=\"b\r\n\r\n", "0;a=\"b\"\r\n\r\n"),
    (E::ChunkExtension, 6, 1, "0;a=\"\\\r\n\r\n", "0;a=\"\"\r\n\r\n"),
    (E::BareLf, 1, 1, "0\n\r\n", "0\r\n\r\n"),
    (E::BareCr, 1, 1, "0\r\r\n\r\n", "0\r\n\r\n"),
    (E::ChunkLineTooLong, 20, 0, "0;aaaaaaaaaaaaaaaaa\r\n\r\n", "0;aaaaaaaaaaaaaaaa\r\n\r\n"),
    (E::ChunkEnd, 4, 1, "1\r\nab\r\n0\r\n\r\n", "1\r\na\r\n0\r\n\r\n"),
    (E::ChunkEnd, 4, 1, "1\r\na\n0\r\n\r\n", "1\r\na\r\n0\r\n\r\n"),
    (E::ChunkEnd, 5, 1, "1\r\na\r\r\n0\r\n\r\n", "1\r\na\r\n0\r\n\r\n"),
    (E::ChunkEnd, 4, 1, "1\r\na--1\r\nb\r\n0\r\n\r\n", "1\r\na\r\n1\r\nb\r\n0\r\n\r\n"),
    (E::ChunkEnd, 5, 1, "1\r\na\r-1\r\nb\r\n0\r\n\r\n", "1\r\na\r\n1\r\nb\r\n0\r\n\r\n"),
    (E::ForbiddenTrailer, 3, 4, "0\r\nHost: a\r\n\r\n", "0\r\nHos: a\r\n\r\n"),
    (E::ForbiddenTrailer, 3, 14, "0\r\ncontent-length: 5\r\n\r\n", "0\r\nontent-length: 5\r\n\r\n"),
    (E::FieldName, 3, 1, "0\r\n: a\r\n\r\n", "0\r\nX: a\r\n\r\n"),
    (E::MissingColon, 4, 1, "0\r\nX\r\n\r\n", "0\r\nX:\r\n\r\n"),
    (E::LineFolding, 9, 1, "0\r\nX: a\r\n b:\r\n\r\n", "0\r\nX: a\r\nb:\r\n\r\n"),
    (
        E::TrailersTooLong,
        33,
        0,
        "0\r\nX: 012345678901234567890123\r\n\r\n",
        "0\r\nX: 01234567890123456789012\r\n\r\n",
    ),
    (
        E::TooManyFields,
        23,
        4,
        "0\r\nA:\r\nB:\r\nC:\r\nD:\r\nE:\r\nF:\r\n\r\n",
        "0\r\nA:\r\nB:\r\nC:\r\nD:\r\nE:\r\n\r\n",
    ),
    (E::BodyTooLarge, 0, 2, "15\r\nx", "5\r\n01234\r\n0\r\n\r\n"),
];

#[test]
fn rfc9112_7_1_each_rejected_chunked_body_has_an_accepted_twin() {
    for (kind, offset, len, rejected, accepted) in REJECTED_CHUNKS {
        let last = events(Framing::Chunked, rejected).pop();
        assert_eq!(last, Some(BodyEvent::Rejected(*kind, *offset, *len)), "{rejected:?}");
        assert_eq!(
            events(Framing::Chunked, accepted).pop(),
            Some(BodyEvent::End(accepted.len())),
            "{accepted:?}"
        );
    }
}

#[test]
fn every_kind_of_body_error_has_a_test_that_causes_it() {
    let caused: HashSet<_> = REJECTED_CHUNKS.iter().map(|(kind, ..)| *kind).collect();
    for kind in [
        E::ChunkSize,
        E::ChunkSizeTooLarge,
        E::ChunkLineWhitespace,
        E::ChunkExtension,
        E::ChunkLineTooLong,
        E::ChunkEnd,
        E::ForbiddenTrailer,
        E::TrailersTooLong,
        E::TooManyFields,
        E::BodyTooLarge,
    ] {
        assert!(caused.contains(&kind), "{kind:?}");
    }
}

/// The offset counts from the first unused octet, whether the last call used some or none.
#[test]
fn rfc9112_8_a_truncated_body_ends_where_its_octets_end() {
    type Call = fn(&mut BodyDecoder, &'static [u8]) -> Decoded<'static>;
    let decode: Call = |body, octets| body.decode(octets).unwrap();
    let content: Call = |body, octets| body.content(octets).unwrap();
    let read: Call = |body, octets| body.read(octets, &mut [0; 2]).unwrap();
    for octets in
        ["1", "1\r\n", "1\r\na", "1\r\na\r", "1\r\na\r\n2;", "9\r\nabcd", "0\r\n", "0\r\na:"]
    {
        for (name, call) in [("decode", decode), ("content", content), ("read", read)] {
            let (mut body, mut at) = (BodyDecoder::new(Framing::Chunked, &LIMITS), 0);
            loop {
                let Decoded { used, part } = call(&mut body, &octets.as_bytes()[at..]);
                at += used;
                if part == BodyPart::NeedMore {
                    break;
                }
            }
            let error = body.on_eof().unwrap_err();
            assert_eq!(
                (error.kind(), at + error.offset()),
                (E::Truncated, octets.len()),
                "{name}, {octets:?}"
            );
        }
    }
}

#[test]
fn a_buffer_limits_the_octets_of_a_chunk_that_are_read() {
    for (room, read) in [(2, "ab"), (3, "abc"), (9, "abc")] {
        let (mut body, mut buffer) = (BodyDecoder::new(Framing::Chunked, &LIMITS), vec![0; room]);
        let Decoded { used, part } = body.read(b"3\r\nabc\r\n0\r\n\r\n", &mut buffer).unwrap();
        assert_eq!((used, part), (3 + read.len(), BodyPart::Data(read.as_bytes())));
        assert!(buffer.starts_with(read.as_bytes()));
    }
}

/// Zeros before the digits make a line long whose size is small.
#[test]
fn a_chunk_line_of_zeros_has_the_limit_of_any_other() {
    let limits = Limits::new().chunk_line(6);
    let line = |octets: &'static str| {
        let new = || BodyDecoder::new(Framing::Chunked, &limits);
        let read = [new().decode(octets.as_bytes()), new().content(octets.as_bytes())];
        read.map(|read| read.map_err(|error| (error.kind(), error.offset())).map(|read| read.used))
    };
    assert_eq!(line("0001\r\nabc"), [Ok(6), Ok(7)]);
    assert_eq!(line("00001\r\nabc"), [Err((E::ChunkLineTooLong, 6)); 2]);
}

#[test]
fn rfc9112_7_1_chunks_extensions_and_trailers() {
    let chunk = |size, extensions: &str| BodyEvent::Chunk(size, extensions.as_bytes().to_vec());
    let content = |data: &str| BodyEvent::Content(data.as_bytes().to_vec());
    let trailer = |name: &str, value: &str| {
        BodyEvent::Trailer(name.as_bytes().to_vec(), value.as_bytes().to_vec())
    };
    assert_eq!(
        events(
            Framing::Chunked,
            "3\r\nabc\r\n0a\t; a = \"b;c\\\"\"\r\n0123456789\r\n00;z\r\nX-T:  1 \r\nY:\r\n\r\nGET"
        ),
        [
            chunk(3, ""),
            content("abc"),
            chunk(10, "\t; a = \"b;c\\\"\""),
            content("0123456789"),
            chunk(0, ";z"),
            trailer("X-T", "1"),
            trailer("Y", ""),
            BodyEvent::End(60),
        ]
    );
}

#[test]
fn rfc9110_5_4_a_trailer_section_has_128_lines_and_no_more() {
    let section = |lines: usize| format!("0\r\n{}\r\n", "a:\r\n".repeat(lines));
    for pieces in [usize::MAX, 1, 4] {
        let last = |lines| {
            body_events(
                Framing::Chunked,
                &Limits::new(),
                section(lines).as_bytes(),
                &[pieces],
                true,
            )
            .pop()
        };
        assert_eq!(last(128), Some(BodyEvent::End(3 + 4 * 128 + 2)), "in pieces of {pieces}");
        assert_eq!(
            last(129),
            Some(BodyEvent::Rejected(E::TooManyFields, 3 + 4 * 128, 4)),
            "in pieces of {pieces}"
        );
    }
    assert_eq!(E::TooManyFields.status().code(), 431);
}

#[test]
fn rfc9112_7_1_1_extensions_are_counted_across_chunks() {
    let last = events(
        Framing::Chunked,
        "1;aaaaaaaa\r\nx\r\n1;bbbbbbbb\r\nx\r\n1;ccccccc\r\nx\r\n0\r\n\r\n",
    )
    .pop();
    assert_eq!(last, Some(BodyEvent::Rejected(E::ChunkLineTooLong, 31, 8)));
    let last =
        events(Framing::Chunked, "1;aaaaaaaa\r\nx\r\n1;bbbbbbbb\r\nx\r\n1;ccccc\r\nx\r\n0\r\n\r\n")
            .pop();
    assert_eq!(last, Some(BodyEvent::End(47)));
}

#[test]
fn rfc9110_15_5_14_a_body_is_counted_across_chunks() {
    let last = events(Framing::Chunked, "a\r\n0123456789\r\nb\r\n").pop();
    assert_eq!(last, Some(BodyEvent::Rejected(E::BodyTooLarge, 15, 1)));
    assert_eq!(
        events(Framing::Length(21), "").pop(),
        Some(BodyEvent::Rejected(E::BodyTooLarge, 0, 0))
    );
    let twenty = "01234567890123456789";
    assert_eq!(events(Framing::Length(20), twenty).pop(), Some(BodyEvent::End(20)));
    assert_eq!(events(Framing::UntilClose, twenty).pop(), Some(BodyEvent::End(20)));
    let last = events(Framing::UntilClose, "012345678901234567890").pop();
    assert_eq!(last, Some(BodyEvent::Rejected(E::BodyTooLarge, 20, 1)));
}

/// Each case is a framing, octets before a close, their content, and whether the message is
/// complete.
#[test]
fn rfc9112_8_only_a_close_delimited_body_ends_at_the_close() {
    for (framing, octets, is_whole) in [
        (Framing::None, "", true),
        (Framing::Tunnel, "", true),
        (Framing::Length(0), "", true),
        (Framing::Length(2), "ab", true),
        (Framing::Length(2), "a", false),
        (Framing::UntilClose, "", true),
        (Framing::UntilClose, "ab", true),
        (Framing::Chunked, "", false),
        (Framing::Chunked, "1", false),
        (Framing::Chunked, "1\r\n", false),
        (Framing::Chunked, "1\r\na", false),
        (Framing::Chunked, "1\r\na\r", false),
        (Framing::Chunked, "1\r\na\r\n", false),
        (Framing::Chunked, "0\r\n", false),
        (Framing::Chunked, "0\r\nX: a\r\n", false),
        (Framing::Chunked, "0\r\n\r", false),
        (Framing::Chunked, "0\r\n\r\n", true),
    ] {
        let last = events(framing, octets).pop().unwrap();
        let is_end = last == BodyEvent::End(octets.len());
        let is_truncated =
            matches!(last, BodyEvent::Rejected(E::Truncated, at, 0) if at == octets.len());
        assert_eq!(
            (is_end, is_truncated),
            (is_whole, !is_whole),
            "{framing:?} {octets:?}: {last:?}"
        );
    }
}

#[test]
fn what_follows_a_body_is_left_alone() {
    for (framing, octets, len) in [
        (Framing::None, "GET", 0),
        (Framing::Length(2), "abGET", 2),
        (Framing::Chunked, "0\r\n\r\nGET", 5),
    ] {
        assert_eq!(events(framing, octets).pop(), Some(BodyEvent::End(len)));
    }
}

#[test]
fn rfc9112_7_1_1_extensions_have_names_and_values() {
    let mut decoder = BodyDecoder::new(Framing::Chunked, &Limits::new());
    let Ok(Decoded { part: BodyPart::Chunk { size: 1, extensions }, .. }) =
        decoder.decode(b"1;a;bc = d;e=\"f\\\"g\"\r\n")
    else {
        panic!("a chunk")
    };
    let seen: Vec<_> = extensions
        .iter()
        .map(|extension| (extension.name(), extension.value().map(Iterator::collect::<Vec<u8>>)))
        .collect();
    assert_eq!(seen, [("a", None), ("bc", Some(b"d".to_vec())), ("e", Some(b"f\"g".to_vec()))]);
}

#[test]
fn a_rejected_body_stays_rejected_at_the_end() {
    let mut decoder = BodyDecoder::new(Framing::Chunked, &Limits::new());
    let error = decoder.decode(b"x\r\n").unwrap_err();
    assert_eq!(decoder.on_eof(), Err(error));
}
