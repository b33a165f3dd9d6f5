//! Calls of every public function of bareline-core.
//!
//! `main.rs` proves that none of these functions panics, and `tests/budgets` measures their cost.
#![no_std]

pub mod calls;
#[cfg(feature = "defmt")]
pub mod logged;
pub mod sizes;
