//! Code that the firmwares share: device registers, a text buffer in an array, and the console and
//! the network chip of the mps2-an385.
#![no_std]

#[cfg(mps2)]
mod console;
#[cfg(mps2)]
mod lan9118;
mod register;
mod text;

#[cfg(mps2)]
pub use console::print;
#[cfg(mps2)]
pub use lan9118::Lan9118;
pub use register::Register;
pub use text::Text;
