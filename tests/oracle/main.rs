//! The oracle, which judges what is read and written by the RFCs' own grammar: see README.md.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod abnf;
mod compare;
mod derive;
mod elements;
mod exceptions;
mod rules;
mod written;

/// Returns the number of tokens by which strings are longer, or shorter, than those in the gate.
fn longer() -> isize {
    std::env::var("ORACLE_LONGER").map_or(0, |longer| longer.parse().unwrap())
}
