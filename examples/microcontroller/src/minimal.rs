//! A web server to begin with: a page with two buttons, which switch the board's lamp.
//!
//! HTTP is [`ServerStream`]. One connection is served at a time; others wait in their sockets.
//! `board` serves four at once. `network` is a blocking transport on smoltcp, and `lm3s6965` the
//! board, a Cortex-M3 with Ethernet that QEMU emulates (`lm3s6965evb`).
#![no_std]
#![no_main]

mod lm3s6965;
mod network;

use bareline_core::embedded_io_07::{ServerStream, StreamError, StreamMemory};
use bareline_core::{FieldName, FieldValue, Status};
use core::cell::RefCell;
use cortex_m_rt::entry;
use embedded_io::{ErrorKind, Read};
use lm3s6965::{Ethernet, is_lamp_on, switch_lamp};
use network::{Buffers, Connection, Network};
use smoltcp::iface::{SocketSet, SocketStorage};

const SOCKETS: usize = 3; // one connection is served, and the others wait

type Field = (FieldName<'static>, FieldValue<'static>);
const HTML: Field = (FieldName::CONTENT_TYPE, FieldValue::from_static("text/html; charset=utf-8"));
const TEXT: Field = (FieldName::CONTENT_TYPE, FieldValue::from_static("text/plain; charset=utf-8"));
const TO_THE_PAGE: Field = (FieldName::LOCATION, FieldValue::from_static("/"));
const ALLOW_GET: Field = (FieldName::ALLOW, FieldValue::from_static("GET, HEAD"));
const ALLOW_POST: Field = (FieldName::ALLOW, FieldValue::from_static("POST"));

/// The page, for a lamp in this state.
macro_rules! page {
    ($state:literal) => {
        concat!(
            "<!DOCTYPE html><title>Lamp</title><link rel=icon href=data:,><p>The lamp is ",
            $state,
            ".<form method=post action=/lamp><button name=lamp value=on>On</button>",
            "<button name=lamp value=off>Off</button></form>\n"
        )
    };
}

/// Responds to the requests of a connection, until it ends.
fn serve(
    connection: &mut Connection<'_, '_>,
    memory: &mut StreamMemory,
) -> Result<(), StreamError<ErrorKind>> {
    let mut stream = ServerStream::new(connection, memory);
    while let Some(mut exchange) = stream.next_request()? {
        let head = exchange.head();
        let (status, field, body) = match (head.method().as_bytes(), head.target().path()) {
            (b"GET" | b"HEAD", "/") if is_lamp_on() => (Status::OK, HTML, page!("on")),
            (b"GET" | b"HEAD", "/") => (Status::OK, HTML, page!("off")),
            (b"POST", "/lamp") => {
                let (mut form, mut length) = ([0; 16], 0);
                while let more @ 1.. = exchange.read(form.get_mut(length..).unwrap_or(&mut []))? {
                    length += more;
                }
                match form.get(..length) {
                    Some(word @ (b"lamp=on" | b"lamp=off")) => {
                        switch_lamp(word == b"lamp=on");
                        // The browser requests the page; a reload does not send the form again.
                        (Status::SEE_OTHER, TO_THE_PAGE, "")
                    }
                    _ => (Status::UNPROCESSABLE_CONTENT, TEXT, "send lamp=on or lamp=off\n"),
                }
            }
            (_, "/") => (Status::METHOD_NOT_ALLOWED, ALLOW_GET, ""),
            (_, "/lamp") => (Status::METHOD_NOT_ALLOWED, ALLOW_POST, ""),
            _ => (Status::NOT_FOUND, TEXT, "the page is at /\n"),
        };
        exchange.respond(status, &[field], body.as_bytes())?;
    }
    Ok(())
}

#[entry]
fn main() -> ! {
    static mut MEMORY: StreamMemory = StreamMemory::new();
    static mut CHIP: Ethernet = Ethernet::new();
    static mut BUFFERS: [Buffers; SOCKETS] = [[[0; 1024]; 2]; SOCKETS];
    let mut storage = [SocketStorage::EMPTY; SOCKETS];
    let mut network = Network::start(CHIP, SocketSet::new(&mut storage[..]));
    let sockets = BUFFERS.each_mut().map(|buffers| network.add(buffers));
    let network = RefCell::new(network);
    lm3s6965::print("READY\n");
    loop {
        network.borrow_mut().poll();
        for socket in sockets {
            let Some(mut connection) = Connection::accept(&network, socket) else { continue };
            let _ = serve(&mut connection, MEMORY); // after an error there is nothing left to send
            connection.close();
        }
        lm3s6965::sleep();
    }
}
