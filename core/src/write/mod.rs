//! Writers of heads and bodies, into buffers of a fixed size.

mod body_encoder;
mod head_writer;
mod message;
mod message_writer;
mod request_context;
mod wire_buf;

pub use body_encoder::TrailerField;
pub(crate) use body_encoder::{BodyEncoder, BodyStep, body_calls};
pub(crate) use head_writer::sealed::Sink;
pub use head_writer::{HeadSink, HeadWriter, ResponseHeadSink, StreamSink};
pub(crate) use head_writer::{HeadWritten, Persistence};
pub(crate) use message::{Message, Request, Response};
pub use message_writer::{Detached, MessageWriter};
pub use request_context::RequestContext;
pub use wire_buf::{WireBuf, WireView};
