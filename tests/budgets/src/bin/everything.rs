//! Every public function of core, from the calls that prove the absence of panic paths.
#![no_std]
#![no_main]

use budgets::{LARGE_REQUEST, entry, measure};
use panic_free::calls;

#[entry]
fn main() -> ! {
    measure(&[LARGE_REQUEST], |input| {
        calls::all(input);
        input.len()
    })
}
