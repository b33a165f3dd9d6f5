//! The RISC-V of QEMU's board `virt`, which counts its instructions.

use core::arch::asm;

pub use riscv_rt::entry;

/// Does nothing: the counter runs since the reset.
pub fn start_counter() {}

/// Returns the number of instructions that the work takes.
#[inline(always)]
pub fn instructions_of(work: impl FnOnce()) -> u32 {
    let before = instructions();
    work();
    instructions().wrapping_sub(before)
}

fn instructions() -> u32 {
    let count;
    // SAFETY: reads a register.
    unsafe { asm!("csrr {}, minstret", out(reg) count) };
    count
}

#[inline(always)]
pub fn stack_pointer() -> *mut u32 {
    let pointer;
    // SAFETY: reads a register.
    unsafe { asm!("mv {}, sp", out(reg) pointer) };
    pointer
}

pub fn semihosting(operation: u32, parameter: u32) {
    // SAFETY: the emulator handles these three instructions as a call, and reads the parameter.
    unsafe {
        asm!(
            ".balign 16", // in one page
            ".option push",
            ".option norvc",
            "slli x0, x0, 0x1f",
            "ebreak",
            "srai x0, x0, 7",
            ".option pop",
            inout("a0") operation => _,
            in("a1") parameter,
        )
    };
}
