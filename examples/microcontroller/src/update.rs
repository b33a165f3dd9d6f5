//! A firmware update over HTTP: downloads an image into flash, and resumes after a broken
//! connection.
//!
//! The server has `firmware.bin`, and `firmware.bin.sha256` as `sha256sum` prints it; any file
//! server will do. The image is marked as valid if its length and its digest are right.
#![no_std]
#![no_main]

mod flash;
#[allow(dead_code, reason = "the update has no lamp")]
mod lm3s6965;
#[allow(dead_code, reason = "the update is no server")]
mod network;

use bareline_core::body::Framing;
use bareline_core::embedded_io_07::{ClientStream, StreamError, StreamMemory};
use bareline_core::error::{InvalidValue, ParseErrorKind};
use bareline_core::{FieldName, FieldValue, Method, Status, Target};
use core::cell::RefCell;
use core::net::{Ipv4Addr, SocketAddrV4};
use cortex_m_rt::entry;
use embedded_io::{ErrorKind, Read};
use flash::{Flash, FlashError, Slot};
use lm3s6965::{Ethernet, print};
use microcontroller::{Register, Text};
use network::{Buffers, Connection, Network};
use smoltcp::iface::{SocketHandle, SocketSet, SocketStorage};
use smoltcp::time::Duration;

/// The address that QEMU's network gives to this machine.
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);
/// The memory in place of flash: the half of the board's RAM that `build.rs` leaves out. The first
/// word is the port of the server, and the slot begins after a page.
const FLASH: usize = 0x2000_8000;
const SLOT: usize = FLASH + 1024;

const IMAGE: &str = "/firmware.bin";
const DIGEST: &str = "/firmware.bin.sha256";
const HOST: (FieldName<'_>, FieldValue<'_>) = (FieldName::HOST, FieldValue::from_static("updates"));

/// The limit of connections for one update.
const CONNECTIONS: u32 = 5;
/// The pause before the second connection; each further one is twice as long (back-off).
const PAUSE: Duration = Duration::from_millis(50);

/// The reason why an update does not go on.
enum Failure {
    /// The connection broke. Another one may resume the download.
    Connection,
    /// The update ends.
    Update(&'static str),
}

impl From<StreamError<ErrorKind>> for Failure {
    fn from(error: StreamError<ErrorKind>) -> Self {
        match error {
            StreamError::Usage(_) => Self::Update("a request that is not valid"),
            StreamError::Peer(error) if error.kind() != ParseErrorKind::Truncated => {
                Self::Update("an invalid response")
            }
            _ => Self::Connection,
        }
    }
}

impl From<InvalidValue> for Failure {
    fn from(_: InvalidValue) -> Self {
        Self::Update("a request that is not valid")
    }
}

impl From<FlashError> for Failure {
    fn from(_: FlashError) -> Self {
        Self::Update("the flash failed")
    }
}

impl From<ErrorKind> for Failure {
    fn from(_: ErrorKind) -> Self {
        Self::Connection
    }
}

/// An update, which goes on from one connection to the next.
struct Update {
    slot: Slot,
    /// The strong entity tag of the image, or nothing.
    version: Text<64>,
}

type Stream<'m, 'n, 's> = ClientStream<'m, Connection<'n, 's>>;

impl Update {
    /// Downloads the image, on as many connections as it takes, and marks it as valid.
    fn run(
        &mut self,
        network: &RefCell<Network<'_>>,
        socket: SocketHandle,
        memory: &mut StreamMemory,
    ) -> Result<(), Failure> {
        // SAFETY: the memory is there, and nothing else uses the first word.
        let server = SocketAddrV4::new(SERVER, unsafe { Register::<u16>::at(FLASH) }.read());
        for number in 0..CONNECTIONS {
            let connected = Connection::connect(network, socket, server).map_err(Failure::from);
            let ran = connected.and_then(|connection| {
                self.on_connection(&mut ClientStream::new(connection, memory))
            });
            let Err(Failure::Connection) = ran else { return ran };
            log(&mut |line| line.push(b"connection lost at octet ").push_number(self.at()));
            let end = network.borrow().now + PAUSE * (1 << number);
            while network.borrow().now < end {
                lm3s6965::sleep();
                network.borrow_mut().poll();
            }
        }
        Err(Failure::Update("too many connections were lost"))
    }

    /// Returns the number of octets received so far.
    fn at(&self) -> u64 {
        self.slot.received() as u64
    }

    /// Downloads the digest, which may be another one than before, and the rest of the image.
    fn on_connection(&mut self, stream: &mut Stream<'_, '_, '_>) -> Result<(), Failure> {
        let digest = digest(stream)?;
        // A connection may break after the last octet, before the end of a chunked body.
        if !(self.slot.is_complete() && self.slot.finish(digest)?) {
            self.image(stream)?;
            if !self.slot.is_complete() {
                return Err(Failure::Update("a part of another length than declared"));
            }
            if !self.slot.finish(digest)? {
                return Err(Failure::Update("the digest is wrong"));
            }
        }
        log(&mut |line| line.push(b"valid: ").push_number(self.at()).push(b" octets"));
        Ok(())
    }

    /// Downloads the image, or the rest of it, into the slot.
    fn image(&mut self, stream: &mut Stream<'_, '_, '_>) -> Result<(), Failure> {
        let (at, length, mut range) = (self.at(), self.slot.length() as u64, Text::<40>::new());
        range.push(b"bytes=").push_number(at).push(b"-");
        let fields = [
            HOST,
            (FieldName::RANGE, FieldValue::new(range.as_bytes())?),
            (FieldName::IF_RANGE, FieldValue::new(self.version.as_bytes())?),
        ];
        let is_resumed = (1..length).contains(&at) && !self.version.as_bytes().is_empty();
        let fields = if is_resumed { &fields[..] } else { &[HOST][..] };
        let mut response = stream.request(Method::GET, Target::new(IMAGE)?, fields, b"")?;
        let head = response.head();
        let version = head.fields().get(FieldName::ETAG).map_or(&b""[..], |tag| tag.as_bytes());
        match (head.status(), head.framing(Method::GET)) {
            // Without a range, or since the image has changed.
            (Status::OK, Ok(Framing::Length(length))) => {
                if !self.slot.begin(length)? {
                    return Err(Failure::Update("the image is empty or too long"));
                }
                // `If-Range` needs a strong tag [RFC 9110 section 13.1.5].
                self.version = Text::new();
                if version.starts_with(b"\"") && version.len() <= 64 {
                    self.version.push(version);
                }
                log(&mut |line| line.push(b"image of ").push_number(length).push(b" octets"));
            }
            (Status::OK, _) => return Err(Failure::Update("an image without Content-Length")),
            (Status::PARTIAL_CONTENT, _) if is_resumed => {
                let mut range = Text::<80>::new();
                range.push(b"bytes ").push_number(at).push(b"-").push_number(length - 1);
                range.push(b"/").push_number(length);
                let sent = head.fields().get(FieldName::CONTENT_RANGE);
                if sent.is_none_or(|sent| sent.as_bytes() != range.as_bytes()) {
                    return Err(Failure::Update("another range than requested"));
                } else if version != self.version.as_bytes() {
                    return Err(Failure::Update("a part of another version"));
                }
                log(&mut |line| line.push(b"resumed at octet ").push_number(at));
            }
            _ => return Err(Failure::Update("another status than 200 or 206")),
        }
        let mut piece = [0; 512];
        while let count @ 1.. = response.read(&mut piece)? {
            self.slot.append(piece.get(..count).unwrap_or(&[]))?;
        }
        Ok(())
    }
}

/// Downloads the digest of the image: 64 hexadecimal digits, before the name of a file.
fn digest(stream: &mut Stream<'_, '_, '_>) -> Result<[u8; 32], Failure> {
    let mut response = stream.request(Method::GET, Target::new(DIGEST)?, &[HOST], b"")?;
    if response.head().status() != Status::OK {
        return Err(Failure::Update("no digest"));
    }
    let (mut digits, mut count, mut digest) = ([0; 64], 0, [0; 32]);
    while let more @ 1.. = response.read(digits.get_mut(count..).unwrap_or(&mut []))? {
        count += more;
    }
    let is_digest = hex::decode_to_slice(digits, &mut digest).is_ok();
    is_digest.then_some(digest).ok_or(Failure::Update("an invalid digest"))
}

/// Prints a line.
fn log(write: &mut dyn FnMut(&mut Text<80>) -> &mut Text<80>) {
    let mut line = Text::new();
    line.push(b"update: ");
    print(str::from_utf8(write(&mut line).push(b"\n").as_bytes()).unwrap_or("\n"));
}

#[entry]
fn main() -> ! {
    static mut MEMORY: StreamMemory = StreamMemory::new();
    static mut CHIP: Ethernet = Ethernet::new();
    static mut BUFFERS: Buffers = [[0; 1024]; 2];
    let mut storage = [SocketStorage::EMPTY];
    let mut network = Network::start(CHIP, SocketSet::new(&mut storage[..]));
    let socket = network.add(BUFFERS);
    let network = RefCell::new(network);
    // SAFETY: the memory is there, it is not the RAM of the program, and this is the only call.
    let slot = Slot::new(unsafe { Flash::at(SLOT) });
    print("READY\n");
    let mut update = Update { slot, version: Text::new() };
    // A product restarts after an update, and its bootloader starts the image.
    if let Err(Failure::Update(reason)) = update.run(&network, socket, MEMORY) {
        log(&mut |line| line.push(b"failed: ").push(reason.as_bytes()));
    }
    loop {
        lm3s6965::sleep();
    }
}
