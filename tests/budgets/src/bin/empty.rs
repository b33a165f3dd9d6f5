//! The baseline: a firmware that parses nothing.
#![no_std]
#![no_main]

use budgets::{LARGE_REQUEST, SMALL_REQUEST, entry, measure};

#[entry]
fn main() -> ! {
    measure(&[SMALL_REQUEST, LARGE_REQUEST], |input| input.len())
}
