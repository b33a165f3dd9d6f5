//! An HTTP server on embassy-net: a task for each of four concurrent connections.
#![no_std]

mod respond;

use bareline_core::embedded_io_07::StreamError;
use bareline_core::embedded_io_async_07::{ServerStream, StreamMemory};
use bareline_core::head::Limits;
use embassy_executor::{SpawnError, Spawner};
use embassy_net::Stack;
use embassy_net::tcp::{Error, TcpSocket};
use embassy_time::{Duration, TimeoutError, with_timeout};
use respond::respond;

/// The timeout for the head of the next request, and again for the exchange of both bodies.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The buffers of a connection: for 32 field lines, to receive into, and to send from.
type Memory = StreamMemory<32, 2048, 256>;
/// The limits of a request, in octets.
const LIMITS: Limits = Limits::new().target(512).head(1536).body(64 * 1024);

/// The limit of concurrent connections.
const CONNECTIONS: usize = 4;

/// Starts the server on port 80.
pub fn start(spawner: Spawner, stack: Stack<'static>) -> Result<(), SpawnError> {
    for _ in 0..CONNECTIONS {
        spawner.spawn(serve(stack, 80)?);
    }
    Ok(())
}

/// Serves connections on this port, one at a time, for ever.
///
/// The memory of all tasks is one static.
#[embassy_executor::task(pool_size = CONNECTIONS)]
async fn serve(stack: Stack<'static>, port: u16) -> ! {
    let (mut received, mut sent) = ([0; 1024], [0; 1024]);
    let mut memory = Memory::new();
    loop {
        let mut socket = TcpSocket::new(stack, &mut received, &mut sent);
        socket.set_timeout(Some(TIMEOUT));
        if socket.accept(port).await.is_ok() {
            // An invalid request has had its response; every error closes the connection.
            let _ = requests(&mut socket, &mut memory).await;
        }
        socket.close();
        // Lingering close: a reset would destroy the last response.
        let mut rest = [0; 128];
        let linger = async {
            let _ = socket.flush().await;
            while let Ok(1..) = socket.read(&mut rest).await {}
        };
        let _ = with_timeout(TIMEOUT, linger).await;
        socket.abort();
    }
}

/// The reason why a connection ended early.
#[derive(Debug)]
pub enum Over {
    /// The peer or the network failed.
    Failed(StreamError<Error>),
    /// The peer timed out.
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

/// Responds to the requests of one connection.
async fn requests(socket: &mut TcpSocket<'_>, memory: &mut Memory) -> Result<(), Over> {
    let mut stream = ServerStream::with_limits(socket, memory, LIMITS);
    while let Some(exchange) = with_timeout(TIMEOUT, stream.next_request()).await?? {
        with_timeout(TIMEOUT, respond(exchange)).await??;
    }
    Ok(())
}
