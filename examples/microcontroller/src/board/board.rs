//! The board around the processor: console, lamp, clock and sleep.

use crate::lan9118::Lan9118;
use cortex_m::Peripherals;
use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{NVIC, SCB};
use microcontroller::Register;
use smoltcp::time::Instant;

const UART_DATA: Register = register(0x4000_4000);
const UART_STATE: Register = register(0x4000_4004);
const UART_CONTROL: Register = register(0x4000_4008);
const UART_DIVISOR: Register = register(0x4000_4010);
const LAMPS: Register = register(0x4002_8000);
const HUNDREDTHS: Register = register(0x4002_8014);
const CYCLES: Register = register(0x4002_8018);

const CYCLES_PER_SECOND: u32 = 25_000_000;

const fn register(address: usize) -> Register {
    // SAFETY: the mps2-an385 has a register at each of the addresses above.
    unsafe { Register::at(address) }
}

/// Prints to the console.
pub fn print(text: &str) {
    UART_DIVISOR.write(16);
    UART_CONTROL.write(1); // sender on
    for octet in text.bytes() {
        while UART_STATE.read() & 1 != 0 {}
        UART_DATA.write(octet.into());
    }
}

/// The board after its start.
pub struct Board {
    /// The number of requests received.
    pub requests: u32,
    /// A client waits for a free connection.
    pub is_awaited: bool,
    /// The time since the start.
    pub now: Instant,
    /// The counter of hundredths of a second at the time of `now`.
    hundredths: u32,
}

/// The first lamp of the board.
#[derive(Clone, Copy, PartialEq)]
pub enum Lamp {
    Off,
    On,
}

#[derive(Clone, Copy)]
struct Ethernet;

// SAFETY: it is the number of the network chip's interrupt on the mps2-an385.
unsafe impl InterruptNumber for Ethernet {
    fn number(self) -> u16 {
        13
    }
}

impl Board {
    /// Starts the sources that wake the processor: the network chip, and a clock of 100 Hz.
    ///
    /// No interrupt is ever taken: a pending one ends [`sleep`](Self::sleep), and the main loop
    /// does the work.
    pub fn start(peripherals: Peripherals) -> Self {
        let Peripherals { mut SYST, .. } = peripherals;
        cortex_m::interrupt::disable();
        SYST.set_clock_source(SystClkSource::Core);
        SYST.set_reload(CYCLES_PER_SECOND / 100);
        SYST.clear_current();
        SYST.enable_counter();
        SYST.enable_interrupt();
        // SAFETY: interrupts are off, so no critical section is broken.
        unsafe { NVIC::unmask(Ethernet) };
        Self { requests: 0, is_awaited: false, now: Instant::ZERO, hundredths: HUNDREDTHS.read() }
    }

    /// Returns a number that is hard to guess from outside. A product takes it from a source of
    /// randomness, which this board lacks.
    pub fn seed(&self) -> u64 {
        u64::from(CYCLES.read()) ^ 0x9e37_79b9_7f4a_7c15
    }

    /// Updates the time, and clears pending interrupts so that the next event wakes the processor.
    pub fn wake(&mut self, network: &Lan9118) {
        network.acknowledge();
        NVIC::unpend(Ethernet);
        SCB::clear_pendst();
        let hundredths = HUNDREDTHS.read();
        let passed = hundredths.wrapping_sub(core::mem::replace(&mut self.hundredths, hundredths));
        self.now += smoltcp::time::Duration::from_millis(u64::from(passed) * 10);
    }

    /// Sleeps until the next event after [`wake`](Self::wake).
    pub fn sleep(&self) {
        cortex_m::asm::wfi();
    }

    /// Returns the state of the lamp.
    pub fn lamp(&self) -> Lamp {
        if LAMPS.read() & 1 == 0 { Lamp::Off } else { Lamp::On }
    }

    /// Switches the lamp.
    pub fn switch(&self, lamp: Lamp) {
        LAMPS.write(u32::from(lamp == Lamp::On));
    }
}
