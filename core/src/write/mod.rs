//! Heads and bodies written into buffers of a fixed size.

mod body_encoder;
mod head_writer;
mod reply_to;
mod wire_buf;

pub use body_encoder::{BodyEncoder, TrailerField};
pub(crate) use head_writer::Persistence;
pub use head_writer::{Detached, HeadSink, HeadWriter, HeadWritten};
pub use reply_to::ReplyTo;
pub(crate) use wire_buf::Draft;
pub use wire_buf::WireBuf;
