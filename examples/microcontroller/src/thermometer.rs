//! A thermometer with a heater: its page takes a set point, and readings go to a server.
//!
//! The page is served by [`ServerStream`], and a [`ClientStream`] keeps its connection for the next
//! reading. Both are blocking, on one thread: the readings wait for the request that is served.
#![no_std]
#![no_main]

mod lm3s6965;
mod network;

use bareline_core::embedded_io_07::{ClientStream, ServerStream, StreamError, StreamMemory};
use bareline_core::head::Limits;
use bareline_core::{FieldName, FieldValue, Method, Status, Target};
use core::cell::RefCell;
use core::net::SocketAddrV4;
use cortex_m_rt::entry;
use embedded_io::{ErrorKind, Read};
use lm3s6965::{Ethernet, is_lamp_on, switch_lamp};
use microcontroller::Text;
use network::{Buffers, Connection, Network};
use smoltcp::iface::{SocketHandle, SocketSet, SocketStorage};
use smoltcp::time::{Duration, Instant};

/// One goes to the server of the readings, and the others serve the page, as those of `minimal`.
const SOCKETS: usize = 4;
const PERIOD: Duration = Duration::from_secs(1); // between readings
const PAUSE: Duration = Duration::from_millis(250); // before it connects again

const LIMITS: Limits = Limits::new().method(16).target(128).drain(1024);

type Field = (FieldName<'static>, FieldValue<'static>);
const HTML: Field = (FieldName::CONTENT_TYPE, FieldValue::from_static("text/html; charset=utf-8"));
const TEXT: Field = (FieldName::CONTENT_TYPE, FieldValue::from_static("text/plain; charset=utf-8"));
const JSON: Field = (FieldName::CONTENT_TYPE, FieldValue::from_static("application/json"));
const ALLOW_GET: Field = (FieldName::ALLOW, FieldValue::from_static("GET, HEAD"));
const ALLOW_PUT: Field = (FieldName::ALLOW, FieldValue::from_static("PUT"));

/// A room and its heater, which is the lamp. Temperatures are in tenths of a degree Celsius.
struct Thermometer {
    temperature: i16,
    set_point: i16,
    /// The time of the next measurement.
    next: Instant,
    /// The server of the readings, which a request sets.
    server: Option<SocketAddrV4>,
    /// The number of readings so far.
    readings: u64,
}

impl Thermometer {
    /// Measures and switches the heater. QEMU has no sensor: this room warms up or cools down.
    fn measure(&mut self, now: Instant) {
        while self.next <= now {
            self.next += Duration::from_millis(100);
            self.temperature += if is_lamp_on() { 1 } else { -1 };
            switch_lamp(self.temperature < self.set_point);
        }
    }

    /// Measures, and serves the connections that clients open, for this time or for the rest of the
    /// last connection.
    fn run(
        &mut self,
        time: Duration,
        network: &RefCell<Network<'_>>,
        sockets: &[SocketHandle],
        memory: &mut StreamMemory,
    ) {
        let end = network.borrow().now + time;
        while network.borrow().now < end {
            network.borrow_mut().poll();
            for socket in sockets {
                let Some(mut connection) = Connection::accept(network, *socket) else { continue };
                let _ = self.serve(&mut connection, memory); // nothing can be sent after an error
                connection.close();
            }
            self.measure(network.borrow().now);
            lm3s6965::sleep();
        }
    }

    /// Responds to the requests of a connection, until it ends.
    fn serve(
        &mut self,
        connection: &mut Connection<'_, '_>,
        memory: &mut StreamMemory,
    ) -> Result<(), StreamError<ErrorKind>> {
        let mut stream = ServerStream::with_limits(connection, memory, LIMITS);
        while let Some(mut exchange) = stream.next_request()? {
            let (mut buffer, mut length) = ([0; 24], 0);
            while let more @ 1.. = exchange.read(buffer.get_mut(length..).unwrap_or(&mut []))? {
                length += more;
            }
            let content = str::from_utf8(buffer.get(..length).unwrap_or(&[])).unwrap_or("");
            let head = exchange.head();
            let mut text = Text::<512>::new();
            let (status, field) = match (head.method().as_bytes(), head.target().path()) {
                (b"GET" | b"HEAD", "/") => (Status::OK, self.page(&mut text)),
                (b"GET" | b"HEAD", "/temperature") => (Status::OK, self.state(&mut text)),
                (b"PUT", "/set-point") => match set_point(content) {
                    Ok(tenths) => {
                        self.set_point = tenths;
                        (Status::OK, self.state(&mut text))
                    }
                    Err(reason) => (Status::BAD_REQUEST, say(&mut text, reason)),
                },
                (b"PUT", "/server") => match content.parse() {
                    Ok(server) => {
                        self.server = Some(server);
                        (Status::OK, self.state(&mut text))
                    }
                    Err(_) => (Status::BAD_REQUEST, say(&mut text, "send a.b.c.d:port\n")),
                },
                (_, "/" | "/temperature") => (Status::METHOD_NOT_ALLOWED, ALLOW_GET),
                (_, "/set-point" | "/server") => (Status::METHOD_NOT_ALLOWED, ALLOW_PUT),
                _ => (Status::NOT_FOUND, say(&mut text, "the page is at /\n")),
            };
            exchange.respond(status, &[field], text.as_bytes())?;
        }
        Ok(())
    }

    /// Writes the page. A form cannot send a PUT, so a script does.
    fn page(&self, text: &mut Text<512>) -> Field {
        text.push(b"<!DOCTYPE html><title>Thermometer</title><link rel=icon href=data:,><p>It is ");
        push_tenths(text, self.temperature);
        text.push(
            b" &deg;C.<form onsubmit=\"fetch('/set-point',{method:'PUT',body:t.value}).then(r=>r.ok\
              ?location.reload():r.text().then(alert));return false\"><input id=t value=",
        );
        push_tenths(text, self.set_point);
        text.push(b"><button>Set</button></form>\n");
        HTML
    }

    /// Writes the state.
    fn state(&self, text: &mut Text<512>) -> Field {
        text.push(b"{\"celsius\":");
        push_tenths(text, self.temperature);
        text.push(b",\"set_point\":");
        push_tenths(text, self.set_point);
        text.push(if is_lamp_on() { b",\"heating\":true}\n" } else { b",\"heating\":false}\n" });
        JSON
    }

    /// Returns a reading for the server, which has its number.
    fn reading(&mut self) -> Text<64> {
        self.readings += 1;
        let mut text = Text::new();
        text.push(b"{\"number\":").push_number(self.readings).push(b",\"celsius\":");
        push_tenths(&mut text, self.temperature);
        text.push(b"}\n");
        text
    }
}

/// Writes a message.
fn say(text: &mut Text<512>, message: &str) -> Field {
    text.push(message.as_bytes());
    TEXT
}

/// Posts a reading.
fn post(
    stream: &mut ClientStream<'_, Connection<'_, '_>>,
    server: SocketAddrV4,
    reading: &Text<64>,
) -> Result<(), StreamError<ErrorKind>> {
    let mut host = Text::<21>::new();
    for (octet, end) in server.ip().octets().into_iter().zip([b".", b".", b".", b":"]) {
        host.push_number(octet.into()).push(end);
    }
    host.push_number(server.port().into());
    let host = (FieldName::HOST, FieldValue::new(host.as_bytes())?);
    let target = Target::new("/readings")?;
    stream.request(Method::POST, target, &[host, JSON], reading.as_bytes()).map(drop)
}

/// Parses a set point into tenths of a degree. Fails with the reason.
fn set_point(number: &str) -> Result<i16, &'static str> {
    let (whole, tenth) = match number.as_bytes() {
        [whole @ .., b'.', tenth] => (whole, *tenth),
        whole => (whole, b'0'),
    };
    let is_number = matches!(whole.len(), 1..=2) && whole.iter().all(u8::is_ascii_digit);
    if !is_number || !tenth.is_ascii_digit() {
        return Err("send a number such as 21 or 21.5\n");
    }
    let digits = whole.iter().chain([&tenth]);
    match digits.fold(0, |tenths, digit| tenths * 10 + i16::from(digit & 0xf)) {
        tenths @ 50..=300 => Ok(tenths),
        _ => Err("send a number from 5 to 30\n"),
    }
}

/// Appends tenths as a number, such as `-0.5`.
fn push_tenths<const N: usize>(text: &mut Text<N>, tenths: i16) {
    let size = tenths.unsigned_abs();
    text.push(if tenths < 0 { b"-" } else { b"" });
    text.push_number((size / 10).into()).push(b".").push_number((size % 10).into());
}

#[entry]
fn main() -> ! {
    static mut TO_SERVE: StreamMemory = StreamMemory::new();
    static mut TO_POST: StreamMemory<16, 512, 256> = StreamMemory::new();
    static mut CHIP: Ethernet = Ethernet::new();
    static mut BUFFERS: [Buffers; SOCKETS] = [[[0; 1024]; 2]; SOCKETS];
    let mut storage = [SocketStorage::EMPTY; SOCKETS];
    let mut network = Network::start(CHIP, SocketSet::new(&mut storage[..]));
    let [client, servers @ ..] = BUFFERS.each_mut().map(|buffers| network.add(buffers));
    let network = RefCell::new(network);
    let mut thermometer = Thermometer {
        temperature: 180,
        set_point: 200,
        next: Instant::ZERO,
        server: None,
        readings: 0,
    };
    let mut reading = thermometer.reading();
    lm3s6965::print("READY\n");
    loop {
        thermometer.run(PAUSE, &network, &servers, TO_SERVE);
        let Some(server) = thermometer.server else { continue };
        let Ok(connection) = Connection::connect(&network, client, server) else { continue };
        let mut stream = ClientStream::new(connection, TO_POST);
        // The server may close the connection at any time. A reading that had no response goes out
        // again on the next connection; the server knows it by its number.
        while thermometer.server == Some(server) && post(&mut stream, server, &reading).is_ok() {
            thermometer.run(PERIOD, &network, &servers, TO_SERVE);
            reading = thermometer.reading();
            network.borrow_mut().begin();
        }
    }
}
