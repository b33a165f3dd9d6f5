//! Every public function of core: those whose absence of panic paths is proven.
#![no_std]
#![no_main]

#[path = "../../../panic_free/src/calls.rs"]
mod calls;

use budgets::{LARGE_REQUEST, measure};

#[cortex_m_rt::entry]
fn main() -> ! {
    measure(&[LARGE_REQUEST], |input| {
        calls::all(input);
        input.len()
    })
}
