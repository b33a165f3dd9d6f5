//! HTTP on embassy-net: what a firmware spawns for each connection that it serves at a time.
//!
//! ```ignore
//! #[embassy_executor::task(pool_size = 4)]
//! async fn http(stack: embassy_net::Stack<'static>) -> ! {
//!     embassy::serve(stack, 80).await
//! }
//! ```
#![no_std]

use bareline_core::embedded_io_async_07::ServerStream;
use bareline_core::{FieldName, FieldValue, Limits, Status, StreamError};
use embassy_net::Stack;
use embassy_net::tcp::{Error, TcpSocket};
use embassy_time::Duration;
use embedded_io_async::{Read, Write};

/// How long a peer may take for each read and write; a peer that is idle for longer is closed too.
const DEADLINE: Duration = Duration::from_secs(10);
/// What is taken of a peer at the most.
const LIMITS: Limits = Limits { target: 512, head: 1536, body: 64 * 1024, ..Limits::DEFAULT };
const TEXT: [(FieldName<'_>, FieldValue<'_>); 1] = [(FieldName::CONTENT_TYPE, FieldValue::from_static("text/plain"))];

/// Takes one connection after the other at this port, for ever.
pub async fn serve(stack: Stack<'_>, port: u16) -> ! {
    let (mut received, mut sent) = ([0; 1024], [0; 1024]);
    loop {
        let mut socket = TcpSocket::new(stack, &mut received, &mut sent);
        socket.set_timeout(Some(DEADLINE));
        if socket.accept(port).await.is_ok() {
            // Whatever ended it: the peer has been told of its own faults, and the others close the connection too.
            let _ = exchange(&mut socket).await;
        }
        socket.close();
        let _ = socket.flush().await;
        socket.abort();
    }
}

/// Answers the requests of one connection: with the body that a POST brings, else with a text.
async fn exchange(socket: &mut TcpSocket<'_>) -> Result<(), StreamError<Error>> {
    let mut stream = ServerStream::<_, 32, 1536, 256>::new(socket, LIMITS);
    while let Some(mut exchange) = stream.next_request().await? {
        if exchange.head().method().as_bytes() == b"POST" {
            exchange.begin(Status::OK, &TEXT).await?;
            let mut piece = [0; 128];
            loop {
                match exchange.read(&mut piece).await? {
                    0 => break exchange.finish().await?,
                    count => exchange.write_all(piece.get(..count).unwrap_or(&[])).await?,
                }
            }
        } else {
            exchange.respond(Status::OK, &TEXT, b"TCP connection").await?;
        }
    }
    Ok(())
}
