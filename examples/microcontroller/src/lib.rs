//! What both firmwares need: the registers of a device, and text that is put together in an array.
#![no_std]

mod register;
mod text;

pub use register::Register;
pub use text::Text;
