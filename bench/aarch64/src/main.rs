//! Checks every way to scan on AArch64, then prints the instructions that parsing a head takes.
#![no_std]
#![no_main]

mod board;

use bareline_core::head::Parsed;
use bareline_core::inside::{Ends, Lines, every_scan};
use bareline_core::{FieldSpans, Method, RequestHead, ResponseHead};
use board::{Console, UNIT, exit, instructions};
use core::fmt::Write;
use core::hint::black_box;
use core::mem::MaybeUninit;

const LINES: usize = 64;
/// Each input: its name, whether its messages are responses, and the messages.
static INPUTS: [(&str, bool, &[&[u8]]); 9] = include!(concat!(env!("OUT_DIR"), "/inputs.rs"));

fn main() -> ! {
    each_octet_at_each_place();
    each_position_of_the_messages();
    count();
    exit(0)
}

/// Puts each octet into a run of letters of every class.
fn each_octet_at_each_place() {
    let mut ways = 0;
    for octet in 0..=u8::MAX {
        for (at, behind) in (0..=80).flat_map(|at| [0, 19].map(|behind| (at, behind))) {
            let mut octets = [b'a'; 100];
            octets[at] = octet;
            ways = compare(&octets[..=at + behind], 0..1);
        }
    }
    assert_eq!(ways, 3, "words, portable, NEON");
}

fn each_position_of_the_messages() {
    for message in INPUTS.iter().flat_map(|(_, _, messages)| messages.iter().step_by(7)) {
        let octets = &message[..message.len().min(200)];
        compare(octets, 0..octets.len());
    }
}

/// Compares each way with the first one, which scans octet by octet and which tests on other
/// machines compare with the RFCs. Returns the number of ways.
fn compare(octets: &[u8], positions: core::ops::Range<usize>) -> usize {
    let mut expected = [None::<Ends>; 200];
    let mut ways = 0;
    every_scan(octets, |way, found| {
        for position in positions.clone() {
            let (ends, expected) = (found(position), &mut expected[position]);
            assert_eq!(*expected.get_or_insert(ends), ends, "{way} at {position} of {octets:x?}");
        }
        ways += 1;
    });
    ways
}

/// Prints the instructions for each message on average.
fn count() {
    const PARSED: usize = 512;
    for (name, is_response, messages) in &INPUTS {
        let ways: [(&str, fn(&[u8]) -> usize); 3] = if *is_response {
            [("httparse", peer_response), ("ours-head", head_response), ("ours-whole", response)]
        } else {
            [("httparse", peer_request), ("ours-head", head_request), ("ours-whole", request)]
        };
        for (way, parse) in ways {
            let start = instructions();
            for message in messages.iter().cycle().take(PARSED) {
                assert_eq!(black_box(parse)(black_box(message)), message.len(), "{name} {way}");
            }
            let count = (instructions() - start) * UNIT / PARSED as u64;
            let _ = writeln!(Console, "aarch64/{name}/{way} {count}");
        }
    }
}

#[inline(never)]
fn peer_request(input: &[u8]) -> usize {
    let mut headers = [MaybeUninit::uninit(); LINES];
    let mut request = httparse::Request::new(&mut []);
    let parsed = request.parse_with_uninit_headers(input, &mut headers);
    let Ok(httparse::Status::Complete(length)) = black_box(parsed) else { return 0 };
    black_box(&request);
    length
}

#[inline(never)]
fn peer_response(input: &[u8]) -> usize {
    let mut headers = [MaybeUninit::uninit(); LINES];
    let mut response = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    let parsed = config.parse_response_with_uninit_headers(&mut response, input, &mut headers);
    let Ok(httparse::Status::Complete(length)) = black_box(parsed) else { return 0 };
    black_box(&response);
    length
}

#[inline(never)]
fn head_request(input: &[u8]) -> usize {
    let mut lines = Lines::default();
    let length = black_box(lines.of_request(input)).unwrap_or(0);
    black_box(&lines);
    length
}

#[inline(never)]
fn head_response(input: &[u8]) -> usize {
    let mut lines = Lines::default();
    let length = black_box(lines.of_response(input)).unwrap_or(0);
    black_box(&lines);
    length
}

#[inline(never)]
fn request(input: &[u8]) -> usize {
    let mut spans = FieldSpans::<LINES>::new();
    let parsed = RequestHead::parse(input, spans.lend());
    let Ok(Parsed::Complete { message, len }) = black_box(&parsed) else { return 0 };
    black_box(message.fields().len());
    *len
}

#[inline(never)]
fn response(input: &[u8]) -> usize {
    let mut spans = FieldSpans::<LINES>::new();
    let parsed = ResponseHead::parse(input, spans.lend());
    let Ok(Parsed::Complete { message, len }) = black_box(&parsed) else { return 0 };
    assert!(black_box(&message.framing(Method::GET)).is_ok());
    black_box(message.fields().len());
    *len
}
