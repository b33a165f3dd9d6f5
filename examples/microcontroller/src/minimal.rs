//! A web server in one file: a page with two buttons, which switch the board's lamp.
//!
//! The board is TI's LM3S6965, a Cortex-M3 with Ethernet that QEMU emulates (`lm3s6965evb`). TCP/IP
//! is smoltcp, HTTP is [`ServerStream`]. One connection is served at a time; others wait in their
//! sockets. `board` serves four at once.
#![no_std]
#![no_main]

use bareline_core::embedded_io_07::{ServerStream, StreamError, StreamMemory};
use bareline_core::{FieldName, FieldValue, Status};
use core::sync::atomic::{AtomicU32, Ordering};
use cortex_m::peripheral::{SCB, syst::SystClkSource};
use cortex_m_rt::{entry, exception};
use embedded_io::{ErrorKind, ErrorType, Read, Write};
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet, SocketStorage};
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp::{Socket, SocketBuffer};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{EthernetAddress, Ipv4Address, Ipv4Cidr};

/// The board's address in QEMU's network. A product gets one by DHCP.
const ADDRESS: Ipv4Cidr = Ipv4Cidr::new(Ipv4Address::new(10, 0, 2, 15), 24);
const HARDWARE_ADDRESS: [u8; 6] = [0x52, 0x54, 0x00, 0x12, 0x34, 0x57];
const SOCKETS: usize = 3; // one connection is served, and the others wait

/// The timeout for the next octet, and for the lingering close.
const SILENCE: Duration = Duration::from_secs(1);
const CONNECTION: Duration = Duration::from_secs(10); // the timeout of a whole connection

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
    connection: &mut Network<'_>,
    memory: &mut StreamMemory,
) -> Result<(), StreamError<ErrorKind>> {
    let mut stream = ServerStream::new(connection, memory);
    while let Some(mut exchange) = stream.next_request()? {
        let head = exchange.head();
        let (status, field, body) = match (head.method().as_bytes(), head.target().path()) {
            (b"GET" | b"HEAD", "/") if read(LAMP) & 1 == 1 => (Status::OK, HTML, page!("on")),
            (b"GET" | b"HEAD", "/") => (Status::OK, HTML, page!("off")),
            (b"POST", "/lamp") => {
                let (mut form, mut length) = ([0; 16], 0);
                while let more @ 1.. = exchange.read(form.get_mut(length..).unwrap_or(&mut []))? {
                    length += more;
                }
                match form.get(..length) {
                    Some(word @ (b"lamp=on" | b"lamp=off")) => {
                        write(LAMP, u32::from(word == b"lamp=on"));
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
    static mut CHIP: Ethernet = Ethernet { received: [0; 1520], to_send: [0; 1520] };
    static mut BUFFERS: [[[u8; 1024]; 2]; SOCKETS] = [[[0; 1024]; 2]; SOCKETS];
    start();
    let mut config = Config::new(EthernetAddress(HARDWARE_ADDRESS).into());
    config.random_seed = 0x9e37_79b9_7f4a_7c15; // a product takes it from a source of randomness
    let now = Instant::ZERO;
    let mut interface = Interface::new(config, CHIP, now);
    interface.update_ip_addrs(|addresses| _ = addresses.push(ADDRESS.into()));
    let mut storage = [SocketStorage::EMPTY; SOCKETS];
    let mut sockets = SocketSet::new(&mut storage[..]);
    let handles = BUFFERS.each_mut().map(|[received, sent]| {
        let received = SocketBuffer::new(&mut received[..]);
        let mut socket = Socket::new(received, SocketBuffer::new(&mut sent[..]));
        socket.set_timeout(Some(CONNECTION * 3)); // also ends a handshake that stays incomplete
        sockets.add(socket)
    });
    let [served, ..] = handles;
    let mut network = Network { interface, chip: CHIP, sockets, now, served, end: now };
    b"READY\n".iter().for_each(|octet| write(CONSOLE, (*octet).into()));
    loop {
        network.poll();
        for handle in handles {
            network.served = handle;
            if network.socket().may_send() {
                network.end = network.now + CONNECTION;
                let _ = serve(&mut network, MEMORY); // after an error there is nothing left to send
                network.close();
            }
            let _ = network.socket().listen(80); // fails while the socket has a connection
        }
        cortex_m::asm::wfi();
    }
}

/// TCP/IP, and the connection that is served, as a blocking transport.
struct Network<'s> {
    interface: Interface,
    chip: &'s mut Ethernet,
    sockets: SocketSet<'s>,
    /// The time since the start.
    now: Instant,
    served: SocketHandle,
    /// The time at which the served connection times out.
    end: Instant,
}

impl<'s> Network<'s> {
    /// Updates the time, and receives and sends frames.
    fn poll(&mut self) {
        self.now += Duration::from_millis(MILLISECONDS.swap(0, Ordering::Relaxed).into());
        self.interface.poll(self.now, self.chip, &mut self.sockets);
    }

    /// Returns the socket of the connection.
    fn socket(&mut self) -> &mut Socket<'s> {
        self.sockets.get_mut(self.served)
    }

    /// Runs the network until the socket is ready, and returns it.
    fn wait(&mut self, ready: fn(&mut Socket<'_>) -> bool) -> Result<&mut Socket<'s>, ErrorKind> {
        let silence = self.now + SILENCE;
        loop {
            self.poll();
            let is_ready = ready(self.socket());
            if self.now > self.end || !is_ready && self.now > silence {
                return Err(ErrorKind::TimedOut);
            } else if is_ready {
                return Ok(self.socket());
            }
            cortex_m::asm::wfi();
        }
    }

    /// Closes the connection. Discards what arrives, since a reset would destroy the last response
    /// (lingering close).
    fn close(&mut self) {
        self.socket().close();
        self.end = self.now + SILENCE;
        let discard = |socket: &mut Socket<'_>| socket.recv(|octets| (octets.len(), ())).is_err();
        if self.wait(discard).is_err() || self.wait(|socket| !socket.is_active()).is_err() {
            self.socket().abort();
            self.poll(); // sends the reset
        }
    }
}

impl ErrorType for Network<'_> {
    type Error = ErrorKind;
}

impl Read for Network<'_> {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, ErrorKind> {
        let socket = self.wait(|socket| socket.can_recv() || !socket.may_recv())?;
        Ok(socket.recv_slice(room).unwrap_or(0)) // an error is the end of input
    }
}

impl Write for Network<'_> {
    fn write(&mut self, octets: &[u8]) -> Result<usize, ErrorKind> {
        let socket = self.wait(|socket| socket.can_send() || !socket.may_send())?;
        socket.send_slice(octets).map_err(|_| ErrorKind::ConnectionReset)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        self.poll();
        Ok(())
    }
}

/// The Ethernet controller, with a buffer for a frame each way, after two octets of length.
struct Ethernet {
    received: [u8; 1520],
    to_send: [u8; 1520],
}

impl Device for Ethernet {
    type RxToken<'c> = Frame<'c>;
    type TxToken<'c> = Frame<'c>;

    fn receive(&mut self, _: Instant) -> Option<(Frame<'_>, Frame<'_>)> {
        (read(FRAMES) != 0 && read(SENDING) == 0).then_some(())?;
        let first = read(DATA).to_le_bytes();
        // It counts itself and the checksum, which is 4 octets.
        let length = usize::from(u16::from_le_bytes([first[0], first[1]]));
        let mut words = self.received.chunks_mut(4);
        let rest = (1..length.div_ceil(4)).map(|_| read(DATA).to_le_bytes());
        for octets in core::iter::once(first).chain(rest) {
            let _ = words.next().map(|word| word.copy_from_slice(&octets));
        }
        let frame = self.received.get_mut(2..length.saturating_sub(4)).unwrap_or(&mut []);
        Some((Frame(frame), Frame(&mut self.to_send)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Frame<'_>> {
        (read(SENDING) == 0).then_some(Frame(&mut self.to_send))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = 1514;
        capabilities
    }
}

/// A received frame, or the buffer for a frame to send.
struct Frame<'c>(&'c mut [u8]);

impl RxToken for Frame<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, parse: F) -> R {
        parse(self.0)
    }
}

impl TxToken for Frame<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, fill: F) -> R {
        let end = length.saturating_add(2).min(self.0.len());
        let result = fill(self.0.get_mut(2..end).unwrap_or(&mut []));
        // The length of the payload, without the Ethernet header.
        let payload = u16::try_from(length.saturating_sub(14)).unwrap_or(0);
        self.0.iter_mut().zip(payload.to_le_bytes()).for_each(|(to, octet)| *to = octet);
        for word in self.0.chunks(4).take(end.div_ceil(4)) {
            write(DATA, word.iter().rev().fold(0, |word, octet| word << 8 | u32::from(*octet)));
        }
        write(SENDING, 1);
        result
    }
}

// Registers of the Ethernet controller, the lamp's pin, and the serial port, which QEMU starts.
const DATA: usize = 0x4004_8010;
const FRAMES: usize = 0x4004_8034;
const SENDING: usize = 0x4004_8038;
const LAMP: usize = 0x4002_5004;
const CONSOLE: usize = 0x4000_c000;

/// The milliseconds since the last look.
static MILLISECONDS: AtomicU32 = AtomicU32::new(0);

#[exception]
fn SysTick() {
    MILLISECONDS.fetch_add(1, Ordering::Relaxed);
}

/// Starts the devices, and a clock of 1,000 Hz that also wakes the processor.
fn start() {
    let [a, b, c, d, e, f] = HARDWARE_ADDRESS;
    write(0x400f_e108, 1 << 30 | 1 << 28 | 1 << 5); // power of Ethernet, and of the lamp's port
    write(0x4002_5400, 1); // the lamp's pin is an output
    write(0x4002_551c, 1); // and is in use
    write(0x4004_8014, u32::from_le_bytes([a, b, c, d]));
    write(0x4004_8018, u32::from_le_bytes([e, f, 0, 0]));
    write(0x4004_8008, 1 << 3 | 1); // receiver on; drops frames with a wrong checksum
    write(0x4004_800c, 1 << 4 | 1 << 2 | 1 << 1 | 1); // sender on: full duplex, checksum, padding
    if let Some(mut processor) = cortex_m::Peripherals::take() {
        processor.SYST.set_clock_source(SystClkSource::Core);
        processor.SYST.set_reload(12_000 - 1);
        processor.SYST.enable_counter();
        processor.SYST.enable_interrupt();
    }
}

/// Reads a register.
fn read(register: usize) -> u32 {
    // SAFETY: each address in this file is that of a register, and no memory is there.
    unsafe { core::ptr::with_exposed_provenance::<u32>(register).read_volatile() }
}

/// Writes a register.
fn write(register: usize, value: u32) {
    // SAFETY: as in `read`.
    unsafe { core::ptr::with_exposed_provenance_mut::<u32>(register).write_volatile(value) }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    SCB::sys_reset()
}
