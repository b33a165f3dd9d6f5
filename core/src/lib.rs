#![doc = include_str!("../README.md")]
#![no_std]

mod body;
mod connection;
pub mod datagram;
mod dump;
#[cfg(feature = "embedded-io-07")]
mod embedded;
mod error;
#[cfg(feature = "defmt")]
mod format;
mod framing;
mod grammar;
mod head;
mod hint;
#[cfg(feature = "unstable-inside")]
#[doc(hidden)]
pub mod inside;
mod octets;
mod record;
mod scan;
mod value;
mod write;

#[cfg(all(any(doc, doctest), feature = "embedded-io-async-07"))]
#[doc = include_str!("../EMBEDDED.md")]
pub mod on_a_microcontroller {}

pub use body::{BodyDecoder, BodyPart, ChunkExtension, ChunkExtensions};
pub use connection::{
    ClientConnection, ClientEvent, ClientSendHalf, ClientState, Event, RecvBuf, RecvHalf,
    RequestHeadWriter, ResponseHeadWriter, ServerConnection, ServerEvent, ServerSendHalf,
    ServerState,
};
pub use dump::{Dump, dump};
#[cfg(feature = "embedded-io-async-07")]
pub use embedded::embedded_io_async_07;
#[cfg(feature = "embedded-io-07")]
pub use embedded::{StreamError, embedded_io_07};
pub use error::{ParseError, ParseErrorKind, WriteError};
pub use framing::Framing;
pub use head::{
    FieldSpans, Fields, FieldsNamed, LentSpans, Limits, OwnedRequestHead, OwnedResponseHead,
    Parsed, RepeatedField, RequestHead, ResponseHead,
};
pub use hint::{Hint, OtherProtocol};
pub use value::{FieldName, FieldValue, Method, Status, Target, TargetForm, Version};
pub use write::{
    Detached, HeadSink, HeadWriter, MessageWriter, RequestContext, StreamSink, TrailerField,
    WireBuf,
};
