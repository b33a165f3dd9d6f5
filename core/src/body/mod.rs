//! Received bodies: the content in their octets.

mod chunk_extensions;
mod decoder;

pub use crate::framing::Framing;
pub use chunk_extensions::{ChunkExtension, ChunkExtensions, ChunkExtensionsIter};
pub use decoder::{BodyDecoder, BodyPart, Decoded};
