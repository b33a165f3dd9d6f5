//! Decoding of chunked bodies by the peers.

use super::with_version;
use crate::chunked::{Decode, by_size_lines};
use std::hint::black_box;

pub fn decoders() -> [(&'static str, String, Decode); 2] {
    [
        ("ntex", format!("a loop over {}", with_version("ntex-httparse")), ntex_loop),
        ("http-net", with_version("http-net"), net_decoder),
    ]
}

#[inline(never)]
fn ntex_loop(body: &[u8]) -> Option<usize> {
    by_size_lines(body, |rest| match ntex_httparse::parse_chunk_size(rest) {
        Ok(ntex_httparse::Status::Complete(read)) => Some(read),
        _ => None,
    })
}

#[inline(never)]
fn net_decoder(mut rest: &[u8]) -> Option<usize> {
    use http_net::ChunkStep;
    let mut decoder = http_net::ChunkedDecoder::new(&http_net::Limits::new());
    let mut total = 0;
    loop {
        match decoder.decode(rest, false).ok()? {
            ChunkStep::Data { skip, len } => {
                total += black_box(rest.get(skip..skip + len)?).len();
                rest = rest.get(skip + len..)?;
            }
            ChunkStep::Done { .. } => return Some(total),
            _ => return None,
        }
    }
}
