//! Judges what is read and written by the RFCs' own grammar: see README.md beside this file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod abnf;
mod compare;
mod derive;
mod elements;
mod exceptions;
mod rules;
mod written;
