//! Decoding of a chunked body without a copy.

use crate::measure::{Group, Lane, Wanted};
use crate::peers::{self, with_version};
use bareline_core::body::{BodyDecoder, BodyPart, Decoded, Framing};
use bareline_core::head::Limits;
use fastrand::Rng;
use std::hint::black_box;

/// The octets of data in the body.
const DATA: usize = 65_536;

pub type Decode = fn(&[u8]) -> Option<usize>;

pub fn groups(wanted: Wanted<'_>) -> Vec<Group> {
    let kinds = [("chunked/random", false), ("chunked/16", true)];
    let named = kinds.into_iter().filter(|(name, _)| wanted.group(name));
    named.map(|(name, is_small)| Group::new(name, lanes(&body(is_small)))).collect()
}

/// Returns a body in chunks of 16 octets to 1 KB, or all of 16 octets.
fn body(is_small: bool) -> Vec<u8> {
    let (mut rng, mut body, mut left) = (Rng::with_seed(64), Vec::new(), DATA);
    while left > 0 {
        let size = if is_small { 16 } else { rng.usize(16..=1024) }.min(left);
        body.extend(format!("{size:x}\r\n").bytes());
        body.extend((0..size).map(|_| rng.u8(..)));
        body.extend(b"\r\n");
        left -= size;
    }
    body.extend(b"0\r\n\r\n");
    body
}

fn lanes(body: &[u8]) -> Vec<Lane> {
    let mut all: Vec<(&str, String, Decode)> = vec![
        ("httparse", format!("a loop over {}", with_version("httparse")), httparse_loop),
        ("ours", "bareline, the content".to_string(), ours),
        ("ours-parts", "bareline, all parts".to_string(), ours_parts),
    ];
    all.splice(1..1, peers::decoders());
    all.into_iter()
        .map(|(id, title, decode)| {
            assert_eq!(decode(body), Some(DATA), "{title} decodes the body");
            let body = body.to_vec();
            Lane::new(id, title, move |times| {
                for _ in 0..times {
                    black_box(black_box(decode)(black_box(&body)));
                }
            })
        })
        .collect()
}

/// Returns the data after a size line, and the octets after its CR LF.
#[inline(always)]
fn take(rest: &[u8], line: usize, size: u64) -> Option<(&[u8], &[u8])> {
    let (data, rest) = rest.get(line..)?.split_at_checked(usize::try_from(size).ok()?)?;
    Some((data, rest.strip_prefix(b"\r\n")?))
}

/// Decodes a body with a parser of size lines, which returns the end of the line and the size.
#[inline(always)]
pub fn by_size_lines(
    mut rest: &[u8],
    read: impl Fn(&[u8]) -> Option<(usize, u64)>,
) -> Option<usize> {
    let mut total = 0;
    loop {
        let (line, size) = read(rest)?;
        let (data, after) = take(rest, line, size)?;
        if size == 0 {
            return Some(total);
        }
        total += black_box(data).len();
        rest = after;
    }
}

#[inline(never)]
fn httparse_loop(body: &[u8]) -> Option<usize> {
    by_size_lines(body, |rest| match httparse::parse_chunk_size(rest) {
        Ok(httparse::Status::Complete(read)) => Some(read),
        _ => None,
    })
}

#[inline(never)]
fn ours(mut rest: &[u8]) -> Option<usize> {
    let mut decoder = BodyDecoder::new(Framing::Chunked, &Limits::new());
    let mut total = 0;
    loop {
        let Decoded { used, part } = decoder.content(rest).ok()?;
        match part {
            BodyPart::Data(data) => total += black_box(data).len(),
            BodyPart::End => return Some(total),
            _ => return None,
        }
        rest = rest.get(used..)?;
    }
}

#[inline(never)]
fn ours_parts(mut rest: &[u8]) -> Option<usize> {
    let mut decoder = BodyDecoder::new(Framing::Chunked, &Limits::new());
    let mut total = 0;
    loop {
        let Decoded { used, part } = decoder.decode(rest).ok()?;
        match part {
            BodyPart::Data(data) => total += black_box(data).len(),
            BodyPart::Chunk { .. } | BodyPart::Trailer { .. } => {}
            BodyPart::End => return Some(total),
            BodyPart::NeedMore => return None,
        }
        rest = rest.get(used..)?;
    }
}
