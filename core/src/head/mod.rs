//! Message heads: views of the receive buffer.

mod facts;
mod fields;
mod limits;
mod options;
mod request;
mod response;
mod section;
mod spans;

pub(crate) use facts::Facts;
pub use fields::{Fields, FieldsNamed, RepeatedField};
pub use limits::Limits;
pub(crate) use options::Options;
pub(crate) use request::RequestProgress;
pub use request::{RequestHead, RequestParts};
pub(crate) use response::ResponseProgress;
pub use response::{ResponseHead, ResponseParts};
pub use spans::{FieldSpans, LentSpans};

/// What a parse has found in the octets so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Parsed<T> {
    /// A whole message or head.
    Complete {
        /// The message.
        message: T,
        /// How many octets of the input belong to it: the next message begins there.
        len: usize,
    },
    /// Every octet fits, and more are needed. Parse again when there are more, with these in front.
    Incomplete,
}

impl<T> Parsed<T> {
    /// The same with what `change` makes of the message.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Parsed<U> {
        match self {
            Self::Complete { message, len } => Parsed::Complete { message: change(message), len },
            Self::Incomplete => Parsed::Incomplete,
        }
    }
}
