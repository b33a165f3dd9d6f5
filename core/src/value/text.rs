//! Conversions of values from and to text.

/// Implements the conversions of a value that borrows its octets. `$is_same` compares the octets of
/// two values.
macro_rules! text {
    ($value:ident, $is_same:path) => {
        impl<'a> TryFrom<&'a str> for $value<'a> {
            type Error = $crate::error::InvalidValue;

            fn try_from(text: &'a str) -> Result<Self, Self::Error> {
                Self::new(text)
            }
        }

        impl<'a> TryFrom<&'a [u8]> for $value<'a> {
            type Error = $crate::error::InvalidValue;

            fn try_from(octets: &'a [u8]) -> Result<Self, Self::Error> {
                Self::new(octets)
            }
        }

        impl AsRef<[u8]> for $value<'_> {
            fn as_ref(&self) -> &[u8] {
                self.as_bytes()
            }
        }

        impl PartialEq<str> for $value<'_> {
            fn eq(&self, text: &str) -> bool {
                $is_same(self.as_bytes(), text.as_bytes())
            }
        }

        impl PartialEq<&str> for $value<'_> {
            fn eq(&self, text: &&str) -> bool {
                *self == **text
            }
        }
    };
}
pub(super) use text;

/// Implements the conversions to strings of a value whose octets are ASCII.
macro_rules! ascii {
    ($value:ident) => {
        impl AsRef<str> for $value<'_> {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl core::fmt::Display for $value<'_> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl core::fmt::Debug for $value<'_> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(super) use ascii;

/// Implements the conversions from text of a value that owns its octets, by its `parse`.
macro_rules! parsed {
    ($value:ident) => {
        impl core::str::FromStr for $value {
            type Err = $crate::error::InvalidValue;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text.as_bytes())
            }
        }

        impl TryFrom<&str> for $value {
            type Error = $crate::error::InvalidValue;

            fn try_from(text: &str) -> Result<Self, Self::Error> {
                Self::parse(text.as_bytes())
            }
        }

        impl TryFrom<&[u8]> for $value {
            type Error = $crate::error::InvalidValue;

            fn try_from(octets: &[u8]) -> Result<Self, Self::Error> {
                Self::parse(octets)
            }
        }
    };
}
pub(super) use parsed;
