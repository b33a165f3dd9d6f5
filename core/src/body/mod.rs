//! Bodies on their way in: what of the octets is content.

mod chunk_extensions;
mod decoder;

pub use chunk_extensions::{ChunkExtension, ChunkExtensions};
pub use decoder::{BodyDecoder, BodyPart};
