//! The sans-IO loop of a server, as a device runs it: over any reader and writer, with all buffers
//! in arrays. Serves standard input and output, or with an address one TCP client at a time.

use bareline_core::{
    Event, FieldSpans, Limits, Method, RecvBuf, RequestParts, ServerConnection, ServerState,
    Status, WireBuf,
};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::time::Duration;

/// Responds to each request with its method, its path and the length of its body, until the
/// connection ends.
fn serve(mut read: impl Read, mut write: impl Write) -> io::Result<()> {
    let (mut connection, mut spans) =
        (ServerConnection::new(Limits::DEFAULT), FieldSpans::<32>::new());
    let (mut input, mut out) = (RecvBuf::<2048>::new(), WireBuf::<512>::new());
    let (mut request, mut length) = (None::<RequestParts>, 0);
    loop {
        let (mut is_head, mut is_starved, mut used) = (false, false, 0);
        match (connection.state(), request, connection.error()) {
            (ServerState::SendResponse, Some(parts), _) => {
                let head = parts.over(input.split().0, &spans);
                let text = format!("{} {}, {length} octets\n", head.method(), head.target().path());
                // A 200 to CONNECT would open a tunnel.
                let status = if head.method() == Method::CONNECT {
                    Status::NOT_IMPLEMENTED
                } else {
                    Status::OK
                };
                let written = connection
                    .respond(status, &mut out)
                    .and_then(|head| head.body(text.as_bytes()));
                written.map_err(io::Error::other)?;
                (request, length) = (None, 0);
                input.unpin();
            }
            (ServerState::Reject, _, Some(error)) => {
                let head = connection.reject(error.status(), &mut out);
                head.and_then(|head| head.body(error.hint().as_bytes()))
                    .map_err(io::Error::other)?;
            }
            (ServerState::Done, ..) => _ = connection.next_request(),
            (ServerState::Close | ServerState::Upgraded, ..) => return Ok(()),
            _ => match connection.receive(input.filled(), spans.lend()) {
                Ok((count, Event::Head(head))) => {
                    (used, is_head, request) = (count, true, Some(head.parts()))
                }
                Ok((count, Event::Data(data))) => (used, length) = (count, length + data.len()),
                Ok((count, event)) => {
                    (used, is_starved) = (count, matches!(event, Event::NeedMore))
                }
                Err(_) => {} // the state is Reject now, and error() returns it
            },
        }
        if is_head {
            input.pin(used); // the head stays in the buffer while its body is received
        } else {
            input.consume(used);
        }
        if is_starved && input.is_full() {
            connection.on_overflow();
        } else if is_starved && input.fill_from(|room| read.read(room))? == 0 {
            _ = connection.on_eof();
        }
        write.write_all(out.as_bytes())?;
        out.clear();
    }
}

fn main() -> io::Result<()> {
    let Some(address) = std::env::args().nth(1) else { return serve(io::stdin(), io::stdout()) };
    let listener = TcpListener::bind(&address).map_err(|error| {
        io::Error::other(format!("cannot listen on {address}: {error}: write host:port"))
    })?;
    eprintln!("sans_io: listening on {}", listener.local_addr()?);
    listener.incoming().try_for_each(|stream| {
        let stream = stream?;
        let served = serve(&stream, &stream);
        // Lingering close: a reset would destroy the last response.
        _ = stream
            .shutdown(Shutdown::Write)
            .and_then(|()| stream.set_read_timeout(Some(Duration::from_secs(5))));
        _ = io::copy(&mut stream.take(64 << 20), &mut io::sink());
        served
    })
}
