//! Parsing of a complete response head.
#![no_std]
#![no_main]

use bareline_core::body::Framing;
use bareline_core::error::ParseError;
use bareline_core::head::Parsed;
use bareline_core::{FieldSpans, Method, ResponseHead};
use budgets::{LARGE_RESPONSE, SMALL_RESPONSE, entry, measure};

#[entry]
fn main() -> ! {
    measure(&[SMALL_RESPONSE, LARGE_RESPONSE], |input| {
        parse(input).unwrap_or_else(|error| error.offset() + error.kind() as usize)
    })
}

fn parse(input: &[u8]) -> Result<usize, ParseError> {
    let mut spans = FieldSpans::<32>::new();
    let Parsed::Complete { message: head, len } = ResponseHead::parse(input, spans.lend())? else {
        return Ok(0);
    };
    let fields: usize = head
        .fields()
        .iter()
        .map(|(name, value)| name.as_bytes().len() + value.as_bytes().len())
        .sum();
    let is_chunked = head.framing(Method::GET)? == Framing::Chunked;
    Ok(len
        + fields
        + usize::from(head.status().code())
        + head.reason().len()
        + usize::from(is_chunked))
}
