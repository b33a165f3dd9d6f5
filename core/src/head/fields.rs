//! The fields of a head.

use crate::grammar::FieldLine;
use crate::value::{FieldName, FieldValue};
use core::fmt;

/// The field lines of a head, in the order received [RFC 9110 section 5.3].
///
/// ```
/// use bareline_core::head::Parsed;
/// use bareline_core::{FieldName, FieldSpans, RequestHead};
///
/// let mut spans = FieldSpans::<4>::new();
/// let input = b"GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nx-a: 2\r\n\r\n";
/// let Parsed::Complete { message: head, .. } = RequestHead::parse(input, spans.lend())?
/// else {
///     panic!()
/// };
/// const X_A: FieldName = FieldName::from_static("X-A");
/// assert_eq!(
///     head.fields().all(X_A).map(|value| value.as_bytes()).collect::<Vec<_>>(),
///     [b"1", b"2"]
/// );
/// assert_eq!(head.fields().only(FieldName::HOST).unwrap().unwrap().as_bytes(), b"a");
/// assert!(head.fields().only(X_A).is_err());
/// # Ok::<(), bareline_core::error::ParseError>(())
/// ```
#[doc(alias = "header")]
#[doc(alias = "headers")]
#[derive(Clone, Copy)]
pub struct Fields<'b> {
    octets: &'b [u8],
    lines: &'b [FieldLine],
}

impl<'b> Fields<'b> {
    pub(crate) const fn new(octets: &'b [u8], lines: &'b [FieldLine]) -> Self {
        Self { octets, lines }
    }

    /// Returns the number of lines.
    pub const fn len(&self) -> usize {
        self.lines.len()
    }

    /// Returns whether there are no lines.
    pub const fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Returns an iterator over the name and value of each line.
    pub fn iter(&self) -> impl Iterator<Item = (FieldName<'b>, FieldValue<'b>)> + Clone + use<'b> {
        let octets = self.octets;
        self.lines.iter().map(move |line| {
            (
                FieldName::from_token(line.name.of(octets)),
                FieldValue::from_text(line.value.of(octets)),
            )
        })
    }

    /// Returns an iterator over the values of all lines with this name.
    pub fn all<'n>(&self, name: FieldName<'n>) -> FieldsNamed<'b, 'n> {
        FieldsNamed { fields: *self, name }
    }

    /// Returns the value of the only line with this name, for a field that is not a list. Fails
    /// when several lines have this name.
    pub fn only(&self, name: FieldName<'_>) -> Result<Option<FieldValue<'b>>, RepeatedField> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => Err(RepeatedField),
        }
    }
}

impl fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// An iterator over the values of the lines with one name, returned by [`Fields::all`].
#[derive(Clone)]
pub struct FieldsNamed<'b, 'n> {
    fields: Fields<'b>,
    name: FieldName<'n>,
}

impl<'b> Iterator for FieldsNamed<'b, '_> {
    type Item = FieldValue<'b>;

    fn next(&mut self) -> Option<Self::Item> {
        while let [line, rest @ ..] = self.fields.lines {
            self.fields.lines = rest;
            if FieldName::from_token(line.name.of(self.fields.octets)) == self.name {
                return Some(FieldValue::from_text(line.value.of(self.fields.octets)));
            }
        }
        None
    }
}

impl fmt::Debug for FieldsNamed<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// The error that several lines have the name of a field that is not a list [RFC 9110 section 5.3].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct RepeatedField;

impl fmt::Display for RepeatedField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("field occurs in several lines (RFC 9110 section 5.3)")
    }
}

impl core::error::Error for RepeatedField {}
