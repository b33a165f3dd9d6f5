//! The trailer section of a received body.

use bareline_core::head::RepeatedField;
use bareline_core::write::TrailerField;
use bareline_core::{FieldName, FieldValue};
use std::iter::FusedIterator;
use std::{fmt, slice};

/// The fields of a trailer section [RFC 9110 section 6.5].
///
/// Trailers follow a chunked body. The section is empty until the body has been read to its end.
///
/// ```
/// use bareline_net::{Exchange, FieldName, FieldValue, ServerStream, Untimed};
/// use std::io::{Cursor, Read};
///
/// let request = b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
///     2\r\nhi\r\n0\r\nDigest: x\r\n\r\n";
/// let mut peer = ServerStream::new(Untimed(Cursor::new(request.to_vec())));
/// if let Some(Exchange { mut body, .. }) = peer.next_request()? {
///     let mut text = String::new();
///     body.read_to_string(&mut text)?;
///     let digest = body.trailers().get(FieldName::from_static("Digest"));
///     assert_eq!((&*text, digest), ("hi", Some(FieldValue::from_static("x"))));
/// }
/// # Ok::<(), bareline_net::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Trailers {
    /// The names and values, concatenated.
    octets: Vec<u8>,
    ends: Vec<Ends>,
}

/// The ends of a name and of its value in the octets: a trailer section has at most 65,535.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Ends {
    name: u16,
    value: u16,
}

impl Trailers {
    pub(crate) const NONE: Self = Self { octets: Vec::new(), ends: Vec::new() };

    /// Returns the number of lines.
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns whether there are no lines.
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns an iterator over the name and value of each line, in the order in which they came.
    ///
    /// [`ResponseWriter::finish_with`](crate::ResponseWriter::finish_with) sends a slice of such
    /// fields.
    pub fn iter(&self) -> TrailersIter<'_> {
        TrailersIter { octets: &self.octets, start: 0, ends: self.ends.iter() }
    }

    /// Returns the value of the first line with this name.
    ///
    /// A field that is not a list occurs once: [`only`](Self::only) fails where it occurs twice.
    pub fn get(&self, name: FieldName<'_>) -> Option<FieldValue<'_>> {
        self.iter().find_map(|(other, value)| (other == name).then_some(value))
    }

    /// Returns an iterator over the values of all lines with this name.
    #[doc(alias = "get_all")]
    pub fn all<'t, 'n>(
        &'t self,
        name: FieldName<'n>,
    ) -> impl Iterator<Item = FieldValue<'t>> + Clone + use<'t, 'n> {
        self.iter().filter_map(move |(other, value)| (other == name).then_some(value))
    }

    /// Returns the value of the only line with this name, for a field that is not a list [RFC 9110
    /// section 5.3]. Fails when several lines have this name.
    ///
    /// ```
    /// use bareline_net::{Error, FieldName, FieldValue, Trailers};
    ///
    /// fn digest(trailers: &Trailers) -> Result<Option<FieldValue<'_>>, Error> {
    ///     Ok(trailers.only(FieldName::from_static("Repr-Digest"))?)
    /// }
    /// assert_eq!(digest(&Trailers::default())?, None);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn only(&self, name: FieldName<'_>) -> Result<Option<FieldValue<'_>>, RepeatedField> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => Err(RepeatedField),
        }
    }

    pub(crate) fn push(&mut self, name: FieldName<'_>, value: FieldValue<'_>) {
        let name_end = self.octets.len().saturating_add(name.as_bytes().len());
        let value_end = name_end.saturating_add(value.as_bytes().len());
        // Both conversions succeed: core has rejected longer trailer sections.
        if let (Ok(name_end), Ok(value_end)) = (name_end.try_into(), value_end.try_into()) {
            self.octets.extend_from_slice(name.as_bytes());
            self.octets.extend_from_slice(value.as_bytes());
            self.ends.push(Ends { name: name_end, value: value_end });
        }
    }
}

impl<'t> IntoIterator for &'t Trailers {
    type Item = TrailerField<'t>;
    type IntoIter = TrailersIter<'t>;

    fn into_iter(self) -> TrailersIter<'t> {
        self.iter()
    }
}

impl fmt::Debug for Trailers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

/// An iterator over the lines of a trailer section, returned by [`Trailers::iter`].
///
/// ```
/// use bareline_net::{Trailers, TrailersIter};
///
/// /// Returns the octets of the names and values.
/// fn octets(fields: TrailersIter<'_>) -> usize {
///     fields.map(|(name, value)| name.as_bytes().len() + value.as_bytes().len()).sum()
/// }
/// assert_eq!(octets(Trailers::default().iter()), 0);
/// ```
#[derive(Clone)]
pub struct TrailersIter<'t> {
    octets: &'t [u8],
    /// The beginning of the next name.
    start: u16,
    ends: slice::Iter<'t, Ends>,
}

impl<'t> Iterator for TrailersIter<'t> {
    type Item = TrailerField<'t>;

    fn next(&mut self) -> Option<Self::Item> {
        let ends = self.ends.next()?;
        let name = self.octets.get(usize::from(self.start)..usize::from(ends.name))?;
        let value = self.octets.get(usize::from(ends.name)..usize::from(ends.value))?;
        self.start = ends.value;
        // Both succeed: `push` got a name and a value.
        Some((FieldName::new(str::from_utf8(name).ok()?).ok()?, FieldValue::new(value).ok()?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.ends.size_hint()
    }
}

impl ExactSizeIterator for TrailersIter<'_> {}

impl FusedIterator for TrailersIter<'_> {}

impl fmt::Debug for TrailersIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::{Ends, Trailers};
    use bareline_core::head::RepeatedField;
    use bareline_core::{FieldName, FieldValue};

    /// Returns the memory that the trailers take, in octets.
    fn memory(trailers: &Trailers) -> usize {
        trailers.octets.capacity() + trailers.ends.capacity() * size_of::<Ends>()
    }

    #[test]
    fn trailers_are_kept_as_they_came() {
        let fields = [("A", "1"), ("b", ""), ("A", "two words")];
        let fields = fields
            .map(|(name, value)| (FieldName::new(name).unwrap(), FieldValue::new(value).unwrap()));
        let mut trailers = Trailers::NONE;
        fields.iter().for_each(|(name, value)| trailers.push(*name, *value));
        assert_eq!(trailers.iter().collect::<Vec<_>>(), fields);
        assert_eq!((trailers.len(), trailers.iter().len(), trailers.is_empty()), (3, 3, false));
        let (all, first) =
            (trailers.all(FieldName::from_static("a")), FieldValue::from_static("1"));
        assert_eq!(all.collect::<Vec<_>>(), [first, FieldValue::from_static("two words")]);
        assert_eq!(trailers.get(FieldName::from_static("a")), Some(first));
        assert_eq!(trailers.get(FieldName::from_static("c")), None);
        assert_eq!(trailers.only(FieldName::from_static("a")), Err(RepeatedField));
        assert_eq!(
            trailers.only(FieldName::from_static("B")),
            Ok(Some(FieldValue::from_static("")))
        );
        assert_eq!(trailers.only(FieldName::from_static("c")), Ok(None));
        assert!(Trailers::NONE.is_empty() && Trailers::NONE.iter().next().is_none());
    }

    /// Tries 65,535 octets as `a:` in each line, which needs the most `Ends`, and as longer lines.
    #[test]
    fn trailers_take_three_times_their_octets_at_most() {
        let value = "x".repeat(65_530);
        for (value, lines) in [("", 16_383), (&*value, 1), (&value[..500], 129)] {
            let mut trailers = Trailers::NONE;
            let (name, value) = (FieldName::from_static("a"), FieldValue::new(value).unwrap());
            (0..lines).for_each(|_| trailers.push(name, value));
            assert_eq!(trailers.iter().count(), lines);
            let memory = memory(&trailers);
            assert!(memory <= 3 * 65_535, "{lines} lines take {memory} octets");
        }
    }
}
