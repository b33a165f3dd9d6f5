//! The fields of a head.

use crate::grammar::FieldLine;
use crate::value::{FieldName, FieldValue};
use core::fmt;
use core::iter::FusedIterator;
use core::slice;

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
///     return Err("receive more".into());
/// };
/// const X_A: FieldName = FieldName::from_static("X-A");
/// assert!(head.fields().all(X_A).eq(["1", "2"]));
/// assert_eq!(head.fields().get(X_A).as_ref().map(AsRef::as_ref), Some(&b"1"[..]));
/// assert!(head.fields().only(X_A).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
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
    ///
    /// ```
    /// use bareline_core::{Event, FieldSpans, ServerConnection};
    ///
    /// let mut input = *b"GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n";
    /// let (mut connection, mut spans) = (ServerConnection::new(), FieldSpans::<8>::new());
    /// if let Event::Head(head) = connection.receive(&mut input, spans.lend())?.event {
    ///     for (name, value) in head.fields().iter() {
    ///         println!("{name}: {value}");
    ///     }
    /// }
    /// # Ok::<(), bareline_core::error::ParseError>(())
    /// ```
    pub fn iter(&self) -> FieldsIter<'b> {
        FieldsIter { octets: self.octets, lines: self.lines.iter() }
    }

    /// Returns the value of the first line with this name.
    ///
    /// A field that is not a list occurs once: [`only`](Self::only) fails where it occurs twice.
    pub fn get(&self, name: FieldName<'_>) -> Option<FieldValue<'b>> {
        self.all(name).next()
    }

    /// Returns an iterator over the values of all lines with this name.
    #[doc(alias = "get_all")]
    pub fn all<'n>(&self, name: FieldName<'n>) -> FieldsNamed<'b, 'n> {
        FieldsNamed { lines: self.iter(), name }
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

impl<'b> IntoIterator for Fields<'b> {
    type Item = (FieldName<'b>, FieldValue<'b>);
    type IntoIter = FieldsIter<'b>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'b> IntoIterator for &Fields<'b> {
    type Item = (FieldName<'b>, FieldValue<'b>);
    type IntoIter = FieldsIter<'b>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// An iterator over the name and value of each field line, returned by [`Fields::iter`].
///
/// ```
/// use bareline_core::head::{FieldsIter, Parsed};
/// use bareline_core::{FieldSpans, ResponseHead};
///
/// fn octets(fields: FieldsIter<'_>) -> usize {
///     fields.map(|(name, value)| name.as_bytes().len() + value.as_bytes().len()).sum()
/// }
/// let (input, mut spans) = (b"HTTP/1.1 200 OK\r\nVary: a\r\n\r\n", FieldSpans::<8>::new());
/// let parsed = ResponseHead::parse(input, spans.lend())?;
/// let count = parsed.map(|head| octets(head.fields().iter()));
/// assert_eq!(count, Parsed::Complete { message: 5, len: input.len() });
/// # Ok::<(), bareline_core::error::ParseError>(())
/// ```
#[derive(Clone)]
pub struct FieldsIter<'b> {
    octets: &'b [u8],
    lines: slice::Iter<'b, FieldLine>,
}

impl<'b> FieldsIter<'b> {
    fn field(octets: &'b [u8], line: &FieldLine) -> (FieldName<'b>, FieldValue<'b>) {
        let (name, value) = (line.name.of_inlined(octets), line.value.of_inlined(octets));
        (FieldName::from_token(name), FieldValue::from_text(value))
    }
}

impl<'b> Iterator for FieldsIter<'b> {
    type Item = (FieldName<'b>, FieldValue<'b>);

    fn next(&mut self) -> Option<Self::Item> {
        Some(Self::field(self.octets, self.lines.next()?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.lines.size_hint()
    }
}

impl DoubleEndedIterator for FieldsIter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        Some(Self::field(self.octets, self.lines.next_back()?))
    }
}

impl ExactSizeIterator for FieldsIter<'_> {}

impl FusedIterator for FieldsIter<'_> {}

impl fmt::Debug for FieldsIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// An iterator over the values of the lines with one name, returned by [`Fields::all`].
///
/// ```
/// use bareline_core::head::{FieldsNamed, Parsed};
/// use bareline_core::{FieldName, FieldSpans, ResponseHead};
///
/// fn has(mut values: FieldsNamed<'_, '_>, value: &str) -> bool {
///     values.any(|one| one == value)
/// }
/// let mut spans = FieldSpans::<8>::new();
/// let input = b"HTTP/1.1 200 OK\r\nVary: a\r\nVary: b\r\n\r\n";
/// let parsed = ResponseHead::parse(input, spans.lend())?;
/// let names_b = parsed.map(|head| has(head.fields().all(FieldName::VARY), "b"));
/// assert_eq!(names_b, Parsed::Complete { message: true, len: input.len() });
/// # Ok::<(), bareline_core::error::ParseError>(())
/// ```
#[derive(Clone)]
pub struct FieldsNamed<'b, 'n> {
    lines: FieldsIter<'b>,
    name: FieldName<'n>,
}

impl<'b> Iterator for FieldsNamed<'b, '_> {
    type Item = FieldValue<'b>;

    fn next(&mut self) -> Option<Self::Item> {
        self.lines.find(|(name, _)| *name == self.name).map(|(_, value)| value)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.lines.len()))
    }
}

impl FusedIterator for FieldsNamed<'_, '_> {}

impl fmt::Debug for FieldsNamed<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// The error that several lines have the name of a field that is not a list [RFC 9110 section 5.3].
/// It never has fields.
///
/// ```
/// use bareline_core::head::{Parsed, RepeatedField};
/// use bareline_core::{FieldName, FieldSpans, ResponseHead};
///
/// let input = b"HTTP/1.1 200 OK\r\nETag: \"1\"\r\nETag: \"2\"\r\n\r\n";
/// let mut spans = FieldSpans::<8>::new();
/// let parsed = ResponseHead::parse(input, spans.lend())?;
/// let etag = parsed.map(|head| head.fields().only(FieldName::ETAG));
/// assert!(matches!(etag, Parsed::Complete { message: Err(RepeatedField), .. }));
/// # Ok::<(), bareline_core::error::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[expect(clippy::exhaustive_structs, reason = "the name says all")]
pub struct RepeatedField;

impl fmt::Display for RepeatedField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("field occurs in several lines (RFC 9110 section 5.3)")
    }
}

impl core::error::Error for RepeatedField {}
