//! Every public function of bareline-core, called: `main.rs` proves that none of them panics, and
//! `tests/budgets` measures what all of them cost.
#![no_std]

pub mod calls;
#[cfg(feature = "defmt")]
pub mod logged;
