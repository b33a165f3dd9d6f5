//! TI's LM3S6965, a Cortex-M3 with Ethernet: the driver of its chip, a lamp, console and clock.

use core::sync::atomic::{AtomicU32, Ordering};
use cortex_m::peripheral::{SCB, syst::SystClkSource};
use cortex_m_rt::exception;
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::{Duration, Instant};

/// The Ethernet controller, with a buffer for a frame each way, after two octets of length.
pub struct Ethernet {
    received: [u8; 1520],
    to_send: [u8; 1520],
}

impl Ethernet {
    /// Returns the controller with empty buffers.
    pub const fn new() -> Self {
        Self { received: [0; 1520], to_send: [0; 1520] }
    }
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
pub struct Frame<'c>(&'c mut [u8]);

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
pub fn start(address: [u8; 6]) {
    let [a, b, c, d, e, f] = address;
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

/// Returns the time that has passed since the last call.
pub fn passed() -> Duration {
    Duration::from_millis(MILLISECONDS.swap(0, Ordering::Relaxed).into())
}

/// Prints to the console.
pub fn print(text: &str) {
    text.bytes().for_each(|octet| write(CONSOLE, octet.into()));
}

/// Returns whether the lamp is on.
pub fn is_lamp_on() -> bool {
    read(LAMP) & 1 == 1
}

/// Switches the lamp on or off.
pub fn switch_lamp(is_on: bool) {
    write(LAMP, is_on.into());
}

/// Sleeps until the next tick of the clock.
pub fn sleep() {
    cortex_m::asm::wfi();
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
