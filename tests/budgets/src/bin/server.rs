//! A server's connection: requests in sequence with bodies of every framing, their responses, also
//! chunked ones, and rejections.
#![no_std]
#![no_main]

use bareline_core::connection::{Received, RecvBuf, ServerState};
use bareline_core::error::WriteError;
use bareline_core::{Event, FieldName, FieldSpans, FieldValue, ServerConnection, Status, WireBuf};
use budgets::{CHUNKED_REQUEST, LARGE_REQUEST, SMALL_REQUEST, entry, measure};

#[entry]
fn main() -> ! {
    measure(&[SMALL_REQUEST, LARGE_REQUEST, CHUNKED_REQUEST], |input| serve(input).unwrap_or(0))
}

const TEXT: FieldValue<'_> = FieldValue::from_static("text/plain");

fn serve(input: &[u8]) -> Result<usize, WriteError> {
    let mut connection = ServerConnection::new();
    let (mut received, mut spans, mut out) =
        (RecvBuf::<1536>::new(), FieldSpans::<32>::new(), WireBuf::<256>::new());
    let mut left = input;
    let mut octets = 0;
    loop {
        let read = received.fill_from(|room| {
            let count = left.len().min(room.len());
            let (now, later) = left.split_at_checked(count).unwrap_or((left, &[]));
            room.iter_mut().zip(now).for_each(|(to, from)| *to = *from);
            left = later;
            Ok::<_, ()>(count)
        });
        if read.is_err() {
            connection.on_overflow();
        }
        let used = match connection.receive(received.filled_mut(), spans.lend()) {
            Ok(Received { used, event: Event::Data(data) }) => {
                octets += data.len();
                used
            }
            Ok(Received { event: Event::NeedMore, .. }) => {
                _ = connection.on_eof();
                0
            }
            Ok(Received { used, .. }) => used,
            Err(error) => {
                connection.reject(error.status(), &mut out)?.body(b"refused\n")?;
                0
            }
        };
        received.consume(used);
        match connection.state() {
            ServerState::SendResponse if octets == 0 => {
                let head = connection.respond(Status::OK, &mut out)?;
                head.field(FieldName::CONTENT_TYPE, TEXT)?.body(b"TCP connection")?;
            }
            ServerState::SendResponse => {
                connection.respond(Status::OK, &mut out)?.chunked()?;
                connection.send_data(b"TCP connection", &mut out)?;
                connection.end_body(&[], &mut out)?;
            }
            ServerState::Close | ServerState::Upgraded => return Ok(octets + out.as_bytes().len()),
            _ => {}
        }
    }
}
