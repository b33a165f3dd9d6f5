//! The asynchronous stream of a client: the work of `client_stream`, by a future that never waits.
#![no_std]
#![no_main]

use bareline_core::embedded_io_async_07::{ClientStream, StreamError, StreamMemory};
use bareline_core::{FieldName, FieldValue, Method, Target};
use budgets::{CHUNKED_BODY, LARGE_RESPONSE, Peer, SMALL_RESPONSE, entry, measure};
use core::convert::Infallible;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use embedded_io_async::{ErrorType, Read, Write};

#[entry]
fn main() -> ! {
    measure(&[SMALL_RESPONSE, LARGE_RESPONSE], |input| {
        match pin!(ask(input)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(octets)) => octets,
            Poll::Ready(Err(_)) | Poll::Pending => 0,
        }
    })
}

const HOST: [(FieldName<'_>, FieldValue<'_>); 1] =
    [(FieldName::HOST, FieldValue::from_static("board.example"))];

/// A server that sends a head, and then a body.
struct Server<'o> {
    head: Peer<'o>,
    body: Peer<'o>,
}

impl ErrorType for Server<'_> {
    type Error = Infallible;
}

impl Read for Server<'_> {
    async fn read(&mut self, room: &mut [u8]) -> Result<usize, Infallible> {
        match self.head.read(room).await? {
            0 => self.body.read(room).await,
            count => Ok(count),
        }
    }
}

impl Write for Server<'_> {
    async fn write(&mut self, octets: &[u8]) -> Result<usize, Infallible> {
        self.head.write(octets).await
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

async fn ask(input: &[u8]) -> Result<usize, StreamError<Infallible>> {
    // The smaller head declares a length of 14 octets, the larger one chunks.
    let body = if input.len() < 100 { b"TCP connection" } else { CHUNKED_BODY };
    let mut memory = StreamMemory::<32, 1536, 256>::new();
    let server = Server { head: Peer::new(input), body: Peer::new(body) };
    let mut stream = ClientStream::new(server, &mut memory);
    let mut response = stream.request(Method::GET, Target::ROOT, &HOST, b"").await?;
    let (mut octets, mut piece) = (0, [0; 128]);
    while let count @ 1.. = response.read(&mut piece).await? {
        octets += count;
    }
    Ok(octets + stream.into_transport().head.sent())
}
