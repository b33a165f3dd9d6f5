//! The text of failing cases, with control characters escaped.

use arbitrary::Arbitrary;
use std::fmt;
use std::ops::Deref;

/// Octets, shown as a byte string literal.
#[derive(Clone, PartialEq, Eq, Default, Arbitrary)]
pub struct Octets(pub Vec<u8>);

impl Deref for Octets {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl fmt::Debug for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown(&self.0).fmt(f)
    }
}

/// Borrowed octets, shown as a byte string literal.
#[derive(PartialEq, Eq)]
pub(crate) struct Shown<'o>(pub(crate) &'o [u8]);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// Returns the octets escaped, without quotes, for a line as it is on the wire.
pub(crate) fn text(octets: impl AsRef<[u8]>) -> String {
    octets.as_ref().escape_ascii().to_string()
}

/// Shows each field line on its own line.
pub(crate) fn field_lines<N: AsRef<[u8]>>(
    f: &mut fmt::Formatter<'_>,
    fields: &[(N, Vec<u8>)],
) -> fmt::Result {
    fields.iter().try_for_each(|(name, value)| write!(f, "\n    {}: {}", text(name), text(value)))
}

/// Returns names and values, for one line.
pub(crate) fn pairs<N: AsRef<[u8]>>(fields: &[(N, Vec<u8>)]) -> Vec<String> {
    fields.iter().map(|(name, value)| format!("{}: {}", text(name), text(value))).collect()
}
