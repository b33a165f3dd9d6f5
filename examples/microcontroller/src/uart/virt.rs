//! QEMU's RISC-V board `virt`: its serial port, an NS16550A, and the timer of the machine.

use microcontroller::Register;

pub use riscv_rt::entry;

const UART_DATA: Register<u8> = uart(0);
const UART_QUEUES: Register<u8> = uart(2);
const UART_LINE: Register<u8> = uart(3);
const UART_STATE: Register<u8> = uart(5);
// SAFETY: the board has a register at this address: the lower half of the time.
const TIME: Register = unsafe { Register::at(0x0200_bff8) };

/// The rate at which [`now`] counts.
pub const TICKS_PER_SECOND: u32 = 10_000_000;

const fn uart(offset: usize) -> Register<u8> {
    // SAFETY: the serial port has a register at each of the offsets above.
    unsafe { Register::at(0x1000_0000 + offset) }
}

/// Starts the serial port. The timer runs since the reset.
pub fn start() {
    UART_LINE.write(3); // 8 bits
    UART_QUEUES.write(1); // on
}

/// Returns the time in ticks; it wraps around after 7 minutes.
pub fn now() -> u32 {
    TIME.read()
}

/// Returns the next received octet, if there is one.
pub fn receive() -> Option<u8> {
    (UART_STATE.read() & 1 != 0).then(|| UART_DATA.read())
}

/// Sends these octets.
pub fn send(octets: &[u8]) {
    for octet in octets {
        while UART_STATE.read() & 1 << 5 == 0 {}
        UART_DATA.write(*octet);
    }
}
