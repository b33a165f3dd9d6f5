//! The Cortex-M of QEMU's mps2-an385. Its timer ticks every 40 ns (25 MHz), so once every 40
//! instructions.

use core::arch::asm;
use cortex_m::Peripherals;
use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;

pub use cortex_m_rt::entry;

const INSTRUCTIONS_A_TICK: u32 = 40;

pub fn start_counter() {
    if let Some(mut board) = Peripherals::take() {
        board.SYST.set_clock_source(SystClkSource::Core);
        board.SYST.set_reload(0x00ff_ffff);
        board.SYST.enable_counter();
    }
}

/// Returns the number of instructions that the work takes, to the next 40.
#[inline(always)]
pub fn instructions_of(work: impl FnOnce()) -> u32 {
    let before = SYST::get_current();
    work();
    (before.wrapping_sub(SYST::get_current()) & 0x00ff_ffff) * INSTRUCTIONS_A_TICK
}

#[inline(always)]
pub fn stack_pointer() -> *mut u32 {
    let pointer;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, sp", out(reg) pointer) };
    pointer
}

pub fn semihosting(operation: u32, parameter: u32) {
    // SAFETY: the emulator handles the breakpoint as a call, and reads the parameter.
    unsafe { asm!("bkpt 0xab", inout("r0") operation => _, in("r1") parameter) };
}
