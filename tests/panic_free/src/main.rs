//! A proof that bareline-core has no panic path: the panic handler calls an undefined symbol.
//!
//! The program links only if the compiler has removed every panic path as dead code.
#![no_std]
#![no_main]

use core::hint::black_box;
use panic_free::{calls, logged};

unsafe extern "C" {
    fn a_panic_path_is_left() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: never called; where it could be, the program does not link.
    unsafe { a_panic_path_is_left() }
}

// SAFETY: no other symbol of this name is linked.
#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    loop {
        calls::all(black_box(&[0u8; 1024]));
        logged::all();
    }
}
