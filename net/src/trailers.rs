//! The trailer section of a received body.

use bareline_core::write::TrailerField;
use bareline_core::{FieldName, FieldValue};

/// The fields of a trailer section [RFC 9110 section 6.5].
///
/// Trailers follow a chunked body. The section is empty until the body has been read to its end.
///
/// ```
/// use bareline_net::{Exchange, ServerStream, Untimed};
/// use std::io::{Cursor, Read};
///
/// let request = b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
///     2\r\nhi\r\n0\r\nDigest: x\r\n\r\n";
/// let mut peer = ServerStream::new(Untimed(Cursor::new(request.to_vec())));
/// if let Some(Exchange { mut body, .. }) = peer.next_request()? {
///     let mut text = String::new();
///     body.read_to_string(&mut text)?;
///     let trailers = body.trailers().fields();
///     let (name, value) = (trailers[0].0.as_str(), trailers[0].1.as_bytes());
///     assert_eq!((&*text, name, value), ("hi", "Digest", &b"x"[..]));
/// }
/// # Ok::<(), bareline_net::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
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

    /// Returns the fields in the order in which they came.
    ///
    /// [`ResponseWriter::finish_with`](crate::ResponseWriter::finish_with) sends such fields.
    pub fn fields(&self) -> Vec<TrailerField<'_>> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|ends| ends.value));
        let fields = starts.zip(&self.ends).filter_map(|(start, ends)| {
            let name = self.octets.get(usize::from(start)..usize::from(ends.name))?;
            let value = self.octets.get(usize::from(ends.name)..usize::from(ends.value))?;
            Some((FieldName::new(str::from_utf8(name).ok()?).ok()?, FieldValue::new(value).ok()?))
        });
        fields.collect()
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::{Ends, Trailers};
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
        assert_eq!(trailers.fields(), fields);
    }

    /// Tries 65,535 octets as `a:` in each line, which needs the most `Ends`, and as longer lines.
    #[test]
    fn trailers_take_three_times_their_octets_at_most() {
        let value = "x".repeat(65_530);
        for (value, lines) in [("", 16_383), (&*value, 1), (&value[..500], 129)] {
            let mut trailers = Trailers::NONE;
            let (name, value) = (FieldName::from_static("a"), FieldValue::new(value).unwrap());
            (0..lines).for_each(|_| trailers.push(name, value));
            assert_eq!(trailers.fields().len(), lines);
            let memory = memory(&trailers);
            assert!(memory <= 3 * 65_535, "{lines} lines take {memory} octets");
        }
    }
}
