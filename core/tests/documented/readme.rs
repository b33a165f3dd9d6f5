use bareline_core::connection::{Received, RecvBuf, ServerState};
use bareline_core::{Event, FieldSpans, ServerConnection, Status, WireBuf};
use std::io::{Read, Write};

fn serve(mut read: impl Read, mut write: impl Write) -> Result<(), Box<dyn std::error::Error>> {
    let (mut connection, mut spans) = (ServerConnection::new(), FieldSpans::<32>::new());
    let (mut input, mut out) = (RecvBuf::<2048>::new(), WireBuf::<512>::new());
    let mut status = Status::OK;
    loop {
        write.write_all(out.as_bytes())?;
        out.clear();
        match (connection.state(), connection.error()) {
            (ServerState::Close | ServerState::Upgraded, _) => return Ok(()),
            (ServerState::SendResponse, _) => connection.respond(status, &mut out)?.body(b"hi\n")?,
            (ServerState::Reject, Some(error)) => {
                connection.reject(error.status(), &mut out)?.body(error.hint().as_bytes())?;
            }
            _ => {
                // After an error the state is `Reject`.
                let received = connection.receive(input.filled_mut(), spans.lend());
                let Ok(Received { used, event }) = received else { continue };
                let is_starved = matches!(event, Event::NeedMore);
                if let Event::Head(head) = event {
                    let is_found = head.target().path() == "/";
                    status = if is_found { Status::OK } else { Status::NOT_FOUND };
                    connection.write_continue(&mut out)?;
                }
                input.consume(used);
                if is_starved && input.is_full() {
                    connection.on_overflow();
                } else if is_starved && input.fill_from(|room| read.read(room))? == 0 {
                    _ = connection.on_eof();
                }
            }
        }
    }
}
