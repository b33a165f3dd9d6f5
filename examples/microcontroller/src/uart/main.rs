//! HTTP over a serial line on a Cortex-M0, and nothing else: the bare loop of a server, without a
//! network and without a panic.
//!
//! A line has no connections, so that one has to be made up: it begins with the first octet, and
//! lasts for as many requests as come. Where a connection ends (after a refusal, or where the peer
//! asks for it), what follows may be anything: it is let pass until the line has been
//! quiet for [`GAP`], and the next octet begins a new one. A request that is not whole after
//! [`PATIENCE`] without an octet is refused.
#![no_std]
#![no_main]

mod nrf51;

use bareline_core::{
    Event, FieldName, FieldSpans, FieldValue, Limits, Method, RecvBuf, RequestParts,
    ServerConnection, ServerState, Status, WireBuf, WriteError,
};
use cortex_m_rt::entry;
use microcontroller::Text;

/// The longest head; a body passes through the same room.
const INPUT: usize = 1024;
const FIELDS: usize = 16;
const WIRE: usize = 512;
/// The longest target.
const TARGET: usize = 256;
const LIMITS: Limits = Limits {
    method: 32,
    target: 256,
    head: 1024,
    chunk_line: 128,
    chunk_extensions: 1024,
    ..Limits::DEFAULT
};

/// How long the line has to be quiet between two connections, in microseconds.
const GAP: u32 = 100_000;
/// How long a peer may take for the next octet of a request, in microseconds.
const PATIENCE: u32 = 2_000_000;

const TEXT: FieldValue = FieldValue::from_static("text/plain; charset=utf-8");

unsafe extern "C" {
    fn a_panic_path_is_left() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: never called; where it could be, the program does not link.
    unsafe { a_panic_path_is_left() }
}

#[entry]
fn main() -> ! {
    static mut INPUT_BUFFER: RecvBuf<INPUT> = RecvBuf::new();
    nrf51::start();
    nrf51::send(b"READY\r\n");
    loop {
        // An error is an answer that does not fit into its buffer, and a fault of this program: the
        // connection is over then too.
        let _ = serve(INPUT_BUFFER);
        INPUT_BUFFER.unpin();
        INPUT_BUFFER.consume(INPUT);
        wait_for_gap();
    }
}

/// Answers each request with its method, its path and how long its body was, until the connection
/// is over.
fn serve(input: &mut RecvBuf<INPUT>) -> Result<(), WriteError> {
    let (mut connection, mut spans) = (ServerConnection::new(LIMITS), FieldSpans::<FIELDS>::new());
    let mut out = WireBuf::<WIRE>::new();
    let (mut request, mut length) = (None::<RequestParts>, 0_u64);
    loop {
        let (mut is_head, mut is_starved, mut used) = (false, false, 0);
        match (connection.state(), request, connection.error()) {
            (ServerState::Body, ..) if connection.expects_continue() => {
                connection.respond(Status::CONTINUE, &mut out)?.without_body()?;
            }
            (ServerState::SendResponse, Some(parts), _) => {
                let head = parts.over(input.split().0, &spans);
                let mut text = Text::<{ TARGET + 64 }>::new();
                text.push(head.method().as_bytes()).push(b" ").push(head.target().path_as_bytes());
                text.push(b", ").push_number(length).push(b" octets\n");
                // A 200 to CONNECT would begin a tunnel.
                let status = if head.method() == Method::CONNECT {
                    Status::NOT_IMPLEMENTED
                } else {
                    Status::OK
                };
                connection
                    .respond(status, &mut out)?
                    .field(FieldName::CONTENT_TYPE, TEXT)?
                    .body(text.as_bytes())?;
                (request, length) = (None, 0);
                input.unpin();
            }
            (ServerState::Reject, _, Some(error)) => {
                let head = connection.reject(error.status(), &mut out)?;
                head.field(FieldName::CONTENT_TYPE, TEXT)?.body(error.hint().as_bytes())?;
            }
            (ServerState::Done, ..) => _ = connection.next_request(),
            (ServerState::Close | ServerState::Upgraded | ServerState::Reject, ..) => {
                return Ok(());
            }
            _ => match connection.receive(input.filled(), spans.lend()) {
                Ok((count, Event::Head(head))) => {
                    (used, is_head, request) = (count, true, Some(head.parts()))
                }
                Ok((count, Event::Data(data))) => {
                    (used, length) = (count, length.saturating_add(data.len() as u64))
                }
                Ok((count, event)) => {
                    (used, is_starved) = (count, matches!(event, Event::NeedMore))
                }
                Err(_) => {} // it is the connection's fault() now
            },
        }
        if is_head {
            input.pin(used); // it stays where it is while its body comes
        } else {
            input.consume(used);
        }
        if is_starved && input.is_full() {
            connection.on_overflow();
        } else if is_starved && !receive(input, connection.state()) {
            let head = connection.reject(Status::REQUEST_TIMEOUT, &mut out)?;
            head.field(FieldName::CONTENT_TYPE, TEXT)?.body(b"send the whole request in time")?;
        }
        nrf51::send(out.as_bytes());
        out.clear();
    }
}

/// Waits for the next octets. Between requests that may take for ever; within one it gives up after
/// [`PATIENCE`] and tells so.
fn receive(input: &mut RecvBuf<INPUT>, state: ServerState) -> bool {
    let start = nrf51::now();
    loop {
        let count = input.fill_from(|room| {
            let mut count = 0_usize;
            for (to, octet) in room.iter_mut().zip(core::iter::from_fn(nrf51::receive)) {
                (*to, count) = (octet, count.saturating_add(1));
            }
            Ok::<_, core::convert::Infallible>(count)
        });
        if count != Ok(0) {
            return true;
        } else if state != ServerState::Idle && nrf51::now().wrapping_sub(start) > PATIENCE {
            return false;
        }
    }
}

/// Lets pass what comes until the line is quiet.
fn wait_for_gap() {
    let mut since = nrf51::now();
    while nrf51::now().wrapping_sub(since) < GAP {
        if nrf51::receive().is_some() {
            since = nrf51::now();
        }
    }
}
