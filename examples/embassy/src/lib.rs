//! HTTP on embassy-net: what a firmware spawns for each connection that it serves at a time.
//!
//! ```ignore
//! #[embassy_executor::task(pool_size = 4)]
//! async fn http(stack: embassy_net::Stack<'static>) -> ! {
//!     embassy::serve(stack, 80).await
//! }
//! ```
#![no_std]

use bareline_core::embedded_io_async_07::{Exchange, ServerStream};
use bareline_core::{FieldName, FieldValue, Limits, Method, Status, StreamError};
use embassy_net::Stack;
use embassy_net::tcp::{Error, TcpSocket};
use embassy_time::{Duration, TimeoutError, with_timeout};
use embedded_io_async::{Read, Write};

/// How long a peer may take for the next request, all of its head, and for the exchange of both
/// bodies.
const DEADLINE: Duration = Duration::from_secs(10);
const FIELDS: usize = 32;
const RECEIVED: usize = 2048;
const SENT: usize = 256;
/// What is taken of a peer at the most.
const LIMITS: Limits = Limits { target: 512, head: 1536, body: 64 * 1024, ..Limits::DEFAULT };
const TEXT: [(FieldName<'_>, FieldValue<'_>); 1] =
    [(FieldName::CONTENT_TYPE, FieldValue::from_static("text/plain"))];

/// Takes one connection after the other at this port, for ever.
pub async fn serve(stack: Stack<'_>, port: u16) -> ! {
    let (mut received, mut sent) = ([0; 1024], [0; 1024]);
    loop {
        let mut socket = TcpSocket::new(stack, &mut received, &mut sent);
        socket.set_timeout(Some(DEADLINE));
        if socket.accept(port).await.is_ok() {
            // Whatever ended it: the peer has been told of its own faults, and the others close the
            // connection too.
            let _ = requests(&mut socket).await;
        }
        socket.close();
        let _ = socket.flush().await;
        // What the peer still sends is discarded: a reset would take the response from it.
        let mut rest = [0; 128];
        let discard = async { while let Ok(1..) = socket.read(&mut rest).await {} };
        let _ = with_timeout(DEADLINE, discard).await;
        socket.abort();
    }
}

/// Why there are no more requests.
#[derive(Debug)]
pub enum Over {
    /// The peer or the network has failed.
    Failed(StreamError<Error>),
    /// The peer took too long.
    TooSlow,
}

impl From<StreamError<Error>> for Over {
    fn from(error: StreamError<Error>) -> Self {
        Self::Failed(error)
    }
}

impl From<TimeoutError> for Over {
    fn from(TimeoutError: TimeoutError) -> Self {
        Self::TooSlow
    }
}

/// Answers the requests of one connection.
async fn requests(socket: &mut TcpSocket<'_>) -> Result<(), Over> {
    let mut stream = ServerStream::<_, FIELDS, RECEIVED, SENT>::new(socket, LIMITS);
    while let Some(exchange) = with_timeout(DEADLINE, stream.next_request()).await?? {
        with_timeout(DEADLINE, respond(exchange)).await??;
    }
    Ok(())
}

/// Answers with the body that a POST brings, else with a text.
async fn respond(
    mut exchange: Exchange<'_, &mut TcpSocket<'_>, FIELDS, RECEIVED, SENT>,
) -> Result<(), StreamError<Error>> {
    if exchange.head().method() != Method::POST {
        return exchange.respond(Status::OK, &TEXT, b"TCP connection").await;
    }
    let mut piece = [0; 128];
    exchange.begin_while_reading(Status::OK, &TEXT).await?;
    while let count @ 1.. = exchange.read(&mut piece).await? {
        exchange.write_all(piece.get(..count).unwrap_or(&[])).await?;
    }
    exchange.finish().await
}
