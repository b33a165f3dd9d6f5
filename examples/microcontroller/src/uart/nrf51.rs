//! The nRF51822: its serial port, and a timer.

use microcontroller::Register;

pub use cortex_m_rt::entry;

const UART_START_RECEIVER: Register = register(0x4000_2000);
const UART_START_SENDER: Register = register(0x4000_2008);
const UART_HAS_RECEIVED: Register = register(0x4000_2108);
const UART_HAS_SENT: Register = register(0x4000_211c);
const UART_ENABLE: Register = register(0x4000_2500);
const UART_SENDER_PIN: Register = register(0x4000_250c);
const UART_RECEIVER_PIN: Register = register(0x4000_2514);
const UART_RECEIVED: Register = register(0x4000_2518);
const UART_TO_SEND: Register = register(0x4000_251c);
const UART_SPEED: Register = register(0x4000_2524);
const TIMER_START: Register = register(0x4000_8000);
const TIMER_CAPTURE: Register = register(0x4000_8040);
const TIMER_WIDTH: Register = register(0x4000_8508);
const TIMER_PRESCALER: Register = register(0x4000_8510);
const TIMER_CAPTURED: Register = register(0x4000_8540);
const PIN_OUTPUT: Register = register(0x5000_0518);

/// The pins of the micro:bit that lead to its USB side.
const SENDER_PIN: u32 = 24;
const RECEIVER_PIN: u32 = 25;
/// The register value for 115,200 bit/s, from the data sheet.
const SPEED: u32 = 0x01d7_e000;

/// The rate at which [`now`] counts.
pub const TICKS_PER_SECOND: u32 = 1_000_000;

const fn register(address: usize) -> Register {
    // SAFETY: the nRF51 has a register at each of the addresses above.
    unsafe { Register::at(address) }
}

/// Starts the serial port and the timer.
pub fn start() {
    TIMER_WIDTH.write(3); // 32 bits
    TIMER_PRESCALER.write(4); // of 16 MHz: microseconds
    TIMER_START.write(1);
    PIN_OUTPUT.write(1 << SENDER_PIN);
    UART_SENDER_PIN.write(SENDER_PIN);
    UART_RECEIVER_PIN.write(RECEIVER_PIN);
    UART_SPEED.write(SPEED);
    UART_ENABLE.write(4);
    UART_START_RECEIVER.write(1);
    UART_START_SENDER.write(1);
}

/// Returns the time in ticks; it wraps around after 71 minutes.
pub fn now() -> u32 {
    TIMER_CAPTURE.write(1);
    TIMER_CAPTURED.read()
}

/// Returns the next received octet, if there is one.
pub fn receive() -> Option<u8> {
    if UART_HAS_RECEIVED.read() == 0 {
        return None;
    }
    UART_HAS_RECEIVED.write(0); // before the read, since the next octet sets it again
    Some(UART_RECEIVED.read().to_le_bytes()[0])
}

/// Sends these octets.
pub fn send(octets: &[u8]) {
    for octet in octets {
        UART_HAS_SENT.write(0);
        UART_TO_SEND.write((*octet).into());
        while UART_HAS_SENT.read() == 0 {}
    }
}
