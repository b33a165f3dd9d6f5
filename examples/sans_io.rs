//! The sans-IO loop of a server, as a device runs it: over any reader and writer, with all buffers
//! in arrays. Serves standard input and output, or with an address one TCP client at a time.

use bareline_core::connection::{Received, RecvBuf, ServerState};
use bareline_core::{Event, FieldSpans, Method, ServerConnection, Status, WireBuf};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

/// Responds to each request with its method, its path and the length of its body, until the
/// connection ends.
pub(crate) fn serve(mut read: impl Read, mut write: impl Write) -> io::Result<()> {
    let (mut connection, mut spans) = (ServerConnection::new(), FieldSpans::<32>::new());
    // A response repeats a path, which may fill most of `input`.
    let (mut input, mut out) = (RecvBuf::<2048>::new(), WireBuf::<2560>::new());
    let (mut status, mut text, mut length) = (Status::OK, String::new(), 0);
    loop {
        write.write_all(out.as_bytes())?;
        out.clear();
        let (mut is_starved, mut used) = (false, 0);
        match (connection.state(), connection.error()) {
            (ServerState::SendResponse, _) => {
                text.push_str(&format!("{length} octets\n"));
                let written = connection
                    .respond(status, &mut out)
                    .and_then(|head| head.body(text.as_bytes()));
                written.map_err(io::Error::other)?;
            }
            (ServerState::Reject, Some(error)) => {
                let head = connection.reject(error.status(), &mut out);
                head.and_then(|head| head.body(error.hint().as_bytes()))
                    .map_err(io::Error::other)?;
            }
            (ServerState::Close | ServerState::Upgraded, _) => return Ok(()),
            _ => match connection.receive(input.filled_mut(), spans.lend()) {
                // The head is gone when its body has been received: keep what the response needs.
                Ok(Received { used: count, event: Event::Head(head) }) => {
                    // A 200 to CONNECT would open a tunnel.
                    let is_connect = head.method() == Method::CONNECT;
                    status = if is_connect { Status::NOT_IMPLEMENTED } else { Status::OK };
                    text = format!("{} {}, ", head.method(), head.target().path());
                    (used, length) = (count, 0);
                    connection.write_continue(&mut out).map_err(io::Error::other)?;
                }
                Ok(Received { used: count, event: Event::Data(data) }) => {
                    (used, length) = (count, length + data.len());
                }
                Ok(Received { used: count, event }) => {
                    (used, is_starved) = (count, matches!(event, Event::NeedMore))
                }
                Err(_) => {} // the state is Reject now, and error() returns it
            },
        }
        input.consume(used);
        if is_starved && input.is_full() {
            connection.on_overflow();
        } else if is_starved && input.fill_from(|room| read.read(room))? == 0 {
            _ = connection.on_eof();
        }
    }
}

fn main() -> ExitCode {
    let done = match std::env::args().nth(1) {
        None => serve(io::stdin(), io::stdout()),
        Some(address) => listen(&address),
    };
    let Err(error) = done else { return ExitCode::SUCCESS };
    eprintln!("sans_io: {error}");
    ExitCode::FAILURE
}

fn listen(address: &str) -> io::Result<()> {
    let listener = TcpListener::bind(address).map_err(|error| {
        io::Error::other(format!("cannot listen on {address}: {error}: write host:port"))
    })?;
    eprintln!("sans_io: listening on {}", listener.local_addr()?);
    loop {
        let (stream, peer) = match listener.accept() {
            Ok(accepted) => accepted,
            Err(error) => {
                // Most likely the system is out of file descriptors for a moment: back off.
                eprintln!("sans_io: cannot accept a connection: {error}");
                thread::sleep(Duration::from_millis(100));
                continue;
            }
        };
        // A client that resets its connection ends no other.
        serve(&stream, &stream).unwrap_or_else(|error| eprintln!("sans_io: {peer}: {error}"));
        // Lingering close: a reset would destroy the last response.
        _ = stream
            .shutdown(Shutdown::Write)
            .and_then(|()| stream.set_read_timeout(Some(Duration::from_secs(5))));
        _ = io::copy(&mut stream.take(64 << 20), &mut io::sink());
    }
}
