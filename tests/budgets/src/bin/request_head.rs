//! Parsing of a complete request head.
#![no_std]
#![no_main]

use bareline_core::body::Framing;
use bareline_core::head::Parsed;
use bareline_core::{FieldSpans, RequestHead};
use budgets::{LARGE_REQUEST, SMALL_REQUEST, entry, measure};

#[entry]
fn main() -> ! {
    measure(&[SMALL_REQUEST, LARGE_REQUEST], parse)
}

fn parse(input: &[u8]) -> usize {
    let mut spans = FieldSpans::<32>::new();
    match RequestHead::parse(input, spans.lend()) {
        Ok(Parsed::Complete { message: head, len }) => {
            let fields: usize = head
                .fields()
                .iter()
                .map(|(name, value)| name.as_bytes().len() + value.as_bytes().len())
                .sum();
            len + fields
                + head.method().as_bytes().len()
                + head.target().as_bytes().len()
                + usize::from(head.framing() == Framing::Chunked)
        }
        Ok(Parsed::Incomplete) => 0,
        Err(error) => error.offset() + error.kind() as usize,
    }
}
