//! Bodies.

mod encoder;

pub use encoder::BodyEncoder;
