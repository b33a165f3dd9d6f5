//! The trailer section of a body, kept.

use bareline_core::{FieldName, FieldValue, TrailerField};

/// The fields of a trailer section [RFC 9110 section 6.5].
///
/// They come behind a chunked body, and are none before it has been read to its end.
///
/// ```
/// use bareline_net::{Exchange, ServerStream, Untimed};
/// use std::io::{Cursor, Read};
///
/// let request = b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nDigest: x\r\n\r\n";
/// let mut peer = ServerStream::new(Untimed(Cursor::new(request.to_vec())));
/// if let Some(Exchange { mut body, .. }) = peer.next_request()? {
///     let mut text = String::new();
///     body.read_to_string(&mut text)?;
///     let trailers = body.trailers().fields();
///     assert_eq!((&*text, trailers[0].0.as_str(), trailers[0].1.as_bytes()), ("hi", "Digest", &b"x"[..]));
/// }
/// # Ok::<(), bareline_net::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trailers(Vec<(String, Vec<u8>)>);

impl Trailers {
    pub(crate) const NONE: Self = Self(Vec::new());

    /// The fields, in the order in which they came: what [`finish_with`](crate::ResponseWriter::finish_with) takes.
    pub fn fields(&self) -> Vec<TrailerField<'_>> {
        self.0.iter().filter_map(|(name, value)| Some((FieldName::new(name).ok()?, FieldValue::new(value).ok()?))).collect()
    }

    pub(crate) fn push(&mut self, name: FieldName<'_>, value: FieldValue<'_>) {
        self.0.push((name.as_str().to_owned(), value.as_bytes().to_vec()));
    }
}
