//! The asynchronous stream over embedded-io-async: the work of `stream`, by a future that never
//! waits.
#![no_std]
#![no_main]

use bareline_core::embedded_io_async_07::{ServerStream, StreamError, StreamMemory};
use bareline_core::{FieldName, FieldValue, Status};
use budgets::{CHUNKED_REQUEST, LARGE_REQUEST, Peer, SMALL_REQUEST, entry, measure};
use core::convert::Infallible;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use embedded_io_async::{Read, Write};

#[entry]
fn main() -> ! {
    measure(&[SMALL_REQUEST, LARGE_REQUEST, CHUNKED_REQUEST], |input| {
        match pin!(serve(input)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(octets)) => octets,
            Poll::Ready(Err(_)) | Poll::Pending => 0,
        }
    })
}

const TEXT: [(FieldName<'_>, FieldValue<'_>); 1] =
    [(FieldName::CONTENT_TYPE, FieldValue::from_static("text/plain"))];

async fn serve(input: &[u8]) -> Result<usize, StreamError<Infallible>> {
    let mut memory = StreamMemory::<32, 1536, 256>::new();
    let mut stream = ServerStream::new(Peer::new(input), &mut memory);
    let mut octets = 0;
    while let Some(mut exchange) = stream.next_request().await? {
        let mut piece = [0; 128];
        while let count @ 1.. = exchange.read(&mut piece).await? {
            octets += count;
        }
        if octets == 0 {
            exchange.respond(Status::OK, &TEXT, b"TCP connection").await?;
        } else {
            exchange.begin(Status::OK, &[]).await?;
            exchange.write_all(b"TCP connection").await?;
            exchange.finish().await?;
        }
    }
    Ok(octets + stream.into_transport().sent())
}
