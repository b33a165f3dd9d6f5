//! Chunk extensions, for callers that use them.

use crate::grammar::{Parameter, parameter};
use core::fmt;
use core::iter::FusedIterator;

/// The extensions of a chunk, which a recipient ignores unless it knows them [RFC 9112 section
/// 7.1.1].
///
/// ```
/// use bareline_core::body::{BodyDecoder, BodyPart, Framing};
/// use bareline_core::head::Limits;
///
/// let mut body = BodyDecoder::new(Framing::Chunked, &Limits::new());
/// let decoded = body.decode(b"5;a;b=\"c\\\"d\"\r\nhello")?;
/// let BodyPart::Chunk { size: 5, extensions } = decoded.part else {
///     return Err("no chunk".into());
/// };
/// let all: Vec<_> = extensions
///     .iter()
///     .map(|one| (one.name(), one.value().map(|value| value.collect::<Vec<_>>())))
///     .collect();
/// assert_eq!(all, [("a", None), ("b", Some(b"c\"d".to_vec()))]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ChunkExtensions<'b> {
    /// The rest of the chunk line after the size, with its CR LF, at which the grammar stops.
    line: &'b [u8],
}

impl<'b> ChunkExtensions<'b> {
    pub(super) const fn new(line: &'b [u8]) -> Self {
        Self { line }
    }

    /// Returns the octets after the chunk size, empty without extensions.
    pub fn as_bytes(&self) -> &'b [u8] {
        self.line.strip_suffix(b"\r\n").unwrap_or(self.line)
    }

    /// Returns an iterator over the extensions.
    pub fn iter(&self) -> ChunkExtensionsIter<'b> {
        ChunkExtensionsIter { line: self.line, position: 0 }
    }
}

impl<'b> IntoIterator for ChunkExtensions<'b> {
    type Item = ChunkExtension<'b>;
    type IntoIter = ChunkExtensionsIter<'b>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'b> IntoIterator for &ChunkExtensions<'b> {
    type Item = ChunkExtension<'b>;
    type IntoIter = ChunkExtensionsIter<'b>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// An iterator over the extensions of a chunk, returned by [`ChunkExtensions::iter`].
///
/// ```
/// use bareline_core::body::{BodyDecoder, BodyPart, ChunkExtensionsIter, Framing};
/// use bareline_core::head::Limits;
///
/// fn has(mut extensions: ChunkExtensionsIter<'_>, name: &str) -> bool {
///     extensions.any(|one| one.name() == name)
/// }
/// let mut body = BodyDecoder::new(Framing::Chunked, &Limits::new());
/// let part = body.decode(b"5;a;b=1\r\n")?.part;
/// assert!(matches!(part, BodyPart::Chunk { extensions, .. } if has(extensions.iter(), "b")));
/// # Ok::<(), bareline_core::error::ParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ChunkExtensionsIter<'b> {
    line: &'b [u8],
    position: usize,
}

impl<'b> Iterator for ChunkExtensionsIter<'b> {
    type Item = ChunkExtension<'b>;

    fn next(&mut self) -> Option<Self::Item> {
        let (line, (end, Parameter { name, value })) =
            (self.line, parameter(self.line, self.position).ok()?);
        self.position = end;
        Some(ChunkExtension { name: name.of(line), value: value.map(|value| value.of(line)) })
    }
}

impl FusedIterator for ChunkExtensionsIter<'_> {}

impl fmt::Debug for ChunkExtensions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_bytes().escape_ascii())
    }
}

/// One chunk extension.
///
/// ```
/// use bareline_core::body::{BodyDecoder, BodyPart, ChunkExtension, Framing};
/// use bareline_core::head::Limits;
///
/// fn is_sum(one: ChunkExtension<'_>) -> bool {
///     one.name() == "sum" && one.value().is_some_and(|value| value.eq(*b"a b"))
/// }
/// let mut body = BodyDecoder::new(Framing::Chunked, &Limits::new());
/// let part = body.decode(b"5;sum=\"a b\"\r\n")?.part;
/// assert!(matches!(part, BodyPart::Chunk { extensions, .. } if extensions.iter().any(is_sum)));
/// # Ok::<(), bareline_core::error::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChunkExtension<'b> {
    name: &'b [u8],
    value: Option<&'b [u8]>,
}

impl<'b> ChunkExtension<'b> {
    /// Returns the name.
    pub fn name(&self) -> &'b str {
        core::str::from_utf8(self.name).unwrap_or_default()
    }

    /// Returns the octets of the value; a quoted string is unquoted [RFC 9110 section 5.6.4].
    pub fn value(&self) -> Option<impl Iterator<Item = u8> + use<'b>> {
        let value = self.value?;
        let quoted = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
        let mut octets = quoted.unwrap_or(value).iter().copied();
        Some(core::iter::from_fn(move || match (octets.next()?, quoted) {
            (b'\\', Some(_)) => octets.next(),
            (octet, _) => Some(octet),
        }))
    }
}
