//! The blocking stream over embedded-io: the same work as `server`, and the content is copied.
#![no_std]
#![no_main]

use bareline_core::embedded_io_07::{ServerStream, StreamError, StreamMemory};
use bareline_core::{FieldName, FieldValue, Status};
use budgets::{CHUNKED_REQUEST, LARGE_REQUEST, Peer, SMALL_REQUEST, entry, measure};
use core::convert::Infallible;
use embedded_io::{Read, Write};

#[entry]
fn main() -> ! {
    measure(&[SMALL_REQUEST, LARGE_REQUEST, CHUNKED_REQUEST], |input| serve(input).unwrap_or(0))
}

const TEXT: [(FieldName<'_>, FieldValue<'_>); 1] =
    [(FieldName::CONTENT_TYPE, FieldValue::from_static("text/plain"))];

fn serve(input: &[u8]) -> Result<usize, StreamError<Infallible>> {
    let mut memory = StreamMemory::<32, 1536, 256>::new();
    let mut stream = ServerStream::new(Peer::new(input), &mut memory);
    let mut octets = 0;
    while let Some(mut exchange) = stream.next_request()? {
        let mut piece = [0; 128];
        while let count @ 1.. = exchange.read(&mut piece)? {
            octets += count;
        }
        if octets == 0 {
            exchange.respond(Status::OK, &TEXT, b"TCP connection")?;
        } else {
            exchange.begin(Status::OK, &[])?;
            exchange.write_all(b"TCP connection")?;
            exchange.finish()?;
        }
    }
    Ok(octets + stream.into_transport().sent())
}
