//! The console of the mps2-an385, a serial port.

use crate::Register;

const DATA: Register = register(0x4000_4000);
const STATE: Register = register(0x4000_4004);
const CONTROL: Register = register(0x4000_4008);
const DIVISOR: Register = register(0x4000_4010);

const fn register(address: usize) -> Register {
    // SAFETY: the mps2-an385 has a register at each of the addresses above.
    unsafe { Register::at(address) }
}

/// Prints to the console.
pub fn print(octets: &[u8]) {
    DIVISOR.write(16);
    CONTROL.write(1); // sender on
    for octet in octets {
        while STATE.read() & 1 != 0 {}
        DATA.write((*octet).into());
    }
}
