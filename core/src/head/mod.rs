//! Message heads: views of the receive buffer.

mod facts;
mod fields;
mod limits;
mod options;
mod owned;
mod request;
mod response;
mod section;
mod spans;

pub(crate) use facts::Facts;
pub use fields::{Fields, FieldsIter, FieldsNamed, RepeatedField};
pub use limits::Limits;
pub(crate) use options::Options;
pub use owned::{OwnedRequestHead, OwnedResponseHead};
pub use request::RequestHead;
#[cfg(feature = "embedded-io-07")]
pub(crate) use request::RequestParts;
pub(crate) use request::RequestProgress;
#[cfg(feature = "unstable-inside")]
pub(crate) use request::{check_target, check_target_slow};
pub use response::ResponseHead;
pub(crate) use response::{ResponseParts, ResponseProgress};
pub use spans::{FieldSpans, LentSpans};

/// The result of parsing the octets received so far.
///
/// The enum is exhaustive, since a caller handles each variant: a new one is a breaking change.
///
/// ```
/// use bareline_core::head::Parsed;
/// use bareline_core::{FieldSpans, ResponseHead};
///
/// let (input, mut spans) = (b"HTTP/1.1 204 No Content\r\n\r\nHTTP", FieldSpans::<8>::new());
/// assert_eq!(ResponseHead::parse(&input[..20], spans.lend())?.map(drop), Parsed::Incomplete);
/// let parsed = ResponseHead::parse(input, spans.lend())?;
/// assert!(matches!(parsed, Parsed::Complete { message, len: 27 } if message.status() == 204));
/// # Ok::<(), bareline_core::error::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[expect(clippy::exhaustive_enums, reason = "a caller handles each variant")]
pub enum Parsed<T> {
    /// A complete message or head.
    Complete {
        /// The message.
        message: T,
        /// The number of octets of the input that belong to the message. The next one begins
        /// there.
        len: usize,
    },
    /// A valid beginning: more octets are needed. Receive more, and parse again from the beginning.
    Incomplete,
}

impl<T> Parsed<T> {
    /// Maps the message with `change`.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Parsed<U> {
        match self {
            Self::Complete { message, len } => Parsed::Complete { message: change(message), len },
            Self::Incomplete => Parsed::Incomplete,
        }
    }
}
