use bareline_core::connection::{Received, RecvView, ServerState};
use bareline_core::error::WriteError;
use bareline_core::{Event, FieldSpans, Method, ServerConnection, Status, WireBuf};

/// The part of a socket that this needs: `recv_slice` and `send_slice` of
/// `smoltcp::socket::tcp::Socket`, and `send_capacity()` less `send_queue()`.
trait Socket {
    fn room(&self) -> usize;
    fn recv_slice(&mut self, room: &mut [u8]) -> Result<usize, ()>;
    fn send_slice(&mut self, octets: &[u8]) -> Result<usize, ()>;
}

/// Processes the received octets until the socket has no more octets or no more room; returns
/// whether the connection is over.
fn step(
    connection: &mut ServerConnection,
    spans: &mut FieldSpans<32>,
    received: &mut RecvView,
    socket: &mut impl Socket,
) -> Result<bool, WriteError> {
    let mut out = WireBuf::<256>::new();
    while socket.room() >= 256 {
        match connection.state() {
            ServerState::Body if connection.expects_continue() => {
                connection.write_continue(&mut out)?
            }
            ServerState::SendResponse => connection.respond(Status::OK, &mut out)?.body(b"hello")?,
            ServerState::Close | ServerState::Upgraded => return Ok(true),
            _ => {
                let presented = received.filled_mut();
                let (used, is_starved) = match connection.receive(presented, spans.lend()) {
                    // A 200 to CONNECT would begin a tunnel.
                    Ok(Received { used, event: Event::Head(head) })
                        if head.method() == Method::CONNECT =>
                    {
                        connection.reject(Status::NOT_IMPLEMENTED, &mut out)?.without_body()?;
                        (used, false)
                    }
                    Ok(Received { used, event }) => (used, matches!(event, Event::NeedMore)),
                    Err(error) => {
                        connection.reject(error.status(), &mut out)?.without_body()?;
                        (0, false)
                    }
                };
                received.consume(used);
                if is_starved && received.is_full() {
                    let error = connection.on_overflow();
                    connection.reject(error.status(), &mut out)?.without_body()?;
                } else if is_starved {
                    let read = received.fill_from(|room| socket.recv_slice(room));
                    if read.unwrap_or(0) == 0 {
                        return Ok(false);
                    }
                }
            }
        }
        let _ = socket.send_slice(out.as_bytes());
        out.clear();
    }
    Ok(false)
}
