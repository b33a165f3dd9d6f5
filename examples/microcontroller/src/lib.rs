//! Code that the firmwares share: device registers, and a text buffer in an array.
#![no_std]

mod register;
mod text;

pub use register::Register;
pub use text::Text;
