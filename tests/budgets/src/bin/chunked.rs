//! Decoding of a chunked body.
#![no_std]
#![no_main]

use bareline_core::body::{BodyDecoder, BodyPart, Decoded, Framing};
use bareline_core::error::ParseError;
use bareline_core::head::Limits;
use budgets::{CHUNKED_BODY, entry, measure};

#[entry]
fn main() -> ! {
    measure(&[CHUNKED_BODY], |input| {
        decode(input).unwrap_or_else(|error| error.offset() + error.kind() as usize)
    })
}

fn decode(mut input: &[u8]) -> Result<usize, ParseError> {
    let mut decoder = BodyDecoder::new(Framing::Chunked, &Limits::new());
    let mut octets = 0;
    loop {
        match decoder.content(input)? {
            Decoded { part: BodyPart::End | BodyPart::NeedMore, .. } => return Ok(octets),
            Decoded { used, part } => {
                if let BodyPart::Data(data) = part {
                    octets += data.len();
                }
                input = input.get(used..).unwrap_or(&[]);
            }
        }
    }
}
