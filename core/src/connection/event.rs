//! What the octets of a peer amount to.

use crate::body::{BodyPart, ChunkExtensions};
use crate::head::{RequestHead, ResponseHead};
use crate::value::{FieldName, FieldValue};

/// What a server receives.
pub type ServerEvent<'b> = Event<'b, RequestHead<'b>>;
/// What a client receives.
pub type ClientEvent<'b> = Event<'b, ResponseHead<'b>>;

/// What has been received: heads, the parts of bodies, and ends.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Event<'b, H> {
    /// More octets are needed, with those not used in front.
    NeedMore,
    /// The head of a message. A client gets one for each interim response too.
    Head(H),
    /// A chunk begins; its data follows.
    Chunk {
        /// How many octets of data it has, none in the last one.
        size: u64,
        /// Its extensions.
        extensions: ChunkExtensions<'b>,
    },
    /// Octets of the content. They stand at the end of those that are used: whoever cannot take all
    /// of them at once uses up what is before them, and presents nothing again until the rest
    /// has been taken and used up too.
    Data(&'b [u8]),
    /// A field of the trailer section.
    Trailer {
        /// Its name.
        name: FieldName<'b>,
        /// Its value.
        value: FieldValue<'b>,
    },
    /// The message is whole. What follows belongs to the next one, which is not looked at before it
    /// is this side's wish.
    End,
    /// The octets are no HTTP any more: they belong to the protocol that was switched to, or go
    /// through the tunnel.
    Upgraded,
    /// Nothing is read any more.
    Closed,
}

impl<'b, H> From<BodyPart<'b>> for Event<'b, H> {
    fn from(part: BodyPart<'b>) -> Self {
        match part {
            BodyPart::NeedMore => Self::NeedMore,
            BodyPart::Chunk { size, extensions } => Self::Chunk { size, extensions },
            BodyPart::Data(data) => Self::Data(data),
            BodyPart::Trailer { name, value } => Self::Trailer { name, value },
            BodyPart::End => Self::End,
        }
    }
}
