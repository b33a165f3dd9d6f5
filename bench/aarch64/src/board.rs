//! The board: its start, its console and its counter of instructions.

use core::arch::{asm, global_asm};
use core::fmt::{self, Write};

// Enables vector registers, and maps the second gigabyte, where the program is, as normal memory.
// Elsewhere, an access has to be aligned.
global_asm!(
    ".section .text.start, \"ax\"",
    ".globl _start",
    "_start:",
    "ldr x0, =stack",
    "mov sp, x0",
    "mov x0, #(3 << 20)",
    "msr cpacr_el1, x0",
    "ldr x0, =table",
    "ldr x1, =0x40000701",
    "str x1, [x0, #8]",
    "msr ttbr0_el1, x0",
    "mov x0, #0xff",
    "msr mair_el1, x0",
    "ldr x0, =0x803519",
    "msr tcr_el1, x0",
    "isb",
    "mrs x0, sctlr_el1",
    "mov x1, #0x1005",
    "orr x0, x0, x1",
    "bic x0, x0, #2",
    "msr sctlr_el1, x0",
    "isb",
    "bl {main}",
    main = sym crate::main,
);

/// Calls the debugger's host.
fn semihosting(operation: u64, argument: u64) {
    // SAFETY: the host reads the argument and changes nothing else.
    unsafe { asm!("hlt #0xf000", inout("x0") operation => _, in("x1") argument) };
}

/// The host's console.
pub struct Console;

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for octet in text.bytes() {
            semihosting(3, (&raw const octet).addr() as u64);
        }
        Ok(())
    }
}

/// Ends the emulation with this status.
pub fn exit(status: u64) -> ! {
    const APPLICATION_EXIT: u64 = 0x20026;
    let reason = [APPLICATION_EXIT, status];
    semihosting(0x18, reason.as_ptr().addr() as u64);
    loop {}
}

/// Returns the instructions so far, in units of [`UNIT`].
pub fn instructions() -> u64 {
    let ticks: u64;
    // SAFETY: reads a register.
    unsafe { asm!("isb", "mrs {}, cntvct_el0", out(reg) ticks) };
    ticks
}

/// The instructions in a tick of 62.5 MHz, with one instruction a nanosecond.
pub const UNIT: u64 = 16;

#[panic_handler]
fn panic(why: &core::panic::PanicInfo<'_>) -> ! {
    let _ = writeln!(Console, "{why}");
    exit(1)
}
