#![doc = include_str!("../README.md")]
#![cfg_attr(
    all(any(doc, doctest), feature = "embedded-io-async-07"),
    doc = "The [guide] has pages on [connections](guide::connections), [devices](guide::devices) \
           and [choices of the RFC](guide::choices)."
)]
#![no_std]
#![deny(missing_debug_implementations)]
#![deny(clippy::exhaustive_enums, clippy::exhaustive_structs)]

pub mod body;
pub mod connection;
pub mod datagram;
#[cfg(feature = "embedded-io-07")]
mod embedded;
pub mod error;
#[cfg(feature = "defmt")]
mod format;
mod framing;
mod grammar;
pub mod head;
pub mod hint;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "unstable-inside")]
#[doc(hidden)]
pub mod inside;
mod octets;
mod record;
mod scan;
pub mod value;
pub mod write;

/// Pages of the repository. They are in the documentation only.
#[cfg(all(any(doc, doctest), feature = "embedded-io-async-07"))]
pub mod guide {
    #[doc = include_str!("../CONNECTIONS.md")]
    pub mod connections {}

    #[doc = include_str!("../EMBEDDED.md")]
    pub mod devices {}

    #[doc = include_str!("../CHOICES.md")]
    pub mod choices {}
}

pub use connection::{ClientConnection, Event, ServerConnection};
#[cfg(feature = "embedded-io-07")]
pub use embedded::embedded_io_07;
#[cfg(feature = "embedded-io-async-07")]
pub use embedded::embedded_io_async_07;
pub use head::{FieldSpans, RequestHead, ResponseHead};
pub use value::{FieldName, FieldValue, Method, Status, Target, Version};
pub use write::WireBuf;
