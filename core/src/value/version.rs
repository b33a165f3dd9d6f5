//! The protocol version.

use super::text::parsed;
use crate::error::{InvalidValue, position};
use core::fmt;

/// The HTTP version of a message [RFC 9112 section 2.3].
///
/// A minor version above 1 is handled as HTTP/1.1 [RFC 9110 section 6.2]; another major version is
/// rejected.
///
/// ```
/// use bareline_core::Version;
///
/// assert_eq!(Version::Http11.to_string(), "HTTP/1.1");
/// assert_eq!("HTTP/1.0".parse(), Ok(Version::Http10));
/// ```
///
/// The enum is exhaustive, since a caller handles each variant: a new one is a breaking change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[expect(clippy::exhaustive_enums, reason = "a caller handles each variant")]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    Http11,
}

impl Version {
    /// Returns the version with this text. Other minor versions are not values of their own: a
    /// message with one is read as HTTP/1.1.
    fn parse(text: &[u8]) -> Result<Self, InvalidValue> {
        match text {
            b"HTTP/1.0" => Ok(Self::Http10),
            b"HTTP/1.1" => Ok(Self::Http11),
            _ => {
                let pairs = text.iter().zip(b"HTTP/1.1");
                let at = pairs.take_while(|(octet, expected)| octet == expected).count();
                Err(InvalidValue::Version { at: position(at) })
            }
        }
    }
}

parsed!(Version);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
        })
    }
}
