//! HTTP over a serial line, on a Cortex-M0 and on a RISC-V: the sans-IO loop of a server, without a
//! network and without a panic path.
//!
//! A line has no connections, so this program defines them: a connection begins with the first
//! octet and carries any number of requests. After its end (a rejected request, or
//! `Connection: close`), input is discarded until the line is quiet for [`GAP`]; the next octet
//! begins a new connection. An incomplete request times out after [`PATIENCE`] without an octet.
#![no_std]
#![no_main]

#[cfg_attr(target_arch = "arm", path = "nrf51.rs")]
#[cfg_attr(target_arch = "riscv32", path = "virt.rs")]
mod chip;

use bareline_core::connection::{Received, RecvBuf, ServerState};
use bareline_core::error::WriteError;
use bareline_core::head::Limits;
use bareline_core::{
    Event, FieldName, FieldSpans, FieldValue, Method, ServerConnection, Status, WireBuf,
};
use chip::{TICKS_PER_SECOND, entry};
use microcontroller::Text;

/// The size of the receive buffer: the longest head. A body is streamed through the same buffer.
const INPUT: usize = 1024;
const FIELDS: usize = 16;
const WIRE: usize = 512;
/// The longest target.
const TARGET: usize = 256;
const LIMITS: Limits =
    Limits::new().method(32).target(256).head(1024).chunk_line(128).chunk_extensions(1024);

/// The silence that ends a connection, in ticks of the chip.
const GAP: u32 = TICKS_PER_SECOND / 10;
/// The timeout for the next octet of a request, in ticks of the chip.
const PATIENCE: u32 = 2 * TICKS_PER_SECOND;

const TEXT: FieldValue = FieldValue::from_static("text/plain; charset=utf-8");

unsafe extern "C" {
    fn a_panic_path_is_left() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: never called: the symbol is undefined, so a panic path is a link error.
    unsafe { a_panic_path_is_left() }
}

#[entry]
fn main() -> ! {
    let mut input = RecvBuf::<INPUT>::new();
    chip::start();
    chip::send(b"READY\r\n");
    loop {
        // An error is a response that does not fit its buffer, a bug here: it ends the connection.
        let _ = serve(&mut input);
        input.consume(INPUT);
        wait_for_gap();
    }
}

/// Responds to each request with its method, its path and the length of its body, until the
/// connection ends.
fn serve(input: &mut RecvBuf<INPUT>) -> Result<(), WriteError> {
    let (mut connection, mut spans) =
        (ServerConnection::with_limits(LIMITS), FieldSpans::<FIELDS>::new());
    let mut out = WireBuf::<WIRE>::new();
    let (mut status, mut text, mut length) = (Status::OK, Text::<{ TARGET + 64 }>::new(), 0_u64);
    loop {
        let (mut is_starved, mut used) = (false, 0);
        match (connection.state(), connection.error()) {
            (ServerState::Body, _) if connection.expects_continue() => {
                connection.write_continue(&mut out)?;
            }
            (ServerState::SendResponse, _) => {
                text.push_number(length).push(b" octets\n");
                connection
                    .respond(status, &mut out)?
                    .field(FieldName::CONTENT_TYPE, TEXT)?
                    .body(text.as_bytes())?;
            }
            (ServerState::Reject, Some(error)) => {
                let head = connection.reject(error.status(), &mut out)?;
                head.field(FieldName::CONTENT_TYPE, TEXT)?.body(error.hint().as_bytes())?;
            }
            (ServerState::Close | ServerState::Upgraded | ServerState::Reject, _) => {
                return Ok(());
            }
            _ => match connection.receive(input.filled_mut(), spans.lend()) {
                // The head is gone when its body has been received: keep what the response needs.
                Ok(Received { used: count, event: Event::Head(head) }) => {
                    // A 200 to CONNECT would open a tunnel.
                    let is_connect = head.method() == Method::CONNECT;
                    status = if is_connect { Status::NOT_IMPLEMENTED } else { Status::OK };
                    text = Text::new();
                    text.push(head.method().as_bytes()).push(b" ");
                    text.push(head.target().path_as_bytes()).push(b", ");
                    (used, length) = (count, 0);
                }
                Ok(Received { used: count, event: Event::Data(data) }) => {
                    (used, length) = (count, length.saturating_add(data.len() as u64))
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
        } else if is_starved && !receive(input, connection.state()) {
            let head = connection.reject(Status::REQUEST_TIMEOUT, &mut out)?;
            head.field(FieldName::CONTENT_TYPE, TEXT)?.body(b"timed out: send requests faster")?;
        }
        chip::send(out.as_bytes());
        out.clear();
    }
}

/// Receives the next octets, and returns whether any came. Times out after [`PATIENCE`] within a
/// request; waits for ever between requests.
fn receive(input: &mut RecvBuf<INPUT>, state: ServerState) -> bool {
    let start = chip::now();
    loop {
        let count = input.fill_from(|room| {
            let mut count = 0_usize;
            for (to, octet) in room.iter_mut().zip(core::iter::from_fn(chip::receive)) {
                (*to, count) = (octet, count.saturating_add(1));
            }
            Ok::<_, core::convert::Infallible>(count)
        });
        if count != Ok(0) {
            return true;
        } else if state != ServerState::Idle && chip::now().wrapping_sub(start) > PATIENCE {
            return false;
        }
    }
}

/// Discards input until the line is quiet for [`GAP`].
fn wait_for_gap() {
    let mut since = chip::now();
    while chip::now().wrapping_sub(since) < GAP {
        if chip::receive().is_some() {
            since = chip::now();
        }
    }
}
